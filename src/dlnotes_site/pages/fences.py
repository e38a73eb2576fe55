"""全站唯一的围栏读法：页面里的围栏代码块，以及写在围栏前后的注释。

与 pytest-codeblocks 的认法一致（测试逐页对照），另外也认波浪线围栏。
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_OPENING = re.compile(r"^(?P<indent>[ \t]*)(?P<ticks>`{3,}|~{3,})(?P<info>[^`]*)$")
_TEXT_COMMENT = re.compile(r"^\s*<!--\s*(?P<name>alt|caption):\s*(?P<text>.*?)\s*-->\s*$")
_FLAG = re.compile(r"^\s*<!--\s*(?P<name>fold|long)\s*-->\s*$")
_EXPLAINER = re.compile(r"^\s*<!--\s*explainer:\s*(?P<name>[a-z]+)\s*-->\s*$")
_EXPECTED = "<!--pytest-codeblocks:expected-output"
_WIDE = "[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef\u2018-\u201d\u2026\u2014]"
SKIP = re.compile(r"pytest\.mark\.skip\(reason=(?P<quote>[\"'])(?P<reason>.+)(?P=quote)\)")
SOFT_BREAK = re.compile(f"(?<={_WIDE})\n(?={_WIDE})")
"""源文件里折行的两个汉字之间的换行：显示时不能变成空格。"""


@dataclass
class Fence:
    """页面里的一个围栏代码块；行号从 1 数起，`end` 是收尾的那一行。"""

    line: int
    end: int
    indent: str
    opening: str
    info: str
    lines: list[str]

    @property
    def code(self) -> str:
        """去掉公共缩进之后的内容。"""
        width = len(self.indent)
        return "".join(
            line[min(width, len(line) - len(line.lstrip())) :] + "\n" for line in self.lines
        )

    @property
    def runs(self) -> bool:
        """是不是会运行的围栏。"""
        return self.opening == "```python"


@dataclass
class Caption:
    """一张图的替代文字与图注。"""

    alt: str
    text: str = ""


@dataclass
class Trailer:
    """围栏之后属于它的几行：替代文字、图注、标记、讲解器、预期输出。

    `used` 是它们的下标，从 0 数起。
    """

    captions: list[Caption] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    explainer: str | None = None
    expected: str | None = None
    ignore_whitespace: bool = False
    used: list[int] = field(default_factory=list)


def fences(lines: list[str]) -> Iterator[Fence]:
    """依次给出各个围栏代码块。"""
    number = 0
    while number < len(lines):
        match = _OPENING.match(lines[number].rstrip())
        if match is None:
            number += 1
            continue
        end = number + 1
        while end < len(lines) and not lines[end].lstrip().startswith(match["ticks"]):
            end += 1
        opening = lines[number].strip()
        yield Fence(number + 1, end + 1, match["indent"], opening, match["info"].strip(),
                    lines[number + 1 : end])  # fmt: skip
        number = end + 1


def trailer(lines: list[str], end: int) -> Trailer:
    """第 `end` 行（围栏收尾的那一行）之后属于这个围栏的东西。"""
    found = Trailer()
    for number in range(end, len(lines)):
        if not lines[number].strip():
            continue
        if not _comment(lines[number], number, found):
            break
    _expected(lines, found.used[-1] + 1 if found.used else end, found)
    return found


def _comment(line: str, number: int, found: Trailer) -> bool:
    """一行注释归到 `found` 里；不是这个围栏的注释时返回假。"""
    flag, text = _FLAG.match(line), _TEXT_COMMENT.match(line)
    explainer = _EXPLAINER.match(line)
    if flag is not None:
        found.flags.add(flag["name"])
    elif text is not None and text["name"] == "alt":
        found.captions.append(Caption(text["text"]))
    elif text is not None and found.captions:
        found.captions[-1].text = text["text"]
    elif explainer is not None:
        found.explainer = explainer["name"]
    else:
        return False
    found.used.append(number)
    return True


def _expected(lines: list[str], start: int, found: Trailer) -> None:
    """“预期输出”的注释和它后面的围栏。"""
    while start < len(lines) and not lines[start].strip():
        start += 1
    if start >= len(lines) or not lines[start].strip().startswith(_EXPECTED):
        return
    fence = next(fences(lines[start:]), None)
    if fence is None:
        return
    found.expected = fence.code
    found.ignore_whitespace = "ignore-whitespace" in lines[start]
    found.used += range(start, start + fence.end)


def skip_reason(lines: list[str], line: int) -> str | None:
    """围栏（第 `line` 行）之前的注释写明的不运行的理由；没有时为 `None`。"""
    before = line - 2
    while before >= 0 and not lines[before].strip():
        before -= 1
    match = SKIP.search(lines[before]) if before >= 0 else None
    return match["reason"] if match and lines[before].lstrip().startswith("<!--") else None
