"""平面上的向量：都从原点出发，或首尾相接。"""

import re
from collections.abc import Sequence
from math import floor, log10

import numpy as np
from jaxtyping import Num
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch
from matplotlib.ticker import MultipleLocator
from torch import Tensor

from dlnotes._core.check import flag, sequence
from dlnotes._core.font import FONT
from dlnotes.plotting._axes import as_points, check_axes
from dlnotes.plotting.diagrams._canvas import text_width
from dlnotes.plotting.diagrams._placement import place_labels
from dlnotes.plotting.style import LIGHT, PALETTE, style, subplots, use_chinese

__all__ = ["draw_vectors"]

_SIDE, _POINTS = 300, 11.5  # 估计标签大小时，图宽当作 300 像素；标签的字号，磅


def draw_vectors(
    vectors: Num[Tensor, "n 2"] | Sequence[Sequence[float]],
    ax: Axes | None = None,
    *,
    labels: Sequence[str] | None = None,
    chained: bool = False,
) -> Axes:
    """画出平面上的几个向量，横纵等比。

    首尾相接时，虚线箭头从原点指到最后的终点，是它们的和。

    Args:
        vectors: 形状 (n, 2)，每行一个向量。
        ax: 画在哪里；省略时新开一张图。
        labels: 各个向量的名字，写在箭头旁；首尾相接时可以多给一个，是和的名字。
        chained: `True` 让后一个从前一个的终点出发，`False` 都从原点出发。

    Returns:
        画好的 Axes。

    Raises:
        ValueError: `vectors` 的形状不是 (n, 2)、为空或含有 inf、nan，或 `labels` 的个数不对。

    Examples:
        >>> ax = draw_vectors([[3, 0], [0, 4]], labels=["a", "b", "a + b"], chained=True)
        >>> [text.get_text() for text in ax.texts]
        ['a', 'b', 'a + b']
    """
    vectors = as_points(vectors, "vectors")
    if not len(vectors) or not np.isfinite(vectors).all():
        raise ValueError(
            f"vectors 应至少有一行，都是有限的数，收到形状 {vectors.shape}：{vectors.tolist()}"
        )
    starts, ends = _place(vectors.astype(float), flag("chained", chained))
    labels = None if labels is None else sequence("labels", labels)
    if labels is not None and len(labels) not in {len(vectors), len(ends)}:
        raise ValueError(f"labels 应有 {len(vectors)} 个，收到 {len(labels)} 个")
    check_axes(ax)
    low, high = _limits(starts, ends)
    ax = _open(ax, low, high)
    colors = [PALETTE[k % len(PALETTE)] for k in range(len(vectors))] + [LIGHT["ink"]]
    for k, (start, end) in enumerate(zip(starts, ends, strict=True)):
        look = {"color": colors[k], "linewidth": 2.2, "zorder": 3}
        if k == len(vectors):
            look |= {"linestyle": (0, (4, 2)), "linewidth": 1.6}
        ax.add_patch(FancyArrowPatch(tuple(start), tuple(end), arrowstyle="-|>", mutation_scale=13,
                                     shrinkA=0, shrinkB=0, **look))  # fmt: skip
    ax.plot(0, 0, "o", color=LIGHT["ink"], markersize=4, zorder=4)
    if labels is not None:
        _write_labels(ax, labels, starts, ends, (low, high), colors)
    return ax


def _place(vectors: np.ndarray, chained: bool) -> tuple[np.ndarray, np.ndarray]:
    """各个箭头的起点与终点；首尾相接时最后一个是和。"""
    if not chained:
        return np.zeros_like(vectors), vectors
    ends = vectors.cumsum(0)
    starts = ends - vectors
    if len(vectors) == 1:
        return starts, ends
    return np.vstack([starts, starts[:1]]), np.vstack([ends, ends[-1:]])


def _limits(starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """看得见的范围：四周留出写字的地方，不太扁也不太瘦。"""
    points = np.vstack([starts, ends, [[0, 0]]])
    low, high = points.min(0), points.max(0)
    longest = max((high - low).max(), 1e-9)
    grow = np.maximum(0.45 * longest - (high - low), 0) / 2 + 0.14 * longest
    return low - grow, high + grow


def _open(ax: Axes | None, low: np.ndarray, high: np.ndarray) -> Axes:
    """横纵等比、刻度间隔相同的 Axes；新开的图按内容取高。"""
    width, height = high - low
    if ax is None:
        ax = subplots(figsize=(4.4, min(4.0 * height / width, 4.4) + 0.4))[1]
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    step = 10 ** floor(log10(max(width, height) / 3))
    step *= max(k for k in (1, 2, 5) if k * step <= max(width, height) / 3)
    ax.xaxis.set_major_locator(MultipleLocator(step))
    ax.yaxis.set_major_locator(MultipleLocator(step))
    return ax


def _write_labels(ax: Axes, labels, starts: np.ndarray, ends: np.ndarray, limits, colors) -> None:
    """名字写在箭头旁，不压着任何箭头，也不出界。"""
    scale = _SIDE / max(np.subtract(*limits[::-1]))
    pairs = list(zip(starts * scale, ends * scale, strict=True))
    dots = np.concatenate([np.linspace((*a, k), (*b, k), 150) for k, (a, b) in enumerate(pairs)])
    options = [_beside(*pair, label) for pair, label in zip(pairs, labels, strict=False)]
    (left, bottom), (right, top) = (limit * scale for limit in limits)
    far = 1e6
    outside = [(-far, -far, left, far), (right, -far, far, far), (-far, -far, far, bottom),
               (-far, top, far, far)]  # fmt: skip
    chosen = place_labels(*zip(*options, strict=True), np.array(outside), dots)
    with style():
        use_chinese()
    for k, (label, (candidates, _), pick) in enumerate(zip(labels, options, chosen, strict=True)):
        box = candidates[pick, 0]
        ax.text(*(box[:2] + box[2:]) / 2 / scale, label, ha="center", va="center", color=colors[k],
                fontsize=_POINTS, fontfamily=(FONT, "DejaVu Sans"))  # fmt: skip


def _beside(start, end, label: str) -> tuple[np.ndarray, np.ndarray]:
    """一个箭头的名字可以放的位置：中段的两侧，或箭头前方。"""
    half = np.array([text_width(_plain(label), 15) / 2, 9])
    along = end - start
    length = max(np.hypot(*along), 1e-9)
    up = np.array([-along[1], along[0]]) / length
    centres, costs = [], []
    for share in np.linspace(0.25, 1, 13):
        for side in (1, -1):
            for away in (5, 9, 15):
                reach = (half * np.abs(up)).sum() + away
                centres.append(start + share * along + side * reach * up)
                costs.append(away + 14 * abs(share - 0.55) + (side < 0))
    centres = np.array(centres)
    return np.hstack([centres - half, centres + half])[:, None], np.array(costs)


def _plain(label: str) -> str:
    """公式里的命令当作一个字母，只用来估计宽度。"""
    return re.sub(r"\\[a-zA-Z]+ ?", "x", label).translate({ord(c): None for c in "${}_^"})
