"""命令行：`dlnotes-site run | plan | exec | collect | build | serve | compare | …`。"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from dlnotes_site.project import Project, write_atomically


def main(arguments: Sequence[str] | None = None) -> int:
    """程序入口；返回退出码，0 表示一切正常。"""
    options = parser().parse_args(arguments)
    try:
        return options.command(Project.at(options.root), options)
    except ModuleNotFoundError as error:
        print(f'缺少 {error.name}：请在仓库里运行 pip install -e ".[site]"', file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"错误：{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("已中断；跑完的都有记录，下次接着跑", file=sys.stderr)
        return 130


# --- 命令行的写法 --------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """命令行的写法。"""
    top = argparse.ArgumentParser(prog="dlnotes-site", description="运行笔记里的代码块并建站")
    top.add_argument("--root", type=Path, default=Path.cwd(), help="笔记仓库（默认当前目录）")
    commands = top.add_subparsers(dest="name", required=True, metavar="命令")
    _running(commands)
    _publishing(commands)
    _checking(commands)
    return top


def _running(commands) -> None:
    run = _command(commands, "run", _run, "运行缺记录的任务：代码块、实验、训练场的数据")
    run.add_argument("targets", nargs="*", metavar="页面[:行号]", help="只运行这些；省略表示全部")
    run.add_argument(
        "--long", action="store_true", help="改为更新长实验的记录，写进 docs/assets/long/"
    )
    _shard(run)
    _cluster(run)
    _how_to_run(run)
    plan = _command(commands, "plan", _plan, "列出任务：估计的秒数，有没有记录")
    plan.add_argument("targets", nargs="*", metavar="页面[:行号]", help="只列这些；省略表示全部")
    plan.add_argument("--long", action="store_true", help="长实验的格子也列出来")
    plan.add_argument("--json", type=Path, metavar="文件", help="写成 exec 用的清单")
    _device(plan)
    execute = _command(commands, "exec", _exec, "运行清单里的一份，只写记录")
    execute.add_argument(
        "--plan", type=Path, required=True, metavar="文件", help="plan --json 写出的清单"
    )
    _shard(execute)
    _how_to_run(execute)
    collect = _command(commands, "collect", _collect, "把几台机器上的记录合在一起，核对来历")
    collect.add_argument(
        "folders", nargs="*", type=Path, metavar="文件夹", help="各台机器的 build/records"
    )
    collect.add_argument("--mixed", action="store_true", help="来历不同（如指令集）也收")
    collect.add_argument(
        "--durations", action="store_true", help="把用时写进 docs/assets/durations.json"
    )
    collect.add_argument("--measured", action="store_true",
                         help="把正文里核对过的数写进 docs/assets/measured.json")  # fmt: skip
    _device(collect)


def _publishing(commands) -> None:
    build = _command(commands, "build", _build, "运行缺记录的任务，再建成 site/")
    build.add_argument("--recorded", action="store_true",
                       help="只用现成的记录（如来自 GPU 机器的），不全就失败")  # fmt: skip
    _how_to_run(build)
    serve = _command(commands, "serve", _serve, "本地预览，页面或源码一改就重跑重建")
    serve.add_argument("--address", default="127.0.0.1:8000", help="监听地址（默认 %(default)s）")
    _how_to_run(serve)


def _checking(commands) -> None:
    compare = _command(commands, "compare", _compare, "逐块对照两次运行，用时与内存不算")
    compare.add_argument("a", type=Path, metavar="甲", help="跑过的笔记仓库，或存着记录的文件夹")
    compare.add_argument("b", type=Path, metavar="乙", help="另一次运行")
    compare.add_argument("--common", action="store_true", help="只比两次都有记录的")
    gpu = _command(commands, "gpu-report", _gpu_report, "把刚才在 GPU 上的运行写成 gpu-report.json")
    gpu.add_argument("--cpu", type=Path, metavar="位置",
                     help="用来对照的 CPU 运行（默认用本仓库里的 CPU 记录）")  # fmt: skip
    tried = _command(commands, "tried", _tried,
                     "把最近一次运行在什么系统、Python、torch 上写进 tried.json")  # fmt: skip
    tried.add_argument("targets", nargs="*", metavar="页面", help="只跑了这些；省略表示全部")
    tried.add_argument("--take", nargs="+", type=Path, metavar="文件",
                       help="改为收下别的机器写出的 tried.json")  # fmt: skip
    _command(commands, "prune", _prune, "删掉现在的页面用不着的记录与图")
    _command(commands, "clean", _clean, "删除运行记录与生成的网站")


def _command(commands, name: str, function, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(command=function)
    return command


def _device(command) -> None:
    command.add_argument("--device", help="设备种类：cpu、cuda、mps（默认自动）")
    command.add_argument("--threads", type=_positive, default=1, metavar="线程数",
                         help="每个任务的线程数，算在记录的键里（默认 %(default)s）")  # fmt: skip


def _how_to_run(command) -> None:
    _device(command)
    command.add_argument(
        "--jobs", type=_positive, help="并行的进程数（默认为用得上的核数，GPU 上为 1）"
    )
    command.add_argument("--fresh", action="store_true", help="不沿用记录，全部重跑")
    command.add_argument("--limit", type=_seconds, default=120.0, metavar="秒",
                         help="每个任务的时限（默认 %(default)g）")  # fmt: skip


def _shard(command) -> None:
    command.add_argument("--shard", type=_fraction, metavar="i/n",
                         help="按提交在仓库里的用时分到 n 台机器，只运行第 i 份")  # fmt: skip


def _cluster(command) -> None:
    command.add_argument(
        "--cluster", choices=["slurm", "local"], help="分成几份交给集群（local 在本机试用）"
    )
    command.add_argument("--shards", type=_positive, default=4, metavar="份数",
                         help="交给集群时分成几份作业（默认 %(default)s）")  # fmt: skip
    command.add_argument(
        "--cluster-set", type=_setting, action="append", default=[], metavar="名=值",
        help="submitit 的参数，可以写几次，如 slurm_partition=gpu、timeout_min=60",
    )  # fmt: skip


def _setting(text: str) -> tuple[str, str | int]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError(f"应为 名=值，如 slurm_partition=gpu，收到 {text!r}")
    return name, int(value) if value.isdigit() else value


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


# --- 运行 ----------------------------------------------------------------------------------------


def _run(project: Project, options) -> int:
    from dlnotes_site.run.long import run_long

    cluster = _chosen_cluster(options)
    if not options.long:
        summary = _execute(project, options, options.targets, options.shard, cluster)
        return 0 if summary.ok else 1
    summary = run_long(project, targets=options.targets, device=options.device, jobs=options.jobs,
                       fresh=options.fresh, shard=options.shard, cluster=cluster)  # fmt: skip
    return 0 if _report(summary).ok else 1


def _chosen_cluster(options):
    from dlnotes_site.run.cluster import Cluster

    if options.cluster is None:
        return None
    if options.shard is not None:
        raise ValueError("--cluster 自己分份，不能与 --shard 同用；几份用 --shards 写")
    return Cluster(options.cluster, options.shards, options.jobs or 1, dict(options.cluster_set))


def _execute(project: Project, options, targets=(), shard=None, cluster=None):
    from dlnotes_site.run.plan import run
    from dlnotes_site.run.workers import warm_up

    if cluster is None:
        warm_up()
    return _report(run(
        project, targets=targets, device=options.device, threads=options.threads,
        jobs=options.jobs, fresh=options.fresh, limit=options.limit, shard=shard, cluster=cluster,
    ))  # fmt: skip


def _report(summary):
    for text in (*summary.problems, *summary.failures.values()):
        print(f"✗ {text}\n", file=sys.stderr)
    print(summary)
    return summary


def _plan(project: Project, options) -> int:
    plan = _planned(project, options, options.long, options.targets)
    if options.json is not None:
        text = json.dumps(plan.to_json(), ensure_ascii=False, indent=1)
        write_atomically(options.json, text + "\n")
    for planned in plan.tasks:
        _print_planned(planned)
    waiting = plan.missing
    seconds = sum(planned.seconds for planned in waiting)
    print(
        f"任务 {len(plan.tasks)}，要运行 {len(waiting)}，估计 {seconds:.0f} 核秒；"
        f"设备 {plan.environment.device_kind}"
    )
    return 0


def _print_planned(planned) -> None:
    """一个任务一行；实验的每一格再各占一行。"""
    task = planned.task
    mark = "有记录" if planned.recorded else "要运行"
    print(f"{mark} {planned.seconds:7.2f} 秒  {task.kind:10}  {task.where}")
    for cell in task.cells if len(task.cells) > 1 else ():
        first = next((line for line in cell.code.splitlines() if line.strip()), "")
        print(f"{'':29}{task.page}:{cell.line + 1}  {first[:60]}")


def _planned(project: Project, options, long: bool = False, targets=()):
    from dlnotes_site.run.plan import make_plan
    from dlnotes_site.tasks.everything import all_tasks
    from dlnotes_site.tasks.long import long_tasks

    tasks = all_tasks(project.root) + (long_tasks(project.root) if long else [])
    return make_plan(project, targets=targets, device=options.device, threads=options.threads,
                     tasks=tasks)  # fmt: skip


def _exec(project: Project, options) -> int:
    from dlnotes_site.run.plan import execute_plan, follow_plan

    plan = follow_plan(_planned(project, options, long=True), options.plan, options.fresh)
    plan = plan if options.shard is None else plan.shard(*options.shard)
    summary = execute_plan(project, plan, jobs=options.jobs, limit=options.limit)
    return 0 if _report(summary).ok else 1


def _collect(project: Project, options) -> int:
    from dlnotes_site.run.collect import collect_records, save_durations
    from dlnotes_site.run.plan import make_plan
    from dlnotes_site.tasks.long import long_tasks

    plan = _planned(project, options)
    cells = make_plan(project, device=options.device, threads=options.threads,
                      tasks=long_tasks(project.root))  # fmt: skip
    result = collect_records(project, plan, options.folders, optional=cells, mixed=options.mixed)
    print(result)
    if result.ok and options.durations:
        print(f"已写入 {save_durations(project, plan)}")
    if result.ok and options.measured:
        from dlnotes_site.publish.checks import save_measured
        from dlnotes_site.run.results import Results

        print(f"已写入 {save_measured(project, Results(project))}")
    return 0 if result.ok else 1


# --- 建站 ----------------------------------------------------------------------------------------


def _build(project: Project, options) -> int:
    from dlnotes_site.publish.renderer import Renderer
    from dlnotes_site.publish.site import build, is_current
    from dlnotes_site.run.device import default_device, usable_device
    from dlnotes_site.run.key import Environment
    from dlnotes_site.run.results import Results

    kind = usable_device(options.device) if options.device else default_device()
    if not options.fresh and is_current(project, Environment.current(kind, options.threads)):
        print("site/ 已是最新")
        return 0
    with Renderer(project) as renderer:  # 运行的时候它正好导入那些库
        if not options.recorded and not _execute(project, options).ok:
            print("有任务失败，不建站", file=sys.stderr)
            return 1
        return build(project, Results(project), fresh=options.fresh, recorded=options.recorded,
                     renderer=renderer)  # fmt: skip


def _serve(project: Project, options) -> int:
    from dlnotes_site.publish.serve import serve, targets
    from dlnotes_site.run.results import Results
    from dlnotes_site.run.workers import MANY, warm_up

    warm_up(MANY)

    def rerun(changed):
        pages = targets(project, changed)
        if pages != []:
            _execute(project, options, pages or ())
        options.fresh = False  # 只有第一次全部重跑，之后改了什么才跑什么
        return Results(project)

    return serve(project, options.address, rerun)


# --- 检查与收拾 ----------------------------------------------------------------------------------


def _compare(project: Project, options) -> int:
    from dlnotes_site.compare.runs import compare, load, table

    result = compare(project, load(project, options.a), load(project, options.b),
                     common=options.common)  # fmt: skip
    for problem in result.problems:
        print(f"✗ {problem}", file=sys.stderr)
    print(table(result), result, sep="")
    return 1 if result.problems else 0


def _gpu_report(project: Project, options) -> int:
    from dlnotes_site.compare.gpu import write_report

    print(f"已写入 {write_report(project, options.cpu)}")
    return 0


def _tried(project: Project, options) -> int:
    from dlnotes_site.compare.tried import add, last_run, read

    rows = [row for path in options.take or () for row in read(project, path)]
    path = add(project, rows if options.take else [last_run(project, options.targets)])
    print(f"已写入 {path}")
    return 0


def _prune(project: Project, options) -> int:
    from dlnotes_site.run.key import Environment, Keys
    from dlnotes_site.run.store import Store, read_manifest
    from dlnotes_site.tasks.everything import all_tasks
    from dlnotes_site.tasks.long import long_tasks

    environment = read_manifest(project.manifest) or Environment.current("cpu")
    tasks = [*all_tasks(project.root), *long_tasks(project.root)]
    used = {Keys(environment.on(kind), project.source)(task)
            for kind in ("cpu", "cuda", "mps") for task in tasks}  # fmt: skip
    records, blobs = Store(project.records).prune(used)
    print(f"删掉 {records} 条记录，{blobs} 个图与数据的文件")
    return 0


def _clean(project: Project, options) -> int:
    for folder in (project.build, project.site):
        shutil.rmtree(folder, ignore_errors=True)
    return 0
