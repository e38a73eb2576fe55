"""实验：`docs/labs/*.py` 是 jupytext 笔记本，几个任务共用变量。

每个任务有四格：说明、标着 `stub` 的空格、标着 `solution` 的参考答案、标着 `check` 的自查。
执行时空格里的 `...` 什么也不做，参考答案随后补上，整本就能从头跑到尾；读者的笔记本里没有答案。
一个实验是一个任务，在一个进程里从头跑到尾，每一格有自己的输出。
"""

import copy
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from nbformat import NotebookNode

from dlnotes_site.pages.collect import Problem
from dlnotes_site.tasks.task import Cell, Task

FOLDER = "docs/labs"
LIMIT = 600.0
"""一个实验的时限，秒。"""
STUB, SOLUTION, CHECK = "stub", "solution", "check"

_TASK = re.compile(r"^## (任务 (\d+))：", re.MULTILINE)


def paths(root: Path) -> list[Path]:
    """全部实验的源文件。"""
    return sorted((root / FOLDER).glob("*.py"))


def read(path: Path) -> NotebookNode:
    """读源文件；单元格的编号固定，同样的源文件得到同样的笔记本。"""
    return copy.deepcopy(_parsed(path.read_text(encoding="utf-8")))


@cache
def _parsed(text: str) -> NotebookNode:
    import jupytext

    notebook = jupytext.reads(text, fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"{cell.cell_type}-{number:03d}"
    return notebook


def page_of(path: Path) -> str:
    """源文件在仓库里的位置，如 `docs/labs/lab1.py`。"""
    return f"{FOLDER}/{path.name}"


def kind(cell: NotebookNode) -> str | None:
    """单元格在任务里的角色：`stub`、`solution`、`check`；其余为 `None`。"""
    tags = cell.metadata.get("tags", [])
    return next((tag for tag in (STUB, SOLUTION, CHECK) if tag in tags), None)


def tasks(notebook: NotebookNode) -> Iterator[tuple[str, dict[str, list[NotebookNode]]]]:
    """依次给出各个任务的名字，以及它的各种单元格。"""
    name, cells = None, []
    for cell in notebook.cells:
        title = _TASK.search(cell.source) if cell.cell_type == "markdown" else None
        if title is not None:
            if name is not None:
                yield name, _by_kind(cells)
            name, cells = title[1], []
        cells.append(cell)
    if name is not None:
        yield name, _by_kind(cells)


def _by_kind(cells: list[NotebookNode]) -> dict[str, list[NotebookNode]]:
    return {k: [cell for cell in cells if kind(cell) == k] for k in (STUB, SOLUTION, CHECK)}


def check(path: Path) -> list[Problem]:
    """实验写得不合规矩的地方：缺一格、次序不对、没有写明是哪个任务、没有简介。"""
    notebook, problems = read(path), []
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, (name, cells) in enumerate(tasks(notebook), start=1):
        title = next(i for i, text in enumerate(lines, 1) if text.startswith(f"# ## {name}："))
        for message in _faults(number, name, cells, notebook):
            problems.append(Problem(page_of(path), title, message))
    if not any(True for _ in tasks(notebook)):
        problems.append(Problem(page_of(path), 1, "没有任务；任务的标题写成“## 任务 1：…”"))
    if not notebook.metadata.get("description"):
        problems.append(Problem(page_of(path), 1, "开头的 jupyter 元数据里应有 description"))
    return problems


def _faults(number: int, name: str, cells: dict, notebook: NotebookNode) -> Iterator[str]:
    if name != f"任务 {number}":
        yield f"任务应从 1 起依次编号，这里应是“任务 {number}”"
    counts = [len(found) for found in cells.values()]
    if counts != [1, 1, 1]:
        yield f"{name} 应恰好有 stub、solution、check 各一格，现在是 {counts}"
        return
    (stub,), (solution,), (own_check,) = cells.values()
    order = [notebook.cells.index(cell) for cell in (stub, solution, own_check)]
    if order != sorted(order):
        yield f"{name} 的三格应按 stub、solution、check 的次序"
    for cell in (stub, solution, own_check):
        if not cell.source.startswith(f"# {name}："):
            yield f"{name} 的 {kind(cell)} 一格应以注释“# {name}：…”开头"
    if solution.metadata.get("alt"):
        yield f"{name} 的图应画在自查之后不带标签的一格里；画在 solution 里，练习的笔记本就没有图"
    if "..." not in stub.source.partition("\n")[2]:
        yield f"{name} 的 stub 一格里没有留给读者的 ..."


def lab_task(root: Path, path: Path) -> Task:
    """一个实验是一个任务：全部代码单元格在一个进程里依次运行，共用变量。"""
    text = path.read_text(encoding="utf-8")
    cells, position = [], 0
    for cell in read(path).cells:
        position = max(position, text.find(_first_line(cell, text), position))
        if cell.cell_type == "code":
            line = text.count("\n", 0, position)
            cells.append(Cell(line, cell.source + "\n", echo=True))
    return Task("lab", page_of(path), 1, tuple(cells), limit=LIMIT)


def _first_line(cell: NotebookNode, text: str) -> str:
    if cell.cell_type == "code":
        return cell.source
    return f"# {cell.source.partition(chr(10))[0]}"


def lab_tasks(root: Path) -> list[Task]:
    """全部实验。"""
    return [lab_task(root, path) for path in paths(root)]


def check_labs(root: Path) -> list[Problem]:
    """全部实验的毛病。"""
    return [problem for path in paths(root) for problem in check(path)]
