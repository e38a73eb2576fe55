"""A lab's page and notebooks, woven from its source and the record of its run."""

import json
import re

import nbformat
import pytest
import yaml

from dlnotes_site.run.key import Environment, Keys
from dlnotes_site.run.store import Figure, Output, blob_name, write_manifest
from dlnotes_site.tasks import labs as source
from dlnotes_site.tasks.labs import lab_task
from dlnotes_site.weave.labs import weave_lab
from woven import SVG, html_of, record_of, text_of, weave_all

GOOD = """\
# ---
# jupyter:
#   description: 一个例子。
# ---

# %% [markdown]
# # 实验：例子
#
# 说明，见[另一页](../notes/a.md)。

# %% [markdown]
# ## 任务 1：加一

# %% tags=["stub"]
# 任务 1：把 ... 换成你的代码
x = ...

# %% tags=["solution"]
# 任务 1：参考答案
x = 2
print(x)

# %% tags=["check"]
# 任务 1：自查
assert x == 2, f"任务 1：x 应是 2，现在是 {x!r}"
"""


@pytest.fixture
def lab(mini):
    def make(text: str = GOOD):
        path = mini.root / "docs" / "labs" / "demo.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return make


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('# %% tags=["check"]', "# %%", "各一格"),
        ("任务 1：加一", "任务 2：加一", "依次编号"),
        ("# 任务 1：参考答案\n", "", "注释"),
        ("x = ...", "x = 0", "留给读者"),
        ('["solution"]', '["solution"] alt="一条线"', "没有图"),
        ("## 任务 1：加一", "## 第一题", "没有任务"),
        ("#   description: 一个例子。", "#   title: 例子", "description"),
    ],
    ids=["no check", "numbering", "no comment", "no stub", "figure", "no task", "no description"],
)
def test_a_malformed_lab_is_reported_with_its_place(lab, old, new, message):
    assert source.check(lab(GOOD)) == []
    problems = source.check(lab(GOOD.replace(old, new)))
    assert any(message in p.message and p.page == "docs/labs/demo.py" for p in problems)


def run(mini, path, *svgs: str):
    """The record of a run in which the answer prints 2 and draws."""
    environment = Environment.current("cpu")
    task = lab_task(mini.root, path)
    figures = [Figure([blob_name(svg)], [""], 100, 50) for svg in svgs]
    shown = {True: ("2\n", figures), False: ("", [])}
    outputs = [Output(cell.line, *shown["print" in cell.code], 0.1) for cell in task.cells]
    key = Keys(environment, mini.project.source)(task)
    record = record_of(task, key, outputs, environment)
    mini.store.put(record, svgs)
    write_manifest(mini.project.manifest, environment)
    return record


def test_the_page_shows_stub_then_check_then_the_folded_answer_with_its_output(mini, lab):
    path = lab()
    text = weave_lab(path, run(mini, path)).text
    places = [text.index(part) for part in ("x = ...", "任务 1：自查", "任务 1：参考答案", "2</")]
    assert places == sorted(places)
    assert text.count("<details") == text.count("</details>") == 2
    assert text.index("# 实验：例子") < text.index('href="../../notebooks/demo-solution.ipynb"')
    assert "``` { .python .dl-stub }" in text
    assert "全部单元格共 0.5 秒" in text


def test_the_page_is_a_jupytext_notebook_whose_text_is_the_page(mini, lab):
    import jupytext

    path = lab()
    text = weave_lab(path, run(mini, path)).text
    meta = yaml.safe_load(text.split("---")[1])
    assert meta["description"] == "一个例子。"
    book = jupytext.reads(text, fmt="md")
    assert book.metadata["kernelspec"]["language"] == "python"
    assert {cell.cell_type for cell in book.cells} <= {"raw", "markdown"}
    whole = "\n\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    assert whole.strip() == text.partition("\n---\n")[2].strip()


def test_outputs_render_inside_the_folded_answer(mini, lab):
    path = lab()
    html = html_of(mini, weave_lab(path, run(mini, path)).text.partition("\n---\n")[2])
    answer = html[html.index('<details class="note"') :]
    assert "<code>2</code></pre></div></div>" in answer[: answer.index("</details>")]


def test_the_weave_writes_the_page_both_notebooks_and_the_figure(mini, lab):
    path = lab(GOOD.replace('["solution"]', '["solution"] alt="一条线" caption="种子 0。"'))
    run(mini, path, SVG)
    assert weave_all(mini) == []
    assert text_of(mini, "labs/demo.md").count('alt="一条线" width="100" height="50"') == 2
    assert len(list((mini.project.woven / "assets" / "run").iterdir())) == 2
    assert not (mini.project.woven / "labs" / "demo.py").exists()
    for name in ("demo", "demo-solution"):
        book = nbformat.reads(text_of(mini, f"notebooks/{name}.ipynb"), as_version=4)
        nbformat.validate(book)
        assert ("image/png" in json.dumps(book)) == (name == "demo-solution")
        assert not re.search(r"\]\((?!https?:)", "".join(cell.source for cell in book.cells))


def test_the_practice_notebook_has_no_answer_and_no_output(mini, lab):
    path = lab()
    run(mini, path)
    weave_all(mini)
    book = nbformat.reads(text_of(mini, "notebooks/demo.ipynb"), as_version=4)
    kinds = [source.kind(cell) for cell in book.cells]
    assert kinds.count("stub") == kinds.count("check") == 1
    assert "solution" not in kinds
    assert not any(cell.get("outputs") for cell in book.cells)


def test_a_figure_without_alternative_text_is_a_problem_with_its_line(mini, lab):
    path = lab()
    run(mini, path, SVG)
    (problem,) = weave_all(mini)
    line = path.read_text(encoding="utf-8").splitlines().index("# 任务 1：参考答案")
    assert str(problem) == f'docs/labs/demo.py:{line}：单元格画了图，开头一行要写 alt="…"'


def test_a_lab_that_has_not_run_says_so_and_is_a_problem(mini, lab):
    lab()
    (problem,) = weave_all(mini)
    assert "实验没有新鲜的运行记录" in str(problem)
    assert "这个实验还没有运行" in text_of(mini, "labs/demo.md")


def test_a_lab_is_woven_again_only_when_it_or_its_run_changed(mini, lab):
    path = lab()
    run(mini, path)
    weave_all(mini)
    page = mini.project.woven / "labs" / "demo.md"
    page.write_text("没有动过", encoding="utf-8")
    weave_all(mini)
    assert page.read_text(encoding="utf-8") == "没有动过"
    lab(GOOD.replace("说明，", "新的说明，"))
    weave_all(mini)
    assert "新的说明" in page.read_text(encoding="utf-8")
