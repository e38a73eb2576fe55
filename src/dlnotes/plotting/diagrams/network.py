"""多层感知机的示意图：圆是神经元，线是权重，太宽的层中间省略。"""

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from math import atan2, cos, degrees, dist, inf, sin

from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor, nn

from dlnotes._core.check import float_tensor, integer, positive_int, sequence, shown
from dlnotes._core.modes import device_of, evaluating
from dlnotes.plotting.diagrams._canvas import NORMAL, PHONE, SMALL, Canvas, number, text_width

__all__ = ["MAX_UNITS", "draw_network"]

MAX_UNITS = 7
"""一层至多画几个圆；更宽的层画两头各三个，中间是省略号。"""

_CLOSE = 60  # 两列圆心相距不到这么多时算挨得近
_FEW_EDGES = 6  # 两层之间至多这么多条线时，把权重写在线旁
_SHARES = (0.3, 0.22, 0.38, 0.62, 0.7, 0.78, 0.46)  # 权重写在线上几分之几处，依次试
_APART = 36  # 两处权重至少相距多少像素
_CLEAR = 12  # 权重至少离别的线多少像素
_SIDE, _TOP, _BOTTOM = 44, 26, 42  # 两侧、上方（层名）、下方（个数与参数）留的地方

Places = list[dict[int, tuple[float, float]]]


def draw_network(
    sizes: Sequence[int] | nn.Sequential,
    ax: Axes | None = None,
    *,
    x: Float[Tensor, "_"] | None = None,
    weights: bool | Sequence[Float[Tensor, "_ _"]] = False,
    labels: Sequence[str | Sequence[str] | None] | None = None,
    highlight: tuple[int, int] | None = None,
) -> Axes:
    """画一个多层感知机：每列一层，圆是神经元，两层之间的线是权重，下方写着个数与参数个数。

    画出权重时，蓝色实线是正，橙色虚线是负，越粗绝对值越大；线不多时数值写在线旁。

    Args:
        sizes: 各层的宽度，如 `[2, 100, 3]`；或由 `nn.Linear` 与激活函数组成的 `nn.Sequential`，
            宽度、激活函数与参数个数从它读出。
        ax: 画在哪里；省略时新开一张图。
        x: 一个样本，形状 (D,)：让网络算一遍，把每个神经元的值写在圆里；`sizes` 须是网络。
        weights: `True` 画出网络的权重；也可以给出各层的权重矩阵，形状 (输出, 输入)。
        labels: 每层一项：文字是这一层的名字，一列文字是各个神经元的名字，`None` 用缺省的名字。
        highlight: `(层, 神经元)`，都从 0 数起：标出这个神经元和进入它的线。

    Returns:
        画好的 Axes。

    Raises:
        TypeError: `sizes` 既不是宽度也不是 `nn.Sequential`。
        ValueError: 少于两层，宽度不是正整数，网络里有别的层，或者 `x`、`weights`、`labels`、
            `highlight` 与各层的宽度不符。

    Examples:
        >>> ax = draw_network([2, 100, 3])
        >>> [text.get_text() for text in ax.texts]  # doctest: +NORMALIZE_WHITESPACE
        ['输入层', '隐藏层', '输出层', '2 个', '100 个', '3 个', '300 个参数', '303 个参数']
    """
    linears, activations = _read(sizes)
    sizes = [linears[0][0], *[num_outputs for _, num_outputs, _ in linears]]
    matrices = _matrices(sizes, linears, weights)
    titles, names = _names(sizes, labels)
    if x is not None:
        names = _values(linears, sizes, x)
    highlight = _check_highlight(sizes, highlight)
    is_small = any(names) or (matrices is not None and _writes_weights(sizes))
    canvas, places, radius = _arrange(ax, sizes, is_small)
    for k, matrix in enumerate(matrices or [None] * len(linears)):
        _draw_edges(canvas, places[k], places[k + 1], radius, matrix, _entered(highlight, k))
    if matrices is not None and _writes_weights(sizes):
        _write_weights(canvas, places, radius, matrices)
    for k in range(len(sizes)):
        marked = highlight[1] if highlight and highlight[0] == k else None
        _draw_layer(canvas, places[k], radius, names[k], marked)
    counts = [f"{size} 个 {name}" if name else f"{size} 个"
              for size, name in zip(sizes, activations, strict=True)]  # fmt: skip
    _write_texts(canvas, [_column(each) for each in places], titles, counts, _num_params(linears))
    return canvas.ax


