"""训练与评估收到的数据对不对。"""

import torch
from torch import Tensor

from dlnotes._core.check import tensor


def check_data(X: object, y: object, names: tuple[str, str] = ("X", "y")) -> None:
    """`X`、`y` 是样本数相同、不为空、没有 NaN 与无穷大的张量，否则报错。"""
    for name, value in zip(names, (X, y), strict=True):
        if tensor(name, value).ndim == 0 or len(value) == 0:
            raise ValueError(f"{name} 应至少有一个样本，收到形状 {tuple(value.shape)}")
        if value.is_floating_point() and not value.is_meta and not torch.isfinite(value).all():
            raise ValueError(f"{name} 应全是有限的数，收到的含有 NaN 或无穷大")
    if len(X) != len(y):
        raise ValueError(f"{names[0]} 与 {names[1]} 的样本数应相同，收到 {len(X)} 与 {len(y)}")


def check_outputs(y_hat: Tensor, y: Tensor, name: str = "y") -> None:
    """`y` 是类别下标时，都在输出 `y_hat` 的类别数之内，否则报错。"""
    if not y.is_floating_point() and y_hat.ndim > 1 and not y.is_meta:
        check_classes(y, y_hat.shape[1], name)


def check_classes(y: Tensor, num_classes: int, name: str = "y") -> None:
    """类别下标都在 0 到 K−1 之间（−100 是 PyTorch 留给“不算损失”的），否则报错。

    不查的话，CPU 上的报错是英文的，GPU 上更会在别处崩溃。
    """
    counted = y[y != -100]
    if len(counted) and not 0 <= int(counted.min()) <= int(counted.max()) < num_classes:
        raise ValueError(
            f"{name} 应在 0 与 {num_classes - 1} 之间（网络有 {num_classes} 个输出），"
            f"收到 {int(counted.min())} 到 {int(counted.max())}"
        )
