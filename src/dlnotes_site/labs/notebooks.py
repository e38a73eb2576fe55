"""实验的两份笔记本：练习用的留着空格，参考答案的带着输出。"""

import copy
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from dlnotes_site.addresses import link_url, page_url, wheel_url
from dlnotes_site.labs.page import as_figure
from dlnotes_site.labs.source import SOLUTION, STUB, kind, page_of, read
from dlnotes_site.notebooks import METADATA, install_code, png

_LINK = re.compile(r"(?<=\]\()(?!https?:|#)[^)\s]+")


def student(root: Path, path: Path) -> NotebookNode:
    """练习用的笔记本：没有参考答案，也没有输出。"""
    notebook = read(path)
    kept = [cell for cell in notebook.cells if kind(cell) != SOLUTION]
    return _finished(root, path, kept, _preface(path, "把留着 `...` 的单元格换成你的代码。"))


def solved(root: Path, path: Path, executed: NotebookNode) -> NotebookNode:
    """参考答案的笔记本：没有空格，带着建站时那次运行的输出。"""
    kept = [copy.deepcopy(cell) for cell in executed.cells if kind(cell) != STUB]
    for cell in kept:
        if cell.cell_type == "code":
            cell.outputs = [_as_png(root, cell, output) for output in cell.outputs]
    return _finished(root, path, kept, _preface(path, "这一份填好了参考答案，带着输出。"))


def _preface(path: Path, text: str) -> str:
    url = page_url(page_of(path))
    return f"这份笔记本由网页[{url}]({url})生成。{text}各格共用变量，从上往下运行。"


def _finished(root: Path, path: Path, cells: list[NotebookNode], preface: str) -> NotebookNode:
    title, *rest = cells
    head, _, body = title.source.partition("\n")
    first = nbformat.v4.new_markdown_cell(f"{head}\n\n{preface}\n{body}")
    install = [nbformat.v4.new_code_cell(install_code(url), metadata={"tags": ["install"]})
               for url in [wheel_url(root)] if url is not None]  # fmt: skip
    cells, page = [first, *install, *rest], page_of(path)
    for number, cell in enumerate(cells):
        cell["id"] = f"{cell.cell_type}-{number:03d}"
        tags = cell.metadata.get("tags")
        cell["metadata"] = NotebookNode(tags=tags) if tags else NotebookNode()
        if cell.cell_type == "markdown":
            cell["source"] = _LINK.sub(lambda link: link_url(page, link[0]), cell.source)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    nbformat.validate(notebook)
    return notebook


def _as_png(root: Path, cell: NotebookNode, output: NotebookNode) -> NotebookNode:
    """没有运行过的笔记本在 JupyterLab 里不显示 SVG，换成 PNG。"""
    svg = output.get("data", {}).get("image/svg+xml")
    if svg is None:
        return output
    figure, alt = as_figure(svg), cell.metadata.get("alt", "")
    size = {"width": figure.width, "height": figure.height, "alt": alt}
    return nbformat.v4.new_output(
        "display_data", {"image/png": png(root, figure), "text/plain": alt or "<图>"},
        metadata={"image/png": size},
    )  # fmt: skip
