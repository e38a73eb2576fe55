"""优化器的公共部分：检查超参数、收集梯度、记步数。每个算法只需再写自己的更新规则。"""

import math
from collections.abc import Callable
from numbers import Real
from typing import ClassVar

import torch
from torch import Tensor

from dlnotes._core.check import flag, float_tensor, instance_of, integer, sequence, shown

RANGES = {
    "lr": (0.0, math.inf),
    "weight_decay": (0.0, math.inf),
    "eps": (0.0, math.inf),
    "momentum": (0.0, 1.0),
    "dampening": (0.0, 1.0),
    "alpha": (0.0, 1.0),
    "betas": (0.0, 1.0),
}
"""每个超参数的合法区间：左端可取，右端不可取。"""


def check_range(name: str, value: float) -> None:
    """确认超参数 `value` 落在 `RANGES` 规定的区间里。

    Args:
        name: 超参数名，出现在报错信息里；`betas[0]` 查的是 `betas` 一行。
        value: 要检查的数。

    Raises:
        TypeError: `value` 不是实数。
        ValueError: `value` 不在区间里（含 nan 与无穷大）。
    """
    low, high = RANGES[name.partition("[")[0]]
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} 应是一个实数，收到 {type(value).__name__}：{value!r}")
    if not low <= value < high:
        bound = f"{name} ≥ {low:g} 且有限" if math.isinf(high) else f"{low:g} ≤ {name} < {high:g}"
        raise ValueError(f"{name} 应满足 {bound}，收到 {value!r}")


def check_setting(name: str, value: object) -> None:
    """确认超参数 `value` 合法；`betas` 是两个数，其余是一个数。

    Args:
        name: 超参数名，`RANGES` 里的一个。
        value: 要检查的值。

    Raises:
        TypeError: 不是实数，或 `betas` 不是两个数。
        ValueError: 不在区间里。
    """
    if name != "betas":
        check_range(name, value)
        return
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise TypeError(f"betas 应是两个数 (β₁, β₂)，收到 {value!r}")
    for i, beta in enumerate(value):
        check_range(f"betas[{i}]", beta)


def check_rule(settings: dict[str, object], t: int = 1, **tensors: Tensor) -> None:
    """确认 `*_rule` 的输入：超参数在区间里，步数从 1 数起，各张量是浮点的、形状相同。

    Args:
        settings: 超参数的名字与值。
        t: 第几步；不记步数的算法不必给。
        **tensors: 参数、梯度与状态。

    Raises:
        TypeError: 超参数不是实数，`t` 不是整数，或有不是浮点张量的。
        ValueError: 超参数不在区间里，`t` 小于 1，或形状不同。
    """
    for name, value in settings.items():
        check_setting(name, value)
    integer("t", t, least=1)
    shapes = {name: tuple(float_tensor(name, value).shape) for name, value in tensors.items()}
    if len(set(shapes.values())) > 1:
        listed = "、".join(f"{name} 是 {shape}" for name, shape in shapes.items())
        raise ValueError(f"{'、'.join(shapes)} 的形状应相同，收到 {listed}")


def state_bytes(optimizer: torch.optim.Optimizer) -> int:
    """数一数优化器自己保存的张量共占多少字节；`torch.optim` 的优化器也能数。

    Args:
        optimizer: 已经走过至少一步的优化器；没走过时状态还没有建立，结果是 0。

    Returns:
        字节数；`torch.optim.Adam` 把步数也存成张量，每个参数因此多 4 字节。

    Raises:
        TypeError: `optimizer` 不是优化器。

    Examples:
        >>> w = torch.zeros(1000, requires_grad=True)
        >>> w.sum().backward()
        >>> optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
        >>> optimizer.step()
        >>> state_bytes(optimizer)
        4000
    """
    instance_of("optimizer", optimizer, torch.optim.Optimizer)
    values = (value for slots in optimizer.state.values() for value in slots.values())
    return sum(v.numel() * v.element_size() for v in values if isinstance(v, Tensor))


