"""画图：中文字体、深浅两色都看得清的样式，和笔记里反复用到的几种图。

每个 `draw_*` 都接受 `ax=None`，画完返回 Axes；不移动模型、不改变它的模式、不改动输入。
"""

import contextlib
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources

import matplotlib as mpl
import numpy as np
import torch
from cycler import cycler
from jaxtyping import Float, Int
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.animation import FuncAnimation
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Tensor, nn

from dlnotes._check import one_of, positive_int

__all__ = [
    "DARK",
    "FONT",
    "LIGHT",
    "PALETTE",
    "animate_regions",
    "draw_band",
    "draw_heatmap",
    "draw_histogram",
    "draw_history",
    "draw_regions",
    "draw_scatter",
    "draw_sweep",
    "draw_warped_grid",
    "style",
    "subplots",
    "use_chinese",
]

FONT = "DLNotes Sans SC"
"""随包附带的中文字体（思源黑体的 GB 2312 子集）的名字。"""

LIGHT = {
    "ink": "#24292f", "muted": "#59636e", "grid": "#d1d9e0", "paper": "#ffffff",
    "blue": "#0072b2", "orange": "#d55e00", "green": "#00845f", "purple": "#a8508a",
    "brown": "#8a6100", "sky": "#2f86c1",
}  # fmt: skip
"""浅色样式的颜色表；数据用色取自对色觉异常友好的 Okabe–Ito 色系，略调暗。"""

DARK = {
    "ink": "#e6e9ec", "muted": "#a9b2bc", "grid": "#4a525b", "paper": "#14181d",
    "blue": "#4fb0ea", "orange": "#ff9248", "green": "#3fcf9f", "purple": "#e39ac9",
    "brown": "#dcb257", "sky": "#8fd0ff",
}  # fmt: skip
"""深色样式的颜色表，与 `LIGHT` 的名字一一对应。"""

_SERIES = ("blue", "orange", "green", "purple", "brown", "sky")
PALETTE = [LIGHT[name] for name in _SERIES]
"""依次用于各条曲线、各个类别的颜色（浅色样式）。"""

_ON_DARK, _ON_LIGHT = "#fefefe", "#010101"  # 写在色块上的字，换深浅样式时不变
_MARKERS = ("o", "^", "s", "D", "v", "P")
_LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 1)))


def use_chinese() -> None:
    """登记随包附带的中文字体并排在最前，原来的字体作后备：汉字不再是方块。

    排在最前而不是作后备，是因为含有公式（`$…$`）的文字只用第一种字体，没有后备。

    导入 `dlnotes.plotting` 时已调用过一次；重设 `rcParams` 之后可以再调用。
    """
    _register_font()
    families = mpl.rcParams["font.family"]
    if FONT not in families:
        mpl.rcParams["font.family"] = [FONT, *families]


@cache
def _register_font() -> None:
    if any(font.name == FONT for font in font_manager.fontManager.ttflist):
        return
    path = resources.files("dlnotes") / "fonts" / "DLNotesSansSC-Regular.otf"
    with resources.as_file(path) as file:
        font_manager.fontManager.addfont(str(file))


use_chinese()


@contextlib.contextmanager
def style(mode: str = "light"):
    """笔记的绘图样式，只在 `with` 里有效。

    Args:
        mode: `"light"` 或 `"dark"`。

    Yields:
        当前的颜色表（`LIGHT` 或 `DARK`）。

    Raises:
        ValueError: `mode` 不是这两个之一。

    Examples:
        >>> with style("dark") as colors:
        ...     colors["paper"]
        '#14181d'
    """
    colors = {"light": LIGHT, "dark": DARK}[one_of("mode", mode, ("light", "dark"))]
    plt.draw_if_interactive()  # 先选定后端：在 rc_context 里选，出来时会关掉 Jupyter 的自动显示
    with mpl.rc_context(_rc(colors)):
        yield colors


