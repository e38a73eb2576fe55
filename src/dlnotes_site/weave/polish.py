"""Markdown 扩展：整理排版，给概念加上提示。要运行什么、显示什么都已经写在织好的页面里。

写成 Python-Markdown 扩展而不是 MkDocs 插件，是因为后继者 Zensical 也认它。
"""

import os
import re
from pathlib import Path
from xml.etree import ElementTree

from markdown import Markdown
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor

from dlnotes_site.pages import glossary
from dlnotes_site.pages.fences import SOFT_BREAK


class PolishExtension(Extension):
    """`markdown_extensions` 里写 `dlnotes_site.weave.polish` 即可启用。"""

    def __init__(self, **options):
        self.config = {"root": [os.environ.get("DLNOTES_ROOT", "."), "笔记仓库"]}
        super().__init__(**options)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """登记各个处理器；收起一行 HTML 的在 MkDocs 找锚点（21）之后、html_block（20）之前。"""
        root = Path(self.getConfig("root")).resolve()
        md.preprocessors.register(_Html(md), "dlnotes_html", 20.5)
        md.treeprocessors.register(_Joins(md), "dlnotes_joins", 1)
        md.treeprocessors.register(_Corners(md), "dlnotes_corners", 0.5)
        md.treeprocessors.register(_Scrolls(md), "dlnotes_scrolls", 0.45)
        md.treeprocessors.register(_Folds(md), "dlnotes_folds", 0.4)
        md.treeprocessors.register(_Tooltips(md, root), "dlnotes_terms", 0)
        md.postprocessors.register(_Code(md), "dlnotes_code", 0)
        md.postprocessors.register(_Anchors(md), "dlnotes_anchors", -1)


def makeExtension(**options) -> PolishExtension:  # noqa: N802
    """Python-Markdown 的入口。"""
    return PolishExtension(**options)


class _Anchors(Postprocessor):
    """误解框的锚点写在标题的双引号里，只能用单引号；排好之后换成双引号，与别处一致。"""

    _SPAN = re.compile(r"<span id='([a-z0-9-]+)'></span>")

    def run(self, text: str) -> str:
        return self._SPAN.sub(r'<span id="\1"></span>', text)


class _Html(Preprocessor):
    """织好的页面里只占一行的 HTML：缩进着的也原样放行。

    Python-Markdown 只把顶格的 HTML 当作一块，列表与折叠里的会当作文字解释。
    """

    _LINE = re.compile(
        r'^(?P<indent>[ \t]*)(?P<html><(?P<tag>div|ul|p) class="dl-'
        r"(?:run|downloads|records|evidence)\b.*</(?P=tag)>)$"
    )

    def run(self, lines: list[str]) -> list[str]:
        return [self._line(line) for line in lines]

    def _line(self, line: str) -> str:
        match = self._LINE.match(line)
        if match is None:
            return line
        return match["indent"] + self.md.htmlStash.store(match["html"].replace("&#10;", "\n"))


class _Joins(Treeprocessor):
    """源文件里折行的两个汉字之间不留空格（浏览器会把换行显示成空格）。"""

    def run(self, root: ElementTree.Element) -> None:
        for element in root.iter():
            if element.tag not in {"pre", "code"} and element.text:
                element.text = SOFT_BREAK.sub("", element.text)
            if element.tail:
                element.tail = SOFT_BREAK.sub("", element.tail)


class _Corners(Treeprocessor):
    """表格左上角空着的表头改成普通单元格：没有字的表头，读屏报不出来。"""

    def run(self, root: ElementTree.Element) -> None:
        for row in root.iter("tr"):
            heads = row.findall("th")
            empty = [cell for cell in heads if not len(cell) and not (cell.text or "").strip()]
            for cell in heads if empty else []:
                cell.set("scope", "col")
            for cell in empty:
                cell.tag = "td"
                del cell.attrib["scope"]


class _Scrolls(Treeprocessor):
    """宽的表格自己左右滚：框在建站时套好。主题打开页面时才套，每套一个，手机就把整页重排一遍。"""

    _NAMES = "md-typeset__scrollwrap", "md-typeset__table"

    def run(self, root: ElementTree.Element) -> None:
        for parent in list(root.iter()):
            for place, child in enumerate(list(parent)):
                if child.tag == "table" and "class" not in child.attrib:
                    parent[place] = self._wrapped(child)

    def _wrapped(self, table: ElementTree.Element) -> ElementTree.Element:
        outer, inner = (ElementTree.Element("div", {"class": name}) for name in self._NAMES)
        outer.append(inner)
        inner.append(table)
        outer.tail, table.tail = table.tail, None
        return outer


