"""`dlnotes.training.fit_seeds` 与逐个种子训练：螺旋数据，Adam。"""

import statistics
import time

import torch
from common import interleave, ratios, table

from dlnotes.data import spiral
from dlnotes.models import mlp
from dlnotes.training import fit, fit_seeds


def setting(num_seeds: int, num_per_class: int, num_epochs: int, device: str):
    X, y = (t.to(device) for t in spiral(num_per_class, seed=0))

    def together():
        fit_seeds(lambda seed: mlp([2, 100, 3], seed=seed).to(device), (X, y), lr=1e-2,
                  seeds=range(num_seeds), num_epochs=num_epochs, progress=False)  # fmt: skip

    def one_by_one():
        for seed in range(num_seeds):
            model = mlp([2, 100, 3], seed=seed).to(device)
            fit(model, X, y, lr=1e-2, num_epochs=num_epochs, seed=seed, progress=False)

    return {"一起": together, "逐个": one_by_one}


def report(num_rounds: int = 9) -> str:
    """交替计时，返回 Markdown。"""
    torch.set_num_threads(1)
    cases = [
        ("cpu", 10, 30, 200),
        ("cpu", 64, 30, 50),
        ("cpu", 10, 200, 100),
        ("cpu", 10, 1000, 50),
        ("cpu", 64, 1000, 10),
    ]
    if torch.cuda.is_available():
        cases += [("cuda", 10, 1000, 200), ("cuda", 64, 1000, 100), ("cuda", 256, 1000, 100)]
    rows = []
    for device, num_seeds, num_per_class, num_epochs in cases:
        calls = setting(num_seeds, num_per_class, num_epochs, device)
        clock = time.process_time if device == "cpu" else time.perf_counter
        seconds = interleave(calls, num_rounds, clock)
        rows.append([device.upper(), str(num_seeds), str(3 * num_per_class),
                     *(f"{statistics.median(seconds[name]):.2f}" for name in calls),
                     ratios(seconds, "一起", "逐个"),
                     "≤ 1/30" if (device, num_seeds) == ("cuda", 256) else "≤ 1.0"])  # fmt: skip
    if not torch.cuda.is_available():
        rows.append(["CUDA", "256", "3000", "—", "—", "没有 GPU，未测", "≤ 1/30"])
    header = ["设备", "种子数", "样本数", "一起（秒）", "逐个（秒）", "一起 ÷ 逐个", "目标"]
    return table(header, rows)


if __name__ == "__main__":
    print(report())
