"""实验的网页：把执行过的笔记本写成网站自己的 Markdown，图另存成深浅两份文件。"""

import base64
import html
import json
import re
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from dlnotes_site.addresses import NOTEBOOKS, colab_url, source_path
from dlnotes_site.collect import Caption
from dlnotes_site.figures import darken, file_names
from dlnotes_site.labs.source import CHECK, SOLUTION, STUB, kind, page_of, where
from dlnotes_site.links import row
from dlnotes_site.record import Figure
from dlnotes_site.render import figure_html, output_html


def decode(content: str) -> NotebookNode:
    """mkdocs-jupyter 用我们的模板“渲染”出的就是执行过的笔记本，见 `labs/templates/`。"""
    return nbformat.from_dict(json.loads(base64.b64decode(content)))


def render(path: Path, executed: NotebookNode, prefix: str) -> tuple[str, dict[str, str]]:
    """实验的网页。

    Args:
        path: 源文件。
        executed: 执行过的笔记本。
        prefix: 从网页到网站根的相对路径，如 `../../`。

    Returns:
        `(Markdown, 图)`：图是文件名到 SVG 的字典，深浅各一份。

    Raises:
        ValueError: 有警告写到标准错误，或者有图而没有替代文字。
    """
    figures: dict[str, str] = {}
    parts: list[str] = []
    answer = ""
    for cell in executed.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        body = f"{_fence(cell)}\n\n{_outputs(path, cell, figures, prefix)}".strip()
        if kind(cell) == SOLUTION:
            answer = _folded("note", f"{_name(cell)}：参考答案", body)
        elif kind(cell) == CHECK:  # 执行在参考答案之后，页面上排在它前面
            parts += [_folded("success", f"{_name(cell)}：自查", body), answer]
        else:
            parts.append(body)
    parts[0] = parts[0].replace("\n", f"\n\n{_downloads(path, prefix)}\n", 1)
    parts.append(_evidence(executed))
    return "\n\n".join(parts) + "\n", figures


def _name(cell: NotebookNode) -> str:
    return cell.source.partition("：")[0].removeprefix("# ")


def _fence(cell: NotebookNode) -> str:
    # 写成这样而不是 ```python：实验不是互相独立的代码块，不查它们的运行记录
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


def _outputs(path: Path, cell: NotebookNode, figures: dict[str, str], prefix: str) -> str:
    parts = []
    if text := _text(path, cell).strip("\n"):
        parts.append(output_html(text))
    for output in cell.outputs:
        if (svg := output.get("data", {}).get("image/svg+xml")) is not None:
            parts.append(figure_html(_stored(svg, figures), _caption(path, cell), prefix))
    body = "".join(parts)
    return f'<div class="dl-run" data-search-exclude="1">{body}</div>' if body else ""


def _text(path: Path, cell: NotebookNode) -> str:
    texts = []
    for output in cell.outputs:
        if output.get("name") == "stderr":
            raise ValueError(f"{where(path, cell.source)}：单元格有警告：{output.text.strip()}")
        if output.output_type == "stream":
            texts.append(output.text)
        elif "image/svg+xml" not in output.data:
            texts.append(output.data["text/plain"] + "\n")
    return "".join(texts)


def _caption(path: Path, cell: NotebookNode) -> Caption:
    if not cell.metadata.get("alt"):
        raise ValueError(f'{where(path, cell.source)}：单元格画了图，开头一行要写 alt="…"')
    return Caption(cell.metadata["alt"], cell.metadata.get("caption", ""))


def _stored(svg: str, figures: dict[str, str]) -> Figure:
    figure = as_figure(svg)
    light, dark = file_names(figure.frames[0])
    figures[light], figures[dark] = figure.frames[0], darken(figure.frames[0])
    return figure


_SIZE = re.compile(r'<svg [^>]*?width="([\d.]+)pt"', re.DOTALL)
_SIZE_2 = re.compile(r'<svg [^>]*?height="([\d.]+)pt"', re.DOTALL)
_BACKGROUND = re.compile(r'(<g id="patch_1">\s*<path [^>]*?fill: )#[0-9a-f]{6}', re.DOTALL)


def as_figure(svg: str) -> Figure:
    """Jupyter 内嵌的 SVG：去掉底色与生成时间，就与笔记里的图一样。"""
    width, height = (round(float(p.search(svg)[1]) * 100 / 72) for p in (_SIZE, _SIZE_2))
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return Figure([_BACKGROUND.sub(r"\1none", svg, count=1)], [""], width, height)


def _evidence(executed: NotebookNode) -> str:
    version = executed.metadata.language_info.version.rpartition(".")[0]
    return (
        '<p class="dl-evidence" data-search-exclude="1">输出来自建站时从头到尾的一次执行：'
        f"CPU · Python {version} · 全部单元格共 {_seconds(executed):.1f} 秒</p>"
    )


def _seconds(executed: NotebookNode) -> float:
    total = 0.0
    for cell in executed.cells:
        times = cell.metadata.get("execution", {})
        if "shell.execute_reply" in times and "iopub.execute_input" in times:
            start, end = (datetime.fromisoformat(times[name].replace("Z", "+00:00"))
                          for name in ("iopub.execute_input", "shell.execute_reply"))  # fmt: skip
            total += (end - start).total_seconds()
    return total
