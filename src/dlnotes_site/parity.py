"""用 Zensical 再建一遍网站，与 MkDocs 建的逐页逐块对照：换建站工具时什么都不能丢。"""

import json
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

from dlnotes_site.figures import FOLDER
from dlnotes_site.labs import source
from dlnotes_site.labs.page import decode, render

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
        {"highlight", "arithmatex", "admonition", "doc-object", "dl-figure", "tabbed-set"}
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
    """在 `folder` 里用 Zensical 建站，返回建好的网站；它要求页面在配置文件所在的文件夹里。

    实验由 mkdocs-jupyter 执行，Zensical 没有这个插件：把 MkDocs 那次的执行结果写成 Markdown 给它。

    Raises:
        ValueError: Zensical 报错或给出警告。
    """
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("docs", "overrides"):
        shutil.copytree(root / name, folder / name)
    config = (root / "mkdocs.yml").read_text(encoding="utf-8")
    (folder / "mkdocs.yml").write_text(_as_markdown(config, root), encoding="utf-8")
    _write_labs(root, folder / "docs")
    (folder / "src").symlink_to(root / "src", target_is_directory=True)
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "-f", "mkdocs.yml"],
        cwd=folder, env={**os.environ, "DLNOTES_ROOT": str(root)},
        capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    if done.returncode != 0 or not (folder / "site" / "index.html").exists():
        raise ValueError(f"Zensical 建站失败：\n{_COLOURS.sub('', done.stdout + done.stderr)}")
    return folder / "site"


def _as_markdown(text: str, root: Path) -> str:
    """把指向实验源文件的地方改成指向写出的 Markdown。"""
    for path in source.paths(root):
        text = text.replace(f"{path.name})", f"{path.stem}.md)")  # 页面里的链接
        text = text.replace(f"labs/{path.name}\n", f"labs/{path.stem}.md\n")  # 导航
    return text


def _write_labs(root: Path, docs: Path) -> None:
    """由 MkDocs 那次留下的执行结果写出实验的页面与图；没有实验时什么也不做。"""
    paths = {source.read(path).cells[0].source: path for path in source.paths(root)}
    for cached in source.cache_folder(root).glob("*.json") if paths else []:
        executed = decode(json.loads(cached.read_text(encoding="utf-8"))["content"])
        path = paths.pop(executed.cells[0].source)
        text, figures = render(path, executed, "../../")
        (docs / "labs" / path.name).with_suffix(".md").write_text(text, encoding="utf-8")
        for name, svg in figures.items():
            (docs / FOLDER / name).write_text(svg, encoding="utf-8")
    if paths:
        missing = "、".join(path.name for path in paths.values())
        raise ValueError(f"实验还没有执行过，先用 MkDocs 建站：{missing}")
    for page in docs.rglob("*.md"):
        page.write_text(_as_markdown(page.read_text(encoding="utf-8"), root), encoding="utf-8")


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
