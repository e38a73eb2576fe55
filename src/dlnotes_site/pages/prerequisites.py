"""先修：读到一页时，用到的都已经讲过。只查页首写了 `minutes` 的页面。

查四件事：页首写全了，证据页都在；先修的页面在导航里排在前面；后面才讲的概念与写法，用之前先介绍
（见 `early`）；网格的端点不放过。
"""

import re
from collections.abc import Iterator
from pathlib import Path

from dlnotes_site.pages.collect import Block, Problem, collect_page
from dlnotes_site.pages.early import check_early, without_comments
from dlnotes_site.pages.extras import known
from dlnotes_site.pages.front_matter import FrontMatter, front_matter
from dlnotes_site.pages.nav import order

_EDGE = re.compile(r"\ballow_edge\s*=\s*True\b")


def note(name: str) -> str:
    """先修里写的页面名所指的页面。"""
    return f"docs/notes/{name}.md"


def evidence(name: str) -> str:
    """`evidence` 里写的页面名所指的页面。"""
    return f"docs/evidence/{name}.md"


def check_prerequisites(page: str, root: Path) -> list[Problem]:
    """一个页面先修方面的毛病；页首没有 `minutes` 的只查另要的库。

    Raises:
        ValueError: 页首的元数据或概念表有毛病。
    """
    path = root / page
    meta = front_matter(path)
    text, places = path.read_text(encoding="utf-8"), order(root)
    extras = list(_extras(page, text, meta, root))
    if meta.minutes is None:
        return extras
    return [
        *extras,
        *_front_matter(page, text, meta, root),
        *_order(page, text, meta, root, places),
        *check_early(page, text, meta.introduces, collect_page(path, root), root),
        *_edges(collect_page(path, root)),
    ]


# --- 页首 --------------------------------------------------------------------------------------


def _front_matter(page: str, text: str, meta: FrontMatter, root: Path) -> Iterator[Problem]:
    for name in ("prerequisites", "outcomes"):
        if name not in meta.written or (name == "outcomes" and not meta.outcomes):
            message = f"写了 minutes 的页面，页首还应写 {name}"
            yield Problem(page, 1, message + ("（没有就写 []）" if name == "prerequisites" else ""))
    for name in meta.evidence:
        if not (root / evidence(name)).is_file():
            message = f"evidence 里的 {name} 没有对应的页面 {evidence(name)}"
            yield Problem(page, _line_of(text, "evidence"), message)


def _extras(page: str, text: str, meta: FrontMatter, root: Path) -> Iterator[Problem]:
    for name in meta.extras:
        if name not in known(root):
            message = f"extras 里的 {name} 应为 {sorted(known(root))} 之一（pyproject.toml）"
            yield Problem(page, _line_of(text, "extras"), message)


def _order(
    page: str, text: str, meta: FrontMatter, root: Path, places: dict[str, int]
) -> Iterator[Problem]:
    """先修的页面写好了的，应在导航里排在前面；还没写的不查。"""
    last = len(places)
    for name in meta.prerequisites:
        target = note(name)
        if (root / target).is_file() and places.get(target, last) >= places.get(page, last):
            message = f"先修 {name} 应在导航里排在本页之前（{target}）"
            yield Problem(page, _line_of(text, "prerequisites"), message)


def _line_of(text: str, name: str) -> int:
    lines = text.splitlines()
    return next((i for i, line in enumerate(lines, 1) if line.startswith(f"{name}:")), 1)


def _edges(blocks: list[Block]) -> Iterator[Problem]:
    for block in (block for block in blocks if _EDGE.search(block.code)):
        for number, line in enumerate(without_comments(block.code), start=1):
            if _EDGE.search(line):
                message = "不用 allow_edge=True 放过网格的端点：放宽网格，让选中的值落在里面"
                yield Problem(block.page, block.line + number, message)
