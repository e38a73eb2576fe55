"""阅读的路：标题下面的几行（几分钟、先修、读完能做什么），与首页的先修图。"""

from pathlib import Path

from dlnotes_site.pages.extras import installed_as, packages
from dlnotes_site.pages.front_matter import front_matter
from dlnotes_site.pages.nav import relative, title_of
from dlnotes_site.pages.prerequisites import note
from dlnotes_site.pages.prose import prose_lines
from dlnotes_site.weave.route_map import map_html

MARKER = "<!-- 先修图 -->"
"""页面里写这一行，就在那里放上先修图。"""


def weave_head(page: str, text: str, root: Path) -> str:
    """在一级标题下面写上几行；页首没有 `minutes` 与 `extras` 时原样返回。"""
    lines, rows = text.split("\n"), head(page, root)
    title = next((i for i, line in enumerate(prose_lines(text)) if line.startswith("# ")), None)
    if not rows or title is None:
        return text
    return "\n".join([*lines[: title + 1], "", rows, "", *lines[title + 1 :]])


def weave_map(page: str, text: str, root: Path) -> str:
    """把标记换成先修图。"""
    return text.replace(MARKER, map_html(page, root))


def head(page: str, root: Path) -> str:
    """标题下面的几行；页首没有 `minutes` 与 `extras` 时为空。"""
    meta = front_matter(root / page)
    rows = [] if meta.minutes is None else [f"约 {meta.minutes} 分钟"]
    if meta.prerequisites:
        rows.append("先修：" + "、".join(_link(page, name, root) for name in meta.prerequisites))
    if meta.outcomes:
        rows.append("读完能：" + "；".join(outcome.rstrip("。；") for outcome in meta.outcomes))
    if meta.extras:
        names = " ".join(installed_as(package) for package in packages(meta.extras, root))
        rows.append(f"另要装：`pip install {names}`")
    if not rows:
        return ""
    items = "\n".join(f"- {row}" for row in rows)
    return f'<div class="dl-head" markdown>\n\n{items}\n\n</div>'


def _link(page: str, name: str, root: Path) -> str:
    """先修的一页；还没写的不带链接。"""
    target = note(name)
    if not (root / target).is_file():
        return name
    return f"[{title_of(target, root)}]({relative(target, page)})"
