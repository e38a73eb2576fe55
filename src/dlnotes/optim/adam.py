"""Adam：动量 + RMSProp + 偏差修正。"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from dlnotes._core.check import flag
from dlnotes.optim.base import RuleOptimizer, check_rule

Array = Float[Tensor, "*shape"]
Betas = tuple[float, float]


def adam_rule(
    g: Array,
    m: Array,
    v: Array,
    t: int,
    *,
    lr: float = 1e-3,
    betas: Betas = (0.9, 0.999),
    eps: float = 1e-8,
    bias_correction: bool = True,
) -> tuple[Array, Array, Array]:
    r"""由梯度与两个滑动平均算出这一步的移动量。

    \[\begin{aligned}
    m &\leftarrow \beta_1 m + (1 - \beta_1)\,g \\
    v &\leftarrow \beta_2 v + (1 - \beta_2)\,g^2 \\
    \hat m &= m / (1 - \beta_1^t), \qquad \hat v = v / (1 - \beta_2^t) \\
    \Delta w &= -\eta\,\hat m / (\sqrt{\hat v} + \epsilon)
    \end{aligned}\]

    \(m\) 与 \(v\) 从 0 起步，最初几步偏小；除以 \(1 - \beta^t\) 正好补回来。
    不做偏差修正（`bias_correction=False`）时取 \(\hat m = m\)、\(\hat v = v\)，
    默认的 betas 下第一步的移动约为 \(3.16\,\eta\)，而不是 \(\eta\)。

    Args:
        g: 梯度 \(g\)，任意形状。
        m: 梯度的滑动平均，与 `g` 同形状，开始时为 0。
        v: 梯度平方的滑动平均，与 `g` 同形状，开始时为 0。
        t: 第几步，从 1 数起。
        lr: 学习率 \(\eta\)。
        betas: \((\beta_1, \beta_2)\)，各在 \([0, 1)\) 里。
        eps: 防止除以 0 的小数 \(\epsilon\)。
        bias_correction: 是否做偏差修正。

    Returns:
        移动量、新的 `m` 与新的 `v`，都与 `g` 同形状。

    Raises:
        TypeError: 有不是浮点张量的，或超参数不是实数。
        ValueError: 形状不同，`t` 小于 1，或超参数不在合法区间里。

    Examples:
        >>> zero = torch.zeros(2)
        >>> delta, m, v = adam_rule(torch.tensor([5.0, -0.1]), zero, zero, 1, lr=0.01)
        >>> delta
        tensor([-0.0100,  0.0100])
    """
    check_rule({"lr": lr, "betas": betas, "eps": eps}, t, g=g, m=m, v=v)
    flag("bias_correction", bias_correction)
    beta1, beta2 = betas
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    m_hat = m / (1 - beta1**t) if bias_correction else m
    v_hat = v / (1 - beta2**t) if bias_correction else v
    return -lr * m_hat / (v_hat**0.5 + eps), m, v


class Adam(RuleOptimizer):
    r"""Adam，与 `torch.optim.Adam` 逐步相等；每个参数多存两份同样大小的张量。

    Args:
        params: 参数，或者参数组。
        lr: 学习率 \(\eta \ge 0\)。
        betas: \((\beta_1, \beta_2)\)，各在 \([0, 1)\) 里。
        eps: 防止除以 0 的小数 \(\epsilon \ge 0\)。
        weight_decay: 权重衰减 \(\lambda \ge 0\)，以 L2 的方式并入梯度，
            因而也被 \(\sqrt{\hat v}\) 除。
        bias_correction: 是否做偏差修正。

    Raises:
        TypeError: 超参数不是实数，或者 `betas` 不是两个数。
        ValueError: 超参数不在合法区间里。

    Examples:
        >>> w = torch.tensor([1.0], requires_grad=True)
        >>> w.square().sum().backward()
        >>> Adam([w], lr=0.1).step()
        >>> w.data
        tensor([0.9000])

    来源: Kingma 与 Ba，Adam: A Method for Stochastic Optimization，2015，算法 1。
    """

    slots = ("m", "v")

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        bias_correction: bool = True,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**defaults, "bias_correction": bias_correction})

    def update(self, params: list, grads: list, m: list, v: list, *, t: int, group: dict) -> None:
        """就地执行 `adam_rule`，一次更新整组参数。"""
        beta1, beta2 = group["betas"]
        bias1, bias2 = (1 - beta1**t, 1 - beta2**t) if group["bias_correction"] else (1.0, 1.0)
        torch._foreach_lerp_(m, grads, 1 - beta1)  # m ← β₁m + (1 − β₁)g
        torch._foreach_mul_(v, beta2)
        torch._foreach_addcmul_(v, grads, grads, 1 - beta2)  # v ← β₂v + (1 − β₂)g²
        scales = torch._foreach_sqrt(v)
        torch._foreach_div_(scales, math.sqrt(bias2))
        torch._foreach_add_(scales, group["eps"])  # √v̂ + ε
        torch._foreach_addcdiv_(params, m, scales, -group["lr"] / bias1)  # w ← w − ηm̂/(√v̂ + ε)
