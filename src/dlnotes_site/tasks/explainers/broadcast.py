"""广播：结果的形状，展开之后的步长，小的算出每一格。"""

import math
import random

import torch

from dlnotes_site.tasks.explainers.settings import Setting, settings

SMALL = 64


def product() -> dict:
    """各组设置与形状、步长、个数、字节，小的还有每一格与平方的平均；不能广播的是 [-1]。"""
    return {
        "cases": [{"state": one, "expected": _values(one)} for one in settings("broadcast", _one)]
    }


def _one(rng: random.Random) -> Setting:
    full = [rng.choice([1, 2, 3, 4, 5]) for _ in range(rng.randint(0, 4))]
    a, b = ([1 if rng.random() < 0.3 else d for d in full][rng.randint(0, len(full)) :]
            if rng.random() < 0.7 else [rng.choice([0, 1, 3, 4]) for _ in range(rng.randint(0, 3))]
            for _ in range(2))  # fmt: skip
    return {
        "a": ", ".join(map(str, a)),
        "b": ", ".join(map(str, b)),
        "op": rng.choice(["add", "sub"]),
    }


def _values(one: Setting) -> list[float]:
    tensors = []
    for name in "ab":
        shape = [int(text) for text in one[name].split(",") if text.strip()]
        tensors.append(torch.arange(1.0, 1 + math.prod(shape)).double().reshape(shape))
    try:
        shape = torch.broadcast_shapes(*(t.shape for t in tensors))
    except RuntimeError:
        return [-1]
    a, b = (t.expand(shape) for t in tensors)
    strides = [[s if d > 1 else 0 for s, d in zip(t.stride(), shape, strict=True)] for t in (a, b)]
    values = a + b if one["op"] == "add" else a - b
    found = [*shape, *strides[0], *strides[1], values.numel(), values.float().nbytes]
    if 0 < values.numel() <= SMALL:
        found += [*values.flatten().tolist(), values.square().mean().item()]
    return found
