"""从零写的优化器：一个文件一个算法，更新规则就写在公式旁边，与 `torch.optim` 逐步相等。

每个文件里有两样东西：`*_rule` 是纯函数，照公式逐行写成，只算不改，适合阅读和单步演示；
同名的类是 `torch.optim.Optimizer` 的子类，就地更新整组参数，适合训练。测试保证两者相等。
"""

from dlnotes.optim.adagrad import Adagrad, adagrad_rule
from dlnotes.optim.adam import Adam, adam_rule
from dlnotes.optim.adamw import AdamW, adamw_rule
from dlnotes.optim.base import RuleOptimizer, state_bytes
from dlnotes.optim.momentum import Momentum, momentum_rule, velocity_rule
from dlnotes.optim.nesterov import Nesterov, nesterov_rule
from dlnotes.optim.rmsprop import RMSprop, rmsprop_rule
from dlnotes.optim.sgd import SGD, sgd_rule

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Momentum",
    "Nesterov",
    "RMSprop",
    "RuleOptimizer",
    "adagrad_rule",
    "adam_rule",
    "adamw_rule",
    "momentum_rule",
    "nesterov_rule",
    "rmsprop_rule",
    "sgd_rule",
    "state_bytes",
    "velocity_rule",
]
