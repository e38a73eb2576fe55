"""How alike the mistakes of several networks are, and whether their probabilities are right."""

import pytest
import torch
import torch.nn.functional as F

from dlnotes.training import error_correlation, reliability


def test_error_correlation_is_the_mean_off_the_diagonal_of_corrcoef():
    right = torch.rand(4, 3, 50, generator=torch.Generator().manual_seed(0)) < 0.7
    for rows, found in zip(right, error_correlation(right), strict=True):
        table = torch.corrcoef(rows.double())
        assert found.item() == pytest.approx(table[~torch.eye(3, dtype=bool)].mean().item())


def test_error_correlation_of_copies_is_one_and_of_opposites_minus_one():
    row = torch.tensor([True, False, False, True, True])
    assert error_correlation(row.expand(4, 5)).item() == pytest.approx(1)
    assert error_correlation(torch.stack([row, ~row])).item() == pytest.approx(-1)


def test_error_correlation_refuses_a_network_that_is_always_right():
    with pytest.raises(ValueError, match="right 的每个网络都应有对有错"):
        error_correlation(torch.tensor([[True, True], [True, False]]))


def test_reliability_by_hand():
    probs = torch.tensor([[0.95, 0.05], [0.95, 0.05], [0.35, 0.65], [0.35, 0.65]])
    found = reliability(probs, torch.tensor([0, 0, 1, 0]))
    assert found.count.tolist() == [0, 0, 0, 0, 0, 0, 2, 0, 0, 2]
    assert found.confidence[[6, 9]].tolist() == pytest.approx([0.65, 0.95])
    assert found.accuracy[[6, 9]].tolist() == [0.5, 1.0]
    assert found.accuracy[:6].isnan().all()
    assert found.error.item() == pytest.approx(0.1)
    assert found.bias.item() == pytest.approx(0.05)


def test_reliability_of_a_sure_and_right_answer_is_nought_in_the_last_bin():
    y = torch.tensor([0, 2, 1])
    found = reliability(F.one_hot(y).float(), y)
    assert found.count[-1] == 3
    assert found.error == found.bias == 0


def test_reliability_reads_a_batch_as_one_by_one():
    generator = torch.Generator().manual_seed(0)
    probs = torch.randn(2, 3, 40, 5, generator=generator).softmax(-1)
    y = torch.randint(5, (2, 1, 40), generator=generator)
    whole = reliability(probs, y, num_bins=4)
    for g in range(2):
        for s in range(3):
            single = reliability(probs[g, s], y[g, 0], num_bins=4)
            for a, b in zip(whole, single, strict=True):
                torch.testing.assert_close(a[g, s], b, equal_nan=True)


@pytest.mark.parametrize("shape", [(2, 40), (40, 1), (3, 39), ()])
def test_reliability_names_labels_that_do_not_fit(shape):
    probs = torch.full((3, 40, 2), 0.5)
    with pytest.raises(ValueError, match="y 应能广播成形状"):
        reliability(probs, torch.zeros(shape, dtype=torch.int64))
