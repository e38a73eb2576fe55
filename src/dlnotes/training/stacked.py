"""把许多份同样的网络叠成一份来训练：只在结果必然与逐个训练相同时才这样做。"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.optim.lr_scheduler import LambdaLR

from dlnotes import optim as ours
from dlnotes._core.modes import evaluating
from dlnotes.models.convnet import ConvNet, LocalResponseNorm
from dlnotes.training._batches import batch_order
from dlnotes.training._checks import check_classes
from dlnotes.training.evaluation import BATCH_SIZE, Loss, num_correct
from dlnotes.training.loop import OPTIMIZERS, make_optimizer

__all__ = ["LAYERS", "RULES"]

LAYERS = frozenset({
    nn.Linear, nn.Conv1d, nn.Conv2d, nn.Flatten, nn.Unflatten, nn.Identity,
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish,
    nn.Softplus, nn.Hardswish, nn.Hardtanh, nn.Hardsigmoid, nn.Sigmoid, nn.LogSigmoid, nn.Tanh,
    nn.Softsign, nn.Softmax, nn.LogSoftmax,
    nn.AvgPool1d, nn.AvgPool2d, nn.MaxPool1d, nn.MaxPool2d, nn.LayerNorm, nn.GroupNorm,
    LocalResponseNorm,
})  # fmt: skip
"""可以叠起来算的层：输出只由参数与输入决定，没有随机，不留状态，训练与评估时相同。"""

CONTAINERS = frozenset({nn.Sequential, ConvNet})
"""`forward` 已知、只是依次调用子层的容器。"""

RULES = frozenset({
    *OPTIMIZERS.values(), torch.optim.NAdam,
    ours.SGD, ours.Momentum, ours.Nesterov, ours.Adagrad, ours.RMSprop, ours.Adam, ours.AdamW,
})  # fmt: skip
"""逐元素更新、更新量与学习率成正比的优化器：叠起来的参数各走各的。"""

CACHE_FLOATS = 2**18
"""CPU 上一层的中间结果不超过这么多个数（float32 时 1 MiB），才留得在二级缓存里。"""

WORTHWHILE = 4
"""叠不到这么多份，省下的派发时间抵不过 vmap 自己的开销。"""

SMALL = 16
"""放得下这么多份的网络小得只剩派发时间，两份也值得叠。"""

MOST_ON_DEVICE = 1024
"""显存再多，一次也不叠更多份。"""


def num_stacked(cells: Sequence, settings: dict, stack: bool | None, rooms: dict) -> int:
    """从第一格起，一次叠几格；1 表示逐个训练。`rooms` 记着各种网络放得下几份，不必每格都算一遍。"""
    if stack is False or len(cells) == 1:
        return 1
    if stack is None and not (_is_known(cells[0].model) and _is_known_rule(settings["optimizer"])):
        return 1
    if not _is_plain(cells[0].model):
        return 1
    kind = (str(cells[0].model), cells[0].data[0].shape)
    if kind not in rooms:
        rooms[kind] = _room(cells[0], settings["batch_size"])
    few = 2 if rooms[kind] >= SMALL else WORTHWHILE
    most = min(rooms[kind], len(cells))
    if most < few:
        return 1
    alike = 1
    while alike < most and _are_alike(cells[0], cells[alike]):
        alike += 1
    return alike if alike >= few else 1


def _is_known(model: nn.Module) -> bool:
    return all(type(module) in LAYERS | CONTAINERS for module in model.modules())


def _is_known_rule(rule: object) -> bool:
    return rule in OPTIMIZERS if isinstance(rule, str) else rule in RULES


def _is_plain(model: nn.Module) -> bool:
    """参数都可训练、不共用；没有缓存、钩子与改写过的 `forward`。"""
    parameters = [p for _, p in model.named_parameters(remove_duplicate=False)]
    hooked = any(
        module._forward_hooks or module._forward_pre_hooks or module._backward_hooks
        or module._backward_pre_hooks or "forward" in vars(module)
        for module in model.modules()
    )  # fmt: skip
    return (
        bool(parameters)
        and not list(model.buffers())
        and not hooked
        and not any(p._backward_hooks for p in parameters)
        and all(p.requires_grad for p in parameters)
        and len({id(p) for p in parameters}) == len(parameters)
    )


def _are_alike(a, b) -> bool:
    """两格的网络结构、数据形状都相同，第二格自己也没有特殊之处。"""
    shapes = [
        [(name, p.shape, p.dtype, p.device) for name, p in cell.model.named_parameters()]
        for cell in (a, b)
    ]
    data = [
        [(t.shape, t.dtype) for part in (cell.data, cell.valid) if part is not None for t in part]
        for cell in (a, b)
    ]
    return (
        shapes[0] == shapes[1]
        and data[0] == data[1]
        and str(a.model) == str(b.model)
        and _is_plain(b.model)
        and [m.training for m in b.model.modules()] == [m.training for m in a.model.modules()]
    )


def _room(cell, batch_size: int | None) -> int:
    """内存里放得下几份；CPU 上看缓存，GPU 上看空闲的显存。"""
    X = cell.data[0]
    batch = X[: batch_size or len(X)]
    numbers = _largest_activation(cell.model, batch)
    if X.device.type == "cpu":
        return max(1, CACHE_FLOATS // numbers)
    if cell.valid is not None:  # 评估时一次算的样本也许更多
        numbers *= max(1, min(BATCH_SIZE, len(cell.valid[0])) / len(batch))
    layers = sum(1 for _ in cell.model.modules())
    weights = sum(p.numel() for p in cell.model.parameters())
    size = next(cell.model.parameters()).element_size()
    # 每一层的输出与它的梯度都留着；参数连同梯度、优化器状态约四份
    needed = size * (2 * numbers * layers + 4 * weights)
    return int(min(MOST_ON_DEVICE, max(1, free_memory(X.device) / 4 // needed)))


def free_memory(device: torch.device) -> int:
    """设备上还空着的字节数；问不出来的设备按 1 GiB 算。"""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else 2**30


def _largest_activation(model: nn.Module, X: Tensor) -> int:
    sizes = [X.numel()]
    hooks = [
        module.register_forward_hook(lambda module, args, out: sizes.append(out.numel()))
        for module in model.modules()
        if not list(module.children())
    ]
    try:
        with evaluating(model):
            model(X)
    finally:
        for hook in hooks:
            hook.remove()
    return max(sizes)


def fit_stacked(
    cells: Sequence,
    *,
    optimizer,
    schedule: Callable[[int], float] | None,
    num_epochs: int,
    batch_size: int | None,
    eval_every: int,
    loss_fn: Loss,
    **options,
) -> list[dict[str, list[float]]] | None:
    """把几格的网络叠在一起训练，返回每格的曲线；`vmap` 不接受这个网络时返回 `None`，什么也没改。"""
    X, y, shared = _stacked_data([cell.data for cell in cells])
    first = slice(0, batch_size)
    _check_outputs(cells[0], first)
    params, _ = stack_module_state([cell.model for cell in cells])
    params = {name: value.detach().requires_grad_() for name, value in params.items()}
    valid = None if cells[0].valid is None else _stacked_data([cell.valid for cell in cells])
    rule = _PerCellLr(optimizer, params, [cell.lr for cell in cells], schedule, options)
    forward = _stacked_forward(cells[0].model, loss_fn)
    try:
        with torch.no_grad():
            forward(
                params, *((X[first], y[first]) if shared else (X[:, first], y[:, first])), shared
            )
    except (RuntimeError, ValueError):  # 有随机、要看数值、改状态的 forward：交给逐个训练
        return None
    for cell in cells:
        if not cell.model.training:
            cell.model.train()
    sizes, losses, rights, evals = [], [], [], {}
    for epoch in range(1, num_epochs + 1):
        for index in _orders(cells, X.shape[0 if shared else 1], batch_size, epoch, X.device):
            X_batch, y_batch, same = _take(X, y, shared, index)
            loss, right = forward(params, X_batch, y_batch, same)
            rule.step(loss)
            sizes.append(y_batch.shape[0 if same else 1])
            losses.append(loss.detach())
            rights.append(right)
        if valid is not None and (epoch % eval_every == 0 or epoch == num_epochs):
            with evaluating(cells[0].model):
                evals[epoch] = _measure(forward, params, *valid)
    for row, cell in enumerate(cells):
        cell.model.load_state_dict({name: value[row] for name, value in params.items()})
    counts = not y.is_floating_point()
    return _curves(sizes, losses, rights if counts else None, evals, num_epochs, valid)


def _check_outputs(cell, first: slice) -> None:
    X, y = cell.data
    if not y.is_floating_point():
        with evaluating(cell.model):
            check_classes(y, cell.model(X[first]).shape[1])


def _stacked_data(pairs: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, bool]:
    """共用一份数据时不复制；否则沿新的第 0 维叠起来。"""
    X, y = pairs[0]
    if all(_same(other[0], X) and _same(other[1], y) for other in pairs):
        return X, y, True
    return torch.stack([p[0] for p in pairs]), torch.stack([p[1] for p in pairs]), False


def _same(a: Tensor, b: Tensor) -> bool:
    return a is b or torch.equal(a, b)


def _orders(cells, n: int, batch_size: int | None, epoch: int, device: torch.device):
    """第 `epoch` 轮各个小批量的下标，形状 (份数, 批大小)；全批量时只有一个 `None`。"""
    if batch_size is None:
        yield None
        return
    orders = torch.stack([batch_order(n, cell.seed, epoch) for cell in cells])
    yield from orders.to(device).split(batch_size, dim=1)


def _take(X: Tensor, y: Tensor, shared: bool, index: Tensor | None):
    if index is None:
        return X, y, shared
    if shared:
        return X[index], y[index], False
    row = torch.arange(len(index), device=index.device)[:, None]
    return X[row, index], y[row, index], False


def _stacked_forward(model: nn.Module, loss_fn: Loss):
    """返回函数：叠起来的参数与数据 → 每份的损失与答对数，形状都是 (份数,)。"""

    def one(params, X, y):
        y_hat = functional_call(model, params, (X,))
        right = num_correct(y_hat, y)
        return loss_fn(y_hat, y), torch.zeros((), device=X.device) if right is None else right

    def forward(params, X, y, shared: bool):
        data_dim = None if shared else 0
        return vmap(one, in_dims=(0, data_dim, data_dim))(params, X, y)

    return forward


def _measure(forward, params, X: Tensor, y: Tensor, shared: bool) -> tuple[Tensor, Tensor]:
    """与 `evaluation.measure` 同样分段、同样加权。"""
    dim = 0 if shared else 1
    n = X.shape[dim]
    losses, rights = [], []
    for X_part, y_part in zip(X.split(BATCH_SIZE, dim), y.split(BATCH_SIZE, dim), strict=True):
        loss, right = forward(params, X_part, y_part, shared)
        losses.append(loss * (X_part.shape[dim] / n))
        rights.append(right)
    return sum(losses), sum(rights)


class _PerCellLr:
    """学习率各不相同的一组副本共用一个优化器。

    名单里的优化器，更新量与学习率成正比：先按学习率 1 走一步，再把这一步按各自的学习率缩放。
    学习率都相同时直接用优化器，没有这一层。
    """

    def __init__(self, optimizer, params: dict[str, Tensor], lrs: list, schedule, options: dict):
        self.same = len(set(lrs)) == 1
        self.params = list(params.values())
        self.rule = make_optimizer(optimizer, self.params, lr=lrs[0] if self.same else 1.0,
                                   **options)  # fmt: skip
        self.decay = None if schedule is None else LambdaLR(self.rule, schedule)
        self.scale = None if self.same else [
            torch.tensor(lrs, dtype=p.dtype, device=p.device).view(-1, *[1] * (p.dim() - 1))
            for p in self.params
        ]  # fmt: skip

    def step(self, loss: Tensor) -> None:
        self.rule.zero_grad()
        loss.sum().backward()
        self._move()
        if self.decay is not None:
            self.decay.step()

    @torch.no_grad()
    def _move(self) -> None:
        if self.same:
            self.rule.step()
            return
        before = [p.clone() for p in self.params]
        self.rule.step()
        for p, old, scale in zip(self.params, before, self.scale, strict=True):
            torch.lerp(old, p, scale, out=p)


def _curves(sizes, losses, rights, evals, num_epochs: int, valid) -> list[dict]:
    """各格的曲线；`rights` 为 `None` 表示目标不是类别，没有准确率。"""
    weights = torch.tensor(sizes, dtype=torch.float64).view(num_epochs, -1, 1)
    shape = (num_epochs, -1, losses[0].shape[0])
    total, none = weights.sum(1), torch.zeros(shape[2], 0)
    curves = dict.fromkeys(("train_accuracy", "valid_loss", "valid_accuracy"), none)
    losses = torch.stack(losses).cpu().double().view(shape)
    curves["train_loss"] = ((losses * weights).sum(1) / total).T
    if rights is not None:
        curves["train_accuracy"] = (torch.stack(rights).cpu().view(shape).sum(1) / total).T
    if evals:
        X, _, shared = valid
        loss, right = (
            torch.stack(values).cpu().double().T for values in zip(*evals.values(), strict=True)
        )
        curves["valid_loss"] = loss
        if rights is not None:
            curves["valid_accuracy"] = right / X.shape[0 if shared else 1]
    return [
        {name: values[i].tolist() for name, values in curves.items()}
        | {"valid_epochs": list(evals)}
        for i in range(shape[2])
    ]
