"""曲线与表格：多种子曲线、学习率扫描、直方图、热图、消融实验的点图。"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from dlnotes._core.check import instance_of, positive_int, sequence
from dlnotes.plotting._axes import (
    MARKERS,
    ON_DARK,
    ON_LIGHT,
    as_numbers,
    as_table,
    axes_for,
    check_axes,
)
from dlnotes.plotting.style import LIGHT, subplots
from dlnotes.training import AblationTable

__all__ = ["draw_ablation", "draw_band", "draw_heatmap", "draw_histogram", "draw_sweep"]


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
        smooth: 移动平均的窗口长度，正奇数；1 表示不平滑。窗口以每一点为中心，所以曲线不会左右
            移动；两端放不下时对称地收窄，头尾两点不平滑。

    Returns:
        画好的 Axes。

    Raises:
        ValueError: `values` 不是二维或是空的，`x` 长度不符，或 `smooth` 不是正奇数。
        TypeError: `values`、`x` 不是数值，或 `smooth` 不是整数。
    """
    values = as_table(values, "(种子数, 次数)")
    if positive_int("smooth", smooth) % 2 == 0:
        raise ValueError(f"smooth 应为正奇数（窗口以每一点为中心），收到 {smooth!r}")
    values = _smoothed(values, smooth)
    x = np.arange(1, values.shape[1] + 1) if x is None else as_numbers(x, "x")
    if x.shape != values.shape[1:]:
        raise ValueError(f"x 的长度应为 {values.shape[1]}，收到形状 {x.shape}")
    ax = axes_for(ax)
    mean = values.mean(0)
    count = f"（{len(values)} 个种子）" if label and len(values) > 1 else ""
    (line,) = ax.plot(x, mean, label=f"{label}{count}" if label else None)
    if len(values) > 1:
        std = values.std(0, ddof=1)
        ax.fill_between(x, mean - std, mean + std, color=line.get_color(), alpha=0.2, linewidth=0)
    if label:
        ax.legend(frameon=False)
    return ax


