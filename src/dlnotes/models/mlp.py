"""多层感知机。"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import nn

from dlnotes._core.check import layer_maker, positive_int, sequence
from dlnotes._core.rng import current_devices, integer_seed, seeded

__all__ = ["mlp"]


def mlp(
    sizes: Sequence[int],
    activation: Callable[[], nn.Module] | None = nn.ReLU,
    *,
    seed: int | None = None,
) -> nn.Sequential:
    """多层感知机：仿射层与激活函数交替，最后一层之后没有激活函数。

    Args:
        sizes: 各层宽度，从输入到输出，至少两个正整数；`[2, 100, 3]` 是一个 100 单元的隐藏层。
        activation: 每次调用造出一个激活层的函数，如 `nn.ReLU`；`None` 表示没有激活函数。
        seed: 初始化参数的种子；给出时不影响外面的随机状态，省略时用外面的随机状态。

    Returns:
        输入形状 (B, sizes[0])、输出形状 (B, sizes[-1]) 的网络；分类时输出是 logits。

    Raises:
        TypeError: `sizes` 不是一串数，`activation` 不是函数，或 `seed` 不是整数。
        ValueError: `sizes` 少于两个，有一个不是正整数，或 `seed` 是负数。

    Examples:
        >>> mlp([2, 100, 3], seed=0)
        Sequential(
          (0): Linear(in_features=2, out_features=100, bias=True)
          (1): ReLU()
          (2): Linear(in_features=100, out_features=3, bias=True)
        )
    """
    sizes = [positive_int("sizes 的每一项", size) for size in sequence("sizes", sizes)]
    if len(sizes) < 2:
        raise ValueError(f"sizes 应至少有两个正整数（输入与输出的宽度），收到 {sizes}")
    if activation is not None:
        layer_maker("activation", activation)
    with seeded(seed if seed is None else integer_seed(seed), current_devices()):
        return _stack(sizes, activation)


def _stack(sizes: Sequence[int], activation: Callable[[], nn.Module] | None) -> nn.Sequential:
    layers: list[nn.Module] = []
    for num_inputs, num_outputs in pairwise(sizes):
        layers.append(nn.Linear(num_inputs, num_outputs))
        if activation is not None:
            layers.append(activation())
    return nn.Sequential(*(layers[:-1] if activation is not None else layers))
