"""检查参数：凡是收数组的参数，都复制成 CPU 上的 NumPy 数组再用。"""

from numbers import Integral

import numpy as np
import torch
from torch import Tensor

from dlnotes._core.check import shown

__all__ = []

Array = Tensor | np.ndarray


def to_array(name: str, value: object) -> np.ndarray:
    """复制成 CPU 上的 NumPy 数组；NumPy 没有 bfloat16，换成 float32。"""
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        value = (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    try:
        array = np.array(value)
    except ValueError as error:
        raise ValueError(f"{name} 的各行应一样长，收到 {value!r}") from error
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} 应为数值张量或数组，元素类型 {array.dtype}，收到 {shown(value)}")
    return array


def to_finite(name: str, value: object) -> np.ndarray:
    """同 `to_array`，并且不含 nan 与无穷大。"""
    array = to_array(name, value)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} 应为有限数，收到的含有 nan 或 inf")
    return array


def to_points(name: str, value: object) -> np.ndarray:
    """形状 (N, D) 的点，D 至少为 2。"""
    X = to_array(name, value)
    if X.ndim != 2 or X.shape[1] < 2:
        raise ValueError(f"{name} 的形状应为 (N, D)，D 至少为 2，收到 {X.shape}")
    return X


def to_labelled_points(X: object, y: object) -> tuple[np.ndarray, np.ndarray]:
    """点与各点的类别，个数相同。"""
    X, y = to_points("X", X), to_array("y", y)
    if y.shape != (len(X),):
        raise ValueError(f"y 的形状应为 ({len(X)},)，与 X 的样本数相同，收到 {y.shape}")
    return X, y


def to_cube(name: str, value: object) -> np.ndarray:
    """三维的数组。"""
    array = to_array(name, value)
    if array.ndim != 3:
        raise ValueError(f"{name} 应为三维，收到形状 {array.shape}")
    return array


def to_column(name: str, value: object, size: int) -> np.ndarray:
    """形状 (size, 1) 的一列，也可以给一维的。"""
    column = to_array(name, value)
    if column.shape not in ((size,), (size, 1)):
        raise ValueError(f"{name} 的形状应为 ({size}, 1) 或 ({size},)，收到 {column.shape}")
    return column.reshape(size, 1)


def to_index(name: str, value: object, size: int) -> int:
    """0 到 size − 1 的整数；也可以是 0 维张量。"""
    if isinstance(value, Tensor) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} 应为整数，收到 {shown(value)}")
    if not 0 <= value < size:
        raise ValueError(f"{name} 应在 0 到 {size - 1} 之间，收到 {value!r}")
    return int(value)


def to_pair(name: str, value: object) -> tuple[float, float]:
    """下限与上限。"""
    numbers = to_finite(name, value)
    if numbers.shape != (2,) or not numbers[0] < numbers[1]:
        raise ValueError(f"{name} 应为（下限, 上限），且下限小于上限，收到 {value!r}")
    return float(numbers[0]), float(numbers[1])


def to_steps(name: str, value: object) -> np.ndarray:
    """由（起点, 终点, 间隔）得到等距的一串数，不含终点。"""
    numbers = to_finite(name, value)
    if numbers.shape != (3,) or not numbers[2] > 0 or not numbers[0] < numbers[1]:
        raise ValueError(
            f"{name} 应为（起点, 终点, 间隔），起点小于终点，且间隔大于 0，收到 {value!r}"
        )
    return np.arange(*numbers)
