"""训练循环：全批量或小批量，任何优化器，一个函数。"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from tqdm import tqdm

from dlnotes._check import one_of, positive_int

__all__ = ["OPTIMIZERS", "History", "accuracy", "fit", "make_optimizer"]

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}
"""可以用名字指定的优化器，都来自 `torch.optim`。"""

Loss = Callable[[Tensor, Tensor], Tensor]
OptimizerLike = str | torch.optim.Optimizer | Callable[..., torch.optim.Optimizer]


@dataclass
class History:
    """一次训练的记录；每个列表一轮一项，没有记录的量是空列表。

    训练集上的两项取自训练时的那次前向传播（参数更新之前）；测试集上的两项在该轮更新之后、
    `eval` 模式下计算。

    Attributes:
        train_loss: 训练集损失，每轮一项，各小批量按样本数加权平均。
        train_accuracy: 训练集准确率，0 到 1；目标不是类别时为空。
        test_loss: 测试集损失，每次评估一项。
        test_accuracy: 测试集准确率，0 到 1。
        test_epochs: 各次评估在第几轮之后，从 1 数起。
        step_loss: 每一步（一个小批量）的损失。
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)
    test_epochs: list[int] = field(default_factory=list)
    step_loss: list[float] = field(default_factory=list)


def make_optimizer(optimizer: OptimizerLike, params, **options) -> torch.optim.Optimizer:
    """由名字或构造函数造出优化器；已经是优化器对象的原样返回。

    Args:
        optimizer: `OPTIMIZERS` 里的名字、优化器类（或接受参数列表的函数）、优化器对象。
        params: 要更新的参数。
        **options: 传给优化器的选项，如 `lr`、`momentum`、`weight_decay`。

    Returns:
        优化器对象。

    Raises:
        ValueError: 名字不认识，或者对现成的优化器对象又给了选项。

    Examples:
        >>> layer = nn.Linear(2, 1)
        >>> make_optimizer("sgd", layer.parameters(), lr=0.1).defaults["lr"]
        0.1
    """
    if isinstance(optimizer, torch.optim.Optimizer):
        if options:
            raise ValueError(f"optimizer 已是优化器对象，不应再给选项，收到 {options!r}")
        return optimizer
    if isinstance(optimizer, str):
        optimizer = OPTIMIZERS[one_of("optimizer", optimizer, tuple(OPTIMIZERS))]
    return optimizer(params, **options)


