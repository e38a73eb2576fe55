"""本地预览：页面、源码、素材一改，重跑受影响的，重织那一页，由 Zensical 显示出来。

选 Zensical 是因为量过：织好的一页改了，它约半秒就显示，MkDocs 要重建全站。它不严格，断链只提醒。
"""

import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from dlnotes_site.pages.collect import Block, collect_page
from dlnotes_site.project import Project
from dlnotes_site.publish.checks import problems as page_problems
from dlnotes_site.publish.downloads import write_downloads
from dlnotes_site.publish.server import Server, check_address
from dlnotes_site.run.results import Results
from dlnotes_site.weave import vendor
from dlnotes_site.weave.site import weave, weave_page

POLL_SECONDS = 0.15

FAULTS = (ValueError, OSError, RuntimeError)
"""编辑器正在换文件、页面写错：说出来，等下一次改动。"""

Rerun = Callable[[list[Path]], Results]
"""重跑受影响的任务，返回新的结果；参数是改了的文件，第一次是空的。"""


def serve(project: Project, address: str, rerun: Rerun) -> int:
    """预览到按下 Ctrl-C 为止。

    Args:
        project: 笔记仓库。
        address: 监听地址，如 `127.0.0.1:8000`。
        rerun: 重跑受影响的任务。

    Returns:
        退出码。

    Raises:
        ValueError: 地址写得不对，或者端口被占用。
        ModuleNotFoundError: 没有装 zensical。
    """
    if find_spec("zensical") is None:
        raise ModuleNotFoundError("缺少 zensical", name="zensical")
    check_address(address)
    preview = Preview(project, rerun, Server(project, address))
    with _stops_on_signals():
        try:
            preview.start()
            while True:
                time.sleep(POLL_SECONDS)
                preview.look()
        except KeyboardInterrupt:
            print("预览已停")
        finally:
            preview.server.close()
    return 0


class Preview:
    """一次预览：看着文件，改了就更新。"""

    def __init__(self, project: Project, rerun: Rerun, server: Server):
        self.project, self.rerun, self.server = project, rerun, server
        self.seen: dict[Path, tuple[int, int]] = {}
        self.results: Results | None = None
        self.unchecked = False

    def start(self) -> None:
        """先跑一遍、织一遍，再开服务器。"""
        self.seen = snapshot(self.project)
        self._update([])
        self.server.start()

    def look(self) -> None:
        """有改动就更新；服务器停了就再开。"""
        now = snapshot(self.project)
        changed = [path for path in self.seen.keys() | now if self.seen.get(path) != now.get(path)]
        if changed:
            self.seen = now
            self.server.expect(self._woven(changed))
            self._update(sorted(changed))
        elif self.unchecked:  # 先显示出来，闲下来再查
            self.unchecked = False
            self._check()
        self.server.revive()

    def _update(self, changed: list[Path]) -> None:
        start = time.perf_counter()
        try:
            words = [path for path in changed if self._is_recorded(path)]
            for path in words:  # 只改了文字：不必重跑，先织这一页
                weave_page(self.project, self.results, path)
            rest = set(changed) - set(words)
            if self.results is None or any(self._runs(path) for path in rest):
                self.results = self.rerun(changed)
            _report(weave(self.project, self.results))
            write_downloads(self.project)
            vendor.write(self.project)
        except FAULTS as error:
            print(f"✗ {error}", file=sys.stderr, flush=True)
            return
        print(f"已更新，用时 {time.perf_counter() - start:.1f} 秒", flush=True)
        self.unchecked = True

    def _check(self) -> None:
        try:
            _report(page_problems(self.project, self.results))
        except FAULTS as error:
            print(f"✗ {error}", file=sys.stderr, flush=True)

    def _is_recorded(self, path: Path) -> bool:
        """是不是一页，它的代码块又都有记录。"""
        is_page = path.suffix == ".md" and path.is_relative_to(self.project.docs)
        if not is_page or not path.is_file() or self.results is None:
            return False
        blocks = collect_page(path, self.project.root)
        return all(self.results.block(block) for block in blocks if _shown(block))

    def _runs(self, path: Path) -> bool:
        """会不会影响运行：页面、实验、源码；素材与样式不会。"""
        return path.suffix in {".md", ".py"} and path.parent != self.project.root / "overrides"

    def _woven(self, changed: list[Path]) -> list[Path]:
        """改了的页面织好之后在哪里。"""
        pages = [path for path in changed if path.is_relative_to(self.project.docs)]
        woven = [self.project.woven / path.relative_to(self.project.docs) for path in pages]
        return [path.with_suffix(".md") for path in woven if path.suffix in {".md", ".py"}]


def targets(project: Project, changed: list[Path]) -> list[str] | None:
    """改了这些文件要重跑哪些页面；`None` 表示全部（源码、实验改了，或者是第一次）。"""
    pages = [path for path in changed if path.suffix == ".md"]
    if not changed or len(pages) < len(changed):
        return None
    blocks = {path: collect_page(path, project.root) for path in pages if path.is_file()}
    return [project.page(path) for path, found in blocks.items()
            if any(_shown(block) and not block.is_long for block in found)]  # fmt: skip


def snapshot(project: Project) -> dict[Path, tuple[int, int]]:
    """看着的文件：页面与素材、源码、主题覆盖、配置；值是时间与大小。"""
    folders = (project.docs, project.source / "dlnotes", project.root / "overrides")
    paths = [path for folder in folders for path in folder.rglob("*")
             if "__pycache__" not in path.parts and not path.name.startswith(".")]  # fmt: skip
    found = {}
    for path in [*paths, project.root / "mkdocs.yml", project.root / "README.md"]:
        try:
            status = path.stat()
        except OSError:  # 正在换文件
            continue
        if path.is_file():
            found[path] = (status.st_mtime_ns, status.st_size)
    return found


def _shown(block: Block) -> bool:
    return block.skip is None


def _report(problems) -> None:
    for problem in problems or ():
        print(f"✗ {problem}", file=sys.stderr, flush=True)


@contextmanager
def _stops_on_signals():
    """期间收到终止的信号与按 Ctrl-C 一样，服务器才会一起停下。"""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame) -> None:
    raise KeyboardInterrupt
