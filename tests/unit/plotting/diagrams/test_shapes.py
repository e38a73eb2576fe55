"""Broadcasting tables against torch.broadcast_shapes, cubes against the tensor."""

import ast
import itertools

import pytest
import torch
from matplotlib.patches import FancyArrowPatch, Polygon, Rectangle

from dlnotes.plotting import draw_cubes, draw_shapes


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def rectangles(ax) -> list[Rectangle]:
    return [p for p in ax.patches if isinstance(p, Rectangle)]


SHAPES = [(), (1,), (3,), (4,), (3, 1), (1, 4), (3, 4), (2, 1, 4), (2, 3, 1), (0, 1)]


# Oracle: torch.broadcast_shapes, which says either the result or that there is none.
@pytest.mark.parametrize(("one", "other"), list(itertools.combinations_with_replacement(SHAPES, 2)))
def test_draw_shapes_gives_the_result_of_torch_or_marks_the_clash(one, other):
    shown = texts(draw_shapes(one, other))
    try:
        want = torch.broadcast_shapes(one, other)
    except RuntimeError:
        assert "×" in shown
        assert "不能广播" in shown[-1]
    else:
        assert "×" not in shown
        assert ast.literal_eval(shown[-1].removeprefix("结果的形状 ")) == tuple(want)
        row = shown[shown.index("结果") + 1 : -1]
        assert [int(size) for size in row] == list(want)


def test_draw_shapes_aligns_on_the_right_and_shows_what_stretches():
    ax = draw_shapes((3, 1), (4,))
    assert texts(ax)[:6] == ["A", "3", "1→4", "B", "1→3", "4"]
    x = [text.get_position()[0] for text in ax.texts]
    assert x[1] == x[4]
    assert x[2] == x[5]
    boxes = rectangles(ax)
    assert [box.get_linestyle() in ("-", "solid") for box in boxes[:4]] == [
        True,
        False,
        False,
        True,
    ]


def test_draw_shapes_takes_tensors_names_and_more_than_two():
    ax = draw_shapes(torch.zeros(2, 1), (3,), torch.Size([5, 1, 1]), labels=["甲", "乙", "丙"])
    assert {"甲", "乙", "丙"} <= set(texts(ax))
    assert texts(ax)[-1] == "结果的形状 (5, 2, 3)"


def test_draw_shapes_says_which_sizes_clash():
    assert texts(draw_shapes((2, 3), (2, 4)))[-1] == "不能广播：倒数第 1 维 3 ≠ 4，都不是 1"
    assert texts(draw_shapes((2, 1), (3, 4)))[-1] == "不能广播：倒数第 2 维 2 ≠ 3，都不是 1"


# Oracle: the number of unit squares on the three faces that are seen.
@pytest.mark.parametrize("shape", [(), (4,), (3, 4), (2, 3, 4), (1, 1, 1)])
def test_draw_cubes_draws_the_faces_that_are_seen(shape):
    ax = draw_cubes(shape)
    depth, rows, cols = (0, 1, 1)[: 3 - len(shape)] + shape
    sides = [p for p in ax.patches if isinstance(p, Polygon) and not isinstance(p, Rectangle)]
    assert len(rectangles(ax)) == rows * cols
    assert len([p for p in sides if not isinstance(p, FancyArrowPatch)]) == depth * (rows + cols)


# Oracle: the sizes themselves; dim −1 goes right, dim −2 down, dim −3 inwards.
def test_draw_cubes_names_and_points_out_the_dimensions():
    ax = draw_cubes((2, 3, 4))
    assert {"dim 2：4", "dim 1\n3", "dim 0：2", "(2, 3, 4)"} == set(texts(ax))
    moves = []
    for arrow in ax.patches:
        if isinstance(arrow, FancyArrowPatch):
            (x0, y0), (x1, y1) = arrow._posA_posB
            moves.append((round(x1 - x0), round(y1 - y0)))
    right, down, inwards = moves
    assert right[0] > 0 == right[1]
    assert down[0] == 0 > down[1]
    assert inwards[0] == inwards[1] > 0


def test_draw_cubes_writes_the_front_layer_of_a_tensor():
    values = torch.arange(24.0).reshape(2, 3, 4)
    shown = texts(draw_cubes(values))
    assert shown[:12] == [str(n) for n in range(12)]


def test_draw_cubes_writes_nothing_where_numbers_do_not_fit():
    assert texts(draw_cubes(torch.full((2, 2), 0.12345)))[0].startswith("dim")


def test_draw_cubes_stays_within_a_phone_by_starting_a_new_line():
    ax = draw_cubes((), (4,), (3, 4), (2, 3, 4), (5, 5), (2, 2, 2))
    assert ax.get_xlim()[1] <= 360


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: draw_shapes((3,)), "shapes.*1"),
        (lambda: draw_shapes((3,), (-1,)), "-1"),
        (lambda: draw_shapes((3,), (3,), labels=["a"]), "labels.*2.*1"),
        (lambda: draw_cubes(), "tensors.*0"),
        (lambda: draw_cubes((2, 2, 2, 2)), r"\(2, 2, 2, 2\)"),
        (lambda: draw_cubes((0,)), r"\(0,\)"),
        (lambda: draw_cubes((13,)), r"\(13,\)"),
    ],
)
def test_bad_input_is_named(call, message, unchecked):
    with pytest.raises(ValueError, match=message):
        call()


def test_sizes_are_integers(unchecked):
    with pytest.raises(TypeError, match=r"shapes.*整数，收到 2\.5"):
        draw_shapes((3,), (2.5,))
