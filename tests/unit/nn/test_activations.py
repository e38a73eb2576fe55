import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dlnotes.nn import activations
from dlnotes.nn.activations import derivative
from dlnotes.nn.catalogue import CATALOGUE, curve

# 神谕：torch.nn.functional，float64。每行是（本包的函数，PyTorch 的函数，随机抽取的设置）
PAIRS = {
    "sigmoid": (activations.sigmoid, torch.sigmoid, {}),
    "tanh": (activations.tanh, torch.tanh, {}),
    "relu": (activations.relu, F.relu, {}),
    "leaky_relu": (activations.leaky_relu, F.leaky_relu, {"negative_slope": (0.0, 0.5)}),
    "elu": (activations.elu, F.elu, {"alpha": (0.1, 3.0)}),
    "selu": (activations.selu, F.selu, {}),
    "gelu": (activations.gelu, F.gelu, {}),
    "silu": (activations.silu, F.silu, {}),
    "softplus": (activations.softplus, lambda x: -F.logsigmoid(-x), {}),
    "hardswish": (activations.hardswish, F.hardswish, {}),
    "mish": (activations.mish, F.mish, {}),
}
# 折点与 0 也在内：那里的导数按惯例取值，也要与 PyTorch 相同
KINKS = torch.tensor([-3.0, 0.0, 3.0, 1e-9, -1e-9], dtype=torch.float64)


def value_and_grad(function, x, upstream, **settings):
    x = x.clone().requires_grad_()
    y = function(x, **settings)
    return y.detach(), torch.autograd.grad(y, x, upstream)[0]


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("scale", [1.0, 10.0, 1000.0])
def test_activation_equals_torch_in_value_and_gradient(name, scale):
    ours, theirs, ranges = PAIRS[name]
    g = torch.Generator().manual_seed(len(name) + int(scale))
    for shape in [(7,), (4, 5), (2, 3, 4, 5), ()]:
        noise = torch.randn(shape, generator=g, dtype=torch.float64) * scale
        x = torch.cat([noise.flatten(), KINKS]).reshape(-1)
        upstream = torch.randn(x.shape, generator=g, dtype=torch.float64)
        uniform = torch.rand(len(ranges), generator=g).tolist()
        settings = {
            key: low + u * (high - low)
            for u, (key, (low, high)) in zip(uniform, ranges.items(), strict=True)
        }
        expected = value_and_grad(theirs, x, upstream, **settings)
        actual = value_and_grad(ours, x, upstream, **settings)
        torch.testing.assert_close(actual, expected, rtol=1e-12, atol=1e-13)
        assert ours(noise, **settings).shape == noise.shape


