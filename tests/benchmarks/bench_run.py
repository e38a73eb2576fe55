"""整套代码块：冷跑、沿用、改一处；以及同样的代码块每页开一个 Jupyter 内核来跑。"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, table

from dlnotes_site.pages.collect import collect
from dlnotes_site.project import Project
from dlnotes_site.run.plan import make_plan, run

_COPIED = ("docs", "src", "overrides", "mkdocs.yml", "README.md", "LICENSE", "pyproject.toml",
           "hatch_build.py")  # fmt: skip


def copy_tree(folder: Path, recorded: bool = False) -> Path:
    """把仓库里建站要用的部分抄到别处，免得动到真正的记录；`recorded` 为真时连记录一起抄。"""
    for name in (*_COPIED, *(["build"] if recorded else [])):
        source = ROOT / name
        if source.is_dir():
            skip = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / name, ignore=skip)
        else:
            shutil.copy(source, folder / name)
    return folder


LIGHT = ("README.md", "docs/index.md", "docs/environment.md", "docs/notes/tensors.md",
         "docs/notes/autograd.md")  # fmt: skip
"""运算不多的页面：在它们身上比的是运行器自己的开销，而不是训练网络的时间。"""


def jupyter_seconds(root: Path) -> float:
    """`LIGHT` 里每页一个内核，依次执行（nbclient）；共用状态，不查断言以外的东西。"""
    import nbformat
    from nbclient import NotebookClient

    pages: dict[str, list[str]] = {}
    for block in collect(root):
        if block.skip is None and block.page in LIGHT:
            pages.setdefault(block.page, []).append(block.code)
    start = time.perf_counter()
    for codes in pages.values():
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell(code) for code in codes]
        NotebookClient(notebook, timeout=600, kernel_name="python3",
                       extra_arguments=["--HistoryManager.enabled=False"]).execute()  # fmt: skip
    return time.perf_counter() - start


def cli_seconds(root: Path) -> float:
    """没有改动时整条命令的时间（含解释器启动）。"""
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "DLNOTES_DEVICE": "cpu"}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "dlnotes_site", "build"], check=True, cwd=root,
                   env=environment, stdout=subprocess.DEVNULL)  # fmt: skip
    return time.perf_counter() - start


def touch_and_count(root: Path, path: str, old: str, new: str) -> int:
    """改一处，看要重跑几个任务；随后改回去。"""
    file = root / path
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{path} 里没有 {old!r}"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    count = len(make_plan(Project(root), device="cpu").missing)
    file.write_text(text, encoding="utf-8")
    return count


def report(with_jupyter: bool = True) -> str:
    """返回 Markdown。"""
    os.environ["DLNOTES_DEVICE"] = "cpu"
    with tempfile.TemporaryDirectory() as folder:
        root = copy_tree(Path(folder))
        workers = os.cpu_count() or 1
        cold = run(Project(root), device="cpu", jobs=workers, progress=False)
        assert cold.ok, cold.failures
        ideal = cold.compute_seconds / workers
        cli_seconds(root)  # 第一次要真的建站
        idle = cli_seconds(root)
        bare = import_seconds()
        block = next(b for b in collect(root) if b.page == "docs/notes/tensors.md")
        one = touch_and_count(root, block.page, block.code, block.code + "# 改\n")
        toy = touch_and_count(root, "src/dlnotes/data/toy.py", "import math", "import math  # 改")
        rows = [
            ["冷跑全部", f"{cold.seconds:.0f} 秒（{cold.run} 个任务，{workers} 个进程）",
             "≤ 12 分"],
            ["冷跑 ÷（各任务之和 ÷ 进程数）", f"{cold.seconds / ideal:.2f}", "≤ 1.25"],
            ["没有改动：`dlnotes-site build`",
             f"{idle:.1f} 秒，其中启动解释器并导入 torch {bare:.1f} 秒",
             "多出 ≤ 5 秒"],
            ["改一个代码块，要重跑", f"{one} 个", "1"],
            ["改 `dlnotes/data/toy.py`，要重跑", f"{toy} 个（共 {cold.run} 个）", "够得着的"],
        ]  # fmt: skip
        if with_jupyter:
            jupyter = jupyter_seconds(root)
            ours = run(Project(root), targets=LIGHT, device="cpu", fresh=True, progress=False)
            rows.append([f"{len(LIGHT)} 个轻页面（{ours.run} 块），每页一个 Jupyter 内核",
                         f"{jupyter:.0f} 秒，我们 {ours.seconds:.0f} 秒："
                         f"{jupyter / ours.seconds:.1f} 倍", "≥ 5 倍"])  # fmt: skip
    return table(["整套代码块", "结果", "目标"], rows)


def import_seconds() -> float:
    """启动解释器并导入 torch 的时间。"""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    print(report())
