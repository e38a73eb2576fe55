"""一版图像：把一批图排成格子，每张下面写标签。"""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from dlnotes._core.check import positive_int, shown
from dlnotes.plotting._axes import as_array, axes_for

__all__ = ["draw_images"]

GAP = 0.08  # 相邻两张图的间隔，占边长
TEXT = 0.34  # 有标签时每行多留的高度，占图高


def draw_images(
    X,
    labels: Sequence | None = None,
    ax: Axes | None = None,
    *,
    num_cols: int = 10,
    title: str | None = None,
) -> Axes:
    """把一批图排成格子画在一个坐标轴里，从左到右、从上到下。

    亮度按 [0, 1] 显示，超出的部分截去；各张图用同一把尺子，明暗可以互相比较。

    Args:
        X: 图像，形状 (n, C, H, W)，C 为 1 或 3；不改动。
        labels: n 个标签，写在各图上方；省略时不写。
        ax: 画在哪里；省略时新开一张图。
        num_cols: 每行几张，正整数。
        title: 标题；省略时是“共 n 张，每张 H×W 像素”。

    Returns:
        画好的 Axes：`ax.images` 依次是各张图，`ax.texts` 依次是各个标签。

    Raises:
        TypeError: `X` 不是数值，`num_cols` 不是整数。
        ValueError: `X` 不是 (n, C, H, W)、没有图或含 nan，标签的个数不对。

    Examples:
        >>> from dlnotes.data import hanzi, hanzi_labels
        >>> X, y = hanzi(5, 5, seed=0)
        >>> ax = draw_images(X, [hanzi_labels(5)[k] for k in y])
        >>> len(ax.images), ax.get_title()
        (5, '共 5 张，每张 32×32 像素')
    """
    X = as_array(X)
    if X.dtype.kind not in "fiub":
        raise TypeError(f"X 应为数值，收到 {shown(X.item() if X.ndim == 0 else X)}")
    if X.ndim != 4 or X.shape[1] not in (1, 3) or 0 in X.shape:
        raise ValueError(f"X 的形状应为 (n, 1, H, W) 或 (n, 3, H, W)，n ≥ 1，收到 {X.shape}")
    if not np.isfinite(X).all():
        raise ValueError("X 应为有限的实数，收到 nan 或无穷")
    if labels is not None and len(labels) != len(X):
        raise ValueError(f"labels 应有 {len(X)} 个，收到 {len(labels)} 个")
    n, _, H, W = X.shape
    num_cols = min(positive_int("num_cols", num_cols), n)
    num_rows = math.ceil(n / num_cols)
    width, gap = 1 + GAP, GAP if labels is None else TEXT
    height = H / W + gap
    ax = axes_for(ax, (max(0.75 * num_cols * width, 3), 0.75 * num_rows * height + 0.4))
    for i, pixels in enumerate(np.clip(X, 0, 1)):
        left, top = i % num_cols * width, i // num_cols * height
        _draw_one(ax, pixels, (left, left + 1, top + H / W, top))
        if labels is not None:
            ax.text(left + 0.5, top - 0.04, str(labels[i]), ha="center", va="bottom", fontsize=9)
    ax.set(xlim=(-GAP, num_cols * width), ylim=(num_rows * height - gap + GAP, -gap))
    ax.set(aspect="equal", title=title or f"共 {n} 张，每张 {H}×{W} 像素")
    ax.axis("off")
    return ax


def _draw_one(ax: Axes, pixels: np.ndarray, extent: tuple[float, ...]) -> None:
    """`extent` 是左、右、下、上；不平滑，看得见像素。"""
    options = {"extent": extent, "interpolation": "nearest", "vmin": 0, "vmax": 1}
    if len(pixels) == 1:
        ax.imshow(pixels[0], cmap="gray", **options)
    else:
        ax.imshow(pixels.transpose(1, 2, 0), **options)
