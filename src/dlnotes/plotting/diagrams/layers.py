"""网络逐层的形状：卷积层是立体的盒子，全连接层是竖条，数字取自 `summary`。"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from math import log2, prod

from matplotlib.axes import Axes
from torch import nn

from dlnotes._core.check import instance_of, positive_int, sequence
from dlnotes.models.summary import summary
from dlnotes.plotting.diagrams._canvas import PHONE, SMALL, Canvas, text_width

__all__ = ["Volume", "draw_layers", "volumes"]

_MOST = 12  # 多于这么多个，形状相同的就合成一个
_TALL, _LEAST = 104, 15  # 最高、最矮的盒子，像素
_SLANT = (0.27, 0.22)  # 宽那一维画成斜线：每像素往右、往上多少
_TOP, _LINE = 34, 14  # 上方写运算，下方每行字的高

_KINDS = {"ConvTranspose": "转置", "Conv": "卷积", "Pool": "池化", "Linear": "全连接",
          "Flatten": "展平"}  # fmt: skip
_COLORS = {"卷积": "blue", "转置": "blue", "池化": "green", "全连接": "purple"}


@dataclass(frozen=True)
class Volume:
    """图上的一个盒子：一次改变形状或带权重的运算的输出。

    Attributes:
        shape: 形状，不含批量那一维。
        kind: 得到它的运算的类名；输入是空串。
        kernel: 卷积核或池化窗口的边长；没有则为 `None`。
        num_params: 参数个数，包括它后面不改变形状的层（如归一化）的参数。
        count: 连续几层并成了这一个。
    """

    shape: tuple[int, ...]
    kind: str = ""
    kernel: int | None = None
    num_params: int = 0
    count: int = 1


def volumes(model: nn.Module, shape: Sequence[int]) -> list[Volume]:
    """`summary(model, shape)` 的各行并成一串盒子；激活、归一化、丢弃并进前一个。

    在 `forward` 里直接调用的展平不占一个盒子，`nn.Flatten` 占一个。

    盒子多于 12 个时，形状、种类都相同的相邻盒子并成一个，卷积之前的池化不再单画。

    Args:
        model: 任意网络；按执行的先后排成一串，不画分支。
        shape: 一个样本的形状，不含批量那一维。

    Returns:
        盒子，第一个是输入；参数个数之和等于 `summary` 的合计。

    Raises:
        ValueError: `shape` 有一项不是正整数，或者网络不接受这个形状。

    Examples:
        >>> net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2))
        >>> [(v.shape, v.kind, v.num_params) for v in volumes(net, (1, 28, 28))]
        [((1, 28, 28), '', 0), ((6, 24, 24), 'Conv2d', 168), ((6, 12, 12), 'MaxPool2d', 0)]
    """
    layers = dict(instance_of("model", model, nn.Module, "nn.Module").named_modules())
    shape = tuple(positive_int("shape 的每一项", size) for size in sequence("shape", shape))
    try:
        rows = summary(model, shape).rows
    except ValueError as error:
        raise ValueError(f"shape 应为 model 收得下的样本的形状，收到 {shape}：{error}") from error
    found = [Volume(shape)]
    for row in rows:
        is_resized = prod(row.output_shape) != prod(found[-1].shape)
        if row.num_macs or is_resized or "latten" in row.kind:
            kernel = _kernel(layers.get(row.name))
            found.append(Volume(row.output_shape, row.kind, kernel, row.num_params))
        else:
            total = found[-1].num_params + row.num_params
            found[-1] = replace(found[-1], num_params=total)
    return found if len(found) <= _MOST else _merge(found)


def _kernel(layer: nn.Module | None) -> int | None:
    size = getattr(layer, "kernel_size", None)
    return size[0] if isinstance(size, tuple) else size


def _merge(found: list[Volume]) -> list[Volume]:
    """形状与种类都相同的并成一个；池化之后紧跟卷积时，池化只体现为卷积变小。"""
    merged = found[:1]
    for each in found[1:]:
        last = merged[-1]
        total = last.num_params + each.num_params
        if (each.shape, each.kind) == (last.shape, last.kind):
            merged[-1] = replace(last, num_params=total, count=last.count + 1)
        elif "Pool" in last.kind and "Conv" in each.kind and each.shape[1:] == last.shape[1:]:
            merged[-1] = replace(each, num_params=total)
        else:
            merged.append(each)
    return merged


def draw_layers(model: nn.Module, shape: Sequence[int], ax: Axes | None = None) -> Axes:
    """画出一个样本走过网络时形状的变化，写上形状与参数个数。

    盒子的高与 H 成正比，横向的厚度随 log C 增长，斜边是 W；最大与最小的 H 相差太多时，高改为与
    √H 成正比，并在图上注明。一维的输出是竖条，高随 log D 增长。

    Args:
        model: 任意网络；按执行的先后排成一串，不画分支。
        shape: 一个样本的形状，不含批量那一维，如 (1, 32, 32)。
        ax: 画在哪里；省略时新开一张图。

    Returns:
        画好的 Axes。

    Raises:
        TypeError: `model` 不是 `nn.Module`。
        ValueError: `shape` 有一项不是正整数，网络不接受这个形状，或形状没有变化可画。

    Examples:
        >>> from dlnotes.models import lenet5
        >>> texts = [text.get_text() for text in draw_layers(lenet5(), (1, 32, 32)).texts]
        >>> texts[-1]
        '共 61,706 个参数'
    """
    found = volumes(model, shape)
    if len(found) < 2:
        raise ValueError("model 应至少有一个改变形状或带权重的层，收到没有这种层的网络")
    table = _Table(found)
    bodies = _bodies(found)
    height = max(body.height for body in bodies)
    lefts, width = table.lefts([body.width for body in bodies])
    canvas = Canvas(ax, (width, table.height + height + _TOP))
    middle = table.height + height / 2
    for body, left in zip(bodies, lefts, strict=True):
        body.at = (left, middle - body.height / 2)
    for each, (before, after) in zip(found[1:], pairwise(bodies), strict=True):
        _connect(canvas, before, after, each)
    for each, body in zip(found, bodies, strict=True):
        body.draw(canvas, _COLORS.get(_name(each), "brown" if each.kind else "muted"))
    table.write(canvas, [left + body.width / 2 for body, left in zip(bodies, lefts, strict=True)])
    total = f"共 {sum(each.num_params for each in found):,} 个参数"
    note = "；高按 H 的平方根画" if _power(found) < 1 else ""
    canvas.text((width / 2, 9), total + note, SMALL, "muted")
    return canvas.ax


@dataclass
class _Body:
    """一个盒子的尺寸：正面厚 `thick`、高 `front`，`slant` 是斜边往右、往上各多少。"""

    thick: float
    front: float
    slant: tuple[float, float] = (0.0, 0.0)
    num_rows: int = 0  # H，像素窗口按它定大小
    at: tuple[float, float] = (0.0, 0.0)

    @property
    def width(self) -> float:
        return self.thick + self.slant[0]

    @property
    def height(self) -> float:
        return self.front + self.slant[1]

    def side(self, right: float, up: float) -> tuple[float, float]:
        """右侧面上的一点；`right`、`up` 是沿斜边与竖边的比例。"""
        x, y = self.at
        return x + self.thick + right * self.slant[0], y + up * self.front + right * self.slant[1]

    def draw(self, canvas: Canvas, color: str) -> None:
        (x, y), (dx, dy), t, h = self.at, self.slant, self.thick, self.front
        canvas.box((x, y), (t, h), color, fill=0.16)
        if dx:
            top = [(x, y + h), (x + dx, y + h + dy), (x + t + dx, y + h + dy), (x + t, y + h)]
            side = [(x + t, y), (x + t, y + h), (x + t + dx, y + h + dy), (x + t + dx, y + dy)]
            canvas.polygon(top, color, fill=0.08)
            canvas.polygon(side, color, fill=0.28)


def _bodies(found: list[Volume]) -> list[_Body]:
    power, largest = _power(found), _largest(found)
    bodies = []
    for each in found:
        if len(each.shape) in (2, 3):
            sides = [max(_TALL * (n / largest) ** power, 3) for n in each.shape[1:]]
            slant = tuple(sides[1] * share for share in _SLANT) if len(sides) == 2 else (0.0, 0.0)
            thick = 2 + 1.3 * log2(each.shape[0])
            bodies.append(_Body(thick, sides[0], slant, each.shape[1]))
        else:
            bodies.append(_Body(7, 10 + 5.5 * log2(prod(each.shape))))
    return bodies


def _largest(found: list[Volume]) -> int:
    sides = [n for each in found if len(each.shape) in (2, 3) for n in each.shape[1:]]
    return max(sides, default=1)


def _power(found: list[Volume]) -> float:
    """高与 H 的几次方成正比：相差太多时取平方根。"""
    heights = [each.shape[1] for each in found if len(each.shape) in (2, 3)]
    return 0.5 if heights and min(heights) / max(heights) < 0.1 else 1.0


def _connect(canvas: Canvas, before: _Body, after: _Body, each: Volume) -> None:
    """卷积与池化：前一个盒子侧面上的窗口收拢到后一个盒子的一点；全连接：两条边线。"""
    x, y = after.at
    if before.slant[0] and each.kernel:
        half = max(min(each.kernel / before.num_rows, 1), 0.08) / 2
        corners = [(-half, -half), (half, -half), (half, half), (-half, half)]
        window = [before.side(0.5 + right, 0.5 + up) for right, up in corners]
        canvas.polygon(window, "orange", fill=0.25, width=0.9, zorder=3)
        tip = (x, y + after.front / 2)
        canvas.lines([(corner, tip) for corner in window], "orange", 0.7, alpha=0.6, zorder=2)
    else:
        low, high = before.side(0.5, 0), before.side(0.5, 1)
        canvas.lines([(low, (x, y)), (high, (x, y + after.front))], "muted", 0.7, alpha=0.7)


def _name(each: Volume) -> str:
    kind = each.kind if len(each.kind) <= 6 else "层"
    return next((name for start, name in _KINDS.items() if start in each.kind), kind)


class _Table:
    """盒子上方与下方的文字：运算、窗口；通道数、边长、参数个数。放不下时换成窄的写法。"""

    def __init__(self, found: list[Volume]) -> None:
        self.found = found
        for self.is_narrow in (False, True):
            self.above = [self._operation(each) for each in found]
            self.below = [self._shape(each) for each in found]
            self.counts = [f"{each.num_params:,}" if each.num_params else "" for each in found]
            self.counts[0] = "参数"
            if sum(self._widths()) <= PHONE - 4:
                break
        longest = max(text_width(count, SMALL) for count in self.counts)
        self.num_lines = 2 if any(sides for _, sides in self.below) else 1
        self.height = 18 + (longest + 4 if self.is_narrow else _LINE) + self.num_lines * _LINE + 6

    def _operation(self, each: Volume) -> tuple[str, str]:
        if not each.kind:
            return "输入", ""
        times = f"{each.count} " if each.count > 1 else ""
        name = _name(each)[:2] if self.is_narrow else _name(each)
        return times + name, f"{each.kernel}×{each.kernel}" if each.kernel else ""

    def _shape(self, each: Volume) -> tuple[str, str]:
        first, *rest = each.shape
        if self.is_narrow and len(rest) == 2 and rest[0] == rest[1]:
            return str(first), f"{rest[0]}²"
        return str(first), "×".join(map(str, rest))

    def _widths(self) -> list[float]:
        """各列文字的宽，连同与下一列的间隔。"""
        counts = [("",)] * len(self.found) if self.is_narrow else [(c,) for c in self.counts]
        columns = zip(self.above, self.below, counts, strict=True)
        return [max(text_width(text, SMALL) for text in sum(column, ())) + 3 for column in columns]

    def lefts(self, bodies: list[float]) -> tuple[list[float], float]:
        """各个盒子的左边与总宽：每列容下盒子与文字，剩下的地方均分。"""
        widths = [max(text, body + 2) for text, body in zip(self._widths(), bodies, strict=True)]
        total = max(PHONE, sum(widths))
        spare = (total - sum(widths)) / len(widths)
        ends = accumulate(width + spare for width in widths)
        return [end - (width + spare + body) / 2
                for end, width, body in zip(ends, widths, bodies, strict=True)], total  # fmt: skip

    def write(self, canvas: Canvas, centres: list[float]) -> None:
        top, line = canvas.size[1] - 9, self.height - 12
        columns = zip(centres, self.above, self.below, self.counts, strict=True)
        for x, above, below, count in columns:
            canvas.text((x, top), above[0], SMALL)
            canvas.text((x, top - 13), above[1], SMALL, "orange")
            canvas.text((x, line), below[0], SMALL)
            canvas.text((x, line - _LINE), below[1], SMALL)
            look = {"rotation": 90, "va": "top"} if self.is_narrow else {}
            drop = (self.num_lines - 0.4 * self.is_narrow) * _LINE
            canvas.text((x, line - drop), count, SMALL, "muted", **look)
