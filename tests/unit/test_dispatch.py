"""The two dispatch modes that other tests rely on must see what they claim to see."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dispatch import CountSyncs, NoFloat64OffCpu


def on_device(*shape, dtype=torch.float32):
    return torch.zeros(shape, dtype=dtype, device="meta")


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x.double(),
        lambda x: (x == 0).to(torch.float64).mean(),
        lambda x: x.to("cpu", torch.float64),
        lambda x: torch.zeros(3, dtype=torch.float64).copy_(x),
        lambda x: x.mean(dtype=torch.float64),
        lambda x: torch.linspace(0, 1, 3, dtype=torch.float64, device=x.device),
        lambda x: torch.zeros(3, dtype=torch.float64).to(x.device),
        lambda x: torch.complex(x, x).to(torch.complex128),
    ],
)
def test_no_float64_raises_for_a_double_off_the_cpu(make):
    with NoFloat64OffCpu(), CountSyncs(), pytest.raises(TypeError, match=r"float64|complex128"):
        make(on_device(3))


def test_no_float64_lets_doubles_on_the_cpu_and_singles_anywhere_pass():
    with NoFloat64OffCpu(), CountSyncs():
        x = on_device(3)
        assert (x + 1).cpu().double().dtype == torch.float64
        assert torch.zeros(3, dtype=torch.float64).to("meta", torch.float32).is_meta


@pytest.mark.parametrize(
    ("wait", "kind"),
    [
        (lambda x: x.sum().item(), "item"),
        (lambda x: bool((x > 0).all()), "item"),
        (lambda x: float(x.sum()), "item"),
        (lambda x: 1 if (x > 0).any() else 2, "item"),
        (lambda x: x.cpu(), "to_cpu"),
        (lambda x: x.tolist(), "to_cpu"),
        (lambda x: x.to("cpu", torch.float16), "to_cpu"),
        (lambda x: torch.zeros(3).copy_(x), "to_cpu"),
        (lambda x: torch.zeros(3).to(x.device), "from_cpu"),
        (lambda x: x.copy_(torch.zeros(3)), "from_cpu"),
        (lambda x: x[torch.tensor([0, 2])], "from_cpu"),
        (lambda x: x.nonzero(), "shape"),
        (lambda x: x[x > 0], "shape"),
        (lambda x: x.masked_select(x > 0), "shape"),
        (lambda x: x.unique(), "shape"),
        (lambda x: torch.equal(x, x), "equal"),
    ],
)
def test_count_syncs_counts_one_wait(wait, kind):
    with CountSyncs() as syncs:
        wait(on_device(3))
    assert syncs.counts == {kind: 1}


def test_count_syncs_counts_nothing_in_a_training_step_and_on_the_cpu():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 2))
    model.to("meta")
    optimizer = torch.optim.Adam(model.parameters())
    X, y, order = on_device(8, 3), on_device(8, dtype=torch.int64), on_device(8, dtype=torch.int64)
    with CountSyncs() as syncs:
        F.cross_entropy(model(X[order[:4]]), y[order[:4]]).backward()
        optimizer.step()
        X[:, 0].clone().mul_(2).to("meta", non_blocking=True)
        torch.arange(3)[torch.tensor([True, False, True])].sum().item()
    assert syncs.total == 0


def test_count_syncs_answers_with_the_given_number():
    with CountSyncs(number=1) as syncs:
        x = on_device(2, 3)
        assert (x.sum().item(), bool(x.any()), x.to(torch.int64).sum().item()) == (1.0, True, 1)
        assert x.cpu().tolist() == [[1, 1, 1]] * 2
        assert x[x > 0].shape == (1,)
        x[x > 0] = 0
    assert syncs.counts == {"item": 3, "to_cpu": 1, "shape": 2}


def test_count_syncs_names_an_operation_it_cannot_answer():
    with CountSyncs(), pytest.raises(NotImplementedError, match="repeat_interleave"):
        on_device(3, dtype=torch.int64).repeat_interleave(on_device(3, dtype=torch.int64))
