"""计算图：两层的标量网络，每一步的值与自动微分给出的梯度。"""

import random

import torch

from dlnotes_site.tasks.explainers.settings import Setting, settings


def product() -> dict:
    """各组设置与全部的值、梯度。"""
    return {"cases": [{"state": one, "expected": _values(one)} for one in settings("graph", _one)]}


def _one(rng: random.Random) -> Setting:
    return {"step": 14, **{name: round(rng.uniform(-4, 4), 1) for name in "xwbvy"}}


def _values(one: Setting) -> list[float]:
    leaf = {name: torch.tensor(one[name], dtype=torch.float64, requires_grad=True)
            for name in "xwbvy"}  # fmt: skip
    u = leaf["w"] * leaf["x"]
    z = u + leaf["b"]
    h = z.relu()
    p = leaf["v"] * h
    s = p + leaf["x"]
    e = s - leaf["y"]
    steps = [u, z, h, p, s, e, e**2]
    for step in steps:
        step.retain_grad()
    steps[-1].backward()
    return [step.item() for step in steps] + [t.grad.item() for t in (*leaf.values(), *steps)]
