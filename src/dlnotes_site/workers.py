"""工作进程：一块一块地领任务，死了就换一个。

工作进程由一个先导入好 torch 与 matplotlib 的母进程分叉出来（没有分叉的系统上各自启动），
所以起步只要几十毫秒；母进程不碰 GPU，分叉之后再用 CUDA 也没有问题。
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import time
import traceback
import types
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

from dlnotes_site.collect import Block
from dlnotes_site.record import Environment, Store

_PRELOAD = ["torch", "matplotlib.pyplot", "dlnotes_site.execute"]


@dataclass(frozen=True)
class Settings:
    """一次运行里各个工作进程共同的设置。"""

    root: Path
    records: Path
    environment: Environment
    limit: float
    threads: int


@dataclass(frozen=True)
class Result:
    """一个代码块的结果；`failure` 为 `None` 表示记录已写好。"""

    where: str
    seconds: float
    failure: str | None


def run_blocks(
    jobs: Sequence[tuple[Block, str]], settings: Settings, workers: int
) -> Iterator[Result]:
    """把 `(代码块, 记录的键)` 依次派给 `workers` 个进程，谁先做完先给出谁的结果。"""
    waiting = deque(jobs)
    crew = [_Worker(settings) for _ in range(min(workers, len(waiting)))]
    try:
        for worker in crew:
            worker.give(waiting.popleft())
        while busy := [worker for worker in crew if worker.block is not None]:
            ready = wait([worker.connection for worker in busy])
            for worker in busy:
                if worker.connection in ready:
                    yield worker.take()
                    if waiting:
                        worker.give(waiting.popleft())
    finally:
        for worker in crew:
            worker.stop()


class _Worker:
    """主进程眼里的一个工作进程。"""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.block: Block | None = None
        self._start()

    def _start(self) -> None:
        context = _context()
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, self.settings))
        with _anonymous_main():
            self.process.start()
        theirs.close()

    def give(self, job: tuple[Block, str]) -> None:
        """派一块；进程若在上一块里死了，先换一个。"""
        if not self.process.is_alive():
            self.stop()
            self._start()
        self.block, self.started = job[0], time.perf_counter()
        self.connection.send(job)

    def take(self) -> Result:
        """取回刚做完的那一块的结果。"""
        where = self.block.where
        self.block = None
        try:
            return Result(where, *self.connection.recv())
        except EOFError:
            self.process.join()
            return Result(
                where, time.perf_counter() - self.started,
                f"{where}：运行它的进程死了（超时后叫不醒、内存不足，或代码块直接结束了进程）",
            )  # fmt: skip

    def stop(self) -> None:
        """结束进程：闲着的自己退出，正忙的不等它；没做完的那一块没有记录，下次重跑。"""
        self.connection.close()
        if self.block is None:
            self.process.join(timeout=5)
        self.process.kill()
        self.process.join()


def _context() -> multiprocessing.context.BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOAD)
    # 分叉时不能有别的线程：OpenBLAS 一导入就开线程，除非只许它用一个
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
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
    """领一块，做一块；主进程关掉管道时结束。"""
    import torch

    torch.set_num_threads(settings.threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # 中断由主进程处理
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # 绕过 sys.stdout 的输出不弄乱进度条
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            block, key = connection.recv()
            start = time.perf_counter()
            failure = _failure(block, key, settings)
            connection.send((time.perf_counter() - start, failure))


def _failure(block: Block, key: str, settings: Settings) -> str | None:
    """执行并写好记录；失败时返回说明。"""
    from dlnotes_site.execute import BlockError, execute

    try:
        record = execute(block, key, settings.environment, settings.root, settings.limit)
        Store(settings.records).put(record)
    except BlockError as error:
        return str(error)
    except Exception:
        return f"{block.where}：运行器出错\n{traceback.format_exc()}"
    return None
