"""从建好的网页里取出读者按“复制”得到的代码，和它下面显示的输出。"""

from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from dlnotes_site.pages.collect import collect
from dlnotes_site.project import Project
from dlnotes_site.run.results import Results


@dataclass
class Copied:
    """网页上的一块代码。"""

    page: str
    position: int
    code: str
    output: str = ""
    ran: bool = False
    skipped: bool = False
    source: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        source = f"（{self.source}）" if self.source else ""
        return f"{self.page} 第 {self.position} 块{source}"


class _Reader(HTMLParser):
    """认出代码块（连同收起来的检查，复制键也把它接回去）、紧跟着的运行结果、结果里的输出。"""

    def __init__(self, page: str):
        super().__init__()
        self.page = page
        self.found: list[Copied] = []
        self.divs: list[str] = []
        self.target: list[str] | None = None
        self.gap: int | None = None  # 正在收起来的检查里：与前一段之间隔几个空行

    def handle_starttag(self, tag, attrs):
        names = set((dict(attrs).get("class") or "").split())
        if tag == "details" and "dl-check" in names:
            self.gap = next((int(n[7:]) for n in names if n.startswith("dl-gap-")), 0)
        if tag == "div":
            self._open(names)
        elif (tag == "code" and self._inside("source", "output")) or "dl-evidence" in names:
            self.target = []

    def _inside(self, *kinds: str) -> bool:
        return bool(self.divs) and self.divs[-1] in kinds

    def _open(self, names: set[str]) -> None:
        kind = ""
        if {"highlight", "language-python"} <= names and "doc-signature" not in names:
            kind = "source"
        elif "dl-run" in names:
            kind = "run"
            if self.found:
                self.found[-1].ran = True
        elif "dl-output" in names and "run" in self.divs:
            kind = "output"
        self.divs.append(kind)

    def handle_data(self, data):
        if self.target is not None:
            self.target.append(data)

    def handle_endtag(self, tag):
        if self.target is not None and tag in ("code", "p"):
            self._close("".join(self.target))
            self.target = None
        if tag == "div" and self.divs:
            self.divs.pop()
        if tag == "details":
            self.gap = None

    def _close(self, text: str) -> None:
        if self._inside("source") and self.gap is not None:
            self.found[-1].code += "\n" * (1 + self.gap) + text.rstrip()
        elif self._inside("source"):
            self.found.append(Copied(self.page, len(self.found) + 1, text.rstrip()))
        elif self._inside("output"):
            self.found[-1].output = text.rstrip()
        elif text.startswith("未运行") and self._inside("run"):
            self.found[-1].skipped = True


def copied(html: str, page: str) -> list[Copied]:
    """一页网页里的代码块；`page` 是它在网站上的位置，如 `notes/spiral/`。"""
    reader = _Reader(page)
    reader.feed(html)
    return reader.found


def site_blocks(site: Path) -> list[Copied]:
    """整个网站的代码块；实验的单元格共用变量，不能单独复制，由它的笔记本来验。"""
    found = []
    for path in sorted(site.rglob("*.html")):
        page = path.relative_to(site).as_posix().removesuffix("index.html")
        if not page.startswith("labs/"):
            found += copied(path.read_text(encoding="utf-8"), page)
    return found


def with_sources(found: list[Copied], root: Path) -> list[Copied]:
    """补上每块在哪个页面的第几行，以及记录里的用时；长实验跳过，认不出的留空。"""
    results, known = Results(Project(root)), {}
    for block in collect(root):
        path = block.page.removeprefix("docs/").removesuffix(".md")
        page = f"{path}/" if path.rpartition("/")[2] != "index" else path.removesuffix("index")
        known[page, block.code.rstrip()] = block
    for one in found:
        block = known.get((one.page, one.code))
        if block is not None:
            record = results.block(block)
            one.source, one.seconds = block.where, record.seconds if record else 0.0
            one.skipped = one.skipped or block.is_long
    return found
