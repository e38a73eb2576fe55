"""执行一个代码块：前后隔离，截住它的输出、图、时间与内存。"""

import ast
import contextlib
import datetime
import faulthandler
import gc
import importlib
import io
import linecache
import logging
import os
import random
import re
import secrets
import signal
import sys
import tempfile
import threading
import time
import traceback
import types
import warnings
from collections.abc import Iterator
from pathlib import Path

from dlnotes_site.collect import Block
from dlnotes_site.record import Environment, Figure, Record

MAX_OUTPUT = 64 * 1024
"""一个代码块最多打印的字符数。"""

ALLOWED_WARNINGS: tuple[tuple[str, type[Warning], str], ...] = ()
"""放行的警告：（正则表达式，类别，日期与理由）。其余警告一律算失败。"""


class BlockError(Exception):
    """代码块失败；消息里有页面、行号、那一行的文字与当时的值。"""


class BlockTimeout(BaseException):
    """代码块超时。不是 `Exception`，免得被代码块自己的 `except Exception` 吞掉。"""


class _Output(io.StringIO):
    """有上限的标准输出。"""

    def write(self, text: str) -> int:
        if self.tell() + len(text) > MAX_OUTPUT:
            raise BlockError(f"输出超过 {MAX_OUTPUT} 个字符")
        return super().write(text)


def execute(
    block: Block, key: str, environment: Environment, root: Path, limit: float = 120.0
) -> Record:
    """执行 `block` 并返回记录。

    Raises:
        BlockError: 代码块抛出异常、超时、输出太长、输出与预期不符，或出现警告。
    """
    output, errors = _Output(), io.StringIO()
    with _isolated(block, limit), contextlib.redirect_stderr(errors):
        where = _device(environment.device_kind)
        _reset_peak(where)
        start = time.perf_counter()
        try:
            with contextlib.redirect_stdout(output):
                _run_code(block, root / block.page)
                figures = _figures(sys.modules["__main__"].__dict__)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            raise BlockError(_explain(block, error, root, errors.getvalue())) from None
        seconds = time.perf_counter() - start
        peak = _peak_mib(where)
    _check_output(block, output.getvalue())
    return Record(
        key=key, page=block.page, line=block.line, stdout=output.getvalue(), figures=figures,
        seconds=round(seconds, 3), peak_mib=round(peak, 1), device=_describe(where),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        environment=environment.to_json(),
    )  # fmt: skip


def _run_code(block: Block, path: Path) -> None:
    tree = ast.parse(block.code, filename=str(path))
    ast.increment_lineno(tree, block.line)
    linecache.checkcache(str(path))
    exec(compile(tree, str(path), "exec"), sys.modules["__main__"].__dict__)


def _check_output(block: Block, output: str) -> None:
    if block.expected is None:
        return
    wanted, got = block.expected, output
    if block.ignore_whitespace:
        wanted, got = "".join(wanted.split()), "".join(got.split())
    if wanted != got:
        raise BlockError(
            f"{block.where}：输出与预期不符\n预期：\n{block.expected}\n实际：\n{output}"
        )


# --- 隔离 -----------------------------------------------------------------------------------


@contextlib.contextmanager
def _isolated(block: Block, limit: float) -> Iterator[None]:
    """给代码块一个干净的世界，结束后把世界恢复原样。"""
    import matplotlib as mpl
    import torch

    saved = (os.getcwd(), dict(os.environ), list(sys.path), list(sys.argv), sys.modules["__main__"])
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    _forget_dlnotes()
    mpl.use("Agg")
    mpl.rcdefaults()
    _scramble()
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv = [block.page]
    with tempfile.TemporaryDirectory(prefix="dlnotes-", ignore_cleanup_errors=True) as folder:
        os.chdir(folder)
        try:
            with _warnings_are_errors(), _time_limit(block, limit):
                yield
        finally:
            _restore(*saved)
            _restore_torch(threads, dtype)


def _restore(cwd, environ, path, argv, main) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    sys.path[:], sys.argv = path, argv
    sys.modules["__main__"] = main
    _forget_figures()


