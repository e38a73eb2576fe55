import copy
import math
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dispatch import CountSyncs, NoFloat64OffCpu
from dlnotes._core.modes import evaluating
from dlnotes.inspection import dead_ratio, update_ratio, watch
from dlnotes.training import evaluate, fit


def make_net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(64, 8),
        nn.Sigmoid(),
        nn.Linear(8, 8),
        nn.ELU(inplace=True),
        nn.PReLU(),
        nn.Linear(8, 3),
    ).double()


def images(seed=0, num=6):
    g = torch.Generator().manual_seed(seed)
    X = torch.randn(num, 1, 6, 6, generator=g, dtype=torch.float64)
    return X, torch.randint(3, (num,), generator=g)


def num_hooks(model):
    """所有模块与参数上的钩子总数。"""
    modules = sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())
    return modules + sum(len(p._backward_hooks or ()) for p in model.parameters())


def train(model, num_steps=3):
    """几步训练，返回经历过的一切：输出、梯度、参数与缓冲、模式、随机状态。"""
    torch.manual_seed(1)
    sgd = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    seen = []
    for step in range(num_steps):
        X, y = images(step)
        sgd.zero_grad()
        logits = model(X)
        F.cross_entropy(logits, y).backward()
        sgd.step()
        seen += [logits.detach(), *(p.grad.clone() for p in model.parameters())]
    modes = torch.tensor([m.training for m in model.modules()])
    return [*seen, *model.state_dict().values(), modes, torch.get_rng_state()]


def test_watch_changes_nothing_in_training_and_removes_its_hooks():
    plain, watched = make_net(), make_net()
    watched[1].eval()
    plain[1].eval()  # 混合的模式也要原样保留
    expected = train(plain)
    with watch(watched) as stats:
        assert num_hooks(watched) > 0
        actual = train(watched)
    assert all(torch.equal(a, e) for a, e in zip(actual, expected, strict=True))
    assert num_hooks(watched) == 0
    length = len(stats["0"].mean)
    watched(images()[0]).sum().backward()
    assert length == len(stats["0"].mean) == len(stats["0"].grad_norm) == 3


def test_watch_removes_its_hooks_after_an_exception_and_keeps_those_of_others():
    net = make_net()
    net[0].register_forward_hook(lambda module, inputs, output: None)
    with watch(net):
        assert num_hooks(net) > 1
    with pytest.raises(RuntimeError), watch(net):
        net(torch.zeros(1))  # 形状不对，前向中途出错
    assert num_hooks(net) == 1


def test_watch_gradient_norm_equals_the_norm_of_grad():
    net = make_net()
    X, y = images()
    with watch(net) as stats:
        for _ in range(2):  # 第二次反向时 .grad 已累加，记录的仍是这一次的
            net.zero_grad()
            F.cross_entropy(net(X), y).backward()
        before = [p.grad.clone() for p in net[5].parameters()]
        F.cross_entropy(net(X), y).backward()
    assert len(stats["5"].grad_norm) == 3
    after = [p.grad for p in net[5].parameters()]
    expected = [
        torch.cat([g.flatten() for g in before]).norm(),
        torch.cat([(a - b).flatten() for a, b in zip(after, before, strict=True)]).norm(),
    ]
    assert stats["5"].grad_norm[1:] == pytest.approx([e.item() for e in expected], rel=1e-12)
    assert stats["2"].grad_norm == []


def test_watch_gradient_norm_skips_frozen_and_works_with_autograd_grad():
    net = nn.Sequential(nn.Linear(3, 4), nn.PReLU(), nn.Linear(4, 1))
    net[0].requires_grad_(False)
    with watch(net) as stats:
        grads = torch.autograd.grad(net(torch.ones(2, 3)).sum(), list(net[2].parameters()))
    assert stats["0"].grad_norm == []
    norm = math.hypot(*(g.norm().item() for g in grads))
    assert stats["2"].grad_norm == pytest.approx([norm], rel=1e-6)


