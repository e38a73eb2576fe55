"""卷积：`F.conv2d` 的输出；另备一张手写的 1 与照片的一块。"""

import random

import torch
import torch.nn.functional as F

from dlnotes.data import images, patches
from dlnotes_site.tasks.explainers.settings import Setting, settings

CORNER = [[0, 0, 12, 13, 5], [0, 0, 11, 16, 9], [0, 3, 15, 16, 6], [7, 15, 16, 16, 2],
          [0, 1, 16, 16, 3]]  # fmt: skip
"""笔记开头那张图的像素。"""

KERNELS = {
    "left": [-1, 0, 1, -1, 0, 1, -1, 0, 1], "top": [-1, -1, -1, 0, 0, 0, 1, 1, 1],
    "mean": [1 / 9] * 9, "sharp": [0, -1, 0, -1, 5, -1, 0, -1, 0],
}  # fmt: skip


def product() -> dict:
    """各组设置与输出，以及两张图的像素，0 到 16 的整数。"""
    pictures = {"digit": _digit(), "photo": _photo()}
    known = {"corner": torch.tensor(CORNER, dtype=torch.float64), **pictures}
    return {
        "cases": [{"state": one, "expected": _output(one, known)}
                  for one in settings("convolution", _one)],
        "data": {name: picture.flatten().int().tolist() for name, picture in pictures.items()},
    }  # fmt: skip


def _digit() -> torch.Tensor:
    X, y = images("digits")
    return (16 * X[y == 1][0, 0]).round().double()


def _photo() -> torch.Tensor:
    X, y = patches(20, 24, contrast="normalize")
    x = X[y == 0][0, 0].double()
    return (16 * (x - x.min()) / (x.max() - x.min())).round()


def _one(rng: random.Random) -> Setting:
    kernel = rng.choice([*KERNELS, "own", "own"])
    weights = [round(rng.uniform(-3, 3), 2) for _ in range(9)]
    return {
        "image": rng.choice(["corner", "digit", "photo"]), "kernel": kernel,
        "padding": rng.randint(0, 2), "stride": rng.randint(1, 3), "dilation": rng.randint(1, 2),
        "weights": " ".join(map(str, weights)), "row": 0, "column": 0,
    }  # fmt: skip


def _output(one: Setting, pictures: dict[str, torch.Tensor]) -> list[float]:
    own = [float(text) for text in one["weights"].split()]
    kernel = torch.tensor(KERNELS.get(one["kernel"], own), dtype=torch.float64)
    output = F.conv2d(
        pictures[one["image"]][None, None], kernel.reshape(1, 1, 3, 3),
        padding=one["padding"], stride=one["stride"], dilation=one["dilation"],
    )  # fmt: skip
    return output.flatten().tolist()
