"""把一次标量运算记录成计算图：每个结点的值，每条边上反向传回的梯度。"""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from dlnotes._core.check import callable_, shown
from dlnotes.plotting.diagrams._canvas import number

__all__ = ["Node", "record_graph"]


@dataclass(frozen=True)
class Node:
    """计算图的一个结点。

    Attributes:
        label: 输入的名字，或运算的写法；一元运算里的 x 泛指它的输入。
        value: 前向传播算出的值。
        grad: 输出对它的导数；有几条边从它出发时，是各条边上梯度之和。
        sources: 各个操作数是第几个结点；输入与常数没有操作数。
        edge_grads: 沿各条入边传回去的梯度，与 `sources` 对应。
    """

    label: str
    value: float
    grad: float
    sources: tuple[int, ...] = ()
    edge_grads: tuple[float, ...] = ()


_BINARY = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "true_divide": "÷", "maximum": "max",
           "minimum": "min"}  # fmt: skip
_UNARY = {"neg": "−x", "negative": "−x", "reciprocal": "1/x", "square": "x²", "sqrt": "√x",
          "sigmoid": "σ", "relu": "ReLU", "abs": "|x|", "rsqrt": "1/√x"}  # fmt: skip
_WITH_NUMBER = {"add": "+{}", "sub": "−{}", "mul": "×{}", "div": "÷{}", "true_divide": "÷{}",
                "rsub": "{}−x", "rdiv": "{}/x", "pow": "x^{}", "rpow": "{}^x"}  # fmt: skip


def record_graph(function: Callable[..., Tensor], /, **inputs: float | int | Tensor) -> list[Node]:
    """用 float64 算一遍 `function(**inputs)`，再反向传播一遍，记下每一步。

    每个操作数用的是一份副本，所以同一个数用两次时，两条边各有自己的梯度。与结果无关的步骤不记。

    Args:
        function: 由标量张量算出一个标量张量的函数，用 Python 的运算符或 `torch` 的函数写。
        **inputs: 各个输入的值。

    Returns:
        结点，操作数总在运算之前，最后一个是结果。

    Raises:
        TypeError: 有一个输入不是数。
        ValueError: 没有输入，中途出现不是标量的张量，或者结果与输入无关。

    Examples:
        >>> nodes = record_graph(lambda x: x * x, x=3.0)
        >>> nodes[-1].label, nodes[-1].value, nodes[-1].edge_grads, nodes[0].grad
        ('×', 9.0, (3.0, 3.0), 6.0)
    """
    callable_("function", function)
    if not inputs:
        raise ValueError("inputs 应至少有一个输入，收到 0 个")
    leaves = {name: _leaf(name, value) for name, value in inputs.items()}
    recorder = _Recorder(leaves)
    with torch.enable_grad(), torch.device("cpu"), recorder:
        result = function(**leaves)
    if not isinstance(result, Tensor) or not result.requires_grad or id(result) not in recorder.ids:
        raise ValueError(f"function 应返回由输入算出的标量张量，收到 {result!r}")
    return recorder.nodes(recorder.ids[id(result)])


def _leaf(name: str, value: float | int | Tensor) -> Tensor:
    if isinstance(value, Tensor) and value.numel() == 1:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"inputs 里的 {name} 应为一个数，收到 {shown(value)}")
    return torch.tensor(float(value), dtype=torch.float64, device="cpu", requires_grad=True)


class _Recorder(TorchFunctionMode):
    """拦下每一次 torch 运算：把操作数换成副本，记下运算、操作数与结果。"""

    def __init__(self, leaves: dict[str, Tensor]) -> None:
        super().__init__()
        self.labels: list[str] = []
        self.tensors: list[Tensor] = []
        self.uses: list[list[tuple[int, Tensor]]] = []
        self.ids: dict[int, int] = {}
        for name, leaf in leaves.items():
            self._add(name, leaf, [])

    def __torch_function__(self, func, types, args=(), kwargs=None):
        uses: list[tuple[int, Tensor]] = []
        inputs = [self._use(value, uses) for value in args]
        options = {name: self._use(value, uses) for name, value in (kwargs or {}).items()}
        out = func(*inputs, **options)
        if not isinstance(out, Tensor) or not out.is_floating_point() or not uses:
            return out
        if out.ndim:
            shape = tuple(out.shape)
            raise ValueError(f"function 里的张量都应是标量，{func.__name__} 得到形状 {shape}")
        self._add(_label(func.__name__, args), out, uses)
        return out

    def _use(self, value, uses: list):
        if not isinstance(value, Tensor) or not value.is_floating_point():
            return value
        if id(value) not in self.ids:
            if value.ndim:
                raise ValueError(f"function 里的张量都应是标量，收到形状 {tuple(value.shape)}")
            self._add(number(value.item()), value, [])
        uses.append((self.ids[id(value)], value.clone()))
        return uses[-1][1]

    def _add(self, label: str, tensor: Tensor, uses: list) -> None:
        self.ids[id(tensor)] = len(self.tensors)
        self.labels.append(label)
        self.tensors.append(tensor)
        self.uses.append(uses)

    def nodes(self, last: int) -> list[Node]:
        """结果是第 `last` 步：反向传播，并去掉与它无关的步骤。"""
        kept = self._reaching(last)
        grads = self._gradients(kept, last)
        renumbered = {k: new for new, k in enumerate(kept)}
        return [
            Node(
                self.labels[k], self.tensors[k].item(), grads[id(self.tensors[k])],
                tuple(renumbered[source] for source, _ in self.uses[k]),
                tuple(grads[id(use)] for _, use in self.uses[k]),
            )
            for k in kept
        ]  # fmt: skip

    def _reaching(self, last: int) -> list[int]:
        kept = {last}
        for k in range(last, -1, -1):
            if k in kept:
                kept |= {source for source, _ in self.uses[k]}
        return sorted(kept)

    def _gradients(self, kept: list[int], last: int) -> dict[int, float]:
        tensors = [self.tensors[k] for k in kept] + [use for k in kept for _, use in self.uses[k]]
        wanted = [tensor for tensor in tensors if tensor.requires_grad]
        grads = torch.autograd.grad(self.tensors[last], wanted, allow_unused=True)
        found = {id(t): g.item() for t, g in zip(wanted, grads, strict=True) if g is not None}
        return {id(tensor): found.get(id(tensor), 0.0) for tensor in tensors}


def _label(name: str, args: tuple) -> str:
    name = name.strip("_")
    constants = [a for a in args if isinstance(a, Real) and not isinstance(a, bool)]
    if len(args) == 2 and len(constants) == 1 and name in _WITH_NUMBER:
        text = _WITH_NUMBER[name].format(number(constants[0]))
        return {"x^2": "x²", "x^3": "x³"}.get(text, text)
    names = _BINARY if len(args) == 2 and not constants else _UNARY
    return names.get(name, name)
