"""代码块写成任务。"""

from pathlib import Path

from dlnotes_site.pages.collect import Block, collect
from dlnotes_site.tasks.task import Cell, Task


def block_task(block: Block) -> Task:
    """一个代码块就是一格的任务。"""
    cell = Cell(block.line, block.code, block.expected, block.ignore_whitespace)
    return Task("block", block.page, block.line, (cell,))


def block_tasks(root: Path) -> list[Task]:
    """平常要运行的全部代码块：不算写明跳过的和长实验。"""
    return [block_task(b) for b in collect(root) if b.skip is None and not b.is_long]
