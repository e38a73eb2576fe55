"""课程笔记本里 `plot_lib.py` 的替身：三代公开版本的函数都在，调用方式不变。

把 `from res.plot_lib import …` 换成 `from dlnotes.plot_lib import …`，笔记本其余的代码
原样可用。与原版不同的是：

- 不读 `res/ziegler.png`，二维颜色表由代码生成；导入时也不需要 IPython。
- 不把模型挪到 CPU：格点送到模型所在的设备与精度上；各子模块的训练或评估模式画完即恢复。
- 不改动任何输入；除 `set_default` 外不改全局样式，而 `set_default` 可以撤销。

各函数画在 pyplot 的当前坐标轴上，只有说明里写了“新开一张图”的除外。凡是收张量的参数也收
NumPy 数组，张量可以在任何设备上、可以带梯度。图里的文字是英文，与原版一致。

来源: Canziani 与 LeCun，NYU 深度学习课程 2020、2021 年春的笔记本（NYU-DLSP20、NYU-DLSP21）中
`res/plot_lib.py` 的调用方式；代码是重写的。
"""

import matplotlib as mpl
import numpy as np
import torch
from matplotlib import pyplot as plt

from dlnotes.plot_lib.colours import colors
from dlnotes.plot_lib.console import acc, overwrite, plot_state, print_colourbar
from dlnotes.plot_lib.energy import plot_2d_energy_levels, plot_3d_energy_levels
from dlnotes.plot_lib.matrices import plot_bases, show_mat
from dlnotes.plot_lib.networks import plot_embeddings, plot_model
from dlnotes.plot_lib.points import plot_data, show_scatterplot
from dlnotes.plot_lib.style import set_default

# 第三代笔记本写 `from res.plot_lib import *`，连 mpl、np、plt、torch 也从这里得到。
__all__ = [
    "acc", "colors", "mpl", "np", "overwrite", "plot_2d_energy_levels", "plot_3d_energy_levels",
    "plot_bases", "plot_data", "plot_embeddings", "plot_model", "plot_state", "plt",
    "print_colourbar", "set_default", "show_mat", "show_scatterplot", "torch",
]  # fmt: skip
