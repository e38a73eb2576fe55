"""概念表的网页：写上算出的层级、带链接的“先要懂”，以及按层级排的索引。"""

from functools import cache

from dlnotes_site.pages.glossary import Term, read_terms

INDEX = "<!-- 概念索引 -->"
"""概念表里写这一行，就在那里放上按层级排的索引。"""


@cache
def weave_glossary(text: str) -> str:
    """概念表的 Markdown 改写成网页用的 Markdown。

    Raises:
        ValueError: 概念表有毛病。
    """
    terms = read_terms(text)
    anchors = {term.name: term.anchor for term in terms}
    lines, number = text.splitlines(), 0
    starts = {term.line: term for term in terms}
    out: list[str] = []
    while number < len(lines):
        term = starts.get(number + 1)
        out.append(_index(terms) if lines[number].strip() == INDEX else lines[number])
        number += 1
        if term is not None:
            out += ["", _facts(term, anchors), ""]
            number = _after_facts(lines, number)
    return "\n".join(out) + "\n"


def _facts(term: Term, anchors: dict[str, str]) -> str:
    rows = [f"{term.level} · {term.category} · {term.links}"]
    if term.needs:
        links = "、".join(f"[{name}](#{anchors[name]})" for name in term.needs)
        rows.append(f"先要懂：{links}")
    if term.codes:
        rows.append("写法：" + "、".join(f"`{code}`" for code in term.codes))
    return "<br>\n".join(rows)


def _after_facts(lines: list[str], number: int) -> int:
    """解释的第一行：跳过“类别 · 链接”、先要懂、写法与空行。"""
    first = True
    while number < len(lines):
        line = lines[number].strip()
        if line and not first and not line.startswith(("先要懂：", "写法：")):
            return number
        first = first and not line
        number += 1
    return number


def _index(terms: list[Term]) -> str:
    rows = ["| 层级 | 概念 |", "|---|---|"]
    for level in sorted({term.level for term in terms}):
        names = "、".join(f"[{t.name}](#{t.anchor})" for t in terms if t.level == level)
        rows.append(f"| {level} | {names} |")
    return "\n".join(rows)
