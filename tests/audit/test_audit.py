"""The audit of the built site fails when a page is bad, and names the page and the rule."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT
from dlnotes_site.weave.vendor import node

pytestmark = pytest.mark.xdist_group("audit")  # the first one installs the packages

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


def require_chromium() -> None:
    """Nothing may be skipped in CI; elsewhere say loudly what was not tested."""
    if shutil.which("chromium"):
        return
    message = "没有找到 Chromium：审计自己的测试没有运行"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def audit(site: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(AUDIT), str(site), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "notes" / "spiral"
    folder.mkdir(parents=True)
    for path in (tmp_path / "index.html", folder / "index.html"):
        path.write_text(GOOD, encoding="utf-8")
    return tmp_path


def test_audit_of_good_pages_passes(site):
    require_chromium()
    done = audit(site, "--only", "html,axe")
    assert (done.returncode, done.stderr) == (0, "")
    assert "| HTML 规范 | 0 | — |" in done.stdout
    assert "| 无障碍（浅色与深色） | 0 | — |" in done.stdout


@pytest.mark.parametrize("fault", SPOILT)
def test_audit_of_a_bad_page_fails_with_page_and_rule(site, fault):
    require_chromium()
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
    require_chromium()
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


GOOD_RESULT = {
    "page": "notes/a/",
    "scores": {"performance": 95},
    "tbt": 130,
    "bytes": 300,
    "failed": {},
}
GOOD_RESULT["failed"] = {"performance": []}

# one result each, and which rule must refuse it (own page of the theme: 100 ms)
JUDGED = {
    "at the limits": ({}, []),
    "a score below": ({"scores": {"performance": 94}}, ["performance"]),
    "no score": ({"scores": {"performance": None}}, ["performance"]),
    "blocks too long": ({"tbt": 131}, ["blocking"]),
    "too much to fetch": ({"bytes": 301}, ["bytes"]),
    "too much, but no note": ({"bytes": 301, "page": "playground/"}, []),
}


@pytest.mark.parametrize("case", JUDGED)
def test_a_page_beyond_a_limit_is_a_problem_and_one_at_the_limit_is_not(case):
    require_chromium()
    change, rules = JUDGED[case]
    limits = {"lighthouse": {"performance": 95}, "blocking": 1.3, "bytes": 300}
    given = ", ".join(json.dumps(one) for one in (GOOD_RESULT | change, limits, 100))
    script = (
        'import("./lighthouse.mjs").then(({ judge }) => '
        f"console.log(JSON.stringify(judge({given}).map(({{ rule }}) => rule))))"
    )
    done = subprocess.run(
        [node(), "-e", script], cwd=AUDIT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == rules


def test_blocking_is_compared_with_at_least_fifty_milliseconds():
    require_chromium()
    script = (
        'import("./lighthouse.mjs").then(({ ratio }) => '
        "console.log(JSON.stringify([ratio(130, 100), ratio(60, 0)])))"
    )
    done = subprocess.run(
        [node(), "-e", script], cwd=AUDIT, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == pytest.approx([1.3, 1.2])


def test_limits_are_those_that_were_promised():
    wanted = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
    assert LIMITS["lighthouse"] == wanted
    assert {"", "notes/spiral/", "labs/lab2/", "playground/"} <= set(LIMITS["pages"])
    assert len({page.partition("/")[0] for page in LIMITS["pages"]}) >= 10  # of every kind
    assert (LIMITS["blocking"], LIMITS["bytes"]) == (3, 300_000)
    assert (LIMITS["axe"], LIMITS["html"]) == (0, 0)
    assert LIMITS["runs"] >= 3


@pytest.mark.parametrize(
    ("browser", "message"),
    [("", "没有找到 Chromium"), ("sh", "里没有建好的网站")],
    ids=["no-chromium", "no-site"],
)
def test_what_is_missing_is_said_in_chinese(tmp_path, browser, message):
    path = os.environ["PATH"] if browser else str(tmp_path)
    done = audit(tmp_path, PATH=path, DLNOTES_CHROMIUM=browser)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_check_that_does_not_exist_is_refused(site):
    require_chromium()
    done = audit(site, "--only", "htmll")
    assert done.returncode != 0
    assert "收到 htmll" in done.stderr


def test_the_lock_file_holds_the_versions_asked_for():
    lock = json.loads((AUDIT / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((AUDIT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    found = {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted}
    assert found == wanted


def test_nothing_in_the_lock_file_floats():
    lock = json.loads((AUDIT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    pinned = json.loads((AUDIT / "package.json").read_text(encoding="utf-8"))["overrides"]
    latest = {name for one in lock.values() for name, version in one.get("dependencies", {}).items()
              if version == "latest"}  # fmt: skip
    assert latest <= set(pinned)
