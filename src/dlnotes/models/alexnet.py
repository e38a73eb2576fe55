"""AlexNet：2012 年的双 GPU 网络、通行的单列形式，以及给 32×32 小图用的缩小形式。"""

from torch import nn

from dlnotes._core.check import integer, positive
from dlnotes.models.convnet import (
    Conv,
    ConvNet,
    Layer,
    Pool,
    PoolLayer,
    Rows,
    check_probability,
)

__all__ = [
    "ALEXNET",
    "ALEXNET_2012",
    "ALEXNET_HIDDEN",
    "LEAST_DEPTH",
    "alexnet",
    "alexnet_2012",
    "alexnet_small",
    "small_rows",
]

ALEXNET_2012: Rows = (
    Conv(96, 11, stride=4, lrn=True),
    Pool(3, 2),
    Conv(256, 5, padding=2, groups=2, lrn=True),
    Pool(3, 2),
    Conv(384, 3, padding=1),
    Conv(384, 3, padding=1, groups=2),
    Conv(256, 3, padding=1, groups=2),
    Pool(3, 2),
)
"""2012 年的五个卷积：两块 GPU 各管一半通道，所以第 2、4、5 个卷积分成 2 组。"""

ALEXNET: Rows = (
    Conv(64, 11, stride=4, padding=2, lrn=True),
    Pool(3, 2),
    Conv(192, 5, padding=2, lrn=True),
    Pool(3, 2),
    Conv(384, 3, padding=1),
    Conv(256, 3, padding=1),
    Conv(256, 3, padding=1),
    Pool(3, 2),
)
"""单列形式的五个卷积：不分组，通道数略减，第一层填充 2，与 torchvision 相同。"""

ALEXNET_HIDDEN = (4096, 4096)
"""两个全连接隐藏层的宽度。"""

LEAST_DEPTH = 6
"""缩小形式最浅的层数：3 个卷积加 3 个全连接。"""


def alexnet_2012(
    num_classes: int = 1000,
    *,
    lrn: bool = True,
    dropout: float = 0.5,
    activation: Layer = nn.ReLU,
    pool: PoolLayer = nn.MaxPool2d,
    seed: int | None = None,
) -> ConvNet:
    """2012 年论文里的 AlexNet：卷积分组，1000 类时 60,965,224 个参数。

    论文写输入是 224×224，第一层输出 55×55。作者公布的程序向上取整，224 不填充就得到 55；PyTorch
    向下取整，227 不填充才得到 55，所以这里取 227。LRN 照论文印的公式，见 `LocalResponseNorm`。

    Args:
        num_classes: 类别数。
        lrn: 前两个卷积之后是否做局部响应归一化（LRN）。
        dropout: 前两个全连接层输出的丢弃概率，在 [0, 1] 内。
        activation: 每次调用造出一个激活层的函数。
        pool: 由窗口边长与步幅造出池化层的函数；窗口 3、步幅 2，相邻窗口重叠。
        seed: 初始化参数的种子；给出时不影响外面的随机状态。

    Returns:
        输入 (B, 3, 227, 227)、输出 (B, num_classes) 的网络。

    Raises:
        TypeError: `dropout` 或 `seed` 不是数，或 `activation`、`pool` 不是函数。
        ValueError: `num_classes` 不是正整数，或 `dropout` 不在 [0, 1] 内。

    Examples:
        >>> import torch
        >>> with torch.device("meta"):
        ...     net = alexnet_2012()
        >>> sum(p.numel() for p in net.parameters())
        60965224

    来源: Krizhevsky、Sutskever 与 Hinton，ImageNet Classification with Deep Convolutional
    Neural Networks，2012，第 3 节与图 2。
    """
    return ConvNet(
        ALEXNET_2012,
        ALEXNET_HIDDEN,
        in_channels=3,
        image_size=227,
        num_classes=num_classes,
        activation=activation,
        pool=pool,
        lrn=lrn,
        dropout=check_probability("dropout", dropout),
        seed=seed,
    )


def alexnet(
    num_classes: int = 1000,
    *,
    lrn: bool = False,
    dropout: float = 0.5,
    activation: Layer = nn.ReLU,
    pool: PoolLayer = nn.MaxPool2d,
    seed: int | None = None,
) -> ConvNet:
    """单列的 AlexNet：一块 GPU 放得下，不分组，1000 类时 61,100,840 个参数。

    各卷积、池化、全连接层与 torchvision 的 AlexNet 相同，`lrn=False` 时参数的名字与形状也相同，
    能互相读入权重。通道数出自作者 2014 年公布的程序 cuda-convnet2；那份程序第一层不填充、边长
    向上取整，有 LRN（`nn.LocalResponseNorm(5, 1e-4, 0.75, 2)`），丢弃的是两个隐藏层的输出。
    与 torchvision 的差别只有一处：它在展平之前还有一层 `AdaptiveAvgPool2d(6)`，因而收别的
    边长；输入是 224×224 时特征图恰是 6×6，那一层什么也不改，这里就没有它，也只收 224×224。

    Args:
        num_classes: 类别数。
        lrn: 前两个卷积之后是否做局部响应归一化（LRN）；做时照 2012 年论文印的公式。
        dropout: 前两个全连接层输入的丢弃概率，在 [0, 1] 内。
        activation: 每次调用造出一个激活层的函数。
        pool: 由窗口边长与步幅造出池化层的函数。
        seed: 初始化参数的种子；给出时不影响外面的随机状态。

    Returns:
        输入 (B, 3, 224, 224)、输出 (B, num_classes) 的网络。

    Raises:
        TypeError: `dropout` 或 `seed` 不是数，或 `activation`、`pool` 不是函数。
        ValueError: `num_classes` 不是正整数，或 `dropout` 不在 [0, 1] 内。

    Examples:
        >>> import torch
        >>> with torch.device("meta"):
        ...     net = alexnet()
        >>> sum(p.numel() for p in net.parameters())
        61100840

    来源: Krizhevsky，One Weird Trick for Parallelizing Convolutional Neural Networks，2014。
    """
    return ConvNet(
        ALEXNET,
        ALEXNET_HIDDEN,
        in_channels=3,
        image_size=224,
        num_classes=num_classes,
        activation=activation,
        pool=pool,
        lrn=lrn,
        dropout=check_probability("dropout", dropout),
        dropout_first=True,
        seed=seed,
    )


