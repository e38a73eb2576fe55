"""The report of a GPU run: written from a real run's records only, never invented."""

import pytest

from dlnotes_site.cli import main
from dlnotes_site.compare.gpu import FILE, code_digest, entries, read_report, write_report
from dlnotes_site.pages.collect import collect
from pretend import PAGE, git, pretend_run, repository


def test_write_report_holds_date_commit_device_versions_and_every_block(mini):
    repository(mini)
    pretend_run(mini, "cuda")
    assert write_report(mini.project) == mini.root / FILE
    report = read_report(mini.root)
    assert report["date"] == "2026-11-20"
    assert report["commit"] == git(mini, "rev-parse", "HEAD")
    assert report["device"] == "GPU（假想）"
    assert report["versions"] == dict(mini.results.environment.versions)
    assert report["missing"] == []
    first, words, timed = report["blocks"]
    assert (first["page"], first["line"]) == ("docs/page.md", 1)
    assert (first["seconds"], first["cpu_seconds"], first["peak_mib"]) == (0.25, 0.5, 9.0)
    assert first["difference"] == pytest.approx(0.1)
    assert (words["difference"], words["note"]) == (None, "文字不同")
    assert (timed["difference"], timed["note"]) == (None, "计时")
    assert entries(report)[code_digest(collect(mini.root)[0].code)] == first


def test_write_report_names_blocks_without_a_record(mini):
    repository(mini)
    pretend_run(mini, "cuda", leave_out=[1])
    write_report(mini.project)
    assert read_report(mini.root)["missing"] == ["docs/page.md:6"]


def forget(mini, device):
    for key in sorted(mini.store.keys()):
        if mini.store.get(key).device == device:
            mini.store.path(key).unlink()


def test_write_report_without_cpu_records_compares_nothing(mini):
    repository(mini)
    pretend_run(mini, "cuda")
    forget(mini, "CPU")
    write_report(mini.project)
    first = read_report(mini.root)["blocks"][0]
    assert (first["difference"], first["note"]) == (None, "没有 CPU 记录")
    assert first["cpu_seconds"] is None


def test_write_report_compares_with_a_cpu_run_from_elsewhere(mini, tmp_path_factory):
    repository(mini)
    elsewhere = tmp_path_factory.mktemp("cpu")
    (mini.root / "build").rename(elsewhere / "build")
    pretend_run(mini)
    pretend_run(mini, "cuda")
    forget(mini, "CPU")
    write_report(mini.project, elsewhere)
    assert read_report(mini.root)["blocks"][0]["difference"] == pytest.approx(0.1)
    with pytest.raises(ValueError, match="应为一次 CPU 上的运行"):
        write_report(mini.project, mini.root)


def test_write_report_refuses_a_run_that_was_not_on_cuda(mini, capsys):
    repository(mini)
    assert main(["--root", str(mini.root), "gpu-report"]) == 2
    assert "最近一次运行的设备应为 'cuda'，收到 'cpu'" in capsys.readouterr().err
    assert not (mini.root / FILE).exists()


def test_write_report_refuses_before_any_run(mini):
    with pytest.raises(ValueError, match="没有运行过"):
        write_report(mini.project)


def test_write_report_refuses_records_of_other_code(mini):
    repository(mini)
    pretend_run(mini, "cuda")
    mini.page(PAGE.replace("1 + 1", "1 + 1 + 0"))
    with pytest.raises(ValueError, match="没有 GPU 运行的记录"):
        write_report(mini.project)


def test_write_report_refuses_code_that_is_not_committed(mini):
    repository(mini)
    mini.page("# 没有提交的一页\n", "docs/new.md")
    pretend_run(mini, "cuda")
    with pytest.raises(ValueError, match=r"docs/new\.md"):
        write_report(mini.project)


def test_write_report_refuses_outside_a_repository(mini, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(mini.root.parent))
    mini.page(PAGE)
    pretend_run(mini, "cuda")
    with pytest.raises(ValueError, match="git 仓库"):
        write_report(mini.project)


def test_write_report_refuses_two_devices_in_one_run(mini):
    repository(mini)
    pretend_run(mini, "cuda", leave_out=[0])
    pretend_run(mini, "cuda", leave_out=[1, 2], device="GPU（另一块）")
    with pytest.raises(ValueError, match="应来自同一种设备，收到 GPU（假想）、GPU（另一块）"):
        write_report(mini.project)


def test_write_report_may_be_written_again(mini):
    repository(mini)
    pretend_run(mini, "cuda")
    write_report(mini.project)
    before = read_report(mini.root)
    write_report(mini.project)
    assert read_report(mini.root) == before


def test_gpu_report_command_prints_the_file(mini, capsys):
    repository(mini)
    pretend_run(mini, "cuda")
    assert main(["--root", str(mini.root), "gpu-report"]) == 0
    assert FILE in capsys.readouterr().out


def test_a_block_that_never_touched_the_gpu_says_cpu_and_the_report_names_the_gpu(mini):
    repository(mini)
    pretend_run(mini, "cuda", leave_out=[1, 2])
    pretend_run(mini, "cuda", leave_out=[0], device="CPU")
    write_report(mini.project)
    report = read_report(mini.root)
    assert report["device"] == "GPU（假想）"
    assert [block["device"] for block in report["blocks"]] == ["GPU（假想）", "CPU", "CPU"]


def test_write_report_refuses_a_run_in_which_nothing_used_the_gpu(mini):
    repository(mini)
    pretend_run(mini, "cuda", device="CPU")
    with pytest.raises(ValueError, match="没有一个任务用过 GPU"):
        write_report(mini.project)
