"""训练场有哪些选择：激活函数、优化器、学习率、宽度、点数、噪声、种子；一组一个任务。

这里不导入 torch：列任务时用不着。
"""

from dataclasses import dataclass
from pathlib import Path

from dlnotes_site.tasks.task import Cell, Task

PAGE = "docs/playground.md"
"""用到这些数据的页面。"""

ACTIVATIONS = ("none", "relu", "tanh", "sigmoid")
OPTIMIZERS = {"sgd": ("sgd", {}), "momentum": ("sgd", {"momentum": 0.9}), "adam": ("adam", {})}
LRS = {"sgd": (1e-3, 1e-2, 1e-1, 1.0, 10.0), "momentum": (1e-3, 1e-2, 1e-1, 1.0, 10.0),
       "adam": (1e-3, 1e-2, 1e-1, 1.0)}  # fmt: skip
RECIPES = (("sgd", 1e-3), ("sgd", 1.0), ("momentum", 0.1), ("adam", 1e-3), ("adam", 1e-2))
"""螺旋分类“同一个 ReLU 网络，五种训练法”那一节的五种。"""

NUM_STEPS = 1000
STEPS = (1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 400, 600, 800, NUM_STEPS)
"""回放的各帧：第几步的前向传播用的网络，也就是更新了 step − 1 次的网络。"""
CURVE = tuple(sorted({*STEPS, *range(20, NUM_STEPS + 1, 20)}))
"""损失曲线取的步，各帧都在其中。"""
SIZE, EXTENT = 90, 1.1
"""决策区域每边几格；格子铺满 [−EXTENT, EXTENT]。"""
NUM_TEST = 500
"""测试集每类的点数。"""
MAX_POINTS = 200
"""散点图每类最多画几个点。"""


@dataclass(frozen=True)
class Group:
    """一次 `fit_seeds` 算的一组。"""

    activation: str
    optimizer: str
    lrs: tuple[float, ...]
    width: int
    num_per_class: int
    noises: tuple[float, ...]
    seeds: tuple[int, ...]

    @property
    def cases(self) -> list[tuple[float, int]]:
        """噪声与种子的全部组合。"""
        return [(noise, seed) for noise in self.noises for seed in self.seeds]

    def name(self, lr: float, noise: float, seed: int) -> str:
        """一次训练的名字，`playground.js` 也这样拼。"""
        parts = (self.activation, self.optimizer, f"{lr:g}", self.width, self.num_per_class,
                 f"{noise:g}", seed)  # fmt: skip
        return ",".join(map(str, parts))


def _groups() -> list[Group]:
    table = [Group("relu", optimizer, (lr,), 100, 1000, (0.2,), tuple(range(10)))
             for optimizer, lr in RECIPES]  # fmt: skip
    linear = [Group("none", name, (1e-3,), 100, 1000, (0.2,), (0, 1, 2))
              for name in ("sgd", "adam")]  # fmt: skip
    small = [Group(activation, optimizer, lrs, width, 50, (0.2, 0.6), (0, 1, 2))
             for width in (100, 10) for activation in ACTIVATIONS
             for optimizer, lrs in LRS.items()]  # fmt: skip
    return [*table, *small, *linear]


GROUPS = _groups()
"""全部的组，慢的在前。"""


def group_task(group: Group) -> Task:
    """算一组的任务；结果是变量 `product` 里的 JSON 文字，有 `runs` 与 `points`。"""
    code = (
        "from dlnotes_site.tasks.playground.groups import Group\n"
        "from dlnotes_site.tasks.playground.train import product_of\n\n"
        f"product = product_of({group!r})\n"
    )
    name = f"{group.activation}，{group.optimizer}，宽 {group.width}，lr {group.lrs[0]:g} 起"
    return Task("playground", PAGE, 0, (Cell(0, code),), f"训练场：{name}", "product")


def playground_tasks(root: Path) -> list[Task]:
    """全部的组；没有训练场那一页时没有。"""
    return [group_task(group) for group in GROUPS] if (root / PAGE).exists() else []
