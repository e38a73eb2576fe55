"""课程笔记本里 `plot_lib.py` 的替身：三代公开版本的函数都在，调用方式不变。

把 `from res.plot_lib import …` 换成 `from dlnotes.plot_lib import …`，笔记本其余的代码
原样可用。与原版不同的是：

- 不读 `res/ziegler.png`，二维颜色表由代码生成；导入时也不需要 IPython。
- 不把模型挪到 CPU：格点送到模型所在的设备与精度上；各子模块的训练或评估模式画完即恢复。
- 不改动任何输入；除 `set_default` 外不改全局样式，而 `set_default` 可以撤销。

各函数画在 pyplot 的当前坐标轴上，只有说明里写了“新开一张图”的除外。凡是收张量的参数也收
NumPy 数组，张量可以在任何设备上、可以带梯度。图里的文字是英文，与原版一致。

来源: Canziani 与 LeCun，NYU 深度学习课程 2020、2021 年春的笔记本（NYU-DLSP20、NYU-DLSP21）中
`res/plot_lib.py` 的调用方式；代码是重写的。
"""

import html
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from numbers import Integral, Real

import matplotlib as mpl
import numpy as np
import torch
from jaxtyping import Float, Int, Num
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor, nn

# 第三代笔记本写 `from res.plot_lib import *`，连 mpl、np、plt、torch 也从这里得到。
__all__ = [
    "acc", "colors", "mpl", "np", "overwrite", "plot_2d_energy_levels", "plot_3d_energy_levels",
    "plot_bases", "plot_data", "plot_embeddings", "plot_model", "plot_state", "plt",
    "print_colourbar", "set_default", "show_mat", "show_scatterplot", "torch",
]  # fmt: skip

Array = Tensor | np.ndarray
Energy = tuple[Array, Array, Array, int, int]

_NAMES = (
    "aqua", "yellow", "lavender", "red", "blue", "orange",
    "green", "pink", "grey", "violet", "unk1", "unk2",
)  # fmt: skip
colors = {name: mpl.colors.to_hex(mpl.colormaps["Set3"](i)) for i, name in enumerate(_NAMES)}
"""十二种柔和的颜色，名字到十六进制写法；即 ColorBrewer 的 Set3。"""

_HALF_WIDTH = 1.1  # 螺旋数据画在 [-1.1, 1.1] 见方的范围里
_STEP = 0.01  # 决策区域的格距
_CROSS = {"color": "0.35", "lw": 1, "zorder": 0.5}  # 过原点的十字线，压在数据点下面
_MAP_SIZE = 512
_GRIDS = ("xx", "yy", "F")


class _Defaults:
    """`set_default` 的返回值：记着之前的样式，能撤销，也能放在 `with` 里。"""

    def __init__(self, previous: dict[str, object]):
        self._previous = previous

    def restore(self) -> None:
        """恢复调用 `set_default` 之前的全部 `rcParams`。"""
        now = mpl.rcParams.copy()
        mpl.rcParams.update({k: v for k, v in self._previous.items() if now[k] != v})

    def __enter__(self) -> "_Defaults":
        return self

    def __exit__(self, *exception) -> None:
        self.restore()

    def _ipython_display_(self) -> None:
        """单元格最后一行写 `set_default()` 时什么也不显示，与原版一样。"""


def set_default(figsize: tuple[float, float] = (10, 10), dpi: float = 100) -> _Defaults:
    """换成课程的黑底样式（`dark_background` 加 `bmh`），并设定图的大小。

    直接调用时一直有效，与原版相同；放在 `with` 里则出了 `with` 就恢复原样，
    也可以留住返回值，以后调用它的 `restore()`。

    Args:
        figsize: 图的宽与高，英寸。
        dpi: 每英寸的像素数。

    Returns:
        能撤销这次改动的对象。

    Raises:
        TypeError: `figsize` 或 `dpi` 里有不是数的值。
        ValueError: `figsize` 不是两个数，或有不大于 0 的值；这时样式没有改动。

    Examples:
        >>> before = plt.rcParams["figure.dpi"]
        >>> with set_default(figsize=(4, 3), dpi=50):
        ...     plt.rcParams["figure.dpi"], plt.rcParams["axes.facecolor"]
        (50.0, 'k')
        >>> plt.rcParams["figure.dpi"] == before
        True
    """
    size = _array("figsize", figsize)
    if size.shape != (2,):
        raise ValueError(f"figsize 应为宽与高两个数，收到 {figsize!r}")
    size = [_positive("figsize", float(side)) for side in size]
    _positive("dpi", dpi)
    previous = {k: v for k, v in mpl.rcParams.copy().items() if k != "backend"}
    plt.style.use(["dark_background", "bmh"])
    plt.rc("axes", facecolor="k")
    plt.rc("figure", facecolor="k", figsize=size, dpi=dpi)
    return _Defaults(previous)


