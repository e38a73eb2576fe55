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


def interleave(calls: dict[str, Callable[[], object]], num_rounds: int) -> dict[str, list[float]]:
    """一轮一轮轮流计时：机器忙闲的起伏落在每一个身上。"""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(num_rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def ratio(seconds: dict[str, list[float]], name: str, base: str) -> float:
    """各轮之比的中位数。"""
    return statistics.median(a / b for a, b in zip(seconds[name], seconds[base], strict=True))


def gzipped(path: Path) -> int:
    """压缩后的字节数。"""
    return len(gzip.compress(path.read_bytes(), 9))


def table(header: list[str], rows: list[list[str]]) -> str:
    """Markdown 表。"""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
