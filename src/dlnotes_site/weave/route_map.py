"""首页的先修图：由各篇页首的 `minutes` 与 `prerequisites` 画出，一个栏目一块。"""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from dlnotes_site.pages.front_matter import FrontMatter, front_matter
from dlnotes_site.pages.nav import Place, nav, relative, title_of
from dlnotes_site.pages.prerequisites import note

_COLUMNS = 2
"""一行最多放几篇：手机上也读得清。"""


@dataclass(frozen=True)
class _Node:
    """图上的一篇：在栏目里的行与列（从 0 数起），同栏目里直接的先修，别的栏目里的先修。"""

    page: str
    minutes: int
    row: int
    column: int
    inside: tuple[str, ...]
    outside: tuple[str, ...]


def map_html(page: str, root: Path) -> str:
    """先修图：每个栏目一块，先修在上，箭头往下；没有写了 `minutes` 的笔记时为空。

    箭头画在一张拉伸到格子大小的 SVG 里，文字与链接是普通的列表，读屏与没有样式时照样能读。
    """
    metas = {place: meta for place in nav(root) if (meta := _meta(place, root)) is not None}
    needs = {place.page: _written(meta, metas) for place, meta in metas.items()}
    groups: dict[str, list[Place]] = {}
    for place in metas:
        groups.setdefault(place.sections[-1] if place.sections else "", []).append(place)
    blocks = [
        _section(title, _nodes(places, metas, _direct(needs)), page, root)
        for title, places in groups.items()
    ]  # fmt: skip
    return '<div class="dl-map" markdown>\n' + "\n".join(blocks) + "\n</div>" if blocks else ""


def _meta(place: Place, root: Path) -> FrontMatter | None:
    path = root / place.page
    if not place.page.startswith("docs/notes/") or not path.is_file():
        return None
    meta = front_matter(path)
    return None if meta.minutes is None else meta


def _written(meta: FrontMatter, metas: dict[Place, FrontMatter]) -> tuple[str, ...]:
    """先修里已经在图上的。"""
    known = {place.page for place in metas}
    return tuple(note(name) for name in meta.prerequisites if note(name) in known)


def _direct(needs: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """去掉绕一下也到得了的先修，箭头才少。导航的次序保证没有环。"""
    above: dict[str, set[str]] = {}
    for page, names in needs.items():
        above[page] = set(names).union(*(above.get(name, ()) for name in names))
    return {
        page: tuple(n for n in names if not any(n in above.get(m, ()) for m in names if m != n))
        for page, names in needs.items()
    }


def _nodes(
    places: list[Place], metas: dict[Place, FrontMatter], needs: dict[str, tuple[str, ...]]
) -> list[_Node]:
    """一个栏目里的各篇：行由同栏目里的先修决定，一行放不下就往下挪。"""
    here = {place.page for place in places}
    found: dict[str, _Node] = {}
    taken: dict[int, int] = {}
    for place in places:
        inside = tuple(name for name in needs[place.page] if name in here)
        row = max((found[name].row + 1 for name in inside if name in found), default=0)
        while taken.get(row, 0) >= _COLUMNS:
            row += 1
        column = taken[row] = taken.get(row, 0) + 1
        outside = tuple(name for name in needs[place.page] if name not in here)
        found[place.page] = _Node(
            place.page, metas[place].minutes, row, column - 1, inside, outside
        )
    return list(found.values())


def _section(title: str, nodes: list[_Node], page: str, root: Path) -> str:
    rows, columns = (1 + max(getattr(n, name) for n in nodes) for name in ("row", "column"))
    heading = f'<p class="dl-map__title">{html.escape(title)}</p>\n' if title else ""
    items = "\n".join(_item(node, page, root) for node in nodes)
    return (
        f'<section class="dl-map__part" markdown>\n{heading}'
        f'<div class="dl-map__grid" style="--dl-rows: {rows}; --dl-columns: {columns}" markdown>\n'
        f'{_arrows(nodes, rows, columns)}\n<ol markdown>\n{items}\n</ol>\n</div>\n</section>'
    )  # fmt: skip


def _item(node: _Node, page: str, root: Path) -> str:
    """一篇：链接、几分钟、别的栏目里的先修；同栏目里的先修写给读屏听，看图的看箭头。"""
    kind = ' class="dl-map__to"' if node.inside else ""
    names = [[title_of(name, root) for name in pages] for pages in (node.inside, node.outside)]
    inside, outside = ("、".join(titles) for titles in names)
    spoken = f'<span class="dl-map__spoken">，先修：{inside}</span>' if inside else ""
    shown = f'<span class="dl-map__from">先修：{outside}</span>' if outside else ""
    return (
        f'<li{kind} style="grid-area: {node.row + 1} / {node.column + 1}" markdown="span">'
        f"[{title_of(node.page, root)}]({relative(node.page, page)})"
        f'<span class="dl-map__minutes">{node.minutes} 分钟</span>{spoken}{shown}</li>'
    )


# 一格宽 100、高 100；卡片占横向 8 到 92、纵向 0 到 74，箭头走卡片之间的空隙
_LEFT, _BOTTOM, _LANE, _TURN = 8, 74, 3, 90


def _arrows(nodes: list[_Node], rows: int, columns: int) -> str:
    by_page = {node.page: node for node in nodes}
    paths = "".join(
        f'<path d="{_path(by_page[name], node)}"/>' for node in nodes for name in node.inside
    )
    if not paths:
        return ""
    return (
        f'<div class="dl-map__arrows"><svg viewBox="0 0 {100 * columns} {100 * rows}" '
        f'preserveAspectRatio="none" aria-hidden="true" focusable="false">{paths}</svg></div>'
    )


def _path(start: _Node, end: _Node) -> str:
    """从 `start` 的下边到 `end` 的上边；隔了几行的走左边的空隙，不从别的卡片后面穿过。"""
    points = [(_middle(start), start.row * 100 + _BOTTOM)]
    if end.row > start.row + 1:
        lane = end.column * 100 + _LANE
        points += [(lane, start.row * 100 + 100), (lane, (end.row - 1) * 100 + _TURN)]
    points.append((_middle(end), end.row * 100))
    return " ".join(_pieces(points))


def _middle(node: _Node) -> int:
    return node.column * 100 + 50


def _pieces(points: list[tuple[int, int]]) -> Iterator[str]:
    """两头竖直的曲线，一段接一段。"""
    yield f"M{points[0][0]} {points[0][1]}"
    for (x, y), (to_x, to_y) in pairwise(points):
        half = (y + to_y) / 2
        yield f"C{x} {half:g} {to_x} {half:g} {to_x} {to_y}" if x != to_x else f"V{to_y}"
