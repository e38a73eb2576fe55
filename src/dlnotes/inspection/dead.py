"""死亡的 ReLU：对数据里的每一个输入都输出 0 的单元。"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack

import torch
from torch import Tensor, nn

from dlnotes._core.check import instance_of, positive_int
from dlnotes._core.modes import device_of, evaluating
from dlnotes.inspection._layers import first_tensor, named_layers, read_back, select

__all__ = ["dead_ratio"]

_RECTIFIERS = (nn.ReLU, nn.ReLU6)


def dead_ratio(
    model: nn.Module,
    X: Tensor,
    layers: Iterable[str] | None = None,
    *,
    batch_size: int = 1024,
) -> dict[str, float]:
    """各 ReLU 层的“死亡”比例：对数据里的每一个输入，输出都是 0 的单元所占的比例。

    单元是第 1 维的一个下标：全连接层是一个特征，卷积层是一个通道（所有位置都为 0 才算）。
    用评估模式计算，之后复原。

    Args:
        model: 任意网络。
        X: 整个数据集的输入，第 0 维是样本；须与模型在同一设备。
        layers: 要看的层名；省略时看所有 `nn.ReLU` 与 `nn.ReLU6`。
        batch_size: 每次前向的样本数。

    Returns:
        层名 → 比例，在 [0, 1] 内。

    Raises:
        ValueError: 没有这样的层，模型里没有 ReLU 层，某层在前向中没有用到，`X` 是空的或在别的
            设备上，或 `batch_size` 不是正整数。
        TypeError: `model` 不是 `nn.Module`，`X` 不是张量，或 `layers` 是一个字符串。

    Examples:
        >>> net = nn.Sequential(nn.Linear(1, 4), nn.ReLU())
        >>> _ = nn.init.constant_(net[0].weight, 1.0)
        >>> _ = net[0].bias.data.copy_(torch.tensor([0.0, 0.0, 0.0, -100.0]))
        >>> dead_ratio(net, torch.rand(50, 1))
        {'1': 0.25}

    来源: L. Lu et al., Dying ReLU and Initialization, arXiv:1903.06733, 2019.
    """
    positive_int("batch_size", batch_size)
    alive: dict[str, list[Tensor]] = {name: [] for name in _rectifiers(model, layers)}
    _check_inputs(model, X)
    with evaluating(model), ExitStack() as hooks:
        for name, module in select(model, alive).items():
            hooks.callback(module.register_forward_hook(_alive_hook(alive[name])).remove)
        batches = [_one_pass(model, batch, alive) for batch in X.split(batch_size)]
    lives = [_alive_units(name, [batch[name] for batch in batches]) for name in alive]
    counts = read_back([units.sum() for units in lives])
    return {
        name: 1 - count / len(units)
        for name, units, count in zip(alive, lives, counts, strict=True)
    }


def _rectifiers(model: nn.Module, layers: Iterable[str] | None) -> list[str]:
    chosen = select(model, layers)
    names = [n for n, m in chosen.items() if layers is not None or isinstance(m, _RECTIFIERS)]
    if not names:
        raise ValueError(
            "model 里应有 nn.ReLU 层（forward 里直接调用的 relu 看不到），收到的没有；"
            f"也可以用 layers 指定，可用的名字：{'、'.join(map(repr, named_layers(model)))}"
        )
    return names


def _check_inputs(model: nn.Module, X: Tensor) -> None:
    instance_of("X", X, Tensor, "张量")
    if X.ndim == 0 or len(X) == 0:
        raise ValueError(f"X 应至少有一个样本，收到形状 {tuple(X.shape)}")
    if next(model.parameters(), None) is not None and X.device != device_of(model):
        raise ValueError(f"X 应与 model 在同一设备（{device_of(model)}），收到 {X.device}")


def _alive_hook(calls: list[Tensor]) -> Callable[..., None]:
    def read(module: nn.Module, inputs: tuple, output: object) -> None:
        y = first_tensor(output)
        other_dims = [d for d in range(y.ndim) if d != 1]
        calls.append(((y != 0).sum(other_dims) > 0).reshape(-1))

    return read


def _one_pass(model: nn.Module, batch: Tensor, alive: dict[str, list[Tensor]]) -> dict:
    """一批数据里哪些单元活着；一层用了几次，就把几次的单元接在一起。"""
    for calls in alive.values():
        calls.clear()
    model(batch)
    return {name: torch.cat(calls) if calls else None for name, calls in alive.items()}


def _alive_units(name: str, batches: list[Tensor | None]) -> Tensor:
    """各单元在整份数据里是否活过。"""
    if batches[0] is None:
        raise ValueError(f"layers 里的 {name!r} 在前向计算中没有用到")
    return torch.stack(batches).any(dim=0)
