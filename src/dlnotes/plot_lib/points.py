"""画点：带类别的数据，与各点自带颜色的散点图。"""

from collections.abc import Sequence

from jaxtyping import Num
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

from dlnotes._core.check import flag, positive
from dlnotes.plot_lib.arrays import Array, to_labelled_points, to_points
from dlnotes.plot_lib.colours import point_colours

__all__ = ["plot_data", "show_scatterplot"]

HALF_WIDTH = 1.1
"""螺旋数据画在 [-1.1, 1.1] 见方的范围里。"""

_CROSS = {"color": "0.35", "lw": 1, "zorder": 0.5}  # 过原点的十字线，压在数据点下面


def plot_data(
    X: Num[Array, "N D"],
    y: Num[Array, " N"],
    d: float = 0,
    auto: bool = False,
    zoom: float = 1,
    title: str = "Training data (x, y)",
) -> PathCollection:
    """散点图：按类别上色，范围是 [-1.1, 1.1] 见方，带过原点的十字线。

    Args:
        X: 点的坐标，形状 (N, D)，D 至少为 2，只画前两列。
        y: 类别，形状 (N,)。
        d: 不起作用，只为与原版的参数次序一致。
        auto: 是否改为按数据定范围（两轴仍等比）。
        zoom: 范围放大的倍数，大于 0。
        title: 标题。

    Returns:
        画出的点，可用来做图例。

    Raises:
        TypeError: `X` 或 `y` 不是数值，或 `auto` 不是真假。
        ValueError: 形状不对，或 `zoom` 不大于 0。

    Examples:
        >>> import torch
        >>> points = plot_data(torch.eye(2), torch.tensor([0, 1]), zoom=2)
        >>> [round(float(limit), 1) for limit in points.axes.get_xlim()]
        [-2.2, 2.2]
        >>> plt.close()
    """
    X, y = to_labelled_points(X, y)
    limit = HALF_WIDTH * positive("zoom", zoom)
    flag("auto", auto)
    ax = plt.gca()
    scatter = ax.scatter(X[:, 0], X[:, 1], c=y, s=20, cmap="Spectral")
    ax.axis("square")
    ax.axis((-limit, limit, -limit, limit))
    if auto:
        ax.axis("equal")
    ax.axis("off")
    _draw_cross(ax)
    ax.set_title(title)
    return scatter


def show_scatterplot(
    X: Num[Array, "N D"],
    colors: Num[Array, "..."] | Sequence | str,
    title: str = "",
    axis: bool = True,
) -> None:
    """散点图，每点的颜色由 `colors` 给出；整数对从 512×512 的二维颜色表里取色。

    画在哪里兼顾两代写法。`colors` 是整数对（第二代）时画在当前坐标轴上；否则（第一代）当前
    坐标轴还空着，或是多格子图中的一格，就画在上面；已经画过东西才新开一张图。

    Args:
        X: 点的坐标，形状 (N, D)，D 至少为 2，只画前两列。
        colors: 形状 (N, 2) 的整数是颜色表的下标，0 到 511；(N, 3) 或 (N, 4) 是 0 到 1 的
            RGB 或 RGBA；(N,) 的数按颜色映射上色；也可以是颜色名或一串颜色名。
        title: 标题。
        axis: 是否画过原点的十字线。

    Raises:
        TypeError: `X` 不是数值，(N, 2) 的 `colors` 不是整数，或 `axis` 不是真假。
        ValueError: 形状不对、个数与 `X` 不符，或数值超出范围。

    Examples:
        >>> import torch
        >>> X = torch.tensor([[-1.0, -1.0], [1.0, 1.0]])
        >>> show_scatterplot(X, ((X + 1) / 2 * 511).long())
        >>> plt.gca().collections[0].get_facecolor().shape
        (2, 4)
        >>> plt.close()
    """
    X = to_points("X", X)
    flag("axis", axis)
    values, indexed = point_colours(colors, len(X))
    ax = plt.gca() if indexed else _free_axes()
    ax.axis("equal")
    ax.scatter(X[:, 0], X[:, 1], c=values, s=30)
    ax.set_title(title)
    ax.axis("off")
    if axis:
        _draw_cross(ax)


def _draw_cross(ax: Axes) -> None:
    ax.axvline(0, **_CROSS)
    ax.axhline(0, **_CROSS)


def _free_axes() -> Axes:
    """当前坐标轴；它已画过东西、又不是多格子图中的一格时，新开一张图。"""
    ax = plt.gca()
    spec = ax.get_subplotspec()
    if spec is not None:  # 颜色条会把一格再切成两格，只看最外层的网格
        grid = spec.get_topmost_subplotspec().get_gridspec()
        if grid.nrows * grid.ncols > 1:
            return ax
    return plt.figure().gca() if ax.has_data() else ax
