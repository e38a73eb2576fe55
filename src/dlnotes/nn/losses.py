"""Softmax 与损失函数：先写公式，再写不会溢出的形式。

约定：`logits` 是未归一化的分数，形状 (B, K)；`y` 是目标。值与梯度等于
`torch.nn.functional` 里的对应函数。
"""

from collections.abc import Iterable

import torch
from jaxtyping import Float, Num
from torch import Tensor

from dlnotes._core.check import (
    at_least,
    float_tensor,
    one_of,
    positive,
    real,
    sequence,
    shown,
    tensor,
)
from dlnotes.nn.activations import softplus

__all__ = [
    "bce_with_logits",
    "cross_entropy",
    "l2_penalty",
    "log_softmax",
    "logsumexp",
    "mse",
    "softmax",
    "softmax_jacobian",
    "softmax_naive",
]


def softmax_naive(logits: Float[Tensor, "*shape"], dim: int = -1) -> Float[Tensor, "*shape"]:
    r"""照公式写的 softmax：$p_k = e^{z_k} / \sum_j e^{z_j}$。分数一大就溢出，仅供对照。

    Args:
        logits: 分数 z，任意形状。
        dim: 类别所在的维。

    Returns:
        与 `logits` 同形状；溢出时含 nan。

    Examples:
        >>> softmax_naive(torch.tensor([1000.0, 0.0]))
        tensor([nan, 0.])
    """
    exp = torch.exp(_check_logits(logits, dim))
    return exp / exp.sum(dim, keepdim=True)


def _check_logits(logits: Tensor, dim: int) -> Tensor:
    """确认 `logits` 是浮点张量，而且有 `dim` 这一维、这一维不空。"""
    num_dims = max(float_tensor("logits", logits).ndim, 1)
    if isinstance(dim, bool) or not isinstance(dim, int):
        raise TypeError(f"dim 应为整数，收到 {dim!r}")
    if not -num_dims <= dim < num_dims:
        raise ValueError(f"dim 应在 {-num_dims} 到 {num_dims - 1} 之间，收到 {dim}")
    if logits.ndim and logits.shape[dim] == 0:
        raise ValueError(f"logits 在第 {dim} 维应至少有一类，收到形状 {tuple(logits.shape)}")
    return logits


def _shift(logits: Tensor, dim: int) -> Tensor:
    """减去最大值：指数不大于 1。平移不改变 softmax，所以最大值不参与求导。"""
    return logits - _check_logits(logits, dim).detach().amax(dim, keepdim=True)


def softmax(
    logits: Float[Tensor, "*shape"], dim: int = -1, temperature: float = 1.0
) -> Float[Tensor, "*shape"]:
    r"""不溢出的 softmax：$p_k = e^{(z_k - m)/T} / \sum_j e^{(z_j - m)/T}$，$m = \max_j z_j$。

    温度 T 越高越平均，越低越接近只取最大的一个。

    Args:
        logits: 分数 z，任意形状。
        dim: 类别所在的维。
        temperature: 温度 T，大于 0。

    Returns:
        与 `logits` 同形状，沿 `dim` 相加为 1。

    Raises:
        TypeError: `logits` 不是浮点张量，`dim` 或 `temperature` 不是数。
        ValueError: `temperature` 不大于 0，没有 `dim` 这一维，或这一维是空的。

    Examples:
        >>> softmax(torch.tensor([523.4, 123.2, 56.5]))
        tensor([1., 0., 0.])

    来源: J. S. Bridle, Probabilistic Interpretation of Feedforward Classification Network
    Outputs, 1990.
    """
    return softmax_naive(_shift(logits, dim) / positive("temperature", temperature), dim)


def logsumexp(logits: Float[Tensor, "*shape"], dim: int = -1) -> Float[Tensor, "*reduced"]:
    r"""$\ln \sum_j e^{z_j} = m + \ln \sum_j e^{z_j - m}$，$m = \max_j z_j$：最大值的光滑近似。

    Args:
        logits: 分数 z，任意形状。
        dim: 求和的维。

    Returns:
        少了 `dim` 这一维。

    Examples:
        >>> logsumexp(torch.tensor([-1000.0, -1000.0]))
        tensor(-999.3068)
    """
    largest = _check_logits(logits, dim).detach().amax(dim, keepdim=True)
    largest = torch.where(largest.isfinite(), largest, 0.0)  # 全是 −∞ 时不减，免得 ∞ − ∞
    return torch.exp(logits - largest).sum(dim).log() + largest.squeeze(dim)


