"""一页的源文字织成的 Markdown：每个代码块下面接上那一次运行的结果，写在围栏之后的注释不再出现。"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from dlnotes_site.pages.collect import Block, Problem, block_of
from dlnotes_site.pages.fences import SKIP, Fence, fences, trailer
from dlnotes_site.pages.front_matter import after_front_matter
from dlnotes_site.run.store import Record
from dlnotes_site.weave.code import code_lines
from dlnotes_site.weave.links import links
from dlnotes_site.weave.shown import long_evidence, plain_run, record_html

NOT_RUN = "这个代码块还没有运行"


@dataclass
class Woven:
    """织好的一页。

    Attributes:
        text: Markdown。
        frames: 用到的图在记录库里的名字，以及画它的代码块在第几行。
        problems: 缺的记录，缺的替代文字。
    """

    text: str = ""
    frames: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def weave_text(
    page: str,
    text: str,
    record: Callable[[Block], Record | None],
    stale: Callable[[Block], list[str]] = lambda block: [],
) -> Woven:
    """织一页。

    Args:
        page: 在仓库里的位置，如 `docs/notes/spiral.md`。
        text: 源文字。
        record: 取得代码块的记录。
        stale: 长实验的记录之后变了什么。
    """
    lines, found = text.splitlines(), Woven()
    out, prefix = list(lines), to_root(page)
    for fence in reversed([fence for fence in fences(lines) if fence.runs]):
        block = block_of(page, fence, lines)
        shown = _shown(block, record, stale, prefix, found)
        _replace(out, lines, fence, block, shown)
    if any(fence.runs for fence in fences(lines)):
        _add_links(out, page, prefix)
    found.text = "\n".join(out) + "\n"
    return found


def _replace(out: list[str], lines: list[str], fence: Fence, block: Block, shown: str) -> None:
    """从后往前改，前面的行号就不会变。"""
    for number in sorted(trailer(lines, fence.end).used, reverse=True):
        del out[number]
    code = code_lines(fence, "fold" in block.flags)
    after = out[fence.end :][:1]  # 各段之间只空一行：脚注在两个空行处就断了
    end = [""] if after and after[0].strip() else []
    out[fence.line - 1 : fence.end] = [*code, "", fence.indent + shown, *end]
    if block.skip is not None:
        before = fence.line - 2
        while not SKIP.search(lines[before]):
            before -= 1
        out[before] = ""


def _shown(block: Block, record, stale, prefix: str, found: Woven) -> str:
    """代码块下面的 HTML；图与毛病记进 `found`。"""
    if block.skip is not None:
        return plain_run(f"未运行：{block.skip}")
    result = record(block)
    if result is None:
        found.problems.insert(0, _missing(block))
        return plain_run(NOT_RUN)
    if len(result.figures) != len(block.captions):
        found.problems.insert(0, wrong_captions(block, result))
    for figure in result.figures:
        found.frames |= dict.fromkeys(figure.frames, block.line)
    line = long_evidence(result, stale(block)) if block.is_long else None
    return record_html(result, block.captions, prefix, line, block.explainer)


def _missing(block: Block) -> Problem:
    how = "长实验没有现在这份代码的记录，先运行 dlnotes-site run --long" if block.is_long else (
        "代码块没有新鲜的运行记录，先运行 dlnotes-site run")  # fmt: skip
    return Problem(block.page, block.line, how)


def wrong_captions(block: Block, record: Record) -> Problem:
    """图和替代文字数目不同。"""
    return Problem(
        block.page, block.line,
        f"代码块画了 {len(record.figures)} 张图，却有 {len(block.captions)} 条替代文字；"
        "每张图在围栏之后各写一行 <!--alt: …-->",
    )  # fmt: skip


def _add_links(out: list[str], page: str, prefix: str) -> None:
    """标题下面的一行链接；首页没有笔记本，也就没有这一行。"""
    start = after_front_matter(out)
    title = next((i for i in range(start, len(out)) if out[i].startswith("# ")), None)
    if title is not None and not page.endswith("/index.md"):
        out[title + 1 : title + 1] = ["", links(page, prefix), ""]


def to_root(page: str) -> str:
    """从这一页的网址到网站根的相对路径。"""
    parts = PurePosixPath(page).parts[1:]
    return "../" * (len(parts) - (parts[-1] == "index.md"))
