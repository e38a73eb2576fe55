"""plot_model 与 plot_embeddings：画得对，而且不碰网络。"""

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from torch import nn

from dlnotes.plot_lib import (
    plot_data,
    plot_embeddings,
    plot_model,
)
from unit.plot_lib.cases import DEVICES, assert_same_snapshot, mixed_model, snapshot


def drawn_class(x: float, y: float) -> int:
    """图上 (x, y) 处的颜色代表哪一类。"""
    image = plt.gca().images[0]
    regions, (left, right, bottom, top) = image.get_array(), image.get_extent()
    assert image.origin == "lower"
    row = int((y - bottom) / (top - bottom) * regions.shape[0])
    col = int((x - left) / (right - left) * regions.shape[1])
    return int(regions[row, col])


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
    X, y = data
    plot_model(X, y % 2, model)
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
    plot_model(X.double(), y % 2, lambda p: seen.append(p.dtype) or p)
    assert seen == [torch.float64]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda X, y: plot_data(X[:, 0], y), ValueError, r"X 的形状应为 \(N, D\).*\(60,\)"),
        (lambda X, y: plot_data(X, y[:5]), ValueError, r"y 的形状应为 \(60,\).*\(5,\)"),
        (lambda X, y: plot_data("X", y), TypeError, "X 应为数值"),
        (lambda X, y: plot_data(X, None), TypeError, "y 应为数值"),
        (lambda X, y: plot_data(X, y, zoom=-1), ValueError, "zoom 应大于 0.*-1"),
        (lambda X, y: plot_model(X, y, 3), TypeError, "model 应为网络或函数.*int"),
        (
            lambda X, y: plot_model(X, y, lambda p: p[:, :1]),
            ValueError,
            r"K 至少为 2.*\(48841, 1\)",
        ),
        (
            lambda X, y: plot_model(X, y, lambda p: p),
            ValueError,
            "y 的类别应在 0 到 1 之间.*最大 2",
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
