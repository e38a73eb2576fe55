"""一个实验：网页，练习与参考答案两份笔记本。"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from dlnotes_site.project import Project
from dlnotes_site.run.key import digest
from dlnotes_site.run.results import Results
from dlnotes_site.run.store import Record
from dlnotes_site.tasks.labs import lab_task, page_of
from dlnotes_site.weave.addresses import NOTEBOOKS
from dlnotes_site.weave.item import Item, Made


def item(project: Project, results: Results, path: Path) -> Item:
    """源文件 `path` 的实验。"""
    page = page_of(path)
    return Item(
        page, page, digest(path.read_text(encoding="utf-8")),
        lambda: digest(repr(results.record(lab_task(project.root, path)))),
        partial(_make, project, results, path),
    )  # fmt: skip


def _make(project: Project, results: Results, path: Path, read: Callable[[str], str]) -> Made:
    from dlnotes_site.weave.labs import weave_lab  # 读笔记本的库不小，没变时不导入

    record = results.record(lab_task(project.root, path))
    woven = weave_lab(path, record)
    later = {
        f"{NOTEBOOKS}/{path.stem}.ipynb": partial(_student, project, path),
        f"{NOTEBOOKS}/{path.stem}-solution.ipynb": partial(_solved, project, path, record, read),
    }
    return Made({f"labs/{path.stem}.md": woven.text}, later, woven.frames, woven.problems)


def _student(project: Project, path: Path) -> str:
    from dlnotes_site.weave.lab_notebooks import student

    return student(project, path)


def _solved(project: Project, path: Path, record: Record | None, read) -> str:
    from dlnotes_site.weave.lab_notebooks import solved

    return solved(project, path, record, read)
