"""VGG：只用 3×3 的卷积，一段一段地减半边长、加倍通道。"""

from collections.abc import Sequence

from torch import nn

from dlnotes._core.check import one_of, positive
from dlnotes.models.convnet import (
    Conv,
    ConvNet,
    Layer,
    NormLayer,
    Pool,
    PoolLayer,
    Rows,
    check_probability,
)

__all__ = ["VGG_CHANNELS", "VGG_HIDDEN", "VGG_STAGES", "vgg", "vgg_rows"]

VGG_STAGES: dict[int, Sequence[int]] = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
"""深度（带权重的层数）对应的五段各有几个卷积；再加三个全连接就是深度。"""

VGG_CHANNELS = (64, 128, 256, 512, 512)
"""五段的通道数。"""

VGG_HIDDEN = (4096, 4096)
"""两个全连接隐藏层的宽度。"""


def vgg_rows(depth: int = 11, width: float = 1.0) -> Rows:
    r"""VGG 的卷积与池化的表：每段若干个 3×3、填充 1 的卷积，末尾一个 2×2 的最大池化。

    一段之内边长不变；过了池化边长减半，下一段通道加倍，直到 512。于是每个卷积的乘加次数

    \[ (n/2)^2 \cdot 9 \cdot 2C \cdot 2C = n^2 \cdot 9 \cdot C \cdot C \]

    与上一段的相等。

    Args:
        depth: 带权重的层数，11、13、16 或 19。
        width: 通道数的倍数，大于 0；四舍五入，至少为 1。

    Returns:
        卷积与池化的表。

    Raises:
        TypeError: `width` 不是实数。
        ValueError: `depth` 不是那四个数之一，或 `width` 不大于 0。

    Examples:
        >>> [row.channels for row in vgg_rows(11, width=0.125) if isinstance(row, Conv)]
        [8, 16, 32, 32, 64, 64, 64, 64]
    """
    one_of("depth", depth, tuple(VGG_STAGES))
    rows: list[Conv | Pool] = []
    for num_convs, channels in zip(VGG_STAGES[depth], VGG_CHANNELS, strict=True):
        rows += [Conv(_scale(channels, width), 3, padding=1)] * num_convs + [Pool(2, 2)]
    return tuple(rows)


def vgg(
    num_classes: int = 1000,
    *,
    depth: int = 11,
    in_channels: int = 3,
    image_size: int = 224,
    width: float = 1.0,
    norm: NormLayer | None = None,
    dropout: float = 0.5,
    activation: Layer = nn.ReLU,
    pool: PoolLayer = nn.MaxPool2d,
    seed: int | None = None,
) -> ConvNet:
    """VGG：1000 类、224×224 时 VGG-11 有 132,863,336 个参数，VGG-16 有 138,357,544 个。

    缺省设置下各层的次序、参数的名字与形状都与 torchvision 的 `vgg11` 等相同，能互相读入权重；
    `norm=nn.BatchNorm2d` 对应 `vgg11_bn` 等。与 torchvision 的差别只有一处：它在展平之前还有一层
    `AdaptiveAvgPool2d(7)`，224×224 时那一层什么也不改，这里就没有它，别的边长由 `image_size` 给出，
    全连接层的输入跟着变小。五次池化要求边长至少 32。

    Args:
        num_classes: 类别数。
        depth: 带权重的层数，11、13、16 或 19。
        in_channels: 输入图像的通道数。
        image_size: 输入的边长，像素，至少 32。
        width: 通道数与全连接宽度的倍数，大于 0。
        norm: 由通道数造出归一化层的函数，放在每个卷积与激活之间；`None` 表示没有。
        dropout: 前两个全连接层输出的丢弃概率，在 [0, 1] 内。
        activation: 每次调用造出一个激活层的函数。
        pool: 由窗口边长与步幅造出池化层的函数。
        seed: 初始化参数的种子；给出时不影响外面的随机状态。

    Returns:
        输入 (B, in_channels, image_size, image_size)、输出 (B, num_classes) 的网络。

    Raises:
        TypeError: 有类型不对的参数。
        ValueError: 深度不认识，图像太小，或者参数不在合法范围里。

    Examples:
        >>> import torch
        >>> with torch.device("meta"):
        ...     nets = [vgg(depth=11), vgg(depth=16)]
        >>> [sum(p.numel() for p in net.parameters()) for net in nets]
        [132863336, 138357544]

    来源: Simonyan 与 Zisserman，Very Deep Convolutional Networks for Large-Scale Image
    Recognition，2015，表 1。
    """
    return ConvNet(
        vgg_rows(depth, width),
        [_scale(size, width) for size in VGG_HIDDEN],
        in_channels=in_channels,
        image_size=image_size,
        num_classes=num_classes,
        activation=activation,
        pool=pool,
        norm=norm,
        dropout=check_probability("dropout", dropout),
        seed=seed,
    )


def _scale(size: int, width: float) -> int:
    return max(1, round(size * positive("width", width)))
