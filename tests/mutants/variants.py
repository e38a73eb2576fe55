"""由一个代码块列出错误的变体：每个只改一处，改了的应当有断言抓住。"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from mutants.exempt import Exempt
from mutants.patterns import (
    DISTANCES,
    INPUT,
    is_distance,
    is_draw,
    is_random,
    is_text,
    is_training,
    is_update,
)
from mutants.source import Edit, Source, bodies, called, names, root

TRAINING, LABELS, OPERATOR, METHOD, LITERAL = "训练", "标签", "运算符", "方法", "字面量"
KINDS = (TRAINING, LABELS, OPERATOR, METHOD, LITERAL)

_OPERATORS = {ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"),
              ast.Pow: ("**", "*"), ast.Lt: ("<", ">"), ast.Gt: (">", "<"), ast.Eq: ("==", "!="),
              ast.NotEq: ("!=", "=="), ast.LtE: ("<=", ">="), ast.GtE: (">=", "<=")}  # fmt: skip

_PAIRS = (("mean", "sum"), ("max", "min"), ("amax", "amin"), ("argmax", "argmin"),
          ("maximum", "minimum"), ("zeros", "ones"), ("zeros_like", "ones_like"),
          ("sin", "cos"), ("exp", "log"), ("softmax", "log_softmax"), ("cat", "stack"),
          ("std", "var"), ("floor", "ceil"), ("mse_loss", "l1_loss"), ("MSELoss", "L1Loss"),
          ("MaxPool2d", "AvgPool2d"), ("max_pool2d", "avg_pool2d"), ("train", "eval"),
          ("triu", "tril"))  # fmt: skip
_SWAPS = {
    **dict(_PAIRS), **{b: a for a, b in _PAIRS}, "relu": "tanh", "tanh": "sigmoid",
    "sigmoid": "tanh", "ReLU": "Tanh", "Tanh": "Sigmoid", "Sigmoid": "Tanh", "square": "abs",
    "abs": "square", "sqrt": "square", "median": "mean",
    "cross_entropy": "multi_margin_loss", "CrossEntropyLoss": "MultiMarginLoss",
}  # fmt: skip
_BUILTINS = frozenset({"max", "min"})
_REMOVED = frozenset({"detach", "t"})
_OPTIONS = {"sum": "mean", "mean": "sum", "fan_in": "fan_out", "fan_out": "fan_in",
            "ij": "xy", "xy": "ij"}  # fmt: skip
_OPTION_KEYWORDS = frozenset({"reduction", "mode", "indexing"})
_DIMS = frozenset({"mean", "sum", "max", "min", "amax", "amin", "argmax", "argmin", "softmax",
                   "log_softmax", "std", "var", "all", "any", "norm", "cumsum", "prod",
                   "logsumexp", "flip", "sort", "argsort"})  # fmt: skip

_STEPS = frozenset({"step", "zero_grad", "zero_"})
_ROUNDS = frozenset({"num_epochs", "epochs", "num_steps"})
_LABEL = re.compile(r"(y|Y|t|labels?|targets?)(_[a-z]+)?$")
_LOSSES = re.compile(r"(fit|fit_seeds|accuracy|evaluate|split|loss_fn|criterion|.*loss|mse|mae|.*"
                     r"cross_entropy.*|lstsq|squared_error|bce\w*)$")  # fmt: skip
_SHUFFLE = "[__import__('random').Random(0).sample(range(len({0})), len({0}))]"


@dataclass(frozen=True)
class Variant:
    """一个变体：`line` 是改动在代码块里的行号，从 1 数起；`code` 是改过的代码。"""

    kind: str
    line: int
    before: str
    after: str
    edit: Edit = field(repr=False)


class Variants:
    """一个代码块和它的全部变体。"""

    def __init__(self, code: str):
        self.source = Source(code)
        self.exempt = Exempt(self.source)
        self._drawings = [self.source.without(s) for s in self.exempt.drawings]

    def skeleton(self, *edits: Edit, drawings: bool = False) -> str:
        """去掉只画图的语句（`drawings` 为真时留着），再照 `edits` 改。"""
        return self.source.changed([*edits, *(() if drawings else self._drawings)])

    def all(self) -> list[Variant]:
        """全部变体，按种类、再按位置。"""
        found = {(v.edit.start, v.edit.end, v.edit.text): v
                 for v in self._body(self.source.tree.body)}  # fmt: skip
        order = {kind: place for place, kind in enumerate(KINDS)}
        return sorted(found.values(), key=lambda v: (order[v.kind], v.edit.start))

    def some(self, most: int) -> list[Variant]:
        """至多 `most` 个：各种轮流取，同一种的从头到尾均匀地取；每次取的都一样。"""
        groups = [[v for v in self.all() if v.kind == kind] for kind in KINDS]
        rows = zip_longest(*map(_spread, groups))
        chosen = [v for row in rows for v in row if v is not None][:most]
        return sorted(chosen, key=lambda v: (v.line, v.edit.start, v.edit.text))

    # --- 语句 ----------------------------------------------------------------------------------

    def _body(self, body: list[ast.stmt]) -> Iterator[Variant]:
        for statement in body:
            if not self.exempt.statement(statement):
                yield from self._statement(statement)
                yield from self._body(bodies(statement))

    def _statement(self, node: ast.stmt) -> Iterator[Variant]:
        yield from self._untrained(node)
        yield from self._shuffled(node)
        if isinstance(node, ast.AugAssign) and type(node.op) in _OPERATORS:
            yield from self._operator(node, node.target, node.op, node.value)
        if isinstance(node, ast.For):
            if not self._is_rounds(node) and not self.exempt.binding(node.target, node.iter):
                yield from self._expression(node.iter)
        elif isinstance(node, ast.Assign):
            if not any(self.exempt.binding(target, node.value) for target in node.targets):
                yield from self._expression(node.value)
        elif isinstance(node, ast.FunctionDef):
            for default in node.args.defaults:
                yield from self._expression(default)
        elif not isinstance(node, ast.ClassDef | ast.AnnAssign):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr | ast.withitem):
                    yield from self._expression(child)

    def _untrained(self, node: ast.stmt) -> Iterator[Variant]:
        """训练跳过：去掉更新的一步，只走一轮，不清零。"""
        stepping = isinstance(node, ast.Expr) and called(node.value) in _STEPS
        if stepping or is_update(node):
            yield self._removed(node)
        elif isinstance(node, ast.For) and self._is_rounds(node):
            yield self._replaced(TRAINING, node.iter, "range(1)")

    def _is_rounds(self, node: ast.For) -> bool:
        """`for _ in range(n)` 里有更新，就是训练 n 轮；逐个种子的不是。"""
        return (called(node.iter) == "range" and is_training(node)
                and not self.exempt.binding(node.target, node.iter))  # fmt: skip

    def _shuffled(self, node: ast.stmt) -> Iterator[Variant]:
        """标签打乱：赋值之后接着打乱。"""
        if not isinstance(node, ast.Assign) or len(node.targets) > 1:
            return
        (target,) = node.targets
        together = isinstance(target, ast.Tuple)
        for index, part in enumerate(target.elts if together else [target]):
            name, value = getattr(part, "id", ""), node.value
            if together and isinstance(value, ast.Tuple):
                value = value.elts[index]
            paired = together or any(map(INPUT.match, names(self.source.tree)))
            if _LABEL.match(name) and paired and not is_draw(value) and self._is_target(name):
                end = self.source.span(node)[1]
                text = f"; {name} = {name}{_SHUFFLE.format(name)}"
                line = self.source.line(end)
                yield Variant(LABELS, line, name, f"打乱 {name}", Edit(end, end, text))

    def _is_target(self, name: str) -> bool:
        """这个名字后来交给损失、训练，或者与预测相减、相比。"""
        for node in ast.walk(self.source.tree):
            if isinstance(node, ast.Call) and _LOSSES.match(called(node)):
                parts = [*node.args, *(k.value for k in node.keywords)]
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
                parts = [node.left, node.right]
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
                parts = node.value.elts[1:]
            else:
                continue
            if any(root(part) == name for part in parts):
                return True
        return False

    # --- 表达式 --------------------------------------------------------------------------------

    def _expression(self, node: ast.AST, hint: str = "") -> Iterator[Variant]:
        if self.exempt.expression(node):
            return
        if isinstance(node, ast.Constant):
            yield from self._literal(node, hint)
            return
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            sides = (node.left, node.right)
            noisy = isinstance(node.op, ast.Add | ast.Sub) and any(map(is_random, sides))
            if not noisy and not any(map(is_text, sides)):
                yield from self._operator(node, node.left, node.op, node.right)
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in _OPERATORS:
            yield from self._operator(node, node.left, node.ops[0], node.comparators[0])
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield self._replaced(OPERATOR, node, self.source.text(self.source.span(node.operand)))
            if hint == "index":
                return  # 倒数第几个，换成前一个多半差不多
        elif isinstance(node, ast.Attribute | ast.Name):
            yield from self._method(node)
        if isinstance(node, ast.Call):
            yield from self._call(node)
        elif isinstance(node, ast.comprehension):
            yield from self._comprehension(node)
        else:
            kept = isinstance(node, ast.Tuple | ast.List | ast.Slice | ast.UnaryOp)
            for child in ast.iter_child_nodes(node):
                index = isinstance(node, ast.Subscript) and child is node.slice
                yield from self._expression(child, "index" if index else hint if kept else "")

    def _comprehension(self, node: ast.comprehension) -> Iterator[Variant]:
        if not self.exempt.binding(node.target, node.iter):
            yield from self._expression(node.iter)
        for condition in node.ifs:
            yield from self._expression(condition)

    def _call(self, node: ast.Call) -> Iterator[Variant]:
        name = called(node)
        if not (name in DISTANCES and is_distance(node)):
            yield from self._expression(node.func)
        else:
            yield from self._expression(getattr(node.func, "value", node.func))
        if name in _REMOVED and isinstance(node.func, ast.Attribute) and not node.args:
            start, end = self.source.span(node.func.value)[1], self.source.span(node)[1]
            yield self._variant(METHOD, start, end, "")
        for index, argument in enumerate(node.args):
            if not self.exempt.argument(node, index):
                yield from self._expression(argument, "dim" if name in _DIMS else "")
        for keyword in node.keywords:
            yield from self._keyword(keyword)

    def _keyword(self, keyword: ast.keyword) -> Iterator[Variant]:
        name, value = keyword.arg, keyword.value
        if self.exempt.keyword(name):
            return
        if name in _ROUNDS:
            yield self._replaced(TRAINING, value, "1")
        elif name in _OPTION_KEYWORDS and isinstance(value, ast.Constant):
            if value.value in _OPTIONS:
                yield self._replaced(METHOD, value, repr(_OPTIONS[value.value]).replace("'", '"'))
        else:
            yield from self._expression(value, name if name in {"lr", "dim"} else "")

    # --- 一处改动 ------------------------------------------------------------------------------

    def _literal(self, node: ast.Constant, hint: str) -> Iterator[Variant]:
        value = node.value
        if isinstance(value, bool):
            yield self._replaced(LITERAL, node, str(not value))
        elif hint == "dim" and value in (0, 1):
            yield self._replaced(METHOD, node, str(1 - value))
        elif isinstance(value, int | float):
            yield self._replaced(LITERAL, node, _other(value, hint))

    def _method(self, node: ast.Attribute | ast.Name) -> Iterator[Variant]:
        name = node.attr if isinstance(node, ast.Attribute) else node.id
        if name not in _SWAPS or (isinstance(node, ast.Name) and name not in _BUILTINS):
            return
        end = self.source.span(node)[1]
        yield self._variant(METHOD, end - len(name), end, _SWAPS[name])

    def _operator(self, node, left, operator, right) -> Iterator[Variant]:
        old, new = _OPERATORS[type(operator)]
        start, end = self.source.span(left)[1], self.source.span(right)[0]
        place = self.source.data.find(old.encode(), start, end)
        if place >= 0:
            whole = self.source.span(node)
            yield self._variant(OPERATOR, place, place + len(old), new, whole)

    def _removed(self, node: ast.stmt) -> Variant:
        edit = self.source.without(node)
        before = self.source.text((edit.start, edit.end))
        return Variant(TRAINING, node.lineno, before, "去掉", edit)

    def _replaced(self, kind: str, node: ast.AST, text: str) -> Variant:
        return self._variant(kind, *self.source.span(node), text)

    def _variant(self, kind: str, start: int, end: int, text: str, whole=None) -> Variant:
        first, last = whole or (start, end)
        before = self.source.text((first, last))
        after = self.source.text((first, start)) + text + self.source.text((end, last))
        return Variant(kind, self.source.line(start), before, after or "去掉",
                       Edit(start, end, text))  # fmt: skip


def _spread(found: list) -> list:
    """均匀的次序：任取前几个，都从头到尾散开。"""
    order, step = [], len(found)
    while step >= 1 and len(order) < len(found):
        order += [i for i in range(step // 2, len(found), max(1, step)) if i not in order]
        step //= 2
    order += [i for i in range(len(found)) if i not in order]
    return [found[i] for i in order]


def _other(value: float, hint: str) -> str:
    """换成哪个数：小的整数加一，大的只留十分之一；极小的数放大一千倍，学习率缩到十分之一。"""
    if isinstance(value, int):
        return str(value + 1 if abs(value) < 10 else value // 10)
    if value == 0:
        return "1.0"
    factor = 0.1 if hint == "lr" else 1000 if abs(value) < 1e-3 else 1.5
    return f"{float(f'{value * factor:.6g}')!r}"
