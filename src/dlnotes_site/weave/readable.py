"""把页面的 Markdown 改写成 Jupyter 与 Colab 也读得懂的样子，并切成文字与代码两种片段。"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from dlnotes_site.pages.fences import SOFT_BREAK, Fence, fences, trailer
from dlnotes_site.pages.front_matter import after_front_matter

_CONTAINER = re.compile(
    r'^(?P<mark>!!!|\?\?\?\+?|===)\s+(?P<kind>[\w-]+)?\s*(?:"(?P<title>[^"]*)")?\s*$'
)
_KINDS = {
    "note": "说明", "warning": "注意", "tip": "提示", "question": "问题", "example": "例子",
    "misconception": "容易弄错", "quiz": "自测", "hint": "提示",
}  # fmt: skip
_DIV = re.compile(r"<div\b")
_ITEM = re.compile(r"(?:[-*+]|\d+[.)])\s")


@dataclass
class Text:
    """一段文字。"""

    text: str


@dataclass
class Code:
    """一个会运行的代码块；`line` 是它在页面里的行号。"""

    line: int


@dataclass
class _Open:
    """还没有结束的提示框、折叠或标签页；`indent` 是里面文字的缩进。"""

    indent: int
    quote: bool


def parts(lines: list[str], rewrite: Callable[[str], str]) -> list[Text | Code]:
    """把页面切成文字与代码；`rewrite` 改写文字里的链接。"""
    splitter = _Splitter(lines)
    splitter.run()
    found: list[Text | Code] = []
    for part in splitter.found:
        if isinstance(part, Code):
            found.append(part)
        else:
            found += [Text(piece) for piece in sections(readable(_dedent(part.text), rewrite))]
    return found


class _Splitter:
    """逐行走一遍：代码块单独成段；提示框、折叠和标签页去掉缩进，标题写成文字。"""

    def __init__(self, lines: list[str]):
        self.lines = lines
        self.fences = {fence.line - 1: fence for fence in fences(lines)}
        self.open: list[_Open] = []
        self.found: list[Text | Code] = []
        self.buffer: list[str] = []

    def run(self) -> None:
        number = after_front_matter(self.lines)
        while number < len(self.lines):
            self._close(self.lines[number])
            fence = self.fences.get(number)
            if fence is not None and fence.runs:
                number = self._code(fence)
            elif self.lines[number].startswith("<div") and fence is None:
                number = self._html(number)
            elif fence is not None:
                for line in self.lines[number : fence.end]:
                    self._write(line)
                number = fence.end
            else:
                self._line(number)
                number += 1
        self._flush()

    def _html(self, number: int) -> int:
        """网页上的控件在笔记本里用不了，整个略去；里面写着 Markdown 的照常留下。返回下一行。"""
        if re.match(r"<div[^>]*\smarkdown\b", self.lines[number]):
            return number + 1
        depth = 0
        for later in range(number, len(self.lines)):
            depth += len(_DIV.findall(self.lines[later]))
            depth -= self.lines[later].count("</div>")
            if depth <= 0:
                return later + 1
        return len(self.lines)

    def _close(self, line: str) -> None:
        indent = len(line) - len(line.lstrip())
        while line.strip() and self.open and indent < self.open[-1].indent:
            if self.open.pop().quote and self.buffer[-1] == ">":
                self.buffer.pop()
            self.buffer.append("")

    def _line(self, number: int) -> None:
        line = self.lines[number]
        indent = len(line) - len(line.lstrip())
        match = _CONTAINER.match(line.strip())
        if match is None:
            self._write(line)
            return
        title = match["title"] or _KINDS.get(match["kind"] or "", match["kind"] or "")
        heading = self._heading(match["mark"], title)
        quote = match["mark"] == "!!!" and not self._holds_code(number, indent + 4)
        self.buffer += ["", f"> {heading}", ">"] if quote else ["", heading, ""]
        self.open.append(_Open(indent + 4, quote))

    def _heading(self, mark: str, title: str) -> str:
        if mark.startswith("???"):
            return f"#### {title}"
        return f"**{title}**"

    def _holds_code(self, number: int, indent: int) -> bool:
        """提示框里有没有要运行的代码：有的话不能写成引用，代码要单独成格。"""
        for later in range(number + 1, len(self.lines)):
            line = self.lines[later]
            if line.strip() and len(line) - len(line.lstrip()) < indent:
                return False
            if later in self.fences and self.fences[later].runs:
                return True
        return False

    def _write(self, line: str) -> None:
        inside = self.open[-1] if self.open else _Open(0, False)
        text = line[inside.indent :] if line.strip() else ""
        if inside.quote and (text or self.buffer[-1] != ">"):
            text = f"> {text}".rstrip()
        if text or not inside.quote:
            self.buffer.append(text)

    def _code(self, fence: Fence) -> int:
        """跳过围栏和它后面的替代文字、图注、预期输出；返回下一行。"""
        self._flush()
        self.found.append(Code(fence.line))
        return max([fence.end - 1, *trailer(self.lines, fence.end).used]) + 1

    def _flush(self) -> None:
        self.found.append(Text("\n".join(self.buffer)))
        self.buffer = []


def _dedent(text: str) -> str:
    """列表项里的代码单独成格之后，剩下的文字不能再带着列表的缩进（会变成代码）。"""
    lines = text.strip("\n").split("\n")
    in_list = fenced = False
    for number, line in enumerate(lines):
        if line.startswith("    "):
            lines[number] = line if in_list or fenced else line[4:]
        elif _FENCE.match(line):
            fenced = not fenced
        elif line.strip() and not fenced:
            in_list = bool(_ITEM.match(line))
    return "\n".join(lines)


# --- 行内的写法 --------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"(?P<fence>^(?P<head>[> ]*)(?P<ticks>`{3,})[^\n]*\n.*?^(?P=head)(?P=ticks)[ ]*$)"
    r"|(?P<code>(?P<tick>`+)(?!`).+?(?<!`)(?P=tick)(?!`))"
    r"|(?<!\\)\\\[(?P<display>.+?)(?<!\\)\\\]"
    r"|\\\((?P<inline>.+?)\\\)"
    r"|(?P<comment><!--.*?-->)",
    re.DOTALL | re.MULTILINE,
)
_FENCE = re.compile(r"^[> ]*`{3,}")
_LINK = re.compile(r"\]\((?P<target>[^()\s]+(?:\([^()]*\))?)\)")
_NOTE = re.compile(r"\[\^(?P<name>[^\]]+)\](?P<colon>:[ ]*)?")
_STRONG = re.compile(r"\*\*(?P<text>[^*\s](?:[^*\n]*[^*\s])?)\*\*")
_ATTRIBUTES = re.compile(r"[ \t]*\{:?[ \t]*[#.][^{}\n]*\}[ \t]*$", re.MULTILINE)
_AFTER_LINK = re.compile(r"(?<=\))\{[ \t]*[#.:][^{}\n]*\}")
_WRAPPER = re.compile(r"^</?(?:div|figure|section)\b[^>]*>[ \t]*$", re.MULTILINE)
_ABBREVIATION = re.compile(r"^\*\[[^\]]+\]:.*$", re.MULTILINE)


def readable(text: str, rewrite: Callable[[str], str]) -> str:
    """改写一段文字；围栏与行内代码原样保留。"""
    names: dict[str, int] = {}
    pieces, position = [], 0
    for match in _TOKEN.finditer(text):
        pieces.append(_plain(text[position : match.start()], rewrite, names))
        pieces.append(_token(match))
        position = match.end()
    pieces.append(_plain(text[position:], rewrite, names))
    return re.sub(r"\n{3,}", "\n\n", "".join(pieces)).strip("\n")


def _token(match: re.Match) -> str:
    if match["inline"] is not None:
        return f"${match['inline'].strip()}$"
    if match["display"] is not None:
        return f"$${' '.join(re.sub('^> ?', '', match['display'], flags=re.M).split())}$$"
    return "" if match["comment"] else match[0]


def _plain(text: str, rewrite: Callable[[str], str], names: dict[str, int]) -> str:
    text = text.replace("$", r"\$")
    text = _LINK.sub(lambda match: f"]({rewrite(match['target'])})", text)
    text = _NOTE.sub(lambda match: _footnote(match, names), text)
    text = _STRONG.sub(_strong, text)
    for pattern in (_AFTER_LINK, _ATTRIBUTES, _WRAPPER, _ABBREVIATION):
        text = pattern.sub("", text)
    return SOFT_BREAK.sub("", text)


def _strong(match: re.Match) -> str:
    """“**甲。**乙”这样标点挨着汉字的粗体，Jupyter 的 Markdown 认不出，改写成标签。"""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    closing = not match["text"][-1].isalnum() and after.isalnum()
    opening = not match["text"][0].isalnum() and before.isalnum()
    return f"<strong>{match['text']}</strong>" if closing or opening else match[0]


def _footnote(match: re.Match, names: dict[str, int]) -> str:
    number = names.setdefault(match["name"], len(names) + 1)
    return f"注 {number}：" if match["colon"] else f"（注 {number}）"


def sections(text: str) -> list[str]:
    """在标题处切开，每节一格：Jupyter 可以按标题折叠。"""
    pieces: list[list[str]] = [[]]
    fenced = False
    for line in text.split("\n"):
        fenced ^= bool(_FENCE.match(line))
        if not fenced and re.match(r"#{1,4} ", line):
            pieces.append([])
        pieces[-1].append(line)
    texts = ("\n".join(piece).strip("\n") for piece in pieces)
    return [text for text in texts if text.strip()]
