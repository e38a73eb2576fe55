import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dlnotes.models.convnet import (
    Conv,
    ConvNet,
    Pool,
    feature_size,
    make_classifier,
    make_features,
    output_size,
)
from dlnotes.models.lenet import LENET5, lenet5, lenet_teaching


def count(model):
    return sum(p.numel() for p in model.parameters())


def on_meta(make, **settings):
    with torch.device("meta"):
        return make(**settings)


# 对照：公布的参数个数（经典 61,706；教学形式 62,006）。
@pytest.mark.parametrize(
    ("make", "settings", "num_params"),
    [
        (lenet5, {}, 61_706),
        (lenet5, {"image_size": 28}, 61_706),
        (lenet_teaching, {}, 62_006),
        (lenet_teaching, {"in_channels": 1}, 61_706),
    ],
)
def test_lenet_parameter_count_equals_published(make, settings, num_params):
    assert count(on_meta(make, **settings)) == num_params


# 对照：nn.functional 逐行手写的前向传播。
def test_lenet5_forward_equals_handwritten():
    net = lenet5(seed=0).double()
    X = torch.randn(3, 1, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    w = list(net.parameters())
    h = F.avg_pool2d(torch.tanh(F.conv2d(X, w[0], w[1])), 2)
    h = F.avg_pool2d(torch.tanh(F.conv2d(h, w[2], w[3])), 2).flatten(1)
    h = torch.tanh(torch.tanh(h @ w[4].T + w[5]) @ w[6].T + w[7])
    torch.testing.assert_close(net(X), h @ w[8].T + w[9], rtol=1e-10, atol=1e-12)


def test_lenet_teaching_forward_equals_handwritten():
    net = lenet_teaching(seed=0).double()
    X = torch.randn(3, 3, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    w = list(net.parameters())
    h = F.max_pool2d(F.conv2d(X, w[0], w[1]).relu(), 2)
    h = F.max_pool2d(F.conv2d(h, w[2], w[3]).relu(), 2).flatten(1)
    h = ((h @ w[4].T + w[5]).relu() @ w[6].T + w[7]).relu()
    torch.testing.assert_close(net(X), h @ w[8].T + w[9], rtol=1e-10, atol=1e-12)


# 对照：不变量，28×28 补 2 圈 0 就是一张 32×32 的图。
def test_lenet5_on_28_equals_lenet5_on_padded_32():
    small, large = lenet5(image_size=28, seed=3), lenet5(seed=3)
    X = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(small(X), large(F.pad(X, (2, 2, 2, 2))))


# 对照：nn.Conv2d 与 nn.MaxPool2d 的实际输出。
def test_output_size_equals_conv2d():
    for size in (7, 12, 33):
        for kernel in (1, 2, 3, 5):
            for stride in (1, 2, 3):
                for padding in (0, 1, 2):
                    for dilation in (1, 2):
                        want = (size + 2 * padding - dilation * (kernel - 1) - 1) >= 0
                        got = output_size(size, kernel, stride, padding, dilation)
                        if not want:
                            assert got < 1
                            continue
                        X = torch.empty(1, 1, size, size, device="meta")
                        w = torch.empty(1, 1, kernel, kernel, device="meta")
                        out = F.conv2d(X, w, None, stride, padding, dilation)
                        assert got == out.shape[-1]


# 对照：实际走一遍网络。
@pytest.mark.parametrize("size", range(16, 40))
def test_feature_size_equals_real_features(size):
    features = on_meta(make_features, rows=LENET5, in_channels=1)
    out = features(torch.empty(1, 1, size, size, device="meta"))
    assert out.shape == (1, 16, feature_size(LENET5, size), feature_size(LENET5, size))


def test_make_classifier_places_dropout():
    names = [
        [type(m).__name__ for m in make_classifier([4, 3, 2], dropout=0.5, dropout_first=first)]
        for first in (False, True)
    ]
    assert names == [
        ["Linear", "ReLU", "Dropout", "Linear"],
        ["Dropout", "Linear", "ReLU", "Linear"],
    ]


def test_lenet_switches_change_layers():
    net = lenet5(activation=nn.Sigmoid, pool=nn.MaxPool2d)
    kinds = {type(layer).__name__ for layer in net.modules()}
    assert {"Sigmoid", "MaxPool2d"} <= kinds
    assert not {"Tanh", "AvgPool2d"} & kinds


# 对照：不变量，给了种子就可重复，而且外面的随机状态不变。
@pytest.mark.parametrize("make", [lenet5, lenet_teaching])
def test_lenet_seed_is_reproducible_and_leaves_rng(make):
    before = torch.get_rng_state()
    nets = [make(seed=seed) for seed in (0, 0, 1)]
    assert torch.equal(before, torch.get_rng_state())
    weights = [net.features[0].weight for net in nets]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_lenet_gradient_reaches_every_parameter():
    net = lenet_teaching(seed=0)
    F.cross_entropy(net(torch.rand(8, 3, 32, 32)), torch.arange(8)).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


@pytest.mark.parametrize("make", [lenet5, lenet_teaching])
def test_lenet_names_least_size_when_image_too_small(make, unchecked):
    assert count(on_meta(make, image_size=16)) > 0
    with pytest.raises(ValueError, match="image_size 至少应为 16，收到 15"):
        make(image_size=15)


@pytest.mark.parametrize(
    "shape", [(2, 3, 32, 32), (2, 1, 28, 28), (1, 32, 32), (2, 1, 32, 30)], ids=str
)
def test_lenet_rejects_images_of_wrong_shape(shape, unchecked):
    with pytest.raises(ValueError, match=r"应为 \(B, 1, 32, 32\)，收到 \("):
        lenet5(seed=0)(torch.zeros(shape))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float64])
