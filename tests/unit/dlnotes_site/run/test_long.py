"""Long runs: cells that resume and shard, committed records, and what they say when stale."""

import json
import shutil

import pytest

from dlnotes_site.cli import main
from dlnotes_site.pages.collect import collect
from dlnotes_site.run.key import Environment
from dlnotes_site.run.long import check_long_records, long_path, read_long, run_long, stale
from dlnotes_site.run.store import Damaged
from dlnotes_site.tasks.long import cell_tasks, check_long, find_grid, whole_task

PAGE = """
    # 页

    ```python
    from dlnotes.training import run_grid

    def train(depth, seed):
        return {"loss": depth + seed / 10}

    rows = run_grid(train, depth=[8, 20], seed=range(2))
    print([row["loss"] for row in rows])
    assert len(rows) == 4
    ```
    <!--long-->
    """

FIGURE = """
    ```python
    from dlnotes.plotting import subplots

    fig, ax = subplots(figsize=(4, 3))
    assert ax is not None
    ```
    <!--long-->
    <!--alt: 空的坐标系-->
    """


@pytest.fixture
def long(mini):
    mini.page(PAGE)
    return mini


def block(mini):
    (found,) = [b for b in collect(mini.root) if b.is_long]
    return found


def renew(mini, **options):
    return run_long(mini.project, device="cpu", jobs=1, progress=False, **options)


def test_cells_are_one_task_for_every_setting_and_stop_at_the_grid(long):
    tasks = cell_tasks(block(long))
    assert [task.name for task in tasks] == [
        "depth=8，seed=0", "depth=8，seed=1", "depth=20，seed=0", "depth=20，seed=1"
    ]  # fmt: skip
    assert tasks[0].where == "docs/page.md:3（depth=8，seed=0）"
    assert tasks[0].code.rstrip().endswith("seed=range(2))")
    assert all(task.limit == 600 for task in tasks)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("run_grid(train, depth=depths)", "depth 应写成字面量"),
        ("run_grid(train, depth=[1]) + run_grid(train, depth=[2])", "只在顶层调用一次"),
    ],
)
def test_a_grid_that_cannot_be_listed_is_reported_with_its_line(mini, call, message):
    mini.page(f"```python\ndepths = [1]\nrows = {call}\nassert rows\n```\n<!--long-->\n")
    (problem,) = check_long(mini.root)
    assert problem.message.startswith("docs/page.md:3：")
    assert message in problem.message


def test_a_long_run_leaves_a_record_to_commit_and_ordinary_runs_only_show_it(long):
    (problem,) = check_long_records(long.project)
    assert (problem.page, problem.line) == ("docs/page.md", 3)
    summary = renew(long)
    assert (summary.ok, summary.run) == (True, 5)
    record = read_long(long.project, block(long))
    assert record.stdout == "[8.0, 8.1, 20.0, 20.1]\n"
    assert record.provenance["commit"] == "没有提交"
    assert check_long_records(long.project) == []
    shutil.rmtree(long.project.build)  # a fresh clone
    assert long.run().run == 0
    assert long.results.block(block(long)).stdout == record.stdout
    assert stale(long.project, block(long), Environment.current("cpu")) == []


def test_a_changed_block_has_no_record_until_it_is_renewed(long):
    renew(long)
    long.page(PAGE.replace("depth + seed", "depth - seed"))
    messages = [problem.message for problem in check_long_records(long.project)]
    assert "没有与这段代码对应的完好记录" in messages[0]
    assert "没有代码块对应这份长实验的记录" in messages[1]
    assert renew(long).run == 5
    assert check_long_records(long.project) == []
    assert len(list(long.project.long.glob("*/*.json"))) == 1


def test_a_change_after_the_grid_repeats_no_cell_even_on_a_fresh_clone(long):
    renew(long)
    shutil.rmtree(long.project.build)
    long.page(PAGE.replace("print([", "print('行', ["))
    summary = renew(long)
    assert (summary.ok, summary.run, summary.reused) == (True, 1, 4)
    assert read_long(long.project, block(long)).stdout.startswith("行 [8.0")


def test_more_values_repeat_no_cell_but_another_function_repeats_all(long):
    renew(long)
    shutil.rmtree(long.project.build)
    more = PAGE.replace("[8, 20], seed=range(2)", "[8, 20, 44], seed=range(2)")
    more = more.replace("len(rows) == 4", "len(rows) == 6")
    long.page(more)
    summary = renew(long)
    assert (summary.ok, summary.run, summary.reused) == (True, 3, 4)
    assert read_long(long.project, block(long)).stdout == "[8.0, 8.1, 20.0, 20.1, 44.0, 44.1]\n"
    long.page(more.replace("seed / 10", "seed / 5"))
    assert renew(long).run == 7


def test_an_interrupted_long_run_goes_on_from_the_cells_that_were_done(long):
    first = renew(long, shard=(1, 2))
    assert first.run == 2
    assert "docs/page.md:3" in str(check_long_records(long.project)[0])
    second = renew(long)
    assert (second.ok, second.reused, second.run) == (True, 2, 3)


