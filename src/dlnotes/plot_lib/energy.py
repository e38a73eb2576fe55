"""画自由能：平面上的颜色与等高线，与三维的等高线。"""

import matplotlib as mpl
import numpy as np
from jaxtyping import Num
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dlnotes._core.check import integer, shown
from dlnotes.plot_lib.arrays import (
    Array,
    to_finite,
    to_index,
    to_labelled_points,
    to_pair,
    to_steps,
)
from dlnotes.plot_lib.points import plot_data

__all__ = ["plot_2d_energy_levels", "plot_3d_energy_levels"]

Energy = tuple[Array, Array, Array, int, int]
_GRIDS = ("xx", "yy", "F")


def plot_2d_energy_levels(
    X: Num[Array, "N D"],
    y: Num[Array, " N"],
    energy: Energy,
    v: tuple[float, float] | None = None,
    l: tuple[float, float, float] | None = None,  # noqa: E741
) -> None:
    """新开一张图，用颜色和等高线画出第 k 类的自由能，再叠上数据点。

    Args:
        X: 点的坐标，形状 (N, D)，D 至少为 2，只画前两列。
        y: 类别，形状 (N,)。
        energy: `(xx, yy, F, k, K)`：格点的横、纵坐标与能量，都是 (H, W)；类别 k；类别数 K。
            `torch.meshgrid` 的两种次序都可以。
        v: 颜色的下限与上限；省略时由能量决定。
        l: 等高线的起点、终点（不含）与间隔；省略时自动选取。

    Raises:
        TypeError: 有不是数值的参数。
        ValueError: 形状或取值不对。

    Examples:
        >>> import torch
        >>> xx, yy = torch.meshgrid(*[torch.linspace(-1, 1, 9)] * 2, indexing="xy")
        >>> energy = (xx, yy, xx**2 + yy**2, 1, 3)
        >>> plot_2d_energy_levels(torch.eye(2), torch.tensor([0, 1]), energy, (0, 2), (0, 2, 0.5))
        >>> plt.gcf().axes[0].get_title()
        'Free energy F(x, y = [0, 1, 0])'
        >>> plt.close()
    """
    xx, yy, F, title = _unpack_energy(energy)
    low, high = (None, None) if v is None else to_pair("v", v)
    levels = None if l is None else to_steps("l", l)
    to_labelled_points(X, y)  # 开图之前就查
    fig = plt.figure(figsize=(12, 10))
    ax = fig.gca()
    fig.colorbar(ax.pcolormesh(xx, yy, F, vmin=low, vmax=high), ax=ax)
    lines = ax.contour(xx, yy, F, levels=levels, colors="w", linewidths=1)
    ax.clabel(lines, inline=True, fontsize=10, colors="w")
    points = plot_data(X, y, title=title)
    ax.legend(*points.legend_elements(), title="Classes", loc="lower right")
    ax.axis((xx.min(), xx.max(), yy.min(), yy.max()))


def plot_3d_energy_levels(
    X: Num[Array, "N D"],
    y: Num[Array, " N"],
    energy: Energy,
    v: tuple[float, float] | None = None,
    l: tuple[float, float, float] | None = None,  # noqa: E741
    cbl: tuple[float, float, float] | None = None,
) -> tuple[Figure, Axes]:
    """新开一张三维图，画出第 k 类自由能的等高线，数据点落在高度 0 的平面上。

    Args:
        X: 点的坐标，形状 (N, D)，D 至少为 2，只画前两列。
        y: 类别，形状 (N,)。
        energy: 同 `plot_2d_energy_levels`。
        v: 颜色与高度的下限与上限；省略时取能量的最小与最大值。
        l: 等高线的起点、终点（不含）与间隔；省略时自动选取。
        cbl: 颜色条刻度的起点、终点（不含）与间隔；省略时与等高线相同。

    Returns:
        `(fig, ax)`，可用 `ax.view_init` 转动。

    Raises:
        TypeError: 有不是数值的参数。
        ValueError: 形状或取值不对。

    Examples:
        >>> import torch
        >>> xx, yy = torch.meshgrid(*[torch.linspace(-1, 1, 9)] * 2, indexing="xy")
        >>> energy = (xx, yy, xx**2 + yy**2, 1, 3)
        >>> fig, ax = plot_3d_energy_levels(torch.eye(2), torch.tensor([0, 1]), energy, (0, 2))
        >>> [float(limit) for limit in ax.get_zlim()]
        [0.0, 2.0]
        >>> plt.close()
    """
    xx, yy, F, title = _unpack_energy(energy)
    X, y = to_labelled_points(X, y)
    low, high = _spread(F) if v is None else to_pair("v", v)
    levels = MaxNLocator(8).tick_values(low, high) if l is None else to_steps("l", l)
    ticks = levels if cbl is None else to_steps("cbl", cbl)
    norm = mpl.colors.Normalize(low, high)
    fig = plt.figure(figsize=(9.5, 6))
    ax = fig.add_subplot(projection="3d")
    ax.contour(xx, yy, F, levels=levels, norm=norm)
    ax.scatter(X[:, 0], X[:, 1], zs=0, c=y, cmap="Spectral")
    for side in (ax.xaxis, ax.yaxis, ax.zaxis):
        side.set_pane_color(mpl.colors.to_rgba(plt.rcParams["axes.facecolor"]))
    ax.set_zlim(low, high)
    fig.colorbar(mpl.cm.ScalarMappable(norm=norm), ax=ax, ticks=ticks)
    ax.set_title(title)
    fig.tight_layout()
    return fig, ax


def _unpack_energy(energy: object) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    if not isinstance(energy, tuple | list) or len(energy) != 5:
        raise ValueError(f"energy 应为 (xx, yy, F, k, K) 五项，收到 {shown(energy)}")
    *grids, k, K = energy
    xx, yy, F = (
        to_finite(f"energy 的 {name}", grid) for name, grid in zip(_GRIDS, grids, strict=True)
    )
    shapes = f"{xx.shape}、{yy.shape}、{F.shape}"
    if F.ndim != 2 or min(F.shape) < 2 or not xx.shape == yy.shape == F.shape:
        raise ValueError(f"energy 的 xx、yy、F 应为同样大小、每边至少 2 的二维数组，收到 {shapes}")
    k = to_index("energy 的 k", k, integer("energy 的 K", K, least=1))
    return xx, yy, F, f"Free energy F(x, y = {[int(i == k) for i in range(K)]})"


def _spread(values: np.ndarray) -> tuple[float, float]:
    """最小与最大值；处处相同时上下各放宽一半，免得坐标轴没有长度。"""
    low, high = float(values.min()), float(values.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)
