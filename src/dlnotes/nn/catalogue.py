"""激活函数目录：名字 → 函数、PyTorch 层、公式、值域与出处；页面照着它画图、列表、做实验。

Examples:
    >>> for name in ("sigmoid", "tanh", "relu"):
    ...     print(name, CATALOGUE[name].derivative_range)
    sigmoid (0.0, 0.25)
    tanh (0.0, 1.0)
    relu (0.0, 1.0)
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dlnotes._core.check import callable_, one_of, positive_int, real
from dlnotes.nn.activations import (
    derivative,
    elu,
    gelu,
    hardswish,
    leaky_relu,
    mish,
    prelu,
    relu,
    selu,
    sigmoid,
    silu,
    softplus,
    tanh,
)

__all__ = ["CATALOGUE", "Activation", "curve"]


def curve(
    function: str | Callable[[Tensor], Tensor],
    low: float = -6.0,
    high: float = 6.0,
    num_points: int = 601,
) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"], Float[Tensor, " n"]]:
    """画曲线用的数据：等距的点、函数值、导数（float64）。

    Args:
        function: `CATALOGUE` 里的名字，或一个逐元素的函数。
        low: 左端。
        high: 右端，大于 `low`。
        num_points: 点数。

    Returns:
        三个形状 (num_points,) 的张量：点、函数值、导数。

    Raises:
        TypeError: `function` 不是名字也不是函数，或 `low`、`high` 不是数。
        ValueError: 没有这个名字，`high` 不大于 `low`，或 `num_points` 不是正整数。

    Examples:
        >>> x, y, dy = curve("tanh", -1.0, 1.0, num_points=3)
        >>> dy[1].item()
        1.0
    """
    if not real("low", low) < real("high", high):
        raise ValueError(f"high 应大于 low，收到 low={low!r}，high={high!r}")
    if isinstance(function, str):
        function = CATALOGUE[one_of("function", function, CATALOGUE)].function
    callable_("function", function)
    x = torch.linspace(low, high, positive_int("num_points", num_points), dtype=torch.float64)
    with torch.no_grad():
        y = function(x.clone())
    return x, y, derivative(function, x)


@dataclass(frozen=True, kw_only=True)
class Activation:
    r"""目录里的一行。

    Attributes:
        title: 论文与 PyTorch 里的写法。
        function: `dlnotes.nn.activations` 里的函数（带默认参数）。
        module: 每次调用造出一个对应的 PyTorch 层。
        formula: 公式（LaTeX，不带 $）。
        derivative_formula: 导数（LaTeX，不带 $）。
        output_range: 输出的下确界与上确界。
        derivative_range: 导数的下确界与上确界，四位小数。
        zero_centred: 标准正态的输入，输出的均值是否为 0。
        saturates_left: x → −∞ 时导数是否趋于 0。
        saturates_right: x → +∞ 时导数是否趋于 0。
        source: 提出它的文献。
    """

    title: str
    function: Callable[[Tensor], Tensor]
    module: Callable[[], nn.Module]
    formula: str
    derivative_formula: str
    output_range: tuple[float, float]
    derivative_range: tuple[float, float]
    zero_centred: bool = False
    saturates_left: bool = True
    saturates_right: bool = False
    source: str

    @property
    def saturation(self) -> str:
        """在哪一侧饱和：两侧、左侧、右侧，或不饱和。"""
        return {(True, True): "两侧", (True, False): "左侧", (False, True): "右侧"}.get(
            (self.saturates_left, self.saturates_right), "不饱和"
        )


CATALOGUE: dict[str, Activation] = {
    "sigmoid": Activation(
        title="Sigmoid",
        function=sigmoid,
        module=nn.Sigmoid,
        formula=r"\frac{1}{1 + e^{-x}}",
        derivative_formula=r"\sigma(x)(1 - \sigma(x))",
        output_range=(0.0, 1.0),
        derivative_range=(0.0, 0.25),
        saturates_right=True,
        source="Cox, 1958",
    ),
    "tanh": Activation(
        title="Tanh",
        function=tanh,
        module=nn.Tanh,
        formula=r"\frac{e^{x} - e^{-x}}{e^{x} + e^{-x}}",
        derivative_formula=r"1 - \tanh^2(x)",
        output_range=(-1.0, 1.0),
        derivative_range=(0.0, 1.0),
        zero_centred=True,
        saturates_right=True,
        source="LeCun et al., 1998",
    ),
    "relu": Activation(
        title="ReLU",
        function=relu,
        module=nn.ReLU,
        formula=r"\max(0, x)",
        derivative_formula=r"\mathbf{1}[x > 0]",
        output_range=(0.0, math.inf),
        derivative_range=(0.0, 1.0),
        source="Nair & Hinton, 2010",
    ),
    "leaky_relu": Activation(
        title="LeakyReLU",
        function=leaky_relu,
        module=nn.LeakyReLU,
        formula=r"\max(0, x) + 0.01 \min(0, x)",
        derivative_formula=r"1 \;(x > 0),\; 0.01 \;(x \le 0)",
        output_range=(-math.inf, math.inf),
        derivative_range=(0.01, 1.0),
        saturates_left=False,
        source="Maas et al., 2013",
    ),
    "prelu": Activation(
        title="PReLU",
        function=partial(prelu, weight=0.25),
        module=nn.PReLU,
        formula=r"\max(0, x) + a \min(0, x),\; a_0 = 0.25",
        derivative_formula=r"1 \;(x > 0),\; a \;(x \le 0)",
        output_range=(-math.inf, math.inf),
        derivative_range=(0.25, 1.0),
        saturates_left=False,
        source="He et al., 2015",
    ),
    "elu": Activation(
        title="ELU",
        function=elu,
        module=nn.ELU,
        formula=r"x \;(x > 0),\; e^{x} - 1 \;(x \le 0)",
        derivative_formula=r"1 \;(x > 0),\; e^{x} \;(x \le 0)",
        output_range=(-1.0, math.inf),
        derivative_range=(0.0, 1.0),
        source="Clevert et al., 2015",
    ),
    "selu": Activation(
        title="SELU",
        function=selu,
        module=nn.SELU,
        formula=r"\lambda x \;(x > 0),\; \lambda\alpha(e^{x} - 1) \;(x \le 0)",
        derivative_formula=r"\lambda \;(x > 0),\; \lambda\alpha e^{x} \;(x \le 0)",
        output_range=(-1.7581, math.inf),
        derivative_range=(0.0, 1.7581),
        zero_centred=True,
        source="Klambauer et al., 2017",
    ),
    "gelu": Activation(
        title="GELU",
        function=gelu,
        module=nn.GELU,
        formula=r"x\,\Phi(x)",
        derivative_formula=r"\Phi(x) + x\,\varphi(x)",
        output_range=(-0.17, math.inf),
        derivative_range=(-0.1289, 1.1289),
        source="Hendrycks & Gimpel, 2016",
    ),
    "gelu_tanh": Activation(
        title="GELU（tanh 近似）",
        function=partial(gelu, approximate="tanh"),
        module=partial(nn.GELU, approximate="tanh"),
        formula=r"\tfrac{x}{2}(1 + \tanh u),\; u = \sqrt{2/\pi}\,(x + 0.044715 x^3)",
        derivative_formula=r"\tfrac{1}{2}(1 + \tanh u) + \tfrac{x}{2}(1 - \tanh^2 u)\,u'",
        output_range=(-0.17, math.inf),
        derivative_range=(-0.129, 1.129),
        source="Hendrycks & Gimpel, 2016",
    ),
    "silu": Activation(
        title="SiLU (Swish)",
        function=silu,
        module=nn.SiLU,
        formula=r"x\,\sigma(x)",
        derivative_formula=r"\sigma(x) + x\,\sigma(x)(1 - \sigma(x))",
        output_range=(-0.2785, math.inf),
        derivative_range=(-0.0998, 1.0998),
        source="Elfwing et al., 2017; Ramachandran et al., 2017",
    ),
    "softplus": Activation(
        title="Softplus",
        function=softplus,
        module=nn.Softplus,
        formula=r"\ln(1 + e^{x})",
        derivative_formula=r"\sigma(x)",
        output_range=(0.0, math.inf),
        derivative_range=(0.0, 1.0),
        source="Dugas et al., 2000",
    ),
    "hardswish": Activation(
        title="Hardswish",
        function=hardswish,
        module=nn.Hardswish,
        formula=r"\tfrac{x}{6}\min(\max(x + 3, 0), 6)",
        derivative_formula=r"0 \;(x \le -3),\; \tfrac{2x + 3}{6} \;(-3 < x < 3),\; 1 \;(x \ge 3)",
        output_range=(-0.375, math.inf),
        derivative_range=(-0.5, 1.5),
        source="Howard et al., 2019",
    ),
    "mish": Activation(
        title="Mish",
        function=mish,
        module=nn.Mish,
        formula=r"x \tanh(\ln(1 + e^{x}))",
        derivative_formula=r"\tanh s + x\,\sigma(x)(1 - \tanh^2 s),\; s = \ln(1 + e^{x})",
        output_range=(-0.3088, math.inf),
        derivative_range=(-0.1125, 1.0885),
        source="Misra, 2019",
    ),
}
"""激活函数目录：名字 → `Activation`，次序即讲解的次序。"""
