"""The readers' wheel: what is in it, and that it is built once."""

import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from conftest import ROOT
from dlnotes_site.publish import wheel
from dlnotes_site.weave.addresses import wheel_name, wheel_url


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of what the wheel is made of."""
    root = tmp_path_factory.mktemp("wheel")
    for path in wheel.sources(ROOT):
        target = root / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    (root / "src" / "dlnotes_site").mkdir()
    (root / "src" / "dlnotes_site" / "__init__.py").write_text("")
    return root


@pytest.fixture(scope="module")
def built(project):
    return wheel.cached_wheel(project)


def git(root, *arguments):
    command = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
    environment = {**os.environ, "GIT_COMMITTER_DATE": "2026-11-23T01:40:00Z"}
    subprocess.run(command, check=True, capture_output=True, env=environment)


def test_the_wheel_has_the_name_that_pages_compute(project, built):
    assert built.name == wheel_name(project) == "dlnotes_zh-0.1.0-py3-none-any.whl"


def test_the_version_is_that_of_the_last_commit_that_changed_the_package(project, tmp_path):
    root = tmp_path / "checkout"
    shutil.copytree(project, root, ignore=shutil.ignore_patterns("build"))
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "package")
    name = "dlnotes_zh-0.1.0.post202611230140"
    assert wheel_name(root) == f"{name}-py3-none-any.whl"
    (root / "docs").mkdir()
    (root / "docs" / "index.md").write_text("# 题\n", encoding="utf-8")
    assert wheel_name(root) == f"{name}-py3-none-any.whl", "a page is not the package"
    with (root / "src" / "dlnotes" / "device.py").open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    assert wheel_name(root) == f"{name}+local-py3-none-any.whl"


def test_the_wheel_holds_dlnotes_with_its_font_and_no_site_tooling(built):
    names = zipfile.ZipFile(built).namelist()
    assert "dlnotes/training/loop.py" in names
    assert "dlnotes/fonts/DLNotesSansSC-Regular.otf" in names
    assert not [name for name in names if name.startswith("dlnotes_site")]
    assert not [name for name in names if name.endswith("entry_points.txt")]


def test_the_wheel_asks_for_the_few_dependencies_of_a_reader(built):
    archive = zipfile.ZipFile(built)
    name = next(n for n in archive.namelist() if n.endswith("METADATA"))
    metadata = archive.read(name).decode()
    needed = re.findall(r"^Requires-Dist: ([\w-]+)[^;\n]*$", metadata, re.M)
    wanted = ["jaxtyping", "matplotlib", "numpy", "pillow", "scikit-image", "scikit-learn",
              "scipy", "torch", "tqdm"]  # fmt: skip
    assert sorted(needed) == wanted


def test_an_editable_install_keeps_the_command_and_finds_the_site_tooling(project, tmp_path):
    code = f"from hatchling.build import build_editable; print(build_editable({str(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True,
                          text=True, check=True)  # fmt: skip
    archive = zipfile.ZipFile(tmp_path / done.stdout.split()[-1])
    texts = {name: archive.read(name).decode() for name in archive.namelist()}
    (path,) = (text.strip() for name, text in texts.items() if name.endswith(".pth"))
    assert os.path.samefile(path, project / "src")
    assert any(
        "dlnotes-site" in text for n, text in texts.items() if n.endswith("entry_points.txt")
    )


def test_the_wheel_is_built_once_and_again_after_a_change(project, built, monkeypatch):
    before = built.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(wheel, "build_wheel", lambda *args: pytest.fail("built again"))
        assert wheel.cached_wheel(project).read_bytes() == before
    path = project / "src" / "dlnotes" / "device.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert wheel.cached_wheel(project).read_bytes() != before


def test_a_wheel_that_cannot_be_built_says_why(project, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "?"\n')
    with pytest.raises(ValueError, match="建 wheel 失败"):
        wheel.build_wheel(tmp_path, tmp_path / "out")


def test_the_site_serves_the_wheel_and_a_page_that_lists_it(project, built):
    docs = project / "build" / "docs"
    (docs / "wheels").mkdir(parents=True)
    (docs / "wheels" / "dlnotes_zh-0.0.1-py3-none-any.whl").write_bytes(b"old")
    wheel.write_wheel(project, docs)
    name = wheel_name(project)
    assert sorted(path.name for path in (docs / "wheels").iterdir()) == [name, "index.html"]
    assert f'href="{name}#sha256=' in (docs / "wheels" / "index.html").read_text(encoding="utf-8")


def test_the_address_of_the_wheel_follows_the_site(monkeypatch, tmp_path):
    monkeypatch.setenv("DLNOTES_SITE_URL", "https://notes.example/zh")
    assert wheel_url(ROOT) == f"https://notes.example/zh/wheels/{wheel_name(ROOT)}"
    assert wheel_url(tmp_path) is None
