"""张量的形状：广播时右对齐的形状表，零到三维的格子。"""

from collections.abc import Sequence
from itertools import product

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from dlnotes._core.check import integer, sequence
from dlnotes.plotting.diagrams._canvas import NORMAL, PHONE, SMALL, Canvas, number, text_width

__all__ = ["draw_cubes", "draw_shapes"]

Shape = Sequence[int] | Tensor

_BOX, _ROW, _HEAD = (52, 28), 40, 76  # 表里一格的大小、行距、行首名字的宽
_CELL, _SLANT, _MOST = 24, 11, 12  # 方格的边长、往里一格的斜移、每维至多画几格
_LEFT, _RIGHT, _ABOVE, _BELOW = 52, 52, 26, 24  # 四周给箭头与文字留的地方
_EDGE = {"fill": 0.15, "width": 0.9}


def draw_shapes(
    *shapes: Shape, ax: Axes | None = None, labels: Sequence[str] | None = None
) -> Axes:
    """广播的形状表：各个形状右对齐，1 拉伸，缺的维补 1，最后一行是结果；合不上的维打叉。

    Args:
        *shapes: 两个以上的形状，如 (3, 1)；也可以给张量。
        ax: 画在哪里；省略时新开一张图。
        labels: 各行的名字；省略时是 A、B、C……

    Returns:
        画好的 Axes。

    Raises:
        ValueError: 少于两个形状，有一项是负数，或 `labels` 的个数不对。

    Examples:
        >>> texts = [text.get_text() for text in draw_shapes((3, 1), (4,)).texts]
        >>> texts[-1]
        '结果的形状 (3, 4)'
    """
    if len(shapes) < 2:
        raise ValueError(f"shapes 应至少有两个，收到 {len(shapes)} 个")
    shapes = [_as_shape("shapes", shape) for shape in shapes]
    letters = [chr(ord("A") + k) for k in range(len(shapes))]
    labels = letters if labels is None else sequence("labels", labels, len(shapes))
    num_dims = max(map(len, shapes), default=0)
    result = [_stretched([s[-d] for s in shapes if len(s) >= d]) for d in range(num_dims, 0, -1)]
    width = _HEAD + max(num_dims, 1) * _BOX[0] + 12
    canvas = Canvas(ax, (max(width, 220), (len(shapes) + 1) * _ROW + 34))
    left = (canvas.size[0] - width) / 2
    for k, (shape, label) in enumerate(zip([*shapes, result], [*labels, "结果"], strict=True)):
        y = canvas.size[1] - _ROW * (k + 0.5) - 2 - 6 * (k == len(shapes))
        canvas.text((left + _HEAD / 2 - 4, y), label)
        row = [None] * (num_dims - len(shape)) + list(shape)
        for d, size in enumerate(row):
            at = (left + _HEAD + d * _BOX[0], y - _BOX[1] / 2)
            _draw_size(canvas, at, size, result[d], is_result=k == len(shapes))
    line = canvas.size[1] - _ROW * len(shapes) - 4
    canvas.lines([((left, line), (left + width - 8, line))], "muted", 1)
    canvas.text((canvas.size[0] / 2, 12), _verdict(shapes, result), SMALL)
    return canvas.ax


def _as_shape(name: str, shape: Shape) -> tuple[int, ...]:
    sizes = shape.shape if isinstance(shape, Tensor) else sequence(f"{name} 的每一项", shape)
    return tuple(integer(f"{name} 里的每一维", size) for size in sizes)


def _stretched(sizes: list[int]) -> int | None:
    """同一维的几个大小广播成多大；合不上时是 `None`。"""
    others = {size for size in sizes if size != 1}
    return None if len(others) > 1 else next(iter(others), 1)


