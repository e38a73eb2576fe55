import copy
import math
from functools import partial

import pytest
import torch
from torch import nn

from dlnotes import optim

SHAPES = [(3, 4), (4,), (2, 3, 2, 2), ()]
STEPS = 12
TOLERANCE = {"rtol": 1e-10, "atol": 1e-13}

# 每行：我们的优化器 · torch.optim 里的对照 · 双方共用的设置
SETTINGS = [
    ("sgd", optim.SGD, torch.optim.SGD, {"lr": 0.1}),
    ("sgd-decay", optim.SGD, torch.optim.SGD, {"lr": 0.03, "weight_decay": 0.2}),
    ("sgd-lr0", optim.SGD, torch.optim.SGD, {"lr": 0.0}),
    ("momentum", optim.Momentum, torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    ("momentum-half", optim.Momentum, torch.optim.SGD, {"lr": 1.0, "momentum": 0.5}),
    (
        "momentum-dampening",
        optim.Momentum,
        torch.optim.SGD,
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.4},
    ),
    (
        "momentum-average-decay",
        optim.Momentum,
        torch.optim.SGD,
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.9, "weight_decay": 0.1},
    ),
    (
        "nesterov",
        optim.Nesterov,
        partial(torch.optim.SGD, nesterov=True),
        {"lr": 0.1, "momentum": 0.9},
    ),
    (
        "nesterov-decay",
        optim.Nesterov,
        partial(torch.optim.SGD, nesterov=True),
        {"lr": 0.02, "momentum": 0.7, "weight_decay": 0.3},
    ),
    ("adagrad", optim.Adagrad, torch.optim.Adagrad, {"lr": 0.1}),
    (
        "adagrad-eps-decay",
        optim.Adagrad,
        torch.optim.Adagrad,
        {"lr": 0.5, "eps": 1e-2, "weight_decay": 0.1},
    ),
    ("rmsprop", optim.RMSprop, torch.optim.RMSprop, {"lr": 0.01}),
    (
        "rmsprop-alpha",
        optim.RMSprop,
        torch.optim.RMSprop,
        {"lr": 0.1, "alpha": 0.5, "eps": 1e-3, "weight_decay": 0.1},
    ),
    ("adam", optim.Adam, torch.optim.Adam, {"lr": 0.1}),
    ("adam-betas", optim.Adam, torch.optim.Adam, {"lr": 0.1, "betas": (0.5, 0.7)}),
    ("adam-no-memory", optim.Adam, torch.optim.Adam, {"lr": 0.1, "betas": (0.0, 0.0)}),
    (
        "adam-eps-decay",
        optim.Adam,
        torch.optim.Adam,
        {"lr": 0.02, "eps": 1e-2, "weight_decay": 0.3},
    ),
    ("adamw", optim.AdamW, torch.optim.AdamW, {"lr": 0.1}),
    ("adamw-decay", optim.AdamW, torch.optim.AdamW, {"lr": 0.1, "weight_decay": 0.5}),
    (
        "adamw-no-decay",
        optim.AdamW,
        torch.optim.AdamW,
        {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.0},
    ),
]
IDS = [row[0] for row in SETTINGS]
OURS = [optim.SGD, optim.Momentum, optim.Nesterov, optim.Adagrad, optim.RMSprop, optim.Adam]
OURS += [optim.AdamW]
parametrize_settings = pytest.mark.parametrize(
    ("ours", "oracle", "settings"), [row[1:] for row in SETTINGS], ids=IDS
)
parametrize_classes = pytest.mark.parametrize("cls", OURS, ids=[cls.__name__ for cls in OURS])


def make_params(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()
        for shape in SHAPES
    ]


def run_steps(make_optimizer, num_steps=STEPS, seed=0, after_step=None):
    """走 num_steps 步，梯度是固定种子的随机数加上与参数有关的一项；返回末位置。"""
    params = make_params(seed)
    optimizer = make_optimizer(params)
    generator = torch.Generator().manual_seed(seed + 1)
    for t in range(num_steps):
        set_grads(params, generator)
        optimizer.step()
        if after_step is not None:
            after_step(t, optimizer)
    return [p.detach().clone() for p in params]


