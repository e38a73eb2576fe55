import itertools
import math

import pytest
import torch
from torch.optim import lr_scheduler

from dlnotes import schedules

NUM = 40
LR = 0.3


def make_optimizer(lr=LR):
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)


def run_scheduler(make_scheduler, num_steps=NUM, lr=LR):
    """用 torch 的调度器走 num_steps 步，记下每一步用的学习率。"""
    optimizer = make_optimizer(lr)
    scheduler = make_scheduler(optimizer)
    lrs = []
    for _ in range(num_steps):
        lrs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return lrs


def values(schedule, num_steps=NUM):
    return [schedule(step) for step in range(num_steps)]


# 我们的调度 · torch.optim.lr_scheduler 里的对照（无热身）
TORCH = {
    "constant": (
        schedules.constant(lr=LR),
        lambda o: lr_scheduler.ConstantLR(o, factor=1.0),
    ),
    "step": (
        schedules.step_decay(7, gamma=0.3, lr=LR),
        lambda o: lr_scheduler.StepLR(o, 7, gamma=0.3),
    ),
    "step-one": (
        schedules.step_decay(1, gamma=0.9, lr=LR),
        lambda o: lr_scheduler.ExponentialLR(o, 0.9),
    ),
    "cosine": (
        schedules.cosine(NUM, lr=LR),
        lambda o: lr_scheduler.CosineAnnealingLR(o, NUM),
    ),
    "cosine-min": (
        schedules.cosine(NUM, lr=LR, lr_min=0.05),
        lambda o: lr_scheduler.CosineAnnealingLR(o, NUM, eta_min=0.05),
    ),
    "linear": (
        schedules.linear(25, lr=LR),
        lambda o: lr_scheduler.LinearLR(o, 1.0, 0.0, total_iters=25),
    ),
    "linear-min": (
        schedules.linear(25, lr=LR, lr_min=0.06),
        lambda o: lr_scheduler.LinearLR(o, 1.0, 0.2, total_iters=25),
    ),
}


# 对照：torch.optim.lr_scheduler 的同名调度。
@pytest.mark.parametrize("name", TORCH)
def test_schedule_equals_torch(name):
    ours, oracle = TORCH[name]
    assert values(ours) == pytest.approx(run_scheduler(oracle), rel=1e-9, abs=1e-12)


# 对照：torch 的 LinearLR（热身）接上面的调度，用 SequentialLR 拼成。
@pytest.mark.parametrize("num_warmup", [1, 5, 12])
@pytest.mark.parametrize(
    ("make", "oracle"),
    [
        (
            lambda w: schedules.cosine(NUM, lr=LR, lr_min=0.01, num_warmup=w),
            lambda o, w: lr_scheduler.CosineAnnealingLR(o, NUM - w, eta_min=0.01),
        ),
        (
            lambda w: schedules.step_decay(6, gamma=0.5, lr=LR, num_warmup=w),
            lambda o, w: lr_scheduler.StepLR(o, 6, gamma=0.5),
        ),
        (
            lambda w: schedules.constant(lr=LR, num_warmup=w),
            lambda o, w: lr_scheduler.ConstantLR(o, factor=1.0),
        ),
    ],
    ids=["cosine", "step", "constant"],
)
@pytest.mark.filterwarnings("ignore:The epoch parameter:UserWarning")
def test_schedule_equals_torch_with_warmup(make, oracle, num_warmup):
    def sequence(optimizer):
        warm = lr_scheduler.LinearLR(optimizer, 1 / (num_warmup + 1), 1.0, total_iters=num_warmup)
        parts = [warm, oracle(optimizer, num_warmup)]
        return lr_scheduler.SequentialLR(optimizer, parts, milestones=[num_warmup])

    assert values(make(num_warmup)) == pytest.approx(run_scheduler(sequence), rel=1e-9)


