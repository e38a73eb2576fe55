"""代码里的常见写法：更新参数，训练的循环，随机抽的数据，量两个数差多少。"""

import ast
import re

from mutants.source import called, names, root

INPUT = re.compile(r"(X|x|A|inputs?|features)(_[a-z]+)?$")
RANDOM = frozenset({"randn", "randint", "randperm"})
DISTANCES = frozenset({"abs", "max", "amax", "norm", "square", "mean", "sum"})


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str)


def is_draw(node: ast.AST) -> bool:
    """`(torch.rand(n) < 0.05).float()`：随机抽的，与输入无关。"""
    return not any(map(INPUT.match, names(node))) and any(
        called(part) in RANDOM | {"rand"} for part in ast.walk(node)
    )


def is_random(node: ast.AST) -> bool:
    """随机抽的成分：正负号没有意义。"""
    return any(called(part) in RANDOM or "noise" in getattr(part, "id", "")
               for part in ast.walk(node))  # fmt: skip


def is_training(node: ast.For) -> bool:
    """循环里有更新：反向传播，走一步，原地减。"""
    parts = [part for statement in node.body for part in ast.walk(statement)]
    return any(called(part) in {"backward", "step", "grad"} or is_update(part) for part in parts)


def is_update(node: ast.AST) -> bool:
    """`w -= …` 与 `w = w - …`；减去一个写死的数只是计数。"""
    if isinstance(node, ast.AugAssign):
        return isinstance(node.op, ast.Sub) and not isinstance(node.value, ast.Constant)
    value = getattr(node, "value", None)
    if not (isinstance(node, ast.Assign) and isinstance(value, ast.BinOp)):
        return False
    return (isinstance(value.op, ast.Sub) and isinstance(value.left, ast.Name)
            and [root(target) for target in node.targets] == [value.left.id]
            and not isinstance(value.right, ast.Constant))  # fmt: skip


def is_distance(node: ast.AST) -> bool:
    """`(a - b).abs().max()`：量两个数差多少，换一种量法不是错。"""
    while isinstance(node, ast.Call | ast.GeneratorExp | ast.ListComp):
        if not isinstance(node, ast.Call):
            node = node.elt
        elif isinstance(node.func, ast.Attribute):
            node = node.func.value
        else:
            node = node.args[0] if node.args else None
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)