def plot_data(
    X: Num[Array, "N D"],
    y: Num[Array, " N"],
    d: float = 0,
    auto: bool = False,
    zoom: float = 1,
    title: str = "Training data (x, y)",
) -> PathCollection:
    """散点图：按类别上色，范围是 [-1.1, 1.1] 见方，带过原点的十字线。

    Args:
        X: 点的坐标，形状 (N, D)，D 至少为 2，只画前两列。
        y: 类别，形状 (N,)。
        d: 不起作用，只为与原版的参数次序一致。
        auto: 是否改为按数据定范围（两轴仍等比）。
        zoom: 范围放大的倍数，大于 0。
        title: 标题。

    Returns:
        画出的点，可用来做图例。

    Raises:
        TypeError: `X` 或 `y` 不是数值。
        ValueError: 形状不对，或 `zoom` 不大于 0。

    Examples:
        >>> points = plot_data(torch.eye(2), torch.tensor([0, 1]), zoom=2)
        >>> [round(float(limit), 1) for limit in points.axes.get_xlim()]
        [-2.2, 2.2]
        >>> plt.close()
    """
    X, y = _points_and_labels(X, y)
    limit = _HALF_WIDTH * _positive("zoom", zoom)
    ax = plt.gca()
    scatter = ax.scatter(X[:, 0], X[:, 1], c=y, s=20, cmap="Spectral")
    ax.axis("square")
    ax.axis((-limit, limit, -limit, limit))
    if auto:
        ax.axis("equal")
    ax.axis("off")
    _draw_cross(ax)
    ax.set_title(title)
    return scatter


def plot_model(
    X: Num[Array, "N D"], y: Num[Array, " N"], model: Callable[[Tensor], Tensor]
) -> None:
    """决策区域：[-1.1, 1.1] 见方内每一点被判成哪一类，再叠上数据点，两者颜色一致。

    Args:
        X: 点的坐标，形状 (N, D)，D 至少为 2，只画前两列。
        y: 类别，形状 (N,)，取值 0 到 K − 1。
        model: 输入 (n, 2)、输出 (n, K) 的网络或函数，K 至少为 2。在评估模式下运行；
            它的设备、精度、各子模块的模式都不变。

    Raises:
        TypeError: `model` 不能调用或返回的不是张量，`X` 或 `y` 不是数值。
        ValueError: `X`、`y` 或 `model` 输出的形状不对。

    Examples:
        >>> X, y = torch.tensor([[-0.5, 0.0], [0.5, 0.0]]), torch.tensor([0, 1])
        >>> plot_model(X, y, lambda x: torch.stack([-x[:, 0], x[:, 0]], dim=1))
        >>> regions = plt.gca().images[0].get_array()
        >>> regions[100, :3].tolist(), regions[100, -3:].tolist()
        ([0, 0, 0], [1, 1, 1])
        >>> plt.close()
    """
    regions, num_classes = _predict_classes(model, X)
    scatter = plot_data(X, y, title="Model decision boundaries")
    scatter.set_clim(0, num_classes - 1)
    edge = _HALF_WIDTH + _STEP / 2
    scatter.axes.imshow(
        regions, origin="lower", extent=(-edge, edge, -edge, edge), interpolation="nearest",
        cmap="Spectral", vmin=0, vmax=num_classes - 1, alpha=0.3, zorder=0,
    )  # fmt: skip