def test_watch_activation_statistics_equal_those_computed_by_hand():
    net = make_net().eval()
    X, _ = images(3)
    with torch.no_grad(), watch(net) as stats:
        net(X)
    h = [X]
    for module in copy.deepcopy(net):
        h.append(module(h[-1].clone()).detach())
    for name, output in zip(stats, h[1:], strict=True):
        assert stats[name].mean[0] == pytest.approx(output.mean().item(), abs=1e-14)
        assert stats[name].std[0] == pytest.approx(output.std(correction=0).item(), abs=1e-14)
        assert stats[name].zero_ratio[0] == (output == 0).double().mean().item()


def test_watch_saturation_follows_the_derivative():
    # 闭式：σ(1−σ) < 0.05/4 ⇔ |x| > 4.3567…；1−tanh² < 0.05 ⇔ |x| > 2.1783…
    x = torch.linspace(-10, 10, 2001, dtype=torch.float64).reshape(-1, 1)
    bounds = {
        nn.Sigmoid(): 2 * math.atanh(math.sqrt(0.95)),
        nn.Tanh(): math.atanh(math.sqrt(0.95)),
    }
    for module, bound in bounds.items():
        with watch(module) as stats:
            module(x)
        (saturation,) = stats[type(module).__name__].saturation
        assert saturation == (x.abs() > bound).double().mean().item()
    with watch(nn.Sequential(nn.ReLU(inplace=True), nn.Linear(1, 1).double())) as stats:
        pass
    assert stats["0"].saturation == []


def test_watch_saturation_of_relu_is_its_zero_ratio():
    net = make_net()
    with watch(net, layers=["2"]) as stats:
        net(images()[0])
    assert list(stats) == ["2"]
    assert stats["2"].saturation == stats["2"].zero_ratio
    assert 0 < stats["2"].saturation[0] < 1


def test_watch_saturation_reads_the_input_before_an_inplace_layer_overwrites_it():
    x = torch.linspace(-8, 8, 401)
    ratios = []
    for inplace in (False, True):
        elu = nn.ELU(inplace=inplace)
        with watch(elu) as stats:
            elu(x.clone())
        ratios += stats["ELU"].saturation
    assert ratios[0] == ratios[1] == (x < math.log(0.05)).double().mean().item()


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_watch_works_without_gradients(context):
    net = make_net()
    with context(), watch(net) as stats:
        net(images()[0])
    assert len(stats["6"].saturation) == 1
    assert stats["5"].grad_norm == []


def test_watch_accepts_tuple_outputs_and_repeated_layers():
    lstm = nn.LSTM(3, 4)
    with watch(lstm) as stats:
        lstm(torch.zeros(5, 2, 3))
    assert len(stats["LSTM"].mean) == 1
    shared = nn.Tanh()
    net = nn.Sequential(nn.Linear(2, 2), shared, nn.Linear(2, 2), shared)
    with watch(net) as stats:
        net(torch.zeros(1, 2))
    assert len(stats["1"].mean) == 2


def test_watch_names_the_missing_layer_and_lists_the_available_ones():
    net = make_net()
    with pytest.raises(
        ValueError, match=r"layers 里没有.*'fc9'.*可用的名字：'Sequential'、'0'、'1'"
    ):
        watch(net, layers=["0", "fc9"]).__enter__()
    with pytest.raises(TypeError, match=r"layers 应为名字的列表.*\['0'\]"):
        watch(net, layers="0").__enter__()
    assert num_hooks(net) == 0


def test_watch_takes_containers_and_the_model_itself():
    net = nn.Sequential(nn.Sequential(nn.Linear(1, 1)))
    with watch(net, layers=["Sequential", "0"]) as stats:
        net(torch.zeros(1, 1))
    assert [len(s.mean) for s in stats.values()] == [1, 1]


