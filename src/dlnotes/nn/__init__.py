"""从零写的部件，与 `torch.nn` 对照：激活函数、初始化、归一化、损失函数。"""

from dlnotes.nn import activations, catalogue, init, losses, norm

__all__ = ["activations", "catalogue", "init", "losses", "norm"]
