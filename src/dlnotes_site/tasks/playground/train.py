"""训练场的训练：把一组设置各训练一遍，取出每一步的准确率、损失和决策区域。

每一组（同样的激活函数、优化器、宽度、点数）是一次 `fit_seeds`，数据与设置和螺旋分类那一页相同。
"""

import json
import os

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlnotes.data import spiral
from dlnotes.models import mlp
from dlnotes.training import fit_seeds, make_optimizer
from dlnotes_site.tasks.playground.groups import (
    CURVE,
    EXTENT,
    MAX_POINTS,
    NUM_STEPS,
    NUM_TEST,
    OPTIMIZERS,
    SIZE,
    STEPS,
    Group,
)
from dlnotes_site.tasks.playground.replay import Playback, encode

ACTIVATIONS = {"none": None, "relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


def product_of(group: Group) -> str:
    """一组的数据，JSON 文字：各次训练的回放与散点图的点。"""
    where = os.environ.get("DLNOTES_DEVICE", "cpu")
    runs = {name: encode(playback) for name, playback in playbacks(group, where).items()}
    shown = {f"{group.num_per_class},{noise:g},{seed}": points(group, noise, seed)
             for noise, seed in group.cases}  # fmt: skip
    return json.dumps({"runs": runs, "points": shown}, sort_keys=True)


def train_data(group: Group, noise: float, seed: int) -> tuple[Tensor, Tensor]:
    """训练集，与螺旋分类那一页相同。"""
    return spiral(group.num_per_class, noise=noise, seed=100 + seed)


def test_data(group: Group, noise: float, seed: int) -> tuple[Tensor, Tensor]:
    """测试集，与螺旋分类那一页相同。"""
    return spiral(NUM_TEST, noise=noise, seed=200 + seed)


# --- 训练 ----------------------------------------------------------------------------------------


class Recorder:
    """优化器的工厂：在 `STEPS` 各步更新之前，记下全部参数。"""

    def __init__(self, name: str):
        self.name = name
        self.chunks: list[list[list[Tensor]]] = []

    def __call__(self, params, **options) -> torch.optim.Optimizer:
        """造出优化器；`fit_seeds` 每叠一批网络调用一次。"""
        params, frames, step = list(params), [], 0
        self.chunks.append(frames)
        rule = make_optimizer(self.name, params, **options)

        def keep(*_):
            nonlocal step
            step += 1
            if step in STEPS:
                frames.append([p.detach().clone() for p in params])

        rule.register_step_pre_hook(keep)
        return rule

    def copies(self) -> list[list[list[Tensor]]]:
        """各个网络各帧的参数；叠在一起算的拆开。"""
        found = []
        for frames in self.chunks:
            if frames[0][0].dim() == 2:
                found.append(frames)
                continue
            found += [[[p[i] for p in frame] for frame in frames] for i in range(len(frames[0][0]))]
        return found


def train(group: Group, where: str = "cpu"):
    """训练一组；返回 `SeedRuns` 与各个网络各帧的参数，次序是学习率、噪声、种子。"""
    name, options = OPTIMIZERS[group.optimizer]
    recorder, cases = Recorder(name), group.cases
    runs = fit_seeds(
        lambda i: _network(group, cases[i][1]), lambda i: train_data(group, *cases[i]),
        seeds=range(len(cases)), lr=list(group.lrs), num_epochs=NUM_STEPS, optimizer=recorder,
        weight_decay=1e-5, progress=False, device=where, stack=True, **options,
    )  # fmt: skip
    return runs, recorder.copies()


def _network(group: Group, seed: int = 0) -> nn.Sequential:
    return mlp([2, group.width, 3], ACTIVATIONS[group.activation], seed=seed)


def cells() -> Tensor:
    """格点中心的坐标，形状 (SIZE², 2)，一行一行从上往下。"""
    centres = ((torch.arange(SIZE) + 0.5) / SIZE * 2 - 1) * EXTENT
    rows, columns = torch.meshgrid(centres.flip(0), centres, indexing="ij")
    return torch.stack([columns, rows], dim=-1).reshape(-1, 2)


def playbacks(group: Group, where: str = "cpu") -> dict[str, Playback]:
    """一组里每次训练的回放。"""
    runs, copies = train(group, where)
    found, cases = {}, group.cases
    for g, lr in enumerate(group.lrs):
        for s, case in enumerate(cases):
            curves = runs.train_loss[g, s], runs.train_accuracy[g, s]
            found[group.name(lr, *case)] = _playback(
                group, case, copies[g * len(cases) + s], *curves, where
            )
    return found


@torch.no_grad()
def _playback(group, case, frames, losses, accuracies, where) -> Playback:
    X, y = (part.to(where) for part in test_data(group, *case))
    points = torch.cat([cells().to(where), X])
    model = _network(group).to(where)
    labels, correct, valid_loss = [], [], []
    for values in frames:
        for parameter, value in zip(model.parameters(), values, strict=True):
            parameter.copy_(value)
        y_hat = model(points)
        labels.append(y_hat[: SIZE**2].argmax(dim=1).view(SIZE, SIZE).to(torch.uint8).cpu())
        correct.append(int((y_hat[SIZE**2 :].argmax(dim=1) == y).sum()))
        valid_loss.append(F.cross_entropy(y_hat[SIZE**2 :], y).item())
    at, n = torch.tensor(STEPS) - 1, 3 * group.num_per_class
    return Playback((accuracies[at] * n).round().long().tolist(), correct, valid_loss,
                    losses[torch.tensor(CURVE) - 1].tolist(),
                    torch.stack(labels).numpy())  # fmt: skip


def points(group: Group, noise: float, seed: int) -> list[int]:
    """散点图要画的点：坐标乘 500 取整，依次是各类的 x、y；点多时等间隔地挑。"""
    X, _ = train_data(group, noise, seed)
    every = max(1, group.num_per_class // MAX_POINTS)
    return (X[::every] * 500).round().long().flatten().tolist()
