"""平面上的图：数据点、决策区域、被网络折弯的方格纸。"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from matplotlib.animation import FuncAnimation
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from torch import Tensor, nn

from dlnotes._core.check import instance_of, positive, positive_int, sequence, shown
from dlnotes.plotting._axes import MARKERS, as_array, as_numbers, as_points, axes_for
from dlnotes.plotting.style import LIGHT, PALETTE, style, subplots
from dlnotes.training import predict

__all__ = ["animate_regions", "draw_regions", "draw_scatter", "draw_warped_grid"]


def draw_scatter(
    X: Float[Tensor, "n 2"],
    y: Int[Tensor, " n"],
    ax: Axes | None = None,
    *,
    s: float = 10,
    labels: Sequence[str] | None = None,
) -> Axes:
    """二维散点图：每一类一种颜色、一种形状。

    Args:
        X: 点的坐标，形状 (n, 2)，可以在任何设备上。
        y: 类别，形状 (n,)；颜色由类别的下标决定，缺了几类也与 `draw_regions` 的底色对得上。
        ax: 画在哪里；省略时新开一张图。
        s: 点的面积，平方磅，正数。
        labels: 第 k 个是类别 k 的名字；省略时写“类别 0”等，传空表则不画图例。

    Returns:
        画好的 Axes。

    Raises:
        ValueError: `X` 不是 (n, 2)，`y` 的长度不同或有负数，名字不够，或 `s` 不是正数。
        TypeError: `X` 不是数值，`y` 不是整数。
    """
    X, y = _labelled_points(X, y)
    labels = _check_labels(labels, y)
    positive("s", s)
    ax = axes_for(ax, (4.8, 4.6))
    for k in np.unique(y):
        members = X[y == k]
        ax.scatter(
            members[:, 0], members[:, 1], s=s, linewidths=0, alpha=0.8,
            color=PALETTE[k % len(PALETTE)], marker=MARKERS[k % len(MARKERS)],
            label=f"类别 {k}" if labels is None else labels[k] if len(labels) else None,
            rasterized=len(X) > 5000,
        )  # fmt: skip
    ax.set_aspect("equal")
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    if labels is None or len(labels):
        ax.legend(loc="upper right", markerscale=1.6, handletextpad=0.2, frameon=False)
    return ax


def _labelled_points(X: object, y: object) -> tuple[np.ndarray, np.ndarray]:
    X, classes = as_points(X), as_numbers(y, "y")
    if classes.dtype.kind not in "iub":
        raise TypeError(f"y 应为类别（整数），元素类型 {classes.dtype}，收到 {shown(y)}")
    y = classes.astype(np.int64)
    if y.shape != (len(X),):
        raise ValueError(f"y 的形状应与 X 的样本数相同，为 ({len(X)},)，收到 {y.shape}")
    if (y < 0).any():
        raise ValueError(f"y 应是从 0 开始的类别，收到 {y.min()}")
    return X, y


def _region_points(X: object, y: object) -> tuple[np.ndarray, np.ndarray]:
    points, classes = _labelled_points(X, y)
    if not len(points) or not np.isfinite(points).all():
        raise ValueError(f"X 应至少有一个点，全是有限的数，收到形状 {points.shape}")
    return points, classes


def _check_labels(labels: Sequence[str] | None, y: np.ndarray) -> list[str] | None:
    if labels is None:
        return None
    labels = sequence("labels", labels)
    if 0 < len(labels) <= y.max(initial=-1):
        raise ValueError(f"labels 应有至少 {y.max() + 1} 个名字，收到 {len(labels)} 个")
    return labels


def draw_regions(
    model: nn.Module,
    X: Float[Tensor, "n 2"],
    y: Int[Tensor, " n"],
    ax: Axes | None = None,
    *,
    resolution: int = 240,
    s: float = 5,
    labels: Sequence[str] | None = (),
) -> Axes:
    """决策区域：平面上每一点被 `model` 判成哪一类，再叠上数据点。

    Args:
        model: 输入 (n, 2)、输出 (n, K) logits 的网络；输出 (n, 1) 是二分类的 logit，大于 0 判为
            类别 1。不移动它，也不改变它的模式。
        X: 数据点，形状 (n, 2)；画图范围由它决定。
        y: 类别，形状 (n,)。
        ax: 画在哪里；省略时新开一张图。
        resolution: 每边取多少个格点，正整数。
        s: 点的面积，平方磅。
        labels: 同 `draw_scatter`；默认不画图例。

    Returns:
        画好的 Axes。

    Raises:
        ValueError: `X`、`y` 或 `model` 的输出形状不对，`X` 是空的或不是有限的数，`labels` 的名字
            不够，或 `resolution` 不是正整数。
        TypeError: `model` 不是 `nn.Module`，或者数据的类型不对。
    """
    instance_of("model", model, nn.Module, "nn.Module")
    positive_int("resolution", resolution)
    points, classes = _region_points(X, y)
    labels = _check_labels(labels, classes)
    positive("s", s)
    low, high = points.min(0) - 0.1, points.max(0) + 0.1
    horizontal, vertical = (np.linspace(low[i], high[i], resolution) for i in range(2))
    mesh = np.stack(np.meshgrid(horizontal, vertical), axis=-1).reshape(-1, 2)
    if points.dtype != np.float64:
        mesh = mesh.astype(np.float32)  # 苹果的 GPU 没有 float64
    regions, num_classes = _predicted_classes(model, torch.from_numpy(mesh))
    regions = regions.reshape(resolution, resolution)
    ax = axes_for(ax, (4.8, 4.6))
    ax.imshow(
        regions, origin="lower", extent=(low[0], high[0], low[1], high[1]), alpha=0.28,
        cmap=ListedColormap([PALETTE[k % len(PALETTE)] for k in range(num_classes)]),
        vmin=-0.5, vmax=num_classes - 0.5, interpolation="nearest", aspect="equal",
    )  # fmt: skip
    for k in range(1, num_classes):
        if (regions >= k).any() and (regions < k).any():
            ax.contour(horizontal, vertical, regions >= k, levels=[0.5], linewidths=1,
                       colors=LIGHT["muted"], linestyles="-")  # fmt: skip
    ax.grid(False)
    return draw_scatter(X, y, ax, s=s, labels=labels)


def _predicted_classes(model: nn.Module, X: Tensor) -> tuple[np.ndarray, int]:
    """每个点的类别，与类别数。"""
    scores = predict(model, X)
    if scores.ndim != 2 or len(scores) != len(X) or not scores.shape[1]:
        raise ValueError(
            f"model 的输出形状应为 (n, K)，二分类也可以是 (n, 1)，收到 {tuple(scores.shape)}"
        )
    if scores.shape[1] == 1:
        return as_array(scores[:, 0] > 0).astype(np.int64), 2
    return as_array(scores.argmax(dim=1)), scores.shape[1]


def draw_warped_grid(
    function: Callable[[Tensor], Tensor],
    ax: Axes | None = None,
    *,
    limit: float = 1.0,
    num_lines: int = 13,
) -> Axes:
    """把平面上的方格纸送进 `function`，画出它变成什么样：折、拉、转都看得见。

    Args:
        function: (n, 2) 到 (n, 2) 的函数；是网络（如前几层）时，在评估模式下算，不改变它。
        ax: 画在哪里；省略时新开一张图。
        limit: 方格纸的范围是 [−limit, limit]²，正数。
        num_lines: 每个方向的线数，正整数。

    Returns:
        画好的 Axes。

    Raises:
        ValueError: `function` 的输出不是 (n, 2)，`limit` 不是正数，或 `num_lines` 不是正整数。
        TypeError: `function` 不能调用。
    """
    positive_int("num_lines", num_lines)
    instance_of("function", function, Callable, "函数或网络")
    positive("limit", limit)
    along = torch.linspace(-limit, limit, 200, device="cpu")
    images = []
    for value in torch.linspace(-limit, limit, num_lines, device="cpu"):
        fixed = value.expand_as(along)
        for name, line in (("blue", (along, fixed)), ("orange", (fixed, along))):
            images.append((name, _image(function, torch.stack(line, dim=1))))
    ax = axes_for(ax, (4.8, 4.6))
    for name, image in images:
        ax.plot(image[:, 0], image[:, 1], color=LIGHT[name], linewidth=0.9,
                linestyle="-" if name == "blue" else "--")  # fmt: skip
    ax.set_aspect("equal")
    return ax


def _image(function: Callable[[Tensor], Tensor], X: Tensor) -> np.ndarray:
    """`function` 把各点送到哪里。"""
    if isinstance(function, nn.Module):
        image = predict(function, X)
    else:
        with torch.no_grad():
            image = function(X)
    return as_points(image, "function 的输出")


def animate_regions(
    models: Sequence[nn.Module],
    X: Float[Tensor, "n 2"],
    y: Int[Tensor, " n"],
    titles: Sequence[str],
) -> FuncAnimation:
    """决策区域的动画，一个模型一帧；在笔记里显示成可以拖动的滑块。

    在 Jupyter 里用 `HTML(animation.to_jshtml())` 播放，在脚本里用 `plt.show()`。

    Args:
        models: 训练途中存下的网络，每帧一个。
        X: 数据点，形状 (n, 2)。
        y: 类别，形状 (n,)。
        titles: 每帧的标题，与 `models` 同长。

    Returns:
        `matplotlib.animation.FuncAnimation`。

    Raises:
        ValueError: `titles` 与 `models` 长度不同，没有模型，或 `draw_regions` 会报的错。
        TypeError: `draw_regions` 会报的错。
    """
    models = sequence("models", models)
    titles = sequence("titles", titles)
    if len(titles) != len(models):
        raise ValueError(f"titles 应与 models 同长（{len(models)}），收到 {len(titles)} 个")
    if not models:
        raise ValueError("models 应至少有一个网络，收到空表")
    for model in models:
        instance_of("models 的每一项", model, nn.Module, "nn.Module")
    _region_points(X, y)
    fig, ax = subplots(figsize=(4.8, 4.8))

    def frame(i: int):
        with style():
            ax.clear()
            draw_regions(models[i], X, y, ax)
            ax.set_title(titles[i])
        return ax.get_children()

    # 挂在图上：没有赋给变量的动画也不会被回收
    fig.animation = FuncAnimation(fig, frame, frames=len(models), init_func=lambda: None)
    return fig.animation
