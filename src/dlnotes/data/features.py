"""手工的图像特征：颜色直方图、HOG、视觉词袋，以及只用训练集的统计量做的标准化。"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from dlnotes._core.check import float_tensor, positive, positive_int
from dlnotes._core.rng import integer_seed

__all__ = ["VisualWords", "colour_histogram", "cut_blocks", "hog_features", "standardize"]


def colour_histogram(X: Float[Tensor, "n C H W"], bins: int = 8) -> Float[Tensor, "n m"]:
    """颜色直方图：每个通道的像素落进各格的比例；像素换了位置，它不变。

    Args:
        X: 图像，形状 (n, C, H, W)，浮点数，在 [0, 1] 内。
        bins: 每个通道从 0 到 1 等分成几格，正整数；1 归最后一格。

    Returns:
        形状 (n, C × bins)，先是第一个通道的各格；每个通道的各格之和是 1。

    Raises:
        TypeError: `X` 不是浮点张量，`bins` 不是整数。
        ValueError: `X` 不是四维、没有样本或不在 [0, 1] 内，`bins` 小于 1。

    Examples:
        >>> X = torch.tensor([0.1, 0.2, 0.6, 1.0]).reshape(1, 1, 2, 2)
        >>> colour_histogram(X, bins=4)
        tensor([[0.5000, 0.0000, 0.2500, 0.2500]])

    来源: M. Swain、D. Ballard，Color Indexing，IJCV 7，1991。
    """
    _check_images(X)
    positive_int("bins", bins)
    low, high = X.min(), X.max()
    if low < 0 or high > 1:
        raise ValueError(f"X 应在 0 与 1 之间，收到 {low} 到 {high}；整数像素请先除以 255")
    level = (bins * X).long().clamp(max=bins - 1).flatten(2)
    counts = X.new_zeros(*level.shape[:2], bins).scatter_add_(
        2, level, torch.ones_like(X).flatten(2)
    )
    return (counts / level.shape[2]).flatten(1)


def hog_features(
    X: Float[Tensor, "n C H W"], cell: int = 8, num_directions: int = 8
) -> Float[Tensor, "n m"]:
    """HOG（方向梯度直方图）：各小格里各个方向的边有多强；整张图的亮度加一个常数，它不变。

    各通道先取平均成灰度，每格一个直方图，再把相邻的 2×2 格一起归一化；由 skimage 算。

    Args:
        X: 图像，形状 (n, C, H, W)，浮点数。
        cell: 小格的边长，像素，正整数；图的两边都要放得下两格。
        num_directions: 0° 到 180° 分成几个方向，正整数。

    Returns:
        形状 (n, m)，在 CPU 上；有 r 行 c 列小格时 m = 4 × (r − 1) × (c − 1) × num_directions。

    Raises:
        TypeError: `X` 不是浮点张量，其余参数不是整数。
        ValueError: `X` 不是四维、没有样本，有 NaN 或无穷大，放不下 2×2 格，或者其余参数小于 1。

    Examples:
        >>> hog_features(torch.rand(5, 3, 16, 16)).shape
        torch.Size([5, 32])

    来源: N. Dalal、B. Triggs，Histograms of Oriented Gradients for Human Detection，CVPR 2005。
    """
    from skimage.feature import hog

    _check_images(X)
    positive_int("num_directions", num_directions)
    if 2 * positive_int("cell", cell) > min(X.shape[2:]):
        raise ValueError(f"cell={cell} 时 X 的两边应至少 {2 * cell} 像素，收到 {tuple(X.shape)}")
    greys = X.detach().mean(dim=1).cpu().numpy()
    found = [torch.from_numpy(hog(grey, num_directions, (cell, cell), (2, 2))) for grey in greys]
    return torch.stack(found).to(X.dtype)


def cut_blocks(X: Float[Tensor, "n C H W"], size: int = 4) -> Float[Tensor, "n m d"]:
    """把每张图切成不重叠的小块，先从左到右，再从上到下。

    Args:
        X: 图像，形状 (n, C, H, W)，浮点数；H 与 W 都是 `size` 的倍数。
        size: 小块的边长，像素，正整数。

    Returns:
        形状 (n, 块数, C × size × size)；一块里先是第一个通道的像素。

    Raises:
        TypeError: `X` 不是浮点张量，`size` 不是整数。
        ValueError: `X` 不是四维、没有样本，有 NaN 或无穷大，或者边长不是 `size` 的倍数。

    Examples:
        >>> cut_blocks(torch.rand(5, 3, 16, 16), size=4).shape
        torch.Size([5, 16, 48])
    """
    _check_images(X)
    positive_int("size", size)
    if any(length % size for length in X.shape[2:]):
        raise ValueError(f"X 的两边应是 size={size} 的倍数，收到 {tuple(X.shape)}")
    return F.unfold(X, size, stride=size).transpose(1, 2)


class VisualWords:
    """视觉词典：把训练图的小块用 K 均值聚成几十堆，每堆的中心是一个“词”。

    词典只看建它时给的小块，所以只给训练图的；之后用它数任何图的词，都不会改它。

    Args:
        blocks: 训练图的小块，形状 (n, 块数, d)，见 `cut_blocks`。
        num_words: 词典里有几个词，不多于小块的总数。
        seed: K 均值的随机种子；同样的小块与种子，词典相同。

    Attributes:
        centres: 各个词，形状 (num_words, d)。

    Raises:
        TypeError: `blocks` 不是浮点张量，其余参数不是整数。
        ValueError: `blocks` 不是三维、没有样本，有 NaN 或无穷大，或者词比小块还多。

    Examples:
        >>> from dlnotes.data import patches
        >>> X, _ = patches(200, 16, seed=0)
        >>> blocks = cut_blocks(X)
        >>> words = VisualWords(blocks[:100], num_words=24, seed=0)
        >>> words.centres.shape, words.count(blocks[100:]).shape
        (torch.Size([24, 16]), torch.Size([100, 24]))

    来源: G. Csurka 等，Visual Categorization with Bags of Keypoints，2004。
    """

    def __init__(self, blocks: Float[Tensor, "n m d"], num_words: int = 64, *, seed: int = 0):
        from sklearn.cluster import MiniBatchKMeans

        points = _check_blocks(blocks).detach().flatten(0, 1).cpu()
        if positive_int("num_words", num_words) > len(points):
            raise ValueError(f"num_words 应不多于小块数 {len(points)}，收到 {num_words}")
        state = integer_seed(seed) % 2**32
        found = MiniBatchKMeans(num_words, n_init=1, random_state=state).fit(points.numpy())
        self.centres = torch.from_numpy(found.cluster_centers_).to(blocks)

    def find(self, blocks: Float[Tensor, "n m d"]) -> Int[Tensor, "n m"]:
        """每个小块离哪个词最近。

        Args:
            blocks: 小块，形状 (n, 块数, d)，d 与建词典时相同。

        Returns:
            词的下标，形状 (n, 块数)，int64。
        """
        if _check_blocks(blocks).shape[2] != self.centres.shape[1]:
            raise ValueError(
                f"blocks 的每块应有 {self.centres.shape[1]} 个数，收到 {tuple(blocks.shape)}"
            )
        return torch.cdist(blocks.flatten(0, 1), self.centres).argmin(1).view(blocks.shape[:2])

    def count(self, blocks: Float[Tensor, "n m d"]) -> Float[Tensor, "n k"]:
        """视觉词袋：每张图里各个词占几成。

        Args:
            blocks: 小块，形状 (n, 块数, d)，d 与建词典时相同。

        Returns:
            形状 (n, num_words)，每行之和是 1。
        """
        found = self.find(blocks)
        counts = blocks.new_zeros(len(blocks), len(self.centres))
        return (
            counts.scatter_add_(1, found, torch.ones_like(found, dtype=blocks.dtype))
            / (found.shape[1])
        )


def standardize(
    train: Float[Tensor, "n ..."], *others: Float[Tensor, "m ..."], min_std: float = 0.01
) -> tuple[Tensor, ...]:
    """标准化：减去均值、除以标准差；均值与标准差只从 `train` 来，各份用同一组数。

    最后一维的每一列各算一个均值与标准差，其余各维一起平均。

    Args:
        train: 训练集，形状 (n, …, d)，浮点数。
        others: 验证集、测试集等，最后一维也是 d。
        min_std: 标准差小于它的列按它算，大于 0；几乎不变的列就不会放得太大。

    Returns:
        与参数同样多份，`train` 在最前。

    Raises:
        TypeError: 有一份不是浮点张量，`min_std` 不是实数。
        ValueError: `train` 不到二维、不到两行，有 NaN 或无穷大，另一份的列数不同，或者 `min_std`
            不大于 0。

    Examples:
        >>> train, test = torch.tensor([[1.0], [3.0]]), torch.tensor([[2.0], [5.0]])
        >>> [part.flatten().tolist() for part in standardize(train, test, min_std=2.0)]
        [[-0.5, 0.5], [0.0, 1.5]]
    """
    positive("min_std", min_std)
    if float_tensor("train", train).ndim < 2 or len(train) < 2:
        raise ValueError(f"train 的形状应为 (n, …, d)，n ≥ 2，收到 {tuple(train.shape)}")
    _check_finite("train", train)
    for k, other in enumerate(others):
        if float_tensor(f"others[{k}]", other).shape[-1:] != train.shape[-1:]:
            raise ValueError(
                f"others[{k}] 的最后一维应与 train 的 {train.shape[-1]} 相同，"
                f"收到 {tuple(other.shape)}"
            )
    std, mean = torch.std_mean(train, dim=tuple(range(train.ndim - 1)))
    return tuple((part - mean) / std.clamp(min=min_std) for part in (train, *others))


def _check_images(X) -> None:
    if float_tensor("X", X).ndim != 4 or X.numel() == 0:
        raise ValueError(f"X 的形状应为 (n, C, H, W)，n ≥ 1，收到 {tuple(X.shape)}")
    _check_finite("X", X)


def _check_blocks(blocks) -> Tensor:
    if float_tensor("blocks", blocks).ndim != 3 or blocks.numel() == 0:
        raise ValueError(f"blocks 的形状应为 (n, 块数, d)，n ≥ 1，收到 {tuple(blocks.shape)}")
    _check_finite("blocks", blocks)
    return blocks


def _check_finite(name: str, value: Tensor) -> None:
    if not value.isfinite().all():
        raise ValueError(f"{name} 里有 NaN 或无穷大")
