"""比较同一个代码块的两次运行：输出比文字，图比画出来的数，CPU 与 GPU 之间比相对差。

用时、内存、日期本来就会变，不参加比较。量时间、报版本的代码块打印的数也会变，
`measures` 由语法树认出它们，只比其余的文字。
"""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from dlnotes_site.collect import Block, Problem
from dlnotes_site.plotted import TOLERANCE, same_svg, svg_difference
from dlnotes_site.record import Figure, Record

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


def same_figure(a: Figure, b: Figure, tolerance: float = TOLERANCE) -> bool:
    """两张图是否相同：大小、帧数、各帧的标题与画法相同，画出来的数相差不超过 `tolerance`。"""
    if not _same_outline(a, b) or a.labels != b.labels:
        return False
    return all(same_svg(*frames, tolerance) for frames in zip(a.frames, b.frames, strict=True))


def _same_outline(a: Figure, b: Figure) -> bool:
    return (a.width, a.height, len(a.frames)) == (b.width, b.height, len(b.frames))


# --- 两次运行 ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """一个代码块和它的两次运行；缺的那次是 `None`。"""

    block: Block
    a: Record | None
    b: Record | None


def differences(pairs: Iterable[Pair], tolerance: float = TOLERANCE) -> list[Problem]:
    """两次运行的不同之处，写明页面与行号；用时、内存、日期不算。"""
    return [Problem(pair.block.page, pair.block.line, what)
            for pair in pairs for what in _differences(pair, tolerance)]  # fmt: skip


def _differences(pair: Pair, tolerance: float) -> list[str]:
    a, b, code = pair.a, pair.b, pair.block.code
    if a is None or b is None:
        return [] if a is b else [f"只有{'后' if a is None else '前'}一次有记录"]
    found = []
    if not same_output(a.stdout, b.stdout, code):
        found.append(f"输出不同：{_first_difference(a.stdout.splitlines(), b.stdout.splitlines())}")
    for name, chinese in (("device", "设备"), ("environment", "运行环境")):
        if getattr(a, name) != getattr(b, name):
            found.append(f"{chinese}不同：{getattr(a, name)}，{getattr(b, name)}")
    return found + _figure_differences(a.figures, b.figures, measures(code), tolerance)


def _figure_differences(a: list[Figure], b: list[Figure], timed: bool, tolerance) -> list[str]:
    if len(a) != len(b):
        return [f"图的张数不同：{len(a)}，{len(b)}"]
    same = _same_outline if timed else lambda x, y: same_figure(x, y, tolerance)
    return [f"第 {number} 张图不同：{_why(*figures)}"
            for number, figures in enumerate(zip(a, b, strict=True), start=1)
            if not same(*figures)]  # fmt: skip


def _why(a: Figure, b: Figure) -> str:
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
