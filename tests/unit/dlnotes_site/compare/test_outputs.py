"""Two runs compared: every difference that matters is found, and only those."""

from dataclasses import replace

import pytest

from dlnotes_site.compare.outputs import (
    Pair,
    differences,
    largest_difference,
    mask,
    measures,
    same_figure,
    same_output,
)
from dlnotes_site.run.pictures import Picture
from dlnotes_site.run.store import Figure, Output, Record
from dlnotes_site.tasks.task import Cell, Task
from drawn import draw

TIMED = "from dlnotes.device import time_call\nprint(time_call(len))"
PLAIN = "print(1)"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (TIMED, True),
        ("import time\nstart = time.perf_counter()", True),
        ("from time import perf_counter as now", True),
        ("import timeit", True),
        ("from dlnotes.doctor import check", True),
        ("import torch\nprint(torch.__version__)", True),
        ("import torch\nprint(torch.cuda.max_memory_allocated())", True),
        ("print(history.seconds)", True),
        ("import time\ntime.sleep(0)", False),
        ("seconds = 3\nprint(seconds)", False),
        ("from dlnotes.training import fit", False),
        ("from dlnotes.device import describe, device", False),
        (PLAIN, False),
    ],
)
def test_measures_is_decided_by_what_the_code_calls(code, expected):
    assert measures(code) is expected


def test_mask_hides_every_form_of_number_and_the_width_of_columns():
    assert mask("快 1.5 倍，-2e-07") == mask("快  12.25 倍，3.1e+10") == "快 # 倍，#"
    assert mask("快 1.5 倍") != mask("慢 1.5 倍")


def test_same_output_of_a_plain_block_is_exact():
    assert same_output("误差 0.1\n", "误差 0.1\n", PLAIN)
    assert not same_output("误差 0.1\n", "误差 0.2\n", PLAIN)
    assert not same_output("误差 0.1\n", "误差  0.1\n", PLAIN)


def test_same_output_of_a_timed_block_ignores_numbers_but_not_words():
    assert same_output("用时   9.8 毫秒\n", "用时 12.25 毫秒\n", TIMED)
    assert not same_output("用时 9.8 毫秒\n", "用时 9.8 微秒\n", TIMED)


# --- figures ----------------------------------------------------------------------------------


def figure(*frames, labels=None, width=400, kind=Picture):
    return kind(list(frames), labels or [""] * len(frames), width, 300)


def stored(*frames, **options):
    """A figure of a record; the store below is the identity, so a frame is its own name."""
    return figure(*frames, kind=Figure, **options)


def test_same_figure_compares_size_frames_and_labels():
    a, b = draw(), draw((3, 2, 1))
    assert same_figure(figure(a, b), figure(a, b))
    assert not same_figure(figure(a, b), figure(b, a))
    assert not same_figure(figure(a, b), figure(a))
    assert not same_figure(figure(a), figure(a, width=500))
    assert not same_figure(figure(a, labels=["第 1 轮"]), figure(a, labels=["第 2 轮"]))


# --- two runs ---------------------------------------------------------------------------------


def record(stdout="误差 0.1\n", figures=None, **changes) -> Record:
    figures = [stored(draw())] if figures is None else figures
    base = Record(
        key="k", kind="block", page="docs/a.md", line=3, outputs=[Output(3, stdout, figures, 0.1)],
        seconds=0.5, peak_mib=1.0, device="CPU", date="2026-01-01", environment={"torch": "2"},
        provenance={"os": "Linux", "isa": "AVX2", "processor": "A"},
    )  # fmt: skip
    return replace(base, **changes)


def found(a, b, code=PLAIN):
    task = Task("block", "docs/a.md", 3, (Cell(3, code),))
    return [str(p) for p in differences([Pair(task, a, b)])]


def test_each_cell_of_a_lab_is_compared_and_named():
    task = Task("lab", "docs/labs/a.py", 1, (Cell(4, PLAIN), Cell(9, PLAIN)))
    cells = ([Output(4, "1\n", [], 0.1), Output(9, text, [], 0.1)] for text in ("2\n", "3\n"))
    first, second = (replace(record(), outputs=outputs) for outputs in cells)
    (problem,) = differences([Pair(task, first, second)])
    assert str(problem).startswith("docs/labs/a.py:9：输出不同")


def test_differences_ignore_seconds_memory_and_date():
    assert found(record(), record(seconds=9.0, peak_mib=99.0, date="2027-01-01")) == []


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"stdout": "误差 0.2\n"}, "输出不同：'误差 0.1'，'误差 0.2'"),
        ({"stdout": "误差 0.1\n完\n"}, "输出不同：1 行，2 行"),
        ({"device": "MPS"}, "设备不同：CPU，MPS"),
        ({"environment": {"torch": "3"}}, "运行环境不同"),
        ({"figures": []}, "图的张数不同：1，0"),
        ({"provenance": {"os": "Linux", "isa": "AVX512"}}, "来历不同：isa：AVX2，AVX512"),
        ({"product": "abc"}, "算出的数据不同"),
    ],
)
def test_differences_name_page_line_and_what_differs(changes, what):
    (text,) = found(record(), record(**changes))
    assert text.startswith(f"docs/a.md:3：{what}")


def test_differences_of_figures_say_how_they_differ():
    def why(*frames, **options):
        (text,) = found(record(), record(figures=[stored(*frames, **options)]))
        return text

    assert "第 1 张图不同：画出来的数最多相差" in why(draw((1.0, 3.0, 2.01)))
    assert "第 1 张图不同：画法不同" in why(draw((1, 3)))
    assert "第 1 张图不同：大小或帧数不同" in why(draw(), width=9)
    assert "第 1 张图不同：大小或帧数不同" in why(draw(), draw())
    assert "各帧的标题不同：''，'第 1 轮'" in why(draw(), labels=["第 1 轮"])


def test_differences_of_a_timed_block_leave_out_what_it_measured():
    other = record(stdout="误差 0.2\n", figures=[stored(draw((5, 6, 7)))])
    assert found(record(), other, TIMED) == []
    assert len(found(record(), other)) == 2
    assert len(found(record(), record(stdout="误差很大\n", figures=[]), TIMED)) == 2


def test_a_block_that_only_one_run_has_is_a_difference():
    assert found(record(), None) == ["docs/a.md:3：只有前一次有记录"]
    assert found(None, record()) == ["docs/a.md:3：只有后一次有记录"]
    assert found(None, None) == []


# --- CPU and GPU ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cpu", "gpu", "gap"),
    [
        ("损失 0.5000", "损失 0.5000", 0.0),
        ("损失 0.5000", "损失 0.5001", 0.0),  # the last digit printed is rounded
        ("损失 0.5000", "损失 0.4000", 0.2),
        ("误差 1.2e-08", "误差 9.9e-09", 0.0),  # below the absolute tolerance
        ("100 步", "90 步", 0.1),
        ("1 步", "2 步", 0.5),  # whole numbers are not rounded
        ("甲 1.0", "乙 1.0", None),
        ("1.0", "1.0 2.0", None),
        ("完", "完", 0.0),
    ],
)
def test_largest_difference_is_relative_beyond_rounding(cpu, gpu, gap):
    got = largest_difference(cpu, gpu)
    assert got is None if gap is None else got == pytest.approx(gap)
