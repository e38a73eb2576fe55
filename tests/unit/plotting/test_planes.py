"""Scatter plots, regions and warped grids are read through their Axes, not their pixels."""

import copy

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgba
from torch import nn

from dispatch import CountSyncs, NoFloat64OffCpu
from dlnotes import plotting
from dlnotes.data import spiral
from dlnotes.models import mlp


class LeftRight(nn.Module):
    """Class 1 where x > 0, else class 0; remembers the mode it was called in."""

    def __init__(self):
        super().__init__()
        self.anchor = nn.Parameter(torch.zeros(1, dtype=torch.float64))
        self.modes = []

    def forward(self, X):
        assert X.dtype == torch.float64
        self.modes.append(self.training)
        return torch.stack((-X[:, 0], X[:, 0]), dim=1)


def test_draw_regions_paints_the_predicted_class_the_right_way_round():
    X = torch.tensor([[-1.0, -1.0], [1.0, 1.0]])
    ax = plotting.draw_regions(LeftRight(), X, torch.tensor([0, 1]), resolution=20)
    image = np.asarray(ax.images[0].get_array())
    assert (image[:, :9] == 0).all()
    assert (image[:, 11:] == 1).all()
    assert ax.images[0].origin == "lower"


# Oracle: the sign of the logit, known in closed form.
def test_draw_regions_reads_one_logit_as_two_classes():
    model = nn.Linear(2, 1)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0, 0.0]]))
        model.bias.fill_(0.0)
    X = torch.tensor([[-1.0, -1.0], [1.0, 1.0]])
    ax = plotting.draw_regions(model, X, torch.tensor([0, 1]), resolution=20)
    image = ax.images[0]
    regions = np.asarray(image.get_array())
    assert (regions[:, :10] == 0).all()
    assert (regions[:, 10:] == 1).all()
    assert image.get_clim() == (-0.5, 1.5)
    two = plotting.draw_regions(LeftRight(), X, torch.tensor([0, 1]), resolution=20)
    np.testing.assert_array_equal(regions, two.images[0].get_array())


# Oracle: the colour map of the regions.
def test_draw_regions_paints_points_like_their_region_even_if_a_class_is_missing():
    X, y = torch.tensor([[-1.0, -1.0], [1.0, 1.0]]), torch.tensor([1, 2])
    ax = plotting.draw_regions(mlp([2, 3], seed=0), X, y, resolution=5)
    colours = [tuple(points.get_facecolor()[0][:3]) for points in ax.collections[-2:]]
    assert colours == [to_rgba(ax.images[0].cmap.colors[k])[:3] for k in (1, 2)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64])
def test_draw_regions_makes_no_float64_on_a_device(dtype, unchecked):
    X, y = spiral(5, seed=0)
    X = (10 * X).to(dtype)
    model = mlp([2, 4, 3], seed=0).to("meta")
    with torch.device("meta"), NoFloat64OffCpu(), CountSyncs() as syncs:
        plotting.draw_regions(model, X, y, resolution=5)
        plotting.draw_warped_grid(lambda X: X, num_lines=2)
    assert syncs.counts["to_cpu"] == 1


def test_draw_regions_reads_the_model_and_changes_nothing():
    model = LeftRight().train()
    state = copy.deepcopy(model.state_dict())
    X, y = spiral(10, seed=0)
    X_before = X.clone()
    plotting.draw_regions(model, X, y, resolution=5)
    assert model.training
    assert model.modes == [False]
    assert torch.equal(X, X_before)
    assert all(torch.equal(a, b) for a, b in zip(state.values(), model.state_dict().values(),
                                                 strict=True))  # fmt: skip


def test_draw_scatter_separates_classes_by_colour_and_shape():
    X, y = spiral(10, seed=0)
    ax = plotting.draw_scatter(X, y)
    sets = ax.collections
    assert [len(s.get_offsets()) for s in sets] == [10, 10, 10]
    assert len({tuple(s.get_facecolor()[0]) for s in sets}) == 3
    assert len({s.get_paths()[0].vertices.shape for s in sets}) > 1
    np.testing.assert_allclose(sets[1].get_offsets(), X[y == 1])


def test_draw_scatter_names_the_classes_by_their_index():
    X, y = torch.rand(4, 2), torch.tensor([2, 0, 2, 0])
    texts = plotting.draw_scatter(X, y, labels=["甲", "乙", "丙"]).get_legend().get_texts()
    assert [text.get_text() for text in texts] == ["甲", "丙"]
    assert plotting.draw_scatter(X, y, labels=()).get_legend() is None


