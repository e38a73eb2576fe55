"""运行缺记录的代码块，其余沿用：选出代码块，派给工作进程，显示进度，给出小结。"""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from dlnotes_site.collect import Block, Problem, check, collect
from dlnotes_site.record import Environment, Store, key, write_atomically
from dlnotes_site.workers import Settings, run_blocks

LIMIT_SECONDS = 120.0


@dataclass
class Summary:
    """一次运行的小结。"""

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
            f"页面 {self.pages}；代码块：运行 {self.run}，沿用 {self.reused}，"
            f"失败 {len(self.failures)}，跳过 {self.skipped}；"
            f"用时 {self.seconds:.1f} 秒；设备 {self.device}"
        )


@dataclass(frozen=True)
class Project:
    """一个笔记仓库的各个位置。"""

    root: Path

    @property
    def source(self) -> Path:
        """放着 `dlnotes` 包的文件夹。"""
        return self.root / "src"

    @property
    def store(self) -> Store:
        """运行记录。"""
        return Store(self.root / "build" / "records")

    @property
    def manifest(self) -> Path:
        """最近一次运行的环境。"""
        return self.root / "build" / "run.json"

    def environment(self) -> Environment | None:
        """最近一次运行的环境；还没有运行过时为 `None`。"""
        try:
            return Environment.from_json(json.loads(self.manifest.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError):
            return None


def default_device() -> str:
    """运行代码块的设备种类：听 `DLNOTES_DEVICE` 的，否则有 GPU 用 GPU。"""
    from dlnotes.device import pick_device

    return _usable(str(pick_device()))


def run(
    project: Project,
    *,
    targets: Sequence[str] = (),
    device: str | None = None,
    jobs: int | None = None,
    fresh: bool = False,
    limit: float = LIMIT_SECONDS,
    shard: tuple[int, int] | None = None,
    progress: bool | None = None,
) -> Summary:
    """运行缺记录的代码块，其余沿用。

    Args:
        project: 笔记仓库。
        targets: 只运行这些页面或 `页面:行号`；空表示全部。
        device: 设备种类，如 `"cpu"`、`"cuda"`；省略时自动选择。
        jobs: 并行的进程数；省略时等于核数（GPU 上为 1）。
        fresh: 不沿用任何记录，全部重跑。
        limit: 每个代码块的时限，秒。
        shard: `(i, n)` 表示把全部代码块按上次的用时分成 n 份，只运行第 i 份（从 1 数起）；
            各台机器开始时要有同样的旧记录（或都没有），分法才一致。
        progress: 是否显示进度条；`None` 表示只在终端里显示。

    Returns:
        小结；失败的代码块在 `failures` 里，键是 `页面:行号`。
    """
    start = time.perf_counter()
    environment = Environment.current(_usable(device) if device else default_device())
    blocks = _select(collect(project.root), targets, project.root)
    blocks = blocks if shard is None else _shard(project, blocks, *shard)
    summary = Summary(
        pages=len({b.page for b in blocks}), problems=_problems(project, blocks, targets)
    )
    summary.device = environment.device_kind.upper()
    runnable = [block for block in blocks if block.skip is None]
    summary.skipped = len(blocks) - len(runnable)
    keys = {b.where: key(b, environment, project.source) for b in runnable}
    waiting = [b for b in runnable if fresh or project.store.get(keys[b.where]) is None]
    summary.reused = len(runnable) - len(waiting)
    if waiting:
        _run_missing(project, waiting, environment, jobs, limit, progress, summary)
    write_atomically(project.manifest, json.dumps(environment.to_json(), ensure_ascii=False))
    summary.seconds = time.perf_counter() - start
    return summary


def missing(project: Project) -> list[Block]:
    """在最近一次运行的环境里还没有记录的代码块；从未运行过时是全部。"""
    environment = project.environment()
    return [
        block for block in collect(project.root) if block.skip is None
        and (environment is None
             or project.store.get(key(block, environment, project.source)) is None)
    ]  # fmt: skip


def _usable(device: str) -> str:
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device 应为本机有的设备，如 'cpu'、'cuda'，收到 {device!r}") from error
    if ":" in device:  # 记录按设备的种类存；用哪一块由系统挑
        raise ValueError(
            f"device 应为设备的种类，如 'cuda'，收到 {device!r}；"
            "选第几块显卡用 CUDA_VISIBLE_DEVICES"
        )
    return device


def _problems(project: Project, blocks: list[Block], targets: Sequence[str]) -> list[Problem]:
    wanted = {block.page for block in blocks}
    return [p for p in check(project.root) if not targets or p.page in wanted]


def _select(blocks: list[Block], targets: Sequence[str], root: Path) -> list[Block]:
    if not targets:
        return blocks
    chosen = []
    for target in targets:
        page, _, line = target.partition(":")
        page = Path(os.path.relpath(page, root) if Path(page).is_absolute() else page).as_posix()
        found = [b for b in blocks if b.page in (page, f"docs/{page}", f"docs/notes/{page}.md")]
        if line:
            found = _at_line(found, int(line)) if line.isdigit() else []
        if not found:
            known = "、".join(dict.fromkeys(b.page for b in blocks))
            raise ValueError(
                f"目标 {target!r} 没有代码块；应为页面或“页面:行号”，有代码块的页面：{known}"
            )
        chosen += [b for b in found if b not in chosen]
    return chosen


def _at_line(blocks: list[Block], line: int) -> list[Block]:
    """行号落在哪个代码块里（围栏那一行也算）。"""
    return [b for b in blocks if b.line <= line <= b.line + b.code.count("\n") + 1]


def _run_missing(project, missing, environment, jobs, limit, progress, summary) -> None:
    jobs = jobs or (1 if environment.device_kind != "cpu" else os.cpu_count() or 1)
    jobs = min(jobs, len(missing))
    settings = Settings(
        project.root, project.store.folder, environment, limit, threads=_threads(jobs)
    )
    waiting = [(b, key(b, environment, project.source)) for b in _longest_first(project, missing)]
    bar = tqdm(total=len(waiting), desc="运行代码块", unit="块",
               disable=None if progress is None else not progress)  # fmt: skip
    with bar:
        for result in run_blocks(waiting, settings, jobs):
            summary.run += 1
            summary.compute_seconds += result.seconds
            if result.failure is not None:
                summary.failures[result.where] = result.failure
            bar.set_postfix_str(result.where)
            bar.update()


def _threads(jobs: int) -> int:
    """每个工作进程的线程数：几个多线程进程挤在少数核上会慢几十倍；尊重 `OMP_NUM_THREADS`。"""
    share = max(1, (os.cpu_count() or 1) // jobs)
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return min(share, int(wanted)) if wanted.isdigit() and int(wanted) else share


def _longest_first(project: Project, blocks: list[Block]) -> list[Block]:
    """上次慢的先跑，免得最后只剩一个进程在忙；没跑过的按代码长短排在最前。"""
    seconds = _durations(project)
    return sorted(blocks, key=lambda b: -seconds.get(b.where, 1000 + len(b.code)))


def _durations(project: Project) -> dict[str, float]:
    """上次运行时各代码块的秒数，键是 `页面:行号`。"""
    records = (project.store.get(known) for known in sorted(project.store.keys()))
    return {f"{r.page}:{r.line}": r.seconds for r in records if r is not None}


def _shard(project: Project, blocks: list[Block], index: int, count: int) -> list[Block]:
    """第 `index` 份：从慢到快，每次把代码块交给眼下最闲的一份。"""
    if not 1 <= index <= count:
        raise ValueError(f"shard 应为 i/n，且 1 ≤ i ≤ n，收到 {index}/{count}")
    seconds = _durations(project)
    load = [0.0] * count
    chosen = []
    for block in sorted(blocks, key=lambda b: (-seconds.get(b.where, 1.0), b.where)):
        least = load.index(min(load))
        load[least] += seconds.get(block.where, 1.0)
        if least == index - 1:
            chosen.append(block)
    return chosen
