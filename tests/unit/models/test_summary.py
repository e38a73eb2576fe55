import unicodedata

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from dlnotes.models.alexnet import alexnet, alexnet_2012, alexnet_small
from dlnotes.models.lenet import lenet5, lenet_teaching
from dlnotes.models.summary import summary


def on_meta(make, **settings):
    with torch.device("meta"):
        return make(**settings)


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


# 对照：公布的乘加次数；LeNet-5 与 AlexNet 按论文的形状手算。
@pytest.mark.parametrize(
    ("make", "input_size", "num_params", "num_macs"),
    [
        (lenet5, (1, 32, 32), 61_706, 416_520),
        (lenet_teaching, (3, 32, 32), 62_006, 651_720),
        (alexnet, (3, 224, 224), 61_100_840, 714_188_480),
        (alexnet_2012, (3, 227, 227), 60_965_224, 724_406_816),
    ],
)
def test_summary_totals_equal_published(make, input_size, num_params, num_macs):
    table = summary(on_meta(make), input_size)
    assert (table.num_params, table.num_macs) == (num_params, num_macs)
    assert sum(row.num_params for row in table.rows) == num_params


def test_summary_lenet5_rows_equal_paper():
    rows = summary(lenet5(seed=0), (1, 32, 32)).rows
    weighted = [(r.name, r.output_shape, r.num_params) for r in rows if r.num_params]
    assert weighted == [
        ("features.0", (6, 28, 28), 156),
        ("features.3", (16, 10, 10), 2416),
        ("classifier.0", (120,), 48_120),
        ("classifier.2", (84,), 10_164),
        ("classifier.4", (10,), 850),
    ]


NETS = {
    "grouped": (nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), (4, 9, 9)),
    "conv1d": (nn.Conv1d(3, 5, 4, dilation=2), (3, 20)),
    "conv3d": (nn.Conv3d(2, 3, 2), (2, 4, 5, 6)),
    "transposed": (nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), (4, 5, 5)),
    "linear-sequence": (nn.Linear(7, 3), (11, 7)),
    "alexnet": (alexnet_small(lrn=False, seed=0), (3, 32, 32)),
}


# 对照：torch 自带的 FLOP 计数器，FLOPs = 2 × 乘加次数。
@pytest.mark.parametrize("name", NETS)
def test_summary_macs_equal_torch_flop_counter(name):
    net, input_size = NETS[name]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(torch.zeros(1, *input_size))
    assert 2 * summary(net, input_size).num_macs == counter.get_total_flops()


# 对照：不变量，模式、钩子、缓存、参数、随机状态全都不变。
def test_summary_leaves_model_and_rng_unchanged():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(), nn.Flatten())
    net.train()
    net[1].eval()
    state = {name: t.clone() for name, t in net.state_dict().items()}
    rng = torch.get_rng_state()
    summary(net, (1, 5, 5))
    assert [m.training for m in net] == [True, False, True, True]
    assert all(not m._forward_hooks for m in net.modules())
    assert all(torch.equal(t, state[name]) for name, t in net.state_dict().items())
    assert torch.equal(rng, torch.get_rng_state())
    assert all(p.device.type == "cpu" and p.grad is None for p in net.parameters())


def test_summary_restores_model_after_error():
    net = nn.Sequential(nn.Linear(3, 2), nn.Dropout())
    with pytest.raises(ValueError, match=r"model 应接受形状 \(1, 4\).*input_size=\(4,\)"):
        summary(net, (4,))
    assert net.training
    assert all(not m._forward_hooks for m in net.modules())


def test_summary_reports_image_of_wrong_size(unchecked):
    with pytest.raises(ValueError, match=r"应为 \(B, 1, 32, 32\)"):
        summary(lenet5(seed=0), (1, 28, 28))


def test_summary_counts_shared_layer_once():
    layer = nn.Linear(4, 4)
    table = summary(nn.Sequential(layer, nn.ReLU(), layer), (4,))
    assert [row.num_params for row in table.rows] == [20, 0, 0]
    assert (table.num_params, table.num_macs) == (20, 32)


