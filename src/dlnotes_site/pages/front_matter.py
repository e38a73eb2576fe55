"""页首的元数据：简介、几分钟、先修、读完能做什么、证据页、另要的库、旧地址、读者会用来搜它的词。"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_KNOWN = frozenset({
    "title", "description", "minutes", "prerequisites", "outcomes", "evidence", "introduces",
    "extras", "keywords", "redirect_from", "hide", "search", "template", "icon",
})  # fmt: skip


@dataclass(frozen=True)
class FrontMatter:
    """一页的元数据；`minutes` 为 `None` 的页面还没有按新的样式写。`written` 是写了的名字。"""

    description: str = ""
    minutes: int | None = None
    prerequisites: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    introduces: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    redirect_from: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    written: frozenset[str] = frozenset()


def after_front_matter(lines: list[str]) -> int:
    """元数据之后的第一行的下标；没有元数据时为 0。"""
    if lines and lines[0].strip() == "---" and "---" in lines[1:]:
        return lines.index("---", 1) + 1
    return 0


def front_matter(path: Path) -> FrontMatter:
    """读出 `path` 的元数据。

    Raises:
        ValueError: 不是合法的 YAML，有不认识的名字，或者类型不对；消息里有文件与名字。
    """
    return parse(path.read_text(encoding="utf-8"), str(path))


@cache
def parse(text: str, where: str) -> FrontMatter:
    """文字是 `text` 的一页的元数据；`where` 用在报错里。"""
    lines = text.splitlines()
    end = after_front_matter(lines)
    try:
        data = yaml.safe_load("\n".join(lines[1 : end - 1])) if end else {}
    except yaml.YAMLError as error:
        raise ValueError(f"{where}：页首的元数据应是合法的 YAML：{error}") from error
    data = data or {}
    if unknown := sorted(set(data) - _KNOWN):
        raise ValueError(f"{where}：页首有不认识的名字 {unknown}，应为 {sorted(_KNOWN)} 之一")
    minutes = data.get("minutes")
    if minutes is not None and not (isinstance(minutes, int) and minutes > 0):
        raise ValueError(f"{where}：minutes 应为正整数，收到 {minutes!r}")
    lists = {name: _strings(data, name, where)
             for name in ("prerequisites", "outcomes", "evidence", "introduces", "extras",
                          "redirect_from")}  # fmt: skip
    keywords = data.get("keywords") or ""
    if not isinstance(keywords, str):
        raise ValueError(f"{where}：keywords 应为空格隔开的词，收到 {keywords!r}")
    return FrontMatter(
        str(data.get("description") or ""), minutes, **lists, keywords=tuple(keywords.split()),
        written=frozenset(data),
    )  # fmt: skip


def _strings(data: dict, name: str, where: str) -> tuple[str, ...]:
    value = data.get(name)
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError(f"{where}：{name} 应为一串文字，收到 {value!r}")
    return tuple(items)
