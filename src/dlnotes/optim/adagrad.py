"""AdaGrad：每个方向用自己的步长，走过的坡越陡，步长越小。"""

import torch
from jaxtyping import Float
from torch import Tensor

from dlnotes.optim.base import RuleOptimizer, check_rule

Array = Float[Tensor, "*shape"]


def adagrad_rule(
    g: Array, s: Array, *, lr: float = 1e-2, eps: float = 1e-10
) -> tuple[Array, Array]:
    r"""由梯度与累积平方和算出这一步的移动量。

    \[s \leftarrow s + g^2, \qquad \Delta w = -\eta\,\frac{g}{\sqrt{s} + \epsilon}\]

    \(s\) 只增不减：梯度大小不变时，第 \(t\) 步的步长是 \(\eta/\sqrt{t}\)，会一直缩小下去。

    Args:
        g: 梯度 \(g\)，任意形状。
        s: 历次梯度的平方和，与 `g` 同形状，开始时为 0。
        lr: 学习率 \(\eta\)。
        eps: 防止除以 0 的小数 \(\epsilon\)。

    Returns:
        移动量与新的平方和，都与 `g` 同形状。

    Raises:
        TypeError: 有不是浮点张量的，或超参数不是实数。
        ValueError: 形状不同，或超参数不在合法区间里。

    Examples:
        >>> g, s = torch.full((1,), 3.0), torch.zeros(1)
        >>> for t in range(4):
        ...     delta, s = adagrad_rule(g, s, lr=1.0)
        >>> delta
        tensor([-0.5000])
    """
    check_rule({"lr": lr, "eps": eps}, g=g, s=s)
    s = s + g * g
    return -lr * g / (s**0.5 + eps), s


class Adagrad(RuleOptimizer):
    r"""AdaGrad，与 `torch.optim.Adagrad` 逐步相等；每个参数多存一份平方和。

    Args:
        params: 参数，或者参数组。
        lr: 学习率 \(\eta \ge 0\)。
        eps: 防止除以 0 的小数 \(\epsilon \ge 0\)。
        weight_decay: 权重衰减 \(\lambda \ge 0\)，以 L2 的方式并入梯度。

    Raises:
        TypeError: 超参数不是实数。
        ValueError: 超参数不在合法区间里。

    Examples:
        >>> w = torch.tensor([1.0], requires_grad=True)
        >>> w.square().sum().backward()
        >>> Adagrad([w], lr=0.1).step()
        >>> w.data
        tensor([0.9000])

    来源: Duchi、Hazan 与 Singer，Adaptive Subgradient Methods for Online Learning and
    Stochastic Optimization，2011。
    """

    slots = ("square_sum",)

    def __init__(
        self, params, lr: float = 1e-2, eps: float = 1e-10, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "eps": eps, "weight_decay": weight_decay})

    def update(self, params: list, grads: list, sums: list, *, t: int, group: dict) -> None:
        """就地执行 `adagrad_rule`，一次更新整组参数。"""
        torch._foreach_addcmul_(sums, grads, grads)  # s ← s + g²
        scales = torch._foreach_sqrt(sums)
        torch._foreach_add_(scales, group["eps"])
        torch._foreach_addcdiv_(params, grads, scales, -group["lr"])  # w ← w − ηg/(√s + ε)
