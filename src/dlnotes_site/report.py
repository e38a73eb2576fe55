"""运行报告：每个代码块的页面、行号、用时、内存、设备与日期，可以筛选和排序。"""

import html
import json
from pathlib import Path

from dlnotes_site.collect import Block, collect
from dlnotes_site.record import Record, key
from dlnotes_site.runner import Project

MARKER = "<!-- 运行记录表 -->"
"""页面里写这一行，就在那里放上全部代码块的记录。"""

GPU_REPORT = "docs/assets/gpu-report.json"
"""一次真实的 GPU 运行的报告；没有这个文件就是没有记录过。"""


def records_table(project: Project) -> str:
    """全部代码块的记录，一张 HTML 表。"""
    environment = project.environment()
    if environment is None:
        return "<p>还没有运行过代码块。</p>"
    gpu = gpu_seconds(project.root)
    rows = []
    for block in collect(project.root):
        record = project.store.get(key(block, environment, project.source))
        rows.append(_row(block, record, gpu.get(block.where)))
    versions = "，".join(f"{name} {version}" for name, version in environment.versions)
    head = "".join(
        f'<th><button type="button">{name}</button></th>'
        for name in ("页面", "行", "秒", "GPU 秒", "内存 MiB", "设备", "日期")
    )
    return (
        f'<div class="dl-records"><p>环境：{html.escape(versions)}。{_gpu_line(project.root)}</p>'
        '<label>筛选 <input type="search" placeholder="页面、设备或日期"></label>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(block: Block, record: Record | None, gpu: float | None) -> str:
    page = block.page.removeprefix("docs/")
    on_gpu = "—" if gpu is None else f"{gpu:.2f}"
    if block.skip is not None:
        cells = [page, str(block.line), "跳过", on_gpu, "—", html.escape(block.skip), "—"]
    elif record is None:
        cells = [page, str(block.line), "未运行", on_gpu, "—", "—", "—"]
    else:
        cells = [page, str(block.line), f"{record.seconds:.2f}", on_gpu, f"{record.peak_mib:.0f}",
                 html.escape(record.device), record.date]  # fmt: skip
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def gpu_report(root: Path) -> dict | None:
    """提交在仓库里的 GPU 运行报告。"""
    path = root / GPU_REPORT
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def gpu_seconds(root: Path) -> dict[str, float]:
    """GPU 运行里各代码块的秒数，键是 `页面:行号`。"""
    report = gpu_report(root)
    return {} if report is None else report["seconds"]


def _gpu_line(root: Path) -> str:
    report = gpu_report(root)
    if report is None:
        return "还没有记录过 GPU 运行。"
    return html.escape(
        f"GPU 一列来自 {report['date']} 在 {report['device']} 上的运行，"
        f"提交 {report['commit'][:7]}。"
    )
