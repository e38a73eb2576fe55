"""检查参数的几个小函数：错误信息总是说出参数名、收到的值和应有的值。"""

import torch


def positive_int(name: str, value: int) -> int:
    """`value` 是正整数时原样返回，否则报错。"""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} 应为正整数，收到 {value!r}")
    return value


def at_least(name: str, value: float, least: float) -> float:
    """`value` 不小于 `least` 时原样返回，否则报错。"""
    if not value >= least:
        raise ValueError(f"{name} 应不小于 {least}，收到 {value!r}")
    return value


def one_of(name: str, value: object, choices) -> object:
    """`value` 在 `choices` 里时原样返回，否则报错并列出可选值。"""
    if value not in choices:
        raise ValueError(f"{name} 应为 {'、'.join(map(repr, choices))} 之一，收到 {value!r}")
    return value


def generator_from(seed: int | None, generator: torch.Generator | None) -> torch.Generator:
    """由 `seed` 或 `generator` 得到 CPU 上的随机数生成器；两者必须且只能给一个。

    要求给出种子，是为了让同一行代码在任何地方画出同一份数据。
    """
    if (seed is None) == (generator is None):
        raise ValueError(
            f"seed 与 generator 必须且只能给一个，收到 seed={seed!r}，generator={generator!r}"
        )
    if generator is None:
        return torch.Generator().manual_seed(seed)
    if generator.device.type != "cpu":
        raise ValueError(f"generator 应在 CPU 上，收到 {generator.device}")
    return generator
