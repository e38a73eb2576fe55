"""执行一个任务：依次运行各格，截住输出与图，量时间与内存。"""

import ast
import contextlib
import datetime
import io
import json
import linecache
import os
import sys
import threading
import time
from pathlib import Path

from dlnotes_site.run.explain import explain
from dlnotes_site.run.isolation import (
    BlockError,
    Output,
    check_leftovers,
    isolated,
    stop_timer,
)
from dlnotes_site.run.key import Environment
from dlnotes_site.run.pictures import Picture, take_pictures
from dlnotes_site.run.provenance import describe_used, peak_mib, provenance, reset_peak, used_gpu
from dlnotes_site.run.store import Figure, Record, blob_name
from dlnotes_site.run.store import Output as CellOutput
from dlnotes_site.tasks.task import Cell, Task


def execute(
    task: Task,
    key: str,
    environment: Environment,
    root: Path,
    folder: Path,
    limit: float = 120.0,
    resident: bool = False,
) -> tuple[Record, list[str]]:
    """执行 `task`。

    Args:
        task: 任务。
        key: 记录的键。
        environment: 环境；设备种类与线程数照它的。
        root: 笔记仓库。
        folder: 空的临时文件夹。
        limit: 时限，秒；任务自己写了的以任务为准。
        resident: 进程还要接着用，结束后恢复原样。

    Returns:
        记录，以及记录里用到的图与数据的文字。

    Raises:
        BlockError: 任务抛出异常、超时、输出太长、输出与预期不符、出现警告、留下线程或子进程。
    """
    blobs: dict[str, str] = {}
    limit = task.limit or limit
    threads = {thread.ident for thread in threading.enumerate()}
    with isolated(task.page, limit, folder, resident):
        result = _prepare(task, environment, folder)
        used = reset_peak(environment.device_kind)
        start = time.perf_counter()
        outputs = [_run_cell(task, cell, root, blobs) for cell in task.cells]
        seconds = time.perf_counter() - start
        peak, touched = peak_mib(environment.device_kind), used_gpu(used)
        product = _product(task, result, blobs)
        _at(task, root, "", check_leftovers, threads, folder / "stdout.txt")
    return Record(
        key=key, kind=task.kind, page=task.page, line=task.line, outputs=outputs,
        seconds=round(seconds, 3), peak_mib=round(peak, 1),
        device=describe_used(environment.device_kind, touched),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        environment=environment.to_json(), provenance=provenance(touched), product=product,
    ), list(blobs.values())  # fmt: skip


def _prepare(task: Task, environment: Environment, folder: Path) -> Path:
    """任务看得到的环境变量；返回长实验的一格写结果的文件。"""
    os.environ["DLNOTES_DEVICE"] = environment.device_kind
    os.environ.pop("DLNOTES_DATA", None)
    result = folder / "result.json"
    if task.setting is not None:
        setting = {**json.loads(task.setting), "file": str(result)}
        os.environ["DLNOTES_GRID"] = json.dumps(setting, ensure_ascii=False)
    else:
        os.environ.pop("DLNOTES_GRID", None)
    return result


def _run_cell(task: Task, cell: Cell, root: Path, blobs: dict[str, str]) -> CellOutput:
    output, errors = Output(), io.StringIO()
    start = time.perf_counter()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(output):
        pictures = _at(task, root, errors, _run_code, cell, root / task.page, output)
    seconds = time.perf_counter() - start
    _check_output(task, cell, output.getvalue())
    figures = [_kept(picture, blobs) for picture in pictures]
    return CellOutput(cell.line, output.getvalue(), figures, round(seconds, 3))


def _at(task: Task, root: Path, errors, function, *arguments):
    """调用 `function`；失败时换成说明页面、行号与当时的值的 `BlockError`。"""
    try:
        return function(*arguments)
    except BaseException as error:
        stop_timer()
        stderr = errors.getvalue() if errors else ""
        raise BlockError(explain(task, error, root, stderr)) from None


def _run_code(cell: Cell, path: Path, output: Output) -> list[Picture]:
    namespace = sys.modules["__main__"].__dict__
    tree = ast.parse(cell.code, filename=str(path))
    ast.increment_lineno(tree, cell.line)
    linecache.checkcache(str(path))
    last = tree.body.pop() if _ends_with_a_value(cell, tree) else None
    try:
        exec(compile(tree, str(path), "exec"), namespace)
    except SystemExit:
        if not _wrote_result():
            raise
    if last is not None:
        value = eval(compile(ast.Expression(last.value), str(path), "eval"), namespace)
        if value is not None:
            print(repr(value))
    if sys.stdout is not output:
        raise BlockError("换掉了 sys.stdout 没有还原，之后打印的东西读者看不到")
    return take_pictures(namespace)


def _wrote_result() -> bool:
    """长实验的一格算完就停，见 `dlnotes.training.run_grid`。"""
    setting = os.environ.get("DLNOTES_GRID")
    return setting is not None and Path(json.loads(setting)["file"]).exists()


def _ends_with_a_value(cell: Cell, tree: ast.Module) -> bool:
    return cell.echo and bool(tree.body) and isinstance(tree.body[-1], ast.Expr)


def _check_output(task: Task, cell: Cell, output: str) -> None:
    if cell.expected is None:
        return
    wanted, got = cell.expected, output
    if cell.ignore_whitespace:
        wanted, got = "".join(wanted.split()), "".join(got.split())
    if wanted != got:
        where = f"{task.page}:{cell.line}"
        raise BlockError(f"{where}：输出与预期不符\n预期：\n{cell.expected}\n实际：\n{output}")


def _kept(picture: Picture, blobs: dict[str, str]) -> Figure:
    names = [blob_name(svg) for svg in picture.frames]
    blobs.update(zip(names, picture.frames, strict=True))
    return Figure(names, picture.labels, picture.width, picture.height)


def _product(task: Task, result: Path, blobs: dict[str, str]) -> str | None:
    """任务的数据：变量 `task.product` 里的文字，或者长实验的一格写下的结果。"""
    if task.product is None:
        return None
    if task.setting is not None:
        text = result.read_text(encoding="utf-8") if result.exists() else None
    else:
        text = sys.modules["__main__"].__dict__.get(task.product)
    if not isinstance(text, str):
        raise BlockError(f"{task.where}：没有算出结果 {task.product}（应为一段文字）")
    name = blob_name(text)
    blobs[name] = text
    return name