def _restore_torch(threads: int, dtype) -> None:
    import numpy as np
    import torch

    torch.set_default_dtype(dtype)
    torch.set_default_device(None)
    torch.set_num_threads(threads)
    torch.set_grad_enabled(True)
    torch.use_deterministic_algorithms(False)
    torch.set_printoptions(profile="default")
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
    np.set_printoptions(edgeitems=3, threshold=1000, precision=8, suppress=False, linewidth=75)
    gc.collect(1)  # 只收年轻的两代：全收一遍要一百多毫秒，而一块多半只跑几毫秒


def _forget_dlnotes() -> None:
    """下一个代码块重新导入 dlnotes：包里的状态与全局设置也不串到下一块。"""
    for name in [name for name in sys.modules if name.partition(".")[0] == "dlnotes"]:
        del sys.modules[name]
    importlib.invalidate_caches()


def _forget_figures() -> None:
    from matplotlib import pyplot as plt

    plt.close("all")


def _scramble() -> None:
    """打乱各处的随机状态：忘了设种子的代码块每次结果都不同，早晚被断言抓住。"""
    import numpy as np
    import torch

    random.seed(secrets.randbits(64))
    np.random.seed(secrets.randbits(32))
    torch.manual_seed(secrets.randbits(63))


@contextlib.contextmanager
def _warnings_are_errors() -> Iterator[None]:
    with warnings.catch_warnings(), _logged_warnings_are_errors("matplotlib"):
        warnings.simplefilter("error")
        for pattern, category, _reason in ALLOWED_WARNINGS:
            warnings.filterwarnings("ignore", pattern, category)
        yield


@contextlib.contextmanager
def _logged_warnings_are_errors(name: str) -> Iterator[None]:
    """有些毛病 matplotlib 只写进日志，例如公式里混进汉字、字体里没有那个字。"""

    class Raise(logging.Handler):
        def emit(self, record):
            raise BlockError(f"{name} 的日志：{record.getMessage()}")

    handler = Raise(logging.WARNING)
    logging.getLogger(name).addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger(name).removeHandler(handler)


@contextlib.contextmanager
def _time_limit(block: Block, limit: float) -> Iterator[None]:
    """先用信号在代码块里抛出超时；连信号都叫不醒时，再过 30 秒结束整个进程。"""
    faulthandler.dump_traceback_later(limit + 30, exit=True, file=sys.__stderr__)
    usable = hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread()

    def on_alarm(number, frame):
        raise BlockTimeout(f"超过 {limit:g} 秒还没有结束")

    previous = signal.signal(signal.SIGALRM, on_alarm) if usable else None
    if usable:
        signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        if usable:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
        faulthandler.cancel_dump_traceback_later()


# --- 设备、时间与内存 -------------------------------------------------------------------------


def _device(kind: str):
    import torch

    os.environ["DLNOTES_DEVICE"] = kind
    return torch.device(kind)


def _describe(where) -> str:
    from dlnotes.device import describe

    return describe(where)


def _reset_peak(where) -> None:
    import torch

    if where.type == "cuda":
        torch.cuda.reset_peak_memory_stats(where)
    else:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")


def _peak_mib(where) -> float:
    """峰值内存：GPU 上是显存；CPU 上是进程的常驻内存（包含已载入的库）。"""
    import torch

    if where.type == "cuda":
        return torch.cuda.max_memory_allocated(where) / 2**20
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return _lifetime_peak_mib()


def _lifetime_peak_mib() -> float:
    """没有 /proc 的系统：进程至今的峰值；连 resource 也没有的（Windows）记为 0。"""
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


# --- 图 --------------------------------------------------------------------------------------


