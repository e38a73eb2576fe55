"""集群：把任务交给 Slurm 的几份作业（经由 submitit），记录库是共用的文件夹。

只替换执行器派任务的那一步：`run_tasks` 与 `workers.run_tasks` 一样，谁有了记录就给出谁的结果。
各份作业拿到同一张单子，从慢到快，做一个认领一个，谁闲谁拿：估计的用时不准也不会有一份拖后腿。
一份作业被杀、超时、机器掉线，只赔上它手里的任务：下一轮把没有记录的再交一次。
"""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dlnotes_site.project import Project
from dlnotes_site.run.key import Environment, Keys
from dlnotes_site.run.store import Store
from dlnotes_site.run.workers import Result, Settings, run_tasks
from dlnotes_site.tasks.task import Task

KINDS = ("slurm", "local")
ATTEMPTS = 3
POLL_SECONDS = 0.5

PAUSE = 2.0
"""工作进程忽然没了，等这么多秒再做下一个：多半是整份作业正在被杀，做了也是白做。"""


@dataclass(frozen=True)
class Cluster:
    """在哪里运行，分几份。

    Attributes:
        kind: `"slurm"`，或者 `"local"`（本机的进程，试用）。
        shards: 分成几份作业。
        workers: 每份几个并行的进程，也是向 Slurm 要的核数。
        options: submitit 的其他参数，如 `{"slurm_partition": "gpu", "timeout_min": 60}`。
    """

    kind: str
    shards: int = 4
    workers: int = 1
    options: dict[str, str | int] = field(default_factory=dict)

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"cluster 应为 {'、'.join(KINDS)} 之一，收到 {self.kind!r}")
        for name in ("shards", "workers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} 应为正整数，收到 {getattr(self, name)}")

    def run_tasks(
        self, jobs: Sequence[tuple[Task, str, float]], settings: Settings
    ) -> Iterator[Result]:
        """把 `(任务, 键, 估计的秒数)` 交上去，有了记录就给出结果。

        Args:
            jobs: 要运行的任务。
            settings: 各个任务共同的设置。

        Raises:
            ValueError: 没有装 submitit，本机交不了作业，或者某个参数不对。
        """
        executor = self._executor(settings.root / "build" / "cluster")
        rest = _Rest(jobs, Store(settings.records))
        reason, deaths = "", {}
        for _ in range(ATTEMPTS):
            active = self._submit(executor, rest, settings)
            try:
                while active:
                    time.sleep(POLL_SECONDS)
                    alive = _alive(self.kind, active)
                    yield from rest.recorded()
                    for job in [job for job in active if job.job_id not in alive]:
                        active.remove(job)
                        failures, died, why = _outcome(job)
                        reason = why or reason
                        deaths.update(died)
                        yield from rest.failed(failures)
                yield from rest.recorded()
            finally:
                _cancel(self.kind, active)
            if not rest.jobs:
                return
        text = f"交了 {ATTEMPTS} 次作业都没有做完；最后一次：{reason or '没有说明'}"
        for where in [task.where for task in rest.jobs.values()]:
            yield from rest.failed({where: deaths.get(where, f"{where}：{text}")})

    def _submit(self, executor, rest: "_Rest", settings: Settings) -> list:
        """把余下的任务从慢到快列成单子，几份作业拿同一张。"""
        from submitit.core.utils import FailedJobError

        slow_first = sorted(rest.jobs, key=lambda key: -rest.seconds[key])
        jobs = [(rest.jobs[key], key) for key in slow_first]
        folder = settings.root / "build" / "cluster"
        folder.mkdir(parents=True, exist_ok=True)
        claims = tempfile.mkdtemp(prefix="claims-", dir=folder)
        arguments = (str(settings.root), jobs, settings.environment, settings.limit, self.workers,
                     claims)  # fmt: skip
        copies = [[value] * min(self.shards, len(jobs)) for value in arguments]
        try:
            return executor.map_array(run_shard, *copies)
        except (FailedJobError, OSError) as error:
            raise ValueError(f"作业交不上去，Slurm 说：{str(error).strip()}") from error

    def _executor(self, folder: Path):
        try:
            import submitit
        except ModuleNotFoundError as error:
            raise ValueError(
                'cluster 要用 submitit：请在仓库里运行 pip install -e ".[cluster]"'
            ) from error
        try:
            executor = submitit.AutoExecutor(folder=folder / "%j", cluster=self.kind)
        except RuntimeError as error:
            raise ValueError("cluster='slurm' 要在交得了作业的机器上：这里没有 srun") from error
        defaults = {"name": "dlnotes", "cpus_per_task": self.workers, "timeout_min": 240}
        try:
            executor.update_parameters(**{**defaults, **self.options})
        except (NameError, ValueError, TypeError) as error:
            raise ValueError(
                f"cluster_set 里的参数 submitit 不认：{self.options}；{error}"
            ) from error
        return executor


