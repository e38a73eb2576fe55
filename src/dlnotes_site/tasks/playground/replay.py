"""一次训练的回放：各步的准确率、损失和决策区域，压成一小段文字，浏览器里再解开。

决策区域是格点上的类别，一格不差地存：每一格先由左、上几格和上一帧猜，只记猜错的格子相隔多远。
猜错的很少，所以 16 帧 90×90 的图通常不到 1 kB。其余的量都是整数序列，存相邻两项的差。
"""

import base64
import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

NUM_CLASSES = 3
PER_DECADE = 2000
"""损失取对数后每十倍分成几级；2000 级时误差不超过 0.06%。"""
OVERFLOW = 10 * PER_DECADE
"""损失不是有限数时记这一级。"""


@dataclass
class Playback:
    """一次训练的回放，共 F 帧；损失曲线另取 L 个点。

    Attributes:
        train_correct: 每一帧训练集上答对的个数。
        test_correct: 每一帧测试集上答对的个数。
        valid_loss: 每一帧的测试损失。
        train_loss: 训练损失曲线，L 项。
        labels: 每一帧格点上的类别，形状 (F, G, G)，第 0 行在最上面。
    """

    train_correct: list[int]
    test_correct: list[int]
    valid_loss: list[float]
    train_loss: list[float]
    labels: np.ndarray


def encode(playback: Playback) -> str:
    """压成 base64 文字。"""
    stream: list[int] = []
    for values in (playback.train_correct, playback.test_correct,
                   [_level(x) for x in playback.valid_loss],
                   [_level(x) for x in playback.train_loss]):  # fmt: skip
        stream += _differences(values)
    stream += _gaps(_surprises(playback.labels.astype(np.int64)))
    return base64.b64encode(zlib.compress(_varints(stream), 9)).decode()


def decode(text: str, num_frames: int, num_points: int, size: int) -> Playback:
    """`encode` 的反面；浏览器里的 `playground.js` 做同样的事。"""
    stream = _integers(zlib.decompress(base64.b64decode(text)))
    parts = [_sums(stream, n) for n in (num_frames, num_frames, num_frames, num_points)]
    labels = _rebuild(stream, num_frames, size)
    return Playback(parts[0], parts[1], *([_loss(q) for q in part] for part in parts[2:]), labels)


def _level(loss: float) -> int:
    if not math.isfinite(loss):
        return OVERFLOW
    return round(PER_DECADE * math.log10(min(max(loss, 1e-8), 1e8)))


def _loss(level: int) -> float:
    return math.inf if level == OVERFLOW else 10 ** (level / PER_DECADE)


# --- 格点上的类别 --------------------------------------------------------------------------------


def _surprises(labels: np.ndarray) -> np.ndarray:
    """每一格的类别比猜的多几（模 3）；0 是猜对了。四周补一圈 0。"""
    frames = np.pad(labels, ((1, 0), (1, 1), (1, 1)))
    now, before = frames[1:], frames[:-1]

    def around(a):
        return a[:, 1:-1, :-2], a[:, :-2, 1:-1], a[:, :-2, :-2], a[:, :-2, 2:]

    left, up, corner, _ = around(now)
    still = np.all([a == b for a, b in zip(around(now), around(before), strict=True)], axis=0)
    guess = np.where(still, before[:, 1:-1, 1:-1], np.where(left == corner, up, left))
    return (labels - guess) % NUM_CLASSES


def _gaps(surprises: np.ndarray) -> list[int]:
    """猜错的格子：与上一处相隔几格，以及错了几。"""
    flat = surprises.reshape(-1)
    where = np.flatnonzero(flat)
    return (2 * (np.diff(where, prepend=-1) - 1) + flat[where] - 1).tolist()


def _rebuild(gaps: Iterator[int], num_frames: int, size: int) -> np.ndarray:
    before = np.zeros((size + 2, size + 2), np.uint8)
    frames, position, target, amount = [], 0, -1, 0

    def advance():
        nonlocal target, amount
        step = next(gaps, None)
        target, amount = (-1, 0) if step is None else (position + step // 2, step % 2 + 1)

    advance()
    for _ in range(num_frames):
        now = np.zeros_like(before)
        for i in range(1, size + 1):
            for j in range(1, size + 1):
                near = ((i, j - 1), (i - 1, j), (i - 1, j - 1), (i - 1, j + 1))
                left, up, corner, _ = (now[at] for at in near)
                still = all(now[at] == before[at] for at in near)
                label = before[i, j] if still else up if left == corner else left
                hit, position = position == target, position + 1
                now[i, j] = (label + (amount if hit else 0)) % NUM_CLASSES
                if hit:
                    advance()
        frames.append(now[1:-1, 1:-1])
        before = now
    return np.stack(frames)


# --- 整数 ----------------------------------------------------------------------------------------


def _differences(values: Sequence[int]) -> list[int]:
    """相邻两项的差，正负交错着编成非负整数。"""
    steps = (b - a for a, b in zip([0, *values], values, strict=False))
    return [2 * d if d >= 0 else -2 * d - 1 for d in steps]


def _sums(stream: Iterator[int], count: int) -> list[int]:
    coded = (next(stream) for _ in range(count))
    return list(accumulate(c // 2 if c % 2 == 0 else -(c + 1) // 2 for c in coded))


def _varints(numbers: Iterable[int]) -> bytes:
    """每字节 7 位，低位在前，最高位表示后面还有。"""
    out = bytearray()
    for number in numbers:
        while number >= 128:
            out.append(number & 127 | 128)
            number >>= 7
        out.append(number)
    return bytes(out)


def _integers(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0
