"""The training loop against loops written by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dlnotes.data import spiral, split
from dlnotes.models import mlp
from dlnotes.training import accuracy, fit, make_optimizer


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
    for a, b in zip(model.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-12, rtol=0)


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


def test_fit_test_records_come_from_eval_mode_on_the_given_epochs():
    X, y, X_test, y_test = split(*spiral(40, seed=0), seed=0)
    model = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Linear(8, 3))
    torch.manual_seed(0)
    history = fit(model, X, y, num_epochs=5, lr=1e-2, test=(X_test, y_test), eval_every=2)
    assert history.test_epochs == [2, 4, 5]
    assert history.test_accuracy[-1] == pytest.approx(accuracy(model, X_test, y_test))


def test_fit_regression_has_no_accuracy():
    X = torch.randn(20, 1)
    history = fit(nn.Linear(1, 1), X, 2 * X, loss_fn=F.mse_loss, optimizer="sgd", lr=0.1,
                  num_epochs=3, test=(X, 2 * X))  # fmt: skip
    assert history.train_accuracy == []
    assert history.test_accuracy == []
    assert history.train_loss[-1] < history.train_loss[0]


def test_fit_calls_on_epoch_after_each_epoch():
    calls = []
    fit(nn.Linear(1, 2), torch.ones(3, 1), torch.tensor([0, 1, 0]), num_epochs=3, lr=0.1,
        on_epoch=lambda epoch, model: calls.append(epoch))  # fmt: skip
    assert calls == [1, 2, 3]


def test_accuracy_keeps_the_mode_of_the_model():
    model = nn.Linear(2, 2).train()
    accuracy(model, torch.zeros(2, 2), torch.tensor([0, 1]))
    assert model.training


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"num_epochs": 0}, "num_epochs"),
        ({"num_epochs": 1, "batch_size": 2}, "seed"),
        ({"num_epochs": 1, "batch_size": 0, "seed": 1}, "batch_size"),
        ({"num_epochs": 1, "optimizer": "sdg", "lr": 1.0}, "optimizer.*'sdg'"),
        ({"num_epochs": 1, "eval_every": 0}, "eval_every"),
    ],
)
def test_fit_rejects_bad_input_by_name(options, named):
    with pytest.raises(ValueError, match=named):
        fit(nn.Linear(1, 2), torch.ones(4, 1), torch.zeros(4).long(), **options)


def test_fit_rejects_unequal_lengths_before_training(unchecked):
    with pytest.raises(ValueError, match="3 与 4"):
        fit(nn.Linear(1, 2), torch.ones(3, 1), torch.zeros(4).long(), num_epochs=1)


def test_make_optimizer_refuses_options_for_a_finished_optimizer():
    layer = nn.Linear(1, 1)
    done = torch.optim.SGD(layer.parameters(), lr=0.1)
    assert make_optimizer(done, layer.parameters()) is done
    with pytest.raises(ValueError, match="lr"):
        make_optimizer(done, layer.parameters(), lr=0.2)
