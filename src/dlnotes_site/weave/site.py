"""把页面、记录与素材织成 `build/docs`：普通的 Markdown，两个建站工具都由它建站。

只重织输入变了的：先看页面的文字与记录的清单，清单变了再逐页看用到的记录；图由名字认，没变的不读。
"""

import importlib.metadata
import shutil
from functools import cached_property
from pathlib import Path

from dlnotes_site.pages.collect import Problem
from dlnotes_site.project import Project, write_if_changed
from dlnotes_site.run.key import digest
from dlnotes_site.run.results import Results
from dlnotes_site.run.store import Damaged
from dlnotes_site.tasks import labs
from dlnotes_site.weave import explainers, lab_item, page_item, playground
from dlnotes_site.weave.addresses import (
    NOTEBOOKS,
    SOURCES,
    WHEELS,
    repository,
    site_url,
    wheel_url,
)
from dlnotes_site.weave.figures import FOLDER, paths, style_file, write_frames
from dlnotes_site.weave.item import Item, Made
from dlnotes_site.weave.redirects import conflicts
from dlnotes_site.weave.state import Entry, State, present, prune
from dlnotes_site.weave.styles import JOINED, join, styles
from dlnotes_site.weave.transforms import Inputs, run_stamp

_PRIVATE = ("assets/long/", "assets/durations.json", "assets/measured.json")
"""docs 里不发布的：记录、用时与核对过的数。"""

_DERIVED = (f"{FOLDER}/", "assets/playground/", "assets/explain/", *(f"{name}/" for name in (
    NOTEBOOKS, WHEELS, SOURCES)))  # fmt: skip
"""只由织与发布写出的文件夹；docs 里留着旧的，会盖住新的。"""

_TOOLS = ("resvg-py", "nbformat", "jupytext")


def weave(project: Project, results: Results) -> list[Problem]:
    """织好整个网站，返回毛病；有毛病的页面照样写出，下一次再织。"""
    return _Weaver(project, results).everything()


def weave_page(project: Project, results: Results, path: Path) -> list[Problem]:
    """只织一页（页面或实验的源文件），返回它的毛病；没有记录的代码块下面写明还没有运行。"""
    weaver = _Weaver(project, results)
    problems = weaver.weave(weaver.item(path))
    weaver.state.write(project)
    return problems


