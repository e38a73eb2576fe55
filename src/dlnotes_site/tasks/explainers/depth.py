"""深度 × 激活 × 初始化：各层输出与梯度的大小，权重与浏览器里用同一串随机数。"""

import math
import random

import torch

from dlnotes_site.tasks.explainers.settings import Setting, log_uniform, settings

WIDTH, BATCH, DEEPEST = 24, 16, 24
ACTIVATIONS = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu,
               "none": lambda z: z}  # fmt: skip
_MASK = 0xFFFFFFFF


def product() -> dict:
    """各组设置与各层的大小、样本间的差别、梯度的大小。"""
    return {"cases": [{"state": one, "expected": _sizes(one)} for one in settings("depth", _one)]}


def _one(rng: random.Random) -> Setting:
    return {
        "activation": rng.choice(list(ACTIVATIONS)), "depth": rng.randint(2, DEEPEST),
        "scale": log_uniform(rng, 0.1, 10), "seed": rng.randint(0, 9),
    }  # fmt: skip


def normals(seed: int, count: int) -> torch.Tensor:
    """`count` 个标准正态数：mulberry32 取均匀数，Box–Muller 变换。

    Args:
        seed: 种子，非负整数。
        count: 个数，偶数。
    """
    state, values = seed & _MASK, []

    def uniform() -> float:
        nonlocal state
        state = (state + 0x6D2B79F5) & _MASK
        t = ((state ^ (state >> 15)) * (1 | state)) & _MASK
        t = (t + (((t ^ (t >> 7)) * (61 | t)) & _MASK)) & _MASK ^ t
        return ((t ^ (t >> 14)) + 0.5) / 2**32

    for _ in range(count // 2):
        radius, turn = math.sqrt(-2 * math.log(uniform())), 2 * math.pi * uniform()
        values += [radius * math.cos(turn), radius * math.sin(turn)]
    return torch.tensor(values, dtype=torch.float64)


def _sizes(one: Setting) -> list[float]:
    size = WIDTH * WIDTH
    drawn = normals(one["seed"], BATCH * WIDTH + WIDTH + DEEPEST * size)
    X, end, weights = drawn.split([BATCH * WIDTH, WIDTH, DEEPEST * size])
    h, before, after = X.reshape(BATCH, WIDTH), [], []
    for W in weights.reshape(DEEPEST, WIDTH, WIDTH)[: one["depth"]]:
        z = (h @ W.T * one["scale"] / math.sqrt(WIDTH)).requires_grad_()
        z.retain_grad()
        h = ACTIVATIONS[one["activation"]](z)
        before.append(z)
        after.append(h)
    (h @ end).mean().backward()
    rms = [h.square().mean().sqrt() for h in after]
    spread = [h.std(0, correction=0).mean() for h in after]
    gradient = [z.grad.square().mean().sqrt() for z in before]
    return [value.item() for value in (*rms, *spread, *gradient)]
