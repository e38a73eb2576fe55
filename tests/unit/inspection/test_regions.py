"""Oracles: dense sampling, hyperplane-arrangement formulas, the sawtooth construction, torch."""

import math

import pytest
import torch
from torch import nn

from dispatch import NoFloat64OffCpu
from dlnotes.inspection.regions import (
    activation_patterns,
    bound_regions,
    count_in_polygon,
    count_on_segment,
    pieces_on_segment,
    regions_in_polygon,
    sawtooth,
)
from dlnotes.models import mlp

SQUARE = torch.tensor([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
SHAPES = [[2, 3], [2, 30, 3], [2, 8, 8, 3], [2, 12, 5, 9, 2], [2, *[6] * 6, 3]]
every_shape = pytest.mark.parametrize("sizes", SHAPES, ids=str)


def generic(sizes, seed):
    """An MLP with biases away from 0, so that every fold is in general position."""
    model = mlp(sizes, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=1.5 / layer.in_features**0.5, generator=generator)
            nn.init.normal_(layer.bias, std=0.5, generator=generator)
    return model.double()


def num_distinct(patterns):
    """Rows of a boolean matrix, counted by an exact integer hash."""
    generator = torch.Generator().manual_seed(0)
    key = torch.randint(2**40, (patterns.shape[1],), generator=generator)
    total = torch.zeros(len(patterns), dtype=torch.int64)
    for column, weight in zip(patterns.T, key, strict=True):
        total += column * weight
    return len(total.unique())


def sample(a, b, num=200_001):
    t = torch.linspace(0, 1, num, dtype=torch.float64)
    return a.double() + t[:, None] * (b - a).double()


def area(polygon):
    x, y = polygon.T
    return 0.5 * (x * y.roll(-1) - y * x.roll(-1)).sum().abs().item()


# 对照：稠密采样，相邻两点的开关不同就是换了一段。
@every_shape
@pytest.mark.parametrize("seed", range(3))
def test_count_on_segment_equals_dense_sampling(sizes, seed):
    model, a, b = generic(sizes, seed), torch.tensor([-1.0, -0.7]), torch.tensor([0.9, 1.0])
    patterns = activation_patterns(model, sample(a, b))
    switches = (patterns[1:] != patterns[:-1]).any(dim=1).sum().item()
    lengths = pieces_on_segment(model, a, b)[0].diff()
    missed = (lengths < 1 / 200_000).sum().item()  # 比采样间隔还短的段，采样可能看不见
    assert switches + 1 <= count_on_segment(model, a, b) <= switches + 1 + missed


# 对照：网络本身。折点处的值相等，折点之间是直线。
@every_shape
def test_pieces_on_segment_interpolate_the_network(sizes):
    model, (a, b) = generic(sizes, 7), SQUARE[[0, 2]].double()
    t, values = pieces_on_segment(model, a, b)
    assert (t[0], t[-1]) == (0, 1)
    assert (t.diff() > 0).all()
    torch.testing.assert_close(values, model(a + t[:, None] * (b - a)), rtol=1e-9, atol=1e-9)
    middle = (t[1:] + t[:-1]) / 2
    want = (values[1:] + values[:-1]) / 2
    torch.testing.assert_close(model(a + middle[:, None] * (b - a)), want, rtol=1e-9, atol=1e-9)


# 对照：Telgarsky 的构造，折 k 次恰有 2^k 段。
@pytest.mark.parametrize("num_folds", [1, 2, 3, 8, 14])
def test_sawtooth_has_exactly_two_to_the_k_pieces(num_folds):
    t, values = pieces_on_segment(sawtooth(num_folds), torch.zeros(1), torch.ones(1))
    assert torch.equal(t, torch.linspace(0, 1, 2**num_folds + 1, dtype=torch.float64))
    assert torch.equal(values.flatten(), torch.arange(len(t)).double() % 2)


# 对照：帐篷函数的迭代。
def test_sawtooth_equals_iterated_tent_map():
    x = torch.rand(1000, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    want = x
    for _ in range(6):
        want = 1 - (1 - 2 * want).abs()
    assert torch.allclose(sawtooth(6)(x), want, atol=1e-12)


# 对照：一般位置的 n 条直线把平面分成 1 + n + n(n−1)/2 块；方块要大到装得下所有交点。
@pytest.mark.parametrize("width", [1, 2, 5, 20])
def test_one_hidden_layer_reaches_the_plane_arrangement_formula(width):
    count = count_in_polygon(generic([2, width, 3], width), 1e5 * SQUARE)
    assert count == 1 + width + width * (width - 1) // 2 == bound_regions(2, width, 2)[1]


# 对照：n 条直线在凸区域里的块数 = 1 + 穿过它的直线数 + 区域内的交点数。
@pytest.mark.parametrize("seed", range(5))
def test_one_hidden_layer_in_square_equals_euler_count(seed):
    model = generic([2, 15, 3], seed)
    W, b = model[0].weight.detach(), model[0].bias.detach()
    sides = SQUARE.double() @ W.T + b
    lines = ((sides.min(dim=0).values < 0) & (sides.max(dim=0).values > 0)).sum().item()
    pairs = torch.combinations(torch.arange(15))
    points = torch.linalg.solve(W[pairs], -b[pairs].unsqueeze(-1)).squeeze(-1)
    assert count_in_polygon(model, SQUARE) == 1 + lines + (points.abs().amax(1) < 1).sum().item()


# 对照：定义。面积合起来是整个方块；每块里开关不变、网络仿射；各块的开关互不相同
# （同一种开关对应的点集是凸的，不会分成两块）。
@every_shape
def test_regions_tile_the_square_with_constant_patterns(sizes):
    model = generic(sizes, 3)
    pieces = regions_in_polygon(model, SQUARE)
    assert sum(map(area, pieces)) == pytest.approx(4, rel=1e-9)
    centers = torch.stack([polygon.mean(dim=0) for polygon in pieces])
    assert num_distinct(activation_patterns(model, centers)) == len(pieces)
    generator = torch.Generator().manual_seed(0)
    for polygon in pieces:
        mix = torch.rand(20, len(polygon), generator=generator, dtype=torch.float64) + 1e-3
        inside = mix / mix.sum(dim=1, keepdim=True) @ polygon
        assert num_distinct(activation_patterns(model, inside)) <= 1
        A = torch.cat([inside, torch.ones(20, 1)], dim=1)
        y = model(inside).detach()
        fit = A @ torch.linalg.lstsq(A, y, driver="gelsd").solution
        torch.testing.assert_close(fit, y, rtol=1e-7, atol=1e-7)


# 对照：稠密采样，500 × 500 的格点上有多少种开关组合；采样只会漏掉小块。
@every_shape
def test_count_in_polygon_equals_dense_sampling_up_to_small_regions(sizes):
    model, ticks = generic(sizes, 5), torch.linspace(-1, 1, 500, dtype=torch.float64)
    seen = num_distinct(activation_patterns(model, torch.cartesian_prod(ticks, ticks)))
    pieces = regions_in_polygon(model, SQUARE)
    assert seen <= len(pieces)
    assert len([p for p in pieces if area(p) > 5e-4]) <= seen


# 对照：退化的构造，两个坐标各折 k 次，恰有 4^k 个方格，所有折痕都在格点上相交。
@pytest.mark.parametrize("num_folds", [1, 2, 4])
def test_count_in_polygon_of_folded_grid_is_four_to_the_k(num_folds):
    one, both = sawtooth(num_folds), []
    for layer in one:
        if isinstance(layer, nn.ReLU):
            both.append(nn.ReLU())
            continue
        bias = layer.bias is not None
        pair = nn.Linear(2 * layer.in_features, 2 * layer.out_features, bias, dtype=torch.float64)
        with torch.no_grad():
            pair.weight.copy_(torch.block_diag(layer.weight, layer.weight))
            if bias:
                pair.bias.copy_(layer.bias.repeat(2))
        both.append(pair)
    unit_square = (SQUARE + 1) / 2
    assert count_in_polygon(nn.Sequential(*both), unit_square) == 4**num_folds


# 对照：同一条线段，当作一维数与当作一个极窄的长方形数。
def test_segment_and_thin_rectangle_agree():
    for seed in range(5):
        model = generic([2, 10, 10, 3], seed)
        thin = torch.tensor([[-1, 0.1], [1, 0.1], [1, 0.1 + 1e-7], [-1, 0.1 + 1e-7]]).double()
        on_line = count_on_segment(model, thin[0], thin[1])
        assert 0 <= count_in_polygon(model, thin) - on_line <= 1


def test_slice_of_high_dimensional_input_equals_restricted_network():
    """Restrict a 10-input net to a plane by hand: the first layer becomes a 2-input layer."""
    model = generic([10, 12, 12, 3], 0)
    generator = torch.Generator().manual_seed(1)
    origin, axes = torch.randn(10, generator=generator), torch.randn(2, 10, generator=generator)
    restricted = generic([2, 12, 12, 3], 0)
    with torch.no_grad():
        restricted[0].weight.copy_(model[0].weight @ axes.T.double())
        restricted[0].bias.copy_(model[0].weight @ origin.double() + model[0].bias)
        for i in (2, 4):
            restricted[i].load_state_dict(model[i].state_dict())
    corners = SQUARE @ axes + origin
    assert count_in_polygon(model, corners) == count_in_polygon(restricted, SQUARE)
    assert regions_in_polygon(model, corners)[0].shape[1] == 10


# 对照：torch 的前向传播。
def test_activation_patterns_equal_forward_hooks():
    model, X = generic([2, 7, 5, 3], 0), torch.randn(50, 2, dtype=torch.float64)
    want = torch.cat([model[:1](X) > 0, model[:3](X) > 0], dim=1)
    assert torch.equal(activation_patterns(model, X), want)
    assert activation_patterns(mlp([2, 3], seed=0), X).shape == (50, 0)


# 对照：一条线段穿过的块数不超过界；一个隐藏层时界就是最大值。
@pytest.mark.parametrize(("depth", "width"), [(1, 5), (2, 9), (3, 6), (5, 4)])
def test_counts_never_exceed_the_upper_bound(depth, width):
    for seed in range(5):
        model = generic([2, *[width] * (depth - 1), 3], seed)
        assert count_on_segment(model, *SQUARE[[0, 2]] * 100) <= bound_regions(depth, width, 1)[1]
        assert count_in_polygon(model, SQUARE * 100) <= bound_regions(depth, width, 2)[1]


# 对照：公式另写一遍（n0 = 2 时），以及锯齿网络夹在上下界之间。
def test_bound_equals_hand_formula():
    for depth in range(2, 8):
        for width in range(2, 12):
            one = 1 + width + width * (width - 1) // 2
            want = ((width // 2) ** (2 * (depth - 2)) * one, one ** (depth - 1))
            assert bound_regions(depth, width, 2) == want
            assert want[0] <= want[1]
        assert 2 ** (depth - 1) <= bound_regions(depth, 2, 1)[1] == 3 ** (depth - 1)
    assert bound_regions(1, 10, 3) == (1, 1)
    assert bound_regions(2, 10, 64) == (2**10, 2**10)  # 输入维数大于宽度：每个单元各自开关
    assert bound_regions(2, 10, 3)[1] == sum(math.comb(10, j) for j in range(4))


def test_regions_leave_model_untouched():
    model = mlp([2, 8, 3], seed=0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    count_in_polygon(model, SQUARE)
    count_on_segment(model, SQUARE[0], SQUARE[1])
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.dtype == torch.float32 and p.grad is None for p in model.parameters())


def test_regions_stay_on_the_cpu_whatever_the_default_device():
    model = mlp([2, 8, 3], seed=0)
    with torch.device("meta"), NoFloat64OffCpu():
        sizes = count_in_polygon(model, SQUARE), count_on_segment(model, SQUARE[0], SQUARE[2])
        assert sawtooth(2)[0].weight.device.type == "cpu"
        assert activation_patterns(nn.Sequential(model[0]), SQUARE).shape == (4, 0)
    assert sizes == (
        count_in_polygon(model, SQUARE),
        count_on_segment(model, SQUARE[0], SQUARE[2]),
    )


def test_nested_sequential_and_identity_are_unrolled():
    flat = generic([2, 6, 6, 3], 0)
    nested = nn.Sequential(flat[:2], nn.Identity(), nn.Sequential(flat[2], flat[3]), flat[4])
    assert count_in_polygon(nested, SQUARE) == count_in_polygon(flat, SQUARE)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: count_on_segment(mlp([2, 3, 2]), torch.zeros(3), torch.ones(3)), ValueError,
         r"a 与 b 应有 2 个特征，收到形状 \(2, 3\)"),
        (lambda: count_on_segment(mlp([2, 3, 2]), torch.zeros(2), torch.ones(3)), ValueError,
         "a 与 b 的形状应相同"),
        (lambda: regions_in_polygon(mlp([2, 3, 2]), torch.zeros(2, 2)), ValueError,
         r"m 至少为 3，收到 \(2, 2\)"),
        (lambda: activation_patterns(nn.Sequential(nn.Linear(2, 2), nn.Tanh()), torch.zeros(1, 2)),
         TypeError, "收到 Tanh"),
        (lambda: activation_patterns(nn.ReLU(), torch.zeros(1, 2)), TypeError, "至少有一个"),
        (lambda: bound_regions(0, 3, 2), ValueError, "depth 应为正整数，收到 0"),
        (lambda: bound_regions(2, 3.0, 2), TypeError, "width 应为正整数，收到 3.0"),
        (lambda: sawtooth(0), ValueError, "num_folds 应为正整数"),
        (lambda: pieces_on_segment(mlp([2, 3, 2]), [0, 0], torch.ones(2)), TypeError,
         "a 应为浮点张量，收到 list"),
        (lambda: count_on_segment(mlp([2, 3, 2]), torch.zeros(1, 2), torch.ones(1, 2)), ValueError,
         r"a 的形状应为 \(D,\)，收到 \(1, 2\)"),
        (lambda: regions_in_polygon(mlp([2, 3, 2]), [1.0]), TypeError, "corners 应为浮点张量"),
        (lambda: count_in_polygon(mlp([2, 3, 2]), SQUARE * torch.nan), ValueError, "有限的数"),
        (lambda: activation_patterns(mlp([2, 3, 2]), 3), TypeError, "X 应为浮点张量，收到 int"),
    ],
)  # fmt: skip
def test_regions_reject_bad_arguments(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call()
