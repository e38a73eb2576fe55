import itertools
import math

import pytest
import torch
from torch.optim import lr_scheduler

from dlnotes.optim import schedules

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


# 对照：手算的几处：热身中、峰值、衰减的中途、刚走完、走完很久以后。
HAND = {
    "constant": (schedules.constant(lr=2.0, num_warmup=3), {0: 0.5, 2: 1.5, 3: 2.0, 99: 2.0}),
    "step": (
        schedules.step_decay(4, lr=2.0, num_warmup=3),
        {0: 0.5, 2: 1.5, 3: 2.0, 6: 2.0, 7: 0.2, 10: 0.2, 11: 0.02},
    ),
    "cosine": (
        schedules.cosine(8, lr=2.0, lr_min=1.0, num_warmup=2),
        {0: 2 / 3, 1: 4 / 3, 2: 2.0, 4: 1.75, 5: 1.5, 6: 1.25, 8: 1.0, 99: 1.0},
    ),
    "linear": (
        schedules.linear(6, lr=1.0, lr_min=0.2, num_warmup=2),
        {0: 1 / 3, 1: 2 / 3, 2: 1.0, 3: 0.8, 4: 0.6, 5: 0.4, 6: 0.2, 99: 0.2},
    ),
    "inverse_sqrt": (
        schedules.inverse_sqrt(lr=2.0, num_warmup=3),
        {0: 0.5, 1: 1.0, 2: 1.5, 3: 2.0, 15: 1.0, 63: 0.5},
    ),
}


@pytest.mark.parametrize("name", HAND)
def test_schedule_equals_values_by_hand(name):
    schedule, expected = HAND[name]
    assert {step: schedule(step) for step in expected} == pytest.approx(expected, rel=1e-12)


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


# 对照：torch 的同名调度器。默认 lr=1 时返回的是倍数，乘上优化器自己的学习率才是这一步的学习率。
FACTORS = {
    "constant": (schedules.constant(), lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
    "step": (schedules.step_decay(10), lambda o: lr_scheduler.StepLR(o, 10)),
    "cosine": (schedules.cosine(NUM), lambda o: lr_scheduler.CosineAnnealingLR(o, NUM)),
    "linear": (
        schedules.linear(30),
        lambda o: lr_scheduler.LinearLR(o, 1.0, 0.0, total_iters=30),
    ),
}


@pytest.mark.parametrize("name", FACTORS)
def test_schedule_as_a_factor_of_the_optimizer_lr_equals_torch(name):
    schedule, oracle = FACTORS[name]
    got = run_scheduler(lambda o: lr_scheduler.LambdaLR(o, schedule))
    assert got == pytest.approx(run_scheduler(oracle), rel=1e-9, abs=1e-12)


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
        (lambda: schedules.cosine(10, lr=math.inf), "lr"),
        (lambda: schedules.step_decay(5, gamma=math.nan), "gamma"),
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
    with pytest.raises(TypeError, match=f"{name} 应为整数"):
        make()


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: schedules.constant(lr="0.1"), "lr"),
        (lambda: schedules.step_decay(5, gamma=None), "gamma"),
        (lambda: schedules.cosine(10, lr_min="0"), "lr_min"),
    ],
)
def test_schedule_rejects_rate_that_is_no_number(make, name, unchecked):
    with pytest.raises(TypeError, match=f"{name} 应为实数，收到"):
        make()
