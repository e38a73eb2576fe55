"""Shared fixtures: a headless matplotlib, and a small project to run blocks in."""

import os
import textwrap
from pathlib import Path

import matplotlib as mpl
import pytest
import torch
from jaxtyping import config as jaxtyping_config
from jaxtyping import install_import_hook

install_import_hook("dlnotes", "typecheck.checked")  # shapes and types, checked on every call

ROOT = Path(__file__).resolve().parents[1]

mpl.use("Agg")
torch.set_num_threads(1)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Tests of one group share a worker, and so its dear fixtures.

    pytest-xdist 3.8 writes the group where pytest 9.2 no longer looks for the name of a test.
    """
    for item in items if getattr(config.option, "loadgroup", False) else ():
        groups = {str(mark.args[0]) for mark in item.iter_markers("xdist_group")}
        suffix = f"@{'_'.join(sorted(groups))}"
        if groups and not item.nodeid.endswith(suffix):
            item._id = type(item.id).parse(item.nodeid + suffix)


@pytest.fixture(autouse=True)
def _tidy_figures():
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


@pytest.fixture
def unchecked():
    """Readers have no run-time type checker: see the error that they would see."""
    jaxtyping_config.update("jaxtyping_disable", True)
    yield
    jaxtyping_config.update("jaxtyping_disable", False)


class MiniProject:
    """A throw-away notes repository whose `src` is the real one."""

    def __init__(self, root: Path):
        from dlnotes_site.project import Project

        self.root = root
        (root / "docs").mkdir()
        os.symlink(ROOT / "src", root / "src")
        self.project = Project(root)

    def page(self, text: str, name: str = "docs/page.md") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
        return path

    def run(self, **options):
        from dlnotes_site.run.plan import run

        return run(self.project, **{"device": "cpu", "jobs": 1, "progress": False, **options})

    @property
    def store(self):
        from dlnotes_site.run.store import Store

        return Store(self.project.records)

    @property
    def results(self):
        """What the last run left: Results finds the record of a task or a block."""
        from dlnotes_site.run.results import Results

        return Results(self.project)


@pytest.fixture
def mini(tmp_path) -> MiniProject:
    return MiniProject(tmp_path)
