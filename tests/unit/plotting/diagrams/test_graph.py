"""The recorded graph against torch.autograd, and the picture against the recorded graph."""

import math
from itertools import combinations

import pytest
import torch
import torch.nn.functional as F

from dlnotes.plotting import LIGHT, draw_graph
from dlnotes.plotting.diagrams._canvas import UNIT
from dlnotes.plotting.diagrams._placement import columns_of, rows_of
from dlnotes.plotting.diagrams._recording import record_graph


def softmax(a, b):
    ea, eb = a.exp(), b.exp()
    return -torch.log(ea / (ea + eb))


def in_place(x, y):
    z = x * y
    z += x
    return z * z


FUNCTIONS = {
    "affine-square": (lambda w, x, b: (w * x + b) ** 2, {"w": 2.0, "x": 3.0, "b": 1.0}),
    "square-by-product": (lambda x: x * x, {"x": 3.0}),
    "three-times": (lambda x: x * x + x, {"x": -1.5}),
    "softmax": (softmax, {"a": 1.0, "b": 2.0}),
    "neuron": (lambda w, x, b: torch.sigmoid(w * x + b), {"w": 2.0, "x": -1.0, "b": 0.5}),
    "by-hand": (lambda z: 1 / (1 + torch.exp(-z)), {"z": 0.3}),
    "numbers": (lambda x: 2 - (3 * x - 1) / 4 + 2**x - x**3, {"x": 0.7}),
    "relu-dead": (lambda w, x: F.relu(w * x) + x, {"w": 1.0, "x": -2.0}),
    "constant": (lambda x: torch.tensor(3.0, dtype=torch.float64) * x, {"x": 2.0}),
    "in-place": (in_place, {"x": 2.0, "y": 3.0}),
    "max": (lambda x, y: max(x, y) * torch.maximum(x, y), {"x": 2.0, "y": 3.0}),
    "detached": (lambda x: x * x.detach(), {"x": 3.0}),
    "branch-unused": (lambda x, y: (x.exp() * 0, x * y)[1], {"x": 2.0, "y": 3.0}),
}

every = pytest.mark.parametrize(("function", "inputs"), FUNCTIONS.values(), ids=FUNCTIONS)


# Oracle: the same function run by plain PyTorch, without any recording.
@every
def test_record_graph_has_the_value_and_gradients_of_torch(function, inputs):
    leaves = {
        k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in inputs.items()
    }
    result = function(**leaves)
    grads = torch.autograd.grad(result, list(leaves.values()), allow_unused=True)
    nodes = record_graph(function, **inputs)
    assert nodes[-1].value == result.item()
    assert nodes[-1].grad == 1
    recorded = {node.label: node.grad for node in nodes if not node.sources}
    for name, grad in zip(leaves, grads, strict=True):
        assert recorded[name] == pytest.approx(grad.item(), rel=1e-12)


# Oracle: the multivariate chain rule, which sums over the edges that leave a node.
@every
def test_record_graph_sums_the_edges_at_a_fan_out(function, inputs):
    nodes = record_graph(function, **inputs)
    for k, node in enumerate(nodes[:-1]):
        edges = [
            grad
            for user in nodes
            for source, grad in zip(user.sources, user.edge_grads, strict=True)
            if source == k
        ]
        assert edges
        assert node.grad == pytest.approx(sum(edges), rel=1e-12)


# Oracle: central differences of the recorded value, edge by edge, in a hand-made copy.
def test_record_graph_splits_the_gradient_between_two_uses_of_one_number():
    nodes = record_graph(lambda x, y: x * y + x, x=2.0, y=5.0)
    product, total = nodes[2], nodes[3]
    assert product.edge_grads == (5.0, 2.0)
    assert total.edge_grads == (1.0, 1.0)
    assert nodes[0].grad == 6.0


# Oracle: written out by hand, as a teacher would write the operations.
def test_record_graph_names_operations_as_they_are_written():
    nodes = record_graph(FUNCTIONS["numbers"][0], x=0.7)
    assert {node.label for node in nodes} == {
        "x", "×3", "−1", "÷4", "2−x", "2^x", "+", "x³", "−"
    }  # fmt: skip
    assert [n.label for n in record_graph(FUNCTIONS["by-hand"][0], z=0.0)] == [
        "z", "−x", "exp", "+1", "1/x"
    ]  # fmt: skip


def test_record_graph_drops_what_does_not_reach_the_result():
    assert [n.label for n in record_graph(FUNCTIONS["branch-unused"][0], x=2.0, y=3.0)] == [
        "x", "y", "×"
    ]  # fmt: skip


def test_record_graph_works_without_grad_mode_and_on_tensors():
    with torch.no_grad():
        nodes = record_graph(lambda x: x**2, x=torch.tensor(3))
    assert nodes[0].grad == 6


# Oracle: the formula for the gradient of −log softmax, p − y.
def test_draw_graph_writes_p_minus_y_at_the_logits():
    ax = draw_graph(lambda a, b: -torch.log(torch.exp(a) / (torch.exp(a) + torch.exp(b))),
                    a=1.0, b=2.0)  # fmt: skip
    p = math.exp(1) / (math.exp(1) + math.exp(2))
    texts = [text.get_text() for text in ax.texts]
    assert f"和 {p - 1:.3f}".replace("-", "−") in texts
    assert f"{1 - p:.3g}" in texts


