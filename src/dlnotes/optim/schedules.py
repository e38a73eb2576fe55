r"""学习率调度：给出第几步，算出这一步的学习率。

每个函数返回一个纯函数 `schedule(step)`，`step` 从 0 数起，结果只由 `step` 决定，可以随便跳着问。
默认 `lr=1.0`，返回的就是“初始学习率的几倍”，正好交给 `dlnotes.training.fit(schedule=…)` 或
`torch.optim.lr_scheduler.LambdaLR`：第 `step` 步的学习率是优化器的 `lr` 乘 `schedule(step)`。

热身（warm-up）对每种调度都一样：前 \(W\) 步沿直线升到 `lr`，第 `step` 步取
\(\eta_0\,(\text{step} + 1)/(W + 1)\)，第 \(W\) 步恰好到 \(\eta_0\)，此后才开始衰减。
"""

import math
from collections.abc import Callable

from dlnotes._core.check import at_least, integer, real

__all__ = ["Schedule", "constant", "cosine", "inverse_sqrt", "linear", "step_decay"]

Schedule = Callable[[int], float]
"""由步数（从 0 数起）算学习率的函数。"""


def constant(*, lr: float = 1.0, num_warmup: int = 0) -> Schedule:
    r"""学习率不变。

    \[\eta_t = \eta_0\]

    Args:
        lr: 热身结束时的学习率 \(\eta_0 \ge 0\)。
        num_warmup: 热身步数 \(W \ge 0\)。

    Returns:
        由步数算学习率的函数。

    Raises:
        TypeError: 步数不是整数，或别的参数不是实数。
        ValueError: 参数不在合法范围里。

    Examples:
        >>> schedule = constant(lr=0.1, num_warmup=4)
        >>> [round(schedule(step), 2) for step in range(6)]
        [0.02, 0.04, 0.06, 0.08, 0.1, 0.1]
    """
    return _with_warmup(lambda step: lr, lr, num_warmup)


