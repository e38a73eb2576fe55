"""Curves, histograms and heat maps are read through their Axes, not their pixels."""

import warnings

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from dlnotes import plotting


def test_draw_band_is_mean_plus_minus_one_sample_std():
    values = torch.rand(6, 4, dtype=torch.float64)
    ax = plotting.draw_band(values, label="甲")
    np.testing.assert_allclose(ax.lines[0].get_ydata(), values.mean(0))
    edges = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert edges.max() == pytest.approx((values.mean(0) + values.std(0)).max().item())
    assert edges.min() == pytest.approx((values.mean(0) - values.std(0)).min().item())
    assert ax.get_legend().get_texts()[0].get_text() == "甲（6 个种子）"


# Oracle: a straight line is its own moving average, shifted nowhere and cut nowhere.
@pytest.mark.parametrize("smooth", [1, 3, 5, 99])
def test_draw_band_smoothing_leaves_a_straight_line_where_it_is(smooth):
    values = torch.arange(6.0)[None]
    (line,) = plotting.draw_band(values, smooth=smooth).lines
    np.testing.assert_allclose(line.get_xdata(), np.arange(1, 7))
    np.testing.assert_allclose(line.get_ydata(), values[0])


# Oracle: the definition, written out for one row.
def test_draw_band_smoothing_is_a_centred_moving_average_with_shrinking_ends():
    row = torch.tensor([8.0, 4.0, 0.0, 4.0, 2.0, 9.0, 1.0])
    ax = plotting.draw_band(row[None], x=range(10, 17), smooth=5)
    expected = [8.0, 4.0, 18 / 5, 19 / 5, 16 / 5, 4.0, 1.0]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), expected)
    np.testing.assert_allclose(ax.lines[0].get_xdata(), range(10, 17))


def test_draw_band_smoothing_keeps_a_drop_where_it_happened():
    ax = plotting.draw_band(torch.cat([torch.ones(2, 20), torch.zeros(2, 20)], dim=1), smooth=9)
    y = ax.lines[0].get_ydata()
    assert y[19] > 0.5 > y[20]
    np.testing.assert_allclose(y, 1 - y[::-1])


def test_draw_band_of_one_seed_has_no_band_and_takes_diverged_runs():
    values = torch.tensor([[1.0, torch.nan, torch.inf]])
    ax = plotting.draw_band(values, label="甲")
    assert not ax.collections
    assert ax.get_legend().get_texts()[0].get_text() == "甲"


def test_draw_sweep_is_logarithmic_with_error_bars():
    values = torch.rand(3, 5, dtype=torch.float64)
    ax = plotting.draw_sweep([1e-3, 1e-2, 1e-1], values, label="SGD")
    assert ax.get_xscale() == "log"
    np.testing.assert_allclose(ax.lines[0].get_ydata(), values.mean(1))


def test_draw_sweep_of_one_seed_has_no_bars():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = plotting.draw_sweep([0.1, 1.0], torch.tensor([[1.0], [2.0]]))
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [1, 2])
    assert not ax.collections


def test_draw_sweep_tells_its_curves_apart_by_marker():
    ax = plotting.draw_sweep([0.1, 1.0], torch.rand(2, 1))
    plotting.draw_sweep([0.1, 1.0], torch.rand(2, 3), ax)
    assert len({container[0].get_marker() for container in ax.containers}) == 2


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.int64])
def test_drawings_take_any_numbers_with_or_without_gradient(dtype, unchecked):
    values = torch.ones(2, 3, dtype=dtype, requires_grad=dtype.is_floating_point)
    for draw in (plotting.draw_band, plotting.draw_histogram, plotting.draw_heatmap):
        draw(values)
    plotting.draw_sweep([1, 2], values)
    assert torch.equal(values, torch.ones(2, 3, dtype=dtype))


def test_draw_histogram_integrates_to_one():
    ax = plotting.draw_histogram(torch.randn(500, generator=torch.Generator().manual_seed(0)))
    assert sum(p.get_width() * p.get_height() for p in ax.patches) == pytest.approx(1)


def test_draw_heatmap_writes_every_value():
    ax = plotting.draw_heatmap(torch.tensor([[0.0, 1.0]]), row_labels=["一"], col_labels=["a", "b"])
    assert [t.get_text() for t in ax.texts] == ["0.00", "1.00"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a", "b"]


# Oracle: a figure 4.8 inches wide is 346 pixels wide on a phone, a point is a pixel there.
def test_draw_heatmap_writes_numbers_a_phone_shows_legibly():
    ax = plotting.draw_heatmap(torch.tensor([[-1.0, 1.0]]))
    assert [t.get_text() for t in ax.texts] == ["−1.00", "1.00"]
    assert min(t.get_fontsize() for t in ax.texts) >= 10.5


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plotting.draw_band(torch.zeros(3)), ValueError, r"values 的形状应为.*\(3,\)"),
        (lambda: plotting.draw_band(torch.zeros(0, 3)), ValueError, r"values.*\(0, 3\)"),
        (lambda: plotting.draw_band([["a"]]), TypeError, "values 应为数值，收到 list"),
        (lambda: plotting.draw_band(torch.zeros(2, 3), x=[1]), ValueError, "x 的长度应为 3"),
        (lambda: plotting.draw_band(torch.zeros(2, 3), x=["a"] * 3), TypeError, "x 应为数值"),
        (lambda: plotting.draw_band(torch.zeros(2, 3), smooth=0), ValueError, "smooth.*收到 0"),
        (lambda: plotting.draw_band(torch.zeros(2, 3), smooth=4), ValueError, "smooth.*奇数.*4"),
        (lambda: plotting.draw_band(torch.zeros(2, 3), smooth=1.5), TypeError, "smooth.*收到 1.5"),
        (lambda: plotting.draw_band(torch.zeros(2, 3), 3), TypeError, "ax 应为 matplotlib 的 Axes"),
        (lambda: plotting.draw_sweep([1.0], torch.zeros(2, 3)), ValueError, r"values.*\(2, 3\)"),
        (lambda: plotting.draw_sweep([1.0], torch.zeros(1, 0)), ValueError, r"values.*\(1, 0\)"),
        (lambda: plotting.draw_sweep([0.0], torch.zeros(1, 3)), ValueError, r"lrs.*收到 \[0.0\]"),
        (lambda: plotting.draw_sweep(["a"], torch.zeros(1, 3)), TypeError, "lrs 应为数值"),
        (lambda: plotting.draw_heatmap(torch.zeros(3)), ValueError, r"values.*\(3,\)"),
        (lambda: plotting.draw_heatmap(torch.zeros(2, 1), row_labels=["一"]), ValueError,
         "row_labels 应有 2 个名字，收到 1 个"),
        (lambda: plotting.draw_heatmap(torch.zeros(2, 1), col_labels=["一"] * 2), ValueError,
         "col_labels 应有 1 个名字，收到 2 个"),
        (lambda: plotting.draw_histogram(torch.zeros(3), bins=0), ValueError, "bins.*收到 0"),
        (lambda: plotting.draw_histogram(torch.zeros(0)), ValueError, "values.*收到 0 个"),
        (lambda: plotting.draw_histogram(torch.tensor([1.0, torch.nan])), ValueError,
         "收到 2 个，其中 1 个是 NaN"),
        (lambda: plotting.draw_histogram("文字"), TypeError, "values 应为数值"),
    ],
)  # fmt: skip
def test_bad_input_is_named_and_opens_no_figure(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call()
    assert not plt.get_fignums()
