"""训练循环：全批量或小批量，任何优化器，一个函数。"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Shaped
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from tqdm import tqdm

from dlnotes._core.check import (
    callable_,
    flag,
    instance_of,
    one_of,
    positive_int,
    sequence,
    shown,
)
from dlnotes._core.modes import device_of, devices_of
from dlnotes._core.rng import TRAINING, integer_seed, seeded, stream
from dlnotes.training._batches import LoaderBatches, TensorBatches, pair
from dlnotes.training._checks import check_data, check_outputs
from dlnotes.training.evaluation import Loss, measure, num_correct

__all__ = ["OPTIMIZERS", "History", "fit", "make_optimizer"]

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}
"""可以用名字指定的优化器，都来自 `torch.optim`。"""

OptimizerLike = str | torch.optim.Optimizer | Callable[..., torch.optim.Optimizer]
Data = tuple[Tensor, Tensor]


@dataclass
class History:
    """一次训练的记录；没有记录的量是空列表。

    训练集上的两项取自训练时的那次前向传播（参数更新之前、训练模式）；验证集上的两项在该轮更新之后、
    `eval` 模式下计算。

    Attributes:
        train_loss: 训练集损失，每轮一项，各小批量按样本数加权平均。
        train_accuracy: 训练集准确率，0 到 1，每轮一项；目标不是类别时为空。
        valid_loss: 验证集损失，每次评估一项。
        valid_accuracy: 验证集准确率，0 到 1，每次评估一项。
        valid_epochs: 各次评估在第几轮之后，从 1 数起。
        step_loss: 每一步（一个小批量）的损失。
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    valid_loss: list[float] = field(default_factory=list)
    valid_accuracy: list[float] = field(default_factory=list)
    valid_epochs: list[int] = field(default_factory=list)
    step_loss: list[float] = field(default_factory=list)


def make_optimizer(
    optimizer: OptimizerLike, params, lr: float | None = None, **options
) -> torch.optim.Optimizer:
    """由名字或构造函数造出优化器；已经是优化器对象的原样返回。

    Args:
        optimizer: `OPTIMIZERS` 里的名字、优化器类（或接受参数列表的函数）、优化器对象。
        params: 要更新的参数。
        lr: 学习率，不小于 0；`None` 表示用优化器自己的默认值。
        **options: 传给优化器的其他选项，如 `momentum`、`weight_decay`。

    Returns:
        优化器对象。

    Raises:
        ValueError: 名字不认识，学习率为负或不是有限的数，或者对现成的优化器对象又给了选项。

    Examples:
        >>> layer = nn.Linear(2, 1)
        >>> make_optimizer("sgd", layer.parameters(), lr=0.1).defaults["lr"]
        0.1
    """
    if lr is not None:
        options["lr"] = check_lr(lr)
    if isinstance(optimizer, torch.optim.Optimizer):
        if options:
            raise ValueError(f"optimizer 已是优化器对象，不应再给选项，收到 {options!r}")
        return optimizer
    if isinstance(optimizer, str):
        optimizer = OPTIMIZERS[one_of("optimizer", optimizer, tuple(OPTIMIZERS))]
    elif not callable(optimizer):
        raise TypeError(f"optimizer 应为名字、优化器类或优化器对象，收到 {optimizer!r}")
    params = _check_params(params)
    try:
        made = optimizer(params, **options)
    except (TypeError, ValueError) as error:  # torch 的优化器用英文说哪个选项不对
        raise type(error)(f"options 应为优化器认识的选项，收到 {options!r}：{error}") from error
    return instance_of("optimizer 的返回值", made, torch.optim.Optimizer)


def _check_params(params: object) -> list:
    """参数、有名字的参数或参数组的一串，至少一个，否则报错。"""
    if isinstance(params, Tensor):
        raise TypeError(f"params 应为一串参数，如 model.parameters()，收到 {shown(params)}")
    params = sequence("params", params)
    if not params:
        raise ValueError("params 应至少有一个参数，收到 0 个")
    for item in params:
        instance_of("params 的每一项", item, (Tensor, dict, tuple), "张量")
    return params


def check_lr(lr: object) -> float:
    """`lr` 是不小于 0 的有限的数时返回它，否则报错。"""
    if isinstance(lr, bool) or not isinstance(lr, int | float | np.number):
        raise TypeError(f"lr 应为数，收到 {lr!r}")
    if not 0 <= lr < float("inf"):
        raise ValueError(f"lr 应不小于 0 且有限，收到 {lr!r}")
    return float(lr)


