"""实验：`docs/labs/*.py` 是 jupytext 笔记本，几个任务共用变量。

每个任务有四格：说明、标着 `stub` 的空格、标着 `solution` 的参考答案、标着 `check` 的自查。
执行时空格里的 `...` 什么也不做，参考答案随后补上，整本就能从头跑到尾；读者的笔记本里没有答案。
"""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import jupytext
from nbformat import NotebookNode

from dlnotes_site.collect import Problem
from dlnotes_site.record import Environment, reached_digest

FOLDER = "docs/labs"
STUB, SOLUTION, CHECK = "stub", "solution", "check"

_TASK = re.compile(r"^## (任务 (\d+))：", re.MULTILINE)


def paths(root: Path) -> list[Path]:
    """全部实验的源文件。"""
    return sorted((root / FOLDER).glob("*.py"))


def read(path: Path) -> NotebookNode:
    """读源文件；单元格的编号固定，同样的源文件得到同样的笔记本。"""
    notebook = jupytext.read(path)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"{cell.cell_type}-{number:03d}"
    return notebook


def page_of(path: Path) -> str:
    """源文件在仓库里的位置，如 `docs/labs/lab1.py`。"""
    return f"{FOLDER}/{path.name}"


def cache_folder(root: Path) -> Path:
    """执行结果的缓存放在哪里：实验够得着的 dlnotes 源文件或各库的版本一变，就换一个文件夹。

    mkdocs-jupyter 自己的键只有笔记本的文字与插件的设置，看不到包的源码。
    """
    code = "\n".join(path.read_text(encoding="utf-8") for path in paths(root))
    environment = json.dumps(Environment.current("cpu").to_json(), sort_keys=True)
    digest = hashlib.sha256(f"{environment}\n{reached_digest(code, root / 'src')}".encode())
    return root / "build" / "labs" / digest.hexdigest()[:16]


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


def explain(path: Path, message: str) -> str:
    """哪个实验的哪一行所在的单元格出了什么错；`message` 是执行器的报错，里面有单元格的代码。"""
    message = re.sub(r"\x1b\[[\d;]*m", "", message)  # 终端的颜色
    source = re.search(r"-{18}\n(.*?)\n-{18}", message, re.DOTALL)
    place = where(path, source[1]) if source else page_of(path)
    reason = [line for line in message.splitlines() if line.strip()][-1]
    return f"{place}：单元格出错：{reason}\n{message}"


def where(path: Path, source: str) -> str:
    """单元格的位置，以及它的第一行（写着是哪个任务）。"""
    text = path.read_text(encoding="utf-8")
    found = text.find(source)
    line = text.count("\n", 0, found) + 1 if found >= 0 else 1
    return f"{page_of(path)}:{line}（{source.partition(chr(10))[0].removeprefix('# ')}）"
