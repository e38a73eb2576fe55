"""Arrows stand where the vectors say, and labels keep off them."""

import numpy as np
import pytest
import torch
from matplotlib.patches import FancyArrowPatch

from dlnotes.plotting import draw_vectors

VECTORS = [[3.0, 1.0], [1.0, 2.0], [-1.0, 1.0]]


def arrows(ax) -> list[FancyArrowPatch]:
    return [p for p in ax.patches if isinstance(p, FancyArrowPatch)]


def ends(ax) -> np.ndarray:
    return np.array([arrow._posA_posB for arrow in arrows(ax)])


def test_draw_vectors_starts_at_the_origin():
    np.testing.assert_allclose(ends(draw_vectors(VECTORS)), [[[0, 0], v] for v in VECTORS])


# Oracle: cumulative sums by hand.
def test_draw_vectors_chained_goes_head_to_tail_and_ends_at_the_sum():
    found = ends(draw_vectors(torch.tensor(VECTORS), chained=True))
    want = [[[0, 0], [3, 1]], [[3, 1], [4, 3]], [[4, 3], [3, 4]], [[0, 0], [3, 4]]]
    np.testing.assert_allclose(found, want, atol=1e-6)


def test_one_vector_chained_has_no_separate_sum():
    assert len(arrows(draw_vectors([[1, 2]], chained=True))) == 1


def test_the_sum_is_dashed_and_the_others_are_not():
    styles = [arrow.get_linestyle() for arrow in arrows(draw_vectors(VECTORS, chained=True))]
    assert styles[:3] == ["solid"] * 3 or styles[:3] == ["-"] * 3
    assert styles[3] not in ("solid", "-")


@pytest.mark.parametrize("chained", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_labels_keep_off_the_arrows(chained, seed):
    vectors = torch.randn(4, 2, generator=torch.Generator().manual_seed(seed))
    ax = draw_vectors(vectors, labels=["第一步", "第二步", "第三步", "第四步"], chained=chained)
    ax.figure.canvas.draw()
    for start, end in ends(ax):
        line = ax.transData.transform(np.linspace(start, end, 200))
        for text in ax.texts:
            left, bottom, right, top = text.get_window_extent().extents
            inside = (line > [left, bottom]) & (line < [right, top])
            assert not inside.all(1).any(), text.get_text()


def test_scale_and_tick_steps_are_equal_in_both_directions():
    ax = draw_vectors([[100.0, 1.0], [0.0, 30.0]])
    assert ax.get_aspect() == 1
    assert np.diff(ax.get_xticks())[0] == pytest.approx(np.diff(ax.get_yticks())[0])


def test_zero_vectors_are_drawn():
    assert len(arrows(draw_vectors([[0.0, 0.0]], labels=["0"]))) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: draw_vectors([[1, 2, 3]]), r"vectors.*\(1, 3\)"),
        (lambda: draw_vectors(torch.zeros(0, 2)), "vectors"),
        (lambda: draw_vectors([[float("nan"), 1]]), "vectors.*nan"),
        (lambda: draw_vectors(VECTORS, labels=["a"]), "labels.*3.*1"),
        (lambda: draw_vectors(VECTORS, labels=list("abcd")), "labels.*3.*4"),
    ],
)
def test_bad_input_is_named(call, message, unchecked):
    with pytest.raises(ValueError, match=message):
        call()
