"""在读者的环境里逐个运行代码块。只用标准库与读者装的库：这里没有建站工具。

从标准输入读任务（一行一个 JSON），往标准输出写结果。torch 与 matplotlib 只导入一次，
每块由 `os.fork()` 得到自己的进程；没有 fork 的系统给每块另起一个 Python。
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import types
from pathlib import Path


def main() -> None:
    """一直做到标准输入结束。"""
    os.environ["MPLBACKEND"] = "Agg"
    if hasattr(os, "fork"):
        _warm_up()
    for line in sys.stdin:
        task = json.loads(line)
        print(json.dumps(run(task["code"], task["limit"]), ensure_ascii=False), flush=True)


def _warm_up() -> None:
    import matplotlib.pyplot  # noqa: F401
    import sklearn  # noqa: F401
    import torch

    torch.set_num_threads(1)


def run(code: str, limit: float) -> dict:
    """在空的临时文件夹里运行 `code`；代码与输出放在另一个文件夹里。"""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as work:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as empty:
            script = Path(work, "block.py")
            script.write_text(code + "\n", encoding="utf-8", newline="\n")
            runner = _forked if hasattr(os, "fork") else _spawned
            status = runner(script, empty, limit)
        texts = {name: _read(script.with_suffix(f".{name}")) for name in ("stdout", "stderr")}
    return {"status": status, **texts, "seconds": time.perf_counter() - start}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _forked(script: Path, folder: str, limit: float) -> int | None:
    """退出码；超时为 `None`。"""
    pid = os.fork()
    if pid == 0:
        _child(script, folder)
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def _child(script: Path, folder: str) -> None:
    status = 1
    try:
        for number, name in ((1, "stdout"), (2, "stderr")):
            file = os.open(script.with_suffix(f".{name}"), os.O_WRONLY | os.O_CREAT, 0o600)
            os.dup2(file, number)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
        os.chdir(folder)
        status = _execute(script)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _execute(script: Path) -> int:
    main = types.ModuleType("__main__")
    main.__file__ = str(script)
    sys.modules["__main__"], sys.argv = main, [str(script)]
    try:
        exec(compile(script.read_text(encoding="utf-8"), str(script), "exec"), main.__dict__)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _spawned(script: Path, folder: str, limit: float) -> int | None:
    with (
        open(script.with_suffix(".stdout"), "wb") as out,
        open(script.with_suffix(".stderr"), "wb") as err,
    ):
        try:
            command = [sys.executable, "-I", "-X", "utf8", str(script)]
            return subprocess.run(
                command, cwd=folder, stdout=out, stderr=err, timeout=limit, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            return None


if __name__ == "__main__":
    main()
