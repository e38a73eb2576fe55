"""画矩阵：一对基向量，与矩阵、向量、乘积并排的图。"""

import numpy as np
from jaxtyping import Num
from matplotlib import pyplot as plt

from dlnotes._core.check import positive, real
from dlnotes.plot_lib.arrays import Array, to_array, to_column, to_finite

__all__ = ["plot_bases", "show_mat"]


def plot_bases(
    bases: Num[Array, "4 2"], plotting: bool | float = True, width: float = 0.04
) -> None:
    """画一对基向量：第一条红色，第二条绿色；句柄留在 `plot_bases.a` 与 `plot_bases.b`。

    第一代的第二个参数是箭杆宽度，第二代是开关：布尔值当作开关，别的数当作宽度。

    Args:
        bases: 形状 (4, 2)，前两行是两条箭头的起点，后两行是终点。不会被改动。
        plotting: 是否画；`False` 时什么也不做。
        width: 箭杆宽度，数据坐标，大于 0。

    Raises:
        TypeError: `bases` 不是数值，`plotting` 或 `width` 不是数。
        ValueError: `bases` 的形状不是 (4, 2)、含有 nan 或 inf，或宽度不大于 0。

    Examples:
        >>> import torch
        >>> plot_bases(torch.cat((torch.zeros(2, 2), torch.eye(2))), 0.01)
        >>> plot_bases.a.get_facecolor()[:3]
        (1.0, 0.0, 0.0)
        >>> plt.close()
    """
    if not isinstance(plotting, bool | np.bool_):
        plotting, width = True, positive("plotting", plotting)
    positive("width", width)
    ends = to_finite("bases", bases)
    if ends.shape != (4, 2):
        raise ValueError(f"bases 的形状应为 (4, 2)：两个起点、两个终点，收到 {ends.shape}")
    if plotting:
        plot_bases.a, plot_bases.b = (
            plt.arrow(
                *ends[i], *(ends[i + 2] - ends[i]), width=width, color=colour,
                length_includes_head=True, zorder=10,
            )
            for i, colour in enumerate([(1.0, 0.0, 0.0), (0.0, 1.0, 0.0)])
        )  # fmt: skip


plot_bases.a = plot_bases.b = None


def show_mat(
    mat: Num[Array, "M D"],
    vect: Num[Array, "D *one"],
    prod: Num[Array, "M *one"],
    threshold: float = -1,
) -> None:
    """新开一张图，并排画出矩阵、向量和它们的乘积。

    Args:
        mat: 矩阵，形状 (M, D)。
        vect: 向量，形状 (D, 1) 或 (D,)。
        prod: 乘积，形状 (M, 1) 或 (M,)。
        threshold: 乘积颜色的下限，小于 1；低于它的值同色。矩阵与向量的颜色范围是 −1 到 1。

    Raises:
        TypeError: 有不是数值的参数。
        ValueError: 没有元素，形状彼此不符，或 `threshold` 不小于 1。

    Examples:
        >>> import torch
        >>> show_mat(torch.ones(3, 2), torch.ones(2, 1), torch.ones(3, 1))
        >>> [ax.get_title() for ax in plt.gcf().axes[:3]]
        ['A: 3 × 2', 'a^(i): 2', 'p: 3']
        >>> plt.close()
    """
    A = to_array("mat", mat)
    if A.ndim != 2 or A.size == 0:
        raise ValueError(f"mat 应为二维且有元素，收到形状 {A.shape}")
    a, p = to_column("vect", vect, A.shape[1]), to_column("prod", prod, A.shape[0])
    if not real("threshold", threshold) < 1:
        raise ValueError(f"threshold 应为小于 1 的数，收到 {threshold!r}")
    fig = plt.figure()
    # 套一层 1×1 的网格：这三格自成一图，之后的 show_scatterplot 不会画进来。
    grid = fig.add_gridspec(1, 1)[0].subgridspec(1, 3, width_ratios=[5, 1, 1])
    axes = grid.subplots(sharey=True)
    lows = (-1, -1, threshold)
    images = [
        ax.matshow(values, vmin=low, vmax=1)
        for ax, values, low in zip(axes, (A, a, p), lows, strict=True)
    ]
    axes[0].set_title(f"A: {A.shape[0]} × {A.shape[1]}")
    axes[1].set(title=f"a^(i): {a.size}", xticks=[])
    axes[2].set(title=f"p: {p.size}", xticks=[])
    fig.colorbar(images[0], ax=axes[1])
    fig.colorbar(images[2], ax=axes[2])
    axes[0].set_ylim(bottom=max(len(a), len(p)) - 0.5)
