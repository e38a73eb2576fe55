"""预览用的服务器：看管 Zensical 的进程，把它的话写成中文，它停了就再开。"""

import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

from dlnotes_site.project import Project
from dlnotes_site.publish.messages import located
from dlnotes_site.publish.renderer import environment
from dlnotes_site.weave.state import forget

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PLACE = re.compile(r"\[ (?P<page>\S+):(?P<line>\d+):\d+ \]")
_ERROR = re.compile(r"^\w*(?:Error|Exception): (?P<message>.+)")
_ISSUES = {
    "page does not exist": "链接的页面不存在", "anchor does not exist": "链接的锚点不存在",
    "unresolved autoref": "没有这个引用", "unresolved reference": "没有这个引用",
}  # fmt: skip
_FOLDER = "build/preview"


def check_address(address: str) -> None:
    """地址写得对、端口没有被占用。

    Raises:
        ValueError: 写得不对，或者已被占用。
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"--address 应为“主机:端口”，如 127.0.0.1:8000，收到 {address!r}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            raise ValueError(
                f"{address} 用不了（{error.strerror}）：多半是端口被占用，"
                f"关掉占用它的程序，或者换一个：--address {host}:{int(port) + 1}"
            ) from error


class Server:
    """Zensical 的预览服务器。

    页面有它受不了的错误时它会整个退出：这时把刚改的页面换成一页说明再开，别的页面照样看得到；
    下次改动之前换回来。

    Args:
        project: 笔记仓库。
        address: 监听地址。
    """

    def __init__(self, project: Project, address: str):
        self.project, self.address = project, address
        self.process: subprocess.Popen | None = None
        self.reader: threading.Thread | None = None
        self.error = ""
        self._replaced: dict[Path, bytes] = {}
        self._suspects: list[Path] = []

    def start(self) -> None:
        """开服务器；建好的页面写在 `build/preview`，不碰 `site/`。"""
        command = [
            sys.executable,
            "-m",
            "zensical",
            "serve",
            "-f",
            "mkdocs.yml",
            "-a",
            self.address,
        ]
        options = {"cwd": self.project.root, "text": True, "encoding": "utf-8", "errors": "replace",
                   "env": {**environment(self.project), "DLNOTES_SITE_DIR": _FOLDER}}  # fmt: skip
        self.error = ""
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options
        )
        self.reader = threading.Thread(target=self._relay, args=(self.process.stdout,), daemon=True)
        self.reader.start()

    def stop(self) -> None:
        """停下，等它真的结束。"""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(timeout=5)
        self.process.stdout.close()
        self.process = None

    def close(self) -> None:
        """不再预览：停下，换成说明的页面换回来。"""
        self.stop()
        self.expect([])

    def expect(self, changed: list[Path]) -> None:
        """就要改 `changed` 这些页面：换成说明的换回来；服务器若停了，先疑心它们。"""
        for path, data in self._replaced.items():
            path.write_bytes(data)
        self._suspects = [*changed, *self._replaced]
        self._replaced = {}

    def revive(self) -> None:
        """停了就再开；没有可疑的页面时，等下一次改动再开。"""
        if self.process is not None and self.process.poll() is None:
            return
        if self.process is not None:
            self.stop()
            reason = self.error or "没有说明原因"
            print(f"✗ 预览服务器停了：{reason}", file=sys.stderr, flush=True)
            self._replace(self._suspects)
        if self._suspects:
            self._suspects = []
            self.start()

    def _replace(self, paths: list[Path]) -> None:
        for path in filter(Path.is_file, dict.fromkeys(paths)):
            forget(self.project)  # 被强行结束也不会把说明当成织好的页面
            self._replaced[path] = path.read_bytes()
            text = f"# 这一页建不出来\n\n```text\n{self.error}\n```\n\n改好之后会自动换回来。\n"
            path.write_text(text, encoding="utf-8")

    def _relay(self, lines) -> None:
        """它的话写成中文，带上源文件的行号；认不出的只留错误。"""
        issue = ""
        for line in lines:
            text = _COLOUR.sub("", line).strip()
            if text.startswith("Serving "):
                print(f"预览：http://{self.address}/", flush=True)
            issue = next((ours for theirs, ours in _ISSUES.items() if theirs in text), issue)
            if (place := _PLACE.search(text)) and issue:
                print(f"✗ {self._located(place, issue)}", file=sys.stderr, flush=True)
                issue = ""
            if match := _ERROR.match(text):
                self.error = match["message"]

    def _located(self, place: re.Match, message: str):
        path = self.project.woven / place["page"]
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        number = int(place["line"]) - 1
        text = lines[number].strip() if number < len(lines) else ""
        return located(self.project, place["page"], text, message)
