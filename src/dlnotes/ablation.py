"""消融实验：数据与预算不变，一次只改网络的一处，看准确率变多少。

每个变体用同样的办法选学习率，用同一批种子训练；差别按种子配对，再给出 95% 置信区间。
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor, nn

from dlnotes._check import positive_int
from dlnotes.data import augment
from dlnotes.init import init_model_
from dlnotes.models.summary import _display_width, _pad
from dlnotes.seeds import summarize
from dlnotes.training import OptimizerLike, accuracy, fit

__all__ = ["AblationTable", "Augmented", "ablate", "draw_ablation", "maker"]

Data = tuple[Tensor, Tensor]
Maker = Callable[[int], nn.Module]
HEADERS = ("变体", "参数", "学习率", "训练", "测试 ± 标准差", "与基线之差", "95% 置信区间", "判断")


@dataclass(frozen=True)
class AblationTable:
    """消融实验的结果；第一个变体是基线。

    Attributes:
        names: 各变体的名字，共 V 个。
        seeds: 种子，共 S 个。
        lrs: 各变体选中的学习率。
        num_params: 各变体的参数个数。
        train: 最后一轮的训练准确率，形状 (V, S)。
        test: 测试准确率，形状 (V, S)。
    """

    names: list[str]
    seeds: list[int]
    lrs: list[float]
    num_params: list[int]
    train: Float[Tensor, "V S"]
    test: Float[Tensor, "V S"]

    def mean(self, name: str) -> float:
        """一个变体的平均测试准确率。"""
        return self.test[self._row(name)].mean().item()

    def difference(self, name: str) -> Float[Tensor, " S"]:
        """一个变体与基线的测试准确率之差，按种子配对，形状 (S,)；正数表示比基线高。"""
        return self.test[self._row(name)] - self.test[0]

    def interval(self, name: str) -> tuple[float, float]:
        """平均差的 95% 置信区间。"""
        mean, _, half = summarize(self.difference(name))
        return mean - half, mean + half

    def p_value(self, name: str) -> float:
        """配对 t 检验的双侧 p 值：若真的没有差别，差到这个程度的概率。"""
        from scipy.stats import t

        mean, sd, _ = summarize(self.difference(name))
        if sd == 0:
            return 1.0 if mean == 0 else 0.0
        return float(2 * t.sf(abs(mean) / sd * math.sqrt(len(self.seeds)), len(self.seeds) - 1))

    def verdict(self, name: str) -> str:
        """`基线`、`更高`、`更低`、`也许更高`、`也许更低`、`分不清` 之一。

        p 值小于 0.05 除以比较的次数（Bonferroni 修正）才算有差别；只小于 0.05 的，记作“也许”：
        比较的次数一多，总有几个会碰巧小于 0.05。
        """
        if self._row(name) == 0:
            return "基线"
        p, higher = self.p_value(name), self.difference(name).mean() > 0
        if p >= 0.05:
            return "分不清"
        sure = p < 0.05 / (len(self.names) - 1)
        return ("" if sure else "也许") + ("更高" if higher else "更低")

    def print(self) -> None:
        """把整张表印出来。"""
        print(self)

    def __str__(self) -> str:
        table = [HEADERS, *map(self._cells, self.names)]
        widths = [max(map(_display_width, column)) for column in zip(*table, strict=True)]
        aligned = (0, 1, 1, 1, 1, 1, 1, 0)
        return "\n".join("  ".join(map(_pad, row, widths, aligned)).rstrip() for row in table)

    def _row(self, name: str) -> int:
        if name not in self.names:
            raise ValueError(f"name 应为 {'、'.join(self.names)} 之一，收到 {name!r}")
        return self.names.index(name)

    def _cells(self, name: str) -> tuple[str, ...]:
        row = self._row(name)
        mean, sd, _ = summarize(self.test[row])
        shared = (name, f"{self.num_params[row]:,}", f"{self.lrs[row]:g}",
                  f"{self.train[row].mean():.3f}", f"{mean:.3f} ± {sd:.3f}")  # fmt: skip
        if row == 0:
            return (*shared, "", "", "基线")
        low, high = self.interval(name)
        difference = self.difference(name).mean()
        return (*shared, f"{difference:+.3f}", f"[{low:+.3f}, {high:+.3f}]", self.verdict(name))


class Augmented(nn.Module):
    """训练时先做数据增强、再交给网络；评估时原样交给网络。

    增强的随机数取自 PyTorch 的全局状态，所以先 `torch.manual_seed` 就能重现。

    Args:
        model: 吃图像的网络。
        **options: 交给 `dlnotes.data.augment` 的强度：`crop`、`flip`、`brightness`。

    Examples:
        >>> model = Augmented(nn.Flatten(), crop=1)
        >>> X = torch.rand(2, 1, 8, 8)
        >>> bool((model.eval()(X) == X.flatten(1)).all())
        True
    """

    def __init__(self, model: nn.Module, **options) -> None:
        super().__init__()
        self.model, self.options = model, options

    def forward(self, X: Float[Tensor, "B C H W"]) -> Tensor:
        """训练时增强，评估时不增强。"""
        if self.training:
            X = augment(X, torch.default_generator, **self.options)
        return self.model(X)


def maker(
    network: Callable[..., nn.Module],
    *,
    init: str = "kaiming_normal",
    augmentation: dict[str, float] | None = None,
    **settings,
) -> Maker:
    """由造网络的函数与它的开关得到 `make_model(seed)`，供 `ablate` 使用。

    Args:
        network: 造网络的函数，如 `dlnotes.models.alexnet_small`。
        init: 初始化方案，`dlnotes.init.SCHEMES` 里的名字；偏置取 0。
        augmentation: 数据增强的强度，如 `{"crop": 1}`；`None` 表示不增强。
        **settings: 传给 `network` 的开关。

    Returns:
        由种子造出网络的函数；种子相同，参数就相同。

    Examples:
        >>> from dlnotes.models import lenet5
        >>> make_model = maker(lenet5, init="xavier_normal", image_size=16)
        >>> bool((make_model(0).features[0].weight == make_model(0).features[0].weight).all())
        True
    """

    def make_model(seed: int) -> nn.Module:
        model = init_model_(network(**settings), init, torch.Generator().manual_seed(seed))
        return Augmented(model, **augmentation) if augmentation else model

    return make_model


def ablate(
    variants: dict[str, Maker],
    data: Data | Callable[[int], Data],
    test: Data,
    *,
    seeds: Sequence[int],
    lr: float | Sequence[float],
    num_epochs: int,
    valid: Data | None = None,
    num_search: int = 2,
    optimizer: OptimizerLike = "adam",
    batch_size: int | None = None,
    device: torch.device | str | None = None,
    **options,
) -> AblationTable:
    """每个变体换许多种子各训练一遍，与第一个变体比。

    给一串学习率时，先用前 `num_search` 个种子把每个学习率各训练一遍，取验证集上平均准确率
    最高的；测试集不参与选择。所有变体用同样的学习率、同样的种子、同样的轮数。

    Args:
        variants: 名字到 `make_model(seed)`；第一个是基线，其余各改一处。
        data: 训练集 `(X, y)`；或 `data(seed)`，每个种子一份。
        test: 测试集 `(X, y)`。
        seeds: 种子，至少两个；决定初始化、小批量的次序、丢弃与增强的随机数。
        lr: 学习率，或者一串候选的学习率。
        num_epochs: 轮数。
        valid: 验证集 `(X, y)`，`lr` 是一串时必须给出。
        num_search: 选学习率时用前几个种子。
        optimizer: 名字或优化器类。
        batch_size: 小批量的样本数；`None` 表示全批量。
        device: 训练所在的设备；省略时取网络造出来时所在的设备。
        **options: 传给优化器的选项（学习率除外）。

    Returns:
        结果的表。

    Raises:
        ValueError: 变体少于两个，种子少于两个或有重复，没有学习率，一串学习率而没有验证集，
            或者 `num_search` 超过种子数。

    Examples:
        >>> from dlnotes.data import spiral
        >>> from dlnotes.models import mlp
        >>> table = ablate({"ReLU": lambda seed: mlp([2, 20, 3], seed=seed),
        ...                 "没有激活函数": lambda seed: mlp([2, 20, 3], None, seed=seed)},
        ...                spiral(50, seed=0), spiral(50, seed=1), seeds=range(3), lr=0.05,
        ...                num_epochs=50)
        >>> table.mean("ReLU") > table.mean("没有激活函数")
        True
    """
    seeds, lrs = list(seeds), [lr] if isinstance(lr, int | float) else list(lr)
    _check(variants, seeds, lrs, valid, num_search)
    positive_int("num_epochs", num_epochs)
    settings = dict(optimizer=optimizer, num_epochs=num_epochs, batch_size=batch_size, **options)
    picked, sizes, results = [], [], []
    for make in variants.values():
        done = {
            (rate, seed): _train(make, data, test, valid, seed, rate, device, settings)
            for rate in lrs
            for seed in seeds[: num_search if len(lrs) > 1 else 0]
        }
        best = _best_lr(lrs, done)
        for seed in seeds:
            if (best, seed) not in done:
                done[best, seed] = _train(make, data, test, None, seed, best, device, settings)
        picked.append(best)
        sizes.append(sum(p.numel() for p in make(seeds[0]).parameters()))
        results.append([done[best, seed][:2] for seed in seeds])
    train, tested = torch.tensor(results, dtype=torch.float64).unbind(-1)
    return AblationTable(list(variants), seeds, picked, sizes, train, tested)


def draw_ablation(table: AblationTable, ax: Axes | None = None) -> Axes:
    """各变体与基线之差的点图：小点是各种子，大点是平均，横线是 95% 置信区间。

    Args:
        table: `ablate` 的结果。
        ax: 画在哪里；省略时新开一张图。

    Returns:
        画好的 Axes，横轴是百分点，一个变体一行，从上到下与 `variants` 同序。
    """
    from dlnotes.plotting import LIGHT, subplots

    names = table.names[1:]
    if ax is None:
        _, ax = subplots(size=(6.4, 1.2 + 0.42 * len(names)))
    ax.axvline(0, color=LIGHT["muted"], linewidth=1, linestyle=":")
    for row, name in enumerate(names):
        values, (low, high) = 100 * table.difference(name), table.interval(name)
        ax.plot(values, [row] * len(values), linestyle="", marker="o", markersize=3, alpha=0.4,
                color=LIGHT["muted"])  # fmt: skip
        sure = table.verdict(name) in ("更高", "更低")
        ax.plot([100 * low, 100 * high], [row, row], color=LIGHT["blue"], linestyle="-",
                linewidth=2.5, marker="")  # fmt: skip
        ax.plot(values.mean(), row, linestyle="", marker="o", markersize=9, color=LIGHT["blue"],
                markerfacecolor=LIGHT["blue" if sure else "paper"])  # fmt: skip
    ax.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    ax.set_xlabel(f"测试准确率与“{table.names[0]}”之差（百分点）")
    ax.grid(visible=False, axis="y")
    return ax


def _train(make, data, test, valid, seed, lr, device, settings) -> tuple[float, float, float]:
    """训练一个网络，返回训练、测试、验证准确率。"""
    model = make(seed).to(device)
    where = next(model.parameters()).device
    with torch.random.fork_rng([where] if where.type == "cuda" else []):
        torch.manual_seed(seed)  # 丢弃与增强的随机数
        X, y = data(seed) if callable(data) else data
        history = fit(model, X, y, lr=lr, seed=seed, progress=False, **settings)
    validated = math.nan if valid is None else accuracy(model, *valid)
    return history.train_accuracy[-1], accuracy(model, *test), validated


def _best_lr(lrs: list[float], done: dict) -> float:
    if len(lrs) == 1:
        return lrs[0]
    return max(lrs, key=lambda rate: sum(v[2] for (lr, _), v in done.items() if lr == rate))


def _check(variants, seeds, lrs, valid, num_search) -> None:
    if len(variants) < 2:
        raise ValueError(f"variants 应至少有基线和一个变体，收到 {list(variants)!r}")
    if len(seeds) < 2 or len(set(seeds)) != len(seeds):
        raise ValueError(f"seeds 应至少有两个，且互不相同，收到 {seeds!r}")
    if not lrs or any(rate < 0 for rate in lrs):
        raise ValueError(f"lr 应为不小于 0 的数或一串这样的数，收到 {lrs!r}")
    if len(lrs) > 1 and valid is None:
        raise ValueError("lr 是一串时应给出 valid（验证集）来选，收到 valid=None")
    if not 1 <= positive_int("num_search", num_search) <= len(seeds):
        raise ValueError(f"num_search 应不超过种子数 {len(seeds)}，收到 {num_search}")
