"""训练场的数据：缺的组才训练，每组一个文件，中断之后接着算；最后写成一个脚本。"""

import base64
import hashlib
import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from dlnotes.device import describe
from dlnotes_site.playground.replay import OVERFLOW, PER_DECADE, encode
from dlnotes_site.playground.train import (
    CURVE,
    EXTENT,
    GROUPS,
    NUM_TEST,
    SIZE,
    STEPS,
    Group,
    playbacks,
    points,
)
from dlnotes_site.record import Environment, reached_digest, write_atomically
from dlnotes_site.runner import Project, default_device

PAGE = "docs/playground.md"
FILE = "docs/assets/playground/data.js"
PARTS = "build/playground"


@dataclass
class Part:
    """一组的结果。"""

    key: str
    runs: dict[str, str]
    points: dict[str, list[int]]
    seconds: float
    device: str


def part_key(group: Group, environment: Environment, source: Path) -> str:
    """键：这一组的设置、生成它的代码、够得着的 dlnotes 源文件、版本与设备种类。"""
    here = Path(__file__)
    codes = [here.with_name(name).read_text(encoding="utf-8")
             for name in ("train.py", "replay.py")]  # fmt: skip
    parts = (*codes, reached_digest(codes[0], source), repr(group),
             json.dumps(environment.to_json(), sort_keys=True))  # fmt: skip
    return _digest("\0".join(parts))[:32]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read_part(folder: Path, key: str) -> Part | None:
    """取一组；没有、损坏或名实不符时返回 `None`。"""
    try:
        digest, body = (folder / f"{key}.json").read_text(encoding="utf-8").split("\n", 1)
        part = Part(**json.loads(body))
    except (OSError, ValueError, TypeError):
        return None
    return part if digest == _digest(body) and part.key == key else None


def make_part(group: Group, key: str, folder: Path, where: str) -> None:
    """算一组，原子写入。"""
    start = time.perf_counter()
    runs = {name: encode(playback) for name, playback in playbacks(group, where).items()}
    shown = {f"{group.num_per_class},{noise:g},{seed}": points(group, noise, seed)
             for noise, seed in group.cases}  # fmt: skip
    part = Part(key, runs, shown, time.perf_counter() - start, describe(where))
    body = json.dumps(asdict(part), sort_keys=True)
    write_atomically(folder / f"{key}.json", f"{_digest(body)}\n{body}")


def ensure(
    project: Project,
    *,
    device: str | None = None,
    jobs: int | None = None,
    fresh: bool = False,
    recorded: bool = False,
    progress: bool | None = None,
    groups: Sequence[Group] = GROUPS,
) -> Path | None:
    """让训练场的数据是最新的：缺的组才算，然后写出 `FILE`；没有这一页时什么也不做。

    Args:
        project: 笔记仓库。
        device: 设备种类，如 `"cpu"`、`"cuda"`；省略时自动选择。
        jobs: 并行的进程数；省略时等于核数（GPU 上为 1）。
        fresh: 全部重算。
        recorded: 优先用最近一次运行（例如来自 GPU 机器）的结果；不全时在本机补算。
        progress: 是否显示进度条；`None` 表示只在终端里显示。
        groups: 算哪些组。

    Returns:
        数据文件；没有这一页时为 `None`。
    """
    if not (project.root / PAGE).exists():
        return None
    folder, last = project.root / PARTS, project.environment()
    environment = Environment.current(device or default_device())
    if recorded and last is not None and None not in _parts(project, last, groups):
        environment = last
    keys = {group: part_key(group, environment, project.source) for group in groups}
    waiting = {g: k for g, k in keys.items() if fresh or read_part(folder, k) is None}
    if waiting:
        _compute(waiting, folder, environment.device_kind, jobs, progress)
    text = assemble([part for part in _parts(project, environment, groups) if part], environment)
    file = project.root / FILE
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        write_atomically(file, text)
    return file


def _parts(project: Project, environment: Environment, groups: Sequence[Group]):
    folder = project.root / PARTS
    return [read_part(folder, part_key(g, environment, project.source)) for g in groups]


def _compute(waiting: dict[Group, str], folder: Path, where: str, jobs, progress) -> None:
    """每个进程一个线程，各算各的组；GPU 上，或只要一个进程时，在本进程里一组一组算。"""
    bar = tqdm(total=len(waiting), desc="训练场", unit="组",
               disable=None if progress is None else not progress)  # fmt: skip
    with bar:
        jobs = 1 if where != "cpu" else min(jobs or os.cpu_count() or 1, len(waiting))
        if jobs == 1:
            for group, key in waiting.items():
                make_part(group, key, folder, where)
                bar.update()
            return
        with ProcessPoolExecutor(jobs, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
            work = [pool.submit(make_part, group, key, folder, where)
                    for group, key in waiting.items()]  # fmt: skip
            for done in as_completed(work):
                done.result()
                bar.update()


def assemble(parts: Sequence[Part], environment: Environment) -> str:
    """数据文件的全文：一个脚本，`file://` 下也取得到。"""
    data = {
        "steps": STEPS, "curve": CURVE, "size": SIZE, "extent": EXTENT, "numTest": 3 * NUM_TEST,
        "perDecade": PER_DECADE, "overflow": OVERFLOW,
        "device": parts[0].device, "torch": dict(environment.versions)["torch"].split("+")[0],
        "seconds": round(sum(part.seconds for part in parts)),
        "points": {name: _packed(xy) for part in parts for name, xy in part.points.items()},
        "runs": {name: text for part in parts for name, text in part.runs.items()},
    }  # fmt: skip
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return f"globalThis.dlPlaygroundData = JSON.parse('{text}');\n"


def _packed(coordinates: Sequence[int]) -> str:
    """坐标写成 16 位整数（低位在前）的 base64。"""
    return base64.b64encode(np.asarray(coordinates, "<i2").tobytes()).decode()
