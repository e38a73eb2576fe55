"""Building the site: nothing to do when nothing changed, nothing published with a problem."""

import json

import pytest

from dlnotes_site.cli import main
from dlnotes_site.publish import inputs
from dlnotes_site.publish.inputs import fingerprint
from dlnotes_site.publish.renderer import Renderer
from dlnotes_site.publish.site import build, is_current, missing_records
from dlnotes_site.run.key import Environment
from dlnotes_site.run.results import Results

from .conftest import PAGE


def built(small, **options) -> int:
    return build(small.project, Results(small.project), **options)


def test_build_publishes_the_run_and_then_has_nothing_to_do(small, capsys):
    small.run()
    assert built(small) == 0
    text = (small.project.site / "page" / "index.html").read_text(encoding="utf-8")
    assert "和是 2" in text
    assert (small.project.site / "dlnotes-offline.zip").is_file()
    assert (small.project.site / "sources" / "page.md.txt").is_file()
    assert "已建成" in capsys.readouterr().out
    assert built(small) == 0
    assert capsys.readouterr().out == "site/ 已是最新\n"
    assert not list(small.project.docs.rglob("*.txt")), "derived files never go into docs/"


def test_build_on_the_command_line_plans_nothing_when_nothing_changed(small, capsys, monkeypatch):
    command = ["--root", str(small.root), "build", "--device", "cpu", "--jobs", "1"]
    assert main(command) == 0
    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr("dlnotes_site.run.plan.make_plan", lambda *a, **k: pytest.fail("planned"))
        assert main(command) == 0
    assert capsys.readouterr().out == "site/ 已是最新\n"
    assert not is_current(small.project, Environment.current("cuda"))
    small.page(PAGE.replace("1 + 1", "1 + 2").replace("== 2", "== 3"))
    assert main(command) == 0
    assert "运行 1" in capsys.readouterr().out


def test_build_names_the_page_and_line_of_a_broken_link_every_time(small, capfd):
    small.page("# 首页\n\n见 [题](page.md)。\n\n见 [丙](nowhere.md)，[丁](page.md#no)。\n",
               "docs/index.md")  # fmt: skip
    small.run()
    for _ in range(2):
        assert built(small) == 1
        captured = capfd.readouterr()
        assert "docs/index.md:5：链接的页面不存在：nowhere.md" in captured.err + captured.out


def test_build_with_a_problem_in_a_page_publishes_nothing(small, capsys):
    small.run()
    small.page("# 题\n\n```python\nassert 1 + 1 == 2\n```\n", "docs/other.md")  # not run
    assert built(small) == 1
    assert "docs/other.md:3" in capsys.readouterr().err
    assert not small.project.site.exists()


# --- recorded ----------------------------------------------------------------------------------


def test_recorded_without_a_run_fails(small, capsys):
    assert built(small, recorded=True) == 1
    assert "build/run.json:0：没有运行过" in capsys.readouterr().err


def test_recorded_with_a_missing_record_names_page_and_line_and_builds_nothing(small, capsys):
    small.run()
    for path in small.project.records.glob("*.json"):
        path.unlink()
    assert built(small, recorded=True) == 1
    assert "docs/page.md:5：没有 CPU 上的运行记录" in capsys.readouterr().err
    assert not small.project.site.exists()


def test_recorded_gpu_run_never_falls_back_to_the_records_of_another_device(small, capsys):
    small.run()
    manifest = json.loads(small.project.manifest.read_text(encoding="utf-8"))
    small.project.manifest.write_text(json.dumps({**manifest, "device_kind": "cuda"}))
    assert built(small, recorded=True) == 1
    assert "docs/page.md:5：没有 CUDA 上的运行记录" in capsys.readouterr().err


def test_recorded_on_the_command_line_runs_nothing(small, capsys):
    command = ["--root", str(small.root), "build", "--recorded", "--device", "cpu"]
    assert main(command) == 1
    assert "没有运行过" in capsys.readouterr().err
    assert not list(small.project.records.glob("*.json"))


def test_recorded_with_every_record_misses_nothing(small):
    small.run()
    assert missing_records(small.project, Results(small.project)) == []


# --- the fingerprint ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["docs/page.md", "docs/assets/a.css", "mkdocs.yml",
                                  "overrides/main.html", "build/run.json",
                                  "build/records/a.json"])  # fmt: skip
def test_fingerprint_sees_a_changed_file(small, name):
    before = fingerprint(small.project)
    assert fingerprint(small.project) == before
    path = small.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("# 别的\n", encoding="utf-8")
    assert fingerprint(small.project) != before


@pytest.mark.parametrize("name", inputs.ADDRESSES)
def test_fingerprint_sees_another_address(small, monkeypatch, name):
    before = fingerprint(small.project)
    monkeypatch.setenv(name, "https://notes.example/")
    assert fingerprint(small.project) != before


@pytest.mark.parametrize("name", inputs.SITE_TOOLS)
def test_fingerprint_sees_another_version_of_a_site_tool(small, monkeypatch, name):
    before = fingerprint(small.project)
    ours = inputs._version
    monkeypatch.setattr(inputs, "_version", lambda n: "99" if n == name else ours(n))
    assert fingerprint(small.project) != before


def test_every_site_tool_is_installed():
    assert {name for name, version in inputs.tool_versions().items() if not version} <= {"griffe"}


def test_a_configuration_changed_while_waiting_is_read_again_and_not_called_current(small):
    small.run()
    renderer = Renderer(small.project)
    config = small.root / "mkdocs.yml"
    config.write_text(config.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    assert build(small.project, small.results, renderer=renderer) == 0
    assert renderer.restarted
    assert not (small.project.build / "site.sha256").exists()
    assert build(small.project, small.results) == 0
    assert (small.project.build / "site.sha256").exists()
