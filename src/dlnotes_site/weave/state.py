"""织好了什么：`build/weave.json` 记着每一页的输入的摘要与写出的文件，没变的不再织。"""

import contextlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dlnotes_site.project import Project, write_if_changed


@dataclass
class Entry:
    """一页的输入与产物。

    Attributes:
        text: 文字、改写的来源的摘要。
        run: 记录的摘要。
        files: 写出的文件，在 `build/docs` 里的位置。
    """

    text: str
    run: str
    files: list[str]


@dataclass
class State:
    """上一次织完时的样子；`fixed` 是织法自己的摘要，`run` 是当时的记录的清单。"""

    fixed: str = ""
    run: str = ""
    entries: dict[str, Entry] = field(default_factory=dict)
    assets: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def read(cls, project: Project) -> "State":
        """上一次的；没有、读不懂时是空的。"""
        try:
            data = json.loads(_path(project).read_text(encoding="utf-8"))
            entries = {name: Entry(**entry) for name, entry in data.pop("entries").items()}
            return cls(entries=entries, **data)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return cls()

    def write(self, project: Project) -> None:
        """记下来。"""
        write_if_changed(_path(project), json.dumps(asdict(self), ensure_ascii=False))

    @property
    def files(self) -> set[str]:
        """全部产物。"""
        return {file for entry in self.entries.values() for file in entry.files} | set(self.assets)


def forget(project: Project) -> None:
    """当作什么也没有织过：有人动过织好的页面。"""
    _path(project).unlink(missing_ok=True)


def _path(project: Project) -> Path:
    return project.build / "weave.json"


def present(folder: Path) -> set[str]:
    """文件夹里现有的文件。"""
    return {
        os.path.relpath(os.path.join(where, name), folder).replace(os.sep, "/")
        for where, _, names in os.walk(folder) for name in names
    }  # fmt: skip


def prune(folder: Path, unwanted: set[str]) -> None:
    """删掉不再要的文件，连同因此空了的文件夹。"""
    for name in unwanted:
        (folder / name).unlink(missing_ok=True)
    parents = {parent for name in unwanted for parent in Path(name).parents if parent.name}
    for parent in sorted(parents, key=lambda parent: -len(parent.parts)):  # 先里后外
        with contextlib.suppress(OSError):  # 还有别的文件
            (folder / parent).rmdir()
