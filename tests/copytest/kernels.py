"""把笔记本从头到尾运行一遍，与文件里带着的输出对照。"""

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError

from dlnotes_site.compare.outputs import same_output

KERNEL = "copytest"


@dataclass
class Run:
    """一份笔记本的结果。"""

    name: str
    cells: int = 0
    equal: int = 0
    problems: list[str] = field(default_factory=list)


def write_kernel(folder: Path, python: Path, environment: Mapping[str, str]) -> None:
    """登记一个内核：用 `python`，不看外面的 `PYTHONPATH`。"""
    spec = {"argv": [str(python), "-I", "-m", "ipykernel_launcher", "-f", "{connection_file}",
                     "--log-level=ERROR"],
            "display_name": KERNEL, "language": "python", "env": dict(environment)}  # fmt: skip
    path = folder / "kernels" / KERNEL / "kernel.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(spec), encoding="utf-8")


def run_notebook(path: Path, kernels: Path, limit: float) -> Run:
    """在空的临时文件夹里运行一份笔记本；任何一格出错就停下。"""
    os.environ["JUPYTER_PATH"] = str(kernels)
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    run = Run(path.name)
    saved = [(_stdout(cell), _images(cell)) for cell in notebook.cells]
    started = [0]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        client = NotebookClient(
            notebook, kernel_name=KERNEL, timeout=limit, allow_errors=False,
            resources={"metadata": {"path": folder}},
            on_cell_start=lambda cell, cell_index: started.__setitem__(0, cell_index),
        )  # fmt: skip
        try:
            client.execute()
        except (CellExecutionError, CellControlSignal, DeadKernelError) as error:
            run.problems.append(f"{path.name} 第 {started[0] + 1} 格出错：{str(error)[-800:]}")
            return run
    for number, (cell, before) in enumerate(zip(notebook.cells, saved, strict=True), start=1):
        if cell.cell_type == "code" and "install" not in cell.metadata.get("tags", []):
            _compare(run, cell, number, before)
    return run


def _compare(run: Run, cell, number: int, before: tuple[str, int]) -> None:
    run.cells += 1
    after = _stdout(cell), _images(cell)
    if before[1] != after[1]:
        run.problems.append(
            f"{run.name} 第 {number} 格：文件里 {before[1]} 张图，运行得 {after[1]} 张"
        )
    elif same_output(before[0].rstrip(), after[0].rstrip(), cell.source):
        run.equal += 1
    else:
        run.problems.append(f"{run.name} 第 {number} 格输出不同\n—— 文件：\n{before[0][:800]}\n"
                            f"—— 运行：\n{after[0][:800]}")  # fmt: skip


def _stdout(cell) -> str:
    return "".join(output.text for output in cell.get("outputs", [])
                   if output.output_type == "stream" and output.name == "stdout")  # fmt: skip


def _images(cell) -> int:
    """几个输出是图；实验里的图是 SVG，存进文件时换成了 PNG。"""
    kinds = [set(output.get("data", {})) for output in cell.get("outputs", [])]
    return sum(bool({"image/png", "image/svg+xml"} & kind) for kind in kinds)


def run_notebooks(
    paths: list[Path], kernels: Path, *, jobs: int = 2, limit: float = 300.0,
    on_done: Callable[[Run], None] = lambda run: None,
) -> list[Run]:  # fmt: skip
    """运行这些笔记本，先后由调用者排好。"""
    with ProcessPoolExecutor(jobs) as pool:
        waiting = [pool.submit(run_notebook, path, kernels, limit) for path in paths]
        for future in as_completed(waiting):
            on_done(future.result())
        return [future.result() for future in waiting]
