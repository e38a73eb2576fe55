"""画网络：决策区域，与倒数第二层的二维输出。"""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Int, Num
from torch import Tensor, nn

from dlnotes._core.check import shown
from dlnotes._core.modes import evaluating
from dlnotes.plot_lib.arrays import Array, to_array, to_labelled_points, to_points
from dlnotes.plot_lib.points import HALF_WIDTH, plot_data

__all__ = ["plot_embeddings", "plot_model"]

_STEP = 0.01  # 决策区域的格距


def plot_model(
    X: Num[Array, "N D"], y: Num[Array, " N"], model: Callable[[Tensor], Tensor]
) -> None:
    """决策区域：[-1.1, 1.1] 见方内每一点被判成哪一类，再叠上数据点，两者颜色一致。

    Args:
        X: 点的坐标，形状 (N, D)，D 至少为 2，只画前两列。
        y: 类别，形状 (N,)，取值 0 到 K − 1。
        model: 输入 (n, 2)、输出 (n, K) 的网络或函数，K 至少为 2。在评估模式下运行；
            它的设备、精度、各子模块的模式都不变。

    Raises:
        TypeError: `model` 不能调用或返回的不是张量，`X` 或 `y` 不是数值。
        ValueError: `X`、`y` 或 `model` 输出的形状不对，或 `y` 的取值超出 0 到 K − 1。

    Examples:
        >>> from matplotlib import pyplot as plt
        >>> X, y = torch.tensor([[-0.5, 0.0], [0.5, 0.0]]), torch.tensor([0, 1])
        >>> plot_model(X, y, lambda x: torch.stack([-x[:, 0], x[:, 0]], dim=1))
        >>> regions = plt.gca().images[0].get_array()
        >>> regions[100, :3].tolist(), regions[100, -3:].tolist()
        ([0, 0, 0], [1, 1, 1])
        >>> plt.close()
    """
    to_labelled_points(X, y)
    regions, num_classes = _predict_classes(model, X)
    _check_classes(y, num_classes)
    scatter = plot_data(X, y, title="Model decision boundaries")
    scatter.set_clim(0, num_classes - 1)
    edge = HALF_WIDTH + _STEP / 2
    scatter.axes.imshow(
        regions, origin="lower", extent=(-edge, edge, -edge, edge), interpolation="nearest",
        cmap="Spectral", vmin=0, vmax=num_classes - 1, alpha=0.3, zorder=0,
    )  # fmt: skip


def plot_embeddings(
    X: Num[Array, "N D"], y: Num[Array, " N"], model: nn.Sequential, zoom: float = 10
) -> None:
    """画出倒数第二层的二维输出；倒数第二层不是输出二维的 `nn.Linear` 时只打印一句说明。

    Args:
        X: 网络的输入，形状 (N, D)。
        y: 类别，形状 (N,)。
        model: 可以用下标取出各层的网络，至少两层。它的设备、精度、模式与钩子都不变。
        zoom: 范围 [-1.1, 1.1] 放大的倍数，大于 0。

    Raises:
        TypeError: `model` 不能用下标取层，`X` 或 `y` 不是数值。
        ValueError: 形状不对，`model` 不足两层，或 `zoom` 不大于 0。

    Examples:
        >>> plot_embeddings(torch.zeros(4, 2), torch.zeros(4), nn.Sequential(
        ...     nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3)))
        画不了：倒数第二层应为输出二维的 nn.Linear，这里是 ReLU()
    """
    if not isinstance(model, nn.Module) or not hasattr(model, "__getitem__"):
        raise TypeError(f"model 应为能用下标取层的网络，如 nn.Sequential，收到 {shown(model)}")
    if len(model) < 2:
        raise ValueError(f"model 应至少有两层，收到 {len(model)} 层")
    layer = model[-2]
    if not isinstance(layer, nn.Linear) or layer.out_features != 2:
        print(f"画不了：倒数第二层应为输出二维的 nn.Linear，这里是 {layer}")
        return
    values = _send(torch.from_numpy(to_points("X", X)), model, X)
    outputs = []
    hook = layer.register_forward_hook(lambda module, args, output: outputs.append(output))
    try:
        with evaluating(model):
            model(values)
    finally:
        hook.remove()
    plot_data(outputs[-1], y, zoom=zoom, title="Two-dimensional embeddings")


def _send(values: Tensor, model: object, X: object) -> Tensor:
    """送到模型的设备与精度上；模型没有浮点参数时用 `X` 的，再没有就用默认的。"""
    owned = (*model.parameters(), *model.buffers()) if isinstance(model, nn.Module) else ()
    given = (X,) if isinstance(X, Tensor) else ()
    anchor = next((t for t in (*owned, *given) if t.is_floating_point()), torch.empty(0))
    return values.to(anchor.dtype).to(anchor.device)


def _predict_classes(model: object, X: object) -> tuple[Int[np.ndarray, "rows cols"], int]:
    """格点上的类别与类别数；第 0 维沿 y 轴，第 1 维沿 x 轴。"""
    if not callable(model):
        raise TypeError(f"model 应为网络或函数，收到 {shown(model)}")
    num = round(2 * HALF_WIDTH / _STEP) + 1
    ticks = torch.linspace(-HALF_WIDTH, HALF_WIDTH, num, device="cpu")
    mesh = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1).reshape(-1, 2)
    with evaluating(model) if isinstance(model, nn.Module) else torch.no_grad():
        scores = model(_send(mesh, model, X))
    if not isinstance(scores, Tensor):
        raise TypeError(f"model 应返回张量，收到 {type(scores)}")
    shape = tuple(scores.shape)
    if len(shape) != 2 or shape[0] != len(mesh) or shape[1] < 2:
        raise ValueError(f"model 的输出形状应为 ({len(mesh)}, K)，K 至少为 2，收到 {shape}")
    return scores.argmax(dim=1).reshape(num, num).cpu().numpy(), shape[1]


def _check_classes(y: object, num_classes: int) -> None:
    labels = to_array("y", y)
    low, high = labels.min(initial=0), labels.max(initial=0)
    if not 0 <= low <= high <= num_classes - 1:
        raise ValueError(
            f"y 的类别应在 0 到 {num_classes - 1} 之间（model 输出 {num_classes} 类），"
            f"收到的最小 {low}、最大 {high}"
        )
