"""What every diagram promises: legible on a phone, nothing on top of a label, recolourable."""

import io
import logging
import re
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from torch import nn

from dlnotes import plotting
from dlnotes.models import alexnet, alexnet_2012, lenet5, lenet_teaching, mlp
from dlnotes.plotting import LIGHT
from dlnotes.plotting.diagrams._canvas import PHONE, SMALL, number, text_width

SMALLEST = 11  # CSS pixels on a phone that is 390 pixels wide

X = torch.tensor([[0, 1, 2, 1], [1, 3, 1, 0], [2, 0, 1, 1], [0, 2, 2, 0.0]])
SOBEL = torch.tensor([[1, 0, -1], [2, 0, -2], [1, 0, -1.0]])


def small_net():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[1.0, -0.5], [0.25, 2.0]]))
        net[0].bias.zero_()
        net[2].weight.copy_(torch.tensor([[0.5, -1.5]]))
        net[2].bias.fill_(0.25)
    return net


def vgg16():
    layers, channels = [], 3
    for width, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    head = [nn.Linear(25088, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), *head, nn.Linear(4096, 1000))


def on_meta(build):
    with torch.device("meta"):
        return build()


def two_layers(x, w1, b1, w2, b2, y):
    return (w2 * torch.relu(w1 * x + b1) + b2 - y) ** 2


def neuron(w0, x0, w1, x1, w2):
    return 1 / (1 + torch.exp(-(w0 * x0 + w1 * x1 + w2)))


def softmax_loss(a, b):
    return -torch.log(torch.exp(a) / (torch.exp(a) + torch.exp(b)))


DIAGRAMS = {
    "network": lambda ax=None: plotting.draw_network([2, 100, 3], ax),
    "network-deep": lambda ax=None: plotting.draw_network([3, 4, 4, 4, 2], ax, highlight=(2, 1)),
    "network-many": lambda ax=None: plotting.draw_network(mlp([3, *[20] * 8, 2]), ax),
    "network-model": lambda ax=None: plotting.draw_network(
        mlp([2, 5, 3], seed=0), ax, weights=True
    ),
    "network-values": lambda ax=None: plotting.draw_network(
        small_net(), ax, x=torch.tensor([1.0, 2.0]), weights=True
    ),
    "graph": lambda ax=None: plotting.draw_graph(
        lambda w, x, b: (w * x + b) ** 2, ax, w=2.0, x=3.0, b=1.0
    ),
    "graph-two-layers": lambda ax=None: plotting.draw_graph(
        two_layers, ax, x=1.5, w1=2.0, b1=-1.0, w2=0.5, b2=0.3, y=2.0
    ),
    "graph-neuron": lambda ax=None: plotting.draw_graph(
        neuron, ax, w0=2.0, x0=-1.0, w1=-3.0, x1=-2.0, w2=-3.0
    ),
    "graph-softmax": lambda ax=None: plotting.draw_graph(softmax_loss, ax, a=1.0, b=2.0),
    "graph-input": lambda ax=None: plotting.draw_graph(lambda x: x, ax, x=3.0),
    "graph-square": lambda ax=None: plotting.draw_graph(lambda x: x * x, ax, x=3.0),
    "graph-swish": lambda ax=None: plotting.draw_graph(
        lambda x, w: x * torch.sigmoid(w * x), ax, x=1.0, w=0.5
    ),
    "layers-lenet": lambda ax=None: plotting.draw_layers(lenet5(), (1, 32, 32), ax),
    "layers-teaching": lambda ax=None: plotting.draw_layers(lenet_teaching(), (3, 32, 32), ax),
    "layers-alexnet-2012": lambda ax=None: plotting.draw_layers(
        on_meta(alexnet_2012), (3, 227, 227), ax
    ),
    "layers-alexnet": lambda ax=None: plotting.draw_layers(on_meta(alexnet), (3, 224, 224), ax),
    "layers-vgg": lambda ax=None: plotting.draw_layers(on_meta(vgg16), (3, 224, 224), ax),
    "layers-mlp": lambda ax=None: plotting.draw_layers(mlp([2, 100, 3]), (2,), ax),
    "kernel": lambda ax=None: plotting.draw_kernel_step(X, SOBEL, (1, 0), ax),
    "kernel-padded": lambda ax=None: plotting.draw_kernel_step(
        X, SOBEL, (1, 1), ax, padding=1, stride=2
    ),
    "kernel-large": lambda ax=None: plotting.draw_kernel_step(
        torch.arange(64.0).reshape(8, 8) % 17, SOBEL, (3, 2), ax
    ),
    "kernel-fractions": lambda ax=None: plotting.draw_kernel_step(X / 16, SOBEL / 8, (0, 0), ax),
    "vectors": lambda ax=None: plotting.draw_vectors(
        [[3, 1], [1, 2], [-1, 1]], ax, labels=["a", "b", "c"]
    ),
    "vectors-chained": lambda ax=None: plotting.draw_vectors(
        [[2.7, 0.9], [0.3, -1.4]], ax, labels=[r"$\beta v$", r"$-\eta g$", "新的 $v$"], chained=True
    ),
    "shapes": lambda ax=None: plotting.draw_shapes((8, 1, 6, 1), (7, 1, 5), ax=ax),
    "shapes-clash": lambda ax=None: plotting.draw_shapes((3,), (2, 3), (4,), ax=ax),
    "cubes": lambda ax=None: plotting.draw_cubes((), (4,), (3, 4), (2, 3, 4), ax=ax),
    "cubes-values": lambda ax=None: plotting.draw_cubes(torch.arange(24.0).reshape(2, 3, 4), ax=ax),
}

