"""误解框：`!!! misconception 锚点 "说法"`，第一行是加粗的结论，接着是改正。

锚点是框的第二个类名：不织页面时，Python-Markdown 也认得这个框。全站的锚点不能相同。
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from dlnotes_site.pages.collect import Problem
from dlnotes_site.pages.prose import prose_lines

VERDICTS = ("不成立", "条件成立", "归因错误", "推不出")
BOX = re.compile(
    r'^(?P<head>[ \t]*(?:!!!|\?\?\?\+?)[ \t]+misconception)(?P<anchor>(?:[ \t]+[^\s"]+)*)'
    r'[ \t]*(?:"(?P<claim>.*)")?[ \t]*$'
)
ANCHOR = re.compile(r"[a-z0-9-]+")
_VERDICT = re.compile(rf"^\*\*(?P<verdict>{'|'.join(VERDICTS)})[。：]?\*\*[：。]?\s*")
_SENTENCE = re.compile(r"^.*?(?:[。！？]”?(?![”）])|$)")


@dataclass(frozen=True)
class Misconception:
    """一条误解：在哪里、锚点、说法、结论、改正的第一句。"""

    page: str
    line: int
    anchor: str
    claim: str
    verdict: str
    sentence: str


def misconceptions(page: str, text: str) -> list[Misconception]:
    """一个页面里写得完整的误解框。"""
    return [found for found in _boxes(page, text) if isinstance(found, Misconception)]


def check_misconceptions(page: str, text: str) -> list[Problem]:
    """一个页面里写错的误解框。"""
    return [found for found in _boxes(page, text) if isinstance(found, Problem)]


def repeated_anchors(cards: Iterable[Misconception]) -> list[Problem]:
    """全站里重复的锚点。"""
    first: dict[str, Misconception] = {}
    problems = []
    for card in cards:
        other = first.setdefault(card.anchor, card)
        if other is not card:
            message = f"误解的锚点 {card.anchor} 已经用在 {other.page}:{other.line}，换一个"
            problems.append(Problem(card.page, card.line, message))
    return problems


@cache
def _boxes(page: str, text: str) -> tuple[Misconception | Problem, ...]:
    if "misconception" not in text:
        return ()
    lines = prose_lines(text)
    return tuple(
        _box(page, number, match, _body(lines, number))
        for number, line in enumerate(lines, start=1) if (match := BOX.match(line))
    )  # fmt: skip


def _box(page: str, line: int, match: re.Match, body: str) -> Misconception | Problem:
    anchor, claim = match["anchor"].strip(), (match["claim"] or "").strip()
    if not ANCHOR.fullmatch(anchor):
        message = f"误解框应写明锚点（小写字母、数字、连字符），收到 {anchor!r}"
        return Problem(page, line, f'{message}；写法是 !!! misconception 锚点 "说法"')
    if not claim:
        return Problem(page, line, f"误解框 {anchor} 没有写说法")
    verdict = _VERDICT.match(body)
    if verdict is None:
        expected = "、".join(f"**{name}**" for name in VERDICTS)
        return Problem(page, line, f"误解框 {anchor} 的第一行应以结论开头（{expected} 之一），"
                                   f"收到 {body[:20]!r}")  # fmt: skip
    correction = body[verdict.end() :].strip()
    if not correction:
        return Problem(page, line, f"误解框 {anchor} 只有结论，没有写改正")
    return Misconception(page, line, anchor, claim, verdict["verdict"],
                         _SENTENCE.match(correction)[0])  # fmt: skip


def _body(lines: list[str], number: int) -> str:
    """框里的文字：第一段，第一段只有结论时连同第二段；折行接起来。"""
    head = lines[number - 1]
    indent = len(head) - len(head.lstrip()) + 4
    paragraphs: list[str] = [""]
    for line in _indented(lines[number:], indent):
        if line:
            paragraphs[-1] += line
        elif paragraphs[-1]:
            paragraphs.append("")
    return "\n".join(paragraphs[:2]).strip()


def _indented(lines: list[str], indent: int) -> Iterator[str]:
    for line in lines:
        if line.strip() and len(line) - len(line.lstrip()) < indent:
            return
        yield line.strip()
