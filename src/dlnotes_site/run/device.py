"""在什么设备上运行：听 `DLNOTES_DEVICE` 的，否则有 GPU 用 GPU；CPU 版的 torch 不必导入就知道。"""

import importlib.util
import os
import re
import sys
from pathlib import Path


def default_device() -> str:
    """运行任务的设备种类。"""
    wanted = os.environ.get("DLNOTES_DEVICE", "").strip()
    if wanted:
        return usable_device(wanted)
    if _is_cpu_build():
        return "cpu"
    from dlnotes.device import pick_device

    return pick_device().type


def usable_device(device: str) -> str:
    """查过的设备种类。

    Raises:
        ValueError: 本机没有这样的设备，或者写明了第几块。
    """
    if device == "cpu":
        return device
    if ":" in device:  # 记录按设备的种类存；用哪一块由系统挑
        raise ValueError(
            f"device 应为设备的种类，如 'cuda'，收到 {device!r}；"
            "选第几块显卡用 CUDA_VISIBLE_DEVICES"
        )
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device 应为本机有的设备，如 'cpu'、'cuda'，收到 {device!r}") from error
    return device


def _is_cpu_build() -> bool:
    """没有 CUDA 的 torch，又不在 macOS 上：只能用 CPU，看一眼版本文件就知道。"""
    spec = importlib.util.find_spec("torch")
    if sys.platform == "darwin" or spec is None or spec.origin is None:
        return False
    version = Path(spec.origin).with_name("version.py")
    text = version.read_text(encoding="utf-8") if version.exists() else ""
    return all(re.search(rf"^{name}(: .+)? = None", text, re.MULTILINE) for name in ("cuda", "hip"))
