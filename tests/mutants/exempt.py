"""哪些地方不改：画图与只为画图的量、打印、种子与在哪里取样、比较的容差。

按名字认，不管先后与作用域：认错时宁可多改一处。
"""

import ast
import re
from collections.abc import Iterator
from functools import cached_property

from mutants.source import Source, bodies, called, names, root

_DRAWERS = re.compile(r"(draw|animate|plot)_|(subplots|style|use_chinese)$")
_SEED = re.compile(r"_?(seeds?|rng|generator)$")
_SEED_CALLS = frozenset({"manual_seed", "manual_seed_all", "default_rng", "RandomState"})
_SAMPLES = frozenset({
    "randn", "rand", "randint", "randperm", "standard_normal", "linspace", "logspace",
})  # fmt: skip
_KEYWORDS = frozenset({
    "generator", "random_state", "size", "atol", "rtol", "rel_tol", "abs_tol", "strict", "device",
    "eval_every", "progress", "allow_edge", "num_repeats", "num_warmups", "decimals", "digits",
})  # fmt: skip
_EFFECTS = re.compile(r"(fit|fit_seeds|fit_run|step|backward|evaluate)$|\w+[^_]_$")
_TEXT = frozenset({"mean_std", "round", "summarize"})
"""第二个起的参数只管写成几位的函数。"""


