"""The worker of the evidence page on a real PostgreSQL: nothing lost, nothing done twice."""

import os
import re
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from conftest import ROOT
from dlnotes_site.pages.collect import collect_page
from postgres.cluster import free_port, main, programs, running

PAGE = ROOT / "docs" / "evidence" / "hyperparameter-search.md"
MISSING = "没有找到 PostgreSQL：它的测试没有运行（Debian：apt-get install postgresql）"
NAMES = count()


def required():
    """The programs of PostgreSQL; nothing may be skipped in CI."""
    found = programs()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return found


@pytest.fixture(scope="module")
def cluster():
    with running(required()) as one:
        yield one


@pytest.fixture
def url(cluster) -> str:
    """An empty database of its own for each test."""
    return cluster.create(f"search{next(NAMES)}")


@pytest.fixture
def optuna():
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield optuna


@pytest.fixture
def load(optuna):
    """Open a study, and close its connections at the end."""
    opened = []

    def study(url: str, **options):
        opened.append(optuna.storages.RDBStorage(url))
        return optuna.create_study(
            study_name="spiral", storage=opened[-1], load_if_exists=True, direction="maximize",
            **options,
        )  # fmt: skip

    yield study
    for storage in opened:
        storage.remove_session()
        storage.engine.dispose()


# --- the block of the page ------------------------------------------------------------------------


def shown() -> str:
    """The code that the page shows and does not run."""
    blocks = [b for b in collect_page(PAGE, ROOT) if "STUDY_URL" in b.code]
    assert len(blocks) == 1
    assert blocks[0].skip, "the page cannot run it: there is no server on every machine"
    return blocks[0].code


def faster(code: str) -> str:
    """The same worker with a heartbeat of seconds instead of minutes."""
    quick, times = re.subn(r"heartbeat_interval=60, grace_period=180", "heartbeat_interval=1, "
                           "grace_period=2", code)  # fmt: skip
    assert times == 1
    return quick


class Worker:
    """The script of the page, started as the page says."""

    def __init__(self, folder, url: str, seed: int, num_trials: int, code: str):
        script = folder / "worker.py"
        script.write_text(code, encoding="utf-8")
        environment = {**os.environ, "STUDY_URL": url, "PYTHONPATH": str(ROOT / "src"),
                       "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}  # fmt: skip
        command = [sys.executable, str(script), str(seed), str(num_trials)]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)  # fmt: skip

    def finish(self) -> str:
        printed, _ = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, printed
        return printed

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def worker(tmp_path):
    started = []

    def start(url: str, seed: int, num_trials: int, code: str | None = None) -> Worker:
        folder = tmp_path / str(len(started))
        folder.mkdir()
        started.append(Worker(folder, url, seed, num_trials, shown() if code is None else code))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()


def test_the_block_of_the_page_runs_as_it_stands_and_goes_on_where_it_stopped(url, worker, load):
    assert "工人 1 做完 3 次" in worker(url, 1, 3).finish()
    assert "工人 2 做完 2 次" in worker(url, 2, 2).finish()
    study = load(url)
    assert [t.number for t in study.trials] == list(range(5))
    assert [t.user_attrs["worker"] for t in study.trials] == [1, 1, 1, 2, 2]
    assert study.best_value == max(t.value for t in study.trials) > 0.5


def test_two_workers_share_one_study_and_every_trial_is_done_once(url, worker, load):
    study = load(url)  # makes the tables, which two workers at once could not
    both = [worker(url, seed, 6) for seed in (1, 2)]
    for one in both:
        one.finish()
    trials = study.trials
    assert Counter(t.user_attrs["worker"] for t in trials) == {1: 6, 2: 6}
    assert sorted(t.number for t in trials) == list(range(12))
    assert {t.state.name for t in trials} == {"COMPLETE"}
    assert len({t.params["lr"] for t in trials}) == 12


def test_queued_trials_are_each_taken_by_one_worker(url, worker, load):
    study = load(url)
    rates = [10 ** (-k / 8) for k in range(12)]
    for rate in rates:
        study.enqueue_trial({"lr": rate})
    both = [worker(url, seed, 6) for seed in (1, 2)]
    for one in both:
        one.finish()
    trials = study.trials
    assert [t.params["lr"] for t in trials] == pytest.approx(rates)
    assert {t.state.name for t in trials} == {"COMPLETE"}
    assert Counter(t.user_attrs["worker"] for t in trials) == {1: 6, 2: 6}


def beats(study) -> int:
    """Trials that gave a sign of life: one killed before its first is never found out."""
    from sqlalchemy import text

    with study._storage._backend.engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM trial_heartbeats")).scalar()


