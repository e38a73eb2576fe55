"""建好的网站有多重：每页的 HTML，以及第一次打开时浏览器实际收到多少字节（按 gzip 计）。"""

import re

from common import ROOT, gzipped, table

SITE = ROOT / "site"
SEARCH = SITE / "search" / "search_index.json"


def first_visit(path) -> int:
    """一页的 HTML、样式、脚本、字体与第一张图，各按 gzip 计（字体本身已压缩）。"""
    html = path.read_text(encoding="utf-8")
    parts = {path}
    for address in re.findall(r'(?:src|href)="([^":#?]+\.(?:js|css|svg|png))[^"]*"', html):
        target = (path.parent / address).resolve()
        if target.is_file() and "assets/run" not in target.as_posix():
            parts.add(target)
    first = re.search(r'<img class="dl-light" src="([^"]+)"', html)
    if first:
        parts.add((path.parent / first[1]).resolve())
    if "arithmatex" in html:
        katex = SITE / "assets" / "katex"
        fonts = ("Main-Regular", "Math-Italic", "Size1-Regular", "Size2-Regular", "AMS-Regular")
        parts |= {katex / "fonts" / f"KaTeX_{name}.woff2" for name in fonts}
    return sum(p.stat().st_size if p.suffix == ".woff2" else gzipped(p) for p in parts)


def report() -> str:
    """返回 Markdown。"""
    pages = {p.relative_to(SITE).as_posix(): p for p in sorted(SITE.rglob("index.html"))}
    html = {name: gzipped(path) for name, path in pages.items()}
    heaviest = max(html, key=html.get)
    visits = {name: first_visit(path) for name, path in pages.items()}
    longest = max(visits, key=visits.get)
    rows = [
        [f"最重的 HTML（{heaviest}）", f"{html[heaviest] / 1000:.1f} kB", "≤ 60 kB"],
        ["首页第一次打开", f"{visits['index.html'] / 1000:.0f} kB", "≤ 400 kB"],
        [f"最重的一页第一次打开（{longest}）", f"{visits[longest] / 1000:.0f} kB", "≤ 400 kB"],
        ["搜索索引（打开搜索时才取）", f"{gzipped(SEARCH) / 1000:.0f} kB", "参照"],
    ]  # fmt: skip
    return table([f"页面重量（gzip，{len(pages)} 页）", "字节", "目标"], rows)


if __name__ == "__main__":
    print(report())
