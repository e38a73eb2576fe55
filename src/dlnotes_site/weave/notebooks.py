"""页面变成笔记本：文字改写成 Jupyter 的 Markdown，代码块成为单元格，带着那次运行的输出。"""

import base64
import hashlib
import re
from collections.abc import Callable

import resvg_py

from dlnotes_site.pages.collect import Block
from dlnotes_site.pages.extras import installed_as, packages
from dlnotes_site.pages.fences import Caption
from dlnotes_site.pages.front_matter import front_matter
from dlnotes_site.project import Project, write_atomically
from dlnotes_site.run.store import Figure, Output, Record
from dlnotes_site.weave.addresses import WHEEL_MARKER, link_url, page_url, wheel_url
from dlnotes_site.weave.figures import only
from dlnotes_site.weave.ipynb import code_cell, image, printed, text_cell, written
from dlnotes_site.weave.readable import Code, parts, readable

Read = Callable[[str], str]
"""由图在记录库里的名字取得 SVG。"""

_ZOOM = 1.5
"""PNG 比图在网页上的大小大多少倍：高分屏上也清楚。"""

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

_EXTRA = """

missing = [name for name in {wanted} if importlib.util.find_spec(name.split("[")[0]) is None]
if missing:
    %pip install -q {{" ".join(missing)}}
    importlib.invalidate_caches()"""


def notebook(
    project: Project,
    page: str,
    blocks: list[Block],
    record: Callable[[Block], Record | None],
    read: Read,
) -> str:
    """一页的笔记本的全文；同样的输入得到逐字节相同的文件。

    Args:
        project: 笔记仓库。
        page: 在仓库里的位置。
        blocks: 这一页的代码块。
        record: 取得代码块的记录；没有记录的没有输出。
        read: 由名字取得图。
    """
    url = wheel_url(project.root)
    text = (project.root / page).read_text(encoding="utf-8")
    text = text.replace(WHEEL_MARKER, url or WHEEL_MARKER)
    records = {block.line: found for block in blocks
               if block.skip is None and (found := record(block)) is not None}  # fmt: skip
    title, body = _split_title(parts(text.splitlines(), lambda target: link_url(page, target)))
    cells = [text_cell(_preface(title, page, list(records.values())))]
    if url is not None:
        cells.append(code_cell(install_code(url, _extras(project, page)), tags=["install"]))
    by_line = {block.line: block for block in blocks}
    for part in body:
        if isinstance(part, Code):
            cells += _code_cells(project, by_line[part.line], records.get(part.line), read)
        else:
            cells.append(text_cell(part.text))
    return written(cells)


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


def install_code(url: str, extras: list[str] | None = None) -> str:
    """没有装过配套的包时从 `url` 安装的一格；`extras` 是这一页另要的库。"""
    code = _INSTALL.format(url=url, site=url.rpartition("wheels/")[0])
    return code + (_EXTRA.format(wanted=extras) if extras else "")


def _extras(project: Project, page: str) -> list[str]:
    meta = front_matter(project.root / page)
    return [installed_as(package) for package in packages(meta.extras, project.root)]


def _code_cells(project: Project, block: Block, record: Record | None, read: Read) -> list:
    code = block.code.rstrip("\n")
    if block.skip is not None:
        return [text_cell(f"```python\n{code}\n```\n\n（没有运行：{block.skip}）")]
    found = [] if record is None else [
        output for part in record.outputs for output in outputs(project, part, block.captions, read)
    ]  # fmt: skip
    tags = ["skip-execution"] if block.is_long else []  # 从头到尾运行一遍的工具略过长实验
    cells = [code_cell(code, found, tags)]
    captions = [_caption_line(block, i, record) for i in range(len(block.captions))]
    text = "\n\n".join(line for line in captions if line)
    return [*cells, text_cell(text)] if text else cells


def _caption_line(block: Block, i: int, record: Record | None) -> str:
    text = readable(block.captions[i].text, lambda target: link_url(block.page, target))
    frames = len(record.figures[i].frames) if record and i < len(record.figures) else 1
    if frames > 1:
        text = f"{text.rstrip('。')}。" if text else ""
        text += f"动画共 {frames} 帧，这里保存了最后一帧，网页上可以逐帧看。"
    label = "图" if len(block.captions) == 1 else f"图 {i + 1}"
    return f"*{label}：{text}*" if text else ""


def outputs(project: Project, part: Output, captions: tuple[Caption, ...], read: Read) -> list:
    """一格代码的输出写成笔记本里的样子。"""
    found = [printed(part.stdout)] if part.stdout else []
    captions = captions + (Caption(""),) * (len(part.figures) - len(captions))
    for figure, caption in zip(part.figures, captions, strict=False):
        size = (figure.width, figure.height)
        found.append(image(png(project, figure, read), caption.alt, *size))
    return found


def png(project: Project, figure: Figure, read: Read) -> str:
    """图的 PNG，白底；动画取最后一帧。

    不用 SVG：没有运行过的笔记本在 JupyterLab 里“不受信任”，里面的 SVG 不显示，PNG 则到处都显示。
    """
    blob = figure.frames[-1]
    name = hashlib.sha256(f"{resvg_py.__version__} {_ZOOM} {blob}".encode()).hexdigest()[:32]
    path = project.build / "png" / f"{name}.png"
    if not path.exists():
        data = resvg_py.svg_to_bytes(
            svg_string=only(read(blob), "light"),
            dpi=96,
            zoom=_ZOOM,
            background="#ffffff",
            skip_system_fonts=True,
        )
        write_atomically(path, bytes(data))
    return base64.b64encode(path.read_bytes()).decode()