def step_decay(
    step_size: int, *, gamma: float = 0.1, lr: float = 1.0, num_warmup: int = 0
) -> Schedule:
    r"""阶梯：热身之后每 `step_size` 步乘一次 `gamma`。

    \[\eta_t = \eta_0\,\gamma^{\lfloor (t - W) / \text{step\_size} \rfloor}\]

    Args:
        step_size: 每级台阶的步数，至少为 1。
        gamma: 每级乘的系数，\(0 < \gamma \le 1\)。
        lr: 热身结束时的学习率 \(\eta_0 \ge 0\)。
        num_warmup: 热身步数 \(W \ge 0\)。

    Returns:
        由步数算学习率的函数。

    Raises:
        TypeError: 步数不是整数，或别的参数不是实数。
        ValueError: 参数不在合法范围里。

    Examples:
        >>> schedule = step_decay(2, gamma=0.5, lr=0.8)
        >>> [schedule(step) for step in range(5)]
        [0.8, 0.8, 0.4, 0.4, 0.2]
    """
    integer("step_size", step_size, least=1)
    if not 0 < real("gamma", gamma) <= 1:
        raise ValueError(f"gamma 应满足 0 < gamma ≤ 1，收到 {gamma!r}")
    return _with_warmup(
        lambda step: lr * gamma ** ((step - num_warmup) // step_size), lr, num_warmup
    )


def cosine(
    num_steps: int, *, lr: float = 1.0, lr_min: float = 0.0, num_warmup: int = 0
) -> Schedule:
    r"""余弦：先慢、中间快、最后又慢，从 `lr` 降到 `lr_min`。

    \[\eta_t = \eta_{\min} + \tfrac12\,(\eta_0 - \eta_{\min})\,(1 + \cos \pi p_t),
    \qquad p_t = \frac{t - W}{T - W}\]

    Args:
        num_steps: 总步数 \(T\)（含热身）；第 \(T\) 步起停在 `lr_min`。
        lr: 热身结束时的学习率 \(\eta_0 \ge 0\)。
        lr_min: 最后的学习率 \(\eta_{\min}\)，\(0 \le \eta_{\min} \le \eta_0\)。
        num_warmup: 热身步数 \(W\)，\(0 \le W < T\)。

    Returns:
        由步数算学习率的函数。

    Raises:
        TypeError: 步数不是整数，或别的参数不是实数。
        ValueError: 参数不在合法范围里。

    Examples:
        >>> schedule = cosine(4, lr=1.0)
        >>> [round(schedule(step), 3) for step in range(6)]
        [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]

    来源: Loshchilov 与 Hutter，SGDR: Stochastic Gradient Descent with Warm Restarts，2017。
    """
    _check_decay(num_steps, lr, lr_min, num_warmup)

    def decay(step: int) -> float:
        progress = _progress(step, num_steps, num_warmup)
        return lr_min + (lr - lr_min) * (1 + math.cos(math.pi * progress)) / 2

    return _with_warmup(decay, lr, num_warmup)


def linear(
    num_steps: int, *, lr: float = 1.0, lr_min: float = 0.0, num_warmup: int = 0
) -> Schedule:
    r"""直线：匀速地从 `lr` 降到 `lr_min`。

    \[\eta_t = \eta_0 + (\eta_{\min} - \eta_0)\,p_t, \qquad p_t = \frac{t - W}{T - W}\]

    Args:
        num_steps: 总步数 \(T\)（含热身）；第 \(T\) 步起停在 `lr_min`。
        lr: 热身结束时的学习率 \(\eta_0 \ge 0\)。
        lr_min: 最后的学习率 \(\eta_{\min}\)，\(0 \le \eta_{\min} \le \eta_0\)。
        num_warmup: 热身步数 \(W\)，\(0 \le W < T\)。

    Returns:
        由步数算学习率的函数。

    Raises:
        TypeError: 步数不是整数，或别的参数不是实数。
        ValueError: 参数不在合法范围里。

    Examples:
        >>> schedule = linear(6, lr=1.0, num_warmup=2)
        >>> [round(schedule(step), 3) for step in range(7)]
        [0.333, 0.667, 1.0, 0.75, 0.5, 0.25, 0.0]
    """
    _check_decay(num_steps, lr, lr_min, num_warmup)
    return _with_warmup(
        lambda step: lr + (lr_min - lr) * _progress(step, num_steps, num_warmup), lr, num_warmup
    )


def inverse_sqrt(*, lr: float = 1.0, num_warmup: int = 0) -> Schedule:
    r"""平方根倒数：降得越来越慢，不必事先知道总步数。

    \[\eta_t = \eta_0 \sqrt{\frac{W + 1}{t + 1}}\]

    连同热身就是 Transformer 论文里的
    \(\eta_0 \sqrt{w}\,\min(n^{-1/2},\ n\,w^{-3/2})\)，其中 \(n = t + 1\)，\(w = W + 1\)。

    Args:
        lr: 热身结束时的学习率 \(\eta_0 \ge 0\)。
        num_warmup: 热身步数 \(W \ge 0\)。

    Returns:
        由步数算学习率的函数。

    Raises:
        TypeError: 步数不是整数，或别的参数不是实数。
        ValueError: 参数不在合法范围里。

    Examples:
        >>> schedule = inverse_sqrt(lr=1.0)
        >>> [schedule(step) for step in (0, 3, 15, 99)]
        [1.0, 0.5, 0.25, 0.1]

    来源: Vaswani 等，Attention Is All You Need，2017，第 5.3 节。
    """
    return _with_warmup(lambda step: lr * math.sqrt((num_warmup + 1) / (step + 1)), lr, num_warmup)


def _with_warmup(decay: Schedule, lr: float, num_warmup: int) -> Schedule:
    """在 `decay` 前面接上热身，并检查每次给的步数。"""
    integer("num_warmup", num_warmup)
    at_least("lr", lr, 0)

    def schedule(step: int) -> float:
        integer("step", step)
        return lr * (step + 1) / (num_warmup + 1) if step < num_warmup else decay(step)

    return schedule


def _progress(step: int, num_steps: int, num_warmup: int) -> float:
    """衰减走完了几成，0 到 1。"""
    return min((step - num_warmup) / (num_steps - num_warmup), 1.0)


def _check_decay(num_steps: int, lr: float, lr_min: float, num_warmup: int) -> None:
    integer("num_steps", num_steps, least=1)
    integer("num_warmup", num_warmup)
    if num_warmup >= num_steps:
        raise ValueError(f"num_warmup 应小于 num_steps={num_steps}，收到 {num_warmup}")
    if not 0 <= real("lr_min", lr_min) <= at_least("lr", lr, 0):
        raise ValueError(f"lr_min 应满足 0 ≤ lr_min ≤ lr={lr:g}，收到 {lr_min!r}")