def test_lenet_rejects_images_of_wrong_dtype(dtype, unchecked):
    with pytest.raises(TypeError, match=f"数据类型.*收到 {dtype}"):
        lenet5(seed=0)(torch.zeros(1, 1, 32, 32, dtype=dtype))


@pytest.mark.parametrize("name", ["num_classes", "in_channels", "image_size"])
def test_lenet_rejects_non_positive_count(name, unchecked):
    with pytest.raises(ValueError, match=f"{name} 应为正整数"):
        lenet_teaching(**{name: 0})


def test_convnet_builds_from_any_table():
    rows = (Conv(4, 3, stride=2, padding=1), Pool(2, 1), Conv(8, 3, groups=2))
    net = ConvNet(rows, (), in_channels=2, image_size=12, num_classes=5, dropout=0.1, seed=0)
    assert net(torch.zeros(3, 2, 12, 12)).shape == (3, 5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: output_size(5, 0), ValueError, "kernel 应为正整数，收到 0"),
        (lambda: output_size(5.0, 3), TypeError, r"size 应为整数，收到 5\.0"),
        (lambda: output_size(5, 3, padding=-1), ValueError, "padding 应不小于 0，收到 -1"),
        (lambda: feature_size([(6, 5)], 9), TypeError, r"rows 的每一行应为 Conv 或 Pool.*\(6, 5\)"),
        (lambda: make_features([Conv(0, 3)], 1), ValueError, "channels 应为正整数，收到 0"),
        (lambda: make_features([Conv(4, 3, groups=3)], 3), ValueError, "groups 应整除.*收到 3"),
        (lambda: make_classifier([3]), ValueError, r"sizes 应至少有两个正整数.*\[3\]"),
        (lambda: make_classifier([3, 2, 1], dropout=2.0), ValueError, r"dropout .*收到 2\.0"),
        (lambda: lenet5(pool=nn.MaxPool2d(2)), TypeError, "pool 应为造层的函数"),
        (lambda: lenet5()([1.0]), TypeError, "X 应为张量，收到 list"),
        (
            lambda: ConvNet([Pool(2, 2)], (), in_channels=1, image_size=8, num_classes=2),
            ValueError,
            "rows 里应至少有一个 Conv",
        ),
    ],
)
def test_convnet_parts_reject_bad_input(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call()
