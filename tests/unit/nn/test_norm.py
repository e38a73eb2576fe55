import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dlnotes.nn import norm

SHAPES = [(5, 3), (4, 6, 7), (3, 6, 4, 5), (2, 4, 3, 2, 3)]
CLOSE = {"rtol": 1e-10, "atol": 1e-11}


def draw(seed, *shapes):
    g = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=g, dtype=torch.float64) * 2 + 1 for shape in shapes]


def value_and_grads(function, inputs, upstream):
    inputs = [t.clone().requires_grad_() for t in inputs]
    y = function(*inputs)
    return [y.detach(), *torch.autograd.grad(y, inputs, upstream)]


def assert_equal_to_torch(ours, theirs, inputs):
    upstream = draw(99, inputs[0].shape)[0]
    torch.testing.assert_close(
        value_and_grads(ours, inputs, upstream), value_and_grads(theirs, inputs, upstream), **CLOSE
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("training", "momentum", "eps"), [(1, 0.1, 1e-5), (1, 0.7, 0.1), (0, 0.0, 1.0)]
)
def test_batch_norm_equals_torch_in_value_gradient_and_statistics(shape, training, momentum, eps):
    # 神谕：F.batch_norm
    x, weight, bias, mean, var = draw(len(shape), shape, *[shape[1:2]] * 4)
    var = var.square() + 0.1
    statistics = [(mean.clone(), var.clone()) for _ in range(2)]

    def with_statistics(function, running):
        return lambda x, w, b: function(x, *running, w, b, bool(training), momentum, eps)

    assert_equal_to_torch(
        with_statistics(norm.batch_norm, statistics[0]),
        with_statistics(F.batch_norm, statistics[1]),
        [x, weight, bias],
    )
    torch.testing.assert_close(*statistics, **CLOSE)
    assert torch.equal(statistics[0][0], mean) == (not training)


@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_equals_torch_without_affine_or_statistics(shape):
    assert_equal_to_torch(
        lambda x: norm.batch_norm(x, training=True),
        lambda x: F.batch_norm(x, None, None, training=True),
        draw(1, shape),
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("num_dims", [1, 2])
@pytest.mark.parametrize("affine", [True, False])
def test_layer_norm_equals_torch(shape, num_dims, affine):
    num_dims = min(num_dims, len(shape) - 1)
    last = shape[-num_dims:]
    assert_equal_to_torch(  # 神谕：F.layer_norm
        lambda x, *wb: norm.layer_norm(x, last, *wb, eps=1e-3),
        lambda x, *wb: F.layer_norm(x, last, *wb, eps=1e-3),
        draw(2, shape, *[last] * (2 * affine)),
    )


@pytest.mark.parametrize("shape", SHAPES[1:])
@pytest.mark.parametrize("affine", [True, False])
def test_instance_norm_equals_torch(shape, affine):
    def theirs(x, weight=None, bias=None):  # 神谕：F.instance_norm
        return F.instance_norm(x, weight=weight, bias=bias, eps=1e-3)

    assert_equal_to_torch(
        lambda x, *wb: norm.instance_norm(x, *wb, eps=1e-3),
        theirs,
        draw(3, shape, *[shape[1:2]] * (2 * affine)),
    )


@pytest.mark.parametrize("shape", SHAPES[1:])
@pytest.mark.parametrize("num_groups", [1, 2, None])
@pytest.mark.parametrize("affine", [True, False])
def test_group_norm_equals_torch(shape, num_groups, affine):
    num_groups = num_groups or shape[1]
    assert_equal_to_torch(  # 神谕：F.group_norm
        lambda x, *wb: norm.group_norm(x, num_groups, *wb, eps=1e-3),
        lambda x, *wb: F.group_norm(x, num_groups, *wb, eps=1e-3),
        draw(4, shape, *[shape[1:2]] * (2 * affine)),
    )


def test_batch_norm_passes_gradcheck():
    x, weight, bias = (t.requires_grad_() for t in draw(5, (4, 3), (3,), (3,)))
    assert torch.autograd.gradcheck(
        lambda x, w, b: norm.batch_norm(x, None, None, w, b, training=True), (x, weight, bias)
    )


@pytest.mark.parametrize(
    ("shape", "oracle"), [((6, 3), nn.BatchNorm1d), ((4, 3, 5, 5), nn.BatchNorm2d)]
)
def test_batch_norm_module_trains_like_torch_and_shares_its_state_dict(shape, oracle):
    modules = [norm.BatchNorm(3, momentum=0.3).double(), oracle(3, momentum=0.3).double()]
    optimizers = [torch.optim.SGD(m.parameters(), lr=0.1) for m in modules]
    for seed in range(5):
        (x,) = draw(seed, shape)
        for module, optimizer in zip(modules, optimizers, strict=True):
            optimizer.zero_grad()
            module(x).pow(3).mean().backward()
            optimizer.step()
    ours, theirs = modules
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), **CLOSE)
    (x,) = draw(9, shape)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x), **CLOSE)
    theirs.load_state_dict(ours.state_dict())


