"""检查运行环境：在命令行里运行 `python -m dlnotes.doctor`，或在代码里调用 `check()`。

`require("optuna")` 检查某一页另要的库，没有装时说怎样装。

每项一行，写明现状；不正常的还写明怎么办。别的库都在检查时才载入，所以缺库、库坏了也能给出结果。
"""

import argparse
import importlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import sys
import tempfile
import tomllib
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlnotes._core.text import display_width

__all__ = ["Finding", "check", "main", "require", "table"]

DISTRIBUTION = "dlnotes-zh"
OK, WARN, BAD = "正常", "注意", "错误"
_LIBRARIES = {
    "torch": "torch", "numpy": "numpy", "scipy": "scipy", "matplotlib": "matplotlib",
    "scikit-learn": "sklearn", "scikit-image": "skimage", "pillow": "PIL",
    "jaxtyping": "jaxtyping", "tqdm": "tqdm",
}  # fmt: skip
_OPTIONAL = {"optuna": "search", "psycopg": "postgres", "tensorboard": "tensorboard",
             "keras": "keras"}  # fmt: skip
_SAMPLE = "螺旋分类的学习率 η = 0.1 ± 0.01"
_UPGRADE = "运行 python -m pip install --upgrade {}"


@dataclass(frozen=True)
class Finding:
    """一项检查的结果。

    Attributes:
        item: 检查的是什么。
        status: `"正常"`、`"注意"` 或 `"错误"`。
        value: 现状。
        advice: 怎么办；正常时为空。
    """

    item: str
    status: str
    value: str
    advice: str = ""


def check() -> list[Finding]:
    """检查版本、设备、线程、中文字体与缓存文件夹；只看不改。

    Returns:
        各项的结果，次序固定。

    Examples:
        >>> [finding.item for finding in check()][-4:]
        ['设备', '线程', '中文字体', '缓存']
    """
    least = _declared()
    findings = [_package(), *_stranger(), _python(least.get("python"))]
    findings += [_library(name, module, least.get(name)) for name, module in _LIBRARIES.items()]
    findings += [_optional(name) for name in _OPTIONAL]
    later = {"设备": _device, "线程": _threads, "中文字体": _font, "缓存": _cache}
    return findings + [_guarded(item, function) for item, function in later.items()]


def table(findings: Iterable[Finding]) -> str:
    """排成对齐的文字表：状态、项目、现状，不正常的下一行写怎么办。

    Args:
        findings: `check` 的结果。

    Returns:
        多行文字，最后一行是小结。

    Raises:
        TypeError: `findings` 不是一串 `Finding`。

    Examples:
        >>> print(table([Finding("Python", "正常", "3.11.2")]))
        正常  Python  3.11.2
        1 项全部正常
    """
    if isinstance(findings, str):
        raise TypeError(f"findings 应为一串 Finding，收到 {findings!r}")
    try:  # 不用 `_core.check`：它载入 torch，而 torch 坏了也要能检查
        findings = list(findings)
    except TypeError as error:
        raise TypeError(f"findings 应为一串 Finding，收到 {findings!r}") from error
    for finding in findings:
        if not isinstance(finding, Finding):
            raise TypeError(f"findings 的每一项应为 Finding，收到 {finding!r}")
    width = max((display_width(f.item) for f in findings), default=0)
    lines = []
    for f in findings:
        lines.append(f"{f.status}  {f.item}{' ' * (width - display_width(f.item))}  {f.value}")
        if f.advice:
            lines.append(f"{' ' * (width + 8)}→ {f.advice}")
    counts = {status: sum(f.status == status for f in findings) for status in (BAD, WARN)}
    told = "，".join(f"{count} 项{status}" for status, count in counts.items() if count)
    return "\n".join([*lines, told or f"{len(findings)} 项全部正常"])


