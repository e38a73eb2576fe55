"""训练场的数据：各组运行的产物合成一个脚本，`file://` 下也取得到。"""

import base64
import json
import sys
from array import array
from collections.abc import Callable, Sequence
from functools import partial

from dlnotes_site.pages.collect import Problem
from dlnotes_site.project import Project
from dlnotes_site.run.key import digest
from dlnotes_site.run.results import Results
from dlnotes_site.run.store import Record
from dlnotes_site.tasks.playground.groups import (
    CURVE,
    EXTENT,
    NUM_TEST,
    PAGE,
    SIZE,
    STEPS,
    playground_tasks,
)
from dlnotes_site.tasks.playground.replay import OVERFLOW, PER_DECADE
from dlnotes_site.weave.item import Item, Made
from dlnotes_site.weave.shown import torch_version

NAME = "训练场的数据"
"""在 `build/weave.json` 里叫什么。"""

FILE = "assets/playground/data.js"


def items(project: Project, results: Results) -> list[Item]:
    """训练场的数据；没有这一页时什么也没有。"""
    if not (project.root / PAGE).exists():
        return []
    return [
        Item(NAME, PAGE, NAME, partial(_run, project, results), partial(_make, project, results))
    ]


def _records(project: Project, results: Results) -> list[Record | None]:
    return [results.record(task) for task in playground_tasks(project.root)]


def _run(project: Project, results: Results) -> str:
    return digest(repr(_records(project, results)))


def _make(project: Project, results: Results, read: Callable[[str], str]) -> Made:
    records = _records(project, results)
    found = [record for record in records if record is not None]
    missing = len(records) - len(found)
    made = Made()
    if missing:
        message = f"训练场有 {missing} 组没有新鲜的运行记录，先运行 dlnotes-site run"
        made.problems.append(Problem(PAGE, 0, message))
    if found:
        made.files[FILE] = assemble([json.loads(read(record.product)) for record in found], found)
    return made


def assemble(products: Sequence[dict], records: Sequence[Record]) -> str:
    """数据文件的全文。

    Args:
        products: 各组的产物，有 `runs` 与 `points`。
        records: 各组的记录。
    """
    data = {
        "steps": STEPS, "curve": CURVE, "size": SIZE, "extent": EXTENT, "numTest": 3 * NUM_TEST,
        "perDecade": PER_DECADE, "overflow": OVERFLOW,
        "device": records[0].device, "torch": torch_version(records[0]),
        "seconds": round(sum(record.seconds for record in records)),
        "points": {name: _packed(xy) for p in products for name, xy in p["points"].items()},
        "runs": {name: text for product in products for name, text in product["runs"].items()},
    }  # fmt: skip
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    # 字面量也由 json.dumps 写：里面的引号、撇号、反斜线都照样读得回来
    return f"globalThis.dlPlaygroundData = JSON.parse({json.dumps(text)});\n"


def _packed(coordinates: Sequence[int]) -> str:
    """坐标写成 16 位整数（低位在前）的 base64。"""
    numbers = array("h", coordinates)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()
