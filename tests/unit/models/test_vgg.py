import pytest
import torch
from torch import nn

from dlnotes.models.convnet import Conv, Pool
from dlnotes.models.summary import summary
from dlnotes.models.vgg import vgg, vgg_rows


def on_meta(**settings):
    with torch.device("meta"):
        return vgg(**settings)


def count(model):
    return sum(p.numel() for p in model.parameters())


# 对照：torchvision 公布的参数个数。
@pytest.mark.parametrize(
    ("depth", "plain", "normed"),
    [
        (11, 132_863_336, 132_868_840),
        (13, 133_047_848, 133_053_736),
        (16, 138_357_544, 138_365_992),
        (19, 143_667_240, 143_678_248),
    ],
)
def test_vgg_parameter_count_equals_published(depth, plain, normed):
    assert count(on_meta(depth=depth)) == plain
    assert count(on_meta(depth=depth, norm=nn.BatchNorm2d)) == normed


def test_vgg_depth_counts_layers_with_weights():
    for depth in (11, 13, 16, 19):
        layers = [m for m in on_meta(depth=depth).modules() if isinstance(m, nn.Conv2d | nn.Linear)]
        assert len(layers) == depth


def test_vgg_names_and_order_equal_torchvision():
    names = [name for name in on_meta(depth=11).state_dict() if name.endswith("weight")]
    features = [f"features.{k}.weight" for k in (0, 3, 6, 8, 11, 13, 16, 18)]
    assert names == features + [f"classifier.{k}.weight" for k in (0, 3, 6)]
    normed = on_meta(depth=11, norm=nn.BatchNorm2d).features[:4]
    assert [type(m) for m in normed] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d]


def test_vgg_stages_halve_the_side_and_keep_the_macs():
    rows = [row for row in summary(on_meta(depth=19), (3, 224, 224)).rows if row.kind == "Conv2d"]
    last = [k for k, row in enumerate(rows[:-1]) if rows[k + 1].output_shape != row.output_shape]
    within = [rows[k].num_macs for k in last[:3]]  # 各段最后一个卷积
    assert len(set(within)) == 1
    assert rows[last[-1] + 1].num_macs * 4 == within[0]  # 末段通道不再加倍


def test_vgg_forward_equals_torchvision_with_copied_weights():
    models = pytest.importorskip("torchvision.models", exc_type=(ImportError, RuntimeError))
    theirs = models.vgg11(weights=None).eval()
    ours = vgg(depth=11).eval()
    ours.load_state_dict(theirs.state_dict())
    X = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(ours(X), theirs(X))


def test_vgg_small_image_changes_only_the_first_linear_layer():
    net = vgg(100, depth=11, in_channels=1, image_size=32, width=0.125, seed=0)
    assert net(torch.zeros(2, 1, 32, 32)).shape == (2, 100)
    assert net.classifier[0].in_features == 64
    assert [row.channels for row in vgg_rows(11, 0.125) if isinstance(row, Conv)][-1] == 64
    assert sum(isinstance(row, Pool) for row in vgg_rows(16)) == 5


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"depth": 12}, ValueError, "depth 应为 11、13、16、19 之一，收到 12"),
        ({"image_size": 31}, ValueError, "image_size 至少应为 32，收到 31"),
        ({"dropout": 2}, ValueError, "dropout 应在 0 与 1 之间，收到 2"),
        ({"width": 0}, ValueError, "width"),
        ({"norm": nn.BatchNorm2d(64)}, TypeError, "norm 应为造层的函数"),
    ],
)
def test_vgg_bad_arguments_are_named(settings, error, message, unchecked):
    with pytest.raises(error, match=message), torch.device("meta"):
        vgg(**settings)
