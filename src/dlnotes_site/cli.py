"""命令行：`dlnotes-site run | build | serve | compare | gpu-report | clean`。"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """程序入口；返回退出码，0 表示一切正常。"""
    options = parser().parse_args(arguments)
    try:
        return options.command(options)
    except ModuleNotFoundError as error:
        print(f'缺少 {error.name}：请在仓库里运行 pip install -e ".[site]"', file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"错误：{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("已中断；跑完的代码块都有记录，下次接着跑", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """命令行的写法。"""
    top = argparse.ArgumentParser(prog="dlnotes-site", description="运行笔记里的代码块并建站")
    top.add_argument("--root", type=Path, default=Path.cwd(), help="笔记仓库（默认当前目录）")
    commands = top.add_subparsers(dest="name", required=True, metavar="命令")
    run = commands.add_parser("run", help="运行缺记录的代码块")
    run.add_argument("targets", nargs="*", metavar="页面[:行号]", help="只运行这些；省略表示全部")
    build = commands.add_parser("build", help="运行缺记录的代码块，再建成 site/")
    build.add_argument("--recorded", action="store_true",
                       help="只用现成的记录（如来自 GPU 机器的）；不全时照常运行")  # fmt: skip
    serve = commands.add_parser("serve", help="本地预览，页面或源码一改就重跑重建")
    serve.add_argument("--address", default="127.0.0.1:8000", help="监听地址（默认 %(default)s）")
    compare = commands.add_parser("compare", help="逐块对照两次运行，用时与内存不算")
    compare.add_argument("a", type=Path, metavar="甲", help="跑过的笔记仓库，或存着记录的文件夹")
    compare.add_argument("b", type=Path, metavar="乙", help="另一次运行")
    compare.add_argument("--common", action="store_true", help="只比两次都有记录的代码块")
    gpu = commands.add_parser("gpu-report", help="把刚才在 GPU 上的运行写成 gpu-report.json")
    gpu.add_argument("--cpu", type=Path, metavar="位置",
                     help="用来对照的 CPU 运行（默认用本仓库里的 CPU 记录）")  # fmt: skip
    clean = commands.add_parser("clean", help="删除运行记录与生成的网站")
    for command in (run, build, serve):
        command.add_argument("--device", help="设备种类：cpu、cuda、mps（默认自动）")
        command.add_argument("--jobs", type=_positive, help="并行进程数（默认为核数，GPU 上为 1）")
        command.add_argument("--fresh", action="store_true", help="不沿用记录，全部重跑")
        command.add_argument("--limit", type=_seconds, default=120.0,
                             help="每个代码块的时限，秒（默认 %(default)g）")  # fmt: skip
    run.add_argument("--shard", type=_fraction, metavar="i/n",
                     help="分到 n 台机器，只运行第 i 份；各台开始时要有同样的旧记录")  # fmt: skip
    for command, function in (
        (run, _run), (build, _build), (serve, _serve), (compare, _compare), (gpu, _gpu_report),
        (clean, _clean),
    ):  # fmt: skip
        command.set_defaults(command=function)
    return top


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"应为正整数，收到 {text!r}")
    return int(text)


def _fraction(text: str) -> tuple[int, int]:
    index, _, count = text.partition("/")
    if not (index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count)):
        raise argparse.ArgumentTypeError(f"应为 i/n，且 1 ≤ i ≤ n，如 1/4，收到 {text!r}")
    return int(index), int(count)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if value <= 0:
        raise argparse.ArgumentTypeError(f"应为正数（秒），收到 {text!r}")
    return value


def _project(options):
    from dlnotes_site.runner import Project

    root = options.root.resolve()
    if not (root / "docs").is_dir():
        raise ValueError(f"--root 应是含有 docs/ 的笔记仓库，收到 {str(root)!r}")
    return Project(root)


def _execute(options, targets=(), shard=None):
    from dlnotes_site.runner import run

    summary = run(_project(options), targets=targets, device=options.device, jobs=options.jobs,
                  fresh=options.fresh, limit=options.limit, shard=shard)  # fmt: skip
    for text in (*summary.problems, *summary.failures.values()):
        print(f"✗ {text}\n", file=sys.stderr)
    print(summary)
    return summary


def _run(options) -> int:
    summary = _execute(options, options.targets, options.shard)
    if not options.targets and (options.shard is None or options.shard[0] == 1):
        _playground(options)
    return 0 if summary.ok else 1


def _playground(options, recorded=False) -> None:
    from dlnotes_site.playground.bundle import ensure

    ensure(_project(options), device=options.device, jobs=options.jobs, fresh=options.fresh,
           recorded=recorded)  # fmt: skip


def _build(options) -> int:
    from dlnotes_site.build import build
    from dlnotes_site.runner import missing

    if options.recorded and not missing(_project(options)):
        _playground(options, recorded=True)
        return build(_project(options))
    summary = _execute(options)
    if not summary.ok:
        print("有代码块失败，不建站", file=sys.stderr)
        return 1
    _playground(options)
    return build(_project(options), fresh=options.fresh)


def _serve(options) -> int:
    from dlnotes_site.build import serve

    def rerun():
        summary = _execute(options)
        options.fresh = False  # 只有第一次全部重跑，之后改了什么才跑什么
        return summary

    _playground(options)
    return serve(_project(options), options.address, rerun)


def _compare(options) -> int:
    from dlnotes_site.runs import compare, load, table

    result = compare(_project(options), load(options.a), load(options.b), common=options.common)
    for problem in result.problems:
        print(f"✗ {problem}", file=sys.stderr)
    print(table(result), result, sep="")
    return 1 if result.problems else 0


def _gpu_report(options) -> int:
    from dlnotes_site.gpu import write_report

    print(f"已写入 {write_report(_project(options), options.cpu)}")
    return 0


def _clean(options) -> int:
    root = _project(options).root
    for name in ("build", "site", "docs/assets/run", "docs/assets/playground"):
        shutil.rmtree(root / name, ignore_errors=True)
    for name in ("notebooks", "wheels", "sources"):
        shutil.rmtree(root / "docs" / name, ignore_errors=True)
    return 0