every = pytest.mark.parametrize("draw", DIAGRAMS.values(), ids=DIAGRAMS)


def drawn_texts(ax) -> list:
    """Every text that is really on the figure, tick labels included."""
    ax.figure.canvas.draw()
    found = [*ax.texts]
    if ax.axison:
        for axis, (low, high) in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            found += [
                tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high
            ]
    return [text for text in found if text.get_text() and text.get_visible()]


def extents(ax) -> list[tuple[str, np.ndarray]]:
    """The ink of every text in CSS pixels at 96 dpi: (text, corners of its tight box)."""
    dpi = ax.figure.dpi
    boxes = [(text.get_text(), text.get_window_extent().extents) for text in drawn_texts(ax)]
    return [(text, 96 * box / dpi) for text, box in boxes]


def smallest_on_phone(ax) -> float:
    width = 96 * ax.figure.get_figwidth()
    shrunk = min(1, PHONE / width)
    return min(text.get_fontsize() for text in drawn_texts(ax)) * 96 / 72 * shrunk


# Oracle: the width of a phone's column, and CSS's definition of a point (4/3 of a pixel).
@every
def test_every_label_is_at_least_eleven_pixels_on_a_phone(draw):
    assert smallest_on_phone(draw()) >= SMALLEST


def test_a_label_too_small_for_a_phone_would_be_noticed():
    _, ax = plt.subplots(figsize=(6.4, 4.8))
    ax.axis("off")
    ax.text(0, 0, "10 points in a figure of 6.4 inches", fontsize=10)
    assert smallest_on_phone(ax) < SMALLEST


# Oracle: the text boxes that matplotlib itself measured, less one pixel of leading each side.
@every
def test_no_label_covers_another_or_leaves_the_figure(draw):
    ax = draw()
    boxes = extents(ax)
    width, height = 96 * ax.figure.get_size_inches()
    for text, (left, bottom, right, top) in boxes:
        assert left >= -1, text
        assert bottom >= -3, text
        assert right <= width + 1, text
        assert top <= height + 3, text
    for (one, a), (other, b) in combinations(boxes, 2):
        across = min(a[2], b[2]) - max(a[0], b[0])
        along = min(a[3], b[3]) - max(a[1], b[1])
        assert across <= 1 or along <= 4.5, f"{one!r} covers {other!r}"


# Oracle: the table that the site exchanges in the text of the SVG when it makes the dark picture.
@every
def test_only_colours_that_the_site_can_exchange_are_written(draw):
    svg = io.StringIO()
    draw().figure.savefig(svg, format="svg", transparent=True)
    written = set(re.findall(r"#[0-9a-f]{6}\b", svg.getvalue()))
    assert LIGHT["ink"] in written
    assert written <= set(LIGHT.values())


# Ink on a fill is readable in both modes only while the fill stays light: half is the limit.
@every
def test_fills_under_labels_are_translucent(draw):
    ax = draw()
    patches = [p for p in ax.patches if p.get_fill() and p.get_window_extent().width > 20]
    assert all(p.get_facecolor()[3] <= 0.5 for p in patches if not hasattr(p, "get_arrowstyle"))


@every
def test_saving_warns_of_nothing(draw, caplog):
    with caplog.at_level(logging.INFO):
        draw().figure.savefig(io.StringIO(), format="svg")
    assert caplog.text == ""


@every
def test_an_axes_that_is_given_is_used_and_settings_stay(draw):
    before = dict(mpl.rcParams)
    fig, axes = plotting.subplots(1, 2, figsize=(9.6, 3))
    assert draw(axes[1]) is axes[1]
    assert plt.get_fignums() == [fig.number]
    assert not axes[0].has_data()
    assert dict(mpl.rcParams) == before
    fig.savefig(io.StringIO(), format="svg")


@every
@pytest.mark.parametrize("figsize", [(4, 3), (30, 20)])
def test_text_keeps_its_proportion_to_the_drawing_in_a_part_of_a_figure(draw, figsize):
    _, axes = plotting.subplots(1, 2, figsize=figsize)
    if draw(axes[1]).axison:
        return  # keeps matplotlib's own axes and sizes
    axes[1].figure.canvas.draw()
    width = axes[1].get_window_extent().width / axes[1].figure.dpi * 72
    points_per_unit = width / np.diff(axes[1].get_xlim()).item()
    smallest = min(text.get_fontsize() for text in axes[1].texts)
    assert 0.85 * SMALL <= smallest / points_per_unit <= 1.03 * SMALL
    assert smallest <= 1.2 * min(text.get_fontsize() for text in draw().texts)


# Oracle: written out by hand.
@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.0, 3, "0"), (2.0, 3, "2"), (-0.5, 3, "−0.5"), (0.12345, 3, "0.123"), (-7.0, 2, "−7"),
     (123.0, 2, "120"), (1234.0, 3, "1230"), (1.2e-5, 3, "1.2e−5"), (4e6, 3, "4e6"),
     (-0.0, 3, "0"), (float("inf"), 3, "inf")],
)  # fmt: skip
def test_number_is_short_and_has_a_real_minus(value, digits, text):
    assert number(value, digits) == text


# Oracle: matplotlib's own measurement of the bundled font.
@pytest.mark.parametrize(
    "text", ["0.123", "−1.4", "11×11", "卷积 5×5", "37,752,832", "ReLU", "1/x"]
)
def test_text_width_is_never_less_than_the_truth(text):
    _, ax = plotting.subplots()
    label = ax.text(0, 0, text, fontsize=20, fontfamily=plotting.FONT)
    ax.figure.canvas.draw()
    true = label.get_window_extent().width * 72 / ax.figure.dpi
    assert true <= text_width(text, 20) + 0.5 <= 1.35 * true
