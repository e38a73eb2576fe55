"""The import contracts of both packages, seen failing for every kind of wrong import."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

WRONG = [
    ("dlnotes/_core/text.py", "dlnotes.device", "_core is not allowed to import dlnotes.device"),
    ("dlnotes/data/split.py", "dlnotes.nn", "data is not allowed to import dlnotes.nn"),
    ("dlnotes/training/loop.py", "dlnotes.plotting", "training is not allowed to import"),
    ("dlnotes/plotting/style.py", "dlnotes.plot_lib", "plotting is not allowed to import"),
    ("dlnotes/models/mlp.py", "dlnotes_site.cli", "dlnotes.models.mlp -> dlnotes_site.cli"),
    ("dlnotes/stray.py", "torch", "stray"),
    ("dlnotes_site/project.py", "dlnotes_site.pages", "project is not allowed to import"),
    ("dlnotes_site/pages/prose.py", "dlnotes_site.run.store", "pages is not allowed to import"),
    ("dlnotes_site/tasks/blocks.py", "dlnotes_site.run.key", "tasks is not allowed to import"),
    ("dlnotes_site/run/plan.py", "dlnotes_site.weave.site", "run is not allowed to import"),
    ("dlnotes_site/compare/runs.py", "dlnotes_site.weave", "compare is not allowed to import"),
    ("dlnotes_site/weave/report.py", "dlnotes_site.publish", "weave is not allowed to import"),
    ("dlnotes_site/publish/site.py", "dlnotes_site.cli", "publish is not allowed to import"),
    ("dlnotes_site/stray.py", "torch", "stray"),
]


def lint_imports(folder: Path) -> subprocess.CompletedProcess:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture
def copy(tmp_path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_each_package_imports_only_packages_before_it(copy):
    done = lint_imports(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("file", "module", "complaint"), WRONG, ids=[w[0] for w in WRONG])
def test_a_wrong_import_breaks_a_contract(copy, file, module, complaint):
    path = copy / "src" / file
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{before}\nimport {module}\n", encoding="utf-8")
    done = lint_imports(copy)
    assert done.returncode != 0
    assert complaint in " ".join(done.stdout.split())
