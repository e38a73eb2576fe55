"""运行报告：每个代码块的页面、行号、用时、内存、设备与日期，可以筛选和排序。"""

import html
from dataclasses import dataclass
from itertools import groupby

from dlnotes_site.compare.gpu import code_digest, entries, read_report
from dlnotes_site.compare.outputs import RTOL
from dlnotes_site.compare.runs import describe_gap
from dlnotes_site.pages.collect import Block, collect
from dlnotes_site.project import Project
from dlnotes_site.run.key import Environment, digest
from dlnotes_site.run.results import Results
from dlnotes_site.run.store import Record

MARKER = "<!-- 运行记录表 -->"
"""页面里写这一行，就在那里放上全部代码块的记录。"""

_COLUMNS = ("页面", "行", "CPU 秒", "GPU 秒", "CPU 与 GPU 相差", "内存 MiB", "设备", "日期")


@dataclass(frozen=True)
class _Rows:
    """一页的各行，以及其中的设备与日期。"""

    html: str
    devices: frozenset[str]
    dates: frozenset[str]


_known: dict[tuple, _Rows] = {}


def records_table(project: Project, results: Results, run: str = "") -> str:
    """全部代码块的记录，一张 HTML 表；不读图，只占一行。

    Args:
        project: 笔记仓库。
        results: 哪一次运行。
        run: 记录的清单的摘要；给出时，没变的页面沿用上一次算好的各行。
    """
    if results.environment is None:
        return '<p class="dl-records">还没有运行过代码块。</p>'
    report, other = read_report(project.root), _other_device(project, results)
    known = entries(report)
    pages: list[_Rows] = []
    for _, group in groupby(collect(project.root), lambda block: block.page):
        blocks = tuple(group)
        key = (run, blocks, tuple(str(known.get(code_digest(block.code))) for block in blocks))
        rows = _known.get(key) if run else None
        pages.append(rows or _page_rows(blocks, results, other, known))
        _known[key] = pages[-1]
    head = "".join(f'<th><button type="button">{name}</button></th>' for name in _COLUMNS)
    sentences = _which_run(results.environment, pages) + _gpu_line(report)
    return (
        f'<div class="dl-records"><p>{html.escape(sentences)}</p>'
        '<details class="note"><summary>逐块的记录</summary>'  # 几千格，打开才排版
        '<label>筛选 <input type="search" placeholder="页面、设备或日期"></label>'
        f"<table><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows.html for rows in pages)}</tbody></table></details></div>"
    )


def _page_rows(blocks: tuple[Block, ...], results: Results, other: Results, known: dict) -> _Rows:
    records = [None if block.skip is not None else results.block(block) for block in blocks]
    rows = [_row(block, record, known.get(code_digest(block.code)), other)
            for block, record in zip(blocks, records, strict=True)]  # fmt: skip
    ran = [record for record in records if record is not None]
    return _Rows("".join(rows), frozenset(r.device for r in ran), frozenset(r.date for r in ran))


def blocks_stamp(project: Project) -> str:
    """表里有哪些行：各代码块的位置与代码。"""
    return digest(
        repr(
            [(b.where, code_digest(b.code), sorted(b.flags), b.skip) for b in collect(project.root)]
        )
    )


def _other_device(project: Project, results: Results) -> Results:
    """同样版本、另一种设备上的运行。"""
    kind = "cuda" if results.environment.device_kind == "cpu" else "cpu"
    return Results(project, results.environment.on(kind), results.store)


def _seconds(block: Block, record: Record | None, entry: dict | None, other: Results) -> list[str]:
    """CPU 秒与 GPU 秒：手边有同样版本的记录就用它，否则取自 GPU 报告。"""
    there = None if block.is_long else other.block(block)
    found = {result.environment["device_kind"]: result.seconds
             for result in (there, record) if result is not None}  # fmt: skip
    values = (found.get("cpu", entry and entry["cpu_seconds"]),
              found.get("cuda", entry and entry["seconds"]))  # fmt: skip
    return ["—" if value is None else f"{value:.2f}" for value in values]


def _row(block: Block, record: Record | None, entry: dict | None, other: Results) -> str:
    where = [block.page.removeprefix("docs/"), str(block.line)]
    if block.skip is not None:
        return _cells([*where, "跳过", "—", "—", "—", block.skip, "—"])
    start = [*where, *_seconds(block, record, entry, other), _difference(entry)]
    if record is None:
        return _cells([*start, "—", "未运行", "—"])
    return _cells([*start, f"{record.peak_mib:.0f}", record.device, _date(block, record)])


def _date(block: Block, record: Record) -> str:
    """日期；长实验另写明提交。"""
    commit = record.provenance.get("commit", "") if block.is_long else ""
    return f"{record.date}（长实验，提交 {commit[:7]}）" if commit else record.date


def _cells(cells: list[str]) -> str:
    return f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"


def _difference(entry: dict | None) -> str:
    if entry is None:
        return "—"
    return entry["note"] or describe_gap(entry["difference"])


def _which_run(environment: Environment, pages: list[_Rows]) -> str:
    """这次发布用的是哪一次运行。"""
    versions = "，".join(f"{name} {version}" for name, version in environment.versions)
    devices = "、".join(sorted(frozenset().union(*(rows.devices for rows in pages))))
    dates = sorted(frozenset().union(*(rows.dates for rows in pages)))
    when = "到".join(dict.fromkeys((dates[0], dates[-1]))) if dates else "没有日期"
    kind = "GPU" if environment.device_kind == "cuda" else environment.device_kind.upper()
    return f"这次发布用的是 {kind} 上的运行（{devices or kind}，{when}）。环境：{versions}。"


def _gpu_line(report: dict | None) -> str:
    if report is None:
        return "还没有记录过 GPU 运行。"
    missing = len(report["missing"])
    failed = f"，另有 {missing} 块没有 GPU 记录" if missing else ""
    return (
        f"GPU 一列来自 {report['date']} 在 {report['device']} 上的运行，"
        f"提交 {report['commit'][:7]}，torch {report['versions']['torch']}："
        f"{len(report['blocks'])} 块的断言都成立{failed}。{_agreement(report['blocks'])}"
    )


def _agreement(entries: list[dict]) -> str:
    """与 CPU 的输出一致的有几块；量时间的、文字不同的不算在内。"""
    gaps = [entry["difference"] for entry in entries if entry["difference"] is not None]
    if not gaps:
        return ""
    close = sum(gap <= RTOL for gap in gaps)
    return f"与 CPU 对照的 {len(gaps)} 块里，{close} 块打印的数相对差不超过 {RTOL:g}。"
