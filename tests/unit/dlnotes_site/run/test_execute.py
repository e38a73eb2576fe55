"""Executing one task: capture, isolation, faults. Every fault is provoked on purpose."""

import pytest

from conftest import MiniProject
from dlnotes_site.pages.collect import collect
from dlnotes_site.run.plan import execute_plan, make_plan
from dlnotes_site.tasks.task import Cell, Task


def one(mini, code: str, **options):
    """Run a page holding just this block; return (summary, record or None)."""
    body = "\n".join(["```python", *code.strip("\n").splitlines(), "```", ""])
    (mini.root / "docs" / "page.md").write_text(body, encoding="utf-8")
    summary = mini.run(**options)
    (block,) = [b for b in collect(mini.root) if b.page == "docs/page.md"]
    return summary, mini.results.block(block)


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
    assert mini.store.blob(record.figures[0].frames[0]).lstrip().startswith("<?xml")
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
    assert "scale(0.015625)" in mini.store.blob(record.figures[0].frames[0])


FAULTS = {
    "raises": ("x = [1]\nx[3]\nassert x == [1]", 3, "IndexError"),
    "assertion": ("a = 3\nassert a + 1 == 5", 3, "其中 a + 1 = 4"),
    "inside a function": (
        "def f():\n    raise KeyError('k')\n\nf()\nassert 1 == 1.0", 3, "KeyError"),
    "hangs": ("import time\nwhile True:\n    time.sleep(0.01)\nassert 1 == 1.0", None, "超过 2 秒"),
    "swallows the time limit": (
        "import time\nwhile True:\n    try:\n        time.sleep(0.01)\n    except BaseException:\n"
        "        pass\nassert 1 == 1.0", None, "超过 2 秒"),
    "hangs with alarms switched off": (
        "import signal, time\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
        "time.sleep(60)\nassert 1 == 1.0", 4, "信号也叫不醒"),
    "hangs in C": (
        "import signal, ctypes\n\nctypes.PyDLL(None).sleep(60)\nassert 1 == 1.0", 4, "超过 2 秒"),
    "prints a megabyte": ("print('x' * 1_000_000)\nassert 1 == 1.0", 2, "输出超过"),
    "exits": ("import sys\nsys.exit(0)\nassert 1 == 1.0", 3, "sys.exit"),
    "ends its process": ("import os\nos._exit(3)\nassert 1 == 1.0", 1, "退出码 3"),
    "crashes": ("import ctypes\nctypes.string_at(0)\nassert 1 == 1.0", 3, "SIGSEGV"),
    "is killed": (
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\nassert 1 == 1.0", 1, "SIGKILL"),
    "misses a package": ("import no_such_package\nassert 1 == 1.0", 2, "no_such_package"),
    "needs the network": (
        "import urllib.request\nurllib.request.urlopen('http://example.com')\nassert 1 == 1.0",
        3, "不许联网"),
    "raises KeyboardInterrupt": (
        "x = 1\nraise KeyboardInterrupt\nassert x == 1", 3, "KeyboardInterrupt"),
    "warns": ("import warnings\nwarnings.warn('小心')\nassert 1 == 1.0", 3, "小心"),
    "closes stdout": ("import sys\nsys.stdout.close()\nassert 1 == 1.0", 3, "关掉了标准输出"),
    "closes descriptor 1": ("import os\nos.close(1)\nassert 1 == 1.0", 1, "关掉了标准输出"),
    "replaces stdout": (
        "import io, sys\nsys.stdout = io.StringIO()\nassert 1 == 1.0", 1, "换掉了 sys.stdout"),
    "prints past stdout": (
        "import os\nos.write(1, b'hidden')\nassert 1 == 1.0", 1, "绕过 sys.stdout"),
    "prints what UTF-8 cannot hold": (
        "x = '\\ud800'\nprint(x)\nassert 1 == 1.0", 3, "UTF-8 写不出"),
    "leaves a thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(30,)).start()\n"
        "assert 1 == 1.0", 1, "还在运行的线程"),
    "leaves a child": (
        "import subprocess\nchild = subprocess.Popen(['sleep', '30'])\nassert 1 == 1.0",
        1, "还在运行的子进程"),
    "writes Chinese inside a formula": (
        "from matplotlib import pyplot as plt\nimport dlnotes.plotting\n\n"
        "plt.ylabel('$损失$')\nassert 1 == 1.0", None, "glyph"),
    "draws an unknown glyph": (
        "from matplotlib import pyplot as plt\n\nplt.title('\\u7fd2')\nassert 1 == 1.0", None,
        "missing from font"),
}  # fmt: skip

