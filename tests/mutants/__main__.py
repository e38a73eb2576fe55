"""`python tests/mutants`：断言会不会失败。见 `--help`。"""

import argparse
import ast
import json
import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tqdm import tqdm

from dlnotes_site.pages.collect import Block, collect, draws_only_a_schematic
from dlnotes_site.pages.front_matter import front_matter
from dlnotes_site.pages.prerequisites import evidence
from dlnotes_site.project import Project
from dlnotes_site.run.plan import select
from dlnotes_site.run.workers import _PRELOAD, _PRELOAD_MANY
from dlnotes_site.tasks.blocks import block_task
from mutants.judge import Judge
from mutants.report import as_json, share, survivors, table, total

ROOT = Path(__file__).resolve().parents[2]
WANTED = 0.8
_OURS = ("dlnotes.plotting", "dlnotes.inspection.regions", "dlnotes.training", "mutants.probe")


def parser() -> argparse.ArgumentParser:
    """命令行的写法。"""
    top = argparse.ArgumentParser(
        prog="python tests/mutants",
        description="把代码块改错一处（字面量、运算符、方法、打乱标签、跳过训练），"
                    "看断言抓不抓得住；种子、画图、打印不改",
    )  # fmt: skip
    top.add_argument("targets", nargs="*", metavar="目标",
                     help="页面或“页面:行号”；省略时是写了 minutes 的页面与证据页")  # fmt: skip
    top.add_argument("--root", type=Path, default=ROOT, help="笔记仓库（默认 %(default)s）")
    top.add_argument("--limit", type=float, default=2.0, metavar="秒",
                     help="只看用时不到这么多秒的块（默认 %(default)g）")  # fmt: skip
    top.add_argument("--sample", type=int, metavar="N",
                     help="每块至多几个变体；省略时由用时定，4 到 24 个")  # fmt: skip
    top.add_argument("--jobs", type=int, default=2, help="并行数（默认 %(default)s）")
    top.add_argument("--fresh", action="store_true", help="不沿用上次的结果")
    top.add_argument("--json", type=Path, metavar="文件", help="全部变体与结果写到这里")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """程序入口；抓住的不少于八成时返回 0，少于时返回 1，代码块自己通不过时返回 2。"""
    options = parser().parse_args(arguments)
    try:
        project = Project.at(options.root)
        blocks = chosen(project, options.targets)
    except ValueError as error:
        print(f"错误：{error}", file=sys.stderr)
        return 2
    judge = Judge(project, options.jobs, options.sample, options.fresh)
    seconds = judge.seconds(blocks)
    quick = [(block, seconds[block]) for block in blocks
             if seconds.get(block, options.limit) < options.limit]  # fmt: skip
    with tqdm(desc="变体", unit="个", disable=None) as bar:
        judged = judge(quick, bar.reset, bar.update)
    if options.json:
        options.json.write_text(json.dumps(as_json(judged), ensure_ascii=False, indent=1) + "\n",
                                encoding="utf-8")  # fmt: skip
    slow = f"{options.limit:g} 秒以上的块没有看：{len(seconds) - len(quick)}"
    print("\n".join([*survivors(judged), "", *table(judged), slow]))
    failed = [block.where for block in blocks if block not in seconds]
    failed += [one.block.where for one in judged if one.variants and not one.outcomes]
    if failed:
        print(f"不改也通不过，先改好：{'、'.join(failed)}", file=sys.stderr)
        return 2
    return int((share(total(judged)) or 0.0) < WANTED)


def chosen(project: Project, targets: Sequence[str]) -> list[Block]:
    """要看的代码块：会平常运行的，只画示意图的除外。

    Raises:
        ValueError: 某个目标没有代码块，或者没有写了 `minutes` 的页面。
    """
    blocks = {block_task(block): block for block in collect(project.root)
              if block.skip is None and not block.is_long and not _is_schematic(block)}  # fmt: skip
    if targets:
        return [blocks[task] for task in select(list(blocks), targets, project.root)]
    wanted = new_pages(project)
    return [block for block in blocks.values() if block.page in wanted]


def _is_schematic(block: Block) -> bool:
    tree = ast.parse(block.code)
    asserts = any(isinstance(node, ast.Assert) for node in ast.walk(tree))
    return block.expected is None and not asserts and draws_only_a_schematic(tree)


def new_pages(project: Project) -> set[str]:
    """页首写了 `minutes` 的页面，和它们的证据页。

    Raises:
        ValueError: 一页也没有。
    """
    found: set[str] = set()
    for path in (project.docs / "notes").glob("*.md"):
        meta = front_matter(path)
        if meta.minutes is not None:
            found |= {project.page(path), *map(evidence, meta.evidence)}
    if not found:
        raise ValueError("没有页首写了 minutes 的页面；请写明要看哪些页面")
    return found


def preload(source: Path) -> None:
    """分叉用的母进程连 dlnotes 一起导入：它只活这一次，几千个变体各省下十分之一秒。"""
    sys.path.insert(0, str(source))
    os.environ["DLNOTES_PRELOAD"] = " ".join([*_PRELOAD, *_PRELOAD_MANY, *_OURS])
    multiprocessing.set_forkserver_preload(["dlnotes_site.run.warm"])


if __name__ == "__main__":
    preload(parser().parse_args().root.resolve() / "src")
    sys.exit(main())
