"""The labs: every task can be failed and passed, the notebooks run, a broken cell is named."""

import contextlib
import copy
import gzip
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from torch import nn

from conftest import ROOT
from dlnotes_site import prose, typography
from dlnotes_site.labs import notebooks, page, source
from test_pages import installs_a_stranger
from test_site import SITE, address, browser, third_party, visit  # noqa: F401

PATHS = source.paths(ROOT)
TASKS = [(path, name) for path in PATHS for name, _ in source.tasks(source.read(path))]
IDS = {"ids": lambda value: value.stem if isinstance(value, Path) else value.replace("任务 ", "")}


def run(cell, namespace: dict) -> None:
    exec(compile(cell.source, f"<{cell.source.splitlines()[0]}>", "exec"), namespace)


def is_code(cell) -> bool:
    return cell.cell_type == "code" and "install" not in cell.metadata.get("tags", [])


VARIANTS = [  # lab, task, part of the answer, what a reader may write instead, right or wrong
    ("lab1", 2, "scores[2, 0].item()", "int(scores[2, 0])", True),
    ("lab1", 4, "scores.std(dim=0)", "scores.std(dim=0, unbiased=False)", False),
    ("lab1", 6, "x.grad.item()", "x.grad.clone()", False),
    ("lab1", 7, ", generator=generator)", ")", False),
    ("lab2", 1, ".repeat_interleave(num_per_class)", ".repeat(num_per_class)", False),
    ("lab2", 2, "[torch.arange(600), y]", ".mul(one_hot).sum(dim=1)", True),
    ("lab2", 3, ".float().mean().item()", ".sum().item() / 150", False),
    ("lab2", 4, "loss.item()", "loss", False),
    ("lab2", 6, "nn.Linear(2, 100), nn.ReLU(), nn.Linear(100, 3)",
     "linear[0], nn.ReLU(), linear[1]", False),
    ("lab2", 7, "-1.1, 1.1", "-1, 1", False),
]  # fmt: skip


class Pass:
    """One run of a solution notebook; before each answer, the check meets the untouched stub."""

    def __init__(self, path: Path):
        stubs = {name: cells["stub"][0] for name, cells in source.tasks(source.read(path))}
        notebook = notebooks.solved(ROOT, path, source.read(path))
        self.untouched: dict[str, BaseException | None] = {}
        self.variants: dict[int, BaseException | None] = {}
        self.passed: list[str] = []
        self.printed = io.StringIO()
        namespace: dict = {"__name__": "__main__"}
        checks = {name: cells["check"][0] for name, cells in source.tasks(notebook)}
        for cell in filter(is_code, notebook.cells):
            name = cell.source.partition("：")[0].removeprefix("# ")
            if source.kind(cell) == source.SOLUTION:
                before = dict(namespace)
                run(stubs[name], before)
                self.untouched[name] = error_of(checks[name], before)
                self._try_variants(path.stem, name, cell, checks[name], namespace)
            with contextlib.redirect_stdout(self.printed):
                run(cell, namespace)
            if source.kind(cell) == source.CHECK:
                self.passed.append(name)

    def _try_variants(self, lab: str, task: str, answer, check, namespace: dict) -> None:
        for n, (where, number, old, new, _) in enumerate(VARIANTS):
            if (where, f"任务 {number}") != (lab, task):
                continue
            assert old in answer.source
            other = NotebookNode(source=answer.source.replace(old, new, 1))
            before = {name: copy.deepcopy(value) if isinstance(value, nn.Module) else value
                      for name, value in namespace.items()}  # fmt: skip
            with contextlib.redirect_stdout(io.StringIO()):
                run(other, before)
                self.variants[n] = error_of(check, before)


def error_of(cell, namespace: dict) -> BaseException | None:
    try:
        run(cell, namespace)
    except Exception as error:
        return error
    return None


@pytest.fixture(scope="module")
def passes():
    done: dict[Path, Pass] = {}

    def of(path: Path) -> Pass:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("matplotlib_inline.backend_inline.set_matplotlib_formats", lambda _: None)
            return done.get(path) or done.setdefault(path, Pass(path))

    return of


