"""读者的 wheel 里没有建站工具，也就没有 `dlnotes-site` 命令；可编辑安装（开发用）两样都有。"""

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ReadersWheel(BuildHookInterface):
    """在写 wheel 之前去掉命令。"""

    def initialize(self, version: str, build_data: dict) -> None:
        """`version` 是 `standard` 或 `editable`。"""
        if version == "standard":
            self.metadata.core.scripts.clear()
