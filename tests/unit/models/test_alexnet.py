from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dlnotes.models.alexnet import alexnet, alexnet_2012, alexnet_small, small_rows
from dlnotes.models.convnet import Conv, LocalResponseNorm

# 各层参数个数，按论文的形状逐层算出：核 × 输入通道 ÷ 组数 × 输出通道 + 偏置
COUNTS_2012 = [34_944, 307_456, 885_120, 663_936, 442_624, 37_752_832, 16_781_312, 4_097_000]

# torchvision 的 AlexNet 的 state_dict：名字与形状
TORCHVISION = {
    "features.0": (64, 3, 11, 11),
    "features.3": (192, 64, 5, 5),
    "features.6": (384, 192, 3, 3),
    "features.8": (256, 384, 3, 3),
    "features.10": (256, 256, 3, 3),
    "classifier.1": (4096, 9216),
    "classifier.4": (4096, 4096),
    "classifier.6": (1000, 4096),
}


def on_meta(make, **settings):
    with torch.device("meta"):
        return make(**settings)


def count(model):
    return sum(p.numel() for p in model.parameters())


def layer_counts(model):
    return [count(m) for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]


# 对照：公布的参数个数，在 meta 设备上数。
@pytest.mark.parametrize(
    ("make", "num_params"), [(alexnet_2012, 60_965_224), (alexnet, 61_100_840)]
)
def test_alexnet_parameter_count_equals_published(make, num_params):
    assert count(on_meta(make)) == num_params


def test_alexnet_2012_layer_counts_equal_paper():
    assert layer_counts(on_meta(alexnet_2012)) == COUNTS_2012


# 对照：torchvision 的参数名与形状，名字相同才能直接读入它的权重。
def test_alexnet_state_dict_equals_torchvision_names():
    shapes = {name: tuple(w.shape) for name, w in on_meta(alexnet).state_dict().items()}
    want = {f"{name}.weight": shape for name, shape in TORCHVISION.items()}
    want |= {f"{name}.bias": shape[:1] for name, shape in TORCHVISION.items()}
    assert shapes == want


# 对照：论文图 2 的特征图边长。
def test_alexnet_2012_feature_maps_equal_paper():
    net = on_meta(alexnet_2012, lrn=False)
    X, shapes = torch.empty(1, 3, 227, 227, device="meta"), []
    for layer in net.features:
        X = layer(X)
        if not isinstance(layer, nn.ReLU):
            shapes.append(tuple(X.shape[1:]))
    assert shapes == [
        (96, 55, 55),
        (96, 27, 27),
        (256, 27, 27),
        (256, 13, 13),
        (384, 13, 13),
        (384, 13, 13),
        (256, 13, 13),
        (256, 6, 6),
    ]


# 对照：论文 3.3 节的公式 b = a / (k + α Σ a²)^β，k=2、n=5、α=1e-4、β=0.75。
def test_alexnet_lrn_equals_paper_formula():
    a = 30 * torch.randn(
        2, 9, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    want = torch.empty_like(a)
    for i in range(9):
        window = a[:, max(0, i - 2) : i + 3].square().sum(dim=1)
        want[:, i] = a[:, i] / (2 + 1e-4 * window) ** 0.75
    torch.testing.assert_close(LocalResponseNorm()(a), want, rtol=1e-10, atol=1e-12)


# 对照：nn.LocalResponseNorm 的值与梯度；通道数少于窗口时也成立。
@pytest.mark.parametrize("C", [1, 4, 5, 12])
def test_alexnet_lrn_equals_torch(C):
    a = 30 * torch.randn(
        3, C, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(C)
    )
    a.requires_grad_()
    layers = [LocalResponseNorm(), nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)]
    got, want = (layer(a) for layer in layers)
    torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-12)
    grads = [torch.autograd.grad(out.square().sum(), a)[0] for out in (got, want)]
    torch.testing.assert_close(*grads, rtol=1e-9, atol=1e-11)


# 对照：不变量，2 组的卷积就是两个互不相通的半宽卷积（两块 GPU 各算一半）。
def test_alexnet_2012_grouped_conv_equals_two_towers():
    conv = next(m for m in on_meta(alexnet_2012).modules() if getattr(m, "groups", 1) == 2)
    conv = conv.to_empty(device="cpu")
    torch.manual_seed(0)
    nn.init.normal_(conv.weight)
    nn.init.normal_(conv.bias)
    X = torch.randn(1, 96, 6, 6)
    halves = zip(X.chunk(2, 1), conv.weight.chunk(2), conv.bias.chunk(2), strict=True)
    want = torch.cat([F.conv2d(x, w, b, padding=2) for x, w, b in halves], dim=1)
    torch.testing.assert_close(conv(X), want, rtol=1e-4, atol=1e-3)


