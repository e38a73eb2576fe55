"""网络的逐层清单：输出形状、参数个数、乘加次数。"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call

from dlnotes._core.check import instance_of, positive_int, sequence
from dlnotes._core.modes import evaluating
from dlnotes._core.text import display_width, pad

__all__ = ["LayerRow", "Summary", "summary"]

HEADERS = ("层", "类型", "输出形状", "参数", "乘加次数")
CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


@dataclass(frozen=True)
class LayerRow:
    """清单的一行。

    Attributes:
        name: 层的名字，如 `features.0`。
        kind: 层的类名，如 `Conv2d`。
        output_shape: 输出的形状，不含批量那一维。
        num_params: 参数个数；同一层第二次出现时记 0。
        num_macs: 一个样本的乘加次数。
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    num_params: int
    num_macs: int

    def cells(self) -> tuple[str, ...]:
        """这一行的五个格子，都是文字。"""
        shape = str(self.output_shape)
        return (self.name, self.kind, shape, f"{self.num_params:,}", f"{self.num_macs:,}")


@dataclass(frozen=True)
class Summary:
    """整张清单；`print` 出来是按显示宽度对齐的表。

    Attributes:
        rows: 各层，按执行的先后排列。
        num_params: 整个网络的参数个数，共享的只数一次。
    """

    rows: tuple[LayerRow, ...]
    num_params: int

    @property
    def num_macs(self) -> int:
        """一个样本的乘加次数之和。"""
        return sum(row.num_macs for row in self.rows)

    def __str__(self) -> str:
        table = self._cells()
        widths = [max(map(display_width, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(map(pad, row, widths, (0, 0, 0, 1, 1))).rstrip() for row in table]
        rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    def to_markdown(self) -> str:
        """同一张表的 Markdown 写法。"""
        table = self._cells()
        rule = ("---", "---", "---", "--:", "--:")
        rows = [table[0], rule, *table[1:]]
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

    def _cells(self) -> list[tuple[str, ...]]:
        total = ("合计", "", "", f"{self.num_params:,}", f"{self.num_macs:,}")
        return [HEADERS, *(row.cells() for row in self.rows), total]


def summary(
    model: nn.Module, input_size: Sequence[int], dtype: torch.dtype | None = None
) -> Summary:
    """列出网络每一层的输出形状、参数个数与乘加次数。

    只在 meta 设备上推演形状，不做真正的运算，大网络也很快；推演不了的网络（前向传播要看数值）
    才在原来的设备上真算一次。训练模式、参数、缓存与随机状态都不变，钩子全部撤除。

    一次乘加（multiply–accumulate, MAC）是一次乘法加一次加法，约合 2 FLOPs。这里数线性层与卷积的
    乘加，不数偏置、归一化、激活与池化；在 `forward` 里直接调用的函数（如 `F.relu`）没有对应的行。

    Args:
        model: 任意网络。
        input_size: 一个样本的形状，不含批量那一维，例如 (3, 224, 224)。
        dtype: 输入的数据类型；缺省与参数相同。

    Returns:
        清单。

    Raises:
        TypeError: `model` 不是网络，`input_size` 不是一串数，或 `dtype` 不是数据类型。
        ValueError: `input_size` 有一项不是正整数，或者网络的前向传播不接受这个形状。

    Examples:
        >>> print(summary(nn.Sequential(nn.Linear(2, 100), nn.ReLU(), nn.Linear(100, 3)), (2,)))
        层    类型    输出形状  参数  乘加次数
        ──────────────────────────────────────
        0     Linear  (100,)     300       200
        1     ReLU    (100,)       0         0
        2     Linear  (3,)       303       300
        ──────────────────────────────────────
        合计                     603       500
    """
    instance_of("model", model, nn.Module)
    for size in sequence("input_size", input_size):
        positive_int("input_size 的每一项", size)
    if dtype is not None:
        instance_of("dtype", dtype, torch.dtype)
    first = next(model.parameters(), torch.empty(0))
    X = torch.zeros(1, *input_size, dtype=dtype or first.dtype, device="meta")
    with evaluating(model):
        try:
            rows = _trace(model, X, first.device)
        except Exception as error:  # 用户的 forward 什么异常都可能抛
            raise ValueError(
                f"model 应接受形状 {tuple(X.shape)}、类型 {X.dtype} 的输入"
                f"（input_size={tuple(input_size)}），前向传播时出错：{error}"
            ) from error
    return Summary(tuple(rows), sum(p.numel() for p in model.parameters()))


def _trace(model: nn.Module, X: Tensor, device: torch.device) -> list[LayerRow]:
    """先在 meta 设备上推演，推演不了再在 `device` 上真算一次。"""
    try:
        return _record(model, lambda: _forward_on_meta(model, X))
    except (NotImplementedError, RuntimeError):
        return _record(model, lambda: model(torch.zeros_like(X, device=device)))


def _forward_on_meta(model: nn.Module, X: Tensor) -> None:
    tensors = dict(model.named_parameters()) | dict(model.named_buffers())
    shapes = {name: torch.empty_like(t, device="meta") for name, t in tensors.items()}
    with torch.device("meta"):
        functional_call(model, shapes, (X,))


def _record(model: nn.Module, run: Callable[[], object]) -> list[LayerRow]:
    """给每个叶子层（以及自己带参数的层）挂钩子，跑一次，撤钩子。"""
    rows: list[LayerRow] = []
    seen: set[nn.Module] = set()

    def hook(name: str) -> Callable:
        def write_row(layer: nn.Module, inputs: tuple, output: object) -> None:
            own = 0 if layer in seen else sum(p.numel() for p in layer.parameters(recurse=False))
            seen.add(layer)
            out = _first_tensor(output)
            shape = tuple(out.shape[1:])
            rows.append(LayerRow(name, type(layer).__name__, shape, own, _macs(layer, inputs, out)))

        return write_row

    with ExitStack() as stack:
        for name, layer in model.named_modules():
            is_leaf = next(layer.children(), None) is None
            if is_leaf or next(layer.parameters(recurse=False), None) is not None:
                handle = layer.register_forward_hook(hook(name or type(layer).__name__))
                stack.callback(handle.remove)
        run()
    return rows


def _macs(layer: nn.Module, inputs: tuple, output: Tensor) -> int:
    """一个样本的乘加次数：每个输出（转置卷积是每个输入）用到几个权重。"""
    if isinstance(layer, nn.Linear):
        return output[0].numel() * layer.in_features
    if isinstance(layer, CONVS):
        return output[0].numel() * layer.weight[0].numel()
    if isinstance(layer, TRANSPOSED):
        return inputs[0][0].numel() * layer.weight[0].numel()
    return 0


def _first_tensor(output: object) -> Tensor:
    while not isinstance(output, Tensor):
        output = next(iter(output.values() if isinstance(output, dict) else output))
    return output
