"""二维玩具数据：螺旋、异或。"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dlnotes._core.check import at_least, positive_int
from dlnotes._core.rng import generator_from

__all__ = ["spiral", "xor"]


def spiral(
    num_per_class: int = 1000,
    num_classes: int = 3,
    noise: float = 0.2,
    *,
    seed: int | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Float[Tensor, "n 2"], Int[Tensor, " n"]]:
    r"""螺旋数据：每一类是一条从原点向外转三分之二圈多的臂。

    第 \(c\) 类的第 \(i\) 个点由半径 \(t\) 与角度 \(\theta\) 决定：

    \[ X = t\,(\sin\theta, \cos\theta),\quad
       \theta = \frac{2\pi}{C}(c + 2t) + \sigma\,\varepsilon \]

    其中 \(t\) 从 0 均匀走到 1，\(\varepsilon\) 服从标准正态分布：噪声加在角度上，不加在坐标上。

    Args:
        num_per_class: 每一类的点数 N，正整数。
        num_classes: 类别数 C，正整数。
        noise: 角度噪声的标准差 σ，弧度，不小于 0。
        seed: 随机种子。
        generator: CPU 上的随机数生成器，与 `seed` 二选一。

    Returns:
        `(X, y)`：特征 `X` 形状 (N·C, 2)，float32，落在单位圆内；类别 `y` 形状 (N·C,)，int64，
        取值 0 到 C−1，按类别顺序排列。

    Raises:
        TypeError: 点数或类别数不是整数，噪声不是实数。
        ValueError: 点数或类别数不是正数，噪声为负，或 `seed` 与 `generator` 没有恰好给一个。

    Examples:
        >>> X, y = spiral(seed=0)
        >>> X.shape, y.shape, y.unique().tolist()
        (torch.Size([3000, 2]), torch.Size([3000]), [0, 1, 2])

    来源: 斯坦福 CS231n 课程讲义的螺旋例子；点的次序与纽约大学 2020 年深度学习课程笔记本相同。
    """
    positive_int("num_per_class", num_per_class)
    positive_int("num_classes", num_classes)
    at_least("noise", noise, 0)
    rng = generator_from(seed, generator)
    t = torch.linspace(0, 1, num_per_class)
    arms = []
    for c in range(num_classes):
        first, last = 2 * math.pi / num_classes * c, 2 * math.pi / num_classes * (c + 2)
        theta = torch.linspace(first, last, num_per_class)
        theta = theta + noise * torch.randn(num_per_class, generator=rng)
        arms.append(torch.stack((t * theta.sin(), t * theta.cos()), dim=1))
    return torch.cat(arms), torch.arange(num_classes).repeat_interleave(num_per_class)


def xor(
    num_per_corner: int = 1,
    noise: float = 0.0,
    *,
    seed: int | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Float[Tensor, "n 2"], Int[Tensor, " n"]]:
    """异或数据：正方形的四个角，对角同类。

    Args:
        num_per_corner: 每个角的点数，正整数；为 1 且没有噪声时就是异或真值表。
        noise: 坐标上正态噪声的标准差，不小于 0。
        seed: 随机种子。
        generator: CPU 上的随机数生成器，与 `seed` 二选一。

    Returns:
        `(X, y)`：`X` 形状 (4·num_per_corner, 2)，float32；`y` 形状 (4·num_per_corner,)，
        int64，两个坐标不同的角为 1，相同的为 0。

    Raises:
        TypeError: 点数不是整数，噪声不是实数。
        ValueError: 点数不是正数，噪声为负，或 `seed` 与 `generator` 没有恰好给一个。

    Examples:
        >>> xor(seed=0)
        (tensor([[0., 0.],
                [0., 1.],
                [1., 0.],
                [1., 1.]]), tensor([0, 1, 1, 0]))
    """
    positive_int("num_per_corner", num_per_corner)
    at_least("noise", noise, 0)
    rng = generator_from(seed, generator)
    corners = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    X = corners.repeat_interleave(num_per_corner, dim=0)
    y = torch.tensor([0, 1, 1, 0]).repeat_interleave(num_per_corner)
    return X + noise * torch.randn(X.shape, generator=rng), y
