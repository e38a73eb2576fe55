"""计算图：从左到右是前向传播，每条边上写着值与传回来的梯度。"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from dlnotes._core.check import positive_int
from dlnotes.plotting.diagrams._canvas import PHONE, SMALL, Canvas, number, text_width
from dlnotes.plotting.diagrams._placement import columns_of, place_labels, rows_of
from dlnotes.plotting.diagrams._recording import Node, record_graph

__all__ = ["draw_graph"]

_HEIGHT, _GAP, _LEGEND = 24, 68, 24  # 结点的高，上下两个结点的距离，底部图例的高
_LINE = 11  # 一行数字的高

Label = tuple[np.ndarray, str, str]  # 框（左、下、右、上）、文字、颜色


def draw_graph(
    function: Callable[..., Tensor],
    /,
    ax: Axes | None = None,
    *,
    digits: int | None = None,
    **inputs: float | int | Tensor,
) -> Axes:
    """真的算一遍、反向传播一遍，画出计算图：每条边上方是值，下方是沿这条边传回来的梯度。

    从一个结点出发的边不止一条时，它旁边的“和”是各条边上梯度之和，也就是结果对它的导数。
    十来个运算以内的图在手机上看得清。

    Args:
        function: 由标量张量算出一个标量张量的函数，用 Python 的运算符或 `torch` 的函数写。
        ax: 画在哪里；省略时新开一张图。
        digits: 写几位有效数字；省略时是 3，深过 5 层的图是 2。
        **inputs: 各个输入的值，都当作要求导。

    Returns:
        画好的 Axes。

    Raises:
        TypeError: 有一个输入不是数。
        ValueError: 没有输入，中途出现不是标量的张量，或者结果与输入无关。

    Examples:
        >>> ax = draw_graph(lambda w, x, b: (w * x + b) ** 2, w=2.0, x=3.0, b=1.0)
        >>> [text.get_text() for text in ax.texts][:6]
        ['w', 'x', 'b', '×', '+', 'x²']
    """
    nodes = record_graph(function, **inputs)
    columns = columns_of([node.sources for node in nodes])
    if digits is None:
        digits = 3 if max(columns) <= 5 else 2
    positive_int("digits", digits)
    sizes = [(max(_HEIGHT, text_width(node.label, SMALL) + 10), _HEIGHT) for node in nodes]
    places, paths = _arrange(nodes, columns, sizes, digits)
    labels = _choose_labels(nodes, places, sizes, paths, digits)
    canvas, shift = _open(ax, np.concatenate([_boxes(places, sizes), [box for box, *_ in labels]]),
                          paths[-1][-1][0])  # fmt: skip
    _draw_nodes(canvas, nodes, places + shift, sizes)
    for path in paths:
        *bends, start, end = np.array(path) + shift
        canvas.lines(pairwise([*bends, start]), "muted", 1.2)
        canvas.arrow(start, end, "muted")
    for box, text, color in labels:
        canvas.text((box[:2] + box[2:]) / 2 + shift + (0, 0.8), text, SMALL, color)
    middle = canvas.size[0] / 2
    canvas.text((middle - 10, 9), "上：前向的值", SMALL, "green", ha="right")
    canvas.text((middle + 2, 9), "下：传回的梯度", SMALL, "orange", ha="left")
    return canvas.ax


def _arrange(nodes: list[Node], columns: list[int], sizes, digits: int):
    """各结点的位置，各条边（最后一条是结果引出的短线）的折线；最左边的框从 0 开始。"""
    heights, chains, all_columns = rows_of([node.sources for node in nodes], columns, _GAP)
    result = max(text_width(number(v, digits), SMALL) for v in (nodes[-1].value, nodes[-1].grad))
    left = max(w for (w, _), column in zip(sizes, columns, strict=True) if column == 0) / 2
    depth = max(columns)
    free = PHONE - 4 - left - sizes[-1][0] / 2 - result - 10
    step = min(max(free / max(depth, 1), 42), 96)
    points = [(left + column * step, y) for column, y in zip(all_columns, heights, strict=True)]
    paths = []
    for chain, bend in zip(chains, _bends(chains), strict=True):
        path = [points[p] for p in chain]
        if bend:
            path.insert(1, tuple(np.mean(path, axis=0) + np.array([0, bend])))
        paths.append(_clip(path, sizes[chain[0]], sizes[chain[-1]]))
    x, y = points[len(nodes) - 1]
    start = x + sizes[-1][0] / 2
    paths.append([(start, y), (start + result + 10, y)])
    return np.array(points[: len(nodes)]), paths


def _bends(chains: list[list[int]]) -> list[float]:
    """起点与终点都相同的几条边（如 `x * x`）要弯开：各条边中点抬高多少。"""
    ends = [(chain[0], chain[-1]) for chain in chains]
    return [24 * ((ends.count(pair) - 1) / 2 - ends[:k].count(pair)) for k, pair in enumerate(ends)]


def _clip(path: list, first_size, last_size) -> list:
    """折线两头缩到结点的边上。"""
    start = _leave(path[0], path[1], first_size)
    end = _leave(path[-1], path[-2], last_size)
    return [start, *path[1:-1], end]


def _leave(centre, towards, size) -> tuple[float, float]:
    """从 `centre` 走向 `towards`，刚刚走出两头半圆的框的地方。"""
    (x, y), (dx, dy) = centre, np.subtract(towards, centre)
    half, radius = (size[0] - size[1]) / 2, size[1] / 2
    inside, outside = 0.0, 1.0
    for _ in range(20):
        share = (inside + outside) / 2
        past = max(abs(share * dx) - half, 0)
        if past**2 + (share * dy) ** 2 < radius**2:
            inside = share
        else:
            outside = share
    return x + outside * dx, y + outside * dy


def _boxes(places, sizes) -> np.ndarray:
    half = np.array(sizes) / 2
    return np.hstack([places - half, places + half])


def _open(ax, boxes: np.ndarray, end: float) -> tuple[Canvas, np.ndarray]:
    """恰好容下全部框与图例的画布，以及要把内容移动多少。"""
    low, high = boxes[:, :2].min(0), np.maximum(boxes[:, 2:].max(0), (end, -np.inf))
    width = max(high[0] - low[0] + 4, 200)
    canvas = Canvas(ax, (width, high[1] - low[1] + _LEGEND + 6))
    return canvas, np.array([(width - high[0] - low[0]) / 2, _LEGEND + 3 - low[1]])


def _draw_nodes(canvas: Canvas, nodes: list[Node], places, sizes) -> None:
    for node, at, size in zip(nodes, places, sizes, strict=True):
        if node.sources:
            canvas.pill(at, size, "ink", fill=0.06)
        else:
            canvas.box(at - np.array(size) / 2, size, "blue")
        canvas.text(at, node.label, SMALL)


def _choose_labels(nodes, places, sizes, paths, digits: int) -> list[Label]:
    """每条边的值与梯度、分叉处的“和”，各挑一个不压着别的东西的位置。"""
    edges = [(nodes[source].value, grad) for node in nodes
             for source, grad in zip(node.sources, node.edge_grads, strict=True)]  # fmt: skip
    edges.append((nodes[-1].value, nodes[-1].grad))
    texts = [[number(value, digits), number(grad, digits)] for value, grad in edges]
    options = [_beside_edge(path, pair) for path, pair in zip(paths, texts, strict=True)]
    used = [source for node in nodes for source in node.sources]
    for k, node in enumerate(nodes):
        if used.count(k) > 1:
            texts.append([f"和 {number(node.grad, digits)}"])
            options.append(_beside_node(places[k], sizes[k], *texts[-1]))
    candidates, costs = zip(*options, strict=True)
    edge = max(PHONE - 4.5, paths[-1][-1][0])
    frame = [(-1e4, -1e4, 0, 1e4), (edge, -1e4, 1e4, 1e4)]
    boxes = np.concatenate([_boxes(places, sizes), frame])
    chosen = place_labels(candidates, costs, boxes, _dots(paths))
    labels = []
    for text, each, pick in zip(texts, candidates, chosen, strict=True):
        colors = ["green", "orange"][-len(text) :]
        labels += zip(each[pick], text, colors, strict=True)
    return labels


def _beside_edge(path, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """一条边的值与梯度可以放的位置：沿线几处，线的两侧各一个，或者叠在同一侧。"""
    half = np.array([(text_width(text, SMALL) / 2, _LINE / 2) for text in texts])
    line = np.array([0, _LINE / 2 + 1.2])
    candidates, costs = [], []
    for start, end in pairwise(np.array(path)):
        along = end - start
        up = np.array([-along[1], along[0]]) / np.hypot(*along)
        reach = (half * np.abs(up)).sum(1)
        for share in np.linspace(0.1, 0.9, 11):
            for away in (2, 4, 7, 12):
                at = start + share * along
                side = (reach.max() + away + (_LINE / 2 + 1.2) * abs(up[1])) * up
                for value, grad, extra in (
                    (at + (reach[0] + away + 1) * up, at - (reach[1] + away) * up, 0),
                    (at + side + line, at + side - line, 10),
                    (at - side + line, at - side - line, 10),
                ):
                    centres = np.array([value, grad])
                    candidates.append(np.hstack([centres - half, centres + half]))
                    costs.append(extra + 1.5 * away + 12 * abs(share - 0.45))
    return np.array(candidates), np.array(costs)


def _beside_node(at, size, text: str) -> tuple[np.ndarray, np.ndarray]:
    """结点的“和”可以放的位置：下方、上方、左右、四角。"""
    half = np.array([text_width(text, SMALL) / 2, _LINE / 2])
    (dx, dy), (w, h) = half, np.array(size) / 2
    up, down, side = h + dy + 2, -h - dy - 3, w + dx + 3
    shifts = [(0, down), (0, up), (dx - w, down), (dx - w, up), (-side, 0), (side, 0),
              (w - dx, down), (w - dx, up)]  # fmt: skip
    centres = at + np.array(shifts)
    return np.hstack([centres - half, centres + half])[:, None], np.arange(8.0)


def _dots(paths) -> np.ndarray:
    """线上每隔约 2 像素一个点，连同它是第几条边的。"""
    dots = []
    for k, path in enumerate(paths):
        for start, end in pairwise(path):
            count = int(np.hypot(*np.subtract(end, start)) / 2) + 2
            dots.append(np.linspace((*start, k), (*end, k), count))
    return np.concatenate(dots)
