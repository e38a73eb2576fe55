"""plot_bases 与 show_mat。"""

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from torch import nn

from dlnotes.plot_lib import (
    plot_bases,
    show_mat,
)


@pytest.mark.parametrize(
    ("args", "kwargs", "width"),
    [
        ((), {}, 0.04),
        ((0.1,), {}, 0.1),  # 第一代：第二个位置是宽度
        ((), {"width": 0.01}, 0.01),
        ((True,), {}, 0.04),  # 第二代：第二个位置是开关
        ((True, 0.2), {}, 0.2),
        ((), {"plotting": True, "width": 0.3}, 0.3),
    ],
)
def test_plot_bases_draws_two_arrows_by_either_signature(args, kwargs, width):
    bases = torch.tensor([[0.5, 0.0], [0.0, 0.5], [1.0, 2.0], [-1.0, 1.0]])
    copy = bases.clone()
    plot_bases(bases, *args, **kwargs)
    assert torch.equal(bases, copy)
    arrows = (plot_bases.a, plot_bases.b)
    assert list(plt.gca().patches) == list(arrows)
    assert [mpl.colors.to_hex(arrow.get_facecolor()) for arrow in arrows] == ["#ff0000", "#00ff00"]
    for arrow, start, end in zip(arrows, copy[:2], copy[2:], strict=True):
        corners = arrow.get_xy()  # 箭尖是离起点最远的角
        tip = corners[np.linalg.norm(corners - start.numpy(), axis=1).argmax()]
        np.testing.assert_allclose(tip, end, atol=1e-6)
    assert arrows[0]._width == width


def test_plot_bases_switched_off_draws_nothing():
    plot_bases(np.eye(4)[:, :2], False)
    plot_bases(np.eye(4)[:, :2], plotting=False)
    assert plot_bases.a is plot_bases.b is None
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((torch.zeros(3, 2),), ValueError, r"bases 的形状应为 \(4, 2\).*\(3, 2\)"),
        ((torch.zeros(4, 2), -0.1), ValueError, "plotting 应大于 0.*-0.1"),
        ((torch.zeros(4, 2), "yes"), TypeError, "plotting 应为实数.*'yes'"),
        (("bases",), TypeError, "bases 应为数值"),
    ],
)
def test_plot_bases_rejects_bad_input(args, error, message, unchecked):
    with pytest.raises(error, match=message):
        plot_bases(*args)


@pytest.mark.parametrize("flat", [False, True])
def test_show_mat_draws_matrix_vector_and_product(flat):
    A = nn.functional.normalize(torch.randn(10, 8), dim=1)
    a = A[[3]].T
    p = A @ a
    show_mat(A, a.ravel() if flat else a, p.ravel() if flat else p, threshold=0.2)
    axes = plt.gcf().axes
    for ax, values in zip(axes, (A, a, p), strict=False):
        np.testing.assert_array_equal(ax.images[0].get_array(), values)
    assert [ax.images[0].get_clim() for ax in axes[:3]] == [(-1, 1), (-1, 1), (0.2, 1)]
    assert [ax.get_title() for ax in axes[:3]] == ["A: 10 × 8", "a^(i): 8", "p: 10"]
    assert {ax.get_ylim()[0] for ax in axes[:3]} == {9.5}
    assert len(axes) == 5
    plt.gcf().canvas.draw()


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((torch.ones(3), torch.ones(2), torch.ones(3)), ValueError, r"mat 应为二维.*\(3,\)"),
        ((torch.ones(3, 2), torch.ones(3), torch.ones(3)), ValueError, r"vect 的形状应为 \(2, 1\)"),
        ((torch.ones(3, 2), torch.ones(2), torch.ones(1, 3)), ValueError, "prod 的形状应为"),
        ((torch.ones(3, 2), torch.ones(2), torch.ones(3), 1), ValueError, "threshold.*收到 1"),
        (("A", torch.ones(2), torch.ones(3)), TypeError, "mat 应为数值"),
    ],
)
def test_show_mat_rejects_bad_input(args, error, message, unchecked):
    with pytest.raises(error, match=message):
        show_mat(*args)
