"""构建时的两件事：由提交算出版本号；读者的 wheel 里没有建站工具，也就没有 `dlnotes-site` 命令。"""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
INPUTS = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "src/dlnotes")
"""建读者的 wheel 用到的文件。"""


def version() -> str:
    """`dlnotes.__version__` 加上包最近一次改动的提交时间，如 `0.1.0.post202611230140`。

    包一改，版本号就变大，`pip install` 才会换掉旧的；没有 git 时只有前一半，改了没有提交的
    末尾加 `+local`。浅克隆里是最新一次提交的时间，可能偏大，不会偏小。
    """
    text = (ROOT / "src" / "dlnotes" / "__init__.py").read_text(encoding="utf-8")
    base = re.search(r'^__version__ = "(.+)"$', text, re.M)[1]
    seconds = _git("log", "-1", "--format=%ct", "--", *INPUTS)
    if not seconds:
        return base
    when = datetime.fromtimestamp(int(seconds), UTC)
    local = "+local" if _git("status", "--porcelain", "--", *INPUTS) else ""
    return f"{base}.post{when:%Y%m%d%H%M}{local}"


def _git(*arguments: str) -> str:
    """git 的输出；不是仓库、没有 git 时是空的。"""
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip()


class ReadersWheel(BuildHookInterface):
    """在写 wheel 之前去掉命令；可编辑安装（开发用）两样都有。"""

    def initialize(self, version: str, build_data: dict) -> None:
        """`version` 是 `standard` 或 `editable`。"""
        if version == "standard":
            self.metadata.core.scripts.clear()
