"""Running on a cluster, with submitit's local executor: the same seam as Slurm, real processes."""

import os
import signal
import threading
import time
from collections import Counter

import pytest

from dlnotes_site.cli import main
from dlnotes_site.run import cluster as module
from dlnotes_site.run.cluster import Cluster, run_shard
from dlnotes_site.run.durations import deal
from dlnotes_site.run.key import Environment
from dlnotes_site.run.plan import make_plan


def pages(mini, num_pages, code="assert {i} + 1 == {i} + 1"):
    for i in range(num_pages):
        mini.page(f"```python\n{code.format(i=i)}\n```\n", f"docs/p{i:02d}.md")


def test_every_task_runs_once_and_nothing_runs_again(mini):
    pages(mini, 5)
    summary = mini.run(cluster=Cluster("local", shards=2))
    assert (summary.run, summary.failures, summary.ok) == (5, {}, True)
    assert len(mini.store.keys()) == 5
    assert mini.run().run == 0, "the records are those of an ordinary run"


def test_a_fault_is_reported_with_page_and_line_and_the_others_are_kept(mini):
    pages(mini, 3)
    mini.page("# 错\n\n```python\nx = 1\nassert x == 2\n```\n", "docs/wrong.md")
    summary = mini.run(cluster=Cluster("local", shards=2))
    assert list(summary.failures) == ["docs/wrong.md:3"]
    assert "docs/wrong.md:5" in summary.failures["docs/wrong.md:3"]
    assert len(mini.store.keys()) == 3


def test_killing_three_jobs_loses_nothing_and_repeats_only_what_was_unfinished(mini, tmp_path):
    log = tmp_path / "log"
    log.mkdir()
    pages(mini, 12, "import os, tempfile, time\n"
          f"handle, name = tempfile.mkstemp(prefix='p{{i:02d}}-', dir={str(log)!r})\n"
          "time.sleep(0.5)\nassert name")  # fmt: skip
    killed = []

    def kill():
        """Kill three shards' Python processes once four tasks are done."""
        deadline = time.monotonic() + 120
        while len(mini.store.keys()) < 4 and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in shard_processes(mini.root):
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    thread = threading.Thread(target=kill)
    thread.start()
    summary = mini.run(cluster=Cluster("local", shards=3))
    thread.join()
    assert len(killed) == 3
    assert (summary.run, summary.failures) == (12, {})
    assert len(mini.store.keys()) == 12
    starts = Counter(path.name[:3] for path in log.iterdir())
    assert set(starts) == {f"p{i:02d}" for i in range(12)}
    assert sum(starts.values()) <= 12 + 3, "only the three that were under way ran again"


def test_a_job_that_is_done_early_takes_what_the_slow_one_has_not_begun(mini, tmp_path):
    log = tmp_path / "log"
    log.mkdir()
    note = f"import os, tempfile, time\ntempfile.mkstemp(prefix='p{{i}}-', dir={str(log)!r})\n"
    pages(mini, 1, note + f"""
deadline = time.monotonic() + 60
while len(os.listdir({str(log)!r})) < 9 and time.monotonic() < deadline:
    time.sleep(0.1)
assert len(os.listdir({str(log)!r})) == 9, "the other job did not take them all"
""")  # fmt: skip
    for i in range(1, 9):
        mini.page(f"```python\n{note.format(i=i)}assert {i}\n```\n", f"docs/q{i}.md")
    summary = mini.run(cluster=Cluster("local", shards=2))
    assert (summary.run, summary.failures) == (9, {})
    assert len(list(log.iterdir())) == 9, "nothing ran twice"


def shard_processes(root):
    """The Python processes that submitit started for this checkout (not their controllers)."""
    found = []
    for folder in os.listdir("/proc"):
        try:
            with open(f"/proc/{folder}/cmdline", "rb") as file:
                line = file.read().split(b"\0")
        except (OSError, NotADirectoryError):
            continue
        here = any(str(root).encode() in part for part in line)
        if here and b"submitit.core._submit" in line and b"-u" in line:
            found.append(int(folder))
    return found


def test_a_task_that_kills_its_job_is_given_up_after_three_attempts_and_says_why(mini, monkeypatch):
    pages(mini, 2)

    def die(*_):
        os._exit(9)

    monkeypatch.setattr(module, "run_shard", die)
    summary = mini.run(cluster=Cluster("local", shards=1))
    assert set(summary.failures) == {"docs/p00.md:1", "docs/p01.md:1"}
    text = summary.failures["docs/p00.md:1"]
    assert "交了 3 次作业都没有做完" in text
    assert "没有交回结果" in text


