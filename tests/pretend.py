"""Made-up runs in a throw-away project: records such as a run on a CPU or a GPU would leave.

There may be no GPU here, and a report of one is never invented: these stay in the tests.
"""

import subprocess
import textwrap
from dataclasses import replace

from dlnotes_site.project import write_atomically
from dlnotes_site.run.key import Environment, Keys
from dlnotes_site.run.store import Figure, Output, Record, Store, blob_name, write_manifest
from dlnotes_site.tasks.blocks import block_tasks

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


def pretend_run(mini, kind="cpu", leave_out=(), figures=(), **changes):
    """Leave the records of a run on a device of this kind, and make it the latest run.

    `figures` are SVG texts, given to every block; a block that is left out keeps an older record.
    """
    environment = Environment.current(kind)
    keys, store = Keys(environment, mini.project.source), Store(mini.project.records)
    drawn = [Figure([blob_name(svg)], [""], 400, 300) for svg in figures]
    for number, task in enumerate(block_tasks(mini.root)):
        text = changes.get("stdout", STDOUT[kind][number])
        record = Record(
            key=keys(task), kind="block", page=task.page, line=task.line,
            outputs=[Output(task.line, text, drawn, 0.1)], seconds=SECONDS[kind], peak_mib=9.0,
            device=DEVICE[kind], date="2026-11-20", environment=environment.to_json(),
        )  # fmt: skip
        if number not in leave_out:
            kept = {name: value for name, value in changes.items() if name != "stdout"}
            store.put(replace(record, **kept), figures)
    write_manifest(mini.project.manifest, environment)


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