def _rc(colors: dict[str, str]) -> dict[str, object]:
    ink, muted, grid = colors["ink"], colors["muted"], colors["grid"]
    return {
        "font.family": [FONT, "DejaVu Sans"], "font.size": 11,
        "figure.facecolor": colors["paper"], "axes.facecolor": "none",
        "savefig.facecolor": "auto", "figure.constrained_layout.use": True,
        "figure.dpi": 100,
        "text.color": ink, "axes.labelcolor": ink, "axes.titlecolor": ink,
        "axes.edgecolor": muted, "xtick.color": muted, "ytick.color": muted,
        "axes.titlesize": 12, "axes.labelsize": 11, "xtick.labelsize": 10, "ytick.labelsize": 10,
        "axes.spines.top": False, "axes.spines.right": False,
        "axes.grid": True, "grid.color": grid, "grid.linewidth": 0.6, "axes.axisbelow": True,
        "legend.frameon": False, "legend.fontsize": 10, "lines.linewidth": 1.8,
        "axes.prop_cycle": cycler(color=[colors[name] for name in _SERIES])
        + cycler(linestyle=_LINES),
    }  # fmt: skip


def subplots(
    num_rows: int = 1,
    num_cols: int = 1,
    size: tuple[float, float] | None = None,
    **options,
) -> tuple[Figure, Axes | np.ndarray]:
    """用笔记样式开一张图，其余同 `plt.subplots`。

    Args:
        num_rows: 行数。
        num_cols: 列数。
        size: 整张图的宽与高，英寸；省略时每格约 4.2×3.4。
        **options: 传给 `plt.subplots`，如 `sharey=True`。

    Returns:
        `(fig, axes)`；只有一格时 `axes` 是 Axes，否则是数组。

    Examples:
        >>> fig, axes = subplots(1, 2)
        >>> axes.shape
        (2,)
    """
    positive_int("num_rows", num_rows)
    positive_int("num_cols", num_cols)
    if size is None:
        width = 6.4 if num_cols == 1 else min(4.2 * num_cols, 11)
        size = (width, 3.8 if num_rows == 1 else 3.2 * num_rows)
    with style():
        return plt.subplots(num_rows, num_cols, figsize=size, **options)


def _axes(ax: Axes | None, size: tuple[float, float] | None = None) -> Axes:
    return subplots(size=size)[1] if ax is None else ax


def _array(values) -> np.ndarray:
    return np.asarray(values.detach().cpu() if isinstance(values, Tensor) else values)


def _points(X, name: str = "X") -> np.ndarray:
    X = _array(X)
    if X.ndim != 2 or X.shape[1] != 2:
        raise ValueError(f"{name} 的形状应为 (n, 2)，收到 {tuple(X.shape)}")
    return X


def draw_scatter(
    X: Float[Tensor, "n 2"],
    y: Int[Tensor, " n"],
    ax: Axes | None = None,
    *,
    size: float = 10,
    labels: Sequence[str] | None = None,
) -> Axes:
    """二维散点图：每一类一种颜色、一种形状。

    Args:
        X: 点的坐标，形状 (n, 2)，可以在任何设备上。
        y: 类别，形状 (n,)。
        ax: 画在哪里；省略时新开一张图。
        size: 点的面积，平方磅。
        labels: 各类的名字；省略时写“类别 0”等，传空表则不画图例。

    Returns:
        画好的 Axes。

    Raises:
        ValueError: `X` 不是 (n, 2)，或 `y` 的长度不同。
    """
    X, y = _points(X), _array(y)
    if len(y) != len(X):
        raise ValueError(f"y 的长度应与 X 的样本数 {len(X)} 相同，收到 {len(y)}")
    ax = _axes(ax, (4.8, 4.6))
    for order, label in enumerate(np.unique(y)):
        members = X[y == label]
        ax.scatter(
            members[:, 0], members[:, 1], s=size, linewidths=0, alpha=0.8,
            color=PALETTE[order % len(PALETTE)], marker=_MARKERS[order % len(_MARKERS)],
            label=f"类别 {label}" if labels is None else _pick(labels, order),
            rasterized=len(X) > 5000,
        )  # fmt: skip
    ax.set_aspect("equal")
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    if labels is None or len(labels):
        ax.legend(loc="upper right", markerscale=1.6, handletextpad=0.2, frameon=False)
    return ax


