r"""二维试验曲面：看优化器在山谷、鞍点和弯道里怎样走。

每个曲面带着函数、手推的梯度和全部极小点，都是普通数据，画图和断言都用得上。
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from dlnotes._core.check import callable_, float_tensor, instance_of, integer, real, sequence

__all__ = ["Surface", "beale", "ravine", "rosenbrock", "saddle", "trace_path"]

Point = tuple[float, float]


@dataclass(frozen=True)
class Surface:
    r"""一个定义在平面上的函数 \(f(x, y)\)。

    Args:
        name: 中文名，用作图题。
        function: 由 x、y 两个同形状的张量算出函数值。
        partials: 由 x、y 算出两个偏导数。
        minima: 全部极小点的坐标。
        start: 建议的出发点。
        xlim: 画图时横轴的范围。
        ylim: 画图时纵轴的范围。

    Examples:
        >>> saddle(torch.tensor([[0.0, 0.0], [0.0, 1.0]]))
        tensor([ 0.0000, -0.2500])
    """

    name: str
    function: Callable[[Tensor, Tensor], Tensor] = field(repr=False)
    partials: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = field(repr=False)
    minima: tuple[Point, ...]
    start: Point
    xlim: Point
    ylim: Point

    def __call__(self, points: Float[Tensor, "*batch 2"]) -> Float[Tensor, "*batch"]:
        """算函数值。

        Args:
            points: 若干个点，最后一维是 (x, y)。

        Returns:
            每个点的函数值，形状是去掉最后一维。

        Raises:
            TypeError: `points` 不是浮点张量。
            ValueError: 最后一维不是 2。
        """
        return self.function(*_split(points))

    def gradient(self, points: Float[Tensor, "*batch 2"]) -> Float[Tensor, "*batch 2"]:
        """按手推的公式算梯度，不经过自动微分。

        Args:
            points: 若干个点，最后一维是 (x, y)。

        Returns:
            每个点的梯度，与 `points` 同形状。

        Raises:
            TypeError: `points` 不是浮点张量。
            ValueError: 最后一维不是 2。

        Examples:
            >>> ravine.gradient(torch.tensor([2.0, 1.0]))
            tensor([ 2., 25.])
        """
        return torch.stack(self.partials(*_split(points)), dim=-1)


def trace_path(
    surface: Surface,
    optimizer_factory: Callable[[list[Tensor]], torch.optim.Optimizer],
    start: Sequence[float] | None = None,
    num_steps: int = 100,
) -> Float[Tensor, "T_plus_1 2"]:
    """从 `start` 出发，让优化器在曲面上走 `num_steps` 步，记下每一步的位置。

    用 float64 计算，没有随机性；发散时路径里会出现 inf 或 nan，照实返回。

    Args:
        surface: 曲面。
        optimizer_factory: 由参数列表造优化器，例如 `lambda params: SGD(params, lr=0.1)`。
        start: 出发点 (x, y)；缺省用 `surface.start`。
        num_steps: 步数 T，不小于 0。

    Returns:
        路径，形状 (T + 1, 2)，第 0 行是出发点。

    Raises:
        TypeError: `surface` 不是曲面，`start` 里有不是数的，`num_steps` 不是整数，
            或 `optimizer_factory` 不是函数。
        ValueError: `start` 不是两个有限的数，或 `num_steps` 为负。

    Examples:
        >>> path = trace_path(ravine, lambda params: torch.optim.SGD(params, lr=0.04), (2, 1), 3)
        >>> path.shape
        torch.Size([4, 2])
    """
    instance_of("surface", surface, Surface)
    start = surface.start if start is None else tuple(sequence("start", start))
    if len(start) != 2:
        raise ValueError(f"start 应是两个数 (x, y)，收到 {start!r}")
    for coordinate in start:
        real("start 的每一项", coordinate)
    integer("num_steps", num_steps)
    callable_("optimizer_factory", optimizer_factory)
    point = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = optimizer_factory([point])
    instance_of("optimizer_factory 的返回值", optimizer, torch.optim.Optimizer)

    def closure() -> Tensor:
        point.grad = surface.gradient(point.detach())
        return surface(point.detach())

    path = [point.detach().clone()]
    for _ in range(num_steps):
        closure()
        optimizer.step(closure)
        path.append(point.detach().clone())
    return torch.stack(path)


def _split(points: Tensor) -> tuple[Tensor, Tensor]:
    if float_tensor("points", points).ndim == 0 or points.shape[-1] != 2:
        raise ValueError(f"points 的最后一维应是 2，即 (x, y)，收到形状 {tuple(points.shape)}")
    return points.unbind(-1)


ravine = Surface(
    name="山谷",
    function=lambda x, y: (x**2 + 25 * y**2) / 2,
    partials=lambda x, y: (x, 25 * y),
    minima=((0.0, 0.0),),
    start=(-4.0, 0.8),
    xlim=(-5.0, 5.0),
    ylim=(-1.5, 1.5),
)
r"""山谷 \(f = \tfrac12(x^2 + 25y^2)\)：沿 y 的曲率是沿 x 的 25 倍，梯度下降会来回摆动。"""

saddle = Surface(
    name="鞍点",
    function=lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 4,
    partials=lambda x, y: (x, y**3 - y),
    minima=((0.0, -1.0), (0.0, 1.0)),
    start=(1.5, 1e-3),
    xlim=(-2.0, 2.0),
    ylim=(-1.6, 1.6),
)
r"""鞍点 \(f = \tfrac12x^2 - \tfrac12y^2 + \tfrac14y^4\)：原点是鞍点，两侧各有一个极小点。"""


def _beale_terms(x: Tensor, y: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """三个残差 r = c − x + x·yᵏ，以及它们对 x、y 的偏导数。"""
    rows = ((1.5, 1), (2.25, 2), (2.625, 3))
    return [(c - x + x * y**k, y**k - 1, k * x * y ** (k - 1)) for c, k in rows]


beale = Surface(
    name="Beale 函数",
    function=lambda x, y: sum(r**2 for r, _, _ in _beale_terms(x, y)),
    partials=lambda x, y: (
        sum(2 * r * dx for r, dx, _ in _beale_terms(x, y)),
        sum(2 * r * dy for r, _, dy in _beale_terms(x, y)),
    ),
    minima=((3.0, 0.5),),
    start=(1.0, 1.5),
    xlim=(-4.5, 4.5),
    ylim=(-4.5, 4.5),
)
r"""Beale 函数 \(f = \sum_k (c_k - x + xy^k)^2\)，\(c = 1.5, 2.25, 2.625\)：四角陡峭，中间平坦。"""

rosenbrock = Surface(
    name="Rosenbrock 函数",
    function=lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
    partials=lambda x, y: (-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)),
    minima=((1.0, 1.0),),
    start=(-1.5, 2.0),
    xlim=(-2.0, 2.0),
    ylim=(-1.0, 3.0),
)
r"""Rosenbrock 函数 \(f = (1 - x)^2 + 100(y - x^2)^2\)：弯而窄的谷，谷底几乎是平的。"""
