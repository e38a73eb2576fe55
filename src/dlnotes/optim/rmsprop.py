"""RMSProp：会遗忘的 AdaGrad，用近期梯度平方的平均代替从头累积的和。"""

import torch
from jaxtyping import Float
from torch import Tensor

from dlnotes.optim.base import RuleOptimizer, check_rule

Array = Float[Tensor, "*shape"]


def rmsprop_rule(
    g: Array, v: Array, *, lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8
) -> tuple[Array, Array]:
    r"""由梯度与平方的滑动平均算出这一步的移动量。

    \[v \leftarrow \alpha v + (1 - \alpha)\,g^2, \qquad
    \Delta w = -\eta\,\frac{g}{\sqrt{v} + \epsilon}\]

    旧的平方按 \(\alpha\) 的幂次漏掉：梯度大小不变时 \(v \to g^2\)，步长停在 \(\eta\)，不再缩小。

    Args:
        g: 梯度 \(g\)，任意形状。
        v: 梯度平方的滑动平均，与 `g` 同形状，开始时为 0。
        lr: 学习率 \(\eta\)。
        alpha: 衰减率 \(\alpha\)，\(0 \le \alpha < 1\)；越大记得越久。
        eps: 防止除以 0 的小数 \(\epsilon\)。

    Returns:
        移动量与新的滑动平均，都与 `g` 同形状。

    Raises:
        TypeError: 有不是浮点张量的，或超参数不是实数。
        ValueError: 形状不同，或超参数不在合法区间里。

    Examples:
        >>> g, v = torch.full((1,), 3.0), torch.zeros(1)
        >>> for t in range(2000):
        ...     delta, v = rmsprop_rule(g, v, lr=1.0)
        >>> delta.round(decimals=4)
        tensor([-1.])
    """
    check_rule({"lr": lr, "alpha": alpha, "eps": eps}, g=g, v=v)
    v = alpha * v + (1 - alpha) * g * g
    return -lr * g / (v**0.5 + eps), v


class RMSprop(RuleOptimizer):
    r"""RMSProp，与 `torch.optim.RMSprop`（不带动量、不居中）逐步相等；每个参数多存一份滑动平均。

    Args:
        params: 参数，或者参数组。
        lr: 学习率 \(\eta \ge 0\)。
        alpha: 衰减率 \(\alpha\)，\(0 \le \alpha < 1\)。
        eps: 防止除以 0 的小数 \(\epsilon \ge 0\)。
        weight_decay: 权重衰减 \(\lambda \ge 0\)，以 L2 的方式并入梯度。

    Raises:
        TypeError: 超参数不是实数。
        ValueError: 超参数不在合法区间里。

    Examples:
        >>> w = torch.tensor([1.0], requires_grad=True)
        >>> w.square().sum().backward()
        >>> RMSprop([w], lr=0.01, alpha=0.75).step()
        >>> w.data
        tensor([0.9800])

    来源: Tieleman 与 Hinton，Lecture 6.5: RMSProp（Coursera 课程讲义），2012。
    """

    slots = ("square_mean",)

    def __init__(
        self,
        params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    def update(self, params: list, grads: list, means: list, *, t: int, group: dict) -> None:
        """就地执行 `rmsprop_rule`，一次更新整组参数。"""
        alpha = group["alpha"]
        torch._foreach_mul_(means, alpha)
        torch._foreach_addcmul_(means, grads, grads, 1 - alpha)  # v ← αv + (1 − α)g²
        scales = torch._foreach_sqrt(means)
        torch._foreach_add_(scales, group["eps"])
        torch._foreach_addcdiv_(params, grads, scales, -group["lr"])  # w ← w − ηg/(√v + ε)
