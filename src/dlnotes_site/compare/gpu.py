"""GPU 运行的报告：只由一次真实的、跑完的 CUDA 运行写出，提交进仓库，显示在运行报告里。"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from dlnotes_site.compare.outputs import Pair, measures
from dlnotes_site.compare.runs import gap, load
from dlnotes_site.project import Project, write_atomically
from dlnotes_site.run.commit import commit, uncommitted
from dlnotes_site.run.key import Environment
from dlnotes_site.run.results import Results
from dlnotes_site.run.store import read_manifest
from dlnotes_site.tasks.everything import all_tasks

FILE = "docs/assets/gpu-report.json"
"""报告的位置；没有这个文件就是没有记录过 GPU 运行。"""


def write_report(project: Project, cpu: Path | None = None) -> Path:
    """把最近一次运行写成 GPU 报告。

    Args:
        project: 笔记仓库；最近一次运行必须是在 CUDA 上的。
        cpu: 另一处的 CPU 运行，用来对照；省略时用本仓库里版本相同的 CPU 记录，没有就不对照。

    Returns:
        写好的文件。

    Raises:
        ValueError: 最近一次运行不在 CUDA 上、没有任何记录，或者代码还没有提交。
    """
    environment = read_manifest(project.manifest)
    kind = "没有运行过" if environment is None else environment.device_kind
    if kind != "cuda":
        raise ValueError(
            "GPU 报告只能由真实的 GPU 运行写出：最近一次运行的设备应为 'cuda'，"
            f"收到 {kind!r}；先在有 NVIDIA 显卡的机器上运行 dlnotes-site run --device cuda"
        )
    body = report(project, Results(project, environment), _cpu_run(project, environment, cpu))
    path = project.root / FILE
    write_atomically(path, json.dumps(body, ensure_ascii=False, indent=1) + "\n")
    return path


def _cpu_run(project: Project, environment: Environment, path: Path | None) -> Results:
    if path is None:
        return Results(project, environment.on("cpu"))
    run = load(project, path)
    if run.environment.device_kind != "cpu":
        raise ValueError(
            f"--cpu 应为一次 CPU 上的运行，收到的运行在 {run.environment.device_kind!r} 上"
        )
    return run


def report(project: Project, gpu: Results, cpu: Results) -> dict:
    """GPU 运行与对照的 CPU 运行写成的报告。"""
    pairs = [Pair.of(task, cpu, gpu) for task in all_tasks(project.root)]
    done = [pair for pair in pairs if pair.b is not None]
    if not done:
        raise ValueError("没有 GPU 运行的记录：页面或源码改过之后，要在 GPU 上重跑一遍")
    return {
        "date": max(pair.b.date for pair in done),
        "commit": _commit(project.root),
        "device": _only({pair.b.device for pair in done} - {"CPU"}),
        "versions": dict(gpu.environment.versions),
        "blocks": [_entry(pair) for pair in done],
        "missing": [pair.task.where for pair in pairs if pair.b is None],
    }


def _entry(pair: Pair) -> dict:
    """一个代码块的一条；`difference` 是与 CPU 输出的数最大的相对差，比不了时是 `None`。"""
    task, cpu, gpu = pair.task, pair.a, pair.b
    timed, difference = measures(task.code), None
    if cpu is not None and not timed:
        difference = gap(pair)
    note = "计时" if timed else "没有 CPU 记录" if cpu is None else ""
    return {
        "page": task.page, "line": task.line, "code": code_digest(task.code), "device": gpu.device,
        "seconds": gpu.seconds, "peak_mib": gpu.peak_mib,
        "cpu_seconds": None if cpu is None else cpu.seconds,
        "difference": difference,
        "note": note or ("文字不同" if difference is None else ""),
    }  # fmt: skip


def _only(devices: Iterable[str]) -> str:
    """用过的 GPU；没有碰过 GPU 的任务写 CPU，不算在内。"""
    devices = sorted(devices)
    if not devices:
        raise ValueError("这次运行里没有一个任务用过 GPU，写不成 GPU 报告")
    if len(devices) > 1:
        raise ValueError(f"一份报告应来自同一种设备，收到 {'、'.join(devices)}")
    return devices[0]


def _commit(root: Path) -> str:
    """这次运行的提交；页面与源码要与它一致，否则报告就对不上号。"""
    changed = uncommitted(root, FILE)
    if changed:
        raise ValueError(f"先提交再写 GPU 报告，这些文件与提交不一致：\n{changed}")
    return commit(root)


def read_report(root: Path) -> dict | None:
    """提交在仓库里的 GPU 报告；没有时为 `None`。"""
    path = root / FILE
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    except ValueError as error:
        raise ValueError(f"应是 gpu-report 写出的报告，收到损坏的文件 {path}") from error


def code_digest(code: str) -> str:
    """代码的摘要：报告按它认任务，页面里挪了行也对得上，改了代码就不再算数。"""
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def entries(report: dict | None) -> dict[str, dict]:
    """报告里各代码块的一条，键是代码的摘要。"""
    return {} if report is None else {entry["code"]: entry for entry in report["blocks"]}
