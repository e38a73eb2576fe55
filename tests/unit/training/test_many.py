"""Many seeds at once: always what `fit` gives seed by seed, whatever the network and optimizer."""

import math
import warnings

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from dlnotes import optim
from dlnotes.data import spiral, split
from dlnotes.models import lenet5, mlp
from dlnotes.optim.schedules import cosine
from dlnotes.training import (
    Augmented,
    GridEdgeWarning,
    SeedRuns,
    evaluate,
    fit,
    fit_seeds,
    predict,
    stacked,
    summarize,
)
from dlnotes.training import many as module

METRICS = ("train_loss", "train_accuracy", "valid_loss", "valid_accuracy")


def double_mlp(seed: int) -> nn.Module:
    return mlp([2, 8, 3], nn.Tanh, seed=seed).double()


@pytest.fixture
def data():
    (X, y), (X_valid, y_valid) = split(*spiral(30, seed=0), seed=0)
    return (X.double(), y), (X_valid.double(), y_valid)


def assert_equals_fit(make_model, data, *, lrs, seeds, valid=None, atol=1e-9, **options):
    """Oracle: `fit`, one network after the other; float64, so that only rounding may differ."""
    runs = fit_seeds(make_model, data, seeds=seeds, lr=lrs, valid=valid, **options)
    for g, lr in enumerate(lrs):
        for s, seed in enumerate(seeds):
            twin = make_model(seed)
            own, own_valid = (d(seed) if callable(d) else d for d in (data, valid))
            history = fit(twin, *own, lr=lr, seed=seed, valid=own_valid, **options)
            for metric in METRICS:
                expected = torch.tensor(getattr(history, metric), dtype=torch.float64)
                torch.testing.assert_close(getattr(runs, metric)[g, s], expected, atol=atol, rtol=0)
            assert runs.valid_epochs == history.valid_epochs
            for a, b in zip(
                runs.models[g][s].state_dict().values(), twin.state_dict().values(), strict=True
            ):
                torch.testing.assert_close(a, b, atol=atol, rtol=0)
    return runs


SMOOTH = [nn.Tanh, nn.Sigmoid, nn.GELU, nn.SiLU, nn.Softplus, nn.ELU, nn.ReLU, nn.LeakyReLU]
NORMS = [None, None, lambda w: nn.LayerNorm(w), lambda w: nn.GroupNorm(1, w),
         lambda w: nn.BatchNorm1d(w), lambda w: nn.Dropout(0.4)]  # fmt: skip
RULES = [
    ("sgd", {"momentum": 0.9, "nesterov": True, "weight_decay": 1e-2}),
    ("sgd", {}),
    ("adam", {"weight_decay": 1e-3, "amsgrad": True}),
    ("adamw", {"weight_decay": 1e-2}),
    ("rmsprop", {"momentum": 0.5, "centered": True}),
    ("adagrad", {"lr_decay": 0.1}),
    (torch.optim.NAdam, {}),
    (torch.optim.Adafactor, {}),  # not element by element: must not be stacked
    (torch.optim.Adadelta, {}),
    (optim.SGD, {"weight_decay": 1e-2}),
    (optim.Momentum, {"momentum": 0.8}),
    (optim.Nesterov, {}),
    (optim.Adagrad, {}),
    (optim.RMSprop, {}),
    (optim.Adam, {}),
    (optim.AdamW, {"weight_decay": 0.1}),
    (lambda params, lr: torch.optim.Adam(params, lr=lr), {}),
]


class Functional(nn.Module):
    """Dropout called as a function: nothing in the module tree shows it."""

    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, 3))

    def forward(self, x):
        return F.dropout(self.layers(x), 0.3, self.training)


class Tied(nn.Module):
    """One weight used twice."""

    def __init__(self, width: int):
        super().__init__()
        self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)
        self.second.weight = self.first.weight
        self.last = nn.Linear(2, 3)

    def forward(self, x):
        return self.last(torch.tanh(self.second(torch.tanh(self.first(x)))))


