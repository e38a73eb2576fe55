"""The training loop against loops written by hand, and everything that must not change it."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, TensorDataset

from dispatch import CountSyncs, NoFloat64OffCpu
from dlnotes.data import spiral, split
from dlnotes.inspection import watch
from dlnotes.models import mlp
from dlnotes.optim.schedules import cosine
from dlnotes.training import Augmented, evaluate, fit, make_optimizer


@pytest.mark.parametrize(
    ("name", "options"),
    [("sgd", {"lr": 0.5, "momentum": 0.9}), ("adam", {"lr": 1e-2, "weight_decay": 1e-3})],
)
def test_fit_equals_a_hand_written_full_batch_loop(name, options):
    X, y = spiral(40, seed=0)
    X = X.double()
    model, twin = mlp([2, 16, 3], seed=1).double(), mlp([2, 16, 3], seed=1).double()
    history = fit(model, X, y, optimizer=name, num_epochs=15, **options)
    rule = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[name](twin.parameters(), **options)
    for epoch in range(15):
        y_hat = twin(X)
        loss = F.cross_entropy(y_hat, y)
        assert history.train_loss[epoch] == pytest.approx(loss.item(), abs=1e-12)
        assert history.train_accuracy[epoch] == pytest.approx(
            (y_hat.argmax(1) == y).double().mean().item()
        )
        rule.zero_grad()
        loss.backward()
        rule.step()
    assert_same(model, twin, 1e-12)


def assert_same(model: nn.Module, twin: nn.Module, atol: float = 0.0) -> None:
    for (name, a), (_, b) in zip(
        model.state_dict().items(), twin.state_dict().items(), strict=True
    ):
        torch.testing.assert_close(a, b, atol=atol, rtol=0, msg=lambda m, n=name: f"{n}: {m}")


def test_fit_with_a_schedule_equals_a_loop_with_lambda_lr():
    X, y = spiral(40, seed=0)
    model, twin = mlp([2, 8, 3], seed=1).double(), mlp([2, 8, 3], seed=1).double()
    fit(model, X.double(), y, optimizer="sgd", lr=0.5, momentum=0.9, schedule=cosine(12),
        num_epochs=4, batch_size=40, seed=5)  # fmt: skip
    rule = torch.optim.SGD(twin.parameters(), lr=0.5, momentum=0.9)
    decay = LambdaLR(rule, cosine(12))
    for epoch in range(1, 5):  # the documented order of epoch k is that of seed·1,000,003 + k
        rng = torch.Generator().manual_seed(5 * 1_000_003 + epoch)
        for index in torch.randperm(120, generator=rng).split(40):
            rule.zero_grad()
            F.cross_entropy(twin(X[index].double()), y[index]).backward()
            rule.step()
            decay.step()
    assert_same(model, twin, 1e-12)


def test_fit_takes_a_data_loader_and_equals_the_loop_over_it():
    X, y = spiral(20, seed=0)
    loader = DataLoader(TensorDataset(X, y), batch_size=25)
    model, twin = mlp([2, 8, 3], seed=1), mlp([2, 8, 3], seed=1)
    history = fit(model, loader, optimizer="sgd", lr=0.1, num_epochs=3)
    rule = torch.optim.SGD(twin.parameters(), lr=0.1)
    losses = []
    for _ in range(3):
        for X_batch, y_batch in loader:
            rule.zero_grad()
            loss = F.cross_entropy(twin(X_batch), y_batch)
            loss.backward()
            rule.step()
            losses.append(loss.item())
    assert history.step_loss == pytest.approx(losses, abs=1e-7)
    sizes = [25, 25, 10]
    assert history.train_loss[-1] == pytest.approx(np.average(losses[-3:], weights=sizes), abs=1e-6)
    assert_same(model, twin)


def test_fit_seed_covers_the_order_of_a_shuffling_data_loader():
    X, y = spiral(20, seed=0)
    runs = []
    for ambient in (1, 2):
        torch.manual_seed(ambient)
        loader = DataLoader(TensorDataset(X, y), batch_size=16, shuffle=True)
        runs.append(fit(mlp([2, 8, 3], seed=1), loader, num_epochs=2, lr=0.1, seed=7).step_loss)
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == len(runs[0])


class Stream(torch.utils.data.IterableDataset):
    """Seven samples whose number nobody knows beforehand."""

    def __iter__(self):
        yield from ((torch.full((2,), float(i)), i % 3) for i in range(7))


def test_fit_takes_a_loader_without_length():
    history = fit(mlp([2, 3], seed=0), DataLoader(Stream(), batch_size=2), num_epochs=3, lr=0.1)
    assert len(history.step_loss) == 12
    assert len(history.train_loss) == len(history.train_accuracy) == 3


def test_fit_mini_batches_visit_every_sample_once_an_epoch():
    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.seen = nn.Linear(1, 2), []

        def forward(self, x):
            self.seen.append(x[:, 0].tolist())
            return self.layer(x)

    X = torch.arange(10.0)[:, None]
    model = Spy()
    history = fit(model, X, torch.zeros(10).long(), lr=0.0, num_epochs=2, batch_size=4, seed=3)
    assert [len(batch) for batch in model.seen] == [4, 4, 2] * 2
    first, second = ([*a, *b, *c] for a, b, c in (model.seen[:3], model.seen[3:]))
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert len(history.step_loss) == 6


def test_fit_epoch_loss_weights_the_short_last_batch_by_its_size():
    X, y = torch.randn(7, 2), torch.tensor([0, 1, 0, 1, 0, 1, 1])
    model = nn.Linear(2, 2)
    history = fit(model, X, y, lr=0.0, num_epochs=1, batch_size=5, seed=0)
    assert history.train_loss[0] == pytest.approx(F.cross_entropy(model(X), y).item(), abs=1e-6)


pure = pytest.mark.usefixtures("unchecked")  # beartype draws from Python's `random` itself


class Noisy(nn.Module):
    """Draws from every source of randomness a reader may use, in training and in evaluation."""

    def forward(self, x):
        drawn = torch.rand(()) + random.random() + float(np.random.rand())
        return x + 0.01 * drawn


def tricky(seed: int = 0) -> nn.Module:
    """BatchNorm, dropout, augmentation, a frozen BatchNorm, randomness outside torch."""
    torch.manual_seed(seed)
    frozen = nn.BatchNorm1d(8)
    frozen.running_mean.fill_(0.5)
    model = nn.Sequential(
        nn.Linear(2, 8), frozen, nn.ReLU(), nn.BatchNorm1d(8), nn.Dropout(0.5), Noisy(),
        nn.Linear(8, 3),
    )  # fmt: skip
    frozen.eval()
    return model


@pure
@pytest.mark.parametrize("batch_size", [None, 16])
def test_evaluating_on_valid_never_changes_training(batch_size):
    train, valid = split(*spiral(30, seed=0), seed=0)
    alone, watched = tricky(), tricky()
    settings = {"num_epochs": 4, "lr": 0.05, "batch_size": batch_size, "seed": 3}
    first = fit(alone, *train, **settings)
    second = fit(watched, *train, valid=valid, **settings)
    assert first.step_loss == second.step_loss
    assert_same(alone, watched)  # BatchNorm's buffers are in the state
    assert not watched[1].training
    assert watched[3].training


@pure
def test_evaluating_inside_on_epoch_never_changes_training():
    X, y = spiral(30, seed=0)
    runs = [
        fit(tricky(), X, y, num_epochs=4, lr=0.05, seed=3, on_epoch=callback).step_loss
        for callback in (None, lambda epoch, model: evaluate(model, X, y),
                         lambda epoch, model: model.eval())
    ]  # fmt: skip
    assert runs[0] == runs[1] == runs[2]


def test_watch_around_fit_records_training_only():
    train, valid = split(*spiral(30, seed=0), seed=0)
    model = mlp([2, 8, 3], seed=0)
    with watch(model) as stats:
        fit(model, *train, valid=valid, num_epochs=3, lr=0.1)
    assert len(stats["1"].mean) == 3


def test_fit_leaves_its_own_hooks_nowhere():
    model = mlp([2, 8, 3], seed=0)
    fit(model, *spiral(10, seed=0), valid=spiral(10, seed=1), num_epochs=2, lr=0.1)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def augmented() -> nn.Module:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(64, 3))
    return Augmented(net, crop=1, brightness=0.3)


@pure
def test_fit_seed_covers_dropout_augmentation_and_other_libraries_and_leaves_no_trace():
    X, y = torch.rand(30, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(30) % 3
    runs, states = [], []
    for ambient in (1, 2):
        torch.manual_seed(ambient)
        random.seed(ambient)
        np.random.seed(ambient)
        model = nn.Sequential(augmented(), Noisy())
        torch.manual_seed(ambient)
        before = (torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist())
        runs.append(fit(model, X, y, num_epochs=3, lr=0.1, batch_size=8, seed=4).step_loss)
        after = (torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist())
        states.append(torch.equal(before[0], after[0]) and before[1:] == after[1:])
    assert runs[0] == runs[1]
    assert states == [True, True]


def test_fit_different_seeds_drop_different_units():
    X, y = spiral(30, seed=0)
    runs = {tuple(fit(tricky(), X, y, num_epochs=2, lr=0.1, seed=s).step_loss) for s in range(4)}
    assert len(runs) == 4


def test_fit_the_order_of_batches_does_not_depend_on_dropout():
    class Spy(nn.Module):
        def __init__(self, p):
            super().__init__()
            self.layer, self.drop, self.seen = nn.Linear(1, 2), nn.Dropout(p), []

        def forward(self, x):
            self.seen.append(x[:, 0].tolist())
            return self.layer(self.drop(x))

    X, seen = torch.arange(12.0)[:, None], []
    for p in (0.0, 0.5):
        model = Spy(p)
        fit(model, X, torch.zeros(12).long(), lr=0.1, num_epochs=2, batch_size=4, seed=3)
        seen.append(model.seen)
    assert seen[0] == seen[1]


def test_fit_valid_records_come_from_eval_mode_on_the_given_epochs():
    train, valid = split(*spiral(40, seed=0), seed=0)
    model = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Linear(8, 3))
    history = fit(model, *train, num_epochs=5, lr=1e-2, valid=valid, eval_every=2, seed=0)
    assert history.valid_epochs == [2, 4, 5]
    loss, right = evaluate(model, *valid)
    assert history.valid_accuracy[-1] == pytest.approx(right)
    assert history.valid_loss[-1] == pytest.approx(loss)


def test_fit_regression_has_no_accuracy():
    X = torch.randn(20, 1)
    history = fit(nn.Linear(1, 1), X, 2 * X, loss_fn=F.mse_loss, optimizer="sgd", lr=0.1,
                  num_epochs=3, valid=(X, 2 * X))  # fmt: skip
    assert history.train_accuracy == []
    assert history.valid_accuracy == []
    assert history.train_loss[-1] < history.train_loss[0]


def test_fit_calls_on_epoch_after_each_epoch():
    calls = []
    fit(nn.Linear(1, 2), torch.ones(3, 1), torch.tensor([0, 1, 0]), num_epochs=3, lr=0.1,
        on_epoch=lambda epoch, model: calls.append(epoch))  # fmt: skip
    assert calls == [1, 2, 3]


def on_device(batch_size, valid, num_epochs) -> CountSyncs:
    """Train on the meta device, a stand-in for an accelerator, and count what waits for it."""
    X, y = torch.empty(20, 2, device="meta"), torch.empty(20, dtype=torch.int64, device="meta")
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    with CountSyncs() as syncs:
        fit(model, X, y, valid=(X, y) if valid else None, lr=0.1, num_epochs=num_epochs,
            batch_size=batch_size, seed=0 if batch_size else None)  # fmt: skip
    return syncs


@pytest.mark.parametrize("valid", [False, True])
def test_fit_mini_batches_on_a_device_add_no_synchronisation_per_step(valid):
    few, many = (on_device(size, valid, num_epochs=4).total for size in (20, 2))
    assert few == many  # 4 steps or 40


def test_fit_on_a_device_synchronises_once_whatever_the_number_of_epochs():
    assert on_device(5, False, 2).total == on_device(5, False, 8).total


def test_fit_and_evaluate_make_no_float64_off_the_cpu():
    X, y = torch.empty(20, 2, device="meta"), torch.empty(20, dtype=torch.int64, device="meta")
    with torch.device("meta"):
        model = mlp([2, 8, 3])
    with NoFloat64OffCpu(), CountSyncs():
        fit(model, X, y, valid=(X, y), lr=0.1, num_epochs=2, batch_size=8, seed=0)
        evaluate(model, X, y)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"num_epochs": 0}, "num_epochs"),
        ({"num_epochs": 1, "batch_size": 2}, "seed"),
        ({"num_epochs": 1, "batch_size": 0, "seed": 1}, "batch_size"),
        ({"num_epochs": 1, "optimizer": "sdg", "lr": 1.0}, "optimizer.*'sdg'"),
        ({"num_epochs": 1, "eval_every": 0}, "eval_every"),
        ({"num_epochs": 1, "lr": -0.1}, "lr.*-0.1"),
        ({"num_epochs": 1, "seed": -1}, "seed"),
    ],
)
def test_fit_rejects_bad_input_by_name(options, named):
    with pytest.raises(ValueError, match=named):
        fit(nn.Linear(1, 2), torch.ones(4, 1), torch.zeros(4).long(), **options)


def test_fit_rejects_data_that_cannot_be_trained_on_and_leaves_the_model_alone(unchecked):
    y = torch.zeros(4).long()
    cases = [
        (torch.ones(3, 1), y, "3 与 4"),
        (torch.empty(0, 1), y[:0], r"X.*\(0, 1\)"),
        (torch.tensor([[1.0], [torch.nan], [0.0], [0.0]]), y, "X.*NaN"),
        (torch.ones(4, 1), torch.tensor([0, 1, 2, 0]), "y.*0 与 1.*2"),
        (torch.ones(4, 1), torch.tensor([0, -1, 1, 0]), "y.*-1"),
    ]
    for X, labels, message in cases:
        model = nn.Linear(1, 2)
        before = model.weight.clone()
        with pytest.raises(ValueError, match=message):
            fit(model, X, labels, num_epochs=1, lr=0.1)
        assert torch.equal(model.weight, before)


def test_fit_rejects_wrong_kinds_of_data(unchecked):
    X, y, model = torch.ones(4, 1), torch.zeros(4).long(), nn.Linear(1, 2)
    loader = DataLoader(TensorDataset(X, y), batch_size=2)
    for arguments, options, message in [
        (([[1.0]], y), {}, "X.*list"),
        ((X, y), {"valid": X}, "valid"),
        ((X, y), {"optimizer": 3}, "optimizer.*3"),
        ((DataLoader(TensorDataset(X), batch_size=2),), {}, "X.*两个张量"),
    ]:
        with pytest.raises(TypeError, match=message):
            fit(model, *arguments, num_epochs=1, **options)
    with pytest.raises(ValueError, match="DataLoader"):
        fit(model, loader, y, num_epochs=1)
    with pytest.raises(ValueError, match="batch_size=2"):
        fit(model, loader, num_epochs=1, batch_size=2)
    stranger = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    with pytest.raises(ValueError, match="optimizer"):
        fit(model, X, y, num_epochs=1, optimizer=stranger)


def test_make_optimizer_refuses_options_for_a_finished_optimizer():
    layer = nn.Linear(1, 1)
    done = torch.optim.SGD(layer.parameters(), lr=0.1)
    assert make_optimizer(done, layer.parameters()) is done
    with pytest.raises(ValueError, match="lr"):
        make_optimizer(done, layer.parameters(), lr=0.2)
