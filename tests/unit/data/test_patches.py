"""Patches of photographs: nothing shared between splits, nothing left in the histogram."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_sample_image

from dlnotes.data import PATCH_LABELS, patches
from dlnotes.data._photographs import PHOTOGRAPHS, load_photograph
from dlnotes.data._streams import SPLITS
from dlnotes.data.patches import allowed_corners


def covered(name, split, sizes):
    """Which pixels of a photograph any patch of this split can contain."""
    mask = torch.zeros(load_photograph(name).shape[1:])
    for size in sizes:
        corners = torch.zeros_like(mask)
        corners[tuple(allowed_corners(name, split, size).T)] = 1
        padded = F.pad(corners[None], (size - 1, 0, size - 1, 0))
        down = F.max_pool2d(padded, (size, 1), stride=1)
        mask = torch.maximum(mask, F.max_pool2d(down, (1, size), stride=1)[0])
    return mask


# oracle: scikit-learn's own reader
def test_photographs_are_those_of_the_packages():
    want = torch.tensor(np.array(load_sample_image("flower.jpg"))).permute(2, 0, 1) / 255
    torch.testing.assert_close(load_photograph("大丽花"), want)
    assert all(load_photograph(name).shape[0] == 3 for name in PHOTOGRAPHS)


@pytest.mark.parametrize("name", PATCH_LABELS)
def test_patches_share_no_pixel_between_splits_whatever_the_size(name):
    masks = torch.stack([covered(name, split, (64, 24)) for split in SPLITS])
    assert masks.sum(0).max() == 1
    assert (masks.mean((1, 2)) > torch.tensor([0.25, 0.05, 0.05])).all()


# oracle: every window of the photograph, compared pixel by pixel
def test_patches_are_windows_of_the_labelled_photograph():
    X, y = patches(10, 9, color=True, contrast="keep", split="valid")
    for patch, label in zip(X, y, strict=True):
        photograph = load_photograph(PATCH_LABELS[label])
        starts = (photograph == patch[:, :1, :1]).all(0).nonzero().tolist()
        found = [
            [row, column]
            for row, column in starts
            if torch.equal(photograph[:, row : row + 9, column : column + 9], patch)
        ]
        corners = allowed_corners(PATCH_LABELS[label], "valid", 9).tolist()
        assert any(corner in corners for corner in found)


# oracle: the standard deviation computed patch by patch
def test_patches_are_never_nearly_flat():
    X, _ = patches(500, contrast="keep")
    assert X.flatten(1).std(1, correction=0).min() >= 0.03 - 1e-6


def test_patches_grey_is_the_luma_of_the_same_crops():
    color, grey = (patches(20, color=color, contrast="keep")[0] for color in (True, False))
    want = 0.299 * color[:, :1] + 0.587 * color[:, 1:2] + 0.114 * color[:, 2:]
    torch.testing.assert_close(grey, want)


@pytest.mark.parametrize("color", [True, False])
def test_patches_equalized_all_have_the_same_flat_histogram(color):
    X, _ = patches(50, 16, color=color)
    want = torch.linspace(0, 1, 256).expand(50, X.shape[1], 256)
    torch.testing.assert_close(X.flatten(2).sort().values, want)


# oracle: the order of the pixels of the unchanged crop, up to less than one grey level
def test_patches_equalized_keep_the_order_of_the_pixels():
    kept, equalized = (patches(20, 16, contrast=c)[0].flatten(1) for c in ("keep", "equalize"))
    drops = kept.gather(1, equalized.argsort(1)).diff(dim=1)
    assert drops.min() > -1 / 255
    assert drops.min() < 0  # equal pixels are ordered by chance, not by position


def test_patches_normalized_have_mean_one_half_and_std_one_fifth():
    X, _ = patches(200, contrast="normalize")
    free = ((X > 0) & (X < 1)).flatten(1).all(1)
    assert free.sum() > 20
    torch.testing.assert_close(X[free].mean((1, 2, 3)), torch.full((int(free.sum()),), 0.5))
    torch.testing.assert_close(X[free].flatten(1).std(1), torch.full((int(free.sum()),), 0.2))


def histogram_accuracy(**settings) -> float:
    """Nearest class centroid of 32-bin histograms, one a channel; 2,000 train, 1,000 test."""
    sets = [patches(n, split=s, **settings) for s, n in (("train", 2000), ("test", 1000))]
    bins = [torch.stack([torch.cat([c.histc(32, 0, 1) for c in x]) for x in X]) for X, _ in sets]
    means = torch.stack([bins[0].sqrt()[sets[0][1] == k].mean(0) for k in range(10)])
    nearest = torch.cdist(bins[1].sqrt(), means).argmin(1)
    return (nearest == sets[1][1]).float().mean().item()


# the baseline of the docstring: what a histogram alone finds (chance: 0.1)
def test_patches_histogram_alone_solves_nothing_once_equalized():
    found = {
        "equalize": histogram_accuracy(),
        "normalize": histogram_accuracy(contrast="normalize"),
        "keep": histogram_accuracy(contrast="keep"),
        "color": histogram_accuracy(contrast="keep", color=True),
    }
    print(found)
    want = {"equalize": 0.10, "normalize": 0.34, "keep": 0.49, "color": 0.61}
    assert found == pytest.approx(want, abs=0.02)


@pytest.mark.parametrize("settings", [{}, {"color": True, "contrast": "keep", "size": 20}])
def test_patches_are_decided_by_the_seed_and_more_samples_keep_the_first(settings):
    before = torch.get_rng_state()
    (X, y), (longer_X, longer_y) = patches(33, **settings), patches(50, **settings)
    assert torch.equal(longer_X[:33], X)
    assert torch.equal(longer_y[:33], y)
    assert not torch.equal(patches(33, seed=1, **settings)[0], X)
    assert torch.equal(before, torch.get_rng_state())
    assert (X.dtype, y.dtype) == (torch.float32, torch.int64)
    assert 0 <= X.min() < X.max() <= 1


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"num_samples": 0}, ValueError, "num_samples 应为正整数，收到 0"),
        ({"num_samples": 1.5}, TypeError, "num_samples 应为正整数，收到 1.5"),
        ({"size": 65}, ValueError, "size 应在 8 与 64 之间，收到 65"),
        ({"size": 7}, ValueError, "size 应在 8 与 64 之间，收到 7"),
        ({"split": "all"}, ValueError, "split 应为 .* 之一，收到 'all'"),
        ({"contrast": "flat"}, ValueError, "contrast 应为 'keep'、'normalize'、'equalize' 之一"),
        ({"color": 1}, TypeError, "color 应为 True 或 False，收到 1"),
        ({"seed": 0.5}, TypeError, "seed 应为整数，收到 0.5"),
    ],
)
def test_patches_reject_bad_argument(settings, error, message, unchecked):
    with pytest.raises(error, match=message):
        patches(**{"num_samples": 2, **settings})


def test_patches_say_what_to_install(monkeypatch):
    monkeypatch.setattr("dlnotes.data._photographs.find_spec", lambda name: None)
    load_photograph.cache_clear()
    with pytest.raises(ModuleNotFoundError, match="pip install scikit-image"):
        load_photograph("猫")


def test_photographs_are_large_enough_for_every_split():
    for name, (_, path) in PHOTOGRAPHS.items():
        counts = [len(allowed_corners(name, split, 64)) for split in SPLITS]
        assert min(counts) > 500, path
