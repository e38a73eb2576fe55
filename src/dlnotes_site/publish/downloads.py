"""网站上可以带走的东西：页面的源文件与 wheel，写在织好的页面旁边，两个建站工具都原样复制。"""

from pathlib import Path

from dlnotes_site.project import Project, write_if_changed
from dlnotes_site.publish.wheel import write_wheel
from dlnotes_site.weave.addresses import SOURCES, WHEELS, source_path

FOLDERS = (SOURCES, WHEELS)
"""`build/docs` 里由这一步写出的文件夹；织页面的一步不碰它们。"""


def write_downloads(project: Project) -> None:
    """写出全部源文件与 wheel，删掉不再有的。"""
    wanted = {project.woven / source_path(project.page(path)): path for path in _pages(project)}
    for target, path in wanted.items():
        # 服务器与浏览器不一定知道 .txt 的编码，字节次序标记写明它是 UTF-8
        write_if_changed(target, b"\xef\xbb\xbf" + path.read_bytes())
    for path in (project.woven / SOURCES).rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()
    write_wheel(project.root, project.woven)


def _pages(project: Project) -> list[Path]:
    """作者写的页面：Markdown，以及 `labs/` 里的实验。"""
    return [*project.docs.rglob("*.md"), *(project.docs / "labs").glob("*.py")]
