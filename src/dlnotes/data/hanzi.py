"""合成汉字：由随包字体画出、随机变形的汉字图像，要多少有多少。"""

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from dlnotes._core.check import between, positive_int
from dlnotes.data._glyphs import distance_field, level_one
from dlnotes.data._streams import balanced_labels, stream_for

__all__ = ["hanzi", "hanzi_labels"]

NUM_CHARACTERS = 3755
STRIDE = 2321  # 约为 3755 × 0.618，与 3755 互素：先取的字在一级字表里总是近乎均匀
CHUNK = 256
MAX_SIZE = 256


def hanzi_labels(num_classes: int = 20) -> tuple[str, ...]:
    """`hanzi` 各类的汉字，下标就是类别。

    第 k 类是 GB 2312 一级字表（按拼音排列）里的第 2321·k mod 3755 个字（从 0 数起），所以类数增加时
    前面的类不变；3755 类恰好是全部一级字。

    Args:
        num_classes: 类别数，1 到 3755。

    Returns:
        `num_classes` 个互不相同的汉字。

    Raises:
        TypeError: `num_classes` 不是整数。
        ValueError: `num_classes` 不在 1 与 3755 之间。

    Examples:
        >>> hanzi_labels(5)
        ('啊', '肉', '故', '噎', '麦')
    """
    between("num_classes", positive_int("num_classes", num_classes), 1, NUM_CHARACTERS)
    characters = level_one()
    return tuple(characters[STRIDE * k % NUM_CHARACTERS] for k in range(num_classes))


def hanzi(
    num_classes: int = 20,
    num_samples: int = 2000,
    size: int = 32,
    *,
    split: str = "train",
    affine: float = 0.15,
    elastic: float = 0.04,
    stroke: float = 0.01,
    contrast: float = 0.4,
    background: float = 0.3,
    clutter: float = 0.5,
    noise: float = 0.1,
    seed: int = 0,
) -> tuple[Float[Tensor, "n 1 {size} {size}"], Int[Tensor, " n"]]:
    """合成汉字：随包字体的汉字，各自随机地变形、改变粗细与明暗，再加上背景、邻字与噪声。

    每张图独立地抽取：字形坐标先乘一个随机的 2×2 矩阵并平移，再逐点移动（弹性变形）；笔画加粗或
    变细；亮的笔画画在明暗不匀的背景上。七个强度都取 0 时，同一类的图完全相同。

    三份数据用种子的不同的随机数流，没有共同的抽样；只增加 `num_samples` 时，前面的样本不变。
    每连续 `num_classes` 个样本里各类恰好一个。

    局限：只有一种印刷字体（思源黑体），变形是合成的，它不是手写汉字，上面的准确率不能当作手写识别的
    准确率；训练集与测试集来自同一个字形，测的是对变形的泛化，不是对新字体的泛化。

    缺省的难度只按一件事定：线性模型与小卷积网络之间要有差距，后者也不到顶。2000 张训练、1000 张测试
    （单线程 CPU，20 轮，3 个种子）：softmax 回归测试准确率 0.237 ± 0.004，两个卷积层的网络
    0.818 ± 0.002，乱猜 0.05。

    Args:
        num_classes: 类别数，1 到 3755；是哪些字见 `hanzi_labels`。
        num_samples: 样本数 n，正整数。
        size: 边长，像素，16 到 256。
        split: `"train"`、`"valid"` 或 `"test"`。
        affine: 坐标变换矩阵的各元素与平移（以半边长为单位）的标准差，在 [0, 0.5] 内。
        elastic: 弹性变形中 4×4 个控制点位移的标准差，占边长，在 [0, 0.2] 内。
        stroke: 笔画每侧最多加粗或变细多少，占边长，在 [0, 0.05] 内。
        contrast: 笔画亮度在 [1 − contrast, 1] 内均匀，在 [0, 1] 内。
        background: 背景亮度的上限，在 [0, 1] 内；背景在图内缓慢变化。
        clutter: 旁边露出另一个字的一部分的概率，在 [0, 1] 内。
        noise: 像素噪声的标准差，在 [0, 1] 内；加噪声后截到 [0, 1]。
        seed: 随机种子。

    Returns:
        `(X, y)`：`X` 形状 (n, 1, size, size)，float32，在 [0, 1] 内；`y` 形状 (n,)，int64。

    Raises:
        TypeError: 个数、边长或种子不是整数，强度不是实数。
        ValueError: 参数不在上述范围里。

    Examples:
        >>> X, y = hanzi(10, 100, seed=0)
        >>> X.shape, y.bincount().tolist()
        (torch.Size([100, 1, 32, 32]), [10, 10, 10, 10, 10, 10, 10, 10, 10, 10])

    来源: 弹性变形的做法见 P. Simard 等，Best Practices for Convolutional Neural Networks Applied to
        Visual Document Analysis，2003；字表：GB/T 2312–1980。
    """
    labels = hanzi_labels(num_classes)
    for name, value, most in (
        ("affine", affine, 0.5), ("elastic", elastic, 0.2), ("stroke", stroke, 0.05),
        ("contrast", contrast, 1), ("background", background, 1), ("clutter", clutter, 1),
        ("noise", noise, 1),
    ):  # fmt: skip
        between(name, value, 0, most)
    return render(
        labels, num_samples, size, split, seed, affine=affine, elastic=elastic, stroke=stroke,
        contrast=contrast, background=background, clutter=clutter, noise=noise,
    )  # fmt: skip