def _draw_size(canvas: Canvas, at, size: int | None, target: int | None, is_result: bool) -> None:
    """表里的一格：`size` 是这一维的大小，`None` 是缺的维（结果里是合不上）。"""
    (x, y), box = at, (_BOX[0] - 8, _BOX[1])
    middle = (x + box[0] / 2, y + box[1] / 2)
    if is_result:
        color = "orange" if size is None else "green"
        canvas.box(at, box, color, fill=0.2, width=1.8)
        canvas.text(middle, "×" if size is None else str(size), NORMAL if size is not None else 17)
        return
    stretches = target is not None and size in (None, 1) and target != 1
    if size is None or stretches:
        look = {"linestyle": (0, (3, 2)), "fill": 0.02 if size is None else 0.1}
        canvas.box(at, box, "orange" if stretches else "muted", **look)
        text = f"{1 if size is None else size}→{target}" if stretches else "1"
        canvas.text(middle, text, NORMAL, "muted" if size is None else "ink")
        return
    clashes = target is None and size != 1
    canvas.box(at, box, "orange" if clashes else "blue", width=2 if clashes else 1.2)
    canvas.text(middle, str(size))


def _verdict(shapes, result: list[int | None]) -> str:
    if None not in result:
        return f"结果的形状 {tuple(result)}"
    d = max(d for d, size in enumerate(result) if size is None) - len(result)
    sizes = [s[d] for s in shapes if len(s) >= -d and s[d] != 1]
    return f"不能广播：倒数第 {-d} 维 {' ≠ '.join(map(str, dict.fromkeys(sizes)))}，都不是 1"


def draw_cubes(*tensors: Shape, ax: Axes | None = None) -> Axes:
    """把零到三维的张量画成一格、一排、一面、一叠格子，箭头标出各维的方向与大小。

    给出张量时写上数值，三维的写最前面一层；数字太长或格子太多时不写。

    Args:
        *tensors: 一个或几个张量或形状，至多三维，每维 1 到 12。
        ax: 画在哪里；省略时新开一张图。

    Returns:
        画好的 Axes。

    Raises:
        ValueError: 一个也没有，超过三维，或有一维不在 1 到 12 之间。

    Examples:
        >>> ax = draw_cubes((), (4,), (3, 4), (2, 3, 4))
        >>> [text.get_text() for text in ax.texts if text.get_text().startswith("(")]
        ['()', '(4,)', '(3, 4)', '(2, 3, 4)']
    """
    if not tensors:
        raise ValueError("tensors 应至少有一个，收到 0 个")
    shapes = [_as_shape("tensors", tensor) for tensor in tensors]
    for shape in shapes:
        if len(shape) > 3 or any(not 1 <= size <= _MOST for size in shape):
            raise ValueError(f"tensors 应至多三维、每维 1 到 {_MOST}，收到形状 {shape}")
    places, size = _flow([_extent(shape) for shape in shapes])
    canvas = Canvas(ax, size)
    for tensor, shape, at in zip(tensors, shapes, places, strict=True):
        _draw_cube(canvas, at, shape, tensor if isinstance(tensor, Tensor) else None)
    return canvas.ax


def _counts(shape) -> tuple[int, int, int]:
    """往里、往下、往右各几格；不到三维的没有厚度。"""
    return (0, 1, 1)[: 3 - len(shape)] + tuple(shape)


def _extent(shape) -> tuple[float, float]:
    """连同箭头与文字占的宽与高。"""
    depth, rows, cols = _counts(shape)
    body = cols * _CELL + depth * _SLANT + (_LEFT if len(shape) > 1 else 0) + 4
    body += _RIGHT if len(shape) == 3 else 0
    height = rows * _CELL + depth * _SLANT + (_ABOVE if shape else 0) + _BELOW
    return max(body, text_width(str(tuple(shape)), NORMAL) + 8, 50 if shape else 0), height


