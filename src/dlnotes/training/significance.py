"""检验：符号翻转检验、Holm 修正、能分出的最小差别。"""

import math
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

from dlnotes._core.check import at_least, one_of, positive_int, real
from dlnotes.training.statistics import as_vector, check_ratio, check_tensor

__all__ = ["LEVEL", "detectable_difference", "holm", "sign_flip_test"]

LEVEL = 0.05
"""显著性水平：没有差别时，说“有差别”的概率不超过它。"""

MAX_EXACT = 20
NUM_RANDOM = 100_000

MAX_SIMULATED = 12
NUM_SIMULATED = 1000


def sign_flip_test(differences: Float[Tensor, " S"], *, alternative: str = "two-sided") -> float:
    r"""符号翻转检验的 p 值：两种方法其实没有差别时，碰巧差到这个程度的概率。

    没有差别时，一对结果 \((a_i, b_i)\) 交换一下同样可能，差 \(d_i\) 只变符号。把 \(2^S\) 种符号都
    试一遍，总和与观察到的一样极端或更极端的占几成，就是 p 值。不假定正态，也不假定方差。
    最小的 p 值是 \(2^{1-S}\)：五对以下，怎样的差别都到不了 0.05。

    S 不超过 20 时穷举；再多时抽 100,000 种（种子固定，观察到的那一种也算在内）。
    总和只差一点舍入误差（差的绝对值之和的 10⁻⁵ 以内）的算相等。

    Args:
        differences: 成对的差，S 至少为 2，都是有限的数。
        alternative: `"two-sided"`（差不为 0）、`"greater"`（差大于 0）、`"less"`（差小于 0）。

    Returns:
        0 到 1。

    Raises:
        TypeError: 不是实数的张量。
        ValueError: 不是一维，少于两个值，有 NaN 或无穷大，或者 `alternative` 不认识。

    Examples:
        >>> sign_flip_test(torch.tensor([0.1, 0.2, 0.1, 0.3, 0.2, 0.1]))
        0.03125

    来源: Fisher (1935), The Design of Experiments，第 21 节。
    """
    one_of("alternative", alternative, ("two-sided", "greater", "less"))
    return sign_flip_p(as_vector("differences", differences), alternative).item()


def sign_flip_p(
    differences: Float[Tensor, "*batch S"], alternative: str = "two-sided"
) -> Float[Tensor, "*batch"]:
    """许多组差各自的 p 值；`sign_flip_test` 的一批一起算的版本，不检查参数。"""
    observed = differences.sum(dim=-1, keepdim=True)
    slack = 1e-5 * differences.abs().sum(dim=-1, keepdim=True)
    # 第一个符号固定为正；另一半翻转是这一半的相反数
    half = _flipped_sums(differences)
    if alternative == "two-sided":
        return (half.abs() >= observed.abs() - slack).double().mean(dim=-1)
    sign = 1 if alternative == "greater" else -1
    least = sign * observed - slack
    return ((half >= least).double() + (-half >= least).double()).mean(dim=-1) / 2


def _flipped_sums(differences: Float[Tensor, "*batch S"]) -> Float[Tensor, "*batch N"]:
    first, *rest = differences.unsqueeze(-1).unbind(dim=-2)
    sums = first
    if len(rest) < MAX_EXACT:
        for d in rest:
            sums = torch.cat([sums + d, sums - d], dim=-1)
        return sums
    generator = torch.Generator().manual_seed(0)
    for d in rest:
        signs = 2.0 * torch.randint(2, (NUM_RANDOM,), generator=generator) - 1
        signs[0] = 1  # 观察到的那一种
        sums = sums + d * signs.to(d)
    return sums


def equivalence_p(differences: Float[Tensor, "m S"], margin: float) -> Float[Tensor, " m"]:
    """两个单侧检验（差大于 −margin、差小于 margin）里较大的 p 值。"""
    above = sign_flip_p(differences + margin, "greater")
    return torch.maximum(above, sign_flip_p(differences - margin, "less"))


