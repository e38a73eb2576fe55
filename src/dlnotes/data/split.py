"""把数据分成训练集与测试集。"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from dlnotes._check import generator_from


def split(
    X: Float[Tensor, "n ..."],
    y: Int[Tensor, " n"],
    test_ratio: float = 0.2,
    *,
    seed: int | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """分层随机划分：每一类都按同样的比例分到两边。

    Args:
        X: 特征，形状 (n, …)。
        y: 类别，形状 (n,)。
        test_ratio: 测试集所占的比例，在 0 与 1 之间。
        seed: 随机种子。
        generator: CPU 上的随机数生成器，与 `seed` 二选一。

    Returns:
        `(X_train, y_train, X_test, y_test)`，两边都已打乱，没有共同的样本。

    Raises:
        ValueError: `X` 与 `y` 的样本数不同，`test_ratio` 不在 (0, 1) 内，某一类分不出样本，
            或 `seed` 与 `generator` 没有恰好给一个。

    Examples:
        >>> from dlnotes.data import spiral
        >>> X_train, y_train, X_test, y_test = split(*spiral(100, seed=0), seed=0)
        >>> y_train.bincount().tolist(), y_test.bincount().tolist()
        ([80, 80, 80], [20, 20, 20])
    """
    if len(X) != len(y):
        raise ValueError(f"X 与 y 的样本数应相同，收到 {len(X)} 与 {len(y)}")
    if not 0 < test_ratio < 1:
        raise ValueError(f"test_ratio 应在 0 与 1 之间，收到 {test_ratio!r}")
    rng = generator_from(seed, generator)
    train, test = [], []
    for label in y.unique():
        members = (y == label).nonzero().flatten().cpu()
        members = members[torch.randperm(len(members), generator=rng)]
        num_test = round(len(members) * test_ratio)
        if not 0 < num_test < len(members):
            raise ValueError(
                f"test_ratio={test_ratio!r} 时类别 {label.item()} 的 {len(members)} 个样本"
                "分不出两份，每份应至少有一个"
            )
        test.append(members[:num_test])
        train.append(members[num_test:])
    i, j = (_shuffled(torch.cat(part), rng).to(X.device) for part in (train, test))
    return X[i], y[i], X[j], y[j]


def _shuffled(index: Tensor, rng: torch.Generator) -> Tensor:
    return index[torch.randperm(len(index), generator=rng)]