def _flow(extents) -> tuple[list[tuple[float, float]], tuple[float, float]]:
    """从左到右排，排满一行换一行；返回各块左下角的位置与总的大小。"""
    lines, used = [[]], 0.0
    for extent in extents:
        if lines[-1] and used + extent[0] > PHONE:
            lines.append([])
            used = 0.0
        lines[-1].append(extent)
        used += extent[0] + 14
    width = max(sum(w for w, _ in line) + 14 * (len(line) - 1) for line in lines)
    total = sum(max(h for _, h in line) + 10 for line in lines)
    places, y = [], total
    for line in lines:
        y -= max(h for _, h in line) + 10
        x = (width - sum(w for w, _ in line) - 14 * (len(line) - 1)) / 2
        for w, _ in line:
            places.append((x, y))
            x += w + 14
    return places, (width, total)


def _draw_cube(canvas: Canvas, at, shape, tensor: Tensor | None) -> None:
    depth, rows, cols = _counts(shape)
    wide = cols * _CELL
    spare = _extent(shape)[0] - wide
    left = at[0] + (_LEFT if len(shape) > 1 else spare / 2)
    low, high = at[1] + _BELOW, at[1] + _BELOW + rows * _CELL
    for i, j in product(range(rows), range(cols)):
        canvas.box((left + j * _CELL, high - (i + 1) * _CELL), (_CELL, _CELL), "blue", **_EDGE)
    along, inward, down = np.array([_CELL, 0]), np.array([_SLANT, _SLANT]), np.array([0, -_CELL])
    for k, j in product(range(depth), range(cols)):
        _draw_side(canvas, np.array([left, high]) + k * inward + j * along, along, inward, 0.06)
    for k, i in product(range(depth), range(rows)):
        corner = np.array([left + wide, high]) + k * inward + i * down
        _draw_side(canvas, corner, inward, down, 0.28)
    if tensor is not None:
        _write_values(canvas, (left, high), tensor)
    _draw_dims(canvas, shape, (left, low), (left + wide, high))
    canvas.text((left + wide / 2, at[1] + 10), str(tuple(shape)))


def _draw_side(canvas: Canvas, corner, one, other, fill: float) -> None:
    canvas.polygon([corner, corner + one, corner + one + other, corner + other], "blue",
                   **_EDGE | {"fill": fill})  # fmt: skip


def _write_values(canvas: Canvas, corner, tensor: Tensor) -> None:
    """正面各格的数值；有一个写不下就都不写。"""
    front = tensor.detach().cpu()
    front = (front[0] if front.ndim == 3 else front).reshape(_counts(front.shape)[1:])
    texts = [[number(float(v), 3) for v in row] for row in front.tolist()]
    if max(text_width(text, SMALL) for row in texts for text in row) > _CELL:
        return
    for i, row in enumerate(texts):
        for j, text in enumerate(row):
            canvas.text(np.add(corner, ((j + 0.5) * _CELL, -(i + 0.5) * _CELL)), text, SMALL)


def _draw_dims(canvas: Canvas, shape, low, high) -> None:
    """各维的箭头：最后一维往右，倒数第二维往下，再前一维往里。"""
    (left, bottom), (right, top) = low, high
    lift = _counts(shape)[0] * _SLANT
    names = [f"dim {d}" for d in range(len(shape))]
    if shape:
        y = top + lift + 7
        canvas.arrow((left + lift, y), (right + lift, y), "orange")
        canvas.text(((left + right) / 2 + lift, y + 12), f"{names[-1]}：{shape[-1]}", SMALL)
    if len(shape) > 1:
        canvas.arrow((left - 7, top), (left - 7, bottom), "orange")
        canvas.text((left - 30, (top + bottom) / 2), f"{names[-2]}\n{shape[-2]}", SMALL,
                    va="center")  # fmt: skip
    if len(shape) > 2:
        start = (right + 6, bottom - 3)
        canvas.arrow(start, (start[0] + lift, start[1] + lift), "orange")
        at = (start[0] + lift / 2 + 8, start[1] + lift / 2 - 6)
        canvas.text(at, f"{names[-3]}：{shape[-3]}", SMALL, ha="left")
