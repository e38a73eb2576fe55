"""从页面里收集代码块，并找出会被悄悄跳过、什么也没有证明、或者记录的键管不住的代码块。"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from dlnotes_site.pages.fences import SKIP as _SKIP
from dlnotes_site.pages.fences import Caption, Fence, fences, skip_reason, trailer

_PYTHON_LIKE = re.compile(r"^\{?\s*\.?(py|python|python3|ipython)\d*\b", re.IGNORECASE)


@dataclass(frozen=True)
class Block:
    """一个会被运行的代码块；`line` 到 `end` 是围栏的两行。"""

    page: str
    line: int
    code: str
    end: int = 0
    expected: str | None = None
    ignore_whitespace: bool = False
    skip: str | None = None
    captions: tuple[Caption, ...] = field(default=(), compare=False)
    flags: frozenset[str] = frozenset()
    explainer: str | None = field(default=None, compare=False)

    @property
    def where(self) -> str:
        """`页面:行号`。"""
        return f"{self.page}:{self.line}"

    @property
    def is_long(self) -> bool:
        """长实验：平常只用提交在仓库里的记录。"""
        return "long" in self.flags


@dataclass(frozen=True)
class Problem:
    """页面里的一处毛病。"""

    page: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}：{self.message}"


def pages(root: Path) -> list[Path]:
    """所有页面：README.md 与 docs 下的 Markdown，次序固定。"""
    readme = [root / "README.md"] if (root / "README.md").exists() else []
    return readme + sorted((root / "docs").rglob("*.md"))


def collect(root: Path) -> list[Block]:
    """所有页面里的代码块。"""
    return [block for path in pages(root) for block in collect_page(path, root)]


def collect_page(path: Path, root: Path) -> list[Block]:
    """一个页面里所有会被运行的代码块。"""
    return list(_blocks(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")))


@cache
def _blocks(page: str, text: str) -> tuple[Block, ...]:
    lines = text.splitlines()
    return tuple(block_of(page, fence, lines) for fence in fences(lines) if fence.runs)


def block_of(page: str, fence: Fence, lines: list[str]) -> Block:
    """围栏 `fence` 连同它前后的注释写成的代码块。"""
    after = trailer(lines, fence.end)
    return Block(
        page, fence.line, fence.code, fence.end, after.expected, after.ignore_whitespace,
        skip_reason(lines, fence.line), tuple(after.captions), frozenset(after.flags),
        after.explainer,
    )  # fmt: skip


# --- 毛病 ----------------------------------------------------------------------------------------


def check(root: Path) -> list[Problem]:
    """所有页面的毛病。"""
    return [problem for path in pages(root) for problem in check_page(path, root)]


def check_page(path: Path, root: Path) -> list[Problem]:
    """一个页面里会被悄悄跳过的围栏，和有毛病的代码块。"""
    return list(_problems(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")))


@cache
def _problems(page: str, text: str) -> tuple[Problem, ...]:
    lines = text.splitlines()
    found = [
        Problem(page, fence.line, f"这个围栏不会被运行：{fence.opening}；要运行就写成 ```python，"
                                  "不运行就换一种语言（text、pycon、console）")
        for fence in fences(lines) if _never_runs(fence)
    ]  # fmt: skip
    found += _open_fence(page, lines)
    for number, line in enumerate(lines, start=1):
        if message := _directive(line):
            found.append(Problem(page, number, message))
    if not found:
        found = [problem for block in _blocks(page, text) for problem in check_block(block)]
    return tuple(found)


def _never_runs(fence: Fence) -> bool:
    if fence.runs or fence.info.startswith("pycon"):
        return False
    # pytest-codeblocks 会把 sh 与 bash 当命令执行：命令一律写在 console 里
    return bool(_PYTHON_LIKE.match(fence.info)) or fence.info.split(" ")[0] in {"sh", "bash"}


def _open_fence(page: str, lines: list[str]) -> list[Problem]:
    last = next(reversed(list(fences(lines))), None)
    if last is None or last.end <= len(lines):
        return []
    return [Problem(page, last.line, f"这个围栏没有收尾：{last.opening}")]


def _directive(line: str) -> str | None:
    if "pytest-codeblocks:cont" in line or "pytest-codeblocks:skipfile" in line:
        return f"不使用这条指令：{line.strip()}"
    if "pytest.mark.skip" in line and line.lstrip().startswith("<!--") and not _SKIP.search(line):
        return '跳过要写明理由：pytest.mark.skip(reason="…")'
    return None


def check_block(block: Block) -> Iterator[Problem]:
    """一个代码块的毛病：语法错误，什么也没有证明，导入的写法让记录的键看不见源文件。"""
    if block.skip is not None:
        return
    try:
        tree = ast.parse(block.code)
    except SyntaxError as error:
        line = block.line + (error.lineno or 0)
        yield Problem(block.page, line, f"语法错误：{error.msg}")
        return
    nodes = list(ast.walk(tree))
    for node in nodes:
        if message := hidden_import(node):
            yield Problem(block.page, block.line + node.lineno, message)
    if block.expected is None and not _proves(nodes) and not draws_only_a_schematic(tree):
        message = "代码块什么也没有证明：应有 assert 或 expected-output"
        yield Problem(block.page, block.line, message)


def _proves(nodes: list[ast.AST]) -> bool:
    asserts = [node for node in nodes if isinstance(node, ast.Assert)]
    return any(not isinstance(node.test, ast.Constant | ast.Tuple) for node in asserts)


_SCHEMATICS = frozenset({
    "draw_network", "draw_graph", "draw_layers", "draw_kernel_step", "animate_kernel",
    "draw_vectors", "draw_shapes", "draw_cubes",
})  # fmt: skip


def draws_only_a_schematic(tree: ast.Module) -> bool:
    """只画一张示意图的代码块没有要证明的：调用的函数里有示意图，又什么也不打印。"""
    calls = {_called(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return bool(calls & _SCHEMATICS) and "print" not in calls


def _called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def hidden_import(node: ast.AST) -> str | None:
    """相对导入、给 dlnotes 起别名：看不出够得着哪些源文件，记录就会该重跑而不重跑。"""
    if isinstance(node, ast.ImportFrom) and node.level:
        return "不用相对导入：写成 from dlnotes.… import …"
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname and alias.name.partition(".")[0] == "dlnotes":
                return f"不给 {alias.name} 起别名：写成 from {alias.name} import …"
    return None
