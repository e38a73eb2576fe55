"""由 `build/docs` 严格地建成 `site/`，没有变的页面取自缓存。

另起一个进程，因为 MkDocs 改动全局的状态；这里不导入 torch。
"""

import logging
import os
import subprocess
import sys
from pathlib import Path

from dlnotes_site.project import Project
from dlnotes_site.publish.inputs import source_digest, tools_digest
from dlnotes_site.publish.messages import explain
from dlnotes_site.publish.search import Indexing, finish_site

_GO = b"go\n"


class Renderer:
    """建站的进程；先开着，导入那些库（一两秒）的时候，主进程正好检查与织页面。"""

    def __init__(self, project: Project):
        self.project, self.restarted = project, False
        self._start()

    def _start(self) -> None:
        project, self.tools = self.project, tools_digest(self.project)
        command = [sys.executable, "-m", "dlnotes_site.publish.renderer", str(project.root)]
        self.process = subprocess.Popen(command, cwd=project.root, env=environment(project),
                                        stdin=subprocess.PIPE)  # fmt: skip

    def __enter__(self) -> "Renderer":
        return self

    def __exit__(self, *error) -> None:
        if not self.process.stdin.closed:
            self.process.stdin.close()  # 没有要它建，它就自己退出
        self.process.wait()

    def render(self) -> int:
        """建站，返回退出码；等的时候配置或工具变了，就另起一个。"""
        if tools_digest(self.project) != self.tools:
            self.__exit__()
            self._start()
            self.restarted = True
        self.process.stdin.write(_GO)
        self.process.stdin.close()
        return self.process.wait()


def environment(project: Project) -> dict[str, str]:
    """建站的进程的环境变量：找得到这个包，不显示升级的广告。"""
    ours = str(Path(__file__).resolve().parents[2])
    paths = [ours, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "DLNOTES_ROOT": str(project.root), "NO_MKDOCS_2_WARNING": "1",
            "PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"}  # fmt: skip


def main(arguments: list[str]) -> int:
    """等主进程说可以了再建站；有一处警告就失败，返回 1。"""
    from mkdocs.exceptions import MkDocsException

    project = Project.at(Path(arguments[0]))
    _report(project)
    try:
        config = _config(project)
        if sys.stdin.buffer.readline() == _GO:
            _build(project, config)
    except MkDocsException as error:
        print(f"✗ {explain(project, error.format_message())}", file=sys.stderr)
        return 1
    return 0


def _config(project: Project):
    """读配置，也就导入了主题与插件；那时页面还没有织好，文件夹可能还不在。"""
    from mkdocs.config import load_config

    project.woven.mkdir(parents=True, exist_ok=True)
    return load_config(str(project.root / "mkdocs.yml"), strict=True,
                       docs_dir=str(project.woven), site_dir=str(project.site))  # fmt: skip


def _build(project: Project, config) -> None:
    from mkdocs.commands.build import build

    from dlnotes_site.publish.cache import PageCache

    cache = PageCache(project.build / "cache", tools_digest(project), source_digest(project))
    config.plugins.on_startup(command="build", dirty=False)
    with cache.installed(Indexing(project.root)):
        build(config)
    finish_site(project.site)
    cache.prune()


class _Report(logging.Handler):
    """把 MkDocs 的警告与错误写成中文，一行一条。"""

    def __init__(self, project: Project):
        super().__init__(logging.WARNING)
        self.project = project

    def emit(self, record: logging.LogRecord) -> None:
        """写一条。"""
        print(f"✗ {explain(self.project, record.getMessage())}", file=sys.stderr)


def _report(project: Project) -> None:
    logger = logging.getLogger("mkdocs")
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    logger.addHandler(_Report(project))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