def plot_embeddings(
    X: Num[Array, "N D"], y: Num[Array, " N"], model: nn.Sequential, zoom: float = 10
) -> None:
    """画出倒数第二层的二维输出；倒数第二层不是输出二维的 `nn.Linear` 时只打印一句说明。

    Args:
        X: 网络的输入，形状 (N, D)。
        y: 类别，形状 (N,)。
        model: 可以用下标取出各层的网络，至少两层。它的设备、精度、模式与钩子都不变。
        zoom: 范围 [-1.1, 1.1] 放大的倍数，大于 0。

    Raises:
        TypeError: `model` 不能用下标取层，`X` 或 `y` 不是数值。
        ValueError: 形状不对，`model` 不足两层，或 `zoom` 不大于 0。

    Examples:
        >>> plot_embeddings(torch.zeros(4, 2), torch.zeros(4), nn.Sequential(
        ...     nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3)))
        画不了：倒数第二层应为输出二维的 nn.Linear，这里是 ReLU()
    """
    if not isinstance(model, nn.Module) or not hasattr(model, "__getitem__"):
        raise TypeError(f"model 应为能用下标取层的网络，如 nn.Sequential，收到 {type(model)}")
    if len(model) < 2:
        raise ValueError(f"model 应至少有两层，收到 {len(model)} 层")
    layer = model[-2]
    if not isinstance(layer, nn.Linear) or layer.out_features != 2:
        print(f"画不了：倒数第二层应为输出二维的 nn.Linear，这里是 {layer}")
        return
    values = _send(torch.from_numpy(_points("X", X)), model, X)
    outputs = []
    hook = layer.register_forward_hook(lambda module, args, output: outputs.append(output))
    try:
        with _evaluating(model):
            model(values)
    finally:
        hook.remove()
    plot_data(outputs[-1], y, zoom=zoom, title="Two-dimensional embeddings")


def show_scatterplot(
    X: Num[Array, "N D"],
    colors: Num[Array, "..."] | Sequence | str,
    title: str = "",
    axis: bool = True,
) -> None:
    """散点图，每点的颜色由 `colors` 给出；整数对从 512×512 的二维颜色表里取色。

    画在哪里兼顾两代写法。`colors` 是整数对（第二代）时画在当前坐标轴上；否则（第一代）当前
    坐标轴还空着，或是多格子图中的一格，就画在上面；已经画过东西才新开一张图。

    Args:
        X: 点的坐标，形状 (N, D)，D 至少为 2，只画前两列。
        colors: 形状 (N, 2) 的整数是颜色表的下标，0 到 511；(N, 3) 或 (N, 4) 是 0 到 1 的
            RGB 或 RGBA；(N,) 的数按颜色映射上色；也可以是颜色名或一串颜色名。
        title: 标题。
        axis: 是否画过原点的十字线。

    Raises:
        TypeError: `X` 不是数值，或 (N, 2) 的 `colors` 不是整数。
        ValueError: 形状不对、个数与 `X` 不符，或数值超出范围。

    Examples:
        >>> X = torch.tensor([[-1.0, -1.0], [1.0, 1.0]])
        >>> show_scatterplot(X, ((X + 1) / 2 * 511).long())
        >>> plt.gca().collections[0].get_facecolor().shape
        (2, 4)
        >>> plt.close()
    """
    X = _points("X", X)
    values, indexed = _point_colours(colors, len(X))
    ax = plt.gca() if indexed else _free_axes()
    ax.axis("equal")
    ax.scatter(X[:, 0], X[:, 1], c=values, s=30)
    ax.set_title(title)
    ax.axis("off")
    if axis:
        _draw_cross(ax)


def plot_bases(
    bases: Num[Array, "4 2"], plotting: bool | float = True, width: float = 0.04
) -> None:
    """画一对基向量：第一条红色，第二条绿色；句柄留在 `plot_bases.a` 与 `plot_bases.b`。

    第一代的第二个参数是箭杆宽度，第二代是开关：布尔值当作开关，别的数当作宽度。

    Args:
        bases: 形状 (4, 2)，前两行是两条箭头的起点，后两行是终点。不会被改动。
        plotting: 是否画；`False` 时什么也不做。
        width: 箭杆宽度，数据坐标，大于 0。

    Raises:
        TypeError: `bases` 不是数值，`plotting` 或 `width` 不是数。
        ValueError: `bases` 的形状不是 (4, 2)，或宽度不大于 0。

    Examples:
        >>> plot_bases(torch.cat((torch.zeros(2, 2), torch.eye(2))), 0.01)
        >>> plot_bases.a.get_facecolor()[:3]
        (1.0, 0.0, 0.0)
        >>> plt.close()
    """
    if not isinstance(plotting, bool | np.bool_):
        plotting, width = True, plotting
    _positive("width", width)
    ends = _array("bases", bases)
    if ends.shape != (4, 2):
        raise ValueError(f"bases 的形状应为 (4, 2)：两个起点、两个终点，收到 {ends.shape}")
    if plotting:
        plot_bases.a, plot_bases.b = (
            plt.arrow(
                *ends[i], *(ends[i + 2] - ends[i]), width=width, color=colour,
                length_includes_head=True, zorder=10,
            )
            for i, colour in enumerate([(1.0, 0.0, 0.0), (0.0, 1.0, 0.0)])
        )  # fmt: skip


