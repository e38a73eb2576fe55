"""show_scatterplot 的颜色与二维颜色表。"""

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt

from dlnotes.plot_lib import (
    colors,
    show_scatterplot,
)
from dlnotes.plot_lib.colours import colour_map


def facecolours() -> np.ndarray:
    return plt.gca().collections[0].get_facecolor()


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("convert", [torch.Tensor.clone, torch.Tensor.numpy, torch.Tensor.tolist])
def test_show_scatterplot_accepts_rgb_and_rgba(data, channels, convert):
    rgb = torch.rand(60, channels)
    show_scatterplot(data[0], convert(rgb), title="t")
    np.testing.assert_allclose(facecolours()[:, :channels], rgb, atol=1e-7)
    assert plt.gca().get_title() == "t"


@pytest.mark.parametrize("dtype", [torch.int16, torch.int64, torch.uint8])
def test_show_scatterplot_looks_up_integer_pairs(data, dtype):
    X, _ = data
    indices = torch.randint(0, 256, (60, 2)).to(dtype)
    expected = colour_map()[indices.long()[:, 0], indices.long()[:, 1]]
    show_scatterplot(X, indices, axis=False)
    np.testing.assert_allclose(facecolours()[:, :3], expected)
    assert not plt.gca().lines
    plt.figure()
    show_scatterplot(X.numpy(), indices.numpy())
    np.testing.assert_allclose(facecolours()[:, :3], expected)
    assert len(plt.gca().lines) == 2


@pytest.mark.parametrize(
    "given", ["red", ["red"] * 60, (1.0, 0.0, 0.0), torch.tensor([[1.0, 0, 0]])]
)
def test_show_scatterplot_accepts_named_and_single_colours(data, given):
    show_scatterplot(data[0], given)
    assert (facecolours() == mpl.colors.to_rgba("red")).all()


def test_show_scatterplot_maps_scalars_like_scatter(data):
    X, _ = data
    show_scatterplot(X, X[:, 0])
    np.testing.assert_array_equal(plt.gca().collections[0].get_array(), X[:, 0])


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (torch.rand(60, 2), TypeError, "颜色表的下标，应为整数.*float32"),
        (torch.full((60, 2), 512), ValueError, "0 到 511 之间.*512"),
        (torch.full((60, 2), -1), ValueError, "0 到 511 之间.*-1"),
        (torch.full((60, 3), 2.0), ValueError, "RGB 应在 0 到 1 之间.*2.0"),
        (torch.full((60, 3), torch.nan), ValueError, "RGB 应在 0 到 1 之间.*nan"),
        (torch.rand(60, 5), ValueError, r"\(N, 4\)，收到 \(60, 5\)"),
        (torch.rand(59, 3), ValueError, r"应有 60 行.*\(59, 3\)"),
        (torch.tensor(0.5), ValueError, "应有 60 行"),
        (None, TypeError, "colors 应为数值"),
    ],
)
def test_show_scatterplot_rejects_bad_colours(data, given, error, message, unchecked):
    with pytest.raises(error, match=message):
        show_scatterplot(data[0], given)


def test_colour_map_is_smooth_distinct_and_brightens_along_the_second_index():
    table = colour_map()
    assert table.shape == (512, 512, 3)
    assert table.min() >= 0
    assert table.max() <= 1
    assert max(np.abs(np.diff(table, axis=axis)).max() for axis in (0, 1)) < 0.02
    # 参照：WCAG 的相对亮度
    linear = np.where(table <= 0.04045, table / 12.92, ((table + 0.055) / 1.055) ** 2.4)
    assert (np.diff(linear @ [0.2126, 0.7152, 0.0722], axis=1) > 0).all()
    coarse = table[::73, ::73].reshape(-1, 3)
    gaps = np.linalg.norm(coarse[:, None] - coarse[None], axis=-1) + np.eye(len(coarse))
    assert gaps.min() > 0.03
    assert colour_map() is table
    assert not table.flags.writeable


def test_colors_are_twelve_named_hex_values():
    # 参照：ColorBrewer 公布的 Set3 十二色的头、中、尾
    assert len(colors) == 12
    assert (colors["aqua"], colors["orange"], colors["unk2"]) == ("#8dd3c7", "#fdb462", "#ffed6f")
