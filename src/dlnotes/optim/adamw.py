"""AdamW：权重衰减与梯度分开的 Adam。"""

import torch
from jaxtyping import Float
from torch import Tensor

from dlnotes.optim.adam import Adam, Betas, adam_rule
from dlnotes.optim.base import check_rule

Array = Float[Tensor, "*shape"]


def adamw_rule(
    w: Array,
    g: Array,
    m: Array,
    v: Array,
    t: int,
    *,
    lr: float = 1e-3,
    weight_decay: float = 1e-2,
    **settings,
) -> tuple[Array, Array, Array]:
    r"""由参数、梯度与两个滑动平均算出这一步的移动量。

    \[\Delta w = -\eta\lambda w + \Delta w_{\text{Adam}}\]

    衰减项不经过 \(\sqrt{\hat v}\)，所以每个权重按同一比例 \(1 - \eta\lambda\) 缩小；
    对 SGD，这样做与 L2 等价，对 Adam 则不等价。

    Args:
        w: 参数 \(w\)，任意形状。
        g: 梯度 \(g\)（不含衰减项），与 `w` 同形状。
        m: 梯度的滑动平均，与 `w` 同形状，开始时为 0。
        v: 梯度平方的滑动平均，与 `w` 同形状，开始时为 0。
        t: 第几步，从 1 数起。
        lr: 学习率 \(\eta\)。
        weight_decay: 权重衰减 \(\lambda\)。
        **settings: 交给 `adam_rule` 的其余超参数（`betas`、`eps`、`bias_correction`）。

    Returns:
        移动量、新的 `m` 与新的 `v`，都与 `w` 同形状。

    Raises:
        TypeError: 有不是浮点张量的，或超参数不是实数。
        ValueError: 形状不同，`t` 小于 1，或超参数不在合法区间里。

    Examples:
        >>> w, zero = torch.tensor([2.0, -4.0]), torch.zeros(2)
        >>> adamw_rule(w, zero, zero, zero, 1, lr=0.1, weight_decay=0.5)[0]
        tensor([-0.1000,  0.2000])
    """
    check_rule({"lr": lr, "weight_decay": weight_decay}, t, w=w, g=g)
    delta, m, v = adam_rule(g, m, v, t, lr=lr, **settings)
    return delta - lr * weight_decay * w, m, v


class AdamW(Adam):
    r"""AdamW，与 `torch.optim.AdamW` 逐步相等。

    Args:
        params: 参数，或者参数组。
        lr: 学习率 \(\eta \ge 0\)。
        betas: \((\beta_1, \beta_2)\)，各在 \([0, 1)\) 里。
        eps: 防止除以 0 的小数 \(\epsilon \ge 0\)。
        weight_decay: 解耦的权重衰减 \(\lambda \ge 0\)。
        bias_correction: 是否做偏差修正。

    Raises:
        TypeError: 超参数不是实数，或者 `betas` 不是两个数。
        ValueError: 超参数不在合法区间里。

    Examples:
        >>> w = torch.tensor([2.0], requires_grad=True)
        >>> w.grad = torch.zeros(1)
        >>> AdamW([w], lr=0.1, weight_decay=0.5).step()
        >>> w.data
        tensor([1.9000])

    来源: Loshchilov 与 Hutter，Decoupled Weight Decay Regularization，2019，算法 2。
    """

    decoupled = True

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        bias_correction: bool = True,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, bias_correction)

    def update(self, params: list, grads: list, m: list, v: list, *, t: int, group: dict) -> None:
        """就地执行 `adamw_rule`，一次更新整组参数。"""
        if group["weight_decay"]:
            torch._foreach_mul_(params, 1 - group["lr"] * group["weight_decay"])  # w ← (1 − ηλ)w
        super().update(params, grads, m, v, t=t, group=group)
