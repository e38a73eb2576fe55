r"""ReLU 网络的线性区域：输入空间被切成多少块，每块里网络都是一个仿射函数。

一个隐藏单元在输入空间里有一条“折痕”，即它的输入恰为 0 的地方。折痕把空间切开；在同一块里，
每个单元要么一直开、要么一直关，网络就是一个仿射函数。这里数的是“开关组合各不相同的块”
（文献里也叫激活区域），用 float64 逐层推进，不靠采样。
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from dlnotes._core.check import float_tensor, positive_int, shown

__all__ = [
    "activation_patterns",
    "bound_regions",
    "count_in_polygon",
    "count_on_segment",
    "pieces_on_segment",
    "regions_in_polygon",
    "sawtooth",
]

_TOLERANCE = 1e-12  # 相对大小不到它的小段、小片，分不清是真的还是舍入误差，并入邻居


def bound_regions(depth: int, width: int, num_inputs: int) -> tuple[int, int]:
    r"""等宽 ReLU 网络最多能有多少个线性区域：最大值的下界与上界。

    隐藏层数 \(L = \text{depth} - 1\)，每层 \(n\) 个单元，\(d = \min(n_0, n)\)，\(n_0\) 是输入维数：

    \[ \Bigl\lfloor \frac nd \Bigr\rfloor^{d(L-1)} \sum_{j=0}^{d} \binom nj
       \;\le\; \max\text{区域数} \;\le\; \Bigl[\sum_{j=0}^{d} \binom nj\Bigr]^{L} \]

    只有一个隐藏层时两边相等。

    Args:
        depth: 深度，权重矩阵的个数，正整数；1 表示没有隐藏层。
        width: 每个隐藏层的宽度 n，正整数。
        num_inputs: 输入维数；在线段上数时为 1，在平面上数时为 2。

    Returns:
        `(lower, upper)`，两个整数。

    Raises:
        ValueError: 有一个不是正数。
        TypeError: 有一个不是整数。

    Examples:
        >>> bound_regions(depth=2, width=4, num_inputs=2)
        (11, 11)
        >>> bound_regions(depth=4, width=4, num_inputs=2)
        (176, 1331)

    来源: 下界，G. Montúfar 等，On the Number of Linear Regions of Deep Neural Networks，
        NeurIPS 2014；上界，G. Montúfar，Notes on the Number of Linear Regions of
        Deep Neural Networks，2017。
    """
    hidden = positive_int("depth", depth) - 1
    n, d = positive_int("width", width), min(positive_int("num_inputs", num_inputs), width)
    if hidden == 0:
        return 1, 1
    one_layer = sum(math.comb(n, j) for j in range(d + 1))
    return (n // d) ** (d * (hidden - 1)) * one_layer, one_layer**hidden


@torch.no_grad()
def sawtooth(num_folds: int) -> nn.Sequential:
    r"""锯齿网络：每个隐藏层只有 2 个单元，却在 [0, 1] 上恰有 \(2^k\) 段。

    一层把 [0, 1] 对折一次，\(g(x) = 2\max(x, 0) - 4\max(x - \tfrac12, 0)\)；
    折 \(k\) 次得到 \(2^{k-1}\) 个齿。

    Args:
        num_folds: 对折的次数 k，即隐藏层数，正整数。

    Returns:
        输入、输出都是一维的网络，float64，权重全是 2 的幂，计算没有舍入误差。

    Raises:
        ValueError: `num_folds` 不是正整数。

    Examples:
        >>> zero, one = torch.zeros(1), torch.ones(1)
        >>> count_on_segment(sawtooth(10), zero, one)
        1024

    来源: M. Telgarsky，Benefits of Depth in Neural Networks，COLT 2016。
    """
    layers: list[nn.Module] = []
    for fold in range(positive_int("num_folds", num_folds)):
        rise, drop = (1.0, 0.0) if fold == 0 else (2.0, -4.0)
        linear = nn.Linear(1 if fold == 0 else 2, 2, device="cpu", dtype=torch.float64)
        linear.weight.copy_(torch.tensor([[rise, drop]] * 2, device="cpu")[:, : linear.in_features])
        linear.bias.copy_(torch.tensor([0.0, -0.5], device="cpu"))
        layers += [linear, nn.ReLU()]
    last = nn.Linear(2, 1, bias=False, device="cpu", dtype=torch.float64)
    last.weight.copy_(torch.tensor([[2.0, -4.0]], device="cpu"))
    return nn.Sequential(*layers, last)


@torch.no_grad()
def activation_patterns(model: nn.Module, X: Float[Tensor, "n D"]) -> Bool[Tensor, "n num_units"]:
    """每个样本处，各隐藏单元是开（输入大于 0）还是关。

    Args:
        model: 由 `nn.Linear` 与 `nn.ReLU` 串成的网络。
        X: 输入，形状 (n, D)。

    Returns:
        形状 (n, 隐藏单元总数)，按层排列，在 CPU 上。

    Raises:
        ValueError: `X` 的形状与第一层不符，或含有 NaN 与无穷大。
        TypeError: 网络里有别的层，或者收到的不是张量。

    Examples:
        >>> from dlnotes.models import mlp
        >>> activation_patterns(mlp([2, 4, 4, 3], seed=0), torch.zeros(5, 2)).shape
        torch.Size([5, 8])
    """
    layers, patterns = _layers(model, float_tensor("X", X), "X"), []
    H = _double(X)
    for layer in layers:
        if isinstance(layer, nn.ReLU):
            patterns.append(H > 0)
        H = _apply(layer, H)
    return torch.cat(patterns, dim=1) if patterns else H.new_zeros((len(X), 0), dtype=torch.bool)


@torch.no_grad()
def pieces_on_segment(
    model: nn.Module, a: Float[Tensor, " D"], b: Float[Tensor, " D"]
) -> tuple[Float[Tensor, " m"], Float[Tensor, "m K"]]:
    r"""网络在线段 \(x(t) = a + t(b - a)\) 上的全部折点，和折点处的输出。

    相邻两个折点之间输出是 \(t\) 的一次函数，所以把返回的点连起来就是网络在线段上的精确图像。
    做法：带着“折点与折点处的值”逐层前进；仿射层直接作用在值上，ReLU 之前先把每个单元变号的
    位置插成新的折点。

    Args:
        model: 由 `nn.Linear` 与 `nn.ReLU` 串成的网络。
        a: 起点，形状 (D,)。
        b: 终点，形状 (D,)。

    Returns:
        `(t, values)`：折点的位置（含两端的 0 与 1，递增，float64），形状 (m,)；输出，形状 (m, K)。

    Raises:
        ValueError: `a`、`b` 的形状与第一层不符，或含有 NaN 与无穷大。
        TypeError: 网络里有别的层，或者收到的不是张量。

    Examples:
        >>> t, values = pieces_on_segment(sawtooth(2), torch.tensor([0.0]), torch.tensor([1.0]))
        >>> t.tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
        >>> values.flatten().tolist()
        [0.0, 1.0, 0.0, 1.0, 0.0]
    """
    for name, end in (("a", a), ("b", b)):
        if float_tensor(name, end).ndim != 1:
            raise ValueError(f"{name} 的形状应为 (D,)，收到 {tuple(end.shape)}")
    if a.shape != b.shape:
        raise ValueError(f"a 与 b 的形状应相同，收到 {tuple(a.shape)} 与 {tuple(b.shape)}")
    t = torch.tensor([0.0, 1.0], device="cpu", dtype=torch.float64)
    H = _double(torch.stack([a, b]))
    for layer in _layers(model, H, "a 与 b"):
        if isinstance(layer, nn.ReLU):
            t, H = _insert_zeros(t, H)
        H = _apply(layer, H)
    return t, H


def count_on_segment(model: nn.Module, a: Float[Tensor, " D"], b: Float[Tensor, " D"]) -> int:
    """线段 ab 穿过多少个线性区域。

    Args:
        model: 由 `nn.Linear` 与 `nn.ReLU` 串成的网络。
        a: 起点，形状 (D,)。
        b: 终点，形状 (D,)。

    Returns:
        段数，至少为 1。长度不到全长 1e-12 的小段不算。

    Raises:
        ValueError: `a`、`b` 的形状与第一层不符，或含有 NaN 与无穷大。
        TypeError: 网络里有别的层，或者收到的不是张量。

    Examples:
        >>> count_on_segment(sawtooth(3), torch.tensor([0.0]), torch.tensor([1.0]))
        8
    """
    return len(pieces_on_segment(model, a, b)[0]) - 1


@torch.no_grad()
def regions_in_polygon(
    model: nn.Module, corners: Float[Tensor, "m D"]
) -> list[Float[Tensor, "_ D"]]:
    """一个平面凸多边形被网络的折痕切成的小块，每块也是凸多边形。

    D 大于 2 时，`corners` 应在同一个平面上，例如三张图片张成的三角形。

    Args:
        model: 由 `nn.Linear` 与 `nn.ReLU` 串成的网络。
        corners: 凸多边形的顶点，按顺序绕一圈，形状 (m, D)，m 至少为 3。

    Returns:
        各块的顶点，float64，每块形状 (顶点数, D)。

    Raises:
        ValueError: 少于三个顶点，D 与第一层不符，或含有 NaN 与无穷大。
        TypeError: 网络里有别的层，或者收到的不是张量。

    Examples:
        >>> from dlnotes.models import mlp
        >>> square = torch.tensor([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
        >>> len(regions_in_polygon(mlp([2, 3], seed=0), square))
        1
    """
    if float_tensor("corners", corners).ndim != 2 or len(corners) < 3:
        raise ValueError(f"corners 的形状应为 (m, D)，m 至少为 3，收到 {tuple(corners.shape)}")
    D, start = corners.shape[1], _double(corners).numpy()
    pieces = [np.hstack([start, start])]  # 每行一个顶点：坐标，与顶点处这一层的值
    for layer in _layers(model, corners, "corners"):
        if isinstance(layer, nn.ReLU):
            pieces = [part for piece in pieces for part in _split(piece, D)]
            for piece in pieces:
                np.maximum(piece[:, D:], 0, out=piece[:, D:])
        else:
            W, b = (p.numpy() for p in _weights(layer))
            pieces = [np.hstack([piece[:, :D], piece[:, D:] @ W.T + b]) for piece in pieces]
    return [torch.from_numpy(piece[:, :D].copy()) for piece in pieces]


def count_in_polygon(model: nn.Module, corners: Float[Tensor, "m D"]) -> int:
    """凸多边形里有多少个线性区域；参数与报错同 `regions_in_polygon`。

    Args:
        model: 由 `nn.Linear` 与 `nn.ReLU` 串成的网络。
        corners: 凸多边形的顶点，按顺序绕一圈，形状 (m, D)。

    Returns:
        块数，至少为 1。

    Examples:
        >>> from dlnotes.models import mlp
        >>> big = 1e3 * torch.tensor([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
        >>> count_in_polygon(mlp([2, 4, 3], seed=0), big) <= bound_regions(2, 4, 2)[1]
        True
    """
    return len(regions_in_polygon(model, corners))


def _insert_zeros(t: Tensor, H: Tensor) -> tuple[Tensor, Tensor]:
    """在每个单元变号的位置添一个折点。"""
    piece, unit = (H[:-1].sign() * H[1:].sign() < 0).nonzero(as_tuple=True)
    left, right = H[piece, unit], H[piece + 1, unit]
    ratio = left / (left - right)
    at = torch.lerp(t[piece], t[piece + 1], ratio)
    apart = (at - t[piece] > _TOLERANCE) & (t[piece + 1] - at > _TOLERANCE)
    at, order = at[apart].sort()
    ratio, piece = ratio[apart][order, None], piece[apart][order]
    new = torch.ones_like(at, dtype=torch.bool)
    new[1:] = at.diff() > _TOLERANCE  # 两个单元在同一处变号，只添一个
    values = torch.lerp(H[piece], H[piece + 1], ratio)[new]
    t, order = torch.cat([t, at[new]]).sort()
    return t, torch.cat([H, values])[order]


def _split(piece: np.ndarray, D: int) -> Iterator[np.ndarray]:
    """沿各单元的零线一刀一刀切，直到每一块里所有单元都不变号。"""
    waiting = [piece]
    while waiting:
        piece = waiting.pop()
        low, high = piece[:, D:].min(axis=0), piece[:, D:].max(axis=0)
        margin = _TOLERANCE * np.maximum(-low, high)
        mixed = (low < -margin) & (high > margin)
        if mixed.any():
            column = D + int(mixed.argmax())
            waiting += _cut(piece, column, margin[column - D])
        else:
            yield piece


def _cut(piece: np.ndarray, column: int, margin: float) -> Iterator[np.ndarray]:
    """沿某一列的零线，把一个凸多边形切成两个。"""
    h = piece[:, column]
    h[np.abs(h) <= margin] = 0
    after = np.arange(1, len(h) + 1) % len(h)  # 下一个顶点
    crossing = h * h[after] < 0
    points = np.repeat(piece, 2, axis=0)  # 顶点与边上的交点交替，先都放顶点
    i, j = np.flatnonzero(crossing), after[crossing]
    ratio = (h[i] / (h[i] - h[j]))[:, None]
    points[2 * i + 1] += ratio * (piece[j] - piece[i])
    points[2 * i + 1, column] = 0
    keep = np.empty(len(points), dtype=bool)
    keep[1::2] = crossing
    for side in (h >= 0, h <= 0):
        keep[::2] = side
        yield points[keep]


def _layers(model: nn.Module, X: Tensor, name: str) -> list[nn.Module]:
    """展开成一串 `nn.Linear` 与 `nn.ReLU`，并检查 `X` 的最后一维。"""
    layers = list(_unrolled(model))
    first = next((layer for layer in layers if isinstance(layer, nn.Linear)), None)
    if first is None:
        raise TypeError(f"model 应至少有一个 nn.Linear，收到 {type(model).__name__}")
    if X.ndim != 2 or X.shape[1] != first.in_features:
        raise ValueError(f"{name} 应有 {first.in_features} 个特征，收到形状 {tuple(X.shape)}")
    if not X.isfinite().all():
        raise ValueError(f"{name} 应全是有限的数，收到的含有 NaN 或无穷大")
    return layers


def _unrolled(model: nn.Module) -> Iterator[nn.Module]:
    if isinstance(model, nn.Sequential):
        for child in model:
            yield from _unrolled(child)
    elif isinstance(model, nn.Linear | nn.ReLU):
        yield model
    elif not isinstance(model, nn.Identity):
        raise TypeError(
            f"model 应由 nn.Linear 与 nn.ReLU 用 nn.Sequential 串成，收到 {shown(model)}"
        )


def _apply(layer: nn.Module, H: Tensor) -> Tensor:
    return H.relu() if isinstance(layer, nn.ReLU) else F.linear(H, *_weights(layer))


def _weights(layer: nn.Linear) -> tuple[Tensor, Tensor]:
    bias = layer.weight.new_zeros(layer.out_features) if layer.bias is None else layer.bias
    return _double(layer.weight), _double(bias)


def _double(values: Tensor) -> Tensor:
    return values.detach().cpu().double()
