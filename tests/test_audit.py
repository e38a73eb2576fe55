"""The audit of the built site fails when a page is bad, and names the page and the rule."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

AUDIT = ROOT / "tests" / "audit"
LIMITS = json.loads((AUDIT / "limits.json").read_text(encoding="utf-8"))

GOOD = """<!doctype html>
<html lang="zh">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="description" content="一页合格的网页。">
<title>合格的一页</title>
<style>
body { color: #222; background: #fff; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #111; } }
</style>
</head>
<body>
<main><h1>合格的一页</h1><details><summary>答案</summary><p id="a">四十二</p></details></main>
</body>
</html>
"""

# what is spoilt in a good page, the check that must notice, and the rule it must name
SPOILT = {
    "a repeated id": ('<h1>', '<h1 id="a">', "html", "no-dup-id"),
    "a block in a paragraph": ('<p id="a">', '<p id="a"><div>一</div>', "html", "close-order"),
    "a picture without text": ("四十二", '<img src="a.png">', "axe", "image-alt"),
    "faint text, dark only": ("color: #eee", "color: #333", "axe", "color-contrast"),
    "faint folded text": ('<p id="a">', '<p id="a" style="color: #ddd">', "axe", "color-contrast"),
    "no language": (' lang="zh"', "", "axe", "html-has-lang"),
}  # fmt: skip


def require_tools() -> None:
    """Nothing may be skipped in CI; elsewhere say loudly what was not tested."""
    missing = [name for name in ("node", "chromium") if not shutil.which(name)]
    if not (AUDIT / "node_modules" / "html-validate").exists():
        missing.append("npm 包（make audit-tools）")
    if not missing:
        return
    message = f"缺少 {'、'.join(missing)}：审计自己的测试没有运行"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def audit(site: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(AUDIT), str(site), *arguments]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "notes" / "spiral"
    folder.mkdir(parents=True)
    for path in (tmp_path / "index.html", folder / "index.html"):
        path.write_text(GOOD, encoding="utf-8")
    return tmp_path


def test_audit_of_good_pages_passes(site):
    require_tools()
    done = audit(site, "--only", "html,axe")
    assert (done.returncode, done.stderr) == (0, "")
    assert "| HTML 规范 | 0 | — |" in done.stdout
    assert "| 无障碍（浅色与深色） | 0 | — |" in done.stdout


@pytest.mark.parametrize("fault", SPOILT)
def test_audit_of_a_bad_page_fails_with_page_and_rule(site, fault):
    require_tools()
    old, new, check, rule = SPOILT[fault]
    assert old in GOOD
    page = site / "notes" / "spiral" / "index.html"
    page.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    done = audit(site, "--only", check)
    assert done.returncode == 1, done.stdout + done.stderr
    named = [line for line in done.stdout.splitlines() if line.startswith("✗")]
    assert any("notes/spiral/index.html" in line and rule in line for line in named), named
    assert not any(line.startswith("✗ index.html") for line in named)


def test_lighthouse_fails_with_page_and_audit(site, tmp_path_factory):
    require_tools()
    page = site / "notes" / "spiral" / "index.html"
    page.write_text(GOOD.replace("description", "nothing"), encoding="utf-8")
    limits = tmp_path_factory.mktemp("limits") / "limits.json"
    limits.write_text(
        json.dumps({**LIMITS, "runs": 1, "pages": ["notes/spiral/", "no/such/page/"]}),
        encoding="utf-8",
    )
    done = audit(site, "--only", "lighthouse", "--limits", str(limits))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "✗ notes/spiral/ · lighthouse seo · " in done.stdout
    assert "meta-description" in done.stdout
    assert "✗ no/such/page/ · lighthouse lighthouse · limits.json：网站里没有这一页" in done.stdout


def test_a_score_below_the_limit_is_a_problem_and_one_at_the_limit_is_not():
    require_tools()
    script = (
        'import("./lighthouse.mjs").then(({ judge }) => console.log(JSON.stringify('
        '[94, 95, NaN].map((score) => judge({ page: "", scores: { performance: score }, '
        "failed: { performance: [] } }, { performance: 95 }).length))))"
    )
    done = subprocess.run(
        ["node", "-e", script], cwd=AUDIT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [1, 0, 1]


def test_limits_are_those_that_were_promised():
    wanted = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
    assert LIMITS["lighthouse"] == wanted
    assert {"", "notes/spiral/", "labs/lab2/", "playground/"} <= set(LIMITS["pages"])
    assert (LIMITS["axe"], LIMITS["html"]) == (0, 0)
    assert LIMITS["runs"] >= 3


def fake(folder: Path, name: str, says: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho {says}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)


@pytest.mark.parametrize(
    ("programs", "message"),
    [({}, "没有找到 Node"), ({"node": "v16.20.2"}, "Node 太旧"),
     ({"node": "v18.18.0"}, "Node 太旧"), ({"node": "v18.20.4"}, "没有找到 Chromium"),
     ({"node": "v20.0.0", "chromium": ""}, "里没有建好的网站")],
    ids=["no-node", "old-node", "slightly-old-node", "no-chromium", "no-site"],
)  # fmt: skip
def test_what_is_missing_is_said_in_chinese(tmp_path, programs, message):
    if "chromium" in programs:
        require_tools()  # the packages are asked for before the site
    for name, says in programs.items():
        fake(tmp_path, name, says)
    done = audit(tmp_path, PATH=f"{tmp_path}", DLNOTES_CHROMIUM="")
    assert done.returncode == 2
    assert message in done.stderr


def test_a_check_that_does_not_exist_is_refused(site):
    require_tools()
    done = audit(site, "--only", "htmll")
    assert done.returncode != 0
    assert "收到 htmll" in done.stderr


def test_the_lock_file_names_no_registry():
    lock = json.loads((AUDIT / "package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, one in lock["packages"].items() if "resolved" in one] == []
    wanted = json.loads((AUDIT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    found = {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted}
    assert found == wanted
