"""计划：这次有哪些任务，各自的键，哪些已有记录，怎样分给几台机器；执行；收拢。

`plan → exec → collect` 之间只隔着记录库这个文件夹，所以换一种派法（几台机器、集群）只换中间一步。
"""

import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from dlnotes_site.pages.collect import Problem, check, collect
from dlnotes_site.project import Project
from dlnotes_site.run.cluster import Cluster
from dlnotes_site.run.device import default_device, usable_device
from dlnotes_site.run.durations import Durations, deal, write_durations
from dlnotes_site.run.key import Environment, Keys, Sources
from dlnotes_site.run.provenance import cores
from dlnotes_site.run.store import Store, write_manifest
from dlnotes_site.run.workers import Settings, run_tasks
from dlnotes_site.tasks.everything import all_tasks
from dlnotes_site.tasks.labs import check_labs
from dlnotes_site.tasks.long import check_long
from dlnotes_site.tasks.task import Task

LIMIT_SECONDS = 120.0


@dataclass(frozen=True)
class Planned:
    """计划里的一个任务；`seconds` 是估计的用时。"""

    task: Task
    key: str
    seconds: float
    recorded: bool


@dataclass
class Plan:
    """一次运行的计划。"""

    environment: Environment
    tasks: list[Planned]
    problems: list[Problem] = field(default_factory=list)
    skipped: int = 0
    sources: Sources | None = None

    @property
    def missing(self) -> list[Planned]:
        """还没有记录的任务。"""
        return [planned for planned in self.tasks if not planned.recorded]

    @property
    def keys(self) -> set[str]:
        """各任务的键。"""
        return {planned.key for planned in self.tasks}

    def shard(self, index: int, count: int) -> "Plan":
        """第 `index` 份（从 1 数起）：从慢到快，每次把任务交给眼下最闲的一份。

        Raises:
            ValueError: 不是 1 ≤ index ≤ count。
        """
        if not 1 <= index <= count:
            raise ValueError(f"shard 应为 i/n，且 1 ≤ i ≤ n，收到 {index}/{count}")
        ordered = sorted(self.tasks, key=lambda p: p.task.where)
        shards = deal([(planned, planned.seconds) for planned in ordered], count)
        chosen = shards[index - 1] if index <= len(shards) else []
        return Plan(self.environment, chosen, self.problems, self.skipped, self.sources)

    def to_json(self) -> dict:
        """写给 `exec` 与人看的清单。"""
        return {
            "environment": self.environment.to_json(),
            "tasks": [{"key": p.key, "kind": p.task.kind, "where": p.task.where,
                       "cells": [cell.line for cell in p.task.cells],
                       "seconds": p.seconds, "recorded": p.recorded} for p in self.tasks],
        }  # fmt: skip


@dataclass
class Summary:
    """一次运行的小结；`failures` 的键是任务的位置。"""

    pages: int = 0
    run: int = 0
    reused: int = 0
    skipped: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    seconds: float = 0.0
    compute_seconds: float = 0.0
    device: str = ""

    @property
    def ok(self) -> bool:
        """没有失败，也没有毛病。"""
        return not self.failures and not self.problems

    def __str__(self) -> str:
        return (
            f"页面 {self.pages}；任务：运行 {self.run}，沿用 {self.reused}，"
            f"失败 {len(self.failures)}，跳过 {self.skipped}；"
            f"用时 {self.seconds:.1f} 秒；设备 {self.device}"
        )


# --- 计划 ----------------------------------------------------------------------------------------


