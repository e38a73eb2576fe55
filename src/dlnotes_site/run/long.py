"""长实验的记录：提交在 `docs/assets/long/<页面>/`，平常只展示不重跑，由命令更新。

一条记录是一个小 JSON 加几张 SVG，以代码块的代码为名：代码改了就没有记录，建站失败；
够得着的源文件或库的版本变了，照常展示，在页面上和报告里说明。
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from dlnotes_site.pages.collect import Block, Problem
from dlnotes_site.project import Project, write_if_changed
from dlnotes_site.run.cluster import Cluster
from dlnotes_site.run.commit import commit, uncommitted
from dlnotes_site.run.key import Environment, Sources, digest
from dlnotes_site.run.plan import Summary, execute_plan, make_plan, select
from dlnotes_site.run.provenance import differences
from dlnotes_site.run.store import Record, Store, blob_name
from dlnotes_site.tasks.blocks import block_task
from dlnotes_site.tasks.long import cell_tasks, long_blocks, whole_task


def long_folder(project: Project, page: str) -> Path:
    """一页的长实验的记录放在哪里。"""
    return project.long / Path(page).with_suffix("").name


def long_path(project: Project, block: Block) -> Path:
    """一个长实验的记录。"""
    return long_folder(project, block.page) / f"{digest(block.code)[:16]}.json"


def read_long(project: Project, block: Block) -> Record | None:
    """提交在仓库里的记录；没有，或者损坏时为 `None`。"""
    data = _read(project, block)
    if data is None:
        return None
    record = Record.from_json(data["record"])
    folder = long_folder(project, block.page)
    intact = (_is_intact(folder / f"{name}.svg") for name in record.blobs)
    return record if all(intact) else None


def _is_intact(path: Path) -> bool:
    return path.exists() and blob_name(path.read_bytes().decode(errors="replace")) == path.stem


def _read(project: Project, block: Block) -> dict | None:
    return _load(long_path(project, block))


def _load(path: Path) -> dict | None:
    """一份记录的全部内容；没有或损坏时为 `None`。"""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        intact = data.pop("digest") == digest(json.dumps(data, ensure_ascii=False, sort_keys=True))
    except (OSError, ValueError, KeyError, AttributeError):
        return None
    return data if intact else None


def stale(project: Project, block: Block, environment: Environment | None) -> list[str]:
    """记录之后变了什么：够得着的源文件，库的版本；没有变是空的。"""
    data = _read(project, block)
    if data is None:
        return []
    now = _sources(project, block)
    changed = [name for name in sorted(set(now) | set(data["sources"]))
               if now.get(name) != data["sources"].get(name)]  # fmt: skip
    if environment is not None:
        known = data["record"]["environment"]["versions"]
        for name, version in environment.versions:
            before, after = (str(text).split("+")[0] for text in (known.get(name), version))
            changed += [f"{name} {before} → {after}"] if before != after else []
    return changed


def _sources(project: Project, block: Block) -> dict[str, str]:
    sources = Sources(project.source)
    return {path.relative_to(project.source).as_posix(): digest(path.read_text("utf-8"))[:16]
            for path in sources.reached(block.code)}  # fmt: skip


def check_long_records(project: Project) -> list[Problem]:
    """没有记录（或者改过代码、记录损坏、只做完一部分）的长实验，以及不再有代码块的记录。"""
    blocks = long_blocks(project.root)
    problems = [
        Problem(block.page, block.line, "长实验没有与这段代码对应的完好记录；"
                f"运行 dlnotes-site run --long {block.where} 更新，再提交 docs/assets/long/")
        for block in blocks if read_long(project, block) is None
    ]  # fmt: skip
    known = {long_path(project, block) for block in blocks}
    for path in sorted(project.long.glob("*/*.json")):
        if path not in known:
            name = project.page(path)
            problems.append(Problem(name, 1, "没有代码块对应这份长实验的记录；删掉它和它的图"))
    return problems


# --- 更新 ----------------------------------------------------------------------------------------


def run_long(
    project: Project,
    *,
    targets: Sequence[str] = (),
    device: str | None = None,
    jobs: int | None = None,
    fresh: bool = False,
    shard: tuple[int, int] | None = None,
    progress: bool | None = None,
    cluster: Cluster | None = None,
) -> Summary:
    """运行长实验缺的格子；格子都齐了的，整块再跑一遍，写好要提交的记录。

    Args:
        project: 笔记仓库。
        targets: 只要这些页面或 `页面:行号`；空表示全部。
        device: 设备种类。
        jobs: 并行的进程数。
        fresh: 不沿用记录。
        shard: 只运行第 i 份格子，不汇总；记录库合在一起之后再汇总。
        progress: 是否显示进度条。
        cluster: 格子交给集群；汇总总在本机。

    Returns:
        小结。
    """
    blocks = _chosen(project, targets)
    if not blocks:
        print("没有长实验（标着 <!--long--> 的代码块）")
    if not fresh:
        for block in blocks:
            _recall(project, block, device)
    cells = [task for block in blocks for task in cell_tasks(block)]
    plan = make_plan(project, device=device, fresh=fresh, tasks=cells,
                     committed_durations=shard is not None,
                     elsewhere=cluster is not None)  # fmt: skip
    plan = plan if shard is None else plan.shard(*shard)
    summary = execute_plan(project, plan, jobs=jobs, progress=progress, cluster=cluster)
    if shard is not None:
        return summary
    for block in blocks:
        _renew(project, block, device, fresh, progress, summary)
    return summary


def _chosen(project: Project, targets: Sequence[str]) -> list[Block]:
    blocks = {block.where: block for block in long_blocks(project.root)}
    tasks = select([block_task(block) for block in blocks.values()], targets, project.root)
    return [blocks[task.where] for task in tasks]


def _recall(project: Project, block: Block, device: str | None) -> None:
    """提交在仓库里的格子，键没有变的放回记录库：只改了画图的几行，不必重算。"""
    known = {cell["key"]: (cell, data["record"])
             for path in long_folder(project, block.page).glob("*.json")
             if (data := _load(path)) is not None for cell in data["cells"]}  # fmt: skip
    store = Store(project.records)
    for planned in make_plan(project, device=device, tasks=cell_tasks(block)).missing:
        if planned.key in known:
            cell, whole = known[planned.key]
            record = Record(
                planned.key, "long", block.page, block.line, [], cell["seconds"], 0.0,
                cell["device"], cell["date"], whole["environment"], whole["provenance"],
                blob_name(cell["result"]),
            )  # fmt: skip
            store.put(record, [cell["result"]])


def _renew(project, block: Block, device, fresh, progress, summary: Summary) -> None:
    """格子齐了就汇总；`fresh` 只管整块，格子刚刚做过。"""
    cells = make_plan(project, device=device, tasks=cell_tasks(block))
    if cells.missing:
        summary.failures.setdefault(
            block.where, f"{block.where}：{len(cells.tasks)} 格里还缺 {len(cells.missing)} 格"
        )
        return
    store = Store(project.records)
    records = [store.get(planned.key) for planned in cells.tasks]
    first = records[0].provenance if records else {}
    if gaps := {gap for record in records for gap in differences(first, record.provenance)}:
        text = f"{block.where}：各格的来历不同：{'；'.join(sorted(gaps))}"
        summary.failures[block.where] = text
        return
    task = whole_task(block, [store.blob(record.product) for record in records])
    whole = make_plan(project, device=device, fresh=fresh, tasks=[task])
    done = execute_plan(project, whole, jobs=1, progress=progress)
    summary.run, summary.reused = summary.run + done.run, summary.reused + done.reused
    summary.failures.update(done.failures)
    if done.ok:
        record = Store(project.records).get(whole.tasks[0].key)
        write_long(project, block, record, records)


def write_long(project: Project, block: Block, record: Record, cells: list[Record]) -> Path:
    """写出要提交的记录：整块的结果、各格的用时与设备、提交号、够得着的源文件。"""
    folder, store = long_folder(project, block.page), Store(project.records)
    parts = cells or [record]
    record.seconds = round(sum(part.seconds for part in parts), 3)
    record.device = "、".join(sorted({part.device for part in parts}))
    record.date = max(part.date for part in parts)
    record.provenance = {**parts[0].provenance, "commit": _commit(project.root)}
    data = {
        "record": asdict(record), "sources": _sources(project, block),
        "cells": [{"key": cell.key, "result": store.blob(cell.product), "seconds": cell.seconds,
                   "device": cell.device, "date": cell.date} for cell in cells],
    }  # fmt: skip
    data["digest"] = digest(json.dumps(data, ensure_ascii=False, sort_keys=True))
    for name in record.blobs:
        write_if_changed(folder / f"{name}.svg", store.blob(name))
    path = long_path(project, block)
    write_if_changed(path, json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    _prune(project, block.page)
    return path


def _commit(root: Path) -> str:
    """现在的提交；页面与源码改过还没提交的，末尾加一个加号。"""
    try:
        return commit(root) + ("+" if uncommitted(root, "docs/assets", "README.md") else "")
    except ValueError:
        return "没有提交"


def _prune(project: Project, page: str) -> None:
    """删掉一页里不再用的记录与图；还有没更新的代码块时不删，它们的格子也许还用得上。"""
    folder = long_folder(project, page)
    blocks = [b for b in long_blocks(project.root) if long_folder(project, b.page) == folder]
    records = [read_long(project, block) for block in blocks]
    if None in records:
        return
    wanted = {long_path(project, block) for block in blocks}
    wanted |= {folder / f"{name}.svg" for record in records for name in record.blobs}
    for path in folder.iterdir():
        if path not in wanted:
            path.unlink()