class Gate(nn.Module):
    """自己带参数、又有子层，输出是元组。"""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))
        self.inner = nn.Linear(3, 3)

    def forward(self, X):
        return self.scale * F.relu(self.inner(X)), X


def test_summary_lists_container_with_own_parameters():
    rows = summary(Gate(), (3,)).rows
    assert [(r.name, r.kind, r.num_params) for r in rows] == [
        ("inner", "Linear", 12),
        ("Gate", "Gate", 3),
    ]


class Peek(nn.Module):
    """前向传播要看数值，meta 设备上推演不了。"""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 2), nn.Dropout()])

    def forward(self, X):
        assert not self.training
        if X.sum().item() == 0:
            X = X + torch.randn(2)
        return self.layers[1](self.layers[0](X))


def test_summary_falls_back_to_real_run():
    net, rng = Peek(), torch.get_rng_state()
    assert [row.name for row in summary(net, (2,)).rows] == ["layers.0", "layers.1"]
    assert torch.equal(rng, torch.get_rng_state())
    assert net.training


def test_summary_accepts_integer_input():
    table = summary(nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 2)), (5,), dtype=torch.long)
    assert [row.output_shape for row in table.rows] == [(5, 4), (5, 2)]


def test_summary_prints_columns_aligned_by_display_width():
    lines = str(summary(lenet5(seed=0), (1, 32, 32))).splitlines()
    assert lines[0].split() == ["层", "类型", "输出形状", "参数", "乘加次数"]
    assert lines[-1].split() == ["合计", "61,706", "416,520"]
    assert len({width(line) for line in lines}) == 1
    starts = {width(line[: line.index("(")]) for line in lines[2:-2]}
    assert starts == {width(lines[0][: lines[0].index("输出形状")])}


def test_summary_to_markdown_has_one_row_per_layer():
    table = summary(lenet5(seed=0), (1, 32, 32))
    lines = table.to_markdown().splitlines()
    assert len(lines) == 2 + len(table.rows) + 1
    assert {line.count("|") for line in lines} == {6}


class Recorder(TorchDispatchMode):
    """记下每个运算的浮点结果落在哪种设备上；随机状态是整数，不算。"""

    def __init__(self):
        super().__init__()
        self.devices = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        results = result if isinstance(result, tuple | list) else [result]
        tensors = [t for t in results if isinstance(t, torch.Tensor) and t.numel()]
        self.devices += [t.device.type for t in tensors if t.is_floating_point()]
        return result


# 不变量：参数在 CPU 上的网络也只在 meta 设备上推形状，没有一个运算在 CPU 上做。
def test_summary_computes_nothing_on_the_real_device():
    net = lenet5(seed=0)
    with Recorder() as recorder:
        summary(net, (1, 32, 32))
    assert len(recorder.devices) > len(list(net.modules()))
    assert set(recorder.devices) == {"meta"}


# 对照：要看数值的网络退回真算，同一个记录器就看得见 CPU 上的运算。
def test_summary_recorder_sees_a_real_run():
    with Recorder() as recorder:
        summary(Peek(), (2,))
    assert "cpu" in recorder.devices


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((nn.Linear(2, 2), (0,)), ValueError, "input_size 的每一项 应为正整数，收到 0"),
        ((nn.Linear(2, 2), 2), TypeError, "input_size 应为一串值，收到 2"),
        ((torch.relu, (2,)), TypeError, "model 应为 Module，收到 builtin"),
        ((nn.Linear(2, 2), (2,), "float"), TypeError, "dtype 应为 dtype，收到 str"),
        ((nn.Bilinear(2, 2, 2), (2,)), ValueError, "前向传播时出错.*missing"),
        ((nn.Module(), (2,)), ValueError, "前向传播时出错"),
    ],
)
def test_summary_rejects_bad_input(arguments, error, message, unchecked):
    with pytest.raises(error, match=message):
        summary(*arguments)