def kill_in_the_middle(one: Worker, study, *, heartbeat: bool = True) -> int:
    """Stop the worker until it is caught in the middle of a trial, then kill it."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        os.kill(one.process.pid, signal.SIGSTOP)
        time.sleep(0.05)
        states = [t.state.name for t in study.trials] or ["NONE"]
        caught = states[-1] == "RUNNING" and bool(study.trials[-1].params)
        if len(states) > 2 and caught and (not heartbeat or beats(study) == len(states)):
            one.kill()
            return len(states) - 1
        os.kill(one.process.pid, signal.SIGCONT)
        time.sleep(0.02)
    raise AssertionError(f"never caught in the middle: {states}")


def test_a_killed_worker_loses_nothing_that_was_finished_and_its_trial_is_done_again(
    url, worker, load
):
    study = load(url)
    lost = kill_in_the_middle(worker(url, 1, 500, faster(shown())), study)
    before = study.trials
    time.sleep(3)
    assert [t.state.name for t in study.trials] == ["COMPLETE"] * lost + ["RUNNING"]
    worker(url, 2, 3, faster(shown())).finish()
    after = study.trials
    names = [t.state.name for t in after]
    assert names == ["COMPLETE"] * lost + ["FAIL"] + ["COMPLETE"] * 3
    assert [t.value for t in after[:lost]] == [t.value for t in before[:lost]]
    assert after[lost + 1].params["lr"] == after[lost].params["lr"]
    assert after[lost + 1].user_attrs["worker"] == 2


def test_without_a_heartbeat_the_killed_trial_is_left_running(url, worker, load):
    options = (
        r"heartbeat_interval=60, grace_period=180,  # 秒\n *"
        r"heartbeat_stale_trial_callback=\w+\(max_retry=3\)"
    )
    silent, times = re.subn(options, "", shown())
    assert times == 1
    study = load(url)
    lost = kill_in_the_middle(worker(url, 1, 500, silent), study, heartbeat=False)
    time.sleep(3)
    worker(url, 2, 2, silent).finish()
    names = [t.state.name for t in study.trials]
    assert names == ["COMPLETE"] * lost + ["RUNNING"] + ["COMPLETE"] * 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong"}, "password authentication failed for user"),
        ({"port": "free"}, "Connection refused"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
    ],
    ids=["password", "port", "database"],
)
def test_a_wrong_address_says_what_is_wrong_with_it(cluster, worker, change, said):
    if change.get("port"):
        change = {"port": free_port()}
    one = worker(cluster.url(**change), 1, 1)
    printed, _ = one.process.communicate(timeout=120)
    assert one.process.returncode != 0
    assert said in printed
    assert said.split('"')[0] in PAGE.read_text(encoding="utf-8")


def test_an_address_that_asks_for_another_driver_says_so(cluster, worker):
    one = worker(cluster.url().replace("+psycopg", "+psycopg2"), 1, 1)
    printed, _ = one.process.communicate(timeout=120)
    assert one.process.returncode != 0
    assert "Failed to import DB access module" in printed
    assert "Failed to import DB access module" in PAGE.read_text(encoding="utf-8")


# --- the server -----------------------------------------------------------------------------------


def test_the_server_is_gone_afterwards():
    with running(required()) as one:
        assert (one.folder / "data" / "postmaster.pid").exists()
        number = int((one.folder / "data" / "postmaster.pid").read_text().split()[0])
        assert not gone(number, seconds=0)
    assert not one.folder.exists()
    assert gone(number)


def test_the_server_is_gone_after_an_error():
    server = running(required())
    one = server.__enter__()
    number = int((one.folder / "data" / "postmaster.pid").read_text().split()[0])
    with pytest.raises(KeyError):
        server.gen.throw(KeyError)
    assert not one.folder.exists()
    assert gone(number)


def gone(number: int, seconds: float = 5) -> bool:
    """The process ended, or does so soon; one that only waits to be noticed has ended."""
    state, deadline = Path(f"/proc/{number}/stat"), time.monotonic() + seconds
    while True:
        try:
            if state.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.1)


def test_the_script_runs_a_command_with_an_address(tmp_path):
    required()
    seen = tmp_path / "seen"
    code = f"import os; open({str(seen)!r}, 'w').write(os.environ['STUDY_URL'])"
    assert main([sys.executable, "-c", code]) == 0
    assert seen.read_text().startswith("postgresql+psycopg://dlnotes:")


@pytest.mark.parametrize(("ci", "outcome"), [("true", "Failed"), ("", "Skipped")])
def test_a_missing_server_is_skipped_here_and_fails_in_ci(monkeypatch, ci, outcome):
    monkeypatch.setitem(globals(), "programs", lambda: None)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(BaseException, match="PostgreSQL") as caught:
        required()
    assert type(caught.value).__name__ == outcome
