"""dlnotes：中文深度学习笔记的配套包。

子模块在第一次使用时才加载，所以 `import dlnotes` 几乎不花时间：

Examples:
    >>> import dlnotes
    >>> X, y = dlnotes.data.spiral(seed=0)
    >>> X.shape
    torch.Size([3000, 2])
"""

import importlib

__version__ = "0.1.0"

__all__ = [
    "data",
    "device",
    "doctor",
    "inspection",
    "models",
    "nn",
    "optim",
    "plot_lib",
    "plotting",
    "training",
]


def __getattr__(name: str):
    if name in __all__:
        return importlib.import_module(f"dlnotes.{name}")
    raise AttributeError(f"dlnotes 里没有 {name!r}；可用的子模块：{'、'.join(__all__)}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
