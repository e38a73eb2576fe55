"""诊断：只看，不动。读出每层的激活、梯度与更新幅度，用完即撤。

这里的函数不改变模型的输出、梯度、训练模式与随机状态；钩子在离开 `with` 时总会移除，
中途出错也一样。
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from dlnotes._check import positive_int
from dlnotes.activations import CATALOGUE, derivative

__all__ = ["LayerStats", "dead_ratio", "layer_names", "update_ratio", "watch"]

_MAX_SLOPES = {type(a.module()): a.derivative_range[1] for a in CATALOGUE.values()}
_RECTIFIERS = (nn.ReLU, nn.ReLU6)


@dataclass
class LayerStats:
    """一层的记录。每次前向在前四个列表里各添一个数，每次反向在 `grad_norm` 里添一个数。

    Attributes:
        kind: 层的类名。
        mean: 输出的均值。
        sd: 输出的标准差（除以 n）。
        zero_ratio: 输出恰为 0 的比例，在 [0, 1] 内。
        saturation: 饱和的比例：导数的绝对值不到最大值 5 % 的单元所占的比例；
            只有激活层（`CATALOGUE` 里的）才有，其余的层为空。
        grad_norm: 损失对本层自己的参数（不含子层）的梯度的 2-范数；没有可训练参数的层为空。
    """

    kind: str
    mean: list[float] = field(default_factory=list)
    sd: list[float] = field(default_factory=list)
    zero_ratio: list[float] = field(default_factory=list)
    saturation: list[float] = field(default_factory=list)
    grad_norm: list[float] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set, repr=False)

    def _read_output(self, module: nn.Module, inputs: tuple, output: object) -> None:
        y = _first_tensor(output)
        if y is None or not y.is_floating_point() or y.numel() == 0:
            return
        y = y.detach()
        self.mean.append(y.mean().item())
        self.sd.append(y.std(correction=0).item())
        self.zero_ratio.append((y == 0).double().mean().item())

    def _read_input(self, module: nn.Module, inputs: tuple) -> None:
        """前向之前读：原地（inplace）的激活层做完之后，输入就不在了。"""
        if inputs:
            slope = derivative(module.forward, inputs[0]).abs()
            saturated = slope < 0.05 * _MAX_SLOPES[type(module)]
            self.saturation.append(saturated.double().mean().item())

    def _gradient_reader(self, index: int) -> Callable[[Tensor], None]:
        """第 `index` 个参数的钩子；同一个参数再次出现，就是新的一次反向。"""

        def read(grad: Tensor) -> None:
            if not self.grad_norm or index in self._seen:
                self.grad_norm.append(0.0)
                self._seen.clear()
            self._seen.add(index)
            norm = grad.detach().norm().item()
            self.grad_norm[-1] = math.hypot(self.grad_norm[-1], norm)

        return read


def _first_tensor(output: object) -> Tensor | None:
    """输出是元组（如 LSTM）时取其中第一个张量。"""
    if isinstance(output, tuple | list):
        return next((item for item in output if isinstance(item, Tensor)), None)
    return output if isinstance(output, Tensor) else None


def _name(name: str, module: nn.Module) -> str:
    return name or type(module).__name__


def layer_names(model: nn.Module) -> list[str]:
    """可以查看的层名：所有子模块的名字；模型自己用它的类名。

    Args:
        model: 任意网络。

    Returns:
        名字的列表，可传给 `watch` 与 `dead_ratio` 的 `layers`。

    Examples:
        >>> layer_names(nn.Sequential(nn.Linear(2, 3), nn.ReLU()))
        ['Sequential', '0', '1']
    """
    return [_name(name, module) for name, module in model.named_modules()]


def _select(model: nn.Module, layers: Iterable[str] | None) -> dict[str, nn.Module]:
    modules = {_name(name, module): module for name, module in model.named_modules()}
    if layers is None:
        return {name: m for name, m in modules.items() if not any(m.children())}
    return {name: modules[name] for name in _all_known("layers", layers, modules)}


def _all_known(argument: str, names: Iterable[str], available: Iterable[str]) -> list[str]:
    if isinstance(names, str):
        raise TypeError(
            f"{argument} 应为名字的列表，收到字符串 {names!r}；只要一个时写 [{names!r}]"
        )
    names, available = list(names), list(available)
    missing = [name for name in names if name not in available]
    if missing:
        raise ValueError(
            f"{argument} 里没有这样的层或参数：{'、'.join(map(repr, missing))}；"
            f"可用的名字：{'、'.join(map(repr, available))}"
        )
    return names


@contextmanager
def watch(model: nn.Module, layers: Iterable[str] | None = None) -> Iterator[dict[str, LayerStats]]:
    """在 `with` 里记录各层的激活与梯度；离开后记录保留，钩子全部移除。

    只看得到写成 `nn.Module` 的层：`forward` 里直接调用的 `torch.relu(x)` 没有名字，无从查看。
    同一个层在一次前向里用了两次，就有两条激活记录。

    Args:
        model: 任意网络，在任意设备、任意模式。
        layers: 要看的层名；省略时看所有最内层的模块。

    Yields:
        层名 → `LayerStats`，按模型里的顺序；随每次前向、反向增长。

    Raises:
        ValueError: `layers` 里有模型没有的层；信息里列出可用的名字。
        TypeError: `layers` 是一个字符串。

    Examples:
        >>> net = nn.Sequential(nn.Linear(2, 4), nn.Sigmoid(), nn.Linear(4, 1))
        >>> with watch(net) as stats:
        ...     net(torch.zeros(8, 2)).sum().backward()
        >>> list(stats), len(stats["1"].mean), len(stats["0"].grad_norm)
        (['0', '1', '2'], 1, 1)

    来源: X. Glorot, Y. Bengio, 2010, §3–4（逐层的激活与梯度）.
    """
    modules = _select(model, layers)
    stats = {name: LayerStats(kind=type(module).__name__) for name, module in modules.items()}
    with ExitStack() as hooks:
        for name, module in modules.items():
            for handle in _attach(module, stats[name]):
                hooks.callback(handle.remove)
        yield stats


def _attach(module: nn.Module, stats: LayerStats) -> Iterator:
    yield module.register_forward_hook(stats._read_output)
    if type(module) in _MAX_SLOPES:
        yield module.register_forward_pre_hook(stats._read_input)
    trainable = [p for p in module.parameters(recurse=False) if p.requires_grad]
    for index, parameter in enumerate(trainable):
        yield parameter.register_hook(stats._gradient_reader(index))


@contextmanager
def _undisturbed_eval(model: nn.Module) -> Iterator[None]:
    """暂时进入评估模式且不求导；离开时各子模块的模式与随机状态都复原。"""
    modes = {module: module.training for module in model.modules()}
    cuda = sorted({p.device.index for p in model.parameters() if p.device.type == "cuda"})
    with torch.random.fork_rng(devices=cuda), torch.no_grad():
        try:
            model.eval()
            yield
        finally:
            for module, training in modes.items():
                module.training = training


def dead_ratio(
    model: nn.Module,
    X: Tensor,
    layers: Iterable[str] | None = None,
    *,
    batch_size: int = 1024,
) -> dict[str, float]:
    """各 ReLU 层的“死亡”比例：对数据里的每一个输入，输出都是 0 的单元所占的比例。

    单元是第 1 维的一个下标：全连接层是一个特征，卷积层是一个通道（所有位置都为 0 才算）。
    用评估模式计算，之后复原。

    Args:
        model: 任意网络。
        X: 整个数据集的输入，第 0 维是样本；须与模型在同一设备。
        layers: 要看的层名；省略时看所有 `nn.ReLU` 与 `nn.ReLU6`。
        batch_size: 每次前向的样本数。

    Returns:
        层名 → 比例，在 [0, 1] 内。

    Raises:
        ValueError: 没有这样的层，模型里没有 ReLU 层，某层在前向中没有用到，`X` 是空的，
            或 `batch_size` 不是正整数。
        TypeError: `layers` 是一个字符串。

    Examples:
        >>> net = nn.Sequential(nn.Linear(1, 4), nn.ReLU())
        >>> _ = nn.init.constant_(net[0].weight, 1.0)
        >>> _ = net[0].bias.data.copy_(torch.tensor([0.0, 0.0, 0.0, -100.0]))
        >>> dead_ratio(net, torch.rand(50, 1))
        {'1': 0.25}

    来源: L. Lu et al., Dying ReLU and Initialization, arXiv:1903.06733, 2019.
    """
    positive_int("batch_size", batch_size)
    if len(X) == 0:
        raise ValueError(f"X 应至少有一个样本，收到形状 {tuple(X.shape)}")
    alive: dict[str, list[Tensor]] = {}
    with _undisturbed_eval(model), ExitStack() as hooks:
        for name, module in _rectifiers(model, layers).items():
            alive[name] = []
            hooks.callback(module.register_forward_hook(_alive_hook(alive[name])).remove)
        batches = [_one_pass(model, batch, alive) for batch in X.split(batch_size)]
    return {name: _dead_fraction(name, [b[name] for b in batches]) for name in alive}


def _rectifiers(model: nn.Module, layers: Iterable[str] | None) -> dict[str, nn.Module]:
    chosen = _select(model, layers)
    if layers is None:
        chosen = {name: m for name, m in chosen.items() if isinstance(m, _RECTIFIERS)}
    if not chosen:
        raise ValueError(
            "model 里应有 nn.ReLU 层（forward 里直接调用的 relu 看不到），收到的没有；"
            f"也可以用 layers 指定，可用的名字：{'、'.join(map(repr, layer_names(model)))}"
        )
    return chosen


def _alive_hook(calls: list[Tensor]) -> Callable[..., None]:
    def read(module: nn.Module, inputs: tuple, output: Tensor) -> None:
        other_dims = [d for d in range(output.ndim) if d != 1]
        calls.append((output != 0).sum(other_dims) > 0)

    return read


def _one_pass(model: nn.Module, batch: Tensor, alive: dict[str, list[Tensor]]) -> dict:
    """一批数据里哪些单元活着；一层用了几次，就把几次的单元接在一起。"""
    for calls in alive.values():
        calls.clear()
    model(batch)
    return {name: torch.cat(calls) if calls else None for name, calls in alive.items()}


def _dead_fraction(name: str, alive: list[Tensor | None]) -> float:
    if alive[0] is None:
        raise ValueError(f"layers 里的 {name!r} 在前向计算中没有用到")
    return 1 - torch.stack(alive).any(dim=0).double().mean().item()


@contextmanager
def update_ratio(
    model: nn.Module, parameters: Iterable[str] | None = None
) -> Iterator[dict[str, float]]:
    r"""一步更新的相对幅度：$\lVert\Delta\theta\rVert / \lVert\theta\rVert$。

    把 `optimizer.step()` 放进 `with`：进入时复制参数，离开时相减，训练照常进行。
    经验上权重的这个比值在 1e-3 左右较合适。

    Args:
        model: 任意网络。
        parameters: 参数名（`named_parameters` 里的）；省略时是所有可训练的参数。

    Yields:
        参数名 → 比值，离开 `with` 时填入；参数原为全 0 时，动了是 inf，没动是 0。

    Raises:
        ValueError: 没有这样的参数；信息里列出可用的名字。
        TypeError: `parameters` 是一个字符串。

    Examples:
        >>> net = nn.Linear(2, 1, bias=False)
        >>> sgd = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=0.5)
        >>> net.weight.grad = torch.zeros(1, 2)
        >>> with update_ratio(net) as ratios:
        ...     sgd.step()
        >>> round(ratios["weight"], 4)
        0.05

    来源: A. Karpathy, CS231n 讲义 Neural Networks Part 3, “Ratio of weights:updates”.
    """
    named = dict(model.named_parameters())
    if parameters is None:
        names = [name for name, p in named.items() if p.requires_grad]
    else:
        names = _all_known("parameters", parameters, named)
    before = {name: named[name].detach().clone() for name in names}
    ratios: dict[str, float] = {}
    yield ratios
    for name, old in before.items():
        step, size = (named[name].detach() - old).norm().item(), old.norm().item()
        ratios[name] = step / size if size > 0 else (math.inf if step > 0 else 0.0)
