"""读出一次完整的运行，把两次运行逐个任务对照：同一种设备要相同，CPU 与 GPU 之间列出相差多少。"""

from dataclasses import dataclass, field
from pathlib import Path

from dlnotes_site.compare.outputs import Pair, differences, largest_difference, measures
from dlnotes_site.pages.collect import Problem
from dlnotes_site.project import Project
from dlnotes_site.run.key import Environment
from dlnotes_site.run.results import Results
from dlnotes_site.run.store import Store, read_manifest
from dlnotes_site.tasks.everything import all_tasks


def load(project: Project, path: Path) -> Results:
    """读出一次运行。

    Args:
        project: 任务取自这个仓库。
        path: 笔记仓库，或它的 `build/`，或 `build/records/`，或从流水线取回的同样的文件夹。

    Returns:
        那次运行的结果。

    Raises:
        ValueError: 那里没有 `run.json` 与 `records/`，或者 `run.json` 损坏。
    """
    for folder in (path / "build", path, path.parent):
        manifest, records = folder / "run.json", folder / "records"
        if manifest.is_file() and records.is_dir():
            environment = read_manifest(manifest)
            if environment is None:
                raise ValueError(f"应是 run 写出的运行环境，收到损坏的文件 {manifest}")
            return Results(project, environment, Store(records))
    raise ValueError(
        f"应为跑过任务的笔记仓库，或含有 run.json 与 records/ 的文件夹，收到 {str(path)!r}"
    )


@dataclass
class Comparison:
    """两次运行对照的结果。"""

    compared: int = 0
    absent: int = 0
    timed: int = 0
    problems: list[Problem] = field(default_factory=list)
    gaps: dict[str, float | None] = field(default_factory=dict)

    @property
    def different(self) -> int:
        """有不同之处的代码块数（一块可以有几处）。"""
        return len({(problem.page, problem.line) for problem in self.problems})

    def __str__(self) -> str:
        return (
            f"任务：比较 {self.compared}（其中 {self.timed} 个量时间或报版本，只比文字），"
            f"相同 {self.compared - self.different}，不同 {self.different}；"
            f"两次都没有记录 {self.absent}"
        )


def compare(project: Project, a: Results, b: Results, *, common: bool = False) -> Comparison:
    """逐个任务对照两次运行。

    Args:
        project: 任务取自这个仓库；页面与行号也以它为准。
        a: 前一次运行。
        b: 后一次运行。
        common: 只比两次都有记录的，用于没有跑完的运行。

    Returns:
        对照的结果；设备种类不同时，`gaps` 是各任务输出里的数最大的相对差（`None` 是文字不同）。

    Raises:
        ValueError: 设备种类相同而版本或线程数不同，或者没有可比的任务。
    """
    _check_versions(a.environment, b.environment)
    pairs = [Pair.of(task, a, b) for task in all_tasks(project.root)]
    wanted = [p for p in pairs if (p.a and p.b) or not (common or p.a is p.b)]
    if not wanted:
        raise ValueError("没有可比的任务：两次运行都没有现在这些任务的记录")
    result = Comparison(len(wanted), sum(p.a is p.b is None for p in pairs))
    result.timed = sum(measures(p.task.code) for p in wanted)
    if a.environment.device_kind == b.environment.device_kind:
        result.problems = differences(wanted)
    else:
        result.problems = differences(p for p in wanted if p.a is None or p.b is None)
        result.gaps = {p.task.where: gap(p) for p in wanted if _comparable(p)}
    return result


def gap(pair: Pair) -> float | None:
    """一个任务在两台设备上打印的数最大的相对差；文字不同时为 `None`。"""
    return largest_difference(pair.a.stdout, pair.b.stdout)


def _comparable(pair: Pair) -> bool:
    return pair.a is not None and pair.b is not None and not measures(pair.task.code)


def _check_versions(a: Environment, b: Environment) -> None:
    if a.device_kind == b.device_kind and a != b:
        raise ValueError(
            f"两次运行的版本与线程数应当相同，收到 {a.to_json()} 与 {b.to_json()}；"
            "版本不同，数就可以不同"
        )


def table(result: Comparison) -> str:
    """CPU 与 GPU 的差别，一个任务一行，差得多的在前；同一种设备时是空的。"""
    ranked = sorted(result.gaps.items(), key=lambda item: (item[1] is not None, -(item[1] or 0)))
    return "".join(f"{describe_gap(value):>8}  {where}\n" for where, value in ranked)


def describe_gap(value: float | None) -> str:
    """相对差的写法。"""
    if value is None:
        return "文字不同"
    return "相同" if value == 0 else f"{value:.1e}"