def on_meta():
    """A float32 model, a batch and an optimizer on the stand-in for an accelerator."""
    net = make_net().float().to("meta")
    X, y = images()
    return net, X.float().to("meta"), y.to("meta")


def test_watch_never_waits_for_the_device_until_it_is_left():
    net, X, y = on_meta()
    with CountSyncs() as syncs, watch(net) as stats:
        for _ in range(3):
            F.cross_entropy(net(X), y).backward()
        assert syncs.total == 0
    assert set(syncs.counts) == {"to_cpu"}
    assert syncs.total <= 2  # one for the floats, one for the counts
    assert len(stats["5"].mean) == len(stats["5"].grad_norm) == len(stats["6"].saturation) == 3
    with CountSyncs() as after:
        assert stats["5"].std == [0.0] * 3
    assert after.total == 0


def test_watch_bounds_what_waits_on_the_device(monkeypatch):
    monkeypatch.setattr(sys.modules["dlnotes.inspection.watch"], "_MAX_WAITING", 50)
    net, X, _ = on_meta()
    with CountSyncs() as syncs, watch(net) as stats:
        for _ in range(30):
            net(X)
            assert len(stats["0"]._readings.waiting) < 50
    assert 2 < syncs.total < 60
    assert len(stats["10"].zero_ratio) == 30


def test_watch_lists_may_be_read_before_it_is_left():
    net, X = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)), torch.ones(3, 2)
    with watch(net) as stats:
        means = stats["0"].mean
        assert means == []
        net(X).sum().backward()
        assert stats["0"].mean == [pytest.approx(net[0](X).mean().item())]
        assert len(stats["0"].grad_norm) == 1
        net(X)
    assert stats["0"].mean is means
    assert len(means) == 3  # the call of net[0] above counts too
    assert repr(stats["0"]) == "LayerStats(Linear：前向 3 次，反向 1 次)"


def test_watch_and_its_relatives_never_make_float64_on_a_device():
    net, X, y = on_meta()
    with NoFloat64OffCpu(), CountSyncs():
        with watch(net) as stats:
            F.cross_entropy(net(X), y).backward()
        assert stats["6"].saturation == [0.0]
        assert dead_ratio(net, X) == {"2": 1.0}
        with update_ratio(net) as ratios:
            pass
    assert ratios["5.weight"] == 0.0


def test_dead_ratio_and_update_ratio_wait_for_the_device_a_fixed_number_of_times():
    net, X, _ = on_meta()
    with CountSyncs() as syncs:
        dead_ratio(net, X, batch_size=1)
    assert syncs.counts == {"to_cpu": 1}
    with CountSyncs() as syncs, update_ratio(net):
        pass
    assert syncs.counts == {"to_cpu": 2}


def test_watch_ignores_evaluations_begun_within_it_and_only_those():
    net, (X, y) = make_net(), images()
    with watch(net) as stats:
        F.cross_entropy(net(X), y).backward()
        evaluate(net, X, y)
        with evaluating(net):
            net(X)
    assert [len(s.mean) for s in stats.values()] == [1] * len(net)
    assert len(stats["6"].saturation) == 1
    with evaluating(net):
        with watch(net) as stats:
            net(X)
            dead_ratio(net, X)
            with torch.no_grad():
                net.eval()(X)
        assert len(stats["0"].mean) == len(stats["6"].saturation) == 2


def test_watch_within_fit_records_training_steps_only():
    net, (X, y) = make_net(), images()
    with watch(net) as stats:
        fit(net, X, y, valid=(X, y), lr=0.1, num_epochs=4, seed=0)
    assert len(stats["0"].mean) == len(stats["0"].grad_norm) == 4


def test_watch_averages_half_precision_in_single():
    net, X = nn.Identity(), torch.linspace(1, 1.1, 1001).to(torch.bfloat16)
    with watch(net) as stats:
        net(X)
    assert stats["Identity"].mean == [pytest.approx(X.double().mean().item(), rel=1e-6)]


