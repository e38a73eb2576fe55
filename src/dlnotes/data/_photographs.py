"""scikit-learn 与 scikit-image 的安装包里自带的照片，无须下载。"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

PHOTOGRAPHS = {
    "佛香阁": ("sklearn", "datasets/images/china.jpg"),
    "大丽花": ("sklearn", "datasets/images/flower.jpg"),
    "宇航员": ("skimage", "data/astronaut.png"),
    "猫": ("skimage", "data/chelsea.png"),
    "咖啡": ("skimage", "data/coffee.png"),
    "摩托车": ("skimage", "data/motorcycle_left.png"),
    "组织切片": ("skimage", "data/ihc.png"),
    "砖墙": ("skimage", "data/brick.png"),
    "草地": ("skimage", "data/grass.png"),
    "碎石": ("skimage", "data/gravel.png"),
}
"""照片的中文名 → 所在的包与路径；次序就是 `patches` 的类别。"""


@cache
def load_photograph(name: str) -> Tensor:
    """一张照片，形状 (3, H, W)，float32，在 [0, 1] 内；黑白照片的三个通道相同。"""
    from PIL import Image

    package, path = PHOTOGRAPHS[name]
    with Image.open(_folder(package) / path) as image:
        pixels = np.array(image.convert("RGB"))
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


def _folder(package: str) -> Path:
    """已安装的包所在的目录；只找，不导入。"""
    spec = find_spec(package)
    if spec is None:
        name = {"sklearn": "scikit-learn", "skimage": "scikit-image"}[package]
        raise ModuleNotFoundError(
            f"照片在 {name} 里，而它没有安装。请运行 pip install {name}", name=package
        )
    return Path(spec.submodule_search_locations[0])
