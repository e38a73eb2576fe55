"""动量（momentum）：把历次梯度攒成速度，沿谷底越走越快，横向的来回摆动互相抵消。"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from dlnotes._core.check import one_of
from dlnotes.optim.base import RuleOptimizer, check_rule

Array = Float[Tensor, "*shape"]


def momentum_rule(
    g: Array, b: Array, t: int, *, lr: float, momentum: float = 0.9, dampening: float = 0.0
) -> tuple[Array, Array]:
    r"""PyTorch 的写法：缓存攒的是梯度，学习率在外面。

    \[b \leftarrow \rho b + (1 - \tau)\,g, \qquad \Delta w = -\eta b\]

    第一步（\(t = 1\)）不乘 \(1 - \tau\)，即 \(b \leftarrow g\)，这也是 PyTorch 的约定。

    Args:
        g: 梯度 \(g\)，任意形状。
        b: 上一步的缓存，与 `g` 同形状，开始时为 0。
        t: 第几步，从 1 数起。
        lr: 学习率 \(\eta\)。
        momentum: 动量系数 \(\rho\)，\(0 \le \rho < 1\)。
        dampening: 阻尼 \(\tau\)，\(0 \le \tau < 1\)。

    Returns:
        移动量与新的缓存，都与 `g` 同形状。

    Raises:
        TypeError: 有不是浮点张量的，或超参数不是实数。
        ValueError: 形状不同，`t` 小于 1，或超参数不在合法区间里。

    Examples:
        >>> g, b = torch.ones(1), torch.zeros(1)
        >>> delta, b = momentum_rule(g, b, 1, lr=0.1)
        >>> momentum_rule(g, b, 2, lr=0.1)
        (tensor([-0.1900]), tensor([1.9000]))
    """
    check_rule({"lr": lr, "momentum": momentum, "dampening": dampening}, t, g=g, b=b)
    b = momentum * b + (g if t == 1 else (1 - dampening) * g)
    return -lr * b, b


def velocity_rule(
    g: Array, v: Array, t: int, *, lr: float, momentum: float = 0.9, dampening: float = 0.0
) -> tuple[Array, Array]:
    r"""讲义里的写法：缓存就是位移（速度），学习率在里面。

    \[v \leftarrow \rho v - \eta\,(1 - \tau)\,g, \qquad \Delta w = v\]

    学习率不变时 \(v = -\eta b\)，两种写法走出同一条路；中途改学习率时，
    这里已攒下的速度仍按旧学习率计，两条路从此分开。

    Args:
        g: 梯度 \(g\)，任意形状。
        v: 上一步的速度，与 `g` 同形状，开始时为 0。
        t: 第几步，从 1 数起；第一步不乘 \(1 - \tau\)。
        lr: 学习率 \(\eta\)。
        momentum: 动量系数 \(\rho\)，\(0 \le \rho < 1\)。
        dampening: 阻尼 \(\tau\)，\(0 \le \tau < 1\)。

    Returns:
        移动量与新的速度，两者相等，都与 `g` 同形状。

    Raises:
        TypeError: 有不是浮点张量的，或超参数不是实数。
        ValueError: 形状不同，`t` 小于 1，或超参数不在合法区间里。

    Examples:
        >>> g, v = torch.ones(1), torch.zeros(1)
        >>> delta, v = velocity_rule(g, v, 1, lr=0.1)
        >>> velocity_rule(g, v, 2, lr=0.1)[0]
        tensor([-0.1900])
    """
    check_rule({"lr": lr, "momentum": momentum, "dampening": dampening}, t, g=g, v=v)
    v = momentum * v - lr * (g if t == 1 else (1 - dampening) * g)
    return v, v


class Momentum(RuleOptimizer):
    r"""带动量的随机梯度下降，每个参数多存一份同样大小的缓存。

    `form="gradient"` 用 `momentum_rule`，与 `torch.optim.SGD(momentum=…)` 逐步相等；
    `form="velocity"` 用 `velocity_rule`。学习率不变时两者等价。

    Args:
        params: 参数，或者参数组。
        lr: 学习率 \(\eta \ge 0\)。
        momentum: 动量系数 \(\rho\)，\(0 \le \rho < 1\)。
        dampening: 阻尼 \(\tau\)，\(0 \le \tau < 1\)。
        weight_decay: 权重衰减 \(\lambda \ge 0\)，以 L2 的方式并入梯度。
        form: `"gradient"` 或 `"velocity"`。

    Raises:
        TypeError: 超参数不是实数。
        ValueError: 超参数不在合法区间里，或者 `form` 不认识。

    Examples:
        >>> w = torch.tensor([1.0], requires_grad=True)
        >>> optimizer = Momentum([w], lr=0.1)
        >>> for _ in range(2):
        ...     optimizer.zero_grad()
        ...     w.square().sum().backward()
        ...     optimizer.step()
        >>> w.data
        tensor([0.4600])

    来源: Polyak，Some Methods of Speeding up the Convergence of Iteration Methods，1964。
    """

    slots = ("velocity",)

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        momentum: float = 0.9,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        form: Literal["gradient", "velocity"] = "gradient",
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "dampening": dampening}
        super().__init__(params, {**defaults, "weight_decay": weight_decay, "form": form})

    def _check(self, name: str, value: object) -> None:
        super()._check(name, value)
        if name == "form":
            one_of("form", value, ("gradient", "velocity"))

    def update(self, params: list, grads: list, buffers: list, *, t: int, group: dict) -> None:
        """就地执行 `momentum_rule` 或 `velocity_rule`，一次更新整组参数。"""
        scale = 1 if t == 1 else 1 - group["dampening"]
        torch._foreach_mul_(buffers, group["momentum"])
        if group["form"] == "gradient":
            torch._foreach_add_(buffers, grads, alpha=scale)  # b ← ρb + (1 − τ)g
            torch._foreach_add_(params, buffers, alpha=-group["lr"])  # w ← w − ηb
        else:
            torch._foreach_add_(buffers, grads, alpha=-group["lr"] * scale)  # v ← ρv − η(1 − τ)g
            torch._foreach_add_(params, buffers)  # w ← w + v
