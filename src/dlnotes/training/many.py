"""同一个实验换许多种子各做一遍，并一起报告。

小网络的一次运算太短，逐个种子训练时大半时间花在派发上。能证明结果不变时，把许多份网络的参数叠成一份，
用 `torch.func` 的 `vmap` 一起算；证明不了的，老老实实用 `fit` 逐个训练。
"""

import math
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from tqdm import tqdm

from dlnotes._core.check import callable_, flag, one_of, positive_int, sequence, shown
from dlnotes._core.modes import device_of
from dlnotes._core.rng import integer_seed
from dlnotes.device import as_device
from dlnotes.training._batches import pair
from dlnotes.training._checks import check_data
from dlnotes.training.evaluation import Loss, evaluate, predict
from dlnotes.training.loop import OptimizerLike, check_lr, check_settings, fit
from dlnotes.training.stacked import fit_stacked, num_stacked
from dlnotes.training.statistics import summarize

__all__ = ["GridEdgeWarning", "SeedRuns", "fit_seeds"]

Data = tuple[Tensor, Tensor]
DataOrFunction = Data | Callable[[int], Data]
METRICS = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")


class GridEdgeWarning(UserWarning):
    """选中的值在网格的一端：更好的值也许在网格之外。"""


@dataclass
class SeedRuns:
    """许多种子（以及若干学习率）的训练记录。

    Attributes:
        seeds: 种子，共 S 个。
        lrs: 学习率，共 G 个；没有给学习率时是一个 NaN。
        valid_epochs: 各次验证集评估在第几轮之后。
        train_loss: 训练损失，形状 (G, S, T)。
        train_accuracy: 训练准确率，形状 (G, S, T)；没有时最后一维为 0。
        valid_loss: 验证损失，形状 (G, S, E)。
        valid_accuracy: 验证准确率，形状 (G, S, E)。
        models: 训练好的网络，`models[g][s]`。
    """

    seeds: list[int]
    lrs: list[float]
    valid_epochs: list[int]
    train_loss: Float[Tensor, "G S T"]
    train_accuracy: Float[Tensor, "G S T_counted"]
    valid_loss: Float[Tensor, "G S E"]
    valid_accuracy: Float[Tensor, "G S E_counted"]
    models: list[list[nn.Module]]

    def final(self, metric: str = "train_accuracy") -> Float[Tensor, "G S"]:
        """最后一轮的值，形状 (G, S)。

        Args:
            metric: `train_loss`、`train_accuracy`、`valid_loss`、`valid_accuracy` 之一。

        Returns:
            形状 (G, S)。

        Raises:
            ValueError: `metric` 不认识，或这次训练没有记录它。
        """
        values = getattr(self, one_of("metric", metric, METRICS))
        if values.shape[-1] == 0:
            raise ValueError(f"metric={metric!r} 没有记录；验证集的量要在训练时给出 valid")
        return values[..., -1]

    def best(self, metric: str, *, allow_edge: bool = False) -> int:
        """各学习率中，最后一轮的均值最好的那一个的下标（损失取最小，准确率取最大）。

        并列时取中间的一个。选中的学习率在网格的一端时发出 `GridEdgeWarning`：两边都有更差的值，
        才看得出选到的真是最好的。

        Args:
            metric: 同 `final`；比较泛化时用 `valid_…`，比较优化快慢时用 `train_…`。
            allow_edge: 为 `True` 时，选在一端也不警告。

        Returns:
            `lrs` 的下标。

        Raises:
            ValueError: 同 `final`。
        """
        mean = self.final(metric).mean(dim=1)
        worst = math.inf if "loss" in metric else -math.inf
        mean = torch.where(mean.isnan(), worst, mean)
        tied = (mean == (mean.min() if "loss" in metric else mean.max())).nonzero().flatten()
        best = int(tied[(len(tied) - 1) // 2])
        if not allow_edge and self._is_edge(best):
            warnings.warn(
                f"选中的学习率 {self.lrs[best]:g} 在网格的一端（{min(self.lrs):g} 到 "
                f"{max(self.lrs):g}），更好的值也许在外面：请把网格放宽，或者写明 allow_edge=True",
                GridEdgeWarning,
                stacklevel=2,
            )
        return best

    def evaluate(
        self, data: DataOrFunction, metric: str = "accuracy", *, loss_fn: Loss = F.cross_entropy
    ) -> Float[Tensor, "G S"]:
        """训练好的各个网络在一份数据（通常是测试集）上的结果。

        Args:
            data: `(X, y)`；或 `data(seed)`，每个种子一份。
            metric: `"accuracy"` 或 `"loss"`。
            loss_fn: `loss_fn(y_hat, y)`，返回平均损失。

        Returns:
            形状 (G, S)。

        Raises:
            ValueError: `metric` 不认识，或者 `evaluate` 会报的错。
        """
        one_of("metric", metric, ("accuracy", "loss"))
        values = [
            [
                getattr(evaluate(model, *_of_seed("data", data, seed), loss_fn=loss_fn), metric)
                for model, seed in zip(row, self.seeds, strict=True)
            ]
            for row in self.models
        ]
        return torch.tensor(values, dtype=torch.float64)

    def predict(self, data: DataOrFunction) -> Float[Tensor, "G S n ..."]:
        """训练好的各个网络的输出，叠成一个张量；要概率，再 `.softmax(-1)`。

        几个种子一组、组内平均概率，就是集成：`unflatten(1, (组数, 每组几个))`。

        Args:
            data: `(X, y)`；或 `data(seed)`，每个种子一份，样本数要相同。`y` 只用来核对。

        Returns:
            形状 (G, S, n, …)：学习率，种子，样本，网络的输出；在 CPU 上。

        Raises:
            TypeError: `data` 不是一对张量，或者不返回一对张量。
            ValueError: 各个网络的输出形状不同，或者 `predict` 会报的错。
        """
        rows = [
            [predict(model, _of_seed("data", data, seed)[0])
             for model, seed in zip(row, self.seeds, strict=True)]
            for row in self.models
        ]  # fmt: skip
        shapes = {tuple(y_hat.shape) for row in rows for y_hat in row}
        if len(shapes) > 1:
            raise ValueError(f"data 应让每个种子的输出形状相同，才叠得起来，收到 {sorted(shapes)}")
        return torch.stack([torch.stack(row) for row in rows])

    def table(self, metric: str = "train_accuracy") -> str:
        """每个学习率一行的文字表：均值、标准差、95% 置信区间、最小、最大。

        Args:
            metric: 同 `final`。

        Returns:
            多行文字。

        Raises:
            ValueError: 同 `final`；或者种子少于两个，谈不上标准差。
        """
        lines = ["  学习率   均值 ± 标准差    95% 置信区间        最小    最大"]
        for lr, values in zip(self.lrs, self.final(metric), strict=True):
            mean, std, half = summarize(values)
            lines.append(
                f"{lr:8.0e}   {mean:.3f} ± {std:.3f}   [{mean - half:.3f}, {mean + half:.3f}]"
                f"   {values.min():6.3f}  {values.max():6.3f}"
            )
        return "\n".join(lines)

    def _is_edge(self, g: int) -> bool:
        return len(self.lrs) > 1 and self.lrs[g] in (min(self.lrs), max(self.lrs))


def fit_seeds(
    make_model: Callable[[int], nn.Module],
    data: DataOrFunction,
    *,
    seeds: Sequence[int],
    lr: float | Sequence[float] | None = None,
    num_epochs: int,
    valid: DataOrFunction | None = None,
    optimizer: OptimizerLike = "adam",
    schedule: Callable[[int], float] | None = None,
    batch_size: int | None = None,
    eval_every: int = 1,
    loss_fn: Loss = F.cross_entropy,
    stack: bool | None = None,
    progress: bool | None = None,
    device: torch.device | str | None = None,
    **options,
) -> SeedRuns:
    """每个学习率、每个种子各训练一个网络，结果与逐个调用 `fit(…, seed=seed)` 相同。

    种子决定一切：`make_model(seed)` 造出网络，`data(seed)`（若是函数）给出数据，训练中的随机数
    （小批量的次序、丢弃、增强）也由它决定。

    Args:
        make_model: 由种子造出网络。
        data: 训练集 `(X, y)`，各种子共用；或 `data(seed)`，每个种子一份。
        seeds: 种子，互不相同，不为负。
        lr: 学习率，或者一串学习率；`None` 表示用优化器自己的默认值。
        num_epochs: 轮数，正整数。
        valid: 验证集，写法同 `data`。
        optimizer: 名字或优化器类；不能是优化器对象，因为每个网络要有自己的。
        schedule: 学习率计划，同 `fit`。
        batch_size: 小批量的样本数；`None` 表示全批量。
        eval_every: 每隔几轮在验证集上评估一次。
        loss_fn: `loss_fn(y_hat, y)`，返回平均损失。
        stack: 要不要把许多份网络叠在一起算。`None`：网络的每一层与优化器都在名单里才叠；
            `True`：名单之外的也叠，自己担保 `forward` 是参数与输入的函数，没有随机，不留状态；
            `False`：一律逐个训练。
        progress: 是否显示进度条；`None` 表示只在终端里交互使用时显示。
        device: 训练所在的设备；省略时取网络造出来时所在的设备。
        **options: 传给优化器的其他选项。

    Returns:
        `SeedRuns`，数组形状 (学习率数, 种子数, 轮数)。

    Raises:
        TypeError: `optimizer` 是优化器对象，或者 `fit` 会报的错。
        ValueError: 没有种子、种子重复，或 `fit` 会报的错。

    Note: 什么时候叠在一起算
        各层都是 `dlnotes.training.stacked.LAYERS` 里的，参数可训练、不共用，没有缓存（如
        BatchNorm 的运行统计量）与钩子；优化器逐元素更新，`OPTIMIZERS` 与 `dlnotes.optim` 里的都是。
        否则逐个训练：慢一些，数字一样。GPU 上一次叠多少份由空闲的显存决定。

    Examples:
        >>> from dlnotes.data import spiral
        >>> from dlnotes.models import mlp
        >>> runs = fit_seeds(lambda seed: mlp([2, 20, 3], seed=seed), spiral(50, seed=0),
        ...                  seeds=range(3), lr=[1e-2, 1e-1], num_epochs=5)
        >>> runs.final().shape
        torch.Size([2, 3])
    """
    seeds, lrs = _check_grid(seeds, lr)
    callable_("make_model", make_model)
    check_settings(num_epochs, eval_every, schedule, loss_fn, progress)
    device = None if device is None else as_device(device)
    if stack is not None:
        flag("stack", stack)
    if batch_size is not None:
        positive_int("batch_size", batch_size)
    if isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError("optimizer 应为名字或优化器类（每个网络要有自己的），收到优化器对象")
    cells = [
        Cell.made(make_model, data, valid, seed, rate, device) for rate in lrs for seed in seeds
    ]
    settings = {"optimizer": optimizer, "schedule": schedule, "num_epochs": num_epochs,
                "batch_size": batch_size, "eval_every": eval_every, "loss_fn": loss_fn,
                **options}  # fmt: skip
    parts, rooms = [], {}
    with _progress_bar(len(cells), progress) as bar:
        while len(parts) < len(cells):
            waiting = cells[len(parts) :]
            size = num_stacked(waiting, settings, stack, rooms)
            done = fit_stacked(waiting[:size], **settings) if size > 1 else None
            parts += [_fit_one(waiting[0], settings)] if done is None else done
            bar.update(len(parts) - bar.n)
    return _collect(parts, cells, seeds, lrs)


@dataclass
class Cell:
    """网格里的一格：一个网络，和训练它的种子、学习率、数据。"""

    model: nn.Module
    seed: int
    lr: float | None
    data: Data
    valid: Data | None

    @classmethod
    def made(cls, make_model, data, valid, seed: int, lr: float | None, device) -> "Cell":
        """造出网络，取来数据，都放到网络所在的设备上。"""
        model = make_model(seed)
        if not isinstance(model, nn.Module):
            raise TypeError(f"make_model 应返回 nn.Module，收到 {shown(model)}")
        model = model.to(device)
        where = device_of(model)
        moved = [None if source is None and name == "valid" else
                 tuple(part.to(where) for part in _of_seed(name, source, seed))
                 for name, source in (("data", data), ("valid", valid))]  # fmt: skip
        return cls(model, seed, lr, *moved)


def _of_seed(name: str, source: DataOrFunction, seed: int) -> Data:
    X, y = pair(name, source(seed) if callable(source) else source)
    check_data(X, y, (f"{name} 里的 X", f"{name} 里的 y"))
    return X, y


def _check_grid(seeds, lr) -> tuple[list[int], list[float | None]]:
    seeds = [integer_seed(seed, "seeds 的每一项") for seed in sequence("seeds", seeds)]
    if not seeds or len(set(seeds)) != len(seeds):
        raise ValueError(f"seeds 应至少有一个，且互不相同，收到 {seeds!r}")
    if lr is None:
        return seeds, [None]
    lrs = listed_rates(lr)
    if not lrs or len(set(lrs)) != len(lrs):
        raise ValueError(f"lr 应为一个数，或者一串互不相同的数，收到 {lr!r}")
    return seeds, lrs


def listed_rates(lr: object) -> list[float]:
    """一个或一串学习率变成列表；有一个不能用就报错。"""
    lr = lr.tolist() if hasattr(lr, "tolist") else lr
    is_single = isinstance(lr, str | dict) or not isinstance(lr, Iterable)
    return [check_lr(rate) for rate in ([lr] if is_single else lr)]


def _progress_bar(total: int, progress: bool | None):
    show = sys.stderr.isatty() if progress is None else progress
    return tqdm(total=total, desc="训练各种子", unit="个", disable=not show)


def _fit_one(cell: Cell, settings: dict) -> dict[str, list[float]]:
    history = fit(cell.model, *cell.data, valid=cell.valid, seed=cell.seed, lr=cell.lr,
                  progress=False, **settings)  # fmt: skip
    return {name: getattr(history, name) for name in (*METRICS, "valid_epochs")}


def _collect(parts, cells, seeds, lrs) -> SeedRuns:
    grid = (len(lrs), len(seeds))
    curves = {
        name: torch.tensor([part[name] for part in parts], dtype=torch.float64).reshape(*grid, -1)
        for name in METRICS
    }
    models = [cell.model for cell in cells]
    return SeedRuns(
        seeds=seeds,
        lrs=[math.nan if rate is None else rate for rate in lrs],
        valid_epochs=parts[0]["valid_epochs"],
        models=[models[g * len(seeds) : (g + 1) * len(seeds)] for g in range(len(lrs))],
        **curves,
    )
