"""各基准共用的计时与制表。"""

import datetime
import gzip
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]


def machine() -> str:
    """机器的种类：核数、内存、系统、版本，不含名字。"""
    memory = ""
    if Path("/proc/meminfo").exists():
        kib = int(Path("/proc/meminfo").read_text().split("MemTotal:")[1].split()[0])
        memory = f"{kib / 2**20:.0f} GiB 内存，"
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "无 GPU"
    return (
        f"{os.cpu_count()} 核 {platform.machine()}，{memory}{platform.system()}，{gpu}；"
        f"Python {platform.python_version()}，torch {torch.__version__}"
    )


def today() -> str:
    """日期。"""
    return datetime.date.today().isoformat()


def interleave(
    calls: dict[str, Callable[[], object]],
    num_rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """一轮一轮轮流计时，隔一轮倒一次次序：机器忙闲的起伏、谁先谁后，落在每一个身上。

    单线程的 CPU 运算用 `time.process_time`，别的程序占着机器的时间就不算进来。
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for round_ in range(num_rounds):
        for name in list(calls)[:: -1 if round_ % 2 else 1]:
            start = clock()
            calls[name]()
            seconds[name].append(clock() - start)
    return seconds


def ratios(seconds: dict[str, list[float]], name: str, base: str) -> str:
    """各轮之比的中位数，括号里是上下四分位数。"""
    values = [a / b for a, b in zip(seconds[name], seconds[base], strict=True)]
    if name == base or len(values) < 4:
        return f"{statistics.median(values):.2f}"
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.2f}（{low:.2f}–{high:.2f}）"


def gzipped(path: Path) -> int:
    """压缩后的字节数。"""
    return len(gzip.compress(path.read_bytes(), 9))


def table(header: list[str], rows: list[list[str]]) -> str:
    """Markdown 表。"""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
