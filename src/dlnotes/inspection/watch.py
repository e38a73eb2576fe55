"""看训练：读出每层的激活与梯度，不改动网络，也不让 GPU 停下来等。

这里的函数不改变模型的输出、梯度、训练模式与随机状态；钩子在离开 `with` 时总会移除，
中途出错也一样。
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from dlnotes._core.modes import evaluation_depth
from dlnotes.inspection._layers import first_tensor, read_back, select
from dlnotes.nn.activations import derivative
from dlnotes.nn.catalogue import CATALOGUE

__all__ = ["LayerStats", "watch"]

_MAX_SLOPES = {type(a.module()): a.derivative_range[1] for a in CATALOGUE.values()}

_MAX_WAITING = 10_000  # 设备上最多留这么多个没取回的数，免得占满内存


class _Readings:
    """各层记下的数。算出来的先留在设备上，要看或离开 `with` 时一次取回。"""

    def __init__(self, depth: int):
        self.depth = depth
        self.waiting: list[tuple[Callable[[float], None], Tensor]] = []

    def add(self, receive: Callable[[float], None], number: Tensor) -> None:
        """记下 0 维张量 `number`；取回之后交给 `receive`。"""
        self.waiting.append((receive, number))
        if len(self.waiting) >= _MAX_WAITING:
            self.collect()

    def collect(self) -> None:
        """取回全部。"""
        waiting, self.waiting = self.waiting, []
        values = read_back([number for _, number in waiting])
        for (receive, _), value in zip(waiting, values, strict=True):
            receive(value)


class LayerStats:
    """一层的记录。每次前向在前四个列表里各添一个数，每次反向在 `grad_norm` 里添一个数。

    在 GPU 上，这些数算出来先留在设备上，第一次看某个列表时、或离开 `with` 时才一起取回。

    Attributes:
        kind: 层的类名。
    """

    def __init__(self, kind: str, readings: _Readings):
        self.kind = kind
        self._readings = readings
        self._mean: list[float] = []
        self._std: list[float] = []
        self._zero_ratio: list[float] = []
        self._saturation: list[float] = []
        self._grad_norm: list[float] = []
        self._seen: set[int] = set()

    @property
    def mean(self) -> list[float]:
        """输出的均值，一次前向一个数。"""
        return self._read(self._mean)

    @property
    def std(self) -> list[float]:
        """输出的标准差（除以 n）。"""
        return self._read(self._std)

    @property
    def zero_ratio(self) -> list[float]:
        """输出恰为 0 的比例，在 [0, 1] 内。"""
        return self._read(self._zero_ratio)

    @property
    def saturation(self) -> list[float]:
        """饱和的比例：导数的绝对值不到最大值 5 % 的单元所占的比例。

        只有激活层（`CATALOGUE` 里的）才有，其余的层为空。
        """
        return self._read(self._saturation)

    @property
    def grad_norm(self) -> list[float]:
        """损失对本层自己的参数（不含子层）的梯度的 2-范数，一次反向一个数。

        没有可训练参数的层为空。
        """
        return self._read(self._grad_norm)

    def __repr__(self) -> str:
        counts = f"前向 {len(self.mean)} 次，反向 {len(self.grad_norm)} 次"
        return f"LayerStats({self.kind}：{counts})"

    def _read(self, values: list[float]) -> list[float]:
        self._readings.collect()
        return values

    def _is_training(self) -> bool:
        """不在 `watch` 里面开始的 `evaluating` 之中。"""
        return evaluation_depth() <= self._readings.depth

    def _read_output(self, module: nn.Module, inputs: tuple, output: object) -> None:
        y = first_tensor(output)
        if y is None or not y.is_floating_point() or y.numel() == 0 or not self._is_training():
            return
        y = y.detach().float() if y.itemsize < 4 else y.detach()  # 半精度的平均值太粗
        self._readings.add(self._mean.append, y.mean())
        self._readings.add(self._std.append, y.std(correction=0))
        self._add_ratio(self._zero_ratio, y == 0)

    def _read_input(self, module: nn.Module, inputs: tuple) -> None:
        """前向之前读：原地（inplace）的激活层做完之后，输入就不在了。"""
        if inputs and inputs[0].numel() and self._is_training():
            slope = derivative(module.forward, inputs[0]).abs()
            self._add_ratio(self._saturation, slope < 0.05 * _MAX_SLOPES[type(module)])

    def _add_ratio(self, values: list[float], hits: Tensor) -> None:
        """数整数再在 CPU 上除：设备上用 float32 求平均会有误差，而苹果的 GPU 没有 float64。"""
        total = hits.numel()
        self._readings.add(lambda count: values.append(count / total), hits.sum())

    def _gradient_reader(self, index: int) -> Callable[[Tensor], None]:
        """第 `index` 个参数的钩子；同一个参数再次出现，就是新的一次反向。"""

        def read(grad: Tensor) -> None:
            fresh = not self._seen or index in self._seen
            if fresh:
                self._seen.clear()
            self._seen.add(index)
            receive = self._grad_norm.append if fresh else self._add_to_norm
            self._readings.add(receive, grad.detach().norm())

        return read

    def _add_to_norm(self, norm: float) -> None:
        self._grad_norm[-1] = math.hypot(self._grad_norm[-1], norm)


@contextmanager
def watch(model: nn.Module, layers: Iterable[str] | None = None) -> Iterator[dict[str, LayerStats]]:
    """在 `with` 里记录各层的激活与梯度；离开后记录保留，钩子全部移除。

    只看得到写成 `nn.Module` 的层：`forward` 里直接调用的 `torch.relu(x)` 没有名字，无从查看。
    同一个层在一次前向里用了两次，就有两条激活记录。`with` 里用 `evaluate`、`predict`、
    `fit(valid=…)` 等做的评估不算在内，记下的只有训练。在 GPU 上不逐层等待：数都先留在设备上。

    Args:
        model: 任意网络，在任意设备、任意模式。
        layers: 要看的层名；省略时看所有最内层的模块。

    Yields:
        层名 → `LayerStats`，按模型里的顺序；随每次前向、反向增长。

    Raises:
        ValueError: `layers` 里有模型没有的层；信息里列出可用的名字。
        TypeError: `model` 不是 `nn.Module`，或 `layers` 是一个字符串。

    Examples:
        >>> net = nn.Sequential(nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 1))
        >>> with watch(net) as stats:
        ...     net(torch.zeros(8, 2)).sum().backward()
        >>> list(stats), len(stats["1"].mean), len(stats["0"].grad_norm)
        (['0', '1', '2'], 1, 1)

    来源: X. Glorot, Y. Bengio, 2010, §3–4（逐层的激活与梯度）.
    """
    modules = select(model, layers)
    readings = _Readings(evaluation_depth())
    stats = {name: LayerStats(type(module).__name__, readings) for name, module in modules.items()}
    try:
        with ExitStack() as hooks:
            for name, module in modules.items():
                for handle in _attach(module, stats[name]):
                    hooks.callback(handle.remove)
            yield stats
    finally:
        readings.collect()


def _attach(module: nn.Module, stats: LayerStats) -> Iterator[torch.utils.hooks.RemovableHandle]:
    yield module.register_forward_hook(stats._read_output)
    if type(module) in _MAX_SLOPES:
        yield module.register_forward_pre_hook(stats._read_input)
    trainable = [p for p in module.parameters(recurse=False) if p.requires_grad]
    for index, parameter in enumerate(trainable):
        yield parameter.register_hook(stats._gradient_reader(index))
