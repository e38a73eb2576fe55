"""`import dlnotes` 比 `import torch` 多花多少。"""

import statistics
import subprocess
import sys
import time

from common import ROOT, ratios, table


def seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT / "src")
    return time.perf_counter() - start


def report(num_rounds: int = 15) -> str:
    """交替计时，返回 Markdown。"""
    names = {"torch": "import torch", "dlnotes": "import torch, dlnotes",
             "dlnotes.training": "import dlnotes.training"}  # fmt: skip
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(num_rounds):
        for name, code in names.items():
            times[name].append(seconds(code))
    rows = [
        [f"`{names[name]}`", f"{statistics.median(times[name]):.2f}",
         ratios(times, name, "torch"), target]
        for name, target in (("torch", "—"), ("dlnotes", "≤ 1.05"), ("dlnotes.training", "参照"))
    ]  # fmt: skip
    return table(["启动解释器并导入", "秒", "÷ torch", "目标"], rows)


if __name__ == "__main__":
    print(report())
