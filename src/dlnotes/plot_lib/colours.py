"""颜色：十二种有名字的颜色，与整数对查的二维颜色表。"""

from collections.abc import Sequence
from functools import cache

import matplotlib as mpl
import numpy as np
from jaxtyping import Float

from dlnotes.plot_lib.arrays import to_array

__all__ = ["colors"]

_NAMES = (
    "aqua", "yellow", "lavender", "red", "blue", "orange",
    "green", "pink", "grey", "violet", "unk1", "unk2",
)  # fmt: skip
colors = {name: mpl.colors.to_hex(mpl.colormaps["Set3"](i)) for i, name in enumerate(_NAMES)}
"""十二种柔和的颜色，名字到十六进制写法；即 ColorBrewer 的 Set3。"""

_MAP_SIZE = 512


def point_colours(colors: object, num_points: int) -> tuple[object, bool]:
    """`scatter` 能用的颜色，以及它们是不是从二维颜色表里取的。"""
    if isinstance(colors, str):
        return _check_names([colors])[0], False
    if isinstance(colors, list | tuple) and any(isinstance(color, str) for color in colors):
        if len(colors) != num_points:
            raise ValueError(
                f"colors 应有 {num_points} 个颜色名，与 X 的样本数相同，收到 {len(colors)}"
            )
        return _check_names(colors), False
    values = to_array("colors", colors)
    if values.shape in ((3,), (4,), (1, 3), (1, 4)) and len(values) != num_points:
        values = np.tile(values, (num_points, 1))  # 所有点同一种 RGB 或 RGBA
    if values.shape[:1] != (num_points,):
        raise ValueError(f"colors 应有 {num_points} 行，与 X 的样本数相同，收到 {values.shape}")
    if values.ndim == 1 or values.shape[1:] == (1,):
        return values.ravel(), False
    if values.shape[1:] == (2,):
        return _look_up(values), True
    return _check_rgb(values), False


def _check_names(names: Sequence[str]) -> list[str]:
    for name in names:
        if not mpl.colors.is_color_like(name):
            raise ValueError(f"colors 应为 matplotlib 认识的颜色名，收到 {name!r}")
    return list(names)


def _check_rgb(values: np.ndarray) -> np.ndarray:
    if values.ndim != 2 or values.shape[1] not in (3, 4):
        raise ValueError(f"colors 的形状应为 (N,)、(N, 2)、(N, 3) 或 (N, 4)，收到 {values.shape}")
    low, high = values.min(initial=0), values.max(initial=0)
    if not 0 <= low <= high <= 1:
        raise ValueError(f"colors 的 RGB 应在 0 到 1 之间，收到的最小 {low}、最大 {high}")
    return values


def _look_up(indices: np.ndarray) -> Float[np.ndarray, "N 3"]:
    if indices.dtype.kind not in "iu":
        raise TypeError(f"形状 (N, 2) 的 colors 是颜色表的下标，应为整数，收到 {indices.dtype}")
    low, high, last = indices.min(initial=0), indices.max(initial=0), _MAP_SIZE - 1
    if not 0 <= low <= high <= last:
        raise ValueError(f"colors 的下标应在 0 到 {last} 之间，收到的最小 {low}、最大 {high}")
    return colour_map()[indices[:, 0], indices[:, 1]]


# OKLab → 线性 sRGB 的两个矩阵。
# 来源: Björn Ottosson，A perceptual color space for image processing，2020
_LAB_TO_LMS = np.array([
    [1.0, 0.3963377774, 0.2158037573],
    [1.0, -0.1055613458, -0.0638541728],
    [1.0, -0.0894841775, -1.2914855480],
])  # fmt: skip
_LMS_TO_RGB = np.array([
    [4.0767416621, -3.3077115913, 0.2309699292],
    [-1.2684380046, 2.6097574011, -0.3413193965],
    [-0.0041960863, -0.7034186147, 1.7076147010],
])  # fmt: skip


@cache
def colour_map() -> Float[np.ndarray, "512 512 3"]:
    """二维颜色表：第一个下标是色相（0° 到 300°），第二个是明度（由暗到亮）；第一次用到时才生成。"""
    hue, lightness = np.meshgrid(
        np.linspace(0, 5 / 3 * np.pi, _MAP_SIZE), np.linspace(0.5, 0.82, _MAP_SIZE), indexing="ij"
    )
    lab = np.stack([lightness, 0.085 * np.cos(hue), 0.085 * np.sin(hue)], axis=-1)
    linear = (lab @ _LAB_TO_LMS.T) ** 3 @ _LMS_TO_RGB.T  # 彩度 0.085 时全部落在 sRGB 之内
    rgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    rgb.setflags(write=False)
    return rgb
