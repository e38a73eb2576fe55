"""Nesterov 动量：先按惯性看一步，再用那里的梯度修正。"""

import torch
from jaxtyping import Float
from torch import Tensor

from dlnotes.optim.base import RuleOptimizer, check_rule

Array = Float[Tensor, "*shape"]


def nesterov_rule(g: Array, b: Array, *, lr: float, momentum: float = 0.9) -> tuple[Array, Array]:
    r"""由梯度与缓存算出这一步的移动量。

    \[b \leftarrow \rho b + g, \qquad \Delta w = -\eta\,(g + \rho b)\]

    讲义里的写法在“先走一步惯性”的位置 \(w + \rho v\) 上求梯度：
    \(v \leftarrow \rho v - \eta \nabla f(w + \rho v)\)，\(w \leftarrow w + v\)。
    令 \(\tilde w = w + \rho v\)，即得上式，所以这里的参数是讲义里的 \(\tilde w\)。

    Args:
        g: 梯度 \(g\)，任意形状。
        b: 上一步的缓存，与 `g` 同形状，开始时为 0。
        lr: 学习率 \(\eta\)。
        momentum: 动量系数 \(\rho\)，\(0 \le \rho < 1\)。

    Returns:
        移动量与新的缓存，都与 `g` 同形状。

    Raises:
        TypeError: 有不是浮点张量的，或超参数不是实数。
        ValueError: 形状不同，或超参数不在合法区间里。

    Examples:
        >>> delta, b = nesterov_rule(torch.ones(1), torch.zeros(1), lr=0.1)
        >>> delta, b
        (tensor([-0.1900]), tensor([1.]))
    """
    check_rule({"lr": lr, "momentum": momentum}, g=g, b=b)
    b = momentum * b + g
    return -lr * (g + momentum * b), b


class Nesterov(RuleOptimizer):
    r"""Nesterov 动量，与 `torch.optim.SGD(momentum=…, nesterov=True)` 逐步相等。

    Args:
        params: 参数，或者参数组。
        lr: 学习率 \(\eta \ge 0\)。
        momentum: 动量系数 \(\rho\)，\(0 \le \rho < 1\)。
        weight_decay: 权重衰减 \(\lambda \ge 0\)，以 L2 的方式并入梯度。

    Raises:
        TypeError: 超参数不是实数。
        ValueError: 超参数不在合法区间里。

    Examples:
        >>> w = torch.tensor([1.0], requires_grad=True)
        >>> w.square().sum().backward()
        >>> Nesterov([w], lr=0.1).step()
        >>> w.data
        tensor([0.6200])

    来源: Nesterov，A Method for Solving a Convex Programming Problem with Convergence Rate
    O(1/k²)，1983；这里的形式见 Sutskever 等，On the Importance of Initialization and
    Momentum in Deep Learning，2013。
    """

    slots = ("velocity",)

    def __init__(
        self, params, lr: float = 1e-3, momentum: float = 0.9, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    def update(self, params: list, grads: list, buffers: list, *, t: int, group: dict) -> None:
        """就地执行 `nesterov_rule`，一次更新整组参数。"""
        lr, momentum = group["lr"], group["momentum"]
        torch._foreach_mul_(buffers, momentum)
        torch._foreach_add_(buffers, grads)  # b ← ρb + g
        torch._foreach_add_(params, grads, alpha=-lr)  # w ← w − η(g + ρb)
        torch._foreach_add_(params, buffers, alpha=-lr * momentum)
