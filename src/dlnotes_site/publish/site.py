"""由运行记录建站：检查、织成页面、建成 `site/`、离线版；输入都没有变时什么也不做。"""

import sys
import time
from collections.abc import Iterable

from dlnotes_site.pages.collect import Problem
from dlnotes_site.project import Project, write_atomically
from dlnotes_site.publish.checks import problems as page_problems
from dlnotes_site.publish.downloads import write_downloads
from dlnotes_site.publish.inputs import fingerprint
from dlnotes_site.publish.offline import write_offline
from dlnotes_site.publish.renderer import Renderer
from dlnotes_site.run.key import Environment
from dlnotes_site.run.results import Results
from dlnotes_site.run.store import read_manifest
from dlnotes_site.tasks.everything import all_tasks
from dlnotes_site.weave import licenses, vendor
from dlnotes_site.weave.links import broken_links
from dlnotes_site.weave.site import weave


def build(
    project: Project,
    results: Results,
    *,
    fresh: bool = False,
    recorded: bool = False,
    renderer: Renderer | None = None,
) -> int:
    """建成 `site/`。

    Args:
        project: 笔记仓库。
        results: 要发布的那次运行。
        fresh: 输入没有变也重建。
        recorded: 只发布现成的记录（如来自 GPU 机器的）：缺一条就不建，绝不拿别的顶替。
        renderer: 已经开着的建站进程；省略时现开一个。

    Returns:
        退出码，0 表示建成了，或者已是最新。
    """
    start = time.perf_counter()
    if recorded and not _report(missing_records(project, results)):
        return 1
    stamp, inputs = project.build / "site.sha256", fingerprint(project)
    if not fresh and _is_done(project, inputs):
        print("site/ 已是最新")
        return 0
    stamp.unlink(missing_ok=True)
    with renderer or Renderer(project) as ready:
        if not _build(project, results, ready):
            return 1
    if not ready.restarted:  # 配置或工具半路变了的，下次再建一遍
        write_atomically(stamp, inputs)
    print(f"已建成 site/，用时 {time.perf_counter() - start:.1f} 秒")
    return 0


def is_current(project: Project, environment: Environment) -> bool:
    """输入都没有变，最近一次运行又是同样的环境：不必计划，更不必运行。"""
    same = read_manifest(project.manifest) == environment
    return same and _is_done(project, fingerprint(project))


def missing_records(project: Project, results: Results) -> list[Problem]:
    """没有记录的任务，写明页面与行号。"""
    if results.environment is None:
        where = project.manifest.relative_to(project.root).as_posix()
        return [Problem(where, 0, "没有运行过，或者没有把那次运行的结果取回来")]
    device = results.environment.device_kind.upper()
    message = f"没有 {device} 上的运行记录；先在那台机器上运行 dlnotes-site run，再取回 build/"
    return [Problem(task.page, task.line, message)
            for task in all_tasks(project.root) if results.record(task) is None]  # fmt: skip


def _build(project: Project, results: Results, renderer: Renderer) -> bool:
    """各步依次做，有一步不成就停下；返回成了没有。"""
    if not _report(page_problems(project, results)):
        return False
    if not _report(weave(project, results)):
        return False
    write_downloads(project)
    vendor.write(project)
    if renderer.render() != 0:
        return False
    licenses.remove_unused(project.site)
    write_offline(project.site)
    return _report([*broken_links(project.site), *licenses.problems(project)])


def _is_done(project: Project, inputs: str) -> bool:
    stamp = project.build / "site.sha256"
    done = stamp.is_file() and stamp.read_text(encoding="utf-8") == inputs
    return done and (project.site / "index.html").is_file()


def _report(problems: Iterable[Problem] | None) -> bool:
    """写出毛病，一行一条；返回是不是一条也没有。"""
    found = list(problems or ())
    for problem in found:
        print(f"✗ {problem}", file=sys.stderr)
    return not found
