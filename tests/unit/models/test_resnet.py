import pytest
import torch
from torch import nn

from dlnotes.models.resnet import (
    SHORTCUTS,
    BasicBlock,
    Bottleneck,
    ResNet,
    Stage,
    resnet,
    resnet_small,
)


def on_meta(make, **settings):
    with torch.device("meta"):
        return make(**settings)


def count(model):
    return sum(p.numel() for p in model.parameters())


def weighted(model, *, shortcuts=False):
    return [
        m for name, m in model.named_modules()
        if isinstance(m, nn.Conv2d | nn.Linear) and (shortcuts or "downsample" not in name)
    ]  # fmt: skip


# 对照：torchvision 公布的参数个数。
@pytest.mark.parametrize(
    ("depth", "num_params"),
    [(18, 11_689_512), (34, 21_797_672), (50, 25_557_032), (101, 44_549_160), (152, 60_192_808)],
)
def test_resnet_parameter_count_equals_published(depth, num_params):
    net = on_meta(resnet, depth=depth)
    assert count(net) == num_params
    assert len(weighted(net)) == depth


# 对照：论文表 6 的 0.27M 与 0.85M。
@pytest.mark.parametrize(("depth", "num_params"), [(20, 269_722), (56, 853_018)])
def test_resnet_small_parameter_count_equals_paper(depth, num_params):
    net = on_meta(resnet_small, depth=depth)
    assert count(net) == num_params
    assert len(weighted(net)) == depth


def test_resnet_small_without_shortcuts_has_the_same_parameters():
    nets = [resnet_small(depth=14, shortcut=name, seed=0) for name in ("pad", "none")]
    for ours, plain in zip(*(net.state_dict().items() for net in nets), strict=True):
        assert ours[0] == plain[0]
        assert torch.equal(ours[1], plain[1])


def test_resnet_names_equal_torchvision():
    names = on_meta(resnet, depth=50).state_dict()
    want = ("conv1.weight", "bn1.running_mean", "layer1.0.downsample.0.weight",
            "layer4.2.conv3.weight", "layer4.2.bn3.bias", "fc.bias")  # fmt: skip
    assert set(want) <= set(names)


@pytest.mark.parametrize("depth", [18, 50])
def test_resnet_forward_equals_torchvision_with_copied_weights(depth):
    models = pytest.importorskip("torchvision.models", exc_type=(ImportError, RuntimeError))
    theirs = getattr(models, f"resnet{depth}")(weights=None).eval()
    ours = resnet(depth=depth).eval()
    ours.load_state_dict(theirs.state_dict())
    X = torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        assert torch.equal(ours(X), theirs(X))


@pytest.mark.parametrize("block", [BasicBlock, Bottleneck])
def test_block_is_relu_of_branch_plus_input(block):
    torch.manual_seed(0)
    net = block(block.expansion * 4, 4).eval()
    X = torch.randn(2, block.expansion * 4, 6, 6)
    plain = block(block.expansion * 4, 4, shortcut="none").eval()
    plain.load_state_dict(net.state_dict())
    last = net.bn2 if block is BasicBlock else net.bn3
    kept = {}
    last.register_forward_hook(lambda module, inputs, output: kept.update(branch=output))
    torch.testing.assert_close(net(X), torch.relu(kept["branch"] + X))
    torch.testing.assert_close(plain(X), torch.relu(kept["branch"]))


def test_pad_shortcut_subsamples_and_adds_zero_channels():
    net = BasicBlock(2, 5, stride=2, shortcut="pad")
    X = torch.arange(32.0).view(1, 2, 4, 4)
    out = net.downsample(X)
    assert out.shape == (1, 5, 2, 2)
    assert torch.equal(out[:, :2], X[:, :, ::2, ::2])
    assert not out[:, 2:].any()
    assert count(net.downsample) == 0


def test_zero_init_makes_every_block_its_shortcut():
    net = resnet_small(depth=14, zero_init=True, seed=0)
    X = torch.randn(4, 16, 8, 8).relu()
    torch.testing.assert_close(net.layer1(X), X)
    assert not torch.allclose(resnet_small(depth=14, seed=0).layer1(X), X)


@pytest.mark.parametrize("shortcut", SHORTCUTS)
@pytest.mark.parametrize("size", [24, 32])
def test_resnet_small_output_shape(shortcut, size):
    net = resnet_small(7, depth=8, in_channels=1, channels=4, shortcut=shortcut, seed=0)
    assert net(torch.zeros(3, 1, size, size)).shape == (3, 7)


def test_resnet_seed_decides_the_parameters_and_leaves_the_outside_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    one, two, other = (resnet_small(depth=8, seed=s) for s in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(one.conv1.weight, two.conv1.weight)
    assert not torch.equal(one.conv1.weight, other.conv1.weight)


STAGES = [Stage(4, 1)]
SMALL = {"in_channels": 1, "num_classes": 2, "stem": "small"}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: resnet(depth=19), ValueError, "depth 应为 18、34、50、101、152 之一，收到 19"),
        (lambda: resnet_small(depth=21), ValueError, r"depth 应为 6n \+ 2，.*收到 21"),
        (lambda: resnet_small(depth=2), ValueError, "depth"),
        (lambda: resnet_small(shortcut="add"), ValueError, "shortcut 应为 .*收到 'add'"),
        (lambda: resnet_small(channels=0), ValueError, "channels"),
        (lambda: resnet_small(norm=nn.BatchNorm2d(3)), TypeError, "norm 应为造层的函数"),
        (lambda: resnet_small(zero_init=1), TypeError, "zero_init"),
        (lambda: BasicBlock(8, 4, shortcut="pad"), ValueError, "通道数不能变少，收到 8 → 4"),
        (lambda: BasicBlock(8, 0), ValueError, "channels"),
        (lambda: ResNet([], BasicBlock, **SMALL), ValueError, "stages 应至少有一段"),
        (lambda: ResNet([(4, 1)], BasicBlock, **SMALL), TypeError, "stages 的每一行应为 Stage"),
        (lambda: ResNet([Stage(4, 0)], BasicBlock, **SMALL), ValueError, "stages 里的 num_blocks"),
        (lambda: ResNet(STAGES, nn.Linear, **SMALL), ValueError, "block 应为 BasicBlock 或"),
        (lambda: ResNet(STAGES, BasicBlock, **SMALL | {"stem": "tiny"}), ValueError, "stem 应为"),
    ],
)  # fmt: skip
def test_resnet_bad_arguments_are_named(make, error, message, unchecked):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (torch.zeros(1, 3, 8, 8), ValueError, r"X 的形状应为 \(B, 1, H, W\)，收到 \(1, 3, 8, 8\)"),
        (torch.zeros(1, 8, 8), ValueError, "X 的形状"),
        ([[1.0]], TypeError, "X 应为张量，收到 list"),
    ],
)
def test_resnet_bad_images_are_named(X, error, message, unchecked):
    net = ResNet(STAGES, BasicBlock, seed=0, **SMALL)
    with pytest.raises(error, match=message):
        net(X)
