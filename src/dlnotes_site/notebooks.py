"""页面变成笔记本：文字改写成 Jupyter 的 Markdown，代码块成为单元格，带着那次运行的输出。"""

import base64
import hashlib
import re
from pathlib import Path

import nbformat
import resvg_py
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from dlnotes_site.addresses import WHEEL_MARKER, link_url, notebook_name, page_url, wheel_url
from dlnotes_site.collect import Block, Caption, collect_page, pages
from dlnotes_site.readable import Code, parts, readable
from dlnotes_site.record import Figure, Record

_ZOOM = 1.5
"""PNG 比图在网页上的大小大多少倍：高分屏上也清楚。"""

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
}

_INSTALL = """\
# 没有装过配套的包时，从笔记的网站安装；已经装好就什么也不做
import importlib, importlib.util

if importlib.util.find_spec("dlnotes") is None:
    %pip install -q {url}
    importlib.invalidate_caches()
    if importlib.util.find_spec("dlnotes") is None:
        raise ModuleNotFoundError(
            "没有装上配套的包：连不上 {site}，或者下载中断。先在浏览器里打开这个地址试试；"
            "能打开就再运行一次本格，打不开就照《运行环境》一页的“打不开 Colab 时”一节在本地安装"
        )"""


def notebook_pages(root: Path) -> dict[str, list[Block]]:
    """有笔记本的页面和它们的代码块：首页与 README 之外、有代码块的页面。"""
    found = {}
    for path in pages(root):
        blocks = collect_page(path, root) if path.stem not in ("index", "README") else []
        if blocks:
            found[blocks[0].page] = blocks
    _check_names(list(found))
    return found


def _check_names(found: list[str]) -> None:
    names: dict[str, str] = {}
    for page in found:
        other = names.setdefault(notebook_name(page), page)
        if other != page:
            raise ValueError(f"两页的笔记本同名：{other} 与 {page}，应改一个页面的文件名")


def notebook(
    root: Path, page: str, blocks: list[Block], records: dict[str, Record]
) -> nbformat.NotebookNode:
    """一页的笔记本；`records` 的键是 `页面:行号`。

    Returns:
        通过 `nbformat.validate` 的第 4.5 版笔记本；同样的输入得到逐字节相同的文件。
    """
    url = wheel_url(root)
    text = (root / page).read_text(encoding="utf-8").replace(WHEEL_MARKER, url or WHEEL_MARKER)
    used = [records[block.where] for block in blocks if block.where in records]
    title, body = _split_title(parts(text.splitlines(), lambda target: link_url(page, target)))
    cells = [new_markdown_cell(_preface(title, page, used))]
    if url is not None:
        cells.append(new_code_cell(install_code(url), metadata={"tags": ["install"]}))
    by_line = {block.line: block for block in blocks}
    for part in body:
        if isinstance(part, Code):
            block = by_line[part.line]
            cells += _code_cells(root, block, records.get(block.where))
        else:
            cells.append(new_markdown_cell(part.text))
    result = new_notebook(cells=_named(cells), metadata=METADATA)
    nbformat.validate(result)
    return result


def _split_title(body: list) -> tuple[str, list]:
    """一级标题写进第一格，不再重复。"""
    for i, part in enumerate(body):
        match = None if isinstance(part, Code) else re.match(r"# (.+)\n*", part.text)
        if match is not None:
            part.text = part.text[match.end() :]
            rest = body if part.text.strip() else body[:i] + body[i + 1 :]
            return match[1].strip(), rest
    return "", body


def _preface(title: str, page: str, records: list[Record]) -> str:
    lines = [f"# {title}", "", f"这份笔记本由网页[{title}]({page_url(page)})生成。"]
    if records:
        versions = sorted({r.environment["versions"]["torch"].split("+")[0] for r in records})
        devices, dates = sorted({r.device for r in records}), sorted({r.date for r in records})
        when = dates[0] if len(dates) == 1 else f"{dates[0]} 至 {dates[-1]}"
        lines[-1] += (
            f"下面的输出和图来自网页上的那次运行：{'、'.join(devices)}，"
            f"torch {'、'.join(versions)}，{when}。"
        )
    lines += ["", "先运行下面安装的一格，之后各格互不依赖，可以单独运行任何一格；"
              "换一台机器，数字的末几位可能不同。", "",
              "文字采用 CC BY 4.0 许可，代码采用 MIT 许可。"]  # fmt: skip
    return "\n".join(lines)


def install_code(url: str) -> str:
    """没有装过配套的包时从 `url` 安装的一格。"""
    return _INSTALL.format(url=url, site=url.rpartition("wheels/")[0])


def _code_cells(root: Path, block: Block, record: Record | None) -> list:
    code = block.code.rstrip("\n")
    if block.skip is not None:
        return [new_markdown_cell(f"```python\n{code}\n```\n\n（没有运行：{block.skip}）")]
    outputs = [] if record is None else _outputs(root, block, record)
    cells = [new_code_cell(code, outputs=outputs)]
    captions = [_caption_line(block, i, record) for i in range(len(block.captions))]
    text = "\n\n".join(line for line in captions if line)
    return [*cells, new_markdown_cell(text)] if text else cells


def _caption_line(block: Block, i: int, record: Record | None) -> str:
    text = readable(block.captions[i].text, lambda target: link_url(block.page, target))
    frames = len(record.figures[i].frames) if record and i < len(record.figures) else 1
    if frames > 1:
        text = f"{text.rstrip('。')}。" if text else ""
        text += f"动画共 {frames} 帧，这里保存了最后一帧，网页上可以逐帧看。"
    label = "图" if len(block.captions) == 1 else f"图 {i + 1}"
    return f"*{label}：{text}*" if text else ""


def _outputs(root: Path, block: Block, record: Record) -> list:
    outputs = []
    if record.stdout:
        outputs.append(new_output("stream", name="stdout", text=record.stdout))
    for i, figure in enumerate(record.figures):
        caption = block.captions[i] if i < len(block.captions) else Caption("")
        size = {"width": figure.width, "height": figure.height, "alt": caption.alt}
        outputs.append(new_output(
            "display_data", {"image/png": png(root, figure), "text/plain": caption.alt or "<图>"},
            metadata={"image/png": size},
        ))  # fmt: skip
    return outputs


def png(root: Path, figure: Figure) -> str:
    """图的 PNG，白底；动画取最后一帧。

    不用 SVG：没有运行过的笔记本在 JupyterLab 里“不受信任”，里面的 SVG 不显示，PNG 则到处都显示。
    """
    svg = figure.frames[-1]
    name = hashlib.sha256(f"{resvg_py.__version__} {_ZOOM} {svg}".encode()).hexdigest()[:32]
    path = root / "build" / "png" / f"{name}.png"
    if not path.exists():
        data = resvg_py.svg_to_bytes(
            svg_string=svg, dpi=96, zoom=_ZOOM, background="#ffffff", skip_system_fonts=True
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(bytes(data))
        temporary.replace(path)
    return base64.b64encode(path.read_bytes()).decode()


def _named(cells: list) -> list:
    """固定的单元格编号（默认是随机的），以及依次的执行次数；安装的一格不算。"""
    count = 0
    for number, cell in enumerate(cells):
        cell["id"] = f"{cell['cell_type']}-{number:03d}"
        if cell["cell_type"] == "code" and "tags" not in cell["metadata"]:
            count += 1
            cell["execution_count"] = count
    return cells


def write(path: Path, content: nbformat.NotebookNode) -> None:
    """写成文件；内容没有变就不动它，免得预览反复重建。"""
    text = nbformat.writes(content) + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
