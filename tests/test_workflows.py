"""The workflows: pinned, least permissions, and no stranger's code on our own machine."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from conftest import ROOT

FOLDER = ROOT / ".github" / "workflows"
NAMES = sorted(path.name for path in FOLDER.glob("*.yml"))
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
LOCAL = "uses: ./.github/workflows/"
FOREIGN = {"pull_request", "pull_request_target", "workflow_run", "issue_comment", "issues"}


def read(name: str, folder: Path = FOLDER) -> dict:
    text = (folder / name).read_text(encoding="utf-8")
    return yaml.safe_load(text.replace("\non:", "\n'on':", 1))


def triggers(workflow: dict) -> set[str]:
    on = workflow["on"]
    return {on} if isinstance(on, str) else set(on)


def problems(name: str, folder: Path = FOLDER) -> list[str]:
    """What breaks the rules that linters do not know."""
    text, workflow = (folder / name).read_text(encoding="utf-8"), read(name, folder)
    found = [f"not pinned: {line.strip()}" for line in text.splitlines()
             if "uses: " in line and LOCAL not in line and not PINNED.search(line)]  # fmt: skip
    if workflow.get("permissions") != {}:
        found.append("permissions not taken away from every job that asks for none")
    if "concurrency" not in workflow:
        found.append("no concurrency group")
    for key, job in workflow["jobs"].items():
        found += [f"{key}: {problem}" for problem in _job_problems(job, workflow)]
    return found


def _job_problems(job: dict, workflow: dict) -> list[str]:
    found = []
    if "permissions" not in job:
        found.append("no permissions of its own")
    if "uses" not in job and "timeout-minutes" not in job:
        found.append("no time limit")
    if "self-hosted" in job.get("runs-on", ()):
        if triggers(workflow) & FOREIGN:
            found.append("a stranger can start our own machine")
        if "github.ref == 'refs/heads/main'" not in str(job.get("if")):
            found.append("our own machine would run any branch")
        if "@sha256:" not in str(job.get("container")):
            found.append("not in a pinned container but on our own machine itself")
    for step in job.get("steps", ()):
        if "actions/checkout" in step.get("uses", ""):
            found += _checkout_problems(step)
        if "actions/setup-python" in step.get("uses", ""):
            found += _cache_problems(step)
    return found


def _checkout_problems(step: dict) -> list[str]:
    kept = step.get("with", {}).get("persist-credentials", True)
    return ["the token stays in the checkout"] if kept else []


def _cache_problems(step: dict) -> list[str]:
    options = step["with"]
    cached, by = options.get("cache"), options.get("cache-dependency-path")
    return ["a cache not keyed by constraints.txt"] if cached and by != "constraints.txt" else []


@pytest.mark.parametrize("name", NAMES)
def test_workflows_keep_the_rules(name):
    assert problems(name) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "what"),
    [
        ("ci.yml", "de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2", "v6", "not pinned"),
        ("ci.yml", "permissions: {}", "permissions: read-all", "permissions not taken away"),
        ("ci.yml", "concurrency:", "notes:", "no concurrency group"),
        ("ci.yml", "    timeout-minutes: 60\n", "", "no time limit"),
        ("ci.yml", "persist-credentials: false", "fetch-depth: 0", "the token stays"),
        ("ci.yml", "cache-dependency-path: constraints.txt", "cache-dependency-path: x", "keyed"),
        ("publish.yml", "  workflow_dispatch:", "  pull_request:", "a stranger can start"),
        ("weekly.yml", "  workflow_dispatch:", "  workflow_run:", "a stranger can start"),
        ("weekly.yml", " && github.ref == 'refs/heads/main'\n", "\n", "would run any branch"),
        ("weekly.yml", "    permissions:\n      contents: read\n", "", "no permissions of its own"),
        ("publish.yml", "    container:\n", "    notes:\n", "on our own machine itself"),
    ],
)
def test_the_workflow_guard_can_fail(tmp_path, name, old, new, what):
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new), encoding="utf-8")
    assert any(what in problem for problem in problems(name, tmp_path))


def test_the_workflows_start_when_they_should():
    assert NAMES == ["ci.yml", "publish.yml", "readers.yml", "weekly.yml"]
    assert triggers(read("ci.yml")) == {"pull_request", "workflow_dispatch"}
    assert triggers(read("publish.yml")) == {"push", "workflow_dispatch"}
    assert triggers(read("readers.yml")) == {"workflow_call"}
    assert triggers(read("weekly.yml")) == {"schedule", "workflow_dispatch"}
    assert [step.get("run") for step in read("ci.yml")["jobs"]["test"]["steps"]][2] == ".ci/run"


def needs(jobs: dict, name: str) -> set[str]:
    """All jobs that must have ended before this one, directly or not."""
    wanted = jobs[name].get("needs", [])
    wanted = {wanted} if isinstance(wanted, str) else set(wanted)
    return wanted.union(*(needs(jobs, one) for one in wanted))


def artifacts(job: dict, what: str) -> set[str]:
    options = [step["with"] for step in job["steps"] if f"/{what}-artifact" in step.get("uses", "")]
    return {given.get("name") or given["pattern"] for given in options}


def test_publishing_is_one_line_run_verify_deploy():
    jobs = read("publish.yml")["jobs"]
    assert needs(jobs, "deploy") == {"run", "gpu", "verify", "readers", "notebooks"}
    for name in ("readers", "notebooks", "deploy"):
        (before,) = [jobs[name]["needs"]]
        assert f"needs.{before}.result == 'success'" in jobs[name]["if"], "nothing after a failure"
    commands = [step["run"] for step in jobs["verify"]["steps"] if "run" in step]
    assert commands == ["make collect", ".ci/packages", "make lint", "make verify"]
    steps = [s for name in ("notebooks", "deploy") for s in jobs[name]["steps"]]
    assert not [s for s in steps if "checkout" in s.get("uses", "")], "built nowhere but in verify"


def test_the_records_published_are_those_of_the_same_run():
    jobs = read("publish.yml")["jobs"]
    devices = [step["env"]["DLNOTES_DEVICE"] for step in jobs["gpu"]["steps"] if "env" in step]
    assert devices == ["cpu", "cuda"]  # the last run is the one published
    assert artifacts(jobs["gpu"], "upload") == {"records-gpu", "gpu-report"}
    taken = [s["with"] for s in jobs["verify"]["steps"] if "download" in s.get("uses", "")]
    names = {options.get("name") or options["pattern"] for options in taken}
    assert names == {"records-shard-*", "records-gpu", "gpu-report"}
    assert all("run-id" not in options for options in taken)  # of this run, hence of this commit
    given = artifacts(read("ci.yml")["jobs"]["test"], "upload")
    assert given <= artifacts(jobs["verify"], "upload")
    for name in ("audit", "copytest"):
        assert artifacts(read("readers.yml")["jobs"][name], "download") == given == {"records"}


def test_the_weekly_matrix_has_every_python_and_the_oldest_torch():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    matrix = read("weekly.yml")["jobs"]["versions"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert project["requires-python"] == f">={matrix['python'][0]}"
    (oldest,) = matrix["include"]
    (wanted,) = [line for line in project["dependencies"] if line.startswith("torch")]
    assert wanted == f"torch>={oldest['torch'].removesuffix('.0')}"


# --- the linters --------------------------------------------------------------------------------


def lint(tool: str, *arguments: str, where: Path = ROOT) -> subprocess.CompletedProcess:
    program = shutil.which(tool, path=str(Path(sys.executable).parent))
    assert program, f"{tool} is not installed"
    return subprocess.run([program, *arguments], cwd=where, capture_output=True, text=True)


JACTIONLINT = ("jactionlint", "--strict-exit", "--profile", "default", "--shellcheck=")
ZIZMOR = ("zizmor", "--offline", "--quiet", ".github")


@pytest.mark.parametrize("command", [JACTIONLINT, ZIZMOR], ids=lambda command: command[0])
def test_linters_find_nothing_in_our_workflows(command):
    done = lint(*command)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", [JACTIONLINT, ZIZMOR], ids=lambda command: command[0])
def test_the_linters_can_fail(tmp_path, command):
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "bad.yml").write_text(
        "name: bad\non: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-24.04\n"
        "    steps:\n      - uses: actions/checkout@v4\n"
        "      - run: echo ${{ github.event.pull_request.title }}\n",
        encoding="utf-8",
    )
    (tmp_path / ".git").mkdir()
    done = lint(*command, where=tmp_path)
    assert done.returncode != 0
    assert "bad.yml" in done.stdout