def test_a_block_that_ends_its_process_is_tried_again_and_then_named(mini, tmp_path, monkeypatch):
    log = tmp_path / "log"
    monkeypatch.setattr(module, "PAUSE", 0.0)
    mini.page("# 崩\n\n```python\nimport os\n"
              f"with open({str(log)!r}, 'a') as file:\n    file.write('x')\nos._exit(3)\n"
              "assert True\n```\n", "docs/crash.md")  # fmt: skip
    summary = mini.run(cluster=Cluster("local", shards=1))
    assert log.read_text() == "xxx", "may have been the cluster's doing: worth three attempts"
    [(where, text)] = summary.failures.items()
    assert where == "docs/crash.md:3"
    assert "退出码 3" in text


def test_a_job_told_to_stop_takes_nothing_more(mini, tmp_path, monkeypatch):
    pages(mini, 3, code="import time\nassert time.sleep(2) is None")
    planned = make_plan(mini.project, device="cpu").tasks
    environment = Environment.current("cpu", 1)
    jobs = [(one.task, one.key) for one in planned]
    claims = tmp_path / "claims"
    claims.mkdir()
    before = signal.getsignal(signal.SIGTERM)
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(SystemExit):
        run_shard(str(mini.root), jobs, environment, 60.0, 1, str(claims))
    assert len(list(claims.iterdir())) < 3
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_machine_with_other_versions_refuses(mini, tmp_path):
    pages(mini, 1)
    (planned,) = make_plan(mini.project, device="cpu").tasks
    other = Environment("cpu", 1, (("torch", "0.1"),))
    jobs = [(planned.task, "0" * 32)]
    with pytest.raises(ValueError, match="源码或库的版本与交作业的机器不同") as error:
        run_shard(str(mini.root), jobs, other, 60.0, 1, str(tmp_path))
    assert "docs/p00.md:1" in str(error.value)
    assert "0.1" in str(error.value)


def test_fresh_runs_what_is_already_recorded(mini):
    pages(mini, 2)
    mini.run()
    assert mini.run(cluster=Cluster("local", shards=1), fresh=True).run == 2


def test_long_cells_go_to_the_cluster_and_are_put_together_here(mini):
    from dlnotes_site.run.long import run_long

    mini.page("""
        ```python
        from dlnotes.training import run_grid

        def train(depth, seed):
            return {"loss": depth + seed / 10}

        rows = run_grid(train, depth=[8, 20], seed=range(2))
        assert len(rows) == 4
        ```
        <!--long-->
        """)
    summary = run_long(mini.project, device="cpu", progress=False, cluster=Cluster("local", 2))
    assert (summary.run, summary.failures) == (5, {})
    assert len(list(mini.project.long.glob("*/*.json"))) == 1


def test_an_interrupted_run_cancels_its_jobs(mini, monkeypatch):
    pages(mini, 2, "import time\ntime.sleep(60)\nassert {i} == {i}")

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_alive", stop)
    with pytest.raises(KeyboardInterrupt):
        mini.run(cluster=Cluster("local", shards=2))
    deadline = time.monotonic() + 30
    while shard_processes(mini.root) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert shard_processes(mini.root) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cluster", "local", "--shard", "1/2"], "不能与 --shard 同用"),
        (["--cluster", "local", "--cluster-set", "timeout_minutes=3"], "timeout_minutes"),
        (["--cluster", "slurm"], "这里没有 srun"),
    ],
)
def test_bad_requests_are_refused_in_chinese(mini, capsys, monkeypatch, arguments, message):
    pages(mini, 1)
    monkeypatch.setenv("PATH", "/usr/bin/nowhere")
    assert main(["--root", str(mini.root), "run", "--device", "cpu", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert mini.store.keys() == set()


@pytest.mark.parametrize(
    ("kind", "shards", "name"), [("pbs", 1, "cluster"), ("local", 0, "shards")]
)
def test_a_bad_cluster_names_the_argument_and_the_value(kind, shards, name):
    with pytest.raises(ValueError, match=name):
        Cluster(kind, shards)


def test_deal_gives_the_slow_ones_first_to_the_idlest():
    assert deal([("a", 5.0), ("b", 3.0), ("c", 2.0), ("d", 1.0)], 2) == [["a", "d"], ["b", "c"]]
    assert deal([("a", 1.0)], 4) == [["a"]]
    assert deal([], 2) == []