def small_rows(width: float = 0.125, depth: int = 8, pool_size: int = 3) -> Rows:
    """缩小形式的表：把 2012 年的表按固定的规则缩到 32×32 的图能用。

    规则：

    1. 第一个卷积的步幅由 4 改为 1：输入的边长已经是原来的七分之一，不必再抽稀。
    2. 卷积核都取 3×3、填充 1。核与它所看的特征图按原比例缩小后，边长都不到 3，
       3 是有中心的最小的核。卷积因此不改变边长。
    3. 池化不变：窗口 3、步幅 2，边长 32 → 15 → 7 → 3。
    4. 通道数与全连接的宽度都乘 `width`，四舍五入，至少为 1；不分组。
    5. 深度 `depth` 数的是带权重的层：3 个全连接，其余是卷积；增减的都是中间 384 通道的卷积。

    Args:
        width: 宽度的倍数，大于 0；0.125 时通道数是 12、32、48、48、32。
        depth: 带权重的层数，至少 6；8 是原来的深度。
        pool_size: 池化窗口的边长，2 或更大；2 时窗口不重叠。

    Returns:
        卷积与池化的表。

    Raises:
        TypeError: `width` 不是数，或 `depth`、`pool_size` 不是整数。
        ValueError: 参数不在合法范围里。

    Examples:
        >>> [row.channels for row in small_rows(width=0.0625) if isinstance(row, Conv)]
        [6, 16, 24, 24, 16]
    """
    pool = Pool(integer("pool_size", pool_size, least=2), 2)
    num_middle = integer("depth", depth, least=LEAST_DEPTH) - LEAST_DEPTH
    first, second, middle, last = (_scale(c, width) for c in (96, 256, 384, 256))
    head = (Conv(first, 3, padding=1, lrn=True), pool, Conv(second, 3, padding=1, lrn=True), pool)
    return (*head, *[Conv(middle, 3, padding=1)] * num_middle, Conv(last, 3, padding=1), pool)


def alexnet_small(
    num_classes: int = 10,
    *,
    in_channels: int = 3,
    image_size: int = 32,
    width: float = 0.125,
    depth: int = 8,
    activation: Layer = nn.ReLU,
    pool: PoolLayer = nn.MaxPool2d,
    pool_size: int = 3,
    lrn: bool = True,
    dropout: float = 0.5,
    seed: int | None = None,
) -> ConvNet:
    """给小图用的 AlexNet，缩小的规则见 `small_rows`；消融实验要的开关都在参数里。

    Args:
        num_classes: 类别数。
        in_channels: 输入图像的通道数。
        image_size: 输入的边长，像素；窗口 3 时至少 15。
        width: 宽度的倍数，大于 0。
        depth: 带权重的层数，至少 6。
        activation: 每次调用造出一个激活层的函数。
        pool: 由窗口边长与步幅造出池化层的函数。
        pool_size: 池化窗口的边长；步幅恒为 2。
        lrn: 前两个卷积之后是否做局部响应归一化（LRN）。
        dropout: 前两个全连接层输出的丢弃概率，在 [0, 1] 内；0 表示不丢弃。
        seed: 初始化参数的种子；给出时不影响外面的随机状态。

    Returns:
        输入 (B, in_channels, image_size, image_size)、输出 (B, num_classes) 的网络。

    Raises:
        TypeError: 有类型不对的参数。
        ValueError: 图像太小，或者参数不在合法范围里。

    Examples:
        >>> net = alexnet_small(in_channels=1, width=1 / 16, seed=0)
        >>> sum(p.numel() for p in net.parameters())
        118582
    """
    return ConvNet(
        small_rows(width, depth, pool_size),
        [_scale(size, width) for size in ALEXNET_HIDDEN],
        in_channels=in_channels,
        image_size=image_size,
        num_classes=num_classes,
        activation=activation,
        pool=pool,
        lrn=lrn,
        dropout=check_probability("dropout", dropout),
        seed=seed,
    )


def _scale(size: int, width: float) -> int:
    return max(1, round(size * positive("width", width)))
