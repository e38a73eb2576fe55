import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dlnotes.nn import losses

CLOSE = {"rtol": 1e-11, "atol": 1e-12}


def draw(seed, *shapes, scale=3.0):
    g = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=g, dtype=torch.float64) * scale for shape in shapes]


def assert_equal_to_torch(ours, theirs, x):
    """值与梯度都相等；上游梯度是随机的。"""
    results = []
    for function in (ours, theirs):
        z = x.clone().requires_grad_()
        y = function(z)
        (upstream,) = draw(77, y.shape)
        results.append([y.detach(), *torch.autograd.grad(y, z, upstream)])
    torch.testing.assert_close(*results, **CLOSE)


@pytest.mark.parametrize("shape", [(5,), (4, 3), (2, 3, 4)])
@pytest.mark.parametrize("scale", [1.0, 50.0, 1000.0])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_softmax_family_equals_torch(name, shape, scale):
    theirs = {"softmax": F.softmax, "log_softmax": F.log_softmax, "logsumexp": torch.logsumexp}
    (x,) = draw(len(shape), shape, scale=scale)
    for dim in range(-1, len(shape)):
        assert_equal_to_torch(
            lambda z, d=dim: getattr(losses, name)(z, dim=d),
            lambda z, d=dim: theirs[name](z, dim=d),
            x,
        )


def test_softmax_naive_equals_torch_until_it_overflows():
    (x,) = draw(0, (6, 4))
    assert_equal_to_torch(losses.softmax_naive, lambda z: F.softmax(z, -1), x)
    assert losses.softmax_naive(torch.tensor([1000.0, 0.0])).isnan().any()
    assert losses.softmax(torch.tensor([1000.0, 0.0])).tolist() == [1.0, 0.0]


