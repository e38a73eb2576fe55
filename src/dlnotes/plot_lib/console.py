"""打印：准确率、盖掉上一行的进度、用底色表示的循环网络状态。"""

import html
import importlib
import sys
from collections.abc import Callable, Iterable

import matplotlib as mpl
import numpy as np
import torch
from jaxtyping import Float, Int, Num
from torch import Tensor

from dlnotes._core.check import callable_, instance_of, sequence
from dlnotes.plot_lib.arrays import Array, to_cube, to_index

__all__ = ["acc", "overwrite", "plot_state", "print_colourbar"]


def acc(l: Num[Tensor, "N K"], y: Int[Tensor, " N"]) -> Float[Tensor, ""]:  # noqa: E741
    """准确率：得分最高的类别等于 `y` 的比例。

    Args:
        l: 各类的得分，形状 (N, K)。
        y: 类别，形状 (N,)。

    Returns:
        0 到 1 的标量张量，在 `l` 所在的设备上。

    Raises:
        TypeError: `l` 或 `y` 不是张量。
        ValueError: 形状不对，或没有样本。

    Examples:
        >>> acc(torch.tensor([[0.1, 0.9], [0.8, 0.2]]), torch.tensor([1, 1]))
        tensor(0.5000)
    """
    scores = instance_of("l", l, Tensor)
    if scores.is_complex():
        raise TypeError(f"l 应为实数张量，收到的元素类型是 {scores.dtype}")
    labels = instance_of("y", y, Tensor).to(scores.device)
    if scores.ndim != 2 or 0 in scores.shape:
        raise ValueError(f"l 的形状应为 (N, K)，N 与 K 至少为 1，收到 {tuple(scores.shape)}")
    if labels.shape != scores.shape[:1]:
        raise ValueError(f"y 的形状应为 ({len(scores)},)，收到 {tuple(labels.shape)}")
    return (scores.argmax(dim=1) == labels).float().mean()


def overwrite(string: object) -> None:
    """打印一行，并盖掉上一次打印的那行；输出到文件时逐行打印。

    Args:
        string: 要打印的内容。

    Examples:
        >>> overwrite("loss 0.5")
        loss 0.5
    """
    display = _kernel_display()
    if display is not None:
        display.clear_output(wait=True)
        print(string)
    elif sys.stdout.isatty():
        print(f"\r\x1b[2K{string}", end="", flush=True)
    else:
        print(string)


def print_colourbar() -> None:
    """打印 `plot_state` 的色标：20 个从 −2.5 到 2.5 的状态值，底色与它们在那里的相同。

    笔记本里用底色，终端里用 ANSI 颜色；输出到文件时没有颜色，方括号里写出 sigmoid 之后的值。

    Examples:
        >>> print_colourbar()  # doctest: +ELLIPSIS
        -2.50[0.08] -2.24[0.10] ... 2.50[0.92]
    """
    values = torch.linspace(-2.5, 2.5, 20)
    _print_cells((f"{x:.2f}", x.sigmoid().item()) for x in values)


def plot_state(
    data: Num[Array, "B T D"],
    state: Num[Array, "T B H"],
    b: int,
    decoder: Callable[[np.ndarray], Iterable[str]],
) -> None:
    """循环网络的状态：每个隐藏单元打印一行序列，各符号的底色表示该时刻 sigmoid(状态)。

    Args:
        data: 一批序列，形状 (B, T, D)；比 T 短的序列在前面补齐。
        state: 各时刻的状态，形状 (T, B, H)。
        b: 看第几条序列。
        decoder: 把形状 (T, D) 的数组还原成符号串，补齐的部分不在内。

    Raises:
        TypeError: `data` 或 `state` 不是数值，`b` 不是整数，`decoder` 不是函数或还原出的不是文字。
        ValueError: 形状不对，`b` 超出范围，或还原出的符号比 T 还多。

    Examples:
        >>> plot_state(torch.zeros(1, 3, 4), torch.zeros(3, 1, 2), 0, lambda x: "BE")
        B[0.50] E[0.50]
        B[0.50] E[0.50]
    """
    data, state = to_cube("data", data), to_cube("state", state)
    b = to_index("b", b, min(len(data), state.shape[1]))
    decoded = callable_("decoder", decoder)(data[b])
    symbols = list(decoded) if isinstance(decoded, str) else sequence("decoder 的返回值", decoded)
    for symbol in symbols:
        instance_of("decoder 还原出的符号", symbol, str)
    if len(symbols) > len(state):
        raise ValueError(f"decoder 应至多还原出 {len(state)} 个符号，收到 {len(symbols)} 个")
    levels = torch.from_numpy(state[len(state) - len(symbols) :, b]).sigmoid()
    for unit in levels.T.tolist():
        _print_cells(zip(symbols, unit, strict=True))


def _kernel_display():
    """在 Jupyter 内核里返回 `IPython.display`，否则返回 `None`；从不主动去找 IPython。"""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)
    if getattr(get_ipython(), "kernel", None) is None:
        return None
    return importlib.import_module("IPython.display")


def _print_cells(cells: Iterable[tuple[str, float]]) -> None:
    """打印一行小格子，底色由 0 到 1 的值决定，从蓝到红。"""
    display = _kernel_display()
    if display is not None:
        display.display(display.HTML("".join(_html_cell(*cell) for cell in cells)))
    elif sys.stdout.isatty():
        print("".join(_ansi_cell(*cell) for cell in cells))
    else:
        print(" ".join(f"{text}[{value:.2f}]" for text, value in cells))


def _cell_colours(value: float) -> tuple[tuple[int, int, int], bool]:
    """底色的 RGB（0 到 255），以及上面的字是否该用黑色。"""
    red, green, blue = map(int, mpl.colormaps["coolwarm"](value, bytes=True)[:3])
    return (red, green, blue), 0.299 * red + 0.587 * green + 0.114 * blue > 140


def _html_cell(text: str, value: float) -> str:
    rgb, dark = _cell_colours(value)
    ink = "#000" if dark else "#fff"
    style = f"white-space:pre;padding:0 2px;color:{ink};background-color:rgb{rgb}"
    return f'<span style="{style}">{html.escape(text)}</span>'


def _ansi_cell(text: str, value: float) -> str:
    (red, green, blue), dark = _cell_colours(value)
    return f"\x1b[{30 if dark else 97};48;2;{red};{green};{blue}m {text} \x1b[0m"
