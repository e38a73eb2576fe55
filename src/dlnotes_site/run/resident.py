"""接着用的进程（GPU 上）：任务之间把世界恢复原样，恢复不了的换一个进程。"""

import gc
import importlib
import os
import sys

_WATCHED = ("torch", "torch.nn", "torch.nn.functional", "torch.optim", "torch.linalg", "numpy",
            "matplotlib.pyplot", "matplotlib.axes")  # fmt: skip


_CLASSES = "class "


def world() -> dict:
    """任务开始之前的样子。"""
    import torch

    _forget_dlnotes()
    _restore_torch(torch.get_num_threads())  # 第一次调用会换掉 torch 里的几个名字，之后就不变了
    return {
        "cwd": os.getcwd(), "environ": dict(os.environ), "path": list(sys.path),
        "argv": list(sys.argv), "main": sys.modules["__main__"],
        "threads": torch.get_num_threads(), "flags": _flags(), "patched": patchable(),
    }  # fmt: skip


def restore(before: dict) -> None:
    """恢复成 `before` 那样。"""
    import matplotlib as mpl
    import torch

    os.environ.clear()
    os.environ.update(before["environ"])
    sys.path[:], sys.argv = before["path"], before["argv"]
    sys.modules["__main__"] = before["main"]
    mpl.rcdefaults()
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    _restore_torch(before["threads"])
    for owner, name, value in before["flags"]:
        setattr(owner, name, value)
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    global _spoiled
    _spoiled |= _is_patched(before["patched"], patchable())


_spoiled = False


def spoiled() -> bool:
    """有没有任务改写过 torch、NumPy 或 matplotlib 里的函数：有的话这个进程不能再用。"""
    return _spoiled


def patchable() -> dict[str, int]:
    """几个模块里各个名字现在指着什么。"""
    import torch

    modules = [(name, sys.modules[name]) for name in _WATCHED if name in sys.modules]
    classes = {value for _, module in modules for value in vars(module).values()
               if isinstance(value, type)} | {torch.Tensor}  # fmt: skip
    owners = [*modules, *((f"{_CLASSES}{c.__module__}.{c.__qualname__}", c) for c in classes)]
    return {f"{name}.{key}": id(value) for name, owner in owners
            for key, value in vars(owner).items() if callable(value)}  # fmt: skip


def _is_patched(before: dict[str, int], now: dict[str, int]) -> bool:
    """有没有换掉、删掉什么；类里添了名字也算（盖住了基类的），模块里多出来的是用到才导入的。"""
    known = {name.rpartition(".")[0] for name in before}
    added = {name for name in set(now) - set(before)
             if name.startswith(_CLASSES) and name.rpartition(".")[0] in known}  # fmt: skip
    return bool(added) or any(now.get(name) != value for name, value in before.items())


_FLAGS = {
    "torch.backends": ("fp32_precision",),
    "torch.backends.cudnn": ("enabled", "benchmark", "deterministic", "allow_tf32",
                             "fp32_precision"),
    "torch.backends.cudnn.conv": ("fp32_precision",),
    "torch.backends.cudnn.rnn": ("fp32_precision",),
    "torch.backends.cuda.matmul": ("allow_tf32", "allow_fp16_reduced_precision_reduction",
                                   "allow_bf16_reduced_precision_reduction", "fp32_precision"),
}  # fmt: skip
"""torch 的全局开关：TF32、cuDNN、低精度求和；旧版里没有的略过。"""


def _flags() -> list[tuple[object, str, object]]:
    import torch

    found = []
    for path, names in _FLAGS.items():
        owner = torch
        for part in path.split(".")[1:]:
            owner = getattr(owner, part, None)
        found += [(owner, name, getattr(owner, name)) for name in names if hasattr(owner, name)]
    return found


def _restore_torch(threads: int) -> None:
    import numpy as np
    import torch

    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_num_threads(threads)
    torch.set_grad_enabled(True)
    torch.use_deterministic_algorithms(False)
    torch.autograd.set_detect_anomaly(False)
    torch.set_float32_matmul_precision("highest")
    torch.set_printoptions(profile="default")
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
    np.set_printoptions(edgeitems=3, threshold=1000, precision=8, suppress=False, linewidth=75)


def _forget_dlnotes() -> None:
    """下一个任务重新导入 dlnotes：包里的状态与全局设置也不串到下一块。"""
    for name in [name for name in sys.modules if name.partition(".")[0] == "dlnotes"]:
        del sys.modules[name]
    importlib.invalidate_caches()