pytestmark = pytest.mark.xdist_group("labs")


# --- every task -----------------------------------------------------------------------------


def test_each_lab_holds_six_to_nine_tasks():
    counts = {path.stem: len(list(source.tasks(source.read(path)))) for path in PATHS}
    assert set(counts) == {"lab1", "lab2"}
    assert all(6 <= count <= 9 for count in counts.values())


@pytest.mark.parametrize(("path", "name"), TASKS, **IDS)
def test_a_check_fails_on_the_untouched_stub_and_names_the_task(passes, path, name):
    error = passes(path).untouched[name]
    assert isinstance(error, AssertionError), error
    assert str(error).startswith(f"{name}：")
    assert re.search(r"[\u4e00-\u9fff]{2}", str(error).removeprefix(name))


@pytest.mark.parametrize(
    "n", range(len(VARIANTS)), ids=lambda n: f"{VARIANTS[n][0]}-{VARIANTS[n][1]}"
)
def test_a_check_takes_other_right_answers_and_refuses_plausible_wrong_ones(passes, n):
    lab, number, *_, right = VARIANTS[n]
    error = passes(ROOT / source.FOLDER / f"{lab}.py").variants[n]
    if right:
        assert error is None
    else:
        assert isinstance(error, AssertionError)
        assert str(error).startswith(f"任务 {number}：")


@pytest.mark.parametrize(("path", "name"), TASKS, **IDS)
def test_a_check_passes_with_the_answer(passes, path, name):
    assert name in passes(path).passed


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_numbers_in_the_text_of_a_lab_are_printed_or_written_in_its_code(passes, path):
    notebook = source.read(path)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    text = "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    text += "".join(f"\n\n{cell.metadata.get('caption', '')}" for cell in notebook.cells)
    known = prose.numbers(*code, passes(path).printed.getvalue())
    found = [n for _, paragraph in prose.paragraphs(text) for n in prose.measured(paragraph)]
    assert [number for number in found if not prose.supported(number, known)] == []
    assert not prose.supported("0.4321", known), "the guard can fail"


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_the_text_of_a_lab_follows_the_typography_of_the_site(path, tmp_path):
    cells = source.read(path).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    texts += [cell.metadata[name] for cell in cells for name in ("alt", "caption")
              if name in cell.metadata]  # fmt: skip
    page = tmp_path / "lab.md"
    page.write_text("\n\n".join(texts), encoding="utf-8")
    assert typography.lint(page) == []
    page.write_text("用PyTorch训练", encoding="utf-8")
    assert typography.lint(page) != [], "the guard can fail"


# --- the form of a lab ------------------------------------------------------------------------

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
def lab(tmp_path):
    def make(text: str) -> Path:
        path = tmp_path / "docs" / "labs" / "demo.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return make


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_the_labs_are_well_formed(path):
    assert [str(problem) for problem in source.check(path)] == []


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


# --- the notebooks ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_the_practice_notebook_has_stubs_and_checks_but_no_answers(path):
    notebook = notebooks.student(ROOT, path)
    nbformat.validate(notebook)
    names = [name for name, _ in source.tasks(source.read(path))]
    kinds = [source.kind(cell) for cell in notebook.cells]
    assert kinds.count("stub") == kinds.count("check") == len(names)
    assert "solution" not in kinds
    assert "参考答案\n" not in nbformat.writes(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells)


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_notebooks_link_to_the_site_and_install_our_own_wheel(path):
    for notebook in (
        notebooks.student(ROOT, path),
        notebooks.solved(ROOT, path, source.read(path)),
    ):
        text = "\n".join(cell.source for cell in notebook.cells)
        assert re.search(r"%pip install -q \S+/wheels/dlnotes_zh-\S+\.whl", text)
        assert not re.search(r"\]\((?!https?:)", text)
        assert not installs_a_stranger(text)


# --- the page ---------------------------------------------------------------------------------

SVG = (
    '<svg width="72pt" height="36pt" viewBox="0 0 72 36"><metadata>now</metadata><g id="patch_1">'
    '<path d="M 0 0" style="fill: #ffffff"/></g><path style="fill: #24292f"/></svg>'
)


