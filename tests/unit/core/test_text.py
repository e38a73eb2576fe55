"""Chinese takes two columns of a monospaced font."""

import pytest

from dlnotes._core.text import display_width, pad


@pytest.mark.parametrize(("text", "width"), [("", 0), ("abc", 3), ("学习率", 6), ("lr（学）", 8)])
def test_display_width_counts_two_columns_for_chinese_and_full_width_marks(text, width):
    assert display_width(text) == width


def test_pad_aligns_by_columns_and_never_cuts():
    assert pad("学习", 6, right=False) == "学习  "
    assert pad("学习", 6, right=True) == "  学习"
    assert pad("学习率", 4, right=True) == "学习率"
