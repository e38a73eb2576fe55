"""只看不动：评估、画图、诊断都在这一道保护里进行。"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import nn

from dlnotes._core.check import instance_of
from dlnotes._core.rng import preserved

_DEPTH: ContextVar[int] = ContextVar("dlnotes_evaluating", default=0)


def is_evaluating() -> bool:
    """是否正在 `evaluating` 里。"""
    return _DEPTH.get() > 0


def evaluation_depth() -> int:
    """现在套在几层 `evaluating` 里；`inspection.watch` 据此不把中途的评估算作训练。"""
    return _DEPTH.get()


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    """暂时进入评估模式且不求导；离开时，各子模块自己的模式与随机状态都复原，中途出错也一样。

    训练时特意留在评估模式的层（例如冻结的 BatchNorm）出来之后仍在评估模式。

    Args:
        model: 任意网络，在任意设备。

    Yields:
        同一个网络。

    Raises:
        TypeError: `model` 不是 `nn.Module`。
    """
    instance_of("model", model, nn.Module, "nn.Module")
    modules = list(model.modules())
    modes = [module.training for module in modules]
    depth = _DEPTH.set(_DEPTH.get() + 1)
    try:
        with preserved(_devices(modules)), torch.no_grad():
            model.eval()
            yield model
    finally:
        _DEPTH.reset(depth)
        for module, training in zip(modules, modes, strict=True):
            if module.training != training:
                module.training = training


def devices_of(model: nn.Module) -> set[torch.device]:
    """参数与缓存所在的全部设备；一个也没有时是 CPU。"""
    return _devices(model.modules())


def _devices(modules: Iterable[nn.Module]) -> set[torch.device]:
    devices = set()
    for module in modules:  # 比 model.parameters() 快：每次评估都要问一遍
        for tensors in (module._parameters, module._buffers):
            if tensors:
                devices.update(t.device for t in tensors.values() if t is not None)
    return devices or {torch.device("cpu")}


def device_of(model: nn.Module) -> torch.device:
    """网络所在的设备：第一个参数（没有参数时是第一个缓存）所在的设备，都没有时是 CPU。"""
    for tensors in (model.parameters(), model.buffers()):
        for tensor in tensors:
            return tensor.device
    return torch.device("cpu")