# Oracle: the recorded run.
@every
def test_draw_graph_writes_a_value_and_a_gradient_for_every_edge(function, inputs):
    nodes = record_graph(function, **inputs)
    ax = draw_graph(function, digits=5, **inputs)
    written = {
        name: sorted(float(t.get_text().replace("−", "-")) for t in ax.texts
                     if t.get_color() == LIGHT[name] and t.get_text()[0] in "−0123456789")
        for name in ("green", "orange")
    }  # fmt: skip
    edges = [(nodes[s].value, g) for n in nodes
             for s, g in zip(n.sources, n.edge_grads, strict=True)]  # fmt: skip
    edges.append((nodes[-1].value, nodes[-1].grad))
    assert written["green"] == pytest.approx(sorted(value for value, _ in edges), rel=1e-4)
    assert written["orange"] == pytest.approx(sorted(grad for _, grad in edges), rel=1e-4)


def test_draw_graph_goes_from_left_to_right():
    nodes = record_graph(softmax, a=1.0, b=2.0)
    ax = draw_graph(softmax, a=1.0, b=2.0)
    x = [text.get_position()[0] for text in ax.texts[: len(nodes)]]
    for k, node in enumerate(nodes):
        assert all(x[source] < x[k] for source in node.sources)


def fan_in(cat, dog, bird):
    return torch.log(torch.exp(cat) + torch.exp(dog) + torch.exp(bird)) - cat


# Oracle: a number that stands nearer to the number of another edge than to its own is misread.
@pytest.mark.parametrize(
    ("function", "inputs"),
    [(lambda w, x, b, y: (w * x + b - y) ** 2, {"w": 2.0, "x": 3.0, "b": 1.0, "y": 4.0}),
     (lambda w, x, b, y: torch.square(w * x + b - y), {"w": 1.0, "x": 2.0, "b": 8.0, "y": 16.0}),
     (lambda a, b: (a + b) * a, {"a": 2.0, "b": 1.0}),
     (fan_in, {"cat": math.log(2), "dog": math.log(5), "bird": 0.0})],
    ids=["square", "torch-square", "fan-out", "fan-in"],
)  # fmt: skip
def test_no_two_numbers_stand_close(function, inputs):
    ax = draw_graph(function, **inputs)
    ax.figure.canvas.draw()
    renderer, pixel = ax.figure.canvas.get_renderer(), ax.figure.dpi * UNIT
    boxes = [text.get_window_extent(renderer) for text in ax.texts
             if text.get_color() in (LIGHT["green"], LIGHT["orange"])][:-2]  # fmt: skip
    assert len(boxes) >= 11
    gaps = [max(a.x0 - b.x1, b.x0 - a.x1, a.y0 - b.y1, b.y0 - a.y1) / pixel
            for a, b in combinations(boxes, 2)]  # fmt: skip
    assert min(gaps) > 0


def test_a_chain_is_a_horizontal_line():
    ax = draw_graph(lambda w, x, b: ((w * x + b) ** 2).log(), w=2.0, x=3.0, b=1.0)
    heights = [t.get_position()[1] for t in ax.texts[:7] if t.get_text() in ("×", "+", "x²", "log")]
    assert len(heights) == 4
    assert max(heights) - min(heights) < 0.1


# Oracle: by hand; x is used by the product first, so it stands just before it.
def test_columns_put_an_input_right_before_its_first_use():
    assert columns_of([(), (), (0, 1), (), (2, 3), (4, 0)]) == [0, 0, 1, 1, 2, 3]


def test_rows_keep_points_of_one_column_apart_and_bend_round_nodes():
    sources = [(), (), (0, 1), (), (2, 3), (4, 0)]
    heights, chains, columns = rows_of(sources, columns_of(sources), 50)
    assert chains[-1][0] == 0
    assert chains[-1][-1] == 5
    assert len(chains[-1]) == 4  # columns 1 and 2 are crossed at points of their own
    for k in range(len(heights)):
        for j in range(k):
            if columns[j] == columns[k]:
                assert abs(heights[j] - heights[k]) >= 35 - 1e-9


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: draw_graph(lambda: torch.tensor(1.0)), ValueError, "inputs"),
        (lambda: draw_graph(lambda x: x, x="3"), TypeError, "x.*'3'"),
        (lambda: draw_graph(lambda x: x, x=True), TypeError, "x.*True"),
        (lambda: draw_graph(lambda x: x, x=torch.zeros(2)), TypeError, "x"),
        (lambda: draw_graph(lambda x: 3.0, x=1.0), ValueError, "function.*3.0"),
        (lambda: draw_graph(lambda x: torch.tensor(3.0), x=1.0), ValueError, "function"),
        (lambda: draw_graph(lambda x: x.detach(), x=1.0), ValueError, "function"),
        (lambda: draw_graph(lambda x: x * torch.ones(2), x=1.0), ValueError, r"\(2,\)"),
        (lambda: draw_graph(lambda x: torch.stack([x, x]).sum(), x=1.0), ValueError, r"stack|标量"),
        (lambda: draw_graph(lambda x: x**2, x=1.0, digits=0), ValueError, "digits.*0"),
    ],
)
def test_bad_input_is_named(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call()
