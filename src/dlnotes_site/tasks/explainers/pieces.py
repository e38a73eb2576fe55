"""ReLU 折线：段数与曲线；梯度下降之后的折点、斜率与偏置，由 `torch.optim.SGD` 走出。"""

import math
import random

import torch

from dlnotes_site.tasks.explainers.settings import Setting, log_uniform, settings

POINTS = 64
TARGETS = {
    "sine": lambda x: torch.sin(2 * math.pi * x),
    "peak": lambda x: 1 - (4 * x - 2).abs(),
    "wave": lambda x: ((3 * x % 1) * 4 - 2).abs() - 1,
}


def product() -> dict:
    """各组设置与段数、参数、损失、曲线。"""
    return {"cases": [{"state": one, "expected": _values(one)} for one in settings("pieces", _one)]}


def _one(rng: random.Random) -> Setting:
    units = [f"{rng.uniform(0, 1):.3f}:{rng.uniform(-8, 8):.2f}" for _ in range(rng.randint(0, 8))]
    return {
        "mode": rng.choice(["fold", "sum", "sum", "sum"]), "folds": rng.randint(1, 6),
        "target": rng.choice(["none", *TARGETS]), "lr": log_uniform(rng, 0.01, 0.5),
        "steps": rng.randint(0, 500), "bias": round(rng.uniform(-2, 2), 2),
        "units": ",".join(units),
    }  # fmt: skip


def _values(one: Setting) -> list[float]:
    return _folded(one["folds"]) if one["mode"] == "fold" else _summed(one)


def _folded(times: int) -> list[float]:
    """折 `times` 次的函数，斜率变号的地方就是折点；细格上逐段数。"""
    fine = torch.linspace(0, 1, 4 * 2**times + 1, dtype=torch.float64)
    y = fine
    for _ in range(times):
        y = 2 * y.relu() - 4 * (y - 0.5).relu()
    regions = 1 + (y.diff().sign().diff() != 0).sum().item()
    return [regions, *torch.stack([fine, y])[:, ::4].T.flatten().tolist()]


def _summed(one: Setting) -> list[float]:
    pairs = [list(map(float, unit.split(":"))) for unit in one["units"].split(",") if unit]
    c, a = torch.tensor(pairs, dtype=torch.float64).reshape(-1, 2).T.clone().requires_grad_(False)
    c, a = c.clone().requires_grad_(), a.clone().requires_grad_()
    bias = torch.tensor(one["bias"], dtype=torch.float64, requires_grad=True)
    x = torch.linspace(0, 1, POINTS, dtype=torch.float64)
    losses = []
    if one["target"] != "none":
        target = TARGETS[one["target"]](x)
        optimizer = torch.optim.SGD([c, a, bias], lr=one["lr"])
        for step in range(one["steps"] + 1):
            loss = (_sum(x, c, a, bias) - target).square().mean()
            losses.append(loss.item())
            if step == one["steps"] or not loss < 1e6:
                break
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    knots = {value for value, slope in zip(c.tolist(), a.tolist(), strict=True)
             if 0 < value < 1 and abs(slope) > 1e-9}  # fmt: skip
    units = torch.stack([c, a], 1).flatten().tolist()
    return [len(knots) + 1, *units, bias.item(), *losses[-1:], *_sum(x, c, a, bias).tolist()]


def _sum(x: torch.Tensor, c: torch.Tensor, a: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    return (x[:, None] - c).relu() @ a + bias
