"""Synthetic Chinese characters: which ones, how they are drawn, what each setting does."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from dlnotes._core.font import font_path
from dlnotes.data import hanzi, hanzi_labels, hanzi_of
from dlnotes.data._glyphs import BASELINE, BODY, distance_field, level_one
from dlnotes.data._streams import SPLITS, balanced_labels, stream_for
from dlnotes.data.hanzi_of import _checked

PLAIN = dict.fromkeys(
    ("affine", "elastic", "stroke", "contrast", "background", "clutter", "noise"), 0.0
)


def plain(num_classes=5, num_samples=5, size=32, **settings):
    return hanzi(num_classes, num_samples, size, **{**PLAIN, **settings})


def rows(X):
    return {row.numpy().tobytes() for row in X}


# oracle: the published extent of level 1, 0xB0A1 to 0xD7F9, and its size
def test_level_one_is_the_published_range_in_order():
    codes = [character.encode("gb2312") for character in level_one()]
    assert codes == sorted(set(codes))
    assert (len(codes), codes[0], codes[-1]) == (3755, b"\xb0\xa1", b"\xd7\xf9")


def test_hanzi_labels_nest_and_reach_all_of_level_one():
    everything = hanzi_labels(3755)
    assert set(everything) == set(level_one())
    assert hanzi_labels(20) == everything[:20]


def printed(character, size):
    """Pillow's own anti-aliased drawing, eight times larger, averaged down."""
    font = ImageFont.truetype(str(font_path()), round(BODY * 8 * size))
    canvas = Image.new("L", (8 * size, 8 * size))
    corner = (4 * size - font.size / 2, 4 * size + BASELINE * font.size)
    ImageDraw.Draw(canvas).text(corner, character, fill=255, font=font, anchor="ls")
    return np.asarray(canvas).reshape(size, 8, size, 8).mean((1, 3)) / 255


# oracle: Pillow's drawing; moved by one pixel it would correlate below 0.95
@pytest.mark.parametrize("size", [24, 32, 64])
def test_hanzi_without_any_distortion_is_the_printed_character(size):
    X, y = plain(size=size)
    for image, label in zip(X[:, 0].numpy(), y, strict=True):
        want = printed(hanzi_labels(5)[label], size)
        assert np.corrcoef(image.ravel(), want.ravel())[0, 1] > 0.97
        assert image.mean() == pytest.approx(want.mean(), abs=0.01)


# oracles: a distance changes by one pixel a pixel; Pillow's drawing gives the stroke's area
def test_distance_field_is_a_distance_and_zero_at_the_edge():
    field = 128 * distance_field("一", 128)
    steps = field.diff(dim=0).abs()
    assert steps.max() < 1.01
    assert steps[:, 64].median() > 0.99
    ink = (0.5 + field).clamp(0, 1)
    assert ink.mean().item() == pytest.approx(printed("一", 128).mean(), rel=0.05)


@pytest.mark.parametrize("size", [16, 32, 45, 128])
def test_hanzi_any_size_is_float32_in_the_unit_interval(size):
    X, y = hanzi(7, 20, size)
    assert X.shape == (20, 1, size, size)
    assert (X.dtype, y.dtype) == (torch.float32, torch.int64)
    assert 0 <= X.min() < 0.05
    assert 0.9 < X.max() <= 1


