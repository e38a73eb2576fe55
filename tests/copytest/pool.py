"""几个工作进程分着运行代码块，并与网页上的输出对照。"""

import json
import os
import queue
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from copytest.page import Copied
from dlnotes_site.compare.outputs import same_output

WORKER = Path(__file__).with_name("worker.py")


@dataclass
class Outcome:
    """一块的结果；`status` 是退出码，超时或进程死掉时为 `None`。"""

    block: Copied
    status: int | None
    stdout: str
    stderr: str
    seconds: float

    @property
    def equal(self) -> bool:
        """输出与网页上的相同（量时间、报版本的不比数）。"""
        return same_output(self.block.output, self.stdout.rstrip(), self.block.code)

    @property
    def problem(self) -> str:
        """失败的说明；没有失败时为空。"""
        if not self.block.ran:
            return f"{self.block}：网页上没有它的运行结果"
        if self.status is None:
            return f"{self.block}：没有运行完\n{self.stderr.strip()[-800:]}"
        if self.status:
            return f"{self.block}：出错\n{self.stderr.strip()[-800:]}"
        if not self.equal:
            return (
                f"{self.block}：输出不同\n—— 网页：\n{self.block.output[:800]}\n"
                f"—— 运行：\n{self.stdout.rstrip()[:800]}"
            )
        return ""


class Worker:
    """一个工作进程。"""

    def __init__(self, python: Path, environment: Mapping[str, str]):
        self.command, self.environment = [str(python), "-I", str(WORKER)], dict(environment)
        self.process = self._start()

    def _start(self) -> subprocess.Popen:
        return subprocess.Popen(
            self.command, env=self.environment, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def run(self, block: Copied, limit: float) -> Outcome:
        """运行一块；进程死了就记下，换一个新的。"""
        try:
            print(json.dumps({"code": block.code, "limit": limit}), file=self.process.stdin,
                  flush=True)  # fmt: skip
            answer = self.process.stdout.readline()
        except OSError:
            answer = ""
        if answer:
            return Outcome(block, **json.loads(answer))
        self.close()
        self.process = self._start()
        return Outcome(block, None, "", "运行它的进程死了", 0.0)

    def close(self) -> None:
        """结束进程。"""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def clean_environment(folder: Path, device: str) -> dict[str, str]:
    """读者的环境变量：没有 `PYTHONPATH`，另有自己的家目录，单线程。"""
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP")
            if name in os.environ}  # fmt: skip
    return {**kept, "HOME": str(home), "USERPROFILE": str(home), "OMP_NUM_THREADS": "1",
            "MPLCONFIGDIR": str(home / ".cache" / "matplotlib"),
            "PYTHONIOENCODING": "utf-8", "LANG": "C.UTF-8", "DLNOTES_DEVICE": device}  # fmt: skip


def run_blocks(
    blocks: list[Copied], python: Path, environment: Mapping[str, str], *,
    jobs: int = 2, limit: float = 300.0, on_done: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:  # fmt: skip
    """运行这些代码块，慢的先跑；结果按原来的次序。"""
    idle: queue.Queue[Worker] = queue.Queue()
    workers = [Worker(python, environment) for _ in range(min(jobs, len(blocks)))]
    for worker in workers:
        idle.put(worker)

    def one(block: Copied) -> Outcome:
        worker = idle.get()
        try:
            outcome = worker.run(block, limit)
        finally:
            idle.put(worker)
        on_done(outcome)
        return outcome

    slowest_first = sorted(range(len(blocks)), key=lambda i: -blocks[i].seconds)
    with ThreadPoolExecutor(max(1, len(workers))) as pool:
        done = dict(
            zip(slowest_first, pool.map(one, [blocks[i] for i in slowest_first]), strict=True)
        )
    for worker in workers:
        worker.close()
    return [done[i] for i in range(len(blocks))]