def _read(sizes) -> tuple[list[tuple[int, int, list | None]], list[str | None]]:
    """各个线性层的（输入宽度，输出宽度，从它到下一个线性层之前的层），以及各列的激活函数名。"""
    if isinstance(sizes, nn.Sequential):
        return _read_model(sizes)
    if isinstance(sizes, nn.Module | str) or not isinstance(sizes, Sequence):
        raise TypeError(f"sizes 应为各层的宽度或 nn.Sequential，收到 {shown(sizes)}")
    if len(sizes) < 2:
        raise ValueError(f"sizes 应至少有两层，收到 {list(sizes)}")
    for size in sizes:
        positive_int("sizes 的每一项", size)
    return [(*pair, None) for pair in pairwise(sizes)], [None] * len(sizes)


def _read_model(model: nn.Sequential):
    linears, activations = [], [None]
    for layer in _leaves(model):
        if isinstance(layer, nn.Linear):
            linears.append((layer.in_features, layer.out_features, [layer]))
            activations.append(None)
        elif next(layer.parameters(), None) is not None or not linears:
            raise ValueError(f"sizes 里应只有 nn.Linear 与激活函数，收到 {type(layer).__name__}")
        else:
            linears[-1][2].append(layer)
            if type(layer).__module__ == nn.modules.activation.__name__:
                activations[-1] = type(layer).__name__
    if not linears:
        raise ValueError("sizes 里应至少有一个 nn.Linear，收到没有 nn.Linear 的网络")
    for (_, outputs, _), (inputs, _, _) in pairwise(linears):
        if outputs != inputs:
            raise ValueError(f"sizes 里前后两层的宽度应相同，收到 {outputs} 与 {inputs}")
    return linears, activations


def _leaves(model: nn.Sequential) -> Iterator[nn.Module]:
    for layer in model:
        if isinstance(layer, nn.Sequential):
            yield from _leaves(layer)
        else:
            yield layer


def _matrices(sizes, linears, weights) -> list[Tensor] | None:
    if weights is False:
        return None
    if weights is True:
        if linears[0][2] is None:
            raise ValueError("weights=True 时 sizes 应为网络，收到各层的宽度")
        weights = [layers[0].weight for _, _, layers in linears]
    weights = sequence("weights", weights)
    if len(weights) != len(linears):
        raise ValueError(f"weights 应有 {len(linears)} 个矩阵，收到 {len(weights)} 个")
    for k, (matrix, (inputs, outputs)) in enumerate(zip(weights, pairwise(sizes), strict=True)):
        if tuple(float_tensor(f"weights[{k}]", matrix).shape) != (outputs, inputs):
            raise ValueError(
                f"weights[{k}] 的形状应为 ({outputs}, {inputs})，收到 {tuple(matrix.shape)}"
            )
        if not matrix.isfinite().all():
            raise ValueError(f"weights[{k}] 应都是有限的数，收到 inf 或 nan")
    return [matrix.detach().cpu() for matrix in weights]


def _names(sizes, labels):
    """各层的名字，以及各层神经元的名字（没有则为 `None`）。"""
    hidden = [f"隐藏层 {k}" for k in range(1, len(sizes) - 1)]
    titles = ["输入层", *(["隐藏层"] if len(hidden) == 1 else hidden), "输出层"]
    names = [None] * len(sizes)
    if labels is None:
        return titles, names
    labels = sequence("labels", labels)
    if len(labels) != len(sizes):
        raise ValueError(f"labels 应有 {len(sizes)} 项（每层一项），收到 {len(labels)} 项")
    for k, label in enumerate(labels):
        if isinstance(label, str):
            titles[k] = label
        elif label is not None:
            names[k] = sequence(f"labels[{k}]", label, sizes[k])
    return titles, names


