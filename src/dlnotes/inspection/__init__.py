"""看训练：各层的激活与梯度、死亡的 ReLU、更新的幅度、线性区域；只看，不动。"""

from dlnotes.inspection.dead import dead_ratio
from dlnotes.inspection.updates import update_ratio
from dlnotes.inspection.watch import LayerStats, watch

__all__ = ["LayerStats", "dead_ratio", "update_ratio", "watch"]
