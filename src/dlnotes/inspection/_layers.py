"""本子包共用的零件：按名字取出网络的层，把设备上的数一次取回。"""

from collections.abc import Collection, Iterable, Sequence

import torch
from torch import Tensor, nn

from dlnotes._core.check import instance_of


def first_tensor(output: object) -> Tensor | None:
    """输出是元组（如 LSTM）时取其中第一个张量；一个张量也没有时是 `None`。"""
    if isinstance(output, tuple | list):
        return next((item for item in output if isinstance(item, Tensor)), None)
    return output if isinstance(output, Tensor) else None


def named_layers(model: nn.Module) -> dict[str, nn.Module]:
    """名字 → 模块，容器也在内；模型自己没有名字，用它的类名。"""
    instance_of("model", model, nn.Module, "nn.Module")
    return {name or type(module).__name__: module for name, module in model.named_modules()}


def select(model: nn.Module, layers: Iterable[str] | None) -> dict[str, nn.Module]:
    """名字在 `layers` 里的层；`layers` 为 `None` 时是所有最内层的模块。"""
    modules = named_layers(model)
    if layers is None:
        return {name: m for name, m in modules.items() if not any(m.children())}
    return {name: modules[name] for name in all_known("layers", layers, modules)}


def all_known(argument: str, names: Iterable[str], available: Collection[str]) -> list[str]:
    """`names` 全在 `available` 里时变成列表返回，否则报错并列出可用的名字。"""
    if isinstance(names, str):
        raise TypeError(
            f"{argument} 应为名字的列表，收到字符串 {names!r}；只要一个时写 [{names!r}]"
        )
    names = list(instance_of(argument, names, Iterable, "名字的列表"))
    missing = [name for name in names if name not in available]
    if missing:
        raise ValueError(
            f"{argument} 里没有这样的层或参数：{'、'.join(map(repr, missing))}；"
            f"可用的名字：{'、'.join(map(repr, available))}"
        )
    return names


def read_back(numbers: Sequence[Tensor]) -> list[float]:
    """把散在设备上的数取回来：同一设备、同一精度的并成一个张量，只等一次设备。

    Args:
        numbers: 若干个 0 维张量，可以在不同的设备上。

    Returns:
        与 `numbers` 同序的 Python 数。
    """
    groups: dict[tuple[torch.device, torch.dtype], list[int]] = {}
    for i, number in enumerate(numbers):
        groups.setdefault((number.device, number.dtype), []).append(i)
    values = [0.0] * len(numbers)
    for members in groups.values():
        together = torch.stack([numbers[i] for i in members]).cpu().tolist()
        for i, value in zip(members, together, strict=True):
            values[i] = float(value)
    return values
