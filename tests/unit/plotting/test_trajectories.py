"""Trajectory plots are read through their Axes, not their pixels."""

import io
import warnings

import numpy as np
import pytest
import torch

from dispatch import NoFloat64OffCpu
from dlnotes.optim.surfaces import Surface, beale, ravine, rosenbrock, saddle, trace_path
from dlnotes.plotting import animate_trajectory, draw_trajectory
from dlnotes.plotting.trajectories import MAX_FRAMES

SURFACES = {"ravine": ravine, "saddle": saddle, "beale": beale, "rosenbrock": rosenbrock}


def descend(surface=ravine, lr=0.07, num_steps=20):
    return trace_path(surface, lambda params: torch.optim.SGD(params, lr=lr), num_steps=num_steps)


def frames(animation) -> list:
    """Draw every frame in order; returns (title, number of points per path, texts) of each."""
    ax, seen = animation._fig.axes[0], []
    for i in animation.new_frame_seq():
        animation._draw_frame(i)
        legend = ax.get_legend()
        texts = [text.get_text() for text in legend.get_texts()] if legend else []
        seen.append((ax.get_title(), [len(line.get_xdata()) for line in ax.lines[:-1:3]], texts))
    animation._draw_was_started = True  # silence the warning about an unused animation
    return seen


# Oracle: the path that was handed in, and the surface's own list of minima.
@pytest.mark.parametrize("name", SURFACES)
def test_draw_trajectory_shows_the_path_its_ends_and_the_minima(name):
    surface, path = SURFACES[name], descend(SURFACES[name], lr=1e-4)
    ax = draw_trajectory(surface, [path], labels=["SGD"])
    line, start, end, minima = ax.lines
    np.testing.assert_array_equal(np.transpose(line.get_data()), path)
    np.testing.assert_array_equal(np.transpose(start.get_data()), path[:1])
    np.testing.assert_array_equal(np.transpose(end.get_data()), path[-1:])
    np.testing.assert_array_equal(np.transpose(minima.get_data()), surface.minima)
    assert (ax.get_xlim(), ax.get_ylim()) == (surface.xlim, surface.ylim)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["SGD"]


# Oracle: sorting. Bands rise with the height, and every band holds as many points as any other.
@pytest.mark.parametrize("name", SURFACES)
def test_draw_trajectory_shades_equal_areas_in_the_order_of_height(name):
    surface = SURFACES[name]
    image = draw_trajectory(surface, []).images[0]
    bands = np.asarray(image.get_array())
    x, y = (np.linspace(*lim, len(bands)) for lim in (surface.xlim, surface.ylim))
    heights = surface(torch.tensor(np.stack(np.meshgrid(x, y), axis=-1))).numpy()
    assert image.origin == "lower"
    assert tuple(image.get_extent()) == (*surface.xlim, *surface.ylim)
    for low in range(bands.max()):
        assert heights[bands == low].max() <= heights[bands == low + 1].min() + 1e-9
    np.testing.assert_allclose(np.bincount(bands.ravel()) * 10 / bands.size, 1, atol=0.02)
    alpha = image.cmap(np.arange(10))[:, 3]
    assert (np.diff(alpha) > 0).all()


def test_draw_trajectory_of_a_flat_surface_has_one_shade():
    flat = Surface("平地", lambda x, y: 0 * x, lambda x, y: (0 * x, 0 * y),
                   ((0.0, 0.0),), (0.0, 0.0), (-1.0, 1.0), (-1.0, 1.0))  # fmt: skip
    assert len(np.unique(draw_trajectory(flat, []).images[0].get_array())) == 1


def test_draw_trajectory_tells_paths_apart_by_colour_line_and_marker():
    ax = draw_trajectory(ravine, [descend(), descend(lr=0.02)], labels=["甲", "乙"], mark_every=5)
    first, second = ax.lines[0], ax.lines[3]
    for read in ("get_color", "get_linestyle", "get_marker"):
        assert getattr(first, read)() != getattr(second, read)()
    assert first.get_markevery() == 5


