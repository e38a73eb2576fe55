"""名字、导入，以及“什么都不碰”。"""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
import torch
from matplotlib import pyplot as plt

from dlnotes import plot_lib
from dlnotes.plot_lib import (
    acc,
    overwrite,
    plot_2d_energy_levels,
    plot_3d_energy_levels,
    plot_bases,
    plot_data,
    plot_embeddings,
    plot_model,
    plot_state,
    print_colourbar,
    show_mat,
    show_scatterplot,
)
from unit.plot_lib.cases import bowl, mixed_model

NAMES = {
    "set_default", "plot_data", "plot_model", "show_scatterplot", "plot_bases", "show_mat",
    "plot_embeddings", "acc", "overwrite", "plot_2d_energy_levels", "plot_3d_energy_levels",
    "print_colourbar", "plot_state", "colors",
}  # fmt: skip


def test_module_exports_every_public_name_and_what_star_import_gave():
    assert NAMES | {"plt", "np", "torch", "mpl"} == set(plot_lib.__all__)
    namespace = {}
    exec("from dlnotes.plot_lib import *", namespace)
    assert set(plot_lib.__all__) <= set(namespace)


def test_import_needs_no_file_no_ipython_and_leaves_style(tmp_path):
    code = (
        "import sys, matplotlib as mpl; sys.modules['IPython'] = None\n"
        "import matplotlib.pyplot; before = mpl.rcParams.copy()\n"
        "import dlnotes.plot_lib as p\n"
        "from dlnotes.plot_lib.colours import colour_map\n"
        "assert mpl.rcParams.copy() == before\n"
        "p.overwrite('a'); p.print_colourbar()\n"
        "assert colour_map.cache_info().currsize == 0\n"
    )
    source = Path(plot_lib.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(source), "MPLBACKEND": "agg"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("a\n-2.50")


@pytest.mark.parametrize(
    "call",
    [
        lambda X, y: plot_data(X, y),
        lambda X, y: plot_model(X, y, mixed_model()),
        lambda X, y: plot_embeddings(X, y, mixed_model()),
        lambda X, y: show_scatterplot(X, X[:, 0]),
        lambda X, y: plot_bases(X[:4]),
        lambda X, y: show_mat(X, X[0], X[:, 0]),
        lambda X, y: plot_2d_energy_levels(X, y, (*bowl(), 0, 3)),
        lambda X, y: plot_3d_energy_levels(X, y, (*bowl(), 0, 3)),
        lambda X, y: acc(X, y),
        lambda X, y: overwrite("a"),
        lambda X, y: print_colourbar(),
        lambda X, y: plot_state(X[None], X[:, None], 0, lambda x: "a"),
    ],
    ids=lambda call: call.__code__.co_names[0],
)
def test_every_function_keeps_rcparams_and_inputs(data, call):
    X, y = data
    copies, before = (X.clone(), y.clone()), mpl.rcParams.copy()
    call(X, y)
    if plt.get_fignums():
        plt.gcf().canvas.draw()
    assert mpl.rcParams.copy() == before
    assert torch.equal(X, copies[0])
    assert torch.equal(y, copies[1])


NAN = float("nan")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda X, y: plot_data(X, y, auto="yes"), TypeError, "auto 应为 True 或 False"),
        (lambda X, y: plot_data([[1.0], [1.0, 2.0]], y), ValueError, "X 的各行应一样长"),
        (lambda X, y: plot_data(X.to(torch.complex64), y), TypeError, "X 应为数值.*complex64"),
        (lambda X, y: plot_data(X, y, zoom=NAN), ValueError, "zoom 应为有限的实数，收到 nan"),
        (lambda X, y: plot_model(X, y - 1, mixed_model()), ValueError, "收到的最小 -1、最大 1"),
        (lambda X, y: show_scatterplot(X, "no such colour"), ValueError, "'no such colour'"),
        (lambda X, y: show_scatterplot(X, ["red"] * 59), ValueError, "应有 60 个颜色名.*收到 59"),
        (lambda X, y: show_scatterplot(X, ["red", "?"] * 30), ValueError, "颜色名，收到 '\\?'"),
        (lambda X, y: show_scatterplot(X, y, axis=None), TypeError, "axis 应为 True 或 False"),
        (lambda X, y: plot_bases(X[:4] * NAN), ValueError, "bases 应为有限数"),
        (lambda X, y: show_mat(X[:0], X[0], y[:0]), ValueError, r"mat 应为二维且有元素.*\(0, 2\)"),
        (lambda X, y: show_mat(X, X[0], y, "low"), TypeError, "threshold 应为实数，收到 'low'"),
        (
            lambda X, y: plot_2d_energy_levels(X, y, (*bowl(), 0, "3")),
            TypeError,
            "energy 的 K 应为整数，收到 '3'",
        ),
        (
            lambda X, y: plot_2d_energy_levels(X, y, (bowl()[0] * NAN, *bowl()[1:], 0, 3)),
            ValueError,
            "energy 的 xx 应为有限数",
        ),
        (
            lambda X, y: plot_3d_energy_levels(X, y, (*bowl(), 0, 3), (0, float("inf"))),
            ValueError,
            "v 应为有限数",
        ),
        (
            lambda X, y: plot_3d_energy_levels(X, y, (*bowl(), 0, 3), None, (3, 1, 0.5)),
            ValueError,
            r"l 应为.*起点小于终点.*\(3, 1, 0\.5\)",
        ),
        (lambda X, y: acc(X.numpy(), y), TypeError, "l 应为 Tensor，收到 ndarray"),
        (lambda X, y: plot_state(X[None], X[:, None], 0, "BE"), TypeError, "decoder 应为可以调用"),
        (
            lambda X, y: plot_state(X[None], X[:, None], 0, lambda x: [1, 2]),
            TypeError,
            "decoder 还原出的符号 应为 str，收到 int",
        ),
        (
            lambda X, y: plot_state(X[None], X[:, None], 0, lambda x: None),
            TypeError,
            "decoder 的返回值 应为一串值，收到 None",
        ),
    ],
)
def test_bad_input_is_named_and_nothing_is_half_drawn(data, call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call(*data)
    assert not plt.get_fignums()
