"""Running blocks: isolation, capture, faults, reuse. Every fault is provoked on purpose."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from conftest import MiniProject
from dlnotes_site import workers
from dlnotes_site.record import key
from dlnotes_site.runner import missing


def one(mini, code: str, **options):
    """Run a page holding just this block; return (summary, record or None)."""
    body = "\n".join(["```python", *code.strip("\n").splitlines(), "```", ""])
    (mini.root / "docs" / "page.md").write_text(body, encoding="utf-8")
    summary = mini.run(**options)
    from dlnotes_site.collect import collect

    (block,) = [b for b in collect(mini.root) if b.page == "docs/page.md"]
    environment = mini.project.environment()
    return summary, mini.project.store.get(key(block, environment, mini.project.source))


def test_a_good_block_leaves_its_output_figure_device_and_time(mini):
    summary, record = one(
        mini,
        """
import torch
from dlnotes.plotting import subplots

fig, ax = subplots(figsize=(4, 3))
ax.set_title("标题")
print("和", torch.ones(2).sum().item())
assert ax.get_title() == "标题"
""",
    )
    assert summary.ok
    assert (summary.run, summary.reused) == (1, 0)
    assert record.stdout == "和 2.0\n"
    assert record.figures[0].frames[0].lstrip().startswith("<?xml")
    assert (record.figures[0].width, record.figures[0].height) == (400, 300)
    assert record.device == "CPU"
    assert record.seconds > 0
    assert record.peak_mib > 10


def test_figures_keep_the_scale_of_their_glyphs(mini):
    _, record = one(
        mini,
        """
from dlnotes.plotting import subplots

fig, ax = subplots(figsize=(4, 3))
ax.set_title("abc")
assert ax is not None
""",
    )
    assert "scale(0.015625)" in record.figures[0].frames[0]


FAULTS = {
    "raises": ('x = [1]\nx[3]\nassert x == [1]', 3, "IndexError"),
    "assertion": ("a = 3\nassert a + 1 == 5", 3, "其中 a + 1 = 4"),
    "inside a function": (
        "def f():\n    raise KeyError('k')\n\nf()\nassert 1 == 1.0", 3, "KeyError"),
    "hangs": ("import time\nwhile True:\n    time.sleep(0.01)\nassert 1 == 1.0", None, "超过 2 秒"),
    "swallows the time limit": (
        "import time\nwhile True:\n    try:\n        time.sleep(0.01)\n    except Exception:\n"
        "        pass\nassert 1 == 1.0", None, "超过 2 秒"),
    "prints a megabyte": ("print('x' * 1_000_000)\nassert 1 == 1.0", 2, "输出超过"),
    "exits": ("import sys\nsys.exit(0)\nassert 1 == 1.0", 3, "sys.exit"),
    "kills its process": ("import os\nos._exit(0)\nassert 1 == 1.0", 1, "进程死了"),
    "misses a package": ("import no_such_package\nassert 1 == 1.0", 2, "no_such_package"),
    "warns": ("import warnings\nwarnings.warn('小心')\nassert 1 == 1.0", 3, "小心"),
    "writes Chinese inside a formula": (
        "from matplotlib import pyplot as plt\nimport dlnotes.plotting\n\n"
        "plt.ylabel('$损失$')\nassert 1 == 1.0", None, "glyph"),
    "draws an unknown glyph": (
        "from matplotlib import pyplot as plt\n\nplt.title('\\u7fd2')\nassert 1 == 1.0", None,
        "missing from font"),
}  # fmt: skip


@pytest.fixture(scope="module")
def faulty_run(tmp_path_factory):
    """One run over a page with every fault, and one healthy page."""
    mini = MiniProject(tmp_path_factory.mktemp("faults"))
    mini.page("```python\nprint('好')\nassert 2 == 2.0\n```\n", "docs/healthy.md")
    for number, (code, _, _) in enumerate(FAULTS.values()):
        mini.page(f"```python\n{code}\n```\n", f"docs/fault{number}.md")
    return mini.run(limit=2, jobs=2), mini.project.store.keys()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_block_fails_with_page_and_line(faulty_run, fault):
    summary, _ = faulty_run
    _, line, message = FAULTS[fault]
    page = f"docs/fault{list(FAULTS).index(fault)}.md"
    (text,) = [text for where, text in summary.failures.items() if where.startswith(f"{page}:")]
    assert text.startswith(f"{page}:{line or ''}")
    assert message in text


def test_faulty_blocks_spare_the_others_and_turn_the_run_red(faulty_run):
    summary, keys = faulty_run
    assert not summary.ok
    assert len(summary.failures) == len(FAULTS)
    assert len(keys) == 1


def test_where_processes_cannot_fork_each_starts_on_its_own(mini, monkeypatch):
    # Windows; the page that kills its worker shows that another one takes over
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    assert workers._context().get_start_method() == "spawn"
    mini.page("```python\nprint('好')\nassert 2 == 2.0\n```\n", "docs/good.md")
    mini.page("```python\nimport os\nos._exit(0)\nassert 1 == 1.0\n```\n", "docs/killed.md")
    summary = mini.run(jobs=2)
    assert list(summary.failures) == ["docs/killed.md:1"]
    assert len(mini.project.store.keys()) == 1


def test_a_wrong_expected_output_fails_and_shows_both(mini):
    mini.page("""
        ```python
        print("甲")
        ```

        <!--pytest-codeblocks:expected-output-->
        ```
        乙
        ```
        """)
    (text,) = mini.run().failures.values()
    assert text.startswith("docs/page.md:1：输出与预期不符")
    assert "乙" in text
    assert "甲" in text


def test_blocks_do_not_leak_state_into_each_other(mini):
    mini.page("""
        ```python
        import os
        import sys

        import matplotlib as mpl
        import numpy as np
        import torch

        leaked = 1
        sys.path.insert(0, "leak")
        os.environ["LEAK"] = "1"
        os.chdir("..")
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        torch.set_num_threads(3)
        np.set_printoptions(precision=1)
        mpl.rcParams["lines.linewidth"] = 77
        import dlnotes.plotting
        dlnotes.plotting.LIGHT["ink"] = "leak"
        assert leaked == 1
        ```

        ```python
        import os
        import sys
        from pathlib import Path

        import matplotlib as mpl
        import numpy as np
        import torch
        from dlnotes.plotting import LIGHT

        assert __name__ == "__main__"
        assert "leaked" not in globals()
        assert "leak" not in sys.path
        assert "LEAK" not in os.environ
        assert list(Path.cwd().iterdir()) == []
        assert torch.get_default_dtype() == torch.float32
        assert torch.is_grad_enabled()
        assert torch.get_num_threads() != 3
        assert np.get_printoptions()["precision"] == 8
        assert mpl.rcParams["lines.linewidth"] < 5
        assert LIGHT["ink"] != "leak"
        ```
        """)
    assert mini.run().failures == {}


def test_ambient_random_state_is_scrambled_before_every_block(mini):
    code = (
        "import random, numpy, torch\n"
        "print(random.random(), numpy.random.rand(), torch.rand(1).item())\nassert 1 == 1.0"
    )
    first = one(mini, code)[1].stdout.split()
    second = one(mini, code, fresh=True)[1].stdout.split()
    assert all(a != b for a, b in zip(first, second, strict=True))


def test_files_written_by_a_block_do_not_land_in_the_repository(mini):
    before = set((mini.root / "docs").rglob("*"))
    summary, _ = one(mini, "open('out.txt', 'w').close()\nassert 1 == 1.0")
    assert summary.ok
    assert {p.name for p in (mini.root / "docs").rglob("*")} - {p.name for p in before} == {
        "page.md"
    }


def test_an_animation_is_kept_frame_by_frame(mini):
    _, record = one(
        mini,
        """
