"""The bundled font is where the package says, and is the font it says."""

from matplotlib.font_manager import get_font

from dlnotes._core.font import FONT, font_path


def test_font_path_leads_to_the_named_font_with_chinese_in_it():
    font = get_font(str(font_path()))
    assert font.family_name == FONT
    assert {ord(c) for c in "学习率αβ→≤"} <= set(font.get_charmap())
