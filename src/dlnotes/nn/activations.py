"""激活函数：每个都从公式写起，值与梯度等于 `torch.nn.functional` 里的同名函数。"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from dlnotes._core.check import callable_, float_tensor, one_of, real

__all__ = [
    "derivative",
    "elu",
    "gelu",
    "hardswish",
    "leaky_relu",
    "mish",
    "prelu",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "tanh",
]

SELU_ALPHA = 1.6732632423543772

SELU_SCALE = 1.0507009873554805


def _minus_abs(x: Tensor) -> Tensor:
    """−|x|：指数只作用在它上面，就不会溢出；不用 `abs`，因为 `abs` 在 0 处的导数取 0。"""
    return torch.where(x >= 0, -x, x)


def sigmoid(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    r"""Sigmoid：$\sigma(x) = 1 / (1 + e^{-x})$，导数 $\sigma(x)(1 - \sigma(x)) \le 1/4$。

    x < 0 时改用相等的 $e^{x} / (1 + e^{x})$，指数永远不大于 1，不会溢出。

    Args:
        x: 任意形状的浮点张量。

    Returns:
        与 `x` 同形状，值在 (0, 1)。

    Examples:
        >>> sigmoid(torch.tensor([-1000.0, 0.0, 1000.0]))
        tensor([0.0000, 0.5000, 1.0000])

    来源: D. R. Cox, The Regression Analysis of Binary Sequences, 1958.
    """
    z = torch.exp(_minus_abs(float_tensor("x", x)))
    return torch.where(x >= 0, 1.0, z) / (1 + z)


def tanh(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    r"""Tanh：$(e^{x} - e^{-x}) / (e^{x} + e^{-x})$，导数 $1 - \tanh^2(x)$。

    上下同乘 $e^{-|x|}$，只留下 $e^{-2|x|} - 1$（`expm1`）：不溢出，0 附近也不损失有效数字。

    Args:
        x: 任意形状的浮点张量。

    Returns:
        与 `x` 同形状，值在 (−1, 1)。

    来源: Y. LeCun et al., Efficient BackProp, 1998, §4.4.
    """
    e = torch.expm1(2 * _minus_abs(float_tensor("x", x)))
    t = e / (2 + e)
    return torch.where(x >= 0, -t, t)


def relu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    r"""ReLU：$\max(0, x)$，导数在 x > 0 处为 1、x < 0 处为 0（0 处按惯例取 0）。

    Args:
        x: 任意形状的浮点张量。

    Returns:
        与 `x` 同形状，值在 [0, ∞)。

    来源: V. Nair, G. Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, 2010.
    """
    return torch.where(float_tensor("x", x) <= 0, 0.0, x)


def leaky_relu(x: Float[Tensor, "*shape"], negative_slope: float = 0.01) -> Float[Tensor, "*shape"]:
    r"""LeakyReLU：x > 0 时为 x，否则为 ax，a 是一个小的固定斜率。

    Args:
        x: 任意形状的浮点张量。
        negative_slope: 负半轴的斜率 a。

    Returns:
        与 `x` 同形状。

    来源: A. Maas et al., Rectifier Nonlinearities Improve Neural Network Acoustic Models, 2013.
    """
    return torch.where(float_tensor("x", x) > 0, x, real("negative_slope", negative_slope) * x)


def prelu(
    x: Float[Tensor, "*shape"], weight: Float[Tensor, "*channels"] | float
) -> Float[Tensor, "*shape"]:
    r"""PReLU：同 LeakyReLU，但负半轴的斜率 a 是可以学习的参数。

    Args:
        x: 浮点张量；每个通道各有斜率时，通道在第 1 维，如 (B, C) 或 (B, C, H, W)。
        weight: 斜率 a：一个数，或有 1 个、C 个元素的张量。

    Returns:
        与 `x` 同形状。

    Raises:
        ValueError: `weight` 的元素数既不是 1 也不是通道数。

    来源: K. He et al., Delving Deep into Rectifiers, arXiv:1502.01852, 2015.
    """
    float_tensor("x", x)
    if not isinstance(weight, Tensor):
        real("weight", weight)
    elif float_tensor("weight", weight).ndim > 0:
        num_channels = x.shape[1] if x.ndim > 1 else 1
        if weight.numel() not in (1, num_channels):
            raise ValueError(
                f"weight 应有 1 个或 {num_channels} 个元素（x 的通道数），收到 {weight.numel()} 个"
            )
        weight = weight.reshape(-1, *[1] * (x.ndim - 2)) if x.ndim > 0 else weight.reshape(())
    return torch.where(x > 0, x, weight * x)


def elu(x: Float[Tensor, "*shape"], alpha: float = 1.0) -> Float[Tensor, "*shape"]:
    r"""ELU：x > 0 时为 x，否则为 $\alpha (e^{x} - 1)$。

    Args:
        x: 任意形状的浮点张量。
        alpha: 负半轴的渐近线是 −α。

    Returns:
        与 `x` 同形状，值在 (−α, ∞)。

    来源: D.-A. Clevert et al., Fast and Accurate Deep Network Learning by Exponential Linear
    Units, arXiv:1511.07289, 2015.
    """
    negative = real("alpha", alpha) * torch.expm1(float_tensor("x", x).clamp(max=0))
    return torch.where(x > 0, x, negative)


def selu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    r"""SELU：$\lambda \cdot \mathrm{ELU}(x, \alpha)$，λ ≈ 1.0507，α ≈ 1.6733。

    这两个常数使标准正态的输入得到均值 0、方差 1 的输出。

    Args:
        x: 任意形状的浮点张量。

    Returns:
        与 `x` 同形状，值在 (−λα, ∞)。

    来源: G. Klambauer et al., Self-Normalizing Neural Networks, arXiv:1706.02515, 2017.
    """
    return SELU_SCALE * elu(x, SELU_ALPHA)


def gelu(x: Float[Tensor, "*shape"], approximate: str = "none") -> Float[Tensor, "*shape"]:
    r"""GELU：$x \Phi(x)$，Φ 是标准正态的分布函数，$\Phi(x) = (1 + \mathrm{erf}(x/\sqrt2)) / 2$。

    近似式：$\Phi(x) \approx (1 + \tanh(\sqrt{2/\pi}\,(x + 0.044715 x^3))) / 2$。

    Args:
        x: 任意形状的浮点张量。
        approximate: `"none"` 用精确式，`"tanh"` 用近似式。

    Returns:
        与 `x` 同形状，值不小于约 −0.17。

    Raises:
        ValueError: `approximate` 不是这两个值之一。

    来源: D. Hendrycks, K. Gimpel, Gaussian Error Linear Units, arXiv:1606.08415, 2016.
    """
    float_tensor("x", x)
    if one_of("approximate", approximate, ("none", "tanh")) == "none":
        return x * (1 + torch.erf(x / math.sqrt(2))) / 2
    return x * (1 + tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2


def silu(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    r"""SiLU，又名 Swish：$x \, \sigma(x)$。

    Args:
        x: 任意形状的浮点张量。

    Returns:
        与 `x` 同形状，值不小于约 −0.28。

    来源: S. Elfwing et al., arXiv:1702.03118, 2017; P. Ramachandran et al., Searching for
    Activation Functions, arXiv:1710.05941, 2017.
    """
    return x * sigmoid(x)


def softplus(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    r"""Softplus：$\ln(1 + e^{x})$，导数恰是 $\sigma(x)$。

    写成 $\max(x, 0) + \ln(1 + e^{-|x|})$ 就不会溢出。`F.softplus` 在 x > 20 时直接返回 x，
    与这里相差不到 2.1e-9。

    Args:
        x: 任意形状的浮点张量。

    Returns:
        与 `x` 同形状，值在 (0, ∞)。

    Examples:
        >>> softplus(torch.tensor([-1000.0, 0.0, 1000.0]))
        tensor([0.0000e+00, 6.9315e-01, 1.0000e+03])

    来源: C. Dugas et al., Incorporating Second-Order Functional Knowledge for Better Option
    Pricing, 2000.
    """
    return torch.where(float_tensor("x", x) >= 0, x, 0.0) + torch.log1p(torch.exp(_minus_abs(x)))


def hardswish(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    r"""Hardswish：$x \cdot \min(\max(x + 3, 0), 6) / 6$，用折线代替 Swish 里的 Sigmoid。

    Args:
        x: 任意形状的浮点张量。

    Returns:
        与 `x` 同形状，值不小于 −0.375。

    来源: A. Howard et al., Searching for MobileNetV3, arXiv:1905.02244, 2019, §5.2.
    """
    middle = torch.where(float_tensor("x", x) <= -3, 0.0, x * (x + 3) / 6)
    return torch.where(x >= 3, x, middle)


def mish(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    r"""Mish：$x \tanh(\ln(1 + e^{x}))$。

    Args:
        x: 任意形状的浮点张量。

    Returns:
        与 `x` 同形状，值不小于约 −0.31。

    来源: D. Misra, Mish: A Self Regularized Non-Monotonic Activation Function,
    arXiv:1908.08681, 2019.
    """
    return x * tanh(softplus(x))


def derivative(
    function: Callable[[Tensor], Tensor], x: Float[Tensor, "*shape"]
) -> Float[Tensor, "*shape"]:
    """用自动微分求逐元素函数的导数；在 `torch.no_grad()` 里也能用，不改动 `x`。

    Args:
        function: 逐元素的函数：每个输出只由同一位置的输入决定。
        x: 求导的点，任意形状。

    Returns:
        各点的导数，形状与 `x` 相同。

    Raises:
        TypeError: `function` 不是函数、返回的不是张量，或 `x` 不是浮点张量。
        ValueError: `function` 的输出与 `x` 形状不同，或与 `x` 无关（不可导）。

    Examples:
        >>> derivative(sigmoid, torch.tensor([-10.0, 0.0, 10.0]))
        tensor([4.5396e-05, 2.5000e-01, 4.5396e-05])
    """
    callable_("function", function)
    with torch.inference_mode(False), torch.enable_grad():
        points = float_tensor("x", x).detach().clone().requires_grad_()
        # 再复制一份，原地（inplace）的激活层改的就不是叶子张量
        y = float_tensor("function 的返回值", function(points.clone()))
        if y.shape != x.shape or not y.requires_grad:
            raise ValueError(
                f"function 应逐元素且可导，形状 {tuple(x.shape)} 的输入却得到"
                f"形状 {tuple(y.shape)}、requires_grad={y.requires_grad} 的输出"
            )
        return torch.autograd.grad(y, points, grad_outputs=torch.ones_like(y))[0]
