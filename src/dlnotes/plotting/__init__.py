"""画图：中文字体、深浅两色都看得清的样式，和笔记里反复用到的几种图。

每个 `draw_*` 都接受 `ax=None`，画完返回 Axes；不移动模型、不改变它的模式、不改动输入。
导入本包不改 matplotlib 的任何设置；第一次画图时登记中文字体（见 `use_chinese`）。
"""

from dlnotes._core.font import FONT
from dlnotes.plotting.curves import (
    draw_ablation,
    draw_band,
    draw_heatmap,
    draw_histogram,
    draw_sweep,
)
from dlnotes.plotting.diagrams import (
    animate_kernel,
    draw_cubes,
    draw_graph,
    draw_kernel_step,
    draw_layers,
    draw_network,
    draw_shapes,
    draw_vectors,
)
from dlnotes.plotting.images import draw_images
from dlnotes.plotting.planes import animate_regions, draw_regions, draw_scatter, draw_warped_grid
from dlnotes.plotting.style import DARK, LIGHT, PALETTE, style, subplots, use_chinese
from dlnotes.plotting.trajectories import animate_trajectory, draw_trajectory

__all__ = [
    "DARK",
    "FONT",
    "LIGHT",
    "PALETTE",
    "animate_kernel",
    "animate_regions",
    "animate_trajectory",
    "draw_ablation",
    "draw_band",
    "draw_cubes",
    "draw_graph",
    "draw_heatmap",
    "draw_histogram",
    "draw_images",
    "draw_kernel_step",
    "draw_layers",
    "draw_network",
    "draw_regions",
    "draw_scatter",
    "draw_shapes",
    "draw_sweep",
    "draw_trajectory",
    "draw_vectors",
    "draw_warped_grid",
    "style",
    "subplots",
    "use_chinese",
]
