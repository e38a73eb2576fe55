"""`dlnotes-site run --cluster slurm` against a real Slurm that the tests start themselves."""

import os
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from slurm import cluster as slurm

pytestmark = pytest.mark.xdist_group("slurm")


@pytest.fixture(scope="module")
def reach():
    found = slurm.programs()
    if found is None:
        message = "no Slurm here: apt-get install slurm-wlm munge"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with slurm.running(found) as environment:
        yield environment


def pages(mini, num_pages, code):
    for i in range(num_pages):
        mini.page(f"```python\n{code.format(i=i)}\n```\n", f"docs/p{i:02d}.md")


def start(mini, reach, *arguments):
    """The command line as a person would type it, on the private cluster."""
    environment = {**os.environ, **reach, "PYTHONPATH": str(mini.root / "src")}
    environment.pop("SLURM_JOB_ID", None)
    command = [sys.executable, "-m", "dlnotes_site", "--root", str(mini.root), "run",
               "--device", "cpu", "--cluster", "slurm", *arguments]  # fmt: skip
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)  # fmt: skip


def finish(process):
    out, err = process.communicate(timeout=240)
    return process.returncode, out, err


def running_jobs(reach):
    listed = subprocess.run(["squeue", "--me", "--array", "--noheader", "--states=RUNNING",
                             "--format=%i"], env={**os.environ, **reach}, text=True,
                            capture_output=True, check=True)  # fmt: skip
    return listed.stdout.split()


def test_blocks_run_as_jobs_and_faults_come_back_with_page_and_line(mini, reach):
    pages(mini, 4, "import os\nassert 'SLURM_JOB_ID' in os.environ or {i} == 3")
    mini.page("# 错\n\n```python\nx = 1\nassert x == 2\n```\n", "docs/wrong.md")
    code, out, err = finish(start(mini, reach, "--shards", "2"))
    assert code == 1
    assert "运行 5，沿用 0，失败 1" in out, err
    assert "docs/wrong.md:5" in err
    assert len(mini.store.keys()) == 4


def test_three_cancelled_jobs_lose_nothing(mini, reach, tmp_path):
    log = tmp_path / "log"
    log.mkdir()
    pages(mini, 12, "import tempfile, time\n"
          f"handle, name = tempfile.mkstemp(prefix='p{{i:02d}}-', dir={str(log)!r})\n"
          "time.sleep(1)\nassert name")  # fmt: skip
    process = start(mini, reach, "--shards", "3")
    cancelled = []

    def cancel():
        deadline = time.monotonic() + 120
        while len(mini.store.keys()) < 3 and time.monotonic() < deadline:
            time.sleep(0.1)
        for job in running_jobs(reach):
            subprocess.run(["scancel", "--signal=KILL", "--full", job], check=True,
                           env={**os.environ, **reach})  # fmt: skip
            cancelled.append(job)

    thread = threading.Thread(target=cancel)
    thread.start()
    code, out, err = finish(process)
    thread.join()
    assert len(cancelled) == 3
    assert code == 0, err
    assert "运行 12，沿用 0，失败 0" in out
    starts = Counter(path.name[:3] for path in log.iterdir())
    assert len(starts) == 12
    assert sum(starts.values()) <= 12 + 3, "only what was under way ran again"


def test_an_unknown_partition_is_refused_with_the_words_of_slurm(mini, reach):
    pages(mini, 1, "assert {i} == 0")
    code, _, err = finish(start(mini, reach, "--cluster-set", "slurm_partition=nowhere"))
    assert code == 2
    assert "作业交不上去" in err
    assert "invalid partition specified: nowhere" in err
    assert "Traceback" not in err
