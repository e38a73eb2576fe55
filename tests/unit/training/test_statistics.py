"""Statistics: scipy, published tables, closed forms and simulated experiments as oracles."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats

from dlnotes.training import (
    bca_interval,
    compare,
    compare_all,
    detectable_difference,
    holm,
    mean_std,
    probability_greater,
    sign_flip_test,
    steps_to_target,
    summarize,
)
from dlnotes.training.significance import MAX_EXACT, min_pairs, sign_flip_p, step_levels

# Darwin's maize, cross- minus self-fertilised heights in eighths of an inch (Fisher 1935, §17)
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def tensor(values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def paired(*differences: list[float]) -> dict[str, torch.Tensor]:
    """A baseline and one method for each list of differences."""
    base = torch.linspace(0.5, 0.6, len(differences[0]), dtype=torch.float64)
    return {"基线": base, **{f"法{k}": base + tensor(d) for k, d in enumerate(differences, 1)}}


# summarize


def test_summarize_half_width_equals_scipy_t_interval():
    values = normal(7)
    mean, std, half = summarize(values)
    low, high = stats.ttest_1samp(values.numpy(), 0).confidence_interval(0.95)
    assert (mean - half, mean + half) == pytest.approx((low, high), rel=1e-9)
    assert std == pytest.approx(values.numpy().std(ddof=1))
    assert mean_std(tensor([0.5, 0.7])) == "0.600 ± 0.141（n=2）"


def test_summarize_lets_nan_through():
    assert all(map(math.isnan, summarize(tensor([1.0, math.nan]))))


# sign-flip test


def test_sign_flip_test_gives_fishers_published_value_for_darwins_maize():
    assert sign_flip_test(tensor(DARWIN)) == 1726 / 2**15


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("size", [2, 5, 10])
def test_sign_flip_test_equals_scipy_permutation_test(alternative, size):
    for seed in range(5):
        d = normal(size, seed=seed) + 0.3
        oracle = stats.permutation_test(
            (d.numpy(),), np.mean, permutation_type="samples", alternative=alternative,
            n_resamples=math.inf, vectorized=True,
        )  # fmt: skip
        assert sign_flip_test(d, alternative=alternative) == pytest.approx(oracle.pvalue)


def test_sign_flip_test_counts_ties_despite_rounding():
    # ties by the hundred: 0.1 + 0.2 != 0.3 in floating point, and worse in float32
    counts = [1, 2, 3, 3, -2, -1, 4, 0]
    exact = sum(abs(sum(s * c for s, c in zip(signs, counts, strict=True))) >= sum(counts)
                for signs in itertools.product((1, -1), repeat=8)) / 2**8  # fmt: skip
    assert sign_flip_test(tensor(counts) / 1000) == exact
    b = torch.linspace(0.8, 0.9, 8)
    a = b + torch.tensor(counts) / 100
    assert compare(a, b).p_value == exact


def test_sign_flip_test_of_zeros_is_one_and_of_one_sign_is_the_smallest():
    assert sign_flip_test(torch.zeros(6)) == 1
    assert sign_flip_test(torch.ones(6)) == 2**-5


def test_sign_flip_test_beyond_enumeration_agrees_with_the_t_test_and_is_reproducible():
    d = normal(MAX_EXACT + 20) + 0.35
    found = sign_flip_test(d)
    assert found == sign_flip_test(d)
    assert found == pytest.approx(stats.ttest_1samp(d.numpy(), 0).pvalue, rel=0.15)
    assert sign_flip_test(torch.ones(MAX_EXACT + 20)) == pytest.approx(1e-5)  # never 0


def test_sign_flip_test_sampled_agrees_with_enumeration():
    d = normal(MAX_EXACT) + 0.4
    padded = torch.cat([d, torch.zeros(1)])  # one zero more: same p, but sampled
    exact = sign_flip_test(d)
    assert sign_flip_test(padded) == pytest.approx(exact, abs=4 * math.sqrt(exact / 1e5))


# Holm


def test_holm_gives_the_published_adjusted_values():
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
    assert holm(tensor([0.01, 0.04, 0.03, 0.005])).tolist() == pytest.approx(
        [0.03, 0.06, 0.06, 0.02]
    )


def test_holm_equals_closed_testing_with_bonferroni():
    for seed in range(20):
        p = torch.rand(4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) ** 3
        sets = [s for k in range(1, 5) for s in itertools.combinations(range(4), k)]
        closed = [
            max(min(1, len(s) * min(p[j].item() for j in s)) for s in sets if i in s)
            for i in range(4)
        ]
        assert holm(p).tolist() == pytest.approx(closed)


def test_step_levels_follow_the_steps_until_the_first_failure():
    levels = step_levels(tensor([0.9, 0.001, 0.01, 0.04]))
    assert levels.tolist() == pytest.approx([0.05 / 2, 0.05 / 4, 0.05 / 3, 0.05 / 2])


# intervals and chances


def test_bca_interval_equals_the_textbook_formula():
    # Efron & Tibshirani (1993), equations 14.9 to 14.15, on resamples of our own
    x = np.exp(normal(12).numpy())
    means = np.random.default_rng(1).choice(x, (200_000, 12)).mean(1)
    z0 = stats.norm.ppf((means < x.mean()).mean())
    left_out = np.array([np.delete(x, k).mean() for k in range(12)])
    away = left_out.mean() - left_out
    acceleration = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    z = z0 + stats.norm.ppf([0.025, 0.975])
    wanted = np.quantile(means, stats.norm.cdf(z0 + z / (1 - acceleration * z)))
    assert bca_interval(torch.from_numpy(x)) == pytest.approx(wanted, rel=0.02)


def test_bca_interval_is_reproducible_and_shrinks_to_the_point_without_spread():
    d = normal(10)
    assert bca_interval(d) == bca_interval(d)
    assert bca_interval(d, seed=1) != bca_interval(d)
    narrow, wide = bca_interval(d, confidence=0.5), bca_interval(d)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    assert bca_interval(tensor([0.1] * 5)) == pytest.approx((0.1, 0.1))
    assert bca_interval(tensor([0.3 - 0.2, 0.1, 0.4 - 0.3])) == pytest.approx((0.1, 0.1))


def test_probability_greater_counts_pairs_with_ties_as_half():
    a, b = tensor([3.0, 2.0, 1.0, math.inf]), tensor([1.0, 2.0, 2.0, math.inf])
    assert probability_greater(a, b) == (1 + 0.5 + 0 + 0.5) / 4
    assert probability_greater(b, a) == 1 - probability_greater(a, b)


def test_probability_greater_approaches_the_closed_form_of_normal_pairs():
    a, b = normal(20_000, seed=1) + 0.5, normal(20_000, seed=2)
    assert probability_greater(a, b) == pytest.approx(stats.norm.cdf(0.5 / 2**0.5), abs=0.01)


# smallest detectable difference


@pytest.mark.parametrize(("effect", "num_pairs"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_detectable_difference_agrees_with_the_published_sample_sizes(effect, num_pairs):
    # pairs needed for 80 % power at 5 %, two-sided: Cohen's small, medium, large (G*Power)
    assert (
        detectable_difference(1.0, num_pairs) <= effect < detectable_difference(1.0, num_pairs - 1)
    )


@pytest.mark.parametrize(("num_pairs", "num_comparisons"), [(6, 1), (9, 9), (8, 5)])
def test_detectable_difference_at_the_smallest_p_has_a_closed_form(num_pairs, num_comparisons):
    # only all pairs of one sign will do: the power is Φ(δ)^S
    wanted = stats.norm.ppf(0.8 ** (1 / num_pairs))
    found = detectable_difference(2.0, num_pairs, level=0.05 / num_comparisons)
    assert found == pytest.approx(2 * wanted, rel=0.04)


@pytest.mark.parametrize(
    ("num_pairs", "num_comparisons"), [(7, 1), (10, 1), (10, 9), (12, 4), (14, 3)]
)
def test_detectable_difference_is_found_in_four_experiments_of_five(num_pairs, num_comparisons):
    level = 0.05 / num_comparisons
    shift = detectable_difference(1.0, num_pairs, level=level)
    p = sign_flip_p(normal(2000, num_pairs, seed=1) + shift)
    assert (p <= level).double().mean().item() == pytest.approx(0.8, abs=0.035)


def test_detectable_difference_is_infinite_just_below_the_fewest_pairs():
    for num_comparisons in range(1, 40):
        level = 0.05 / num_comparisons
        fewest = min_pairs(level)
        assert 2.0 ** (1 - fewest) <= level < 2.0 ** (2 - fewest)
        assert math.isinf(detectable_difference(1.0, fewest - 1, level=level))
    assert math.isfinite(detectable_difference(1.0, 9, level=0.05 / 8))


# steps to target


def test_steps_to_target_takes_the_first_arrival():
    curves = tensor([[0.1, 0.5, 0.4, 0.9], [0.1, 0.2, 0.3, 0.4], [0.7, math.nan, 0.1, 0.1]])
    assert steps_to_target(curves, 0.5).tolist() == [2, math.inf, 1]
    assert steps_to_target(curves, 0.5, steps=[0, 10, 20, 30]).tolist() == [10, math.inf, 0]
    assert steps_to_target(curves, 0.15, mode="min").tolist() == [1, 1, 3]
    assert steps_to_target(curves.float() * math.nan, 0.1).tolist() == [math.inf] * 3


def test_compare_by_ranks_takes_steps_that_were_never_reached():
    fast = tensor([10.0, 20, 30, 40, 50, 60, 70, 80])
    slow = tensor([100.0, math.inf, 300, math.inf, math.inf, 600, 700, 90])
    found = compare(fast, slow, names=("Adam", "SGD"), ranks=True)
    ranks = stats.rankdata(torch.cat([fast, slow]).numpy())
    assert found.differences.tolist() == (ranks[:8] - ranks[8:]).tolist()
    assert (found.verdict, found.probability_greater) == ("更低", 0)
    assert "Adam 的名次比 SGD 低 8.0 [" in str(found)
    never = torch.full((8,), math.inf, dtype=torch.float64)
    assert compare(never, never.clone(), ranks=True).p_value == 1


# comparisons


def test_comparison_carries_what_the_parts_give():
    results = {"基线": normal(10, seed=1), "a": normal(10, seed=2) + 2, "b": normal(10, seed=3)}
    found = compare_all(results)
    raw = [sign_flip_test(results[k] - results["基线"]) for k in "ab"]
    for k, name in enumerate("ab"):
        d = results[name] - results["基线"]
        assert found[name].names == (name, "基线")
        assert found[name].p_value == raw[k]
        assert found[name].p_holm == holm(tensor(raw))[k]
        assert found[name].mean_difference == d.mean()
        assert found[name].interval == bca_interval(d)
        assert found[name].num_pairs == 10
        assert found[name].detectable == detectable_difference(
            d.std().item(), 10, level=[0.025, 0.05][k]
        )
    assert [c.verdict for c in found.values()] == ["更高", "分不出"]


def test_compare_all_takes_any_baseline_and_flips_the_sign():
    results = {"a": normal(10, seed=1), "b": normal(10, seed=2) + 2}
    forward, back = compare_all(results)["b"], compare_all(results, baseline="b")["a"]
    assert torch.equal(forward.differences, -back.differences)
    assert (forward.verdict, back.verdict) == ("更高", "更低")
    assert forward.p_value == back.p_value


def test_holm_over_the_call_decides_not_the_single_p_value():
    close = [0.01, 0.02, 0.01, 0.03, 0.02, 0.01, -0.01, 0.02]  # p = 6 / 256
    zeros = [0.0] * 8
    alone = compare_all(paired(close))["法1"]
    crowded = compare_all(paired(close, zeros, zeros))["法1"]
    assert alone.p_value == crowded.p_value < 0.05 < crowded.p_holm
    assert (alone.verdict, crowded.verdict) == ("更高", "分不出")
    assert crowded.interval[0] > 0  # the interval describes, it does not decide


def test_sentences_say_verdict_numbers_and_limits():
    up = [0.02, 0.03, 0.02, 0.03, 0.02, 0.03, 0.02, 0.03]
    mixed = [0.02, -0.03, 0.01, -0.01, 0.02, -0.02, 0.01, 0.0]
    found = compare_all(paired(up, [-d for d in up], mixed, [0.0] * 8))
    assert str(found["法1"]).startswith(
        "法1 比 基线 高 0.025 [0.021, 0.029]，8 对，p=0.031（Holm，4 项）"
    )
    assert str(found["法1"]).endswith("：更高")
    assert "比 基线 低 0.025 [0.021, 0.029]" in str(found["法2"])
    limit = found["法3"].detectable
    assert found["法3"].sentence(digits=4).endswith(f"：分不出（能分出 {limit:.4f} 以上）")
    assert str(found["法4"]).startswith("法4 与 基线 相差 0.000 [0.000, 0.000]")
    assert found["法4"].conclusion == "分不出（每一对都相同）"


@pytest.mark.parametrize(
    ("scale", "shown"), [(1e-4, "高 0.0000025 ["), (1e3, "高 25.0 ["), (1e5, "高 2500 [")]
)
def test_sentences_choose_decimals_by_the_size_of_the_numbers(scale, shown):
    results = paired([0.02, 0.03] * 4)
    assert shown in str(compare(results["法1"] * scale, results["基线"] * scale))


def test_equivalence_needs_a_margin_and_two_one_sided_tests():
    small = tensor([0.002, -0.003, 0.001, 0.0, -0.001, 0.002, -0.002, 0.001])
    b = torch.linspace(0.5, 0.6, 8, dtype=torch.float64)
    assert compare(b + small, b).verdict == "分不出"
    assert compare(b + small, b, margin=0.01).conclusion == "相当（差别小于 0.01）"
    assert compare(b + small, b, margin=0.0005).verdict == "分不出"


def test_equivalence_p_is_the_larger_of_two_scipy_tests():
    d = normal(8) + 0.5
    found = compare(d, torch.zeros_like(d), margin=1.0)
    below, above = (
        stats.permutation_test(((d + side).numpy(),), np.mean, permutation_type="samples",
                               n_resamples=math.inf, alternative=tail).pvalue
        for side, tail in ((-1, "less"), (1, "greater"))
    )  # fmt: skip
    assert above < below == pytest.approx(found.p_equivalence)


def test_a_significant_difference_inside_the_margin_is_still_a_difference():
    results = paired([0.002, 0.003, 0.002, 0.003, 0.002, 0.003, 0.002, 0.003])
    found = compare(results["法1"], results["基线"], margin=0.05)
    assert found.p_equivalence <= 0.05
    assert found.verdict == "更高"


def test_too_few_seeds_for_the_family_are_reported_as_such():
    up = [0.5, 0.6, 0.5, 0.4, 0.5, 0.6, 0.5, 0.4]
    eight = compare_all(paired(*[up] * 8))["法1"]  # 8 × 2 / 2^8 > 0.05
    assert eight.conclusion == "分不出（种子太少，任何差别都分不出，至少要 9 个）"
    assert eight.probability_greater == 1
    assert math.isinf(eight.detectable)
    assert compare_all(paired(*[[*up, 0.5]] * 8))["法1"].verdict == "更高"
    assert "至少要 6 个" in str(compare(tensor([1.0, 2.0]), tensor([0.0, 0.0])))


def test_constant_differences_have_a_point_for_an_interval():
    found = compare_all(paired([0.25] * 6))["法1"]
    assert found.verdict == "更高"
    assert found.interval == pytest.approx((0.25, 0.25))
    assert compare_all(paired([0.0] * 6), margin=0.01)["法1"].verdict == "相当"


BAD_COMPARISONS = [
    ({"a": tensor([1.0])}, {}, ValueError, r"形状应为 \(S,\)"),
    ({"a": tensor([[1.0, 2.0]])}, {}, ValueError, r"形状应为 \(S,\)"),
    ({"a": tensor([1.0, math.nan, 2.0])}, {}, ValueError, "'a'.*NaN.*1 个"),
    ({"a": tensor([1.0, math.nan, 2.0])}, {"ranks": True}, ValueError, "NaN"),
    ({"a": tensor([1.0, math.inf, 2.0])}, {}, ValueError, "ranks=True"),
    ({"a": tensor([1.0, 2.0])}, {}, ValueError, "成对"),
    ({"a": torch.tensor([True, False, True])}, {}, TypeError, "bool"),
    ({"a": [1.0, 2.0, 3.0]}, {}, TypeError, "list"),
    ({}, {}, ValueError, "至少有两种方法"),
    ({"a": tensor([1.0, 2.0, 3.0])}, {"baseline": "c"}, ValueError, "baseline"),
    ({"a": tensor([1.0, 2.0, 3.0])}, {"margin": 0}, ValueError, "margin"),
    ({"a": tensor([1.0, 2.0, 3.0])}, {"margin": -0.1}, ValueError, "margin"),
    ({"a": tensor([1.0, 2.0, 3.0])}, {"margin": math.nan}, ValueError, "margin"),
    ({"a": tensor([1.0, 2.0, 3.0])}, {"margin": "小"}, TypeError, "margin"),
    ({"a": tensor([1.0, 2.0, 3.0])}, {"margin": 0.1, "ranks": True}, ValueError, "margin"),
]


@pytest.mark.parametrize(("results", "options", "error", "message"), BAD_COMPARISONS)
def test_compare_all_rejects_bad_input(unchecked, results, options, error, message):
    with pytest.raises(error, match=message):
        compare_all({"b": tensor([0.0, 1.0, 2.0]), **results}, **options)


BAD_CALLS = [
    (lambda: summarize(tensor([1.0])), ValueError, "values"),
    (lambda: sign_flip_test(tensor([1.0])), ValueError, "differences"),
    (lambda: sign_flip_test(tensor([1.0, math.nan])), ValueError, "differences"),
    (lambda: sign_flip_test(tensor([1.0, 2.0]), alternative="both"), ValueError, "alternative"),
    (lambda: bca_interval(tensor([1.0, math.inf])), ValueError, "differences"),
    (lambda: bca_interval(tensor([1.0, 2.0]), confidence=95), ValueError, "confidence"),
    (lambda: bca_interval(tensor([1.0, 2.0]), num_resamples=0), ValueError, "num_resamples"),
    (lambda: holm(tensor([])), ValueError, "p_values"),
    (lambda: holm(tensor([0.1, 1.5])), ValueError, "p_values"),
    (lambda: holm([0.1]), TypeError, "p_values"),
    (lambda: probability_greater(tensor([1.0, 2.0]), tensor([1.0, 2, 3])), ValueError, "成对"),
    (lambda: probability_greater(tensor([1.0, math.nan]), tensor([1.0, 2])), ValueError, "NaN"),
    (lambda: detectable_difference(-1.0, 10), ValueError, "std"),
    (lambda: detectable_difference(math.nan, 10), ValueError, "std"),
    (lambda: detectable_difference(1.0, 0), ValueError, "num_pairs"),
    (lambda: detectable_difference(1.0, 10, level=0.0), ValueError, "level"),
    (lambda: detectable_difference(1.0, 10, power=0.01), ValueError, "power"),
    (lambda: steps_to_target(tensor([1.0]), 1), ValueError, "curves"),
    (lambda: steps_to_target(torch.zeros(2, 0), 1), ValueError, "curves"),
    (lambda: steps_to_target(torch.zeros(2, 2), math.nan), ValueError, "target"),
    (lambda: steps_to_target(torch.zeros(2, 2), "高"), TypeError, "target"),
    (lambda: steps_to_target(torch.zeros(2, 2), 1, steps=[1]), ValueError, "steps"),
    (lambda: steps_to_target(torch.zeros(2, 2), 1, steps=[2, 1]), ValueError, "steps"),
    (lambda: steps_to_target(torch.zeros(2, 2), 1, mode="up"), ValueError, "mode"),
    (lambda: compare(tensor([1.0, 2]), tensor([1.0, 2]), names=("a", "a")), ValueError, "names"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD_CALLS)
def test_statistics_reject_bad_input(unchecked, call, error, message):
    with pytest.raises(error, match=message):
        call()


# simulated experiments

NUM_EXPERIMENTS, NUM_METHODS, NUM_PAIRS = 2000, 4, 10


def nulls(kind: str) -> torch.Tensor:
    """Experiments in which no method differs from any other, (experiments, methods, pairs)."""
    shape = (NUM_EXPERIMENTS, 1 + NUM_METHODS, NUM_PAIRS)
    seeds = normal(NUM_EXPERIMENTS, 1, NUM_PAIRS, seed=8)  # what the methods of a seed share
    noise = normal(*shape, seed=7)
    if kind == "skewed":
        return seeds + noise.exp()
    # accuracies on 50 test samples: ties by the hundred, and a ceiling
    return ((0.95 + 0.03 * noise + 0.02 * seeds).clamp(0, 1) * 50).round() / 50


@pytest.mark.parametrize("kind", ["skewed", "counts"])
def test_null_experiments_seldom_claim_any_difference(kind):
    names = ["基线", *(f"法{k}" for k in range(NUM_METHODS))]
    wrong = 0
    for experiment in nulls(kind):
        found = compare_all(dict(zip(names, experiment, strict=True)))
        wrong += any(c.verdict in ("更高", "更低") for c in found.values())
    limit = 0.05 + 2 * math.sqrt(0.05 * 0.95 / NUM_EXPERIMENTS)
    assert 0 < wrong / NUM_EXPERIMENTS <= limit


def test_bca_interval_alone_would_claim_too_often():
    bca = tests = 0
    for d in normal(1000, NUM_PAIRS, seed=5):
        low, high = bca_interval(d, num_resamples=1999)
        bca += not low <= 0 <= high
        tests += sign_flip_test(d) <= 0.05
    assert 0.07 < bca / 1000 < 0.12
    assert tests / 1000 < 0.05 + 2 * math.sqrt(0.05 * 0.95 / 1000)


@pytest.mark.parametrize(("effect", "share"), [(2.0, 0.85), (-3.0, 0.99)])
def test_planted_effects_are_found_and_only_they(effect, share):
    right = others = 0
    for experiment in normal(400, 1 + NUM_METHODS, NUM_PAIRS, seed=3) / math.sqrt(2):
        experiment[1] += effect
        found = [
            c.verdict for c in compare_all(dict(zip("baxyz", experiment, strict=True))).values()
        ]
        right += found[0] == ("更高" if effect > 0 else "更低")
        others += any(verdict != "分不出" for verdict in found[1:])
    assert right / 400 >= share
    assert others / 400 <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 400)


def test_methods_a_margin_apart_are_seldom_called_equivalent():
    margin, wrong, right = 1.0, 0, 0
    for d in normal(500, NUM_PAIRS, seed=4):
        zero = torch.zeros_like(d)
        wrong += compare(margin + d, zero, margin=margin).verdict == "相当"
        right += compare(d / 3, zero, margin=margin).verdict == "相当"
    assert wrong / 500 <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 500)
    assert right / 500 >= 0.9