def test_hanzi_is_decided_by_its_seed_and_leaves_the_global_state_alone():
    before = torch.get_rng_state()
    first, again, other = (hanzi(5, 30, seed=seed) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not rows(first[0]) & rows(other[0])
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("more", [301, 600])
def test_hanzi_more_samples_keep_the_first_ones(more):
    (X, y), (longer_X, longer_y) = hanzi(7, 300), hanzi(7, more)
    assert torch.equal(longer_X[:300], X)
    assert torch.equal(longer_y[:300], y)


# only the geometry is drawn, so an equal image would mean an equal distortion
def test_hanzi_splits_and_seeds_share_no_distortion():
    settings = {"affine": 0.1, "elastic": 0.02, "num_classes": 1, "num_samples": 300}
    sets = [rows(plain(split=split, seed=seed, **settings)[0])
            for split in SPLITS for seed in (0, 1)]  # fmt: skip
    assert sum(map(len, sets)) == len(set.union(*sets)) == 1800


def test_streams_never_coincide():
    uses = [(seed, split, use) for seed in range(3) for split in SPLITS
            for use in ("labels", "draws", "noise")]  # fmt: skip
    seeds = {stream_for(*use).initial_seed() for use in uses}
    assert len(seeds) == len(uses) == 27


def test_balanced_labels_hold_every_class_once_a_round():
    y = balanced_labels(23, 5, torch.Generator().manual_seed(0))
    assert (y[:20].reshape(4, 5).sort().values == torch.arange(5)).all()
    assert len(y[20:].unique()) == 3
    assert len({tuple(block) for block in y[:20].reshape(4, 5).tolist()}) > 1


# invariant: a thicker stroke covers a thinner one everywhere
def test_hanzi_stroke_only_thickens_or_thins():
    X, _ = plain(1, 50, stroke=0.03)
    X = X[X.mean((1, 2, 3)).argsort()]
    assert (X.diff(dim=0) >= 0).all()
    assert X[0].mean() < 0.6 * X[-1].mean()


def test_hanzi_contrast_scales_the_stroke():
    X, _ = plain(1, 400, contrast=0.6)
    brightest = X.amax((1, 2, 3)) / plain(1, 1)[0].max()
    assert 0.4 <= brightest.min() < 0.42
    assert 0.98 < brightest.max() <= 1


def test_hanzi_background_stays_below_its_limit_and_varies_slowly():
    clean, X = plain(1, 1)[0], plain(1, 200, background=0.5)[0]
    ground = X[:, clean[0] == 0]
    assert 0.4 < ground.max() <= 0.5
    assert X[..., :3, :3].flatten(1).std(1).max() < 0.06


# oracle: binomial, five standard errors
def test_hanzi_clutter_adds_ink_with_the_given_probability():
    clean, X = plain(1, 1)[0], plain(1, 2000, clutter=0.3)[0]
    assert (clean <= X).all()
    share = (clean < X).flatten(1).any(1).float().mean().item()
    assert abs(share - 0.3) < 5 * (0.3 * 0.7 / 2000) ** 0.5


# oracle: the same draws without noise; the differences have the asked standard deviation
def test_hanzi_noise_has_the_given_standard_deviation():
    clean, noisy = (plain(1, 300, background=1.0, noise=noise)[0] for noise in (0.0, 0.05))
    inner = (clean > 0.3) & (clean < 0.7)
    assert (noisy - clean)[inner].std().item() == pytest.approx(0.05, rel=0.02)


# oracle: to first order the ink's centre moves by the drawn translation
def test_hanzi_affine_moves_the_centre_by_the_given_amount():
    X, _ = plain(1, 2000, affine=0.05)
    steps = torch.arange(32.0) - 15.5
    centre = (X[:, 0].sum(1) * steps).sum(1) / X.sum((1, 2, 3))
    assert centre.std().item() == pytest.approx(0.05 * 16, rel=0.1)


def test_hanzi_elastic_bends_and_keeps_the_centre_nearly():
    X, _ = plain(1, 500, elastic=0.03)
    assert len(rows(X)) == 500
    steps = torch.arange(32.0) - 15.5
    centre = (X[:, 0].sum(1) * steps).sum(1) / X.sum((1, 2, 3))
    assert 0.1 < centre.std() < 0.03 * 32


# The defaults leave room: class means, the simplest linear rule, find a little and not much.
def test_hanzi_default_difficulty_leaves_room_above_a_linear_rule():
    (X, y), (test_X, test_y) = hanzi(), hanzi(split="test", num_samples=1000)
    means = torch.stack([X[y == k].mean(0).flatten() for k in range(20)])
    accuracy = (torch.cdist(test_X.flatten(1), means).argmin(1) == test_y).float().mean()
    assert 0.1 < accuracy < 0.5


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"num_classes": 0}, ValueError, "num_classes 应为正整数，收到 0"),
        ({"num_classes": 3756}, ValueError, "num_classes 应在 1 与 3755 之间，收到 3756"),
        ({"num_classes": 2.0}, TypeError, "num_classes 应为正整数，收到 2.0"),
        ({"num_samples": 0}, ValueError, "num_samples 应为正整数，收到 0"),
        ({"num_samples": "9"}, TypeError, "num_samples 应为正整数，收到 '9'"),
        ({"size": 15}, ValueError, "size 应在 16 与 256 之间，收到 15"),
        ({"size": 300}, ValueError, "size 应在 16 与 256 之间"),
        ({"split": "dev"}, ValueError, "split 应为 'train'、'valid'、'test' 之一，收到 'dev'"),
        ({"affine": -0.1}, ValueError, "affine 应在 0 与 0.5 之间，收到 -0.1"),
        ({"elastic": 1}, ValueError, "elastic 应在"),
        ({"stroke": 0.5}, ValueError, "stroke 应在"),
        ({"contrast": 2}, ValueError, "contrast 应在"),
        ({"background": "dark"}, TypeError, "background 应为实数，收到 'dark'"),
        ({"clutter": float("nan")}, ValueError, "clutter 应为有限的实数，收到 nan"),
        ({"noise": float("inf")}, ValueError, "noise 应为有限的实数"),
        ({"seed": -1}, ValueError, "seed 应在"),
        ({"seed": None}, TypeError, "seed 应为整数，收到 None"),
    ],
)
def test_hanzi_rejects_bad_argument(settings, error, message, unchecked):
    with pytest.raises(error, match=message):
        hanzi(**{"num_samples": 2, **settings})


