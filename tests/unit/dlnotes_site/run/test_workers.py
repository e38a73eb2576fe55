"""Worker processes: one per task on CPU, a lasting one elsewhere; a dying one costs its task."""

import multiprocessing
import time
from dataclasses import replace

from dlnotes_site.run import workers
from dlnotes_site.run.plan import make_plan
from dlnotes_site.run.workers import Settings, run_tasks


def test_where_processes_cannot_fork_each_starts_on_its_own(mini, monkeypatch):
    # Windows; the page that kills its worker shows that another one takes over
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    assert workers._context(1).get_start_method() == "spawn"
    mini.page("```python\nprint('好')\nassert 2 == 2.0\n```\n", "docs/good.md")
    mini.page("```python\nimport os\nos._exit(0)\nassert 1 == 1.0\n```\n", "docs/killed.md")
    summary = mini.run(jobs=2)
    assert list(summary.failures) == ["docs/killed.md:1"]
    assert len(mini.store.keys()) == 1


class Lasting(Settings):
    """Settings of a GPU run, on a machine without one: the worker is kept."""

    resident = True


def test_a_lasting_worker_serves_many_tasks_and_forgets_each(mini):
    # what the CUDA worker does, on the CPU
    pages = {
        "a": "import os, sys, torch\nprint(os.getpid())\nsys.path.insert(0, 'leak')\n"
             "torch.set_default_dtype(torch.float64)\ntorch.backends.cudnn.benchmark = True\n"
             "torch.backends.cuda.matmul.allow_tf32 = True\nos.environ['LEAK'] = '1'",
        "b": "import os, sys, torch\nprint(os.getpid())\nassert 'leak' not in sys.path\n"
             "assert torch.get_default_dtype() == torch.float32\n"
             "assert not torch.backends.cudnn.benchmark\n"
             "assert not torch.backends.cuda.matmul.allow_tf32\nassert 'LEAK' not in os.environ",
        "c": "import os, torch\nprint(os.getpid())\ntorch.Tensor.sum = lambda self: 7",
        "d": "import os, torch\nprint(os.getpid())\nassert torch.ones(2).sum() == 2\n"
             "torch.nn.Linear.forward = lambda self, x: 0 * x",
        "e": "import os\nos._exit(3)",
        "f": "import os\nprint(os.getpid())",
    }  # fmt: skip
    for name, code in pages.items():
        mini.page(f"```python\n{code}\nassert 1 == 1.0\n```\n", f"docs/{name}.md")
    plan = make_plan(mini.project, device="cpu")
    settings = Lasting(mini.root, mini.project.records, plan.environment, 30)
    results = list(run_tasks([(p.task, p.key) for p in plan.tasks], settings, 1))
    failures = {r.task.page: r.failure for r in results if r.failure}
    assert list(failures) == ["docs/e.md"]
    pid = {p.task.page: mini.store.get(p.key).stdout for p in plan.tasks
           if p.task.page not in failures}  # fmt: skip
    assert pid["docs/a.md"] == pid["docs/b.md"] == pid["docs/c.md"]
    assert pid["docs/d.md"] != pid["docs/c.md"]  # it had patched torch
    assert pid["docs/f.md"] != pid["docs/d.md"]  # the one before had died


def test_every_task_on_the_cpu_has_a_process_of_its_own(mini):
    for name in "abc":
        mini.page(
            "```python\nimport os\nprint(os.getpid())\nassert 1 == 1.0\n```\n", f"docs/{name}.md"
        )
    mini.page("```python\nimport os\nprint(os.getpid() + 0)\nassert 1 == 1.0\n```\n", "docs/d.md")
    assert mini.run().ok
    records = [mini.store.get(key) for key in sorted(mini.store.keys())]
    assert len({record.stdout for record in records}) == len(records) == 2


def test_the_number_of_threads_is_fixed_however_many_tasks_are_stale(mini):
    page = mini.page("""
        ```python
        import torch

        print(torch.get_num_threads())
        assert 1 == 1.0
        ```

        ```python
        import torch

        print(torch.get_num_threads(), "again")
        assert 1 == 1.0
        ```
        """)
    mini.run(jobs=2)
    page.write_text(
        page.read_text(encoding="utf-8").replace("again", "once more"), encoding="utf-8"
    )
    assert mini.run(jobs=2).run == 1
    assert {mini.store.get(key).stdout.split()[0] for key in sorted(mini.store.keys())} == {"1"}


def test_another_number_of_threads_is_another_key(mini):
    mini.page("```python\nimport torch\nprint(torch.get_num_threads())\nassert 1 == 1.0\n```\n")
    assert (mini.run().run, mini.run(threads=2).run, mini.run(threads=2).run) == (1, 1, 0)
    assert {mini.store.get(key).stdout for key in sorted(mini.store.keys())} == {"1\n", "2\n"}
    assert mini.results.environment == replace(mini.results.environment, threads=2)


def test_a_lasting_worker_starts_each_task_without_old_figures_and_flags(mini):
    mini.page("""
        ```python
        import torch
        from matplotlib import pyplot as plt

        plt.plot([1, 2])
        torch.autograd.set_detect_anomaly(True)
        assert 1 == 2
        ```
        """, "docs/a.md")  # fmt: skip
    mini.page("""
        ```python
        import torch
        from matplotlib import pyplot as plt

        assert plt.get_fignums() == []
        assert not torch.is_anomaly_enabled()
        ```
        """, "docs/b.md")  # fmt: skip
    plan = make_plan(mini.project, device="cpu")
    settings = Lasting(mini.root, mini.project.records, plan.environment, 30)
    results = list(run_tasks([(p.task, p.key) for p in plan.tasks], settings, 1))
    assert [r.task.page for r in results if r.failure] == ["docs/a.md"]


def test_an_interrupted_run_leaves_no_process_and_no_folder(mini, tmp_path, monkeypatch):
    folders = tmp_path / "folders"
    folders.mkdir()
    monkeypatch.setattr(workers.tempfile, "tempdir", str(folders))
    mini.page("```python\nassert 1 + 1 == 2\n```\n", "docs/a.md")
    mini.page("""
        ```python
        import itertools
        for i in itertools.count():
            open(f"{i % 100}.txt", "w").close()
        assert 1 == 1.0
        ```
        """, "docs/b.md")  # fmt: skip
    plan = make_plan(mini.project, device="cpu")
    settings = Settings(mini.root, mini.project.records, plan.environment, 60)
    crew = run_tasks([(p.task, p.key) for p in plan.tasks], settings, 2)
    assert next(crew).task.page == "docs/a.md"
    deadline = time.monotonic() + 30
    while not list(folders.glob("*/work/*.txt")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(folders.glob("*/work/*.txt"))  # the other one is writing
    crew.close()
    assert list(folders.iterdir()) == []
