"""任务的世界：干净的开始，截住的输出，警告当错误，不许联网，限时，走时不留东西。"""

import contextlib
import faulthandler
import gc
import io
import logging
import os
import random
import secrets
import signal
import sys
import threading
import time
import types
import warnings
from collections.abc import Iterator
from pathlib import Path

from dlnotes_site.run.resident import restore, world

MAX_OUTPUT = 64 * 1024
"""一格代码最多打印的字符数。"""

GRACE = 10.0
"""超时之后，信号叫不醒的，再等这么多秒就由主进程结束它。"""

ALLOWED_WARNINGS: tuple[tuple[str, type[Warning], str], ...] = ()
"""放行的警告：（正则表达式，类别，日期与理由）。其余警告一律算失败。"""


class BlockError(Exception):
    """任务失败；消息里有页面、行号、那一行的文字与当时的值。"""


class BlockTimeout(BaseException):
    """超时。不是 `Exception`，免得被代码块自己的 `except Exception` 吞掉。"""


class Output(io.StringIO):
    """有上限的标准输出；关掉它、打印写不出来的字符，都当场报错。"""

    def write(self, text: str) -> int:
        """写一段；太长、写不成 UTF-8 就报错。"""
        if self.tell() + len(text) > MAX_OUTPUT:
            raise BlockError(f"输出超过 {MAX_OUTPUT} 个字符")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise BlockError(f"打印了 UTF-8 写不出的字符 {text[error.start]!r}") from error
        return super().write(text)

    def close(self) -> None:
        """标准输出不许关。"""
        raise BlockError("关掉了标准输出，之后打印的东西读者看不到")

    def __del__(self):
        """不关：`close` 会报错。"""


@contextlib.contextmanager
def isolated(page: str, limit: float, folder: Path, resident: bool) -> Iterator[None]:
    """给任务一个干净的世界。

    Args:
        page: 页面，写进 `sys.argv`。
        limit: 时限，秒。
        folder: 临时文件夹，任务在里面的 `work/` 运行；`faults.txt` 记下死在哪一行。
        resident: 进程还要接着用（GPU 上）：结束后把世界恢复原样。
    """
    before = world() if resident else None
    _scramble()
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv = [page]
    (folder / "work").mkdir()
    os.chdir(folder / "work")
    try:
        with _warnings_are_errors(), _time_limit(limit, folder / "faults.txt"):
            yield
    finally:
        os.chdir(folder.parent)
        if before is not None:
            restore(before)


def _scramble() -> None:
    """打乱各处的随机状态：忘了设种子的代码块每次结果都不同，早晚被断言抓住。"""
    import numpy as np
    import torch

    random.seed(secrets.randbits(64))
    np.random.seed(secrets.randbits(32))
    torch.default_generator.manual_seed(secrets.randbits(63))
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(secrets.randbits(63))


# --- 警告与时限 ----------------------------------------------------------------------------------


@contextlib.contextmanager
def _warnings_are_errors() -> Iterator[None]:
    with warnings.catch_warnings(), _logged_warnings_are_errors("matplotlib"):
        warnings.simplefilter("error")
        for pattern, category, _reason in ALLOWED_WARNINGS:
            warnings.filterwarnings("ignore", pattern, category)
        yield


@contextlib.contextmanager
def _logged_warnings_are_errors(name: str) -> Iterator[None]:
    """有些毛病 matplotlib 只写进日志，例如公式里混进汉字、字体里没有那个字。"""

    class Raise(logging.Handler):
        def emit(self, record):
            raise BlockError(f"{name} 的日志：{record.getMessage()}")

    handler = Raise(logging.WARNING)
    logging.getLogger(name).addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger(name).removeHandler(handler)


@contextlib.contextmanager
def _time_limit(limit: float, faults: Path) -> Iterator[None]:
    """用信号在代码块里抛出超时，每秒再催一次；崩溃或叫不醒时，把停在哪一行写进 `faults`。"""
    usable = hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread()

    def on_alarm(number, frame):
        raise BlockTimeout(f"超过 {limit:g} 秒还没有结束")

    previous = signal.signal(signal.SIGALRM, on_alarm) if usable else None
    with faults.open("w") as file:
        faulthandler.enable(file)
        faulthandler.dump_traceback_later(limit + GRACE / 2, file=file)
        if usable:
            signal.setitimer(signal.ITIMER_REAL, limit, 1.0)
        try:
            yield
        finally:
            if usable:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, previous)
            faulthandler.cancel_dump_traceback_later()
            faulthandler.disable()


def stop_timer() -> None:
    """不再催：任务已经停下，正在写说明。"""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)


# --- 不许联网 ------------------------------------------------------------------------------------

_LOCAL = ("127.", "::1", "localhost", "0.0.0.0")


def refuse_network() -> None:
    """从此不许连别的主机；本机之内（几个进程之间）可以。撤不掉，只在工作进程里用。"""
    sys.addaudithook(_no_network)


def _no_network(event: str, arguments: tuple) -> None:
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "localhost"
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    own = os.uname().nodename if hasattr(os, "uname") else ""
    if not (host.startswith(_LOCAL) or host == own):
        raise BlockError(f"要连 {host}：代码块运行时不许联网")


# --- 走时不留东西 --------------------------------------------------------------------------------


def check_leftovers(threads: set[int], stray: Path) -> None:
    """任务结束时检查。

    Args:
        threads: 开始时已有的线程。
        stray: 文件描述符 1 指向的文件。

    Raises:
        BlockError: 还有线程或子进程在运行，关掉了标准输出，或者绕过 `sys.stdout` 打印。
    """
    try:
        os.fstat(1)
    except OSError:
        raise BlockError("关掉了标准输出（文件描述符 1），之后打印的东西读者看不到") from None
    text = stray.read_bytes().decode(errors="replace").strip() if stray.exists() else ""
    if text:
        raise BlockError(f"绕过 sys.stdout 打印，读者在笔记本里看不到：{text[:200]!r}；"
                         "子进程的输出要接住再打印")  # fmt: skip
    if left := _running_threads(threads):
        raise BlockError(f"留下了还在运行的线程：{'、'.join(left)}")
    if left := _running_children():
        raise BlockError(f"留下了还在运行的子进程：{'、'.join(left)}")


def _running_threads(known: set[int]) -> list[str]:
    others = [t for t in threading.enumerate() if t.ident not in known and not t.daemon]
    for thread in others:
        thread.join(timeout=1)
    return [thread.name for thread in others if thread.is_alive()]


def _running_children() -> list[str]:
    for _ in range(10):
        children = _children()
        if not children:
            return []
        gc.collect()  # 忘在变量里的进程池，随变量一起收走
        time.sleep(0.1)
    return children


def _children() -> list[str]:
    """还活着的子进程的命令；没有 /proc 的系统上看不到。"""
    found = []
    for task in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for pid in task.read_text().split():
                stat = Path(f"/proc/{pid}/stat").read_text()
                state = stat.rpartition(")")[2].split()[0]
                command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
                if state != "Z" and "resource_tracker" not in command:
                    found.append(command[:80])
    return found
