"""建站时查的各样毛病，有一处就不发布：页面、图与替代文字、正文里的数字、概念表、误解、先修、长实验的记录。"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple
from pathlib import Path

from dlnotes_site.pages import glossary
from dlnotes_site.pages.cards import check_misconceptions, misconceptions, repeated_anchors
from dlnotes_site.pages.collect import Block, Problem, check_page, collect_page, pages
from dlnotes_site.pages.front_matter import front_matter
from dlnotes_site.pages.prerequisites import check_prerequisites, evidence
from dlnotes_site.pages.prose import check_prose, numbers, supported, unsourced
from dlnotes_site.project import Project, write_atomically
from dlnotes_site.publish.measured import Measured
from dlnotes_site.run.key import digest
from dlnotes_site.run.long import check_long_records
from dlnotes_site.run.results import Results
from dlnotes_site.run.store import Record
from dlnotes_site.weave.markdown import wrong_captions

_NO_PROSE = ("README.md", "docs/report.md", "docs/api/")
"""不查数字的页面：仓库的说明；运行报告，它本身就是测量的结果；接口，它的数在文档字符串里。"""


def problems(project: Project, results: Results) -> list[Problem]:
    """全站的毛病，按页面与行号排；页面与记录都没变时用上一次的结果。"""
    saved, stamp = project.build / "checks.json", _stamp(project, results)
    try:
        data = json.loads(saved.read_text(encoding="utf-8"))
        if data["stamp"] == stamp:
            return [Problem(*problem) for problem in data["problems"]]
    except (OSError, ValueError, TypeError, KeyError):
        pass  # 没有查过，或者文件损坏
    found = find_problems(project, results)
    write_atomically(saved, json.dumps({"stamp": stamp, "problems": list(map(astuple, found))}))
    return found


def _stamp(project: Project, results: Results) -> str:
    """结果取决于什么：页面、导航、查法、运行环境与记录的清单。记录只看时间与大小，不打开。"""
    package = Path(__file__).parents[1]
    files = [*pages(project.root), project.root / "mkdocs.yml", Path(__file__), project.measured,
             package / "run" / "long.py", *sorted((package / "pages").glob("*.py"))]  # fmt: skip
    sources = (project.source / "dlnotes").rglob("*.py")
    listing = [
        (path.name, path.stat().st_mtime_ns, path.stat().st_size)
        for folder in (results.store.folder.glob("*.json"), project.long.rglob("*.*"), sources)
        for path in sorted(folder)
    ]
    return digest(repr(results.environment), repr(listing),
                  *(part for path in files if path.exists()
                    for part in (str(path), path.read_text(encoding="utf-8"))))  # fmt: skip


def find_problems(project: Project, results: Results) -> list[Problem]:
    """同 `problems`，每次都查。"""
    texts = {project.page(path): path.read_text(encoding="utf-8") for path in pages(project.root)}
    blocks = {page: collect_page(project.root / page, project.root) for page in texts}
    ran = _Ran(project, results, blocks)
    found = glossary.check_glossary(texts.get(glossary.PAGE, "")) + check_long_records(project)
    checks = [_prose, _captions] + ([] if found else [_prerequisites])
    found += repeated_anchors(c for page, text in texts.items() for c in misconceptions(page, text))
    for page, text in texts.items():
        found += check_page(project.root / page, project.root) + check_misconceptions(page, text)
        for check in checks:
            found += _readable(check, page, text, ran)
    return sorted(set(found), key=lambda problem: (problem.page, problem.line))


def _readable(check: Callable, page: str, text: str, ran: "_Ran") -> list[Problem]:
    """`check` 的结果；页首读不懂时说出来。"""
    try:
        return list(check(page, text, ran))
    except ValueError as error:
        return [Problem(page, 1, str(error))]


def _prerequisites(page: str, text: str, ran: "_Ran") -> list[Problem]:
    return check_prerequisites(page, ran.project.root)


def _captions(page: str, text: str, ran: "_Ran") -> Iterator[Problem]:
    """图和替代文字数目不同的代码块；README 不显示图。"""
    if page == "README.md":
        return
    for block, record in zip(ran.blocks[page], ran.records[page], strict=True):
        if record is not None and len(record.figures) != len(block.captions):
            yield wrong_captions(block, record)


def _prose(page: str, text: str, ran: "_Ran") -> list[Problem]:
    """没有着落的数；还有代码块没运行时看不出来，不查（织页面时会说哪一块没有记录）。"""
    if page.startswith(_NO_PROSE):
        return []
    sources = ran.sources(page)
    known = ran.numbers(sources)
    if known is None:
        return []
    checked = ran.measured.of(page, ran.codes(sources))
    return check_prose(page, text, known | numbers(*checked))


def save_measured(project: Project, results: Results) -> Path:
    """把这次运行核对过的数并进提交的那一份；代码没有变的页面，别的机器核对过的留着。"""
    texts = {project.page(path): path.read_text(encoding="utf-8") for path in pages(project.root)}
    blocks = {page: collect_page(project.root / page, project.root) for page in texts}
    ran, fresh = _Ran(project, results, blocks), Measured({})
    for page, text in texts.items():
        sources = [] if page.startswith(_NO_PROSE) else ran.sources(page)
        codes, known = ran.codes(sources), ran.numbers(sources) or frozenset()
        kept = ran.measured.of(page, codes)
        found = [n for _, n in unsourced(text) if n in kept or supported(n, known)]
        if sources:
            fresh.put(page, codes, found)
    fresh.write(project)
    return project.measured


class _Ran:
    """各页的代码块与它们的记录；记录在这里只读一遍。"""

    def __init__(self, project: Project, results: Results, blocks: dict[str, list[Block]]):
        self.project = project
        self.blocks = {page: [b for b in found if b.skip is None] for page, found in blocks.items()}
        self.records = {
            page: [results.block(b) for b in found] for page, found in self.blocks.items()
        }
        self._numbers: dict[str, frozenset[float]] = {}
        self.measured = Measured.read(project)

    def sources(self, page: str) -> list[str]:
        """`page` 的数可以出自哪些页；概念表只转述各篇的内容，全站的数都算它的证据。"""
        if page == glossary.PAGE:
            return list(self.blocks)
        meta = front_matter(self.project.root / page)
        return [page, *(name for name in map(evidence, meta.evidence) if name in self.blocks)]

    def codes(self, names: Iterable[str]) -> list[str]:
        """几个页面的各块代码。"""
        return [block.code for name in names for block in self.blocks[name]]

    def numbers(self, names: Iterable[str]) -> frozenset[float] | None:
        """几个页面的代码、输出与动画标题里的数；有代码块没有记录时为 `None`。"""
        names = list(names)
        if any(record is None for name in names for record in self.records[name]):
            return None
        return frozenset().union(*(self._page_numbers(name) for name in names))

    def _page_numbers(self, page: str) -> frozenset[float]:
        if page not in self._numbers:
            pairs = zip(self.blocks[page], self.records[page], strict=True)
            found = (numbers(block.code, *_texts(record)) for block, record in pairs)
            self._numbers[page] = frozenset().union(*found)
        return self._numbers[page]


def _texts(record: Record) -> list[str]:
    return [record.stdout, *(label for figure in record.figures for label in figure.labels)]
