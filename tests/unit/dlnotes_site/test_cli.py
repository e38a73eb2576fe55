"""The command line."""

import pytest

from dlnotes_site.cli import main


def cli(mini, *arguments):
    return main(["--root", str(mini.root), *arguments])


def test_run_prints_a_summary_and_returns_zero(mini, capsys):
    mini.page("```python\nassert 1 + 1 == 2\n```\n")
    assert cli(mini, "run", "--device", "cpu", "--jobs", "1") == 0
    assert "任务：运行 1，沿用 0，失败 0" in capsys.readouterr().out


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


def test_root_without_docs_is_named(tmp_path, capsys):
    assert main(["--root", str(tmp_path), "run"]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_clean_removes_only_what_was_generated(mini):
    page = mini.page("# 题\n")
    for name in ("build/records", "site"):
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


COMMANDS = ["run", "plan", "exec", "collect", "build", "serve", "compare", "gpu-report", "tried",
            "prune", "clean"]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as error:
        main([command, "--help"])
    assert error.value.code == 0
    assert command in capsys.readouterr().out


def test_plan_exec_and_collect_do_together_what_run_does(mini, capsys):
    for i in range(4):
        mini.page(f"```python\nassert {i} + 1 == {i + 1}\n```\n", f"docs/p{i}.md")
    plan = str(mini.root / "plan.json")
    assert cli(mini, "plan", "--device", "cpu", "--json", plan) == 0
    assert "任务 4，要运行 4" in capsys.readouterr().out
    for shard in ("1/2", "2/2"):
        assert cli(mini, "exec", "--plan", plan, "--shard", shard, "--device", "cpu") == 0
        mini.project.records.rename(mini.root / f"machine{shard[0]}")
    assert cli(mini, "collect", "--device", "cpu", str(mini.root / "machine1")) == 1
    assert "还没有记录：docs/p" in capsys.readouterr().out
    assert cli(mini, "collect", "--device", "cpu", "--durations", str(mini.root / "machine2")) == 0
    assert "收下 2 条记录，还缺 0 条" in capsys.readouterr().out
    assert mini.project.durations.exists()
    assert mini.run().reused == 4


def test_exec_refuses_a_plan_of_other_pages(mini, capsys):
    mini.page("```python\nassert 1 + 1 == 2\n```\n")
    plan = str(mini.root / "plan.json")
    cli(mini, "plan", "--device", "cpu", "--json", plan)
    mini.page("```python\nassert 2 + 1 == 3\n```\n")
    assert cli(mini, "exec", "--plan", plan, "--device", "cpu") == 2
    assert "对不上" in capsys.readouterr().err


def test_exec_names_a_file_that_is_no_plan(mini, capsys):
    mini.page("# 题\n")
    assert cli(mini, "exec", "--plan", str(mini.root / "nope.json"), "--device", "cpu") == 2
    assert "nope.json" in capsys.readouterr().err


def test_prune_forgets_what_no_page_needs(mini, capsys):
    mini.page("```python\nassert 1 + 1 == 2\n```\n")
    mini.run()
    mini.page("```python\nassert 2 + 1 == 3\n```\n")
    mini.run()
    assert cli(mini, "prune") == 0
    assert "删掉 1 条记录" in capsys.readouterr().out
    assert mini.run().reused == 1
