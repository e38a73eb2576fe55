"""One step of a convolution: every number is that of F.conv2d."""

import itertools
import re

import pytest
import torch
import torch.nn.functional as F
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from dlnotes.plotting import LIGHT, animate_kernel, draw_kernel_step
from dlnotes.plotting.trajectories import MAX_FRAMES

X = torch.tensor([[0, 1, 2, 1], [1, 3, 1, 0], [2, 0, 1, 1], [0, 2, 2, 0.0]])
KERNEL = torch.tensor([[1, 0], [-2, 3.0]])
CASES = [(1, 0), (2, 0), (1, 1), (2, 1), (3, 2)]


def conv(stride=1, padding=0):
    return F.conv2d(X[None, None], KERNEL[None, None], stride=stride, padding=padding)[0, 0]


def grids(ax) -> list[list[str]]:
    """The numbers in the three grids (input, kernel, output), read row by row."""
    found, numbers = [], []
    for text in ax.texts:
        if re.match("输入|核|输出", text.get_text()):
            found.append(numbers)
            numbers = []
        else:
            numbers.append(text.get_text())
    return found


def as_floats(texts: list[str]) -> list[float]:
    return [float(text.replace("−", "-")) for text in texts]


def frames_of(ax) -> list[Rectangle]:
    boxes = [p for p in ax.patches if isinstance(p, Rectangle)]
    return [p for p in boxes if to_hex(p.get_edgecolor()) == LIGHT["purple"]]


# Oracle: F.pad for the input, F.conv2d for the output, at every position.
@pytest.mark.parametrize(("stride", "padding"), CASES)
def test_draw_kernel_step_fills_the_output_of_conv2d_up_to_the_position(stride, padding):
    want = conv(stride, padding)
    padded = F.pad(X, (padding,) * 4)
    for i, j in itertools.product(*map(range, want.shape)):
        ax = draw_kernel_step(X, KERNEL, (i, j), stride=stride, padding=padding)
        inputs, kernel, output = grids(ax)
        assert as_floats(inputs) == padded.flatten().tolist()
        assert as_floats(kernel) == KERNEL.flatten().tolist()
        assert as_floats(output) == want.flatten().tolist()[: i * want.shape[1] + j + 1]


# Oracle: the sum is evaluated by Python from the text in the picture.
@pytest.mark.parametrize(("stride", "padding"), CASES)
def test_draw_kernel_step_writes_a_true_sum_of_products(stride, padding):
    want = conv(stride, padding)
    for i, j in itertools.product(*map(range, want.shape)):
        ax = draw_kernel_step(X, KERNEL, (i, j), stride=stride, padding=padding)
        left, right = ax.texts[-1].get_text().translate(str.maketrans("−×", "-*")).split("=")
        assert eval(left) == float(right) == want[i, j].item()
        assert left.count("*") == KERNEL.numel()


@pytest.mark.parametrize(("stride", "padding"), CASES)
def test_draw_kernel_step_frames_the_window_under_the_kernel(stride, padding):
    ax = draw_kernel_step(X, KERNEL, (1, 0), stride=stride, padding=padding)
    window, cell = frames_of(ax)
    size = cell.get_width()
    assert (window.get_width(), window.get_height()) == pytest.approx((2 * size, 2 * size))
    first = ax.patches[0]  # the top left cell of the input
    assert window.get_x() == pytest.approx(first.get_x())
    drop = first.get_y() + size - (window.get_y() + 2 * size)
    assert drop == pytest.approx(stride * size)


def test_draw_kernel_step_does_not_flip_the_kernel_and_takes_integers():
    ax = draw_kernel_step(torch.tensor([[1, 2]]), torch.tensor([[10, 1]]), (0, 0))
    assert ax.texts[-1].get_text() == "1×10 + 2×1 = 12"


def test_draw_kernel_step_draws_padding_with_dots():
    ax = draw_kernel_step(X, KERNEL, (0, 0), padding=1)
    dotted = [p for p in ax.patches if isinstance(p, Rectangle) and p.get_linestyle() == ":"]
    assert len(dotted) == 6 * 6 - 4 * 4