def _smoothed(values: np.ndarray, window: int) -> np.ndarray:
    """每一行的中心移动平均，长度不变；两端的窗口对称地收窄，直线还是原来的直线。"""
    last = values.shape[1] - 1
    halves = [min(window // 2, i, last - i) for i in range(last + 1)]
    columns = [values[:, i - h : i + h + 1].mean(1) for i, h in enumerate(halves)]
    return np.stack(columns, axis=1)


def draw_sweep(
    lrs: Sequence[float],
    values: Float[Tensor, "G S"],
    ax: Axes | None = None,
    *,
    label: str | None = None,
) -> Axes:
    """学习率扫描：横轴是学习率（对数），线与点是均值，竖线是 ± 一个样本标准差。

    只有一个种子时没有标准差，不画竖线。

    Args:
        lrs: G 个学习率，都大于 0。
        values: 形状 (G, S)，每个学习率 S 个种子的结果。
        ax: 画在哪里；省略时新开一张图。
        label: 图例里的名字。

    Returns:
        画好的 Axes。

    Raises:
        ValueError: 形状不符，或 `lrs` 不全大于 0。
        TypeError: 收到的不是数值。
    """
    lrs = as_numbers(lrs, "lrs")
    if lrs.ndim != 1 or not (lrs > 0).all():
        raise ValueError(f"lrs 应为若干个大于 0 的数，收到 {lrs.tolist()}")
    values = as_table(values, f"({len(lrs)}, 种子数)")
    if len(values) != len(lrs):
        raise ValueError(
            f"values 的形状应为 ({len(lrs)}, 种子数)，与 lrs 的个数相同，收到 {values.shape}"
        )
    ax = axes_for(ax)
    std = values.std(1, ddof=1) if values.shape[1] > 1 else None
    order = len([c for c in ax.containers if hasattr(c, "has_yerr")])
    ax.errorbar(lrs, values.mean(1), yerr=std, capsize=3, markersize=5,
                marker=MARKERS[order % len(MARKERS)], label=label)  # fmt: skip
    ax.set_xscale("log")
    ax.set_xlabel("学习率")
    if label:
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

    Raises:
        ValueError: `values` 是空的，含有 NaN 或无穷大，或 `bins` 不是正整数。
        TypeError: `values` 不是数值，或 `bins` 不是整数。
    """
    values = as_numbers(values).ravel()
    if not values.size or not np.isfinite(values).all():
        num_bad = int((~np.isfinite(values)).sum())
        raise ValueError(
            f"values 应全是有限的数，收到 {values.size} 个，其中 {num_bad} 个是 NaN 或无穷大"
        )
    positive_int("bins", bins)
    ax = axes_for(ax)
    ax.hist(values, bins=bins, density=True, alpha=0.75, label=label, linewidth=0)
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
        ValueError: `values` 不是二维或是空的，名字的个数不符，或 `text` 写不出数字。
        TypeError: `values` 不是数值，名字不是一串，或 `text` 不是文字。
    """
    values = as_table(values, "(行数, 列数)")
    row_labels = _tick_labels("row_labels", row_labels, values.shape[0])
    col_labels = _tick_labels("col_labels", col_labels, values.shape[1])
    _check_format(text, values.flat[0])
    ax = axes_for(ax)
    image = ax.imshow(values, **{"cmap": "cividis", "aspect": "auto", **options})
    ax.grid(False)
    ax.set_xticks(range(values.shape[1]), col_labels)
    ax.set_yticks(range(values.shape[0]), row_labels)
    if text is not None:
        for (row, col), value in np.ndenumerate(values):
            red, green, blue, _ = image.cmap(image.norm(value))
            colour = ON_DARK if 0.3 * red + 0.6 * green + 0.1 * blue < 0.5 else ON_LIGHT
            ax.text(col, row, text.format(value).replace("-", "−"), ha="center", va="center",
                    fontsize=11, color=colour)  # fmt: skip
    if colorbar is not None:
        ax.figure.colorbar(image, ax=ax, label=colorbar)
    return ax


def _check_format(text: str | None, value: object) -> None:
    """`text` 能写出一个数，否则报错：写到一半才出错，图就坏了。"""
    if text is None:
        return
    try:
        instance_of("text", text, str).format(value)
    except (ValueError, IndexError, KeyError) as error:
        raise ValueError(f"text 应为写一个数的格式，如 '{{:.2f}}'，收到 {text!r}") from error


def _tick_labels(argument: str, labels: Sequence, num: int) -> Sequence:
    """省略时是 0、1、2……；否则个数要对。"""
    labels = sequence(argument, labels)
    if len(labels) not in (0, num):
        raise ValueError(f"{argument} 应有 {num} 个名字，收到 {len(labels)} 个")
    return labels or range(num)


def draw_ablation(table: AblationTable, ax: Axes | None = None) -> Axes:
    """各变体与基线之差的点图：小点是各种子，大点是平均，横线是 95% BCa 区间。

    判断是更高或更低时大点实心，分不出或相当时空心。

    Args:
        table: `ablate` 的结果。
        ax: 画在哪里；省略时新开一张图。

    Returns:
        画好的 Axes，横轴是百分点，一个变体一行，从上到下与 `variants` 同序。

    Raises:
        TypeError: `table` 不是 `AblationTable`，或 `ax` 不是 Axes。
    """
    names = instance_of("table", table, AblationTable).names[1:]
    check_axes(ax)
    if ax is None:
        _, ax = subplots(figsize=(6.4, 1.2 + 0.42 * len(names)))
    ax.axvline(0, color=LIGHT["muted"], linewidth=1, linestyle=":")
    for row, name in enumerate(names):
        values, (low, high) = 100 * table.difference(name), table.comparison(name).interval
        ax.plot(values, [row] * len(values), linestyle="", marker="o", markersize=3, alpha=0.4,
                color=LIGHT["muted"])  # fmt: skip
        sure = table.verdict(name) in ("更高", "更低")
        ax.plot([100 * low, 100 * high], [row, row], color=LIGHT["blue"], linestyle="-",
                linewidth=2.5, marker="")  # fmt: skip
        ax.plot(values.mean(), row, linestyle="", marker="o", markersize=9, color=LIGHT["blue"],
                markerfacecolor=LIGHT["blue" if sure else "paper"])  # fmt: skip
    ax.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    ax.set_xlabel(f"测试准确率与“{table.names[0]}”之差（百分点）")
    ax.grid(visible=False, axis="y")
    return ax
