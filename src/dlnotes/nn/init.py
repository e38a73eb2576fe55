"""参数初始化：每种方案只是给权重定一个标准差，其余都一样。

各函数就地改写权重并返回它；给同一个生成器，抽出的值与 `torch.nn.init` 的同名函数相同。
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from dlnotes._core.check import at_least, callable_, float_tensor, instance_of, one_of, real

__all__ = [
    "SCHEMES",
    "constant_",
    "fan_in_and_out",
    "init_model_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "xavier_normal_",
    "xavier_uniform_",
    "zero_init_residual_",
]

Weight = Float[Tensor, "*shape"]


def fan_in_and_out(weight: Weight) -> tuple[int, int]:
    """一个输出单元有多少个输入（fan_in），一个输入单元通向多少个输出（fan_out）。

    全连接层是 D_in 与 D_out；卷积再乘卷积核的元素数：fan_in = k²·C_in / groups，
    fan_out = k²·C_out。

    Args:
        weight: 形状 (D_out, D_in)，或 (C_out, C_in / groups, k, ...)。

    Returns:
        (fan_in, fan_out)。

    Raises:
        TypeError: `weight` 不是浮点张量。
        ValueError: `weight` 不到两维，或没有元素。

    Examples:
        >>> fan_in_and_out(nn.Conv2d(3, 8, kernel_size=5).weight)
        (75, 200)
    """
    if float_tensor("weight", weight).ndim < 2 or weight.numel() == 0:
        raise ValueError(f"weight 应至少有两维且有元素，收到形状 {tuple(weight.shape)}")
    kernel_size = math.prod(weight.shape[2:])
    return weight.shape[1] * kernel_size, weight.shape[0] * kernel_size


def _fan(weight: Tensor, mode: str) -> float:
    fan_in, fan_out = fan_in_and_out(weight)
    fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
    return float(fans[one_of("mode", mode, fans)])


def _fill(
    weight: Tensor, draw: Callable[[Tensor], Tensor], generator: torch.Generator | None
) -> Tensor:
    """在生成器所在的设备上抽样再拷入：CPU 的生成器因此也能初始化 GPU 上的权重。"""
    float_tensor("weight", weight)
    _check_generator(generator)
    device = weight.device if generator is None else generator.device
    with torch.no_grad():
        return weight.copy_(draw(torch.empty(weight.shape, dtype=weight.dtype, device=device)))


def _check_generator(generator: torch.Generator | None) -> None:
    if generator is not None:
        instance_of("generator", generator, torch.Generator)


def constant_(weight: Weight, value: float, generator: torch.Generator | None = None) -> Weight:
    """所有元素取同一个值。同层各单元从此相同，梯度也相同：对称性不会被打破。

    Args:
        weight: 任意形状。
        value: 填入的值。
        generator: 不使用；有它，各初始化函数的调用方式就一致。

    Returns:
        `weight` 本身。

    Raises:
        TypeError: `weight` 不是浮点张量，`value` 不是数，或 `generator` 不是生成器。
    """
    real("value", value)
    _check_generator(generator)
    with torch.no_grad():
        return float_tensor("weight", weight).fill_(value)


def normal_(
    weight: Weight, mean: float = 0.0, std: float = 1.0, generator: torch.Generator | None = None
) -> Weight:
    r"""正态分布 $N(\text{mean}, \text{std}^2)$。

    Args:
        weight: 任意形状。
        mean: 均值。
        std: 标准差，不小于 0。
        generator: 随机数生成器；省略时用全局的随机状态。

    Returns:
        `weight` 本身。

    Raises:
        TypeError: `weight` 不是浮点张量，`mean`、`std` 不是数，或 `generator` 不是生成器。
        ValueError: `std` 是负数。
    """
    real("mean", mean)
    at_least("std", std, 0.0)
    return _fill(weight, lambda w: w.normal_(mean, std, generator=generator), generator)


def _uniform(weight: Tensor, std: float, generator: torch.Generator | None) -> Tensor:
    """标准差为 `std` 的均匀分布 U(−b, b)：方差是 b²/3，所以 b = √3·std。"""
    bound = math.sqrt(3) * std
    return _fill(weight, lambda w: w.uniform_(-bound, bound, generator=generator), generator)


def _xavier_std(weight: Tensor, gain: float, mode: str) -> float:
    return at_least("gain", gain, 0.0) / math.sqrt(_fan(weight, mode))


def _kaiming_std(weight: Tensor, negative_slope: float, mode: str) -> float:
    return math.sqrt(2 / ((1 + real("negative_slope", negative_slope) ** 2) * _fan(weight, mode)))


def xavier_normal_(
    weight: Weight,
    gain: float = 1.0,
    mode: str = "fan_avg",
    generator: torch.Generator | None = None,
) -> Weight:
    r"""Xavier（Glorot）初始化，正态分布，配 Tanh 一类在 0 附近近似恒等的激活函数。

    论文与 PyTorch 兼顾前向与反向（`mode="fan_avg"`）：
    $\text{std} = \text{gain} \cdot \sqrt{2 / (\text{fan\_in} + \text{fan\_out})}$。
    课程讲义只看前向（`mode="fan_in"`）：$\text{std} = \text{gain} / \sqrt{D_\text{in}}$。
    输入与输出一样宽时两者相同。

    Args:
        weight: 形状 (D_out, D_in) 或 (C_out, C_in, k, ...)。
        gain: 标准差再乘的倍数。
        mode: `"fan_avg"`、`"fan_in"` 或 `"fan_out"`。
        generator: 随机数生成器；省略时用全局的随机状态。

    Returns:
        `weight` 本身。

    Raises:
        TypeError: `weight` 不是浮点张量，或有不是数的参数。
        ValueError: `weight` 不到两维，或 `mode` 不认识。

    Examples:
        >>> w = xavier_normal_(torch.empty(400, 100), mode="fan_in")
        >>> abs(w.std().item() - 1 / 100**0.5) < 0.005
        True

    来源: X. Glorot, Y. Bengio, Understanding the Difficulty of Training Deep Feedforward
    Neural Networks, 2010, 式 (12).
    """
    return normal_(weight, 0.0, _xavier_std(weight, gain, mode), generator)


def xavier_uniform_(
    weight: Weight,
    gain: float = 1.0,
    mode: str = "fan_avg",
    generator: torch.Generator | None = None,
) -> Weight:
    r"""Xavier 初始化，均匀分布 $U(-b, b)$，$b = \sqrt3\,\text{std}$，标准差同 `xavier_normal_`。

    Args:
        weight: 形状 (D_out, D_in) 或 (C_out, C_in, k, ...)。
        gain: 标准差再乘的倍数。
        mode: `"fan_avg"`、`"fan_in"` 或 `"fan_out"`。
        generator: 随机数生成器；省略时用全局的随机状态。

    Returns:
        `weight` 本身。

    Raises:
        TypeError: `weight` 不是浮点张量，或有不是数的参数。
        ValueError: `weight` 不到两维，或 `mode` 不认识。

    来源: X. Glorot, Y. Bengio, 2010, 式 (16).
    """
    return _uniform(weight, _xavier_std(weight, gain, mode), generator)


def kaiming_normal_(
    weight: Weight,
    negative_slope: float = 0.0,
    mode: str = "fan_in",
    generator: torch.Generator | None = None,
) -> Weight:
    r"""Kaiming（He）初始化，正态分布，配 ReLU。

    $\text{std} = \sqrt{2 / ((1 + a^2)\, \text{fan\_in})}$，a 是 LeakyReLU 的负斜率。
    ReLU（a = 0）是 $\sqrt{2 / D_\text{in}}$，而不是 $2 / \sqrt{D_\text{in}}$：
    ReLU 使二阶矩减半，方差就要乘 2，标准差乘 $\sqrt2$。

    Args:
        weight: 形状 (D_out, D_in) 或 (C_out, C_in, k, ...)。
        negative_slope: 激活函数负半轴的斜率 a；ReLU 为 0。
        mode: `"fan_in"` 保持前向的方差，`"fan_out"` 保持反向的方差，也可取 `"fan_avg"`。
        generator: 随机数生成器；省略时用全局的随机状态。

    Returns:
        `weight` 本身。

    Raises:
        TypeError: `weight` 不是浮点张量，或有不是数的参数。
        ValueError: `weight` 不到两维，或 `mode` 不认识。

    Examples:
        >>> w = kaiming_normal_(torch.empty(400, 100))
        >>> abs(w.std().item() - (2 / 100) ** 0.5) < 0.005
        True

    来源: K. He et al., Delving Deep into Rectifiers, arXiv:1502.01852, 2015, 式 (10) (14).
    """
    return normal_(weight, 0.0, _kaiming_std(weight, negative_slope, mode), generator)


def kaiming_uniform_(
    weight: Weight,
    negative_slope: float = 0.0,
    mode: str = "fan_in",
    generator: torch.Generator | None = None,
) -> Weight:
    r"""Kaiming 初始化，均匀分布 $U(-b, b)$，$b = \sqrt3\,\text{std}$，标准差同 `kaiming_normal_`。

    Args:
        weight: 形状 (D_out, D_in) 或 (C_out, C_in, k, ...)。
        negative_slope: 激活函数负半轴的斜率 a；ReLU 为 0。
        mode: `"fan_in"`、`"fan_out"` 或 `"fan_avg"`。
        generator: 随机数生成器；省略时用全局的随机状态。

    Returns:
        `weight` 本身。

    Raises:
        TypeError: `weight` 不是浮点张量，或有不是数的参数。
        ValueError: `weight` 不到两维，或 `mode` 不认识。

    来源: K. He et al., 2015.
    """
    return _uniform(weight, _kaiming_std(weight, negative_slope, mode), generator)


SCHEMES: dict[str, Callable[..., Tensor]] = {
    "constant": partial(constant_, value=0.01),
    "small_normal": partial(normal_, std=0.01),
    "large_normal": partial(normal_, std=1.0),
    "xavier_normal": xavier_normal_,
    "xavier_normal_fan_in": partial(xavier_normal_, mode="fan_in"),
    "xavier_uniform": xavier_uniform_,
    "kaiming_normal": kaiming_normal_,
    "kaiming_uniform": kaiming_uniform_,
}
"""`init_model_` 认识的方案：名字 → 初始化函数。"""


def init_model_(
    model: nn.Module,
    scheme: str | Callable[..., Tensor],
    generator: torch.Generator | None = None,
) -> nn.Module:
    """用同一种方案初始化所有全连接层与卷积层的权重，偏置一律取 0。

    归一化层、嵌入层、转置卷积等其余的层保持不动。

    Args:
        model: 任意网络，就地改写。
        scheme: `SCHEMES` 里的名字，或形如 `f(weight, generator=...)` 的函数。
        generator: 随机数生成器；省略时用全局的随机状态。

    Returns:
        `model` 本身。

    Raises:
        TypeError: `model` 不是网络，`scheme` 不是名字也不是函数，或 `generator` 不是生成器。
        ValueError: 方案不认识；没有全连接层或卷积层；或某层的权重不能就地改写（尚未成形，
            或由 parametrize 算出）。

    Examples:
        >>> net = nn.Sequential(nn.Linear(2, 100), nn.ReLU(), nn.Linear(100, 3))
        >>> _ = init_model_(net, "kaiming_normal", torch.Generator().manual_seed(0))
        >>> net[2].bias
        Parameter containing:
        tensor([0., 0., 0.], requires_grad=True)
    """
    if isinstance(scheme, str):
        scheme = SCHEMES[one_of("scheme", scheme, SCHEMES)]
    callable_("scheme", scheme)
    instance_of("model", model, nn.Module)
    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    layers = {name: m for name, m in model.named_modules() if isinstance(m, kinds)}
    if not layers:
        raise ValueError(f"model 应至少有一个全连接层或卷积层，收到 {type(model).__name__}")
    for name, layer in layers.items():
        scheme(_own_weight(name, layer), generator=generator)
        if layer.bias is not None:
            constant_(layer.bias, 0.0)
    return model


def _own_weight(name: str, layer: nn.Module) -> Tensor:
    weight = dict(layer.named_parameters(recurse=False)).get("weight")
    if weight is None or is_lazy(weight):
        raise ValueError(
            f"model 的层 {name!r} 应有可以就地改写的 weight；"
            "惰性层请先用一批数据前向一次，parametrize 的层请先去掉参数化"
        )
    return weight


def zero_init_residual_(
    model: nn.Module, block_type: type[nn.Module] | tuple[type[nn.Module], ...], norm_name: str
) -> nn.Module:
    r"""把每个残差块里最后一个归一化层的 γ 设为 0。

    残差块 $y = x + F(x)$ 的分支以 $\gamma \hat{x} + \beta$ 结尾；γ = β = 0 时 F(x) = 0，
    训练开始时每个块都是恒等映射，网络的有效深度由浅入深。

    Args:
        model: 含残差块的网络，就地改写。
        block_type: 残差块的类（或几个类）。
        norm_name: 块内最后一个归一化层的名字，如 `"bn2"` 或 `"body.4"`。

    Returns:
        `model` 本身。

    Raises:
        TypeError: `model` 不是网络，或 `block_type` 不是类。
        ValueError: 网络里没有这种块，块里没有这个名字的层，或这一层没有可学习的 γ。

    来源: P. Goyal et al., Accurate, Large Minibatch SGD, arXiv:1706.02677, 2017, §5.1.
    """
    kinds = block_type if isinstance(block_type, tuple) else (block_type,)
    for kind in kinds:
        instance_of("block_type", kind, type)
    blocks = [m for m in instance_of("model", model, nn.Module).modules() if isinstance(m, kinds)]
    if not blocks:
        raise ValueError(
            f"model 里应有 block_type 的块，收到 block_type={block_type!r}，一个也没有"
        )
    for block in blocks:
        available = [name for name, _ in block.named_modules() if name]
        norm = block.get_submodule(one_of("norm_name", norm_name, available))
        if getattr(norm, "weight", None) is None or norm.weight.ndim != 1:
            raise ValueError(
                f"norm_name 应指向有 γ（weight）的归一化层，收到 {norm_name!r}：{norm}"
            )
        constant_(norm.weight, 0.0)
    return model
