"""讲解器的数据：要数据的各写一个脚本，`file://` 下也取得到。"""

import json
from collections.abc import Callable
from functools import partial

from dlnotes_site.pages.collect import Problem
from dlnotes_site.project import Project
from dlnotes_site.run.key import digest
from dlnotes_site.run.results import Results
from dlnotes_site.tasks.explainers.listed import WITH_DATA, explainer_tasks
from dlnotes_site.tasks.task import Task
from dlnotes_site.weave.item import Item, Made

FOLDER = "assets/explain"


def items(project: Project, results: Results) -> list[Item]:
    """页面上用到的讲解器的数据，一个一份。"""
    wanted = {f"讲解器：{name}": name for name in WITH_DATA}
    return [
        Item(task.name, task.page, task.name, partial(_run, results, task),
             partial(_make, results, task, wanted[task.name]))
        for task in explainer_tasks(project.root) if task.name in wanted
    ]  # fmt: skip


def _run(results: Results, task: Task) -> str:
    return digest(repr(results.record(task)))


def _make(results: Results, task: Task, name: str, read: Callable[[str], str]) -> Made:
    record = results.record(task)
    if record is None:
        message = f"讲解器 {name} 没有新鲜的运行记录，先运行 dlnotes-site run"
        return Made(problems=[Problem(task.page, 0, message)])
    return Made({f"{FOLDER}/{name}.js": script(name, json.loads(read(record.product))["data"])})


def script(name: str, data: dict) -> str:
    """数据文件的全文。"""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return f'(globalThis.dlExplainData ??= {{}})["{name}"] = JSON.parse({json.dumps(text)});\n'
