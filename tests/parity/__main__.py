"""用 Zensical 由同样的页面再建一遍网站，与 MkDocs 建的逐页逐块对照：换建站工具时什么都不能丢。"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_VOID = frozenset({"img", "br", "hr", "input", "meta", "link", "wbr", "source", "col", "area"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4"})


@dataclass
class Shown:
    """一个代码块下面显示的东西：输出、各张图的文件名与替代文字、一行运行环境。"""

    output: str = ""
    images: list[tuple[str, str]] = field(default_factory=list)
    evidence: str = ""


@dataclass
class Page:
    """一页里要对照的东西；标题的锚点是别处链接的目标，所以也要相同。"""

    runs: list[Shown] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)


class _Reader(HTMLParser):
    """读出一页；`stack` 是眼下还没有关上的标签，`inside` 是正处在哪些要看的元素里面。"""

    _COUNTED = frozenset(
        {
            "highlight",
            "arithmatex",
            "admonition",
            "doc-object",
            "dl-figure",
            "tabbed-set",
            "dl-fold",
            "dl-check",
            "dl-downloads",
        }
    )
    _WATCHED = frozenset({"dl-run", "dl-output", "dl-evidence"})

    def __init__(self):
        super().__init__()
        self.page, self.stack, self.inside = Page(), [], Counter()

    def handle_starttag(self, tag, attrs):
        options = {name: value or "" for name, value in attrs}
        classes = set(options.get("class", "").split())
        if "dl-run" in classes:
            self.page.runs.append(Shown())
        if tag == "img" and self.inside["dl-run"]:
            name = options.get("src", "").rpartition("/")[2]
            self.page.runs[-1].images.append((name, options.get("alt", "")))
        if tag in _HEADINGS and "id" in options:
            self.page.anchors.append(options["id"])
        self.page.counts.update(classes & self._COUNTED)
        self.page.counts.update({"abbr"} & {tag})
        if tag not in _VOID:
            self.stack.append((tag, classes & self._WATCHED))
            self.inside.update(classes & self._WATCHED)

    def handle_endtag(self, tag):
        if all(open_tag != tag for open_tag, _ in reversed(self.stack)):
            return  # 没有开过的标签
        closed = None
        while closed != tag:
            closed, watched = self.stack.pop()
            self.inside.subtract(watched)

    def handle_data(self, data):
        if not self.inside["dl-run"]:
            return
        if self.inside["dl-output"]:
            self.page.runs[-1].output += data
        elif self.inside["dl-evidence"]:
            self.page.runs[-1].evidence += data


def read_page(path: Path) -> Page:
    """读出建好的一页。"""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader.page


def build_with_zensical(root: Path, folder: Path) -> Path:
    """在 `folder` 里用 Zensical 建站，返回建好的网站；配置与织好的页面一字不改。

    它要求页面在配置文件所在的文件夹里，所以把页面连同配置放到那里（硬链接，不占地方）。

    Raises:
        ValueError: 还没有织好的页面；Zensical 报错或给出警告。
    """
    woven = Path("build") / "docs"
    if not (root / woven / "index.md").exists():
        raise ValueError(f"没有织好的页面 {woven}：先运行 dlnotes-site build")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(root / woven, folder / woven, copy_function=_link)
    shutil.copytree(root / "overrides", folder / "overrides")
    shutil.copyfile(root / "mkdocs.yml", folder / "mkdocs.yml")
    (folder / "src").symlink_to(root / "src", target_is_directory=True)
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "-f", "mkdocs.yml"],
        cwd=folder, env={**os.environ, "DLNOTES_ROOT": str(root)},
        capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    if done.returncode != 0 or not (folder / "site" / "index.html").exists():
        raise ValueError(f"Zensical 建站失败：\n{_COLOURS.sub('', done.stdout + done.stderr)}")
    return folder / "site"


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # 另一个文件系统
        shutil.copyfile(source, target)


def differences(ours: Path, theirs: Path) -> list[str]:
    """两个网站的不同之处，写明页面与第几个代码块。"""
    names, others = _pages(ours), _pages(theirs)
    found = [f"{name}：只有一个网站有这一页" for name in sorted(names ^ others)]
    for name in sorted(names & others):
        found += _page_differences(name, read_page(ours / name), read_page(theirs / name))
    return found


def _pages(site: Path) -> set[str]:
    return {path.relative_to(site).as_posix() for path in site.rglob("*.html")}


def _page_differences(name: str, ours: Page, theirs: Page) -> list[str]:
    found = []
    if len(ours.runs) != len(theirs.runs):
        found.append(f"{name}：代码块 {len(ours.runs)} 个，{len(theirs.runs)} 个")
    for number, (a, b) in enumerate(zip(ours.runs, theirs.runs, strict=False), start=1):
        for what, chinese in (("output", "输出"), ("images", "图"), ("evidence", "运行环境")):
            if getattr(a, what) != getattr(b, what):
                values = f"{getattr(a, what)!r}，{getattr(b, what)!r}"
                found.append(f"{name}：第 {number} 个代码块的{chinese}不同：{values}")
    if ours.anchors != theirs.anchors:
        odd = sorted(set(ours.anchors) ^ set(theirs.anchors)) or "次序不同"
        found.append(f"{name}：标题的锚点不同：{odd}")
    if ours.counts != theirs.counts:
        odd = {key: (ours.counts[key], theirs.counts[key]) for key in ours.counts | theirs.counts
               if ours.counts[key] != theirs.counts[key]}  # fmt: skip
        found.append(f"{name}：元素的个数不同：{odd}")
    return found


def main(root: Path) -> int:
    """用 Zensical 建到 `build/zensical/site`，与 `site/` 对照；返回退出码。"""
    start = time.perf_counter()
    theirs = build_with_zensical(root, root / "build" / "zensical")
    seconds = time.perf_counter() - start
    found = differences(root / "site", theirs)
    for text in found:
        print(f"✗ {text}", file=sys.stderr)
    pages = [read_page(root / "site" / name) for name in sorted(_pages(root / "site"))]
    runs = sum(len(page.runs) for page in pages)
    print(f"Zensical 建站 {seconds:.1f} 秒；对照 {len(pages)} 页、{runs} 个代码块，"
          f"不同之处 {len(found)}")  # fmt: skip
    return 1 if found else 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path.cwd()))
    except ValueError as problem:
        sys.exit(f"错误：{problem}")
