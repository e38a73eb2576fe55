"""一个笔记仓库的各个位置。"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Project:
    """一个笔记仓库。

    Attributes:
        root: 仓库的根，里面有 `docs/`。
    """

    root: Path

    @classmethod
    def at(cls, root: Path) -> "Project":
        """打开 `root` 处的仓库。

        Raises:
            ValueError: 那里没有 `docs/`。
        """
        root = root.resolve()
        if not (root / "docs").is_dir():
            raise ValueError(f"--root 应是含有 docs/ 的笔记仓库，收到 {str(root)!r}")
        return cls(root)

    @property
    def docs(self) -> Path:
        """作者写的页面；从不写派生的文件。"""
        return self.root / "docs"

    @property
    def source(self) -> Path:
        """放着 `dlnotes` 包的文件夹。"""
        return self.root / "src"

    @property
    def build(self) -> Path:
        """派生的文件，随时可以删掉重来。"""
        return self.root / "build"

    @property
    def records(self) -> Path:
        """运行记录。"""
        return self.build / "records"

    @property
    def manifest(self) -> Path:
        """最近一次运行的环境。"""
        return self.build / "run.json"

    @property
    def woven(self) -> Path:
        """织好的页面，两个建站工具都由它建站。"""
        return self.build / "docs"

    @property
    def site(self) -> Path:
        """建好的网站。"""
        return self.root / "site"

    @property
    def durations(self) -> Path:
        """提交在仓库里的用时，分片时用。"""
        return self.docs / "assets" / "durations.json"

    @property
    def measured(self) -> Path:
        """提交在仓库里的：正文里的数核对过的一份。"""
        return self.docs / "assets" / "measured.json"

    @property
    def long(self) -> Path:
        """提交在仓库里的长实验的记录。"""
        return self.docs / "assets" / "long"

    def page(self, path: Path) -> str:
        """页面在仓库里的位置，如 `docs/notes/spiral.md`。"""
        return path.relative_to(self.root).as_posix()


def write_atomically(path: Path, content: str | bytes) -> None:
    """写完整个文件才让它出现在 `path`。"""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_if_changed(path: Path, content: str | bytes) -> bool:
    """内容变了才写，返回写没写；不动没变的文件，预览就不会白建一遍。"""
    data = content.encode() if isinstance(content, str) else content
    if path.is_file() and path.read_bytes() == data:
        return False
    write_atomically(path, data)
    return True
