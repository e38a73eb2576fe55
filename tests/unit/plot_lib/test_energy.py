"""自由能的二维、三维图。"""

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from dlnotes.plot_lib import (
    plot_2d_energy_levels,
    plot_3d_energy_levels,
)
from unit.plot_lib.cases import bowl


@pytest.mark.parametrize("indexing", ["ij", "xy"])
def test_plot_2d_energy_levels_draws_energy_at_its_coordinates(data, indexing):
    xx, yy, F = bowl(indexing)
    plot_2d_energy_levels(*data, (xx, yy, F.requires_grad_(), 1, 3), (0, 3), (-2, 5, 0.5))
    ax = plt.gcf().axes[0]
    mesh = ax.collections[0]
    assert mesh.get_clim() == (0, 3)
    assert ax.get_title() == "Free energy F(x, y = [0, 1, 0])"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        f"$\\mathdefault{{{k}}}$" for k in range(3)
    ]
    # 参照：每个格子四角的平均就是格点，颜色值应等于该处的 x² + 2y
    corners = mesh.get_coordinates()
    x, y = ((corners[:-1, :-1] + corners[1:, 1:]) / 2).transpose(2, 0, 1)
    np.testing.assert_allclose(np.asarray(mesh.get_array()), x**2 + 2 * y, atol=1e-5)
    plt.gcf().canvas.draw()


def test_plot_3d_energy_levels_returns_a_figure_that_turns(data):
    X, y = data
    fig, ax = plot_3d_energy_levels(X, y, (*bowl(), 2, 3), (-3, 5), (-3, 5, 1), (-3, 6, 2))
    assert ax.get_zlim() == (-3, 5)
    assert ax.get_title().endswith("[0, 0, 1])")
    assert fig.axes[1].get_yticks().tolist() == [-3, -1, 1, 3, 5]
    ax.view_init(30, 10)
    fig.canvas.draw()


@pytest.mark.parametrize("draw", [plot_2d_energy_levels, plot_3d_energy_levels])
@pytest.mark.parametrize(
    ("scale", "l"),
    [(1, None), (1, (50, 60, 1)), (0, None), (0, (-1, 1, 0.5))],
    ids=["auto", "outside", "flat-auto", "flat"],
)
def test_energy_plots_do_not_warn_whatever_the_levels(data, draw, scale, l):  # noqa: E741
    X, y = data
    xx, yy, F = bowl()
    draw(X, y, (xx, yy, scale * F, 0, 3), l=l)
    plt.gcf().canvas.draw()


@pytest.mark.parametrize("draw", [plot_2d_energy_levels, plot_3d_energy_levels])
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"energy": (1, 2, 3)}, ValueError, "五项"),
        ({"k": 3}, ValueError, "energy 的 k 应在 0 到 2 之间，收到 3"),
        ({"k": 0.5}, TypeError, "energy 的 k 应为整数"),
        ({"F": torch.zeros(4)}, ValueError, r"二维数组，收到 .*\(4,\)"),
        ({"F": torch.full((12, 12), torch.nan)}, ValueError, "有限数"),
        ({"v": (3, 1)}, ValueError, r"v 应为（下限, 上限）.*\(3, 1\)"),
        ({"l": (0, 1)}, ValueError, "l 应为（起点, 终点, 间隔）"),
        ({"l": (0, 1, 0)}, ValueError, "间隔大于 0"),
        ({"y": torch.zeros(7)}, ValueError, r"y 的形状应为 \(60,\).*\(7,\)"),
    ],
)
def test_energy_plots_reject_bad_input(data, draw, change, error, message, unchecked):
    xx, yy, F = bowl()
    parts = {"F": F, "k": 0, "v": None, "l": None, **change}
    energy = parts.get("energy", (xx, yy, parts["F"], parts["k"], 3))
    with pytest.raises(error, match=message):
        draw(data[0], parts.get("y", data[1]), energy, parts["v"], parts["l"])
