"""改了名字的页面：旧地址上留一页，立刻转到新地址，`#` 后面的锚点也带过去。

写成普通的网页放在 `build/docs` 里，两个建站工具都原样复制。
"""

import contextlib
import html
import re
from collections.abc import Iterable, Mapping
from functools import cache

from dlnotes_site.pages.collect import Problem
from dlnotes_site.pages.front_matter import after_front_matter, parse
from dlnotes_site.weave.addresses import page_url

_PATH = re.compile(r"(?:[\w.-]+/)*[\w.-]+\.md")

_PAGE = """\
<!doctype html>
<html lang="zh">
<head>
<meta charset="utf-8">
<meta name="robots" content="noindex">
<title>页面搬到了{title}</title>
<link rel="canonical" href="{canonical}">
<script>location.replace({script} + location.hash)</script>
<meta http-equiv="refresh" content="0; url={target}">
</head>
<body><p>这一页搬到了 <a href="{target}">{title}</a>。</p></body>
</html>
"""


def redirects(page: str, text: str) -> dict[str, str]:
    """一页的旧地址：在网站上的位置到那一页的 HTML。

    Raises:
        ValueError: 旧地址写得不对；消息里有页面与收到的值。
    """
    return {place(old): redirect_page(old, page, title_of(text)) for old in _old(page, text)}


def _old(page: str, text: str) -> tuple[str, ...]:
    if "redirect_from" not in text:  # 多数页面没有，不必解析
        return ()
    found = parse(text, page).redirect_from
    for old in found:
        if not _PATH.fullmatch(old) or ".." in old.split("/"):
            raise ValueError(f"redirect_from 应是 api/old.md 这样的旧位置，收到 {old!r}")
    return found


def place(old: str) -> str:
    """旧位置 `api/old.md` 在网站上的文件。"""
    stem = old.removesuffix(".md")
    return f"{stem}.html" if stem.rpartition("/")[2] == "index" else f"{stem}/index.html"


def redirect_page(old: str, page: str, title: str) -> str:
    """旧位置 `old` 上的一页，转到 `page`；用相对地址，网站搬到别处也转得过去。"""
    new = place(page.removeprefix("docs/")).removesuffix("index.html")
    target = "../" * place(old).count("/") + new or "./"
    script = '"' + re.sub(r'["<\\]', "", target) + '"'
    return _PAGE.format(title=html.escape(title), canonical=html.escape(page_url(page)),
                        target=html.escape(target), script=script)  # fmt: skip


@cache
def title_of(text: str) -> str:
    """一级标题。"""
    lines = text.splitlines()
    found = (
        re.match(r"# (.+?)\s*(?:\{.*\})?$", line) for line in lines[after_front_matter(lines) :]
    )
    return next((match[1] for match in found if match), "新的位置")


def conflicts(texts: Mapping[str, str], others: Iterable[str] = ()) -> list[Problem]:
    """与现有的页面相同的旧地址，两页都要的旧地址；写得不对的由织那一页时报告。

    Args:
        texts: 各页的源文字。
        others: 不由 Markdown 写成的页面，如实验。
    """
    taken = {place(page.removeprefix("docs/")): page for page in (*texts, *others)}
    problems = []
    for page, text in texts.items():
        with contextlib.suppress(ValueError):
            for old in _old(page, text):
                if taken.setdefault(place(old), page) != page:
                    other = taken[place(old)]
                    problems.append(Problem(page, 1, f"旧地址 {old} 已经是 {other} 的"))
    return problems