plot_bases.a = plot_bases.b = None


def show_mat(
    mat: Num[Array, "M D"],
    vect: Num[Array, "D *one"],
    prod: Num[Array, "M *one"],
    threshold: float = -1,
) -> None:
    """新开一张图，并排画出矩阵、向量和它们的乘积。

    Args:
        mat: 矩阵，形状 (M, D)。
        vect: 向量，形状 (D, 1) 或 (D,)。
        prod: 乘积，形状 (M, 1) 或 (M,)。
        threshold: 乘积颜色的下限，小于 1；低于它的值同色。矩阵与向量的颜色范围是 −1 到 1。

    Raises:
        TypeError: 有不是数值的参数。
        ValueError: 形状彼此不符，或 `threshold` 不小于 1。

    Examples:
        >>> show_mat(torch.ones(3, 2), torch.ones(2, 1), torch.ones(3, 1))
        >>> [ax.get_title() for ax in plt.gcf().axes[:3]]
        ['A: 3 × 2', 'a^(i): 2', 'p: 3']
        >>> plt.close()
    """
    A = _array("mat", mat)
    if A.ndim != 2:
        raise ValueError(f"mat 应为二维，收到形状 {A.shape}")
    a, p = _column("vect", vect, A.shape[1]), _column("prod", prod, A.shape[0])
    if not isinstance(threshold, Real) or not threshold < 1:
        raise ValueError(f"threshold 应为小于 1 的数，收到 {threshold!r}")
    fig = plt.figure()
    # 套一层 1×1 的网格：这三格自成一图，之后的 show_scatterplot 不会画进来。
    grid = fig.add_gridspec(1, 1)[0].subgridspec(1, 3, width_ratios=[5, 1, 1])
    axes = grid.subplots(sharey=True)
    lows = (-1, -1, threshold)
    images = [
        ax.matshow(values, vmin=low, vmax=1)
        for ax, values, low in zip(axes, (A, a, p), lows, strict=True)
    ]
    axes[0].set_title(f"A: {A.shape[0]} × {A.shape[1]}")
    axes[1].set(title=f"a^(i): {a.size}", xticks=[])
    axes[2].set(title=f"p: {p.size}", xticks=[])
    fig.colorbar(images[0], ax=axes[1])
    fig.colorbar(images[2], ax=axes[2])
    axes[0].set_ylim(bottom=max(len(a), len(p)) - 0.5)


def acc(l: Num[Tensor, "N K"], y: Int[Tensor, " N"]) -> Float[Tensor, ""]:  # noqa: E741
    """准确率：得分最高的类别等于 `y` 的比例。

    Args:
        l: 各类的得分，形状 (N, K)。
        y: 类别，形状 (N,)。

    Returns:
        0 到 1 的标量张量，在 `l` 所在的设备上。

    Raises:
        ValueError: 形状不对，或没有样本。

    Examples:
        >>> acc(torch.tensor([[0.1, 0.9], [0.8, 0.2]]), torch.tensor([1, 1]))
        tensor(0.5000)
    """
    scores = torch.as_tensor(l)
    labels = torch.as_tensor(y, device=scores.device)
    if scores.ndim != 2 or 0 in scores.shape:
        raise ValueError(f"l 的形状应为 (N, K)，N 与 K 至少为 1，收到 {tuple(scores.shape)}")
    if labels.shape != scores.shape[:1]:
        raise ValueError(f"y 的形状应为 ({len(scores)},)，收到 {tuple(labels.shape)}")
    return (scores.argmax(dim=1) == labels).float().mean()


def overwrite(string: object) -> None:
    """打印一行，并盖掉上一次打印的那行；输出到文件时逐行打印。

    Args:
        string: 要打印的内容。

    Examples:
        >>> overwrite("loss 0.5")
        loss 0.5
    """
    display = _kernel_display()
    if display is not None:
        display.clear_output(wait=True)
        print(string)
    elif sys.stdout.isatty():
        print(f"\r\x1b[2K{string}", end="", flush=True)
    else:
        print(string)


