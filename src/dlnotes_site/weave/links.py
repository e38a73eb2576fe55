"""每页标题下面的一行链接：下载笔记本、在 Colab 打开、查看源文件。"""

import html
import re
from pathlib import Path
from urllib.parse import unquote, urlparse

from dlnotes_site.pages.collect import Problem
from dlnotes_site.weave.addresses import (
    COLAB_BRANCH,
    NOTEBOOKS,
    colab_url,
    notebook_name,
    source_path,
)


def links(page: str, prefix: str) -> str:
    """标题下面的一行：下载笔记本、在 Colab 打开（配置了仓库才有）、查看源文件。"""
    items = [
        f'<a href="{prefix}{NOTEBOOKS}/{html.escape(notebook_name(page))}" download>下载笔记本</a>'
    ]
    if (colab := colab_url(page)) is not None:
        items.append(f'<a href="{html.escape(colab)}">在 Colab 打开</a>')
    items.append(f'<a href="{prefix}{html.escape(source_path(page))}">查看源文件</a>')
    return row(items)


def row(items: list[str]) -> str:
    """一行链接的 HTML。"""
    body = "".join(f"<li>{item}</li>" for item in items)
    return (
        '<ul class="dl-downloads" aria-label="带走这一页" data-search-exclude='
        f'"data-search-exclude">{body}</ul>'
    )


# --- 链接的另一头确实在 --------------------------------------------------------------------------

_ROW = re.compile(r'<ul class="dl-downloads".*?</ul>', re.DOTALL)
_HREF = re.compile(r'href="([^"]+)"')


def broken_links(site: Path) -> list[Problem]:
    """建好的网站里，标题下面那一行链接有没有落空；Colab 的链接也要有对应的笔记本。"""
    problems = []
    for path in sorted(site.rglob("*.html")):
        row = _ROW.search(path.read_text(encoding="utf-8"))
        for target in _HREF.findall(row[0]) if row else []:
            if not _target(site, path, html.unescape(target)).is_file():
                name = path.relative_to(site).as_posix()
                problems.append(Problem(name, 0, f"链接的另一头没有文件：{target}"))
    return problems


def _target(site: Path, page: Path, address: str) -> Path:
    url = urlparse(address)
    if url.netloc:
        # https://colab.research.google.com/github/用户/仓库/blob/分支/文件
        return site / NOTEBOOKS / unquote(url.path.partition(f"/blob/{COLAB_BRANCH}/")[2])
    return page.parent / unquote(url.path)