def test_gelu_equals_torch_in_the_tanh_form():
    x = torch.linspace(-8, 8, 201, dtype=torch.float64)  # 神谕：F.gelu(approximate="tanh")
    upstream = torch.randn(201, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = value_and_grad(F.gelu, x, upstream, approximate="tanh")
    actual = value_and_grad(activations.gelu, x, upstream, approximate="tanh")
    torch.testing.assert_close(actual, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("shape", [(6,), (4, 3), (2, 3, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("shared", [True, False])
def test_prelu_equals_torch_including_the_slope_gradient(shape, shared):
    g = torch.Generator().manual_seed(3)
    x = torch.randn(shape, generator=g, dtype=torch.float64)
    num = 1 if shared or len(shape) == 1 else shape[1]
    weight = torch.rand(num, generator=g, dtype=torch.float64)
    upstream = torch.randn(shape, generator=g, dtype=torch.float64)
    results = []
    for function in (activations.prelu, F.prelu):  # 神谕：F.prelu
        inputs = [x.clone().requires_grad_(), weight.clone().requires_grad_()]
        y = function(*inputs)
        results.append([y.detach(), *torch.autograd.grad(y, inputs, upstream)])
    torch.testing.assert_close(*results, rtol=1e-12, atol=1e-13)


def test_softplus_is_within_the_threshold_error_of_torch():
    x = torch.linspace(-30, 30, 601, dtype=torch.float64)
    error = (activations.softplus(x) - F.softplus(x)).abs().max().item()
    assert error < math.log1p(math.exp(-20)) * 1.001  # F.softplus 在 x > 20 时直接返回 x


@pytest.mark.parametrize("name", CATALOGUE)
def test_catalogue_function_equals_its_module_and_passes_gradgradcheck(name):
    entry = CATALOGUE[name]
    x = torch.linspace(-4.9, 4.9, 40, dtype=torch.float64)  # 避开折点
    module = entry.module().double()
    torch.testing.assert_close(entry.function(x), module(x).detach(), rtol=1e-12, atol=1e-14)
    x.requires_grad_()
    assert torch.autograd.gradcheck(entry.function, x)
    assert torch.autograd.gradgradcheck(entry.function, x)


@pytest.mark.parametrize("name", CATALOGUE)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_catalogue_function_is_finite_and_keeps_dtype_at_large_inputs(name, dtype):
    x = torch.tensor([-1e4, -100.0, -0.0, 0.0, 100.0, 1e4], dtype=dtype)
    y = CATALOGUE[name].function(x)
    slope = derivative(CATALOGUE[name].function, x)
    assert y.dtype == slope.dtype == dtype
    assert y.isfinite().all()
    assert slope.isfinite().all()


@pytest.mark.parametrize("name", CATALOGUE)
def test_catalogue_function_keeps_nan(name):
    assert CATALOGUE[name].function(torch.tensor([math.nan])).isnan().all()


@pytest.mark.parametrize("name", CATALOGUE)
def test_catalogue_function_works_under_vmap_and_grad(name):
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    function = CATALOGUE[name].function
    slopes = torch.func.vmap(torch.func.grad(lambda row: function(row).sum()))(x)
    torch.testing.assert_close(slopes, derivative(function, x), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", CATALOGUE)
def test_catalogue_facts_agree_with_measurement(name):
    entry = CATALOGUE[name]
    x, y, dy = curve(name, -40.0, 40.0, num_points=160_001)
    for values, (low, high) in ((y, entry.output_range), (dy, entry.derivative_range)):
        assert values.min() == pytest.approx(low, abs=1e-4) if math.isfinite(low) else y[0] < -0.3
        assert values.max() == pytest.approx(high, abs=1e-4) if math.isfinite(high) else y[-1] > 30
    assert entry.saturates_left == (abs(dy[0]) < 1e-9)
    assert entry.saturates_right == (abs(dy[-1]) < 1e-9)
    density = torch.exp(-x.square() / 2) / math.sqrt(2 * math.pi)
    mean = torch.trapezoid(y * density, x).item()
    assert entry.zero_centred == (abs(mean) < 1e-6), mean


def test_catalogue_saturation_is_named_in_chinese():
    named = {name: entry.saturation for name, entry in CATALOGUE.items()}
    assert named["sigmoid"] == "两侧"
    assert named["relu"] == "左侧"
    assert named["leaky_relu"] == "不饱和"


def test_sigmoid_derivative_is_at_most_a_quarter():
    x, _, dy = curve("sigmoid", -20.0, 20.0, num_points=4001)
    assert dy.max() == dy[x.abs().argmin()] == 0.25


def test_derivative_works_without_grad_and_leaves_the_input_alone():
    x = torch.randn(5, requires_grad=True)
    before = x.detach().clone()
    with torch.no_grad():
        slope = derivative(nn.LeakyReLU(0.2, inplace=True), x)
    assert set(slope.tolist()) <= {1.0, torch.tensor(0.2).item()}
    assert x.grad is None
    assert torch.equal(x, before)
    with torch.inference_mode():
        assert derivative(torch.tanh, torch.zeros(2)).tolist() == [1.0, 1.0]


def test_wrong_arguments_raise_errors_that_name_them():
    x = torch.zeros(4, 3)
    with pytest.raises(ValueError, match=r"approximate 应为.*收到 'erf'"):
        activations.gelu(x, approximate="erf")
    with pytest.raises(ValueError, match=r"weight 应有 1 个或 3 个元素.*收到 2 个"):
        activations.prelu(x, torch.zeros(2))
    with pytest.raises(ValueError, match=r"function 应为.*'sigmoid'.*收到 'swish2'"):
        curve("swish2")
    with pytest.raises(ValueError, match=r"high 应大于 low，收到 low=1\.0，high=-1\.0"):
        curve("relu", 1.0, -1.0)


ELEMENTWISE = [name for name in activations.__all__ if name != "derivative"]


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("x", [[1.0], 2.0, torch.arange(3)], ids=["list", "float", "integers"])
def test_activation_rejects_what_is_no_float_tensor(name, x, unchecked):
    settings = {"weight": 0.1} if name == "prelu" else {}
    with pytest.raises(TypeError, match="x 应为浮点张量，收到"):
        getattr(activations, name)(x, **settings)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: activations.elu(x, alpha="1"), TypeError, "alpha 应为实数，收到 '1'"),
        (lambda x: activations.leaky_relu(x, math.nan), ValueError, "negative_slope 应为有限"),
        (lambda x: activations.gelu(x, approximate=[1]), TypeError, r"approximate 应为.*\[1\]"),
        (lambda x: derivative("tanh", x), TypeError, "function 应为可以调用的函数，收到 'tanh'"),
        (lambda x: derivative(torch.sum, x), ValueError, r"function 应逐元素且可导.*\(\)"),
        (lambda x: derivative(torch.sign, x.long()), TypeError, "x 应为浮点张量"),
        (lambda x: derivative(torch.zeros_like, x), ValueError, "requires_grad=False"),
        (lambda x: curve(3), TypeError, "function 应为可以调用的函数，收到 3"),
        (lambda x: curve("relu", low="a"), TypeError, "low 应为实数，收到 'a'"),
        (lambda x: curve("relu", high=math.inf), ValueError, "high 应为有限的实数"),
        (lambda x: curve("relu", num_points=0), ValueError, "num_points 应为正整数，收到 0"),
    ],
)
def test_activation_helpers_reject_bad_input(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call(torch.zeros(4, 3))
