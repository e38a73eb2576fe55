"""The one guard for looking at a model: afterwards everything is as it was before."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dlnotes._core.modes import device_of, devices_of, evaluating, evaluation_depth, is_evaluating

pytestmark = pytest.mark.usefixtures("unchecked")  # the type checker draws from `random` itself


class AlwaysNoisy(nn.Module):
    """Draws from every global generator, in evaluation mode too."""

    def forward(self, X):
        noise = random.random() + np.random.rand() + np.random.randn()
        return F.dropout(X, 0.5, training=True) + noise * torch.rand_like(X)


def make_net():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), AlwaysNoisy(), nn.Dropout(), nn.ReLU())
    net[1].eval()  # a frozen BatchNorm in a model that trains
    return net


def everything(net):
    """What an evaluation might disturb: modes, parameters and buffers, random states, grad mode."""
    state = [value.clone() for value in net.state_dict().values()]
    numpy = np.random.get_state()
    return [
        *state, torch.get_rng_state(), torch.from_numpy(numpy[1].astype(np.int64)),
        torch.tensor([module.training for module in net.modules()]),
        torch.tensor([numpy[2], numpy[3], numpy[4], torch.is_grad_enabled(), evaluation_depth()]),
        torch.tensor(random.getstate()[1]),
    ]  # fmt: skip


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_everything_would_notice():
    net = make_net()
    before = everything(net)
    net(torch.ones(2, 3))
    assert not same(before, everything(net))


def test_evaluating_restores_modes_random_states_and_gradients():
    net, X = make_net(), torch.ones(2, 3)
    before = everything(net)
    with evaluating(net) as same_net:
        assert same_net is net
        assert not any(module.training for module in net.modules())
        assert not net(X).requires_grad
        with evaluating(net[0]):  # nested, and of a part
            net(X)
        assert not torch.is_grad_enabled()
        assert not net.training
    assert same(before, everything(net))


def test_evaluating_restores_after_an_exception_also_in_eval_itself():
    class Rude(nn.Module):
        def train(self, mode=True):
            super().train(mode)
            raise ArithmeticError

    net = make_net()
    before = everything(net)
    with pytest.raises(RuntimeError, match="does not require grad"), evaluating(net):
        net[:3](torch.ones(2, 3)).sum().backward()
    assert same(before, everything(net))
    net.append(Rude())
    before = everything(net)
    with pytest.raises(ArithmeticError), evaluating(net):
        pytest.fail("eval() has raised already")
    assert same(before, everything(net))


def test_evaluating_respects_a_model_that_overrides_train():
    class Stubborn(nn.Module):
        def train(self, mode=True):
            return super().train(True)

    with evaluating(Stubborn()) as model:
        assert model.training


def test_evaluation_depth_counts_the_guards():
    net = make_net()
    assert (evaluation_depth(), is_evaluating()) == (0, False)
    with evaluating(net):
        assert (evaluation_depth(), is_evaluating()) == (1, True)
        with evaluating(net):
            assert evaluation_depth() == 2
        assert evaluation_depth() == 1
    assert (evaluation_depth(), is_evaluating()) == (0, False)


def test_evaluating_names_what_is_no_model():
    with pytest.raises(TypeError, match=r"model 应为 nn.Module，收到 function"):
        evaluating(lambda X: X).__enter__()


# Oracle: torch's own walks over parameters and buffers.
def test_devices_of_equal_those_of_all_parameters_and_buffers():
    net = make_net()
    net[0].to("meta")
    net.append(nn.Linear(2, 2, bias=False))  # a parameter that is None
    tensors = [*net.parameters(), *net.buffers()]
    assert devices_of(net) == {tensor.device for tensor in tensors}
    assert device_of(net) == torch.device("meta")
    assert devices_of(nn.ReLU()) == {device_of(nn.ReLU())} == {torch.device("cpu")}
    only_buffer = nn.BatchNorm1d(2, affine=False, device="meta")
    assert devices_of(only_buffer) == {device_of(only_buffer)} == {torch.device("meta")}
