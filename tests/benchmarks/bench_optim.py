"""比较 `dlnotes.optim` 与 `torch.optim` 默认实现的速度，打印一张 Markdown 表。

用法：`python tests/benchmarks/bench_optim.py [cpu|cuda]`。
两边一轮一轮交替计时，每轮得到一个比值“我们的秒数 ÷ torch 的秒数”；表里的时间与比值都是各轮的
中位数。CPU 上只用一个线程，计的是处理器时间，别的程序占用机器时也不算进来。目标 ≤ 1.0。
"""

import math
import statistics
import sys
import time
from collections.abc import Callable

import torch
from common import table
from torch import nn

from dlnotes import optim

PAIRS = {
    "SGD": (optim.SGD, torch.optim.SGD, {}),
    "Momentum": (optim.Momentum, torch.optim.SGD, {"momentum": 0.9}),
    "Nesterov": (optim.Nesterov, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "Adagrad": (optim.Adagrad, torch.optim.Adagrad, {}),
    "RMSprop": (optim.RMSprop, torch.optim.RMSprop, {}),
    "Adam": (optim.Adam, torch.optim.Adam, {}),
    "AdamW": (optim.AdamW, torch.optim.AdamW, {}),
}


def make_spiral(device: str) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """螺旋数据的规模：3000 个点，2-100-3 的网络。"""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 100), nn.ReLU(), nn.Linear(100, 3))
    t = torch.linspace(0, 1, 1000).repeat(3)
    y = torch.arange(3).repeat_interleave(1000)
    angle = 2 * math.pi * (y + 2 * t) / 3 + 0.2 * torch.randn(3000)
    X = t[:, None] * torch.stack([angle.sin(), angle.cos()], dim=1)
    return net.to(device), X.to(device), y.to(device)


def make_million(device: str) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    """约一百万个参数：512-768-768-10 的网络，64 个样本。"""
    torch.manual_seed(0)
    layers = [nn.Linear(512, 768), nn.ReLU(), nn.Linear(768, 768), nn.ReLU(), nn.Linear(768, 10)]
    X, y = torch.randn(64, 512), torch.randint(10, (64,))
    return nn.Sequential(*layers).to(device), X.to(device), y.to(device)


def make_runs(make_model: Callable, make_optimizer: Callable, device: str) -> dict[str, Callable]:
    """返回两个可反复调用的函数：只走优化器的一步、完整的一步训练。"""
    net, X, y = make_model(device)
    optimizer = make_optimizer(net.parameters(), lr=1e-4)

    def train_step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(X), y).backward()
        optimizer.step()

    train_step()
    return {"step": optimizer.step, "train": train_step}


def seconds_per_call(run: Callable, num_calls: int, device: str) -> float:
    """连续调用 num_calls 次，返回每次的秒数：GPU 上是经过的时间，CPU 上是处理器时间。"""
    on_cpu = device == "cpu"
    clock = time.process_time if on_cpu else time.perf_counter
    synchronize = (lambda: None) if on_cpu else torch.cuda.synchronize
    synchronize()
    start = clock()
    for _ in range(num_calls):
        run()
    synchronize()
    return (clock() - start) / num_calls


def compare(make_model: Callable, name: str, rounds: int, device: str) -> dict[str, tuple]:
    """交替计时，返回 {"step": …, "train": …}，各是我们的秒数、torch 的秒数、两者之比。"""
    ours, oracle, extra = PAIRS[name]
    pair = [
        make_runs(make_model, ours, device),
        make_runs(make_model, lambda params, lr: oracle(params, lr=lr, **extra), device),
    ]
    result = {}
    for kind in ("step", "train"):
        once = max(seconds_per_call(runs[kind], 3, device) for runs in pair)
        num_calls = max(3, int(0.004 / once))
        times = [
            [seconds_per_call(r[kind], num_calls, device) for r in pair] for _ in range(rounds)
        ]
        columns = [*zip(*times, strict=True), [a / b for a, b in times]]
        result[kind] = tuple(map(statistics.median, columns))
    return result


def report(rounds: int = 31, device: str = "cpu") -> str:
    """交替计时，返回 Markdown。"""
    torch.set_num_threads(1)
    models = {"螺旋 2-100-3": make_spiral, "一百万参数": make_million}
    rows = []
    for label, make_model in models.items():
        for name in PAIRS:
            times = compare(make_model, name, rounds, device)
            ours, oracle, step_ratio = times["step"]
            rows.append([label, name, f"{1e6 * ours:.0f}", f"{1e6 * oracle:.0f}",
                         f"{step_ratio:.2f}", f"{times['train'][2]:.2f}", "≤ 1.0"])  # fmt: skip
    header = [
        "模型",
        "优化器",
        "step：我们（µs）",
        "step：torch（µs）",
        "step 比值",
        "训练一步比值",
        "目标",
    ]
    return table(header, rows)


if __name__ == "__main__":
    print(report(device=sys.argv[1] if len(sys.argv) > 1 else "cpu"))
