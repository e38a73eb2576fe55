"""dlnotes.plot_lib：三代笔记本的调用方式、画出的内容，以及“什么都不碰”。"""

import gc
import io
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from sklearn.metrics import accuracy_score
from torch import nn

from dlnotes import plot_lib
from dlnotes.plot_lib import (
    acc,
    colors,
    overwrite,
    plot_2d_energy_levels,
    plot_3d_energy_levels,
    plot_bases,
    plot_data,
    plot_embeddings,
    plot_model,
    plot_state,
    print_colourbar,
    set_default,
    show_mat,
    show_scatterplot,
)

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
NAMES = {
    "set_default", "plot_data", "plot_model", "show_scatterplot", "plot_bases", "show_mat",
    "plot_embeddings", "acc", "overwrite", "plot_2d_energy_levels", "plot_3d_energy_levels",
    "print_colourbar", "plot_state", "colors",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _clean_style(monkeypatch):
    monkeypatch.setattr(plot_bases, "a", None)
    monkeypatch.setattr(plot_bases, "b", None)
    with mpl.rc_context():
        yield


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(int(torch.randint(2**31, ())))
    X = torch.rand(60, 2, generator=generator) * 2 - 1
    return X, torch.arange(60) % 3


def mixed_model(num_classes: int = 3) -> nn.Sequential:
    """有 BatchNorm 与 Dropout、各子模块模式不一的网络，倒数第二层输出二维。"""
    model = nn.Sequential(
        nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2),
        nn.Linear(2, num_classes),
    )  # fmt: skip
    model[1].eval()
    return model


def bowl(indexing: str = "ij", num: int = 12):
    """碗形能量 F = x² + 2y 与它的格点。"""
    ticks = torch.linspace(-1.5, 1.5, num)
    xx, yy = torch.meshgrid(ticks, ticks, indexing=indexing)
    return xx, yy, xx**2 + 2 * yy


def drawn_class(x: float, y: float) -> int:
    """图上 (x, y) 处的颜色代表哪一类。"""
    image = plt.gca().images[0]
    regions, (left, right, bottom, top) = image.get_array(), image.get_extent()
    assert image.origin == "lower"
    row = int((y - bottom) / (top - bottom) * regions.shape[0])
    col = int((x - left) / (right - left) * regions.shape[1])
    return int(regions[row, col])


def snapshot(model: nn.Module):
    tensors = {name: value.clone() for name, value in model.state_dict().items()}
    return tensors, [m.training for m in model.modules()], [len(m._forward_hooks) for m in model]


def assert_same_snapshot(model: nn.Module, before) -> None:
    now = snapshot(model)
    assert all(torch.equal(value, now[0][name]) for name, value in before[0].items())
    assert all(value.device == now[0][name].device for name, value in before[0].items())
    assert now[1:] == before[1:]


# ---- 名字、导入、样式 ----


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
        "assert mpl.rcParams.copy() == before\n"
        "p.overwrite('a'); p.print_colourbar()\n"
        "assert p._colour_map.cache_info().currsize == 0\n"
    )
    source = Path(plot_lib.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(source), "MPLBACKEND": "agg"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("a\n-2.50")


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


def test_set_default_shows_nothing_as_a_cell_result():
    assert set_default()._ipython_display_() is None


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: set_default(figsize=(1, 2, 3)), ValueError, r"figsize 应为宽与高.*\(1, 2, 3\)"),
        (lambda: set_default(figsize="big"), TypeError, "figsize 应为数值"),
        (lambda: set_default(dpi=0), ValueError, "dpi 应为大于 0.*0"),
        (lambda: set_default(dpi="high"), TypeError, "dpi.*'high'"),
    ],
)
def test_set_default_rejects_bad_sizes_without_touching_style(call, error, message, unchecked):
    before = mpl.rcParams.copy()
    with pytest.raises(error, match=message):
        call()
    assert mpl.rcParams.copy() == before


