"""两种公开数据集的文件格式：MNIST 的 IDX 与 CIFAR-10 的 Python 批次。"""

import gzip
import math
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np

UNSIGNED_BYTE = 8
CIFAR_FOLDER = "cifar-10-batches-py"
CIFAR_BATCHES = {"train": tuple(f"data_batch_{k}" for k in range(1, 6)), "test": ("test_batch",)}


def read_idx(path: Path) -> np.ndarray:
    """读 gzip 压缩的 IDX 文件：两个 0 字节、类型、维数、各维的长度（大端 32 位），然后是数据。

    Args:
        path: 以 `.gz` 结尾的文件。

    Returns:
        uint8 数组，形状由文件头给出。

    Raises:
        ValueError: 不是字节型的 IDX 文件，或数据的个数与文件头不符。

    来源: Y. LeCun 等，The MNIST Database of Handwritten Digits，1998，文件格式一节。
    """
    with gzip.open(path) as file:
        content = file.read()
    zeros, kind, ndim = struct.unpack_from(">HBB", content)
    if zeros or kind != UNSIGNED_BYTE:
        raise ValueError(f"{path} 不是字节型的 IDX 文件，文件头是 {content[:4].hex()}")
    shape = struct.unpack_from(f">{ndim}I", content, 4)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * ndim)
    if values.size != math.prod(shape):
        raise ValueError(f"{path} 应有 {math.prod(shape)} 个数，实有 {values.size} 个")
    return values.reshape(shape)


def read_cifar10(path: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """读 CIFAR-10 的压缩包（Python 版），不解压到磁盘。

    Args:
        path: `cifar-10-python.tar.gz`。
        split: `"train"`（五批）或 `"test"`（一批）。

    Returns:
        `(pixels, labels)`：uint8，(n, 3, 32, 32)；int64，(n,)。

    Raises:
        ValueError: 压缩包里缺了批次。
        pickle.UnpicklingError: 批次里有数组以外的东西。

    来源: A. Krizhevsky，Learning Multiple Layers of Features from Tiny Images，2009。
    """
    wanted = {f"{CIFAR_FOLDER}/{name}": name for name in CIFAR_BATCHES[split]}
    found = {}
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:  # 按压缩包里的次序读一遍，不来回跳
            if member.name in wanted:
                batch = _ArrayUnpickler(archive.extractfile(member), encoding="latin1").load()
                found[wanted[member.name]] = batch
    missing = [name for name in CIFAR_BATCHES[split] if name not in found]
    if missing:
        raise ValueError(f"{path} 里缺少 {'、'.join(missing)}")
    batches = [found[name] for name in CIFAR_BATCHES[split]]
    pixels = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
    return pixels, np.concatenate([np.array(batch["labels"]) for batch in batches])


_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _ArrayUnpickler(pickle.Unpickler):
    """只认 NumPy 数组的反序列化器：pickle 文件本来可以运行任意代码，这里不许。"""

    def find_class(self, module: str, name: str):
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"CIFAR-10 的批次里不应有 {module}.{name}")
        return _ALLOWED[module, name]
