"""检查参数的几个小函数：错误信息总是说出参数名、收到的值和应有的值。

类型不对是 `TypeError`，值、形状、范围不对是 `ValueError`；每个函数都返回检查过的值。
"""

import math
from collections.abc import Collection, Iterable
from numbers import Integral, Real
from typing import TypeVar

import numpy as np
from torch import Tensor, nn

T = TypeVar("T")


def shown(value: object) -> str:
    """报错时怎样写出收到的值：类名与值，太长就截断；张量只写形状与元素类型。"""
    if isinstance(value, Tensor):
        return f"{type(value).__name__}：形状 {tuple(value.shape)}，{value.dtype}"
    return f"{type(value).__name__}：{repr(value)[:200]}"


def positive_int(name: str, value: object) -> int:
    """`value` 是正整数时返回它，否则报错；NumPy 的整数也算整数。"""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} 应为正整数，收到 {value!r}")
    if value < 1:
        raise ValueError(f"{name} 应为正整数，收到 {value!r}")
    return int(value)


def integer(name: str, value: object, least: int = 0) -> int:
    """`value` 是不小于 `least` 的整数时返回它，否则报错。"""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} 应为整数，收到 {value!r}")
    if value < least:
        raise ValueError(f"{name} 应不小于 {least}，收到 {value!r}")
    return int(value)


def real(name: str, value: object) -> float:
    """`value` 是有限的实数时原样返回，否则报错。"""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} 应为实数，收到 {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{name} 应为有限的实数，收到 {value!r}")
    return value


def at_least(name: str, value: object, least: float) -> float:
    """`value` 不小于 `least` 时原样返回，否则报错。"""
    if not real(name, value) >= least:
        raise ValueError(f"{name} 应不小于 {least}，收到 {value!r}")
    return value


def between(name: str, value: object, low: float, high: float) -> float:
    """`value` 在 `low` 与 `high` 之间（含两端）时原样返回，否则报错。"""
    if not low <= real(name, value) <= high:
        raise ValueError(f"{name} 应在 {low} 与 {high} 之间，收到 {value!r}")
    return value


def positive(name: str, value: object) -> float:
    """`value` 是大于 0 的有限数时原样返回，否则报错。"""
    if not real(name, value) > 0:
        raise ValueError(f"{name} 应大于 0，收到 {value!r}")
    return value


def one_of(name: str, value: object, choices: Collection[T]) -> T:
    """`value` 在 `choices` 里时原样返回，否则报错并列出可选值。"""
    message = f"{name} 应为 {'、'.join(map(repr, choices))} 之一，收到 {value!r}"
    if not any(type(value) is type(choice) for choice in choices):
        raise TypeError(message)
    if value not in choices:
        raise ValueError(message)
    return value


def instance_of(
    name: str, value: object, kind: type[T] | tuple[type, ...], expected: str | None = None
) -> T:
    """`value` 是 `kind` 的实例时原样返回，否则报错；`expected` 是写进信息里的说法。"""
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        expected = expected or "或 ".join(k.__name__ for k in kinds)
        space = " " if expected[0].isascii() else ""
        raise TypeError(f"{name} 应为{space}{expected}，收到 {shown(value)}")
    return value


def flag(name: str, value: object) -> bool:
    """`value` 是真或假时原样返回，否则报错。"""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} 应为 True 或 False，收到 {value!r}")
    return value


def layer_maker(name: str, value: object) -> object:
    """`value` 是造层的函数时原样返回，否则报错；造好的层不行，因为每处都要一个新的。"""
    if not callable(value) or isinstance(value, nn.Module):
        raise TypeError(f"{name} 应为造层的函数，如 nn.ReLU（后面没有括号），收到 {value!r}")
    return value


def callable_(name: str, value: object) -> object:
    """`value` 可以调用时原样返回，否则报错。"""
    if not callable(value):
        raise TypeError(f"{name} 应为可以调用的函数，收到 {value!r}")
    return value


def sequence(name: str, value: object, size: int | None = None) -> list:
    """`value` 能逐项取出时返回各项的列表，否则报错；一段文字不算。`size` 是应有的个数。"""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} 应为一串值，收到 {value!r}")
    try:
        items = list(value)
    except TypeError as error:  # 0 维张量也有 __iter__，取出时才报错
        raise TypeError(f"{name} 应为一串值，收到 {value!r}") from error
    if size is not None and len(items) != size:
        raise ValueError(f"{name} 应有 {size} 个，收到 {len(items)} 个")
    return items


def fraction(name: str, value: object) -> float:
    """`value` 在 [0, 1] 内时原样返回，否则报错。"""
    if not 0 <= real(name, value) <= 1:
        raise ValueError(f"{name} 应在 0 与 1 之间，收到 {value!r}")
    return value


def tensor(name: str, value: object) -> Tensor:
    """`value` 是张量时原样返回，否则报错。"""
    return instance_of(name, value, Tensor, "张量")


def float_tensor(name: str, value: object) -> Tensor:
    """`value` 是浮点张量时原样返回，否则报错。"""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} 应为浮点张量，收到 {shown(value)}")
    if not value.is_floating_point():
        raise TypeError(f"{name} 应为浮点张量，收到的元素类型是 {value.dtype}")
    return value