# 对照：闭式，照缩放规则直接算。
@pytest.mark.parametrize("width", [1 / 16, 0.125, 0.25, 1.0])
@pytest.mark.parametrize("depth", [6, 7, 8, 10])
def test_alexnet_small_parameter_count_equals_rule(width, depth):
    channels = [1, 96 * width, 256 * width, *[384 * width] * (depth - 6), 256 * width]
    sizes = [256 * width * 9, 4096 * width, 4096 * width, 10]
    want = sum(9 * a * b + b for a, b in pairwise(channels))
    want += sum(a * b + b for a, b in pairwise(sizes))
    net = on_meta(alexnet_small, in_channels=1, width=width, depth=depth)
    assert count(net) == want


def test_small_rows_full_width_keeps_2012_channels():
    channels = [row.channels for row in small_rows(width=1.0) if isinstance(row, Conv)]
    assert channels == [96, 256, 384, 384, 256]


def test_alexnet_small_depth_counts_weighted_layers():
    for depth in (6, 8, 11):
        assert len(layer_counts(on_meta(alexnet_small, depth=depth))) == depth


def test_alexnet_small_feature_maps_shrink_32_15_7_3():
    net, X = alexnet_small(seed=0), torch.zeros(1, 3, 32, 32)
    sides = []
    for layer in net.features:
        X = layer(X)
        if isinstance(layer, nn.MaxPool2d):
            sides.append(X.shape[-1])
    assert sides == [15, 7, 3]


SWITCHES = {
    "activation": ({"activation": nn.Tanh}, nn.Tanh, nn.ReLU),
    "pool": ({"pool": nn.AvgPool2d}, nn.AvgPool2d, nn.MaxPool2d),
}


@pytest.mark.parametrize("name", SWITCHES)
def test_alexnet_small_switch_replaces_layer_and_keeps_parameters(name):
    settings, present, absent = SWITCHES[name]
    net = alexnet_small(seed=0, **settings)
    assert any(isinstance(m, present) for m in net.modules())
    assert not any(isinstance(m, absent) for m in net.modules())
    pairs = zip(net.parameters(), alexnet_small(seed=0).parameters(), strict=True)
    assert all(torch.equal(p, q) for p, q in pairs)


def test_alexnet_small_lrn_switch_removes_only_lrn():
    kinds = [[type(m) for m in alexnet_small(lrn=lrn).features] for lrn in (True, False)]
    assert kinds[0].count(LocalResponseNorm) == 2
    assert [kind for kind in kinds[0] if kind is not LocalResponseNorm] == kinds[1]


def test_alexnet_small_dropout_acts_only_in_training():
    X = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    net = alexnet_small(seed=0, dropout=0.5)
    torch.manual_seed(0)
    assert not torch.equal(net(X), net(X))
    net.eval()
    assert torch.equal(net(X), net(X))
    torch.testing.assert_close(net(X), alexnet_small(seed=0, dropout=0.0)(X))


def test_alexnet_small_learns_a_batch():
    torch.manual_seed(0)
    net = alexnet_small(2, in_channels=1, width=1 / 16, dropout=0.0, seed=0)
    X = torch.rand(16, 1, 32, 32)
    y = torch.arange(16) % 2
    X[y == 1, :, :16] += 1
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(40):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(X), y)
        loss.backward()
        optimizer.step()
    assert loss < 0.05


def test_alexnet_small_names_least_size_when_image_too_small(unchecked):
    assert count(on_meta(alexnet_small, image_size=15)) > 0
    with pytest.raises(ValueError, match="image_size 至少应为 15，收到 8"):
        alexnet_small(image_size=8)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"width": 0}, "width"),
        ({"depth": 5}, "depth"),
        ({"pool_size": 1}, "pool_size"),
        ({"dropout": 1.5}, "dropout"),
        ({"num_classes": -1}, "num_classes"),
    ],
)
def test_alexnet_small_rejects_bad_setting(settings, name, unchecked):
    error = TypeError if settings == {"depth": 7.5} else ValueError
    with pytest.raises(error, match=f"{name} .*收到"):
        alexnet_small(**settings)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"width": "thin"}, "width"),
        ({"depth": 7.5}, "depth"),
        ({"dropout": None}, "dropout"),
        ({"activation": 3}, "activation"),
        ({"pool": "max"}, "pool"),
        ({"seed": 0.5}, "seed"),
    ],
)
def test_alexnet_small_rejects_setting_of_wrong_type(settings, name, unchecked):
    with pytest.raises(TypeError, match=f"{name} 应为.*收到"):
        alexnet_small(**settings)


def test_alexnet_small_rejects_a_depth_that_is_no_integer(unchecked):
    with pytest.raises(TypeError, match=r"depth .*收到 7\.5"):
        alexnet_small(depth=7.5)


@pytest.mark.parametrize("make", [alexnet, alexnet_2012])
def test_alexnet_rejects_small_images(make, unchecked):
    with pytest.raises(ValueError, match=r"应为 \(B, 3, 22\d, 22\d\)，收到 \(1, 3, 32, 32\)"):
        on_meta(make)(torch.empty(1, 3, 32, 32, device="meta"))
