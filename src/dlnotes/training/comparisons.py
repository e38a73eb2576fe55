"""比较：两种或许多种方法按种子成对地比，判断有没有差别，并把结果写成一句话。"""

import math
from dataclasses import dataclass, field
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from dlnotes._core.check import flag, instance_of, one_of, sequence, shown
from dlnotes.training.significance import (
    LEVEL,
    detectable_difference,
    equivalence_p,
    holm,
    min_pairs,
    sign_flip_p,
    step_levels,
)
from dlnotes.training.statistics import as_vector, bca_interval, probability_greater

__all__ = ["Comparison", "compare", "compare_all"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """方法 A 与 B 按种子成对比较的结果；由 `compare` 与 `compare_all` 给出，`print` 出来是一句话。

    `p_holm` 不大于 0.05 才说更高或更低；区间与 `probability_greater` 只描述，不参与判断。

    Attributes:
        names: A 与 B 的名字。
        differences: 各对的差 A − B，形状 (S,)。
        p_value: 符号翻转检验的双侧 p 值，没有修正。
        p_holm: 按这一次调用里的全部比较做 Holm 修正之后的 p 值。
        num_comparisons: 这一次调用里有几项比较。
        level: Holm 逐步做到这一项时用的水平，如第一步是 0.05 / num_comparisons。
        probability_greater: P(A>B)，见 `dlnotes.training.probability_greater`。
        margin: 小于它的差别就算相当；`None` 表示没有事先说定，于是永远不说相当。
        p_equivalence: 两个单侧检验（差大于 −margin、差小于 margin）里较大的 p 值；
            没有 margin 时是 `None`。
        ranks: 差是不是名次之差。
    """

    names: tuple[str, str]
    differences: Float[Tensor, " S"] = field(repr=False)
    p_value: float
    p_holm: float
    num_comparisons: int
    level: float
    probability_greater: float
    margin: float | None = None
    p_equivalence: float | None = None
    ranks: bool = False

    @property
    def num_pairs(self) -> int:
        """有几对，即几个种子。"""
        return len(self.differences)

    @property
    def mean_difference(self) -> float:
        """平均差 A − B。"""
        return self.differences.mean().item()

    @cached_property
    def interval(self) -> tuple[float, float]:
        """平均差的 95% BCa 区间；各对的差都相同时两端重合。"""
        return bca_interval(self.differences)

    @cached_property
    def detectable(self) -> float:
        """在 `level` 这个水平上，有 80% 的把握分出的最小差别；种子太少，怎样都分不出时是 `inf`。

        算法见 `dlnotes.training.detectable_difference`，其中的标准差由各对的差估计。
        """
        return detectable_difference(
            self.differences.std().item(), self.num_pairs, level=self.level
        )

    @property
    def verdict(self) -> str:
        """`更高`、`更低`、`相当`、`分不出` 之一。

        先看有没有差别：`p_holm` 不大于 0.05 就是更高或更低，哪怕差得比 `margin` 小。
        没有看出差别时，给了 `margin` 且两个单侧检验都在 5% 水平上显著，才是相当；
        看不出差别本身不等于相当。
        """
        if self.p_holm <= LEVEL:
            return "更高" if self.mean_difference > 0 else "更低"
        if self.p_equivalence is not None and self.p_equivalence <= LEVEL:
            return "相当"
        return "分不出"

    @property
    def conclusion(self) -> str:
        """判断与它的限度，如 `相当（差别小于 0.01）`、`分不出（能分出 0.020 以上）`。"""
        return self.verdict + self._limit(self._decimals())

    def sentence(self, digits: int | None = None) -> str:
        """一句话：差多少、95% 区间、几对、p 值、判断。

        说“低”时，区间也是低多少的区间；两端一负一正，就是两个方向都有可能。

        Args:
            digits: 小数位数；`None` 表示看数的大小，一般是三位。

        Returns:
            如 `A 比 B 高 0.031 [0.020, 0.042]，10 对，p=0.004：更高`。
        """
        digits = self._decimals() if digits is None else digits
        a, b = self.names
        mean, sign = self.mean_difference, -1 if self.mean_difference < 0 else 1
        relation = f"比 {b} {'低' if mean < 0 else '高'}" if mean else f"与 {b} 相差"
        low, high = (f"{sign * end:z.{digits}f}" for end in self.interval[::sign])
        p = "p<0.001" if self.p_holm < 0.001 else f"p={self.p_holm:.3f}"
        family = f"（Holm，{self.num_comparisons} 项）" if self.num_comparisons > 1 else ""
        return (
            f"{a} {'的名次' if self.ranks else ''}{relation} "
            f"{abs(mean):.{digits}f} [{low}, {high}]，"
            f"{self.num_pairs} 对，{p}{family}：{self.verdict}{self._limit(digits)}"
        )

    def __str__(self) -> str:
        return self.sentence()

    def _limit(self, digits: int) -> str:
        """括号里的话：判断说到哪里为止。"""
        if self.verdict == "相当":
            return f"（差别小于 {self.margin:g}）"
        if self.verdict != "分不出":
            return ""
        if math.isinf(self.detectable):
            return f"（种子太少，任何差别都分不出，至少要 {min_pairs(self.level)} 个）"
        if not self.differences.any():
            return "（每一对都相同）"
        return f"（能分出 {self.detectable:.{digits}f} 以上）"

    def _decimals(self) -> int:
        """一般三位小数；数很小时保证两位有效数字，很大时少写几位。"""
        scale = max(map(abs, self.interval))
        if scale >= 10:
            return 1 if scale < 1000 else 0
        return max(3, 1 - math.floor(math.log10(scale))) if scale else 3


def compare(
    a: Float[Tensor, " S"],
    b: Float[Tensor, " S"],
    *,
    margin: float | None = None,
    names: tuple[str, str] = ("A", "B"),
    ranks: bool = False,
) -> Comparison:
    """两种方法按种子成对比较：A 比 B 高，低，相当，还是分不出。

    由符号翻转检验判断，见 `dlnotes.training.sign_flip_test`。一次要比许多种方法时用 `compare_all`，
    它会按比较的次数修正；分开调用许多次 `compare` 等于没有修正。

    Args:
        a: 方法 A 的 S 个结果，一个种子一个，S 至少为 2。
        b: 方法 B 的 S 个结果，与 `a` 用同一批种子，次序相同。
        margin: 小于它的差别就算相当，与结果同单位；要在看到结果之前定。省略时不下“相当”的判断。
        names: A 与 B 的名字。
        ranks: 为 `True` 时先把两种方法的结果放在一起排名次（小的在前，并列取平均）再比。只有这时
            结果里才可以有 `inf`，如 `steps_to_target` 没到达的；它们并列最后。

    Returns:
        `Comparison`。

    Raises:
        TypeError: 结果不是实数的张量，或者 `margin` 不是数。
        ValueError: 长度不同，少于两对，有 NaN 或无穷大，`margin` 不是正数，或者与 `ranks` 同时给。

    Examples:
        >>> a = torch.tensor([0.91, 0.93, 0.92, 0.95, 0.90, 0.94, 0.93, 0.92])
        >>> b = torch.tensor([0.89, 0.90, 0.91, 0.92, 0.88, 0.91, 0.90, 0.91])
        >>> print(compare(a, b, names=("ReLU", "Sigmoid")))
        ReLU 比 Sigmoid 高 0.023 [0.016, 0.028]，8 对，p=0.008：更高
    """
    names = [instance_of("names 的每一项", name, str) for name in sequence("names", names)]
    if len(set(names)) != 2 or len(names) != 2:
        raise ValueError(f"names 应为两个不同的名字，收到 {names!r}")
    flag("ranks", ranks)
    a, b = as_vector("a", a, inf=ranks), as_vector("b", b, inf=ranks)
    if len(a) != len(b):
        raise ValueError(f"a 与 b 应按种子成对，长度相同，收到 {len(a)} 与 {len(b)}")
    results = {names[1]: b, names[0]: a}
    return compare_all(results, margin=margin, ranks=ranks)[names[0]]


def compare_all(
    results: dict[str, Tensor],
    *,
    baseline: str | None = None,
    margin: float | None = None,
    ranks: bool = False,
) -> dict[str, Comparison]:
    """许多种方法各与基线比，按这一次调用里的比较次数做 Holm 修正。

    这样全部比较里有一项把“没有差别”错说成更高或更低的概率不超过 5%。相当的判断不修正，
    每一项各用 5% 的水平。

    Args:
        results: 名字到 S 个结果，形状都是 (S,)，同一批种子、同一个次序；至少两种方法。
        baseline: 基线的名字；`None` 表示第一个。
        margin: 同 `compare`。
        ranks: 同 `compare`；每项比较只把那一种方法与基线放在一起排名次。

    Returns:
        基线之外的每个名字到它与基线的 `Comparison`（差是它减基线），次序与 `results` 相同。

    Raises:
        TypeError: 同 `compare`。
        ValueError: 少于两种方法，基线不在其中，或者 `compare` 会报的错。

    Examples:
        >>> generator = torch.Generator().manual_seed(0)
        >>> base = torch.rand(10, generator=generator)
        >>> found = compare_all({"SGD": base, "动量": base + 0.1,
        ...                      "别的种子": torch.rand(10, generator=generator)})
        >>> [c.verdict for c in found.values()]
        ['更高', '分不出']
    """
    values, baseline = _check_results(results, baseline, flag("ranks", ranks))
    check_margin(margin)
    if ranks and margin is not None:
        raise ValueError(f"ranks=True 时差是名次，不应再给 margin，收到 margin={margin!r}")
    pairs = {name: (v, values[baseline]) for name, v in values.items() if name != baseline}
    chances = [probability_greater(*pair) for pair in pairs.values()]
    if ranks:
        pairs = {name: _joint_ranks(*pair) for name, pair in pairs.items()}
    differences = torch.stack([a - b for a, b in pairs.values()])
    p_values = sign_flip_p(differences)
    nothing = [None] * len(pairs)
    equivalences = nothing if margin is None else equivalence_p(differences, margin).tolist()
    adjusted, levels = holm(p_values), step_levels(p_values)
    return {
        name: Comparison(
            (name, baseline), differences[k], p_values[k].item(), adjusted[k].item(), len(pairs),
            levels[k].item(), chances[k], margin, equivalences[k], ranks,
        )
        for k, name in enumerate(pairs)
    }  # fmt: skip


def _joint_ranks(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    from scipy.stats import rankdata

    return tuple(torch.from_numpy(rankdata(torch.cat([a, b]).numpy())).double().chunk(2))


def _check_results(results, baseline, ranks) -> tuple[dict[str, Tensor], str]:
    if not isinstance(results, dict):
        raise TypeError(f"results 应为名字到结果的字典，收到 {shown(results)}")
    if len(results) < 2:
        raise ValueError(f"results 应至少有两种方法，收到 {list(results)!r}")
    values = {name: as_vector(f"results[{name!r}]", v, inf=ranks) for name, v in results.items()}
    lengths = {name: len(v) for name, v in values.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"results 应按种子成对，长度都相同，收到 {lengths}")
    chosen = next(iter(values)) if baseline is None else baseline
    return values, one_of("baseline", chosen, tuple(values))


def check_margin(margin: float | None) -> None:
    """`margin` 是 `None` 或正数，否则报错。"""
    if margin is None:
        return
    if isinstance(margin, bool) or not isinstance(margin, int | float):
        raise TypeError(f"margin 应为数，收到 {margin!r}")
    if not 0 < margin < math.inf:
        raise ValueError(f"margin 应为正数，收到 {margin!r}")
