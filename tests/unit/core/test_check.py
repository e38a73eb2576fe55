"""Each checker returns what it was given, or names argument, value and expectation."""

import numpy as np
import pytest
import torch

from dlnotes._core.check import (
    at_least,
    fraction,
    instance_of,
    one_of,
    positive_int,
    sequence,
    shown,
    tensor,
)


def test_checkers_return_a_good_value():
    assert positive_int("n", 3) == 3
    assert type(positive_int("n", np.int64(3))) is int
    assert at_least("x", 0.5, 0) == 0.5
    assert one_of("mode", "light", ("light", "dark")) == "light"
    assert instance_of("y", "文字", str) == "文字"
    assert fraction("p", 1) == 1
    assert sequence("names", (c for c in "ab"), size=2) == ["a", "b"]
    assert tensor("X", X := torch.ones(2)) is X


def test_shown_is_short():
    assert shown(3) == "int：3"
    assert shown(torch.ones(1000, 2)) == "Tensor：形状 (1000, 2)，torch.float32"
    assert len(shown(list(range(1000)))) < 220


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: positive_int("n", 0), ValueError, "n 应为正整数，收到 0"),
        (lambda: positive_int("n", -2), ValueError, "n 应为正整数，收到 -2"),
        (lambda: positive_int("n", 2.0), TypeError, "n 应为正整数，收到 2.0"),
        (lambda: positive_int("n", True), TypeError, "n 应为正整数，收到 True"),
        (lambda: positive_int("n", None), TypeError, "n 应为正整数，收到 None"),
        (lambda: at_least("x", -1, 0), ValueError, "x 应不小于 0，收到 -1"),
        (lambda: at_least("x", float("nan"), 0), ValueError, "x 应为有限的实数，收到 nan"),
        (lambda: at_least("x", "1", 0), TypeError, "x 应为实数，收到 '1'"),
        (lambda: at_least("x", torch.ones(2), 0), TypeError, "x 应为实数"),
        (lambda: one_of("mode", "grey", ("light", "dark")), ValueError,
         "mode 应为 'light'、'dark' 之一，收到 'grey'"),
        (lambda: one_of("mode", ["light"], ("light", "dark")), TypeError, r"收到 \['light'\]"),
        (lambda: one_of("mode", torch.ones(2), {"light": 1}), TypeError, "mode 应为 'light' 之一"),
        (lambda: instance_of("model", 3, torch.nn.Module), TypeError, "应为 Module，收到 int"),
        (lambda: fraction("p", 1.5), ValueError, r"p 应在 0 与 1 之间，收到 1\.5"),
        (lambda: fraction("p", "半"), TypeError, "p 应为实数，收到 '半'"),
        (lambda: sequence("names", "ab"), TypeError, "names 应为一串值，收到 'ab'"),
        (lambda: sequence("names", ["a"], size=2), ValueError, "names 应有 2 个，收到 1 个"),
        (lambda: tensor("X", [1]), TypeError, r"X 应为张量，收到 list：\[1\]"),
    ],
)  # fmt: skip
def test_checkers_name_argument_value_and_expectation(call, error, message):
    with pytest.raises(error, match=message):
        call()
