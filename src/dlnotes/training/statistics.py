"""描述：均值、标准差、区间、P(A>B)、到达目标用的步数。

这里的数只描述结果；两种方法有没有差别，由 `dlnotes.training.comparisons` 按符号翻转检验来判断。
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Num
from torch import Tensor

from dlnotes._core.check import integer, one_of, positive_int, real, sequence, tensor
from dlnotes._core.rng import integer_seed

__all__ = ["bca_interval", "mean_std", "probability_greater", "steps_to_target", "summarize"]


def summarize(values: Num[Tensor, " S"]) -> tuple[float, float, float]:
    r"""样本均值、样本标准差、均值的 95% 置信区间的半宽。

    半宽是 \(t_{0.975,S-1}\,s/\sqrt S\)，假定各次结果独立、近似正态。

    Args:
        values: S 次独立结果，S 至少为 2；含有 NaN 时三个数都是 NaN。

    Returns:
        `(mean, std, half_width)`。

    Raises:
        TypeError: 不是实数的张量。
        ValueError: 不是一维，或者少于两个值。

    Examples:
        >>> mean, std, half = summarize(torch.tensor([1.0, 2.0, 3.0]))
        >>> round(mean, 2), round(std, 2), round(half, 2)
        (2.0, 1.0, 2.48)
    """
    from scipy.stats import t

    values = as_vector("values", values, nan=True, inf=True)
    std = values.std().item()
    half = t.ppf(0.975, len(values) - 1) * std / math.sqrt(len(values))
    return values.mean().item(), std, float(half)


def mean_std(values: Num[Tensor, " S"], digits: int = 3) -> str:
    """写成“均值 ± 标准差（n=种子数）”。

    Args:
        values: S 次独立结果，S 至少为 2。
        digits: 小数位数。

    Returns:
        一小段文字。

    Raises:
        TypeError: 不是实数的张量。
        ValueError: 不是一维，或者少于两个值。

    Examples:
        >>> mean_std(torch.tensor([0.5, 0.7]))
        '0.600 ± 0.141（n=2）'
    """
    integer("digits", digits)
    mean, std, _ = summarize(values)
    return f"{mean:.{digits}f} ± {std:.{digits}f}（n={len(values)}）"


def bca_interval(
    differences: Float[Tensor, " S"],
    confidence: float = 0.95,
    seed: int = 0,
    *,
    num_resamples: int = 9999,
) -> tuple[float, float]:
    """均值的 BCa 自助置信区间（bias-corrected and accelerated bootstrap）。

    把 S 个值有放回地重抽许多次，看均值落在哪里，再修正偏差与偏斜；不假定正态。
    值少的时候它偏窄：没有差别的实验，由十对算出的 95% 区间约有 9% 不含 0；
    所以它只用来描述，不用来判断。

    Args:
        differences: S 个成对的差（或别的独立的值），S 至少为 2，都是有限的数。
        confidence: 置信水平，0 到 1 之间。
        seed: 重抽用的种子。
        num_resamples: 重抽的次数，正整数。

    Returns:
        `(low, high)`；各值都相同时没有起伏可抽，两端都是那个值。

    Raises:
        TypeError: 不是实数的张量。
        ValueError: 不是一维，少于两个值，有 NaN 或无穷大，或者 `confidence` 不在 0 与 1 之间。

    Examples:
        >>> low, high = bca_interval(torch.tensor([0.02, 0.03, 0.01, 0.04, 0.02]))
        >>> 0.01 <= low < 0.024 < high <= 0.04
        True

    来源: Efron (1987), Better Bootstrap Confidence Intervals；计算用 `scipy.stats.bootstrap`。
    """
    import numpy as np
    from scipy.stats import bootstrap

    values = as_vector("differences", differences)
    positive_int("num_resamples", num_resamples)
    check_ratio("confidence", confidence)
    if values.max() - values.min() <= 1e-12 * values.abs().max():  # 只剩舍入误差，BCa 没有定义
        return values.mean().item(), values.mean().item()
    found = bootstrap((values.numpy(),), np.mean, method="BCa", confidence_level=confidence,
                      n_resamples=num_resamples,
                      random_state=np.random.default_rng(integer_seed(seed)))  # fmt: skip
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def probability_greater(a: Float[Tensor, " S"], b: Float[Tensor, " S"]) -> float:
    """P(A>B)：换一个种子再比一次，A 高于 B 的概率，用成对的结果里 A 高于 B 的比例估计。

    Args:
        a: 方法 A 的 S 个结果，S 至少为 2；只比大小，所以可以是无穷大。
        b: 方法 B 的 S 个结果，与 `a` 按种子成对。

    Returns:
        0 到 1；相等的一对算一半。

    Raises:
        TypeError: 不是实数的张量。
        ValueError: 不是一维，少于两个值，长度不同，或有 NaN。

    Examples:
        >>> probability_greater(torch.tensor([0.9, 0.8, 0.7]), torch.tensor([0.8, 0.8, 0.6]))
        0.8333333333333334

    来源: Bouthillier 等 (2021), Accounting for Variance in Machine Learning Benchmarks，第 4 节。
    """
    a, b = as_vector("a", a, inf=True), as_vector("b", b, inf=True)
    if len(a) != len(b):
        raise ValueError(f"a 与 b 应按种子成对，长度相同，收到 {len(a)} 与 {len(b)}")
    return ((a > b).double() + (a == b).double() / 2).mean().item()


def steps_to_target(
    curves: Float[Tensor, "S T"],
    target: float,
    *,
    steps: Sequence[float] | None = None,
    mode: str = "max",
) -> Float[Tensor, " S"]:
    """每条曲线第一次到达目标时走了几步；之后掉回去也算到达。

    方法都到了天花板，最后的准确率就分不出快慢，这时比它。没到的记作 `inf`，不能相减；
    比较两种方法时写 `compare(a, b, ranks=True)`，先换成名次。

    Args:
        curves: S 条曲线，形状 (S, T)，如准确率；NaN（训练发散）算没到。
        target: 目标。
        steps: 曲线上各点的步数，T 个，递增；`None` 表示 1 到 T。
        mode: `"max"` 表示升到 `target` 以上（含）算到达，如准确率；`"min"` 表示降到以下，如损失。

    Returns:
        形状 (S,)，float64；没到的是 `inf`。

    Raises:
        TypeError: `curves` 不是实数的张量，或者 `target` 不是数。
        ValueError: 形状不对，`target` 是 NaN，`steps` 的个数不符或不递增，`mode` 不认识。

    Examples:
        >>> curves = torch.tensor([[0.2, 0.9, 0.8], [0.1, 0.2, 0.3]])
        >>> steps_to_target(curves, 0.8, steps=[10, 20, 30])
        tensor([20., inf], dtype=torch.float64)
    """
    check_tensor("curves", curves)
    if curves.ndim != 2 or 0 in curves.shape:
        raise ValueError(f"curves 的形状应为 (S, T)，都不为 0，收到 {tuple(curves.shape)}")
    if isinstance(target, bool) or not isinstance(target, int | float):
        raise TypeError(f"target 应为数，收到 {target!r}")
    if math.isnan(target):
        raise ValueError(f"target 应为数，收到 {target!r}")
    curves = curves.detach().cpu().double()
    steps = range(1, curves.shape[1] + 1) if steps is None else sequence("steps", steps)
    counts = torch.tensor([real("steps 的每一项", step) for step in steps])
    if len(counts) != curves.shape[1] or not (counts.diff() > 0).all():
        raise ValueError(f"steps 应为 {curves.shape[1]} 个递增的数，收到 {steps!r}")
    up = one_of("mode", mode, ("max", "min")) == "max"
    reached = curves >= target if up else curves <= target
    first = counts.double()[reached.int().argmax(dim=1)]
    return torch.where(reached.any(dim=1), first, math.inf)


def as_vector(
    name: str, values: Tensor, *, nan: bool = False, inf: bool = False
) -> Float[Tensor, " S"]:
    """CPU 上的 float64 向量，至少两个值；`nan`、`inf` 说明容不容许它们。"""
    check_tensor(name, values)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"{name} 的形状应为 (S,)，至少有两个值才谈得上起伏，收到 {tuple(values.shape)}"
        )
    values = values.detach().cpu().double()
    if not nan and values.isnan().any():
        raise ValueError(f"{name} 不应有 NaN，收到 {int(values.isnan().sum())} 个")
    if not inf and values.isinf().any():
        raise ValueError(
            f"{name} 应全是有限的数，收到 {int(values.isinf().sum())} 个无穷大；"
            "比较到达目标的步数，请用 compare(…, ranks=True)"
        )
    return values


def check_ratio(name: str, value: float) -> float:
    """`value` 在 0 与 1 之间（不含两端）时原样返回，否则报错。"""
    if not 0 < real(name, value) < 1:
        raise ValueError(f"{name} 应在 0 与 1 之间，收到 {value!r}")
    return value


def check_tensor(name: str, values: object) -> None:
    """`values` 不是实数的张量时报错；步数这样的整数也可以。"""
    if tensor(name, values).is_complex() or values.dtype == torch.bool:
        raise TypeError(f"{name} 应为实数的张量，收到 {values.dtype}")
