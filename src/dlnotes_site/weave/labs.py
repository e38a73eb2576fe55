"""实验的网页：源文件里的文字与代码，连同那一次运行的输出，写成网站自己的 Markdown。

页首写明它是 Python 的 jupytext 笔记本，mkdocs-jupyter 据此认它；Zensical 当作普通的页面。
"""

import html
from collections.abc import Iterator
from pathlib import Path

import yaml
from nbformat import NotebookNode

from dlnotes_site.pages.collect import Problem
from dlnotes_site.pages.fences import Caption
from dlnotes_site.run.store import Output, Record
from dlnotes_site.tasks.labs import CHECK, SOLUTION, STUB, kind, page_of, read
from dlnotes_site.weave.addresses import NOTEBOOKS, colab_url, source_path
from dlnotes_site.weave.links import row
from dlnotes_site.weave.markdown import Woven, to_root
from dlnotes_site.weave.shown import (
    evidence_html,
    figure_html,
    in_seconds,
    output_html,
    plain_run,
    run_html,
    torch_version,
)

_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def weave_lab(path: Path, record: Record | None) -> Woven:
    """织一个实验。

    Args:
        path: 源文件。
        record: 运行的记录；`record.outputs` 依次属于各个代码单元格。
    """
    notebook, found = read(path), Woven()
    prefix = to_root(page_of(path))
    parts = list(_parts(path, notebook, record, prefix, found))
    parts[0] = parts[0].replace("\n", f"\n\n{_downloads(path, prefix)}\n", 1)
    parts.append(_evidence(record))
    if record is None:
        message = "实验没有新鲜的运行记录，先运行 dlnotes-site run"
        found.problems.append(Problem(page_of(path), 1, message))
    found.text = "\n\n".join([_front_matter(notebook), *parts]) + "\n"
    return found


def _front_matter(notebook: NotebookNode) -> str:
    data = {"description": notebook.metadata.get("description", ""),
            "jupyter": {"kernelspec": _KERNEL}}  # fmt: skip
    return f"---\n{yaml.safe_dump(data, allow_unicode=True, width=1000)}---"


def with_outputs(
    notebook: NotebookNode, record: Record | None
) -> Iterator[tuple[NotebookNode, Output | None]]:
    """各个单元格和它的输出；文字与没有运行过的没有输出。"""
    outputs = iter([] if record is None else record.outputs)
    for cell in notebook.cells:
        yield cell, next(outputs, None) if cell.cell_type == "code" else None


def _parts(path: Path, notebook: NotebookNode, record, prefix: str, found: Woven) -> Iterator[str]:
    """页面上的各段；执行在参考答案之后的自查，页面上排在它前面。"""
    answer = ""
    for cell, output in with_outputs(notebook, record):
        if cell.cell_type == "markdown":
            yield cell.source
            continue
        body = f"{_fence(cell)}\n\n{_shown(path, cell, output, prefix, found)}".strip()
        if kind(cell) == SOLUTION:
            answer = _folded("note", f"{_name(cell)}：参考答案", body)
        elif kind(cell) == CHECK:
            yield _folded("success", f"{_name(cell)}：自查", body)
            yield answer
        else:
            yield body


def _name(cell: NotebookNode) -> str:
    return cell.source.partition("：")[0].removeprefix("# ")


def _fence(cell: NotebookNode) -> str:
    # 写成这样而不是 ```python：单元格共用变量，不是互相独立的代码块，jupytext 也不把它当作一格
    mark = " .dl-stub" if kind(cell) == STUB else ""
    return f"``` {{ .python{mark} }}\n{cell.source}\n```"


def _folded(style: str, title: str, body: str) -> str:
    return (f'<details class="{style}" markdown="1">\n<summary>{title}</summary>\n\n{body}\n\n'
            "</details>")  # fmt: skip


def _downloads(path: Path, prefix: str) -> str:
    name, source = page_of(path), f"{prefix}{NOTEBOOKS}/{path.stem}"
    items = [f'<a href="{source}.ipynb" download>下载练习笔记本</a>',
             f'<a href="{source}-solution.ipynb" download>下载参考答案</a>']  # fmt: skip
    if (colab := colab_url(name)) is not None:
        items.append(f'<a href="{html.escape(colab)}">在 Colab 打开练习</a>')
    items.append(f'<a href="{prefix}{source_path(name)}">查看源文件</a>')
    return row(items)


def _shown(path: Path, cell: NotebookNode, output: Output | None, prefix: str, found: Woven) -> str:
    """一格的输出；图与毛病记进 `found`。"""
    if output is None:
        return ""
    if output.figures and not cell.metadata.get("alt"):
        message = '单元格画了图，开头一行要写 alt="…"'
        found.problems.append(Problem(page_of(path), output.line, message))
    for figure in output.figures:
        found.frames |= dict.fromkeys(figure.frames, output.line)
    parts = [output_html(output.stdout.strip("\n"))] if output.stdout.strip("\n") else []
    parts += [figure_html(figure, caption(cell), prefix) for figure in output.figures]
    return run_html("".join(parts)) if parts else ""


def caption(cell: NotebookNode) -> Caption:
    """单元格的图的替代文字与图注。"""
    return Caption(cell.metadata.get("alt", ""), cell.metadata.get("caption", ""))


def _evidence(record: Record | None) -> str:
    if record is None:
        return plain_run("这个实验还没有运行")
    return evidence_html(
        f"输出来自从头到尾的一次运行：{record.device} · torch {torch_version(record)} · "
        f"全部单元格共 {in_seconds(record.seconds)}"
    )
