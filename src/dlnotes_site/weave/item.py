"""织的单位：一页连同它的笔记本、实验的一本、训练场的数据。"""

from collections.abc import Callable
from dataclasses import dataclass, field

from dlnotes_site.pages.collect import Problem


@dataclass
class Made:
    """织一个单位得到的东西。

    Attributes:
        files: 在 `build/docs` 里的位置到内容。
        later: 同上，图写好之后才算的（笔记本）。
        frames: 用到的图在记录库里的名字，以及画它的代码在第几行。
        problems: 毛病。
    """

    files: dict[str, str | bytes] = field(default_factory=dict)
    later: dict[str, Callable[[], str | bytes]] = field(default_factory=dict)
    frames: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Item:
    """一个单位。

    Attributes:
        name: 独一无二的名字。
        page: 有毛病时算在哪个页面上。
        text: 文字的摘要；算它不读记录。
        run: 算出用到的记录的摘要。
        make: 织；参数由图的名字取得 SVG。
    """

    name: str
    page: str
    text: str
    run: Callable[[], str]
    make: Callable[[Callable[[str], str]], Made]
