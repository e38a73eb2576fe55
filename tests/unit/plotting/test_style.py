"""The style, the Chinese font, and what a call leaves behind in matplotlib's settings."""

import io
import os
import subprocess
import sys
import textwrap
import warnings

import matplotlib as mpl
import pytest
import torch
from matplotlib import pyplot as plt

from conftest import ROOT
from dlnotes import plotting
from dlnotes.data import spiral
from dlnotes.models import mlp
from dlnotes.optim.surfaces import ravine


def saved(figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg")
    return text.getvalue()


def test_chinese_labels_draw_without_a_missing_glyph(caplog):
    ax = plotting.draw_scatter(*spiral(5, seed=0))
    ax.set_title("螺旋数据：权重、偏置与梯度消失，−1 ≤ x ≤ 1")
    ax.set_xlabel("学习率 $\\eta$ 与角度 $\\theta$")  # formulas have no fall-back font
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        saved(ax.figure)
    assert "glyph" not in caplog.text


def test_missing_glyph_would_be_noticed():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = plt.figure()
        figure.text(0, 0, "\N{CJK UNIFIED IDEOGRAPH-7FD2}")  # a traditional character
        with pytest.raises(UserWarning, match="missing from font"):
            saved(figure)


def test_chinese_font_survives_when_the_system_has_none(monkeypatch):
    from matplotlib import font_manager

    ours = [f for f in font_manager.fontManager.ttflist if f.name in ("DejaVu Sans", plotting.FONT)]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", ours)
    font_manager.fontManager._findfont_cached.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure, ax = plotting.subplots()
        ax.set_title("学习率")
        saved(figure)


@pytest.fixture
def untouched():
    """Matplotlib as a reader finds it who has not drawn with this package yet."""
    with mpl.rc_context():
        mpl.rcdefaults()
        yield


def changes(before):
    """The settings that differ from `before`, and their values now."""
    return {key: now for key, now in mpl.rcParams.items() if now != before[key]}


# Oracle: a fresh interpreter in which nothing but matplotlib was imported.
def test_importing_changes_no_setting_and_registers_no_font():
    code = """
        import matplotlib as mpl
        from matplotlib import font_manager
        before, fonts = mpl.rcParams.copy(), list(font_manager.fontManager.ttflist)
        import dlnotes.plotting, dlnotes.inspection, dlnotes.training
        changed = {key for key in before if dict.get(before, key) != dict.get(mpl.rcParams, key)}
        assert not changed, changed
        assert font_manager.fontManager.ttflist == fonts
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, env=environment)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_style_restores_every_setting_but_keeps_the_font_first(mode, untouched):
    before = mpl.rcParams.copy()
    with plotting.style(mode) as colors:
        assert mpl.rcParams["text.color"] == colors["ink"]
    assert changes(before) == {"font.family": [plotting.FONT, *before["font.family"]]}


def test_style_restores_after_an_exception(untouched):
    plotting.use_chinese()
    before = mpl.rcParams.copy()
    with pytest.raises(ZeroDivisionError), plotting.style():
        1 / 0  # noqa: B018
    assert changes(before) == {}


def test_use_chinese_twice_is_once_and_keeps_the_readers_own_fonts(untouched):
    mpl.rcParams["font.family"] = ["serif", "DejaVu Sans"]
    plotting.use_chinese()
    plotting.use_chinese()
    assert mpl.rcParams["font.family"] == [plotting.FONT, "serif", "DejaVu Sans"]


X, Y = spiral(5, seed=0)
DRAWINGS = {
    "scatter": lambda ax: plotting.draw_scatter(X, Y, ax),
    "regions": lambda ax: plotting.draw_regions(mlp([2, 4, 3]), X, Y, ax, resolution=9),
    "warped_grid": lambda ax: plotting.draw_warped_grid(lambda x: x, ax, num_lines=2),
    "band": lambda ax: plotting.draw_band(torch.rand(2, 3), ax, label="甲"),
    "sweep": lambda ax: plotting.draw_sweep([0.1, 1], torch.rand(2, 3), ax, label="甲"),
    "histogram": lambda ax: plotting.draw_histogram(torch.rand(9), ax, label="甲"),
    "heatmap": lambda ax: plotting.draw_heatmap(
        torch.rand(1, 2), ax, row_labels=["行"], col_labels=["甲", "乙"], colorbar="值"
    ),
    "trajectory": lambda ax: plotting.draw_trajectory(ravine, [], ax),
}


# Oracle: matplotlib itself warns of every glyph that the fonts lack, and warnings are errors.
@pytest.mark.parametrize("name", DRAWINGS)
def test_chinese_is_legible_on_axes_made_before_and_in_text_added_afterwards(name, untouched):
    fig, (left, ax) = plt.subplots(1, 2)
    fig.suptitle("先写的总标题")
    left.set(title="左图", xlabel="学习率")
    left.set_xticks([0, 1], ["零", "一"])
    left.plot([0], [0], label="先画的线")
    left.legend()
    ax.set_title("先写的标题")
    assert DRAWINGS[name](ax) is ax
    ax.set(title="后写的标题 $x^2$", xlabel="学习率 $\\eta$", ylabel="损失")
    ax.set_xticks([0, 1], ["零", "一"])
    ax.text(0, 0, "注")
    ax.plot([0], [0], label="后画的线")
    ax.legend(title="图例")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        saved(fig)


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_font_is_the_only_global_setting_a_drawing_changes(name, untouched):
    before = mpl.rcParams.copy()
    DRAWINGS[name](plt.subplots()[1])
    assert changes(before) == {"font.family": [plotting.FONT, *before["font.family"]]}


def test_drawing_keeps_a_font_the_reader_chose_for_one_text(untouched):
    _, ax = plt.subplots()
    code = ax.text(0, 0, "x = 1", fontfamily="monospace")
    plotting.draw_band(torch.rand(1, 3), ax)
    assert code.get_fontfamily() == ["monospace"]
    assert ax.title.get_fontfamily() == [plotting.FONT, "sans-serif"]


def test_drawing_on_a_subfigure_gives_it_the_font(untouched):
    figure = plt.figure()
    ax = figure.subfigures(1, 2)[0].subplots()
    plotting.draw_band(torch.rand(1, 3), ax).set_title("标题")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        saved(figure)


def test_light_and_dark_have_the_same_names_and_different_colours():
    assert plotting.LIGHT.keys() == plotting.DARK.keys()
    assert not set(plotting.LIGHT.values()) & set(plotting.DARK.values())


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_every_cell_of_a_jupyter_session_shows_its_figure(monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.delenv("MPLBACKEND", raising=False)  # as in a reader's own session
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    code = "from dlnotes.plotting import subplots\n\nfig, ax = subplots(figsize=(2, 2))"
    cells = [nbformat.v4.new_code_cell(code) for _ in range(2)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = [[output.output_type for output in cell.outputs] for cell in notebook.cells]
    assert shown == [["display_data"], ["display_data"]]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plotting.style("sepia").__enter__(), ValueError, r"mode 应为.*收到 'sepia'"),
        (lambda: plotting.style(3).__enter__(), TypeError, r"mode 应为.*收到 3"),
        (lambda: plotting.subplots(0), ValueError, "num_rows 应为正整数，收到 0"),
        (lambda: plotting.subplots(1, 1.5), TypeError, "num_cols 应为正整数，收到 1.5"),
        (lambda: plotting.subplots(figsize=3), TypeError, "figsize 应为宽与高两个数.*收到 3"),
        (lambda: plotting.subplots(figsize=(1, 2, 3)), TypeError, r"figsize.*收到 \(1, 2, 3\)"),
        (lambda: plotting.subplots(figsize=(4, 0)), ValueError, r"figsize.*正数.*收到 \(4, 0\)"),
    ],
)
def test_bad_input_is_named_and_opens_no_figure(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call()
    assert not plt.get_fignums()