def test_draw_kernel_step_leaves_out_numbers_that_do_not_fit():
    ax = draw_kernel_step(torch.rand(20, 20), torch.rand(3, 3), (5, 5))
    inputs, *_ = grids(ax)
    assert inputs == []
    assert ax.figure.get_figwidth() < 5


# Oracle: raster order, and the picture of each position drawn alone.
def test_animate_kernel_visits_every_position_in_order():
    animation = animate_kernel(X, KERNEL)
    ax = animation._fig.axes[0]
    seen = []
    for k in animation.new_frame_seq():
        animation._draw_frame(k)
        seen.append([text.get_text() for text in ax.texts])
    animation._draw_was_started = True  # silence the warning about an unused animation
    want = [draw_kernel_step(X, KERNEL, at) for at in itertools.product(range(3), range(3))]
    assert seen == [[text.get_text() for text in each.texts] for each in want]
    assert animation._fig.animation is animation


def test_animate_kernel_spreads_few_frames_over_many_positions():
    animation = animate_kernel(X.repeat(2, 2), KERNEL, padding=1)
    ax = animation._fig.axes[0]
    counts = []
    for k in animation.new_frame_seq():
        animation._draw_frame(k)
        counts.append(len(grids(ax)[2]))
    animation._draw_was_started = True
    assert len(counts) == MAX_FRAMES
    assert counts[0] == 1
    assert counts[-1] == 81
    assert counts == sorted(counts)


@pytest.mark.parametrize("kernel", [KERNEL, torch.ones(2, 3), torch.ones(3, 3)])
def test_animate_kernel_keeps_the_frame_and_the_text_still(kernel):
    inputs = torch.zeros(6, 6)
    inputs[3:, 3:] = 123.456  # short sums at first, long ones later
    animation = animate_kernel(inputs, kernel, positions=[(0, 0), (3, 3)])
    ax = animation._fig.axes[0]
    kept = []
    for k in (0, 1):
        animation._draw_frame(k)
        ax.figure.canvas.draw()
        kept.append(((*ax.get_xlim(), *ax.get_ylim()), ax.texts[-1].get_fontsize()))
    animation._draw_was_started = True
    assert kept[0][0] == pytest.approx(kept[1][0])
    assert kept[0][1] == pytest.approx(kept[1][1], rel=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: draw_kernel_step(X[0], KERNEL, (0, 0)), r"X.*\(4,\)"),
        (lambda: draw_kernel_step(X, KERNEL[0], (0, 0)), r"kernel.*\(2,\)"),
        (lambda: draw_kernel_step(X[:0], KERNEL, (0, 0)), r"X.*\(0, 4\)"),
        (lambda: draw_kernel_step(X / 0, KERNEL, (0, 0)), "X.*inf"),
        (lambda: draw_kernel_step(X, KERNEL / 0, (0, 0)), "kernel.*inf"),
        (lambda: draw_kernel_step(X[:1], KERNEL, (0, 0)), "kernel.*2×2.*1×4"),
        (lambda: draw_kernel_step(X, KERNEL, (3, 0)), r"position.*\(3, 3\).*\(3, 0\)"),
        (lambda: draw_kernel_step(X, KERNEL, (0, -1)), "position"),
        (lambda: draw_kernel_step(X, KERNEL, (0,)), "position"),
        (lambda: draw_kernel_step(X, KERNEL, (0, 0), stride=0), "stride.*0"),
        (lambda: draw_kernel_step(X, KERNEL, (0, 0), padding=-1), "padding.*-1"),
        (lambda: animate_kernel(X, KERNEL, positions=[]), "positions.*0"),
        (lambda: animate_kernel(X, KERNEL, positions=[(0, 0)] * 13), "12.*13"),
        (lambda: animate_kernel(X, KERNEL, positions=[(0, 0), (9, 9)]), r"\(9, 9\)"),
    ],
)
def test_bad_input_is_named(call, message, unchecked):
    with pytest.raises(ValueError, match=message):
        call()
