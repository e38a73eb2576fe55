"""`dlnotes.seeds.fit_seeds` 与逐个种子训练：螺旋数据，Adam。"""

import statistics

import torch
from common import interleave, ratio, table

from dlnotes.data import spiral
from dlnotes.models import mlp
from dlnotes.seeds import fit_seeds
from dlnotes.training import fit


def setting(num_seeds: int, num_per_class: int, num_epochs: int, where: str):
    X, y = (t.to(where) for t in spiral(num_per_class, seed=0))

    def together():
        fit_seeds(lambda seed: mlp([2, 100, 3], seed=seed).to(where), (X, y), lr=1e-2,
                  seeds=range(num_seeds), num_epochs=num_epochs, progress=False)  # fmt: skip

    def one_by_one():
        for seed in range(num_seeds):
            model = mlp([2, 100, 3], seed=seed).to(where)
            fit(model, X, y, lr=1e-2, num_epochs=num_epochs, progress=False)

    return {"一起": together, "逐个": one_by_one}


def report(num_rounds: int = 5) -> str:
    """交替计时，返回 Markdown。"""
    torch.set_num_threads(1)
    cases = [
        ("cpu", 10, 30, 200),
        ("cpu", 64, 30, 50),
        ("cpu", 10, 1000, 50),
        ("cpu", 64, 1000, 10),
    ]
    if torch.cuda.is_available():
        cases += [("cuda", 10, 1000, 200), ("cuda", 64, 1000, 100), ("cuda", 256, 1000, 100)]
    rows = []
    for where, num_seeds, num_per_class, num_epochs in cases:
        seconds = interleave(setting(num_seeds, num_per_class, num_epochs, where), num_rounds)
        faster = 1 / ratio(seconds, "一起", "逐个")
        target = (
            "≥ 30" if (where, num_seeds) == ("cuda", 256) else ("≥ 1" if where == "cpu" else "参照")
        )
        rows.append([where.upper(), str(num_seeds), str(3 * num_per_class),
                     *(f"{statistics.median(seconds[name]):.2f}" for name in ("一起", "逐个")),
                     f"{faster:.2f}", target])  # fmt: skip
    if not torch.cuda.is_available():
        rows.append(["CUDA", "256", "3000", "—", "—", "没有 GPU，未测", "≥ 30"])
    return table(["设备", "种子数", "样本数", "一起（秒）", "逐个（秒）", "快几倍", "目标"], rows)


if __name__ == "__main__":
    print(report())
