"""把数据分成训练集、验证集与测试集。"""

import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from dlnotes._core.check import real, tensor
from dlnotes._core.rng import generator_from

__all__ = ["split"]

Part = tuple[Tensor, Tensor]


def split(
    X: Shaped[Tensor, "n ..."],
    y: Int[Tensor, " n"],
    test_ratio: float = 0.2,
    *,
    valid_ratio: float = 0.0,
    seed: int | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Part, ...]:
    """分层随机划分：每一类都按同样的比例分到各份。

    Args:
        X: 特征，形状 (n, …)。
        y: 类别，形状 (n,)。
        test_ratio: 测试集占全部样本的比例，在 0 与 1 之间。
        valid_ratio: 验证集占全部样本的比例，不小于 0；为 0 时不分验证集。
        seed: 随机种子。
        generator: CPU 上的随机数生成器，与 `seed` 二选一。

    Returns:
        `(train, test)`，给了 `valid_ratio` 时是 `(train, valid, test)`；每一份都是 `(X, y)`，
        已打乱，各份没有共同的样本。同一个种子下，分不分验证集，测试集都相同。

    Raises:
        TypeError: `X`、`y` 不是张量，`y` 不是整数，比例不是实数。
        ValueError: `X` 与 `y` 的样本数不同或没有样本，比例不在范围内，某一类分不出样本，
            或 `seed` 与 `generator` 没有恰好给一个。

    Examples:
        >>> from dlnotes.data import spiral
        >>> train, valid, test = split(*spiral(100, seed=0), 0.2, valid_ratio=0.1, seed=0)
        >>> [part[1].bincount().tolist() for part in (train, valid, test)]
        [[70, 70, 70], [10, 10, 10], [20, 20, 20]]
    """
    _check(X, y, test_ratio, valid_ratio)
    rng = generator_from(seed, generator)
    parts: list[list[Tensor]] = [[], [], []]
    for label in y.unique():
        members = (y == label).nonzero().flatten().cpu()
        members = members[torch.randperm(len(members), generator=rng)]
        sizes = [round(len(members) * ratio) for ratio in (test_ratio, valid_ratio)]
        sizes.append(len(members) - sum(sizes))
        if sizes[0] < 1 or sizes[2] < 1 or (valid_ratio and sizes[1] < 1):
            raise ValueError(
                f"test_ratio={test_ratio!r}、valid_ratio={valid_ratio!r} 时类别 {label.item()} 的 "
                f"{len(members)} 个样本不够分，每份应至少有一个"
            )
        for part, chosen in zip(parts, members.split(sizes), strict=True):
            part.append(chosen)
    test, valid, train = parts
    chosen = [train, valid, test] if valid_ratio else [train, test]
    indices = [_shuffled(torch.cat(part), rng).to(X.device) for part in chosen]
    return tuple((X[i], y[i]) for i in indices)


def _shuffled(index: Tensor, rng: torch.Generator) -> Tensor:
    return index[torch.randperm(len(index), generator=rng)]


def _check(X, y, test_ratio, valid_ratio) -> None:
    if tensor("y", y).is_floating_point() or y.is_complex():
        raise TypeError(f"y 应为整数类别，收到 {y.dtype}")
    if y.ndim != 1 or len(y) == 0:
        raise ValueError(f"y 的形状应为 (n,)，n ≥ 1，收到 {tuple(y.shape)}")
    if tensor("X", X).ndim == 0 or len(X) != len(y):
        raise ValueError(f"X 与 y 的样本数应相同，收到 {tuple(X.shape)} 与 {tuple(y.shape)}")
    if not 0 < real("test_ratio", test_ratio) < 1:
        raise ValueError(f"test_ratio 应在 0 与 1 之间，收到 {test_ratio!r}")
    if not 0 <= real("valid_ratio", valid_ratio) < 1 - test_ratio:
        raise ValueError(
            f"valid_ratio 应不小于 0，且与 test_ratio={test_ratio!r} 之和小于 1，"
            f"收到 {valid_ratio!r}"
        )
