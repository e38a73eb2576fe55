"""集群：一、二、四份作业的开销与效率（真的 Slurm，或本机的进程），以及 16 份、5,000 块的模拟。"""

import heapq
import json
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, table

sys.path.insert(0, str(ROOT / "tests"))

from dlnotes_site.project import Project
from dlnotes_site.run.cluster import Cluster
from dlnotes_site.run.plan import run
from slurm import cluster as slurm

NUM_TASKS, SECONDS = 40, 2.0
SHARDS, WORKERS, BLOCKS = (1, 2, 4), 16, 5_000
FORK = 0.03
"""认领一个任务、分叉一个进程的秒数。"""


def report() -> str:
    """返回 Markdown。"""
    found = slurm.programs()
    if found is None:
        return _tables("local")
    with slurm.running(found) as reach:
        os.environ.update(reach)
        try:
            return _tables("slurm")
        finally:
            for name in reach:
                del os.environ[name]


def _tables(kind: str) -> str:
    name = "真的 Slurm（一个节点）" if kind == "slurm" else "submitit 的本机执行器"
    measured = {shards: wall_seconds(kind, shards) for shards in SHARDS}
    total = NUM_TASKS * SECONDS
    rows = [[f"{shards} 份", f"{wall:.1f}", f"{wall - total / shards:.1f}",
             f"{total / shards / wall:.0%}"] for shards, wall in measured.items()]  # fmt: skip
    overhead = statistics.median(wall - total / shards for shards, wall in measured.items())
    real = table(["", "用时（秒）", "比理想多（秒）", "效率"], rows)
    efficiency, known = simulate(overhead)
    return (
        f"{name}，{NUM_TASKS} 个任务，各睡 {SECONDS:g} 秒（不占处理器，"
        f"只量派活、启动、收结果的开销）：\n\n{real}\n\n模拟：{BLOCKS:,} 块由记下的 {known} 个"
        f"用时重复抽出，实际用时是记下的乘以两次运行之比（同样抽出），{WORKERS} 份，"
        f"按记下的从慢到快认领，每份启动 {overhead:.1f} 秒，每个任务另加 {FORK:g} 秒：效率的"
        f"中位数 {statistics.median(efficiency):.1%}，"
        f"20 次里最低 {min(efficiency):.1%}（目标 ≥ 90%）。"
    )


def wall_seconds(kind: str, shards: int) -> float:
    """`NUM_TASKS` 个任务分成 `shards` 份，从交作业到收完的时间。"""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "docs").mkdir()
        os.symlink(ROOT / "src", root / "src")
        for i in range(NUM_TASKS):
            text = f"```python\nimport time\ntime.sleep({SECONDS})\nassert {i} == {i}\n```\n"
            (root / "docs" / f"p{i}.md").write_text(text, encoding="utf-8")
        start = time.perf_counter()
        summary = run(Project(root), device="cpu", progress=False, cluster=Cluster(kind, shards))
        assert summary.ok, summary.failures
        return time.perf_counter() - start


def simulate(overhead: float, num_runs: int = 20) -> tuple[list[float], int]:
    """按记下的用时排次序，用另一次运行的快慢算出实际的效率；返回各次的效率与用时的个数。"""
    committed, latest = (_read(ROOT / name) for name in
                         ("docs/assets/durations.json", "build/durations.json"))  # fmt: skip
    both = [(committed[name], latest[name]) for name in committed if name in latest]
    assert len(both) > 100, "先运行一遍全部代码块：模拟要两次运行的用时"
    middle = statistics.median(b / a for a, b in both)
    noise = [b / a / middle for a, b in both]  # 整体快慢不论，只看各块不一致的部分
    efficiency = []
    for seed in range(num_runs):
        rng = random.Random(seed)
        estimated = [rng.choice(both)[0] for _ in range(BLOCKS)]
        real = [value * rng.choice(noise) for value in sorted(estimated, reverse=True)]
        free = [overhead] * WORKERS  # 各份几时有空；谁先有空，谁认领下一个
        for seconds in real:
            heapq.heapreplace(free, free[0] + seconds + FORK)
        efficiency.append(sum(real) / WORKERS / max(free))
    return efficiency, len(both)


def _read(path: Path) -> dict[tuple[str, str], float]:
    try:
        pages = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return {}
    return {(page, name): value for page, tasks in pages.items() for name, value in tasks.items()}


if __name__ == "__main__":
    print(report())