def _pick(labels: Sequence[str], order: int) -> str | None:
    return labels[order] if order < len(labels) else None


def draw_regions(
    model: nn.Module,
    X: Float[Tensor, "n 2"],
    y: Int[Tensor, " n"],
    ax: Axes | None = None,
    *,
    resolution: int = 240,
    size: float = 5,
    labels: Sequence[str] | None = (),
) -> Axes:
    """决策区域：平面上每一点被 `model` 判成哪一类，再叠上数据点。

    Args:
        model: 输入 (n, 2)、输出 (n, K) logits 的网络；不移动它，也不改变它的模式。
        X: 数据点，形状 (n, 2)；画图范围由它决定。
        y: 类别，形状 (n,)。
        ax: 画在哪里；省略时新开一张图。
        resolution: 每边取多少个格点，正整数。
        size: 点的面积，平方磅。
        labels: 同 `draw_scatter`；默认不画图例。

    Returns:
        画好的 Axes。

    Raises:
        ValueError: 形状不对，或 `resolution` 不是正整数。
    """
    positive_int("resolution", resolution)
    ax = _axes(ax, (4.8, 4.6))
    points = _points(X)
    low, high = points.min(0) - 0.1, points.max(0) + 0.1
    horizontal, vertical = (np.linspace(low[i], high[i], resolution) for i in range(2))
    mesh = np.stack(np.meshgrid(horizontal, vertical), axis=-1).reshape(-1, 2)
    scores = predict(model, torch.tensor(mesh))
    regions = _array(scores.argmax(dim=1)).reshape(resolution, resolution)
    num_classes = scores.shape[1]
    ax.imshow(
        regions, origin="lower", extent=(low[0], high[0], low[1], high[1]), alpha=0.28,
        cmap=ListedColormap([PALETTE[k % len(PALETTE)] for k in range(num_classes)]),
        vmin=-0.5, vmax=num_classes - 0.5, interpolation="nearest", aspect="equal",
    )  # fmt: skip
    for k in range(1, num_classes):
        if (regions >= k).any() and (regions < k).any():
            ax.contour(horizontal, vertical, regions >= k, levels=[0.5], linewidths=1,
                       colors=LIGHT["muted"], linestyles="-")  # fmt: skip
    ax.grid(False)
    return draw_scatter(X, y, ax, size=size, labels=labels)


@torch.no_grad()
def predict(model: nn.Module, X: Float[Tensor, "n ..."]) -> Tensor:
    """在 `eval` 模式下、在模型自己的设备与精度上求输出，结果放回 CPU；之后恢复原来的模式。"""
    anchor = next(model.parameters(), torch.empty(0))
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        return model(X.to(anchor.device, anchor.dtype)).cpu()
    finally:
        for module, training in modes:
            module.training = training


def draw_band(
    values: Float[Tensor, "S T"],
    ax: Axes | None = None,
    *,
    x: Sequence[float] | None = None,
    label: str | None = None,
    smooth: int = 1,
) -> Axes:
    """多种子曲线：线是均值，带是均值 ± 一个样本标准差。

    Args:
        values: 形状 (S, T)，S 个种子各 T 个值；S 为 1 时没有带。
        ax: 画在哪里；省略时新开一张图。
        x: 横坐标，长度 T；省略时为 1 到 T。
        label: 图例里的名字，会加上种子数。
        smooth: 移动平均的窗口长度，1 表示不平滑。

    Returns:
        画好的 Axes。

    Raises:
        ValueError: `values` 不是二维，或 `x` 长度不符。
    """
    values = _array(values)
    if values.ndim != 2:
        raise ValueError(f"values 的形状应为 (种子数, 次数)，收到 {tuple(values.shape)}")
    if smooth > 1:
        kernel = np.ones(positive_int("smooth", smooth)) / smooth
        values = np.stack([np.convolve(row, kernel, mode="valid") for row in values])
    x = np.arange(1, values.shape[1] + 1) if x is None else np.asarray(x)
    if len(x) != values.shape[1]:
        raise ValueError(f"x 的长度应为 {values.shape[1]}，收到 {len(x)}")
    ax = _axes(ax)
    mean = values.mean(0)
    count = f"（{len(values)} 个种子）" if label and len(values) > 1 else ""
    (line,) = ax.plot(x, mean, label=f"{label}{count}" if label else None)
    if len(values) > 1:
        sd = values.std(0, ddof=1)
        ax.fill_between(x, mean - sd, mean + sd, color=line.get_color(), alpha=0.2, linewidth=0)
    if label:
        ax.legend(frameon=False)
    return ax


