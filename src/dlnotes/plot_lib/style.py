"""课程的黑底样式。"""

import matplotlib as mpl
from matplotlib import pyplot as plt

from dlnotes._core.check import positive
from dlnotes.plot_lib.arrays import to_array
from dlnotes.plotting.style import use_chinese

__all__ = ["set_default"]


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
    """换成课程的黑底样式（`dark_background` 加 `bmh`），并设定图的大小；汉字也能显示。

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
    size = to_array("figsize", figsize)
    if size.shape != (2,):
        raise ValueError(f"figsize 应为宽与高两个数，收到 {figsize!r}")
    size = [positive("figsize", float(side)) for side in size]
    positive("dpi", dpi)
    previous = {k: v for k, v in mpl.rcParams.copy().items() if k != "backend"}
    plt.style.use(["dark_background", "bmh"])
    plt.rc("axes", facecolor="k")
    plt.rc("figure", facecolor="k", figsize=size, dpi=dpi)
    use_chinese()  # 样式表把字体换回了没有汉字的 DejaVu，所以放在最后
    return _Defaults(previous)