def holm(p_values: Float[Tensor, " m"]) -> Float[Tensor, " m"]:
    r"""Holm 修正：同时做 m 项比较时，修正后的 p 值仍与 0.05 比。

    比较一多，总有几个碰巧小于 0.05。从小到大排，第 i 个 p 值乘 \(m-i+1\)，再取到它为止的最大值。
    这样只要有一项错说“有差别”的概率就不超过 0.05，各项是否独立都成立，而且处处不比 Bonferroni 差。

    Args:
        p_values: m 个 p 值，0 到 1，m 至少为 1。

    Returns:
        修正后的 p 值，次序不变，至多为 1，float64。

    Raises:
        TypeError: 不是实数的张量。
        ValueError: 不是一维，是空的，或有不在 0 到 1 之间的值。

    Examples:
        >>> holm(torch.tensor([0.01, 0.04, 0.03, 0.005], dtype=torch.float64))
        tensor([0.0300, 0.0600, 0.0600, 0.0200], dtype=torch.float64)

    来源: Holm (1979), A Simple Sequentially Rejective Multiple Test Procedure。
    """
    check_tensor("p_values", p_values)
    if p_values.ndim != 1 or not len(p_values):
        raise ValueError(f"p_values 的形状应为 (m,)，m 至少为 1，收到 {tuple(p_values.shape)}")
    p = p_values.detach().cpu().double()
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p_values 应在 0 与 1 之间，收到 {p.tolist()}")
    ranked, order = p.sort()
    factors = torch.arange(len(p), 0, -1)
    adjusted = torch.empty_like(p)
    adjusted[order] = (ranked * factors).cummax(dim=0).values.clamp(max=1)
    return adjusted


def step_levels(p_values: Float[Tensor, " m"]) -> Float[Tensor, " m"]:
    """Holm 从小到大逐步检验，第 k 步（从 0 数起）的水平是 0.05 / (m − k)，到第一个不显著的为止。"""
    num_found = int((holm(p_values) <= LEVEL).sum())
    steps = p_values.argsort(stable=True).argsort(stable=True).clamp(max=num_found)
    return LEVEL / (len(p_values) - steps.double())


def detectable_difference(
    std: float, num_pairs: int, *, level: float = LEVEL, power: float = 0.8
) -> float:
    r"""能分出的最小差别：真的差这么多时，检验有 `power` 的概率说“有差别”。

    算法: 把差当作正态，标准差是 `std`。十二对以内，模拟 2,000 个实验（种子固定），逐个求出
    符号翻转检验恰好说“有差别”的差，取 `power` 分位数；再多时它与 t 检验的功效几乎相同，
    由非中心 t 分布解出。
    `std` 通常由同样几个种子估计，十对时它自己就有约四分之一的误差，所以只看一两位数字。

    Args:
        std: 成对的差的标准差，不小于 0。
        num_pairs: 对数 S，正整数。
        level: 显著性水平，0 到 1 之间；m 项比较时，Holm 的第一步用 `0.05 / m`。
        power: 功效，大于 `level`，小于 1。

    Returns:
        差的绝对值；对数太少，怎样的差别都到不了 `level` 时是 `inf`。

    Raises:
        ValueError: 参数不在上面的范围里。

    Examples:
        >>> round(detectable_difference(0.02, 10), 3)
        0.02
        >>> detectable_difference(0.02, 5)
        inf

    来源: Cohen (1988), Statistical Power Analysis for the Behavioral Sciences，第 2 章。
    """
    at_least("std", std, 0)
    positive_int("num_pairs", num_pairs)
    check_ratio("level", level)
    if not level < real("power", power) < 1:
        raise ValueError(f"power 应大于 level（{level}）且小于 1，收到 {power!r}")
    if num_pairs < min_pairs(level):
        return math.inf
    solve = _simulated_difference if num_pairs <= MAX_SIMULATED else _normal_difference
    return std * solve(num_pairs, level, power)


@cache
def _simulated_difference(num_pairs: int, level: float, power: float) -> float:
    """标准差为 1 时能分出的差，模拟得出。

    各个非空子集的平均从小到大排，第 c 个的相反数就是恰好显著的平移（Hartigan, 1969），
    c 是 `level` 容许的翻转种数。
    """
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(NUM_SIMULATED, num_pairs, generator=generator, dtype=torch.float64)
    sums, sizes = torch.zeros_like(z[:, :1]), z.new_zeros(1)
    for d in z.split(1, dim=1):
        sums, sizes = torch.cat([sums, sums + d], dim=1), torch.cat([sizes, sizes + 1])
    allowed = math.floor(level * 2 ** (num_pairs - 1))
    means = sums[:, 1:] / sizes[1:]
    lower, upper = (
        means.kthvalue(k, dim=1).values for k in (allowed, means.shape[1] + 1 - allowed)
    )
    return torch.cat([-lower, upper]).quantile(power).item()  # z 与 −z 各算一个实验，平均正好为 0


def _normal_difference(num_pairs: int, level: float, power: float) -> float:
    """标准差为 1 时能分出的差，由非中心 t 分布得出；另一侧拒绝的概率可以忽略。"""
    from scipy.optimize import brentq
    from scipy.stats import nct, t

    df = num_pairs - 1
    critical = t.isf(level / 2, df)
    shift = brentq(lambda x: nct.sf(critical, df, x) - power, 0, 4 * critical + 10)
    return shift / math.sqrt(num_pairs)


def min_pairs(level: float = LEVEL) -> int:
    """最少要几对，符号翻转检验的 p 值才到得了 `level`。"""
    return 1 + math.ceil(-math.log2(level) - 1e-9)
