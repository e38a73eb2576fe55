"""小批量从哪里来：整份张量按种子打乱，或者读者自己的 DataLoader。"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from dlnotes._core.check import positive_int, shown
from dlnotes._core.rng import stream

Batch = tuple[Tensor, Tensor]


def batch_order(n: int, seed: int, epoch: int) -> Tensor:
    """第 `epoch` 轮样本的次序，形状 (n,)，在 CPU 上。

    只由 `seed` 与 `epoch` 决定，所以单独重跑某一轮也得到同样的小批量；
    网络里有没有丢弃层也不影响它。
    """
    return torch.randperm(n, generator=torch.Generator().manual_seed(stream(seed, epoch)))


class TensorBatches:
    """整份数据放在设备上，每轮按种子打乱，切成小批量；`batch_size` 为 `None` 时一轮就是一批。"""

    def __init__(
        self,
        X: Tensor,
        y: Tensor,
        batch_size: int | None,
        seed: int | None,
        device: torch.device,
    ):
        if batch_size is not None:
            positive_int("batch_size", batch_size)
            if seed is None:
                raise ValueError("用小批量训练时 seed 应为整数（决定打乱的次序），收到 None")
        self.X, self.y = X.to(device), y.to(device)
        self.batch_size, self.seed = batch_size, seed

    def __len__(self) -> int:
        return 1 if self.batch_size is None else -(-len(self.X) // self.batch_size)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """第 `epoch` 轮（从 1 数起）的各个小批量。"""
        if self.batch_size is None:
            yield self.X, self.y
            return
        order = batch_order(len(self.X), self.seed, epoch)
        if self.X.is_cuda:
            order = order.pin_memory()
        # 下标一轮搬一次：每一步都用 CPU 上的下标去取，每一步就都要等设备
        for index in order.to(self.X.device, non_blocking=True).split(self.batch_size):
            yield self.X[index], self.y[index]


class LoaderBatches:
    """读者自己的 DataLoader；每一批搬到设备上。"""

    def __init__(self, loader: DataLoader, device: torch.device):
        self.loader, self.device = loader, device

    def __len__(self) -> int:
        try:
            return len(self.loader)
        except TypeError:  # 流式数据集没有长度；记录会随步数增长
            return 1

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """`DataLoader` 走一遍；第几轮由它自己的采样器决定。"""
        num_batches = 0
        for batch in self.loader:
            yield tuple(part.to(self.device, non_blocking=True) for part in pair("X", batch))
            num_batches += 1
        if num_batches == 0:
            raise ValueError(f"X（DataLoader）应至少给出一个小批量，第 {epoch} 轮一个也没有")


def pair(name: str, value: object) -> Batch:
    """`value` 是两个张量 `(X, y)` 时返回它，否则报错。"""
    if (
        not isinstance(value, tuple | list)
        or len(value) != 2
        or not all(isinstance(part, Tensor) for part in value)
    ):
        raise TypeError(f"{name} 应为两个张量 (X, y)，收到 {_described(value)}")
    return tuple(value)


def _described(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"{type(value).__name__}：{'、'.join(map(shown, value))[:200]}"
    return shown(value)
