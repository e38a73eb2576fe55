"""Layer diagrams: the numbers are those of `summary`, the boxes are in proportion."""

import re
from itertools import pairwise

import pytest
import torch
from matplotlib.patches import Rectangle
from torch import nn

from dlnotes.models import (
    alexnet,
    alexnet_2012,
    alexnet_small,
    lenet5,
    lenet_teaching,
    mlp,
    summary,
)
from dlnotes.plotting import draw_layers
from dlnotes.plotting.diagrams.layers import volumes

NETS = {
    "lenet": (lenet5, (1, 32, 32)),
    "lenet-teaching": (lenet_teaching, (3, 32, 32)),
    "alexnet-2012": (alexnet_2012, (3, 227, 227)),
    "alexnet": (alexnet, (3, 224, 224)),
    "alexnet-small": (alexnet_small, (3, 32, 32)),
}
every = pytest.mark.parametrize(("build", "shape"), NETS.values(), ids=NETS)


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def fronts(ax) -> list[Rectangle]:
    return [p for p in ax.patches if isinstance(p, Rectangle)]


def on_meta(build) -> nn.Module:
    with torch.device("meta"):
        return build()


# Oracle: `summary`, which counts parameters and traces shapes on its own.
@every
def test_draw_layers_writes_the_shapes_and_counts_of_summary(build, shape):
    model = on_meta(build)
    rows = [row for row in summary(model, shape).rows if row.num_macs or "Pool" in row.kind]
    shown = texts(draw_layers(model, shape))
    columns = [shown[k : k + 5] for k in range(0, len(shown) - 1, 5)]
    assert len(columns) == 1 + len(rows)
    for (_, window, channels, sides, count), row in zip(columns[1:], rows, strict=True):
        assert int(channels) == row.output_shape[0]
        side = [int(n) for n in re.findall(r"\d+", sides)]
        assert set(side) == set(row.output_shape[1:])
        assert count == (f"{row.num_params:,}" if row.num_params else "")
        assert bool(window) == ("Linear" not in row.kind)
    assert shown[-1].startswith(f"共 {summary(model, shape).num_params:,} 个参数")


# Oracle: LeNet-5's figure 2, as everybody draws it.
def test_draw_layers_of_lenet_reads_as_the_paper():
    shown = texts(draw_layers(lenet5(), (1, 32, 32)))
    sides = [text for text in shown if re.fullmatch(r"\d+×\d+", text)]
    assert sides == ["32×32", "5×5", "28×28", "2×2", "14×14", "5×5", "10×10", "2×2", "5×5"]
    assert [text for text in shown if text in ("120", "84", "10")] == ["120", "84", "10"]


# Oracle: proportion. Heights go as H, or as its square root where the picture says so.
@every
def test_draw_layers_draws_heights_in_proportion(build, shape):
    model = on_meta(build)
    ax = draw_layers(model, shape)
    power = 0.5 if "平方根" in ax.texts[-1].get_text() else 1
    found = volumes(model, shape)
    heights = [box.get_height() for box in fronts(ax)]
    pairs = list(zip(heights, found, strict=True))
    ratios = [height / each.shape[1] ** power for height, each in pairs if len(each.shape) == 3]
    assert ratios == pytest.approx([ratios[0]] * len(ratios))


def test_draw_layers_draws_more_channels_thicker():
    widths = [box.get_width() for box in fronts(draw_layers(lenet5(), (1, 32, 32)))[:5]]
    assert widths[0] < widths[1] == widths[2] < widths[3] == widths[4]


def test_boxes_stand_in_order_without_touching():
    ax = draw_layers(on_meta(alexnet_2012), (3, 227, 227))
    ends = [(box.get_x(), box.get_x() + box.get_width()) for box in fronts(ax)]
    assert all(right < left for (_, right), (left, _) in pairwise(ends))


def test_volumes_fold_activations_and_normalization_into_the_layer_before():
    net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Flatten(), nn.Linear(864, 10))  # fmt: skip
    found = volumes(net, (1, 28, 28))
    assert [v.kind for v in found] == ["", "Conv2d", "MaxPool2d", "Flatten", "Linear"]
    assert [v.num_params for v in found] == [0, 156 + 12, 0, 0, 8650]
    assert [v.kernel for v in found] == [None, 5, 2, None, None]


def test_volumes_merge_equal_layers_of_a_deep_net_and_lose_no_parameter():
    layers = [nn.Conv2d(3, 8, 3, padding=1)]
    for _ in range(14):
        layers += [nn.Conv2d(8, 8, 3, padding=1), nn.ReLU()]
    net = nn.Sequential(*layers, nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, padding=1))
    found = volumes(net, (3, 16, 16))
    assert [(v.shape, v.kind, v.count) for v in found] == [
        ((3, 16, 16), "", 1), ((8, 16, 16), "Conv2d", 15), ((8, 8, 8), "Conv2d", 1)
    ]  # fmt: skip
    assert sum(v.num_params for v in found) == summary(net, (3, 16, 16)).num_params


def test_draw_layers_changes_nothing_in_the_model():
    model = lenet5(seed=0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    draw_layers(model, (1, 32, 32))
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_a_plain_perceptron_is_a_row_of_bars():
    ax = draw_layers(mlp([2, 100, 3]), (2,))
    heights = [box.get_height() for box in fronts(ax)]
    assert heights[1] > heights[2] > heights[0]
    assert not ax.texts[-1].get_text().count("平方根")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: draw_layers([2, 3], (2,)), TypeError, "model.*list"),
        (lambda: draw_layers(nn.Sequential(nn.ReLU()), (2,)), ValueError, "model"),
        (lambda: draw_layers(mlp([2, 3]), (0,)), ValueError, "0"),
    ],
)
def test_bad_input_is_named(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call()
