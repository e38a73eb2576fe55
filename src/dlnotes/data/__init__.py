"""笔记用到的数据：给定种子就完全确定；除三个公开数据集外，都不用下载。"""

from dlnotes.data.augment import augment
from dlnotes.data.digits import digits
from dlnotes.data.features import (
    VisualWords,
    colour_histogram,
    cut_blocks,
    hog_features,
    standardize,
)
from dlnotes.data.hanzi import hanzi, hanzi_labels
from dlnotes.data.hanzi_of import hanzi_of
from dlnotes.data.images import IMAGE_SETS, images, resize
from dlnotes.data.patches import PATCH_LABELS, patches
from dlnotes.data.split import split
from dlnotes.data.toy import spiral, xor

__all__ = [
    "IMAGE_SETS",
    "PATCH_LABELS",
    "VisualWords",
    "augment",
    "colour_histogram",
    "cut_blocks",
    "digits",
    "hanzi",
    "hanzi_labels",
    "hanzi_of",
    "hog_features",
    "images",
    "patches",
    "resize",
    "spiral",
    "split",
    "standardize",
    "xor",
]