# ---- plot_data、plot_model ----


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


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        # 判别只看 x 的正负；次序若弄反，左上与右下就会对调。
        (lambda p: torch.stack([-p[:, 0], p[:, 0]], 1), {(-0.9, 0.9): 0, (0.9, -0.9): 1}),
        (lambda p: torch.stack([-p[:, 1], p[:, 1]], 1), {(-0.9, 0.9): 1, (0.9, -0.9): 0}),
        # 四个象限各一类
        (
            lambda p: torch.stack([a * p[:, 0] + b * p[:, 1] for a in (-1, 1) for b in (-1, 1)], 1),
            {(-0.5, -0.6): 0, (-0.5, 0.6): 1, (0.5, -0.6): 2, (0.5, 0.6): 3},
        ),
    ],
)
def test_plot_model_keeps_orientation(data, model, expected):
    plot_model(*data, model)
    assert {point: drawn_class(*point) for point in expected} == expected


def test_plot_model_regions_equal_direct_predictions(data):
    # 参照：在随机点附近的格点上直接调用同一个网络
    model = nn.Sequential(nn.Linear(2, 20), nn.Tanh(), nn.Linear(20, 3)).double()
    plot_model(*data, model)
    points = torch.round(torch.rand(200, 2, dtype=torch.float64) * 220 - 110) / 100
    scores = model(points).detach()
    best = scores.topk(2).values
    clear = best[:, 0] - best[:, 1] > 1e-4
    drawn = torch.tensor([drawn_class(*p) for p in points.tolist()])
    assert clear.sum() > 150
    assert torch.equal(drawn[clear], scores.argmax(1)[clear])


def test_plot_model_gives_regions_and_points_the_same_colours(data):
    X, _ = data
    y = torch.randint(1, 3, (60,))  # 数据里没有第 0 类
    plot_model(X, y, lambda p: torch.stack([p[:, 0], -p[:, 0], p[:, 1]], 1))
    ax = plt.gca()
    assert ax.images[0].get_clim() == ax.collections[0].get_clim() == (0, 2)
    assert ax.images[0].get_cmap().name == ax.collections[0].get_cmap().name
    assert ax.get_xlim() == pytest.approx((-1.1, 1.1))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("draw", [plot_model, plot_embeddings])
def test_drawing_a_model_leaves_it_and_the_inputs_untouched(data, draw, device, dtype):
    X, y = (value.to(device) for value in data)
    copies, model = (X.clone(), y.clone()), mixed_model().to(device, dtype)
    before, rng = snapshot(model), torch.get_rng_state()
    seen = []
    model[0].register_forward_pre_hook(
        lambda m, args: seen.append((args[0].device, args[0].dtype, torch.is_grad_enabled()))
    )
    model._apply = lambda *args, **kwargs: pytest.fail("模型被搬动了")
    draw(X, y, model)
    assert_same_snapshot(model, before)
    assert seen == [(model[0].weight.device, dtype, False)]
    assert all(p.grad is None for p in model.parameters())
    assert torch.equal(X, copies[0])
    assert torch.equal(y, copies[1])
    assert torch.equal(rng, torch.get_rng_state())


class Broken(nn.Module):
    def forward(self, x):
        raise RuntimeError("坏了")


@pytest.mark.parametrize("draw", [plot_model, plot_embeddings])
def test_drawing_a_model_restores_mode_and_hooks_when_it_raises(data, draw):
    model = nn.Sequential(Broken(), nn.Linear(2, 2).eval(), nn.Linear(2, 3))
    before = snapshot(model)
    with pytest.raises(RuntimeError, match="坏了"):
        draw(*data, model)
    assert_same_snapshot(model, before)


