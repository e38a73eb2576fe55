"""The sheet of images, read through its Axes."""

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from dlnotes.plotting import draw_images


# oracle: the given pixels, and a grid computed by hand
def test_draw_images_shows_every_image_in_reading_order():
    X = torch.rand(7, 1, 6, 4, generator=torch.Generator().manual_seed(0))
    ax = draw_images(X, list("abcdefg"), num_cols=3)
    assert len(ax.images) == 7
    for shown, image in zip(ax.images, X, strict=True):
        np.testing.assert_array_equal(shown.get_array(), image[0])
        assert shown.get_clim() == (0, 1)
    lefts, _, bottoms, tops = np.array([shown.get_extent() for shown in ax.images]).T
    assert np.unique(lefts, return_inverse=True)[1].tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert np.unique(tops, return_inverse=True)[1].tolist() == [0, 0, 0, 1, 1, 1, 2]
    np.testing.assert_allclose(bottoms - tops, 1.5)  # H / W: square pixels
    assert [text.get_text() for text in ax.texts] == list("abcdefg")


def test_draw_images_clips_in_silence_and_leaves_its_input_alone(caplog):
    X = torch.tensor([-1.0, 0.5, 2.0]).reshape(1, 3, 1, 1).repeat(2, 1, 5, 5)
    copy = X.clone()
    ax = draw_images(X)
    np.testing.assert_allclose(ax.images[0].get_array()[0, 0], [0, 0.5, 1])
    assert ax.get_title() == "共 2 张，每张 5×5 像素"
    assert len(ax.texts) == 0
    np.testing.assert_array_equal(draw_images(X[:1, 2:]).images[0].get_array(), np.ones((5, 5)))
    assert torch.equal(X, copy)
    assert caplog.text == ""  # matplotlib would complain of values outside [0, 1]


def test_draw_images_draws_on_the_given_axes_within_its_limits():
    _, given = plt.subplots()
    ax = draw_images(torch.rand(5, 1, 8, 8), range(5), given, num_cols=2, title="五张")
    assert ax is given
    assert ax.get_title() == "五张"
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    for shown in ax.images:
        a, b, c, d = shown.get_extent()
        assert left <= a < b <= right
        assert top <= d < c <= bottom
    assert all(top <= text.get_position()[1] for text in ax.texts)


@pytest.mark.parametrize(
    ("X", "options", "error", "message"),
    [
        (torch.rand(3, 8, 8), {}, ValueError, r"\(n, 1, H, W\).*收到 \(3, 8, 8\)"),
        (torch.rand(3, 2, 8, 8), {}, ValueError, r"收到 \(3, 2, 8, 8\)"),
        (torch.rand(0, 1, 8, 8), {}, ValueError, r"收到 \(0, 1, 8, 8\)"),
        (torch.rand(3, 1, 8, 8), {"labels": "ab"}, ValueError, "labels 应有 3 个，收到 2 个"),
        (torch.rand(3, 1, 8, 8), {"num_cols": 0}, ValueError, "num_cols 应为正整数，收到 0"),
        (torch.rand(3, 1, 8, 8), {"num_cols": 1.5}, TypeError, "num_cols 应为正整数，收到 1.5"),
        (torch.full((1, 1, 2, 2), float("nan")), {}, ValueError, "X 应为有限的实数"),
        ("image", {}, TypeError, "X 应为数值，收到 str"),
    ],
)
def test_draw_images_rejects_bad_argument(X, options, error, message, unchecked):
    with pytest.raises(error, match=message):
        draw_images(X, **options)
    assert plt.get_fignums() == []