class _Weaver:
    """一次织的过程。"""

    def __init__(self, project: Project, results: Results):
        self.project, self.results = project, results
        self.state = State.read(project)
        self.fixed = fixed_stamp(project)
        self.again = self.state.fixed != self.fixed
        if self.again:
            self.state.fixed, self.state.run = self.fixed, ""
            for entry in self.state.entries.values():
                entry.text = ""

    def everything(self) -> list[Problem]:
        """全部页面、实验、训练场与讲解器的数据、素材。"""
        same_run, before = self.run == self.state.run, self.state.files
        items = [self.item(path) for path in self.sources]
        problems = self._conflicts()
        data = [*playground.items(self.project, self.results),
                *explainers.items(self.project, self.results)]  # fmt: skip
        for item in [*items, *data]:
            if not self._fresh(item, same_run):
                problems += self.weave(item)
        wanted = {item.name for item in [*items, *data]}
        self.state.entries = {k: v for k, v in self.state.entries.items() if k in wanted}
        problems += self._shared()
        problems += self._copy_assets()
        prune(self.project.woven, before - self.state.files)
        self.state.run = self.run
        self.state.write(self.project)
        return problems

    @cached_property
    def sources(self) -> list[Path]:
        """页面与实验的源文件。"""
        return sorted(self.project.docs.rglob("*.md")) + labs.paths(self.project.root)

    @cached_property
    def existing(self) -> set[str]:
        """`build/docs` 里现有的文件。"""
        return present(self.project.woven)

    def item(self, path: Path) -> Item:
        """一页。"""
        if path.suffix == ".md":
            return page_item.item(self.project, self.results, path, self.inputs)
        return lab_item.item(self.project, self.results, path)

    @cached_property
    def inputs(self) -> Inputs:
        """各样改写的来源的摘要。"""
        return Inputs(self.project, self.run)

    @cached_property
    def run(self) -> str:
        """记录的清单的摘要。"""
        return run_stamp(self.project, self.results)

    def _fresh(self, item: Item, same_run: bool) -> bool:
        entry = self.state.entries.get(item.name)
        if entry is None or entry.text != item.text or not self.existing.issuperset(entry.files):
            return False
        return same_run or entry.run == item.run()

    def weave(self, item: Item) -> list[Problem]:
        """织一页，写出它的文件；没有毛病才记下来。"""
        made, reader = Made(), _Reader(self.results)
        try:
            made = item.make(reader)
            write_frames(made.frames, reader, self.project.woven, again=self.again)
            files = {**made.files, **{name: make() for name, make in made.later.items()}}
        except Damaged as error:
            line = made.frames.get(reader.last, 0)
            return [*made.problems, Problem(item.page, line, str(error))]
        for name, content in files.items():
            write_if_changed(self.project.woven / name, content)
        names = [*files, *(path for blob in made.frames for path in paths(blob))]
        text = "" if made.problems else item.text
        self.state.entries[item.name] = Entry(text, item.run(), sorted(names))
        return made.problems

    def _conflicts(self) -> list[Problem]:
        texts = {self.project.page(path): path.read_text(encoding="utf-8")
                 for path in self.sources if path.suffix == ".md"}  # fmt: skip
        others = [self.project.page(path.with_suffix(".md"))
                  for path in self.sources if path.suffix != ".md"]  # fmt: skip
        return conflicts(texts, others)

    def _shared(self) -> list[Problem]:
        """两页写出同一个文件：笔记本同名，或者要同一个旧地址。"""
        owners, problems = {}, []
        for name, entry in self.state.entries.items():
            for file in entry.files:
                if not file.startswith(FOLDER) and owners.setdefault(file, name) != name:
                    message = f"与 {owners[file]} 都要写 {file}，应改一个页面的文件名"
                    problems.append(Problem(name, 1, message))
        return problems

    def _copy_assets(self) -> list[Problem]:
        """页面与实验之外的文件原样复制，样式接成一份；时间与大小没变的不动。"""
        assets, derived = {}, set()
        joined = {path.relative_to(self.project.docs).as_posix()
                  for path in styles(self.project.docs).values()}  # fmt: skip
        if joined:
            write_if_changed(self.project.woven / JOINED, join(self.project.docs))
            assets[JOINED] = []
        for name in sorted(present(self.project.docs)):
            path = self.project.docs / name
            if path in self._pages or name.startswith(_PRIVATE) or "/." in f"/{name}":
                continue
            if folder := next((f for f in _DERIVED if name.startswith(f)), None):
                derived.add(folder)
                continue
            if name in joined:
                continue
            status = path.stat()
            assets[name] = [status.st_mtime_ns, status.st_size]
            if assets[name] != self.state.assets.get(name) or name not in self.existing:
                target = self.project.woven / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        self.state.assets = assets
        return [Problem(f"docs/{folder}", 0, "派生的文件只写在 build/docs 里，删掉这个文件夹")
                for folder in sorted(derived)]  # fmt: skip

    @cached_property
    def _pages(self) -> set[Path]:
        return set(self.sources)


class _Reader:
    """由名字取图；记着最近取的是哪一张，坏了就知道是谁的。"""

    def __init__(self, results: Results):
        self.results, self.last = results, ""

    def __call__(self, name: str) -> str:
        self.last = name
        return self.results.blob(name)


def fixed_stamp(project: Project) -> str:
    """对每一页都一样的输入：织页面的代码、颜色表、几个工具的版本、各个网址。"""
    addresses = (site_url(), repository(), wheel_url(project.root))
    return digest(_CODE, repr(addresses))


def _code() -> str:
    here = Path(__file__).parent
    files = [
        *sorted(here.glob("*.py")),
        *sorted((here.parent / "pages").glob("*.py")),
        style_file(),
    ]
    versions = (importlib.metadata.version(name) for name in _TOOLS)
    return digest(*(path.read_text(encoding="utf-8") for path in files), *versions)


_CODE = _code()
"""导入时就算好：之后改的代码，这个进程还没有用上。"""
