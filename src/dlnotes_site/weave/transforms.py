"""织页面时的各样改写：页面里写一个记号，织的时候换成由别处得来的内容。

要加一样，就在 `TRANSFORMS` 里加一行：什么样的页面要它、怎样改写、除了这一页还取决于什么。
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dlnotes_site.compare import tried
from dlnotes_site.compare.gpu import read_report
from dlnotes_site.pages.collect import pages
from dlnotes_site.project import Project
from dlnotes_site.run.key import digest
from dlnotes_site.run.results import Results
from dlnotes_site.weave import cards, glossary, licenses, route
from dlnotes_site.weave.addresses import WHEEL_MARKER, wheel_url
from dlnotes_site.weave.redirects import title_of
from dlnotes_site.weave.report import MARKER, blocks_stamp, records_table


@dataclass(frozen=True)
class Transform:
    """一样改写。

    Attributes:
        marker: 页面的源文字里有它才改写。
        apply: `(仓库, 结果, 页面, 织到一半的文字) -> 文字`。
        inputs: `(仓库, 记录的清单的摘要) -> 摘要`：除了这一页，结果还取决于什么；变了就重织。
        page: 只改写这一页；空的表示哪一页都行。
    """

    marker: str
    apply: Callable[[Project, Results, str, str], str]
    inputs: Callable[[Project, str], str] | None = None
    page: str = ""


class Inputs:
    """各样改写的来源的摘要，织一次只算一遍。

    Args:
        project: 笔记仓库。
        run: 记录的清单的摘要。
    """

    def __init__(self, project: Project, run: str):
        self.project, self.run = project, run
        self.known: dict[Callable, str] = {}

    def __call__(self, transform: Transform) -> str:
        """`transform` 的。"""
        function = transform.inputs
        if function is None:
            return ""
        if function not in self.known:
            self.known[function] = function(self.project, self.run)
        return self.known[function]


def every_page(project: Project, run: str) -> str:
    """导航与全部页面的文字：由别的页面生成的内容取决于它们。"""
    return digest(_navigation(project), *(p.read_text("utf-8") for p in pages(project.root)))


def every_title(project: Project, run: str) -> str:
    """导航与全部页面的标题：链接上的字取决于它们。"""
    titles = [(project.page(path), title_of(path.read_text("utf-8")))
              for path in pages(project.root)]  # fmt: skip
    return digest(_navigation(project), repr(titles))


def _navigation(project: Project) -> str:
    path = project.root / "mkdocs.yml"
    return path.read_text("utf-8") if path.is_file() else ""


def every_block(project: Project, run: str) -> str:
    """全部代码块的位置与代码，全部记录，GPU 报告。"""
    report = repr(read_report(project.root))
    return digest(blocks_stamp(project), run, report)


def every_package(project: Project, run: str) -> str:
    """列出许可的各个包的版本。"""
    return licenses.stamp()


def run_stamp(project: Project, results: Results) -> str:
    """哪一次运行：环境、源文件与记录的清单；只看时间与大小，不打开文件。"""
    environment = results.environment and results.environment.to_json()
    listing = [*_listing(results.store.folder)]
    for folder in (project.source / "dlnotes", project.source / "dlnotes_site", project.long):
        for where, _, _ in os.walk(folder):
            listing += _listing(where)
    return digest(repr(environment), repr(sorted(listing)))


def _listing(folder: str | Path) -> Iterator[tuple[str, int, int]]:
    if os.path.isdir(folder):
        with os.scandir(folder) as found:
            for entry in found:
                if entry.is_file() and entry.name.endswith((".py", ".json", ".svg")):
                    status = entry.stat()
                    yield entry.path, status.st_mtime_ns, status.st_size


def _wheel(project: Project, results: Results, page: str, text: str) -> str:
    return text.replace(WHEEL_MARKER, wheel_url(project.root) or WHEEL_MARKER)


def _report(project: Project, results: Results, page: str, text: str) -> str:
    table = records_table(project, results, run_stamp(project, results))
    return text.replace(MARKER, table)


def _tried(project: Project, results: Results, page: str, text: str) -> str:
    return text.replace(tried.MARKER, tried.table(project))


def tried_rows(project: Project, run: str) -> str:
    """跑过的版本的各行。"""
    return digest(repr(tried.read(project)))


def _licences(project: Project, results: Results, page: str, text: str) -> str:
    return text.replace(licenses.MARKER, licenses.listing(project))


TRANSFORMS: tuple[Transform, ...] = (
    Transform("## ", lambda p, r, page, text: glossary.weave_glossary(text),
              page="docs/glossary.md"),
    Transform("misconception", lambda p, r, page, text: cards.weave_boxes(text)),
    Transform(cards.MARKER, lambda p, r, page, text: cards.weave_cards(page, text, p.root),
              every_page),
    Transform("minutes:", lambda p, r, page, text: route.weave_head(page, text, p.root),
              every_title),
    Transform(route.MARKER, lambda p, r, page, text: route.weave_map(page, text, p.root),
              every_page),
    Transform(WHEEL_MARKER, _wheel),  # 地址已经算在 `site.fixed_stamp` 里
    Transform(MARKER, _report, every_block),
    Transform(tried.MARKER, _tried, tried_rows),
    Transform(licenses.MARKER, _licences, every_package, page="docs/licenses.md"),
)  # fmt: skip
"""依次改写。"""


def wanted(page: str, text: str) -> list[Transform]:
    """源文字是 `text` 的一页要哪几样改写。"""
    return [t for t in TRANSFORMS if t.marker in text and t.page in ("", page)]