def require(*names: str) -> None:
    """检查一页另要的库装了没有；都装了就什么也不做。

    Args:
        *names: 库的名字：`optuna`、`psycopg`、`tensorboard`、`keras` 中的几个。

    Raises:
        ValueError: 没有给名字，或者不是这几个库。
        ModuleNotFoundError: 有的没有安装；消息里写着怎样安装。

    Examples:
        >>> require("optuna")
    """
    if unknown := [name for name in names if not isinstance(name, str) or name not in _OPTIONAL]:
        raise ValueError(f"names 应为 {'、'.join(_OPTIONAL)} 中的几个，收到 {unknown}")
    if not names:
        raise ValueError(f"names 应至少有一个：{'、'.join(_OPTIONAL)}，收到 ()")
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        libraries = " ".join(_package_of(name) for name in missing)
        raise ModuleNotFoundError(
            f"这一页另要 {'、'.join(missing)}：先运行 python -m pip install {libraries}"
            "（笔记本里写成 %pip install），再运行这一块",
            name=missing[0],
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """命令行入口：打印检查结果。

    Args:
        arguments: 命令行参数；省略时取 `sys.argv`。

    Returns:
        退出码：有“错误”时为 1，否则为 0。
    """
    argparse.ArgumentParser(
        prog="python -m dlnotes.doctor", description="检查 dlnotes 的运行环境"
    ).parse_args(arguments)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # 终端的编码写不出某个字时，也不中断检查
    findings = check()
    print(table(findings))
    return int(any(f.status == BAD for f in findings))


# --- 版本 -----------------------------------------------------------------------------------


def _package() -> Finding:
    try:
        version = importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        value = "未安装为包，直接用的是源码"
        return Finding(DISTRIBUTION, WARN, value, "在仓库里运行 python -m pip install .")
    return Finding(DISTRIBUTION, OK, version)


def _stranger() -> list[Finding]:
    """别人也发布过一个叫 dlnotes 的包；装了它，两个包会混在一起。"""
    try:
        version = importlib.metadata.version("dlnotes")
    except importlib.metadata.PackageNotFoundError:
        return []
    advice = f"运行 python -m pip uninstall dlnotes，再重新安装 {DISTRIBUTION}"
    return [Finding("dlnotes", WARN, f"装了别人的同名包 {version}", advice)]


def _python(least: str | None) -> Finding:
    return _compared("Python", platform.python_version(), least, "安装新版 Python，另建虚拟环境")


def _library(name: str, module: str, least: str | None) -> Finding:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, BAD, "没有安装", f"运行 python -m pip install {name}")
    try:
        importlib.import_module(module)
    except Exception as error:  # 坏掉的库什么异常都可能抛
        return Finding(name, BAD, f"{version}，载入失败：{_one_line(error)}",
                       f"运行 python -m pip install --force-reinstall {name}")  # fmt: skip
    return _compared(name, version, least, _UPGRADE.format(name))


def _optional(name: str) -> Finding:
    try:
        return Finding(name, OK, f"{importlib.metadata.version(name)}（可选）")
    except importlib.metadata.PackageNotFoundError:
        told = f"没有安装（可选；用到的那一页要 pip install {_package_of(name)}）"
        return Finding(name, OK, told)


def _package_of(name: str) -> str:
    """安装时写的名字：psycopg 不带 `[binary]` 要自己编译。"""
    return "psycopg[binary]" if name == "psycopg" else name


def _compared(item: str, version: str, least: str | None, advice: str) -> Finding:
    if least is None:
        return Finding(item, OK, f"{version}（不知道要求的版本）")
    if _numbers(version) < _numbers(least):
        return Finding(item, BAD, f"{version}（要求 ≥ {least}）", advice)
    return Finding(item, OK, f"{version}（要求 ≥ {least}）")