def test_plot_model_runs_without_parameters_at_the_dtype_of_x(data):
    X, y = data
    seen = []
    plot_model(X.double(), y, lambda p: seen.append(p.dtype) or p)
    assert seen == [torch.float64]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda X, y: plot_data(X[:, 0], y), ValueError, r"X 的形状应为 \(N, D\).*\(60,\)"),
        (lambda X, y: plot_data(X, y[:5]), ValueError, r"y 的形状应为 \(60,\).*\(5,\)"),
        (lambda X, y: plot_data("X", y), TypeError, "X 应为数值"),
        (lambda X, y: plot_data(X, None), TypeError, "y 应为数值"),
        (lambda X, y: plot_data(X, y, zoom=-1), ValueError, "zoom 应为大于 0.*-1"),
        (lambda X, y: plot_model(X, y, 3), TypeError, "model 应为网络或函数.*int"),
        (
            lambda X, y: plot_model(X, y, lambda p: p[:, :1]),
            ValueError,
            r"K 至少为 2.*\(48841, 1\)",
        ),
        (lambda X, y: plot_model(X, y, lambda p: (p, p)), TypeError, "model 应返回张量.*tuple"),
        (lambda X, y: plot_embeddings(X, y, nn.Linear(2, 2)), TypeError, "model 应为能用下标取层"),
        (lambda X, y: plot_embeddings(X, y, nn.Sequential()), ValueError, "至少有两层，收到 0"),
    ],
)
def test_data_and_model_plots_reject_bad_input(data, call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call(*data)


def test_plot_embeddings_draws_the_second_last_layer(data):
    X, y = data
    model = mixed_model()
    plot_embeddings(X, y, model, zoom=10)
    # 参照：评估模式下去掉最后一层直接算
    expected = model.eval()[:-1](X).detach().numpy()
    np.testing.assert_allclose(plt.gca().collections[0].get_offsets(), expected, atol=1e-6)
    assert plt.gca().get_xlim() == pytest.approx((-11, 11))


def test_plot_embeddings_only_explains_when_there_is_nothing_to_draw(data, capsys):
    plot_embeddings(*data, nn.Sequential(nn.Linear(2, 5), nn.Linear(5, 3)))
    assert "倒数第二层" in capsys.readouterr().out
    assert not plt.get_fignums()


# ---- show_scatterplot 与颜色表 ----


def facecolours() -> np.ndarray:
    return plt.gca().collections[0].get_facecolor()


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("convert", [torch.Tensor.clone, torch.Tensor.numpy, torch.Tensor.tolist])
def test_show_scatterplot_accepts_rgb_and_rgba(data, channels, convert):
    rgb = torch.rand(60, channels)
    show_scatterplot(data[0], convert(rgb), title="t")
    np.testing.assert_allclose(facecolours()[:, :channels], rgb, atol=1e-7)
    assert plt.gca().get_title() == "t"


@pytest.mark.parametrize("dtype", [torch.int16, torch.int64, torch.uint8])
def test_show_scatterplot_looks_up_integer_pairs(data, dtype):
    X, _ = data
    indices = torch.randint(0, 256, (60, 2)).to(dtype)
    expected = plot_lib._colour_map()[indices.long()[:, 0], indices.long()[:, 1]]
    show_scatterplot(X, indices, axis=False)
    np.testing.assert_allclose(facecolours()[:, :3], expected)
    assert not plt.gca().lines
    plt.figure()
    show_scatterplot(X.numpy(), indices.numpy())
    np.testing.assert_allclose(facecolours()[:, :3], expected)
    assert len(plt.gca().lines) == 2


@pytest.mark.parametrize(
    "given", ["red", ["red"] * 60, (1.0, 0.0, 0.0), torch.tensor([[1.0, 0, 0]])]
)
def test_show_scatterplot_accepts_named_and_single_colours(data, given):
    show_scatterplot(data[0], given)
    assert (facecolours() == mpl.colors.to_rgba("red")).all()


def test_show_scatterplot_maps_scalars_like_scatter(data):
    X, _ = data
    show_scatterplot(X, X[:, 0])
    np.testing.assert_array_equal(plt.gca().collections[0].get_array(), X[:, 0])


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


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (torch.rand(60, 2), TypeError, "颜色表的下标，应为整数.*float32"),
        (torch.full((60, 2), 512), ValueError, "0 到 511 之间.*512"),
        (torch.full((60, 2), -1), ValueError, "0 到 511 之间.*-1"),
        (torch.full((60, 3), 2.0), ValueError, "RGB 应在 0 到 1 之间.*2.0"),
        (torch.full((60, 3), torch.nan), ValueError, "RGB 应在 0 到 1 之间.*nan"),
        (torch.rand(60, 5), ValueError, r"\(N, 4\)，收到 \(60, 5\)"),
        (torch.rand(59, 3), ValueError, r"应有 60 行.*\(59, 3\)"),
        (torch.tensor(0.5), ValueError, "应有 60 行"),
        (None, TypeError, "colors 应为数值"),
    ],
)
def test_show_scatterplot_rejects_bad_colours(data, given, error, message, unchecked):
    with pytest.raises(error, match=message):
        show_scatterplot(data[0], given)


