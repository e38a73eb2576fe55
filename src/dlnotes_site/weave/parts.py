"""Markdown 扩展：把一页切成几段，屏幕之外的段先不排版。

一页有几千个元素，主题的脚本在打开页面时又让浏览器把整页的样式重算几遍；手机为屏幕之外的内容花的
时间占大半。段上写着估计的高度（`em`），样式表据此留出位置；标题不在段里，目录要量它们的位置。
"""

import html
import math
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from markdown.util import HTML_PLACEHOLDER_RE

Element = ElementTree.Element

NARROW, WIDE = 23, 42  # 手机与电脑上一行有几个汉字
LONG = 36  # 一段够这么高，就在下一个段落之前切开
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


class PartsExtension(Extension):
    """`markdown_extensions` 里写 `dlnotes_site.weave.parts` 即可启用，放在最后。"""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """登记处理器：在别的树处理器都做完之后。"""
        md.treeprocessors.register(_Parts(md), "dlnotes_parts", -5)


def makeExtension(**options) -> PartsExtension:  # noqa: N802
    """Python-Markdown 的入口。"""
    return PartsExtension(**options)


class _Parts(Treeprocessor):
    """从第一个二级标题起，标题与标题之间的内容各是一段；前面的总在第一屏，不切。"""

    def run(self, root: Element) -> None:
        sizes = Sizes(self.md)
        children = list(root)
        heads = (i for i, child in enumerate(children) if child.tag == "h2")
        first = next(heads, len(children))
        for child in children[first:]:
            root.remove(child)
        for group in _groups(children[first:], sizes):
            root.extend(group if _headed(group[0]) else [_part(group, sizes)])


def _headed(element: Element) -> bool:
    return any(inner.tag in _HEADINGS for inner in element.iter())


def _groups(elements: list[Element], sizes: "Sizes") -> Iterator[list[Element]]:
    """带标题的元素各自单独；其余连成段，太长的在一个段落之前切开。"""
    group: list[Element] = []
    for element in elements:
        alone = _headed(element)
        if group and (alone or (sizes.starts(element) and sizes.tall(group, NARROW) > LONG)):
            yield group
            group = []
        if alone:
            yield [element]
        else:
            group.append(element)
    if group:
        yield group


def _part(group: list[Element], sizes: "Sizes") -> Element:
    narrow, wide = (math.ceil(sizes.tall(group, width)) for width in (NARROW, WIDE))
    style = f"--dl-narrow: {narrow}; --dl-wide: {wide}"
    names = "dl-part dl-part--run" if sizes.runs(group[-1]) else "dl-part"
    part = Element("div", {"class": names, "style": style})
    part.extend(group)
    part.tail = "\n"
    return part


class Sizes:
    """内容大约有多高，单位是正文的字号；字宽、行距照样式表估计。"""

    def __init__(self, md: Markdown):
        self.md = md

    def starts(self, element: Element) -> bool:
        """这里切得开：普通的段落。"""
        return element.tag == "p" and self._stored(element) is None

    def runs(self, element: Element) -> bool:
        """代码块的运行结果，它与下文隔得远些。"""
        return (self._stored(element) or "").startswith('<div class="dl-run')

    def tall(self, elements: list[Element], width: float) -> float:
        """几个元素叠起来的高度。"""
        return sum(self._one(element, width) for element in elements)

    def _one(self, element: Element, width: float) -> float:
        stored = self._stored(element)
        if stored is not None:
            return _stored_height(stored, width)
        if element.tag == "table":
            return sum(self._row(row, width) for row in element.iter("tr")) + 2.8
        if element.tag == "details":
            return 3.8
        if element.tag in {"div", "ul", "ol", "dl", "blockquote", "section"}:
            own = _lines(element.text or "", width) if element.tag == "div" else 0
            return own + 1 + self.tall(list(element), width - 1.5)
        if element.tag == "li" and any(child.tag in {"p", "ul", "ol"} for child in element):
            return self.tall(list(element), width - 2)
        return _lines("".join(element.itertext()), width) + (0.5 if element.tag == "li" else 1)

    def _row(self, row: Element, width: float) -> float:
        share = width / max(len(row), 1)
        cells = (_lines("".join(cell.itertext()), share) for cell in row)
        return 1.5 + 0.85 * max(cells, default=0)

    def _stored(self, element: Element) -> str | None:
        """收在一边的 HTML；不是就返回 `None`。"""
        match = HTML_PLACEHOLDER_RE.fullmatch((element.text or "").strip())
        if element.tag != "p" or match is None:
            return None
        block = self.md.htmlStash.rawHtmlBlocks[int(match[1])]
        return block if isinstance(block, str) else ElementTree.tostring(block, "unicode")


_PRE = re.compile(r"<pre\b.*?</pre>", re.DOTALL)
_IMAGE = re.compile(r'<img [^>]*width="(\d+)" height="(\d+)"')


def _stored_height(text: str, width: float) -> float:
    """代码按行数，图按宽高，其余按字数。"""
    blocks = _PRE.findall(text)
    code = sum(1.29 * (block.rstrip().count("\n") + 1) + 2 for block in blocks)
    image = _IMAGE.search(text)
    drawn = 0.0
    if image:
        across, down = int(image[1]) / 16, int(image[2]) / 16
        drawn = down * min(1, (width - 1) / across) + 1.7
    words = re.sub(r"<[^>]*>", "", _PRE.sub("", text))
    return code + drawn + 0.85 * _lines(html.unescape(words), width) + 1


def _lines(text: str, width: float) -> float:
    """一段文字排成几行，连行距；西文算半个字。"""
    cells = sum(0.5 if char.isascii() else 1 for char in text.strip())
    return 1.8 * math.ceil(cells / max(width, 3))
