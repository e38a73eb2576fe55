"""由真实对象画出的示意图：网络、计算图、逐层的形状、卷积的一步、向量、张量的形状。

每种图一个函数，宽不过手机的屏幕，字在手机上不小于 11 像素；颜色都取自 `LIGHT`。
"""

from dlnotes.plotting.diagrams.graph import draw_graph
from dlnotes.plotting.diagrams.kernel import animate_kernel, draw_kernel_step
from dlnotes.plotting.diagrams.layers import draw_layers
from dlnotes.plotting.diagrams.network import draw_network
from dlnotes.plotting.diagrams.shapes import draw_cubes, draw_shapes
from dlnotes.plotting.diagrams.vectors import draw_vectors

__all__ = [
    "animate_kernel",
    "draw_cubes",
    "draw_graph",
    "draw_kernel_step",
    "draw_layers",
    "draw_network",
    "draw_shapes",
    "draw_vectors",
]
