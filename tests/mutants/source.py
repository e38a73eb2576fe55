"""一个代码块的源码：语法树上的结点在哪里，改动以文字的替换写成，行号不变。"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True)
class Edit:
    """把从 `start` 到 `end` 的字节换成 `text`。"""

    start: int
    end: int
    text: str


class Source:
    """源码与它的语法树；位置一律以 UTF-8 的字节数。"""

    def __init__(self, code: str):
        self.code, self.data, self.tree = code, code.encode(), ast.parse(code)
        self._starts = [0]
        for line in self.data.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def span(self, node: ast.AST) -> Span:
        """结点的起止。"""
        return (self._starts[node.lineno - 1] + node.col_offset,
                self._starts[node.end_lineno - 1] + node.end_col_offset)  # fmt: skip

    def text(self, span: Span) -> str:
        """那一段文字。"""
        return self.data[span[0] : span[1]].decode()

    def line(self, position: int) -> int:
        """字节 `position` 在第几行，从 1 数起。"""
        return self.data.count(b"\n", 0, position) + 1

    def without(self, statement: ast.stmt) -> Edit:
        """去掉一个语句；空出来的行留着。"""
        start, end = self.span(statement)
        return Edit(start, end, "pass" + "\n" * self.data.count(b"\n", start, end))

    def changed(self, edits: Iterable[Edit]) -> str:
        """照 `edits` 改过的源码；落在别的改动里面的不算。"""
        pieces, position = [], 0
        for edit in sorted(edits, key=lambda e: (e.start, -e.end)):
            if edit.start >= position:
                pieces += [self.data[position : edit.start], edit.text.encode()]
                position = edit.end
        return b"".join([*pieces, self.data[position:]]).decode()


def called(node: ast.AST) -> str:
    """调用的函数或方法的名字；不是调用时为空。"""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def root(node: ast.AST) -> str:
    """`axes[0].twinx().plot` 这样的一串，最左边的名字。"""
    while True:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return ""


def names(node: ast.AST) -> set[str]:
    """里面出现的名字。"""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def bodies(statement: ast.stmt) -> list[ast.stmt]:
    """复合语句里面的语句；简单语句没有。"""
    inner = [*getattr(statement, "body", []), *getattr(statement, "orelse", []),
             *getattr(statement, "finalbody", [])]  # fmt: skip
    for handler in getattr(statement, "handlers", []):
        inner += handler.body
    return inner
