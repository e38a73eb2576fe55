"""笔记的绘图样式：中文字体、深浅两色都看得清的颜色表、开图的函数。"""

import contextlib
from collections.abc import Sequence
from functools import cache

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlnotes._core.check import one_of, positive_int
from dlnotes._core.font import FONT, font_path

__all__ = ["DARK", "FONT", "LIGHT", "PALETTE", "style", "subplots", "use_chinese"]

LIGHT = {
    "ink": "#24292f", "muted": "#59636e", "grid": "#d1d9e0", "paper": "#ffffff",
    "blue": "#0072b2", "orange": "#d55e00", "green": "#00845f", "purple": "#a8508a",
    "brown": "#8a6100", "sky": "#2f86c1",
}  # fmt: skip
"""浅色样式的颜色表；数据用色取自对色觉异常友好的 Okabe–Ito 色系，略调暗。"""

DARK = {
    "ink": "#e6e9ec", "muted": "#a9b2bc", "grid": "#4a525b", "paper": "#14181d",
    "blue": "#4fb0ea", "orange": "#ff9248", "green": "#3fcf9f", "purple": "#e39ac9",
    "brown": "#dcb257", "sky": "#8fd0ff",
}  # fmt: skip
"""深色样式的颜色表，与 `LIGHT` 的名字一一对应。"""

_SERIES = ("blue", "orange", "green", "purple", "brown", "sky")

LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 1)))

PALETTE = [LIGHT[name] for name in _SERIES]
"""依次用于各条曲线、各个类别的颜色（浅色样式）。"""


def use_chinese() -> None:
    """登记随包附带的中文字体并排在最前，原来的字体作后备：汉字不再是方块。

    排在最前而不是作后备，是因为含有公式（`$…$`）的文字只用第一种字体，没有后备。

    导入 `dlnotes.plotting` 什么也不改；第一次调用 `subplots`、`style` 或任何一个 `draw_*` 时会自动
    调用它，此后全局的 `rcParams["font.family"]` 以这个字体开头——全局设置只改这一项，图上后来添加的
    标题、图例才不会变成方块。只用 matplotlib 自己画图时，或者重设 `rcParams` 之后，自己调用一次。
    """
    _register_font()
    families = mpl.rcParams["font.family"]
    if FONT not in families:
        mpl.rcParams["font.family"] = [FONT, *families]


@cache
def _register_font() -> None:
    if not any(font.name == FONT for font in font_manager.fontManager.ttflist):
        font_manager.fontManager.addfont(str(font_path()))


@contextlib.contextmanager
def style(mode: str = "light"):
    """笔记的绘图样式，只在 `with` 里有效；离开后只有中文字体还排在最前（见 `use_chinese`）。

    Args:
        mode: `"light"` 或 `"dark"`。

    Yields:
        当前的颜色表（`LIGHT` 或 `DARK`）。

    Raises:
        ValueError: `mode` 不是这两个之一。
        TypeError: `mode` 不是字符串。

    Examples:
        >>> with style("dark") as colors:
        ...     colors["paper"]
        '#14181d'
    """
    colors = {"light": LIGHT, "dark": DARK}[one_of("mode", mode, ("light", "dark"))]
    plt.draw_if_interactive()  # 先选定后端：在 rc_context 里选，出来时会关掉 Jupyter 的自动显示
    use_chinese()
    with mpl.rc_context(_rc(colors)):
        yield colors


def _rc(colors: dict[str, str]) -> dict[str, object]:
    ink, muted, grid = colors["ink"], colors["muted"], colors["grid"]
    return {
        "font.family": [FONT, "DejaVu Sans"], "font.size": 11,
        "figure.facecolor": colors["paper"], "axes.facecolor": "none",
        "savefig.facecolor": "auto", "figure.constrained_layout.use": True,
        "figure.dpi": 100,
        "text.color": ink, "axes.labelcolor": ink, "axes.titlecolor": ink,
        "axes.edgecolor": muted, "xtick.color": muted, "ytick.color": muted,
        "axes.titlesize": 12, "axes.labelsize": 11, "xtick.labelsize": 10, "ytick.labelsize": 10,
        "axes.spines.top": False, "axes.spines.right": False,
        "axes.grid": True, "grid.color": grid, "grid.linewidth": 0.6, "axes.axisbelow": True,
        "legend.frameon": False, "legend.fontsize": 10, "lines.linewidth": 1.8,
        "axes.prop_cycle": cycler(color=[colors[name] for name in _SERIES])
        + cycler(linestyle=LINES),
    }  # fmt: skip


def subplots(
    num_rows: int = 1,
    num_cols: int = 1,
    figsize: Sequence[float] | None = None,
    **options,
) -> tuple[Figure, Axes | np.ndarray]:
    """用笔记样式开一张图，其余同 `plt.subplots`。

    Args:
        num_rows: 行数。
        num_cols: 列数。
        figsize: 整张图的宽与高，英寸；省略时每格约 4.2×3.4。
        **options: 传给 `plt.subplots`，如 `sharey=True`。

    Returns:
        `(fig, axes)`；只有一格时 `axes` 是 Axes，否则是数组。

    Raises:
        ValueError: 行数、列数或 `figsize` 不是正数。
        TypeError: 行数、列数不是整数，或 `figsize` 不是两个数。

    Examples:
        >>> fig, axes = subplots(1, 2)
        >>> axes.shape
        (2,)
    """
    positive_int("num_rows", num_rows)
    positive_int("num_cols", num_cols)
    if figsize is None:
        width = 6.4 if num_cols == 1 else min(4.2 * num_cols, 11)
        figsize = (width, 3.8 if num_rows == 1 else 3.2 * num_rows)
    _check_figsize(figsize)
    with style():
        return plt.subplots(num_rows, num_cols, figsize=figsize, **options)


def _check_figsize(figsize: Sequence[float]) -> None:
    try:
        width, height = map(float, figsize)
    except (TypeError, ValueError) as error:
        raise TypeError(f"figsize 应为宽与高两个数（英寸），收到 {figsize!r}") from error
    if not (0 < width < float("inf") and 0 < height < float("inf")):
        raise ValueError(f"figsize 的宽与高应为正数（英寸），收到 {figsize!r}")