def test_a_failing_cell_is_named_and_the_others_are_kept(long):
    long.page(PAGE.replace("return {", 'assert depth + seed != 21, "坏"\n        return {'))
    summary = renew(long)
    assert sorted(summary.failures) == ["docs/page.md:3", "docs/page.md:3（depth=20，seed=1）"]
    assert (
        "docs/page.md:7（depth=20，seed=1）：AssertionError"
        in summary.failures["docs/page.md:3（depth=20，seed=1）"]
    )
    assert "4 格里还缺 1 格" in summary.failures["docs/page.md:3"]
    assert read_long(long.project, block(long)) is None


@pytest.mark.parametrize(
    "damage", [lambda t: t[:-9], lambda t: t.replace("8.1", "9.9"), lambda t: ""]
)
def test_a_damaged_committed_record_is_never_trusted(long, damage):
    renew(long)
    path = long_path(long.project, block(long))
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert read_long(long.project, block(long)) is None
    assert check_long_records(long.project)


def test_stale_names_changed_sources_and_versions(long):
    renew(long)
    other = Environment("cpu", 1, (("torch", "9.9"),))
    (change,) = stale(long.project, block(long), other)
    assert change.startswith("torch ")
    assert change.endswith("→ 9.9")
    path = long_path(long.project, block(long))
    data = json.loads(path.read_text(encoding="utf-8"))
    assert "dlnotes/training/grid.py" in data["sources"]
    (long.root / "src").unlink()
    (long.root / "src" / "dlnotes" / "training").mkdir(parents=True)
    (long.root / "src" / "dlnotes" / "training" / "__init__.py").write_text(
        "from dlnotes.training.grid import run_grid\n"
    )
    (long.root / "src" / "dlnotes" / "training" / "grid.py").write_text("changed = 1\n")
    assert "dlnotes/training/grid.py" in stale(long.project, block(long), None)


def test_figures_of_a_long_run_are_committed_beside_its_record(mini):
    mini.page(FIGURE)
    (found,) = collect(mini.root)
    assert find_grid(found) is None
    assert run_long(mini.project, device="cpu", progress=False).ok
    shutil.rmtree(mini.project.build)
    (name,) = read_long(mini.project, found).figures[0].frames
    assert mini.results.blob(name).lstrip().startswith("<?xml")
    (mini.project.long / "page" / f"{name}.svg").unlink()
    assert read_long(mini.project, found) is None


def test_the_whole_block_is_given_the_rows_of_its_cells(long):
    task = whole_task(block(long), ['{"loss": 1}'] * 4)
    assert json.loads(task.setting)["rows"][3] == [{"depth": 20, "seed": 1}, {"loss": 1}]


def test_block_lab_cell_playground_run_and_long_cell_stand_in_one_plan(long, capsys):
    (long.root / "docs" / "labs").mkdir()
    long.page("# 训练场\n", "docs/playground.md")
    long.page("```python\nassert 1 + 1 == 2\n```\n", "docs/other.md")
    long.page(
        """
        # ---
        # jupyter:
        #   description: 一个任务。
        # ---

        # %% [markdown]
        # # 实验

        # %% [markdown]
        # ## 任务 1：一

        # %% tags=["stub"]
        # 任务 1：写
        x = ...

        # %% tags=["solution"]
        # 任务 1：答案
        x = 1

        # %% tags=["check"]
        # 任务 1：自查
        assert x == 1, "任务 1：x 应是 1"
        """,
        "docs/labs/lab1.py",
    )
    assert main(["--root", str(long.root), "plan", "--long", "--device", "cpu"]) == 0
    out = capsys.readouterr().out
    for line in ("block       docs/other.md:1", "lab         docs/labs/lab1.py:1",
                 "docs/labs/lab1.py:13  # 任务 1：写", "playground  docs/playground.md（训练场：",
                 "long        docs/page.md:3（depth=20，seed=1）"):  # fmt: skip
        assert line in out


def test_a_tampered_figure_of_a_long_run_is_never_shown(mini):
    mini.page(FIGURE)
    (found,) = collect(mini.root)
    assert run_long(mini.project, device="cpu", progress=False).ok
    shutil.rmtree(mini.project.build)
    (path,) = mini.project.long.glob("*/*.svg")
    path.write_text("<svg>tampered</svg>")
    assert read_long(mini.project, found) is None
    assert check_long_records(mini.project)
    with pytest.raises(Damaged):
        mini.results.blob(path.stem)


def test_long_cells_of_two_machines_are_collected_and_missing_ones_are_no_fault(long):
    for number in (1, 2):
        renew(long, shard=(number, 2))
        long.project.records.rename(long.root / f"machine{number}")
    assert main(["--root", str(long.root), "collect", "--device", "cpu",
                 *(str(long.root / f"machine{number}") for number in (1, 2))]) == 0  # fmt: skip
    summary = renew(long)
    assert (summary.ok, summary.run, summary.reused) == (True, 1, 4)


def test_renewing_one_block_keeps_the_cells_of_its_neighbour(long):
    two = PAGE + PAGE.replace("# 页", "## 节").replace("seed / 10", "seed / 5")
    long.page(two)
    renew(long)
    assert len(list(long.project.long.glob("*/*.json"))) == 2
    shutil.rmtree(long.project.build)
    long.page(two.replace("print([", "print('行', ["))
    first = next(b for b in collect(long.root) if b.is_long)
    assert renew(long, targets=[first.where]).reused == 4
    assert renew(long).run == 1  # only the drawing of the second, not its cells
    assert len(list(long.project.long.glob("*/*.json"))) == 2