def render(
    labels: tuple[str, ...],
    num_samples: int,
    size: int,
    split: str,
    seed: int,
    *,
    affine: float = 0.15,
    elastic: float = 0.04,
    stroke: float = 0.01,
    contrast: float = 0.4,
    background: float = 0.3,
    clutter: float = 0.5,
    noise: float = 0.1,
) -> tuple[Tensor, Tensor]:
    """把给定的字画成一份数据；`hanzi` 与 `hanzi_of` 都由它画，强度的缺省值也相同。"""
    positive_int("num_samples", num_samples)
    between("size", positive_int("size", size), 16, MAX_SIZE)
    y = balanced_labels(num_samples, len(labels), stream_for(seed, split, "labels"))
    rng = stream_for(seed, split, "draws")
    fields = _fields(labels, max(64, 2 * size))
    chunks = []
    for chosen in y.split(CHUNK):  # 每段都抽满 CHUNK 份随机数，样本数才不影响前面的样本
        d = _distances(fields, chosen, size, affine, elastic, clutter, rng)
        d = d + stroke * _uniform(rng, -1, 1)[: len(d)]
        chunks.append(_shade(d * size, contrast, background, noise, rng))
    return torch.cat(chunks), y


@lru_cache(maxsize=4)
def _fields(labels: tuple[str, ...], resolution: int) -> Tensor:
    """各类的距离场，形状 (K, 1, resolution, resolution)。"""
    return torch.stack([distance_field(label, resolution) for label in labels])[:, None]


def _distances(fields, chosen, size, affine, elastic, clutter, rng) -> Tensor:
    """变形后各像素到笔画边缘的距离，形状 (n, 1, size, size)；旁边也许有邻字。"""
    n = len(chosen)
    theta = torch.eye(2, 3) + affine * torch.randn(CHUNK, 2, 3, generator=rng)
    grid = F.affine_grid(theta, (CHUNK, 1, size, size), align_corners=False)
    shifts = 2 * elastic * torch.randn(CHUNK, 2, 4, 4, generator=rng)
    shifts = F.interpolate(shifts, (size, size), mode="bicubic", align_corners=True)
    grid = (grid + shifts.permute(0, 2, 3, 1))[:n]
    other = torch.randint(len(fields), (CHUNK,), generator=rng)[:n]
    angle, distance = _uniform(rng, 0, 2 * math.pi), _uniform(rng, 1.2, 1.7)
    offset = torch.cat((angle.cos(), angle.sin()), -1) * distance
    present = _uniform(rng, 0, 1)[:n] < clutter
    own, beside = _sample(fields[chosen], grid), _sample(fields[other], grid + offset[:n])
    return torch.where(present, torch.maximum(own, beside), own)


def _sample(fields: Tensor, grid: Tensor) -> Tensor:
    return F.grid_sample(fields, grid, padding_mode="border", align_corners=False)


def _shade(d: Tensor, contrast: float, background: float, noise: float, rng) -> Tensor:
    """按距离（像素）着色：边缘处一个像素宽的过渡。"""
    n, _, size, _ = d.shape
    ground = background * torch.rand(CHUNK, 1, 3, 3, generator=rng)
    ground = F.interpolate(ground, (size, size), mode="bilinear", align_corners=True)[:n]
    ink = (0.5 + d).clamp(0, 1)
    light = 1 - contrast * _uniform(rng, 0, 1)[:n]
    X = ground + (light - ground) * ink
    return (X + noise * torch.randn(CHUNK, 1, size, size, generator=rng)[:n]).clamp(0, 1)


def _uniform(rng: torch.Generator, low: float, high: float) -> Tensor:
    """每张图一个 [low, high) 内的随机数，形状 (CHUNK, 1, 1, 1)。"""
    return low + (high - low) * torch.rand(CHUNK, 1, 1, 1, generator=rng)
