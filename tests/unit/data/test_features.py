"""Hand-made image features, and the scaling that only looks at the training set."""

import numpy as np
import pytest
import torch

from dlnotes.data import (
    VisualWords,
    colour_histogram,
    cut_blocks,
    hog_features,
    patches,
    standardize,
)

X = torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("bins", [1, 8])
def test_colour_histogram_counts_every_channel_as_numpy_does(bins):
    found = colour_histogram(X, bins).reshape(6, 3, bins)
    for image, histogram in zip(X, found, strict=True):
        for channel, counts in zip(image, histogram, strict=True):
            expected = np.histogram(channel, bins, (0, 1))[0] / 256
            assert counts.tolist() == pytest.approx(expected.tolist())


def test_colour_histogram_ignores_where_the_pixels_are_and_takes_both_ends():
    order = torch.randperm(256, generator=torch.Generator().manual_seed(1))
    mixed = X.flatten(2)[..., order].reshape(X.shape)
    assert torch.equal(colour_histogram(mixed), colour_histogram(X))
    ends = torch.tensor([0.0, 1.0, 1.0, 1.0]).reshape(1, 1, 2, 2)
    assert colour_histogram(ends, 2).tolist() == [[0.25, 0.75]]


def test_hog_features_of_vertical_stripes_lie_in_one_direction_whatever_the_brightness():
    stripes = (torch.arange(16) // 2 % 2).float().expand(1, 1, 16, 16) / 2
    found = hog_features(stripes).reshape(4, 8)
    assert (found > 0).sum(dim=1).tolist() == [1] * 4
    assert torch.allclose(hog_features(stripes + 0.5), hog_features(stripes), atol=1e-5)
    turned = hog_features(stripes.transpose(2, 3)).reshape(4, 8)
    assert not (found > 0).logical_and(turned > 0).any()


def test_hog_features_have_the_size_that_is_written_down():
    assert hog_features(X, cell=4, num_directions=6).shape == (6, 4 * 3 * 3 * 6)


def test_cut_blocks_go_from_left_to_right_and_then_down():
    blocks = cut_blocks(X, 8)
    assert blocks.shape == (6, 4, 3 * 64)
    assert torch.equal(blocks[2, 1].reshape(3, 8, 8), X[2, :, :8, 8:])
    assert torch.equal(blocks[2, 2].reshape(3, 8, 8), X[2, :, 8:, :8])


def test_visual_words_are_the_centres_of_well_separated_heaps():
    heaps = torch.tensor([[0.0, 0.0], [5.0, 5.0], [0.0, 9.0]])
    noise = 0.1 * torch.randn(20, 3, 2, generator=torch.Generator().manual_seed(0))
    blocks = heaps + noise
    words = VisualWords(blocks, 3)
    nearest = torch.cdist(heaps, words.centres)
    assert nearest.min(dim=1).values.max() < 0.1
    assert torch.equal(words.find(blocks), nearest.argmin(dim=1).expand(20, 3))
    assert torch.allclose(words.count(blocks), torch.full((20, 3), 1 / 3))
    assert words.count(blocks[:, :1])[:, nearest[0].argmin()].tolist() == [1.0] * 20


def test_visual_words_are_decided_by_the_training_blocks_and_the_seed():
    blocks = cut_blocks(patches(40, 16, color=True, contrast="keep", seed=0)[0])
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    first, again, other = (VisualWords(blocks[:20], 16, seed=seed) for seed in (0, 0, 1))
    centres = first.centres.clone()
    counts = first.count(blocks[20:])
    assert torch.equal(first.centres, again.centres)
    assert not torch.equal(first.centres, other.centres)
    assert torch.equal(first.centres, centres)  # counting leaves the dictionary alone
    assert torch.allclose(counts.sum(dim=1), torch.ones(20))
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == np.random.get_state()[1].tolist()


def test_standardize_uses_the_training_set_alone():
    train, test = X[:4].flatten(1), X[4:].flatten(1) + 7
    scaled, shifted = standardize(train, test)
    assert torch.allclose(scaled.mean(dim=0), torch.zeros(768), atol=1e-5)
    assert torch.allclose(scaled.std(dim=0), torch.ones(768), atol=1e-4)
    assert torch.allclose(shifted, (test - train.mean(dim=0)) / train.std(dim=0), atol=1e-4)
    assert torch.equal(standardize(train, test * 100)[0], scaled)


def test_standardize_takes_the_last_dimension_as_the_columns_and_spares_constant_ones():
    blocks = cut_blocks(X)
    assert torch.allclose(standardize(blocks)[0].mean(dim=(0, 1)), torch.zeros(48), atol=1e-5)
    constant, seen = standardize(torch.ones(3, 2), torch.full((1, 2), 1.01))
    assert constant.tolist() == [[0.0, 0.0]] * 3
    assert torch.allclose(seen, torch.ones(1, 2), atol=1e-4)


BLOCKS = cut_blocks(X)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: colour_histogram(255 * X), ValueError, "X 应在 0 与 1 之间.*请先除以 255"),
        (lambda: colour_histogram(X[0]), ValueError, r"X 的形状应为 \(n, C, H, W\)"),
        (lambda: colour_histogram(X[:0]), ValueError, r"n ≥ 1，收到 \(0, 3, 16, 16\)"),
        (lambda: colour_histogram(X / 0), ValueError, "X 里有 NaN 或无穷大"),
        (lambda: hog_features(X, cell=9), ValueError, "cell=9 时 X 的两边应至少 18 像素"),
        (lambda: cut_blocks(X, 5), ValueError, "X 的两边应是 size=5 的倍数"),
        (lambda: VisualWords(X), ValueError, r"blocks 的形状应为 \(n, 块数, d\)"),
        (lambda: VisualWords(BLOCKS, 97), ValueError, "num_words 应不多于小块数 96，收到 97"),
        (lambda: VisualWords(BLOCKS, 4).find(BLOCKS[..., 1:]), ValueError, "每块应有 48 个数"),
        (lambda: standardize(BLOCKS[0, 0]), ValueError, r"train 的形状应为 \(n, …, d\)"),
        (lambda: standardize(BLOCKS, X), ValueError, r"others\[0\] 的最后一维.* 48 相同"),
        (lambda: standardize(BLOCKS, [1.0]), TypeError, r"others\[0\] 应为浮点张量"),
    ],
)
def test_bad_arguments_are_explained(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call()
