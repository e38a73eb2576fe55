"""`python tests/copytest`：复制测试。先建好网站；见 `--help`。"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tqdm import tqdm

from copytest import clean, kernels
from copytest.page import Copied, site_blocks, with_sources
from copytest.pool import clean_environment, run_blocks
from dlnotes_site.pages.extras import packages
from dlnotes_site.pages.front_matter import front_matter
from dlnotes_site.project import Project
from dlnotes_site.publish.wheel import cached_wheel
from dlnotes_site.run.results import Results

ROOT = Path(__file__).resolve().parents[2]


def parser() -> argparse.ArgumentParser:
    """命令行的写法。"""
    top = argparse.ArgumentParser(
        prog="python tests/copytest",
        description="只装 wheel 的环境里，运行网页上复制出来的每一块和每份笔记本",
    )
    top.add_argument("pages", nargs="*", metavar="页面",
                     help="网页的位置或名字，如 notes/spiral/、spiral；省略表示全部")  # fmt: skip
    top.add_argument("--root", type=Path, default=ROOT, help="笔记仓库（默认 %(default)s）")
    top.add_argument("--only", choices=("blocks", "notebooks"), help="只做其中一样")
    top.add_argument("--reuse", action="store_true", help="沿用上次的环境，不重新安装")
    top.add_argument("--jobs", type=int, default=2, help="并行数（默认 %(default)s）")
    top.add_argument("--limit-seconds", type=float, default=300.0,
                     help="每块、每格的时限（默认 %(default)g）")  # fmt: skip
    top.add_argument("--faster-than", type=float, metavar="秒",
                     help="只运行记录里的用时不超过这么多秒的块；笔记本看各块之和")  # fmt: skip
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """程序入口；全部运行完而且输出都相同时返回 0。"""
    options = parser().parse_args(arguments)
    root = options.root.resolve()
    if not (root / "site" / "index.html").exists():
        print("没有建好的网站：先运行 dlnotes-site build", file=sys.stderr)
        return 2
    blocks = with_sources(site_blocks(root / "site"), root)
    folder = root / "build" / "copytest"
    environment = clean_environment(folder, _device(root))
    python = _python(root, folder, options.reuse)
    if wanted := _extras(root, blocks, options):
        clean.install(folder / "venv", root / "constraints.txt", *wanted)
        print(f"页首写着另要的库也装了：{'、'.join(wanted)}", flush=True)
    problems = []
    if options.only != "notebooks":
        problems += _blocks(_chosen(blocks, options), python, environment, options)
    if options.only != "blocks":
        clean.install(folder / "venv", root / "constraints.txt", "ipykernel")
        kernels.write_kernel(folder, python, environment)
        problems += _notebooks(_paths(root, blocks, options), folder, options)
    for problem in problems:
        print(f"✗ {problem}\n", file=sys.stderr)
    return 1 if problems else 0


def _extras(root: Path, blocks: list[Copied], options) -> list[str]:
    """要运行的页面在页首写着的另要的库。"""
    pages = dict.fromkeys(block.page for block in blocks if _wanted(block.page, options))
    paths = [root / "docs" / f"{page.strip('/')}.md" for page in pages]
    return list(dict.fromkeys(
        package for path in paths if path.is_file()
        for package in packages(front_matter(path).extras, root)
    ))  # fmt: skip


def _device(root: Path) -> str:
    environment = Results(Project(root)).environment
    return environment.device_kind if environment else "cpu"


def _python(root: Path, folder: Path, reuse: bool) -> Path:
    python = clean.python_of(folder / "venv")
    if reuse and python.exists():
        clean.check(python)
        return python
    start = time.perf_counter()
    python = clean.make(folder / "venv", cached_wheel(root), root / "constraints.txt")
    print(f"环境：只装了 wheel 与它的依赖，用时 {time.perf_counter() - start:.0f} 秒", flush=True)
    return python


def _wanted(page: str, options) -> bool:
    return not options.pages or any(
        page == wanted or page.strip("/").rpartition("/")[2] == wanted for wanted in options.pages
    )


def _chosen(blocks: list[Copied], options) -> list[Copied]:
    limit = options.faster_than or float("inf")
    return [b for b in blocks if _wanted(b.page, options) and b.seconds <= limit]


def _blocks(blocks: list[Copied], python: Path, environment, options) -> list[str]:
    runnable = [block for block in blocks if not block.skipped]
    with tqdm(total=len(runnable), desc="代码块", unit="块", disable=None) as bar:
        outcomes = run_blocks(
            runnable, python, environment, jobs=options.jobs, limit=options.limit_seconds,
            on_done=lambda outcome: bar.update(),
        )  # fmt: skip
    ran = [outcome for outcome in outcomes if outcome.status == 0]
    equal = [outcome for outcome in ran if not outcome.problem]
    print(f"代码块：复制 {len(blocks)}，运行 {len(ran)}，相同 {len(equal)}，"
          f"跳过 {len(blocks) - len(runnable)}", flush=True)  # fmt: skip
    return [outcome.problem for outcome in outcomes if outcome.problem]


def _paths(root: Path, blocks: list[Copied], options) -> list[Path]:
    """要运行的笔记本，慢的在前；实验只跑带答案的那一份，没有答案的本来就通不过自查。"""
    labs = sorted((root / "site" / "notebooks").glob("lab*-solution.ipynb"))
    seconds: dict[str, float] = {}
    for block in blocks:
        name = block.page.strip("/").rpartition("/")[2]
        seconds[name] = seconds.get(name, 0.0) + block.seconds
    limit = options.faster_than or float("inf")
    pages = {b.page.strip("/").rpartition("/")[2]: b.page for b in blocks}
    found = [
        path for path in (root / "site" / "notebooks").glob("*.ipynb")
        if path.stem in pages and _wanted(pages[path.stem], options)
        and seconds[path.stem] <= limit
    ]  # fmt: skip
    labs = [path for path in labs if _wanted(f"labs/{path.stem}/", options)]
    return labs + sorted(found, key=lambda path: (-seconds[path.stem], path.name))


def _notebooks(paths: list[Path], folder: Path, options) -> list[str]:
    with tqdm(total=len(paths), desc="笔记本", unit="份", disable=None) as bar:
        runs = kernels.run_notebooks(paths, folder, jobs=options.jobs, limit=options.limit_seconds,
                                     on_done=lambda run: bar.update())  # fmt: skip
    finished = sum(not any("出错" in problem for problem in run.problems) for run in runs)
    print(f"笔记本：{len(runs)} 份，运行到底 {finished} 份；"
          f"单元格 {sum(run.cells for run in runs)}，"
          f"输出相同 {sum(run.equal for run in runs)}", flush=True)  # fmt: skip
    return [problem for run in runs for problem in run.problems]


if __name__ == "__main__":
    sys.exit(main())