def plot_2d_energy_levels(
    X: Num[Array, "N D"],
    y: Num[Array, " N"],
    energy: Energy,
    v: tuple[float, float] | None = None,
    l: tuple[float, float, float] | None = None,  # noqa: E741
) -> None:
    """新开一张图，用颜色和等高线画出第 k 类的自由能，再叠上数据点。

    Args:
        X: 点的坐标，形状 (N, D)，D 至少为 2，只画前两列。
        y: 类别，形状 (N,)。
        energy: `(xx, yy, F, k, K)`：格点的横、纵坐标与能量，都是 (H, W)；类别 k；类别数 K。
            `torch.meshgrid` 的两种次序都可以。
        v: 颜色的下限与上限；省略时由能量决定。
        l: 等高线的起点、终点（不含）与间隔；省略时自动选取。

    Raises:
        TypeError: 有不是数值的参数。
        ValueError: 形状或取值不对。

    Examples:
        >>> xx, yy = torch.meshgrid(*[torch.linspace(-1, 1, 9)] * 2, indexing="xy")
        >>> energy = (xx, yy, xx**2 + yy**2, 1, 3)
        >>> plot_2d_energy_levels(torch.eye(2), torch.tensor([0, 1]), energy, (0, 2), (0, 2, 0.5))
        >>> plt.gcf().axes[0].get_title()
        'Free energy F(x, y = [0, 1, 0])'
        >>> plt.close()
    """
    xx, yy, F, title = _unpack_energy(energy)
    low, high = (None, None) if v is None else _pair("v", v)
    levels = None if l is None else _range("l", l)
    fig = plt.figure(figsize=(12, 10))
    ax = fig.gca()
    fig.colorbar(ax.pcolormesh(xx, yy, F, vmin=low, vmax=high), ax=ax)
    lines = ax.contour(xx, yy, F, levels=levels, colors="w", linewidths=1)
    ax.clabel(lines, inline=True, fontsize=10, colors="w")
    points = plot_data(X, y, title=title)
    ax.legend(*points.legend_elements(), title="Classes", loc="lower right")
    ax.axis((xx.min(), xx.max(), yy.min(), yy.max()))


def plot_3d_energy_levels(
    X: Num[Array, "N D"],
    y: Num[Array, " N"],
    energy: Energy,
    v: tuple[float, float] | None = None,
    l: tuple[float, float, float] | None = None,  # noqa: E741
    cbl: tuple[float, float, float] | None = None,
) -> tuple[Figure, Axes]:
    """新开一张三维图，画出第 k 类自由能的等高线，数据点落在高度 0 的平面上。

    Args:
        X: 点的坐标，形状 (N, D)，D 至少为 2，只画前两列。
        y: 类别，形状 (N,)。
        energy: 同 `plot_2d_energy_levels`。
        v: 颜色与高度的下限与上限；省略时取能量的最小与最大值。
        l: 等高线的起点、终点（不含）与间隔；省略时自动选取。
        cbl: 颜色条刻度的起点、终点（不含）与间隔；省略时与等高线相同。

    Returns:
        `(fig, ax)`，可用 `ax.view_init` 转动。

    Raises:
        TypeError: 有不是数值的参数。
        ValueError: 形状或取值不对。

    Examples:
        >>> xx, yy = torch.meshgrid(*[torch.linspace(-1, 1, 9)] * 2, indexing="xy")
        >>> energy = (xx, yy, xx**2 + yy**2, 1, 3)
        >>> fig, ax = plot_3d_energy_levels(torch.eye(2), torch.tensor([0, 1]), energy, (0, 2))
        >>> [float(limit) for limit in ax.get_zlim()]
        [0.0, 2.0]
        >>> plt.close()
    """
    xx, yy, F, title = _unpack_energy(energy)
    X, y = _points_and_labels(X, y)
    low, high = _spread(F) if v is None else _pair("v", v)
    levels = MaxNLocator(8).tick_values(low, high) if l is None else _range("l", l)
    ticks = levels if cbl is None else _range("cbl", cbl)
    norm = mpl.colors.Normalize(low, high)
    fig = plt.figure(figsize=(9.5, 6))
    ax = fig.add_subplot(projection="3d")
    ax.contour(xx, yy, F, levels=levels, norm=norm)
    ax.scatter(X[:, 0], X[:, 1], zs=0, c=y, cmap="Spectral")
    for side in (ax.xaxis, ax.yaxis, ax.zaxis):
        side.set_pane_color(mpl.colors.to_rgba(plt.rcParams["axes.facecolor"]))
    ax.set_zlim(low, high)
    fig.colorbar(mpl.cm.ScalarMappable(norm=norm), ax=ax, ticks=ticks)
    ax.set_title(title)
    fig.tight_layout()
    return fig, ax