def fit(
    model: nn.Module,
    X: Shaped[Tensor, "n ..."] | DataLoader,
    y: Shaped[Tensor, "n ..."] | None = None,
    *,
    valid: Data | None = None,
    optimizer: OptimizerLike = "adam",
    lr: float | None = None,
    schedule: Callable[[int], float] | None = None,
    num_epochs: int,
    batch_size: int | None = None,
    seed: int | None = None,
    eval_every: int = 1,
    loss_fn: Loss = F.cross_entropy,
    progress: bool | None = None,
    on_epoch: Callable[[int, nn.Module], object] | None = None,
    **options,
) -> History:
    """训练 `model`（就地修改），返回每一轮的损失与准确率。

    每一步做四件事：前向传播、算损失、反向传播、更新参数。循环里不与设备同步，
    记录留在设备上，训练结束才取回。

    `seed` 决定训练中的一切随机数：小批量的次序、丢弃、数据增强；在哪个设备上都一样，
    外面的随机状态不受影响。在验证集上评估与否，训练的结果完全相同。

    Args:
        model: 输入一批特征、输出预测的网络；数据会搬到它所在的设备。整个处在评估模式时先切到
            训练模式；只有一部分层在评估模式（如冻结的 BatchNorm）时保持原样。
        X: 训练特征，形状 (n, …)；或者一个给出 `(X, y)` 的 `DataLoader`，这时不给 `y`。
        y: 训练目标，形状 (n, …)；类别下标用 int64。
        valid: 验证集 `(X_valid, y_valid)`，给出时每隔 `eval_every` 轮评估一次。测试集不要放在这里：
            选好之后用 `evaluate` 报告一次。
        optimizer: 名字（见 `OPTIMIZERS`）、优化器类或优化器对象。
        lr: 学习率，不小于 0；`None` 表示用优化器自己的默认值。
        schedule: 学习率计划：第 `step` 步（从 0 数起）的学习率是 `lr * schedule(step)`，
            见 `dlnotes.optim.schedules`；`None` 表示不变。
        num_epochs: 轮数，正整数；全批量时一轮就是一步。
        batch_size: 小批量的样本数；`None` 表示全批量。最后不足一批的样本也用上。
        seed: 训练中一切随机数的种子，不为负；用小批量时必须给出，省略时用外面的随机状态。
        eval_every: 每隔几轮在验证集上评估一次，最后一轮总会评估。
        loss_fn: `loss_fn(y_hat, y)`，返回一批样本的平均损失。
        progress: 是否显示进度条；`None` 表示只在终端里交互使用时显示。
        on_epoch: 每轮之后调用 `on_epoch(epoch, model)`，`epoch` 从 1 数起。
        **options: 传给优化器的其他选项，如 `momentum=0.9`、`weight_decay=1e-5`。

    Returns:
        `History`。

    Raises:
        TypeError: `X`、`y`、`valid`、`lr`、`seed` 的类型不对。
        ValueError: 样本数不符，有 NaN，类别超出网络的输出，轮数或批大小不是正整数，小批量而
            没有种子，优化器不认识，或者给了 `DataLoader` 又给 `y` 或 `batch_size`。

    Examples:
        >>> from dlnotes.data import spiral
        >>> from dlnotes.models import mlp
        >>> X, y = spiral(100, seed=0)
        >>> history = fit(mlp([2, 100, 3], seed=0), X, y, optimizer="adam", lr=1e-2, num_epochs=200)
        >>> history.train_accuracy[-1] > 0.9
        True
    """
    instance_of("model", model, nn.Module, "nn.Module")
    check_settings(num_epochs, eval_every, schedule, loss_fn, progress)
    if on_epoch is not None:
        callable_("on_epoch", on_epoch)
    if seed is not None:
        seed = integer_seed(seed)
    device = device_of(model)
    batches = _batches(X, y, batch_size, seed, device)
    if valid is not None:
        valid = tuple(part.to(device) for part in _checked_pair("valid", valid))
    rule = make_optimizer(optimizer, model.parameters(), lr=lr, **options)
    _check_owns(rule, model)
    decay = None if schedule is None else LambdaLR(rule, schedule)
    steps, evals = _Steps(num_epochs * len(batches)), {}
    chosen = None if seed is None else stream(seed, TRAINING)
    with _undone_if_never_started(model, steps), seeded(chosen, devices_of(model)):
        modes = _training_modes(model)
        for epoch in _epochs(num_epochs, progress):
            for X_batch, y_batch in batches.epoch(epoch):
                y_hat = model(X_batch)
                if steps.count == 0:
                    _check_first(y_hat, y_batch if y is None else y, valid)
                loss = loss_fn(y_hat, y_batch)
                steps.add(len(X_batch), loss.detach(), num_correct(y_hat, y_batch))
                rule.zero_grad()
                loss.backward()
                rule.step()
                if decay is not None:
                    decay.step()
            steps.end_epoch()
            if valid is not None and (epoch % eval_every == 0 or epoch == num_epochs):
                evals[epoch] = measure(model, *valid, loss_fn)
            if on_epoch is not None:
                on_epoch(epoch, model)
                _restore(modes)
    return _history(steps, evals, valid)


