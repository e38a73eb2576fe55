"""把记录里的 SVG 变成网站用的浅色与深色两份文件；文件名取自记录库里的名字，没变的图连读也不读。"""

import ast
import importlib.util
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from dlnotes_site.project import write_if_changed

FOLDER = "assets/run"
"""图片文件放在网站的哪个文件夹。"""

STYLE = "plotting/style.py"
"""颜色表写在 `dlnotes` 的哪个文件里。"""

_COLOUR = re.compile(r"#[0-9a-f]{6}\b")

_GROUP = re.compile(r"<g\b[^>]*(?<!/)>|</g>")

_POINT = re.compile(r'<use xlink:href="#\w+" x="(?P<x>[-\d.]+)" y="(?P<y>[-\d.]+)" style="[^"]*"/>')
_POINTS = re.compile(
    r'<use xlink:href="#(?P<mark>\w+)" x="[-\d.]+" y="[-\d.]+" style="(?P<style>[^"]*)"/>'
    r'(?:\s*<use xlink:href="#(?P=mark)" x="[-\d.]+" y="[-\d.]+" style="(?P=style)"/>){49,}'
)


def style_file() -> Path:
    """写着颜色表的源文件。"""
    return Path(importlib.util.find_spec("dlnotes").origin).parent / STYLE


@cache
def colours() -> tuple[dict[str, str], dict[str, str]]:
    """浅色与深色两张颜色表；从源文件里读，不导入它：导入它也就导入 torch，要几秒。"""
    tree = ast.parse(style_file().read_text(encoding="utf-8"))
    plain = (n for n in tree.body if isinstance(n, ast.Assign) and len(n.targets) == 1)
    tables = {ast.unparse(node.targets[0]): node.value for node in plain}
    return ast.literal_eval(tables["LIGHT"]), ast.literal_eval(tables["DARK"])


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


def only(svg: str, mode: str) -> str:
    """去掉只给另一种配色看的坐标系：`ax.set_gid("only-light")`、`ax.set_gid("only-dark")`。

    屏幕截图浅色、深色各有一张，颜色不能对换。
    """
    other = {"light": "only-dark", "dark": "only-light"}[mode]
    while (start := svg.find(f'<g id="{other}">')) >= 0:
        depth = 0
        for tag in _GROUP.finditer(svg, start):
            depth += -1 if tag[0] == "</g>" else 1
            if depth == 0:
                svg = svg[:start] + svg[tag.end() :]
                break
    return svg


def darken(svg: str) -> str:
    """浅色 SVG 换成深色：样式表里的颜色逐个对换，其余颜色不动。

    matplotlib 不写黑色的填充（SVG 的缺省值），所以另在根元素上写明缺省的填充色。
    """
    exchange, (_, dark) = _exchange(), colours()
    svg = svg.replace("<svg ", f'<svg fill="{dark["ink"]}" ', 1)
    return _COLOUR.sub(lambda match: exchange.get(match[0], match[0]), svg)


@cache
def _exchange() -> dict[str, str]:
    light, dark = colours()
    return {light[name]: dark[name] for name in light} | {"#000000": dark["ink"]}


def file_names(blob: str) -> tuple[str, str]:
    """一帧的浅色、深色文件名；`blob` 是它在记录库里的名字，由内容决定。"""
    return f"{blob[:16]}-light.svg", f"{blob[:16]}-dark.svg"


def paths(blob: str) -> tuple[str, str]:
    """一帧的两份文件在网站上的位置。"""
    light, dark = file_names(blob)
    return f"{FOLDER}/{light}", f"{FOLDER}/{dark}"


def write_frames(
    blobs: Iterable[str], read: Callable[[str], str], folder: Path, *, again: bool = False
) -> None:
    """写出各帧的两份文件；已经有的不读也不写。

    Args:
        blobs: 各帧在记录库里的名字。
        read: 由名字取得 SVG。
        folder: 织好的页面所在的文件夹。
        again: 已经有的也重写。
    """
    for blob in blobs:
        light, dark = (folder / path for path in paths(blob))
        if again or not (light.exists() and dark.exists()):
            svg = thin(read(blob))
            write_if_changed(light, only(svg, "light"))
            write_if_changed(dark, darken(only(svg, "dark")))
