"""在哪些系统、Python 与 torch 上跑过：一种一行，由真实的运行写出，提交进仓库，给运行环境那一页。"""

import json
from collections.abc import Sequence
from pathlib import Path

from dlnotes_site.project import Project, write_if_changed
from dlnotes_site.run.commit import commit, uncommitted
from dlnotes_site.run.plan import select
from dlnotes_site.run.results import Results
from dlnotes_site.tasks.everything import all_tasks

FILE = "docs/assets/tried.json"
"""各行存在这里。"""

MARKER = "<!-- 跑过的版本 -->"
"""页面里写这一行，就在那里放上表。"""

_WHICH = ("os", "machine", "device", "python", "torch", "targets")
"""这几样都相同的算同一种，后来的换掉从前的。"""


def last_run(project: Project, targets: Sequence[str] = ()) -> dict:
    """最近一次运行写成一行。

    Args:
        project: 笔记仓库。
        targets: 只跑了这些页面；空表示全部。

    Returns:
        系统、版本、设备，任务有几个、跑成几个，没有跑成的在哪里，日期与提交。

    Raises:
        ValueError: 没有运行过，或者代码还没有提交。
    """
    if changed := uncommitted(project.root, FILE):
        raise ValueError(f"先提交再记，这些文件与提交不一致：\n{changed}")
    results = Results(project)
    tasks = select(all_tasks(project.root), targets, project.root)
    found = [(task, results.record(task)) for task in tasks]
    done = [record for _, record in found if record is not None]
    if not done:
        raise ValueError("还没有运行的记录：先运行 dlnotes-site run")
    versions = dict(results.environment.versions)
    return {
        "os": done[0].provenance["os"], "machine": done[0].provenance["machine"],
        "device": results.environment.device_kind,
        "python": versions["python"], "torch": versions["torch"],
        "targets": len({task.page for task in tasks}) if targets else 0,
        "tasks": len(tasks), "failed": [task.where for task, record in found if record is None],
        "date": max(record.date for record in done), "commit": commit(project.root),
    }  # fmt: skip


def read(project: Project, path: Path | None = None) -> list[dict]:
    """存着的各行；没有这个文件时是空的。

    Raises:
        ValueError: 文件损坏。
    """
    path = path or project.root / FILE
    try:
        rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        return [{**row, "tasks": int(row["tasks"])} for row in rows]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"应是 tried 写出的各行，收到损坏的文件 {path}") from error


def add(project: Project, rows: Sequence[dict]) -> Path:
    """把各行合进存着的；同一种的只留日期晚的。"""
    kept: dict[tuple, dict] = {}
    for row in sorted([*read(project), *rows], key=lambda row: row["date"]):
        kept[tuple(row[name] for name in _WHICH)] = row
    path = project.root / FILE
    lines = [json.dumps(kept[which], ensure_ascii=False) for which in sorted(kept, key=str)]
    write_if_changed(path, "[\n" + ",\n".join(lines) + "\n]\n")
    return path


def table(project: Project) -> str:
    """Markdown 表。"""
    rows = read(project)
    if not rows:
        return "还没有记录。"
    lines = ["| 系统 | Python | torch | 设备 | 断言成立的任务 | 日期，提交 |", "| --- " * 6 + "|"]
    for row in rows:
        system = {"Darwin": "macOS"}.get(row["os"], row["os"])
        lines.append(f"| {system}，{row['machine']} | {row['python']} | {row['torch']} "
                     f"| {row['device'].upper()} | {_count(row)} "
                     f"| {row['date']}，`{row['commit'][:7]}` |")  # fmt: skip
    return "\n".join(lines)


def _count(row: dict) -> str:
    scope = f"（{row['targets']} 页）" if row["targets"] else ""
    if not row["failed"]:
        return f"全部 {row['tasks']} 个{scope}"
    return f"{row['tasks'] - len(row['failed'])} / {row['tasks']}{scope}"
