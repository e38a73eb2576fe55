"""图像数据：scikit-learn 自带的手写数字随时可用，其余数据集经 torchvision 下载。"""

import importlib
import os
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from dlnotes._check import one_of, positive_int
from dlnotes.data.digits import digits

__all__ = ["IMAGE_SETS", "ImageSet", "augment", "images", "resize"]

TEST_EVERY = 5  # 手写数字：每一类里每五张取一张作测试


class ImageSet(NamedTuple):
    """一个数据集的说明。

    Attributes:
        torchvision_name: `torchvision.datasets` 里的类名；`None` 表示不经 torchvision。
        labels: 各类的中文名，下标就是类别。
        flip_ok: 左右翻转之后标签是否仍然成立。
    """

    torchvision_name: str | None
    labels: tuple[str, ...]
    flip_ok: bool


FASHION = ("T 恤", "裤子", "套衫", "连衣裙", "外套", "凉鞋", "衬衫", "运动鞋", "包", "短靴")
CIFAR = ("飞机", "汽车", "鸟", "猫", "鹿", "狗", "蛙", "马", "船", "卡车")

IMAGE_SETS: dict[str, ImageSet] = {
    "digits": ImageSet(None, tuple("0123456789"), flip_ok=False),
    "mnist": ImageSet("MNIST", tuple("0123456789"), flip_ok=False),
    "fashion_mnist": ImageSet("FashionMNIST", FASHION, flip_ok=True),
    "cifar10": ImageSet("CIFAR10", CIFAR, flip_ok=True),
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
    另外三个沿用各自公布的划分，经 torchvision 下载并核对校验和。

    Args:
        name: `"digits"`、`"mnist"`、`"fashion_mnist"`、`"cifar10"` 之一。
        split: `"train"` 或 `"test"`。
        size: 边长，像素；缺省不缩放。缩放用双线性插值，缩小时先平滑。
        root: 下载的文件放在哪里；缺省取环境变量 `DLNOTES_DATA`，没有时是 `~/.cache/dlnotes`。
        download: 本地没有时是否下载。

    Returns:
        `(X, y)`：`X` 形状 (n, C, H, W)，float32，在 [0, 1] 内；`y` 形状 (n,)，int64，从 0 数起。

    Raises:
        ValueError: 名字或划分不认识，或者 `size` 不是正整数。
        ModuleNotFoundError: 要用 torchvision 而没有装。
        ConnectionError: 本地没有数据，又下载不了。

    Examples:
        >>> X, y = images("digits", split="test", size=32)
        >>> X.shape, y.shape
        (torch.Size([355, 1, 32, 32]), torch.Size([355]))

    来源: Alpaydin 与 Kaynak，Optical Recognition of Handwritten Digits，1998；LeCun 等，
    MNIST，1998；Xiao 等，Fashion-MNIST，2017；Krizhevsky，CIFAR-10，2009。
    """
    one_of("split", split, ("train", "test"))
    image_set = IMAGE_SETS[one_of("name", name, tuple(IMAGE_SETS))]
    if size is not None:
        positive_int("size", size)
    if image_set.torchvision_name is None:
        X, y = _load_digits(split)
    else:
        X, y = _load_torchvision(image_set.torchvision_name, split, _root(root), download)
    return (X if size is None else resize(X, size)), y


def resize(X: Float[Tensor, "n C H W"], size: int) -> Float[Tensor, "n C {size} {size}"]:
    """把图缩放成 `size` × `size`。

    Args:
        X: 图像，形状 (n, C, H, W)，在 [0, 1] 内。
        size: 新的边长，像素。

    Returns:
        缩放后的图像，形状 (n, C, size, size)，仍在 [0, 1] 内。

    Examples:
        >>> resize(torch.ones(2, 3, 8, 8), 20).shape
        torch.Size([2, 3, 20, 20])
    """
    if X.shape[-2:] == (size, size):
        return X
    options = {"mode": "bilinear", "align_corners": False, "antialias": size < max(X.shape[-2:])}
    return F.interpolate(X, (size, size), **options).clamp(0, 1)


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
        TypeError: `X` 不是浮点数，或者 `generator` 不是随机数生成器。
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
    default = Path.home() / ".cache" / "dlnotes"
    return Path(root or os.environ.get("DLNOTES_DATA") or default).expanduser()


def _load_torchvision(name: str, split: str, root: Path, download: bool) -> tuple[Tensor, Tensor]:
    try:
        datasets = importlib.import_module("torchvision.datasets")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"读取 {name} 需要 torchvision，而它没有安装。请运行 pip install torchvision，"
            '或者改用自带的手写数字 images("digits")',
            name="torchvision",
        ) from error
    try:
        dataset = getattr(datasets, name)(str(root), train=split == "train", download=download)
    except (OSError, RuntimeError) as error:
        raise ConnectionError(
            f"得不到 {name}：{root} 里没有完整的数据，"
            f"{'下载也没有成功' if download else '而 download=False 不许下载'}（{error}）。"
            "请在能联网的机器上运行一次，再把这个目录复制过来，"
            "用参数 root 或环境变量 DLNOTES_DATA 指明；"
            '或者改用自带的手写数字 images("digits")'
        ) from error
    return _to_tensors(dataset.data, dataset.targets)


def _to_tensors(pixels: object, targets: object) -> tuple[Tensor, Tensor]:
    """由 torchvision 的 uint8 像素得到 (X, y)：灰度图是 (n, H, W)，彩色图是 (n, H, W, C)。"""
    X = torch.as_tensor(pixels)
    X = X.unsqueeze(1) if X.ndim == 3 else X.permute(0, 3, 1, 2).contiguous()
    return X.float() / 255, torch.as_tensor(targets).long()


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
    if X.ndim != 4:
        raise ValueError(f"X 的形状应为 (n, C, H, W)，收到 {tuple(X.shape)}")
    if not X.is_floating_point():
        raise TypeError(f"X 的数据类型应为浮点数，收到 {X.dtype}；整数像素请先除以 255")
    if not isinstance(generator, torch.Generator):
        raise TypeError(f"generator 应为 torch.Generator，收到 {generator!r}")
    if not isinstance(crop, int) or crop < 0:
        raise ValueError(f"crop 应为不小于 0 的整数，收到 {crop!r}")
    if not 0 <= flip <= 1:
        raise ValueError(f"flip 应在 0 与 1 之间，收到 {flip!r}")
    if not 0 <= brightness <= 1:
        raise ValueError(f"brightness 应在 0 与 1 之间，收到 {brightness!r}")
