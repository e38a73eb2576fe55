import math

import pytest
import torch
from torch import nn

from dlnotes.nn import init
from dlnotes.nn.activations import relu

SHAPES = [(30, 50), (16, 7, 3), (16, 7, 3, 5), (6, 4, 2, 3, 3)]
# （本包的调用，torch.nn.init 的调用）；神谕：torch.nn.init，同一个生成器
PAIRS = {
    "normal": (
        lambda w, g: init.normal_(w, 0.5, 2.0, generator=g),
        lambda w, g: nn.init.normal_(w, 0.5, 2.0, generator=g),
    ),
    "xavier_normal": (
        lambda w, g: init.xavier_normal_(w, gain=5 / 3, generator=g),
        lambda w, g: nn.init.xavier_normal_(w, gain=5 / 3, generator=g),
    ),
    "xavier_uniform": (
        lambda w, g: init.xavier_uniform_(w, gain=0.7, generator=g),
        lambda w, g: nn.init.xavier_uniform_(w, gain=0.7, generator=g),
    ),
    "kaiming_normal": (
        lambda w, g: init.kaiming_normal_(w, 0.1, generator=g),
        lambda w, g: nn.init.kaiming_normal_(w, 0.1, generator=g),
    ),
    "kaiming_normal_fan_out": (
        lambda w, g: init.kaiming_normal_(w, mode="fan_out", generator=g),
        lambda w, g: nn.init.kaiming_normal_(w, mode="fan_out", generator=g),
    ),
    "kaiming_uniform": (
        lambda w, g: init.kaiming_uniform_(w, math.sqrt(5), generator=g),
        lambda w, g: nn.init.kaiming_uniform_(w, math.sqrt(5), generator=g),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("shape", SHAPES)
def test_initialiser_draws_the_same_values_as_torch_with_the_same_generator(name, shape):
    ours, theirs = PAIRS[name]
    for seed in (0, 17):
        drawn = [
            function(torch.empty(shape, dtype=torch.float64), torch.Generator().manual_seed(seed))
            for function in (ours, theirs)
        ]
        torch.testing.assert_close(*drawn, rtol=1e-15, atol=0)


def test_initialiser_uses_the_global_state_without_a_generator():
    drawn = []
    for function in (init.kaiming_normal_, nn.init.kaiming_normal_):
        torch.manual_seed(4)
        drawn.append(function(torch.empty(8, 9)))
    assert torch.equal(*drawn)


@pytest.mark.parametrize("shape", SHAPES)
def test_fan_in_and_out_equals_torch(shape):
    weight = torch.empty(shape)
    assert init.fan_in_and_out(weight) == nn.init._calculate_fan_in_and_fan_out(weight)


def test_fan_in_counts_one_group_only():
    weight = nn.Conv2d(8, 12, kernel_size=3, groups=4).weight
    assert init.fan_in_and_out(weight)[0] == 3 * 3 * 8 // 4


@pytest.mark.parametrize(
    ("scheme", "std"),
    [
        (init.SCHEMES["xavier_normal_fan_in"], 1 / math.sqrt(400)),  # 课程：1/√D_in
        (init.SCHEMES["xavier_normal"], math.sqrt(2 / (400 + 900))),
        (init.SCHEMES["xavier_uniform"], math.sqrt(2 / (400 + 900))),
        (init.SCHEMES["kaiming_normal"], math.sqrt(2 / 400)),
        (init.SCHEMES["kaiming_uniform"], math.sqrt(2 / 400)),
        (init.SCHEMES["small_normal"], 0.01),
        (init.SCHEMES["large_normal"], 1.0),
        (init.SCHEMES["constant"], 0.0),
    ],
)
def test_scheme_has_the_published_standard_deviation(scheme, std):
    weight = scheme(torch.empty(900, 400), generator=torch.Generator().manual_seed(0))
    # 神谕：闭式标准差；36 万个样本，样本标准差的相对误差约 1/√(2n) ≈ 0.12 %，这里取 5 倍
    assert weight.std().item() == pytest.approx(std, rel=6e-3, abs=1e-9)


def test_xavier_forms_agree_on_square_weights():
    drawn = [
        init.xavier_normal_(
            torch.empty(20, 20), mode=mode, generator=torch.Generator().manual_seed(1)
        )
        for mode in ("fan_avg", "fan_in", "fan_out")
    ]
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[0], drawn[2])


def test_kaiming_keeps_the_second_moment_through_fifty_relu_layers():
    g = torch.Generator().manual_seed(0)
    h = torch.randn(512, 256, generator=g)
    moments = []
    for _ in range(50):
        h = relu(h @ init.kaiming_normal_(torch.empty(256, 256), generator=g).T)
        moments.append(h.square().mean().item())
    # 不变量：E[h²] 每层的期望不变；2/√D_in 会使它每层乘 2（50 层 1e15 倍）
    assert 0.2 < moments[-1] / moments[0] < 5


def test_constant_makes_the_gradients_of_all_units_equal():
    net = init.init_model_(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)), "constant")
    net(torch.randn(9, 4)).square().sum().backward()
    assert torch.allclose(net[0].weight.grad, net[0].weight.grad[:1].expand(5, 4))


