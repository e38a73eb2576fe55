"""正文里的数字从哪里来：量出来的数要在本页的输出、断言或代码里出现，引用的数要带来源。"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from dlnotes_site.collect import Problem, after_front_matter, collect_page, fences
from dlnotes_site.record import Environment, key
from dlnotes_site.runner import Project

_NUMBER = re.compile(
    r"(?<![\w.\-/])(?P<sign>[−-]?)(?P<digits>\d+(?P<decimals>\.\d+)?(?:e[−-]?\d+)?)"
    r"\s?(?P<unit>%|倍|秒|毫秒|微秒|MiB|GiB|kB)?"
)
_EVIDENCE = re.compile(r"(?<![A-Za-z_])[−-]?(?:\d+\.?\d*|\.\d+)(?:e[+−-]?\d+)?")
_CODE = r"`[^`]*`"
_MATHS = r"\\\(.*?\\\)|\\\[.*?\\\]"
_COMMENT = r"<!--\s*(?!caption:).*?-->"  # 图注要查；替代文字读的是图，图就是证据
_LINK = r"\]\((?!https?:)[^)]*\)"
_SOMEBODY_ELSES = r"“[^”]*”|\"误解：[^\"\n]*\""  # 引号里是别人的说法
_NOT_PROSE = re.compile("|".join((_CODE, _MATHS, _COMMENT, _LINK, _SOMEBODY_ELSES)), re.DOTALL)
_SOURCE = re.compile(r"\]\(https?://|\[\^[^\]]+\]|(?<!\d)(?:19|20)\d\d(?!\d)")


def check_prose(
    path: Path, project: Project, environment: Environment, evidence: Sequence[Path] = ()
) -> list[Problem]:
    """一个页面里没有着落的数字；没有代码块的页面（概念表）可以拿 `evidence` 里的页面作证。"""
    page = path.relative_to(project.root).as_posix()
    text = path.read_text(encoding="utf-8")
    known = set().union(*(_known_numbers(p, project, environment) for p in (path, *evidence)))
    problems = []
    for line, paragraph in paragraphs(text):
        if _SOURCE.search(paragraph):
            continue
        for number in measured(paragraph):
            if not supported(number, known):
                message = f"正文里的 {number} 没有出现在本页的输出、断言或代码里，也没有写来源"
                problems.append(Problem(page, line, message))
    return problems


def _known_numbers(path: Path, project: Project, environment: Environment) -> set[float]:
    found: set[float] = set()
    for block in collect_page(path, project.root):
        record = project.store.get(key(block, environment, project.source))
        labels = [label for f in record.figures for label in f.labels] if record else []
        found |= numbers(block.code, record.stdout if record else "", *labels)
    return found


def numbers(*texts: str) -> set[float]:
    """文字里的全部数。"""
    found = (m[0].replace("−", "-") for text in texts for m in _EVIDENCE.finditer(text))
    return {float(number) for number in found}


def paragraphs(text: str) -> list[tuple[int, str]]:
    """正文的各段与起始行号：去掉代码、公式、行内代码与网址，留下图注。"""
    lines = text.splitlines()
    for fence in fences(lines):
        for i in range(fence.line - 1, min(fence.end, len(lines))):
            lines[i] = ""
    start = after_front_matter(lines)
    lines[:start] = [""] * start
    plain = _NOT_PROSE.sub(lambda m: "\n" * m[0].count("\n") or " ", "\n".join(lines))
    found, start = [], 0
    plain_lines = plain.splitlines()
    for number, line in enumerate([*plain_lines, ""]):
        if line.strip():
            continue
        if number > start:
            found.append((start + 1, "\n".join(plain_lines[start:number])))
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
