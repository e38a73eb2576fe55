"""Network diagrams are read through their Axes."""

from itertools import combinations, pairwise
from math import dist

import numpy as np
import pytest
import torch
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.patches import Circle
from torch import nn

from dlnotes.models import mlp
from dlnotes.plotting import LIGHT, draw_network


def neurons(ax) -> list[Circle]:
    return [p for p in ax.patches if isinstance(p, Circle) and p.radius > 5]


def columns(ax) -> list[int]:
    """How many neurons each column shows, from left to right."""
    x = [round(p.center[0]) for p in neurons(ax)]
    return [x.count(at) for at in sorted(set(x))]


def edges(ax) -> list[LineCollection]:
    return list(ax.collections)


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("sizes", [[2, 3], [2, 4, 1], [3, 7, 5, 2]])
def test_draw_network_draws_every_neuron_and_every_weight_of_a_narrow_net(sizes):
    ax = draw_network(sizes)
    assert columns(ax) == sizes
    want = [a * b for a, b in pairwise(sizes)]
    assert [len(group.get_segments()) for group in edges(ax)] == want


def test_draw_network_elides_the_middle_of_a_wide_layer_and_says_its_width():
    ax = draw_network([2, 100, 3])
    assert columns(ax) == [2, 6, 3]
    dots = [p for p in ax.patches if isinstance(p, Circle) and p.radius < 5]
    assert len(dots) == 3
    assert "100 个" in texts(ax)


# Oracle: PyTorch's own count.
@pytest.mark.parametrize("bias", [True, False])
def test_draw_network_counts_the_parameters_of_each_layer(bias):
    net = nn.Sequential(nn.Linear(4, 9, bias=bias), nn.Tanh(), nn.Linear(9, 3, bias=bias))
    want = [sum(p.numel() for p in net[k].parameters()) for k in (0, 2)]
    shown = texts(draw_network(net))
    assert [text for text in shown if "参数" in text] == [f"{n} 个参数" for n in want]
    assert "9 个 Tanh" in shown


# Oracle: the weights that were put in.
def test_draw_network_shows_size_and_sign_of_each_weight():
    W = torch.tensor([[1.0, -4.0, 0.0], [2.0, -1.5, 3.0]])
    (group,) = edges(draw_network([3, 2], weights=[W]))
    widths = torch.tensor(group.get_linewidths()).reshape(3, 2).T
    colors = [to_hex(color) for color in group.get_colors()]
    assert torch.equal(widths.flatten().argsort(), W.abs().flatten().argsort())
    assert [color == LIGHT["orange"] for color in colors] == (W.T < 0).flatten().tolist()
    dashed = [style[1] is not None for style in group.get_linestyle()]
    assert dashed == (W.T < 0).flatten().tolist()


# Oracle: the network itself.
def test_draw_network_writes_the_values_of_one_forward_pass():
    net = mlp([2, 3, 2], seed=0).double()
    x = torch.tensor([1.0, -2.0], dtype=torch.float64)
    hidden = net[:2](x)
    shown = texts(draw_network(net, x=x))
    for value in [*x.tolist(), *hidden.tolist(), *net(x).tolist()]:
        assert f"{value:.2g}".replace("-", "−") in shown
    assert all(module.training for module in net.modules())


def test_draw_network_writes_the_weights_of_a_small_net_beside_the_edges():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[1.0, -0.5], [0.25, 2.0]]))
        net[2].weight.copy_(torch.tensor([[0.75, -3.0]]))
    shown = texts(draw_network(net, weights=True))
    assert {"1", "−0.5", "0.25", "2", "0.75", "−3"} <= set(shown)


@pytest.mark.parametrize("sizes", [(2, 2, 1), (2, 3, 1), (3, 2, 1)])
def test_a_written_weight_stands_clear_of_every_other_edge(sizes):
    net = nn.Sequential(nn.Linear(*sizes[:2]), nn.ReLU(), nn.Linear(*sizes[1:]))
    ax = draw_network(net, weights=True)
    lines = [segment for drawn in edges(ax) for segment in drawn.get_segments()]
    for text in ax.texts[: len(lines)]:
        nearest = sorted(from_segment(text.get_position(), *line) for line in lines)
        assert nearest[0] < 4  # its own edge
        assert nearest[1] >= 9