def test_colour_map_is_smooth_distinct_and_brightens_along_the_second_index():
    table = plot_lib._colour_map()
    assert table.shape == (512, 512, 3)
    assert table.min() >= 0
    assert table.max() <= 1
    assert max(np.abs(np.diff(table, axis=axis)).max() for axis in (0, 1)) < 0.02
    # 参照：WCAG 的相对亮度
    linear = np.where(table <= 0.04045, table / 12.92, ((table + 0.055) / 1.055) ** 2.4)
    assert (np.diff(linear @ [0.2126, 0.7152, 0.0722], axis=1) > 0).all()
    coarse = table[::73, ::73].reshape(-1, 3)
    gaps = np.linalg.norm(coarse[:, None] - coarse[None], axis=-1) + np.eye(len(coarse))
    assert gaps.min() > 0.03
    assert plot_lib._colour_map() is table
    assert not table.flags.writeable


# ---- plot_bases、show_mat、acc、colors ----


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
        ((torch.zeros(4, 2), -0.1), ValueError, "width 应为大于 0.*-0.1"),
        ((torch.zeros(4, 2), "yes"), TypeError, "width 应为大于 0 的数.*'yes'"),
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


def test_acc_equals_sklearn():
    scores, y = torch.randn(500, 4, requires_grad=True), torch.randint(4, (500,))
    value = acc(scores, y)
    assert value.shape == ()
    assert f"{value:.3f}"
    assert value.item() == pytest.approx(accuracy_score(y, scores.detach().argmax(1)))


@pytest.mark.parametrize("shapes", [((5,), (5,)), ((0, 3), (0,)), ((5, 3), (4,)), ((5, 3), (5, 1))])
def test_acc_rejects_bad_shapes(shapes, unchecked):
    with pytest.raises(ValueError, match="的形状应为"):
        acc(torch.zeros(shapes[0]), torch.zeros(shapes[1]))


def test_colors_are_twelve_named_hex_values():
    # 参照：ColorBrewer 公布的 Set3 十二色的头、中、尾
    assert len(colors) == 12
    assert (colors["aqua"], colors["orange"], colors["unk2"]) == ("#8dd3c7", "#fdb462", "#ffed6f")


# ---- 能量图 ----


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


# ---- 打印 ----


@pytest.fixture
def kernel(monkeypatch):
    """假的 Jupyter 内核，记下显示过什么。"""
    shown = []
    display = SimpleNamespace(
        display=shown.append, HTML=str, clear_output=lambda wait: shown.append("clear")
    )
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_overwrite_prints_plain_lines_into_a_file(capsys):
    overwrite("a")
    overwrite("b")
    assert capsys.readouterr().out == "a\nb\n"


def test_overwrite_replaces_the_line_in_a_terminal():
    with redirect_stdout(Terminal()) as terminal:
        overwrite("a")
        overwrite("b")
    assert terminal.getvalue() == "\r\x1b[2Ka\r\x1b[2Kb"


def test_overwrite_clears_before_printing_in_a_kernel(kernel, capsys):
    overwrite("a")
    assert kernel == ["clear"]
    assert capsys.readouterr().out == "a\n"


