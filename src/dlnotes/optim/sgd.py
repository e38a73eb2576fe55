"""随机梯度下降（stochastic gradient descent, SGD）：沿负梯度走一小步。"""

import torch
from jaxtyping import Float
from torch import Tensor

from dlnotes.optim.base import RuleOptimizer, check_rule


def sgd_rule(g: Float[Tensor, "*shape"], *, lr: float) -> Float[Tensor, "*shape"]:
    r"""由梯度算出这一步的移动量。

    \[\Delta w = -\eta g\]

    Args:
        g: 梯度 \(g\)，任意形状。
        lr: 学习率 \(\eta\)。

    Returns:
        移动量 \(\Delta w\)，与 `g` 同形状；新参数是 `w + 移动量`。

    Raises:
        TypeError: 有不是浮点张量的，或超参数不是实数。
        ValueError: 形状不同，或超参数不在合法区间里。

    Examples:
        >>> sgd_rule(torch.tensor([1.0, -2.0]), lr=0.5)
        tensor([-0.5000,  1.0000])
    """
    check_rule({"lr": lr}, g=g)
    return -lr * g


class SGD(RuleOptimizer):
    r"""随机梯度下降，不带动量，也不保存任何状态。

    \[w \leftarrow w - \eta\,(g + \lambda w)\]

    Args:
        params: 参数，或者参数组。
        lr: 学习率 \(\eta \ge 0\)。
        weight_decay: 权重衰减 \(\lambda \ge 0\)，以 L2 的方式并入梯度。

    Raises:
        TypeError: 超参数不是实数。
        ValueError: 超参数不在合法区间里。

    Examples:
        >>> w = torch.tensor([1.0], requires_grad=True)
        >>> w.square().sum().backward()
        >>> SGD([w], lr=0.1).step()
        >>> w.data
        tensor([0.8000])

    来源: Robbins 与 Monro，A Stochastic Approximation Method，1951。
    """

    def __init__(self, params, lr: float = 1e-3, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    def update(self, params: list, grads: list, *, t: int, group: dict) -> None:
        """就地执行 `sgd_rule`，一次更新整组参数。"""
        torch._foreach_add_(params, grads, alpha=-group["lr"])  # w ← w − ηg
