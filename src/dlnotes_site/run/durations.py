"""各任务上次的用时：慢的先跑，分片才均匀。提交在仓库里的一份，加上本机最近一次的。"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from dlnotes_site.project import Project, write_if_changed
from dlnotes_site.run.key import digest
from dlnotes_site.tasks.task import Task

UNKNOWN = 1.0
"""没有跑过的任务当作这么多秒。"""


class Durations:
    """秒数；任务按页面与代码认，挪了行也对得上。"""

    def __init__(self, seconds: dict[str, dict[str, float]]):
        self.seconds = seconds

    @classmethod
    def read(cls, project: Project, committed_only: bool = False) -> "Durations":
        """读出来；`committed_only` 为真时只看提交了的，几台机器才分得一样。"""
        seconds = _read(project.durations)
        for page, known in {} if committed_only else _read(_local(project)).items():
            seconds.setdefault(page, {}).update(known)
        return cls(seconds)

    def of(self, task: Task) -> float:
        """`task` 估计要几秒。"""
        return self.seconds.get(task.page, {}).get(_name(task), UNKNOWN)

    def is_known(self, task: Task) -> bool:
        """跑过没有。"""
        return _name(task) in self.seconds.get(task.page, {})


def deal(jobs: Sequence[tuple], count: int) -> list[list]:
    """把 `(东西, 秒数)` 分成至多 `count` 份：从慢到快，每次交给眼下最闲的一份。"""
    load = [0.0] * min(count, len(jobs))
    shards: list[list] = [[] for _ in load]
    for item, seconds in sorted(jobs, key=lambda job: -job[1]):
        least = load.index(min(load))
        load[least] += seconds
        shards[least].append(item)
    return shards


def write_durations(
    project: Project, measured: Iterable[tuple[Task, float]], commit: bool = False
) -> Path:
    """记下用时：平时记在 `build/`，`commit` 为真时写进要提交的那一份，并去掉不再有的任务。"""
    path = project.durations if commit else _local(project)
    seconds = {} if commit else _read(path)
    for task, value in measured:
        seconds.setdefault(task.page, {})[_name(task)] = float(f"{value:.2g}")
    lines = [f"{json.dumps(page, ensure_ascii=False)}: {json.dumps(seconds[page], sort_keys=True)}"
             for page in sorted(seconds)]  # fmt: skip
    write_if_changed(path, "{\n" + ",\n".join(lines) + "\n}\n")
    return path


def _local(project: Project) -> Path:
    return project.build / "durations.json"


def _read(path: Path) -> dict[str, dict[str, float]]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _name(task: Task) -> str:
    return digest(task.kind, task.code, task.name)[:12]
