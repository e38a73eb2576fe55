"""照片小块：从十张照片上裁下的小块，类别是它来自哪张照片。"""

from functools import cache, lru_cache

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from dlnotes._core.check import between, one_of, positive_int
from dlnotes.data._photographs import PHOTOGRAPHS, load_photograph
from dlnotes.data._streams import balanced_labels, stream_for

__all__ = ["CONTRASTS", "PATCH_LABELS", "patches"]

PATCH_LABELS = tuple(PHOTOGRAPHS)
"""`patches` 各类的名字，下标就是类别。"""

CONTRASTS = ("keep", "normalize", "equalize")
"""`patches` 的参数 `contrast` 的可选值。"""

CELL = 96  # 照片分成的格子的最小边长，像素；小块不跨格
GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601 的亮度
FLAT = 0.03  # 灰度的标准差小于它的小块几乎没有内容，不取


def patches(
    num_samples: int = 2000,
    size: int = 32,
    *,
    split: str = "train",
    color: bool = False,
    contrast: str = "equalize",
    seed: int = 0,
) -> tuple[Float[Tensor, "n C {size} {size}"], Int[Tensor, " n"]]:
    """照片小块：从十张照片上随机裁下的小块，要认出它来自哪张照片。

    每张照片先分成边长约 100 像素的格子，第 r 行第 c 列的格子按 (r + 2c) mod 5 归测试（0）、
    验证（3）或训练（其余）；小块整个落在一个格子里，所以三份数据没有一个公共的像素，边长、种子、
    样本数怎么取都一样。几乎没有明暗变化的位置（灰度标准差小于 0.03）不取。

    缺省去掉颜色与反差：`"equalize"` 把每个小块的像素按大小排名再均匀铺到 [0, 1]，于是各小块的
    直方图全都相同，只看直方图与乱猜无异，要分类就得看像素的排列。

    只看直方图能做到多少（每通道 32 格，归到最近的类均值；2000 张训练、1000 张测试，乱猜 0.10）：
    彩色原样 0.61，灰度原样 0.49，`"normalize"` 0.34，`"equalize"` 0.10。缺省设置下（单线程 CPU，
    20 轮，3 个种子）softmax 回归 0.141 ± 0.012，两个卷积层的网络 0.465 ± 0.008。

    局限：每一类只有一张照片，学到的是这十张照片的纹理，不是“猫”“草地”这些概念；测试用的格子与
    训练用的相邻，光照、焦距、压缩痕迹都相同；其中三张（砖墙、草地、碎石）原是黑白的，一张是显微照片，
    `color=True` 时凭颜色就能认出不少。照片只有十张，不同位置裁下的小块互相重叠，
    样本多了并不独立。

    Args:
        num_samples: 样本数 n，正整数；只增加它时，前面的样本不变。
        size: 边长，像素，8 到 64。
        split: `"train"`、`"valid"` 或 `"test"`。
        color: 是否保留颜色；为假时只留亮度。
        contrast: `"keep"` 原样；`"normalize"` 把每个小块的每个通道变成均值 0.5、标准差 0.2
            （再截到 [0, 1]）；`"equalize"` 把每个通道的直方图变平。
        seed: 随机种子。

    Returns:
        `(X, y)`：`X` 形状 (n, C, size, size)，C 为 1（彩色时为 3），float32，在 [0, 1] 内；`y` 形状
        (n,)，int64，0 到 9，各类的名字见 `PATCH_LABELS`。每连续 10 个样本里各类恰好一个。

    Raises:
        TypeError: `num_samples`、`size` 或 `seed` 不是整数，`color` 不是布尔值。
        ValueError: 其余参数不在上述范围里。
        ModuleNotFoundError: 没有安装 scikit-image 或 scikit-learn。

    Examples:
        >>> X, y = patches(40, seed=0)
        >>> X.shape, [PATCH_LABELS[k] for k in y[:10].sort().values[:3]]
        (torch.Size([40, 1, 32, 32]), ['佛香阁', '大丽花', '宇航员'])

    来源: 照片随 scikit-learn 与 scikit-image 的安装包发布，出处与许可见这两个包的说明。
    """
    positive_int("num_samples", num_samples)
    between("size", positive_int("size", size), 8, 64)
    one_of("contrast", contrast, CONTRASTS)
    if not isinstance(color, bool):
        raise TypeError(f"color 应为 True 或 False，收到 {color!r}")
    y = balanced_labels(num_samples, len(PATCH_LABELS), stream_for(seed, split, "labels"))
    rng = stream_for(seed, split, "draws")
    where = torch.rand(num_samples, generator=rng, dtype=torch.float64)
    X = torch.empty(num_samples, 3, size, size)
    for label, name in enumerate(PATCH_LABELS):
        members = (y == label).nonzero().flatten()
        corners = allowed_corners(name, split, size)
        chosen = corners[(where[members] * len(corners)).long()]
        X[members] = _crop(load_photograph(name), chosen, size)
    if not color:
        X = _grey(X)
    if contrast == "normalize":
        X = _normalize(X)
    elif contrast == "equalize":
        X = _equalize(X, stream_for(seed, split, "noise"))
    return X, y


