"""几个网络的答案放在一起看：错得有多像，说的把握与实际对了多少合不合。"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from dlnotes._core.check import float_tensor, positive_int, tensor

__all__ = ["Reliability", "error_correlation", "reliability"]


class Reliability(NamedTuple):
    """把样本按把握（最大的概率）分成 B 组，各组的读数；`…` 是 `probs` 前面的各维。

    Attributes:
        count: 各组的样本数，形状 (…, B)。
        confidence: 各组的平均把握，形状 (…, B)；空的一组是 NaN。
        accuracy: 各组的准确率，形状 (…, B)；空的一组是 NaN。
        error: 期望校准误差（ECE）：各组 |把握 − 准确率| 按样本数加权平均，形状 (…)。
        bias: 全体的平均把握减去准确率，形状 (…)；正的是过于自信。
    """

    count: Float[Tensor, "... B"]
    confidence: Float[Tensor, "... B"]
    accuracy: Float[Tensor, "... B"]
    error: Float[Tensor, "..."]
    bias: Float[Tensor, "..."]


def error_correlation(right: Bool[Tensor, "... M n"]) -> Float[Tensor, "..."]:
    r"""M 个网络的“对”与“错”两两的相关系数，取平均。

    对记 1，错记 0。互不相干时在 0 上下，错的题全一样时是 1。

    Args:
        right: `right[…, m, i]` 是第 m 个网络在第 i 个样本上对不对，形状 (…, M, n)，M 至少为 2；
            布尔值。

    Returns:
        形状 (…)，双精度。

    Raises:
        TypeError: `right` 不是布尔张量。
        ValueError: 网络少于两个，或者有一个网络全对、全错，谈不上相关系数。

    Examples:
        >>> hits = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0]]).bool()
        >>> round(error_correlation(hits).item(), 3)  # 三对：1、0、0
        0.333

    来源: Hansen & Salamon (1990), Neural Network Ensembles。
    """
    if tensor("right", right).dtype != torch.bool:
        raise TypeError(f"right 应为布尔张量，收到的元素类型是 {right.dtype}")
    if right.ndim < 2 or right.shape[-2] < 2:
        raise ValueError(
            f"right 的形状应为 (…, 网络数, 样本数)，至少两个网络，收到形状 {tuple(right.shape)}"
        )
    if (right.all(dim=-1) | ~right.any(dim=-1)).any():
        raise ValueError(
            f"right 的每个网络都应有对有错，才有相关系数；收到形状 {tuple(right.shape)}，"
            "其中有一行全对或全错"
        )
    rows = right.double()
    rows = rows - rows.mean(dim=-1, keepdim=True)
    rows = rows / rows.norm(dim=-1, keepdim=True)
    m = right.shape[-2]
    return ((rows @ rows.mT).sum(dim=(-2, -1)) - m) / (m * (m - 1))


def reliability(
    probs: Float[Tensor, "... n K"], y: Int[Tensor, "..."], *, num_bins: int = 10
) -> Reliability:
    """概率可信吗：按把握分组，各组的把握与准确率差多少。

    第 k 组的把握在 k/B 与 (k+1)/B 之间，恰好是 1 的归最后一组。

    Args:
        probs: 各类的概率，形状 (…, n, K)，在 0 与 1 之间。
        y: 类别，int64，形状 (n,)，或能广播成 (…, n) 的形状。
        num_bins: 组数 B，正整数。

    Returns:
        `Reliability(count, confidence, accuracy, error, bias)`，双精度。

    Raises:
        TypeError: `probs` 不是浮点张量，`y` 不是 int64 的张量，`num_bins` 不是整数。
        ValueError: 形状对不上，没有样本，概率或类别超出范围，`num_bins` 不是正整数。

    Examples:
        >>> probs = torch.tensor([[0.95, 0.05], [0.95, 0.05], [0.35, 0.65], [0.35, 0.65]])
        >>> found = reliability(probs, torch.tensor([0, 0, 1, 0]))
        >>> round(found.error.item(), 3), round(found.bias.item(), 3)  # 各组差 0.05 与 0.15
        (0.1, 0.05)

    来源: Guo et al. (2017), On Calibration of Modern Neural Networks。
    """
    positive_int("num_bins", num_bins)
    if float_tensor("probs", probs).ndim < 2 or 0 in probs.shape:
        raise ValueError(
            f"probs 的形状应为 (…, 样本数, 类数)，至少一个样本，收到形状 {tuple(probs.shape)}"
        )
    if not bool(((probs >= 0) & (probs <= 1)).all()):
        raise ValueError(
            f"probs 应都在 0 与 1 之间，收到 {probs.min().item()} 到 {probs.max().item()}；"
            "网络的输出要先过 softmax"
        )
    y = _labels(y, probs)
    sure, label = probs.double().max(dim=-1)
    right = (label == y).double()
    group = (sure * num_bins).long().clamp(max=num_bins - 1)
    empty = torch.zeros(*sure.shape[:-1], num_bins, dtype=torch.float64, device=probs.device)
    count, sures, rights = (
        empty.scatter_add(-1, group, values) for values in (torch.ones_like(sure), sure, right)
    )
    gap = (sures - rights) / sure.shape[-1]
    return Reliability(count, sures / count, rights / count, gap.abs().sum(-1), gap.sum(-1))


def _labels(y: Tensor, probs: Tensor) -> Tensor:
    """类别下标，广播成 `probs` 去掉最后一维的形状。"""
    if tensor("y", y).dtype != torch.int64:
        raise TypeError(f"y 应为 int64 的类别下标，收到的元素类型是 {y.dtype}")
    shape, num_classes = probs.shape[:-1], probs.shape[-1]
    try:
        fits = y.ndim > 0 and y.shape[-1] == shape[-1] and bool(y.expand(shape).ndim)
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(
            f"y 应能广播成形状 {tuple(shape)}，最后一维是 {shape[-1]} 个样本，"
            f"收到形状 {tuple(y.shape)}"
        )
    if not 0 <= int(y.min()) <= int(y.max()) < num_classes:
        raise ValueError(
            f"y 应在 0 与 {num_classes - 1} 之间，收到 {int(y.min())} 到 {int(y.max())}"
        )
    return y
