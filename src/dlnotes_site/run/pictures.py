"""代码块留下的图写成 SVG；动画收成多帧。"""

import io
import re
import sys
from dataclasses import dataclass

# 坐标到百分之一磅已看不出差别，文件小三分之一；缩放的倍数不能动，否则字形会变小
_LONG_DECIMAL = re.compile(r"scale\([^)]*\)|(\d\.\d\d)\d+")


@dataclass
class Picture:
    """一张图：各帧的 SVG（浅色、透明底）与标题，宽高以像素计。"""

    frames: list[str]
    labels: list[str]
    width: int
    height: int


def take_pictures(namespace: dict) -> list[Picture]:
    """还开着的图，先开的在前；取完就关掉。"""
    if "matplotlib.pyplot" not in sys.modules:
        return []
    from matplotlib import pyplot as plt

    if not plt.get_fignums():
        return []
    from matplotlib.animation import Animation

    animations = {id(a._fig): a for a in namespace.values() if isinstance(a, Animation)}
    pictures = [_picture(plt.figure(number), animations) for number in plt.get_fignums()]
    plt.close("all")
    return pictures


def _picture(figure, animations: dict) -> Picture:
    animation = animations.get(id(figure)) or getattr(figure, "animation", None)
    frames, labels = ([_svg(figure)], [""]) if animation is None else _frames(animation)
    width, height = (round(100 * inches) for inches in figure.get_size_inches())
    return Picture(frames, labels, width, height)


def _frames(animation) -> tuple[list[str], list[str]]:
    from matplotlib.animation import AbstractMovieWriter

    frames: list[str] = []
    labels: list[str] = []

    class Writer(AbstractMovieWriter):
        def setup(self, fig, outfile, dpi=None):
            self.fig = fig

        def grab_frame(self, **options):
            frames.append(_svg(self.fig))
            labels.append(self.fig.axes[0].get_title())

        def finish(self):
            pass

    animation.save("", writer=Writer())
    return frames, labels


def _svg(figure) -> str:
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "dlnotes", "svg.fonttype": "path"}):
        figure.savefig(text, format="svg", transparent=True, dpi=144, metadata={"Date": None})
    return _LONG_DECIMAL.sub(lambda match: match[1] or match[0], text.getvalue())
