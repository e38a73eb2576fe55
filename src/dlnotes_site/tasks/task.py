"""一件要运行的事：代码块、实验、训练场的一组、长实验的一格，写法都一样。"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """一格代码；`line` 是它前面那一行的行号，也就是代码块的围栏。"""

    line: int
    code: str
    expected: str | None = None
    ignore_whitespace: bool = False
    echo: bool = False
    """像笔记本那样，显示最后一个表达式的值。"""


@dataclass(frozen=True)
class Task:
    """一个任务：在一个全新的进程里依次运行各格，各格共用变量。

    Attributes:
        kind: `"block"`、`"lab"`、`"playground"`、`"long"`（长实验的一格）、`"explainer"`。
        page: 写着它的页面；不写在页面里的（训练场的数据）是用到它的页面。
        line: 在页面里的行号；不写在页面里的是 0。
        cells: 各格代码。
        name: 同一页、同一行里的不同任务靠它区分，如长实验的 `depth=8, seed=0`。
        product: 结果存在哪个变量里（一段文字）；代码块的结果是输出与图，没有这样的变量。
        setting: 长实验的一格：传给代码的设置，JSON 文字。
        key_code: 算键时用的代码；省略时是全部代码。
        limit: 自己的时限，秒；省略时用通用的。
    """

    kind: str
    page: str
    line: int
    cells: tuple[Cell, ...]
    name: str = ""
    product: str | None = None
    setting: str | None = None
    key_code: str | None = None
    limit: float | None = None

    @property
    def where(self) -> str:
        """`页面:行号`，不写在页面里的只有页面，有名字的带上名字。"""
        place = f"{self.page}:{self.line}" if self.line else self.page
        return f"{place}（{self.name}）" if self.name else place

    @property
    def code(self) -> str:
        """各格的代码连在一起。"""
        return "\n".join(cell.code for cell in self.cells)
