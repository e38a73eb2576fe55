"""梯度下降与动量：`torch.optim.SGD` 走出的每一步。"""

import random

import torch

from dlnotes_site.tasks.explainers.settings import Setting, log_uniform, settings

FAR = 1e6


def product() -> dict:
    """各组设置与走过的位置。"""
    return {"cases": [{"state": one, "expected": _path(one)} for one in settings("descent", _one)]}


def _one(rng: random.Random) -> Setting:
    terrain = rng.choice(["bowl", "ravine"])
    return {
        "terrain": terrain, "lr": log_uniform(rng, 0.001, 1),
        "rho": rng.choice([0, 0.5, 0.9, 0.99]),
        "kappa": rng.randint(1, 100), "steps": rng.randint(0, 100), "x": rng.uniform(-1.5, 6),
        "y": rng.uniform(-1.5, 1.5),
    }  # fmt: skip


def _path(one: Setting) -> list[float]:
    """每一步的两个坐标；碗里第二个总是 0，飞出去就停。"""
    bowl = one["terrain"] == "bowl"
    w = torch.tensor([one["x"], 0 if bowl else one["y"]], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=one["lr"], momentum=one["rho"])
    path = w.tolist()
    for _ in range(one["steps"]):
        loss = 2.5 * (w[0] - 3) ** 2 if bowl else (w[0] ** 2 + one["kappa"] * w[1] ** 2) / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        path += w.tolist()
        if w.abs().max() > FAR:
            break
    return path