@st.composite
def networks(draw):
    """A function from the seed to a network, with something special now and then."""
    widths = draw(st.lists(st.sampled_from([3, 4, 6]), min_size=1, max_size=2))
    activation, norm = draw(st.sampled_from(SMOOTH)), draw(st.sampled_from(NORMS))
    special = draw(st.sampled_from(["", "", "", "frozen", "functional", "tied", "hook", "eval"]))

    def make(seed: int) -> nn.Module:
        torch.manual_seed(seed)
        if special in ("functional", "tied"):
            return {"functional": Functional, "tied": Tied}[special](4).double()
        layers, last = [], 2
        for width in widths:
            layers += [nn.Linear(last, width), *([norm(width)] if norm else []), activation()]
            last = width
        model = nn.Sequential(*layers, nn.Linear(last, 3)).double()
        if special == "frozen":
            model[0].requires_grad_(False)
        if special == "hook":
            model[0].register_forward_hook(lambda m, inputs, output: 0.5 * output)
        if special == "eval":
            model[1].eval()
        return model

    return make


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    make_model=networks(), rule=st.sampled_from(RULES), batch_size=st.sampled_from([None, 13]),
    schedule=st.sampled_from([None, cosine(40)]), own_data=st.booleans(),
    lrs=st.sampled_from([[0.02], [0.005, 0.05]]), watched=st.booleans(),
)  # fmt: skip
def test_fit_seeds_equals_fit_run_seed_by_seed(
    make_model, rule, batch_size, schedule, own_data, lrs, watched
):
    def own(seed):
        X, y = spiral(10, seed=seed)
        return X.double(), y

    optimizer, options = rule
    torch.manual_seed(99)  # the ambient state must not matter
    assert_equals_fit(
        make_model, own if own_data else own(0), valid=own if watched else None, lrs=lrs,
        seeds=[3, 5, 8], optimizer=optimizer, batch_size=batch_size, schedule=schedule,
        num_epochs=5, eval_every=2, atol=1e-8, **options,
    )  # fmt: skip


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if isinstance(rule[0], str)], ids=lambda rule: rule[0]
)
@pytest.mark.parametrize("batch_size", [None, 16])
def test_fit_seeds_equals_fit_to_rounding(data, rule, batch_size):
    assert_equals_fit(double_mlp, data[0], valid=data[1], lrs=[0.01, 0.1], seeds=[3, 5, 8],
                      optimizer=rule[0], batch_size=batch_size, num_epochs=12, eval_every=5,
                      **rule[1])  # fmt: skip


def stacked_calls(monkeypatch) -> list[int]:
    calls = []
    inner = module.fit_stacked
    monkeypatch.setattr(
        module, "fit_stacked", lambda cells, **o: (calls.append(len(cells)), inner(cells, **o))[1]
    )
    return calls


def special(kind: str):
    def make(seed: int) -> nn.Module:
        torch.manual_seed(seed)
        model = {
            "plain": lambda: mlp([2, 6, 3], nn.Tanh),
            "batch norm": lambda: nn.Sequential(
                nn.Linear(2, 6), nn.BatchNorm1d(6), nn.Linear(6, 3)
            ),
            "dropout": lambda: nn.Sequential(nn.Linear(2, 6), nn.Dropout(0.5), nn.Linear(6, 3)),
            "functional dropout": lambda: Functional(4),
            "tied": lambda: Tied(4),
            "frozen": lambda: mlp([2, 6, 3], nn.Tanh),
            "hook": lambda: mlp([2, 6, 3], nn.Tanh),
        }[kind]().double()
        if kind == "frozen":
            model[0].requires_grad_(False)
        if kind == "hook":
            model[0].register_forward_hook(lambda m, inputs, output: 0.5 * output)
        return model

    return make


@pytest.mark.parametrize(
    ("kind", "is_stacked"),
    [("plain", True), ("batch norm", False), ("dropout", False), ("functional dropout", False),
     ("tied", False), ("frozen", False), ("hook", False)],
)  # fmt: skip
def test_fit_seeds_stacks_what_is_safe_and_nothing_else(data, monkeypatch, kind, is_stacked):
    calls = stacked_calls(monkeypatch)
    fit_seeds(special(kind), data[0], seeds=range(4), lr=0.1, num_epochs=1)
    assert calls == ([4] if is_stacked else [])


@pytest.mark.parametrize("rule", [torch.optim.Adafactor, lambda p, lr: torch.optim.SGD(p, lr=lr)])
def test_fit_seeds_does_not_stack_an_optimizer_it_does_not_know(data, monkeypatch, rule):
    calls = stacked_calls(monkeypatch)
    fit_seeds(double_mlp, data[0], seeds=range(4), lr=0.1, num_epochs=1, optimizer=rule)
    assert calls == []


def test_fit_seeds_falls_back_when_vmap_refuses_though_the_reader_vouches(data, monkeypatch):
    calls = stacked_calls(monkeypatch)
    runs = fit_seeds(special("functional dropout"), data[0], seeds=range(4), lr=0.1, num_epochs=3,
                     stack=True)  # fmt: skip
    assert calls == [4, 3, 2]
    h = fit(special("functional dropout")(2), *data[0], lr=0.1, num_epochs=3, seed=2)
    assert runs.train_loss[0, 2].tolist() == h.train_loss