def encoded(state: torch.Tensor):
    """长 5、补齐 2 的一条序列，排在第 1 位；状态在第 0 个单元上是 `state`。"""
    states = torch.zeros(5, 2, 2)
    states[:, 1, 0] = state
    return torch.zeros(2, 5, 4), states


def test_plot_state_colours_only_real_symbols_by_sigmoid(capsys):
    data, states = encoded(torch.tensor([9.0, 9.0, -2.0, 0.0, 2.0]))
    copies = data.clone(), states.clone()

    def decode(x):
        assert x.dtype == np.float32
        x += 1  # 解码函数改它自己那份，不该波及 data
        return "BXE"

    plot_state(data, states, 1, decode)
    first, second = capsys.readouterr().out.splitlines()
    # 参照：σ(−2) = 0.1192，σ(0) = 0.5，σ(2) = 0.8808
    assert first == "B[0.12] X[0.50] E[0.88]"
    assert second == "B[0.50] X[0.50] E[0.50]"
    assert torch.equal(data, copies[0])
    assert torch.equal(states, copies[1])


def test_plot_state_shows_escaped_html_in_a_kernel(kernel):
    plot_state(*encoded(torch.zeros(5)), 1, lambda x: "<& ")
    assert len(kernel) == 2
    assert "&lt;</span>" in kernel[0]
    assert kernel[0].count("background-color:rgb(") == 3


def test_print_colourbar_uses_the_colours_of_plot_state(kernel):
    print_colourbar()
    state = torch.linspace(-2.5, 2.5, 20)
    plot_state(torch.zeros(1, 20, 1), state[:, None, None], 0, lambda x: "x" * 20)
    bar, row = ([part.split(">")[0] for part in line.split("<span ")] for line in kernel)
    assert bar == row
    assert len(set(bar)) == 21


def test_print_colourbar_uses_ansi_colours_in_a_terminal():
    with redirect_stdout(Terminal()) as terminal:
        print_colourbar()
    assert terminal.getvalue().count("\x1b[0m") == 20
    assert ";48;2;" in terminal.getvalue()


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((torch.zeros(2, 5), torch.zeros(5, 2, 1), 0), ValueError, "data 应为三维"),
        ((torch.zeros(2, 5, 1), torch.zeros(5, 2), 0), ValueError, "state 应为三维"),
        ((torch.zeros(2, 5, 1), torch.zeros(5, 2, 1), 2), ValueError, "b 应在 0 到 1 之间，收到 2"),
        ((torch.zeros(2, 5, 1), torch.zeros(5, 2, 1), 0.0), TypeError, "b 应为整数"),
        ((torch.zeros(2, 5, 1), torch.zeros(3, 2, 1), 0), ValueError, "至多还原出 3 个.*收到 5"),
    ],
)
def test_plot_state_rejects_bad_input(args, error, message, unchecked):
    with pytest.raises(error, match=message):
        plot_state(*args, lambda x: "BXXYE")


# ---- 不碰全局状态；三代笔记本 ----


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


SPIRAL_2020 = """
import math, random
import torch
from torch import nn, optim
from dlnotes.plot_lib import plot_data, plot_model, set_default

set_default()
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
random.seed(12345)
torch.manual_seed(12345)
N, D, C, H = 1000, 2, 3, 100
parts = []
for c in range(C):
    radius = torch.linspace(0, 1, N)
    angle = torch.linspace(2 * math.pi * c / C, 2 * math.pi * (c + 2) / C, N) + 0.2 * torch.randn(N)
    parts.append(radius[:, None] * torch.stack((angle.sin(), angle.cos()), dim=1))
X = torch.cat(parts).to(device)
y = torch.arange(C).repeat_interleave(N).to(device)
plot_data(X, y)

models = []
for hidden, make in (([], optim.SGD), ([nn.ReLU()], optim.Adam)):
    model = nn.Sequential(nn.Linear(D, H), *hidden, nn.Linear(H, C)).to(device)
    optimizer = make(model.parameters(), lr=1e-3, weight_decay=1e-5)
    for step in range(5):
        loss = nn.CrossEntropyLoss()(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    models.append(model)
    print(model)
    plot_model(X, y, model)
"""