def test_draw_trajectory_stops_before_the_first_non_finite_point_and_says_so():
    path = torch.tensor([[1.0, 1.0], [2.0, 1.0], [torch.inf, 1.0], [3.0, 1.0]])
    ax = draw_trajectory(ravine, [path, descend()], labels=["甲", "乙"])
    np.testing.assert_array_equal(np.transpose(ax.lines[0].get_data()), path[:2])
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["甲（发散）", "乙"]


def test_draw_trajectory_saves_a_path_that_leaves_the_picture():
    path = torch.tensor([[0.0, 0.0], [1e30, -1e30], [1e300, 1e300]], dtype=torch.float64)
    ax = draw_trajectory(ravine, [path], labels=["甲"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax.figure.savefig(io.StringIO(), format="svg")


def test_draw_trajectory_leaves_its_input_alone_and_takes_leaves_with_grad():
    path = descend().requires_grad_()
    before = path.detach().clone()
    draw_trajectory(ravine, [path])
    assert torch.equal(path.detach(), before)


def test_draw_trajectory_stays_on_the_cpu_whatever_the_default_device():
    path = descend()
    with torch.device("meta"), NoFloat64OffCpu():
        ax = draw_trajectory(ravine, [path])
    np.testing.assert_array_equal(np.transpose(ax.lines[0].get_data()), path)


def test_animate_trajectory_grows_the_paths_and_titles_the_step():
    paths = [descend(num_steps=20), descend(num_steps=6)]
    animation = animate_trajectory(ravine, paths, labels=["甲", "乙"], stops=[0, 5, 20])
    assert frames(animation) == [
        ("第 0 步", [1, 1], ["甲", "乙"]),
        ("第 5 步", [6, 6], ["甲", "乙"]),
        ("第 20 步", [21, 7], ["甲", "乙"]),
    ]
    assert animation._fig.animation is animation


@pytest.mark.parametrize("num_steps", [0, 3, 1000])
def test_animate_trajectory_spreads_its_frames_over_the_whole_path(num_steps):
    seen = frames(animate_trajectory(saddle, [descend(saddle, num_steps=num_steps)]))
    assert len(seen) <= MAX_FRAMES
    assert seen[0][0] == "第 0 步"
    assert seen[-1][0] == f"第 {num_steps} 步"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: draw_trajectory(ravine, [torch.zeros(4, 3)]), r"paths\[0\].*\(4, 3\)"),
        (lambda: draw_trajectory(ravine, [torch.zeros(0, 2)]), r"paths\[0\].*\(0, 2\)"),
        (lambda: draw_trajectory(ravine, [torch.zeros(4, 2)], labels=["甲", "乙"]), "labels.*2"),
        (lambda: draw_trajectory(ravine, [torch.zeros(4, 2)], mark_every=0), "mark_every.*0"),
        (lambda: animate_trajectory(ravine, []), "paths"),
        (lambda: animate_trajectory(ravine, [torch.zeros(4, 2)], stops=[]), "stops"),
        (lambda: animate_trajectory(ravine, [torch.zeros(4, 2)], stops=[3, 3]), r"\[3, 3\]"),
        (lambda: animate_trajectory(ravine, [torch.zeros(4, 2)], stops=[-1]), r"\[-1\]"),
        (lambda: animate_trajectory(ravine, [torch.zeros(40, 2)], stops=range(13)), "12"),
    ],
)
def test_bad_input_is_named(call, message, unchecked):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: draw_trajectory("ravine", []),
            "surface 应为.*曲面，收到 str",
        ),
        (lambda: draw_trajectory(ravine, [[[0.0, 0.0]]]), r"paths\[0\] 应为张量，收到 list"),
        (lambda: draw_trajectory(ravine, [], mark_every=1.5), "mark_every 应为正整数，收到 1.5"),
        (lambda: draw_trajectory(ravine, [], 3), "ax 应为 matplotlib 的 Axes，收到 int"),
        (lambda: animate_trajectory(ravine, [torch.zeros(4, 2)], stops=[0.5]), r"stops.*\[0.5\]"),
    ],
)
def test_wrong_types_are_named(call, message, unchecked):
    with pytest.raises(TypeError, match=message):
        call()
