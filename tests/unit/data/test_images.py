import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from dlnotes.data import IMAGE_SETS, augment, images, resize


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


# 对照：scikit-learn 的原始数据；两份合起来正好是全部 1797 张。
def test_images_digits_splits_cover_all_once():
    parts = [images("digits", split=split) for split in ("train", "test")]
    X, y = (torch.cat(tensors) for tensors in zip(*parts, strict=True))
    bunch = load_digits()
    want = sorted(map(tuple, np.c_[bunch.data, bunch.target].tolist()))
    got = torch.cat([16 * X.flatten(1), y[:, None]], dim=1).tolist()
    assert sorted(map(tuple, got)) == want


def test_images_digits_test_split_is_every_fifth_of_each_class():
    X, y = images("digits", split="test")
    bunch = load_digits()
    for label in range(10):
        want = torch.tensor(bunch.images[bunch.target == label][4::5] / 16).float()
        torch.testing.assert_close(X[y == label, 0], want)


# 对照：不变量，每一类的比例在两份里相差不到一张。
def test_images_digits_split_is_stratified():
    train, test = (images("digits", split=s)[1].bincount() for s in ("train", "test"))
    assert torch.equal(test, (train + test) // 5)
    assert (len(images(split="train")[1]), len(images(split="test")[1])) == (1442, 355)


def test_images_digits_is_fixed_whatever_the_rng():
    torch.manual_seed(0)
    first = images("digits")
    torch.manual_seed(1)
    second = images("digits")
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("size", [5, 8, 15, 28, 32])
def test_images_digits_any_size(size):
    X, y = images("digits", split="test", size=size)
    assert X.shape == (355, 1, size, size)
    assert (X.dtype, y.dtype) == (torch.float32, torch.int64)
    assert X.min() >= 0
    assert X.max() <= 1


# 对照：整数倍缩小且先平滑时，亮度的均值不变；原大小时原样返回。
def test_resize_keeps_mean_brightness():
    X = torch.rand(5, 2, 32, 32, generator=seeded())
    assert resize(X, 32) is X
    torch.testing.assert_close(resize(X, 8).mean((-1, -2)), X.mean((-1, -2)), rtol=0.05, atol=0)


# 对照：闭式，双线性插值不改变沿 x 的线性渐变（边缘除外）。
def test_resize_keeps_linear_ramp():
    ramp = ((torch.arange(8) + 0.5) / 8).expand(1, 1, 8, 8)
    want = ((torch.arange(32) + 0.5) / 32)[2:-2]
    torch.testing.assert_close(resize(ramp, 32)[0, 0, 5, 2:-2], want)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"name": "imagenet"}, ValueError, "name 应为 .*收到 'imagenet'"),
        ({"split": "valid"}, ValueError, "split 应为 'train'、'test' 之一，收到 'valid'"),
        ({"size": 0}, ValueError, "size 应为正整数，收到 0"),
        ({"size": 8.0}, TypeError, "size 应为正整数，收到 8.0"),
        ({"root": 3}, TypeError, "root 应为路径，收到 int：3"),
    ],
)
def test_images_rejects_bad_argument(settings, error, message, unchecked):
    with pytest.raises(error, match=message):
        images(**settings)


@pytest.mark.parametrize(
    ("X", "size", "error", "message"),
    [
        (np.zeros((1, 1, 8, 8)), 4, TypeError, "X 应为浮点张量，收到 ndarray"),
        (torch.rand(8, 8), 4, ValueError, r"形状应为 \(n, C, H, W\).*收到 \(8, 8\)"),
        (torch.rand(0, 1, 8, 8), 4, ValueError, r"各维至少为 1，收到 \(0, 1, 8, 8\)"),
        (torch.zeros(1, 1, 8, 8).byte(), 4, TypeError, "torch.uint8"),
        (torch.rand(1, 1, 8, 8), -1, ValueError, "size 应为正整数，收到 -1"),
    ],
)
def test_resize_rejects_bad_argument(X, size, error, message, unchecked):
    with pytest.raises(error, match=message):
        resize(X, size)


