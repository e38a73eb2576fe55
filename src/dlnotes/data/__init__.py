"""笔记用到的数据：全部离线可得，给定种子就完全确定。"""

from dlnotes.data.digits import digits
from dlnotes.data.images import IMAGE_SETS, augment, images, resize
from dlnotes.data.split import split
from dlnotes.data.toy import circles, spiral, xor

__all__ = [
    "IMAGE_SETS",
    "augment",
    "circles",
    "digits",
    "images",
    "resize",
    "spiral",
    "split",
    "xor",
]
