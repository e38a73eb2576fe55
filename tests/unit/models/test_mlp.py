"""The multilayer perceptron builder."""

import pytest
import torch
from torch import nn

from dlnotes.models import mlp


def test_mlp_alternates_linear_and_activation_without_a_last_activation():
    kinds = [type(m) for m in mlp([2, 5, 4, 3], nn.Tanh, seed=0)]
    assert kinds == [nn.Linear, nn.Tanh, nn.Linear, nn.Tanh, nn.Linear]
    assert [type(m) for m in mlp([2, 5, 3], None, seed=0)] == [nn.Linear, nn.Linear]


def test_mlp_seed_equals_the_default_initialisation_and_spares_the_global_state():
    # oracle: PyTorch's own construction under the same global seed
    torch.manual_seed(7)
    expected = nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 3))
    torch.manual_seed(99)
    before = torch.get_rng_state()
    got = mlp([2, 5, 3], seed=7)
    assert torch.equal(before, torch.get_rng_state())
    for a, b in zip(got.parameters(), expected.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("sizes", [[2], [2, 0], [2, 1.5], []])
def test_mlp_rejects_bad_sizes(sizes, unchecked):
    with pytest.raises(TypeError if 1.5 in sizes else ValueError, match="sizes"):
        mlp(sizes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": 5}, "sizes 应为一串值，收到 5"),
        ({"activation": nn.ReLU()}, r"activation 应为造层的函数.*收到 ReLU\(\)"),
        ({"activation": "relu"}, "activation 应为造层的函数.*收到 'relu'"),
    ],
)
def test_mlp_rejects_bad_types(arguments, message, unchecked):
    with pytest.raises(TypeError, match=message):
        mlp(**{"sizes": [2, 3, 4], **arguments})
