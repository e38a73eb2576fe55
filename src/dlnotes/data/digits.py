"""scikit-learn 自带的手写数字：1797 张真实的 8×8 灰度图，无须下载。"""

from functools import cache

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["digits"]


def digits() -> tuple[Float[Tensor, "n 64"], Int[Tensor, " n"]]:
    """手写数字 0–9，每张图展平成 64 个像素。

    Returns:
        `(X, y)`：`X` 形状 (1797, 64)，float32，像素缩放到 [0, 1]；`y` 形状 (1797,)，int64，
        取值 0 到 9。顺序固定；要分训练集与测试集，用 `dlnotes.data.split`。

    Examples:
        >>> X, y = digits()
        >>> X.shape, int(y.max())
        (torch.Size([1797, 64]), 9)

    来源: E. Alpaydin 与 C. Kaynak，Optical Recognition of Handwritten Digits，1998，
        UCI 机器学习库；scikit-learn 收录的是其中的测试部分。
    """
    X, y = _loaded()
    return X.clone(), y.clone()


@cache
def _loaded() -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return torch.tensor(bunch.data, dtype=torch.float32) / 16, torch.tensor(bunch.target).long()
