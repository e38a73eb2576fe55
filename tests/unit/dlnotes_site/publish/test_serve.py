"""The preview for real: started, edited, polled and stopped on a small project."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from conftest import ROOT
from dlnotes_site.publish.serve import Preview, serve, snapshot, targets
from dlnotes_site.publish.server import Server, check_address
from dlnotes_site.run.results import Results
from dlnotes_site.weave.site import weave

from .conftest import PAGE

LIMIT = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _default_interrupt() -> None:
    """A suite started in the background by a shell ignores SIGINT, and its children would too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Served:
    """A preview in a process of its own, as `dlnotes-site serve` is."""

    def __init__(self, small, log: Path):
        self.small, self.log = small, log
        self.address = f"127.0.0.1:{free_port()}"
        paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
        with log.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dlnotes_site", "--root", str(small.root), "serve",
                 "--address", self.address, "--device", "cpu", "--jobs", "1"],
                stdout=out, stderr=out, env={**os.environ, "PYTHONPATH": paths},
                preexec_fn=_default_interrupt if os.name == "posix" else None,
            )  # fmt: skip

    def get(self, path: str) -> str:
        try:
            with urllib.request.urlopen(f"http://{self.address}/{path}", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def wait(self, check) -> None:
        end = time.monotonic() + LIMIT
        while not check():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.1)

    def shows(self, path: str, text: str) -> None:
        self.wait(lambda: text in self.get(path))

    def says(self, text: str) -> None:
        self.wait(lambda: text in self.said())

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")


@pytest.fixture
def served(small, tmp_path):
    one = Served(small, tmp_path / "log.txt")
    yield one
    if one.process.poll() is None:
        one.process.terminate()
    one.process.wait(timeout=20)


def test_serve_shows_each_kind_of_edit_and_stops_cleanly(served):
    small = served.small
    served.shows("page/", "和是 2")
    small.page(PAGE.replace("文字。", "改过的文字。"))
    served.shows("page/", "改过的文字。")
    small.page(PAGE.replace("1 + 1", "2 + 3").replace("== 2", "== 5"))
    served.shows("page/", "和是 5")
    small.page("# 新页\n\n新的一页。\n", "docs/new.md")
    served.shows("new/", "新的一页。")
    (small.root / "docs/new.md").rename(small.root / "docs/renamed.md")
    served.shows("renamed/", "新的一页。")
    served.wait(lambda: "新的一页。" not in served.get("new/"))
    small.page("body { color: red }\n", "docs/assets/a.css")
    served.shows("assets/a.css", "red")
    config = small.root / "mkdocs.yml"
    config.write_text(config.read_text("utf-8").replace("小站", "换名的站"), encoding="utf-8")
    served.shows("page/", "换名的站")
    assert not small.project.site.exists(), "the built site is left alone"
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(timeout=20) == 0
    assert "预览已停" in served.said()
    assert served.get("page/") == "", "the server ended with it"


def test_serve_names_a_fault_and_shows_the_rest(served):
    small = served.small
    served.shows("page/", "和是 2")
    small.page(PAGE + "\n见 [丙](nowhere.md)。\n")
    served.says("docs/page.md:10：链接的页面不存在")
    small.page(PAGE.replace("== 2", "== 3"))
    served.says("docs/page.md:7：AssertionError")
    served.shows("", "首页")
    small.page(PAGE.replace("文字。", "改好了。"))
    served.shows("page/", "改好了。")
    assert "和是 2" in served.get("page/")


def test_serve_ends_its_server_when_it_is_terminated(served):
    served.shows("page/", "和是 2")
    served.process.terminate()
    assert served.process.wait(timeout=20) == 0
    assert served.get("page/") == ""


# --- the server ---------------------------------------------------------------------------------


def test_a_taken_port_is_named_with_a_way_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=rf"127.0.0.1:{port} .*--address 127.0.0.1:{port + 1}"):
            check_address(f"127.0.0.1:{port}")


