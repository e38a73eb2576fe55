"""一次运行的结果：给出任务或代码块，取回它的记录与图。"""

from functools import cached_property

from dlnotes_site.pages.collect import Block
from dlnotes_site.project import Project
from dlnotes_site.run.key import Environment, Keys
from dlnotes_site.run.long import read_long
from dlnotes_site.run.store import Damaged, Record, Store, blob_name, read_manifest
from dlnotes_site.tasks.blocks import block_task
from dlnotes_site.tasks.task import Task


class Results:
    """一次运行的结果。

    Args:
        project: 笔记仓库。
        environment: 哪个环境里的运行；省略时是最近一次。没有运行过时，一条记录也没有。
        store: 记录库；省略时是仓库自己的。
    """

    def __init__(
        self, project: Project, environment: Environment | None = None, store: Store | None = None
    ):
        self.project = project
        self.environment = environment or read_manifest(project.manifest)
        self.store = store or Store(project.records)

    @cached_property
    def keys(self) -> Keys | None:
        """算键的函数；没有运行过时为 `None`。"""
        return self.environment and Keys(self.environment, self.project.source)

    def record(self, task: Task) -> Record | None:
        """任务的记录。"""
        return None if self.keys is None else self.store.get(self.keys(task))

    def block(self, block: Block) -> Record | None:
        """代码块的记录；长实验的取自仓库。"""
        if block.is_long:
            return read_long(self.project, block)
        return self.record(block_task(block))

    def blob(self, name: str) -> str:
        """一帧图或一份数据的文字；长实验的图在仓库里。"""
        try:
            return self.store.blob(name)
        except Damaged:
            found = next(self.project.long.glob(f"*/{name}.svg"), None)
            if found is None:
                raise
            text = found.read_bytes().decode(errors="replace")
            if blob_name(text) != name:
                raise
            return text