def test_init_model_sets_linear_and_conv_only_and_zeroes_biases():
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 3), nn.PReLU()
    )
    net[1].weight.data.fill_(7)
    returned = init.init_model_(net, "kaiming_normal", torch.Generator().manual_seed(2))
    g = torch.Generator().manual_seed(2)  # 神谕：逐层调用 torch.nn.init
    for layer in (net[0], net[3]):
        expected = nn.init.kaiming_normal_(torch.empty_like(layer.weight), generator=g)
        assert torch.equal(layer.weight, expected)
        assert not layer.bias.any()
        assert layer.weight.requires_grad
    assert returned is net
    assert net[1].weight.eq(7).all()
    assert net[4].weight.item() == 0.25


def test_init_model_with_a_generator_leaves_the_global_state_alone():
    state = torch.get_rng_state()
    net = nn.Sequential(nn.Linear(3, 3, bias=False))
    torch.set_rng_state(state)
    init.init_model_(net, init.xavier_uniform_, torch.Generator().manual_seed(0))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("scheme", init.SCHEMES)
def test_init_model_accepts_every_scheme(scheme):
    net = nn.Sequential(nn.Conv1d(2, 3, 3), nn.Conv3d(2, 3, 2), nn.Linear(4, 5))
    init.init_model_(net, scheme, torch.Generator().manual_seed(0))
    assert all(p.isfinite().all() for p in net.parameters())


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3))

    def forward(self, x):
        return x + self.body(x)


def test_zero_init_residual_makes_each_block_the_identity():
    net = nn.Sequential(nn.BatchNorm2d(3), Residual(), Residual())
    init.zero_init_residual_(net, Residual, "body.1")
    x = torch.randn(4, 3, 5, 5)
    assert torch.equal(net[1:](x), x)
    assert net[0].weight.eq(1).all()


def test_wrong_arguments_raise_errors_that_name_them():
    with pytest.raises(ValueError, match=r"weight 应至少有两维.*收到形状 \(5,\)"):
        init.fan_in_and_out(torch.empty(5))
    with pytest.raises(ValueError, match=r"weight .*收到形状 \(0, 5\)"):
        init.kaiming_normal_(torch.empty(0, 5))
    with pytest.raises(ValueError, match=r"mode 应为 'fan_in'.*收到 'in'"):
        init.xavier_normal_(torch.empty(2, 2), mode="in")
    with pytest.raises(ValueError, match=r"std 应不小于 0\.0，收到 -1\.0"):
        init.normal_(torch.empty(2, 2), std=-1.0)
    with pytest.raises(ValueError, match=r"scheme 应为 'constant'.*收到 'he'"):
        init.init_model_(nn.Linear(2, 2), "he")
    with pytest.raises(ValueError, match=r"model 应至少有一个全连接层或卷积层，收到 ReLU"):
        init.init_model_(nn.ReLU(), "constant")


def test_init_model_refuses_weights_it_cannot_write():
    lazy = nn.Sequential(nn.LazyLinear(3))
    with pytest.raises(ValueError, match=r"'0' 应有可以就地改写的 weight"):
        init.init_model_(lazy, "constant")
    normed = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"应有可以就地改写的 weight"):
        init.init_model_(normed, "constant")


def test_zero_init_residual_names_what_is_missing():
    with pytest.raises(ValueError, match=r"block_type"):
        init.zero_init_residual_(nn.Linear(2, 2), Residual, "body.1")
    with pytest.raises(ValueError, match=r"norm_name 应为 'body'.*'body\.1'.*收到 'bn2'"):
        init.zero_init_residual_(Residual(), Residual, "bn2")
    with pytest.raises(ValueError, match=r"norm_name 应指向有 γ"):
        init.zero_init_residual_(Residual(), Residual, "body.0")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda w: init.fan_in_and_out([[1.0]]), TypeError, "weight 应为浮点张量，收到 list"),
        (lambda w: init.constant_(w, "a"), TypeError, "value 应为实数，收到 'a'"),
        (lambda w: init.normal_(w, mean=math.nan), ValueError, "mean 应为有限的实数"),
        (lambda w: init.normal_(w.long()), TypeError, "weight 应为浮点张量.*torch.int64"),
        (lambda w: init.normal_(w, generator=0), TypeError, "generator 应为 Generator，收到 int"),
        (lambda w: init.xavier_uniform_(w, gain=-1.0), ValueError, r"gain 应不小于 0.*-1\.0"),
        (lambda w: init.kaiming_normal_(w, "0"), TypeError, "negative_slope 应为实数，收到 '0'"),
        (lambda w: init.init_model_(w, "constant"), TypeError, "model 应为 Module，收到 Tensor"),
        (lambda w: init.init_model_(nn.Linear(2, 2), 3), TypeError, "scheme 应为可以调用的函数"),
        (
            lambda w: init.zero_init_residual_(Residual(), "Residual", "body.1"),
            TypeError,
            "block_type 应为 type，收到 str",
        ),
    ],
)
def test_initialisers_reject_bad_input(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call(torch.ones(3, 2))
