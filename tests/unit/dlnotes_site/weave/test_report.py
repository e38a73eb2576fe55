"""The report page's table: which run the site shows, and what a GPU run took."""

import html
import re

from dlnotes_site.compare.gpu import read_report, write_report
from dlnotes_site.pages.collect import collect
from dlnotes_site.weave import report
from dlnotes_site.weave.report import blocks_stamp, records_table
from pretend import PAGE, pretend_run, repository
from woven import text_of, weave_all


def cells(mini):
    """The table's text, row by row."""
    rows = re.findall(r"<tr>(.*?)</tr>", records_table(mini.project, mini.results))[1:]
    return [[html.unescape(c) for c in re.findall(r"<td>(.*?)</td>", row)] for row in rows]


def sentence(mini) -> str:
    return html.unescape(re.search("<p>(.*?)</p>", records_table(mini.project, mini.results))[1])


def test_records_table_before_any_run_says_so(mini):
    mini.page(PAGE)
    assert "还没有运行过代码块" in records_table(mini.project, mini.results)


def test_records_table_of_a_cpu_run_says_cpu_and_that_no_gpu_run_was_recorded(mini):
    mini.page(PAGE)
    pretend_run(mini)
    assert sentence(mini).startswith("这次发布用的是 CPU 上的运行（CPU，2026-11-20）。")
    assert sentence(mini).endswith("还没有记录过 GPU 运行。")
    first, *_, skipped = cells(mini)
    assert first[:2] == ["page.md", "1"]
    assert first[2:7] == ["0.50", "—", "—", "9", "CPU"]
    assert skipped[2:7] == ["跳过", "—", "—", "—", "要联网"]


def test_records_table_of_a_gpu_run_says_gpu_and_keeps_both_seconds(mini):
    repository(mini)
    pretend_run(mini, "cuda")
    assert sentence(mini).startswith("这次发布用的是 GPU 上的运行（GPU（假想），2026-11-20）。")
    assert cells(mini)[0][2:4] == ["0.50", "0.25"]


def test_records_table_names_a_block_that_has_not_run(mini):
    repository(mini)
    mini.page(PAGE.replace('print("乙', 'print("丙'))
    assert [row[6] for row in cells(mini)] == ["CPU", "未运行", "CPU", "要联网"]


def test_records_table_reads_the_gpu_report_and_says_where_it_comes_from(mini):
    repository(mini)
    pretend_run(mini, "cuda")
    write_report(mini.project)
    pretend_run(mini)  # back on the CPU: the GPU column now comes from the report
    commit = read_report(mini.root)["commit"]
    assert f"提交 {commit[:7]}" in sentence(mini)
    assert "3 块的断言都成立。" in sentence(mini)
    assert "与 CPU 对照的 1 块里，0 块打印的数相对差不超过 0.001。" in sentence(mini)
    assert [row[4] for row in cells(mini)] == ["1.0e-01", "文字不同", "计时", "—"]
    assert [row[3] for row in cells(mini)[:3]] == ["0.25"] * 3


def test_records_table_forgets_the_gpu_seconds_of_a_changed_block_but_not_of_a_moved_one(mini):
    repository(mini)
    pretend_run(mini, "cuda")
    write_report(mini.project)
    mini.page("# 题\n\n" + PAGE.replace('print("乙', 'print("丙'))
    assert collect(mini.root)[0].line > 1
    assert [row[3] for row in cells(mini)[:3]] == ["0.25", "—", "0.25"]


def test_records_table_takes_one_line_and_reads_no_figure(mini, monkeypatch):
    mini.page(PAGE)
    pretend_run(mini, figures=["<svg/>"])
    monkeypatch.setattr("dlnotes_site.run.store.Store.blob", None)
    assert "\n" not in records_table(mini.project, mini.results)
    assert len(cells(mini)) == 4


def test_the_report_page_follows_a_new_run_and_a_moved_block(mini):
    page = mini.page(PAGE)
    mini.page("# 报告\n\n<!-- 运行记录表 -->\n", "docs/report.md")
    weave_all(mini)
    assert "还没有运行过" in text_of(mini, "report.md")
    pretend_run(mini)
    weave_all(mini)
    assert "<td>page.md</td><td>1</td>" in text_of(mini, "report.md")
    page.write_text("# 题\n\n" + PAGE, encoding="utf-8")
    weave_all(mini)
    assert "<td>page.md</td><td>3</td>" in text_of(mini, "report.md")


def test_rows_of_an_unchanged_page_are_not_made_again(mini, monkeypatch):
    mini.page(PAGE)
    pretend_run(mini)
    made, rows = [], report._page_rows
    monkeypatch.setattr(report, "_page_rows", lambda *given: made.append(1) or rows(*given))
    tables = [records_table(mini.project, mini.results, run) for run in ("一", "一", "二", "")]
    assert len(set(tables)) == 1
    assert len(made) == 3


def test_a_prose_edit_that_moves_no_block_leaves_the_report_alone(mini):
    mini.page(PAGE)
    before = blocks_stamp(mini.project)
    mini.page(PAGE + "\n尾巴\n")
    assert blocks_stamp(mini.project) == before
    mini.page("头\n\n" + PAGE)
    assert blocks_stamp(mini.project) != before
