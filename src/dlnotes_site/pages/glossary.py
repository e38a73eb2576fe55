"""概念表：`docs/glossary.md` 是唯一的来源，网站各处的提示都从这里来。

每个概念一节：三级标题 `### 中文（English）`；一段 `类别 · 链接`，链接指向讲它的笔记；
可以有一段 `先要懂：甲、乙`（别的概念）和一段 `写法：F.mse_loss、nn.MSELoss`（它教的代码）；
再接解释。层级由“先要懂”算出：没有的是 L0，其余比先要懂的里面最高的多 1，最多 L3。
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pymdownx.slugs import slugify

from dlnotes_site.pages.collect import Problem

PAGE = "docs/glossary.md"
_TOP = 3
_HEADING = re.compile(r"^### (?P<title>(?P<name>[^（(]+?)\s*(?:（[^）]+）)?)\s*$")
_CATEGORY = re.compile(r"^(?P<category>[^·：。]+) · (?P<links>\[.*)$")
_LIST = re.compile(r"^(?P<label>先要懂|写法)：(?P<names>.*)$")
_LINK = re.compile(r"\]\((?P<target>[^)#]+)(?:#[^)]*)?\)")
_MARKUP = re.compile(r"\[([^\]]+)\]\([^)]*\)|[`*]|\\[()]")
_slug = slugify(case="lower")


@dataclass(frozen=True)
class Term:
    """一个概念；`title` 是整个标题，在第 `line` 行；`pages` 是讲它的各篇，`codes` 是它教的代码。"""

    name: str
    line: int
    anchor: str
    title: str = ""
    explanation: str = ""
    category: str = ""
    links: str = ""
    pages: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    depth: int = 0

    @property
    def level(self) -> str:
        """层级，`L0` 到 `L3`。"""
        return f"L{self.depth}"


def terms(root: Path) -> list[Term]:
    """概念表里的全部概念，按出现次序。

    Raises:
        ValueError: 概念表有毛病；消息里有行号与名字。
    """
    path = root / PAGE
    return read_terms(path.read_text(encoding="utf-8")) if path.exists() else []


def read_terms(text: str) -> list[Term]:
    """同 `terms`，从文字读。"""
    found, problems = _parse(text)
    if problems:
        raise ValueError("\n".join(map(str, problems)))
    return list(found)


def check_glossary(text: str) -> list[Problem]:
    """概念表的毛病：缺解释、重名、先要懂的概念不在表里、互相先要懂、层级超过 3。"""
    return list(_parse(text)[1])


@cache
def _parse(text: str) -> tuple[tuple[Term, ...], tuple[Problem, ...]]:
    found, problems = [], []
    for term in _entries(text):
        if not term.category or not term.explanation:
            problems.append(_problem(term, "之后应有“类别 · 链接”一行，再有一段解释"))
        if any(term.name == other.name for other in found):
            problems.append(_problem(term, "在表里出现了两次"))
        found.append(term)
    problems += _unknown(found)
    problems += [] if problems else _cycles(found)
    if not problems:
        found = _with_depths(found)
        problems = [_too_deep(term, found) for term in found if term.depth > _TOP]
    return tuple(found), tuple(problems)


def _problem(term: Term, message: str) -> Problem:
    return Problem(PAGE, term.line, f"概念“{term.name}”{message}")


# --- 一个条目 ----------------------------------------------------------------------------------


def _entries(text: str) -> Iterator[Term]:
    lines = text.splitlines()
    for number, line in enumerate(lines):
        heading = _HEADING.match(line)
        if heading is not None:
            term = Term(heading["name"], number + 1, _slug(heading["title"], "-"), heading["title"])
            yield _filled(term, _paragraphs(lines[number + 1 :]))


def _filled(term: Term, paragraphs: list[str]) -> Term:
    """把一节的各段填进 `term`；第一段不是“类别 · 链接”时，类别空着。"""
    category = _CATEGORY.match(paragraphs[0]) if paragraphs else None
    if category is None:
        return term
    lists = {m["label"]: _names(m["names"]) for p in paragraphs if (m := _LIST.match(p))}
    rest = [p for p in paragraphs[1:] if not _LIST.match(p)]
    targets = (m["target"] for m in _LINK.finditer(category["links"]))
    return replace(
        term, explanation=plain(rest[0]) if rest else "", category=category["category"],
        links=category["links"],
        pages=tuple(os.path.normpath(f"docs/{t}").replace(os.sep, "/") for t in targets),
        needs=lists.get("先要懂", ()), codes=lists.get("写法", ()),
    )  # fmt: skip


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split("、") if name.strip())


def _paragraphs(lines: list[str]) -> list[str]:
    section = []
    for line in lines:
        if line.startswith("#"):
            break
        section.append(line)
    parts = (part.replace("\n", "").strip() for part in "\n".join(section).split("\n\n"))
    return [part for part in parts if part][:4]


def plain(markdown: str) -> str:
    """去掉行内标记，只留文字。"""
    return _MARKUP.sub(lambda match: match[1] or "", markdown)


# --- 层级 --------------------------------------------------------------------------------------


def _unknown(terms: list[Term]) -> list[Problem]:
    names = {term.name for term in terms}
    return [_problem(term, f"先要懂的“{need}”不在概念表里")
            for term in terms for need in term.needs if need not in names]  # fmt: skip


def _cycles(terms: list[Term]) -> list[Problem]:
    """每个环报一次，从环里最先出现的概念说起。"""
    needs = {term.name: term.needs for term in terms}
    problems, seen = [], set()
    for term in terms:
        cycle = _cycle(term.name, needs)
        if cycle and not seen & set(cycle):
            seen |= set(cycle)
            problems.append(_problem(term, f"先要懂它自己：{' → '.join([*cycle, cycle[0]])}"))
    return problems


def _cycle(start: str, needs: dict[str, tuple[str, ...]]) -> list[str]:
    """从 `start` 出发又回到它的一条路；没有时为空。"""
    paths, seen = [[start]], set()
    while paths:
        path = paths.pop(0)
        for need in needs[path[-1]]:
            if need == start:
                return path
            if need not in seen:
                seen.add(need)
                paths.append([*path, need])
    return []


def _with_depths(terms: list[Term]) -> list[Term]:
    by_name = {term.name: term for term in terms}

    @cache
    def depth(name: str) -> int:
        return max((1 + depth(need) for need in by_name[name].needs), default=0)

    return [replace(term, depth=depth(term.name)) for term in terms]


def _too_deep(term: Term, terms: list[Term]) -> Problem:
    return _problem(term, f"的层级是 {term.level}，最多 L{_TOP}：{_chain(term, terms)}")


def _chain(term: Term, terms: list[Term]) -> str:
    """一条最长的“先要懂”的路。"""
    by_name, path = {t.name: t for t in terms}, [term]
    while path[-1].needs:
        path.append(max((by_name[need] for need in path[-1].needs), key=lambda t: t.depth))
    return " → ".join(t.name for t in path)