def set_grads(params, generator):
    for p in params:
        noise = torch.randn(p.shape, generator=generator, dtype=p.dtype)
        p.grad = noise + p.detach().sin()


# 对照：torch.optim，float64，12 步，20 组设置；容差相对 1e-10。
@parametrize_settings
def test_optimizer_equals_torch_optim(ours, oracle, settings):
    got = run_steps(lambda params: ours(params, **settings))
    want = run_steps(lambda params: oracle(params, **settings))
    torch.testing.assert_close(got, want, **TOLERANCE)


# 对照：torch.optim；设置随机抽取，不只是上面那张表。
@pytest.mark.parametrize("seed", range(10))
def test_optimizer_equals_torch_optim_random_settings(seed):
    u = torch.rand(6, generator=torch.Generator().manual_seed(seed)).tolist()
    lr, momentum, decay, eps = 10 ** (-3 * u[0]), u[1], u[2] / 2, 10 ** (-8 * u[3])
    adam = {"lr": lr, "betas": (u[4], u[5]), "eps": eps, "weight_decay": decay}
    sgd = {"lr": lr, "momentum": momentum, "dampening": u[4], "weight_decay": decay}
    for ours, oracle, settings in [
        (optim.Adam, torch.optim.Adam, adam),
        (optim.AdamW, torch.optim.AdamW, adam),
        (optim.Momentum, torch.optim.SGD, sgd),
    ]:
        got = run_steps(lambda params, f=ours, s=settings: f(params, **s), seed=seed)
        want = run_steps(lambda params, f=oracle, s=settings: f(params, **s), seed=seed)
        torch.testing.assert_close(got, want, **TOLERANCE)


# 纯函数的规则 → 类：同一串梯度，逐步相等。第三列是状态的个数，第四列说规则要不要 t。
RULES = [
    (optim.sgd_rule, optim.SGD, 0, False, {"lr": 0.1}),
    (optim.momentum_rule, optim.Momentum, 1, True, {"lr": 0.1, "momentum": 0.8, "dampening": 0.3}),
    (
        optim.velocity_rule,
        partial(optim.Momentum, form="velocity"),
        1,
        True,
        {"lr": 0.1, "momentum": 0.8, "dampening": 0.3},
    ),
    (optim.nesterov_rule, optim.Nesterov, 1, False, {"lr": 0.1, "momentum": 0.8}),
    (optim.adagrad_rule, optim.Adagrad, 1, False, {"lr": 0.1, "eps": 1e-3}),
    (optim.rmsprop_rule, optim.RMSprop, 1, False, {"lr": 0.1, "alpha": 0.9, "eps": 1e-3}),
    (optim.adam_rule, optim.Adam, 2, True, {"lr": 0.1, "betas": (0.7, 0.9), "eps": 1e-3}),
    (
        optim.adam_rule,
        optim.Adam,
        2,
        True,
        {"lr": 0.1, "betas": (0.7, 0.9), "eps": 1e-3, "bias_correction": False},
    ),
    (optim.adamw_rule, optim.AdamW, 2, True, {"lr": 0.1, "weight_decay": 0.3}),
]


