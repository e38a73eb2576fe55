"""离线版：整个网站压成一个文件，解开后不用服务器，双击 `index.html` 就能读、能搜索。

它由建好的 `site/` 改写得到，不另建一遍：指向文件夹的链接补上 `index.html`（`file://` 下浏览器
不会替它补），搜索索引另存成脚本（`file://` 下取不到 JSON），每页多引两个小脚本。
"""

import html
import json
import posixpath
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

NAME = "dlnotes-offline"
"""压缩文件的名字，也是解开后的文件夹名；页脚的链接写在 `overrides/partials/copyright.html`。"""

INDEX = "search/search_index.json"

# 只对服务器有用的文件，以及压缩文件自己
_LEFT_OUT = {"404.html", "sitemap.xml", "sitemap.xml.gz", f"{NAME}.zip"}
_LEFT_OUT_KINDS = {".map", ".tmp"}
_ADDRESS = re.compile(r'(?<=\s)(?P<name>href|src)="(?P<target>[^"]*)"')
_LINK = re.compile(r'<a [^>]*class="dl-offline"[^>]*>[^<]*</a>')
_SCRIPTS = ("assets/offline/iframe-worker.js", "assets/offline/offline.js")


def write_offline(site: Path) -> Path:
    """由建好的网站写出离线版；同样的网站得到逐字节相同的文件。

    Args:
        site: 建好的网站，里面有 `index.html`。

    Returns:
        写出的压缩文件，在 `site` 里。

    Raises:
        ValueError: `site` 里没有 `index.html`。
    """
    if not (site / "index.html").is_file():
        raise ValueError(f"site 应是建好的网站（里面有 index.html），收到 {str(site)!r}")
    target, unfinished = site / f"{NAME}.zip", site / f"{NAME}.tmp"
    with ZipFile(unfinished, "w") as archive:
        for name, data in sorted(_files(site)):
            info = ZipInfo(f"{NAME}/{name}", date_time=(1980, 1, 1, 0, 0, 0))
            info.external_attr, info.create_system = 0o644 << 16, 3
            archive.writestr(info, data, ZIP_DEFLATED)
    return unfinished.replace(target)


def _files(site: Path):
    """离线版的各个文件：名字与内容。"""
    for path in site.rglob("*"):
        name = path.relative_to(site).as_posix()
        if not path.is_file() or name in _LEFT_OUT or path.suffix in _LEFT_OUT_KINDS:
            continue
        if path.suffix == ".html":
            yield name, offline_page(path.read_text(encoding="utf-8"), name, site).encode()
        elif name == INDEX:
            index = offline_index(path.read_text(encoding="utf-8"))
            yield name, index.encode()
            yield name.replace(".json", ".js"), f"var __index = {index}".encode()
        else:
            yield name, path.read_bytes()


def offline_page(text: str, name: str, site: Path) -> str:
    """一页的离线版。

    Args:
        text: 页面的 HTML。
        name: 页面在网站里的位置，如 `notes/spiral/index.html`。
        site: 建好的网站，用来看链接指向文件还是文件夹。

    Returns:
        改写之后的 HTML。
    """
    text = _ADDRESS.sub(lambda match: _to_file(match, name, site), text)
    text = _LINK.sub("离线版", text)
    if "data-md-component" not in text:  # 不是主题排的页面，如 wheel 的目录
        return text
    prefix = "../" * name.count("/")
    scripts = "".join(f'<script src="{prefix}{script}"></script>' for script in _SCRIPTS)
    return text.replace("</head>", f"{scripts}</head>", 1)


def _to_file(match: re.Match, name: str, site: Path) -> str:
    target = urlsplit(html.unescape(match["target"]))
    if target.scheme or target.netloc or not target.path:
        return match[0]
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(target.path)))
    if not (site / path / "index.html").is_file():
        return match[0]
    address = target._replace(path=target.path.rstrip("/") + "/index.html").geturl()
    return f'{match["name"]}="{html.escape(address)}"'


def offline_index(text: str) -> str:
    """搜索索引的离线版：每一条的位置指向文件。"""
    index = json.loads(text)
    for entry in index["docs"]:
        place, mark, anchor = entry["location"].partition("#")
        if not place or place.endswith("/"):
            entry["location"] = f"{place}index.html{mark}{anchor}"
    return json.dumps(index, ensure_ascii=False, separators=(",", ":"))
