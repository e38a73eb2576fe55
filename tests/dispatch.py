"""Watch every tensor operation of a piece of code: forbid float64 off the CPU, count waits.

Both are context managers and need no accelerator: put the model and the data on the `meta` device,
which stands in for one.

    model, X, y = mlp([2, 8, 3], seed=0).to("meta"), X.to("meta"), y.to("meta")
    with NoFloat64OffCpu(), CountSyncs() as syncs:
        fit(model, X, y, num_epochs=3)
    assert syncs.total == 3, syncs.counts

Enter `CountSyncs` last (innermost), so that operations a meta tensor cannot do, such as `.item()`,
are answered before they reach the other mode. On a real accelerator both work alike, and then
`CountSyncs` returns the true values.
"""

from collections import Counter

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

aten = torch.ops.aten

_DOUBLE = (torch.float64, torch.complex128)


class NoFloat64OffCpu(TorchDispatchMode):
    """Raise TypeError, as Apple GPUs do, when an operation makes a float64 tensor off the CPU.

    `x.to("cpu", torch.float64)` of a tensor on a device is refused as well: whether the conversion
    happens before or after the copy is the backend's business. Write `x.cpu().double()`.
    """

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        from_device = not all(map(_on_cpu, _tensors((args, kwargs))))
        for tensor in _tensors(result):
            if tensor.dtype in _DOUBLE and (from_device or not _on_cpu(tensor)):
                raise TypeError(f"{func} made {tensor.dtype} from or on a device")
        return result


class CountSyncs(TorchDispatchMode):
    """Count the operations that make the CPU wait for a device, by kind.

    Attributes:
        counts: A Counter with the keys
            `item`: `.item()`, `bool()`, `float()`, `int()`, `if tensor:`;
            `to_cpu`: `.cpu()`, `.tolist()`, `cpu_tensor.copy_(device_tensor)`;
            `from_cpu`: a blocking copy to the device, also one hidden in `X[cpu_indices]`;
            `shape`: the result's shape depends on the values: `nonzero`, boolean masks, `unique`;
            `equal`: `torch.equal`.

    On the meta device the answers are dummies, so that the code goes on: numbers are `number` (0
    unless told), copies to the CPU hold it too, value-dependent shapes have one row, tensors are
    equal. A value-dependent operation without a dummy raises NotImplementedError.
    """

    def __init__(self, number: float = 0):
        super().__init__()
        self.number = number
        self.counts: Counter[str] = Counter()

    @property
    def total(self) -> int:
        return self.counts.total()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        kind = _kind(func, args, kwargs)
        if kind is not None:
            self.counts[kind] += 1
        if not any(tensor.is_meta for tensor in _tensors((args, kwargs))):
            return func(*args, **kwargs)
        if func in (aten.index.Tensor, aten._unsafe_index.Tensor, aten.index_put_.default,
                    aten.index_put.default):  # fmt: skip
            return func(args[0], _dummy_indices(args[1]), *args[2:], **kwargs)
        return func(*args, **kwargs) if kind is None else self._dummy(func, args, kwargs)

    def _dummy(self, func, args, kwargs):
        if func is aten._local_scalar_dense.default:
            return torch.zeros((), dtype=args[0].dtype).fill_(self.number).item()
        if func is aten._to_copy.default and _target(args, kwargs).type == "cpu":
            return torch.full_like(args[0], self.number, **{**kwargs, "pin_memory": False})
        if func is aten.copy_.default:
            source = torch.full_like(args[1], self.number, device="cpu", dtype=args[0].dtype)
            return args[0].copy_(source) if _on_cpu(args[0]) else func(*args, **kwargs)
        if func is aten.equal.default:
            return True
        if func is aten.nonzero.default:
            return args[0].new_empty((1, args[0].ndim), dtype=torch.int64)
        if func is aten.masked_select.default:
            return args[0].new_empty(1)
        if func is aten._unique2.default:
            index = args[0].new_empty(args[0].shape, dtype=torch.int64)
            return args[0].new_empty(1), index, index.new_empty(1)
        if _needs_values(func):
            raise NotImplementedError(f"no dummy answer for {func} on the meta device")
        return func(*args, **kwargs)


def _needs_values(func) -> bool:
    """Whether the result's shape or a Python value depends on the numbers in the tensors."""
    return bool({torch.Tag.dynamic_output_shape, torch.Tag.data_dependent_output} & {*func.tags})


def _kind(func, args, kwargs) -> str | None:
    """What kind of wait an operation is, or None."""
    tensors = list(_tensors((args, kwargs)))
    if func is aten._to_copy.default:
        return _kind_of_copy(_target(args, kwargs), args[0].device, kwargs.get("non_blocking"))
    if func is aten.copy_.default:
        return _kind_of_copy(args[0].device, args[1].device, (*args, False)[2])
    if all(map(_on_cpu, tensors)):
        return None
    if func is aten._local_scalar_dense.default:
        return "item"
    if func is aten.equal.default:
        return "equal"
    if func.overloadpacket in (aten.index, aten._unsafe_index, aten.index_put_, aten.index_put):
        return _kind_of_index([index for index in args[1] if index is not None])
    return "shape" if _needs_values(func) else None


def _kind_of_copy(target, source, non_blocking) -> str | None:
    if (target.type == "cpu") == (source.type == "cpu"):
        return None
    if target.type == "cpu":
        return "to_cpu"
    return None if non_blocking else "from_cpu"


def _kind_of_index(indices: list[Tensor]) -> str | None:
    if any(index.dtype in (torch.bool, torch.uint8) for index in indices):
        return "shape"
    return "from_cpu" if any(map(_on_cpu, indices)) else None


def _dummy_indices(indices) -> list[Tensor | None]:
    """Meta tensors in place of CPU indices; a boolean mask picks one element."""
    dummies = []
    for index in indices:
        if index is not None and index.dtype in (torch.bool, torch.uint8):
            dummies += [torch.empty(1, dtype=torch.int64, device="meta") for _ in index.shape]
        else:
            dummies.append(index if index is None else torch.empty_like(index, device="meta"))
    return dummies


def _target(args, kwargs) -> torch.device:
    return torch.device(kwargs.get("device") or args[0].device)


def _on_cpu(tensor: Tensor) -> bool:
    return tensor.device.type == "cpu"


def _tensors(tree):
    return (leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor))
