"""MNIST、Fashion-MNIST、CIFAR-10：公布的文件、校验和与地址，目录与 torchvision 的相同。"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from dlnotes.data._download import checksum, download_file
from dlnotes.data._formats import read_cifar10, read_idx


class Archive(NamedTuple):
    """一个要下载的文件。

    Attributes:
        path: 在数据目录里的位置。
        md5: 校验和。
        sites: 内容相同的若干网站；地址是网站加文件名。
    """

    path: str
    md5: str
    sites: tuple[str, ...]


_IDX_KINDS = ("images-idx3", "labels-idx1")


def _idx_pairs(folder: str, sites: tuple[str, ...], *md5s: str) -> dict[str, tuple[Archive, ...]]:
    """IDX 的四个文件：训练的图与标签、测试的图与标签。"""
    parts = [f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in _IDX_KINDS]
    names = [f"{folder}/raw/{part}" for part in parts]
    files = [Archive(name, md5, sites) for name, md5 in zip(names, md5s, strict=True)]
    return {"train": tuple(files[:2]), "test": tuple(files[2:])}


_MNIST_SITES = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_FASHION_SITES = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",)

_CIFAR10 = Archive(
    "cifar-10-python.tar.gz",
    "c58f30108f718f92721af3b95e74349a",
    ("https://www.cs.toronto.edu/~kriz/",),
)

ARCHIVES: dict[str, dict[str, tuple[Archive, ...]]] = {
    "mnist": _idx_pairs(
        "MNIST",
        _MNIST_SITES,
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    "fashion_mnist": _idx_pairs(
        "FashionMNIST",
        _FASHION_SITES,
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
    "cifar10": {"train": (_CIFAR10,), "test": (_CIFAR10,)},
}
"""数据集的名字 → 划分 → 文件；校验和与 torchvision 的相同。"""


def load_archive(name: str, split: str, root: Path, download: bool) -> tuple[Tensor, Tensor]:
    """读入一个公布的数据集，没有就下载。

    Args:
        name: `ARCHIVES` 里的名字。
        split: `"train"` 或 `"test"`。
        root: 数据目录。
        download: 本地没有时是否下载。

    Returns:
        `(X, y)`：float32，(n, C, H, W)，在 [0, 1] 内；int64，(n,)。

    Raises:
        ConnectionError: 本地没有完整的文件，又下载不了。
    """
    paths = [_obtain(name, archive, root, download) for archive in ARCHIVES[name][split]]
    if name == "cifar10":
        pixels, labels = read_cifar10(paths[0], split)
    else:
        pixels, labels = read_idx(paths[0])[:, None], read_idx(paths[1])
    X = torch.from_numpy(pixels.astype(np.float32)) / 255
    return X, torch.from_numpy(labels.astype(np.int64))


def _obtain(name: str, archive: Archive, root: Path, download: bool) -> Path:
    """本地的文件；没有或损坏时下载。"""
    path = root / archive.path
    if path.is_file() and checksum(path) == archive.md5:
        return path
    state = "的校验和不对" if path.exists() else "不存在"
    try:
        if not download:
            raise ConnectionError("download=False 不许下载")
        download_file(path, [site + path.name for site in archive.sites], archive.md5)
    except OSError as error:
        raise ConnectionError(
            f"得不到 {name}：{path} {state}，又没有下载成功（{error}）。"
            "请再运行一次，会从断处继续；或者在能联网的机器上运行一次，再把 "
            f"{root} 这个目录复制过来，用参数 root 或环境变量 DLNOTES_DATA 指明；"
            '也可以改用不必下载的 images("digits")、hanzi()、patches()'
        ) from error
    return path
