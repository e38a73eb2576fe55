"""导航：mkdocs.yml 里的次序就是阅读的次序。"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_TITLE = re.compile(r"^# (?P<title>.+?)\s*(?:\{[^}]*\}\s*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """一页在导航里的位置：页面、导航里写的标题（可以没有）、所在的各级栏目。"""

    page: str
    title: str | None
    sections: tuple[str, ...]


class _Loader(yaml.SafeLoader):
    """认得 mkdocs.yml 里的 `!ENV` 与 `!!python/…`：这里用不到它们的值。"""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
_Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: None)


def nav(root: Path) -> tuple[Place, ...]:
    """导航里的各页，按次序；没有 mkdocs.yml 或没有写 `nav` 时为空。"""
    path = root / "mkdocs.yml"
    return _nav(path.read_text(encoding="utf-8")) if path.exists() else ()


@cache
def _nav(text: str) -> tuple[Place, ...]:
    data = yaml.load(text, Loader=_Loader) or {}
    return tuple(_places(data.get("nav") or [], ()))


def _places(items: list, sections: tuple[str, ...]) -> Iterator[Place]:
    for item in items:
        title, target = next(iter(item.items())) if isinstance(item, dict) else (None, item)
        if isinstance(target, list):
            yield from _places(target, (*sections, title))
        else:
            yield Place(f"docs/{target}", title, sections)


def order(root: Path) -> dict[str, int]:
    """各页在导航里的次序。"""
    return {place.page: number for number, place in enumerate(nav(root))}


def title_of(page: str, root: Path) -> str:
    """页面的标题：导航里写的，否则是一级标题，再否则是文件名。"""
    named = next((place.title for place in nav(root) if place.page == page), None)
    path = root / page
    if named or not path.is_file():
        return named or path.stem
    heading = _TITLE.search(path.read_text(encoding="utf-8"))
    return heading["title"] if heading else path.stem


def relative(target: str, page: str) -> str:
    """从页面 `page` 链到 `target` 的相对地址。"""
    return os.path.relpath(target, Path(page).parent).replace(os.sep, "/")
