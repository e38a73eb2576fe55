"""运行变体并判断：抓住了，漏掉了，没有差别，还是根本跑不起来。"""

import ast
import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from dlnotes_site.pages.collect import Block
from dlnotes_site.project import Project, write_atomically
from dlnotes_site.run.durations import Durations, write_durations
from dlnotes_site.run.key import Environment, Keys, digest
from dlnotes_site.run.store import Record, Store
from dlnotes_site.run.workers import Result, Settings, run_tasks
from dlnotes_site.tasks.blocks import block_task
from dlnotes_site.tasks.task import Cell, Task
from mutants.exempt import is_check
from mutants.variants import Variant, Variants

CAUGHT, SURVIVED, SAME, BROKEN = "抓住", "漏掉", "没有差别", "跑不起来"

_PROBE = """
try:
    from mutants.probe import describe
    print(describe(globals()))
except Exception as error:
    print(id(error))
"""


@dataclass
class Judged:
    """一个代码块：各个变体与结果；不改也通不过的没有结果。"""

    block: Block
    variants: list[Variant] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)

    @cached_property
    def counts(self) -> Counter:
        """各种结果有几个。"""
        return Counter(self.outcomes)

    @property
    def survivors(self) -> list[Variant]:
        """漏掉的。"""
        pairs = zip(self.variants, self.outcomes)  # noqa: B905 不改也通不过的没有结果
        return [variant for variant, outcome in pairs if outcome == SURVIVED]


