"""选择计算设备，并正确地计时。"""

import os
import time
from collections.abc import Callable

import torch

from dlnotes._core.check import callable_, integer, positive_int

__all__ = ["describe", "pick_device", "synchronize", "time_call"]


def pick_device() -> torch.device:
    """本机最合适的设备：先 CUDA，再 MPS，否则 CPU。

    环境变量 `DLNOTES_DEVICE`（例如 `cpu`、`cuda`、`cuda:1`）优先于自动选择。自动选择时先在设备上
    算一个小张量试试：有的机器（例如托管的 Mac）报告有 GPU，却连一个字节也分不出来，那就退回 CPU。

    Returns:
        一个 `torch.device`。

    Raises:
        ValueError: `DLNOTES_DEVICE` 不是设备名，或者本机没有这个设备。

    Examples:
        >>> pick_device().type in {"cpu", "cuda", "mps"}
        True
    """
    wanted = os.environ.get("DLNOTES_DEVICE", "").strip()
    if wanted:
        return _checked(wanted)
    reported = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    for name, is_available in reported.items():
        if is_available and _works(torch.device(name)):
            return torch.device(name)
    return torch.device("cpu")


def _works(device: torch.device) -> bool:
    try:
        _allocate(device)
    except (RuntimeError, AssertionError):
        return False
    return True


def _allocate(device: torch.device) -> float:
    """在设备上真分一小块、真算一次；分不出来就抛异常。"""
    return torch.ones(8, device=device).sum().item()


def _checked(name: str) -> torch.device:
    try:
        found = torch.device(name)
        _allocate(found)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"环境变量 DLNOTES_DEVICE={name!r} 不可用：应为本机有的设备名，"
            f"如 'cpu'、'cuda'（{error}）"
        ) from error
    return found


def describe(device: torch.device | str | None = None) -> str:
    """设备的中文说明，例如 `CPU` 或 `GPU（NVIDIA H200）`。

    Args:
        device: 设备；省略时取 `pick_device()`。

    Returns:
        一小段文字。

    Raises:
        TypeError: `device` 不是设备也不是设备名。
        ValueError: 没有叫这个名字的设备，或者本机没有这块 GPU。

    Examples:
        >>> describe("cpu")
        'CPU'
    """
    device = pick_device() if device is None else as_device(device)
    if device.type == "cuda":
        return f"GPU（{torch.cuda.get_device_name(device)}）"
    return device.type.upper()


def as_device(device: torch.device | str) -> torch.device:
    """由名字得到设备；本机没有的 CUDA 设备也报错。"""
    if not isinstance(device, torch.device | str):
        raise TypeError(f"device 应为 torch.device 或设备名，收到 {device!r}")
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"device 应为设备名，如 'cpu'、'cuda'，收到 {device!r}") from error
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device 应为本机有的设备，收到 {str(found)!r}，而本机没有这块 GPU")
    return found


def synchronize(device: torch.device | str) -> None:
    """等设备做完已经派出的运算；在 CPU 上什么也不做。

    Args:
        device: 设备。

    Raises:
        TypeError: `device` 不是设备也不是设备名。
        ValueError: 没有叫这个名字的设备，或者本机没有这块 GPU。
    """
    _wait(as_device(device))


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def time_call(
    function: Callable[[], object],
    *,
    device: torch.device | str = "cpu",
    num_warmups: int = 3,
    num_repeats: int = 10,
) -> float:
    """一次调用的中位秒数：先热身，每次计时前后都等设备做完。

    GPU 上的运算是异步的：不同步就停表，量到的只是“派活”的时间。

    Args:
        function: 不带参数的可调用对象。
        device: 运算所在的设备。
        num_warmups: 不计时的热身次数。
        num_repeats: 计时次数，取中位数，正整数。

    Returns:
        秒。

    Raises:
        TypeError: `function` 不是函数，或 `num_warmups` 不是整数。
        ValueError: `num_repeats` 不是正整数，`num_warmups` 是负数，或没有这个设备。

    Examples:
        >>> time_call(lambda: sum(range(10))) > 0
        True
    """
    callable_("function", function)
    positive_int("num_repeats", num_repeats)
    device = as_device(device)
    for _ in range(integer("num_warmups", num_warmups)):
        function()
    seconds = []
    for _ in range(num_repeats):
        _wait(device)
        start = time.perf_counter()
        function()
        _wait(device)
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)[len(seconds) // 2]
