"""优化器在二维曲面上走过的路：地形、路径与极小点，静态图和动画。"""

from collections.abc import Sequence
from numbers import Integral

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.animation import FuncAnimation
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from torch import Tensor

from dlnotes._core.check import instance_of, positive_int, sequence
from dlnotes.optim.surfaces import Surface
from dlnotes.plotting._axes import axes_for
from dlnotes.plotting.style import LIGHT, style, subplots

__all__ = ["MAX_FRAMES", "animate_trajectory", "draw_trajectory"]

MAX_FRAMES = 12
"""动画最多几帧；每一帧都是网页里的一张图，太多会拖慢页面。"""

Paths = Sequence[Float[Tensor, "_ 2"]]
_RESOLUTION, _NUM_BANDS = 240, 10
_GREY = ListedColormap([(0.5, 0.5, 0.5, 0.05 * band) for band in range(_NUM_BANDS)])
_ENDS = ("o", "^", "s", "D", "v", "P")


def draw_trajectory(
    surface: Surface,
    paths: Paths,
    ax: Axes | None = None,
    *,
    labels: Sequence[str] | None = None,
    mark_every: int | None = None,
) -> Axes:
    """在曲面上画出若干条路径：空心圈是出发点，实心记号是终点，星是极小点。

    底色越重，函数值越大，颜色的分界就是等高线；每一级的面积相同，不是高差相同。画图范围是
    曲面的 `xlim` 与 `ylim`，走出去的部分看不见；出现 inf 或 nan 的路径画到那之前，图例注明
    “发散”。

    Args:
        surface: 曲面，见 `dlnotes.optim.surfaces`。
        paths: 若干条路径，每条形状 (T + 1, 2)，长度可以不同；可以是空表，只画曲面。
        ax: 画在哪里；省略时新开一张图。
        labels: 各条路径的名字，写进图例；省略则不画图例。
        mark_every: 每隔几步在路上点一个小记号，记号越稀走得越快；省略则不点。

    Returns:
        画好的 Axes。

    Raises:
        ValueError: 路径的形状不是 (T + 1, 2)，`labels` 与 `paths` 长度不同，
            或 `mark_every` 不是正整数。
        TypeError: `surface` 不是曲面，路径不是张量，或 `mark_every` 不是整数。

    Examples:
        >>> from dlnotes.optim.surfaces import ravine, trace_path
        >>> path = trace_path(ravine, lambda params: torch.optim.SGD(params, lr=0.07), num_steps=20)
        >>> ax = draw_trajectory(ravine, [path], labels=["SGD"])
        >>> ax.get_title()
        '山谷'
    """
    paths, names = _check(surface, paths, labels)
    if mark_every is not None:
        positive_int("mark_every", mark_every)
    ax = axes_for(ax, (6.4, 4.2))
    _draw_surface(surface, ax)
    for order, (path, name) in enumerate(zip(paths, names, strict=True)):
        _draw_path(ax, path, name, _ENDS[order % len(_ENDS)], mark_every)
    ax.plot(*np.transpose(surface.minima), "*", markersize=13, color=LIGHT["ink"], zorder=4)
    if labels is not None and len(paths):
        ax.legend(loc="best", handlelength=3, frameon=False)
    return ax