def test_image_sets_have_ten_labels_and_digits_must_not_flip():
    assert all(len(image_set.labels) == 10 for image_set in IMAGE_SETS.values())
    assert [name for name, s in IMAGE_SETS.items() if s.flip_ok] == ["fashion_mnist", "cifar10"]


def random_images(n=64, c=3, h=9, w=7):
    return torch.rand(n, c, h, w, generator=seeded(9))


def test_augment_without_settings_changes_nothing():
    X = random_images()
    assert torch.equal(augment(X, seeded()), X)


# 对照：逐张补零再切片；每张的结果必是 (2·crop + 1)² 个窗口之一，而且窗口有多种。
def test_augment_crop_gives_one_of_all_windows():
    X, crop = random_images(), 2
    out, padded = augment(X, seeded(), crop=crop), F.pad(X, (2, 2, 2, 2))
    found = set()
    for i in range(len(X)):
        windows = [
            (a, b)
            for a in range(5)
            for b in range(5)
            if torch.equal(padded[i, :, a : a + 9, b : b + 7], out[i])
        ]
        assert len(windows) == 1
        found.update(windows)
    assert len(found) > 15


# 对照：二项分布，概率 0.3、2000 张，允许 5 个标准差。
def test_augment_flip_happens_with_given_probability():
    X = random_images(2000, 1, 2, 3)
    out = augment(X, seeded(), flip=0.3)
    flipped = (out == X.flip(-1)).flatten(1).all(1)
    kept = (out == X).flatten(1).all(1)
    assert (flipped ^ kept).all()
    assert abs(flipped.float().mean().item() - 0.3) < 5 * (0.3 * 0.7 / 2000) ** 0.5
    assert torch.equal(augment(X, seeded(), flip=1.0), X.flip(-1))


# 对照：不变量，每张图只有一个倍数，落在 [0.6, 1.4] 内；结果截到 [0, 1]。
def test_augment_brightness_scales_each_image_by_one_factor():
    X = random_images() / 2
    ratio = (augment(X, seeded(), brightness=0.4) / X).flatten(1)
    torch.testing.assert_close(ratio, ratio[:, :1].expand_as(ratio))
    assert 0.6 <= ratio.min() < 0.7
    assert 1.3 < ratio.max() <= 1.4
    assert augment(torch.ones(50, 1, 2, 2), seeded(), brightness=1.0).max() == 1


def test_augment_is_reproducible_and_leaves_input_and_global_rng():
    X = random_images()
    copy, rng = X.clone(), torch.get_rng_state()
    settings = {"crop": 1, "flip": 0.5, "brightness": 0.3}
    assert torch.equal(augment(X, seeded(1), **settings), augment(X, seeded(1), **settings))
    assert not torch.equal(augment(X, seeded(1), **settings), augment(X, seeded(2), **settings))
    assert torch.equal(X, copy)
    assert torch.equal(rng, torch.get_rng_state())


@pytest.mark.parametrize(
    ("X", "settings", "error", "message"),
    [
        (torch.rand(8, 8), {}, ValueError, r"形状应为 \(n, C, H, W\)，收到 \(8, 8\)"),
        (torch.zeros(1, 1, 8, 8, dtype=torch.uint8), {}, TypeError, "浮点数，收到 torch.uint8"),
        (torch.rand(1, 1, 8, 8), {"crop": -1}, ValueError, "crop 应不小于 0"),
        (torch.rand(1, 1, 8, 8), {"crop": 0.5}, TypeError, "crop 应为"),
        (torch.rand(1, 1, 8, 8), {"flip": "yes"}, TypeError, "flip 应为实数，收到 'yes'"),
        ([[0.5]], {}, TypeError, "X 应为张量，收到 list"),
        (torch.rand(1, 1, 8, 8), {"flip": 1.5}, ValueError, "flip 应在"),
        (torch.rand(1, 1, 8, 8), {"brightness": -0.1}, ValueError, "brightness 应在"),
        (torch.rand(1, 1, 8, 8), {"generator": 0}, TypeError, "generator 应为"),
    ],
)
def test_augment_rejects_bad_argument(X, settings, error, message, unchecked):
    with pytest.raises(error, match=message):
        augment(X, **{"generator": seeded(), **settings})