# --- the characters one chooses oneself -------------------------------------------------------


# oracle: `hanzi`, where the chosen ones are its own
@pytest.mark.parametrize("split", SPLITS)
def test_hanzi_of_its_own_labels_is_hanzi(split):
    X, y = hanzi(7, 300, 24, split=split, seed=3)
    chosen_X, chosen_y = hanzi_of("".join(hanzi_labels(7)), 300, 24, split=split, seed=3)
    assert torch.equal(chosen_X, X)
    assert torch.equal(chosen_y, y)


def test_hanzi_of_draws_the_characters_in_their_order():
    (X, y), (other_X, other_y) = hanzi_of("永鑫", 600), hanzi_of("鑫永", 600)
    means = torch.stack([X[y == k].mean(0) for k in range(2)])
    swapped = torch.stack([other_X[other_y == k].mean(0) for k in (1, 0)])
    assert (means - swapped).abs().mean() < 0.4 * (means[0] - means[1]).abs().mean()


def test_hanzi_of_takes_all_of_gb_2312_and_the_font_has_them():
    from fontTools.ttLib import TTFont

    codes = [bytes((row, column)) for row in range(0xB0, 0xF8) for column in range(0xA1, 0xFF)]
    every = b"".join(codes).decode("gb2312", "ignore")
    assert len(every) == 6763
    assert set(map(ord, every)) <= set(TTFont(font_path()).getBestCmap())
    assert _checked(every) == tuple(every)


@pytest.mark.parametrize(
    ("characters", "error", "message"),
    [
        ("", ValueError, "characters 至少要有一个字，收到 ''"),
        ("春夏春", ValueError, "characters 里的字应互不相同，收到 '春夏春'"),
        ("春a", ValueError, "characters 应都是 GB 2312 的汉字，收到 '春a'，其中 'a' 不是"),
        ("春，夏", ValueError, "characters 应都是 GB 2312 的汉字，收到 '春，夏'，其中 '，' 不是"),
        ("東", ValueError, "characters 应都是 GB 2312 的汉字，收到 '東'"),
        (["春", "夏"], TypeError, "characters 应为一段文字"),
        (4, TypeError, "characters 应为一段文字，如 '春夏秋冬'，收到 4"),
    ],
)
def test_hanzi_of_rejects_what_it_cannot_draw(characters, error, message, unchecked):
    with pytest.raises(error, match=message):
        hanzi_of(characters, 2)