HARMLESS = {
    "deletes its folder": "import os, shutil\nshutil.rmtree(os.getcwd())\nassert 1 == 1.0",
    "patches torch": "import torch\ntorch.ones = torch.zeros\nassert torch.ones(1).item() == 0",
    "closes other descriptors' copies": "import os\nos.close(os.dup(1))\nassert 1 == 1.0",
}


@pytest.fixture(scope="module")
def faulty_run(tmp_path_factory):
    """One run over a page with every fault, and one healthy page."""
    mini = MiniProject(tmp_path_factory.mktemp("faults"))
    mini.page("```python\nprint('好')\nassert 2 == 2.0\n```\n", "docs/healthy.md")
    for number, (code, _, _) in enumerate(FAULTS.values()):
        mini.page(f"```python\n{code}\n```\n", f"docs/fault{number}.md")
    for number, code in enumerate(HARMLESS.values()):
        mini.page(f"```python\n{code}\n```\n", f"docs/harmless{number}.md")
    return mini.run(limit=2, jobs=2), mini.store.keys()


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
    assert len(keys) == 1 + len(HARMLESS)


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


def test_a_block_cannot_spoil_the_next_one_by_patching_torch(mini):
    mini.page("""
        ```python
        import torch

        torch.Tensor.sum = lambda self: 7
        torch.backends.cudnn.deterministic = True
        torch.use_deterministic_algorithms(True)
        assert torch.ones(2).sum() == 7
        ```

        ```python
        import torch

        assert torch.ones(2).sum() == 2
        assert not torch.backends.cudnn.deterministic
        assert not torch.are_deterministic_algorithms_enabled()
        ```
        """)
    assert mini.run().failures == {}


def test_a_lab_shares_variables_and_shows_the_last_value_of_each_cell(mini):
    cells = (Cell(4, "x = 3\nx\n", echo=True), Cell(9, "print(x + 1)\n", echo=True))
    tasks = [Task("lab", "docs/a.py", 1, cells)]
    plan = make_plan(mini.project, device="cpu", tasks=tasks)
    assert execute_plan(mini.project, plan, progress=False).ok
    (key,) = mini.store.keys()
    assert [(o.line, o.stdout) for o in mini.store.get(key).outputs] == [(4, "3\n"), (9, "4\n")]


def test_a_task_without_its_product_fails(mini):
    tasks = [Task("playground", "docs/page.md", 0, (Cell(0, code),), name, "product")
             for name, code in (("没有", "x = 1\n"), ("有", "product = '{}'\n"))]  # fmt: skip
    plan = make_plan(mini.project, device="cpu", tasks=tasks)
    summary = execute_plan(mini.project, plan, progress=False)
    assert list(summary.failures) == ["docs/page.md（没有）"]
    record = mini.store.get(plan.tasks[1].key)
    assert mini.store.blob(record.product) == "{}"


def test_a_failing_lab_cell_is_named_with_its_line(mini):
    mini.page("""
        # %%
        x = 1

        # %%
        y = x / 0
        """, "docs/labs/lab1.py")  # fmt: skip
    summary = mini.run(targets=["docs/labs/lab1.py"])
    (failure,) = summary.failures.values()
    assert failure.startswith("docs/labs/lab1.py:5：ZeroDivisionError")
    assert "y = x / 0" in failure
