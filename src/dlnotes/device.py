"""选择计算设备，并正确地计时。"""

import os
import time
from collections.abc import Callable

import torch

__all__ = ["describe", "device", "synchronize", "time_call"]


def device() -> torch.device:
    """本机最合适的设备：先 CUDA，再 MPS，否则 CPU。

    环境变量 `DLNOTES_DEVICE`（例如 `cpu`、`cuda`、`cuda:1`）优先于自动选择。

    Returns:
        一个 `torch.device`。

    Raises:
        ValueError: `DLNOTES_DEVICE` 不是设备名，或者本机没有这个设备。

    Examples:
        >>> device().type in {"cpu", "cuda", "mps"}
        True
    """
    wanted = os.environ.get("DLNOTES_DEVICE", "").strip()
    if wanted:
        return _checked(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _checked(name: str) -> torch.device:
    try:
        found = torch.device(name)
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"环境变量 DLNOTES_DEVICE={name!r} 不可用：应为本机有的设备名，"
            f"如 'cpu'、'cuda'（{error}）"
        ) from error
    return found


def describe(where: torch.device | str | None = None) -> str:
    """设备的中文说明，例如 `CPU` 或 `GPU（NVIDIA H200）`。

    Args:
        where: 设备；省略时取 `device()`。

    Returns:
        一小段文字。

    Examples:
        >>> describe("cpu")
        'CPU'
    """
    where = torch.device(where) if where is not None else device()
    if where.type == "cuda":
        return f"GPU（{torch.cuda.get_device_name(where)}）"
    return where.type.upper()


def synchronize(where: torch.device | str) -> None:
    """等设备做完已经派出的运算；在 CPU 上什么也不做。

    Args:
        where: 设备。
    """
    where = torch.device(where)
    if where.type == "cuda":
        torch.cuda.synchronize(where)
    elif where.type == "mps":
        torch.mps.synchronize()


def time_call(
    function: Callable[[], object],
    *,
    where: torch.device | str = "cpu",
    num_warmups: int = 3,
    num_repeats: int = 10,
) -> float:
    """一次调用的中位秒数：先热身，每次计时前后都等设备做完。

    GPU 上的运算是异步的：不同步就停表，量到的只是“派活”的时间。

    Args:
        function: 不带参数的可调用对象。
        where: 运算所在的设备。
        num_warmups: 不计时的热身次数。
        num_repeats: 计时次数，取中位数，正整数。

    Returns:
        秒。

    Raises:
        ValueError: `num_repeats` 小于 1。

    Examples:
        >>> time_call(lambda: sum(range(10))) > 0
        True
    """
    if num_repeats < 1:
        raise ValueError(f"num_repeats 应为正整数，收到 {num_repeats!r}")
    for _ in range(num_warmups):
        function()
    seconds = []
    for _ in range(num_repeats):
        synchronize(where)
        start = time.perf_counter()
        function()
        synchronize(where)
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)[len(seconds) // 2]