def test_draw_warped_grid_looks_at_a_network_without_changing_it():
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(0.9)).double()
    state = copy.deepcopy(model.state_dict())
    ax = plotting.draw_warped_grid(model, num_lines=2)
    assert model.training
    assert all(torch.equal(a, b) for a, b in zip(state.values(), model.state_dict().values(),
                                                 strict=True))  # fmt: skip
    assert np.abs(ax.lines[0].get_xydata()).max() == pytest.approx(1, rel=1e-4)


def test_draw_warped_grid_draws_the_image_of_the_grid():
    ax = plotting.draw_warped_grid(lambda X: 2 * X, num_lines=3)
    points = np.concatenate([line.get_xydata() for line in ax.lines])
    assert len(ax.lines) == 6
    assert np.abs(points).max() == pytest.approx(2)


def test_animate_regions_has_one_frame_a_model():
    X, y = spiral(5, seed=0)
    models = [mlp([2, 3], seed=s) for s in range(3)]
    animation = plotting.animate_regions(models, X, y, ["一", "二", "三"])
    assert len(list(animation.new_saved_frame_seq())) == 3
    animation._draw_was_started = True  # silence the warning about an unused animation


ONE, POINTS, LABELS = nn.Linear(2, 2), torch.zeros(3, 2), torch.zeros(3, dtype=torch.int64)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plotting.draw_scatter(torch.zeros(3, 3), LABELS), ValueError, r"X.*\(3, 3\)"),
        (lambda: plotting.draw_scatter([["a", "b"]], [0]), TypeError, "X 应为数值"),
        (lambda: plotting.draw_scatter(POINTS, LABELS[:2]), ValueError, r"y.*\(3,\)，收到 \(2,\)"),
        (lambda: plotting.draw_scatter(POINTS, LABELS[:, None]), ValueError, r"y.*收到 \(3, 1\)"),
        (lambda: plotting.draw_scatter(POINTS, LABELS.float()), TypeError, "y 应为类别.*float32"),
        (lambda: plotting.draw_scatter(POINTS, LABELS - 1), ValueError, "y 应是从 0 开始.*收到 -1"),
        (lambda: plotting.draw_scatter(POINTS, LABELS + 1, labels=["甲"]), ValueError,
         "labels 应有至少 2 个名字，收到 1 个"),
        (lambda: plotting.draw_scatter(POINTS, LABELS, s=0), ValueError, "s 应大于 0，收到 0"),
        (lambda: plotting.draw_scatter(POINTS, LABELS, s="大"), TypeError, "s 应为.*收到 '大'"),
        (lambda: plotting.draw_scatter(POINTS, LABELS, 3), TypeError, "ax 应为 matplotlib 的 Axes"),
        (lambda: plotting.draw_regions(torch.relu, POINTS, LABELS), TypeError, "model 应为 nn"),
        (lambda: plotting.draw_regions(ONE, POINTS[:0], LABELS[:0]), ValueError, r"X.*\(0, 2\)"),
        (lambda: plotting.draw_regions(ONE, POINTS * torch.nan, LABELS), ValueError, "X.*有限"),
        (lambda: plotting.draw_regions(ONE, POINTS, LABELS, resolution=0), ValueError, "resol.*0"),
        (lambda: plotting.draw_regions(nn.Flatten(0), POINTS, LABELS), ValueError,
         r"model 的输出形状应为 \(n, K\)"),
        (lambda: plotting.draw_warped_grid(lambda X: X[:, :1]), ValueError, "function 的输出"),
        (lambda: plotting.draw_warped_grid(3), TypeError, "function 应为函数或网络，收到 int"),
        (lambda: plotting.draw_warped_grid(abs, limit=0), ValueError, "limit 应大于 0，收到 0"),
        (lambda: plotting.draw_warped_grid(abs, num_lines=0), ValueError, "num_lines.*收到 0"),
        (lambda: plotting.animate_regions([], POINTS, LABELS, ["a"]), ValueError, "titles.*1 个"),
        (lambda: plotting.animate_regions([], POINTS, LABELS, []), ValueError, "models.*空表"),
        (lambda: plotting.animate_regions([ONE], POINTS[0], LABELS, ["a"]), ValueError, "X 的形状"),
    ],
)  # fmt: skip
def test_bad_input_is_named_and_opens_no_figure(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call()
    assert not plt.get_fignums()
