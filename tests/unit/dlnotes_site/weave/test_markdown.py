"""The woven text of one page: results in place, directives gone, every container still whole."""

import textwrap

import pytest

from dlnotes_site.run.key import Environment
from dlnotes_site.run.store import Figure, Output
from dlnotes_site.tasks.blocks import block_task
from dlnotes_site.weave.markdown import NOT_RUN, to_root, weave_text
from woven import html_of, pretend, record_of, render, text_of, weave_all

PAGE = """
    # 题

    ```python
    print("甲 < 乙")
    x = 1

    # 想一想
    assert x == 1
    ```

    ??? note "答案"

        ```python
        x = 1
        ```

        <!--pytest-codeblocks:expected-output-->
        ```
        输出二
        ```

    <!--pytest.mark.skip(reason="要联网")-->
    ```python
    import nowhere
    ```

    ```python
    fig, ax = subplots()
    assert ax is not None
    ```
    <!--alt: 空的图-->
    <!--caption: 用 `subplots` 画，\\( x^2 \\)-->
    <!--fold-->

    尾巴
    """


@pytest.fixture
def page(mini):
    return mini.page(PAGE, "docs/notes/page.md")


def test_weave_puts_output_figure_and_evidence_under_each_block(mini, page):
    pretend(mini, "甲 < 乙\n*a*_b_\n")
    html = render(mini, page)
    assert html.count('<div class="dl-run"') == 4
    assert html.count("甲 &lt; 乙\n*a*_b_</code></pre></div>") == 3
    assert 'src="../../assets/run/' in html
    assert 'alt="空的图" width="100" height="50" loading="lazy"' in html
    assert "用 <code>subplots</code> 画" in html
    assert '<span class="arithmatex">\\( x^2 \\)</span>' in html
    assert html.count('class="dl-evidence" data-search-exclude="1">CPU · torch 2.') == 3
    assert "未运行：要联网" in html
    assert (
        html.index("检查（1 条）") < html.index("答案") < html.index("空的图") < html.index("尾巴")
    )


def test_the_directives_of_a_page_are_gone_from_the_woven_text(mini, page):
    pretend(mini)
    weave_all(mini)
    text = text_of(mini, "notes/page.md")
    assert "<!--" not in text
    assert "输出二" not in text
    assert "代码（2 行）" in text


def test_the_source_is_never_written_to(mini, page):
    before = page.read_bytes()
    pretend(mini)
    weave_all(mini)
    assert page.read_bytes() == before
    assert [path.name for path in mini.project.docs.rglob("*")] == ["notes", "page.md"]


def test_a_block_without_a_record_says_so_and_is_a_problem(mini, page):
    pretend(mini)
    page.write_text(page.read_text(encoding="utf-8").replace("x == 1", "1 == x"), encoding="utf-8")
    (problem,) = weave_all(mini)
    assert str(problem).startswith("docs/notes/page.md:3：代码块没有新鲜的运行记录")
    assert html_of(mini, text_of(mini, "notes/page.md")).count(NOT_RUN) == 1


def test_a_figure_without_alternative_text_is_a_problem_with_its_line(mini, page):
    pretend(mini, svgs=("<svg>1</svg>", "<svg>2</svg>"))
    (problem,) = weave_all(mini)
    assert str(problem).startswith("docs/notes/page.md:27：代码块画了 2 张图，却有 1 条替代文字")


CODE = "```python\nx = 1\nprint(x)\n\nassert x\n```"
CONTAINERS = {
    "admonition": '!!! note "框"\n    文字\n\n{4}\n\n    尾',
    "details": '??? quiz "问"\n\n{4}\n\n    尾',
    "list": "1. 一\n\n{4}\n\n    尾\n\n2. 二",
    "details in a list": '1. 一\n\n    ??? note "答"\n        文\n\n{8}\n\n        尾\n\n2. 二',
    "tabs": '=== "甲"\n\n{4}\n\n    尾\n\n=== "乙"\n\n    丙',
    "footnote": "注[^a]。\n\n[^a]: 甲\n\n{4}\n\n    尾",
    "wrapper": '<div class="x" markdown>\n\n{0}\n\n尾\n\n</div>',
}


@pytest.mark.parametrize("fold", ["", "\n{}<!--fold-->"], ids=["checks", "folded"])
@pytest.mark.parametrize("name", CONTAINERS)
def test_results_stay_inside_their_container(mini, name, fold):
    text = CONTAINERS[name]
    for width in (0, 4, 8):
        code = textwrap.indent(CODE, " " * width) + fold.format(" " * width)
        text = text.replace(f"{{{width}}}", code)
    path = mini.page("# 题\n\n文\n")
    path.write_text(f"# 题\n\n{text}\n", encoding="utf-8")
    pretend(mini, "a_b_c <b> *x*\n\n    二\n")
    html = render(mini, path)
    assert "a_b_c &lt;b&gt; *x*\n\n    二</code></pre></div>" in html
    assert html.count('<details class="dl-fold') == 1
    order = ["dl-fold", '<div class="dl-run"', "dl-evidence", "尾"]
    assert [html.count(piece) for piece in order] == [1, 1, 1, 1]
    assert [html.index(piece) for piece in order] == sorted(html.index(piece) for piece in order)
    for left in ("```", "???", "&lt;div", "<p><div", "&#10;"):
        assert left not in html


def test_a_long_run_says_when_and_from_which_commit_and_what_changed_since():
    text = "```python\nassert 1 < 2\n```\n<!--long-->\n"
    environment = Environment.current("cpu")

    def record(block):
        output = Output(block.line, "1\n", [], 1.0)
        return record_of(block_task(block), "k", [output], environment, device="GPU",
                         provenance={"commit": "0123456789"})  # fmt: skip

    found = weave_text("docs/a.md", text, record, lambda block: ["dlnotes/data/toy.py"])
    torch = environment.to_json()["versions"]["torch"].split("+")[0]
    line = f"GPU · torch {torch} · 2026-01-02 · 提交 0123456 · 此后变了：dlnotes/data/toy.py</p>"
    assert line in found.text
    missing = weave_text("docs/a.md", text, lambda block: None)
    assert "run --long" in missing.problems[0].message


def test_frames_become_a_group_with_labels_and_distinct_alternative_texts():
    text = "```python\nassert 1 < 2\n```\n<!--alt: 边界-->\n"
    figure = Figure(["a" * 32, "b" * 32], ["第 1 步", "第 2 步"], 4, 4)
    environment = Environment.current("cpu")
    found = weave_text("docs/a.md", text, lambda block: record_of(
        block_task(block), "k", [Output(1, "", [figure], 1.0)], environment))  # fmt: skip
    assert found.text.count('class="dl-frame"') == 2
    assert 'data-label="第 1 步"' in found.text
    assert 'alt="边界（第 2 步）"' in found.text
    assert found.frames == {"a" * 32: 1, "b" * 32: 1}


@pytest.mark.parametrize(
    ("page", "prefix"),
    [("docs/index.md", ""), ("docs/a.md", "../"), ("docs/labs/index.md", "../"),
     ("docs/notes/a.md", "../../"), ("docs/labs/lab1.py", "../../")],
)  # fmt: skip
def test_to_root_follows_the_address_of_the_page(page, prefix):
    assert to_root(page) == prefix
