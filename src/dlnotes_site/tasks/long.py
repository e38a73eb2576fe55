"""长实验：标着 `<!--long-->` 的代码块，拆成一格一格，每格是一个可以续、可以分到别处的任务。

块里调用一次 `run_grid(函数, 因素=取值, …)`，取值写成字面量，这里不运行就能列出全部的格子。
每一格只运行到那一句为止，算自己的一种组合；全部算完之后，整块再运行一遍，直接取用各格的结果。
没有 `run_grid` 的长实验只有一格：整块本身。
"""

import ast
import itertools
import json
from dataclasses import dataclass
from pathlib import Path

from dlnotes_site.pages.collect import Block, Problem, collect
from dlnotes_site.tasks.task import Cell, Task

CELL_LIMIT = 600.0
"""每一格的时限，秒。"""

_OWN = frozenset({"folder", "progress"})


@dataclass(frozen=True)
class Grid:
    """块里的 `run_grid`：到它为止的代码，算键用的代码（没有取值），和全部的组合。"""

    code: str
    key_code: str
    settings: tuple[dict, ...]


def long_blocks(root: Path) -> list[Block]:
    """全部长实验。"""
    return [block for block in collect(root) if block.is_long and block.skip is None]


def find_grid(block: Block) -> Grid | None:
    """块里的那一句 `run_grid`；没有时为 `None`。

    Raises:
        ValueError: 不止一句，不在顶层，或者取值不是字面量；消息里有页面与行号。
    """
    tree = ast.parse(block.code)
    called = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    calls = [node for node in called if getattr(node.func, "id", "") == "run_grid"]
    if not calls:
        return None
    place = f"{block.page}:{block.line + calls[-1].lineno}"
    statement = next((s for s in tree.body if calls[0] in ast.walk(s)), None)
    if len(calls) > 1 or isinstance(statement, ast.FunctionDef | ast.For | ast.While | ast.If):
        raise ValueError(f"{place}：长实验里只在顶层调用一次 run_grid")
    code = "".join(block.code.splitlines(keepends=True)[: statement.end_lineno])
    return Grid(code, _without_values(tree, statement, calls[0]), tuple(_settings(calls[0], place)))


def _without_values(tree: ast.Module, statement: ast.stmt, call: ast.Call) -> str:
    """到 `run_grid` 为止的代码，去掉各因素的取值：添几个取值，做过的格子不必重算。"""
    settings, call.keywords = call.keywords, [k for k in call.keywords if k.arg in _OWN]
    before = tree.body[: tree.body.index(statement) + 1]
    code = ast.unparse(ast.Module(before, type_ignores=[]))
    call.keywords = settings
    return code


def _settings(call: ast.Call, place: str) -> list[dict]:
    values = {}
    for keyword in call.keywords:
        if keyword.arg not in _OWN:
            values[keyword.arg] = _literal(keyword, place)
    rows = itertools.product(*values.values())
    return json.loads(json.dumps([dict(zip(values, row, strict=True)) for row in rows]))


def _literal(keyword: ast.keyword, place: str) -> list:
    value = keyword.value
    try:
        if isinstance(value, ast.Call) and getattr(value.func, "id", "") == "range":
            return list(range(*(ast.literal_eval(argument) for argument in value.args)))
        return list(ast.literal_eval(value))
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{place}：{keyword.arg} 应写成字面量，如 [8, 20] 或 range(10)，"
            f"收到 {ast.unparse(value)}"
        ) from error


def cell_tasks(block: Block) -> list[Task]:
    """各格的任务；没有 `run_grid` 的块没有。"""
    grid = find_grid(block)
    if grid is None:
        return []
    cell = Cell(block.line, grid.code)
    return [
        Task("long", block.page, block.line, (cell,), _name(setting), "result",
             json.dumps({"only": setting}, sort_keys=True), grid.key_code, CELL_LIMIT)
        for setting in grid.settings
    ]  # fmt: skip


def _name(setting: dict) -> str:
    return "，".join(f"{name}={value}" for name, value in setting.items())


def whole_task(block: Block, results: list[str]) -> Task:
    """取用各格结果（JSON 文字，次序同 `cell_tasks`）把整块运行一遍的任务。"""
    grid = find_grid(block)
    cell = Cell(block.line, block.code, block.expected, block.ignore_whitespace)
    if grid is None:
        return Task("long", block.page, block.line, (cell,), limit=CELL_LIMIT)
    rows = [[setting, json.loads(text)]
            for setting, text in zip(grid.settings, results, strict=True)]  # fmt: skip
    told = json.dumps({"rows": rows}, sort_keys=True)
    return Task("long", block.page, block.line, (cell,), "汇总", setting=told, limit=CELL_LIMIT)


def long_tasks(root: Path) -> list[Task]:
    """全部长实验的全部格子；没有格子的是整块。"""
    return [task for block in long_blocks(root)
            for task in cell_tasks(block) or [whole_task(block, [])]]  # fmt: skip


def check_long(root: Path) -> list[Problem]:
    """写得不合规矩的长实验。"""
    problems = []
    for block in long_blocks(root):
        try:
            find_grid(block)
        except ValueError as error:
            problems.append(Problem(block.page, block.line, str(error)))
    return problems
