"""Two whole runs compared, from the command line and by function."""

import json

import pytest

from dlnotes_site.cli import main
from dlnotes_site.compare.runs import compare, describe_gap, load, table
from dlnotes_site.project import write_atomically
from dlnotes_site.run.key import Environment
from dlnotes_site.run.results import Results
from pretend import PAGE, pretend_run


@pytest.fixture
def two(mini):
    """The same page run twice: once in the project, once in a folder elsewhere."""
    mini.page(PAGE)
    pretend_run(mini)
    (mini.root / "build").rename(mini.root / "first")
    pretend_run(mini, seconds=9.0, peak_mib=99.0, date="2027-01-01")
    return mini


def cli(mini, *arguments):
    return main(["--root", str(mini.root), "compare", *map(str, arguments)])


def test_compare_of_equal_runs_counts_them_and_returns_zero(two, capsys):
    assert cli(two, two.root / "first", two.root) == 0
    out = capsys.readouterr().out
    assert "比较 3（其中 1 个量时间或报版本，只比文字），相同 3，不同 0" in out
    assert "两次都没有记录 0" in out


def test_compare_names_page_line_and_difference_and_returns_one(two, capsys):
    pretend_run(two, leave_out=[0, 2], stdout="乙 2\n")
    assert cli(two, two.root / "first", two.root) == 1
    captured = capsys.readouterr()
    assert "✗ docs/page.md:6：输出不同：'乙 1'，'乙 2'" in captured.err
    assert "相同 2，不同 1" in captured.out


def test_compare_counts_a_block_once_however_much_differs(two, capsys):
    pretend_run(two, leave_out=[0, 2], stdout="乙 2\n", device="别的")
    assert cli(two, two.root / "first", two.root) == 1
    assert "不同 1" in capsys.readouterr().out


def test_compare_of_an_unfinished_run_names_the_rest_or_leaves_it_out(two, capsys):
    for path in sorted(two.project.records.glob("*.json"))[:2]:
        path.unlink()
    assert cli(two, two.root / "first", two.root) == 1
    assert capsys.readouterr().err.count("只有前一次有记录") == 2
    assert cli(two, "--common", two.root / "first", two.root) == 0
    assert "比较 1" in capsys.readouterr().out


def test_compare_of_a_cpu_and_a_gpu_run_lists_how_far_apart_they_are(two, capsys):
    pretend_run(two, "cuda")
    assert cli(two, two.root / "first", two.root) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:2]] == [
        ["文字不同", "docs/page.md:6"], ["1.0e-01", "docs/page.md:1"]
    ]  # fmt: skip


def test_compare_of_a_cpu_and_a_gpu_run_fails_when_a_block_did_not_pass_on_one(two, capsys):
    for path in two.project.records.glob("*.json"):
        path.unlink()
    pretend_run(two, "cuda", leave_out=[0])
    assert cli(two, two.root / "first", two.root) == 1
    assert "docs/page.md:1：只有前一次有记录" in capsys.readouterr().err


def test_compare_refuses_runs_of_other_versions(two, capsys):
    manifest = json.loads(two.project.manifest.read_text(encoding="utf-8"))
    manifest["versions"]["torch"] = "9.9"
    write_atomically(two.project.manifest, json.dumps(manifest))
    assert cli(two, two.root / "first", two.root) == 2
    assert "9.9" in capsys.readouterr().err


def test_compare_refuses_runs_that_hold_none_of_the_blocks(two):
    empty = Results(two.project, Environment("cpu", 1, ()))
    with pytest.raises(ValueError, match="没有可比的任务"):
        compare(two.project, empty, empty)


@pytest.mark.parametrize("inside", [".", "build", "build/records"])
def test_load_finds_the_records_from_any_of_their_folders(two, inside):
    run = load(two.project, two.root / inside)
    assert run.environment == two.results.environment
    assert run.store.keys() == two.store.keys() != set()


def test_load_names_a_folder_that_holds_no_run(mini):
    with pytest.raises(ValueError, match=mini.root.name):
        load(mini.project, mini.root)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"device_kind": "cpu", "versions": 3}'])
def test_load_names_a_damaged_file(two, text):
    manifest = two.root / "build" / "run.json"
    manifest.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"损坏的文件 .*run\.json"):
        load(two.project, two.root)


def test_table_puts_the_largest_difference_first(two):
    result = compare(two.project, two.results, two.results)
    assert table(result) == ""
    result.gaps = {"a:1": 0.0, "b:2": 0.5, "c:3": None}
    assert [line.split()[0] for line in table(result).splitlines()] == [
        "文字不同",
        "5.0e-01",
        "相同",
    ]


@pytest.mark.parametrize(("gap", "text"), [(None, "文字不同"), (0.0, "相同"), (0.012, "1.2e-02")])
def test_describe_gap_is_short(gap, text):
    assert describe_gap(gap) == text
