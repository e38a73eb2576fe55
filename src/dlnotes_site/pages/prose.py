"""正文里的数字从哪里来：量出来的数要在输出、断言或代码里出现，引用的数要带来源。

这里只看文字；哪些数是已知的（本页与证据页的记录与代码里的数），由调用者用 `numbers` 收集好。
"""

import re
from collections.abc import Iterable
from functools import cache

from dlnotes_site.pages.collect import Problem
from dlnotes_site.pages.fences import fences
from dlnotes_site.pages.front_matter import after_front_matter

_NUMBER = re.compile(
    r"(?<![\w.\-/])(?P<sign>[−-]?)(?P<digits>\d+(?P<decimals>\.\d+)?(?:e[−-]?\d+)?)"
    r"\s?(?P<unit>%|倍|秒|毫秒|微秒|MiB|GiB|kB)?"
)
_EVIDENCE = re.compile(r"(?<![A-Za-z_])[−-]?(?:\d+\.?\d*|\.\d+)(?:e[+−-]?\d+)?")
_CODE = r"`[^`]*`"
_MATHS = r"\\\(.*?\\\)|\\\[.*?\\\]"
_COMMENT = r"<!--\s*(?!caption:).*?-->"  # 图注要查；替代文字读的是图，图就是证据
_LINK = r"\]\((?!https?:)[^)]*\)"
# 引号里、误解框的标题里是别人的说法
_SOMEBODY_ELSES = r"“[^”]*”|\"误解：[^\"\n]*\"|misconception [a-z0-9-]+ \"[^\n]*\""
_NOT_PROSE = re.compile("|".join((_CODE, _MATHS, _COMMENT, _LINK, _SOMEBODY_ELSES)), re.DOTALL)
_SOURCE = re.compile(r"\]\(https?://|\[\^[^\]]+\]|(?<!\d)(?:19|20)\d\d(?!\d)")


def check_prose(page: str, text: str, known: Iterable[float]) -> list[Problem]:
    """一个页面里没有着落的数字。

    Args:
        page: 页面的位置，如 `docs/notes/spiral.md`。
        text: 页面的 Markdown。
        known: 有着落的数，见 `numbers`。
    """
    known = set(known)
    return [
        Problem(page, line, f"正文里的 {number} 没有出现在本页或证据页的输出、断言或代码里，"
                            "也没有写来源")
        for line, number in unsourced(text) if not supported(number, known)
    ]  # fmt: skip


def numbers(*texts: str) -> frozenset[float]:
    """文字里的全部数。"""
    return frozenset().union(*(_numbers(text) for text in texts))


@cache
def _numbers(text: str) -> frozenset[float]:
    return frozenset(float(m[0].replace("−", "-")) for m in _EVIDENCE.finditer(text))


@cache
def unsourced(text: str) -> tuple[tuple[int, str], ...]:
    """没有写来源的段落里，各个像是量出来的数与段落的行号。"""
    return tuple(
        (line, number)
        for line, paragraph in paragraphs(text) if not _SOURCE.search(paragraph)
        for number in measured(paragraph)
    )  # fmt: skip


def paragraphs(text: str) -> list[tuple[int, str]]:
    """正文的各段与起始行号：去掉代码、公式、行内代码与网址，留下图注。"""
    lines = prose_lines(text)
    plain = _NOT_PROSE.sub(lambda m: "\n" * m[0].count("\n") or " ", "\n".join(lines))
    return blocks_of_lines(plain.splitlines())


def prose_lines(text: str) -> list[str]:
    """各行文字；元数据与围栏里的行变成空行，行号不变。"""
    lines = text.splitlines()
    for fence in fences(lines):
        for i in range(fence.line - 1, min(fence.end, len(lines))):
            lines[i] = ""
    start = after_front_matter(lines)
    return [""] * start + lines[start:]


def blocks_of_lines(lines: list[str]) -> list[tuple[int, str]]:
    """空行隔开的各段与起始行号（从 1 数起）。"""
    found, start = [], 0
    for number, line in enumerate([*lines, ""]):
        if line.strip():
            continue
        if number > start:
            found.append((start + 1, "\n".join(lines[start:number])))
        start = number + 1
    return found


def measured(paragraph: str) -> list[str]:
    """像是量出来的数：带小数，或带百分号、倍、时间与内存的单位。"""
    return [
        match[0].strip()
        for match in _NUMBER.finditer(paragraph)
        if match["decimals"] or match["unit"]
    ]


def supported(number: str, known: Iterable[float]) -> bool:
    """`number` 是不是某个已知的数四舍五入的结果（百分数与小数都认）。"""
    match = _NUMBER.match(number)
    digits = match["digits"].replace("−", "-")
    value = abs(float(digits))
    places = len(digits.partition(".")[2].partition("e")[0])
    scales = (1, 100) if match["unit"] == "%" else (1,)
    step = 10.0**-places
    if "e" in digits:
        step *= 10 ** int(digits.partition("e")[2])
    return any(abs(scale * abs(x) - value) <= 0.5001 * step for x in known for scale in scales)