def make_plan(
    project: Project,
    *,
    targets: Sequence[str] = (),
    device: str | None = None,
    threads: int = 1,
    fresh: bool = False,
    committed_durations: bool = False,
    tasks: Sequence[Task] | None = None,
    elsewhere: bool = False,
) -> Plan:
    """列出任务。

    Args:
        project: 笔记仓库。
        targets: 只要这些页面或 `页面:行号`；空表示全部。
        device: 设备种类；省略时自动选择。
        threads: 每个进程的线程数。
        fresh: 当作都没有记录。
        committed_durations: 用时只看提交在仓库里的，几台机器分片时才一致。
        tasks: 任务；省略时是仓库里平常的全部。
        elsewhere: 在别的机器上运行，本机有没有 `device` 不要紧。
    """
    kind = (device if elsewhere else usable_device(device)) if device else default_device()
    environment = Environment.current(kind, threads)
    everything = all_tasks(project.root) if tasks is None else list(tasks)
    chosen = select(everything, targets, project.root)
    keys, store = Keys(environment, project.source), Store(project.records)
    durations = Durations.read(project, committed_durations)
    planned, problems = [], []
    for task in chosen:
        try:
            key = keys(task)
        except ValueError as error:  # 导入的写法让键看不见源文件
            problems.append(Problem(task.page, task.line, str(error)))
            continue
        recorded = not fresh and store.get(key) is not None
        planned.append(Planned(task, key, durations.of(task), recorded))
    pages = {task.page for task in chosen}
    problems += [p for p in (*check(project.root), *check_labs(project.root),
                            *check_long(project.root))
                if not targets or p.page in pages]  # fmt: skip
    skipped = sum(b.skip is not None and (not targets or b.page in pages)
                  for b in collect(project.root))  # fmt: skip
    return Plan(environment, planned, problems, skipped, keys.sources)


def select(tasks: list[Task], targets: Sequence[str], root: Path) -> list[Task]:
    """`targets` 说的那些任务。

    Raises:
        ValueError: 某个目标没有任务。
    """
    if not targets:
        return tasks
    chosen: list[Task] = []
    for target in targets:
        page, _, line = target.partition(":")
        page = Path(os.path.relpath(page, root) if Path(page).is_absolute() else page).as_posix()
        found = [t for t in tasks if t.page in (page, f"docs/{page}", f"docs/notes/{page}.md")]
        if line:
            found = _at_line(found, int(line)) if line.isdigit() else []
        if not found:
            known = "、".join(dict.fromkeys(t.page for t in tasks))
            raise ValueError(
                f"目标 {target!r} 没有要运行的；应为页面或“页面:行号”，可以运行的页面：{known}"
            )
        chosen += [t for t in found if t not in chosen]
    return chosen


def _at_line(tasks: list[Task], line: int) -> list[Task]:
    """行号落在哪个任务的哪一格里（围栏那一行也算）。"""
    return [t for t in tasks
            if any(c.line <= line <= c.line + c.code.count("\n") + 1 for c in t.cells)]  # fmt: skip


# --- 执行 ----------------------------------------------------------------------------------------


def execute_plan(
    project: Project,
    plan: Plan,
    *,
    jobs: int | None = None,
    limit: float = LIMIT_SECONDS,
    progress: bool | None = None,
    cluster: Cluster | None = None,
) -> Summary:
    """运行计划里缺记录的任务，其余沿用。

    Args:
        project: 笔记仓库。
        plan: 计划。
        jobs: 并行的进程数；省略时等于用得上的核数（GPU 上为 1）。
        limit: 每个任务的时限，秒。
        progress: 是否显示进度条；`None` 表示只在终端里显示。
        cluster: 交给集群；省略时在本机运行。

    Returns:
        小结；失败的任务在 `failures` 里。
    """
    start = time.perf_counter()
    missing = _longest_first(project, plan.missing)
    summary = Summary(
        pages=len({p.task.page for p in plan.tasks}), reused=len(plan.tasks) - len(missing),
        skipped=plan.skipped, problems=list(plan.problems),
        device=plan.environment.device_kind.upper(),
    )  # fmt: skip
    if missing:
        try:
            measured = _run(project, plan, missing, jobs, limit, progress, summary, cluster)
        finally:  # 中断时也要查
            summary.failures.update(_drop_outdated(project, plan, missing))
        write_durations(project, measured)
    write_manifest(project.manifest, plan.environment)
    summary.seconds = time.perf_counter() - start
    return summary


