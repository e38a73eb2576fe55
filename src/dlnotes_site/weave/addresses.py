"""网址：本站自己的，配套包与笔记本的，以及 Colab 的。"""

import os
import re
from pathlib import Path, PurePosixPath

from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

DEFAULT_SITE = "http://127.0.0.1:8000/"
"""没有设 `DLNOTES_SITE_URL` 时的网站地址，与 mkdocs.yml 里的相同：本地预览。"""

NOTEBOOKS, WHEELS, SOURCES = "notebooks", "wheels", "sources"
"""网站上放笔记本、wheel、页面源文件的文件夹；建站时写在 docs 下，不进版本库。"""

COLAB_BRANCH = "notebooks"
"""建好的笔记本推到仓库的哪个分支：Colab 只打得开 GitHub 上的文件。"""

WHEEL_MARKER = "本站地址/wheels/dlnotes_zh-版本-py3-none-any.whl"
"""页面里写这一串，建站时换成 wheel 真正的地址；不建站时也读得懂。"""

_REPOSITORY = re.compile(r"https://github\.com/(?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?")
_PAGES = (".md", ".ipynb", ".py")


def site_url() -> str:
    """网站的地址，以斜线结尾。"""
    return (os.environ.get("DLNOTES_SITE_URL") or DEFAULT_SITE).rstrip("/") + "/"


def repository() -> str | None:
    """GitHub 上的“用户/仓库”，来自环境变量 `DLNOTES_REPO_URL`；没有设时为 `None`。"""
    address = os.environ.get("DLNOTES_REPO_URL", "")
    if not address:
        return None
    match = _REPOSITORY.fullmatch(address)
    if match is None:
        raise ValueError(
            f"DLNOTES_REPO_URL 应是 https://github.com/用户/仓库 这样的地址，收到 {address!r}"
        )
    return match["name"]


def page_url(page: str) -> str:
    """页面（如 `docs/notes/spiral.md`）在网站上的地址。"""
    path = PurePosixPath(page.removeprefix("docs/"))
    if path.suffix in _PAGES:
        path = path.parent if path.stem == "index" else path.with_suffix("")
        return site_url() + (f"{path}/" if path.name else "")
    return site_url() + str(path)


def link_url(page: str, target: str) -> str:
    """页面里的一个链接，写成绝对地址。"""
    if re.match(r"[a-z][a-z0-9+.-]*:|//", target, re.IGNORECASE):
        return target
    path = re.split("[?#]", target, maxsplit=1)[0]
    if path:
        folder = PurePosixPath(page).parent
        page = os.path.normpath(folder / path).replace(os.sep, "/")
    return page_url(page) + target.removeprefix(path)


def notebook_name(page: str) -> str:
    """页面对应的笔记本文件名；证据页常与笔记同名，所以多一个后缀。"""
    path = PurePosixPath(page)
    suffix = "-evidence" if path.parent.name == "evidence" else ""
    return f"{path.stem}{suffix}.ipynb"


def source_path(page: str) -> str:
    """页面的源文件在网站上的位置；后缀是 `.txt`，浏览器才直接显示而不是下载。"""
    return f"{SOURCES}/{page.removeprefix('docs/')}.txt"


def colab_url(page: str) -> str | None:
    """在 Colab 里打开这一页的笔记本；没有配置仓库时为 `None`。"""
    name = repository()
    if name is None:
        return None
    return (
        f"https://colab.research.google.com/github/{name}/blob/{COLAB_BRANCH}/{notebook_name(page)}"
    )


def wheel_name(root: Path) -> str | None:
    """配套包的 wheel 的文件名，由构建工具算出；没有 pyproject.toml 时为 `None`。"""
    if not (root / "pyproject.toml").exists():
        return None
    metadata = ProjectMetadata(str(root), PluginManager())
    name = re.sub(r"[-_.]+", "_", metadata.name).lower()
    return f"{name}-{metadata.version}-py3-none-any.whl"


def wheel_url(root: Path) -> str | None:
    """配套包的 wheel 在网站上的地址。"""
    name = wheel_name(root)
    return name and f"{site_url()}{WHEELS}/{name}"