from dlnotes.data import spiral
from dlnotes.models import mlp
from dlnotes.plotting import animate_regions

X, y = spiral(5, seed=0)
animation = animate_regions([mlp([2, 3], seed=s) for s in range(3)], X, y, ["一", "二", "三"])
assert animation is not None
""",
    )
    (figure,) = record.figures
    assert figure.labels == ["一", "二", "三"]
    assert len(set(figure.frames)) == 3


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
    path = next(mini.project.store.folder.glob("*.json"))
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
    keys = mini.project.store.keys()
    for path in mini.project.store.folder.iterdir():  # the second machine starts without records
        path.rename(mini.root / path.name)
    second = mini.run(shard=(2, 2))
    assert first.run + second.run == 5
    assert abs(first.run - second.run) == 1
    assert not keys & mini.project.store.keys()
    for path in mini.root.glob("*.json"):
        path.rename(mini.project.store.folder / path.name)
    assert mini.run().run == 0
    with pytest.raises(ValueError, match="3/2"):
        mini.run(shard=(3, 2))


def test_records_of_another_environment_can_be_published_as_they_are(mini):
    mini.page(TWO)
    assert len(missing(mini.project)) == 2
    mini.run()
    manifest = json.loads(mini.project.manifest.read_text(encoding="utf-8"))
    assert missing(mini.project) == []
    manifest["versions"]["torch"] = "9.9"  # as if the records came from elsewhere, and were lost
    mini.project.manifest.write_text(json.dumps(manifest), encoding="utf-8")
    assert len(missing(mini.project)) == 2


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
    while not mini.project.store.keys() and time.monotonic() < deadline:
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert len(mini.project.store.keys()) == 1
    mini.page("```python\nassert 2 + 1 == 3\n```\n", "docs/b.md")
    summary = mini.run()
    assert (summary.run, summary.reused, summary.ok) == (1, 1, True)
