"""实验的两份笔记本：练习用的留着空格，参考答案的带着输出。"""

import re
from pathlib import Path

from nbformat import NotebookNode

from dlnotes_site.project import Project
from dlnotes_site.run.store import Record
from dlnotes_site.tasks.labs import SOLUTION, STUB, kind, page_of, read
from dlnotes_site.weave.addresses import link_url, page_url, wheel_url
from dlnotes_site.weave.ipynb import code_cell, text_cell, written
from dlnotes_site.weave.labs import caption, with_outputs
from dlnotes_site.weave.notebooks import Read, install_code, outputs

_LINK = re.compile(r"(?<=\]\()(?!https?:|#)[^)\s]+")


def student(project: Project, path: Path) -> str:
    """练习用的笔记本：没有参考答案，也没有输出。"""
    kept = [_cell(path, cell) for cell in read(path).cells if kind(cell) != SOLUTION]
    preface = _preface(path, "把留着 `...` 的单元格换成你的代码。")
    return written(_whole(project, kept, preface), ran=False)


def solved(project: Project, path: Path, record: Record | None, read_blob: Read) -> str:
    """参考答案的笔记本：没有空格，带着那次运行的输出。"""
    kept = []
    for cell, output in with_outputs(read(path), record):
        captions = (caption(cell),) * (0 if output is None else len(output.figures))
        found = [] if output is None else outputs(project, output, captions, read_blob)
        if kind(cell) != STUB:
            kept.append(_cell(path, cell, found))
    preface = _preface(path, "这一份填好了参考答案，带着输出。")
    return written(_whole(project, kept, preface), ran=record is not None)


def _cell(path: Path, cell: NotebookNode, found: list[dict] = ()) -> dict:
    """一格；文字里的链接写成绝对地址。"""
    if cell.cell_type == "code":
        return code_cell(cell.source, found, cell.metadata.get("tags", ()))
    return text_cell(_LINK.sub(lambda link: link_url(page_of(path), link[0]), cell.source))


def _preface(path: Path, text: str) -> str:
    url = page_url(page_of(path))
    return f"这份笔记本由网页[{url}]({url})生成。{text}各格共用变量，从上往下运行。"


def _whole(project: Project, cells: list[dict], preface: str) -> list[dict]:
    """标题下面加上说明，再加上安装的一格。"""
    title, *rest = cells
    head, _, body = title["source"].partition("\n")
    install = [code_cell(install_code(url), tags=["install"])
               for url in [wheel_url(project.root)] if url is not None]  # fmt: skip
    return [text_cell(f"{head}\n\n{preface}\n{body}"), *install, *rest]
