"""LeNet 看字：训练笔记里的那个网络，权重舍入成半精度，算出每张特征图与概率。"""

import base64
import random

import torch
from torch import nn

from dlnotes.data import hanzi, hanzi_labels
from dlnotes.models import lenet5
from dlnotes.training import fit
from dlnotes_site.tasks.explainers.settings import Setting, settings

NUM_SAMPLES = 10
"""现成的图有几张。"""


def product() -> dict:
    """各组设置与特征图、分数、概率；权重、现成的图、类别的名字。"""
    net, center, scale = trained()
    X, y = hanzi(10, 200, split="test", seed=1)
    chosen = [(y == k).nonzero()[0].item() for k in range(NUM_SAMPLES)]
    bytes_ = (X[chosen, 0] * 255).round().to(torch.uint8)
    cases = [{"state": one, "expected": _values(net, one, bytes_, center, scale)}
             for one in settings("lenet", _one)]  # fmt: skip
    weights = {name: _base64(w.detach().half().numpy().tobytes())
               for name, w in net.named_parameters()}  # fmt: skip
    data = {
        "labels": list(hanzi_labels(10)), "truth": y[chosen].tolist(), "center": center,
        "scale": scale, "samples": [_base64(image.numpy().tobytes()) for image in bytes_],
        "weights": weights,
    }  # fmt: skip
    return {"cases": cases, "data": data}


def trained() -> tuple[nn.Module, float, float]:
    """训练好、权重舍入成半精度的网络（双精度地算），以及输入的平均与标准差。"""
    X, y = hanzi(10, 1500)
    center, scale = X.mean().item(), X.std().item()
    net = lenet5(activation=nn.ReLU, pool=nn.MaxPool2d, seed=0)
    fit(net, (X - center) / scale, y, lr=0.003, num_epochs=8, batch_size=50, seed=0)
    return net.half().double(), center, scale


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _one(rng: random.Random) -> Setting:
    maps = rng.choice(["pooled", "convolved"])
    if rng.random() < 0.4:
        return {"sample": str(rng.randrange(NUM_SAMPLES)), "ink": "", "maps": maps}
    # 一笔随便画的折线
    ink, i, j = torch.zeros(32, 32, dtype=torch.int), 16, 16
    for _ in range(120):
        i, j = (min(max(at + rng.choice([-1, 0, 1]), 0), 31) for at in (i, j))
        ink[i, j] = 1
    return {"sample": "own", "ink": _hex(ink), "maps": maps}


def _hex(ink: torch.Tensor) -> str:
    return "".join(f"{int(''.join(map(str, four)), 2):x}" for four in ink.reshape(-1, 4).tolist())


def _pixels(one: Setting, samples: torch.Tensor) -> torch.Tensor:
    if one["sample"] != "own":
        return samples[int(one["sample"])].double() / 255
    bits = [int(bit) for digit in one["ink"] for bit in f"{int(digit, 16):04b}"]
    ink = torch.tensor(bits, dtype=torch.float64).reshape(1, 1, 32, 32)
    blur = torch.tensor([1.0, 2, 1], dtype=torch.float64)
    blur = (blur[:, None] * blur / 16)[None, None]
    return 0.15 + 0.75 * torch.nn.functional.conv2d(ink, blur, padding=1)[0, 0]


@torch.no_grad()
def _values(
    net: nn.Module, one: Setting, samples: torch.Tensor, center: float, scale: float
) -> list[float]:
    X = ((_pixels(one, samples) - center) / scale)[None, None]
    means = [net.features[:end](X).mean((2, 3)) for end in (2, 5)]  # ReLU 之后，各张图的平均
    s2, s4, scores = net.features[:3](X), net.features(X), net(X)
    found = (*means, s2, s4, scores, scores.softmax(1))
    return [value for t in found for value in t.flatten().tolist()]