class _Folds(Treeprocessor):
    """收起的代码不进搜索索引。"""

    def run(self, root: ElementTree.Element) -> None:
        for element in root.iter("details"):
            if "dl-fold" in element.get("class", "").split():
                element.set("data-search-exclude", "data-search-exclude")


class _Code(Postprocessor):
    """代码块：不进搜索索引，少几千个标签，写明行数。

    几百个代码块会让索引重到浏览器迟迟建不好；一页几千个标签会让手机排版卡住。名字与空格跟默认同色，
    不必有标签；有了行数，样式表就能让屏幕之外的代码先不排版，又留出恰好的高度。
    """

    _BLOCK = re.compile(
        r'<div class="(?P<names>[^"]*\bhighlight\b[^"]*)">(?P<code>.*?</pre></div>)'
        r'(?=(?P<run>\s*<(?:div class="dl-run|details class="dl-fold dl-check))?)',
        re.DOTALL,
    )
    _PLAIN = re.compile(r'<span class="[nw]">([^<]*)</span>')

    def run(self, text: str) -> str:
        return self._BLOCK.sub(self._block, text)

    def _block(self, match: re.Match) -> str:
        names = match["names"] + (" dl-ran" if match["run"] else "")
        code = self._PLAIN.sub(r"\1", match["code"])
        lines = code.rpartition("</code>")[0].rstrip("\n").count("\n") + 1
        return (
            f'<div class="{names}" style="--dl-lines: {lines}" '
            f'data-search-exclude="data-search-exclude">{code}'
        )


class _Tooltips(Treeprocessor):
    """概念在一页正文里第一次出现时，加上概念表里的解释。"""

    _SKIP = frozenset({"code", "pre", "a", "abbr", "script", "style", "summary",
                       "h1", "h2", "h3", "h4"})  # fmt: skip

    def __init__(self, md: Markdown, root: Path):
        super().__init__(md)
        self.root = root

    def run(self, root: ElementTree.Element) -> None:
        waiting = {term.name: term for term in glossary.terms(self.root)}
        if not waiting or _is_glossary(root):
            return
        names = "|".join(_whole_word(name) for name in sorted(waiting, key=len, reverse=True))
        self._walk(root, re.compile(names), waiting)

    def _walk(self, element, pattern, waiting) -> None:
        for child in list(element):
            if child.tag not in self._SKIP:
                self._walk(child, pattern, waiting)
        if element.tag in {"p", "li", "td", "dd", "strong", "em"}:
            self._text(element, None, pattern, waiting)
            for child in list(element):
                self._text(element, child, pattern, waiting)

    def _text(self, parent, after, pattern, waiting) -> None:
        """处理一段文字：`after` 为 `None` 时是元素开头的文字，否则是那个子元素之后的文字。"""
        text = (parent.text if after is None else after.tail) or ""
        match = next((m for m in pattern.finditer(text) if m[0] in waiting), None)
        if match is None:
            return
        term = waiting.pop(match[0])
        mark = ElementTree.Element("abbr", {"tabindex": "0", "title": term.explanation})
        mark.text, mark.tail = match[0], text[match.end() :]
        if after is None:
            parent.text, position = text[: match.start()], 0
        else:
            after.tail, position = text[: match.start()], list(parent).index(after) + 1
        parent.insert(position, mark)
        self._text(parent, mark, pattern, waiting)


def _whole_word(name: str) -> str:
    """认得这个名字的正则；头尾是西文字母时不许紧挨别的字母，Sigmoidal 里就没有 Sigmoid。"""
    before = "(?<![A-Za-z])" if name[0].isascii() and name[0].isalpha() else ""
    after = "(?![A-Za-z])" if name[-1].isascii() and name[-1].isalpha() else ""
    return before + re.escape(name) + after


def _is_glossary(root: ElementTree.Element) -> bool:
    title = root.find("h1")
    return title is not None and "概念表" in "".join(title.itertext())