def _values(linears, sizes, x: Tensor) -> list[list[str]]:
    """样本 `x` 走过网络，各层（激活之后）的值。"""
    if linears[0][2] is None:
        raise ValueError("给出 x 时 sizes 应为网络，收到各层的宽度")
    if tuple(float_tensor("x", x).shape) != (sizes[0],):
        raise ValueError(f"x 的形状应为 ({sizes[0]},)，收到 {tuple(x.shape)}")
    net = nn.ModuleList(nn.Sequential(*layers) for _, _, layers in linears)
    weight = linears[0][2][0].weight
    values = [x.detach().to(device_of(net), weight.dtype)]
    with evaluating(net):
        for stage in net:
            values.append(stage(values[-1][None])[0])
    return [[number(v, 2) for v in value.tolist()] for value in values]


def _check_highlight(sizes, highlight) -> tuple[int, int] | None:
    if highlight is None:
        return None
    layer, unit = sequence("highlight", highlight, size=2)
    for value in (layer, unit):
        integer("highlight 的每一项", value, least=-len(sizes))
    if not -len(sizes) <= layer < len(sizes):
        raise ValueError(f"highlight 的层应在 0 与 {len(sizes) - 1} 之间，收到 {layer}")
    if unit not in _shown(sizes[layer]):
        raise ValueError(f"highlight 的神经元应在画出来的 {_shown(sizes[layer])} 之中，收到 {unit}")
    return layer % len(sizes), unit


def _entered(highlight, k: int) -> int | None:
    """标出的神经元在第 k 组线的末端时，它是第几个；-1 表示标出的在别处。"""
    if highlight is None:
        return None
    return highlight[1] if highlight[0] == k + 1 else -1


def _shown(size: int) -> list[int]:
    if size <= MAX_UNITS:
        return list(range(size))
    return [0, 1, 2, size - 3, size - 2, size - 1]


def _writes_weights(sizes) -> bool:
    return max(a * b for a, b in pairwise(sizes)) <= _FEW_EDGES


def _arrange(ax, sizes, is_small: bool) -> tuple[Canvas, Places, float]:
    """各个圆的位置与半径；要在圆里写字时圆大一些。"""
    radius, pitch = (17, 62 if max(sizes) <= 4 else 42) if is_small else (11, 29)
    step = min((PHONE - 2 * _SIDE) / (len(sizes) - 1), 150)
    radius = min(radius, 0.24 * step)
    slots = max(min(size, MAX_UNITS) for size in sizes)
    height = (slots - 1) * pitch + 2 * radius + _TOP + _BOTTOM
    canvas = Canvas(ax, (2 * _SIDE + step * (len(sizes) - 1), height))
    centre = _BOTTOM + radius + (slots - 1) * pitch / 2
    places = []
    for k, size in enumerate(sizes):
        top = centre + (min(size, MAX_UNITS) - 1) * pitch / 2
        rows = [j if size <= MAX_UNITS or j < 3 else j + 1 for j in range(len(_shown(size)))]
        ys = [top - row * pitch for row in rows]
        column = [(_SIDE + k * step, y) for y in ys]
        places.append(dict(zip(_shown(size), column, strict=True)))
    return canvas, places, radius


def _column(places: dict) -> float:
    return next(iter(places.values()))[0]


def _draw_edges(canvas, sources, targets, radius, matrix, entered: int | None) -> None:
    """两层之间的线，止于圆的边上。"""
    edges = list(product(sources, targets))
    ends = [_between_rims(sources[i], targets[j], radius) for i, j in edges]
    faded = [entered is not None and j != entered for _, j in edges]
    alpha = [0.25 if fade else 0.9 for fade in faded]
    if matrix is None:
        colors = ["muted" if fade or entered is None else "purple" for fade in faded]
        widths = [0.6 if fade or entered is None else 1.8 for fade in faded]
        canvas.lines(ends, colors, widths, alpha=alpha if entered is not None else 0.6)
        return
    values = [matrix[j, i].item() for i, j in edges]
    largest = max(matrix.abs().max().item(), 1e-30)
    canvas.lines(
        ends, ["blue" if v >= 0 else "orange" for v in values],
        [0.5 + 2.5 * abs(v) / largest for v in values], alpha=alpha,
        linestyles=["-" if v >= 0 else (0, (4, 1.5)) for v in values],
    )  # fmt: skip


def _between_rims(start, end, radius):
    """从一个圆的边到另一个圆的边；两列挨得近时从圆的侧面出入，免得陡的线擦过别的圆。"""
    (x0, y0), (x1, y1) = start, end
    if x1 - x0 < _CLOSE:
        return (x0 + radius, y0), (x1 - radius, y1)
    share = radius / ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    dx, dy = share * (x1 - x0), share * (y1 - y0)
    return (x0 + dx, y0 + dy), (x1 - dx, y1 - dy)