def test_watch_skips_empty_batches():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    with watch(net) as stats:
        net(torch.zeros(0, 2))
    assert stats["1"].mean == stats["1"].saturation == []


def dead_by_hand(outputs):
    """神谕：整份数据一次算完，逐单元看是否全为 0。"""
    alive = [(outputs[:, i] != 0).any().item() for i in range(outputs.shape[1])]
    return 1 - sum(alive) / len(alive)


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_dead_ratio_equals_a_count_by_hand(batch_size):
    torch.manual_seed(2)
    net = nn.Sequential(
        nn.Conv2d(1, 12, 3), nn.ReLU(), nn.Flatten(), nn.Linear(192, 30), nn.ReLU()
    ).double()
    net[0].bias.data -= torch.linspace(0, 4, 12)
    net[3].bias.data -= torch.linspace(0, 2, 30)
    X, _ = images(num=20)
    with torch.no_grad():
        expected = {"1": dead_by_hand(net[:2](X)), "4": dead_by_hand(net(X))}
    ratios = dead_ratio(net, X, batch_size=batch_size)
    assert ratios == pytest.approx(expected)
    assert all(0 < ratio < 1 for ratio in ratios.values())


def test_dead_ratio_counts_a_unit_that_fires_once_as_alive():
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU())
    net[0].weight.data = torch.eye(2)
    X = torch.full((3000, 2), -1.0)
    X[2999, 0] = 1.0
    assert dead_ratio(net, X) == {"1": 0.5}


def test_dead_ratio_changes_nothing():
    net = make_net()
    net[0].eval()  # 混合的模式
    state = copy.deepcopy(net.state_dict())
    modes = [m.training for m in net.modules()]
    rng = torch.get_rng_state()
    dead_ratio(net, images()[0])
    assert [m.training for m in net.modules()] == modes
    assert torch.equal(torch.get_rng_state(), rng)
    torch.testing.assert_close(net.state_dict(), state, rtol=0, atol=0)
    assert num_hooks(net) == 0
    assert torch.is_grad_enabled()
    assert all(p.grad is None for p in net.parameters())


def test_dead_ratio_restores_everything_after_an_exception():
    class Rude(nn.Module):
        def forward(self, x):
            torch.rand(3)
            raise ArithmeticError

    net = nn.Sequential(nn.ReLU(), Rude())
    rng = torch.get_rng_state()
    with pytest.raises(ArithmeticError):
        dead_ratio(net, torch.zeros(2, 2))
    assert all(m.training for m in net.modules())
    assert num_hooks(net) == 0
    assert torch.equal(torch.get_rng_state(), rng)
    assert torch.is_grad_enabled()


def test_dead_ratio_counts_every_use_of_a_shared_relu():
    relu = nn.ReLU()
    net = nn.Sequential(nn.Linear(1, 1), relu, nn.Linear(1, 3), relu)
    for layer, bias in [(net[0], [1.0]), (net[2], [1.0, -1.0, -1.0])]:
        layer.weight.data.zero_()
        layer.bias.data = torch.tensor(bias)
    assert dead_ratio(net, torch.zeros(5, 1)) == {"1": 0.5}


def test_dead_ratio_names_what_is_wrong():
    net = make_net()
    X, _ = images()
    with pytest.raises(ValueError, match=r"没有.*'relu1'.*可用的名字.*'2'"):
        dead_ratio(net, X, layers=["relu1"])
    with pytest.raises(ValueError, match=r"nn\.ReLU.*可用的名字：'Sequential'、'0'、'1'"):
        dead_ratio(nn.Sequential(nn.Linear(1, 1), nn.Tanh()), torch.zeros(2, 1))
    with pytest.raises(ValueError, match=r"X 应至少有一个样本"):
        dead_ratio(net, X[:0])
    with pytest.raises(ValueError, match=r"batch_size 应为正整数，收到 0"):
        dead_ratio(net, X, batch_size=0)

    with pytest.raises(ValueError, match=r"X 应与 model 在同一设备（cpu），收到 meta"):
        dead_ratio(net, X.to("meta"))
    with pytest.raises(ValueError, match=r"X 应至少有一个样本，收到形状 \(\)"):
        dead_ratio(net, torch.tensor(1.0))

    class Unused(nn.Module):
        def __init__(self):
            super().__init__()
            self.spare = nn.ReLU()

        def forward(self, x):
            return x

    with pytest.raises(ValueError, match=r"'spare' 在前向计算中没有用到"):
        dead_ratio(Unused(), torch.zeros(2, 1))


