"""Toy data, digits and the stratified split."""

import math

import pytest
import torch

from dlnotes.data import circles, digits, spiral, split, xor


def test_spiral_equals_the_course_formula_point_by_point():
    # oracle: the closed form written as a plain loop over one global random stream
    torch.manual_seed(12345)
    expected = []
    for c in range(3):
        theta = torch.linspace(2 * math.pi * c / 3, 2 * math.pi * (c + 2) / 3, 50)
        theta = theta + torch.randn(50) * 0.2
        t = torch.linspace(0, 1, 50)
        expected += [[t[i] * math.sin(theta[i]), t[i] * math.cos(theta[i])] for i in range(50)]
    X, y = spiral(50, seed=12345)
    torch.testing.assert_close(X, torch.tensor(expected))
    assert y.tolist() == [0] * 50 + [1] * 50 + [2] * 50


def test_spiral_is_decided_by_its_seed_and_leaves_the_global_state_alone():
    before = torch.get_rng_state()
    a, b, c = spiral(20, seed=1)[0], spiral(20, seed=1)[0], spiral(20, seed=2)[0]
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert torch.equal(before, torch.get_rng_state())
    d = spiral(20, generator=torch.Generator().manual_seed(1))[0]
    assert torch.equal(a, d)


def test_spiral_noise_is_on_the_angle_so_radii_are_exact():
    X, _ = spiral(100, noise=0.5, seed=0)
    torch.testing.assert_close(X.norm(dim=1), torch.linspace(0, 1, 100).repeat(3))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"num_per_class": 0, "seed": 0}, "num_per_class"),
        ({"num_classes": True, "seed": 0}, "num_classes"),
        ({"noise": -1, "seed": 0}, "noise"),
        ({}, "seed"),
        ({"seed": 0, "generator": torch.Generator()}, "generator"),
    ],
)
def test_spiral_rejects_bad_input_by_name(options, named, unchecked):
    with pytest.raises(ValueError, match=named):
        spiral(**options)


def test_xor_labels_are_exclusive_or():
    X, y = xor(5, seed=0)
    assert torch.equal(y, (X[:, 0].bool() ^ X[:, 1].bool()).long())


def test_circles_radii_are_one_and_ratio_without_noise():
    X, y = circles(40, noise=0.0, ratio=0.3, seed=0)
    torch.testing.assert_close(X.norm(dim=1), torch.where(y == 1, 0.3, 1.0))
    with pytest.raises(ValueError, match="ratio"):
        circles(ratio=1.5, seed=0)


def test_digits_are_the_bundled_images_scaled_to_unit_range():
    X, y = digits()
    assert X.shape == (1797, 64)
    assert (X.min(), X.max()) == (0, 1)
    assert y.bincount().sum() == 1797


def test_split_is_stratified_disjoint_and_complete():
    X, y = spiral(50, seed=0)
    a, ya, b, yb = split(X, y, 0.3, seed=1)
    assert ya.bincount().tolist() == [35] * 3
    assert yb.bincount().tolist() == [15] * 3
    rows = {tuple(row) for row in torch.cat((a, b)).tolist()}
    assert rows == {tuple(row) for row in X.tolist()}
    assert not {tuple(r) for r in a.tolist()} & {tuple(r) for r in b.tolist() if any(r)}


@pytest.mark.parametrize(("ratio", "n"), [(0.0, 10), (1.0, 10), (0.01, 10)])
def test_split_rejects_ratios_that_leave_a_side_empty(ratio, n):
    with pytest.raises(ValueError, match="test_ratio"):
        split(*spiral(n, seed=0), test_ratio=ratio, seed=0)