def _write_weights(canvas, places, radius, matrices) -> None:
    """权重顺着线写，靠近线的起点；与写好的挤在一起、或压着别的线时，沿着线挪开。"""
    for (sources, targets), matrix in zip(pairwise(places), matrices, strict=True):
        shares = _SHARES if len(sources) > 1 else (0.6,)
        edges = list(product(sources, targets))
        lines = [_between_rims(sources[i], targets[j], radius) for i, j in edges]
        written: list[tuple[float, float]] = []
        for (i, j), (start, end) in zip(edges, lines, strict=True):
            slope = atan2(end[1] - start[1], end[0] - start[0])
            others = [line for line in lines if line != (start, end)]
            at = _roomiest([_beside(start, end, slope, share) for share in shares], written, others)
            written.append(at)
            canvas.text(at, number(matrix[j, i].item(), 2), SMALL, rotation=degrees(slope),
                        rotation_mode="anchor", va="bottom")  # fmt: skip


def _beside(start, end, slope: float, share: float) -> tuple[float, float]:
    """线上 `share` 处往上偏一点的位置。"""
    (x0, y0), (x1, y1) = start, end
    return (x0 + share * (x1 - x0) - 2.5 * sin(slope), y0 + share * (y1 - y0) + 2.5 * cos(slope))


def _roomiest(candidates, written, others) -> tuple[float, float]:
    """第一个离写好的字与别的线都够远的位置；没有时，最宽松的一个。"""
    rooms = [
        min(
            min((dist(at, other) / _APART for other in written), default=inf),
            min((_from_line(at, *line) / _CLEAR for line in others), default=inf),
        )
        for at in candidates
    ]
    return next((at for at, room in zip(candidates, rooms, strict=True) if room >= 1),
                candidates[rooms.index(max(rooms))])  # fmt: skip


def _from_line(at, start, end) -> float:
    """点到线段的距离，像素。"""
    (x, y), (x0, y0), (x1, y1) = at, start, end
    along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / dist(start, end) ** 2
    share = min(max(along, 0), 1)
    return dist(at, (x0 + share * (x1 - x0), y0 + share * (y1 - y0)))


def _draw_layer(canvas, places, radius, names, marked: int | None) -> None:
    for unit, at in places.items():
        is_marked = unit == marked
        look = {"fill": 0.35, "width": 2.2} if is_marked else {}
        canvas.circle(at, radius, "purple" if is_marked else "blue", **look)
        if names is not None:
            canvas.text(at, names[unit], SMALL)
    if len(places) <= max(places):  # 中间省略了一些
        x = _column(places)
        middle = (max(y for _, y in places.values()) + min(y for _, y in places.values())) / 2
        for dy in (-6, 0, 6):
            canvas.circle((x, middle + dy), 1.5, "ink", fill=1, width=0)


def _num_params(linears) -> list[int]:
    """各个线性层的参数个数。"""
    return [
        (num_inputs + (layers is None or layers[0].bias is not None)) * num_outputs
        for num_inputs, num_outputs, layers in linears
    ]


def _write_texts(canvas: Canvas, xs, titles, counts, num_params: list[int]) -> None:
    """上方是层名，下方是个数与激活函数，再下方是参数个数；列太密时换成短的写法。"""
    middles = [(a + b) / 2 for a, b in pairwise(xs)]
    params = [f"{count:,} 个参数" for count in num_params]
    widest = max(text_width(text, NORMAL) for text in [*titles[1:-1], *counts, *params])
    if widest > xs[1] - xs[0]:
        titles = [title.removeprefix("隐藏层 ").removesuffix("层") for title in titles]
        counts = [count.split()[0] for count in counts]
        middles, params = [sum(xs) / len(xs)], [f"共 {sum(num_params):,} 个参数"]
    for height, size, at, texts, color in (
        (canvas.size[1] - 10, NORMAL, xs, titles, "ink"),
        (28, SMALL, xs, counts, "ink"),
        (10, SMALL, middles, params, "muted"),
    ):
        for x, text in zip(at, texts, strict=True):
            canvas.text((x, height), text, size, color)
