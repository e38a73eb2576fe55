"""计算图的排版：结点分列、少交叉、线尽量直；线上的数字互不重叠。"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

__all__ = ["columns_of", "place_labels", "rows_of"]

_NEAR_NODE, _APART = 1.0, 5.0  # 文字离结点、离别处的文字至少多少像素

Chain = list[int]
"""一条边经过的点：起点、跨过的每一列里的一个过路点、终点。"""


def columns_of(sources: Sequence[Sequence[int]]) -> list[int]:
    """各个结点的列：运算在它的操作数之后，输入紧靠最先用到它的运算。"""
    columns = [0] * len(sources)
    for k, origins in enumerate(sources):
        if origins:
            columns[k] = 1 + max(columns[origin] for origin in origins)
    for k, origins in enumerate(sources):
        if not origins:
            users = [columns[j] for j, others in enumerate(sources) if k in others]
            columns[k] = min(users, default=1) - 1
    return columns


def rows_of(
    sources: Sequence[Sequence[int]], columns: list[int], gap: float
) -> tuple[list[float], list[Chain], list[int]]:
    """各点的高度，同一列的点至少相距 `gap`。

    Returns:
        各点的高度（结点在前，过路点在后）、每条边经过的点、各点的列。
    """
    chains, columns = _insert_waypoints(sources, list(columns))
    ranks = _initial_ranks(sources, chains, len(columns))
    layers = [[] for _ in range(max(columns) + 1)]
    for point in sorted(range(len(columns)), key=ranks.__getitem__):
        layers[columns[point]].append(point)
    links = [(a, b) for chain in chains for a, b in pairwise(chain)]
    layers = _uncross(layers, links)
    weights = {link: _weight(link, sources) for link in links}
    return _straighten(layers, weights, len(columns), gap, sources), chains, columns


def _insert_waypoints(sources, columns: list[int]) -> tuple[list[Chain], list[int]]:
    chains = []
    for k, origins in enumerate(sources):
        for origin in origins:
            between = range(columns[origin] + 1, columns[k])
            chains.append([origin, *range(len(columns), len(columns) + len(between)), k])
            columns += between
    return chains, columns


def _initial_ranks(sources, chains: list[Chain], num_points: int) -> list[float]:
    """从结果往回走，先左操作数、再自己、再右操作数：这样排，树没有交叉。"""
    ranks = [0.0] * num_points
    seen, order = set(), []

    def visit(k: int) -> None:
        if k in seen:
            return
        seen.add(k)
        half = (len(sources[k]) + 1) // 2
        for origin in sources[k][:half]:
            visit(origin)
        order.append(k)
        for origin in sources[k][half:]:
            visit(origin)

    visit(len(sources) - 1)
    for rank, k in enumerate(order):
        ranks[k] = float(-rank)  # 先访问的在上方
    for start, *between, _ in chains:
        for point in between:
            ranks[point] = ranks[start] - 0.1
    return ranks


def _uncross(layers: list[Chain], links: list[tuple[int, int]]) -> list[Chain]:
    """每一列按邻点的平均位置重排几遍，留下交叉最少的一种。"""
    best, fewest = layers, _crossings(layers, links)
    for sweep in range(8):
        layers = [list(layer) for layer in layers]
        forward = sweep % 2 == 0
        for layer in layers if forward else layers[::-1]:
            position = {p: i for each in layers for i, p in enumerate(each)}
            near = {p: [position[a] for a, b in links if b == p] if forward
                    else [position[b] for a, b in links if a == p] for p in layer}  # fmt: skip
            layer.sort(key=lambda p: np.mean(near[p]) if near[p] else position[p])
        count = _crossings(layers, links)
        if count < fewest:
            best, fewest = layers, count
    return best


def _crossings(layers: list[Chain], links: list[tuple[int, int]]) -> int:
    where = {p: (c, i) for c, layer in enumerate(layers) for i, p in enumerate(layer)}
    spans = [(*where[a], where[b][1]) for a, b in links]
    return sum(
        c == d and (i - k) * (j - m) < 0
        for n, (c, i, j) in enumerate(spans) for d, k, m in spans[:n]
    )  # fmt: skip


def _weight(link: tuple[int, int], sources) -> float:
    """线越重越要直：过路的线最重，运算之间其次，输入最轻。"""
    start, end = link
    if start >= len(sources) or end >= len(sources):
        return 6.0
    return 4.0 if sources[start] else 0.001


def _straighten(layers, weights, num_points: int, gap: float, sources) -> list[float]:
    y, firm = np.zeros(num_points), np.ones(num_points)
    firm[[k for k, origins in enumerate(sources) if not origins]] = 0.02  # 输入让着运算
    for layer in layers:
        y[layer] = gap * ((len(layer) - 1) / 2 - np.arange(len(layer)))[::-1]
    for sweep in range(40):
        settles = sweep >= 37  # 最后只看从左边来的线：一条链成为水平的直线
        for layer in layers if sweep % 2 or settles else layers[::-1]:
            wanted = [_pulled(p, y, weights, settles) for p in layer]
            gaps = [gap if max(a, b) < len(sources) else 0.7 * gap for a, b in pairwise(layer)]
            y[layer] = _separate(wanted, firm[layer], gaps)
    return y.tolist()


def _pulled(point: int, y: np.ndarray, weights, only_left: bool) -> float:
    """与 `point` 相连的点的平均高度。"""
    near = [(w, y[a]) for (a, b), w in weights.items() if b == point]
    if not only_left:
        near += [(w, y[b]) for (a, b), w in weights.items() if a == point]
    total = sum(w for w, _ in near)
    return sum(w * at for w, at in near) / total if total else y[point]


def _separate(wanted: list[float], firm: np.ndarray, gaps: list[float]) -> np.ndarray:
    """离各自想要的高度最近（以 `firm` 加权的最小二乘），又依次至少相隔 `gaps` 的高度。"""
    shift = np.concatenate([[0], np.cumsum(gaps)])
    blocks: list[tuple[float, float, int]] = []  # （平均，权，几个）
    for block in zip(np.asarray(wanted) - shift, firm, [1] * len(firm), strict=True):
        blocks.append(block)
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (m, w, a), (n, v, b) = blocks[-2:]
            blocks[-2:] = [((m * w + n * v) / (w + v), w + v, a + b)]
    return np.concatenate([[mean] * count for mean, _, count in blocks]) + shift


def place_labels(
    candidates: Sequence[np.ndarray],
    costs: Sequence[np.ndarray],
    boxes: np.ndarray,
    dots: np.ndarray,
) -> list[int]:
    """给每处文字挑一个位置：少压结点、线和别的文字，离自己的线比离别的线近。

    Args:
        candidates: 每处文字的候选，形状 (候选数, 框数, 4)；框是左、下、右、上。
        costs: 每个候选本身的代价。
        boxes: 不能压的框，形状 (n, 4)。
        dots: 线上密密取的点，形状 (m, 3)：横、纵坐标，是第几处文字的线。

    Returns:
        每处文字用第几个候选。
    """
    boxes = _grown(boxes, _NEAR_NODE)
    fixed = [
        cost + 3 * _overlap(each, boxes) + _line_cost(each, dots, owner)
        for owner, (each, cost) in enumerate(zip(candidates, costs, strict=True))
    ]
    chosen = [int(cost.argmin()) for cost in fixed]
    for _ in range(4):
        for k, each in enumerate(candidates):
            others = [candidates[j][chosen[j]] for j in range(len(chosen)) if j != k]
            taken = np.concatenate(others) if others else np.zeros((0, 4))
            near = _overlap(each, _grown(taken, _APART))
            chosen[k] = int((fixed[k] + near + 3 * _overlap(each, taken)).argmin())
    return chosen


def _grown(boxes: np.ndarray, margin: float) -> np.ndarray:
    """四边各往外放 `margin` 像素的框。"""
    return boxes + margin * np.array([-1, -1, 1, 1])


def _overlap(candidates: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """各候选与 `boxes` 重叠的面积之和。"""
    a, b = candidates[:, :, None, :], boxes[None, None]
    width = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    height = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    return (width.clip(0) * height.clip(0)).sum((1, 2))


def _line_cost(candidates: np.ndarray, dots: np.ndarray, owner: int) -> np.ndarray:
    """压着线（或离线不到 2 像素）的点越多越不好，离别的线比离自己的线近也不好。"""
    left, bottom, right, top = np.moveaxis(candidates[..., None], 2, 0)
    x, y, owners = dots.T
    apart = np.maximum(np.maximum(left - x, x - right), np.maximum(bottom - y, y - top))
    cost = 8.0 * (apart < 0).sum((1, 2)) + 2 * (apart < 2).sum((1, 2))
    own, other = apart[..., owners == owner], apart[..., owners != owner]
    if own.shape[-1] and other.shape[-1]:
        cost += 3 * (own.min(-1) - other.min(-1) + 1).clip(0).sum(1)
    return cost
