"""随机的设置：每个讲解器的随机数流各自固定，加一组不动前面的。"""

import math
import random
from collections.abc import Callable

from dlnotes_site.tasks.explainers.listed import NUM_CASES

Setting = dict[str, float | int | str | bool]


def settings(name: str, one: Callable[[random.Random], Setting]) -> list[Setting]:
    """`NUM_CASES` 组设置。

    Args:
        name: 讲解器，也是随机数流的名字。
        one: 由随机数源给出一组设置。
    """
    return [one(random.Random(f"{name} {k}")) for k in range(NUM_CASES)]


def log_uniform(rng: random.Random, low: float, high: float) -> float:
    """取对数后均匀。"""
    return math.exp(rng.uniform(math.log(low), math.log(high)))
