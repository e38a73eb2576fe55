"""消融实验：数据与预算不变，一次只改网络的一处，看准确率变多少。

每个变体用同样的办法选学习率，用同一批种子训练；差别按种子配对，由符号翻转检验判断。
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dlnotes._core.check import callable_, flag, positive_int, sequence, shown
from dlnotes._core.text import display_width, pad
from dlnotes.training._batches import pair
from dlnotes.training._checks import check_data
from dlnotes.training.comparisons import Comparison, check_margin, compare_all
from dlnotes.training.evaluation import accuracy
from dlnotes.training.loop import OptimizerLike
from dlnotes.training.many import GridEdgeWarning, SeedRuns, fit_seeds, listed_rates
from dlnotes.training.statistics import summarize

__all__ = ["AblationTable", "ablate"]

Data = tuple[Tensor, Tensor]

Maker = Callable[[int], nn.Module]

HEADERS = ("变体", "参数", "学习率", "训练", "测试 ± 标准差", "与基线之差", "95% BCa 区间",
           "p（Holm）", "判断")  # fmt: skip


@dataclass(frozen=True, eq=False)
class AblationTable:
    """消融实验的结果；第一个变体是基线。

    Attributes:
        names: 各变体的名字，共 V 个。
        seeds: 种子，共 S 个。
        lrs: 各变体选中的学习率。
        num_params: 各变体的参数个数。
        train: 最后一轮的训练准确率，形状 (V, S)。
        test: 测试准确率，形状 (V, S)。
        margin: 小于它的差别就算相当；`None` 表示没有事先说定。
    """

    names: list[str]
    seeds: list[int]
    lrs: list[float]
    num_params: list[int]
    train: Float[Tensor, "V S"]
    test: Float[Tensor, "V S"]
    margin: float | None = None

    def mean(self, name: str) -> float:
        """一个变体的平均测试准确率。"""
        return self.test[self._row(name)].mean().item()

    def difference(self, name: str) -> Float[Tensor, " S"]:
        """一个变体与基线的测试准确率之差，按种子配对，形状 (S,)；正数表示比基线高。"""
        return self.test[self._row(name)] - self.test[0]

    def comparison(self, name: str) -> Comparison:
        """一个变体与基线的比较，按表里的全部变体做了 Holm 修正；基线自己没有。"""
        if self._row(name) == 0:
            raise ValueError(f"name 应为基线之外的变体，收到基线 {name!r}")
        return self._comparisons[name]

    def verdict(self, name: str) -> str:
        """`基线`、`更高`、`更低`、`相当`、`分不出` 之一，见 `Comparison.verdict`。"""
        return "基线" if self._row(name) == 0 else self.comparison(name).verdict

    def __str__(self) -> str:
        table = [HEADERS, *map(self._cells, self.names)]
        widths = [max(map(display_width, column)) for column in zip(*table, strict=True)]
        aligned = (0, 1, 1, 1, 1, 1, 1, 1, 0)
        return "\n".join("  ".join(map(pad, row, widths, aligned)).rstrip() for row in table)

    @cached_property
    def _comparisons(self) -> dict[str, Comparison]:
        return compare_all(dict(zip(self.names, self.test, strict=True)), margin=self.margin)

    def _row(self, name: str) -> int:
        if name not in self.names:
            raise ValueError(f"name 应为 {'、'.join(self.names)} 之一，收到 {name!r}")
        return self.names.index(name)

    def _cells(self, name: str) -> tuple[str, ...]:
        row = self._row(name)
        mean, std, _ = summarize(self.test[row])
        shared = (name, f"{self.num_params[row]:,}", f"{self.lrs[row]:g}",
                  f"{self.train[row].mean():.3f}", f"{mean:.3f} ± {std:.3f}")  # fmt: skip
        if row == 0:
            return (*shared, "", "", "", "基线")
        found = self.comparison(name)
        low, high = found.interval
        return (*shared, f"{found.mean_difference:+z.3f}", f"[{low:+z.3f}, {high:+z.3f}]",
                f"{found.p_holm:.3f}", found.conclusion)  # fmt: skip


def ablate(
    variants: dict[str, Maker],
    data: Data | Callable[[int], Data],
    test: Data,
    *,
    seeds: Sequence[int],
    lr: float | Sequence[float],
    num_epochs: int,
    valid: Data | Callable[[int], Data] | None = None,
    num_search: int = 2,
    optimizer: OptimizerLike = "adam",
    schedule: Callable[[int], float] | None = None,
    batch_size: int | None = None,
    device: torch.device | str | None = None,
    margin: float | None = None,
    allow_edge: bool = False,
    **options,
) -> AblationTable:
    """每个变体换许多种子各训练一遍，与第一个变体比。

    给一串学习率时，先用前 `num_search` 个种子把每个学习率各训练一遍，取验证集上平均准确率
    最高的；测试集不参与选择。所有变体用同样的候选学习率、同样的种子、同样的轮数。
    训练用 `fit_seeds`，与逐个种子调用 `fit(…, seed=seed)` 的结果相同。

    Args:
        variants: 名字到 `make_model(seed)`；第一个是基线，其余各改一处。
        data: 训练集 `(X, y)`；或 `data(seed)`，每个种子一份。
        test: 测试集 `(X, y)`。
        seeds: 种子，至少两个；决定初始化、小批量的次序、丢弃与增强的随机数。
        lr: 学习率，或者一串候选的学习率。
        num_epochs: 轮数。
        valid: 验证集，写法同 `data`；`lr` 是一串时必须给出，只用来选学习率。
        num_search: 选学习率时用前几个种子。
        optimizer: 名字或优化器类。
        schedule: 学习率计划，同 `fit`。
        batch_size: 小批量的样本数；`None` 表示全批量。
        device: 训练所在的设备；省略时取网络造出来时所在的设备。
        margin: 准确率差得比它小就算相当，要在看到结果之前定；省略时不下“相当”的判断。
        allow_edge: 为 `True` 时，选中的学习率在网格的一端也不警告。
        **options: 传给 `fit_seeds` 的其他选项，如优化器的 `momentum`、`weight_decay`。

    Returns:
        结果的表。

    Raises:
        TypeError: 数据不是两个张量，或者 `optimizer` 是优化器对象。
        ValueError: 变体少于两个，种子少于两个或有重复，没有学习率，一串学习率而没有验证集，
            `num_search` 超过种子数，或者 `fit_seeds` 会报的错。

    Examples:
        >>> from dlnotes.data import spiral
        >>> from dlnotes.models import mlp
        >>> table = ablate({"ReLU": lambda seed: mlp([2, 20, 3], seed=seed),
        ...                 "没有激活函数": lambda seed: mlp([2, 20, 3], None, seed=seed)},
        ...                spiral(50, seed=0), spiral(50, seed=1), seeds=range(6), lr=0.05,
        ...                num_epochs=50)
        >>> table.verdict("没有激活函数")
        '更低'
    """
    seeds, lrs = sequence("seeds", seeds), listed_rates(lr)
    _check(variants, test, seeds, lrs, valid, num_search)
    check_margin(margin)
    flag("allow_edge", allow_edge)
    train = partial(fit_seeds, data=data, num_epochs=num_epochs, optimizer=optimizer,
                    schedule=schedule, batch_size=batch_size, device=device, **options)  # fmt: skip
    picked, sizes, results = [], [], []
    for name, make in variants.items():
        best, parts, rest = lrs[0], [], seeds
        if len(lrs) > 1:
            runs = train(make, seeds=seeds[:num_search], lr=lrs, valid=valid, eval_every=num_epochs)
            row = _best_row(name, runs, allow_edge)
            best, parts, rest = lrs[row], [_accuracies(runs, row, test)], seeds[num_search:]
        if rest:
            runs = train(make, seeds=rest, lr=best)
            parts.append(_accuracies(runs, 0, test))
        picked.append(best)
        sizes.append(sum(p.numel() for p in runs.models[0][0].parameters()))
        results.append(torch.cat(parts, dim=1))
    return AblationTable(list(variants), seeds, picked, sizes, *torch.stack(results, dim=1), margin)


def _accuracies(runs: SeedRuns, row: int, test: Data) -> Float[Tensor, "2 S"]:
    """第 `row` 个学习率的各个网络的训练与测试准确率；没有选中的网络不碰测试集。"""
    tested = [accuracy(model, *test) for model in runs.models[row]]
    return torch.stack(
        [runs.final("train_accuracy")[row], torch.tensor(tested, dtype=torch.float64)]
    )


def _best_row(name: str, runs: SeedRuns, allow_edge: bool) -> int:
    """验证集上最好的学习率是第几个；在网格的一端时警告，说出是哪个变体。"""
    row = runs.best("valid_accuracy", allow_edge=True)
    low, high = min(runs.lrs), max(runs.lrs)
    if not allow_edge and runs.lrs[row] in (low, high):
        warnings.warn(
            f"变体“{name}”选中的学习率 {runs.lrs[row]:g} 在网格的一端（{low:g} 到 {high:g}），"
            "更好的值也许在外面：请把网格放宽，或者写明 allow_edge=True",
            GridEdgeWarning,
            stacklevel=3,
        )
    return row


def _check(variants, test, seeds, lrs, valid, num_search) -> None:
    if not isinstance(variants, dict):
        raise TypeError(f"variants 应为名字到 make_model 的字典，收到 {shown(variants)}")
    if len(variants) < 2:
        raise ValueError(f"variants 应至少有基线和一个变体，收到 {list(variants)!r}")
    for name, make in variants.items():
        callable_(f"variants[{name!r}]", make)
    check_data(*pair("test", test), ("test 里的 X", "test 里的 y"))
    if valid is not None and not callable(valid):
        check_data(*pair("valid", valid), ("valid 里的 X", "valid 里的 y"))
    if len(seeds) < 2:
        raise ValueError(f"seeds 应至少有两个，收到 {seeds!r}")
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds 应互不相同，收到 {seeds!r}")
    if not lrs:
        raise ValueError("lr 应为一个数，或者一串互不相同的数，收到空的一串")
    if len(lrs) > 1 and valid is None:
        raise ValueError("lr 是一串时应给出 valid（验证集）来选，收到 valid=None")
    if not 1 <= positive_int("num_search", num_search) <= len(seeds):
        raise ValueError(f"num_search 应不超过种子数 {len(seeds)}，收到 {num_search}")