def test_fit_seeds_stacks_convolutions_too(monkeypatch):
    calls = stacked_calls(monkeypatch)
    X = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(0)).double()
    monkeypatch.setattr(stacked, "CACHE_FLOATS", 2**24)
    assert_equals_fit(lambda s: lenet5(3, image_size=16, seed=s).double(), (X, torch.arange(6) % 3),
                      lrs=[0.01, 0.1], seeds=[0, 1], num_epochs=3)  # fmt: skip
    assert calls == [4]


def test_fit_seeds_augments_seed_by_seed(monkeypatch):
    def make(seed):
        return Augmented(nn.Sequential(nn.Flatten(), mlp([64, 3], seed=seed)).double(), crop=1)

    calls = stacked_calls(monkeypatch)
    X = torch.rand(9, 1, 8, 8, generator=torch.Generator().manual_seed(0)).double()
    assert_equals_fit(make, (X, torch.arange(9) % 3), lrs=[0.1], seeds=range(4), num_epochs=3)
    assert calls == []


def test_fit_seeds_bounds_what_it_stacks_by_the_memory(data, monkeypatch):
    calls = stacked_calls(monkeypatch)
    monkeypatch.setattr(stacked, "CACHE_FLOATS", 5 * 72 * 8)  # 72 samples × 8 units, five times
    assert_equals_fit(double_mlp, data[0], lrs=[0.1], seeds=range(12), num_epochs=2)
    assert calls == [5, 5]  # two more of a network this large are not worth stacking


@pytest.mark.parametrize(("free", "expected"), [(2**20, 7), (2**22, 31), (2**40, 1024), (0, 1)])
def test_stacks_take_a_quarter_of_the_free_memory_of_a_device(monkeypatch, free, expected):
    X = torch.empty(100, 2, device="meta")
    with torch.device("meta"):
        model = mlp([2, 10, 3])
    monkeypatch.setattr(stacked, "free_memory", lambda device: free)
    cell = module.Cell(model, 0, 0.1, (X, torch.empty(100)), None)
    # by hand: 4 modules, largest output 100 × 10, 63 weights, 4 bytes a number: 33,008 bytes a copy
    assert stacked._room(cell, None) == expected


def test_fit_seeds_data_may_have_other_sizes_from_seed_to_seed():
    def own(seed):
        X, y = spiral(10 + seed, seed=seed)
        return X.double(), y

    assert_equals_fit(double_mlp, own, valid=own, lrs=[0.1], seeds=[0, 1, 2], num_epochs=3)


def test_fit_seeds_regression_has_no_accuracy():
    X = torch.randn(12, 1, generator=torch.Generator().manual_seed(0)).double()
    runs = assert_equals_fit(
        lambda s: mlp([1, 1], seed=s).double(), (X, 2 * X), valid=(X, 2 * X), lrs=[0.01, 0.1],
        seeds=range(4), optimizer="sgd", num_epochs=3, loss_fn=F.mse_loss,
    )  # fmt: skip
    assert runs.train_accuracy.shape == (2, 4, 0)
    with pytest.raises(ValueError, match="train_accuracy"):
        runs.final("train_accuracy")


def test_fit_seeds_without_a_rate_uses_the_optimizers_own(data):
    runs = fit_seeds(double_mlp, data[0], seeds=range(4), num_epochs=2)
    h = fit(double_mlp(3), *data[0], num_epochs=2, seed=3)
    assert runs.train_loss[0, 3].tolist() == pytest.approx(h.train_loss, abs=1e-9)
    assert math.isnan(runs.lrs[0])


def test_seed_runs_evaluate_equals_evaluate_model_by_model(data):
    runs = fit_seeds(double_mlp, data[0], seeds=range(3), lr=[0.01, 0.1], num_epochs=2)
    for metric in ("accuracy", "loss"):
        expected = [[getattr(evaluate(m, *data[1]), metric) for m in row] for row in runs.models]
        assert runs.evaluate(data[1], metric).tolist() == expected
        assert runs.evaluate(lambda seed: data[1], metric).tolist() == expected


def test_seed_runs_predict_stacks_the_outputs_of_every_network(data):
    runs = fit_seeds(double_mlp, data[0], seeds=range(3), lr=[0.01, 0.1], num_epochs=2)
    X, y = data[1]
    found = runs.predict(lambda seed: (X + seed, y))
    assert found.shape == (2, 3, len(X), 3)
    assert not found.requires_grad
    for g in range(2):
        for s in range(3):
            assert torch.equal(found[g, s], predict(runs.models[g][s], X + s))
    right = (runs.predict(data[1]).argmax(-1) == y).double().mean(-1)
    assert torch.equal(right, runs.evaluate(data[1]))


