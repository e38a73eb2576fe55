"""训练场的训练：把一批设置各训练一遍，取出每一步的准确率、损失和决策区域。

每一组（同样的激活函数、优化器、宽度、点数）是一次 `fit_seeds`，数据与设置和螺旋分类那一页相同。
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlnotes.data import spiral
from dlnotes.models import mlp
from dlnotes.training import fit_seeds, make_optimizer
from dlnotes_site.playground.replay import Playback

ACTIVATIONS = {"none": None, "relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
OPTIMIZERS = {"sgd": ("sgd", {}), "momentum": ("sgd", {"momentum": 0.9}), "adam": ("adam", {})}
LRS = {"sgd": (1e-3, 1e-2, 1e-1, 1.0, 10.0), "momentum": (1e-3, 1e-2, 1e-1, 1.0, 10.0),
       "adam": (1e-3, 1e-2, 1e-1, 1.0)}  # fmt: skip
RECIPES = (("sgd", 1e-3), ("sgd", 1.0), ("momentum", 0.1), ("adam", 1e-3), ("adam", 1e-2))
"""螺旋分类“同一个 ReLU 网络，五种训练法”那一节的五种。"""

NUM_STEPS = 1000
STEPS = (1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 600, 800, NUM_STEPS)
"""回放的各帧：第几步的前向传播用的网络，也就是更新了 step − 1 次的网络。"""
CURVE = tuple(sorted({*STEPS, *range(20, NUM_STEPS + 1, 20)}))
"""损失曲线取的步，各帧都在其中。"""
SIZE, EXTENT = 90, 1.1
"""决策区域每边几格；格子铺满 [−EXTENT, EXTENT]。"""
NUM_TEST = 500
"""测试集每类的点数。"""
MAX_POINTS = 200
"""散点图每类最多画几个点。"""


@dataclass(frozen=True)
class Group:
    """一次 `fit_seeds` 算的一组。"""

    activation: str
    optimizer: str
    lrs: tuple[float, ...]
    width: int
    num_per_class: int
    noises: tuple[float, ...]
    seeds: tuple[int, ...]

    @property
    def cases(self) -> list[tuple[float, int]]:
        """噪声与种子的全部组合。"""
        return [(noise, seed) for noise in self.noises for seed in self.seeds]

    def train_data(self, noise: float, seed: int) -> tuple[Tensor, Tensor]:
        """训练集，与螺旋分类那一页相同。"""
        return spiral(self.num_per_class, noise=noise, seed=100 + seed)

    def test_data(self, noise: float, seed: int) -> tuple[Tensor, Tensor]:
        """测试集，与螺旋分类那一页相同。"""
        return spiral(NUM_TEST, noise=noise, seed=200 + seed)

    def name(self, lr: float, noise: float, seed: int) -> str:
        """一次训练的名字，`playground.js` 也这样拼。"""
        parts = (self.activation, self.optimizer, f"{lr:g}", self.width, self.num_per_class,
                 f"{noise:g}", seed)  # fmt: skip
        return ",".join(map(str, parts))


def _groups() -> list[Group]:
    table = [Group("relu", optimizer, (lr,), 100, 1000, (0.2,), tuple(range(10)))
             for optimizer, lr in RECIPES]  # fmt: skip
    linear = [Group("none", name, (1e-3,), 100, 1000, (0.2,), (0, 1, 2))
              for name in ("sgd", "adam")]  # fmt: skip
    small = [Group(activation, optimizer, lrs, width, 50, (0.2, 0.6), (0, 1, 2))
             for width in (100, 10) for activation in ACTIVATIONS
             for optimizer, lrs in LRS.items()]  # fmt: skip
    return [*table, *small, *linear]


GROUPS = _groups()
"""全部的组，慢的在前。"""


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
        lambda i: _network(group, cases[i][1]), lambda i: group.train_data(*cases[i]),
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
    X, y = (part.to(where) for part in group.test_data(*case))
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
    X, _ = group.train_data(noise, seed)
    every = max(1, group.num_per_class // MAX_POINTS)
    return (X[::every] * 500).round().long().flatten().tolist()
