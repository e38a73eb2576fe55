"""收拢：把几台机器上的记录合到一处，核对来历，说清还缺什么。"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dlnotes_site.project import Project
from dlnotes_site.run.durations import write_durations
from dlnotes_site.run.plan import Plan, Planned
from dlnotes_site.run.provenance import differences
from dlnotes_site.run.store import Damaged, Record, Store, write_manifest


@dataclass
class Collected:
    """收拢的结果。"""

    taken: int = 0
    missing: list[Planned] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """不缺，没有损坏的，来历一致。"""
        return not (self.missing or self.damaged or self.mixed)

    def __str__(self) -> str:
        lines = [f"✗ 损坏，要重跑：{where}" for where in self.damaged]
        lines += [f"✗ 来历不同，不能合在一起：{text}" for text in self.mixed]
        lines += [f"✗ 还没有记录：{planned.task.where}" for planned in self.missing]
        return "\n".join([*lines, f"收下 {self.taken} 条记录，还缺 {len(self.missing)} 条"])


def collect_records(
    project: Project,
    plan: Plan,
    folders: Sequence[Path] = (),
    *,
    optional: Plan | None = None,
    mixed: bool = False,
) -> Collected:
    """把 `folders` 里计划用得上的记录收进仓库自己的记录库。

    Args:
        project: 笔记仓库。
        plan: 计划；键不在里面的记录不收。
        folders: 各台机器的记录库（`build/records`，或含有它的文件夹）。
        optional: 有就收、没有也不算缺的，如长实验的格子。
        mixed: 来历不同（操作系统、指令集、CUDA、GPU 型号）也收。

    Returns:
        收了多少，还缺哪些，哪些损坏，哪些来历不同。

    Raises:
        ValueError: 某个文件夹里没有记录库。
    """
    result, store = Collected(), Store(project.records)
    for folder in folders:
        for wanted in filter(None, (plan, optional)):
            _take(Store(_records_in(folder)), store, wanted, result)
    store = Store(project.records)
    found = [(planned, store.get(planned.key)) for planned in plan.tasks]
    result.missing = [planned for planned, record in found if record is None]
    if not mixed:
        result.mixed = _mixed((p, r) for p, r in found if r is not None)
    if result.ok:
        write_manifest(project.manifest, plan.environment)
    return result


def _records_in(folder: Path) -> Path:
    for path in (folder / "build" / "records", folder / "records", folder):
        if path.is_dir() and any(path.glob("*.json")):
            return path
    raise ValueError(f"那里应有记录库（build/records），收到 {str(folder)!r}")


def _take(theirs: Store, ours: Store, plan: Plan, result: Collected) -> None:
    for planned in plan.tasks:
        record = theirs.get(planned.key)
        if record is None or ours.get(planned.key) is not None:
            continue
        try:
            ours.put(record, [theirs.blob(name) for name in record.blobs])
        except Damaged:
            result.damaged.append(planned.task.where)
        else:
            result.taken += 1


def _mixed(found: Iterable[tuple[Planned, Record]]) -> list[str]:
    """与别的记录来历不同的；每一项与第一条写着它的记录比（没碰过 GPU 的没有 GPU 那几项）。"""
    problems: list[str] = []
    first: dict[str, str] = {}
    for planned, record in found:
        if gaps := differences(first, record.provenance):
            problems.append(f"{planned.task.where}：{'；'.join(gaps)}")
        first = {**record.provenance, **first}
    return problems


def save_durations(project: Project, plan: Plan) -> Path:
    """把这次的用时写进要提交的那一份。

    Raises:
        ValueError: 还有任务没有记录。
    """
    store = Store(project.records)
    found = [(planned.task, store.get(planned.key)) for planned in plan.tasks]
    if any(record is None for _, record in found):
        raise ValueError("用时要来自完整的一次运行：还有任务没有记录")
    measured = ((task, record.seconds) for task, record in found)
    return write_durations(project, measured, commit=True)
