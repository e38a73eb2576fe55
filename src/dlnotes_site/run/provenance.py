"""记录的来历：在什么机器上，用没用 GPU，用了多少内存。"""

import contextlib
import os
import platform
import sys
from functools import cache
from pathlib import Path

VERIFIED = ("os", "machine", "isa", "cuda", "gpu")
"""合并与对照时要相同的几项；处理器的型号与驱动只是记下。"""


def provenance(touched: bool) -> dict[str, str]:
    """这台机器；`touched` 为真时写上 GPU。"""
    return {**machine(), **(_gpu() if touched else {})}


@cache
def machine() -> dict[str, str]:
    """操作系统、处理器与指令集。"""
    import torch

    return {
        "os": platform.system(), "machine": platform.machine(), "processor": _processor(),
        "isa": torch.backends.cpu.get_cpu_capability(),
    }  # fmt: skip


def _processor() -> str:
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


@cache
def _gpu() -> dict[str, str]:
    import torch

    if not torch.cuda.is_available():
        return {}
    found = {"cuda": str(torch.version.cuda), "gpu": torch.cuda.get_device_name()}
    with contextlib.suppress(OSError):
        text = Path("/proc/driver/nvidia/version").read_text()
        found["driver"] = next((word for word in text.split() if word[:1].isdigit()), "")
    return found


def differences(a: dict, b: dict) -> list[str]:
    """两条记录的来历里应当相同而不同的几项。"""
    return [f"{name}：{a.get(name)}，{b.get(name)}" for name in VERIFIED
            if name in a and name in b and a[name] != b[name]]  # fmt: skip


# --- 用没用 GPU，用了多少内存 --------------------------------------------------------------------


def reset_peak(kind: str) -> int:
    """重新开始量峰值；返回到此为止在 GPU 上分过多少次内存。"""
    if kind == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
        return _allocations()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return 0


def used_gpu(before: int) -> bool:
    """`reset_peak` 之后有没有在 GPU 上分过内存。"""
    torch = sys.modules.get("torch")
    initialized = torch is not None and torch.cuda.is_initialized()
    return initialized and _allocations() > before


def _allocations() -> int:
    import torch

    return torch.cuda.memory_stats().get("allocation.all.allocated", 0)


def describe_used(kind: str, touched: bool) -> str:
    """实际用的设备；在 GPU 上的运行里没有碰过 GPU 的也写 CPU。"""
    if kind == "cpu" or (kind == "cuda" and not touched):
        return "CPU"
    from dlnotes.device import describe

    return describe(kind)


def peak_mib(kind: str) -> float:
    """峰值内存：GPU 上是显存；CPU 上是进程的常驻内存（包含已载入的库）。"""
    if kind == "cuda":
        import torch

        return torch.cuda.max_memory_allocated() / 2**20
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return _lifetime_peak_mib()


def _lifetime_peak_mib() -> float:
    """没有 /proc 的系统：进程至今的峰值；连 resource 也没有的（Windows）记为 0。"""
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


def cores() -> int:
    """这个进程用得上几个核：看亲和性，也看容器的限额。"""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(usable or 1, _quota()))


def _quota() -> int:
    """容器的处理器限额（cgroup v2），没有限制时很大。"""
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            return -(-int(quota) // int(period))
    return sys.maxsize
