"""代码块显示的样子：只为画图的代码收起来，末尾的断言折成一行“检查（n 条）”。

写成 `???` 折叠与普通的围栏，没有脚本、换一个建站工具都照样打得开；复制时 site.js 把几段接回整块。
"""

import ast
from dataclasses import dataclass
from functools import cache

from dlnotes_site.pages.fences import Fence


@dataclass(frozen=True)
class Split:
    """一块代码分成的两段：`shown` 行照常显示，之后隔 `gap` 个空行，是 `count` 条断言。"""

    shown: int
    gap: int
    count: int


def code_lines(fence: Fence, folded: bool) -> list[str]:
    """围栏写成的 Markdown；`folded` 时整块收起来。"""
    lines = fence.code.splitlines()
    if folded:
        return _folded(fence.indent, "dl-fold", f"代码（{_height(lines)} 行）", lines)
    split = trailing_asserts(fence.code)
    if split is None:
        return _fenced(fence.indent, lines)
    names = "dl-fold dl-check" + (f" dl-gap-{split.gap}" if split.gap else "")
    checks = lines[split.shown + split.gap :]
    return [*_fenced(fence.indent, lines[: split.shown]), "",
            *_folded(fence.indent, names, f"检查（{split.count} 条）", checks)]  # fmt: skip


def _fenced(indent: str, lines: list[str]) -> list[str]:
    body = [indent + line if line else "" for line in lines]
    return [f"{indent}```python", *body, f"{indent}```"]


def _folded(indent: str, names: str, title: str, lines: list[str]) -> list[str]:
    return [f'{indent}??? {names} "{title}"', "", *_fenced(indent + "    ", lines)]


def _height(lines: list[str]) -> int:
    return len("\n".join(lines).strip("\n").splitlines())


@cache
def trailing_asserts(code: str) -> Split | None:
    """末尾连着的几条顶层断言，连同夹在其中的注释；没有，或者除此之外什么也没有时为 `None`。"""
    try:
        body = ast.parse(code).body
    except SyntaxError:
        return None
    count = 0
    while count < len(body) and isinstance(body[-1 - count], ast.Assert):
        count += 1
    if count in (0, len(body)):
        return None
    return _split(code.splitlines(), body[-1 - count].end_lineno, body[-count].lineno, count)


def _split(lines: list[str], shown: int, first: int, count: int) -> Split | None:
    """`shown` 是最后一条别的语句的末行，`first` 是头一条断言的行号，都从 1 数起。"""
    if first <= shown:  # 写在同一行
        return None
    gap = next(n for n, line in enumerate(lines[shown:]) if line.strip())
    return Split(shown, gap, count)