@pytest.mark.parametrize(
    ("rule", "cls", "num_slots", "takes_t", "settings"),
    RULES,
    ids=[f"{i}-{row[0].__name__}" for i, row in enumerate(RULES)],
)
def test_rule_equals_class(rule, cls, num_slots, takes_t, settings):
    grads = torch.randn(STEPS, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    w = torch.linspace(-1, 1, 5, dtype=torch.float64)
    p = w.clone().requires_grad_()
    slots = [torch.zeros_like(w)] * num_slots
    optimizer = cls([p], **settings)
    for t, g in enumerate(grads, start=1):
        p.grad = g
        optimizer.step()
        arguments = [w] * (rule is optim.adamw_rule) + [g, *slots] + [t] * takes_t
        out = rule(*arguments, **settings)
        delta, *slots = out if isinstance(out, tuple) else (out,)
        w = w + delta
        torch.testing.assert_close(p.detach(), w, **TOLERANCE)


@pytest.mark.parametrize("rule", [optim.adam_rule, optim.momentum_rule])
def test_rule_leaves_inputs_unchanged(rule):
    g, slots = torch.ones(3), [torch.full((3,), 2.0) for _ in range(2)]
    slots = slots[: 2 if rule is optim.adam_rule else 1]
    rule(g, *slots, 1, lr=0.1)
    assert torch.equal(g, torch.ones(3))
    assert all(torch.equal(s, torch.full((3,), 2.0)) for s in slots)


# 对照：闭式 m_t = (1−β₁) Σ β₁^(t−i) g_i，v_t 同理，w_t = w_0 − η Σ m/(√v + ε)。
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.8), (0.0, 0.9)])
def test_adam_equals_closed_form_without_bias_correction(betas):
    g = torch.randn(15, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    p = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    optimizer = optim.Adam([p], lr=0.1, betas=betas, eps=1e-6, bias_correction=False)
    steps = torch.arange(15, dtype=torch.float64)
    lags = steps[:, None] - steps
    m, v = ((1 - beta) * (beta**lags).tril() @ x for beta, x in zip(betas, (g, g**2), strict=True))
    path = -(0.1 * m / (v.sqrt() + 1e-6)).cumsum(0)
    for t in range(15):
        p.grad = g[t]
        optimizer.step()
        torch.testing.assert_close(p.detach(), path[t], **TOLERANCE)


# 对照：闭式，第一步 m = (1−β₁)g、v = (1−β₂)g²，步长 (1−β₁)/√(1−β₂) ≈ 3.162 倍学习率。
def test_adam_first_step_length_with_and_without_bias_correction():
    g, zero = torch.tensor([50.0, -0.02], dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    on = optim.adam_rule(g, zero, zero, 1, lr=1.0)[0]
    off = optim.adam_rule(g, zero, zero, 1, lr=1.0, bias_correction=False)[0]
    torch.testing.assert_close(on, -g.sign(), rtol=1e-5, atol=0)
    torch.testing.assert_close(off, -0.1 / math.sqrt(0.001) * g.sign(), rtol=2e-5, atol=0)


# 对照：不变量，学习率不变时 v = −ηb，两条路相同。
def test_momentum_forms_agree_constant_lr():
    settings = {"lr": 0.1, "momentum": 0.9, "dampening": 0.2}
    paths = [
        run_steps(lambda params, form=form: optim.Momentum(params, form=form, **settings))
        for form in ("gradient", "velocity")
    ]
    torch.testing.assert_close(*paths, **TOLERANCE)


# 对照：闭式。g 恒为 1、ρ = 0.5，第二步前学习率由 1 改为 0：
# gradient 写法此后不动，velocity 写法仍按旧速度走 −0.5。
def test_momentum_forms_differ_when_lr_changes():
    moved = {}
    for form in ("gradient", "velocity"):
        p = torch.zeros(1, requires_grad=True)
        p.grad = torch.ones(1)
        optimizer = optim.Momentum([p], lr=1.0, momentum=0.5, form=form)
        optimizer.step()
        optimizer.param_groups[0]["lr"] = 0.0
        optimizer.step()
        moved[form] = p.item()
    assert moved == {"gradient": -1.0, "velocity": -1.5}


# 对照：讲义里的 Nesterov（在 w + ρv 处求梯度），换元 w̃ = w + ρv 后应与我们的路相同。
def test_nesterov_equals_look_ahead_form():
    def grad(x):
        return 4 * x**3 + x

    w, v, rho, lr = 0.7, 0.0, 0.9, 0.02
    p = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    optimizer = optim.Nesterov([p], lr=lr, momentum=rho)
    for _ in range(20):
        v = rho * v - lr * grad(w + rho * v)
        w = w + v
        p.grad = grad(p.detach())
        optimizer.step()
        assert p.item() == pytest.approx(w + rho * v, rel=1e-10)


# 对照：闭式，梯度恒为常数时 AdaGrad 第 t 步走 η/√t，RMSProp 走 η/√(1 − α^t)。
def test_adagrad_step_vanishes_and_rmsprop_step_does_not():
    g = torch.full((1,), 7.0, dtype=torch.float64)
    s = v = torch.zeros(1, dtype=torch.float64)
    for t in range(1, 501):
        adagrad, s = optim.adagrad_rule(g, s, lr=1.0, eps=0.0)
        rmsprop, v = optim.rmsprop_rule(g, v, lr=1.0, alpha=0.9, eps=0.0)
        assert -adagrad.item() == pytest.approx(t**-0.5)
        assert -rmsprop.item() == pytest.approx((1 - 0.9**t) ** -0.5)


# 对照：不变量。SGD 的 L2 与解耦衰减（w ← (1 − ηλ)w − ηg）相同，Adam 的不同。
def test_weight_decay_l2_equals_decoupled_for_sgd_not_for_adam():
    w = torch.tensor([1.0, -3.0], dtype=torch.float64)
    g = torch.tensor([0.5, 20.0], dtype=torch.float64)
    zero = torch.zeros_like(w)
    sgd = w + optim.sgd_rule(g + 0.1 * w, lr=0.2)
    torch.testing.assert_close(sgd, (1 - 0.2 * 0.1) * w - 0.2 * g, **TOLERANCE)
    l2 = w + optim.adam_rule(g + 0.1 * w, zero, zero, 1, lr=0.2)[0]
    decoupled = w + optim.adamw_rule(w, g, zero, zero, 1, lr=0.2, weight_decay=0.1)[0]
    assert (l2 - decoupled).abs().min() > 1e-2


# 对照：闭式，状态张量数 × 参数个数 × 每个数的字节数。
@pytest.mark.parametrize(
    ("cls", "copies"),
    list(zip(OURS, [0, 1, 1, 1, 1, 2, 2], strict=True)),
    ids=[cls.__name__ for cls in OURS],
)
def test_state_bytes_counts_copies_of_parameters(cls, copies):
    params = make_params()
    optimizer = cls(params, lr=0.1)
    assert optim.state_bytes(optimizer) == 0
    set_grads(params, torch.Generator().manual_seed(0))
    optimizer.step()
    assert optim.state_bytes(optimizer) == copies * 8 * sum(p.numel() for p in params)


# 对照：torch.optim 用同样的参数组；各组的学习率与权重衰减不同。
@parametrize_settings
def test_optimizer_equals_torch_optim_param_groups(ours, oracle, settings):
    def make(factory):
        def build(params):
            tail = {"params": params[2:], "lr": 0.05, "weight_decay": 0.02}
            return factory([{"params": params[:2]}, tail], **settings)

        return build

    torch.testing.assert_close(run_steps(make(ours)), run_steps(make(oracle)), **TOLERANCE)


# 对照：torch.optim；第 4 步起才解冻最后一个参数，它的步数比别人少。
@parametrize_settings
def test_optimizer_equals_torch_optim_late_parameter(ours, oracle, settings):
    def run(factory):
        params = make_params()
        optimizer = factory(params, **settings)
        generator = torch.Generator().manual_seed(5)
        for t in range(10):
            set_grads(params, generator)
            if t < 4:
                params[-1].grad = None
            optimizer.step()
        return [p.detach() for p in params]

    torch.testing.assert_close(run(ours), run(oracle), **TOLERANCE)


# 对照：torch.optim + 同一个调度器。
@parametrize_settings
def test_optimizer_equals_torch_optim_with_scheduler(ours, oracle, settings):
    def run(factory):
        schedulers = []

        def build(params):
            optimizer = factory(params, **settings)
            schedulers.append(torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.8))
            return optimizer

        return run_steps(build, after_step=lambda t, optimizer: schedulers[0].step())

    torch.testing.assert_close(run(ours), run(oracle), **TOLERANCE)


# 对照：一口气走完的同一条路；中途存盘、读入新优化器后应逐位相同。
@parametrize_classes
def test_optimizer_state_dict_round_trip(cls, tmp_path):
    params = make_params()
    optimizer = cls(params, lr=0.1)
    generator = torch.Generator().manual_seed(1)
    for _ in range(5):
        set_grads(params, generator)
        optimizer.step()
    torch.save(optimizer.state_dict(), tmp_path / "state.pt")
    twins = [p.detach().clone().requires_grad_() for p in params]
    twin = cls(twins, lr=0.9)
    twin.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    for _ in range(5):
        set_grads(params, generator)
        for p, q in zip(params, twins, strict=True):
            q.grad = p.grad.clone()
        optimizer.step()
        twin.step()
    assert all(torch.equal(p, q) for p, q in zip(params, twins, strict=True))


@parametrize_classes
def test_optimizer_survives_deepcopy_and_hooks(cls):
    params = make_params()
    optimizer = copy.deepcopy(cls(params, lr=0.1))
    calls = []
    optimizer.register_step_post_hook(lambda *_: calls.append(1))
    assert isinstance(optimizer, torch.optim.Optimizer)
    optimizer.step()
    assert calls == [1]


@parametrize_classes
def test_optimizer_step_runs_closure_with_grad_and_returns_loss(cls):
    w = torch.tensor([3.0], requires_grad=True)
    optimizer = cls([w], lr=0.01)

    def closure():
        optimizer.zero_grad()
        loss = w.square().sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 9.0
    assert w.item() < 3.0
    assert optimizer.step() is None


@parametrize_classes
def test_optimizer_lowers_loss_of_network(cls):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    X = torch.randn(64, 4)
    y = X.prod(dim=1, keepdim=True)
    optimizer = cls(net.parameters(), lr=0.01)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(X), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@parametrize_classes
def test_optimizer_skips_parameter_without_grad(cls):
    p, q = (torch.ones(2, requires_grad=True) for _ in range(2))
    p.grad = torch.ones(2)
    cls([p, q], lr=0.1).step()
    assert torch.equal(q, torch.ones(2))
    assert not torch.equal(p, torch.ones(2))


BAD_SETTINGS = [
    (optim.SGD, {"lr": -0.1}, "lr"),
    (optim.SGD, {"lr": math.nan}, "lr"),
    (optim.SGD, {"lr": math.inf}, "lr"),
    (optim.SGD, {"weight_decay": -1}, "weight_decay"),
    (optim.Momentum, {"momentum": 1.0}, "momentum"),
    (optim.Momentum, {"momentum": -0.1}, "momentum"),
    (optim.Momentum, {"dampening": 2.0}, "dampening"),
    (optim.Momentum, {"form": "heavy"}, "form"),
    (optim.Nesterov, {"momentum": 1.5}, "momentum"),
    (optim.Adagrad, {"eps": -1e-8}, "eps"),
    (optim.RMSprop, {"alpha": 1.0}, "alpha"),
    (optim.Adam, {"betas": (1.0, 0.9)}, r"betas\[0\]"),
    (optim.Adam, {"betas": (0.9, -0.1)}, r"betas\[1\]"),
    (optim.AdamW, {"lr": -1e-3}, "lr"),
]


@pytest.mark.parametrize(("cls", "settings", "name"), BAD_SETTINGS)
def test_optimizer_rejects_setting_out_of_range(cls, settings, name, unchecked):
    with pytest.raises(ValueError, match=rf"{name} 应.*收到"):
        cls([torch.zeros(1, requires_grad=True)], **settings)


@pytest.mark.parametrize(
    ("cls", "settings", "name"),
    [
        (optim.SGD, {"lr": "0.1"}, "lr"),
        (optim.SGD, {"lr": torch.tensor(0.1)}, "lr"),
        (optim.Adam, {"betas": 0.9}, "betas"),
        (optim.Adam, {"betas": (0.9, 0.99, 0.999)}, "betas"),
    ],
)
def test_optimizer_rejects_setting_of_wrong_type(cls, settings, name, unchecked):
    with pytest.raises(TypeError, match=f"{name} 应是"):
        cls([torch.zeros(1, requires_grad=True)], **settings)


def test_optimizer_rejects_bad_setting_in_param_group(unchecked):
    w = torch.zeros(1, requires_grad=True)
    with pytest.raises(ValueError, match="lr 应满足"):
        optim.SGD([{"params": [w], "lr": -1.0}])


def test_optimizer_rejects_complex_parameter(unchecked):
    with pytest.raises(TypeError, match="复数"):
        optim.SGD([torch.zeros(1, dtype=torch.complex64, requires_grad=True)])


def test_optimizer_rejects_sparse_gradient(unchecked):
    embedding = nn.Embedding(5, 2, sparse=True)
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(TypeError, match="稀疏"):
        optim.Adam(embedding.parameters()).step()


@parametrize_classes
@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        (None, TypeError, "params 应为一串值，收到 None"),
        ([], ValueError, "params 应至少有一个参数"),
        (torch.zeros(2, requires_grad=True), TypeError, "params 应为一串参数"),
        (["w"], TypeError, "params 的每一项 应为 Tensor，收到 str"),
        ([torch.zeros(2, requires_grad=True) * 2], ValueError, "应为叶子张量"),
        ([{"lr": 0.1}], TypeError, "params 应为一串值，收到 None"),
    ],
    ids=["none", "empty", "tensor", "name", "computed", "group-without-params"],
)
def test_optimizer_rejects_bad_params(cls, params, error, message, unchecked):
    with pytest.raises(error, match=message):
        cls(params)


