"""有哪些讲解器，各在哪一页；这里不导入 torch：列任务时用不着。"""

from pathlib import Path

from dlnotes_site.pages.collect import collect_page
from dlnotes_site.tasks.task import Cell, Task

PAGES = {
    "broadcast": "docs/notes/shapes.md",
    "graph": "docs/notes/autograd.md",
    "softmax": "docs/notes/softmax-regression.md",
    "depth": "docs/notes/vanishing-gradients.md",
    "pieces": "docs/notes/width-vs-depth.md",
    "descent": "docs/notes/gradient-descent.md",
    "convolution": "docs/notes/convolution.md",
    "lenet": "docs/notes/lenet.md",
}
"""讲解器，由名字到它所在的笔记；次序是读笔记的次序。"""

WITH_DATA = ("convolution", "lenet")
"""另要一份数据文件的。"""

NUM_CASES = 24
"""每个讲解器随机抽几组设置。"""


def explainer_task(name: str) -> Task:
    """一个讲解器的任务；结果是变量 `product` 里的 JSON 文字，有 `cases`，要数据的还有 `data`。"""
    code = (
        f"import json\n\nfrom dlnotes_site.tasks.explainers import {name}\n\n"
        f"product = json.dumps({name}.product())\n"
    )
    return Task("explainer", PAGES[name], 0, (Cell(0, code),), f"讲解器：{name}", "product")


def explainer_tasks(root: Path) -> list[Task]:
    """页面上用到的讲解器。"""
    return [
        explainer_task(name) for name, page in PAGES.items() if name in _used(root / page, root)
    ]


def _used(path: Path, root: Path) -> set[str | None]:
    return {block.explainer for block in collect_page(path, root)} if path.exists() else set()