def _run(project, plan: Plan, missing, jobs, limit, progress, summary: Summary, cluster):
    """派给工作进程或集群，收下结果；返回成功的任务与秒数。"""
    settings = Settings(project.root, project.records, plan.environment, limit)
    if cluster is None:
        workers = jobs or (cores() if plan.environment.device_kind == "cpu" else 1)
        results = run_tasks([(p.task, p.key) for p in missing], settings, workers)
    else:
        results = cluster.run_tasks([(p.task, p.key, p.seconds) for p in missing], settings)
    bar = tqdm(total=len(missing), desc="运行", unit="个",
               disable=None if progress is None else not progress)  # fmt: skip
    measured = []
    with bar:
        for result in results:
            summary.run += 1
            summary.compute_seconds += result.seconds
            if result.failure is not None:
                summary.failures[result.task.where] = result.failure
            else:
                measured.append((result.task, result.seconds))
            bar.set_postfix_str(result.task.where)
            bar.update()
    return measured


def _drop_outdated(project: Project, plan: Plan, planned: Iterable[Planned]) -> dict[str, str]:
    """运行的时候源文件变了：够得着它的任务也许用了新的，记录不能留在旧的键下。"""
    changed = plan.sources.changed() if plan.sources is not None else set()
    dropped = {}
    for p in planned if changed else ():
        path = Store(project.records).path(p.key)
        if path.exists() and changed & plan.sources.reached(p.task.code):
            path.unlink()
            names = "、".join(sorted(c.name for c in changed))
            dropped[p.task.where] = f"{p.task.where}：源码在运行中变了（{names}），再运行一次"
    return dropped


def _longest_first(project: Project, planned: Iterable[Planned]) -> list[Planned]:
    """慢的先跑，免得最后只剩一个进程在忙；没跑过的按代码长短排在最前。"""
    durations = Durations.read(project)
    return sorted(planned, key=lambda p: -(
        durations.of(p.task) if durations.is_known(p.task) else 1000 + len(p.task.code)
    ))  # fmt: skip


def run(
    project: Project,
    *,
    targets: Sequence[str] = (),
    device: str | None = None,
    threads: int = 1,
    jobs: int | None = None,
    fresh: bool = False,
    limit: float = LIMIT_SECONDS,
    shard: tuple[int, int] | None = None,
    progress: bool | None = None,
    cluster: Cluster | None = None,
) -> Summary:
    """计划并执行：运行缺记录的任务，其余沿用；参数见 `make_plan` 与 `execute_plan`。"""
    start = time.perf_counter()
    plan = make_plan(project, targets=targets, device=device, threads=threads, fresh=fresh,
                     committed_durations=shard is not None,
                     elsewhere=cluster is not None)  # fmt: skip
    plan = plan if shard is None else plan.shard(*shard)
    summary = execute_plan(project, plan, jobs=jobs, limit=limit, progress=progress,
                           cluster=cluster)  # fmt: skip
    summary.seconds = time.perf_counter() - start
    return summary


def follow_plan(plan: Plan, path: Path, fresh: bool = False) -> Plan:
    """`plan --json` 写出的清单里的那些任务，照清单的用时分片。

    Args:
        plan: 眼下的全部任务。
        path: 清单。
        fresh: 不沿用记录。

    Raises:
        ValueError: 不是那样的文件，或者页面、源码、环境在那之后变了。
    """
    seconds = _read_plan(path)
    known = {planned.key: planned for planned in plan.tasks}
    if lost := set(seconds) - set(known):
        raise ValueError(
            f"清单 {path} 里有 {len(lost)} 个任务与现在的页面、源码或环境对不上；"
            "几台机器要用同一个提交、同样的版本，或者重新写一份清单"
        )
    tasks = [Planned(known[key].task, key, value, known[key].recorded and not fresh)
             for key, value in seconds.items()]  # fmt: skip
    return Plan(plan.environment, tasks, plan.problems, plan.skipped, plan.sources)


def _read_plan(path: Path) -> dict[str, float]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {task["key"]: float(task["seconds"]) for task in data["tasks"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"--plan 应是 plan --json 写出的文件，收到 {str(path)!r}") from error