def executed(path: Path, **outputs) -> nbformat.NotebookNode:
    """The notebook as the kernel would leave it, with the given outputs of the answer."""
    notebook = source.read(path)
    notebook.metadata["language_info"] = nbformat.from_dict({"version": "3.11.0"})
    answer = next(cell for cell in notebook.cells if source.kind(cell) == source.SOLUTION)
    answer.outputs = [nbformat.v4.new_output(**outputs)] if outputs else []
    return notebook


def test_the_page_shows_stub_then_check_then_the_folded_answer_with_its_output(lab):
    path = lab(GOOD)
    output = {"output_type": "stream", "name": "stdout", "text": "2\n"}
    text, figures = page.render(path, executed(path, **output), "../../")
    places = [text.index(part) for part in ("x = ...", "任务 1：自查", "任务 1：参考答案", "2</")]
    assert places == sorted(places)
    assert text.count("<details") == text.count("</details>") == 2
    assert 'href="../../notebooks/demo-solution.ipynb"' in text
    assert figures == {}


def test_a_figure_becomes_a_light_and_a_dark_file_without_background(lab):
    path = lab(GOOD.replace('["solution"]', '["solution"] alt="一条线" caption="种子 0。"'))
    output = {"output_type": "display_data", "data": {"image/svg+xml": SVG}}
    text, figures = page.render(path, executed(path, **output), "../../")
    assert text.count('alt="一条线" width="100" height="50"') == 2
    light, dark = (svg for _, svg in sorted(figures.items(), reverse=True))
    assert "#24292f" in light
    assert "#24292f" not in dark
    assert not any("#ffffff" in svg or "now" in svg for svg in figures.values())


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"output_type": "display_data", "data": {"image/svg+xml": SVG}}, 'alt="…"'),
        ({"output_type": "stream", "name": "stderr", "text": "Glyph missing"}, "Glyph missing"),
    ],
    ids=["no alt", "a warning"],
)
def test_a_figure_without_alternative_text_and_a_warning_are_errors(lab, output, message):
    path = lab(GOOD)
    with pytest.raises(ValueError, match=r"docs/labs/demo.py:\d+（任务 1：参考答案）") as caught:
        page.render(path, executed(path, **output), "../../")
    assert message in str(caught.value)


# --- the build --------------------------------------------------------------------------------

CONFIG = """\
site_name: 例子
theme: {{name: mkdocs}}
nav: [{{例子: labs/demo.py}}]
plugins:
  - mkdocs-jupyter: {{include: ["labs/*.py"], execute: true, allow_errors: false}}
hooks: ["{hook}"]
markdown_extensions: [md_in_html, attr_list, pymdownx.superfences]
"""


def build(root: Path, log: Path) -> subprocess.CompletedProcess:
    hook = (ROOT / "src" / "dlnotes_site" / "labs" / "hooks.py").as_posix()
    (root / "mkdocs.yml").write_text(CONFIG.format(hook=hook), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LOG": str(log),
                   "NO_MKDOCS_2_WARNING": "1", "PYTHONIOENCODING": "utf-8"}  # fmt: skip
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True,
                          encoding="utf-8", check=False)  # fmt: skip


COUNTED = (
    GOOD
    + """
# %%
import os
if False:
    from dlnotes.near import value
with open(os.environ["LOG"], "a") as log:
    log.write("ran\\n")
"""
)


def test_an_unchanged_lab_is_not_executed_again_but_follows_the_package(lab, tmp_path):
    log, package = tmp_path / "log", tmp_path / "src" / "dlnotes"
    package.mkdir(parents=True)
    for name in ("__init__", "near", "far"):
        (package / f"{name}.py").write_text("value = 1\n", encoding="utf-8")
    lab(COUNTED)
    counts = []
    for changed in (None, "far", "near"):
        if changed:
            (package / f"{changed}.py").write_text("value = 2\n", encoding="utf-8")
        done = build(tmp_path, log)
        assert done.returncode == 0, done.stderr
        counts.append(log.read_text().count("ran"))
    assert counts == [1, 1, 2]
    assert len(list((tmp_path / "build" / "labs").iterdir())) == 1, "the stale cache is gone"
    answers = tmp_path / "site" / "notebooks" / "demo-solution.ipynb"
    assert "2\n" in nbformat.read(answers, as_version=4).cells[2].outputs[0].text


