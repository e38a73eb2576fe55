"""LeNet-5：卷积、池化交替两次，再接三层全连接。"""

from torch import nn

from dlnotes._core.check import positive_int
from dlnotes.models.convnet import Conv, ConvNet, Layer, Pool, PoolLayer, Rows

__all__ = ["LENET5", "LENET5_HIDDEN", "lenet5", "lenet_teaching"]

LENET5: Rows = (Conv(6, 5), Pool(2, 2), Conv(16, 5), Pool(2, 2))
"""LeNet-5 的卷积部分：两次“5×5 卷积、2×2 池化”。"""

LENET5_HIDDEN = (120, 84)
"""LeNet-5 两个全连接隐藏层的宽度。"""


def lenet5(
    num_classes: int = 10,
    *,
    image_size: int = 32,
    activation: Layer = nn.Tanh,
    pool: PoolLayer = nn.AvgPool2d,
    seed: int | None = None,
) -> ConvNet:
    """经典的 LeNet-5：单通道、平均池化、tanh（或 `nn.Sigmoid`），10 类时 61,706 个参数。

    这是通行的写法：论文里第二个卷积只连部分通道，池化带可学的系数，输出层是径向基函数，
    这里都用普通的层代替。28×28 的图在第一个卷积处每边补 2 圈 0，效果与 32×32 相同。

    Args:
        num_classes: 类别数。
        image_size: 输入的边长，像素；恰为 28 时自动补 2 圈，其余不补，至少 16。
        activation: 每次调用造出一个激活层的函数。
        pool: 由窗口边长与步幅造出池化层的函数。
        seed: 初始化参数的种子；给出时不影响外面的随机状态。

    Returns:
        输入 (B, 1, image_size, image_size)、输出 (B, num_classes) 的网络。

    Raises:
        TypeError: `seed` 不是整数，或 `activation`、`pool` 不是函数。
        ValueError: `image_size` 太小，或者 `num_classes` 不是正整数。

    Examples:
        >>> sum(p.numel() for p in lenet5().parameters())
        61706

    来源: LeCun、Bottou、Bengio 与 Haffner，Gradient-Based Learning Applied to Document
    Recognition，1998，图 2。
    """
    padding = 2 if positive_int("image_size", image_size) == 28 else 0
    first = LENET5[0]._replace(padding=padding)
    return ConvNet(
        (first, *LENET5[1:]),
        LENET5_HIDDEN,
        in_channels=1,
        image_size=image_size,
        num_classes=num_classes,
        activation=activation,
        pool=pool,
        seed=seed,
    )


def lenet_teaching(
    num_classes: int = 10,
    *,
    in_channels: int = 3,
    image_size: int = 32,
    activation: Layer = nn.ReLU,
    pool: PoolLayer = nn.MaxPool2d,
    dropout: float | None = None,
    seed: int | None = None,
) -> ConvNet:
    """教学用的 LeNet：三通道、ReLU、最大池化，10 类时 62,006 个参数。

    比经典形式多的 300 个参数都在第一个卷积：2 个通道 × 6 个核 × 25 个权重。

    Args:
        num_classes: 类别数。
        in_channels: 输入图像的通道数。
        image_size: 输入的边长，像素，至少 16；不填充。
        activation: 每次调用造出一个激活层的函数。
        pool: 由窗口边长与步幅造出池化层的函数。
        dropout: 丢弃的概率；`None` 表示没有丢弃层。
        seed: 初始化参数的种子；给出时不影响外面的随机状态。

    Returns:
        输入 (B, in_channels, image_size, image_size)、输出 (B, num_classes) 的网络。

    Raises:
        TypeError: `seed` 不是整数，或 `activation`、`pool` 不是函数。
        ValueError: `image_size` 太小，或者通道数、类别数不是正整数。

    Examples:
        >>> sum(p.numel() for p in lenet_teaching().parameters())
        62006
    """
    return ConvNet(
        LENET5,
        LENET5_HIDDEN,
        in_channels=in_channels,
        image_size=image_size,
        num_classes=num_classes,
        activation=activation,
        pool=pool,
        dropout=dropout,
        seed=seed,
    )
