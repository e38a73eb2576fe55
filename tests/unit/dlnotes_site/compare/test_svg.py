"""What an SVG plots: seen through other bytes, and every visible change noticed."""

import numpy as np
import pytest

from dlnotes_site.compare.svg import _pieces, same_svg, svg_difference
from drawn import draw

PICTURE = np.linspace(0, 1, 12).reshape(3, 4)


def plotted_numbers(svg: str) -> np.ndarray:
    return np.concatenate([numbers for _, numbers in _pieces(svg)])


def test_plotted_numbers_hold_coordinates_colours_and_pixels():
    few, many = (plotted_numbers(draw(y)) for y in ((1, 3, 2), (1, 3, 2, 4)))
    assert np.isfinite(few).all()
    assert len(many) > len(few)
    assert any(np.isclose(few, 0x1F / 255))
    assert len(plotted_numbers(draw(picture=PICTURE))) > len(few) + 1000


def test_same_svg_looks_through_other_identifiers_and_bytes():
    a, b = draw(salt="b"), draw(salt="c")
    assert a != b
    assert same_svg(a, b)
    assert svg_difference(a, b) == 0.0


@pytest.mark.parametrize(
    "change",
    [
        {"y": (1.0, 3.0, 2.01)},
        {"y": (1.0, 3.0)},
        {"colour": "#2f77b4"},
        {"title": "损夫"},
        {"title": "损失损"},
        {"size": (4, 3.1)},
        {"picture": PICTURE},
    ],
    ids=str,
)
def test_same_svg_sees_what_a_reader_would_see(change):
    assert not same_svg(draw(), draw(**change))


def test_same_svg_sees_one_pixel():
    other = PICTURE.copy()
    other[0, 0] = 0.5
    assert same_svg(draw(picture=PICTURE), draw(picture=PICTURE))
    assert not same_svg(draw(picture=PICTURE), draw(picture=other))


def test_same_svg_grants_the_tolerance_and_no_more():
    a, b = draw(), draw((1.0, 3.0, 2.0001))
    assert 0 < svg_difference(a, b) <= 0.02
    assert same_svg(a, b)
    assert not same_svg(a, b, tolerance=svg_difference(a, b) / 2)
