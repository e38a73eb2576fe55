"""The stratified split into train, valid and test."""

import pytest
import torch

from dlnotes.data import spiral, split


def numbered(*counts):
    """One feature that is the sample's own number, and classes of the given sizes."""
    y = torch.cat([torch.full((n,), label) for label, n in enumerate(counts)])
    return torch.arange(len(y)).float()[:, None], y


def test_split_returns_train_and_test_pairs_in_the_given_ratio_of_every_class():
    train, test = split(*numbered(50, 100, 10), 0.3, seed=1)
    assert train[1].bincount().tolist() == [35, 70, 7]
    assert test[1].bincount().tolist() == [15, 30, 3]


@pytest.mark.parametrize("valid_ratio", [0.0, 0.25])
def test_split_parts_hold_every_sample_once_with_its_own_label(valid_ratio):
    X, y = numbered(20, 12)
    parts = split(X, y, 0.25, valid_ratio=valid_ratio, seed=3)
    assert len(parts) == (3 if valid_ratio else 2)
    joined = torch.cat([part[0].flatten() for part in parts]).long()
    assert joined.sort().values.tolist() == list(range(32))
    assert torch.equal(torch.cat([part[1] for part in parts]), y[joined])


def test_split_test_part_is_the_same_with_and_without_a_valid_part():
    X, y = numbered(30, 30)
    plain, three = split(X, y, seed=5), split(X, y, valid_ratio=0.2, seed=5)
    assert set(plain[-1][0].flatten().tolist()) == set(three[-1][0].flatten().tolist())


def test_split_is_shuffled_decided_by_its_seed_and_leaves_the_global_state_alone():
    before = torch.get_rng_state()
    X, y = numbered(50, 50)
    first, again, other = (split(X, y, seed=seed)[0][0] for seed in (0, 0, 1))
    generator = torch.Generator().manual_seed(0)
    assert torch.equal(first, again)
    assert torch.equal(first, split(X, y, generator=generator)[0][0])
    assert not torch.equal(first, other)
    assert not torch.equal(first, first.sort(dim=0).values)
    assert torch.equal(before, torch.get_rng_state())


def test_split_leaves_its_input_alone_and_takes_images():
    X, y = torch.rand(12, 3, 4, 4), torch.arange(12) % 2
    copies = X.clone(), y.clone()
    train, test = split(X, y, 0.5, seed=0)
    assert (train[0].shape, test[0].shape) == ((6, 3, 4, 4), (6, 3, 4, 4))
    assert torch.equal(X, copies[0])
    assert torch.equal(y, copies[1])


X, Y = numbered(10, 10)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((X, Y, 0.0), {}, ValueError, "test_ratio 应在 0 与 1 之间，收到 0.0"),
        ((X, Y, 1.0), {}, ValueError, "test_ratio 应在 0 与 1 之间，收到 1.0"),
        ((X, Y, "half"), {}, TypeError, "test_ratio 应为实数，收到 'half'"),
        ((X, Y, float("nan")), {}, ValueError, "test_ratio 应为有限的实数"),
        ((X, Y, 0.01), {}, ValueError, "类别 0 的 10 个样本不够分"),
        ((X, Y, 0.2), {"valid_ratio": 0.01}, ValueError, "类别 0 的 10 个样本不够分"),
        ((X, Y, 0.5), {"valid_ratio": 0.5}, ValueError, "valid_ratio 应不小于 0.*收到 0.5"),
        ((X, Y, 0.5), {"valid_ratio": -0.1}, ValueError, "valid_ratio 应不小于 0"),
        ((X[1:], Y), {}, ValueError, r"样本数应相同，收到 \(19, 1\) 与 \(20,\)"),
        ((X, Y[:, None]), {}, ValueError, r"y 的形状应为 \(n,\).*收到 \(20, 1\)"),
        ((X[:0], Y[:0]), {}, ValueError, r"y 的形状应为 \(n,\)，n ≥ 1，收到 \(0,\)"),
        ((X, Y.float()), {}, TypeError, "y 应为整数类别，收到 torch.float32"),
        ((X, Y.tolist()), {}, TypeError, "y 应为张量，收到 list"),
        ((X.numpy(), Y), {}, TypeError, "X 应为张量，收到 ndarray"),
        ((X, Y), {"seed": None}, ValueError, "seed 与 generator 必须且只能给一个"),
    ],
)
def test_split_rejects_bad_argument(arguments, options, error, message, unchecked):
    with pytest.raises(error, match=message):
        split(*arguments, **{"seed": 0, **options})


def test_split_of_toy_data_keeps_the_classes_balanced():
    train, test = split(*spiral(20, seed=0), 0.25, seed=0)
    assert train[1].bincount().tolist() == [15] * 3
    assert test[1].bincount().tolist() == [5] * 3