def from_segment(at, start, end) -> float:
    share = np.linspace(0, 1, 500)[:, None]
    return np.linalg.norm(start + share * (end - start) - np.array(at), axis=1).min()


def test_draw_network_highlights_one_neuron_and_the_edges_into_it():
    ax = draw_network([3, 4, 2], highlight=(1, 2))
    marked = [k for k, p in enumerate(neurons(ax)) if to_hex(p.get_edgecolor()) == LIGHT["purple"]]
    assert marked == [3 + 2]
    first, second = edges(ax)
    purple = [to_hex(color) == LIGHT["purple"] for color in first.get_colors()]
    assert purple == [j == 2 for _ in range(3) for j in range(4)]
    assert LIGHT["purple"] not in {to_hex(color) for color in second.get_colors()}


def test_draw_network_highlights_from_the_end():
    ax = draw_network([3, 4, 2], highlight=(-1, 0))
    purple = [to_hex(color) == LIGHT["purple"] for color in edges(ax)[1].get_colors()]
    assert purple == [j == 0 for _ in range(4) for j in range(2)]


# Oracle: PyTorch's own count.
def test_draw_network_of_many_layers_shortens_its_labels_to_one_total():
    net = mlp([3, *[20] * 8, 2], seed=0)
    shown = texts(draw_network(net))
    assert shown[:3] == ["输入", "1", "2"]
    assert shown[-1] == f"共 {sum(p.numel() for p in net.parameters()):,} 个参数"


def test_draw_network_takes_names_of_layers_and_of_neurons():
    ax = draw_network([2, 5, 1], labels=[["身高", "体重"], "特征", None])
    assert {"身高", "体重", "特征", "输入层", "输出层"} <= set(texts(ax))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: draw_network([3]), ValueError, r"sizes.*\[3\]"),
        (lambda: draw_network([3, 0]), ValueError, "sizes.*0"),
        (lambda: draw_network(nn.Linear(2, 3)), TypeError, "sizes.*Linear"),
        (lambda: draw_network("23"), TypeError, "sizes.*str"),
        (lambda: draw_network(nn.Sequential(nn.Conv2d(1, 2, 3))), ValueError, "Conv2d"),
        (lambda: draw_network(nn.Sequential()), ValueError, "sizes"),
        (lambda: draw_network(nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 1))), ValueError, "3.*4"),
        (lambda: draw_network([2, 3], weights=True), ValueError, "weights"),
        (lambda: draw_network([2, 3], weights=[]), ValueError, "weights.*1"),
        (lambda: draw_network([2, 3], weights=[torch.zeros(2, 3)]), ValueError, r"\(3, 2\)"),
        (
            lambda: draw_network([1, 1], weights=[torch.tensor([[torch.nan]])]),
            ValueError,
            r"weights\[0\].*nan",
        ),
        (lambda: draw_network([2, 3], x=torch.zeros(2)), ValueError, "x"),
        (lambda: draw_network(mlp([2, 3]), x=torch.zeros(3)), ValueError, r"x.*\(3,\)"),
        (lambda: draw_network([2, 3], labels=["a"]), ValueError, "labels.*2"),
        (lambda: draw_network([2, 3], labels=[["a"], None]), ValueError, r"labels\[0\]"),
        (lambda: draw_network([2, 3], highlight=(2, 0)), ValueError, "highlight.*2"),
        (lambda: draw_network([2, 100], highlight=(1, 50)), ValueError, "highlight.*50"),
    ],
)
def test_bad_input_is_named(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call()


def test_draw_network_keeps_the_written_weights_apart():
    torch.manual_seed(0)
    for sizes in ([2, 3], [3, 2], [2, 2, 1], [2, 3, 1]):
        layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())]
        ax = draw_network(nn.Sequential(*layers[:-1]), weights=True)
        written = [t.get_position() for t in ax.texts if t.get_rotation_mode() == "anchor"]
        assert len(written) == sum(a * b for a, b in pairwise(sizes))
        assert min(dist(p, q) for p, q in combinations(written, 2)) > 20
