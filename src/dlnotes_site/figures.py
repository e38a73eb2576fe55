"""把记录里的 SVG 变成网站用的浅色与深色两份文件。"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from dlnotes.plotting import DARK, LIGHT
from dlnotes_site.record import Figure, Record, write_atomically

FOLDER = "assets/run"
"""图片文件放在 docs 下的哪个文件夹（不进版本库）。"""

_EXCHANGE = {LIGHT[name]: DARK[name] for name in LIGHT}
_EXCHANGE |= {"#000000": DARK["ink"]}
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")

_POINT = re.compile(r'<use xlink:href="#\w+" x="(?P<x>[-\d.]+)" y="(?P<y>[-\d.]+)" style="[^"]*"/>')
_POINTS = re.compile(
    r'<use xlink:href="#(?P<mark>\w+)" x="[-\d.]+" y="[-\d.]+" style="(?P<style>[^"]*)"/>'
    r'(?:\s*<use xlink:href="#(?P=mark)" x="[-\d.]+" y="[-\d.]+" style="(?P=style)"/>){49,}'
)


def thin(svg: str) -> str:
    """几十个以上同样的散点合成一条线，点作线上的记号：样子一样，元素从几千个变成几个。

    浏览器为每个 `<use>` 另造一棵树，三千个点要让手机停顿几百毫秒。
    """
    return _POINTS.sub(_as_markers, svg)


def _as_markers(match: re.Match) -> str:
    name = f"{match['mark']}-{match.start()}"
    line = " ".join(f"{point['x']} {point['y']}" for point in _POINT.finditer(match[0]))
    return (
        f'<marker id="{name}" markerUnits="userSpaceOnUse" overflow="visible">'
        f'<use xlink:href="#{match["mark"]}" style="{match["style"]}"/></marker>'
        f'<path d="M {line}" style="fill: none; marker: url(#{name})"/>'
    )


def darken(svg: str) -> str:
    """浅色 SVG 换成深色：样式表里的颜色逐个对换，其余颜色不动。

    matplotlib 不写黑色的填充（SVG 的缺省值），所以另在根元素上写明缺省的填充色。
    """
    svg = svg.replace("<svg ", f'<svg fill="{DARK["ink"]}" ', 1)
    return _COLOUR.sub(lambda match: _EXCHANGE.get(match[0], match[0]), svg)


def file_names(svg: str) -> tuple[str, str]:
    """一帧的浅色、深色文件名，由内容决定。"""
    name = hashlib.sha256(thin(svg).encode()).hexdigest()[:16]
    return f"{name}-light.svg", f"{name}-dark.svg"


def write_files(records: list[Record], docs: Path) -> None:
    """写出所有图片文件，删掉不再用的。"""
    folder = docs / FOLDER
    wanted = dict(_files(figure for record in records for figure in record.figures))
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, svg in wanted.items():
        if not (folder / name).exists():
            write_atomically(folder / name, svg)


def _files(figures: Iterator[Figure]) -> Iterator[tuple[str, str]]:
    for figure in figures:
        for svg in figure.frames:
            light, dark = file_names(svg)
            yield light, thin(svg)
            yield dark, darken(thin(svg))
