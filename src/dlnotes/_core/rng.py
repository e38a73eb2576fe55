"""随机数：全包只有这一种用法。

- 数据由 `generator_from(seed, generator)` 给出的 CPU 生成器生成。
- 造网络、训练时的一切随机数（丢弃、增强、用户自己的 `torch.rand`、`random`、NumPy）在
  `seeded(seed, devices)` 里取；出来之后全局状态与进去之前一样。
- 一个种子要分几路用（例如每一轮的次序各一路）时，用 `stream(seed, k)` 换成互不相同的种子。
"""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

TRAINING = 1_000_002
"""`stream` 里留给训练时的随机数（丢弃、增强等）的那一路；各轮的次序用 1、2、3……"""


def stream(seed: int, k: int) -> int:
    """种子 `seed` 的第 `k` 路；`0 <= k < 1_000_003` 时各种子、各路互不相同。"""
    return seed * 1_000_003 + k


def generator_from(seed: int | None, generator: torch.Generator | None) -> torch.Generator:
    """由 `seed` 或 `generator` 得到 CPU 上的随机数生成器；两者必须且只能给一个。

    要求给出种子，是为了让同一行代码在任何地方画出同一份数据。
    """
    if (seed is None) == (generator is None):
        raise ValueError(
            f"seed 与 generator 必须且只能给一个，收到 seed={seed!r}，generator={generator!r}"
        )
    if generator is None:
        return torch.Generator().manual_seed(integer_seed(seed))
    if not isinstance(generator, torch.Generator):
        raise TypeError(f"generator 应为 torch.Generator，收到 {generator!r}")
    if generator.device.type != "cpu":
        raise ValueError(f"generator 应在 CPU 上，收到 {generator.device}")
    return generator


def integer_seed(seed: object, name: str = "seed") -> int:
    """`seed` 是 0 到 2⁴⁰ 之间的整数时返回它，否则报错。"""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"{name} 应为整数，收到 {seed!r}")
    if not 0 <= seed < 2**40:
        raise ValueError(f"{name} 应在 0 与 2⁴⁰ 之间，收到 {seed!r}")
    return int(seed)


@contextmanager
def preserved(devices: Iterable[torch.device] = ()) -> Iterator[None]:
    """离开时，Python、NumPy、CPU 与 `devices` 上的随机状态都恢复原样。"""
    python, cpu = random.getstate(), torch.get_rng_state()
    numpy = np.random.get_state(legacy=False)
    states = [(d, _module(d).get_rng_state(d)) for d in _accelerators(devices)]
    try:
        yield
    finally:
        torch.set_rng_state(cpu)
        np.random.set_state(numpy)
        for device, state in states:
            _module(device).set_rng_state(state, device)
        random.setstate(python)


@contextmanager
def seeded(seed: int | None, devices: Iterable[torch.device] = ()) -> Iterator[None]:
    """在 `with` 里，一切随机数都由 `seed` 决定；离开时恢复原样。`seed` 为 `None` 时什么也不做。"""
    if seed is None:
        yield
        return
    devices = tuple(devices)
    with preserved(devices):
        accelerators = _accelerators(devices)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.default_generator.manual_seed(seed)
        for device in accelerators:
            if device.type == "cuda":
                torch.cuda.default_generators[device.index].manual_seed(seed)
            else:
                torch.mps.manual_seed(seed)
        yield


def current_devices() -> list[torch.device]:
    """此刻新建的张量会落在哪里：`with torch.device("cuda")` 里造的网络，参数从那里的随机数来。"""
    return [torch.get_default_device()]


def _accelerators(devices: Iterable[torch.device]) -> list[torch.device]:
    """`devices` 里有自己的随机状态的设备，CUDA 都带上编号：此后换了当前设备，指的仍是同一个。"""
    found = set()
    for device in devices:
        if device.type == "cuda" and device.index is None:
            device = torch.device("cuda", torch.cuda.current_device())
        if device.type in ("cuda", "mps"):
            found.add(device)
    return sorted(found, key=str)


def _module(device: torch.device):
    return getattr(torch, device.type)
