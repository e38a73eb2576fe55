"""Two cold runs on one machine give the same records, apart from times and memory."""

import shutil

import pytest

from conftest import MiniProject
from dlnotes_site.compare.runs import compare, load

PAGES = {
    "training": """
        from dlnotes.data import spiral
        from dlnotes.models import mlp
        from dlnotes.plotting import draw_regions
        from dlnotes.training import fit

        X, y = spiral(60, seed=0)
        model = mlp([2, 20, 3], seed=0)
        history = fit(model, X, y, lr=1e-2, num_epochs=30)
        draw_regions(model, X, y)
        print(history.train_loss[-1], {word for word in ("甲", "乙", "丙")} == {"丙", "乙", "甲"})
        assert history.train_loss[-1] < history.train_loss[0]
        """,
    "seeds": """
        from dlnotes.data import spiral
        from dlnotes.models import mlp
        from dlnotes.plotting import subplots
        from dlnotes.training import fit_seeds

        make = lambda seed: mlp([2, 16, 3], seed=seed)
        runs = fit_seeds(make, spiral(30, seed=0), seeds=range(4), lr=1e-2, num_epochs=20)
        loss = runs.final("train_loss")[0]
        fig, ax = subplots(figsize=(4, 3))
        ax.plot(loss, "o")
        print(loss.tolist())
        assert loss.shape == (4,)
        """,
    "animation": """
        from dlnotes.data import spiral
        from dlnotes.models import mlp
        from dlnotes.plotting import animate_regions

        X, y = spiral(5, seed=0)
        models = [mlp([2, 3], seed=seed) for seed in range(3)]
        animation = animate_regions(models, X, y, ["一", "二", "三"])
        assert animation is not None
        """,
    "pictures": """
        import torch
        from dlnotes.data import digits
        from dlnotes.plotting import subplots

        images = digits()[0]
        fig, axes = subplots(1, 2, figsize=(4, 2))
        axes[0].imshow(images[0].reshape(8, 8).numpy())
        axes[1].scatter(*torch.randn(2, 50, generator=torch.Generator().manual_seed(0)).numpy())
        print(float(images.sum()))
        assert len(images) > 0
        """,
    "timing": """
        from dlnotes.device import time_call

        print(f"{1e6 * time_call(lambda: sum(range(99))):.3f} 微秒")
        assert 1 + 1 == 2
        """,
}
UNSEEDED = """
    import torch

    print(torch.randn(3).tolist())
    assert 1 + 1 == 2
    """


def page(mini, name: str, code: str):
    import textwrap

    mini.page(f"```python\n{textwrap.dedent(code).strip()}\n```\n", f"docs/{name}.md")


def two_cold_runs(mini):
    """Run everything in two worker processes, put the records aside, and run it all again."""
    for folder in ("first", "second"):
        summary = mini.run(jobs=2)
        assert summary.ok, summary.failures
        assert summary.reused == 0
        (mini.root / "build").rename(mini.root / folder)
    return compare(
        mini.project, *(load(mini.project, mini.root / name) for name in ("first", "second"))
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    mini = MiniProject(tmp_path_factory.mktemp("cold"))
    for name, code in PAGES.items():
        page(mini, name, code)
    page(mini, "unseeded", UNSEEDED)
    yield two_cold_runs(mini)
    shutil.rmtree(mini.root)


def test_two_cold_runs_give_the_same_records_for_every_kind_of_block(result):
    assert result.compared == len(PAGES) + 1
    assert result.timed == 1
    assert [p for p in result.problems if "unseeded" not in p.page] == []


def test_a_block_that_forgot_its_seed_is_found_out(result):
    (problem,) = result.problems
    assert (problem.page, problem.line) == ("docs/unseeded.md", 1)
    assert "输出不同" in problem.message
