"""一步更新的相对幅度。"""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import nn

from dlnotes._core.check import instance_of
from dlnotes.inspection._layers import all_known, read_back

__all__ = ["update_ratio"]


@contextmanager
def update_ratio(
    model: nn.Module, parameters: Iterable[str] | None = None
) -> Iterator[dict[str, float]]:
    r"""一步更新的相对幅度：$\lVert\Delta\theta\rVert / \lVert\theta\rVert$。

    把 `optimizer.step()` 放进 `with`：进入时复制参数，离开时相减，训练照常进行。
    CS231n 讲义的经验值是 1e-3 左右；它随学习率与步数变，只能当体温计，见“调参的七步”一页的证据。

    Args:
        model: 任意网络。
        parameters: 参数名（`named_parameters` 里的）；省略时是所有可训练的参数。

    Yields:
        参数名 → 比值，离开 `with` 时填入；参数原为全 0 时，动了是 inf，没动是 0。

    Raises:
        ValueError: 没有这样的参数；信息里列出可用的名字。
        TypeError: `model` 不是 `nn.Module`，或 `parameters` 是一个字符串。

    Examples:
        >>> import torch
        >>> net = nn.Linear(2, 1, bias=False)
        >>> sgd = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=0.5)
        >>> net.weight.grad = torch.zeros(1, 2)
        >>> with update_ratio(net) as ratios:
        ...     sgd.step()
        >>> round(ratios["weight"], 4)
        0.05

    来源: A. Karpathy, CS231n 讲义 Neural Networks Part 3, “Ratio of weights:updates”.
    """
    instance_of("model", model, nn.Module, "nn.Module")
    named = dict(model.named_parameters())
    if parameters is None:
        names = [name for name, p in named.items() if p.requires_grad]
    else:
        names = all_known("parameters", parameters, named)
    before = {name: named[name].detach().clone() for name in names}
    ratios: dict[str, float] = {}
    yield ratios
    steps = read_back([(named[name].detach() - old).norm() for name, old in before.items()])
    sizes = read_back([old.norm() for old in before.values()])
    ratios.update(zip(names, map(_ratio, steps, sizes), strict=True))


def _ratio(step: float, size: float) -> float:
    if size > 0:
        return step / size
    return math.inf if step > 0 else 0.0
