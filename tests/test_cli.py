"""The command line."""

import pytest

from dlnotes_site import build
from dlnotes_site import cli as cli_module
from dlnotes_site.cli import main


def cli(mini, *arguments):
    return main(["--root", str(mini.root), *arguments])


def test_run_prints_a_summary_and_returns_zero(mini, capsys):
    mini.page("```python\nassert 1 + 1 == 2\n```\n")
    assert cli(mini, "run", "--device", "cpu", "--jobs", "1") == 0
    assert "代码块：运行 1，沿用 0，失败 0" in capsys.readouterr().out


def test_run_with_a_failing_block_returns_one_and_names_the_line(mini, capsys):
    mini.page("# 题\n\n```python\nassert 1 + 1 == 3\n```\n")
    assert cli(mini, "run", "--device", "cpu", "--jobs", "1") == 1
    assert "docs/page.md:4：AssertionError" in capsys.readouterr().err


def test_run_with_a_fence_that_is_never_run_returns_one(mini, capsys):
    mini.page("```py\nassert 1 + 1 == 2\n```\n")
    assert cli(mini, "run", "--device", "cpu") == 1
    assert "docs/page.md:1：这个围栏不会被运行" in capsys.readouterr().err


def test_unknown_target_is_named(mini, capsys):
    mini.page("```python\nassert 1 + 1 == 2\n```\n")
    assert cli(mini, "run", "nope.md") == 2
    assert "nope.md" in capsys.readouterr().err


def test_unknown_device_is_named(mini, capsys):
    mini.page("```python\nassert 1 + 1 == 2\n```\n")
    assert cli(mini, "run", "--device", "tpu9") == 2
    assert "tpu9" in capsys.readouterr().err


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_device_with_a_number_is_refused_and_says_what_to_use(mini, capsys, monkeypatch, how):
    mini.page("```python\nassert 1 + 1 == 2\n```\n")
    monkeypatch.setenv("DLNOTES_DEVICE", "cpu:0" if how == "environment" else "cpu")
    assert cli(mini, "run", *(["--device", "cpu:0"] if how == "option" else [])) == 2
    error = capsys.readouterr().err
    assert "'cpu:0'" in error
    assert "CUDA_VISIBLE_DEVICES" in error


def test_preview_with_fresh_reruns_everything_only_once(mini, monkeypatch):
    mini.page("```python\nassert 1 + 1 == 2\n```\n")
    counts = []

    def serve(project, address, rerun):
        counts.extend([rerun().run, rerun().run])
        return 0

    monkeypatch.setattr(build, "serve", serve)
    monkeypatch.setattr(cli_module, "_playground", lambda options: None)
    cli(mini, "run", "--device", "cpu", "--jobs", "1")
    assert cli(mini, "serve", "--fresh", "--device", "cpu", "--jobs", "1") == 0
    assert counts == [1, 0]


def test_root_without_docs_is_named(tmp_path, capsys):
    assert main(["--root", str(tmp_path), "run"]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_clean_removes_only_what_was_generated(mini):
    page = mini.page("# 题\n")
    for name in ("build/records", "site", "docs/assets/run"):
        (mini.root / name).mkdir(parents=True)
    assert cli(mini, "clean") == 0
    assert not (mini.root / "build").exists()
    assert not (mini.root / "site").exists()
    assert page.exists()


@pytest.mark.parametrize(
    "arguments",
    [["run", "--jobs", "0"], ["run", "--limit", "-1"], ["run", "--shard", "3/2"], ["fly"], []],
)
def test_bad_arguments_exit_with_two(mini, arguments, capsys):
    with pytest.raises(SystemExit) as error:
        cli(mini, *arguments)
    assert error.value.code == 2


@pytest.mark.parametrize("command", ["run", "build", "serve", "compare", "gpu-report", "clean"])
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as error:
        main([command, "--help"])
    assert error.value.code == 0
    assert command in capsys.readouterr().out
