"""概念表：`docs/glossary.md` 是唯一的来源，网站各处的提示都从这里来。

每个概念一节：三级标题 `### 中文（English）`，接一行 `L0 · 类别 · 链接`，再接一段解释。
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HEADING = re.compile(r"^### (?P<name>[^（(]+?)\s*(?:（[^）]+）)?\s*$")
_LEVEL = re.compile(r"^(?P<level>L[0-3]) · [^·]+?(?: · .*)?$")
_MARKUP = re.compile(r"\[([^\]]+)\]\([^)]*\)|[`*]|\\[()]")


@dataclass(frozen=True)
class Term:
    """一个概念。"""

    name: str
    level: str
    explanation: str
    line: int


def terms(root: Path) -> list[Term]:
    """概念表里的全部概念，按出现次序。"""
    path = root / "docs" / "glossary.md"
    if not path.exists():
        return []
    return list(_parse(path.read_text(encoding="utf-8")))


@cache
def _parse(text: str) -> tuple[Term, ...]:
    lines = text.splitlines()
    found = []
    for number, line in enumerate(lines):
        heading = _HEADING.match(line)
        if heading is None:
            continue
        paragraphs = [p for p in _paragraphs(lines[number + 1 :]) if p]
        level = _LEVEL.match(paragraphs[0]) if paragraphs else None
        if level is None or len(paragraphs) < 2:
            raise ValueError(
                f"docs/glossary.md:{number + 1}：概念“{heading['name']}”之后应有"
                "“L0 · 类别 · 链接”一行，再有一段解释"
            )
        found.append(Term(heading["name"], level["level"], plain(paragraphs[1]), number + 1))
    return tuple(found)


def _paragraphs(lines: list[str]) -> list[str]:
    section = []
    for line in lines:
        if line.startswith("#"):
            break
        section.append(line)
    return [part.replace("\n", "").strip() for part in "\n".join(section).split("\n\n")][:4]


def plain(markdown: str) -> str:
    """去掉行内标记，只留文字。"""
    return _MARKUP.sub(lambda match: match[1] or "", markdown)