STRETCHING_2020 = """
import torch
from torch import nn
from dlnotes.plot_lib import set_default, show_scatterplot, plot_bases

set_default()
X = torch.randn(100, 2)
hues = X[:, 0]
OI = torch.cat((torch.zeros(2, 2), torch.eye(2)))
show_scatterplot(X, hues, title="X")
plot_bases(OI)
model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Tanh())
for s in range(1, 4):
    model[0].weight.data.copy_(s * torch.eye(2))
    show_scatterplot(model(X).data, hues, title=f"f(x), s={s}")
    plot_bases(OI, width=0.01)
with torch.no_grad():
    show_scatterplot(model(X), hues)
    plot_bases(model(OI))
"""

STRETCHING_MIDDLE = """
import numpy as np
import torch
from matplotlib.pyplot import figure
from dlnotes.plot_lib import set_default, show_scatterplot, plot_bases

set_default()
X = torch.randn(100, 2)
pairs = np.clip(((X + 1.5) / 3 * 511).short().numpy(), 0, 511)
OI = torch.cat((torch.zeros(2, 2), torch.eye(2)))
for _ in range(2):
    figure().add_axes([0, 0, 1, 1])
    show_scatterplot(X, pairs, title="X")
    plot_bases(OI)
"""

SPIRAL_2021 = """
from math import pi
from torch import nn
from dlnotes.plot_lib import *

set_default()
torch.manual_seed(12345)
N, K, d = 100, 5, 20
t = torch.linspace(0, 1, N)
X = torch.cat([
    (0.8 * t + 0.2)[:, None] * torch.stack((angle.sin(), angle.cos()), dim=1)
    for angle in ((2 * t + k) * 2 * pi / K + 0.2 * torch.randn(N) for k in range(K))
])
y = torch.arange(K).repeat_interleave(N)
plot_data(X, y)
model = nn.Sequential(nn.Linear(2, d), nn.ReLU(), nn.Linear(d, 2), nn.Linear(2, K))
C = nn.CrossEntropyLoss(reduction="none")
for step in range(2):
    s = model(X)
    L = C(s, y).mean()
    overwrite(f"[EPOCH]: {step}, [LOSS]: {L.item():.6f}, [ACCURACY]: {acc(s, y):.3f}")
plot_model(X, y, model)
plot_embeddings(X, y, model, zoom=10)
mesh = torch.arange(-1.5, 1.5, 0.1)
xx, yy = torch.meshgrid(mesh, mesh, indexing="ij")
with torch.no_grad():
    F = -model(torch.stack((xx.reshape(-1), yy.reshape(-1)), dim=1))[:, 0].reshape(xx.shape)
plot_2d_energy_levels(X, y, (xx, yy, F, 0, K), (-20, 20), (-20, 21, 2.5))
fig, ax = plot_3d_energy_levels(
    X, y, (xx, yy, F, 0, K), (-30, 20), (-30, 20, 1), (-30, 21, 5)
)
ax.view_init(30, 300)
fig.canvas.draw()
"""


@pytest.mark.parametrize(
    ("code", "num_figures"),
    [(SPIRAL_2020, 1), (STRETCHING_2020, 5), (STRETCHING_MIDDLE, 2), (SPIRAL_2021, 3)],
    ids=["spiral-2020", "stretching-2020", "stretching-middle", "spiral-2021"],
)
def test_notebook_steps_of_each_generation_run(code, num_figures):
    namespace = {"__name__": "__main__"}
    exec(compile(code, "notebook", "exec"), namespace)
    assert len(plt.get_fignums()) == num_figures
    assert plt.rcParams["axes.facecolor"] == "k"
    for model in namespace.get("models", []):
        assert next(model.parameters()).device == namespace["X"].device
        assert model.training
