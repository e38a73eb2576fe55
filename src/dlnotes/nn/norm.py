r"""归一化层：都是减均值、除以标准差，差别只在对哪些轴求均值。

$$\hat{x} = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}},\qquad y = \gamma \hat{x} + \beta$$

输入形状 (B, C, H, W) 时，求均值的轴：BatchNorm 是 (B, H, W)，LayerNorm 是 (C, H, W)，
InstanceNorm 是 (H, W)，GroupNorm 是 (组内的 C, H, W)。γ、β 在代码里叫 `weight`、`bias`，
与 PyTorch 一致。
"""

import copy
import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from dlnotes._core.check import at_least, flag, float_tensor, positive_int, real, sequence, shown

__all__ = ["BatchNorm", "batch_norm", "fuse_conv_bn", "group_norm", "instance_norm", "layer_norm"]


def _moments(x: Tensor, dims: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """均值与（有偏的）方差，保留被求均值的轴。"""
    mean = x.mean(dims, keepdim=True)
    return mean, (x - mean).square().mean(dims, keepdim=True)


def _standardize(x: Tensor, dims: tuple[int, ...], eps: float) -> Tensor:
    mean, var = _moments(x, dims)
    return (x - mean) / torch.sqrt(var + eps)


def _per_channel(name: str, value: Tensor, x: Tensor) -> Tensor:
    """(C,) → (1, C, 1, ...)，好与 (B, C, ...) 广播。"""
    if float_tensor(name, value).shape != x.shape[1:2]:
        raise ValueError(f"{name} 的形状应为 ({x.shape[1]},)，收到 {tuple(value.shape)}")
    return value.reshape(1, -1, *[1] * (x.ndim - 2))


def _check_features(x: Tensor, eps: float) -> Tensor:
    if float_tensor("x", x).ndim < 2 or x.numel() == 0:
        raise ValueError(f"x 的形状应为 (B, C, ...)，各维至少为 1，收到 {tuple(x.shape)}")
    at_least("eps", eps, 0.0)
    return x


def _check_settings(momentum: float, eps: float) -> None:
    at_least("eps", eps, 0.0)
    if not 0 <= real("momentum", momentum) <= 1:
        raise ValueError(f"momentum 应在 [0, 1] 内，收到 {momentum!r}")


def _scale_channels(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    if weight is not None:
        x = x * _per_channel("weight", weight, x)
    return x if bias is None else x + _per_channel("bias", bias, x)


def batch_norm(
    x: Float[Tensor, "B C *spatial"],
    running_mean: Float[Tensor, " _C"] | None = None,
    running_var: Float[Tensor, " _C"] | None = None,
    weight: Float[Tensor, " _C"] | None = None,
    bias: Float[Tensor, " _C"] | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Float[Tensor, "B C *spatial"]:
    r"""批量归一化：每个特征（卷积时每个通道）在小批量上的均值为 0、方差为 1。

    训练时用本批的 $\mu, \sigma^2$（除以 n，有偏），并更新滑动统计：
    $r \leftarrow (1 - m)\, r + m\, s$，其中方差用无偏的（除以 n − 1）。
    评估时只用滑动统计，各样本互不影响。

    Args:
        x: 形状 (B, C) 或 (B, C, H, W) 等。
        running_mean: 滑动均值，形状 (C,)；训练时就地更新，可省略。
        running_var: 滑动方差，形状 (C,)；训练时就地更新，可省略。
        weight: γ，形状 (C,)；省略时为 1。
        bias: β，形状 (C,)；省略时为 0。
        training: 训练（真）还是评估（假）。
        momentum: 新统计量的权重 m（与优化器的动量含义相反：越大忘得越快）。
        eps: 加在方差上的小数 ε。

    Returns:
        与 `x` 同形状。

    Raises:
        TypeError: `x` 或某个参数不是浮点张量，`momentum` 或 `eps` 不是数。
        ValueError: `x` 不到两维或没有元素；评估时没有滑动统计；训练时每个通道只有一个值；
            某个参数不是 (C,) 形状；或 `momentum`、`eps` 超出范围。

    Examples:
        >>> x = torch.tensor([[1.0, 10.0], [3.0, 30.0]])
        >>> batch_norm(x, training=True, eps=0.0)
        tensor([[-1., -1.],
                [ 1.,  1.]])

    来源: S. Ioffe, C. Szegedy, Batch Normalization, arXiv:1502.03167, 2015, 算法 1、2.
    """
    _check_features(x, eps)
    _check_settings(momentum, eps)
    for name, value in (("weight", weight), ("bias", bias)):  # 更新滑动统计之前就查
        if value is not None:
            _per_channel(name, value, x)
    if flag("training", training):
        mean, var = _batch_statistics(x, running_mean, running_var, momentum)
    elif running_mean is None or running_var is None:
        raise ValueError("running_mean 与 running_var 在评估时都应给出，收到 None")
    else:
        mean = _per_channel("running_mean", running_mean, x)
        var = _per_channel("running_var", running_var, x)
    return _scale_channels((x - mean) / torch.sqrt(var + eps), weight, bias)


def _batch_statistics(
    x: Tensor, running_mean: Tensor | None, running_var: Tensor | None, momentum: float
) -> tuple[Tensor, Tensor]:
    num_values = x.numel() // x.shape[1]
    if num_values < 2:
        raise ValueError(
            f"x 在训练时每个通道应至少有 2 个值，收到形状 {tuple(x.shape)}；"
            "只有一个样本时请用评估模式"
        )
    mean, var = _moments(x, (0, *range(2, x.ndim)))
    unbiased_var = var * num_values / (num_values - 1)
    for name, running in (("running_mean", running_mean), ("running_var", running_var)):
        if running is not None:
            _per_channel(name, running, x)
    _update(running_mean, mean, momentum)
    _update(running_var, unbiased_var, momentum)
    return mean, var


def _update(running: Tensor | None, new: Tensor, momentum: float) -> None:
    if running is not None:
        with torch.no_grad():
            running.mul_(1 - momentum).add_(momentum * new.flatten())


def layer_norm(
    x: Float[Tensor, "*shape"],
    normalized_shape: Sequence[int],
    weight: Float[Tensor, "..."] | None = None,
    bias: Float[Tensor, "..."] | None = None,
    eps: float = 1e-5,
) -> Float[Tensor, "*shape"]:
    r"""层归一化：每个样本对自己的最后几维求均值，与同批的其他样本无关，训练与评估相同。

    Args:
        x: 形状 (..., *normalized_shape)。
        normalized_shape: 求均值的最后几维的形状。
        weight: γ，形状 `normalized_shape`；省略时为 1。
        bias: β，形状 `normalized_shape`；省略时为 0。
        eps: 加在方差上的小数 ε。

    Returns:
        与 `x` 同形状。

    Raises:
        TypeError: `x`、`weight` 或 `bias` 不是浮点张量，`normalized_shape` 不是一串数。
        ValueError: `x` 的最后几维、`weight` 或 `bias` 的形状不是 `normalized_shape`，
            或 `eps` 是负数。

    来源: J. L. Ba et al., Layer Normalization, arXiv:1607.06450, 2016.
    """
    sizes = sequence("normalized_shape", normalized_shape)
    shape = tuple(positive_int("normalized_shape 的每一项", size) for size in sizes)
    at_least("eps", eps, 0.0)
    if not shape or tuple(float_tensor("x", x).shape[-len(shape) :]) != shape:
        raise ValueError(
            f"normalized_shape 应为 x 最后几维的形状，收到 {shape}，而 x 的形状是 {tuple(x.shape)}"
        )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and tuple(float_tensor(name, value).shape) != shape:
            raise ValueError(f"{name} 的形状应为 {shape}，收到 {tuple(value.shape)}")
    x = _standardize(x, tuple(range(-len(shape), 0)), eps)
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def instance_norm(
    x: Float[Tensor, "B C *spatial"],
    weight: Float[Tensor, " _C"] | None = None,
    bias: Float[Tensor, " _C"] | None = None,
    eps: float = 1e-5,
) -> Float[Tensor, "B C *spatial"]:
    r"""实例归一化：每个样本的每个通道，各自在空间位置上归一化。

    Args:
        x: 形状 (B, C, L)、(B, C, H, W) 等，空间位置不止一个。
        weight: γ，形状 (C,)；省略时为 1。
        bias: β，形状 (C,)；省略时为 0。
        eps: 加在方差上的小数 ε。

    Returns:
        与 `x` 同形状。

    Raises:
        TypeError: `x`、`weight` 或 `bias` 不是浮点张量。
        ValueError: 空间位置不到两个，`weight`、`bias` 不是 (C,) 形状，或 `eps` 是负数。

    来源: D. Ulyanov et al., Instance Normalization, arXiv:1607.08022, 2016.
    """
    if math.prod(_check_features(x, eps).shape[2:]) < 2:
        raise ValueError(f"x 应至少有 2 个空间位置，收到形状 {tuple(x.shape)}")
    return _scale_channels(_standardize(x, tuple(range(2, x.ndim)), eps), weight, bias)


def group_norm(
    x: Float[Tensor, "B C *spatial"],
    num_groups: int,
    weight: Float[Tensor, " _C"] | None = None,
    bias: Float[Tensor, " _C"] | None = None,
    eps: float = 1e-5,
) -> Float[Tensor, "B C *spatial"]:
    r"""组归一化：通道分成几组，每个样本在组内的通道与空间位置上一起归一化。

    1 组时是对 (C, H, W) 的 LayerNorm（但 γ、β 按通道），C 组时是 InstanceNorm。

    Args:
        x: 形状 (B, C)、(B, C, H, W) 等。
        num_groups: 组数，整除 C。
        weight: γ，形状 (C,)；省略时为 1。
        bias: β，形状 (C,)；省略时为 0。
        eps: 加在方差上的小数 ε。

    Returns:
        与 `x` 同形状。

    Raises:
        TypeError: `x`、`weight` 或 `bias` 不是浮点张量。
        ValueError: `num_groups` 不是正整数或不整除通道数，`weight`、`bias` 不是 (C,) 形状，
            或 `eps` 是负数。

    来源: Y. Wu, K. He, Group Normalization, arXiv:1803.08494, 2018.
    """
    if _check_features(x, eps).shape[1] % positive_int("num_groups", num_groups):
        raise ValueError(f"num_groups 应整除通道数 {x.shape[1]}，收到 {num_groups}")
    groups = x.reshape(x.shape[0], num_groups, -1)
    return _scale_channels(_standardize(groups, (2,), eps).reshape(x.shape), weight, bias)


class BatchNorm(nn.Module):
    """批量归一化层，(B, C) 与 (B, C, H, W) 通用；`state_dict` 与 `nn.BatchNorm1d/2d/3d` 互通。

    Args:
        num_features: 特征数（卷积时是通道数）C。
        momentum: 新统计量的权重。
        eps: 加在方差上的小数 ε。

    Raises:
        TypeError: `momentum` 或 `eps` 不是数。
        ValueError: `num_features` 不是正整数，`momentum` 不在 [0, 1] 内，或 `eps` 是负数。

    Examples:
        >>> bn = BatchNorm(3)
        >>> bn(torch.randn(8, 3)).shape, bn(torch.randn(8, 3, 5, 5)).shape
        (torch.Size([8, 3]), torch.Size([8, 3, 5, 5]))

    来源: S. Ioffe, C. Szegedy, Batch Normalization, arXiv:1502.03167, 2015.
    """

    def __init__(self, num_features: int, momentum: float = 0.1, eps: float = 1e-5):
        super().__init__()
        positive_int("num_features", num_features)
        _check_settings(momentum, eps)
        self.momentum, self.eps = momentum, eps
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x: Float[Tensor, "B C *spatial"]) -> Float[Tensor, "B C *spatial"]:
        """训练模式下更新滑动统计；形状 (B, C, ...) 不变。"""
        if self.training:
            self.num_batches_tracked += 1
        return batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=self.training,
            momentum=self.momentum,
            eps=self.eps,
        )


def fuse_conv_bn(conv: nn.Module, bn: nn.Module) -> nn.Module:
    r"""把评估模式的 BatchNorm 并入它前面的卷积（或全连接）层，推理时少算一层。

    两步都是仿射变换，合起来仍是：

    $$W' = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}}\, W,\qquad
    b' = \beta + \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}}\,(b - \mu)$$

    Args:
        conv: `nn.Conv1d/2d/3d` 或 `nn.Linear`，不会被改动。
        bn: `nn.BatchNorm1d/2d/3d` 或 `BatchNorm`，须是评估模式，不会被改动。

    Returns:
        与 `conv` 同类的新层，带偏置，输出等于 `bn(conv(x))`。

    Raises:
        TypeError: `conv` 或 `bn` 不是上面这些层。
        ValueError: `bn` 处于训练模式、没有滑动统计，或特征数与 `conv` 的输出通道数不同。

    Examples:
        >>> conv, bn = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8).eval()
        >>> x = torch.randn(2, 3, 6, 6)
        >>> torch.allclose(fuse_conv_bn(conv, bn)(x), bn(conv(x)), atol=1e-6)
        True
    """
    _check_fusable(conv, bn)
    scale = torch.rsqrt(bn.running_var + bn.eps)
    scale = scale if bn.weight is None else scale * bn.weight
    shift = -bn.running_mean if conv.bias is None else conv.bias - bn.running_mean
    bias = scale * shift if bn.bias is None else scale * shift + bn.bias
    weight = conv.weight * scale.reshape(-1, *[1] * (conv.weight.ndim - 1))
    fused = copy.deepcopy(conv)
    fused.weight = nn.Parameter(weight.detach().to(conv.weight.dtype))
    fused.bias = nn.Parameter(bias.detach().to(conv.weight.dtype))
    return fused


def _check_fusable(conv: nn.Module, bn: nn.Module) -> None:
    if not isinstance(conv, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d):
        raise TypeError(f"conv 应为卷积层或全连接层，收到 {shown(conv)}")
    if not isinstance(bn, _BatchNorm | BatchNorm):
        raise TypeError(f"bn 应为 BatchNorm 层，收到 {shown(bn)}")
    if bn.training:
        raise ValueError(
            "bn 应处于评估模式（先调用 .eval()）：训练模式用本批的统计量，不能预先并入"
        )
    if bn.running_mean is None or bn.running_var is None:
        raise ValueError("bn 应有滑动统计（track_running_stats=True），收到的没有")
    num_outputs, num_features = conv.weight.shape[0], bn.running_mean.numel()
    if num_features != num_outputs:
        raise ValueError(f"bn 的特征数应为 conv 的输出通道数 {num_outputs}，收到 {num_features}")