def log_softmax(logits: Float[Tensor, "*shape"], dim: int = -1) -> Float[Tensor, "*shape"]:
    r"""对数概率：$\ln p_k = (z_k - m) - \ln \sum_j e^{z_j - m}$。

    先 softmax 再取对数会在概率下溢为 0 时得到 −∞，合在一起算就不会。

    Args:
        logits: 分数 z，任意形状。
        dim: 类别所在的维。

    Returns:
        与 `logits` 同形状，值不大于 0。

    Examples:
        >>> log_softmax(torch.tensor([1000.0, 0.0]))
        tensor([    0., -1000.])
    """
    shifted = _shift(logits, dim)
    return shifted - torch.exp(shifted).sum(dim, keepdim=True).log()


def softmax_jacobian(p: Float[Tensor, "*batch K"]) -> Float[Tensor, "*batch K K"]:
    r"""Softmax 的雅可比矩阵：$\partial p_i / \partial z_j = p_i(\delta_{ij} - p_j)$。

    Args:
        p: softmax 的输出（概率，不是分数），形状 (..., K)。

    Returns:
        形状 (..., K, K)；对称，每行相加为 0。

    Examples:
        >>> softmax_jacobian(torch.tensor([0.5, 0.5]))
        tensor([[ 0.2500, -0.2500],
                [-0.2500,  0.2500]])
    """
    if float_tensor("p", p).ndim == 0:
        raise ValueError("p 的形状应为 (..., K)，收到 ()")
    return torch.diag_embed(p) - p.unsqueeze(-1) * p.unsqueeze(-2)


def _reduce(losses: Tensor, reduction: str) -> Tensor:
    if one_of("reduction", reduction, ("mean", "sum", "none")) == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if losses.numel() == 0:
        raise ValueError('reduction="mean" 要求至少有一个样本，收到 0 个')
    return losses.mean()