def _check_param(p: object) -> None:
    instance_of("params 的每一项", p, Tensor)
    if p.is_complex():
        raise TypeError("params 里有复数张量；这里的优化器只支持实数参数")
    if not p.is_leaf:
        raise ValueError(
            f"params 的每一项应为叶子张量，收到由别的张量算出的，形状 {tuple(p.shape)}"
        )


class RuleOptimizer(torch.optim.Optimizer):
    """`torch.optim.Optimizer` 的子类，把与算法无关的事做完，只留下更新规则 `update`。

    子类写出 `slots`（每个参数要记住哪些与它同形状的张量，初值全为 0）和 `update`。
    参数组、`state_dict`、闭包与学习率调度器的用法和 `torch.optim` 相同。
    """

    slots: ClassVar[tuple[str, ...]] = ()
    decoupled: ClassVar[bool] = False  # True：权重衰减不并入梯度，由 update 自己处理

    def __init__(self, params, defaults: dict[str, object]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(f"params 应为一串参数，如 model.parameters()，收到 {shown(params)}")
        params = sequence("params", params)
        if not params:
            raise ValueError("params 应至少有一个参数，收到 0 个")
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict) -> None:
        """加入一组参数，组里没写的超参数取默认值。

        Args:
            param_group: 至少有键 `params`；其余键覆盖默认的超参数。

        Raises:
            TypeError: 超参数不是实数，参数不是张量，或者是复数张量。
            ValueError: 超参数不在合法区间里，或者参数是别的张量算出来的。
        """
        for name, value in {**self.defaults, **param_group}.items():
            self._check(name, value)
        given = param_group.get("params")
        param_group["params"] = [given] if isinstance(given, Tensor) else sequence("params", given)
        for p in param_group["params"]:
            _check_param(p[1] if isinstance(p, tuple) and len(p) == 2 else p)
        super().add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """走一步：没有梯度的参数原地不动。

        Args:
            closure: 可选，清零梯度、重算损失、反向传播并返回损失的函数。

        Returns:
            `closure` 返回的损失；没有 `closure` 时是 `None`。

        Raises:
            TypeError: 梯度是稀疏张量。
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for t, params in self._group_by_step(group["params"]).items():
                grads = self._read_grads(params, group["weight_decay"])
                slots = [[self.state[p][name] for p in params] for name in self.slots]
                self.update(params, grads, *slots, t=t, group=group)
        return loss

    def update(self, params: list, grads: list, *slots: list, t: int, group: dict) -> None:
        """更新规则，由子类实现：就地修改 `params` 与 `slots`。

        Args:
            params: 这一组里走到同一步的参数。
            grads: 与 `params` 一一对应的梯度，权重衰减（若有）已经并入。
            slots: 每种状态一个列表，与 `params` 一一对应。
            t: 第几步，从 1 数起；没有状态的算法不记步数，恒为 0。
            group: 参数组，超参数从这里取。
        """
        raise NotImplementedError

    def _check(self, name: str, value: object) -> None:
        if name in RANGES:
            check_setting(name, value)
        elif name == "bias_correction":
            flag(name, value)

    def _group_by_step(self, params: list[Tensor]) -> dict[int, list[Tensor]]:
        """把有梯度的参数按“各自走到第几步”分开；中途解冻的参数步数较少。"""
        groups: dict[int, list[Tensor]] = {}
        for p in params:
            if p.grad is not None:
                groups.setdefault(self._next_step(p), []).append(p)
        return groups

    def _next_step(self, p: Tensor) -> int:
        if p.grad.is_sparse:
            raise TypeError(f"梯度应是稠密张量，收到稀疏张量，形状 {tuple(p.grad.shape)}")
        if not self.slots:
            return 0
        state = self.state[p]
        if not state:
            state.update({name: torch.zeros_like(p) for name in self.slots}, step=0)
        state["step"] += 1
        return state["step"]

    def _read_grads(self, params: list[Tensor], weight_decay: float) -> list[Tensor]:
        grads = [p.grad for p in params]
        if weight_decay and not self.decoupled:  # L2：g ← g + λw
            return list(torch._foreach_add(grads, params, alpha=weight_decay))
        return grads