def draw_sweep(
    lrs: Sequence[float],
    values: Float[Tensor, "G S"],
    ax: Axes | None = None,
    *,
    label: str | None = None,
) -> Axes:
    """学习率扫描：横轴是学习率（对数），线与点是均值，竖线是 ± 一个样本标准差。

    Args:
        lrs: G 个学习率，都大于 0。
        values: 形状 (G, S)，每个学习率 S 个种子的结果。
        ax: 画在哪里；省略时新开一张图。
        label: 图例里的名字。

    Returns:
        画好的 Axes。

    Raises:
        ValueError: 形状不符。
    """
    values = _array(values)
    if values.ndim != 2 or len(values) != len(lrs):
        raise ValueError(f"values 的形状应为 ({len(lrs)}, 种子数)，收到 {tuple(values.shape)}")
    ax = _axes(ax)
    order = len([c for c in ax.containers if hasattr(c, "has_yerr")])
    ax.errorbar(lrs, values.mean(1), yerr=values.std(1, ddof=1), capsize=3, markersize=5,
                marker=_MARKERS[order % len(_MARKERS)], label=label)  # fmt: skip
    ax.set_xscale("log")
    ax.set_xlabel("学习率")
    if label:
        ax.legend(frameon=False)
    return ax


def draw_history(history, ax: Axes | None = None, *, metric: str = "loss") -> Axes:
    """一次训练的曲线：训练集一条，测试集（若有）一条。

    Args:
        history: `dlnotes.training.fit` 返回的 `History`。
        ax: 画在哪里；省略时新开一张图。
        metric: `"loss"` 或 `"accuracy"`。

    Returns:
        画好的 Axes。
    """
    one_of("metric", metric, ("loss", "accuracy"))
    ax = _axes(ax)
    train, test = (getattr(history, f"{part}_{metric}") for part in ("train", "test"))
    ax.plot(range(1, len(train) + 1), train, label="训练集")
    if test:
        ax.plot(history.test_epochs, test, label="测试集")
    ax.set(xlabel="轮次", ylabel={"loss": "损失", "accuracy": "准确率"}[metric])
    ax.legend(frameon=False)
    return ax


def draw_histogram(
    values: Float[Tensor, "..."],
    ax: Axes | None = None,
    *,
    bins: int = 40,
    label: str | None = None,
) -> Axes:
    """直方图，纵轴是概率密度。

    Args:
        values: 任意形状的数值。
        ax: 画在哪里；省略时新开一张图。
        bins: 直条数，正整数。
        label: 图例里的名字。

    Returns:
        画好的 Axes。
    """
    ax = _axes(ax)
    ax.hist(_array(values).ravel(), bins=positive_int("bins", bins), density=True, alpha=0.75,
            label=label, linewidth=0)  # fmt: skip
    ax.set(xlabel="值", ylabel="概率密度")
    if label:
        ax.legend(frameon=False)
    return ax


