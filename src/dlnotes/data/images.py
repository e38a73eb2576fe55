"""公开的图像数据集：scikit-learn 自带的手写数字随时可用，其余三个第一次用时下载。"""

import os
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from dlnotes._core.check import flag, float_tensor, instance_of, one_of, positive_int
from dlnotes.data._archives import load_archive
from dlnotes.data.digits import digits

__all__ = ["IMAGE_SETS", "ImageSet", "images", "resize"]

TEST_EVERY = 5  # 手写数字：每一类里每五张取一张作测试


class ImageSet(NamedTuple):
    """一个数据集的说明。

    Attributes:
        labels: 各类的中文名，下标就是类别。
        flip_ok: 左右翻转之后标签是否仍然成立。
    """

    labels: tuple[str, ...]
    flip_ok: bool


FASHION = ("T 恤", "裤子", "套衫", "连衣裙", "外套", "凉鞋", "衬衫", "运动鞋", "包", "短靴")

CIFAR = ("飞机", "汽车", "鸟", "猫", "鹿", "狗", "蛙", "马", "船", "卡车")

IMAGE_SETS: dict[str, ImageSet] = {
    "digits": ImageSet(tuple("0123456789"), flip_ok=False),
    "mnist": ImageSet(tuple("0123456789"), flip_ok=False),
    "fashion_mnist": ImageSet(FASHION, flip_ok=True),
    "cifar10": ImageSet(CIFAR, flip_ok=True),
}
"""可以用名字读入的数据集。"""


def images(
    name: str = "digits",
    *,
    split: str = "train",
    size: int | None = None,
    root: str | Path | None = None,
    download: bool = True,
) -> tuple[Float[Tensor, "n C H W"], Int[Tensor, " n"]]:
    """读入一个图像数据集。

    `"digits"` 是 scikit-learn 自带的 1797 张 8×8 手写数字，不用下载；划分是固定的：
    每一类按原来的次序，每五张里的第五张归测试集，其余归训练集，与随机数无关。
    另外三个沿用各自公布的划分，第一次用时下载，每次读入都核对校验和；目录与 torchvision 的相同，
    已经下载过的不再下载，也不需要安装 torchvision。

    Args:
        name: `"digits"`、`"mnist"`、`"fashion_mnist"`、`"cifar10"` 之一。
        split: `"train"` 或 `"test"`。
        size: 边长，像素；缺省不缩放。缩放用双线性插值，缩小时先平滑。
        root: 下载的文件放在哪里；缺省取环境变量 `DLNOTES_DATA`，没有时是 `~/.cache/dlnotes`。
        download: 本地没有时是否下载。

    Returns:
        `(X, y)`：`X` 形状 (n, C, H, W)，float32，在 [0, 1] 内；`y` 形状 (n,)，int64，从 0 数起。

    Raises:
        TypeError: `size` 不是整数，`root` 不是路径。
        ValueError: 名字或划分不认识，或者 `size` 不是正数。
        ConnectionError: 本地没有完整的数据，又下载不了。

    Examples:
        >>> X, y = images("digits", split="test", size=32)
        >>> X.shape, y.shape
        (torch.Size([355, 1, 32, 32]), torch.Size([355]))

    来源: Alpaydin 与 Kaynak，Optical Recognition of Handwritten Digits，1998；LeCun 等，
    MNIST，1998；Xiao 等，Fashion-MNIST，2017；Krizhevsky，CIFAR-10，2009。
    """
    one_of("split", split, ("train", "test"))
    one_of("name", name, tuple(IMAGE_SETS))
    if root is not None:
        instance_of("root", root, (str, os.PathLike), "路径")
    place = _root(root)
    if size is not None:
        positive_int("size", size)
    flag("download", download)
    X, y = _load_digits(split) if name == "digits" else load_archive(name, split, place, download)
    return (X if size is None else resize(X, size)), y


def resize(X: Float[Tensor, "n C H W"], size: int) -> Float[Tensor, "n C {size} {size}"]:
    """把图缩放成 `size` × `size`。

    Args:
        X: 图像，形状 (n, C, H, W)，在 [0, 1] 内。
        size: 新的边长，像素。

    Returns:
        缩放后的图像，形状 (n, C, size, size)，仍在 [0, 1] 内。

    Raises:
        TypeError: `X` 不是浮点张量，或 `size` 不是整数。
        ValueError: `X` 不是四维或没有元素，或 `size` 不是正数。

    Examples:
        >>> resize(torch.ones(2, 3, 8, 8), 20).shape
        torch.Size([2, 3, 20, 20])
    """
    positive_int("size", size)
    if float_tensor("X", X).ndim != 4 or not X.numel():
        raise ValueError(f"X 的形状应为 (n, C, H, W)，各维至少为 1，收到 {tuple(X.shape)}")
    if X.shape[-2:] == (size, size):
        return X
    options = {"mode": "bilinear", "align_corners": False, "antialias": size < max(X.shape[-2:])}
    return F.interpolate(X, (size, size), **options).clamp(0, 1)


def _load_digits(split: str) -> tuple[Tensor, Tensor]:
    X, y = digits()
    rank = torch.zeros_like(y)  # 每张图在自己那一类里排第几
    for label in y.unique():
        members = y == label
        rank[members] = torch.arange(int(members.sum()))
    is_test = rank % TEST_EVERY == TEST_EVERY - 1
    chosen = is_test if split == "test" else ~is_test
    return X[chosen].reshape(-1, 1, 8, 8), y[chosen]


def _root(root: str | Path | None) -> Path:
    if not isinstance(root, str | Path | None):
        raise TypeError(f"root 应为路径，收到 {root!r}")
    default = Path.home() / ".cache" / "dlnotes"
    return Path(root or os.environ.get("DLNOTES_DATA") or default).expanduser()
