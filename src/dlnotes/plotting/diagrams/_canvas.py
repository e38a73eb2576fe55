"""示意图的画布：坐标的单位是手机上的一个像素，字号、线宽也按它算，缩放时不变形。

手机上一张图宽 `PHONE` 像素。各种示意图都在这个宽度里排好，所以字在手机上不小于 11 像素；
电脑上的图大三成，样子相同。颜色只取自 `LIGHT`，网站据此换成深色；色块一律半透明，字是墨色。
"""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Patch, Polygon, Rectangle
from matplotlib.text import Text

from dlnotes._core.font import FONT
from dlnotes._core.text import display_width
from dlnotes.plotting._axes import check_axes
from dlnotes.plotting.style import LIGHT, style, subplots, use_chinese

PHONE = 358
"""手机（390 像素宽）上一张图的宽度，像素。"""

SMALL, NORMAL = 11.5, 12.5
"""两种字号，手机像素。"""

UNIT = 4.8 / PHONE
"""一个手机像素在电脑上是多少英寸。"""

_MARGIN = 0.09  # constrained layout 在四周留的白，英寸
_TITLE = 0.28  # 并排的几格，每格给标题留的高，英寸
_LARGEST = 1.15  # 画进更大的格子时，至多放大几倍
_FAMILY = (FONT, "DejaVu Sans")

Number = float | int
Point = Sequence[Number] | np.ndarray


class Canvas:
    """一块没有坐标轴、横纵等比的 Axes，以及往上画字、框、线、箭头的方法。

    Args:
        ax: 画在哪里；`None` 时按内容的大小新开一张图。
        size: 内容的宽与高，手机像素；原点在左下角。
    """

    def __init__(self, ax: Axes | None, size: Point) -> None:
        width, height = size
        check_axes(ax)
        with style():
            use_chinese()  # 登记字体；字体写在每段文字上，用不着改全局的设置
        unit = UNIT
        if ax is None:
            figsize = (width * UNIT + _MARGIN, height * UNIT + _MARGIN)
            ax = subplots(figsize=figsize)[1]
            ax.axis("off")
        else:
            ax.axis("off")
            unit = _inches_per_unit(ax, width, height)
        spare = max(unit / (_LARGEST * UNIT) - 1, 0)  # 格子太大时四周留白，字不跟着变大
        self.ax, self.size = ax, (width, height)
        ax.set_xlim(-spare * width / 2, (1 + spare / 2) * width)
        ax.set_ylim(-spare * height / 2, (1 + spare / 2) * height)
        ax.set_aspect("equal")
        self.points = 72 * unit / (1 + spare)
        """一个手机像素是多少磅。"""

    def text(
        self, at: Point, text: str, size: Number = NORMAL, color: str = "ink", **options
    ) -> Text:
        """以 `at` 为中心写字；`size` 是手机像素，`color` 是 `LIGHT` 里的名字。"""
        options = {"ha": "center", "va": "center_baseline", "linespacing": 1.15} | options
        options |= {"fontsize": size * self.points, "fontfamily": _FAMILY}
        return self.ax.text(*at, text, color=LIGHT[color], **options)

    def circle(self, at: Point, radius: Number, color: str = "muted", **look) -> Circle:
        """圆。"""
        return self._add(Circle(tuple(at), radius, **self._filled(color, **look)))

    def box(self, at: Point, size: Point, color: str = "muted", **look) -> Rectangle:
        """左下角在 `at` 的矩形。"""
        return self._add(Rectangle(tuple(at), *size, **self._filled(color, **look)))

    def pill(self, at: Point, size: Point, color: str = "muted", **look) -> FancyBboxPatch:
        """以 `at` 为中心、两头是半圆的框。"""
        (x, y), (w, h) = at, size
        shape = f"round,pad=0,rounding_size={h / 2}"
        look = self._filled(color, **look)
        return self._add(FancyBboxPatch((x - w / 2, y - h / 2), w, h, boxstyle=shape, **look))

    def polygon(self, corners: Sequence[Point], color: str = "muted", **look) -> Polygon:
        """多边形。"""
        return self._add(Polygon(corners, closed=True, **self._filled(color, **look)))

    def lines(
        self,
        segments: Iterable[tuple[Point, Point]],
        color: str | Sequence[str] = "muted",
        width: Number | Sequence[Number] = 1.0,
        **options,
    ) -> LineCollection:
        """若干条线段；颜色与线宽可以各不相同。"""
        names = [color] if isinstance(color, str) else color
        widths = [width] if isinstance(width, int | float) else width
        group = LineCollection(
            list(segments), colors=[LIGHT[name] for name in names],
            linewidths=[w * self.points for w in widths], **{"zorder": 1} | options,
        )  # fmt: skip
        self.ax.add_collection(group, autolim=False)
        return group

    def arrow(
        self, start: Point, end: Point, color: str = "muted", width: Number = 1.2, **options
    ) -> FancyArrowPatch:
        """从 `start` 指到 `end` 的箭头。"""
        options = {"arrowstyle": "-|>", "mutation_scale": 9 + 2 * width} | options
        options["mutation_scale"] *= self.points
        arrow = FancyArrowPatch(
            tuple(start), tuple(end), shrinkA=0, shrinkB=0, color=LIGHT[color],
            linewidth=width * self.points, joinstyle="miter", capstyle="butt", **options,
        )  # fmt: skip
        return self._add(arrow)

    def _filled(
        self,
        color: str,
        fill: Number = 0.15,
        width: Number = 1.2,
        edge: str | None = None,
        **options,
    ) -> dict:
        """`fill` 是色块的不透明度，`width` 是边线的宽，`edge` 是边线的颜色。"""
        return {
            "facecolor": (LIGHT[color], fill), "edgecolor": LIGHT[edge or color],
            "linewidth": width * self.points,
        } | options  # fmt: skip

    def _add(self, patch: Patch) -> Patch:
        return self.ax.add_patch(patch)


def _inches_per_unit(ax: Axes, width: Number, height: Number) -> float:
    """内容放进别人给的 Axes，一个手机像素合多少英寸。"""
    figure = ax.get_figure(root=True)
    with style():
        if figure.get_layout_engine() is not None:
            figure.get_layout_engine().execute(figure)  # 画之前就知道格子有多大
    box = ax.get_window_extent()
    title = _TITLE * figure.dpi if len(figure.axes) > 1 and not ax.get_title() else 0
    return min(box.width / width, (box.height - title) / height) / figure.dpi


def text_width(text: str, size: Number = NORMAL) -> float:
    """一行字大约多宽，与 `size` 同单位；按附带字体的字宽估计，宁多勿少。"""
    return size * sum(_em(c) for c in text)


def _em(c: str) -> float:
    if c in "×÷√" or display_width(c) == 2:
        return 1.0
    return 0.3 if c in ".,:;|il²³ " else 0.7 if c.isupper() or c in "mw" else 0.57


def number(value: Number, digits: int = 3) -> str:
    """至多 `digits` 位有效数字，末尾不留 0，负号是 −：`−0.5`、`12`、`1.2e−5`。"""
    if value == 0:
        return "0"
    text = f"{value:.{digits}g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        power = int(exponent)
        text = f"{float(text):.0f}" if 0 <= power < 5 else f"{mantissa}e{power}"
    return text.replace("-", "−")