@pytest.mark.parametrize("address", ["8000", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:70000"])
def test_a_bad_address_is_named(address):
    with pytest.raises(ValueError, match="--address 应为"):
        check_address(address)


class Ended:
    """A server process that has ended."""

    stdout = open(os.devnull)  # noqa: SIM115

    def poll(self):
        return 1

    def wait(self, timeout=None):
        return 1

    def terminate(self):
        pass


@pytest.fixture
def server(small, monkeypatch):
    server = Server(small.project, "127.0.0.1:1")
    server.starts = 0

    def start():
        server.starts += 1
        server.error = "Could not collect 'tiny.no'"
        server.process = Ended()

    monkeypatch.setattr(server, "start", start)
    monkeypatch.setattr(server, "stop", lambda: setattr(server, "process", None))
    return server


def test_a_page_that_ends_the_server_is_replaced_until_the_next_change(server, small, capsys):
    page = small.page("# 坏\n", "build/docs/bad.md")
    server.start()
    server.expect([page])
    server.revive()
    assert "Could not collect 'tiny.no'" in page.read_text(encoding="utf-8")
    assert "预览服务器停了：Could not collect" in capsys.readouterr().err
    server.expect([])
    assert page.read_text(encoding="utf-8") == "# 坏\n"


def test_a_server_that_ends_by_itself_waits_for_a_change(server, small):
    server.start()
    for _ in range(3):
        server.revive()
    assert server.starts == 1
    server.expect([small.page("# 改\n", "build/docs/page.md")])
    server.revive()
    assert server.starts == 2


# --- what is watched ----------------------------------------------------------------------------


def test_snapshot_sees_pages_assets_sources_overrides_and_the_configuration(small):
    small.page("x", "overrides/main.html")
    small.page("x", "docs/assets/a.css")
    names = {path.relative_to(small.root).as_posix() for path in snapshot(small.project)}
    assert {"docs/page.md", "docs/assets/a.css", "overrides/main.html", "mkdocs.yml"} <= names
    assert "src/dlnotes/device.py" in names
    assert not [name for name in names if "__pycache__" in name or name.startswith("build")]


def test_only_changed_code_is_run_again(small):
    calls = []

    def rerun(changed):
        calls.append([path.name for path in changed])
        return Results(small.project)

    small.run()
    preview = Preview(small.project, rerun, FakeServer())
    preview.start()
    small.page("body {}", "docs/assets/a.css")
    preview.look()
    small.page(PAGE.replace("文字。", "改过的文字。"))
    preview.look()
    assert "改过的文字。" in (small.project.woven / "page.md").read_text(encoding="utf-8")
    assert calls == [[]]
    small.page(PAGE.replace("1 + 1", "2 + 0"))
    preview.look()
    preview.look()
    assert calls == [[], ["page.md"]]


def test_a_first_run_that_fails_is_tried_again_at_the_next_change(small, capsys):
    faults = [ValueError("甲有错"), OSError("乙有错")]

    def rerun(changed):
        if faults:
            raise faults.pop(0)
        return Results(small.project)

    small.run()
    preview = Preview(small.project, rerun, FakeServer())
    preview.start()
    for number in range(2):
        small.page(f"body {{ order: {number} }}", "docs/assets/a.css")
        preview.look()
    assert capsys.readouterr().err.splitlines()[:2] == ["✗ 甲有错", "✗ 乙有错"]
    assert (small.project.woven / "page.md").is_file()


def test_serve_without_zensical_names_it(small, monkeypatch):
    monkeypatch.setattr("dlnotes_site.publish.serve.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError) as error:
        serve(small.project, "127.0.0.1:0", lambda changed: Results(small.project))
    assert error.value.name == "zensical"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ([], None), (["docs/page.md"], ["docs/page.md"]), (["docs/index.md"], []),
        (["docs/gone.md"], []), (["docs/page.md", "src/dlnotes/device.py"], None),
    ],
)  # fmt: skip
def test_targets_are_the_changed_pages_or_everything_after_a_change_of_the_sources(
    small, changed, expected
):
    assert targets(small.project, [small.root / name for name in changed]) == expected


def test_problems_are_looked_for_once_after_the_page_is_shown(small, capsys):
    small.run()
    preview = Preview(small.project, lambda changed: Results(small.project), FakeServer())
    preview.start()
    small.page("# 题\n\n```python\n1 + 1\n```\n", "docs/other.md")
    for _ in range(3):
        preview.look()
    assert capsys.readouterr().err.count("docs/other.md:3：代码块什么也没有证明") == 1


class FakeServer:
    def start(self):
        pass

    def expect(self, changed):
        pass

    def revive(self):
        pass


def test_a_page_replaced_by_a_note_is_never_taken_for_a_woven_one(mini):
    mini.page("# 题\n\n文字。\n")
    weave(mini.project, mini.results)
    woven = mini.project.woven / "page.md"
    before = woven.read_text(encoding="utf-8")
    server = Server(mini.project, "127.0.0.1:1")
    server._replace([woven])
    assert "这一页建不出来" in woven.read_text(encoding="utf-8")
    weave(mini.project, mini.results)  # as the next build does, had the preview been killed
    assert woven.read_text(encoding="utf-8") == before
    server._replace([woven])
    server.close()
    assert woven.read_text(encoding="utf-8") == before
