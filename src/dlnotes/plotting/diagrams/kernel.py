"""卷积的一步：窗口停在哪里、乘了什么、和写到哪里；以及一步步走下去的动画。"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Num
from matplotlib.animation import FuncAnimation
from matplotlib.axes import Axes
from torch import Tensor

from dlnotes._core.check import integer, positive_int, sequence, tensor
from dlnotes.plotting.diagrams._canvas import NORMAL, PHONE, SMALL, Canvas, number, text_width
from dlnotes.plotting.style import style
from dlnotes.plotting.trajectories import MAX_FRAMES

__all__ = ["animate_kernel", "draw_kernel_step"]

_FEW_PRODUCTS, _MOST_LINES = 4, 5  # 至多这么多个乘积写成一行；算式至多几行
_CELL, _GAP, _TITLE, _LINE = 34, 26, 20, 16  # 最大的格子、两张格子纸的间隔、标题与一行字的高


def draw_kernel_step(
    X: Num[Tensor, "H W"],
    kernel: Num[Tensor, "k l"],
    position: tuple[int, int],
    ax: Axes | None = None,
    *,
    stride: int = 1,
    padding: int = 0,
) -> Axes:
    """画出卷积算到输出的第 `position` 格时的样子：框住的窗口、核、算到此处的输出，下面是乘积之和。

    底色蓝为正、橙为负，越重绝对值越大；虚线格是填充的 0。格子太小写不下的数字不写。

    Args:
        X: 输入，形状 (H, W)。
        kernel: 卷积核，形状 (k, l)；与 `F.conv2d` 一样不翻转。
        position: 输出的第几行、第几列，从 0 数起。
        ax: 画在哪里；省略时新开一张图。
        stride: 步幅。
        padding: 每边填充几圈 0。

    Returns:
        画好的 Axes。

    Raises:
        ValueError: `X` 或 `kernel` 不是二维或含有 inf、nan，核比填充后的输入大，
            `position` 不在输出里，`stride` 不是正整数，或 `padding` 是负数。

    Examples:
        >>> X = torch.arange(9.0).reshape(3, 3)
        >>> ax = draw_kernel_step(X, torch.ones(2, 2), (0, 0))
        >>> ax.texts[-1].get_text()
        '0×1 + 1×1 + 3×1 + 4×1 = 8'
    """
    X, kernel, out = _convolve(X, kernel, stride, padding)
    i, j = position = _check_position(position, out.shape)
    padded = F.pad(X, (padding,) * 4)
    corner = (i * stride, j * stride)
    window = padded[corner[0] :, corner[1] :][: kernel.shape[0], : kernel.shape[1]]
    lines = _sum_lines(window, kernel, out[i, j].item())
    canvas, cell, places = _arrange(ax, padded.shape, kernel.shape, out.shape, _num_lines(kernel))
    note = f"，填充 {padding}" if padding else ""
    done = torch.arange(out.numel()).reshape(out.shape) <= i * out.shape[1] + j
    inside = F.pad(torch.ones_like(X), (padding,) * 4) > 0
    _draw_grid(canvas, places[0], cell, padded, f"输入 {_size(X)}{note}", is_padding=~inside)
    _draw_grid(canvas, places[1], cell, kernel, f"核 {_size(kernel)}")
    _draw_grid(canvas, places[2], cell, out, f"输出 {_size(out)}", is_shown=done)
    _frame(canvas, places[0], cell, corner, kernel.shape)
    _frame(canvas, places[2], cell, position, (1, 1))
    for k, line in enumerate(reversed(lines)):
        canvas.text((canvas.size[0] / 2, 10 + k * _LINE), line, SMALL)
    return canvas.ax


def animate_kernel(
    X: Num[Tensor, "H W"],
    kernel: Num[Tensor, "k l"],
    *,
    stride: int = 1,
    padding: int = 0,
    positions: Sequence[tuple[int, int]] | None = None,
) -> FuncAnimation:
    """窗口一格格走过输入的动画；在笔记里显示成可以拖动的滑块。

    Args:
        X: 输入，形状 (H, W)。
        kernel: 卷积核，形状 (k, l)。
        stride: 步幅。
        padding: 每边填充几圈 0。
        positions: 各帧停在输出的哪一格，至多 `MAX_FRAMES` 个；省略时从头到尾走一遍，
            格子太多时均匀地挑。

    Returns:
        `matplotlib.animation.FuncAnimation`；每帧从头画起，可以按任意次序取帧。

    Raises:
        ValueError: `positions` 为空或太多，或 `draw_kernel_step` 会报的错。
    """
    *_, out = _convolve(X, kernel, stride, padding)
    if positions is None:
        steps = np.linspace(0, out.numel() - 1, min(out.numel(), MAX_FRAMES)).round().astype(int)
        positions = [divmod(int(step), out.shape[1]) for step in steps]
    positions = sequence("positions", positions)
    if not 1 <= len(positions) <= MAX_FRAMES:
        raise ValueError(f"positions 应有 1 到 {MAX_FRAMES} 个，收到 {len(positions)} 个")
    options = {"stride": stride, "padding": padding}
    for position in positions:  # 先查，免得放到一半才报错
        _check_position(position, out.shape, "positions 的每一项")
    ax = draw_kernel_step(X, kernel, positions[0], **options)

    def frame(k: int):
        with style():
            ax.clear()
            draw_kernel_step(X, kernel, positions[k], ax, **options)
        return ax.get_children()

    # 挂在图上：没有赋给变量的动画也不会被回收
    fig = ax.figure
    fig.animation = FuncAnimation(fig, frame, frames=len(positions), init_func=lambda: None)
    return fig.animation


def _convolve(X, kernel, stride: int, padding: int) -> tuple[Tensor, Tensor, Tensor]:
    """float64 的输入、核与输出，都在 CPU 上。"""
    positive_int("stride", stride)
    integer("padding", padding)
    for name, value in (("X", X), ("kernel", kernel)):
        if tensor(name, value).is_complex():
            raise TypeError(f"{name} 应为实数，收到 {value.dtype}")
        if value.ndim != 2 or not value.numel():
            raise ValueError(f"{name} 的形状应为二维、不空，收到 {tuple(value.shape)}")
        if not value.isfinite().all():
            raise ValueError(f"{name} 应都是有限的数，收到 inf 或 nan")
    X, kernel = (value.detach().cpu().double() for value in (X, kernel))
    if any(k > n + 2 * padding for k, n in zip(kernel.shape, X.shape, strict=True)):
        raise ValueError(f"kernel 应不大于填充后的输入，收到 {_size(kernel)} 与 {_size(X)}")
    out = F.conv2d(X[None, None], kernel[None, None], stride=stride, padding=padding)[0, 0]
    return X, kernel, out


def _check_position(position, shape, name: str = "position") -> tuple[int, int]:
    position = sequence(name, position, size=2)
    for k, n in zip(position, shape, strict=True):
        if integer(name, k) >= n:
            raise ValueError(f"{name} 应在输出 {tuple(shape)} 之内，收到 {tuple(position)}")
    return tuple(position)


def _size(values: Tensor) -> str:
    return "×".join(map(str, values.shape))


def _sum_lines(window: Tensor, kernel: Tensor, total: float) -> list[str]:
    """乘积之和的算式；写不下时少写一位，再写不下时只写结果。"""
    for digits in (3, 2):
        rows = [
            " + ".join(_product(x, w, digits) for x, w in zip(*pair, strict=True))
            for pair in zip(window.tolist(), kernel.tolist(), strict=True)
        ]
        split = [*(f"{row} +" for row in rows[:-1]), f"{rows[-1]} = {number(total)}"]
        lines = [" ".join(split)] if _num_lines(kernel) == 1 else split
        if (
            max(text_width(line, SMALL) for line in lines) <= PHONE - 8
            and len(lines) <= _MOST_LINES
        ):
            return lines
    return [f"框里 {window.numel()} 个乘积之和 = {number(total)}"]


def _num_lines(kernel: Tensor) -> int:
    """算式占几行：只看核的大小，动画的各帧因此一样高。"""
    return 1 if kernel.numel() <= _FEW_PRODUCTS else min(len(kernel), _MOST_LINES)


def _product(x: float, w: float, digits: int) -> str:
    factor = number(w, digits)
    return f"{number(x, digits)}×({factor})" if w < 0 else f"{number(x, digits)}×{factor}"


def _arrange(ax, padded, kernel, out, num_lines: int):
    """三张格子纸排成一行；格子因此太小时，输出排到核的下面。"""
    bottom = num_lines * _LINE + 10
    in_row = (PHONE - 2 * _GAP - 4) / (padded[1] + kernel[1] + out[1])
    if in_row >= 22:
        cell = min(in_row, _CELL)
        widths = [n * cell for n in (padded[1], kernel[1], out[1])]
        widths = [max(w, 62) for w in widths]
        tall = max(padded[0], kernel[0], out[0]) * cell
        tops = [bottom + (tall + n * cell) / 2 for n in (padded[0], kernel[0], out[0])]
        size = (sum(widths) + 2 * _GAP + 4, bottom + tall + _TITLE + 4)
        starts = np.cumsum([2, widths[0] + _GAP, widths[1] + _GAP])
        grids = (padded[1], kernel[1], out[1])
        lefts = [s + (w - n * cell) / 2 for s, w, n in zip(starts, widths, grids, strict=True)]
        places = list(zip(lefts, tops, strict=True))
    else:
        cell = (PHONE - _GAP - 4) / (padded[1] + max(kernel[1], out[1]))
        right = 2 + padded[1] * cell + _GAP
        stacked = (kernel[0] + out[0]) * cell + _TITLE + 10
        tall = max(padded[0] * cell, stacked)
        top = bottom + tall
        places = [(2, top), (right, top), (right, top - stacked + out[0] * cell)]
        size = (PHONE, top + _TITLE + 4)
    return Canvas(ax, size), cell, places


def _draw_grid(
    canvas: Canvas, place, cell: float, values: Tensor, title: str, is_padding=None, is_shown=None
) -> None:
    """左上角在 `place` 的格子纸，标题在上方。"""
    (left, top), (rows, cols) = place, values.shape
    largest = max(values.abs().max().item(), 1e-30)
    texts = [[number(v, 2) for v in row] for row in values.tolist()]
    fits = max(text_width(text, SMALL) for row in texts for text in row) <= cell + 1
    for i in range(rows):
        for j in range(cols):
            at = (left + j * cell, top - (i + 1) * cell)
            value = values[i, j].item()
            shown = is_shown is None or bool(is_shown[i, j])
            extra = is_padding is not None and bool(is_padding[i, j])
            fill = 0.4 * abs(value) / largest if shown else 0
            canvas.box(at, (cell, cell), "blue" if value >= 0 else "orange", fill=fill, width=0.7,
                       edge="muted", linestyle=":" if extra else "-")  # fmt: skip
            if shown and fits:
                middle, size = np.add(at, cell / 2), NORMAL if cell >= 26 else SMALL
                canvas.text(middle, texts[i][j], size, "muted" if extra else "ink")
    canvas.text((left + cols * cell / 2, top + _TITLE / 2 + 1), title, SMALL)


def _frame(canvas: Canvas, place, cell: float, corner, shape) -> None:
    """框住从 `corner` 格起的 `shape` 那么多格。"""
    (left, top), (i, j), (rows, cols) = place, corner, shape
    at = (left + j * cell, top - (i + rows) * cell)
    canvas.box(at, (cols * cell, rows * cell), "purple", fill=0.12, width=2.4, zorder=3)
