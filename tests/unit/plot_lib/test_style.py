"""set_default：换上样式、撤销、汉字。"""

import gc
import logging

import matplotlib as mpl
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib import pyplot as plt

from dlnotes._core.font import FONT
from dlnotes.plot_lib import plot_data, set_default


def test_set_default_called_plainly_lasts_after_its_result_is_gone():
    set_default()
    gc.collect()
    assert plt.rcParams["figure.figsize"] == [10, 10]
    assert plt.rcParams["figure.dpi"] == 100
    assert plt.rcParams["axes.facecolor"] == plt.rcParams["figure.facecolor"] == "k"


def test_set_default_restores_rcparams_by_with_or_by_hand():
    before = mpl.rcParams.copy()
    with set_default((4, 3), dpi=60) as defaults:
        plt.rc("font", size=33)
        assert plt.rcParams["figure.figsize"] == [4, 3]
    assert mpl.rcParams.copy() == before
    defaults = set_default()
    defaults.restore()
    assert mpl.rcParams.copy() == before


def test_set_default_nests_and_restores_after_an_exception():
    with set_default(dpi=50):
        with pytest.raises(KeyError), set_default(dpi=70):
            raise KeyError
        assert plt.rcParams["figure.dpi"] == 50


# 对照：IPython 自己的显示机制；样式表的名字列表在那里会显示成文字。
def test_set_default_shows_nothing_as_a_cell_result():
    show = DisplayFormatter().format
    assert show(set_default()) == ({}, {})
    assert "text/plain" in show(["dark_background"])[0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: set_default(figsize=(1, 2, 3)), ValueError, r"figsize 应为宽与高.*\(1, 2, 3\)"),
        (lambda: set_default(figsize="big"), TypeError, "figsize 应为数值"),
        (lambda: set_default(dpi=0), ValueError, "dpi 应大于 0.*0"),
        (lambda: set_default(dpi="high"), TypeError, "dpi.*'high'"),
    ],
)
def test_set_default_rejects_bad_sizes_without_touching_style(call, error, message, unchecked):
    before = mpl.rcParams.copy()
    with pytest.raises(error, match=message):
        call()
    assert mpl.rcParams.copy() == before


TITLES = ["螺旋数据：第一类、第二类（误差 −1）", r"学习率 $\eta = 0.1$ 的螺旋"]


@pytest.fixture
def complaints(caplog):
    """缺字形时的话：普通文字是警告（测试里就是错误），带公式的文字只写进日志。"""
    with caplog.at_level(logging.WARNING):
        yield caplog


@pytest.mark.parametrize("title", TITLES, ids=["plain", "math"])
def test_set_default_draws_chinese_titles_without_missing_glyphs(data, title, complaints):
    set_default(figsize=(3, 3), dpi=50)
    plot_data(*data, title=title)
    plt.gcf().canvas.draw()
    assert complaints.messages == []


# 对照：只用这两个样式表时缺字形，说明上面的测试能看出毛病。
def test_course_style_sheets_alone_lack_chinese_glyphs(complaints):
    with mpl.rc_context({"font.family": ["DejaVu Sans"]}):
        plt.style.use(["dark_background", "bmh"])
        plt.title(TITLES[0])
        with pytest.warns(UserWarning, match="Glyph"):
            plt.gcf().canvas.draw()
        plt.title(TITLES[1])
        plt.gcf().canvas.draw()
    assert any("does not have a glyph" in message for message in complaints.messages)


def test_set_default_keeps_the_earlier_fonts_as_fallback_and_gives_them_back():
    with mpl.rc_context({"font.family": ["DejaVu Sans"]}):  # whatever other tests registered
        with set_default():
            assert mpl.rcParams["font.family"] == [FONT, "DejaVu Sans"]
        assert mpl.rcParams["font.family"] == ["DejaVu Sans"]
