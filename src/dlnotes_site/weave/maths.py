r"""Markdown 扩展：把 arithmatex 认出的公式 `\(…\)`、`\[…\]` 排成 HTML。

写成 Python-Markdown 扩展，接口页的文档字符串也经过它，Zensical 也认它。
"""

import html
import logging
import os
import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from markdown import Markdown
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from markdown.treeprocessors import Treeprocessor

from dlnotes_site.project import Project
from dlnotes_site.weave.formulas import FormulaError, Formulas

log = logging.getLogger("mkdocs.dlnotes")

_FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\s*'
    r"\\(?:\((?P<inline>.+?)\\\)|\[(?P<display>.+?)\\\])\s*</(?P=tag)>",
    re.DOTALL,
)
_JOINER = "\N{WORD JOINER}"
# 长公式可以断行，但最后一段与后面的标点不分开：标点不会落到行首
_LAST_PART = re.compile(
    r'(<span class="katex-base">(?:(?!<span class="katex-base">).)*)(</span></span></dl-formula>)',
    re.DOTALL,
)


class MathsExtension(Extension):
    """`markdown_extensions` 里写 `dlnotes_site.weave.maths` 即可启用，放在 arithmatex 之后。"""

    def __init__(self, **options):
        self.config = {"root": [os.environ.get("DLNOTES_ROOT", "."), "笔记仓库"]}
        super().__init__(**options)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """登记两个处理器：标题的检查在目录（5）之前，排公式在放回 HTML（30）之后。"""
        formulas = formulas_of(Path(self.getConfig("root")).resolve())
        md.treeprocessors.register(_Headings(md), "dlnotes_headings", 6)
        md.postprocessors.register(_Maths(md, formulas), "dlnotes_maths", 5)


def makeExtension(**options) -> MathsExtension:  # noqa: N802
    """Python-Markdown 的入口。"""
    return MathsExtension(**options)


@cache
def formulas_of(root: Path) -> Formulas:
    """一个仓库的公式；同一进程里共用一个 Node。"""
    return Formulas(Project(root))


class _Maths(Postprocessor):
    """把公式换成排好的 HTML；写错的留着源码，报一条错误，严格构建因此失败。"""

    def __init__(self, md: Markdown, formulas: Formulas):
        super().__init__(md)
        self.formulas = formulas

    def run(self, text: str) -> str:
        return _FORMULA.sub(self._typeset, text)

    def _typeset(self, match: re.Match) -> str:
        tag, display = match["tag"], match["inline"] is None
        source = html.unescape(match["inline"] or match["display"]).strip()
        try:
            inner = self.formulas.html(source, display=display)
        except FormulaError as error:
            log.error("%s公式写错了：%s\n%s", _page(self.md), source, error)
            return f'<{tag} class="dl-math-error">{html.escape(source)}</{tag}>'
        if not display:
            inner = _LAST_PART.sub(rf'<span class="dl-last">\1{_JOINER}</span>\2', inner)
        return f'<{tag} class="arithmatex">{inner}</{tag}>'


class _Headings(Treeprocessor):
    """标题里没有公式：目录、浏览器的标签页里都显示不出来。"""

    def run(self, root: ElementTree.Element) -> None:
        for heading in root.iter():
            if heading.tag not in {"h1", "h2", "h3", "h4", "h5", "h6"}:
                continue
            if heading.find(".//*[@class='arithmatex']") is not None:
                text = "".join(heading.itertext())
                log.error("%s标题里的公式到不了目录，改用文字：%s", _page(self.md), text)


def _page(md: Markdown) -> str:
    """正在排的页面，MkDocs 与 Zensical 各有各的记法；接口页的文档字符串里不知道是哪一页。"""
    for processor in (*md.treeprocessors, *md.preprocessors):
        if (file := getattr(processor, "file", None)) is not None:
            return f"docs/{file.src_uri}："
        if (page := getattr(processor, "page", None)) is not None:
            return f"docs/{page.path}："
    return ""