def test_seed_runs_predict_wants_as_many_samples_for_every_seed(data):
    runs = fit_seeds(double_mlp, data[0], seeds=range(2), lr=0.1, num_epochs=1)
    X, y = data[1]
    with pytest.raises(ValueError, match="data 应让每个种子的输出形状相同"):
        runs.predict(lambda seed: (X[seed:], y[seed:]))


def runs_with(values: list[float], lrs: list[float] | None = None) -> SeedRuns:
    """Two seeds that agree, one learning rate for each value."""
    accuracy = torch.tensor(values, dtype=torch.float64)[:, None, None].expand(-1, 2, 1)
    lrs = lrs or [10.0 ** -(len(values) - i) for i in range(len(values))]
    none = torch.zeros(len(values), 2, 0)
    return SeedRuns([0, 1], lrs, [], 1 - accuracy, accuracy, none, none, [])


@pytest.mark.parametrize(
    ("values", "best"), [([0.1, 0.9, 0.3], 1), ([math.nan, 0.9, 0.3], 1), ([0.5, 0.9, 0.9, 0.9], 2)]
)
def test_best_picks_the_highest_mean_and_the_middle_of_a_tie(values, best):
    assert runs_with(values).best("train_accuracy") == best
    assert runs_with(values).best("train_loss") == best


@pytest.mark.parametrize("values", [[0.9, 0.5, 0.1], [0.1, 0.5, 0.9], [0.1, 0.9]])
def test_best_warns_at_the_end_of_the_grid(values):
    with pytest.warns(GridEdgeWarning, match="一端"):
        runs_with(values).best("train_accuracy")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runs_with(values).best("train_accuracy", allow_edge=True)
        runs_with([0.3]).best("train_accuracy")


def test_best_sees_the_end_of_an_unordered_grid():
    with pytest.warns(GridEdgeWarning):
        runs_with([0.1, 0.9, 0.3], lrs=[0.1, 1.0, 0.01]).best("train_accuracy")
    assert runs_with([0.1, 0.3, 0.9], lrs=[0.01, 1.0, 0.1]).best("train_accuracy") == 2


def test_table_agrees_with_the_numbers(data):
    runs = fit_seeds(double_mlp, data[0], seeds=range(3), lr=[1e-6, 0.05], num_epochs=30)
    mean, std, _ = summarize(runs.final()[1])
    assert f"{mean:.3f} ± {std:.3f}" in runs.table()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"seeds": []}, "seeds"),
        ({"seeds": [1, 1]}, "seeds"),
        ({"seeds": [-1]}, "seeds.*-1"),
        ({"lr": -1.0}, "lr"),
        ({"lr": []}, "lr"),
        ({"lr": [0.1, 0.1]}, "lr"),
        ({"num_epochs": 0}, "num_epochs"),
        ({"optimizer": "nope"}, "optimizer"),
        ({"batch_size": 0}, "batch_size"),
        ({"eval_every": 0}, "eval_every"),
    ],
)
def test_fit_seeds_rejects_bad_input_by_name(data, options, named, unchecked):
    good = {"seeds": [0, 1, 2, 3], "lr": 0.1, "num_epochs": 1}
    with pytest.raises(ValueError, match=named):
        fit_seeds(double_mlp, data[0], **{**good, **options})


def test_fit_seeds_rejects_classes_beyond_the_outputs_and_strange_data(data, unchecked):
    X, y = data[0]
    with pytest.raises(ValueError, match=r"y.*0 与 2.*5"):
        fit_seeds(double_mlp, (X, y + 3), seeds=range(4), lr=0.1, num_epochs=1)
    with pytest.raises(ValueError, match="NaN"):
        fit_seeds(double_mlp, (X * math.nan, y), seeds=range(4), lr=0.1, num_epochs=1)
    with pytest.raises(TypeError, match="make_model"):
        fit_seeds(lambda seed: None, (X, y), seeds=range(4), lr=0.1, num_epochs=1)
    with pytest.raises(TypeError, match="data"):
        fit_seeds(double_mlp, X, seeds=range(4), lr=0.1, num_epochs=1)
    rule = torch.optim.SGD(double_mlp(0).parameters(), lr=0.1)
    with pytest.raises(TypeError, match="optimizer"):
        fit_seeds(double_mlp, (X, y), seeds=range(4), num_epochs=1, optimizer=rule)
