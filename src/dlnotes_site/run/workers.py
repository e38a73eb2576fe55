"""工作进程：CPU 上每个任务一个全新的进程，GPU 上一个进程接着用；死了只赔上手里那一个任务。

进程由一个先导入好各个库的母进程分叉出来（没有分叉的系统上各自启动），起步只要十来毫秒；
母进程不导入 dlnotes，不碰 GPU，也不开线程。
"""

import contextlib
import gc
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
import types
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from dlnotes_site.run.explain import explain_death
from dlnotes_site.run.isolation import GRACE
from dlnotes_site.run.key import Environment
from dlnotes_site.run.store import Store
from dlnotes_site.tasks.task import Task

_PRELOAD = (
    "torch",
    "numpy.random",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_svg",
    "tqdm",
    "jaxtyping",
)
_PRELOAD_MANY = ("torch._dynamo", "scipy.stats", "sklearn.datasets", "skimage.transform",
                 "PIL.Image")  # fmt: skip
"""dlnotes 用到的大库，以及第一个优化器要导入的 `torch._dynamo`（每个训练的任务省一秒半）。

用 dlnotes 的任务多时才值得等：母进程小，分叉也快。
"""

MANY = 20
"""多少个用 dlnotes 的任务算多。"""


@dataclass(frozen=True)
class Settings:
    """一次运行里各个任务共同的设置。"""

    root: Path
    records: Path
    environment: Environment
    limit: float

    @property
    def resident(self) -> bool:
        """进程接着用：启动 CUDA 要几秒，分叉出来的进程又不能沿用它。"""
        return self.environment.device_kind != "cpu"


@dataclass(frozen=True)
class Result:
    """一个任务的结果。

    Attributes:
        task: 任务。
        seconds: 用时，秒。
        failure: 失败的说明；`None` 表示记录已写好。
        died: 进程没有交回结果就没了：代码结束了它，或者外面杀了它，这里分不清。
    """

    task: Task
    seconds: float
    failure: str | None
    died: bool = False


def run_tasks(
    jobs: Sequence[tuple[Task, str]],
    settings: Settings,
    workers: int,
    claim: Callable[[str], bool] = lambda key: True,
) -> Iterator[Result]:
    """把 `(任务, 键)` 依次派给至多 `workers` 个进程，谁先做完先给出谁的结果。

    Args:
        jobs: 任务与键。
        settings: 各个任务共同的设置。
        workers: 并行的进程数。
        claim: 派之前按键认领一下，认领不到的不做（别的机器在做）；省略时全做。
    """
    waiting = deque(jobs)
    leaving: deque[_Leaving] = deque()
    users = sum("dlnotes" in task.code for task, _ in jobs)
    crew = [_Worker(settings, users, leaving) for _ in range(min(workers, len(waiting)))]
    try:
        while True:
            for worker in crew:
                while worker.task is None and waiting:
                    task, key = waiting.popleft()
                    if claim(key):
                        worker.give(task, key)
            busy = [worker for worker in crew if worker.task is not None]
            if not busy:
                break
            patience = max(0.0, min(worker.deadline for worker in busy) - time.monotonic())
            ready = wait([worker.connection for worker in busy], patience)
            for worker in busy:
                if worker.connection in ready or time.monotonic() > worker.deadline:
                    yield worker.take()
            while leaving and leaving[0].is_gone():
                leaving.popleft()
    finally:
        for worker in crew:
            worker.stop()
        for process in leaving:
            process.end()


class _Leaving:
    """做完任务、正在退出的进程；不等它，派下一个任务要紧。"""

    def __init__(self, process: BaseProcess):
        self.process, self.deadline = process, time.monotonic() + 5

    def is_gone(self) -> bool:
        """退出了没有；赖着不走的结束掉，连它的子进程一起。"""
        if self.process.exitcode is None and time.monotonic() < self.deadline:
            return False
        self.end()
        return True

    def end(self) -> None:
        """收走。"""
        self.process.join(timeout=max(0.0, self.deadline - time.monotonic()))
        _kill(self.process)
        self.process.join()
        self.process.close()


