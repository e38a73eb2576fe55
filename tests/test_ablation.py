"""Ablations: the table against scipy and against single runs of `fit`."""

import matplotlib.pyplot as plt
import pytest
import torch
from scipy import stats
from torch import nn

from dlnotes.ablation import AblationTable, Augmented, ablate, draw_ablation, maker
from dlnotes.data import augment, spiral
from dlnotes.models import alexnet_small, lenet5, mlp
from dlnotes.plotting import LIGHT
from dlnotes.training import accuracy, fit

TRAIN, VALID, TEST = (spiral(20, seed=seed) for seed in range(3))


def relu(seed: int) -> nn.Module:
    return mlp([2, 8, 3], seed=seed)


def linear(seed: int) -> nn.Module:
    return mlp([2, 8, 3], None, seed=seed)


def dropping(seed: int) -> nn.Module:
    return nn.Sequential(mlp([2, 8, 8], seed=seed), nn.Dropout(0.5), mlp([8, 3], seed=seed))


def make_table(*differences: list[float]) -> AblationTable:
    base = torch.tensor([0.5, 0.6, 0.55, 0.52], dtype=torch.float64)
    test = torch.stack([base, *(base + torch.tensor(d, dtype=torch.float64) for d in differences)])
    names = ["基线", *(f"变体{i}" for i in range(1, len(test)))]
    size = len(names)
    return AblationTable(names, list(range(4)), [0.1] * size, [10] * size, test, test)


def test_interval_and_p_value_equal_scipy_paired_test():
    table = make_table([0.02, -0.01, 0.03, 0.015])
    oracle = stats.ttest_rel(table.test[1], table.test[0])
    low, high = oracle.confidence_interval(0.95)
    assert table.interval("变体1") == pytest.approx((low, high), rel=1e-9)
    assert table.p_value("变体1") == pytest.approx(oracle.pvalue, rel=1e-9)


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [
        ([0.1, 0.11, 0.1, 0.09], "更高"),
        ([-0.1, -0.11, -0.1, -0.09], "更低"),
        ([0.1, 0.11, 0.1, 0.0], "分不清"),
        ([0.0, 0.0, 0.0, 0.0], "分不清"),
        ([0.1, 0.1, 0.1, 0.1], "更高"),
    ],
)
def test_verdict_follows_the_paired_difference(difference, verdict):
    assert make_table(difference).verdict("变体1") == verdict


def test_verdict_is_corrected_for_the_number_of_comparisons():
    close = [0.1, 0.11, 0.1, 0.02]  # p is between 0.05 / 2 and 0.05
    alone, crowded = make_table(close), make_table(close, [0.0] * 4)
    assert 0.025 < alone.p_value("变体1") < 0.05
    assert alone.verdict("变体1") == "更高"
    assert crowded.verdict("变体1") == "也许更高"
    assert crowded.verdict("基线") == "基线"


def test_ablate_equals_runs_of_fit_one_by_one():
    table = ablate({"a": relu, "b": linear}, TRAIN, TEST, seeds=[3, 4], lr=0.05, num_epochs=4,
                   batch_size=16)  # fmt: skip
    for row, make in enumerate((relu, linear)):
        for column, seed in enumerate((3, 4)):
            model = make(seed)
            history = fit(model, *TRAIN, lr=0.05, seed=seed, num_epochs=4, batch_size=16)
            assert table.train[row, column] == history.train_accuracy[-1]
            assert table.test[row, column] == accuracy(model, *TEST)
    assert table.num_params == [51, 51]


def test_ablate_picks_lr_on_validation_data_only():
    table = ablate({"a": relu, "b": dropping}, TRAIN, TEST, valid=VALID, seeds=range(3),
                   lr=[0.0, 0.05], num_epochs=60)  # fmt: skip
    assert table.lrs == [0.05, 0.05]
    chosen = ablate({"a": relu, "b": dropping}, TRAIN, TEST, seeds=range(3), lr=0.05, num_epochs=60)
    assert torch.equal(table.test, chosen.test)


def test_ablate_is_reproducible_with_dropout_and_keeps_the_random_state():
    results = []
    for ambient in (1, 2):
        torch.manual_seed(ambient)
        before = torch.random.get_rng_state()
        table = ablate({"a": dropping, "b": dropping}, TRAIN, TEST, seeds=range(2), lr=0.05,
                       num_epochs=5)  # fmt: skip
        assert torch.equal(torch.random.get_rng_state(), before)
        results.append(table.test)
    assert torch.equal(*results)
    assert torch.equal(results[0][0], results[0][1])


def test_ablate_gives_each_seed_its_own_data():
    seen = []

    def data(seed: int):
        seen.append(seed)
        return spiral(5, seed=seed)

    ablate({"a": relu, "b": linear}, data, TEST, seeds=[7, 9], lr=0.05, num_epochs=1)
    assert seen == [7, 9, 7, 9]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variants": {"a": relu}}, "variants"),
        ({"seeds": [1]}, "seeds"),
        ({"seeds": [1, 1]}, "seeds"),
        ({"lr": []}, "lr"),
        ({"lr": [-0.1]}, "lr"),
        ({"lr": [0.1, 0.2]}, "valid"),
        ({"num_search": 3}, "num_search"),
        ({"num_epochs": 0}, "num_epochs"),
    ],
)
def test_ablate_rejects_bad_arguments(changes, message):
    arguments = {"variants": {"a": relu, "b": linear}, "seeds": [0, 1], "lr": 0.1, "num_epochs": 1}
    with pytest.raises(ValueError, match=message):
        ablate(**{"data": TRAIN, "test": TEST, **arguments, **changes})


def test_unknown_variant_is_named_in_the_error():
    with pytest.raises(ValueError, match="变体9"):
        make_table([0.0] * 4).interval("变体9")


def test_augmented_augments_in_training_only():
    X = torch.rand(4, 1, 8, 8)
    model = Augmented(nn.Identity(), crop=2)
    torch.manual_seed(0)
    moved = model(X)
    assert torch.equal(moved, augment(X, torch.Generator().manual_seed(0), crop=2))
    assert not torch.equal(moved, X)
    assert torch.equal(model.eval()(X), X)


def test_maker_passes_switches_and_fixes_the_parameters_by_seed():
    make = maker(
        alexnet_small, in_channels=1, image_size=16, width=1 / 16, augmentation={"crop": 1}
    )
    one, two, other = make(0), make(0), make(1)
    assert isinstance(one, Augmented)
    pairs = list(zip(one.parameters(), two.parameters(), other.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b, _ in pairs)
    assert any(not torch.equal(a, c) for a, _, c in pairs)
    plain = maker(lenet5, init="constant", image_size=16)(0)
    assert (plain.features[0].weight == 0.01).all()


def test_printed_table_has_a_row_for_each_variant(capsys):
    make_table([0.1, 0.11, 0.1, 0.09]).print()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1].endswith("基线")
    assert "+0.100" in lines[2]
    assert lines[2].endswith("更高")


def test_draw_ablation_marks_mean_and_interval():
    table = make_table([0.1, 0.11, 0.1, 0.09], [0.0, 0.01, 0.0, -0.01])
    ax = draw_ablation(table)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["变体1", "变体2"]
    interval, dot = ax.lines[2], ax.lines[3]
    assert interval.get_xdata() == pytest.approx([100 * x for x in table.interval("变体1")])
    assert dot.get_xdata()[0] == pytest.approx(10)
    assert ax.lines[6].get_markerfacecolor() == LIGHT["paper"]
    plt.close("all")
