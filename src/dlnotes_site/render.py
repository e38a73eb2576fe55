"""Markdown 扩展：把运行记录接在每个代码块下面，加上下载的链接与概念的提示，并整理排版。

写成 Python-Markdown 扩展而不是 MkDocs 插件，是因为后继者 Zensical 也认它。
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
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor

from dlnotes_site import glossary
from dlnotes_site.addresses import WHEEL_MARKER, wheel_url
from dlnotes_site.collect import (
    SKIP,
    SOFT_BREAK,
    Block,
    Caption,
    Fence,
    captions_after,
    collect_page,
    expected_lines,
    fences,
    pages,
)
from dlnotes_site.figures import FOLDER, file_names
from dlnotes_site.links import links
from dlnotes_site.record import Figure, Record, key
from dlnotes_site.report import MARKER, records_table
from dlnotes_site.runner import Project

log = logging.getLogger("mkdocs.dlnotes")


class RunExtension(Extension):
    """`markdown_extensions` 里写 `dlnotes_site.render` 即可启用。"""

    def __init__(self, **options):
        self.config = {
            "root": [os.environ.get("DLNOTES_ROOT", "."), "笔记仓库"],
            "use_directory_urls": [True, "与 mkdocs.yml 的同名设置一致"],
        }
        super().__init__(**options)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """登记五个处理器；接运行结果的一个在 superfences（25）之前、空白规整（30）之后。"""
        project = Project(Path(self.getConfig("root")).resolve())
        directory_urls = str(self.getConfig("use_directory_urls")).lower() != "false"
        md.preprocessors.register(_Runs(md, project, directory_urls), "dlnotes_run", 28)
        md.treeprocessors.register(_Joins(md), "dlnotes_joins", 1)
        md.treeprocessors.register(_Corners(md), "dlnotes_corners", 0.5)
        md.postprocessors.register(_Code(md), "dlnotes_code", 0)
        md.treeprocessors.register(_Tooltips(md, project), "dlnotes_terms", 0)


def makeExtension(**options) -> RunExtension:  # noqa: N802
    """Python-Markdown 的入口。"""
    return RunExtension(**options)


class _Runs(Preprocessor):
    """在每个 ```python 围栏之后插入那一次运行的结果。"""

    def __init__(self, md: Markdown, project: Project, directory_urls: bool):
        super().__init__(md)
        self.project, self.directory_urls = project, directory_urls

    def run(self, lines: list[str]) -> list[str]:
        lines = [self._report() if line.strip() == MARKER else line for line in lines]
        found = [(f, _block(f, lines)) for f in fences(lines) if f.opening == "```python"]
        if not found:
            return lines
        page = _page_of(self.project.root, tuple(block.code for _, block in found))
        prefix = _to_root(page, self.directory_urls)
        out = list(lines)
        for fence, block in reversed(found):
            self._insert(out, fence, block, page, prefix)
        self._add_links(out, page, prefix)
        return [self._with_wheel(line) for line in out]

    def _add_links(self, out: list[str], page: str, prefix: str) -> None:
        """标题下面的一行链接；首页没有笔记本，也就没有这一行。"""
        title = next((i for i, line in enumerate(out) if line.startswith("# ")), None)
        if title is not None and page.startswith("docs/") and not page.endswith("/index.md"):
            out[title + 1 : title + 1] = ["", self.md.htmlStash.store(links(page, prefix)), ""]

    def _with_wheel(self, line: str) -> str:
        if WHEEL_MARKER not in line:
            return line
        return line.replace(WHEEL_MARKER, wheel_url(self.project.root) or WHEEL_MARKER)

    def _report(self) -> str:
        return self.md.htmlStash.store(records_table(self.project))

    def _insert(self, out: list[str], fence: Fence, block: Block, page: str, prefix: str) -> None:
        """从后往前改，前面的行号就不会变。"""
        rest = expected_lines(out, fence.end)
        _, used = captions_after(out, fence.end)
        for number in sorted({*rest, *used}, reverse=True):
            del out[number]
        placeholder = self.md.htmlStash.store(self._html(block, page, prefix))
        out[fence.end : fence.end] = ["", fence.indent + placeholder, ""]

    def _html(self, block: Block, page: str, prefix: str) -> str:
        if block.skip is not None:
            reason = html.escape(block.skip)
            return f'<div class="dl-run"><p class="dl-evidence">未运行：{reason}</p></div>'
        environment = self.project.environment()
        record = environment and self.project.store.get(
            key(block, environment, self.project.source)
        )
        if not record:
            log.warning(
                f"{page}：代码块没有新鲜的运行记录，先运行 dlnotes-site run：{_first(block)}"
            )
            return '<div class="dl-run"><p class="dl-evidence">这个代码块还没有运行</p></div>'
        return render_record(record, block.captions, prefix)


def render_record(record: Record, captions: list[Caption], prefix: str = "") -> str:
    """一条记录的 HTML：输出、图、一行运行环境。"""
    parts = ['<div class="dl-run" data-search-exclude="data-search-exclude">']
    if record.stdout.strip():
        parts.append(output_html(record.stdout.rstrip()))
    for i, figure in enumerate(record.figures):
        caption = captions[i] if i < len(captions) else Caption("")
        parts.append(figure_html(figure, caption, prefix))
    torch = record.environment["versions"]["torch"].split("+")[0]
    parts.append(
        f'<p class="dl-evidence" data-search-exclude="1">{html.escape(record.device)} · '
        f"torch {torch} · {_seconds(record.seconds)}</p></div>"
    )
    return "\n".join(parts)


