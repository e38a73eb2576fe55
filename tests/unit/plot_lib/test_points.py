"""plot_data 与 show_scatterplot 画在哪里。"""

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from dlnotes.plot_lib import (
    plot_2d_energy_levels,
    plot_bases,
    plot_data,
    show_mat,
    show_scatterplot,
)
from unit.plot_lib.cases import bowl


def test_plot_data_draws_points_and_square_range(data):
    X, y = data
    points = plot_data(X, y, zoom=2, title="t")
    ax = plt.gca()
    assert torch.equal(torch.from_numpy(np.asarray(points.get_offsets())).float(), X)
    assert points.get_array().tolist() == y.tolist()
    assert (*ax.get_xlim(), *ax.get_ylim()) == pytest.approx((-2.2, 2.2, -2.2, 2.2))
    assert ax.get_title() == "t"
    assert not ax.axison
    assert ax.get_aspect() == 1


def test_plot_data_accepts_positional_arguments_of_all_generations(data):
    X, y = data
    plot_data(X * 9, y, 0, True, 1)
    assert plt.gca().get_xlim()[1] > 8


@pytest.mark.parametrize("kind", ["requires_grad", "numpy", "bfloat16", "int", "list"])
def test_plot_data_accepts_other_kinds_of_input(data, kind, unchecked):
    X, y = data
    X = {
        "requires_grad": X.requires_grad_(), "numpy": X.detach().numpy(), "bfloat16": X.bfloat16(),
        "int": X.int(), "list": X.tolist(),
    }[kind]  # fmt: skip
    assert len(plot_data(X, y).get_offsets()) == 60


def test_show_scatterplot_opens_a_figure_each_time_in_first_generation_style(data):
    X, _ = data
    for _ in range(3):
        show_scatterplot(X, X[:, 0])
        plot_bases(torch.cat((torch.zeros(2, 2), torch.eye(2))))
    assert len(plt.get_fignums()) == 3
    assert [len(plt.figure(n).axes[0].collections) for n in plt.get_fignums()] == [1, 1, 1]


def test_show_scatterplot_draws_in_current_axes_in_second_generation_style(data):
    X, _ = data
    ax = plt.figure().add_axes([0, 0, 1, 1])
    for _ in range(2):
        show_scatterplot(X, torch.zeros(60, 2, dtype=torch.short), "X")
    assert len(ax.collections) == 2
    assert len(plt.get_fignums()) == 1


def test_show_scatterplot_keeps_subplots(data):
    X, _ = data
    fig, axes = plt.subplots(1, 2)
    axes[1].plot([0, 1])
    for ax in axes:
        plt.sca(ax)
        show_scatterplot(X, X[:, 0])
    assert [len(ax.collections) for ax in axes] == [1, 1]
    assert plt.get_fignums() == [fig.number]


def test_show_scatterplot_leaves_finished_figures_alone(data):
    X, y = data
    show_mat(torch.ones(3, 2), torch.ones(2, 1), torch.ones(3, 1))
    show_scatterplot(X, X[:, 0])
    plot_2d_energy_levels(X, y, (*bowl(), 0, 3))
    show_scatterplot(X, X[:, 0])
    assert len(plt.get_fignums()) == 4