def test_batch_norm_couples_batch_mates_and_layer_norm_does_not():
    x, other = draw(6, (4, 3), (4, 3))
    other[0] = x[0]
    bn = [norm.batch_norm(t, training=True)[0] for t in (x, other)]
    ln = [norm.layer_norm(t, (3,))[0] for t in (x, other)]
    assert not torch.allclose(*bn)
    assert torch.equal(*ln)


CONVS = {
    "linear": (lambda bias: nn.Linear(5, 6, bias=bias), nn.BatchNorm1d, (7, 5)),
    "conv1d": (lambda bias: nn.Conv1d(4, 6, 3, bias=bias), nn.BatchNorm1d, (2, 4, 9)),
    "conv2d": (
        lambda bias: nn.Conv2d(4, 6, 3, 2, 1, groups=2, bias=bias, padding_mode="reflect"),
        nn.BatchNorm2d,
        (2, 4, 7, 8),
    ),
    "conv3d": (lambda bias: nn.Conv3d(2, 6, 2, bias=bias), nn.BatchNorm3d, (2, 2, 3, 4, 3)),
}


@pytest.mark.parametrize("kind", CONVS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_fuse_conv_bn_equals_the_two_layers(kind, bias, affine):
    make_conv, make_bn, shape = CONVS[kind]
    torch.manual_seed(7)
    conv, bn = make_conv(bias).double(), make_bn(6, affine=affine, eps=1e-2).double()
    for tensor in [*bn.parameters(), bn.running_mean, bn.running_var]:
        tensor.data.uniform_(0.2, 2)
    bn.eval()
    before = copy.deepcopy([conv.state_dict(), bn.state_dict()])
    fused = norm.fuse_conv_bn(conv, bn)
    (x,) = draw(8, shape)
    torch.testing.assert_close(fused(x), bn(conv(x)), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close([conv.state_dict(), bn.state_dict()], before, rtol=0, atol=0)
    assert type(fused) is type(conv)
    assert all(p.requires_grad and p.is_leaf for p in fused.parameters())
    if kind.startswith("conv"):  # 第二个神谕：torch 自己的融合
        theirs = torch.nn.utils.fuse_conv_bn_eval(conv.eval(), bn)
        torch.testing.assert_close(fused.state_dict(), theirs.state_dict(), rtol=1e-12, atol=1e-12)


def test_fuse_conv_bn_accepts_our_batch_norm_and_float32():
    torch.manual_seed(0)
    conv, bn = nn.Conv2d(3, 8, 3), norm.BatchNorm(8)
    for _ in range(3):
        bn(conv(torch.randn(4, 3, 6, 6)))
    bn.eval()
    x = torch.randn(4, 3, 6, 6)
    torch.testing.assert_close(norm.fuse_conv_bn(conv, bn)(x), bn(conv(x)), rtol=0, atol=1e-6)


def test_fuse_conv_bn_refuses_what_it_cannot_fuse():
    conv, bn = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)
    with pytest.raises(ValueError, match="bn 应处于评估模式"):
        norm.fuse_conv_bn(conv, bn)
    with pytest.raises(ValueError, match="输出通道数 8，收到 4"):
        norm.fuse_conv_bn(conv, nn.BatchNorm2d(4).eval())
    with pytest.raises(ValueError, match="bn 应有滑动统计"):
        norm.fuse_conv_bn(conv, nn.BatchNorm2d(8, track_running_stats=False).eval())
    with pytest.raises(TypeError, match="conv 应为卷积层或全连接层，收到 ConvTranspose2d"):
        norm.fuse_conv_bn(nn.ConvTranspose2d(3, 8, 3), bn.eval())
    with pytest.raises(TypeError, match="bn 应为 BatchNorm 层，收到 LayerNorm"):
        norm.fuse_conv_bn(conv, nn.LayerNorm(8))


def test_wrong_arguments_raise_errors_that_name_them():
    x = torch.randn(4, 6, 5)
    with pytest.raises(ValueError, match="running_mean 与 running_var 在评估时都应给出"):
        norm.batch_norm(x)
    with pytest.raises(ValueError, match=r"至少有 2 个值，收到形状 \(1, 6\)"):
        norm.batch_norm(x[:1, :, 0], training=True)
    with pytest.raises(ValueError, match=r"weight 的形状应为 \(6,\)，收到 \(5,\)"):
        norm.batch_norm(x, weight=torch.ones(5), training=True)
    with pytest.raises(ValueError, match=r"running_mean 的形状应为 \(6,\)，收到 \(1,\)"):
        norm.batch_norm(x, torch.ones(1), torch.ones(1), training=True)
    with pytest.raises(ValueError, match=r"normalized_shape .*收到 \(6,\).*\(4, 6, 5\)"):
        norm.layer_norm(x, (6,))
    with pytest.raises(ValueError, match=r"bias 的形状应为 \(5,\)，收到 \(1,\)"):
        norm.layer_norm(x, (5,), bias=torch.ones(1))
    with pytest.raises(ValueError, match=r"至少有 2 个空间位置，收到形状 \(4, 6, 1\)"):
        norm.instance_norm(x[:, :, :1])
    with pytest.raises(ValueError, match="num_groups 应整除通道数 6，收到 4"):
        norm.group_norm(x, 4)
    with pytest.raises(ValueError, match="num_features 应为正整数，收到 0"):
        norm.BatchNorm(0)


def test_batch_norm_error_leaves_the_running_statistics_alone():
    running_mean, running_var = torch.zeros(6), torch.ones(5)
    with pytest.raises(ValueError, match="running_var"):
        norm.batch_norm(torch.randn(4, 6), running_mean, running_var, training=True)
    assert not running_mean.any()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: norm.batch_norm([1.0]), TypeError, "x 应为浮点张量，收到 list"),
        (lambda x: norm.batch_norm(x[:, 0, 0], training=True), ValueError, r"\(B, C, \.\.\.\)"),
        (lambda x: norm.batch_norm(x[:, :0], training=True), ValueError, r"收到 \(4, 0, 5\)"),
        (lambda x: norm.batch_norm(x, training="yes"), TypeError, "training 应为 True 或 False"),
        (lambda x: norm.batch_norm(x, training=True, momentum=2.0), ValueError, "momentum 应在"),
        (lambda x: norm.batch_norm(x, training=True, eps=-1.0), ValueError, "eps 应不小于 0"),
        (lambda x: norm.batch_norm(x, weight=1.0, training=True), TypeError, "weight 应为浮点张量"),
        (lambda x: norm.layer_norm(x, 5), TypeError, "normalized_shape 应为一串值，收到 5"),
        (lambda x: norm.layer_norm(x, (5.0,)), TypeError, "normalized_shape 的每一项 应为正整数"),
        (lambda x: norm.instance_norm(x.long()), TypeError, "x 应为浮点张量.*torch.int64"),
        (lambda x: norm.group_norm(x[:0], 2), ValueError, r"收到 \(0, 6, 5\)"),
        (lambda x: norm.BatchNorm(6, momentum=None), TypeError, "momentum 应为实数，收到 None"),
    ],
)
def test_norms_reject_bad_input(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call(torch.randn(4, 6, 5))