class _Worker:
    """主进程眼里的一个工作进程；CPU 上每个任务换一个进程。"""

    def __init__(self, settings: Settings, num_users: int, leaving: "deque[_Leaving]"):
        self.settings, self.num_users, self.leaving = settings, num_users, leaving
        self.task: Task | None = None
        self.process = self.connection = None

    def give(self, task: Task, key: str) -> None:
        """派一个任务。"""
        if self.process is None:
            self._start()
        self.task, self.started = task, time.monotonic()
        self.deadline = self.started + (task.limit or self.settings.limit) + GRACE
        self.folder = Path(tempfile.mkdtemp(prefix="dlnotes-"))
        # 上一个任务之后死了的，取结果时会看到
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send((task, key, self.folder))

    def take(self) -> Result:
        """取回结果；没有交回结果的，说明它是怎么死的。"""
        task, self.task = self.task, None
        late = time.monotonic() > self.deadline and not self.connection.poll()
        died = False
        try:
            if late:
                raise EOFError
            seconds, failure, usable = self.connection.recv()
        except (EOFError, OSError):
            seconds, usable = time.monotonic() - self.started, False
            failure, died = self._death(task, late), not late
        if not usable or not self.settings.resident:
            self._leave()
        shutil.rmtree(self.folder, ignore_errors=True)
        return Result(task, seconds, failure, died)

    def _leave(self) -> None:
        self.connection.close()
        self.leaving.append(_Leaving(self.process))
        self.process = self.connection = None

    def _death(self, task: Task, late: bool) -> str:
        if late:
            _kill(self.process)
        self.process.join(timeout=5)
        exitcode = self.process.exitcode
        _kill(self.process)  # 它的子进程也许还在写
        faults = self.folder / "faults.txt"
        text = faults.read_text(errors="replace") if faults.exists() else ""
        limit = (task.limit or self.settings.limit) if late else None
        return explain_death(task, exitcode, text, self.settings.root, limit)

    def stop(self) -> None:
        """结束进程和它留下的子进程；没做完的任务没有记录，下次重跑。"""
        if self.process is None:
            return
        self.connection.close()
        if self.process.pid is not None:  # 启动到一半被打断的还没有进程号，见连接断了自己退出
            _kill(self.process)
            self.process.join()
            self.process.close()
        self.process = self.connection = None
        if self.task is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        context = _context(self.num_users)
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, self.settings))
        with _anonymous_main():
            self.process.start()
        theirs.close()


def _kill(process: BaseProcess) -> None:
    """结束进程和它的子进程。"""
    with contextlib.suppress(OSError, AttributeError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def warm_up(num_users: int = 1) -> None:
    """提前启动母进程，不等它：它导入各个库的时候，主进程正好列计划。"""
    if _context(num_users).get_start_method() == "forkserver":
        from multiprocessing import forkserver

        forkserver.ensure_running()


def _context(num_users: int) -> multiprocessing.context.BaseContext:
    """分叉用的母进程；任务多而它导入的库少时换一个。"""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    modules = (*_PRELOAD, *(_PRELOAD_MANY if num_users >= MANY else ()))
    loaded = os.environ.get("DLNOTES_PRELOAD", "").split()
    if not set(modules) <= set(loaded):
        from multiprocessing import forkserver  # Windows 上没有

        forkserver._forkserver._stop()  # 没有公开的办法；没有在运行时什么也不做
        os.environ["DLNOTES_PRELOAD"] = " ".join(modules)
        context.set_forkserver_preload(["dlnotes_site.run.warm"])
    # 分叉时不能有别的线程：OpenBLAS 与 OpenMP 一导入就可能开线程，除非只许它们用一个
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    return context


@contextlib.contextmanager
def _anonymous_main() -> Iterator[None]:
    """不让工作进程重新导入启动它的脚本。"""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


# --- 工作进程里 --------------------------------------------------------------------------------


def _work(connection: Connection, settings: Settings) -> None:
    """领一个任务，做完交回；接着用的进程再领下一个。"""
    import matplotlib as mpl
    import torch

    from dlnotes_site.run.isolation import refuse_network

    mpl.use("Agg")
    sys.path.insert(0, str(settings.root / "src"))  # 键算的是这里的 dlnotes，运行的也得是
    with contextlib.suppress(OSError, AttributeError):
        os.setsid()  # 自成一组：主进程能连它的子进程一起结束
    torch.set_num_threads(settings.environment.threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # 中断由主进程处理
    refuse_network()
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            task, key, folder = connection.recv()
            start = time.perf_counter()
            failure, usable = _failure(task, key, folder, settings)
            connection.send((time.perf_counter() - start, failure, usable))
            if not settings.resident:
                return
            gc.collect()


def _failure(task: Task, key: str, folder: Path, settings: Settings) -> tuple[str | None, bool]:
    """执行并写好记录；返回失败的说明，以及这个进程还能不能接着用。"""
    from dlnotes_site.run.execute import execute
    from dlnotes_site.run.isolation import BlockError, BlockTimeout
    from dlnotes_site.run.resident import spoiled

    _redirect_descriptor(folder / "stdout.txt")
    try:
        record, blobs = execute(task, key, settings.environment, settings.root, folder,
                                settings.limit, settings.resident)  # fmt: skip
        Store(settings.records).put(record, blobs)
    except BlockError as error:
        return str(error), not spoiled()
    except BlockTimeout as error:
        return f"{task.where}：{error}", False
    except Exception:
        return f"{task.where}：运行器出错\n{traceback.format_exc()}", False
    return None, not spoiled()


def _redirect_descriptor(path: Path) -> None:
    """绕过 `sys.stdout` 的输出写到 `path`，不弄乱进度条，事后查得到。"""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.close(descriptor)
