"""比较同一个任务的两次运行：输出比文字，图比画出来的数，CPU 与 GPU 之间比相对差。

用时、内存、日期本来就会变，不参加比较。量时间、报版本的代码块打印的数也会变，
`measures` 由语法树认出它们，只比其余的文字。
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from dlnotes_site.compare.svg import TOLERANCE, same_svg, svg_difference
from dlnotes_site.pages.collect import Problem
from dlnotes_site.run.pictures import Picture
from dlnotes_site.run.provenance import differences as provenance_differences
from dlnotes_site.run.results import Results
from dlnotes_site.run.store import Figure, Output, Record
from dlnotes_site.tasks.task import Task

RTOL, ATOL = 1e-3, 1e-5
"""CPU 与 GPU 的容差：一次前向、一次求导只差浮点加法的次序，打印出来的数应当在这个范围里。

训练几百步之后，舍入误差被反复放大，单次训练的准确率可以差出几个百分点，这不是错误：那些结论
由代码块里的断言保证，断言在两台设备上都必须成立；数差多少逐块列在运行报告里。
"""

_NUMBER = re.compile(r"[-+−]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")

# 量时间、内存，或者报出版本的模块与名字：它们的结果每次运行、每台机器都不同
_MODULES = frozenset({"timeit", "psutil", "tracemalloc", "resource", "platform", "doctor"})
_NAMES = frozenset({
    "time_call", "perf_counter", "perf_counter_ns", "process_time", "monotonic", "time", "time_ns",
    "timeit", "doctor", "seconds", "peak_mib", "Event", "elapsed_time", "max_memory_allocated",
    "max_memory_reserved", "memory_allocated", "memory_reserved", "mem_get_info", "getrusage",
    "__version__", "version", "get_device_properties", "cpu_count", "get_num_threads",
})  # fmt: skip


# --- 输出 --------------------------------------------------------------------------------------


@cache
def measures(code: str) -> bool:
    """代码块是否量时间、内存，或者报出版本：是的话，打印的数每次都可以不同。"""
    return any(_measuring(node) for node in ast.walk(ast.parse(code)))


def _measuring(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in _NAMES
    if isinstance(node, ast.Import):
        return any(_MODULES & set(alias.name.split(".")) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        names = {alias.name for alias in node.names}
        return bool(_MODULES & set((node.module or "").split(".")) or _NAMES & names)
    return False


def mask(text: str) -> str:
    """数都换成 `#`，连着的空白并成一个空格：只剩与数无关的文字。"""
    return " ".join(_NUMBER.sub("#", text).split())


def same_output(a: str, b: str, code: str) -> bool:
    """两次运行 `code` 的输出是否相同：一般要逐字相同，量时间、报版本的只比数以外的文字。"""
    return a == b or (measures(code) and mask(a) == mask(b))


# --- 图 ----------------------------------------------------------------------------------------


def same_figure(a: Picture, b: Picture, tolerance: float = TOLERANCE) -> bool:
    """两张图是否相同：大小、帧数、各帧的标题与画法相同，画出来的数相差不超过 `tolerance`。"""
    if not _same_outline(a, b) or a.labels != b.labels:
        return False
    return all(same_svg(*frames, tolerance) for frames in zip(a.frames, b.frames, strict=True))


def _same_outline(a: Picture | Figure, b: Picture | Figure) -> bool:
    return (a.width, a.height, len(a.frames)) == (b.width, b.height, len(b.frames))


# --- 两次运行 ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """一个任务和它的两次运行；缺的那次是 `None`。`blobs` 取回两边的图。"""

    task: Task
    a: Record | None
    b: Record | None
    blobs: tuple[Callable[[str], str], Callable[[str], str]] = (str, str)

    @classmethod
    def of(cls, task: Task, a: Results, b: Results) -> "Pair":
        """`task` 在两次运行里的记录。"""
        return cls(task, a.record(task), b.record(task), (a.blob, b.blob))


def differences(pairs: Iterable[Pair], tolerance: float = TOLERANCE) -> list[Problem]:
    """两次运行的不同之处，写明页面与行号；用时、内存、日期不算。"""
    return [Problem(pair.task.page, line, what)
            for pair in pairs for line, what in _differences(pair, tolerance)]  # fmt: skip


def _differences(pair: Pair, tolerance: float) -> Iterator[tuple[int, str]]:
    a, b, task = pair.a, pair.b, pair.task
    if a is None or b is None:
        if a is not b:
            yield task.line, f"只有{'后' if a is None else '前'}一次有记录"
        return
    for name, chinese in (("device", "设备"), ("environment", "运行环境")):
        if getattr(a, name) != getattr(b, name):
            yield task.line, f"{chinese}不同：{getattr(a, name)}，{getattr(b, name)}"
    for gap in provenance_differences(a.provenance, b.provenance):
        yield task.line, f"来历不同：{gap}"
    if a.product != b.product:
        yield task.line, "算出的数据不同"
    for cell, ours, theirs in zip(task.cells, a.outputs, b.outputs, strict=True):
        for what in _cell_differences(pair, cell.code, ours, theirs, tolerance):
            yield cell.line, what


def _cell_differences(pair: Pair, code: str, a: Output, b: Output, tolerance) -> list[str]:
    found = []
    if not same_output(a.stdout, b.stdout, code):
        found.append(f"输出不同：{_first_difference(a.stdout.splitlines(), b.stdout.splitlines())}")
    pictures = [[_drawn(figure, blob) for figure in output.figures]
                for output, blob in zip((a, b), pair.blobs, strict=True)]  # fmt: skip
    return found + _figure_differences(*pictures, measures(code), tolerance)


def _drawn(figure: Figure, blob: Callable[[str], str]) -> Picture:
    frames = [blob(name) for name in figure.frames]
    return Picture(frames, figure.labels, figure.width, figure.height)


def _figure_differences(a: list[Picture], b: list[Picture], timed: bool, tolerance) -> list[str]:
    if len(a) != len(b):
        return [f"图的张数不同：{len(a)}，{len(b)}"]
    same = _same_outline if timed else lambda x, y: same_figure(x, y, tolerance)
    return [f"第 {number} 张图不同：{_why(*figures)}"
            for number, figures in enumerate(zip(a, b, strict=True), start=1)
            if not same(*figures)]  # fmt: skip


def _why(a: Picture, b: Picture) -> str:
    if not _same_outline(a, b):
        return "大小或帧数不同"
    if a.labels != b.labels:
        return f"各帧的标题不同：{_first_difference(a.labels, b.labels)}"
    gap = max(svg_difference(*frames) for frames in zip(a.frames, b.frames, strict=True))
    return "画法不同" if gap == float("inf") else f"画出来的数最多相差 {gap:.3g}"


def _first_difference(a: list[str], b: list[str]) -> str:
    for ours, theirs in zip(a, b, strict=False):
        if ours != theirs:
            return f"{ours!r}，{theirs!r}"
    return f"{len(a)} 行，{len(b)} 行"


# --- CPU 与 GPU ---------------------------------------------------------------------------------


def largest_difference(a: str, b: str, atol: float = ATOL) -> float | None:
    """两段输出里对应的数最大的相对差；数以外的文字不同时为 `None`。

    绝对差不超过 `atol`，或不超过打印出来的末位一个单位（四舍五入造成的）的，算作没有差别。
    """
    if mask(a) != mask(b):
        return None
    pairs = zip(_NUMBER.findall(a), _NUMBER.findall(b), strict=True)
    return max((_relative(x, y, atol) for x, y in pairs), default=0.0)


def _relative(a: str, b: str, atol: float) -> float:
    x, y = (float(text.replace("−", "-")) for text in (a, b))
    if abs(x - y) <= max(atol, 1.001 * min(_unit(a), _unit(b))):
        return 0.0
    return abs(x - y) / max(abs(x), abs(y))


def _unit(text: str) -> float:
    """打印出来的数的末位是多少：`0.93` 是 0.01，`1.2e-07` 是 1e-08；整数没有舍入，是 0。"""
    mantissa, _, exponent = text.lower().partition("e")
    digits = len(mantissa.partition(".")[2])
    if not digits and not exponent:
        return 0.0
    return 10.0 ** (int(exponent or 0) - digits)