def check_settings(num_epochs, eval_every, schedule, loss_fn, progress) -> None:
    """`fit` 与 `fit_seeds` 共有的设置都能用，否则报错。"""
    positive_int("num_epochs", num_epochs)
    positive_int("eval_every", eval_every)
    callable_("loss_fn", loss_fn)
    if schedule is not None:
        callable_("schedule", schedule)
    if progress is not None:
        flag("progress", progress)


def _batches(X, y, batch_size, seed, device) -> TensorBatches | LoaderBatches:
    if not isinstance(X, DataLoader):
        check_data(X, y)
        return TensorBatches(X, y, batch_size, seed, device)
    if y is not None or batch_size is not None:
        raise ValueError(
            "X 是 DataLoader 时，y 与 batch_size 由它决定，不应再给，"
            f"收到 y={type(y).__name__}，batch_size={batch_size!r}"
        )
    return LoaderBatches(X, device)


def _checked_pair(name: str, value: object) -> Data:
    X, y = pair(name, value)
    check_data(X, y, (f"{name} 里的 X", f"{name} 里的 y"))
    return X, y


def _check_owns(rule: torch.optim.Optimizer, model: nn.Module) -> None:
    ours = {id(p) for p in model.parameters()}
    if not any(id(p) in ours for group in rule.param_groups for p in group["params"]):
        raise ValueError("optimizer 应更新 model 的参数，收到的优化器一个也没有")


def _check_first(y_hat: Tensor, y: Tensor, valid: Data | None) -> None:
    """只在第一步查一次：类别下标超出输出的个数，GPU 上要到很后面才会崩溃。"""
    check_outputs(y_hat, y)
    if valid is not None:
        check_outputs(y_hat, valid[1], "valid 里的 y")


@contextmanager
def _undone_if_never_started(model: nn.Module, steps: "_Steps") -> Iterator[None]:
    """第一步的损失还没算出来就出错时，各子模块的模式、缓存与 CPU 的随机状态都复原。"""
    modes = [(module, module.training) for module in model.modules()]
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    random = torch.get_rng_state()
    try:
        yield
    except Exception:
        if steps.count == 0:
            _restore(modes)
            torch.set_rng_state(random)
            for buffer, old in buffers:
                buffer.copy_(old)
        raise


def _training_modes(model: nn.Module) -> list[tuple[nn.Module, bool]]:
    if not model.training:
        model.train()
    return [(module, module.training) for module in model.modules()]


def _restore(modes: list[tuple[nn.Module, bool]]) -> None:
    """`on_epoch` 里可能换过模式；训练总在原来的模式下进行。"""
    for module, training in modes:
        module.training = training


def _epochs(num_epochs: int, progress: bool | None):
    show = sys.stderr.isatty() if progress is None else progress
    return tqdm(range(1, num_epochs + 1), desc="训练", unit="轮", disable=not show)


class _Steps:
    """各步的样本数、损失与答对数，写进事先开好的张量。

    每步留下一个零碎的小张量，会让内存分配器不断把大数组还给系统再要回来，实测慢一到两成。
    """

    def __init__(self, num_steps: int):
        self.capacity = num_steps
        self.sizes: list[int] = []
        self.ends: list[int] = []  # 每轮的最后一步之后是第几步
        self.count, self.counts_correct = 0, True

    def add(self, size: int, loss: Tensor, correct: Tensor | None) -> None:
        if self.count == 0:  # 与损失同精度：有的设备没有 float64
            self.losses = loss.new_empty(self.capacity)
            self.correct = loss.new_empty(self.capacity, dtype=torch.int64)
        elif self.count == len(self.losses):  # 事先不知道长度的 DataLoader
            self.losses = torch.cat([self.losses, torch.empty_like(self.losses)])
            self.correct = torch.cat([self.correct, torch.empty_like(self.correct)])
        self.losses[self.count] = loss
        if correct is None:
            self.counts_correct = False
        else:
            self.correct[self.count] = correct
        self.sizes.append(size)
        self.count += 1

    def end_epoch(self) -> None:
        self.ends.append(self.count)

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """取回各步的损失与答对数；整个训练只在这里等一次设备。"""
        kept = slice(self.count)
        return self.losses[kept].cpu().double().numpy(), self.correct[kept].cpu().numpy()


def _history(steps: _Steps, evals: dict[int, tuple], valid: Data | None) -> History:
    losses, correct = steps.read()
    sizes, starts = np.array(steps.sizes, dtype=float), [0, *steps.ends[:-1]]
    per_epoch = np.add.reduceat(sizes, starts)
    history = History(
        train_loss=(np.add.reduceat(losses * sizes, starts) / per_epoch).tolist(),
        step_loss=losses.tolist(),
        valid_epochs=list(evals),
        valid_loss=[loss.item() for loss, _ in evals.values()],
    )
    if steps.counts_correct:
        history.train_accuracy = (np.add.reduceat(correct, starts) / per_epoch).tolist()
    if valid is not None and not valid[1].is_floating_point():
        history.valid_accuracy = [right.item() / len(valid[1]) for _, right in evals.values()]
    return history
