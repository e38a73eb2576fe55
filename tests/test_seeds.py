"""Many seeds at once against the loop run seed by seed."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from dlnotes import seeds as seeds_module
from dlnotes.data import spiral, split
from dlnotes.models import mlp
from dlnotes.seeds import fit_seeds, mean_sd, summarize
from dlnotes.training import fit


def double_mlp(seed: int) -> nn.Module:
    return mlp([2, 8, 3], nn.Tanh, seed=seed).double()


@pytest.fixture
def data():
    X, y, X_test, y_test = split(*spiral(30, seed=0), seed=0)
    return (X.double(), y), (X_test.double(), y_test)


SETTINGS = [
    ("sgd", {"momentum": 0.9, "nesterov": True, "weight_decay": 1e-2}),
    ("adam", {"weight_decay": 1e-3}),
    ("adamw", {"weight_decay": 1e-2}),
    ("rmsprop", {}),
    ("adagrad", {}),
]


@pytest.mark.parametrize(("name", "options"), SETTINGS)
@pytest.mark.parametrize("batch_size", [None, 16])
def test_fit_seeds_equals_fit_run_seed_by_seed(data, name, options, batch_size):
    train, test = data
    lrs = [0.01, 0.1]
    runs = fit_seeds(double_mlp, train, seeds=[3, 5, 8], lr=lrs, num_epochs=12, optimizer=name,
                     batch_size=batch_size, test=test, eval_every=5, **options)  # fmt: skip
    assert runs.test_epochs == [5, 10, 12]
    for g, lr in enumerate(lrs):
        for s, seed in enumerate(runs.seeds):
            twin = double_mlp(seed)
            h = fit(twin, *train, optimizer=name, lr=lr, num_epochs=12, batch_size=batch_size,
                    seed=seed, test=test, eval_every=5, **options)  # fmt: skip
            for metric in ("train_loss", "train_accuracy", "test_loss", "test_accuracy"):
                torch.testing.assert_close(
                    getattr(runs, metric)[g, s],
                    torch.tensor(getattr(h, metric), dtype=torch.float64), atol=1e-9, rtol=0,
                )  # fmt: skip
            for a, b in zip(runs.models[g][s].parameters(), twin.parameters(), strict=True):
                torch.testing.assert_close(a, b, atol=1e-9, rtol=0)


def test_fit_seeds_really_stacks_small_models(data, monkeypatch):
    monkeypatch.setattr(seeds_module, "_fit_one", None)  # the slow path would fail
    assert fit_seeds(double_mlp, data[0], seeds=range(4), lr=0.1, num_epochs=2).seeds == [
        0,
        1,
        2,
        3,
    ]


def test_fit_seeds_data_may_differ_from_seed_to_seed():
    def own(seed):
        X, y = spiral(10, seed=seed)
        return X.double(), y

    runs = fit_seeds(double_mlp, own, seeds=[0, 1], lr=0.1, num_epochs=4, test=own)
    for s in (0, 1):
        h = fit(double_mlp(s), *own(s), lr=0.1, num_epochs=4)
        torch.testing.assert_close(
            runs.train_loss[0, s], torch.tensor(h.train_loss, dtype=torch.float64)
        )


def batch_norm_net(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))


def test_fit_seeds_takes_the_slow_path_for_batch_norm_and_gives_right_numbers():
    X, y = spiral(20, seed=0)
    runs = fit_seeds(batch_norm_net, (X, y), seeds=[0, 1], lr=0.05, num_epochs=4)
    h = fit(batch_norm_net(1), X, y, lr=0.05, num_epochs=4)
    assert runs.train_loss[0, 1].tolist() == pytest.approx(h.train_loss, abs=1e-6)
    assert runs.models[0][1][1].num_batches_tracked == 4


def test_fit_seeds_regression_has_no_accuracy():
    X = torch.randn(12, 1, generator=torch.Generator().manual_seed(0))
    runs = fit_seeds(lambda s: mlp([1, 1], seed=s), (X, 2 * X), seeds=[0, 1], lr=0.1,
                     optimizer="sgd", num_epochs=3, loss_fn=F.mse_loss)  # fmt: skip
    assert runs.train_accuracy.shape == (1, 2, 0)
    with pytest.raises(ValueError, match="train_accuracy"):
        runs.final("train_accuracy")


def test_seed_runs_best_and_table_agree_with_the_numbers(data):
    runs = fit_seeds(double_mlp, data[0], seeds=range(3), lr=[1e-6, 0.05], num_epochs=30)
    assert runs.best() == 1
    assert runs.best("train_loss") == 1
    mean, sd, _ = summarize(runs.final()[1])
    assert f"{mean:.3f} ± {sd:.3f}" in runs.table()


def test_summarize_half_width_is_students_t():
    # oracle: the tabulated quantile t(0.975, 4) = 2.776
    values = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    mean, sd, half = summarize(values)
    assert (mean, sd) == pytest.approx((3.0, math.sqrt(2.5)))
    assert half == pytest.approx(2.776 * sd / math.sqrt(5), rel=1e-3)
    assert mean_sd(values, 1) == "3.0 ± 1.6（n=5）"
    with pytest.raises(ValueError, match="两个"):
        summarize(torch.tensor([1.0]))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"seeds": []}, "seeds"),
        ({"seeds": [1, 1]}, "seeds"),
        ({"lr": -1.0}, "lr"),
        ({"lr": []}, "lr"),
        ({"num_epochs": 0}, "num_epochs"),
        ({"optimizer": "nope"}, "optimizer"),
    ],
)
def test_fit_seeds_rejects_bad_input_by_name(data, options, named, unchecked):
    good = {"seeds": [0, 1], "lr": 0.1, "num_epochs": 1}
    with pytest.raises(ValueError, match=named):
        fit_seeds(double_mlp, data[0], **{**good, **options})