def cross_entropy(
    logits: Float[Tensor, "B K"],
    y: Num[Tensor, "*target"],
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Float[Tensor, "*reduced"]:
    r"""交叉熵：$-\sum_k q_k \ln p_k$，$p = \mathrm{softmax}(z)$；硬标签时就是 $-\ln p_y$。

    标签平滑把目标 q 换成 $(1 - \epsilon) q + \epsilon / K$。

    类别越界时，CPU 上立刻报错；GPU 上若要报错，每一步都得等它算完，所以只让那个样本的损失是 nan。

    Args:
        logits: 分数（不是概率），形状 (B, K)。
        y: 类别下标，形状 (B,)，整数；或 one-hot、概率，形状 (B, K)。
        label_smoothing: 平滑系数 ε，在 [0, 1] 内。
        reduction: `"mean"`、`"sum"` 或 `"none"`。

    Returns:
        0 维张量；`reduction="none"` 时形状 (B,)。

    Raises:
        TypeError: `logits` 不是浮点张量，`y` 不是张量，或 `label_smoothing` 不是数。
        ValueError: `logits` 不是二维，`y` 的形状、元素类型或下标不对，没有样本却求平均，
            或其余参数超出范围。

    Examples:
        >>> logits = torch.zeros(4, 10)
        >>> cross_entropy(logits, torch.tensor([3, 1, 4, 1]))  # ln 10
        tensor(2.3026)

    来源: C. Szegedy et al., arXiv:1512.00567, 2015, §7（标签平滑）.
    """
    if not 0 <= real("label_smoothing", label_smoothing) <= 1:
        raise ValueError(f"label_smoothing 应在 [0, 1] 内，收到 {label_smoothing!r}")
    if float_tensor("logits", logits).ndim != 2:
        raise ValueError(f"logits 的形状应为 (B, K)，收到 {tuple(logits.shape)}")
    log_p = log_softmax(logits)
    losses = _expected_nll(log_p, y)
    if label_smoothing > 0:
        losses = (1 - label_smoothing) * losses - label_smoothing * log_p.mean(dim=1)
    return _reduce(losses, reduction)


def _expected_nll(log_p: Tensor, y: Tensor) -> Tensor:
    _check_same_device("logits", log_p, tensor("y", y))
    if y.shape == log_p.shape:
        return -(y * log_p).sum(dim=1)
    if y.shape != log_p.shape[:1] or y.is_floating_point() or y.dtype == torch.bool:
        raise ValueError(
            f"y 应为形状 ({len(log_p)},) 的整数类别，或形状 {tuple(log_p.shape)} 的概率，"
            f"收到形状 {tuple(y.shape)}、类型 {y.dtype}"
        )
    if log_p.device.type != "cpu":
        return _pick_or_nan(log_p, y)
    try:
        return -log_p.gather(1, y.long().unsqueeze(1)).squeeze(1)
    except (IndexError, RuntimeError) as error:
        raise ValueError(
            f"y 的类别应在 0 到 {log_p.shape[1] - 1} 之间，收到 {int(y.min())} 到 {int(y.max())}"
        ) from error


def _pick_or_nan(log_p: Tensor, y: Tensor) -> Tensor:
    """GPU 上的取法：越界的类别得 nan。

    要在这里报错，每一步都得等 GPU 算完；直接去取，则是一个事后才冒出来、毁掉整个进程的断言。
    """
    last = log_p.shape[1] - 1
    picked = -log_p.gather(1, y.long().clamp(0, last).unsqueeze(1)).squeeze(1)
    return torch.where((y >= 0) & (y <= last), picked, torch.nan)


def _check_same_shape(name: str, value: Tensor, y: Tensor) -> None:
    if float_tensor(name, value).shape != tensor("y", y).shape:
        raise ValueError(
            f"{name} 与 y 的形状应相同（不同会悄悄广播），"
            f"收到 {tuple(value.shape)} 与 {tuple(y.shape)}"
        )
    _check_same_device(name, value, y)


def _check_same_device(name: str, value: Tensor, y: Tensor) -> None:
    if value.device != y.device:
        raise ValueError(f"{name} 与 y 应在同一设备，收到 {value.device} 与 {y.device}")


def mse(
    y_hat: Float[Tensor, "*shape"], y: Num[Tensor, "*target"], reduction: str = "mean"
) -> Float[Tensor, "*reduced"]:
    r"""均方误差：$(\hat y - y)^2$ 的均值。

    Args:
        y_hat: 预测，任意形状。
        y: 目标，与 `y_hat` 同形状。
        reduction: `"mean"`、`"sum"` 或 `"none"`。

    Returns:
        0 维张量；`reduction="none"` 时与 `y_hat` 同形状。

    Raises:
        TypeError: 预测不是浮点张量，或 `y` 不是张量。
        ValueError: 两者形状不同，`reduction` 不认识，或没有元素却求平均。

    Examples:
        >>> mse(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0]))
        tensor(5.)
    """
    _check_same_shape("y_hat", y_hat, y)
    return _reduce((y_hat - y).square(), reduction)


def bce_with_logits(
    logits: Float[Tensor, "*shape"], y: Num[Tensor, "*target"], reduction: str = "mean"
) -> Float[Tensor, "*reduced"]:
    r"""二元交叉熵：$-y \ln \sigma(z) - (1 - y) \ln(1 - \sigma(z))$。

    由 $-\ln\sigma(z) = \mathrm{softplus}(-z)$ 得 $(1 - y) z + \mathrm{softplus}(-z)$，不会溢出。

    Args:
        logits: 分数 z（未过 Sigmoid），任意形状。
        y: 属于正类的概率，与 `logits` 同形状，值在 [0, 1]。
        reduction: `"mean"`、`"sum"` 或 `"none"`。

    Returns:
        0 维张量；`reduction="none"` 时与 `logits` 同形状。

    Raises:
        TypeError: 预测不是浮点张量，或 `y` 不是张量。
        ValueError: 两者形状不同，`reduction` 不认识，或没有元素却求平均。

    Examples:
        >>> bce_with_logits(torch.tensor([-1000.0, 0.0]), torch.tensor([1.0, 1.0]), "none")
        tensor([1.0000e+03, 6.9315e-01])
    """
    _check_same_shape("logits", logits, y)
    return _reduce((1 - y) * logits + softplus(-logits), reduction)


def l2_penalty(parameters: Iterable[Tensor], weight_decay: float) -> Float[Tensor, ""]:
    r"""L2 正则项：$\frac{\lambda}{2} \sum_i \lVert\theta_i\rVert^2$，梯度恰是 $\lambda\theta$。

    加到损失上训练，与 SGD 的 `weight_decay=λ` 走同样的步子（Adam 则不然）。

    Args:
        parameters: 受惩罚的参数，至少一个；可传 `model.parameters()`。
        weight_decay: 系数 λ，不小于 0。

    Returns:
        0 维张量。

    Raises:
        TypeError: `parameters` 不是一串浮点张量，或 `weight_decay` 不是数。
        ValueError: 没有参数，或 `weight_decay` 是负数。

    Examples:
        >>> l2_penalty([torch.tensor([3.0, 4.0])], weight_decay=0.1)
        tensor(1.2500)
    """
    if isinstance(parameters, Tensor):
        raise TypeError(f"parameters 应为一串张量，如 [weight]，收到 {shown(parameters)}")
    parameters = sequence("parameters", parameters)
    if not parameters:
        raise ValueError("parameters 应至少有一个张量，收到 0 个")
    squares = torch.stack(
        [float_tensor("parameters 的每一项", p).square().sum() for p in parameters]
    )
    return at_least("weight_decay", weight_decay, 0.0) / 2 * squares.sum()
