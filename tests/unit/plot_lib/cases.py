"""各文件共用的小网络与小数据。"""

import torch
from torch import nn

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def mixed_model(num_classes: int = 3) -> nn.Sequential:
    """有 BatchNorm 与 Dropout、各子模块模式不一的网络，倒数第二层输出二维。"""
    model = nn.Sequential(
        nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2),
        nn.Linear(2, num_classes),
    )  # fmt: skip
    model[1].eval()
    return model


def bowl(indexing: str = "ij", num: int = 12):
    """碗形能量 F = x² + 2y 与它的格点。"""
    ticks = torch.linspace(-1.5, 1.5, num)
    xx, yy = torch.meshgrid(ticks, ticks, indexing=indexing)
    return xx, yy, xx**2 + 2 * yy


def snapshot(model: nn.Module):
    tensors = {name: value.clone() for name, value in model.state_dict().items()}
    return tensors, [m.training for m in model.modules()], [len(m._forward_hooks) for m in model]


def assert_same_snapshot(model: nn.Module, before) -> None:
    now = snapshot(model)
    assert all(torch.equal(value, now[0][name]) for name, value in before[0].items())
    assert all(value.device == now[0][name].device for name, value in before[0].items())
    assert now[1:] == before[1:]
