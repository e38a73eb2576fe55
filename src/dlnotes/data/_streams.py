"""生成式数据的随机数：训练、验证、测试各用一路，样本数增加时前面的样本不变。"""

import torch
from torch import Tensor

from dlnotes._core.check import one_of
from dlnotes._core.rng import integer_seed, stream

SPLITS = ("train", "valid", "test")

_USES = ("labels", "draws", "noise")


def stream_for(seed: int, split: str, use: str) -> torch.Generator:
    """种子 `seed` 之下，某一份数据的某一种用途专用的随机数生成器；各路互不相同。

    Args:
        seed: 随机种子。
        split: `"train"`、`"valid"` 或 `"test"`。
        use: `"labels"`（次序）、`"draws"`（图像）或 `"noise"`（附加的噪声）。
    """
    one_of("split", split, SPLITS)
    k = 1_000_000 - len(SPLITS) * len(_USES)  # 紧挨在训练用的那一路之前，不与各轮的次序相撞
    k += SPLITS.index(split) * len(_USES) + _USES.index(use)
    return torch.Generator().manual_seed(stream(integer_seed(seed), k))


def balanced_labels(num_samples: int, num_classes: int, rng: torch.Generator) -> Tensor:
    """每连续 `num_classes` 个样本里各类恰好一个，次序随机。

    Args:
        num_samples: 样本数，正整数；只增加它时，前面的标签不变。
        num_classes: 类别数，正整数。
        rng: 随机数生成器。

    Returns:
        形状 (num_samples,)，int64。
    """
    num_rounds = -(-num_samples // num_classes)
    order = torch.rand(num_rounds, num_classes, generator=rng, dtype=torch.float64).argsort(1)
    return order.flatten()[:num_samples]
