"""The matrix of systems, Pythons and torches: written by real runs only, later ones win."""

import json

import pytest

from dlnotes_site.cli import main
from dlnotes_site.compare import tried
from pretend import git
from woven import text_of, weave_all


@pytest.fixture
def ran(mini):
    """A committed checkout that ran two pages."""
    for name in "ab":
        mini.page(f"```python\nprint('{name}')\nassert 1 + 1 == 2\n```\n", f"docs/{name}.md")
    (mini.root / ".gitignore").write_text("build/\n", encoding="utf-8")
    git(mini, "init", "--quiet")
    save(mini)
    mini.run()
    return mini


def save(mini):
    git(mini, "add", ".")
    git(mini, "commit", "--quiet", "--message", "Change a page")


def cli(mini, *arguments):
    return main(["--root", str(mini.root), "tried", *arguments])


def rows(mini):
    return json.loads((mini.root / tried.FILE).read_text(encoding="utf-8"))


def test_a_whole_run_is_one_row_with_versions_and_commit(ran):
    assert cli(ran) == 0
    (row,) = rows(ran)
    versions = dict(ran.results.environment.versions)
    assert (row["python"], row["torch"]) == (versions["python"], versions["torch"])
    assert (row["targets"], row["failed"]) == (0, [])
    assert row["commit"] == git(ran, "rev-parse", "HEAD")
    assert f"全部 {row['tasks']} 个 |" in tried.table(ran.project)


def test_a_task_that_failed_is_counted(ran):
    ran.page("```python\nassert 1 + 1 == 3\n```\n", "docs/c.md")
    save(ran)
    ran.run()
    cli(ran)
    (row,) = rows(ran)
    assert row["failed"] == ["docs/c.md:1"]
    assert f"| {row['tasks'] - 1} / {row['tasks']} |" in tried.table(ran.project)


def test_a_run_of_one_page_is_a_row_of_its_own_and_says_so(ran):
    cli(ran)
    cli(ran, "docs/a.md")
    cli(ran)
    assert sorted(row["targets"] for row in rows(ran)) == [0, 1]
    assert "全部 1 个（1 页）" in tried.table(ran.project)


def test_rows_of_other_machines_are_taken_and_the_later_date_wins(ran, tmp_path):
    cli(ran)
    (mine,) = rows(ran)
    mac = {**mine, "os": "Darwin", "machine": "arm64"}
    old = {**mine, "date": "2000-01-01", "tasks": 1}
    path = tmp_path / "tried.json"
    path.write_text(json.dumps([mac, old]), encoding="utf-8")
    assert cli(ran, "--take", str(path)) == 0
    assert sorted((row["os"], row["date"]) for row in rows(ran)) == sorted(
        [("Darwin", mine["date"]), (mine["os"], mine["date"])]
    )
    assert "| macOS，arm64 |" in tried.table(ran.project)


def test_refused_before_any_run_with_uncommitted_code_and_from_a_damaged_file(mini, tmp_path):
    mini.page("```python\nassert 1 + 1 == 2\n```\n")
    git(mini, "init", "--quiet")
    git(mini, "add", "docs")
    git(mini, "commit", "--quiet", "--message", "a")
    with pytest.raises(ValueError, match="先提交再记"):
        tried.last_run(mini.project)
    save(mini)
    with pytest.raises(ValueError, match="还没有运行的记录"):
        tried.last_run(mini.project)
    (tmp_path / "bad.json").write_text("[3]", encoding="utf-8")
    with pytest.raises(ValueError, match=r"损坏的文件 .*bad\.json"):
        tried.read(mini.project, tmp_path / "bad.json")


def test_the_page_shows_the_rows_and_is_woven_again_when_they_change(ran):
    ran.page(f"# 题\n\n{tried.MARKER}\n", "docs/env.md")
    weave_all(ran)
    assert "还没有记录。" in text_of(ran, "env.md")
    save(ran)
    cli(ran)
    weave_all(ran)
    assert "| Python |" in text_of(ran, "env.md")
