"""Ablations: the table against `compare_all` and against single runs of `fit`."""

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn

from dlnotes.data import augment, spiral
from dlnotes.models import alexnet_small, lenet5, mlp
from dlnotes.plotting import LIGHT, draw_ablation
from dlnotes.training import (
    AblationTable,
    Augmented,
    GridEdgeWarning,
    ablate,
    accuracy,
    compare_all,
    evaluate,
    fit,
    make_factory,
)

TRAIN, VALID, TEST = (spiral(20, seed=seed) for seed in range(3))


def relu(seed: int) -> nn.Module:
    return mlp([2, 8, 3], seed=seed)


def linear(seed: int) -> nn.Module:
    return mlp([2, 8, 3], None, seed=seed)


def dropping(seed: int) -> nn.Module:
    return nn.Sequential(mlp([2, 8, 8], seed=seed), nn.Dropout(0.5), mlp([8, 3], seed=seed))


UP = [0.1, 0.11, 0.1, 0.09, 0.1, 0.12, 0.1, 0.1]
CLOSE = [0.1, 0.11, 0.1, 0.09, 0.1, 0.12, 0.1, -0.02]
NONE = [0.0, 0.01, 0.0, -0.01, 0.0, 0.01, -0.01, 0.0]


def make_table(*differences: list[float], margin: float | None = None) -> AblationTable:
    base = torch.tensor([0.5, 0.6, 0.55, 0.52, 0.58, 0.53, 0.51, 0.59], dtype=torch.float64)
    test = torch.stack([base, *(base + torch.tensor(d, dtype=torch.float64) for d in differences)])
    names = ["基线", *(f"变体{i}" for i in range(1, len(test)))]
    size = len(names)
    return AblationTable(names, [*range(8)], [0.1] * size, [10] * size, test, test, margin)


def test_comparison_equals_compare_all_over_the_whole_table():
    table = make_table(UP, CLOSE, NONE, margin=0.05)
    found = compare_all(dict(zip(table.names, table.test, strict=True)), margin=0.05)
    for name in table.names[1:]:
        ours, theirs = table.comparison(name), found[name]
        assert torch.equal(ours.differences, table.difference(name))
        assert (ours.p_holm, ours.interval, str(ours)) == (
            theirs.p_holm, theirs.interval, str(theirs),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("difference", "margin", "verdict"),
    [
        (UP, None, "更高"),
        ([-d for d in UP], None, "更低"),
        (NONE, None, "分不出"),
        (NONE, 0.05, "相当"),
        ([0.0] * 8, None, "分不出"),
        ([0.1] * 8, 0.2, "更高"),
    ],
)
def test_verdict_follows_the_paired_difference(difference, margin, verdict):
    assert make_table(difference, margin=margin).verdict("变体1") == verdict


def test_verdict_is_corrected_for_the_number_of_comparisons():
    alone, crowded = make_table(CLOSE), make_table(CLOSE, NONE, NONE, NONE)
    assert alone.comparison("变体1").p_value == crowded.comparison("变体1").p_value
    assert alone.verdict("变体1") == "更高"
    assert crowded.verdict("变体1") == "分不出"
    assert crowded.verdict("基线") == "基线"
    with pytest.raises(ValueError, match="基线之外"):
        crowded.comparison("基线")


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


def test_ablate_by_hand_with_dropout_schedule_and_lr_search():
    seeds, lrs = [5, 6, 7], [1e-4, 0.05, 1e-3]
    settings = {"num_epochs": 6, "batch_size": 16, "schedule": lambda step: 0.9**step}
    table = ablate({"a": relu, "b": dropping}, lambda seed: spiral(20, seed=seed), TEST,
                   valid=VALID, seeds=seeds, lr=lrs, allow_edge=True, weight_decay=0.01,
                   **settings)  # fmt: skip
    for row, make in enumerate((relu, dropping)):
        train, valid, test = torch.zeros(3, 3, 3, dtype=torch.float64)
        for g, lr in enumerate(lrs):
            for s, seed in enumerate(seeds):
                model = make(seed)
                history = fit(model, *spiral(20, seed=seed), lr=lr, seed=seed, weight_decay=0.01,
                              **settings)  # fmt: skip
                train[g, s] = history.train_accuracy[-1]
                valid[g, s] = evaluate(model, *VALID).accuracy
                test[g, s] = evaluate(model, *TEST).accuracy
        best = valid[:, :2].mean(1).argmax()  # the first two seeds choose
        assert table.lrs[row] == lrs[best]
        assert torch.equal(table.train[row], train[best])
        assert torch.equal(table.test[row], test[best])