def _numbers(version: str) -> tuple[int, ...]:
    """版本号里的数字，去掉末尾的 0：`2.11.0+cpu` 与 `2.11` 一样。"""
    numbers = [int(part) for part in re.match(r"[\d.]*", version)[0].split(".") if part]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _declared() -> dict[str, str]:
    """声明的最低版本：先看装好的包，再看仓库里的 pyproject.toml；都没有时为空。"""
    try:
        metadata = importlib.metadata.metadata(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return _declared_in(Path(__file__).parents[2] / "pyproject.toml")
    lines = metadata.get_all("Requires-Dist") or []
    return _minimums([f"python{metadata['Requires-Python']}", *lines])


def _declared_in(pyproject: Path) -> dict[str, str]:
    if not pyproject.is_file():
        return {}
    project = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("project", {})
    if project.get("name") != DISTRIBUTION:
        return {}
    return _minimums([f"python{project['requires-python']}", *project["dependencies"]])


def _minimums(lines: Iterable[str]) -> dict[str, str]:
    found = (re.match(r"([\w-]+)\s*>=\s*([\d.]+)", line) for line in lines if "extra" not in line)
    return {match[1]: match[2] for match in found if match}


# --- 设备、线程、字体、缓存 ---------------------------------------------------------------------


def _guarded(item: str, function: Callable[[], Finding]) -> Finding:
    try:
        return function()
    except Exception as error:  # 前面的库坏了，这里什么异常都可能抛
        return Finding(item, BAD, f"查不了：{_one_line(error)}", "先解决上面的错误")


def _device() -> Finding:
    import torch

    from dlnotes.device import describe, pick_device

    try:
        where = pick_device()
    except ValueError as error:
        return Finding("设备", BAD, _one_line(error), "改正或删除环境变量 DLNOTES_DEVICE")
    name = describe(where) + _how_many(where)
    try:
        right = _multiplies(where)
    except RuntimeError as error:
        name, right = f"{name}，{_one_line(error)}", False
    if not right:
        advice = "按 PyTorch 官网的选择器重装，或设 DLNOTES_DEVICE=cpu"
        return Finding("设备", BAD, f"{name}，算不出矩阵乘法", advice)
    if where.type == "cpu" and not os.environ.get("DLNOTES_DEVICE") and shutil.which("nvidia-smi"):
        why = "装的是 CPU 版 PyTorch" if torch.version.cuda is None else "PyTorch 找不到可用的 GPU"
        return Finding("设备", WARN, f"{name}；本机有 NVIDIA 驱动，但{why}",
                       "要用 GPU，按 PyTorch 官网的选择器重装")  # fmt: skip
    return Finding("设备", OK, name)


def _how_many(where) -> str:
    import torch

    count = torch.cuda.device_count() if where.type == "cuda" else 1
    told = f"，共 {count} 块" if count > 1 else ""
    return told + ("，由 DLNOTES_DEVICE 指定" if os.environ.get("DLNOTES_DEVICE") else "")


def _multiplies(where) -> bool:
    """在设备上算一次小的矩阵乘法；数字都是小整数，结果没有舍入误差。"""
    import torch

    X = torch.arange(6.0, device=where).view(2, 3)
    return (X @ X.T).tolist() == [[5, 14], [14, 50]]


def _threads() -> Finding:
    import torch

    threads, cores = torch.get_num_threads(), _num_cores()
    value = f"{threads} 个线程，可用 {cores} 个核"
    if threads > cores:
        return Finding("线程", WARN, value, f"线程比核多会慢很多，设 OMP_NUM_THREADS={cores}")
    return Finding("线程", OK, value)


def _num_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _font() -> Finding:
    import matplotlib

    from dlnotes.plotting import FONT, use_chinese

    try:
        with matplotlib.rc_context():  # 只看不改：画完，字体的设置恢复原样
            use_chinese()
            missing = _missing_glyph(_SAMPLE)
    except OSError as error:
        missing = _one_line(error)
    if missing:
        return Finding("中文字体", BAD, f"{FONT} 不能用：{missing}", f"重新安装 {DISTRIBUTION}")
    return Finding("中文字体", OK, f"{FONT}，字形齐全")


def _missing_glyph(text: str) -> str:
    """用当前的 matplotlib 设置画一行字；缺字形时返回警告的原文。"""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    figure.text(0.1, 0.5, text)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Glyph", UserWarning)
        try:
            FigureCanvasAgg(figure).draw()
        except UserWarning as warning:
            return _one_line(warning)
    return ""


def _cache() -> Finding:
    import matplotlib

    folder = Path(matplotlib.get_cachedir())
    advice = "把环境变量 MPLCONFIGDIR 设成一个可写的文件夹"
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return Finding("缓存", WARN, f"{_short(folder)} 不可写：{error.strerror}", advice)
    temporary = Path(tempfile.gettempdir()) in folder.parents
    if temporary and "MPLCONFIGDIR" not in os.environ:
        return Finding("缓存", WARN, f"{_short(folder)} 是临时的，每次启动都要重建字体缓存", advice)
    return Finding("缓存", OK, f"{_short(folder)} 可写")


# --- 排版 -----------------------------------------------------------------------------------


def _short(folder: Path) -> str:
    """家目录写成 ~；在仓库里时写相对路径。"""
    for base, mark in ((Path.cwd(), ""), (Path.home(), "~/")):
        if base in folder.parents:
            return mark + folder.relative_to(base).as_posix()
    return str(folder)


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
