"""一张 matplotlib SVG 画着什么：两张图比画出来的数，不比字节。"""

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np

TOLERANCE = 0.02
"""两张图的容差：坐标的单位是磅，颜色的单位是满幅（0 到 1）；更小的差别看不出来。"""

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_COLOUR = re.compile(r"#([0-9a-fA-F]{6})\b")


def same_svg(a: str, b: str, tolerance: float = TOLERANCE) -> bool:
    """两份 SVG 是否画着同样的东西；文件里的标识符与字节可以不同。"""
    return a == b or svg_difference(a, b) <= tolerance


def svg_difference(a: str, b: str) -> float:
    """两份 SVG 画出来的数最多相差多少；画法（元素、属性、笔画）不同时是无穷大。"""
    ours, theirs = _pieces(a), _pieces(b)
    if [shape for shape, _ in ours] != [shape for shape, _ in theirs]:
        return float("inf")
    gaps = (np.abs(x - y).max(initial=0.0)
            for (_, x), (_, y) in zip(ours, theirs, strict=True))  # fmt: skip
    return float(max(gaps, default=0.0))


def _pieces(svg: str) -> list[tuple[str, np.ndarray]]:
    """依次给出各元素的画法（数与标识符都抹去）和画法里的数。"""
    names: dict[str, str] = {}
    pieces = []
    for element in ElementTree.fromstring(svg).iter():
        pieces.append((_local(element.tag), np.empty(0)))
        for name, value in sorted(element.attrib.items()):
            shape, numbers = _attribute(_local(name), value, names)
            pieces.append((f"{_local(name)}={shape}", numbers))
        if (element.text or "").strip():
            pieces.append((element.text.strip(), np.empty(0)))
    return pieces


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _attribute(name: str, value: str, names: dict[str, str]) -> tuple[str, np.ndarray]:
    if name == "href" and value.startswith("data:image/png;base64,"):
        return _pixels(value.partition(",")[2])
    if name == "id":
        return _alias(value, names), np.empty(0)
    if "#" in value and (name == "href" or value.startswith("url(")):
        return _alias(value.removeprefix("url(").removesuffix(")").lstrip("#"), names), np.empty(0)
    colours = [int(found[i : i + 2], 16) / 255
               for found in _COLOUR.findall(value) for i in (0, 2, 4)]  # fmt: skip
    rest = _COLOUR.sub("colour", value)
    numbers = [float(found) for found in _NUMBER.findall(rest)]
    return _NUMBER.sub("#", rest), np.array(colours + numbers)


def _alias(identifier: str, names: dict[str, str]) -> str:
    """标识符由内容的摘要得来，数稍有不同就全变：换成它第几个出现。"""
    return names.setdefault(identifier, str(len(names)))


def _pixels(text: str) -> tuple[str, np.ndarray]:
    from PIL import Image

    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGBA"))
    return f"image {pixels.shape}", pixels.ravel() / 255