def test_optimizer_accepts_named_parameters_and_generators_like_torch():
    net = nn.Linear(2, 3)
    assert len(optim.Adam(net.parameters()).param_groups[0]["params"]) == 2
    assert optim.Adam(net.named_parameters()).param_groups[0]["param_names"] == ["weight", "bias"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda g: optim.sgd_rule([1.0], lr=0.1), TypeError, "g 应为浮点张量，收到 list"),
        (lambda g: optim.sgd_rule(g, lr="0.1"), TypeError, "lr 应是一个实数"),
        (lambda g: optim.sgd_rule(g, lr=-0.1), ValueError, r"lr 应满足.*-0\.1"),
        (lambda g: optim.momentum_rule(g, g[:1], 1, lr=0.1), ValueError, r"g 是 \(3,\).*\(1,\)"),
        (lambda g: optim.velocity_rule(g, g, 0, lr=0.1), ValueError, "t 应不小于 1，收到 0"),
        (lambda g: optim.nesterov_rule(g, g, lr=0.1, momentum=1.0), ValueError, "momentum < 1"),
        (lambda g: optim.adagrad_rule(g, 0.0), TypeError, "s 应为浮点张量，收到 float"),
        (lambda g: optim.rmsprop_rule(g, g, alpha=2), ValueError, "alpha < 1，收到 2"),
        (lambda g: optim.adam_rule(g, g, g, 1.5), TypeError, r"t 应为整数，收到 1\.5"),
        (lambda g: optim.adam_rule(g, g, g, 1, betas=0.9), TypeError, "betas 应是两个数"),
        (lambda g: optim.adamw_rule(g, g[:2], g, g, 1), ValueError, "w 是.*g 是"),
        (lambda g: optim.state_bytes(g), TypeError, "optimizer 应为 Optimizer，收到 Tensor"),
    ],
)
def test_rules_reject_bad_input(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call(torch.ones(3))
