import sys
import types
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from dlnotes.data.images import IMAGE_SETS, augment, images, resize


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


def fake_torchvision(monkeypatch, **classes):
    datasets = types.ModuleType("torchvision.datasets")
    for name, cls in classes.items():
        setattr(datasets, name, cls)
    package = types.ModuleType("torchvision")
    package.datasets = datasets
    monkeypatch.setitem(sys.modules, "torchvision", package)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", datasets)


class FakeGrey:
    """与 torchvision 的 MNIST 一样：data 是 uint8 张量 (n, 28, 28)。"""

    calls = ()

    def __init__(self, root, train, download):
        type(self).calls += ((root, train, download),)
        n = 6 if train else 3
        self.data = torch.arange(n * 784).reshape(n, 28, 28).remainder(256).to(torch.uint8)
        self.targets = torch.arange(n)


class FakeColour:
    """与 torchvision 的 CIFAR10 一样：data 是 uint8 数组 (n, 32, 32, 3)，targets 是列表。"""

    def __init__(self, root, train, download):
        self.data = np.arange(4 * 3072).reshape(4, 32, 32, 3).astype(np.uint8)
        self.targets = [3, 1, 4, 1]


@pytest.mark.parametrize(("name", "cls"), [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST")])
def test_images_reads_grey_sets_through_torchvision(monkeypatch, tmp_path, name, cls):
    fake = type(cls, (FakeGrey,), {})
    fake_torchvision(monkeypatch, **{cls: fake})
    X, y = images(name, split="test", root=tmp_path)
    assert fake.calls == ((str(tmp_path), False, True),)
    torch.testing.assert_close(X, fake("", False, False).data[:, None].float() / 255)
    assert (X.dtype, y.tolist()) == (torch.float32, [0, 1, 2])
    assert images(name, size=32, root=tmp_path)[0].shape == (6, 1, 32, 32)


def test_images_reads_cifar10_as_channels_first(monkeypatch, tmp_path):
    fake_torchvision(monkeypatch, CIFAR10=FakeColour)
    X, y = images("cifar10", root=tmp_path)
    pixels = FakeColour("", True, False).data
    assert X.shape == (4, 3, 32, 32)
    assert y.tolist() == [3, 1, 4, 1]
    assert X[2, 1, 5, 7].item() == pytest.approx(pixels[2, 5, 7, 1] / 255)


def test_images_root_defaults_to_environment_variable(monkeypatch, tmp_path):
    fake = type("MNIST", (FakeGrey,), {})
    fake_torchvision(monkeypatch, MNIST=fake)
    monkeypatch.setenv("DLNOTES_DATA", str(tmp_path / "cache"))
    images("mnist", download=False)
    assert fake.calls == ((str(tmp_path / "cache"), True, False),)


def test_images_says_how_to_install_when_torchvision_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(ModuleNotFoundError, match=r"MNIST 需要 torchvision.*digits"):
        images("mnist")


@pytest.mark.parametrize(
    ("download", "error", "message"),
    [
        (True, URLError("no network"), "下载也没有成功"),
        (True, RuntimeError("File not found or corrupted."), "corrupted"),
        (False, RuntimeError("Dataset not found."), "不许下载"),
    ],
)
def test_images_says_what_to_do_when_offline(monkeypatch, tmp_path, download, error, message):
    def fail(*args, **kwargs):
        raise error

    fake_torchvision(monkeypatch, CIFAR10=fail)
    with pytest.raises(ConnectionError, match=f"得不到 CIFAR10.*{message}.*DLNOTES_DATA"):
        images("cifar10", root=tmp_path, download=download)


@pytest.mark.parametrize(
    ("settings", "name"),
    [({"name": "imagenet"}, "name"), ({"split": "valid"}, "split"), ({"size": 0}, "size")],
)
def test_images_rejects_bad_argument(settings, name, unchecked):
    with pytest.raises(ValueError, match=f"{name} 应为.*收到"):
        images(**settings)


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
        (torch.rand(1, 1, 8, 8), {"crop": -1}, ValueError, "crop 应为"),
        (torch.rand(1, 1, 8, 8), {"crop": 0.5}, ValueError, "crop 应为"),
        (torch.rand(1, 1, 8, 8), {"flip": 1.5}, ValueError, "flip 应在"),
        (torch.rand(1, 1, 8, 8), {"brightness": -0.1}, ValueError, "brightness 应在"),
        (torch.rand(1, 1, 8, 8), {"generator": 0}, TypeError, "generator 应为"),
    ],
)
def test_augment_rejects_bad_argument(X, settings, error, message, unchecked):
    with pytest.raises(error, match=message):
        augment(X, **{"generator": seeded(), **settings})
