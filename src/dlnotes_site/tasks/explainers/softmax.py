"""Softmax：概率、交叉熵与梯度；不减最大值的照公式用单精度直算。"""

import random

import torch
import torch.nn.functional as F

from dlnotes_site.tasks.explainers.settings import Setting, log_uniform, settings


def product() -> dict:
    """各组设置与概率、损失、梯度。"""
    return {
        "cases": [{"state": one, "expected": _values(one)} for one in settings("softmax", _one)]
    }


def _one(rng: random.Random) -> Setting:
    a, b, c = (rng.uniform(-6, 6) for _ in range(3))
    return {
        "a": a, "b": b, "c": c, "label": str(rng.randrange(3)), "T": log_uniform(rng, 0.1, 10),
        "shift": rng.choice([0, 0, 50, 100, 200, -200]), "naive": rng.random() < 0.4,
    }  # fmt: skip


def _values(one: Setting) -> list[float]:
    dtype = torch.float32 if one["naive"] else torch.float64
    z = torch.tensor([one[name] + one["shift"] for name in "abc"], dtype=dtype)
    label = int(one["label"])
    if one["naive"]:
        e = (z / one["T"]).exp()
        p = e / e.sum()
        gradient = (p.double() - F.one_hot(torch.tensor(label), 3)) / one["T"]
        return [*p.tolist(), -p[label].log().item(), *gradient.tolist()]
    z.requires_grad_()
    loss = F.cross_entropy((z / one["T"])[None], torch.tensor([label]))
    loss.backward()
    return [*(z / one["T"]).softmax(0).tolist(), loss.item(), *z.grad.tolist()]