def print_colourbar() -> None:
    """打印 `plot_state` 的色标：20 个从 −2.5 到 2.5 的状态值，底色与它们在那里的相同。

    笔记本里用底色，终端里用 ANSI 颜色；输出到文件时没有颜色，方括号里写出 sigmoid 之后的值。

    Examples:
        >>> print_colourbar()  # doctest: +ELLIPSIS
        -2.50[0.08] -2.24[0.10] ... 2.50[0.92]
    """
    values = torch.linspace(-2.5, 2.5, 20)
    _print_cells((f"{x:.2f}", x.sigmoid().item()) for x in values)


def plot_state(
    data: Num[Array, "B T D"],
    state: Num[Array, "T B H"],
    b: int,
    decoder: Callable[[np.ndarray], Iterable[str]],
) -> None:
    """循环网络的状态：每个隐藏单元打印一行序列，各符号的底色表示该时刻 sigmoid(状态)。

    Args:
        data: 一批序列，形状 (B, T, D)；比 T 短的序列在前面补齐。
        state: 各时刻的状态，形状 (T, B, H)。
        b: 看第几条序列。
        decoder: 把形状 (T, D) 的数组还原成符号串，补齐的部分不在内。

    Raises:
        TypeError: `data` 或 `state` 不是数值，`b` 不是整数。
        ValueError: 形状不对，`b` 超出范围，或还原出的符号比 T 还多。

    Examples:
        >>> plot_state(torch.zeros(1, 3, 4), torch.zeros(3, 1, 2), 0, lambda x: "BE")
        B[0.50] E[0.50]
        B[0.50] E[0.50]
    """
    data, state = _three_dims("data", data), _three_dims("state", state)
    b = _index("b", b, min(len(data), state.shape[1]))
    symbols = list(decoder(data[b]))
    if len(symbols) > len(state):
        raise ValueError(f"decoder 应至多还原出 {len(state)} 个符号，收到 {len(symbols)} 个")
    levels = torch.from_numpy(state[len(state) - len(symbols) :, b]).sigmoid()
    for unit in levels.T.tolist():
        _print_cells(zip(symbols, unit, strict=True))


# ---- 检查参数 ----


def _array(name: str, value: object) -> np.ndarray:
    """复制成 CPU 上的 NumPy 数组；NumPy 没有 bfloat16，换成 float32。"""
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        value = (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    array = np.array(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} 应为数值张量或数组，收到 {type(value)}，元素类型 {array.dtype}")
    return array


def _points(name: str, value: object) -> np.ndarray:
    X = _array(name, value)
    if X.ndim != 2 or X.shape[1] < 2:
        raise ValueError(f"{name} 的形状应为 (N, D)，D 至少为 2，收到 {X.shape}")
    return X


def _points_and_labels(X: object, y: object) -> tuple[np.ndarray, np.ndarray]:
    X, y = _points("X", X), _array("y", y)
    if y.shape != (len(X),):
        raise ValueError(f"y 的形状应为 ({len(X)},)，与 X 的样本数相同，收到 {y.shape}")
    return X, y


def _three_dims(name: str, value: object) -> np.ndarray:
    array = _array(name, value)
    if array.ndim != 3:
        raise ValueError(f"{name} 应为三维，收到形状 {array.shape}")
    return array


def _column(name: str, value: object, size: int) -> np.ndarray:
    column = _array(name, value)
    if column.shape not in ((size,), (size, 1)):
        raise ValueError(f"{name} 的形状应为 ({size}, 1) 或 ({size},)，收到 {column.shape}")
    return column.reshape(size, 1)


def _positive(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} 应为大于 0 的数，收到 {value!r}")
    if not 0 < value < np.inf:
        raise ValueError(f"{name} 应为大于 0 的有限数，收到 {value!r}")
    return value


def _index(name: str, value: object, size: int) -> int:
    if isinstance(value, Tensor) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} 应为整数，收到 {value!r}")
    if not 0 <= value < size:
        raise ValueError(f"{name} 应在 0 到 {size - 1} 之间，收到 {value!r}")
    return int(value)


def _pair(name: str, value: object) -> tuple[float, float]:
    numbers = _array(name, value)
    if numbers.shape != (2,) or not numbers[0] < numbers[1]:
        raise ValueError(f"{name} 应为（下限, 上限），且下限小于上限，收到 {value!r}")
    return float(numbers[0]), float(numbers[1])


def _range(name: str, value: object) -> np.ndarray:
    numbers = _array(name, value)
    if numbers.shape != (3,) or not numbers[2] > 0:
        raise ValueError(f"{name} 应为（起点, 终点, 间隔），且间隔大于 0，收到 {value!r}")
    return np.arange(*numbers)


