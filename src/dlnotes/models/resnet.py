"""ResNet：每两三个卷积旁边留一条近路，把输入加到输出上。"""

from collections.abc import Sequence
from typing import NamedTuple

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from dlnotes._core.check import flag, integer, layer_maker, one_of, positive_int, sequence
from dlnotes._core.rng import current_devices, integer_seed, seeded
from dlnotes.models.convnet import NormLayer

__all__ = [
    "RESNET_DEPTHS",
    "SHORTCUTS",
    "BasicBlock",
    "Bottleneck",
    "ResNet",
    "Stage",
    "resnet",
    "resnet_small",
]

SHORTCUTS = ("projection", "pad", "none")
"""近路的三种走法。

形状不变时，前两种都把输入原样加上；形状变了，`"projection"` 用 1×1 的卷积把输入变成要的形状，
`"pad"` 隔一个取一个、缺的通道补 0，不用参数。`"none"` 没有近路：同样的卷积，普通的深网络。
"""


class Stage(NamedTuple):
    """表里的一行：这一段的通道数、有几个块、第一个块的步幅。"""

    channels: int
    num_blocks: int
    stride: int = 1


class BasicBlock(nn.Module):
    r"""基本块：两个 3×3 的卷积，再加上输入。

    \[ y = \mathrm{ReLU}\bigl(F(x) + \text{近路}(x)\bigr) \]

    Args:
        in_channels: 输入的通道数。
        channels: 两个卷积的通道数，也是输出的通道数。
        stride: 第一个卷积的步幅。
        shortcut: 近路的走法，见 `SHORTCUTS`。
        norm: 由通道数造出归一化层的函数。

    Raises:
        TypeError: `norm` 不是函数，或 `shortcut` 不是文字。
        ValueError: 通道数、步幅不是正整数，近路的名字不认识，或 `"pad"` 时通道数变少。

    Examples:
        >>> import torch
        >>> BasicBlock(16, 32, stride=2)(torch.zeros(1, 16, 8, 8)).shape
        torch.Size([1, 32, 4, 4])

    来源: He、Zhang、Ren 与 Sun，Deep Residual Learning for Image Recognition，2016，图 5 左。
    """

    expansion = 1

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int = 1,
        shortcut: str = "projection",
        norm: NormLayer = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        _check_block(in_channels, channels, channels, stride, shortcut, norm)
        self.conv1 = _conv3x3(in_channels, channels, stride)
        self.bn1 = norm(channels)
        self.conv2 = _conv3x3(channels, channels)
        self.bn2 = norm(channels)
        self.downsample = _make_shortcut(in_channels, channels, stride, shortcut, norm)

    def forward(self, X: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        """两个卷积的结果加上近路，再过 ReLU。"""
        out = F.relu(self.bn1(self.conv1(X)))
        out = self.bn2(self.conv2(out))
        return F.relu(_add(out, X, self.downsample))


class Bottleneck(nn.Module):
    r"""瓶颈块：1×1 的卷积先减通道，3×3 的在少的通道上算，1×1 的再加回四倍。

    步幅放在 3×3 的卷积上，与 torchvision 相同；论文放在第一个 1×1 的卷积上。

    Args:
        in_channels: 输入的通道数。
        channels: 中间 3×3 的通道数；输出是它的 4 倍。
        stride: 3×3 的卷积的步幅。
        shortcut: 近路的走法，见 `SHORTCUTS`。
        norm: 由通道数造出归一化层的函数。

    Raises:
        TypeError: `norm` 不是函数，或 `shortcut` 不是文字。
        ValueError: 通道数、步幅不是正整数，近路的名字不认识，或 `"pad"` 时通道数变少。

    Examples:
        >>> import torch
        >>> Bottleneck(64, 16)(torch.zeros(1, 64, 8, 8)).shape
        torch.Size([1, 64, 8, 8])

    来源: He、Zhang、Ren 与 Sun，Deep Residual Learning for Image Recognition，2016，图 5 右。
    """

    expansion = 4

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int = 1,
        shortcut: str = "projection",
        norm: NormLayer = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        out_channels = self.expansion * positive_int("channels", channels)
        _check_block(in_channels, channels, out_channels, stride, shortcut, norm)
        self.conv1 = _conv1x1(in_channels, channels)
        self.bn1 = norm(channels)
        self.conv2 = _conv3x3(channels, channels, stride)
        self.bn2 = norm(channels)
        self.conv3 = _conv1x1(channels, out_channels)
        self.bn3 = norm(out_channels)
        self.downsample = _make_shortcut(in_channels, out_channels, stride, shortcut, norm)

    def forward(self, X: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        """三个卷积的结果加上近路，再过 ReLU。"""
        out = F.relu(self.bn1(self.conv1(X)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return F.relu(_add(out, X, self.downsample))


Block = type[BasicBlock] | type[Bottleneck]

RESNET_DEPTHS: dict[int, tuple[Block, Sequence[int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}
"""深度（带权重的层数）对应的块与四段各有几块。"""


class ResNet(nn.Module):
    """开头的卷积 → 各段残差块 → 全局平均池化 → 一个全连接层。

    Args:
        stages: 各段的表。
        block: `BasicBlock` 或 `Bottleneck`。
        in_channels: 输入图像的通道数。
        num_classes: 类别数。
        stem: `"large"` 是 7×7、步幅 2 的卷积再接 3×3、步幅 2 的最大池化，边长先缩到四分之一；
            `"small"` 只有一个 3×3 的卷积，边长不变，给 32×32 的图用。
        shortcut: 近路的走法，见 `SHORTCUTS`。
        norm: 由通道数造出归一化层的函数。
        zero_init: 是否把每块最后一个归一化的缩放 γ 取 0，使各块开始时什么也不加。
        seed: 初始化参数的种子；给出时不影响外面的随机状态，省略时用外面的随机状态。

    Raises:
        TypeError: `norm` 不是函数，`zero_init` 不是布尔值，`stages` 里有不是 `Stage` 的行，或
            `seed` 不是整数。
        ValueError: 块不认识，没有一段，通道数等不是正整数，或者近路、开头的名字不认识。

    Examples:
        >>> import torch
        >>> net = ResNet([Stage(8, 1), Stage(16, 1, 2)], BasicBlock, in_channels=1,
        ...              num_classes=10, stem="small", seed=0)
        >>> net(torch.zeros(2, 1, 16, 16)).shape
        torch.Size([2, 10])

    来源: He、Zhang、Ren 与 Sun，Deep Residual Learning for Image Recognition，2016；开头与参数的
    名字同 torchvision。
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        block: Block,
        *,
        in_channels: int,
        num_classes: int,
        stem: str = "large",
        shortcut: str = "projection",
        norm: NormLayer = nn.BatchNorm2d,
        zero_init: bool = False,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        _check_stages(stages)
        if block not in (BasicBlock, Bottleneck):
            raise ValueError(f"block 应为 BasicBlock 或 Bottleneck，收到 {block!r}")
        positive_int("in_channels", in_channels)
        positive_int("num_classes", num_classes)
        one_of("stem", stem, ("large", "small"))
        layer_maker("norm", norm)
        self.num_stages = len(stages)
        with seeded(seed if seed is None else integer_seed(seed), current_devices()):
            width = 64 if stem == "large" else stages[0].channels
            if stem == "large":
                self.conv1 = nn.Conv2d(in_channels, width, 7, stride=2, padding=3, bias=False)
                self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
            else:
                self.conv1 = _conv3x3(in_channels, width)
                self.maxpool = nn.Identity()
            self.bn1 = norm(width)
            for k, (channels, num_blocks, stride) in enumerate(stages, start=1):
                blocks = []
                for step in (stride, *[1] * (num_blocks - 1)):
                    blocks.append(block(width, channels, step, shortcut, norm))
                    width = block.expansion * channels
                setattr(self, f"layer{k}", nn.Sequential(*blocks))
            self.fc = nn.Linear(width, num_classes)
            self._init(flag("zero_init", zero_init))

    def forward(self, X: Float[Tensor, "B C H W"]) -> Float[Tensor, "B K"]:
        """算出每一类的 logits。

        Args:
            X: 图像，形状 (B, in_channels, H, W)；边长不限，只要各次减半之后还不到 0。

        Returns:
            logits，形状 (B, K)。

        Raises:
            TypeError: `X` 不是张量。
            ValueError: `X` 不是 4 维，或者通道数不对。
        """
        if not isinstance(X, Tensor):
            raise TypeError(f"X 应为张量，收到 {type(X).__name__}")
        if X.ndim != 4 or X.shape[1] != self.conv1.in_channels:
            want = self.conv1.in_channels
            raise ValueError(f"X 的形状应为 (B, {want}, H, W)，收到 {tuple(X.shape)}")
        X = self.maxpool(F.relu(self.bn1(self.conv1(X))))
        for k in range(1, self.num_stages + 1):
            X = getattr(self, f"layer{k}")(X)
        return self.fc(X.mean(dim=(2, 3)))

    def _init(self, zero_init: bool) -> None:
        """卷积用 Kaiming（按输出的个数），与 torchvision 相同；要时把各块末尾的 γ 取 0。"""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif zero_init and isinstance(module, BasicBlock | Bottleneck):
                last = module.bn2 if isinstance(module, BasicBlock) else module.bn3
                if getattr(last, "weight", None) is not None:
                    nn.init.zeros_(last.weight)


def resnet(
    num_classes: int = 1000,
    *,
    depth: int = 18,
    in_channels: int = 3,
    shortcut: str = "projection",
    norm: NormLayer = nn.BatchNorm2d,
    zero_init: bool = False,
    seed: int | None = None,
) -> ResNet:
    """给 ImageNet 用的 ResNet：1000 类时 18 层有 11,689,512 个参数，50 层有 25,557,032 个。

    缺省设置下参数的名字与形状都与 torchvision 的 `resnet18` 等相同，能互相读入权重。

    Args:
        num_classes: 类别数。
        depth: 带权重的层数，18、34、50、101 或 152；近路上的卷积不算。
        in_channels: 输入图像的通道数。
        shortcut: 近路的走法，见 `SHORTCUTS`。
        norm: 由通道数造出归一化层的函数。
        zero_init: 是否把每块最后一个归一化的缩放 γ 取 0。
        seed: 初始化参数的种子；给出时不影响外面的随机状态。

    Returns:
        输入 (B, in_channels, H, W)、输出 (B, num_classes) 的网络；论文与 torchvision 用 224×224。

    Raises:
        TypeError: 有类型不对的参数。
        ValueError: 深度或近路的名字不认识，或者通道数、类别数不是正整数。

    Examples:
        >>> import torch
        >>> with torch.device("meta"):
        ...     sizes = [sum(p.numel() for p in resnet(depth=d).parameters()) for d in (18, 50)]
        >>> sizes
        [11689512, 25557032]

    来源: He、Zhang、Ren 与 Sun，Deep Residual Learning for Image Recognition，2016，表 1。
    """
    block, counts = RESNET_DEPTHS[one_of("depth", depth, tuple(RESNET_DEPTHS))]
    stages = [
        Stage(64 * 2**k, num_blocks, 1 if k == 0 else 2) for k, num_blocks in enumerate(counts)
    ]
    return ResNet(
        stages,
        block,
        in_channels=in_channels,
        num_classes=num_classes,
        shortcut=shortcut,
        norm=norm,
        zero_init=zero_init,
        seed=seed,
    )


def resnet_small(
    num_classes: int = 10,
    *,
    depth: int = 20,
    in_channels: int = 3,
    channels: int = 16,
    shortcut: str = "pad",
    norm: NormLayer = nn.BatchNorm2d,
    zero_init: bool = False,
    seed: int | None = None,
) -> ResNet:
    """给 32×32 的小图用的 ResNet：三段基本块，通道数 16、32、64，边长 32、16、8。

    深度是 6n + 2：开头一个卷积，三段各 n 块、每块两个卷积，末尾一个全连接层。近路缺省不用参数，
    所以同样的深度，有近路的与没有的（`shortcut="none"`）参数一样多。

    Args:
        num_classes: 类别数。
        depth: 带权重的层数，8、14、20、…，即 6n + 2。
        in_channels: 输入图像的通道数。
        channels: 第一段的通道数，后两段是它的 2 倍与 4 倍。
        shortcut: 近路的走法，见 `SHORTCUTS`。
        norm: 由通道数造出归一化层的函数。
        zero_init: 是否把每块最后一个归一化的缩放 γ 取 0。
        seed: 初始化参数的种子；给出时不影响外面的随机状态。

    Returns:
        输入 (B, in_channels, H, W)、输出 (B, num_classes) 的网络。

    Raises:
        TypeError: 有类型不对的参数。
        ValueError: 深度不是 6n + 2，近路的名字不认识，或者通道数、类别数不是正整数。

    Examples:
        >>> [sum(p.numel() for p in resnet_small(depth=d).parameters()) for d in (20, 56)]
        [269722, 853018]

    来源: He、Zhang、Ren 与 Sun，Deep Residual Learning for Image Recognition，2016，第 4.2 节。
    """
    num_blocks, rest = divmod(integer("depth", depth, least=8) - 2, 6)
    if rest:
        raise ValueError(f"depth 应为 6n + 2，如 8、14、20、56，收到 {depth}")
    positive_int("channels", channels)
    stages = [Stage(channels * 2**k, num_blocks, 1 if k == 0 else 2) for k in range(3)]
    return ResNet(
        stages,
        BasicBlock,
        in_channels=in_channels,
        num_classes=num_classes,
        stem="small",
        shortcut=shortcut,
        norm=norm,
        zero_init=zero_init,
        seed=seed,
    )


class PadShortcut(nn.Module):
    """不用参数的近路：隔 `stride` 个取一个，缺的通道补 0。"""

    def __init__(self, num_extra: int, stride: int) -> None:
        super().__init__()
        self.num_extra, self.stride = num_extra, stride

    def forward(self, X: Float[Tensor, "B C H W"]) -> Float[Tensor, "B D h w"]:
        """抽稀再补通道。"""
        X = X[:, :, :: self.stride, :: self.stride]
        return F.pad(X, (0, 0, 0, 0, 0, self.num_extra))


def _make_shortcut(
    in_channels: int, out_channels: int, stride: int, shortcut: str, norm: NormLayer
) -> nn.Module | None:
    """一块的近路：原样加上时是 `nn.Identity()`，没有近路时是 `None`。"""
    if shortcut == "none":
        return None
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    if shortcut == "pad":
        return PadShortcut(out_channels - in_channels, stride)
    return nn.Sequential(_conv1x1(in_channels, out_channels, stride), norm(out_channels))


def _add(out: Tensor, X: Tensor, shortcut: nn.Module | None) -> Tensor:
    return out if shortcut is None else out + shortcut(X)


def _conv3x3(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)


def _conv1x1(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)


def _check_block(in_channels, channels, out_channels, stride, shortcut, norm) -> None:
    for name, value in (("in_channels", in_channels), ("channels", channels), ("stride", stride)):
        positive_int(name, value)
    layer_maker("norm", norm)
    if one_of("shortcut", shortcut, SHORTCUTS) == "pad" and out_channels < in_channels:
        raise ValueError(f'shortcut="pad" 时通道数不能变少，收到 {in_channels} → {out_channels}')


def _check_stages(stages: Sequence[Stage]) -> None:
    if not sequence("stages", stages):
        raise ValueError(f"stages 应至少有一段，收到 {stages!r}")
    for stage in stages:
        if not isinstance(stage, Stage):
            raise TypeError(f"stages 的每一行应为 Stage，收到 {stage!r}")
        for name, value in stage._asdict().items():
            positive_int(f"stages 里的 {name}", value)
