"""The container: what its image copies is enough to install, and its settings agree with it."""

import json
import re
import shutil
import subprocess
import sys
from zipfile import ZipFile

import pytest

from conftest import ROOT

FOLDER = ROOT / ".devcontainer"
DOCKERFILE = (FOLDER / "Dockerfile").read_text(encoding="utf-8")


def copied() -> list[str]:
    lines = re.findall(r"^COPY --chown=reader (.+) /tmp/dlnotes/\S*$", DOCKERFILE, re.MULTILINE)
    return [name for line in lines for name in line.split()]


def wheel_files(folder, names) -> list[str]:
    """Build the wheel from these files alone; nothing when it cannot be built."""
    for name in names:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run(command, cwd=folder, capture_output=True)
    return [name for path in folder.glob("dist/*.whl") for name in ZipFile(path).namelist()]


def complete(names: list[str]) -> bool:
    wanted = ("dlnotes/__init__.py", "licenses/LICENSE", "dlnotes/fonts/OFL.txt")
    return all(any(name.endswith(end) for name in names) for end in wanted)


def test_the_image_can_install_from_what_it_copies(tmp_path):
    assert complete(wheel_files(tmp_path, copied()))


@pytest.mark.parametrize("forgotten", ["LICENSE", "README.md", "hatch_build.py", "src"])
def test_the_image_guard_can_fail(tmp_path, forgotten):
    names = [name for name in copied() if name != forgotten]
    assert len(names) < len(copied())
    assert not complete(wheel_files(tmp_path, names))


def test_everything_copied_reaches_the_builder():
    ignore = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignore[1] == "*"
    assert {line[1:] for line in ignore if line.startswith("!")} == set(copied())


def test_devcontainer_json_agrees_with_the_image():
    text = (FOLDER / "devcontainer.json").read_text(encoding="utf-8")
    settings = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))
    assert (FOLDER / settings["build"]["dockerfile"]).is_file()
    assert (FOLDER / settings["build"]["context"]).resolve() == ROOT
    assert f"--uid 1000 --shell /bin/bash {settings['remoteUser']}" in DOCKERFILE
    python = settings["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert f"VIRTUAL_ENV={python.removesuffix('/bin/python')}" in DOCKERFILE
    exposed = re.search(r"^EXPOSE (.+)$", DOCKERFILE, re.MULTILINE)[1].split()
    assert [str(port) for port in settings["forwardPorts"]] == exposed


def test_the_image_has_chinese_fonts_a_browser_and_python_311():
    assert DOCKERFILE.count("FROM python:3.11-") == 1
    assert {"fonts-noto-cjk", "chromium"} <= set(DOCKERFILE.split())
