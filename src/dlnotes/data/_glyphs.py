"""汉字的字形：GB 2312 一级字的次序，以及由随包字体得到的有符号距离场。"""

from functools import cache, lru_cache

import numpy as np
import torch
from torch import Tensor

from dlnotes._core.font import font_path

BODY = 0.75  # 字身占画布边长的比例，四周留给变形
BASELINE = 0.38  # 思源黑体的字身中心到基线的距离，占字身


@cache
def level_one() -> str:
    """GB 2312 一级字 3755 个，按区位（即拼音）的次序。"""
    rows, columns = range(0xB0, 0xD8), range(0xA1, 0xFF)
    codes = [bytes((row, column)) for row in rows for column in columns]
    return b"".join(codes[:-5]).decode("gb2312")  # 最后一区只到 89 位


@lru_cache(maxsize=8192)
def distance_field(character: str, size: int) -> Tensor:
    """有符号距离场：笔画内为正、外为负，以画布边长为单位；(size, size)，float32。

    存距离而不存像素，是因为距离变化平缓：先变形、再按距离着色，边缘在任何分辨率下都平滑，
    而且加上一个常数就是加粗。
    """
    from scipy.ndimage import distance_transform_edt

    ink = _draw(character, 2 * size)
    inside, outside = distance_transform_edt(ink), distance_transform_edt(~ink)
    distance = np.where(ink, inside - 0.5, 0.5 - outside)  # 量到两种像素之间的边，不到像素中心
    blocks = distance.reshape(size, 2, size, 2).mean((1, 3))
    return torch.from_numpy((blocks / (2 * size)).astype(np.float32))


def _draw(character: str, size: int) -> np.ndarray:
    """把字画在 size × size 的画布正中，字身占 `BODY`；返回布尔数组。"""
    from PIL import Image, ImageDraw

    font = _font(round(BODY * size))
    canvas = Image.new("L", (size, size))
    corner = (size / 2 - font.size / 2, size / 2 + BASELINE * font.size)
    ImageDraw.Draw(canvas).text(corner, character, fill=255, font=font, anchor="ls")
    return np.asarray(canvas) > 127


@lru_cache(maxsize=8)
def _font(size: int):
    from PIL import ImageFont

    return ImageFont.truetype(str(font_path()), size, layout_engine=ImageFont.Layout.BASIC)
