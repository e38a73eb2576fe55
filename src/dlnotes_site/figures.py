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


def darken(svg: str) -> str:
    """浅色 SVG 换成深色：样式表里的颜色逐个对换，其余颜色不动。

    matplotlib 不写黑色的填充（SVG 的缺省值），所以另在根元素上写明缺省的填充色。
    """
    svg = svg.replace("<svg ", f'<svg fill="{DARK["ink"]}" ', 1)
    return _COLOUR.sub(lambda match: _EXCHANGE.get(match[0], match[0]), svg)


def file_names(svg: str) -> tuple[str, str]:
    """一帧的浅色、深色文件名，由内容决定。"""
    name = hashlib.sha256(svg.encode()).hexdigest()[:16]
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
            yield light, svg
            yield dark, darken(svg)
