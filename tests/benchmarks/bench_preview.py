"""预览与建站要等多久：改一句话、改一行代码，到浏览器拿得到新的一页；改一块再建站。"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench_run import copy_tree
from common import table

PAGE, ADDRESS = "docs/notes/tensors.md", "notes/tensors/"
ROUNDS = 5
LIMIT = 120.0


def command(root: Path, *arguments: str) -> list[str]:
    """在 `root` 处运行 `dlnotes-site`。"""
    return [sys.executable, "-m", "dlnotes_site", "--root", str(root), *arguments]


def environment(root: Path) -> dict[str, str]:
    """用 `root` 里的源码，在 CPU 上。"""
    return {**os.environ, "PYTHONPATH": str(root / "src"), "DLNOTES_DEVICE": "cpu"}


def build_seconds(root: Path, *arguments: str) -> float:
    """`dlnotes-site build` 的用时，含解释器启动。"""
    start = time.perf_counter()
    subprocess.run(command(root, "build", *arguments), check=True, cwd=root,
                   env=environment(root), stdout=subprocess.DEVNULL)  # fmt: skip
    return time.perf_counter() - start


@contextmanager
def previewed(root: Path):
    """开着预览，给出它的网址。"""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    process = subprocess.Popen(command(root, "serve", "--address", address), cwd=root,
                               env=environment(root), stdout=subprocess.DEVNULL)  # fmt: skip
    try:
        yield f"http://{address}/"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def seconds_until(url: str, text: str) -> float:
    """多久之后 `url` 的网页里有 `text`。

    Raises:
        TimeoutError: 等了 `LIMIT` 秒还没有。
    """
    start = time.perf_counter()
    while time.perf_counter() - start < LIMIT:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if text in answer.read().decode():
                    return time.perf_counter() - start
        except OSError:
            pass
        time.sleep(0.02)
    raise TimeoutError(f"{url} 等了 {LIMIT:g} 秒也没有 {text!r}")


def edits(root: Path, url: str, change: Callable[[str, int], tuple[str, str]]) -> list[float]:
    """改 `ROUNDS` 次 `PAGE`，每次多久之后看得到；`change` 给出新的一页与要找的文字。"""
    path, found = root / PAGE, []
    before = path.read_text(encoding="utf-8")
    for number in range(ROUNDS):
        text, wanted = change(before, number)
        path.write_text(text, encoding="utf-8")
        found.append(seconds_until(url + ADDRESS, wanted))
        time.sleep(2.0)
    path.write_text(before, encoding="utf-8")
    return found


def prose(text: str, number: int) -> tuple[str, str]:
    """添一句话。"""
    return f"{text}\n\n改动第{number}回。\n", f"改动第{number}回。"


def code(text: str, number: int) -> tuple[str, str]:
    """添一个轻的代码块。"""
    block = f"```python\nimport torch\n\nprint('和是', torch.ones({number + 3}).sum().item())\n"
    return f"{text}\n\n{block}assert {number} + 1 > {number}\n```\n", f"和是 {number + 3}.0"


def report() -> str:
    """返回 Markdown。"""
    with tempfile.TemporaryDirectory() as folder:
        root = copy_tree(Path(folder), recorded=True)
        build_seconds(root)
        idle = median(build_seconds(root) for _ in range(3))
        path = root / PAGE
        path.write_text(code(path.read_text(encoding="utf-8"), 40)[0], encoding="utf-8")
        changed = build_seconds(root)
        start = time.perf_counter()
        with previewed(root) as url:
            seconds_until(url + ADDRESS, "</html>")
            ready = time.perf_counter() - start
            words, blocks = edits(root, url, prose), edits(root, url, code)
    rows = [
        ["建站：什么都没变", f"{idle:.1f} 秒", "≤ 3 秒"],
        ["建站：改一个轻的代码块", f"{changed:.1f} 秒", "≤ 10 秒"],
        ["预览：开好", f"{ready:.1f} 秒", "参照"],
        ["预览：改一句话", f"{median(words):.1f} 秒（最慢 {max(words):.1f}）", "≤ 2 秒"],
        ["预览：改一个轻的代码块", f"{median(blocks):.1f} 秒（最慢 {max(blocks):.1f}）", "≤ 3 秒"],
    ]
    return table(["从改动到看见", "结果", "目标"], rows)


if __name__ == "__main__":
    print(report())
