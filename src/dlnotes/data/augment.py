"""数据增强：每张图各自随机地平移、翻转、变亮或变暗。"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dlnotes._core.check import fraction, instance_of, integer, tensor

__all__ = ["augment"]


def augment(
    X: Float[Tensor, "n C H W"],
    generator: torch.Generator,
    *,
    crop: int = 0,
    flip: float = 0.0,
    brightness: float = 0.0,
) -> Float[Tensor, "n C H W"]:
    """数据增强：每张图各自随机地平移、左右翻转、变亮或变暗；不改动 `X`。

    数字翻转后标签不再成立，所以 `flip` 缺省为 0；哪些数据集可以翻转见 `IMAGE_SETS[name].flip_ok`。

    Args:
        X: 图像，形状 (n, C, H, W)，浮点数，在 [0, 1] 内。
        generator: 随机数生成器；状态相同，结果就相同。
        crop: 四周补这么多圈 0，再随机裁回原来的大小，即最多平移 `crop` 像素。
        flip: 左右翻转的概率，在 [0, 1] 内。
        brightness: 亮度乘以 [1 − brightness, 1 + brightness] 内均匀的随机数，再截到 [0, 1]。

    Returns:
        增强后的图像，与 `X` 同形状、同设备。

    Raises:
        TypeError: `X` 不是浮点张量，`generator` 不是随机数生成器，或者强度的类型不对。
        ValueError: `X` 不是四维，或者强度不在合法范围里。

    Examples:
        >>> X = torch.rand(4, 1, 8, 8)
        >>> augment(X, torch.Generator().manual_seed(0), crop=1, brightness=0.2).shape
        torch.Size([4, 1, 8, 8])
    """
    _check_augment(X, generator, crop, flip, brightness)
    if crop:
        X = _random_crop(X, generator, crop)
    if flip:
        chosen = _uniform(X, generator) < flip
        X = torch.where(chosen, X.flip(-1), X)
    if brightness:
        factor = 1 + brightness * (2 * _uniform(X, generator) - 1)
        X = (X * factor).clamp(0, 1)
    return X


def _uniform(X: Tensor, generator: torch.Generator) -> Tensor:
    """每张图一个 [0, 1) 内的随机数，形状 (n, 1, 1, 1)。"""
    shape = (len(X), 1, 1, 1)
    return torch.rand(shape, generator=generator, device=generator.device).to(X.device, X.dtype)


def _random_crop(X: Tensor, generator: torch.Generator, crop: int) -> Tensor:
    """补零后按各自的偏移一次取出所有小窗。"""
    n, _, H, W = X.shape
    offsets = torch.randint(2 * crop + 1, (2, n, 1), generator=generator, device=generator.device)
    rows, cols = offsets.to(X.device)
    rows, cols = rows + torch.arange(H, device=X.device), cols + torch.arange(W, device=X.device)
    padded = F.pad(X, (crop,) * 4).permute(0, 2, 3, 1)
    index = torch.arange(n, device=X.device)[:, None, None]
    return padded[index, rows[:, :, None], cols[:, None, :]].permute(0, 3, 1, 2).contiguous()


def _check_augment(X, generator, crop, flip, brightness) -> None:
    if tensor("X", X).ndim != 4:
        raise ValueError(f"X 的形状应为 (n, C, H, W)，收到 {tuple(X.shape)}")
    if not X.is_floating_point():
        raise TypeError(f"X 的数据类型应为浮点数，收到 {X.dtype}；整数像素请先除以 255")
    instance_of("generator", generator, torch.Generator)
    check_strengths(crop, flip, brightness)


def check_strengths(crop: int = 0, flip: float = 0.0, brightness: float = 0.0) -> None:
    """确认各种增强的强度在合法范围里。"""
    integer("crop", crop)
    fraction("flip", flip)
    fraction("brightness", brightness)
