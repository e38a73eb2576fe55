"""Toy data and digits."""

import math

import pytest
import torch

from dlnotes.data import digits, spiral, xor


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
    ("options", "error", "message"),
    [
        ({"num_per_class": 0, "seed": 0}, ValueError, "num_per_class 应为正整数，收到 0"),
        ({"num_classes": True, "seed": 0}, TypeError, "num_classes 应为正整数，收到 True"),
        ({"noise": -1, "seed": 0}, ValueError, "noise 应不小于 0，收到 -1"),
        ({"noise": float("nan"), "seed": 0}, ValueError, "noise 应为有限的实数，收到 nan"),
        ({"noise": "0", "seed": 0}, TypeError, "noise 应为实数，收到 '0'"),
        ({}, ValueError, "seed 与 generator 必须且只能给一个"),
        ({"seed": 0, "generator": torch.Generator()}, ValueError, "generator"),
        ({"seed": 1.5}, TypeError, "seed 应为整数，收到 1.5"),
    ],
)
def test_spiral_rejects_bad_input_by_name(options, error, message, unchecked):
    with pytest.raises(error, match=message):
        spiral(**options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_per_corner": 0, "seed": 0}, ValueError, "num_per_corner 应为正整数，收到 0"),
        ({"num_per_corner": None, "seed": 0}, TypeError, "num_per_corner 应为正整数，收到 None"),
        ({"noise": -0.1, "seed": 0}, ValueError, "noise 应不小于 0"),
    ],
)
def test_xor_rejects_bad_input_by_name(options, error, message, unchecked):
    with pytest.raises(error, match=message):
        xor(**options)


def test_xor_labels_are_exclusive_or():
    X, y = xor(5, seed=0)
    assert torch.equal(y, (X[:, 0].bool() ^ X[:, 1].bool()).long())


def test_changing_the_digits_one_got_changes_nobody_elses():
    X, y = digits()
    X.zero_(), y.zero_()
    assert digits()[0].max() == 1
    assert digits()[1].max() == 9


def test_digits_are_the_bundled_images_scaled_to_unit_range():
    X, y = digits()
    assert X.shape == (1797, 64)
    assert (X.min(), X.max()) == (0, 1)
    assert y.bincount().sum() == 1797