def test_a_failing_cell_turns_the_build_red_and_is_named(lab, tmp_path):
    path = lab(GOOD.replace("x = 2\n", "x = 1 / 0\n"))
    line = path.read_text(encoding="utf-8").splitlines().index("# 任务 1：参考答案") + 1
    done = build(tmp_path, tmp_path / "log")
    assert done.returncode != 0
    assert f"docs/labs/demo.py:{line}（任务 1：参考答案）" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_a_malformed_lab_turns_the_build_red_before_anything_runs(lab, tmp_path):
    lab(COUNTED.replace("任务 1：加一", "任务 2：加一"))
    done = build(tmp_path, tmp_path / "log")
    assert done.returncode != 0
    assert "依次编号" in done.stderr
    assert not (tmp_path / "log").exists()


# --- the built site ---------------------------------------------------------------------------


def built(path: Path) -> str:
    return (SITE / "labs" / path.stem / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_a_lab_page_is_light_and_asks_nobody_else(path):
    html = built(path)
    assert len(gzip.compress(html.encode())) <= 150_000
    assert third_party(html) == []
    assert "require.js" not in html
    assert "mathjax" not in html.lower()


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_the_built_page_shows_real_outputs_and_chinese_headings(path):
    html = built(path)
    for name, _ in source.tasks(source.read(path)):
        number = name.removeprefix("任务 ")
        assert f'id="任务-{number}' in html
        assert re.search(rf"<code>(?:.*\n)*?{name} 通过", html)
    assert "image/svg+xml" not in html
    assert len(re.findall(r'<img class="dl-light"[^>]+alt="[^"]{10,}"', html)) >= 2


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_the_built_notebooks_are_valid_and_the_answers_carry_outputs(path):
    for name in (path.stem, f"{path.stem}-solution"):
        text = (SITE / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
        nbformat.validate(nbformat.reads(text, as_version=4))
        assert not re.search(r"(?<![\w./-])/(work|tmp|root|home)/[\w.-]", text)
    answers = nbformat.reads(text, as_version=4)
    printed = [o.text for c in answers.cells for o in c.get("outputs", []) if "text" in o]
    for task, _ in source.tasks(source.read(path)):
        assert any(f"{task} 通过" in text for text in printed)
    assert any("image/png" in str(o) for c in answers.cells for o in c.get("outputs", []))


def test_search_holds_the_labs():
    index = json.loads((SITE / "search" / "search_index.json").read_text(encoding="utf-8"))
    titles = {d["location"]: d["title"].replace("\u200b", "") for d in index["docs"]}
    for path in PATHS:
        assert titles[f"labs/{path.stem}/"].startswith("实验")
        assert any(where.startswith(f"labs/{path.stem}/#任务-1") for where in titles)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS, **IDS)
def test_a_lab_opens_on_a_phone_without_errors_or_foreign_requests(visit, path, scheme):  # noqa: F811
    one = visit(color_scheme=scheme, viewport={"width": 390, "height": 844}, has_touch=True)
    assert one.go(f"labs/{path.stem}/") == 200
    one.page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    one.page.mouse.wheel(0, 40000)
    one.page.wait_for_load_state("networkidle")
    assert (one.errors, one.foreign) == ([], [])
    assert one.page.locator(".katex-error, .dl-math-error").count() == 0
    assert one.page.locator(".arithmatex .katex").count() > 1
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_copy_button_copies_a_stub(visit):  # noqa: F811
    one = visit()
    one.go("labs/lab1/")
    box = one.page.locator(".dl-stub").first
    box.scroll_into_view_if_needed()
    box.locator(".md-code__button").first.click(force=True)
    copied = one.page.evaluate("navigator.clipboard.readText()")
    stub = next(cells["stub"][0] for _, cells in source.tasks(source.read(PATHS[0])))
    assert copied.rstrip("\n") == stub.source.rstrip("\n")