def draw_heatmap(
    values: Float[Tensor, "rows cols"],
    ax: Axes | None = None,
    *,
    row_labels: Sequence[str] = (),
    col_labels: Sequence[str] = (),
    text: str | None = "{:.2f}",
    colorbar: str | None = None,
    **options,
) -> Axes:
    """热图：一格一个数。

    Args:
        values: 形状 (行数, 列数)。
        ax: 画在哪里；省略时新开一张图。
        row_labels: 各行的名字。
        col_labels: 各列的名字。
        text: 格子里数字的格式；`None` 表示不写数字。
        colorbar: 颜色条的说明；`None` 表示不画颜色条。
        **options: 传给 `Axes.imshow`，如 `norm`、`vmin`。

    Returns:
        画好的 Axes。

    Raises:
        ValueError: `values` 不是二维。
    """
    values = _array(values)
    if values.ndim != 2:
        raise ValueError(f"values 应为二维，收到形状 {tuple(values.shape)}")
    ax = _axes(ax)
    image = ax.imshow(values, **{"cmap": "cividis", "aspect": "auto", **options})
    ax.grid(False)
    ax.set_xticks(range(values.shape[1]), col_labels or range(values.shape[1]))
    ax.set_yticks(range(values.shape[0]), row_labels or range(values.shape[0]))
    if text is not None:
        for (row, col), value in np.ndenumerate(values):
            red, green, blue, _ = image.cmap(image.norm(value))
            colour = _ON_DARK if 0.3 * red + 0.6 * green + 0.1 * blue < 0.5 else _ON_LIGHT
            ax.text(col, row, text.format(value), ha="center", va="center", fontsize=9,
                    color=colour)  # fmt: skip
    if colorbar is not None:
        ax.figure.colorbar(image, ax=ax, label=colorbar)
    return ax


def draw_warped_grid(
    function: Callable[[Tensor], Tensor],
    ax: Axes | None = None,
    *,
    limit: float = 1.0,
    num_lines: int = 13,
) -> Axes:
    """把平面上的方格纸送进 `function`，画出它变成什么样：折、拉、转都看得见。

    Args:
        function: (n, 2) 到 (n, 2) 的函数，如网络的前几层。
        ax: 画在哪里；省略时新开一张图。
        limit: 方格纸的范围是 [−limit, limit]²。
        num_lines: 每个方向的线数，正整数。

    Returns:
        画好的 Axes。

    Raises:
        ValueError: `function` 的输出不是 (n, 2)。
    """
    positive_int("num_lines", num_lines)
    ax = _axes(ax, (4.8, 4.6))
    along = torch.linspace(-limit, limit, 200)
    for value in torch.linspace(-limit, limit, num_lines):
        fixed = value.expand_as(along)
        for name, line in (("blue", (along, fixed)), ("orange", (fixed, along))):
            with torch.no_grad():
                image = _points(function(torch.stack(line, dim=1)), "function 的输出")
            ax.plot(image[:, 0], image[:, 1], color=LIGHT[name], linewidth=0.9,
                    linestyle="-" if name == "blue" else "--")  # fmt: skip
    ax.set_aspect("equal")
    return ax


def animate_regions(
    models: Sequence[nn.Module],
    X: Float[Tensor, "n 2"],
    y: Int[Tensor, " n"],
    titles: Sequence[str],
) -> FuncAnimation:
    """决策区域的动画，一个模型一帧；在笔记里显示成可以拖动的滑块。

    在 Jupyter 里用 `HTML(animation.to_jshtml())` 播放，在脚本里用 `plt.show()`。

    Args:
        models: 训练途中存下的网络，每帧一个。
        X: 数据点，形状 (n, 2)。
        y: 类别，形状 (n,)。
        titles: 每帧的标题，与 `models` 同长。

    Returns:
        `matplotlib.animation.FuncAnimation`。

    Raises:
        ValueError: `titles` 与 `models` 长度不同。
    """
    if len(titles) != len(models):
        raise ValueError(f"titles 应与 models 同长（{len(models)}），收到 {len(titles)} 个")
    fig, ax = subplots(size=(4.8, 4.8))

    def frame(i: int):
        with style():
            ax.clear()
            draw_regions(models[i], X, y, ax)
            ax.set_title(titles[i])
        return ax.get_children()

    # 挂在图上：没有赋给变量的动画也不会被回收
    fig.animation = FuncAnimation(fig, frame, frames=len(models), init_func=lambda: None)
    return fig.animation