def test_ablate_never_chooses_on_test_data():
    tables = [
        ablate({"a": relu, "b": linear}, TRAIN, test, valid=VALID, seeds=range(3),
               lr=[1e-9, 0.05, 1e-8], num_epochs=20, allow_edge=True)
        for test in (TEST, (TEST[0], (TEST[1] + 1) % 3))
    ]  # fmt: skip
    assert tables[0].lrs == tables[1].lrs
    assert not torch.equal(tables[0].test, tables[1].test)
    plain = ablate({"a": relu, "b": linear}, TRAIN, TEST, seeds=range(3), lr=0.05, num_epochs=20)
    assert torch.equal(tables[0].test, plain.test)


def test_ablate_chooses_on_validation_data_not_on_training_data():
    rotated = (VALID[0], (VALID[1] + 1) % 3)  # what trains well does badly here
    tables = [
        ablate({"a": relu, "b": relu}, TRAIN, TEST, valid=valid, seeds=range(3),
               lr=[1e-9, 0.05, 1e-8], num_epochs=40, allow_edge=True)
        for valid in (VALID, rotated)
    ]  # fmt: skip
    assert tables[0].lrs == [0.05, 0.05]
    assert max(tables[1].lrs) < 0.05


def test_ablate_warns_with_the_variants_name_when_lr_is_at_an_end_of_the_grid():
    arguments = {"valid": VALID, "seeds": range(2), "lr": [1e-9, 1e-8, 0.05], "num_epochs": 20}
    with pytest.warns(GridEdgeWarning, match="0.05 在网格的一端.*allow_edge") as record:
        ablate({"甲": relu, "乙": linear}, TRAIN, TEST, **arguments)
    assert [str(w.message)[:5] for w in record] == ["变体“甲”", "变体“乙”"]
    ablate({"甲": relu, "乙": linear}, TRAIN, TEST, **arguments, allow_edge=True)


def test_ablate_searching_with_every_seed_trains_nothing_twice():
    made = []

    def counting(seed: int) -> nn.Module:
        made.append(seed)
        return relu(seed)

    table = ablate({"a": counting, "b": relu}, TRAIN, TEST, valid=VALID, seeds=[1, 2], num_search=2,
                   lr=[1e-3, 0.05, 1e-4], num_epochs=2, allow_edge=True)  # fmt: skip
    assert made == [1, 2] * 3
    assert table.test.shape == (2, 2)


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
        ({"margin": 0.0}, "margin"),
        ({"test": (TEST[0], TEST[1][:-1])}, "test"),
    ],
)
def test_ablate_rejects_bad_arguments(changes, message):
    arguments = {"variants": {"a": relu, "b": linear}, "seeds": [0, 1], "lr": 0.1, "num_epochs": 1}
    with pytest.raises(ValueError, match=message):
        ablate(**{"data": TRAIN, "test": TEST, **arguments, **changes})


def test_unknown_variant_is_named_in_the_error():
    with pytest.raises(ValueError, match="变体9"):
        make_table(NONE).comparison("变体9")


def test_augmented_augments_in_training_only():
    X = torch.rand(4, 1, 8, 8)
    model = Augmented(nn.Identity(), crop=2)
    torch.manual_seed(0)
    moved = model(X)
    assert torch.equal(moved, augment(X, torch.Generator().manual_seed(0), crop=2))
    assert not torch.equal(moved, X)
    assert torch.equal(model.eval()(X), X)


def test_maker_passes_switches_and_fixes_the_parameters_by_seed():
    make = make_factory(
        alexnet_small, in_channels=1, image_size=16, width=1 / 16, augmentation={"crop": 1}
    )
    one, two, other = make(0), make(0), make(1)
    assert isinstance(one, Augmented)
    pairs = list(zip(one.parameters(), two.parameters(), other.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b, _ in pairs)
    assert any(not torch.equal(a, c) for a, _, c in pairs)
    plain = make_factory(lenet5, init="constant", image_size=16)(0)
    assert (plain.features[0].weight == 0.01).all()


def test_printed_table_has_a_row_for_each_variant():
    lines = str(make_table(UP, NONE)).splitlines()
    assert len(lines) == 4
    assert lines[1].endswith("基线")
    assert "+0.102" in lines[2]
    assert lines[2].endswith("0.016  更高")
    assert "分不出（能分出 " in lines[3]


def test_draw_ablation_marks_mean_and_interval_and_fills_what_differs():
    table = make_table(UP, NONE)
    ax = draw_ablation(table)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["变体1", "变体2"]
    interval, dot = ax.lines[2], ax.lines[3]
    wanted = [100 * x for x in table.comparison("变体1").interval]
    assert interval.get_xdata() == pytest.approx(wanted)
    assert dot.get_xdata()[0] == pytest.approx(100 * table.difference("变体1").mean().item())
    assert dot.get_markerfacecolor() == LIGHT["blue"]
    assert ax.lines[6].get_markerfacecolor() == LIGHT["paper"]
    plt.close("all")