class Judge:
    """逐块运行变体；结果按代码、够得着的源文件与这个工具自己的代码存着，没有变的不再跑。

    Args:
        project: 笔记仓库。
        jobs: 并行的进程数。
        most: 每块至多几个变体；省略时由用时定，越快的块越多。
        fresh: 不沿用上次的结果。
    """

    def __init__(self, project: Project, jobs: int = 2, most: int | None = None,
                 fresh: bool = False):  # fmt: skip
        self.project, self.jobs, self.most, self.fresh = project, jobs, most, fresh
        self.environment = Environment.current("cpu", 1)
        self.keys = Keys(self.environment, project.source)
        self.folder = project.build / "mutants"

    def __call__(
        self, blocks: Iterable[tuple[Block, float]], on_total: Callable[[int], None],
        on_done: Callable[[], None],
    ) -> list[Judged]:  # fmt: skip
        """运行各块（带着用时，秒）的变体；`on_total` 得知总数，每跑完一个调用 `on_done`。"""
        judged = [self._listed(block, seconds) for block, seconds in blocks]
        waiting = [one for one in judged if one.variants and (self.fresh or not self._recall(one))]
        on_total(sum(len(one.variants) for one in waiting))
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            settings = Settings(self.project.root, Path(folder), self.environment, 120.0)
            baselines = self._baselines([one.block for one in waiting], settings)
            self._run([one for one in waiting if one.block in baselines], baselines, settings,
                      on_done)  # fmt: skip
        return judged

    def seconds(self, blocks: Sequence[Block]) -> dict[Block, float]:
        """各块的用时；没有跑过的先跑一遍，记录留着，没有通过的不在里面。"""
        known, store = Durations.read(self.project), Store(self.project.records)
        tasks = {block_task(block): block for block in blocks}
        found, missing = {}, []
        for task, block in tasks.items():
            record = store.get(self.keys(task))
            seconds = [known.of(task)] if known.is_known(task) else []
            seconds += [record.seconds] if record else []
            if seconds:
                found[block] = min(seconds)
            else:
                missing.append((task, self.keys(task)))
        settings = Settings(self.project.root, self.project.records, self.environment, 120.0)
        results = [r for r in run_tasks(missing, settings, self.jobs) if r.failure is None]
        write_durations(self.project, [(r.task, r.seconds) for r in results])
        return {**found, **{tasks[r.task]: r.seconds for r in results}}

    def _listed(self, block: Block, seconds: float) -> Judged:
        most = self.most or next(n for limit, n in _MOST if seconds < limit)
        return Judged(block, Variants(block.code).some(most))

    # --- 运行 ----------------------------------------------------------------------------------

    def _baselines(self, blocks: list[Block], settings: Settings) -> dict[Block, "_Baseline"]:
        """不改的各块；去掉画图就通不过的，连画图一起跑。"""
        found: dict[Block, _Baseline] = {}
        for drawings in (False, True):
            missing = [block for block in blocks if block not in found]
            jobs = [(_task(block, Variants(block.code).skeleton(drawings=drawings), str(number)),
                     f"{number}-{drawings:d}") for number, block in enumerate(missing)]  # fmt: skip
            for result, record in self._results(jobs, settings):
                if record is not None:
                    block = missing[int(result.task.name)]
                    found[block] = _Baseline(drawings, record.seconds, _shown(record))
        return found

    def _run(self, waiting, baselines, settings, on_done) -> None:
        jobs, places = [], []
        for one in waiting:
            one.outcomes = [""] * len(one.variants)
            for index, variant in enumerate(one.variants):
                base = baselines[one.block]
                code = Variants(one.block.code).skeleton(variant.edit, drawings=base.drawings)
                limit = max(10.0, 20 * base.seconds)
                jobs.append((_task(one.block, code, str(len(jobs)), limit), f"v{len(jobs)}"))
                places.append((one, index))
        for result, record in self._results(jobs, settings):
            one, index = places[int(result.task.name)]
            one.outcomes[index] = outcome(one.block, result, record, baselines[one.block].shown)
            on_done()
            if all(one.outcomes):
                self._keep(one)

    def _results(self, jobs: list, settings: Settings) -> Iterator[tuple[Result, Record | None]]:
        keys = dict(jobs)
        for result in run_tasks(jobs, settings, self.jobs):
            record = None
            if result.failure is None:
                record = Store(settings.records).get(keys[result.task])
            yield result, record

    # --- 存着的结果 ----------------------------------------------------------------------------

    def _path(self, one: Judged) -> Path:
        edits = [[v.edit.start, v.edit.end, v.edit.text] for v in one.variants]
        name = digest(tool_digest(), self.keys(block_task(one.block)), json.dumps(edits))[:32]
        return self.folder / f"{name}.json"

    def _recall(self, one: Judged) -> bool:
        try:
            one.outcomes = json.loads(self._path(one).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return len(one.outcomes) == len(one.variants)

    def _keep(self, one: Judged) -> None:
        write_atomically(self._path(one), json.dumps(one.outcomes, ensure_ascii=False))


_MOST = ((0.1, 24), (0.25, 16), (0.5, 10), (1.0, 6), (float("inf"), 4))
"""用时不到多少秒的块，至多几个变体。"""


@dataclass(frozen=True)
class _Baseline:
    """不改的一块：要不要连画图一起跑，几秒，打印了什么、各个变量的摘要。"""

    drawings: bool
    seconds: float
    shown: tuple[str, ...]


def outcome(block: Block, result: Result, record: Record | None, shown: tuple[str, ...]) -> str:
    """一个变体的结果；打印的与各个变量都同原来一样的，是没有差别。"""
    if record is not None:
        return SAME if _shown(record) == shown else SURVIVED
    first = (result.failure or "").partition("\n")[0]
    place = re.match(rf"{re.escape(block.page)}:(\d+)[^：]*：(.*)", first)
    if place is None:
        return BROKEN
    line, message = int(place[1]) - block.line, place[2]
    asserted = message.startswith("AssertionError") and line in _assert_lines(block.code)
    return CAUGHT if asserted or message.startswith("输出与预期不符") else BROKEN


@cache
def _assert_lines(code: str) -> frozenset[int]:
    found = [node for node in ast.walk(ast.parse(code))
             if isinstance(node, ast.Assert) or is_check(node)]  # fmt: skip
    return frozenset(line for node in found for line in range(node.lineno, node.end_lineno + 1))


def _shown(record: Record) -> tuple[str, ...]:
    return tuple(output.stdout for output in record.outputs)


def _task(block: Block, code: str, name: str, limit: float | None = None) -> Task:
    cells = (Cell(block.line, code, block.expected, block.ignore_whitespace),
             Cell(block.end, _PROBE))  # fmt: skip
    return Task("block", block.page, block.line, cells, name, limit=limit)


@cache
def tool_digest() -> str:
    """这个工具自己的代码的摘要。"""
    files = sorted(Path(__file__).parent.glob("[!t_]*.py"))
    return digest(*(path.read_text(encoding="utf-8") for path in files))
