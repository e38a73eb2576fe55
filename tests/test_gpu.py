"""The report of a GPU run: written from a real run's records only, never invented.

There may be no GPU here: the records below are made up, and stay in a throw-away project.
"""

import json
import subprocess
import textwrap
from dataclasses import replace

import pytest

from dlnotes_site.cli import main
from dlnotes_site.collect import collect
from dlnotes_site.gpu import FILE, code_digest, entries, read_report, write_report
from dlnotes_site.record import Environment, Record, key, write_atomically

PAGE = textwrap.dedent("""\
    ```python
    print(f"甲 {0.9:.4f}")
    assert 1 + 1 == 2
    ```

    ```python
    print("乙 1")
    assert 1 + 1 == 2
    ```

    ```python
    from time import perf_counter

    print("用时", perf_counter())
    assert 1 + 1 == 2
    ```

    <!--pytest.mark.skip(reason="要联网")-->
    ```python
    1 / 0
    ```
    """)


def git(mini, *arguments):
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", *who, "-C", str(mini.root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def pretend_run(mini, kind="cpu", leave_out=(), **changes):
    """Leave the records of a run on a device of this kind, and make it the latest run."""
    environment = Environment.current(kind)
    blocks = [b for b in collect(mini.root) if b.skip is None]
    for number, block in enumerate(blocks):
        record = Record(
            key=key(block, environment, mini.project.source), page=block.page, line=block.line,
            stdout=STDOUT[kind][number], figures=[], seconds=SECONDS[kind], peak_mib=9.0,
            device=DEVICE[kind], date="2026-11-20", environment=environment.to_json(),
        )  # fmt: skip
        if number not in leave_out:
            mini.project.store.put(replace(record, **changes))
    write_atomically(mini.project.manifest, json.dumps(environment.to_json()))


SECONDS = {"cpu": 0.5, "cuda": 0.25}
DEVICE = {"cpu": "CPU", "cuda": "GPU（假想）"}
STDOUT = {
    "cpu": ["甲 0.9000\n", "乙 1\n", "用时 1.5\n"],
    "cuda": ["甲 1.0000\n", "乙乙 1\n", "用时 2.5\n"],
}


def repository(mini):
    """A committed page whose blocks have run on the CPU."""
    mini.page(PAGE)
    write_atomically(mini.root / ".gitignore", "build/\n")
    git(mini, "init", "-q")
    git(mini, "add", ".")
    git(mini, "commit", "-q", "-m", "Add a page")
    pretend_run(mini)


def test_write_report_holds_date_commit_device_versions_and_every_block(mini):
    repository(mini)
    pretend_run(mini, "cuda")
    assert write_report(mini.project) == mini.root / FILE
    report = read_report(mini.root)
    assert report["date"] == "2026-11-20"
    assert report["commit"] == git(mini, "rev-parse", "HEAD")
    assert report["device"] == "GPU（假想）"
    assert report["versions"] == dict(mini.project.environment().versions)
    assert report["missing"] == []
    first, words, timed = report["blocks"]
    assert (first["page"], first["line"]) == ("docs/page.md", 1)
    assert (first["seconds"], first["cpu_seconds"], first["peak_mib"]) == (0.25, 0.5, 9.0)
    assert first["difference"] == pytest.approx(0.1)
    assert (words["difference"], words["note"]) == (None, "文字不同")
    assert (timed["difference"], timed["note"]) == (None, "计时")
    assert entries(report)[code_digest(collect(mini.root)[0])] == first


def test_write_report_names_blocks_without_a_record(mini):
    repository(mini)
    pretend_run(mini, "cuda", leave_out=[1])
    write_report(mini.project)
    assert read_report(mini.root)["missing"] == ["docs/page.md:6"]


def test_write_report_without_cpu_records_compares_nothing(mini):
    repository(mini)
    pretend_run(mini, "cuda")
    for path in mini.project.store.folder.iterdir():
        record = mini.project.store.get(path.stem)
        if record.device == "CPU":
            path.unlink()
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
    for path in mini.project.store.folder.iterdir():
        if mini.project.store.get(path.stem).device == "CPU":
            path.unlink()
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