def fit(
    model: nn.Module,
    X: Shaped[Tensor, "n ..."],
    y: Shaped[Tensor, "n ..."],
    *,
    optimizer: OptimizerLike = "adam",
    num_epochs: int,
    batch_size: int | None = None,
    test: tuple[Tensor, Tensor] | None = None,
    eval_every: int = 1,
    loss_fn: Loss = F.cross_entropy,
    seed: int | None = None,
    progress: bool | None = None,
    on_epoch: Callable[[int, nn.Module], object] | None = None,
    **options,
) -> History:
    """训练 `model`（就地修改），返回每一轮的损失与准确率。

    每一步做四件事：前向传播、算损失、反向传播、更新参数。循环里不与 GPU 同步，
    记录留在设备上，训练结束才取回。

    Args:
        model: 输入一批特征、输出预测的网络；数据会搬到它所在的设备。
        X: 训练特征，形状 (n, …)。
        y: 训练目标，形状 (n, …)；类别下标用 int64。
        optimizer: 名字（见 `OPTIMIZERS`）、优化器类或优化器对象。
        num_epochs: 轮数，正整数；全批量时一轮就是一步。
        batch_size: 小批量的样本数；`None` 表示全批量。最后不足一批的样本也用上。
        test: `(X_test, y_test)`，给出时记录测试集上的损失与准确率。
        eval_every: 每隔几轮在测试集上评估一次，最后一轮总会评估。
        loss_fn: `loss_fn(y_hat, y)`，返回一批样本的平均损失。
        seed: 打乱小批量次序的种子；用小批量时必须给出。
        progress: 是否显示进度条；`None` 表示只在终端里交互使用时显示。
        on_epoch: 每轮之后调用 `on_epoch(epoch, model)`，`epoch` 从 1 数起。
        **options: 传给优化器的选项，如 `lr=1e-2`、`momentum=0.9`、`weight_decay=1e-5`。

    Returns:
        `History`。

    Raises:
        ValueError: 样本数不符、轮数或批大小不是正整数、小批量而没有种子、优化器不认识。

    Examples:
        >>> from dlnotes.data import spiral
        >>> from dlnotes.models import mlp
        >>> X, y = spiral(100, seed=0)
        >>> history = fit(mlp([2, 100, 3], seed=0), X, y, optimizer="adam", lr=1e-2, num_epochs=200)
        >>> history.train_accuracy[-1] > 0.9
        True
    """
    if len(X) != len(y):
        raise ValueError(f"X 与 y 的样本数应相同，收到 {len(X)} 与 {len(y)}")
    positive_int("num_epochs", num_epochs)
    positive_int("eval_every", eval_every)
    where = next(model.parameters()).device
    X, y = X.to(where), y.to(where)
    rule = make_optimizer(optimizer, model.parameters(), **options)
    counts = not y.is_floating_point()
    if batch_size is not None:
        positive_int("batch_size", batch_size)
    num_batches = 1 if batch_size is None else -(-len(X) // batch_size)
    steps, evals, evaluated = _Steps(num_epochs * num_batches, where), [], []
    for epoch in _epochs(num_epochs, progress):
        if not model.training:
            model.train()
        for index in batches(len(X), batch_size, seed, epoch):
            X_batch, y_batch = (X, y) if index is None else (X[index], y[index])
            y_hat = model(X_batch)
            loss = loss_fn(y_hat, y_batch)
            steps.add(len(X_batch), loss.detach(), _num_correct(y_hat, y_batch, counts))
            rule.zero_grad()
            loss.backward()
            rule.step()
        if test is not None and (epoch % eval_every == 0 or epoch == num_epochs):
            evals.append(_evaluate(model, *test, loss_fn))
            evaluated.append(epoch)
        if on_epoch is not None:
            on_epoch(epoch, model)
    return _history(steps, evals, evaluated, num_epochs, counts)


@torch.no_grad()
def accuracy(model: nn.Module, X: Float[Tensor, "n ..."], y: Shaped[Tensor, " n"]) -> float:
    """在 `eval` 模式下的准确率；调用前后模型的模式不变。

    Args:
        model: 输出形状 (n, K) 的分类网络。
        X: 特征，形状 (n, …)。
        y: 类别，形状 (n,)。

    Returns:
        0 到 1 之间的数。

    Examples:
        >>> model = nn.Linear(2, 2)
        >>> 0 <= accuracy(model, torch.zeros(4, 2), torch.tensor([0, 1, 0, 1])) <= 1
        True
    """
    return _evaluate(model, X, y, F.cross_entropy)[1].item()


def batches(
    n: int, batch_size: int | None, seed: int | None, epoch: int
) -> Iterator[Tensor | None]:
    """第 `epoch` 轮各小批量的下标；全批量时只有一个 `None`，表示不取下标。

    次序只由 `seed` 与 `epoch` 决定，所以单独重跑某一轮也得到同样的小批量。
    """
    if batch_size is None:
        yield None
        return
    positive_int("batch_size", batch_size)
    if seed is None:
        raise ValueError("用小批量训练时 seed 应为整数（决定打乱的次序），收到 None")
    rng = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    yield from torch.randperm(n, generator=rng).split(batch_size)


def _epochs(num_epochs: int, progress: bool | None):
    show = sys.stderr.isatty() if progress is None else progress
    return tqdm(range(1, num_epochs + 1), desc="训练", unit="轮", disable=not show)


def _num_correct(y_hat: Tensor, y: Tensor, counts: bool) -> Tensor | None:
    return (y_hat.detach().argmax(dim=1) == y).sum() if counts else None


@torch.no_grad()
def _evaluate(model: nn.Module, X: Tensor, y: Tensor, loss_fn: Loss) -> tuple[Tensor, Tensor]:
    where = next(model.parameters()).device
    X, y = X.to(where), y.to(where)
    was_training = model.training
    model.eval()
    y_hat = model(X)
    model.train(was_training)
    counts = not y.is_floating_point()
    correct = _num_correct(y_hat, y, counts)
    return loss_fn(y_hat, y), correct.double() / len(y) if counts else torch.tensor(torch.nan)


class _Steps:
    """各步的样本数、损失与答对数，写进事先开好的张量。

    每步留下一个零碎的小张量，会让内存分配器不断把大数组还给系统再要回来，实测慢一到两成。
    """

    def __init__(self, num_steps: int, where: torch.device):
        self.sizes: list[int] = []
        exact = torch.float32 if where.type == "mps" else torch.float64  # MPS 没有 float64
        self.losses = torch.empty(num_steps, dtype=exact, device=where)
        self.correct = torch.empty(num_steps, dtype=torch.int64, device=where)

    def add(self, size: int, loss: Tensor, correct: Tensor | None) -> None:
        self.losses[len(self.sizes)] = loss
        if correct is not None:
            self.correct[len(self.sizes)] = correct
        self.sizes.append(size)


def _history(steps: _Steps, evals, evaluated, num_epochs: int, counts: bool) -> History:
    sizes = torch.tensor(steps.sizes, dtype=torch.float64).view(num_epochs, -1)
    losses = steps.losses.cpu().double()
    history = History(
        train_loss=_weighted(losses.view(num_epochs, -1), sizes),
        step_loss=losses.tolist(),
        test_epochs=evaluated,
        test_loss=[loss.item() for loss, _ in evals],
        test_accuracy=[right.item() for _, right in evals] if counts else [],
    )
    if counts:
        correct = steps.correct.cpu().double()
        history.train_accuracy = (correct.view(num_epochs, -1).sum(1) / sizes.sum(1)).tolist()
    return history


def _weighted(values: Tensor, sizes: Tensor) -> list[float]:
    return ((values * sizes).sum(1) / sizes.sum(1)).tolist()
