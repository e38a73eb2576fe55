"""运行报告：每个代码块的页面、行号、用时、内存、设备与日期，可以筛选和排序。"""

import html

from dlnotes_site.collect import Block, collect
from dlnotes_site.compare import RTOL
from dlnotes_site.gpu import code_digest, entries, read_report
from dlnotes_site.record import Environment, Record, key
from dlnotes_site.runner import Project
from dlnotes_site.runs import describe_gap

MARKER = "<!-- 运行记录表 -->"
"""页面里写这一行，就在那里放上全部代码块的记录。"""

_COLUMNS = ("页面", "行", "CPU 秒", "GPU 秒", "CPU 与 GPU 相差", "内存 MiB", "设备", "日期")


def records_table(project: Project) -> str:
    """全部代码块的记录，一张 HTML 表。"""
    environment = project.environment()
    if environment is None:
        return "<p>还没有运行过代码块。</p>"
    report = read_report(project.root)
    known = entries(report)
    records, rows = [], []
    for block in collect(project.root):
        entry = known.get(code_digest(block))
        records.append(_record(project, block, environment))
        rows.append(_row(block, records[-1], entry, _seconds(project, block, environment, entry)))
    head = "".join(f'<th><button type="button">{name}</button></th>' for name in _COLUMNS)
    sentences = _which_run(environment, records) + _gpu_line(report)
    return (
        f'<div class="dl-records"><p>{html.escape(sentences)}</p>'
        '<label>筛选 <input type="search" placeholder="页面、设备或日期"></label>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _record(project: Project, block: Block, environment: Environment) -> Record | None:
    return project.store.get(key(block, environment, project.source))


def _seconds(project, block: Block, environment: Environment, entry: dict | None) -> list[str]:
    """CPU 秒与 GPU 秒：手边有同样版本的记录就用它，否则取自 GPU 报告。"""
    found = []
    for kind, name in (("cpu", "cpu_seconds"), ("cuda", "seconds")):
        record = _record(project, block, Environment(kind, environment.versions))
        value = record.seconds if record is not None else entry and entry[name]
        found.append("—" if value is None else f"{value:.2f}")
    return found


def _row(block: Block, record: Record | None, entry: dict | None, seconds: list[str]) -> str:
    where = [block.page.removeprefix("docs/"), str(block.line)]
    if block.skip is not None:
        cells = [*where, "跳过", "—", "—", "—", block.skip, "—"]
    elif record is None:
        cells = [*where, *seconds, _difference(entry), "—", "未运行", "—"]
    else:
        cells = [*where, *seconds, _difference(entry), f"{record.peak_mib:.0f}", record.device,
                 record.date]  # fmt: skip
    return f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"


def _difference(entry: dict | None) -> str:
    if entry is None:
        return "—"
    return entry["note"] or describe_gap(entry["difference"])


def _which_run(environment: Environment, records: list[Record | None]) -> str:
    """这次发布用的是哪一次运行。"""
    versions = "，".join(f"{name} {version}" for name, version in environment.versions)
    devices = "、".join(sorted({record.device for record in records if record is not None}))
    dates = sorted({record.date for record in records if record is not None})
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