# 对照：闭式，另写一遍；热身、衰减、结束后三段都查。
@pytest.mark.parametrize("num_warmup", [0, 3])
def test_schedule_equals_closed_form(num_warmup):
    W, T = num_warmup, 11
    for t in range(W, 2 * T):
        p = min(1, (t - W) / (T - W))
        cases = {
            schedules.constant(lr=2.0, num_warmup=W): 2.0,
            schedules.step_decay(4, lr=2.0, num_warmup=W): 2.0 * 0.1 ** int((t - W) / 4),
            schedules.cosine(T, lr=2.0, num_warmup=W): 2.0 * math.cos(math.pi * p / 2) ** 2,
            schedules.linear(T, lr=2.0, num_warmup=W): 2.0 * (1 - p),
            schedules.inverse_sqrt(lr=2.0, num_warmup=W): 2.0 * ((W + 1) / (t + 1)) ** 0.5,
        }
        for schedule, want in cases.items():
            assert schedule(t) == pytest.approx(want, rel=1e-12, abs=1e-15)


# 对照：Transformer 论文的公式 d^(−1/2)·min(n^(−1/2), n·w^(−3/2))。
def test_inverse_sqrt_equals_transformer_formula():
    w, d = 10, 64
    schedule = schedules.inverse_sqrt(lr=(d * w) ** -0.5, num_warmup=w - 1)
    want = [d**-0.5 * min(n**-0.5, n * w**-1.5) for n in range(1, 100)]
    assert values(schedule, 99) == pytest.approx(want, rel=1e-12)


ALL = {
    "constant": schedules.constant,
    "step_decay": lambda **k: schedules.step_decay(10, **k),
    "cosine": lambda **k: schedules.cosine(30, **k),
    "linear": lambda **k: schedules.linear(30, **k),
    "inverse_sqrt": schedules.inverse_sqrt,
}


# 对照：不变量，热身每步升得一样多，峰值在第 W 步，此后不升。
@pytest.mark.parametrize("name", ALL)
def test_schedule_rises_to_peak_then_never_rises(name):
    lrs = values(ALL[name](lr=0.5, num_warmup=9))
    rises = [b - a for a, b in itertools.pairwise(lrs)]
    assert rises[:9] == pytest.approx([0.05] * 9)
    assert lrs[9] == 0.5
    assert max(rises[9:]) <= 0


# 对照：直接调用；LambdaLR 里的倍数 × 初始学习率。
@pytest.mark.parametrize("name", ALL)
def test_schedule_drives_lambda_lr(name):
    schedule = ALL[name](num_warmup=5)
    got = run_scheduler(lambda o: lr_scheduler.LambdaLR(o, schedule))
    assert got == pytest.approx([LR * schedule(step) for step in range(NUM)])


# 对照：不变量，纯函数与问的次序无关。
@pytest.mark.parametrize("name", ALL)
def test_schedule_is_pure(name):
    schedule = ALL[name](num_warmup=3)
    forward = values(schedule)
    assert [schedule(s) for s in reversed(range(NUM))] == forward[::-1]


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: schedules.constant(lr=-0.1), "lr"),
        (lambda: schedules.constant(lr=math.nan), "lr"),
        (lambda: schedules.constant(num_warmup=-1), "num_warmup"),
        (lambda: schedules.step_decay(0), "step_size"),
        (lambda: schedules.step_decay(5, gamma=1.5), "gamma"),
        (lambda: schedules.step_decay(5, gamma=0.0), "gamma"),
        (lambda: schedules.cosine(0), "num_steps"),
        (lambda: schedules.cosine(10, num_warmup=10), "num_warmup"),
        (lambda: schedules.linear(10, lr=0.1, lr_min=0.2), "lr_min"),
        (lambda: schedules.linear(10, lr_min=-0.2), "lr_min"),
        (lambda: schedules.inverse_sqrt()(-1), "step"),
    ],
)
def test_schedule_rejects_value_out_of_range(make, name, unchecked):
    with pytest.raises(ValueError, match=f"{name} 应.*收到"):
        make()


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: schedules.cosine(10.0), "num_steps"),
        (lambda: schedules.linear(10, num_warmup=0.1), "num_warmup"),
        (lambda: schedules.constant()(torch.tensor(1)), "step"),
    ],
)
def test_schedule_rejects_non_integer_count(make, name, unchecked):
    with pytest.raises(TypeError, match=f"{name} 应是整数"):
        make()
