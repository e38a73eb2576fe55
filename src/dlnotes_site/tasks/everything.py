"""一次平常的运行里的全部任务：代码块、实验、训练场、讲解器。"""

from pathlib import Path

from dlnotes_site.tasks.blocks import block_tasks
from dlnotes_site.tasks.explainers.listed import explainer_tasks
from dlnotes_site.tasks.labs import lab_tasks
from dlnotes_site.tasks.playground.groups import playground_tasks
from dlnotes_site.tasks.task import Task


def all_tasks(root: Path) -> list[Task]:
    """全部任务，次序固定；长实验不在内，见 `tasks.long`。"""
    return [
        *block_tasks(root), *lab_tasks(root), *playground_tasks(root), *explainer_tasks(root),
    ]  # fmt: skip