class Exempt:
    """一个代码块里不改的地方。"""

    def __init__(self, source: Source):
        self.tree = source.tree

    def statement(self, node: ast.stmt) -> bool:
        """整句不改：断言，画图，打印，只为画图的量。"""
        return (isinstance(node, ast.Assert | ast.Import | ast.ImportFrom)
                or is_check(node) or self.displays(node))  # fmt: skip

    def expression(self, node: ast.AST) -> bool:
        """表达式里面不改：打印、画图、格式串、种子。"""
        if isinstance(node, ast.JoinedStr):
            return True
        if isinstance(node, ast.Call):
            return called(node) == "print" or called(node) in _SEED_CALLS or self.is_drawing(node)
        return False

    def argument(self, call: ast.Call, index: int) -> bool:
        """第 `index` 个按位置给出的参数不改：种子，随机样本的大小与网格，写成几位。"""
        return (called(call) in _SAMPLES or (called(call) in _TEXT and index > 0)
                or index in self.seeded.get(called(call), ()))  # fmt: skip

    def keyword(self, name: str | None) -> bool:
        """按名字给出的参数不改。"""
        return name is not None and (name in _KEYWORDS or bool(_SEED.match(name)))

    def binding(self, target: ast.AST, value: ast.AST) -> bool:
        """`for seed in range(10)` 与 `seeds = range(10)`：右边不改。"""
        bound = names(target)
        plain = all(isinstance(n, ast.Name | ast.Constant | ast.Tuple | ast.List | ast.Call
                               | ast.expr_context) for n in ast.walk(value))  # fmt: skip
        return bool(bound) and bound <= self.seeds and plain

    # --- 画图 ----------------------------------------------------------------------------------

    def is_drawing(self, node: ast.AST) -> bool:
        """画图的调用：画图的函数，或者画布、坐标轴的方法。"""
        if isinstance(node, ast.Tuple | ast.List):
            return bool(node.elts) and all(map(self.is_drawing, node.elts))
        if isinstance(node, ast.ListComp):
            return self.is_drawing(node.elt)
        return isinstance(node, ast.Call) and (
            bool(_DRAWERS.match(called(node))) or root(node.func) in self.canvas
        )

    def draws(self, node: ast.stmt) -> bool:
        """这一句只画图。"""
        if isinstance(node, ast.Expr):
            return self.is_drawing(node.value)
        if isinstance(node, ast.Assign):
            return self.is_drawing(node.value) or root(node.value) in self.canvas
        inner = bodies(node)
        kinds = ast.For | ast.With | ast.FunctionDef
        return isinstance(node, kinds) and all(map(self.draws, inner))

    def displays(self, node: ast.stmt) -> bool:
        """这一句只画图或打印。"""
        if isinstance(node, ast.For | ast.With | ast.If):
            return all(map(self.displays, bodies(node)))
        printing = isinstance(node, ast.Expr) and called(node.value) == "print"
        return printing or node in self.drawn

    @cached_property
    def drawings(self) -> list[ast.stmt]:
        """只画图的语句，和只为画图算的；套在里面的不另算。"""
        return list(self._drawings(self.tree.body))

    def _drawings(self, body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for statement in body:
            if statement in self.drawn:
                yield statement
            else:
                yield from self._drawings(bodies(statement))

    @cached_property
    def canvas(self) -> set[str]:
        """画布、坐标轴、动画的名字。"""
        self.canvas = found = {"plt", "ax", "axes", "axs", "fig"}  # 下面用到 is_drawing
        before = 0
        while before < len(found):
            before = len(found)
            for node in ast.walk(self.tree):
                if isinstance(node, ast.Assign) and self._on_canvas(node.value):
                    found.update(*(names(t) for t in node.targets if root(t) == "" or
                                   isinstance(t, ast.Name)))  # fmt: skip
                elif isinstance(node, ast.For | ast.comprehension):
                    found.update(self._bound(node.target, node.iter))
                elif isinstance(node, ast.FunctionDef) and self.draws(node):
                    found.add(node.name)
        return found

    def _on_canvas(self, value: ast.AST) -> bool:
        return self.is_drawing(value) or root(value) in self.canvas

    def _bound(self, target: ast.AST, source: ast.AST) -> set[str]:
        """循环变量里哪些是坐标轴。"""
        parts = target.elts if isinstance(target, ast.Tuple) else []
        if called(source) == "enumerate" and len(parts) == 2:
            return self._bound(parts[1], source.args[0])
        if called(source) == "zip" and parts:
            pairs = zip(parts, source.args)  # noqa: B905
            return set().union(*(self._bound(*pair) for pair in pairs))
        if isinstance(source, ast.Tuple | ast.List):
            rows = [row.elts for row in source.elts if isinstance(row, ast.Tuple)]
            columns = zip(*rows) if rows and parts else ()  # noqa: B905
            return set().union(*(names(part) for part, column in zip(parts, columns)  # noqa: B905
                                 if all(self._on_canvas(cell) for cell in column)),
                               names(target) if not parts and source.elts
                               and all(map(self._on_canvas, source.elts)) else ())  # fmt: skip
        return names(target) if self._on_canvas(source) else set()

    @cached_property
    def drawn(self) -> set[ast.stmt]:
        """只画图的语句，和只为画图算的：算出的名字，只有画图的语句直接或间接用到。"""
        statements = [node for node in ast.walk(self.tree) if isinstance(node, ast.stmt)]
        found = {part for statement in statements if self.draws(statement)
                 for part in ast.walk(statement) if isinstance(part, ast.stmt)}  # fmt: skip
        before = -1
        while before < len(found):
            before, used = len(found), self._loaded(found)
            drawn = set().union(*map(names, found))
            for node in statements:
                made, inner = _made(node), bodies(node)
                nested = isinstance(node, ast.For | ast.With | ast.If) and set(inner) <= found
                if nested or (made & drawn and not made & used):
                    found.add(node)
        return found

    def _loaded(self, ignored: set) -> set[str]:
        """不在 `ignored` 里的语句用到的名字。"""
        used: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.stmt) and node not in ignored:
                own = {part for part in _own(node) if isinstance(part, ast.Name)
                       and isinstance(part.ctx, ast.Load)}  # fmt: skip
                used |= {part.id for part in own} - _appended(node)
        return used

    # --- 种子 ----------------------------------------------------------------------------------

    @cached_property
    def seeded(self) -> dict[str, set[int]]:
        """块里定义的函数，第几个参数是种子。"""
        self._find_seeds()
        return self.seeded

    @cached_property
    def seeds(self) -> set[str]:
        """装种子的名字。"""
        self._find_seeds()
        return self.seeds

    def _find_seeds(self) -> None:
        nodes = list(ast.walk(self.tree))
        self.seeds = {name for node in nodes for name in
                      (getattr(node, "id", ""), getattr(node, "arg", "")) if name
                      and isinstance(name, str) and _SEED.match(name)}  # fmt: skip
        self.seeded = {}
        before = -1
        while before < len(self.seeds) + sum(map(len, self.seeded.values())):
            before = len(self.seeds) + sum(map(len, self.seeded.values()))
            for node in nodes:
                self._spread(node)

    def _spread(self, node: ast.AST) -> None:
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg and _SEED.match(keyword.arg):
                    self.seeds |= names(keyword.value)
            for index, argument in enumerate(node.args):
                if called(node) in _SEED_CALLS or index in self.seeded.get(called(node), ()):
                    self.seeds |= names(argument)
        elif isinstance(node, ast.FunctionDef):
            self._parameters(node.name, node.args)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            for target in node.targets:
                self._parameters(root(target), node.value.args)

    def _parameters(self, name: str, arguments: ast.arguments) -> None:
        found = {i for i, a in enumerate(arguments.args) if a.arg in self.seeds}
        self.seeded.setdefault(name, set()).update(found)


def is_check(node: ast.stmt) -> bool:
    """`torch.testing.assert_close(…)` 与 `assert` 一样是断言。"""
    return isinstance(node, ast.Expr) and called(node.value).startswith("assert_")


def _own(statement: ast.stmt) -> Iterator[ast.AST]:
    """语句自己的部分，不进里面的语句。"""
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [c for c in ast.iter_child_nodes(node)
                    if not isinstance(c, ast.stmt | ast.ExceptHandler)]  # fmt: skip


def _made(statement: ast.stmt) -> set[str]:
    """这一句算出的名字；有别的作用的（训练、原地修改）不算。"""
    if any(_EFFECTS.match(called(node)) for node in ast.walk(statement)):
        return set()
    if isinstance(statement, ast.Assign):
        simple = all(isinstance(t, ast.Name | ast.Tuple) for t in statement.targets)
        return set().union(*map(names, statement.targets)) if simple else set()
    if isinstance(statement, ast.AugAssign):
        return {root(statement.target)}
    return _appended(statement)


def _appended(statement: ast.stmt) -> set[str]:
    """`xs.append(…)` 里的 `xs`。"""
    value = getattr(statement, "value", None)
    if isinstance(statement, ast.Expr) and called(value) == "append":
        return {root(value.func)}
    return set()
