"""一页 Markdown：织好的页面、它的笔记本、它的旧地址。"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from dlnotes_site.pages.collect import Block, Problem, collect_page
from dlnotes_site.project import Project
from dlnotes_site.run.key import digest
from dlnotes_site.run.long import stale
from dlnotes_site.run.results import Results
from dlnotes_site.weave.addresses import NOTEBOOKS, notebook_name
from dlnotes_site.weave.item import Item, Made
from dlnotes_site.weave.markdown import weave_text
from dlnotes_site.weave.redirects import redirects
from dlnotes_site.weave.transforms import Inputs, wanted


def item(project: Project, results: Results, path: Path, inputs: Inputs) -> Item:
    """`path` 处的一页。"""
    page, text = project.page(path), path.read_text(encoding="utf-8")
    stamp = digest(text, *map(inputs, wanted(page, text)))
    return Item(
        page, page, stamp, partial(_run, project, results, path),
        partial(_make, project, results, path, text),
    )  # fmt: skip


def _run(project: Project, results: Results, path: Path) -> str:
    """这一页用到的记录。"""
    blocks = [block for block in collect_page(path, project.root) if block.skip is None]
    records = [results.block(block) for block in blocks]
    late = [stale(project, block, results.environment) for block in blocks if block.is_long]
    return digest(repr(records), repr(late))


def _make(
    project: Project, results: Results, path: Path, text: str, read: Callable[[str], str]
) -> Made:
    page = project.page(path)
    late = partial(stale, project, environment=results.environment)
    woven = weave_text(page, text, results.block, late)
    made = Made({}, {}, woven.frames, woven.problems)
    try:
        for transform in wanted(page, text):
            woven.text = transform.apply(project, results, page, woven.text)
        made.files |= redirects(page, text)
    except ValueError as error:
        made.problems.append(Problem(page, 1, str(error)))
    made.files[page.removeprefix("docs/")] = woven.text
    blocks = collect_page(path, project.root)
    if has_notebook(path, blocks):
        name = f"{NOTEBOOKS}/{notebook_name(page)}"
        made.later[name] = partial(_notebook, project, results, page, blocks, read)
    return made


def has_notebook(path: Path, blocks: list[Block]) -> bool:
    """有没有笔记本：首页之外、有代码块的页面才有。"""
    return path.stem != "index" and bool(blocks)


def _notebook(project: Project, results: Results, page: str, blocks: list[Block], read) -> str:
    from dlnotes_site.weave.notebooks import notebook  # 画 PNG 的库不小，没变时不导入

    return notebook(project, page, blocks, results.block, read)