def output_html(text: str) -> str:
    """一段输出的 HTML。"""
    return ('<div class="dl-output no-copy" role="group" aria-label="输出"><pre><code>'
            f"{html.escape(text)}</code></pre></div>")  # fmt: skip


def _seconds(seconds: float) -> str:
    return "不到 0.1 秒" if seconds < 0.1 else f"{seconds:.1f} 秒"


def figure_html(figure: Figure, caption: Caption, prefix: str) -> str:
    """一张图（或一段动画）的 HTML：深浅两份，带替代文字与图注。"""
    text = f"<figcaption>{_inline(caption.text)}</figcaption>" if caption.text else ""
    if len(figure.frames) == 1:
        images = _images(figure, figure.frames[0], caption.alt, prefix)
        return f'<figure class="dl-figure">{images}{text}</figure>'
    frames = "".join(
        f'<div class="dl-frame" data-label="{html.escape(label)}">'
        + _images(figure, svg, f"{caption.alt}（{label}）", prefix) + "</div>"
        for svg, label in zip(figure.frames, figure.labels, strict=True)
    )  # fmt: skip
    return f'<figure class="dl-figure dl-frames">{frames}{text}</figure>'


def _images(figure: Figure, svg: str, alt: str, prefix: str) -> str:
    return "".join(
        f'<img class="dl-{mode}" src="{prefix}{FOLDER}/{name}" alt="{html.escape(alt)}" '
        f'width="{figure.width}" height="{figure.height}" loading="lazy" decoding="async">'
        for mode, name in zip(("light", "dark"), file_names(svg), strict=True)
    )


def _inline(text: str) -> str:
    """图注里的行内代码与公式。"""
    text = html.escape(text, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\\\((.+?)\\\)", r'<span class="arithmatex">\\(\1\\)</span>', text)


def _block(fence: Fence, lines: list[str]) -> Block:
    expected = expected_lines(lines, fence.end)
    block = Block("", fence.line, fence.code, captions=captions_after(lines, fence.end)[0])
    if expected:
        block.ignore_whitespace = "ignore-whitespace" in lines[expected[0]]
        block.expected = next(fences([lines[i] for i in expected])).code
    before = [line for line in lines[max(0, fence.line - 3) : fence.line - 1] if line.strip()]
    mark = SKIP.search(before[-1]) if before else None
    block.skip = mark["reason"] if mark else None
    return block


def _first(block: Block) -> str:
    return next((line for line in block.code.splitlines() if line.strip()), "")


def _page_of(root: Path, codes: tuple[str, ...]) -> str:
    """由一页的全部代码块认出是哪一页（Markdown 扩展看不到文件名）。"""
    stamp = tuple((path, path.stat().st_mtime_ns) for path in pages(root))
    return _index(root, stamp).get(codes, "（未知页面）")


@cache
def _index(root: Path, stamp: tuple) -> dict[tuple[str, ...], str]:
    blocks = {path: collect_page(path, root) for path, _ in stamp}
    return {tuple(b.code for b in found): found[0].page for found in blocks.values() if found}


def _to_root(page: str, directory_urls: bool) -> str:
    """从这一页的网址到网站根的相对路径。"""
    parts = Path(page).parts[1:]
    depth = len(parts) - 1
    if directory_urls and parts and parts[-1] != "index.md":
        depth += 1
    return "../" * max(depth, 0)


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


class _Code(Postprocessor):
    """代码块：不进搜索索引，少几千个标签，写明行数。

    几百个代码块会让索引重到浏览器迟迟建不好；一页几千个标签会让手机排版卡住。名字与空格跟默认同色，
    不必有标签；有了行数，样式表就能让屏幕之外的代码先不排版，又留出恰好的高度。
    """

    _BLOCK = re.compile(
        r'<div class="(?P<names>[^"]*\bhighlight\b[^"]*)">(?P<code>.*?</pre></div>)'
        r'(?=(?P<run>\s*<div class="dl-run)?)',
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

    _SKIP = frozenset({"code", "pre", "a", "abbr", "script", "style", "h1", "h2", "h3", "h4"})

    def __init__(self, md: Markdown, project: Project):
        super().__init__(md)
        self.project = project

    def run(self, root: ElementTree.Element) -> None:
        waiting = {term.name: term for term in glossary.terms(self.project.root)}
        if not waiting or _is_glossary(root):
            return
        names = "|".join(re.escape(name) for name in sorted(waiting, key=len, reverse=True))
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
        mark = ElementTree.Element("abbr", {"title": term.explanation})
        mark.text, mark.tail = match[0], text[match.end() :]
        if after is None:
            parent.text, position = text[: match.start()], 0
        else:
            after.tail, position = text[: match.start()], list(parent).index(after) + 1
        parent.insert(position, mark)
        self._text(parent, mark, pattern, waiting)


def _is_glossary(root: ElementTree.Element) -> bool:
    title = root.find("h1")
    return title is not None and "概念表" in "".join(title.itertext())
