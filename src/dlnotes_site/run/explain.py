"""失败时说清楚：页面、行号、那一行的文字、当时的值、调用栈；死掉的进程是怎么死的。"""

import ast
import contextlib
import linecache
import re
import signal
import traceback
from pathlib import Path

from dlnotes_site.run.isolation import BlockError, BlockTimeout
from dlnotes_site.tasks.task import Cell, Task


def explain(task: Task, error: BaseException, root: Path, stderr: str) -> str:
    """任务里抛出的 `error` 的说明。"""
    path = str(root / task.page)
    frames = [f for f in traceback.walk_tb(error.__traceback__) if f[0].f_code.co_filename == path]
    line = frames[-1][1] if frames else task.line + (getattr(error, "lineno", None) or 0)
    place = f"{task.page}:{line}" if line else task.page
    place += f"（{task.name}）" if task.name else ""
    parts = [f"{place}：{_headline(error)}", f"    {linecache.getline(path, line).strip()}"]
    if isinstance(error, AssertionError) and frames:
        parts += _values(task, frames[-1][0], line)
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


def _values(task: Task, frame, line: int) -> list[str]:
    """断言失败时，各个子表达式当时的值。"""
    found = [node for cell in task.cells for node in _asserts(cell)
             if node.lineno <= line <= node.end_lineno]  # fmt: skip
    values = []
    for node in found[:1]:
        for part in _operands(node.test):
            source = ast.unparse(part)
            with contextlib.suppress(Exception):
                value = eval(source, frame.f_globals, frame.f_locals)
                values.append(f"    其中 {source} = {_short(value)}")
    return values


def _asserts(cell: Cell) -> list[ast.Assert]:
    tree = ast.increment_lineno(ast.parse(cell.code), cell.line)
    return [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]


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


# --- 死掉的进程 ----------------------------------------------------------------------------------

_FRAME = re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d+)')


def explain_death(
    task: Task, exitcode: int | None, faults: str, root: Path, limit: float | None
) -> str:
    """没有交回结果的进程是怎么死的。

    Args:
        task: 它在做的任务。
        exitcode: 退出码，被信号结束的是负数。
        faults: 它死前写下的停在哪里。
        root: 笔记仓库。
        limit: 超时被主进程结束的写时限（秒），否则为 `None`。
    """
    path = str(root / task.page)
    lines = [int(m["line"]) for m in _FRAME.finditer(faults) if m["path"] == path]
    place = f"{task.page}:{lines[0]}" if lines else task.where
    text = f"\n    {linecache.getline(path, lines[0]).strip()}" if lines else ""
    return f"{place}：{_cause(exitcode, limit)}{text}"


def _cause(exitcode: int | None, limit: float | None) -> str:
    if limit is not None:
        return f"超过 {limit:g} 秒还没有结束，信号也叫不醒，进程已被结束"
    if exitcode is not None and exitcode < 0:
        name = signal.Signals(-exitcode).name
        hint = "，多半是内存不足" if name == "SIGKILL" else ""
        return f"进程崩溃了（{name}{hint}）"
    return f"代码块直接结束了进程（退出码 {exitcode}），没有交回结果"
