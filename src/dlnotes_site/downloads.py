"""写出网站上可以带走的东西：笔记本、页面的源文件、wheel。

它们写在 docs 下面（不进版本库），MkDocs 与 Zensical 都原样复制，所以预览时也在。
"""

from collections.abc import Iterable
from pathlib import Path

from dlnotes_site.addresses import NOTEBOOKS, SOURCES, WHEELS, notebook_name, source_path
from dlnotes_site.collect import Block
from dlnotes_site.notebooks import notebook, notebook_pages, write
from dlnotes_site.record import Record
from dlnotes_site.wheel import write_wheel

FOLDERS = (NOTEBOOKS, WHEELS, SOURCES)
"""docs 下面由建站写出的文件夹。"""


def write_downloads(root: Path, pairs: Iterable[tuple[Block, Record]]) -> None:
    """写出全部笔记本、源文件与 wheel，删掉不再有的。"""
    docs = root / "docs"
    records = {block.where: record for block, record in pairs}
    wanted: set[Path] = set()
    for page, blocks in notebook_pages(root).items():
        path = docs / NOTEBOOKS / notebook_name(page)
        write(path, notebook(root, page, blocks, records))
        source = docs / source_path(page)
        _copy(root / page, source)
        wanted |= {path, source}
    _prune([docs / NOTEBOOKS, docs / SOURCES], wanted)
    write_wheel(root, docs)


def _copy(source: Path, target: Path) -> None:
    # 服务器与浏览器不一定知道 .txt 的编码，字节次序标记写明它是 UTF-8
    data = b"\xef\xbb\xbf" + source.read_bytes()
    if not target.exists() or target.read_bytes() != data:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _prune(folders: list[Path], wanted: set[Path]) -> None:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and path not in wanted:
                path.unlink()
