r"""照表搭卷积网络：LeNet、AlexNet 共用的积木。

网络写成一张表，每行一个卷积（`Conv`）或池化（`Pool`）；`make_features` 照表搭出卷积部分，
`make_classifier` 搭出全连接部分，`ConvNet` 把两段接在一起。
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dlnotes._core.check import (
    flag,
    float_tensor,
    integer,
    layer_maker,
    positive_int,
    real,
    sequence,
)
from dlnotes._core.rng import current_devices, integer_seed, seeded

__all__ = [
    "Conv",
    "ConvNet",
    "LocalResponseNorm",
    "Pool",
    "feature_size",
    "make_classifier",
    "make_features",
    "output_size",
]


class Conv(NamedTuple):
    """表里的一行卷积：输出通道数、核边长、步幅、填充、组数、后面要不要局部响应归一化。"""

    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    lrn: bool = False


class Pool(NamedTuple):
    """表里的一行池化：窗口边长与步幅。"""

    kernel: int
    stride: int


Rows = Sequence[Conv | Pool]
Layer = Callable[[], nn.Module]
PoolLayer = Callable[[int, int], nn.Module]
NormLayer = Callable[[int], nn.Module]


def output_size(
    size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    r"""卷积或池化之后的边长。

    \[ \left\lfloor \frac{n + 2p - d\,(k - 1) - 1}{s} \right\rfloor + 1 \]

    Args:
        size: 输入的边长 \(n\)，像素。
        kernel: 核的边长 \(k\)。
        stride: 步幅 \(s\)。
        padding: 每边填充的圈数 \(p\)。
        dilation: 膨胀率 \(d\)，1 表示不膨胀。

    Returns:
        输出的边长；放不下一个核时小于 1。

    Raises:
        TypeError: `size` 或 `padding` 不是整数。
        ValueError: `size`、`padding` 是负数，或其余参数不是正整数。

    Examples:
        >>> output_size(32, 5), output_size(227, 11, stride=4)
        (28, 55)
    """
    integer("size", size)
    integer("padding", padding)
    for name, value in (("kernel", kernel), ("stride", stride), ("dilation", dilation)):
        positive_int(name, value)
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def feature_size(rows: Rows, size: int) -> int:
    """边长为 `size` 的图走完整张表之后的边长；中途放不下时返回 0。

    Args:
        rows: 卷积与池化的表。
        size: 输入的边长，像素。

    Returns:
        输出的边长，像素。

    Raises:
        TypeError: 表里有不是 `Conv` 或 `Pool` 的行，或 `size` 不是整数。
        ValueError: 表里的数不对，或 `size` 是负数。

    Examples:
        >>> feature_size([Conv(6, 5), Pool(2, 2), Conv(16, 5), Pool(2, 2)], 32)
        5
    """
    for row in _check_rows(rows):
        padding = row.padding if isinstance(row, Conv) else 0
        size = max(output_size(size, row.kernel, row.stride, padding), 0)
    return size


def _check_rows(rows: Rows) -> Rows:
    """确认每一行是 `Conv` 或 `Pool`，里面的数能用。"""
    for row in sequence("rows", rows):
        if not isinstance(row, Conv | Pool):
            raise TypeError(f"rows 的每一行应为 Conv 或 Pool，收到 {row!r}")
        for name, value in row._asdict().items():
            if name == "padding":
                integer("rows 里的 padding", value)
            elif name != "lrn":
                positive_int(f"rows 里的 {name}", value)
    return rows


def check_probability(name: str, value: float) -> float:
    """`value` 在 [0, 1] 内时原样返回，否则报错。

    Args:
        name: 参数名。
        value: 概率。

    Returns:
        `value` 本身。

    Raises:
        TypeError: `value` 不是实数。
        ValueError: `value` 不在 [0, 1] 内。
    """
    if not 0 <= real(name, value) <= 1:
        raise ValueError(f"{name} 应在 0 与 1 之间，收到 {value!r}")
    return value


class LocalResponseNorm(nn.Module):
    r"""局部响应归一化（local response normalization, LRN）：相邻通道互相抑制。

    \[ b_i = a_i \Big/ \Big(2 + 10^{-4} \sum_{j=i-2}^{i+2} a_j^2\Big)^{3/4} \]

    五个相邻通道的平方和用一次 1×1 卷积算出，权重是宽 5 的带状矩阵。结果等于
    `nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)`：PyTorch 把 `alpha` 再除以 5。

    Examples:
        >>> import torch
        >>> LocalResponseNorm()(torch.full((1, 1, 1, 1), 16.0)).round(decimals=3)
        tensor([[[[9.4230]]]])

    来源: Krizhevsky、Sutskever 与 Hinton，ImageNet Classification with Deep Convolutional
    Neural Networks，2012，第 3.3 节。
    """

    def forward(self, X: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """按公式逐通道归一化，形状不变。"""
        if float_tensor("X", X).ndim != 4:
            raise ValueError(f"X 的形状应为 (B, C, H, W)，收到 {tuple(X.shape)}")
        C = X.shape[1]
        band = X.new_ones(C, C).triu(-2).tril(2)
        root = (2 + 1e-4 * F.conv2d(X * X, band[:, :, None, None])).sqrt()
        return X / (root * root.sqrt())  # x^(3/4) = √x · √√x


def make_features(
    rows: Rows,
    in_channels: int,
    activation: Layer = nn.ReLU,
    pool: PoolLayer = nn.MaxPool2d,
    lrn: bool = True,
    norm: NormLayer | None = None,
) -> nn.Sequential:
    """照表搭出卷积部分：卷积、归一化、激活函数、局部响应归一化（LRN）；两种归一化要了才有。

    Args:
        rows: 卷积与池化的表。
        in_channels: 输入的通道数。
        activation: 每次调用造出一个激活层的函数。
        pool: 由窗口边长与步幅造出池化层的函数，如 `nn.MaxPool2d`、`nn.AvgPool2d`。
        lrn: 是否理会表里的 LRN。
        norm: 由通道数造出归一化层的函数，如 `nn.BatchNorm2d`，放在卷积与激活之间；`None` 表示没有。

    Returns:
        顺序网络，输入 (B, in_channels, H, W)。

    Raises:
        TypeError: 表里有不是 `Conv` 或 `Pool` 的行，或 `activation`、`pool`、`norm` 不是函数。
        ValueError: 表里的数不对，或组数不整除通道数。
    """
    positive_int("in_channels", in_channels)
    layer_maker("activation", activation)
    layer_maker("pool", pool)
    flag("lrn", lrn)
    if norm is not None:
        layer_maker("norm", norm)
    layers: list[nn.Module] = []
    for row in _check_rows(rows):
        if isinstance(row, Pool):
            layers.append(pool(row.kernel, row.stride))
            continue
        channels, kernel, stride, padding, groups, wants_lrn = row
        if channels % groups or in_channels % groups:
            raise ValueError(
                f"groups 应整除输入与输出的通道数 {in_channels}、{channels}，收到 {groups}"
            )
        conv = nn.Conv2d(in_channels, channels, kernel, stride, padding, groups=groups)
        layers += [conv, activation()] if norm is None else [conv, norm(channels), activation()]
        if lrn and wants_lrn:
            layers.append(LocalResponseNorm())
        in_channels = channels
    return nn.Sequential(*layers)


def make_classifier(
    sizes: Sequence[int],
    activation: Layer = nn.ReLU,
    dropout: float | None = None,
    dropout_first: bool = False,
) -> nn.Sequential:
    """搭出全连接部分：最后一层之后没有激活函数。

    Args:
        sizes: 各层宽度，从展平的特征到类别数。
        activation: 每次调用造出一个激活层的函数。
        dropout: 丢弃的概率，在 [0, 1] 内；`None` 表示没有丢弃层。
        dropout_first: `False` 把丢弃层放在每个隐藏层的激活之后，`True` 放在线性层之前。

    Returns:
        顺序网络，输入 (B, sizes[0])，输出 (B, sizes[-1])。

    Raises:
        TypeError: `sizes` 不是一串数，`activation` 不是函数，或 `dropout` 不是数。
        ValueError: `sizes` 少于两个，有一个不是正整数，或 `dropout` 不在 [0, 1] 内。
    """
    sizes = [positive_int("sizes 的每一项", size) for size in sequence("sizes", sizes)]
    if len(sizes) < 2:
        raise ValueError(f"sizes 应至少有两个正整数（输入与输出的宽度），收到 {sizes}")
    layer_maker("activation", activation)
    flag("dropout_first", dropout_first)
    drop = [] if dropout is None else [check_probability("dropout", dropout)]
    layers: list[nn.Module] = []
    for num_inputs, num_outputs in pairwise(sizes[:-1]):
        block = [nn.Linear(num_inputs, num_outputs), activation()]
        drops = [nn.Dropout(p) for p in drop]
        layers += drops + block if dropout_first else block + drops
    return nn.Sequential(*layers, nn.Linear(*sizes[-2:]))


class ConvNet(nn.Module):
    """卷积部分 → 展平 → 全连接部分：LeNet 与 AlexNet 共用的骨架。

    Args:
        rows: 卷积与池化的表。
        hidden: 全连接隐藏层的宽度。
        in_channels: 输入图像的通道数。
        image_size: 输入图像的边长，像素。
        num_classes: 类别数。
        activation: 每次调用造出一个激活层的函数。
        pool: 由窗口边长与步幅造出池化层的函数。
        lrn: 是否理会表里的 LRN。
        norm: 由通道数造出归一化层的函数，放在每个卷积与激活之间；`None` 表示没有。
        dropout: 丢弃的概率；`None` 表示没有丢弃层。
        dropout_first: 丢弃层的位置，见 `make_classifier`。
        seed: 初始化参数的种子；给出时不影响外面的随机状态，省略时用外面的随机状态。

    Raises:
        TypeError: `rows`、`activation`、`pool`、`norm`、`dropout` 或 `seed` 的类型不对。
        ValueError: 表里没有卷积，图像小得放不下，或者通道数、类别数、边长不是正整数，
            或者其余的数不在合法范围里。

    Examples:
        >>> import torch
        >>> rows = [Conv(8, 3, padding=1), Pool(2, 2)]
        >>> net = ConvNet(rows, (84,), in_channels=1, image_size=8, num_classes=10, seed=0)
        >>> net(torch.zeros(7, 1, 8, 8)).shape
        torch.Size([7, 10])
    """

    def __init__(
        self,
        rows: Rows,
        hidden: Sequence[int],
        *,
        in_channels: int,
        image_size: int,
        num_classes: int,
        activation: Layer = nn.ReLU,
        pool: PoolLayer = nn.MaxPool2d,
        lrn: bool = True,
        norm: NormLayer | None = None,
        dropout: float | None = None,
        dropout_first: bool = False,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = positive_int("in_channels", in_channels)
        self.image_size = positive_int("image_size", image_size)
        size = feature_size(rows, image_size)
        if size < 1:
            raise ValueError(f"image_size 至少应为 {_least_size(rows)}，收到 {image_size}")
        channels = [row.channels for row in rows if isinstance(row, Conv)]
        if not channels:
            raise ValueError(f"rows 里应至少有一个 Conv，收到 {rows!r}")
        num_classes = positive_int("num_classes", num_classes)
        widths = [positive_int("hidden 的每一项", width) for width in sequence("hidden", hidden)]
        sizes = (channels[-1] * size**2, *widths, num_classes)
        with seeded(seed if seed is None else integer_seed(seed), current_devices()):
            self.features = make_features(rows, in_channels, activation, pool, lrn, norm)
            self.classifier = make_classifier(sizes, activation, dropout, dropout_first)

    def forward(self, X: Float[Tensor, "B C H W"]) -> Float[Tensor, "B K"]:
        """算出每一类的 logits。

        Args:
            X: 图像，形状 (B, C, H, W)，数据类型与参数相同。

        Returns:
            logits，形状 (B, K)。

        Raises:
            TypeError: 数据类型与参数不同。
            ValueError: 形状不是 (B, in_channels, image_size, image_size)。
        """
        self._check_images(X)
        return self.classifier(self.features(X).flatten(1))

    def _check_images(self, X: Tensor) -> None:
        want = (self.in_channels, self.image_size, self.image_size)
        if not isinstance(X, Tensor):
            raise TypeError(f"X 应为张量，收到 {type(X).__name__}")
        if X.ndim != 4 or tuple(X.shape[1:]) != want:
            expected = ", ".join(map(str, want))
            raise ValueError(f"X 的形状应为 (B, {expected})，收到 {tuple(X.shape)}")
        dtype = self.classifier[-1].weight.dtype
        if X.dtype != dtype:
            raise TypeError(f"X 的数据类型应与参数相同，为 {dtype}，收到 {X.dtype}")


def _least_size(rows: Rows) -> int:
    return next(size for size in range(1, 10_000) if feature_size(rows, size) >= 1)