def run_shard(
    root: str,
    jobs: Sequence[tuple[Task, str]],
    environment: Environment,
    limit: float,
    workers: int,
    claims: str,
) -> tuple[dict[str, str], dict[str, str]]:
    """在集群的机器上运行，做认领得到的任务；记录写进共用的记录库。

    收到 SIGTERM（作业被撤、被抢占）就停下，不再认领：手里的任务由下一轮作业做。

    Args:
        root: 笔记仓库，各台机器上在同一个位置。
        jobs: 任务与它们的键。
        environment: 交作业的机器算键时的环境。
        limit: 每个任务的时限，秒。
        workers: 并行的进程数。
        claims: 各份作业共用的文件夹，认领一个任务就在里面建一个文件。

    Returns:
        失败的任务，由位置到说明；以及进程忽然没了的任务，可能是作业被杀连累的，值得再试。

    Raises:
        ValueError: 这台机器上的源码或库的版本与交作业的机器不同。
    """
    project = Project.at(Path(root))
    here = Environment.current(environment.device_kind, environment.threads)
    keys = Keys(here, project.source)
    if other := [task.where for task, key in jobs if keys(task) != key]:
        raise ValueError(
            f"这台机器的源码或库的版本与交作业的机器不同（{len(other)} 个任务，如 {other[0]}）："
            f"这里是 {dict(here.versions)}，那里是 {dict(environment.versions)}"
        )
    settings = Settings(project.root, project.records, environment, limit)
    failures, deaths = {}, {}
    with _leave_on_sigterm():
        for one in run_tasks(jobs, settings, workers, lambda key: _claim(Path(claims), key)):
            if one.died:
                deaths[one.task.where] = one.failure
                time.sleep(PAUSE)
            elif one.failure is not None:
                failures[one.task.where] = one.failure
    return failures, deaths


@contextlib.contextmanager
def _leave_on_sigterm() -> Iterator[None]:
    """Submitit 忽略 SIGTERM，而工作进程会被它结束：不停下就会一个接一个地白做。"""

    def leave(number: int, frame: object) -> None:
        raise SystemExit(f"作业收到信号 {number}，停下")

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _claim(folder: Path, key: str) -> bool:
    """认领一个任务：文件由谁建成，任务就归谁。"""
    try:
        os.close(os.open(folder / key, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


class _Rest:
    """还没有结果的任务。"""

    def __init__(self, jobs: Sequence[tuple[Task, str, float]], store: Store):
        self.store = store
        self.jobs = {key: task for task, key, _ in jobs}
        self.seconds = {key: seconds for _, key, seconds in jobs}
        self.keys = {task.where: key for task, key, _ in jobs}
        self._before = {key: self._stamp(key) for key in store.keys() & self.jobs.keys()}

    def recorded(self) -> Iterator[Result]:
        """刚刚写好记录的；从前就有的记录（`--fresh`）不算。"""
        there = self.store.keys() & self.jobs.keys()
        for key in [key for key in there if self._before.get(key) != self._stamp(key)]:
            record = self.store.get(key)
            if record is not None:
                yield Result(self._drop(key), record.seconds, None)

    def failed(self, failures: dict[str, str]) -> Iterator[Result]:
        """失败的；已经有结果的不重复。"""
        for where, failure in failures.items():
            if (key := self.keys[where]) in self.jobs:
                yield Result(self._drop(key), 0.0, failure)

    def _drop(self, key: str) -> Task:
        del self.seconds[key]
        return self.jobs.pop(key)

    def _stamp(self, key: str) -> int | None:
        try:
            return self.store.path(key).stat().st_mtime_ns
        except OSError:
            return None


def _alive(kind: str, jobs: Sequence) -> set[str]:
    """还没有结束的作业。Slurm 的只问 squeue：没有记账数据库的集群上 sacct 用不了。"""
    waiting = {job.job_id for job in jobs if not job.paths.result_pickle.exists()}
    if kind == "local":
        return {job.job_id for job in jobs if job.job_id in waiting and not job.done()}
    if not waiting:
        return set()
    try:
        listed = subprocess.run(["squeue", "--me", "--array", "--noheader", "--format=%i"],
                                capture_output=True, text=True, check=True, timeout=60)  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return waiting  # 控制器忙不过来或正在重启：下次再问
    return waiting & set(listed.stdout.split())


def _cancel(kind: str, jobs: Sequence) -> None:
    """中断时撤掉还没结束的作业；本机的进程等它们退出。"""
    for job in jobs:
        with contextlib.suppress(subprocess.CalledProcessError, OSError):
            job.cancel(check=False)
    deadline = time.monotonic() + 10
    while kind == "local" and any(not j.done() for j in jobs) and time.monotonic() < deadline:
        time.sleep(0.1)


def _outcome(job) -> tuple[dict[str, str], dict[str, str], str]:
    """一份作业里失败的、进程没了的任务；作业自己没有做完时，是为什么。"""
    if not job.paths.result_pickle.exists():
        tail = (job.stderr() or "").strip().splitlines()[-3:]
        return (
            {},
            {},
            f"作业 {job.job_id} 没有交回结果（被杀、超时或机器掉线）"
            + "".join(f"\n    {line}" for line in tail),
        )
    error = job.exception()
    if error is not None:
        *_, trace, _ = ["", *str(error).split("-" * 22)]  # 出错的经过夹在两行短横之间
        return {}, {}, f"作业 {job.job_id} 出错：{trace.strip().splitlines()[-1]}"
    return *job.result(), ""