# ---- 运行模型 ----


@contextmanager
def _evaluating(model: object) -> Iterator[None]:
    """评估模式、不记梯度；退出时逐个子模块恢复，出错也恢复。"""
    modules = list(model.modules()) if isinstance(model, nn.Module) else []
    modes = [module.training for module in modules]
    try:
        for module in modules:
            module.training = False
        with torch.no_grad():
            yield
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode


def _send(values: Tensor, model: object, X: object) -> Tensor:
    """送到模型的设备与精度上；模型没有浮点参数时用 `X` 的，再没有就用默认的。"""
    owned = (*model.parameters(), *model.buffers()) if isinstance(model, nn.Module) else ()
    given = (X,) if isinstance(X, Tensor) else ()
    anchor = next((t for t in (*owned, *given) if t.is_floating_point()), torch.empty(0))
    return values.to(anchor.dtype).to(anchor.device)


def _predict_classes(model: object, X: object) -> tuple[Int[np.ndarray, "rows cols"], int]:
    """格点上的类别与类别数；第 0 维沿 y 轴，第 1 维沿 x 轴。"""
    if not callable(model):
        raise TypeError(f"model 应为网络或函数，收到 {type(model)}")
    num = round(2 * _HALF_WIDTH / _STEP) + 1
    ticks = torch.linspace(-_HALF_WIDTH, _HALF_WIDTH, num, device="cpu")
    mesh = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1).reshape(-1, 2)
    with _evaluating(model):
        scores = model(_send(mesh, model, X))
    if not isinstance(scores, Tensor):
        raise TypeError(f"model 应返回张量，收到 {type(scores)}")
    shape = tuple(scores.shape)
    if len(shape) != 2 or shape[0] != len(mesh) or shape[1] < 2:
        raise ValueError(f"model 的输出形状应为 ({len(mesh)}, K)，K 至少为 2，收到 {shape}")
    return scores.argmax(dim=1).reshape(num, num).cpu().numpy(), shape[1]


# ---- 坐标轴与颜色 ----


def _draw_cross(ax: Axes) -> None:
    ax.axvline(0, **_CROSS)
    ax.axhline(0, **_CROSS)


def _free_axes() -> Axes:
    """当前坐标轴；它已画过东西、又不是多格子图中的一格时，新开一张图。"""
    ax = plt.gca()
    spec = ax.get_subplotspec()
    if spec is not None:  # 颜色条会把一格再切成两格，只看最外层的网格
        grid = spec.get_topmost_subplotspec().get_gridspec()
        if grid.nrows * grid.ncols > 1:
            return ax
    return plt.figure().gca() if ax.has_data() else ax


def _point_colours(colors: object, num_points: int) -> tuple[object, bool]:
    """`scatter` 能用的颜色，以及它们是不是从二维颜色表里取的。"""
    if isinstance(colors, str):
        return colors, False
    if not isinstance(colors, Tensor) and np.asarray(colors).dtype.kind == "U":
        return list(colors), False
    values = _array("colors", colors)
    if values.shape in ((3,), (4,), (1, 3), (1, 4)) and len(values) != num_points:
        values = np.tile(values, (num_points, 1))  # 所有点同一种 RGB 或 RGBA
    if values.shape[:1] != (num_points,):
        raise ValueError(f"colors 应有 {num_points} 行，与 X 的样本数相同，收到 {values.shape}")
    if values.ndim == 1 or values.shape[1:] == (1,):
        return values.ravel(), False
    if values.shape[1:] == (2,):
        return _look_up(values), True
    return _check_rgb(values), False


def _check_rgb(values: np.ndarray) -> np.ndarray:
    if values.ndim != 2 or values.shape[1] not in (3, 4):
        raise ValueError(f"colors 的形状应为 (N,)、(N, 2)、(N, 3) 或 (N, 4)，收到 {values.shape}")
    low, high = values.min(initial=0), values.max(initial=0)
    if not 0 <= low <= high <= 1:
        raise ValueError(f"colors 的 RGB 应在 0 到 1 之间，收到的最小 {low}、最大 {high}")
    return values


def _look_up(indices: np.ndarray) -> Float[np.ndarray, "N 3"]:
    if indices.dtype.kind not in "iu":
        raise TypeError(f"形状 (N, 2) 的 colors 是颜色表的下标，应为整数，收到 {indices.dtype}")
    low, high, last = indices.min(initial=0), indices.max(initial=0), _MAP_SIZE - 1
    if not 0 <= low <= high <= last:
        raise ValueError(f"colors 的下标应在 0 到 {last} 之间，收到的最小 {low}、最大 {high}")
    return _colour_map()[indices[:, 0], indices[:, 1]]


