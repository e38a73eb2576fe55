"""各种图共用的零件：取坐标轴、把张量变成数组、标记与颜色。"""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.text import Text
from torch import Tensor

from dlnotes._core.check import instance_of, shown
from dlnotes._core.font import FONT
from dlnotes.plotting.style import subplots, use_chinese

ON_DARK, ON_LIGHT = "#fefefe", "#010101"  # 写在色块上的字，换深浅样式时不变

MARKERS = ("o", "^", "s", "D", "v", "P")


def axes_for(ax: Axes | None, figsize: Sequence[float] | None = None) -> Axes:
    """要画的坐标轴：`ax` 省略时用笔记样式新开一张图；否则就是它，并让它那张图写得出汉字。

    每个画图函数检查完参数就调用它，之后才动笔。
    """
    if ax is None:
        return subplots(figsize=figsize)[1]
    check_axes(ax)
    use_chinese()
    if FONT not in ax.title.get_fontfamily():  # 用 `plt.subplots` 开的，那时还没有登记中文字体
        _give_font(ax)
    return ax


def check_axes(ax: Axes | None) -> None:
    """`ax` 是 `None` 或 matplotlib 的 Axes，否则报错。"""
    if ax is not None:
        instance_of("ax", ax, Axes, "matplotlib 的 Axes")


def _give_font(ax: Axes) -> None:
    """把中文字体加到整张图已有的文字上；自己另选了字体的文字不动。"""
    defaults = [mpl.rcParamsDefault["font.family"], mpl.rcParams["font.family"][1:]]
    for text in ax.figure.findobj(Text):
        if text.get_fontfamily() in defaults:
            text.set_fontfamily([FONT, *text.get_fontfamily()])


def as_array(values: object) -> np.ndarray:
    """张量、列表等变成数组；张量可以在任何设备上、需要梯度、是 bfloat16。"""
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        values = values.float() if values.dtype == torch.bfloat16 else values
    return np.asarray(values)


def as_numbers(values: object, name: str = "values") -> np.ndarray:
    """同 `as_array`，但只收实数。"""
    try:
        array = as_array(values)
    except ValueError as error:
        raise ValueError(f"{name} 的各行应一样长，收到 {shown(values)}") from error
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} 应为数值，收到 {shown(values)}")
    return array


def as_table(values: object, shape: str, name: str = "values") -> np.ndarray:
    """同 `as_numbers`，但只收不空的二维数组；`shape` 是写进信息里的形状。"""
    values = as_numbers(values, name)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"{name} 的形状应为 {shape}，都不为 0，收到 {values.shape}")
    return values


def as_points(X: object, name: str = "X") -> np.ndarray:
    """同 `as_numbers`，但只收形状 (n, 2) 的。"""
    X = as_numbers(X, name)
    if X.ndim != 2 or X.shape[1] != 2:
        raise ValueError(f"{name} 的形状应为 (n, 2)，收到 {X.shape}")
    return X