def test_softmax_is_invariant_to_shifts_and_sums_to_one():
    x, shift = draw(1, (8, 5), (8, 1), scale=100.0)
    p = losses.softmax(x)
    torch.testing.assert_close(losses.softmax(x + shift), p, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(p.sum(-1), torch.ones(8, dtype=torch.float64), **CLOSE)


@pytest.mark.parametrize("temperature", [0.01, 0.5, 2.0, 1e6])
def test_softmax_temperature_divides_the_logits(temperature):
    (x,) = draw(2, (6, 4))
    assert_equal_to_torch(
        lambda z: losses.softmax(z, temperature=temperature),
        lambda z: F.softmax(z / temperature, -1),
        x,
    )


def test_logsumexp_and_softmax_accept_minus_infinity_like_torch():
    x = torch.tensor([[0.0, -math.inf, 1.0], [-math.inf] * 3], dtype=torch.float64)
    assert torch.equal(losses.logsumexp(x), torch.logsumexp(x, -1))
    torch.testing.assert_close(losses.softmax(x[:1]), F.softmax(x[:1], -1), **CLOSE)
    assert_equal_to_torch(losses.logsumexp, lambda z: torch.logsumexp(z, -1), x[:1])


@pytest.mark.parametrize("shape", [(4,), (3, 5), (2, 3, 4)])
def test_softmax_jacobian_equals_the_one_from_autograd(shape):
    (x,) = draw(3, shape)
    rows = x.reshape(-1, shape[-1])
    # 神谕：对 F.softmax 自动微分
    expected = torch.func.vmap(torch.func.jacrev(lambda z: F.softmax(z, -1)))(rows)
    actual = losses.softmax_jacobian(losses.softmax(x))
    assert actual.shape == (*shape, shape[-1])
    torch.testing.assert_close(actual.reshape(expected.shape), expected, **CLOSE)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("kind", ["indices", "one_hot", "probabilities"])
def test_cross_entropy_equals_torch(kind, label_smoothing, reduction):
    for seed, scale in [(0, 1.0), (1, 100.0)]:
        logits, q = draw(seed, (9, 4), (9, 4), scale=scale)
        y = q.argmax(1)
        target = {
            "indices": y,
            "one_hot": F.one_hot(y, 4).double(),
            "probabilities": q.softmax(1),
        }[kind]
        settings = {"label_smoothing": label_smoothing, "reduction": reduction}
        assert_equal_to_torch(
            lambda z, t=target, s=settings: losses.cross_entropy(z, t, **s),
            lambda z, t=target, s=settings: F.cross_entropy(z, t, **s),
            logits,
        )


def test_cross_entropy_accepts_integer_one_hot_and_int32_indices():
    (logits,) = draw(4, (5, 3))
    y = torch.tensor([0, 2, 1, 1, 0])
    expected = F.cross_entropy(logits, y)
    torch.testing.assert_close(losses.cross_entropy(logits, F.one_hot(y, 3)), expected, **CLOSE)
    torch.testing.assert_close(losses.cross_entropy(logits, y.int()), expected, **CLOSE)


def test_cross_entropy_ignores_impossible_other_classes():
    logits = torch.tensor([[0.0, -math.inf]])
    assert losses.cross_entropy(logits, torch.tensor([0])).item() == 0.0


def test_cross_entropy_works_under_vmap():
    (logits,) = draw(5, (6, 8, 3))
    y = torch.arange(48).reshape(6, 8) % 3
    actual = torch.func.vmap(losses.cross_entropy)(logits, y)
    expected = torch.stack([F.cross_entropy(z, t) for z, t in zip(logits, y, strict=True)])
    torch.testing.assert_close(actual, expected, **CLOSE)


def test_cross_entropy_of_uniform_logits_is_the_log_of_the_number_of_classes():
    loss = losses.cross_entropy(torch.zeros(5, 7, dtype=torch.float64), torch.arange(5))
    assert loss.item() == pytest.approx(math.log(7), rel=1e-14)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_mse_equals_torch(reduction):
    y_hat, y = draw(6, (4, 3), (4, 3))
    assert_equal_to_torch(
        lambda z: losses.mse(z, y, reduction),
        lambda z: F.mse_loss(z, y, reduction=reduction),
        y_hat,
    )


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_bce_with_logits_equals_torch(reduction, scale):
    logits, y = draw(7, (6, 3), (6, 3), scale=scale)
    logits[0, 0] = 0.0
    y = y.sigmoid()
    y[1] = 0.0
    y[2] = 1.0
    assert_equal_to_torch(
        lambda z: losses.bce_with_logits(z, y, reduction),
        lambda z: F.binary_cross_entropy_with_logits(z, y, reduction=reduction),
        logits,
    )


def test_bce_equals_two_class_cross_entropy_of_the_difference():
    (logits,) = draw(8, (9, 2))
    y = torch.arange(9) % 2
    binary = losses.bce_with_logits(logits[:, 1] - logits[:, 0], y)
    torch.testing.assert_close(binary, losses.cross_entropy(logits, y), **CLOSE)


def test_l2_penalty_takes_the_same_steps_as_sgd_weight_decay():
    (x,) = draw(9, (20, 3))
    trained = []
    for penalty, weight_decay in [(0.3, 0.0), (0.0, 0.3)]:  # 神谕：torch.optim.SGD(weight_decay)
        torch.manual_seed(0)
        net = nn.Linear(3, 1).double()
        sgd = torch.optim.SGD(net.parameters(), lr=0.05, weight_decay=weight_decay)
        for _ in range(10):
            sgd.zero_grad()
            (net(x).square().mean() + losses.l2_penalty(net.parameters(), penalty)).backward()
            sgd.step()
        trained.append(list(net.parameters()))
    torch.testing.assert_close(*trained, **CLOSE)


@pytest.mark.parametrize("function", [losses.cross_entropy, losses.bce_with_logits])
def test_loss_passes_gradcheck(function):
    logits, q = draw(10, (4, 3), (4, 3), scale=1.0)
    q = q.softmax(1)
    assert torch.autograd.gradcheck(lambda z: function(z, q), logits.requires_grad_())


def test_wrong_arguments_raise_errors_that_name_them():
    logits = torch.zeros(4, 3)
    with pytest.raises(ValueError, match=r"y 的类别应在 0 到 2 之间"):
        losses.cross_entropy(logits, torch.tensor([0, 1, 2, 3]))
    with pytest.raises(ValueError, match=r"y 的类别应在 0 到 2 之间"):
        losses.cross_entropy(logits, torch.tensor([0, 1, 2, -1]))
    with pytest.raises(ValueError, match=r"y 应为形状 \(4,\).*收到形状 \(5,\)"):
        losses.cross_entropy(logits, torch.zeros(5, dtype=torch.long))
    with pytest.raises(ValueError, match=r"y 应为.*收到形状 \(4,\)、类型 torch\.float32"):
        losses.cross_entropy(logits, torch.zeros(4))
    with pytest.raises(ValueError, match=r"label_smoothing 应在 \[0, 1\] 内，收到 1\.5"):
        losses.cross_entropy(logits, torch.zeros(4, dtype=torch.long), label_smoothing=1.5)
    with pytest.raises(ValueError, match=r"reduction 应为 'mean'.*收到 'avg'"):
        losses.mse(logits, logits, reduction="avg")
    with pytest.raises(ValueError, match=r"y_hat 与 y 的形状应相同.*\(4, 1\) 与 \(4,\)"):
        losses.mse(torch.zeros(4, 1), torch.zeros(4))
    with pytest.raises(ValueError, match=r"logits 与 y 的形状应相同"):
        losses.bce_with_logits(torch.zeros(4, 1), torch.zeros(4))
    with pytest.raises(ValueError, match=r"temperature 应大于 0，收到 0\.0"):
        losses.softmax(logits, temperature=0.0)
    with pytest.raises(ValueError, match=r"weight_decay 应不小于 0\.0，收到 -1\.0"):
        losses.l2_penalty([logits], -1.0)
    with pytest.raises(ValueError, match=r"parameters 应至少有一个张量"):
        losses.l2_penalty([], 0.1)


# 不变量：GPU 上的取法不报错也不等待，越界的类别得 nan，其余与 CPU 上的一样，梯度不被污染。
def test_cross_entropy_off_the_cpu_gives_nan_for_labels_out_of_range():
    log_p = draw(11, (4, 3))[0].log_softmax(1).requires_grad_()
    picked = losses._pick_or_nan(log_p, torch.tensor([0, 3, -1, 2]))
    assert picked.isnan().tolist() == [False, True, True, False]
    torch.testing.assert_close(picked[[0, 3]], -log_p[[0, 3], [0, 2]], **CLOSE)
    picked[[0, 3]].sum().backward()
    assert log_p.grad.isfinite().all()


# 对照：meta 设备一样不能读数值；若取值要同步，这里就会报错。
def test_cross_entropy_off_the_cpu_reads_no_value_back():
    logits, y = torch.zeros(5, 3, device="meta"), torch.zeros(5, dtype=torch.long, device="meta")
    assert losses.cross_entropy(logits, y, label_smoothing=0.1).device.type == "meta"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda z: losses.softmax([1.0, 2.0]), TypeError, "logits 应为浮点张量，收到 list"),
        (lambda z: losses.softmax(z.long()), TypeError, "logits 应为浮点张量.*torch.int64"),
        (lambda z: losses.log_softmax(z, dim=2), ValueError, "dim 应在 -2 到 1 之间，收到 2"),
        (lambda z: losses.logsumexp(z, dim=0.5), TypeError, "dim 应为整数，收到 0.5"),
        (lambda z: losses.softmax(z[:, :0]), ValueError, r"至少有一类，收到形状 \(4, 0\)"),
        (lambda z: losses.softmax(z, temperature="hot"), TypeError, "temperature 应为实数"),
        (lambda z: losses.softmax_jacobian(z[0, 0]), ValueError, r"p 的形状应为 \(\.\.\., K\)"),
        (lambda z: losses.cross_entropy(z[0], z[0]), ValueError, r"logits 的形状应为 \(B, K\)"),
        (lambda z: losses.cross_entropy(z, [0, 1, 2, 0]), TypeError, "y 应为张量，收到 list"),
        (lambda z: losses.cross_entropy(z[:0], z[:0]), ValueError, "至少有一个样本"),
        (lambda z: losses.cross_entropy(z, z, math.nan), ValueError, "label_smoothing 应为有限"),
        (lambda z: losses.mse(z, 3.0), TypeError, "y 应为张量，收到 float"),
        (lambda z: losses.bce_with_logits(z.long(), z), TypeError, "logits 应为浮点张量"),
        (lambda z: losses.l2_penalty(z, 0.1), TypeError, "parameters 应为一串张量"),
        (lambda z: losses.l2_penalty([z], "0.1"), TypeError, "weight_decay 应为实数"),
    ],
)
def test_losses_reject_bad_input(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call(torch.zeros(4, 3))
