"""同一个实验换许多种子各做一遍，并一起报告。

小网络的一次运算太短，逐个种子训练时大半时间花在派发上。这里把 S 个网络的参数叠成一份，
用 `torch.func` 的 `vmap` 一起算，结果与逐个训练相等。
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from tqdm import tqdm

from dlnotes._check import one_of, positive_int
from dlnotes.training import Loss, OptimizerLike, batches, fit, make_optimizer

__all__ = ["SeedRuns", "fit_seeds", "mean_sd", "summarize"]

Data = tuple[Tensor, Tensor]
_METRICS = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")


@dataclass
class SeedRuns:
    """许多种子（以及若干学习率）的训练记录。

    Attributes:
        seeds: 种子，共 S 个。
        lrs: 学习率，共 G 个。
        test_epochs: 各次测试集评估在第几轮之后。
        train_loss: 训练损失，形状 (G, S, T)。
        train_accuracy: 训练准确率，形状 (G, S, T)；没有时最后一维为 0。
        test_loss: 测试损失，形状 (G, S, E)。
        test_accuracy: 测试准确率，形状 (G, S, E)。
        models: 训练好的网络，`models[g][s]`。
    """

    seeds: list[int]
    lrs: list[float]
    test_epochs: list[int]
    train_loss: Float[Tensor, "G S T"]
    train_accuracy: Float[Tensor, "G S T_counted"]
    test_loss: Float[Tensor, "G S E"]
    test_accuracy: Float[Tensor, "G S E_counted"]
    models: list[list[nn.Module]]

    def final(self, metric: str = "train_accuracy") -> Float[Tensor, "G S"]:
        """最后一轮的值，形状 (G, S)。

        Args:
            metric: `train_loss`、`train_accuracy`、`test_loss`、`test_accuracy` 之一。

        Returns:
            形状 (G, S)。

        Raises:
            ValueError: `metric` 不认识，或这次训练没有记录它。
        """
        values = getattr(self, one_of("metric", metric, _METRICS))
        if values.shape[-1] == 0:
            raise ValueError(f"metric={metric!r} 没有记录；测试集的量要在训练时给出 test")
        return values[..., -1]

    def best(self, metric: str = "train_accuracy") -> int:
        """各学习率中，最后一轮的均值最好的那一个的下标（损失取最小，准确率取最大）。

        Args:
            metric: 同 `final`。

        Returns:
            `lrs` 的下标。
        """
        mean = self.final(metric).mean(dim=1).nan_to_num(math.inf if "loss" in metric else -1)
        return int(mean.argmin() if "loss" in metric else mean.argmax())

    def table(self, metric: str = "train_accuracy") -> str:
        """每个学习率一行的文字表：均值、标准差、95% 置信区间、最小、最大。

        Args:
            metric: 同 `final`。

        Returns:
            多行文字。
        """
        lines = ["  学习率   均值 ± 标准差    95% 置信区间        最小    最大"]
        for lr, values in zip(self.lrs, self.final(metric), strict=True):
            mean, sd, half = summarize(values)
            lines.append(
                f"{lr:8.0e}   {mean:.3f} ± {sd:.3f}   [{mean - half:.3f}, {mean + half:.3f}]"
                f"   {values.min():6.3f}  {values.max():6.3f}"
            )
        return "\n".join(lines)


def summarize(values: Float[Tensor, " S"]) -> tuple[float, float, float]:
    r"""样本均值、样本标准差、均值的 95% 置信区间的半宽。

    半宽是 \(t_{0.975,S-1}\,s/\sqrt S\)，假定各次结果独立、近似正态。

    Args:
        values: S 次独立结果，S 至少为 2。

    Returns:
        `(mean, sd, half_width)`。

    Raises:
        ValueError: 少于两个值。

    Examples:
        >>> mean, sd, half = summarize(torch.tensor([1.0, 2.0, 3.0]))
        >>> round(mean, 2), round(sd, 2), round(half, 2)
        (2.0, 1.0, 2.48)
    """
    from scipy.stats import t

    if len(values) < 2:
        raise ValueError(f"values 应至少有两个值才谈得上标准差，收到 {len(values)} 个")
    values = values.double()
    sd = values.std().item()
    half = t.ppf(0.975, len(values) - 1) * sd / math.sqrt(len(values))
    return values.mean().item(), sd, float(half)


def mean_sd(values: Float[Tensor, " S"], digits: int = 3) -> str:
    """写成“均值 ± 标准差（n=种子数）”。

    Args:
        values: S 次独立结果。
        digits: 小数位数。

    Returns:
        一小段文字。

    Examples:
        >>> mean_sd(torch.tensor([0.5, 0.7]))
        '0.600 ± 0.141（n=2）'
    """
    mean, sd, _ = summarize(values)
    return f"{mean:.{digits}f} ± {sd:.{digits}f}（n={len(values)}）"


def fit_seeds(
    make_model: Callable[[int], nn.Module],
    data: Data | Callable[[int], Data],
    *,
    seeds: Sequence[int],
    lr: float | Sequence[float],
    num_epochs: int,
    optimizer: OptimizerLike = "adam",
    batch_size: int | None = None,
    test: Data | Callable[[int], Data] | None = None,
    eval_every: int = 1,
    loss_fn: Loss = F.cross_entropy,
    progress: bool | None = None,
    device: torch.device | str | None = None,
    **options,
) -> SeedRuns:
    """对每个学习率、每个种子各训练一个网络，结果等于逐个调用 `dlnotes.training.fit`。

    Args:
        make_model: `make_model(seed)` 造出用这个种子初始化的网络，如
            `lambda seed: mlp([2, 100, 3], seed=seed)`。
        data: `(X, y)`，所有种子共用；或 `data(seed)`，每个种子一份同样大小的数据。
        seeds: 种子，至少一个，互不相同；同时决定小批量的次序。
        lr: 学习率；给一串时每个学习率都用全部种子各训练一遍。
        num_epochs: 轮数。
        optimizer: 名字或优化器类，要求逐元素更新参数（`OPTIMIZERS` 里的都是）。
        batch_size: 小批量的样本数；`None` 表示全批量。
        test: 测试集，写法同 `data`。
        eval_every: 每隔几轮在测试集上评估一次。
        loss_fn: `loss_fn(y_hat, y)`，返回平均损失。
        progress: 是否显示进度条；`None` 表示只在终端里交互使用时显示。
        device: 训练所在的设备；省略时取网络造出来时所在的设备。
        **options: 传给优化器的选项（学习率除外）。

    Returns:
        `SeedRuns`，数组形状 (学习率数, 种子数, 轮数)。

    Raises:
        ValueError: 没有种子、种子重复，或 `fit` 会报的错。

    Note: 哪些网络不能叠在一起算
        带有运行统计量（如 BatchNorm）或训练时随机（如 Dropout）的网络不能叠在一起算，
        这时自动改为逐个训练：慢一些，数字一样。

    Examples:
        >>> from dlnotes.data import spiral
        >>> from dlnotes.models import mlp
        >>> runs = fit_seeds(lambda seed: mlp([2, 20, 3], seed=seed), spiral(50, seed=0),
        ...                  seeds=range(3), lr=[1e-2, 1e-1], num_epochs=5)
        >>> runs.final().shape
        torch.Size([2, 3])
    """
    seeds, lrs = _check_grid(seeds, lr)
    positive_int("num_epochs", num_epochs)
    positive_int("eval_every", eval_every)
    copies = [_Copy(make_model(seed).to(device), seed, rate, data, test)
              for rate in lrs for seed in seeds]  # fmt: skip
    settings = dict(optimizer=optimizer, num_epochs=num_epochs, batch_size=batch_size,
                    eval_every=eval_every, loss_fn=loss_fn, **options)  # fmt: skip
    size = _chunk_size(copies[0], batch_size)
    parts = []
    show = _tqdm(len(copies), progress)
    for start in range(0, len(copies), size):
        chunk = copies[start : start + size]
        parts.append(_fit_one(chunk[0], **settings) if size == 1 else _fit_chunk(chunk, **settings))
        show.update(len(chunk))
    show.close()
    return _collect(parts, copies, seeds, lrs, eval_every, num_epochs, test is not None)


@dataclass
class _Copy:
    """网格里的一格：一个网络，和训练它的种子、学习率、数据。"""

    model: nn.Module
    seed: int
    lr: float
    data: Data | Callable[[int], Data]
    test: Data | Callable[[int], Data] | None

    def __post_init__(self):
        where = next(self.model.parameters()).device
        for f in ("data", "test"):
            pair = getattr(self, f)
            if pair is not None:
                X, y = pair(self.seed) if callable(pair) else pair
                setattr(self, f, (X.to(where), y.to(where)))
        X, y = self.data
        if len(X) != len(y):
            raise ValueError(f"X 与 y 的样本数应相同，收到 {len(X)} 与 {len(y)}")


def _check_grid(seeds, lr) -> tuple[list[int], list[float]]:
    seeds = list(seeds)
    if not seeds or len(set(seeds)) != len(seeds):
        raise ValueError(f"seeds 应至少有一个，且互不相同，收到 {seeds!r}")
    lrs = [float(lr)] if isinstance(lr, int | float) else [float(rate) for rate in lr]
    if not lrs or any(rate < 0 for rate in lrs):
        raise ValueError(f"lr 应为不小于 0 的数或一串这样的数，收到 {lr!r}")
    return seeds, lrs


def _tqdm(total: int, progress: bool | None):
    import sys

    show = sys.stderr.isatty() if progress is None else progress
    return tqdm(total=total, desc="训练各种子", unit="个", disable=not show)


def _chunk_size(copy: _Copy, batch_size: int | None) -> int:
    """一次叠几份。CPU 上中间结果放不进缓存时，叠起来反而慢，逐个训练。"""
    if not _stackable(copy.model):
        return 1
    X = copy.data[0]
    if X.device.type != "cpu":
        return 1_000_000
    size = _CACHE_FLOATS // _largest_activation(copy.model, X[: batch_size or len(X)])
    return size if size >= _WORTHWHILE else 1


_CACHE_FLOATS = 2**18  # 一层的中间结果不超过 1 MiB（float32），才留得在二级缓存里
_WORTHWHILE = 4  # 叠不到这么多份，省下的派发时间抵不过 vmap 自己的开销


def _stackable(model: nn.Module) -> bool:
    random = (nn.modules.dropout._DropoutNd, nn.RReLU)
    return not list(model.buffers()) and not any(isinstance(m, random) for m in model.modules())


@torch.no_grad()
def _largest_activation(model: nn.Module, X: Tensor) -> int:
    sizes = [X.numel()]
    hooks = [
        module.register_forward_hook(lambda module, args, out: sizes.append(out.numel()))
        for module in model.modules()
        if not list(module.children())
    ]
    try:
        model(X)
    finally:
        for hook in hooks:
            hook.remove()
    return max(sizes)


def _fit_one(copy: _Copy, **settings) -> dict[str, Tensor]:
    X, y = copy.data
    history = fit(copy.model, X, y, test=copy.test, seed=copy.seed, lr=copy.lr, progress=False,
                  **settings)  # fmt: skip
    return {name: torch.tensor([getattr(history, name)], dtype=torch.float64) for name in _METRICS}


def _fit_chunk(
    copies: list[_Copy], *, optimizer, num_epochs, batch_size, eval_every, loss_fn, **options
) -> dict[str, Tensor]:
    """把几份网络叠在一起训练；返回各量，形状 (份数, 次数)。"""
    params, _ = stack_module_state([copy.model for copy in copies])
    params = {name: value.detach().requires_grad_() for name, value in params.items()}
    X, y, shared = _stacked_data([copy.data for copy in copies])
    test = None if copies[0].test is None else _stacked_data([copy.test for copy in copies])
    rule = _per_copy_lr(optimizer, params, [copy.lr for copy in copies], options)
    forward = _batched(copies[0].model, loss_fn)
    steps, tests = [], []
    for epoch in range(1, num_epochs + 1):
        for index in _stacked_batches(copies, len(copies[0].data[0]), batch_size, epoch):
            X_batch, y_batch, same = _take(X, y, shared, index)
            loss, correct = forward(params, X_batch, y_batch, same)
            rule.zero_grad()
            loss.sum().backward()
            rule.step()
            size = y_batch.shape[0 if same else 1]
            steps.append((size, loss.detach(), correct))
        if test is not None and (epoch % eval_every == 0 or epoch == num_epochs):
            with torch.no_grad():
                tests.append(forward(params, *test))
    for row, copy in enumerate(copies):
        copy.model.load_state_dict({name: value[row] for name, value in params.items()})
    num_test = 0 if test is None else test[1].shape[-1]
    return _curves(steps, tests, num_epochs, len(copies), num_test)


def _stacked_data(pairs: list[Data]) -> tuple[Tensor, Tensor, bool]:
    """共用一份数据时不复制；否则沿新的第 0 维叠起来。"""
    X, y = pairs[0]
    if all(pair[0] is X or torch.equal(pair[0], X) for pair in pairs) and all(
        torch.equal(pair[1], y) for pair in pairs
    ):
        return X, y, True
    return torch.stack([pair[0] for pair in pairs]), torch.stack([pair[1] for pair in pairs]), False


def _stacked_batches(copies: list[_Copy], n: int, batch_size: int | None, epoch: int):
    orders = [batches(n, batch_size, copy.seed, epoch) for copy in copies]
    for rows in zip(*orders, strict=True):
        yield None if rows[0] is None else torch.stack(rows)


def _take(X: Tensor, y: Tensor, shared: bool, index: Tensor | None):
    if index is None:
        return X, y, shared
    if shared:
        return X[index], y[index], False
    row = torch.arange(len(index))[:, None]
    return X[row, index], y[row, index], False


def _batched(model: nn.Module, loss_fn: Loss):
    """返回函数：叠起来的参数与数据 → 每份的损失与答对数，形状都是 (份数,)。"""

    def one(params, X, y):
        y_hat = functional_call(model, params, (X,))
        loss = loss_fn(y_hat, y)
        if y.is_floating_point():
            return loss, torch.zeros((), device=X.device)
        return loss, (y_hat.detach().argmax(dim=1) == y).sum()

    def forward(params, X, y, shared: bool):
        data_dim = None if shared else 0
        return vmap(one, in_dims=(0, data_dim, data_dim))(params, X, y)

    return forward


class _per_copy_lr:  # noqa: N801
    """学习率各不相同的一组副本共用一个优化器。

    `torch.optim` 的更新量与学习率成正比：先按学习率 1 走一步，再把这一步按各自的学习率缩放。
    学习率都相同时直接用优化器，没有这一层。
    """

    def __init__(self, optimizer, params: dict[str, Tensor], lrs: list[float], options: dict):
        self.same = len(set(lrs)) == 1
        self.params = list(params.values())
        self.rule = make_optimizer(
            optimizer, self.params, lr=lrs[0] if self.same else 1.0, **options
        )
        self.scale = [
            torch.tensor(lrs, dtype=p.dtype, device=p.device).view(-1, *[1] * (p.dim() - 1))
            for p in self.params
        ]

    def zero_grad(self):
        self.rule.zero_grad()

    @torch.no_grad()
    def step(self):
        if self.same:
            self.rule.step()
            return
        before = [p.clone() for p in self.params]
        self.rule.step()
        for p, old, scale in zip(self.params, before, self.scale, strict=True):
            torch.lerp(old, p, scale, out=p)


def _curves(steps, tests, num_epochs: int, num_copies: int, num_test: int) -> dict[str, Tensor]:
    sizes = torch.tensor([size for size, _, _ in steps], dtype=torch.float64)
    sizes = sizes.view(num_epochs, -1, 1)
    losses = torch.stack([loss for _, loss, _ in steps]).double().cpu()
    correct = torch.stack([right for _, _, right in steps]).double().cpu()
    shape = (num_epochs, -1, num_copies)
    curves = {
        "train_loss": ((losses.view(shape) * sizes).sum(1) / sizes.sum(1)).T,
        "train_accuracy": (correct.view(shape).sum(1) / sizes.sum(1)).T,
        "test_loss": torch.zeros(num_copies, 0),
        "test_accuracy": torch.zeros(num_copies, 0),
    }
    if tests:
        curves["test_loss"] = torch.stack([loss for loss, _ in tests]).double().cpu().T
        curves["test_accuracy"] = torch.stack([r for _, r in tests]).double().cpu().T / num_test
    return curves


def _collect(parts, copies, seeds, lrs, eval_every, num_epochs, has_test) -> SeedRuns:
    grid = (len(lrs), len(seeds))
    values = {name: torch.cat([part[name] for part in parts]) for name in _METRICS}
    if copies[0].data[1].is_floating_point():
        values["train_accuracy"] = values["train_accuracy"][:, :0]
        values["test_accuracy"] = values["test_accuracy"][:, :0]
    epochs = [e for e in range(1, num_epochs + 1) if e % eval_every == 0 or e == num_epochs]
    models = [copy.model for copy in copies]
    return SeedRuns(
        seeds=seeds,
        lrs=lrs,
        test_epochs=epochs if has_test else [],
        models=[models[g * len(seeds) : (g + 1) * len(seeds)] for g in range(len(lrs))],
        **{
            f.name: values[f.name].reshape(*grid, -1)
            if values[f.name].shape[1]
            else torch.zeros(*grid, 0)
            for f in fields(SeedRuns)
            if f.name in _METRICS
        },
    )
