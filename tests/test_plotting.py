"""Plots are read through their Axes, not their pixels."""

import copy
import io
import warnings

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from torch import nn

from conftest import ROOT
from dlnotes import plotting
from dlnotes.data import spiral
from dlnotes.models import mlp
from dlnotes.training import History


class LeftRight(nn.Module):
    """Class 1 where x > 0, else class 0; remembers the mode it was called in."""

    def __init__(self):
        super().__init__()
        self.anchor = nn.Parameter(torch.zeros(1, dtype=torch.float64))
        self.modes = []

    def forward(self, X):
        assert X.dtype == torch.float64
        self.modes.append(self.training)
        return torch.stack((-X[:, 0], X[:, 0]), dim=1)


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


def test_style_is_a_context_manager_that_restores_the_settings():
    before = dict(mpl.rcParams)
    with plotting.style("dark"):
        assert mpl.rcParams["text.color"] == plotting.DARK["ink"]
    assert dict(mpl.rcParams) == before
    with pytest.raises(ValueError, match=r"mode.*'sepia'"), plotting.style("sepia"):
        pass


def test_light_and_dark_have_the_same_names_and_different_colours():
    assert plotting.LIGHT.keys() == plotting.DARK.keys()
    assert not set(plotting.LIGHT.values()) & set(plotting.DARK.values())


def test_draw_functions_do_not_change_global_settings():
    before = dict(mpl.rcParams)
    X, y = spiral(10, seed=0)
    plotting.draw_regions(mlp([2, 4, 3], seed=0), X, y, resolution=10)
    plotting.draw_band(torch.rand(3, 5), label="甲")
    plotting.draw_heatmap(torch.rand(2, 2), colorbar="值")
    assert dict(mpl.rcParams) == before


def test_draw_regions_paints_the_predicted_class_the_right_way_round():
    X = torch.tensor([[-1.0, -1.0], [1.0, 1.0]])
    ax = plotting.draw_regions(LeftRight(), X, torch.tensor([0, 1]), resolution=20)
    image = np.asarray(ax.images[0].get_array())
    assert (image[:, :9] == 0).all()
    assert (image[:, 11:] == 1).all()
    assert ax.images[0].origin == "lower"


def test_draw_regions_reads_the_model_and_changes_nothing():
    model = LeftRight().train()
    state = copy.deepcopy(model.state_dict())
    X, y = spiral(10, seed=0)
    X_before = X.clone()
    plotting.draw_regions(model, X, y, resolution=5)
    assert model.training
    assert model.modes == [False]
    assert torch.equal(X, X_before)
    assert all(torch.equal(a, b) for a, b in zip(state.values(), model.state_dict().values(),
                                                 strict=True))  # fmt: skip


def test_draw_scatter_separates_classes_by_colour_and_shape():
    X, y = spiral(10, seed=0)
    ax = plotting.draw_scatter(X, y)
    sets = ax.collections
    assert [len(s.get_offsets()) for s in sets] == [10, 10, 10]
    assert len({tuple(s.get_facecolor()[0]) for s in sets}) == 3
    assert len({s.get_paths()[0].vertices.shape for s in sets}) > 1
    np.testing.assert_allclose(sets[1].get_offsets(), X[y == 1])


def test_draw_band_is_mean_plus_minus_one_sample_sd():
    values = torch.rand(6, 4, dtype=torch.float64)
    ax = plotting.draw_band(values, label="甲")
    np.testing.assert_allclose(ax.lines[0].get_ydata(), values.mean(0))
    edges = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert edges.max() == pytest.approx((values.mean(0) + values.std(0)).max().item())
    assert edges.min() == pytest.approx((values.mean(0) - values.std(0)).min().item())
    assert ax.get_legend().get_texts()[0].get_text() == "甲（6 个种子）"


def test_draw_band_smoothing_is_a_moving_average():
    ax = plotting.draw_band(torch.arange(6.0)[None], smooth=3)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [1, 2, 3, 4])


def test_draw_sweep_is_logarithmic_with_error_bars():
    values = torch.rand(3, 5, dtype=torch.float64)
    ax = plotting.draw_sweep([1e-3, 1e-2, 1e-1], values, label="SGD")
    assert ax.get_xscale() == "log"
    np.testing.assert_allclose(ax.lines[0].get_ydata(), values.mean(1))


def test_draw_history_draws_train_and_test():
    history = History(train_loss=[3, 2, 1], test_loss=[2.5], test_epochs=[3])
    ax = plotting.draw_history(history)
    assert [len(line.get_xdata()) for line in ax.lines] == [3, 1]


def test_draw_histogram_integrates_to_one():
    ax = plotting.draw_histogram(torch.randn(500, generator=torch.Generator().manual_seed(0)))
    assert sum(p.get_width() * p.get_height() for p in ax.patches) == pytest.approx(1)


def test_draw_heatmap_writes_every_value():
    ax = plotting.draw_heatmap(torch.tensor([[0.0, 1.0]]), row_labels=["一"], col_labels=["a", "b"])
    assert [t.get_text() for t in ax.texts] == ["0.00", "1.00"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a", "b"]


def test_draw_warped_grid_draws_the_image_of_the_grid():
    ax = plotting.draw_warped_grid(lambda X: 2 * X, num_lines=3)
    points = np.concatenate([line.get_xydata() for line in ax.lines])
    assert len(ax.lines) == 6
    assert np.abs(points).max() == pytest.approx(2)


def test_animate_regions_has_one_frame_a_model():
    X, y = spiral(5, seed=0)
    models = [mlp([2, 3], seed=s) for s in range(3)]
    animation = plotting.animate_regions(models, X, y, ["一", "二", "三"])
    assert len(list(animation.new_saved_frame_seq())) == 3
    animation._draw_was_started = True  # silence the warning about an unused animation


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_every_cell_of_a_jupyter_session_shows_its_figure(monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.delenv("MPLBACKEND", raising=False)  # as in a reader's own session
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    code = "from dlnotes.plotting import subplots\n\nfig, ax = subplots(size=(2, 2))"
    cells = [nbformat.v4.new_code_cell(code) for _ in range(2)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = [[output.output_type for output in cell.outputs] for cell in notebook.cells]
    assert shown == [["display_data"], ["display_data"]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plotting.draw_scatter(torch.zeros(3, 3), torch.zeros(3)), r"\(3, 3\)"),
        (lambda: plotting.draw_scatter(torch.zeros(3, 2), torch.zeros(2)), "y"),
        (lambda: plotting.draw_band(torch.zeros(3)), "values"),
        (lambda: plotting.draw_band(torch.zeros(2, 3), x=[1]), "x"),
        (lambda: plotting.draw_sweep([1.0], torch.zeros(2, 3)), "values"),
        (lambda: plotting.draw_heatmap(torch.zeros(3)), "values"),
        (lambda: plotting.draw_histogram(torch.zeros(3), bins=0), "bins"),
        (lambda: plotting.draw_warped_grid(lambda X: X[:, :1]), "function"),
        (lambda: plotting.subplots(0), "num_rows"),
        (lambda: plotting.animate_regions([], torch.zeros(1, 2), torch.zeros(1), ["a"]), "titles"),
    ],
)
def test_bad_input_is_named(call, message, unchecked):
    with pytest.raises(ValueError, match=message):
        call()