@pytest.mark.parametrize("lr", [1e-4, 0.1])
def test_update_ratio_of_a_plain_sgd_step_is_lr_times_gradient_over_parameter(lr):
    net = make_net()
    X, y = images()
    sgd = torch.optim.SGD(net.parameters(), lr=lr)
    F.cross_entropy(net(X), y).backward()
    expected = {
        name: lr * (p.grad.norm() / p.norm()).item()
        for name, p in net.named_parameters()
        if p.norm() > 0
    }
    with update_ratio(net) as ratios:
        assert ratios == {}
        sgd.step()
    assert {name: ratios[name] for name in expected} == pytest.approx(expected, rel=1e-9)
    assert ratios["1.bias"] == math.inf  # BatchNorm 的 β 从 0 出发


def test_update_ratio_does_not_disturb_training():
    plain, measured = make_net(), make_net()
    expected = train(plain)
    with update_ratio(measured, ["5.weight"]) as ratios:
        actual = train(measured)
    assert all(torch.equal(a, e) for a, e in zip(actual, expected, strict=True))
    assert list(ratios) == ["5.weight"]


def test_update_ratio_is_zero_when_nothing_moves_and_skips_frozen_parameters():
    net = nn.Linear(2, 2)
    net.bias.requires_grad_(False)
    with update_ratio(net) as ratios:
        pass
    assert ratios == {"weight": 0.0}


def test_update_ratio_names_the_missing_parameter():
    with pytest.raises(ValueError, match=r"parameters 里没有.*'w'.*可用的名字：'weight'、'bias'"):
        update_ratio(nn.Linear(1, 1), ["w"]).__enter__()
    with pytest.raises(TypeError, match=r"parameters 应为名字的列表"):
        update_ratio(nn.Linear(1, 1), "weight").__enter__()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: watch(torch.relu).__enter__(), "model 应为 nn.Module，收到 builtin"),
        (lambda: watch(nn.ReLU(), layers=3).__enter__(), "layers 应为名字的列表，收到 int"),
        (lambda: dead_ratio(3, torch.zeros(1, 1)), "model 应为 nn.Module，收到 int"),
        (lambda: dead_ratio(nn.ReLU(), [[1.0]]), "X 应为张量，收到 list"),
        (lambda: dead_ratio(nn.ReLU(), torch.zeros(1, 1), batch_size=1.5), "batch_size 应为正整数"),
        (lambda: update_ratio(None).__enter__(), "model 应为 nn.Module，收到 NoneType"),
        (lambda: update_ratio(nn.ReLU(), 3).__enter__(), "parameters 应为名字的列表，收到 int"),
    ],
)
def test_wrong_types_are_named(call, message, unchecked):
    with pytest.raises(TypeError, match=message):
        call()


def test_dead_ratio_takes_flat_and_tuple_outputs():
    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.relu, self.lstm = nn.ReLU(), nn.LSTM(2, 3)

        def forward(self, X):
            self.relu(X.sum(dim=1))
            return self.lstm(X)

    assert dead_ratio(Flat(), -torch.ones(4, 2)) == {"relu": 1.0}
    assert dead_ratio(Flat(), torch.ones(4, 2), layers=["relu", "lstm"])["relu"] == 0.0