# OKLab → 线性 sRGB 的两个矩阵。
# 来源: Björn Ottosson，A perceptual color space for image processing，2020
_LAB_TO_LMS = np.array([
    [1.0, 0.3963377774, 0.2158037573],
    [1.0, -0.1055613458, -0.0638541728],
    [1.0, -0.0894841775, -1.2914855480],
])  # fmt: skip
_LMS_TO_RGB = np.array([
    [4.0767416621, -3.3077115913, 0.2309699292],
    [-1.2684380046, 2.6097574011, -0.3413193965],
    [-0.0041960863, -0.7034186147, 1.7076147010],
])  # fmt: skip


@cache
def _colour_map() -> Float[np.ndarray, "512 512 3"]:
    """二维颜色表：第一个下标是色相（0° 到 300°），第二个是明度（由暗到亮）；第一次用到时才生成。"""
    hue, lightness = np.meshgrid(
        np.linspace(0, 5 / 3 * np.pi, _MAP_SIZE), np.linspace(0.5, 0.82, _MAP_SIZE), indexing="ij"
    )
    lab = np.stack([lightness, 0.085 * np.cos(hue), 0.085 * np.sin(hue)], axis=-1)
    linear = (lab @ _LAB_TO_LMS.T) ** 3 @ _LMS_TO_RGB.T  # 彩度 0.085 时全部落在 sRGB 之内
    rgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    rgb.setflags(write=False)
    return rgb


# ---- 能量图 ----


def _unpack_energy(energy: object) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    if not isinstance(energy, tuple | list) or len(energy) != 5:
        raise ValueError(f"energy 应为 (xx, yy, F, k, K) 五项，收到 {type(energy)}")
    *grids, k, K = energy
    xx, yy, F = (
        _array(f"energy 的 {name}", grid) for name, grid in zip(_GRIDS, grids, strict=True)
    )
    shapes = f"{xx.shape}、{yy.shape}、{F.shape}"
    if F.ndim != 2 or min(F.shape) < 2 or not xx.shape == yy.shape == F.shape:
        raise ValueError(f"energy 的 xx、yy、F 应为同样大小、每边至少 2 的二维数组，收到 {shapes}")
    if not np.isfinite(F).all():
        raise ValueError("energy 的 F 应为有限数，收到的含有 nan 或 inf")
    k = _index("energy 的 k", k, K)
    return xx, yy, F, f"Free energy F(x, y = {[int(i == k) for i in range(K)]})"


def _spread(values: np.ndarray) -> tuple[float, float]:
    """最小与最大值；处处相同时上下各放宽一半，免得坐标轴没有长度。"""
    low, high = float(values.min()), float(values.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)


# ---- 打印 ----


def _kernel_display():
    """在 Jupyter 内核里返回 `IPython.display`，否则返回 `None`；从不主动去找 IPython。"""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)
    if getattr(get_ipython(), "kernel", None) is None:
        return None
    return importlib.import_module("IPython.display")


def _print_cells(cells: Iterable[tuple[str, float]]) -> None:
    """打印一行小格子，底色由 0 到 1 的值决定，从蓝到红。"""
    display = _kernel_display()
    if display is not None:
        display.display(display.HTML("".join(_html_cell(*cell) for cell in cells)))
    elif sys.stdout.isatty():
        print("".join(_ansi_cell(*cell) for cell in cells))
    else:
        print(" ".join(f"{text}[{value:.2f}]" for text, value in cells))


def _cell_colours(value: float) -> tuple[tuple[int, int, int], bool]:
    """底色的 RGB（0 到 255），以及上面的字是否该用黑色。"""
    red, green, blue = map(int, mpl.colormaps["coolwarm"](value, bytes=True)[:3])
    return (red, green, blue), 0.299 * red + 0.587 * green + 0.114 * blue > 140


def _html_cell(text: str, value: float) -> str:
    rgb, dark = _cell_colours(value)
    ink = "#000" if dark else "#fff"
    style = f"white-space:pre;padding:0 2px;color:{ink};background-color:rgb{rgb}"
    return f'<span style="{style}">{html.escape(text)}</span>'


def _ansi_cell(text: str, value: float) -> str:
    (red, green, blue), dark = _cell_colours(value)
    return f"\x1b[{30 if dark else 97};48;2;{red};{green};{blue}m {text} \x1b[0m"
