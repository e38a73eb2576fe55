"""用得太早的概念：导航里后面才讲的概念与写法，一页要用就先介绍它。

先介绍是指：写进页首的 `introduces`，或者第一次出现时加粗，或者出现在标题里，或者那一段链到讲它的
笔记或概念表。
"""

import io
import os
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from dlnotes_site.pages import glossary
from dlnotes_site.pages.collect import Block, Problem
from dlnotes_site.pages.glossary import Term
from dlnotes_site.pages.nav import order
from dlnotes_site.pages.prose import blocks_of_lines, prose_lines

_HIDDEN = re.compile(
    r"`[^`]*`|\\\(.*?\\\)|\\\[.*?\\\]|<!--.*?-->|\]\([^)]*\)|<[^<>\n]+>", re.DOTALL
)
_BOLD = re.compile(r"\*\*(?=\S)(?:(?!\*\*).)+\*\*", re.DOTALL)
_LINK = re.compile(r"\]\((?P<target>[^)\s#]*)(?:#(?P<anchor>[^)\s]*))?\)")


@dataclass(frozen=True)
class _Paragraph:
    """一段正文：`shown` 里行内代码、公式、网址都换成了等长的空格，`links` 是链接的目标。"""

    line: int
    shown: str
    links: frozenset[str]


@dataclass(frozen=True)
class _Use:
    """一个概念在一页里第一次出现的地方；`bold` 是不是加粗的。"""

    line: int
    paragraph: _Paragraph
    bold: bool

    def introduces(self, targets: set[str]) -> bool:
        """这里是不是介绍它：加粗，或者这一段链到 `targets` 之一。"""
        return self.bold or bool(self.paragraph.links & targets)


def check_early(
    page: str, text: str, introduces: Sequence[str], blocks: list[Block], root: Path
) -> Iterator[Problem]:
    """正文与代码里用得太早、又没有介绍的概念。

    Args:
        page: 页面的位置。
        text: 页面的 Markdown。
        introduces: 页首写明由本页介绍的概念或写法。
        blocks: 页面里的代码块。
        root: 仓库的根。
    """
    terms = glossary.terms(root)
    homes = _later_homes(page, terms, order(root))
    later = [term for term in terms if term.name in homes]
    if not later:
        return
    pattern = _pattern(tuple(term.name for term in terms))
    introduced, uses = {*introduces, *_in_headings(text, pattern)}, _first_uses(page, text, pattern)
    for term in later:
        home, use = homes[term.name], uses.get(term.name)
        targets = {home, f"{glossary.PAGE}#{term.anchor}"}
        if introduced & {term.name, *term.codes} or (use and use.introduces(targets)):
            continue
        if use is not None:
            yield _too_early(page, use.line, f"“{term.name}”", term.name, home)
        else:
            yield from _early_codes(page, term, blocks, _paragraphs(page, text), targets, home)


def _in_headings(text: str, pattern: re.Pattern) -> set[str]:
    headings = "\n".join(line for line in prose_lines(text) if line.startswith("#"))
    return {match[0] for match in pattern.finditer(headings)}


def _later_homes(page: str, terms: list[Term], places: dict[str, int]) -> dict[str, str]:
    """导航里本页之后才讲的概念，与最早讲它的那一页；讲它的页面都不在导航里的不算。"""
    here, homes = places.get(page, len(places)), {}
    for term in terms:
        home = min((p for p in term.pages if p in places), key=places.get, default=page)
        if places.get(home, here) > here:
            homes[term.name] = home
    return homes


def _too_early(page: str, line: int, what: str, name: str, home: str) -> Problem:
    return Problem(
        page, line,
        f"{what}用得太早：导航里后面的 {home} 才讲“{name}”。先介绍它（第一次出现时加粗、放进标题、"
        "在那一段链到那一页或概念表，或者写进页首的 introduces），或者不用它",
    )  # fmt: skip


def _early_codes(
    page: str, term: Term, blocks: list[Block], paragraphs: list[_Paragraph],
    targets: set[str], home: str,
) -> Iterator[Problem]:  # fmt: skip
    """代码块里第一次用到这个概念的写法；紧挨在前面的那一段介绍过的不算。"""
    used = [block for block in blocks if any(code in block.code for code in term.codes)]
    for block in used:
        for number, line in enumerate(without_comments(block.code), start=1):
            code = next((code for code in term.codes if _code(code).search(line)), None)
            if code is None:
                continue
            above = [p for p in paragraphs if p.line < block.line]
            if not (above and above[-1].links & targets):
                yield _too_early(page, block.line + number, f"代码里的 {code} ", term.name, home)
            return


@cache
def _paragraphs(page: str, text: str) -> list[_Paragraph]:
    """各段正文，标题不算。"""
    raw = ["" if line.startswith("#") else line for line in prose_lines(text)]
    shown = _HIDDEN.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), "\n".join(raw)).split("\n")
    return [
        _Paragraph(line, "\n".join(shown[line - 1 : line + block.count("\n")]),
                   frozenset(_targets(page, block)))
        for line, block in blocks_of_lines(raw)
    ]  # fmt: skip


def _targets(page: str, paragraph: str) -> Iterator[str]:
    """链接指向的页面，以及“页面#锚点”。"""
    for match in _LINK.finditer(paragraph):
        target = os.path.normpath(Path(page).parent / match["target"]).replace(os.sep, "/")
        yield target
        if match["anchor"]:
            yield f"{target}#{unquote(match['anchor'])}"


@cache
def _first_uses(page: str, text: str, pattern: re.Pattern) -> dict[str, _Use]:
    found: dict[str, _Use] = {}
    for paragraph in _paragraphs(page, text):
        bold = [match.span() for match in _BOLD.finditer(paragraph.shown)]
        for match in pattern.finditer(paragraph.shown):
            if match[0] not in found:
                line = paragraph.line + paragraph.shown.count("\n", 0, match.start())
                inside = any(start <= match.start() < end for start, end in bold)
                found[match[0]] = _Use(line, paragraph, inside)
    return found


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern:
    """长的名字先认，“学习率计划”就不算“学习率”；西文名字要整个词。"""
    return re.compile("|".join(
        r"(?<![A-Za-z0-9])" * name[0].isascii() + re.escape(name)
        + r"(?![A-Za-z0-9])" * name[-1].isascii()
        for name in sorted(names, key=len, reverse=True)
    ))  # fmt: skip


@cache
def _code(name: str) -> re.Pattern:
    """代码里的一个写法：`nn.ReLU` 认得 `torch.nn.ReLU`，不认 `nn.ReLU6`。"""
    return re.compile(r"(?<!\w)" * (name[0] != ".") + re.escape(name) + r"(?!\w)")


@cache
def without_comments(code: str) -> list[str]:
    """代码的各行，去掉注释；语法错误由 `collect` 报。"""
    lines = code.splitlines()
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                lines[row - 1] = lines[row - 1][:column]
    except (tokenize.TokenError, SyntaxError):
        pass
    return lines
