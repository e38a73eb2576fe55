"""The labs: every task can be failed and passed, the notebooks run, a broken cell is named."""

import contextlib
import copy
import io
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from torch import nn

from conftest import ROOT
from dlnotes_site.pages import prose, typography
from dlnotes_site.project import Project
from dlnotes_site.tasks import labs as source
from dlnotes_site.weave.lab_notebooks import solved, student

PROJECT = Project(ROOT)


def book(text: str) -> NotebookNode:
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    return notebook


def answers(path: Path) -> NotebookNode:
    return book(solved(PROJECT, path, None, str))


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
        notebook = answers(path)
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


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_the_labs_are_well_formed(path):
    assert [str(problem) for problem in source.check(path)] == []


# --- the notebooks ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_the_practice_notebook_has_stubs_and_checks_but_no_answers(path):
    notebook = book(student(PROJECT, path))
    names = [name for name, _ in source.tasks(source.read(path))]
    kinds = [source.kind(cell) for cell in notebook.cells]
    assert kinds.count("stub") == kinds.count("check") == len(names)
    assert "solution" not in kinds
    assert "参考答案\n" not in "\n".join(cell.source for cell in notebook.cells)
    assert not any(cell.get("outputs") for cell in notebook.cells)


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_notebooks_link_to_the_site_and_install_our_own_wheel(path):
    for notebook in (book(student(PROJECT, path)), answers(path)):
        text = "\n".join(cell.source for cell in notebook.cells)
        assert re.search(r"%pip install -q \S+/wheels/dlnotes_zh-\S+\.whl", text)
        assert not re.search(r"\]\((?!https?:)", text)
        assert not re.search(r"pip install (?:-\S+ )*dlnotes", text)