@lru_cache(maxsize=256)
def allowed_corners(name: str, split: str, size: int) -> Tensor:
    """某张照片里可以作为某一份数据的小块左上角的位置，形状 (m, 2)，每行是 (行, 列)。"""
    rows, cols = (_cells(length, size) for length in load_photograph(name).shape[-2:])
    remainder = (rows[:, None] + 2 * cols) % 5
    wanted = {"test": remainder == 0, "valid": remainder == 3}
    wanted["train"] = ~(wanted["test"] | wanted["valid"])
    inside = (rows[:, None] >= 0) & (cols >= 0)
    return (wanted[split] & inside & _has_contents(name, size)).nonzero()


@cache
def _has_contents(name: str, size: int) -> Tensor:
    """以每个位置为左上角的小块是不是有东西可看；三份数据共用。"""
    grey = _grey(load_photograph(name)[None]).double()
    mean, square = (_window_mean(x, size)[0, 0] for x in (grey, grey**2))
    return (square - mean**2).clamp(min=0).sqrt() >= FLAT


def _window_mean(X: Tensor, size: int) -> Tensor:
    """每个 size × size 窗口的均值；先按行再按列，比一次算完快得多。"""
    return F.avg_pool2d(F.avg_pool2d(X, (size, 1), stride=1), (1, size), stride=1)


def _cells(length: int, size: int) -> Tensor:
    """从每个起点开始、长 `size` 的一段在第几格；跨格的记 −1。"""
    cell = torch.arange(length) * (length // CELL) // length
    first, last = cell[: length - size + 1], cell[size - 1 :]
    return torch.where(first == last, first, -1)


def _crop(photograph: Tensor, corners: Tensor, size: int) -> Tensor:
    steps = torch.arange(size)
    rows, cols = (corners[:, k, None] + steps for k in (0, 1))
    return photograph[:, rows[:, :, None], cols[:, None, :]].transpose(0, 1)


def _grey(X: Tensor) -> Tensor:
    return (X * torch.tensor(GREY)[:, None, None]).sum(1, keepdim=True)


def _normalize(X: Tensor) -> Tensor:
    std, mean = torch.std_mean(X, dim=(-1, -2), keepdim=True)
    return (0.5 + 0.2 * (X - mean) / std.clamp(min=1e-3)).clamp(0, 1)


def _equalize(X: Tensor, rng: torch.Generator) -> Tensor:
    """每个通道的像素换成名次，再均匀铺到 [0, 1]；先加不到一个灰阶的噪声，使名次没有并列。"""
    flat = (X + torch.rand(X.shape, generator=rng) / 255).flatten(2)
    ranks = flat.argsort(dim=-1, stable=True).argsort(dim=-1)
    return (ranks / (flat.shape[-1] - 1)).reshape(X.shape)