def animate_trajectory(
    surface: Surface,
    paths: Paths,
    *,
    labels: Sequence[str] | None = None,
    stops: Sequence[int] | None = None,
) -> FuncAnimation:
    """路径逐步变长的动画，每帧的标题写着走到第几步；在笔记里显示成可以拖动的滑块。

    Args:
        surface: 曲面，见 `dlnotes.optim.surfaces`。
        paths: 若干条路径，每条形状 (T + 1, 2)。
        labels: 各条路径的名字，写进图例；省略则不画图例。
        stops: 各帧画到第几步，递增，至多 `MAX_FRAMES` 个；省略时从 0 到最长的路径均匀取。

    Returns:
        `matplotlib.animation.FuncAnimation`；每帧从头画起，可以按任意次序取帧。
        在 Jupyter 里用 `HTML(animation.to_jshtml())` 播放，在脚本里用 `plt.show()`。

    Raises:
        ValueError: 没有路径，`stops` 为空、太多、不递增或为负，或 `draw_trajectory` 会报的错。
        TypeError: `stops` 不全是整数，或 `draw_trajectory` 会报的错。
    """
    paths, names = _check(surface, paths, labels)
    if not len(paths):
        raise ValueError("paths 应至少有一条路径，收到空表")
    stops = _check_stops(stops, max(len(path) for path in paths) - 1)
    fig, ax = subplots(figsize=(6.4, 4.4))

    def frame(i: int):
        with style():
            ax.clear()
            parts = [path[: stops[i] + 1] for path in paths]
            draw_trajectory(surface, parts, ax, labels=names if labels is not None else None)
            ax.set_title(f"第 {stops[i]} 步")
            if labels is not None:  # 每帧固定在同一处，免得图例跳来跳去
                ax.legend(loc="upper right", handlelength=3, frameon=False)
        return ax.get_children()

    # 挂在图上：没有赋给变量的动画也不会被回收
    fig.animation = FuncAnimation(fig, frame, frames=len(stops), init_func=lambda: None)
    return fig.animation


def _check(
    surface: Surface, paths: Paths, labels: Sequence[str] | None
) -> tuple[list[Tensor], list[str | None]]:
    instance_of("surface", surface, Surface, "dlnotes.optim.surfaces 的曲面")
    paths = sequence("paths", paths)
    for i, path in enumerate(paths):
        instance_of(f"paths[{i}]", path, Tensor, "张量")
        if path.ndim != 2 or path.shape[1] != 2 or not len(path):
            raise ValueError(f"paths[{i}] 的形状应为 (T + 1, 2)，收到 {tuple(path.shape)}")
    if labels is None:
        return paths, [None] * len(paths)
    labels = sequence("labels", labels)
    if len(labels) != len(paths):
        raise ValueError(f"labels 应与 paths 同长（{len(paths)}），收到 {len(labels)} 个")
    return paths, labels


def _check_stops(stops: Sequence[int] | None, last: int) -> list[int]:
    if stops is None:
        return sorted({round(step) for step in np.linspace(0, last, MAX_FRAMES - 1)})
    stops = sequence("stops", stops)
    if not all(isinstance(stop, Integral) for stop in stops):
        raise TypeError(f"stops 应是若干个整数，收到 {stops!r}")
    rising = all(a < b for a, b in zip([-1, *stops], stops, strict=False))
    if not rising or not 1 <= len(stops) <= MAX_FRAMES:
        raise ValueError(f"stops 应是 1 到 {MAX_FRAMES} 个递增、不为负的步数，收到 {stops!r}")
    return stops


def _draw_surface(surface: Surface, ax: Axes) -> None:
    limits = (surface.xlim, surface.ylim)
    x, y = (torch.linspace(*lim, _RESOLUTION, device="cpu", dtype=torch.float64) for lim in limits)
    heights = surface(torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)).numpy()
    inner = np.quantile(heights, np.linspace(0, 1, _NUM_BANDS + 1)[1:-1])
    ax.imshow(
        np.searchsorted(inner, heights), cmap=_GREY, vmin=0, vmax=_NUM_BANDS - 1, origin="lower",
        extent=sum(limits, ()), interpolation="none", aspect="auto",
    )  # fmt: skip
    ax.grid(False)
    ax.set(xlim=surface.xlim, ylim=surface.ylim, xlabel="$x$", ylabel="$y$", title=surface.name)


def _draw_path(ax: Axes, path: Tensor, name: str | None, end: str, mark_every: int | None) -> None:
    finite = path.isfinite().all(dim=1)
    kept = path[finite.cumprod(0).bool()].detach().cpu().double().numpy()
    if name is not None and not finite.all():
        name = f"{name}（发散）"
    (line,) = ax.plot(*kept.T, label=name, marker=end if mark_every else None, markersize=3.5,
                      markevery=mark_every, linewidth=1.6, zorder=3)  # fmt: skip
    ax.plot(*kept[:1].T, "o", color=LIGHT["ink"], fillstyle="none", markersize=8, zorder=4)
    ax.plot(*kept[-1:].T, end, color=line.get_color(), markersize=7, zorder=5)