def _figures(namespace: dict) -> list[Figure]:
    """代码块留下的图：先开的在前；动画收成多帧。"""
    if "matplotlib.pyplot" not in sys.modules:
        return []
    from matplotlib import pyplot as plt
    from matplotlib.animation import Animation

    animations = {id(a._fig): a for a in namespace.values() if isinstance(a, Animation)}
    figures = []
    for number in plt.get_fignums():
        figure = plt.figure(number)
        animation = animations.get(id(figure)) or getattr(figure, "animation", None)
        frames, labels = ([_svg(figure)], [""]) if animation is None else _frames(animation)
        width, height = (round(100 * inches) for inches in figure.get_size_inches())
        figures.append(Figure(frames, labels, width, height))
    return figures


def _frames(animation) -> tuple[list[str], list[str]]:
    from matplotlib.animation import AbstractMovieWriter

    frames: list[str] = []
    labels: list[str] = []

    class Writer(AbstractMovieWriter):
        def setup(self, fig, outfile, dpi=None):
            self.fig = fig

        def grab_frame(self, **options):
            frames.append(_svg(self.fig))
            labels.append(self.fig.axes[0].get_title())

        def finish(self):
            pass

    animation.save("", writer=Writer())
    return frames, labels


# 坐标到百分之一磅已看不出差别，文件小三分之一；缩放的倍数不能动，否则字形会变小
_LONG_DECIMAL = re.compile(r"scale\([^)]*\)|(\d\.\d\d)\d+")


def _svg(figure) -> str:
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "dlnotes", "svg.fonttype": "path"}):
        figure.savefig(text, format="svg", transparent=True, dpi=144, metadata={"Date": None})
    return _LONG_DECIMAL.sub(lambda match: match[1] or match[0], text.getvalue())


# --- 失败时说清楚 -----------------------------------------------------------------------------


def _explain(block: Block, error: BaseException, root: Path, stderr: str) -> str:
    path = str(root / block.page)
    frames = [f for f in traceback.walk_tb(error.__traceback__) if f[0].f_code.co_filename == path]
    line = frames[-1][1] if frames else block.line + (getattr(error, "lineno", None) or 0)
    text = linecache.getline(path, line).strip()
    parts = [f"{block.page}:{line}：{_headline(error)}", f"    {text}"]
    if isinstance(error, AssertionError) and frames:
        parts += _values(block, frames[-1][0], line)
    parts.append(_traceback(error, path))
    if stderr.strip():
        parts.append(f"标准错误：\n{stderr.strip()[-2000:]}")
    return "\n".join(parts)


def _traceback(error: BaseException, path: str) -> str:
    """完整的调用栈，从页面里的第一帧开始（前面是运行器自己的）。"""
    step = error.__traceback__
    while step is not None and step.tb_frame.f_code.co_filename != path:
        step = step.tb_next
    return "".join(traceback.format_exception(error.with_traceback(step))).rstrip()


def _headline(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"调用了 sys.exit（{error.code!r}）"
    if isinstance(error, BlockTimeout | BlockError):
        return str(error)
    name = type(error).__name__
    return f"{name}：{error}" if str(error) else name


def _values(block: Block, frame, line: int) -> list[str]:
    """断言失败时，各个子表达式当时的值。"""
    tree = ast.increment_lineno(ast.parse(block.code), block.line)
    found = [n for n in ast.walk(tree)
             if isinstance(n, ast.Assert) and n.lineno <= line <= n.end_lineno]  # fmt: skip
    values = []
    for node in found[:1]:
        for part in _operands(node.test):
            source = ast.unparse(part)
            with contextlib.suppress(Exception):
                value = eval(source, frame.f_globals, frame.f_locals)
                values.append(f"    其中 {source} = {_short(value)}")
    return values


def _operands(test: ast.expr) -> list[ast.expr]:
    if isinstance(test, ast.Compare):
        parts = [test.left, *test.comparators]
    elif isinstance(test, ast.BoolOp):
        return [part for value in test.values for part in _operands(value)]
    elif isinstance(test, ast.UnaryOp):
        return _operands(test.operand)
    elif isinstance(test, ast.Call):
        parts = list(test.args)
    else:
        parts = [test]
    return [part for part in parts if not isinstance(part, ast.Constant)]


def _short(value) -> str:
    text = repr(value)
    return text if len(text) < 400 else f"{text[:400]}…"
