"""Planning and executing a plan: reuse, targets, shards, interruption."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from conftest import ROOT

TWO = """
    ```python
    from dlnotes.data import xor
    assert len(xor(seed=0)[0]) == 4
    ```

    ```python
    assert 1 + 1 == 2
    ```
    """


def test_nothing_changed_means_nothing_runs_and_one_change_runs_one_block(mini):
    page = mini.page(TWO)
    assert (mini.run().run, mini.run().run) == (2, 0)
    page.write_text(
        page.read_text(encoding="utf-8").replace("1 + 1 == 2", "2 + 2 == 4"), encoding="utf-8"
    )
    summary = mini.run()
    assert (summary.run, summary.reused) == (1, 1)


def test_a_damaged_record_is_run_again(mini):
    mini.page(TWO)
    mini.run()
    path = next(mini.store.folder.glob("*.json"))
    path.write_text(path.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    assert mini.run().run == 1
    assert mini.run().run == 0


def test_targets_select_a_page_or_a_block_by_line(mini):
    mini.page(TWO)
    assert mini.run(targets=["docs/page.md:6"]).run == 1
    assert mini.run(targets=["docs/page.md"]).run == 1
    with pytest.raises(ValueError, match=r"docs/nope\.md"):
        mini.run(targets=["docs/nope.md"])


def test_shards_cover_every_block_once_and_merge_without_conflict(mini):
    for i in range(5):
        mini.page(f"```python\nassert {i} + 1 == {i + 1}\n```\n", f"docs/p{i}.md")
    first = mini.run(shard=(1, 2))
    keys = mini.store.keys()
    for path in mini.store.folder.glob("*.json"):  # the second machine starts without records
        path.rename(mini.root / path.name)
    second = mini.run(shard=(2, 2))
    assert first.run + second.run == 5
    assert abs(first.run - second.run) == 1
    assert not keys & mini.store.keys()
    for path in mini.root.glob("*.json"):
        path.rename(mini.store.folder / path.name)
    assert mini.run().run == 0
    with pytest.raises(ValueError, match="3/2"):
        mini.run(shard=(3, 2))


def test_skipped_blocks_are_counted(mini):
    mini.page('<!--pytest.mark.skip(reason="要联网")-->\n```python\n1 / 0\n```\n')
    summary = mini.run()
    assert (summary.run, summary.skipped, summary.ok) == (0, 1, True)


def test_an_interrupted_run_keeps_what_was_done(mini):
    mini.page("```python\nassert 1 + 1 == 2\n```\n", "docs/a.md")
    mini.page("```python\nimport time\n\ntime.sleep(60)\nassert 1 + 1 == 2\n```\n", "docs/b.md")
    environment = {**os.environ, "PYTHONPATH": str(mini.root / "src")}
    process = subprocess.Popen(
        [sys.executable, "-m", "dlnotes_site", "run", "--jobs", "2", "--device", "cpu"],
        cwd=mini.root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not mini.store.keys() and time.monotonic() < deadline:
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert len(mini.store.keys()) == 1
    mini.page("```python\nassert 2 + 1 == 3\n```\n", "docs/b.md")
    summary = mini.run()
    assert (summary.run, summary.reused, summary.ok) == (1, 1, True)


def test_a_hidden_import_is_reported_with_its_line_and_the_other_tasks_run(mini):
    mini.page("```python\nimport dlnotes as dn\nassert dn is not None\n```\n", "docs/a.md")
    mini.page("```python\nassert 1 + 1 == 2\n```\n", "docs/b.md")
    summary = mini.run()
    assert summary.run == 1
    assert any(str(p).startswith("docs/a.md:") and "别名" in str(p) for p in summary.problems)


def test_a_source_that_changed_during_the_run_leaves_no_record_under_its_old_key(mini):
    source = mini.root / "source"
    shutil.copytree(ROOT / "src" / "dlnotes", source / "dlnotes")
    (mini.root / "src").unlink()
    source.rename(mini.root / "src")
    file = mini.root / "src" / "dlnotes" / "data" / "toy.py"
    mini.page(f"""
        ```python
        from pathlib import Path
        from dlnotes.data import xor

        path = Path({str(file)!r})
        path.write_text(path.read_text() + "# changed\\n")
        assert len(xor(seed=0)[0]) == 4
        ```

        ```python
        assert 1 + 1 == 2
        ```
        """)
    summary = mini.run()
    (failure,) = summary.failures.values()
    assert "源码在运行中变了（toy.py）" in failure
    assert len(mini.store.keys()) == 1


def test_blocks_import_the_package_of_their_own_repository(mini):
    shutil.copytree(ROOT / "src" / "dlnotes", mini.root / "own" / "dlnotes")
    (mini.root / "src").unlink()
    (mini.root / "own").rename(mini.root / "src")
    mini.page("""
        ```python
        import dlnotes

        print(dlnotes.__file__)
        assert dlnotes.__file__
        ```
        """)
    assert mini.run().ok
    (key,) = mini.store.keys()
    assert mini.store.get(key).stdout.startswith(str(mini.root / "src"))
