"""评估：在 `eval` 模式下算损失、准确率与混淆矩阵；不改变网络，也不影响接下来的训练。"""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Int, Shaped
from torch import Tensor, nn

from dlnotes._core.check import callable_, instance_of, positive_int, tensor
from dlnotes._core.modes import device_of, evaluating
from dlnotes.training._checks import check_data, check_outputs

__all__ = ["Evaluation", "Loss", "accuracy", "confusion_matrix", "evaluate", "predict"]

Loss = Callable[[Tensor, Tensor], Tensor]
"""`loss_fn(y_hat, y)`，返回一批样本的平均损失。"""

BATCH_SIZE = 4096
"""评估时一次前向的样本数：够大，一般的数据一次算完；又不至于让大图像撑爆内存。"""


class Evaluation(NamedTuple):
    """一次评估的结果。

    Attributes:
        loss: 平均损失。
        accuracy: 准确率，0 到 1；目标不是类别下标时为 NaN。
    """

    loss: float
    accuracy: float


def evaluate(
    model: nn.Module,
    X: Shaped[Tensor, "n ..."],
    y: Shaped[Tensor, "n ..."],
    *,
    loss_fn: Loss = F.cross_entropy,
    batch_size: int = BATCH_SIZE,
) -> Evaluation:
    """网络在一份数据上的损失与准确率；报告测试集上的结果用它。

    评估在 `eval` 模式下、不求导地进行；各层的模式、缓存与随机状态都不变。

    Args:
        model: 输出形状 (n, K) 的分类网络，或任意回归网络；数据会搬到它所在的设备。
        X: 特征，形状 (n, …)。
        y: 目标，形状 (n, …)；类别下标用 int64。
        loss_fn: `loss_fn(y_hat, y)`，返回一批样本的平均损失。
        batch_size: 一次前向的样本数，正整数；不影响结果（舍入误差除外）。

    Returns:
        `Evaluation(loss, accuracy)`。

    Raises:
        TypeError: `model` 不是 `nn.Module`，`X` 或 `y` 不是张量。
        ValueError: 样本数不同或为 0，有 NaN，类别超出网络的输出，或者 `batch_size` 不是正整数。

    Examples:
        >>> model = nn.Linear(2, 2)
        >>> loss, right = evaluate(model, torch.zeros(4, 2), torch.tensor([0, 1, 0, 1]))
        >>> right
        0.5
    """
    instance_of("model", model, nn.Module, "nn.Module")
    check_data(X, y)
    positive_int("batch_size", batch_size)
    callable_("loss_fn", loss_fn)
    loss, correct = measure(model, X, y, loss_fn, batch_size, checks=True)
    return Evaluation(loss.item(), float("nan") if correct is None else correct.item() / len(y))


def accuracy(model: nn.Module, X: Shaped[Tensor, "n ..."], y: Int[Tensor, "n ..."]) -> float:
    """在 `eval` 模式下的准确率；网络不变。

    Args:
        model: 输出形状 (n, K) 的分类网络。
        X: 特征，形状 (n, …)。
        y: 类别，形状 (n,)。

    Returns:
        0 到 1 之间的数。

    Raises:
        TypeError: `model` 不是 `nn.Module`，`X` 或 `y` 不是张量，或者 `y` 不是整数。
        ValueError: 样本数不同或为 0，有 NaN，或者 `y` 超出类别数。

    Examples:
        >>> model = nn.Linear(2, 2)
        >>> 0 <= accuracy(model, torch.zeros(4, 2), torch.tensor([0, 1, 0, 1])) <= 1
        True
    """
    check_data(X, y)
    if y.is_floating_point():
        raise TypeError(f"y 应为类别下标（整数），收到 {y.dtype}")
    logits = predict(model, X)
    check_outputs(logits, y)
    return (logits.argmax(dim=1) == y.cpu()).sum().item() / y.numel()


def confusion_matrix(
    model: nn.Module, X: Shaped[Tensor, "n ..."], y: Int[Tensor, " n"]
) -> Int[Tensor, "K K"]:
    """混淆矩阵：第 i 行第 j 列是真实类别为 i、被判成 j 的样本数。

    Args:
        model: 输出形状 (n, K) 的分类网络。
        X: 特征，形状 (n, …)。
        y: 类别，形状 (n,)，取值 0 到 K−1。

    Returns:
        形状 (K, K) 的整数；对角线之和除以 n 就是准确率。

    Raises:
        TypeError: `model` 不是 `nn.Module`，`X` 或 `y` 不是张量，或者 `y` 不是整数。
        ValueError: 样本数不同或为 0，有 NaN，或者 `y` 超出类别数。

    Examples:
        >>> model = nn.Identity()
        >>> X = torch.tensor([[2.0, 1.0], [0.0, 1.0], [3.0, 0.0]])
        >>> confusion_matrix(model, X, torch.tensor([0, 1, 1]))
        tensor([[1, 0],
                [1, 1]])
    """
    check_data(X, y)
    if y.is_floating_point():
        raise TypeError(f"y 应为类别下标（整数），收到 {y.dtype}")
    logits, y = predict(model, X), y.cpu()
    num_classes = logits.shape[1]
    if not 0 <= int(y.min()) <= int(y.max()) < num_classes:
        raise ValueError(
            f"y 应在 0 与 {num_classes - 1} 之间（网络有 {num_classes} 个输出），"
            f"收到 {int(y.min())} 到 {int(y.max())}"
        )
    cells = y * num_classes + logits.argmax(dim=1)
    return cells.bincount(minlength=num_classes**2).view(num_classes, num_classes)


def predict(
    model: nn.Module, X: Shaped[Tensor, "n ..."], *, batch_size: int = BATCH_SIZE
) -> Tensor:
    """在 `eval` 模式下、在网络自己的设备与精度上求输出；网络不变。

    Args:
        model: 任意网络。
        X: 特征，形状 (n, …)，可以在任何设备上；浮点数会换成网络的精度，整数（如词的下标）不变。
        batch_size: 一次前向的样本数，正整数。

    Returns:
        输出，在 CPU 上。

    Raises:
        TypeError: `model` 不是 `nn.Module`，或 `X` 不是张量。
        ValueError: `X` 没有样本，或者 `batch_size` 不是正整数。

    Examples:
        >>> predict(nn.Linear(2, 3), torch.zeros(5, 2)).shape
        torch.Size([5, 3])
    """
    positive_int("batch_size", batch_size)
    instance_of("model", model, nn.Module, "nn.Module")
    if tensor("X", X).ndim == 0 or not len(X):
        raise ValueError(f"X 应至少有一个样本，收到形状 {tuple(X.shape)}")
    anchor = next(model.parameters(), X)
    if X.is_floating_point():
        X = X.to(anchor.dtype)  # 先换精度再搬：有的设备没有 float64
    with evaluating(model):
        return torch.cat([model(part.to(anchor.device)) for part in X.split(batch_size)]).cpu()


def measure(
    model: nn.Module,
    X: Tensor,
    y: Tensor,
    loss_fn: Loss,
    batch_size: int = BATCH_SIZE,
    *,
    checks: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """平均损失与答对的个数，都留在设备上：训练途中评估不必等设备。

    `checks` 为 `True` 时查 `y` 有没有超出类别数，这要等一次设备。
    """
    device = device_of(model)
    losses, rights = [], []
    with evaluating(model):
        for X_part, y_part in zip(X.split(batch_size), y.split(batch_size), strict=True):
            X_part, y_part = X_part.to(device), y_part.to(device)
            y_hat = model(X_part)
            if checks and not losses:
                check_outputs(y_hat, y)
            losses.append(loss_fn(y_hat, y_part) * (len(X_part) / len(X)))
            rights.append(num_correct(y_hat, y_part))
    return sum(losses), None if rights[0] is None else sum(rights)


def num_correct(y_hat: Tensor, y: Tensor) -> Tensor | None:
    """答对的个数；目标不是类别下标时为 `None`。"""
    return None if y.is_floating_point() else (y_hat.detach().argmax(dim=1) == y).sum()
