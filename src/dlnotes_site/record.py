"""运行记录：每个代码块一个文件，以内容为名，原子写入，损坏的一律不信。"""

import ast
import hashlib
import importlib.metadata
import json
import os
import platform
import tempfile
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from dlnotes_site.collect import Block

SCHEMA = 1
_PACKAGES = ("torch", "numpy", "matplotlib", "scikit-learn")


@dataclass(frozen=True)
class Environment:
    """决定数字的环境：设备种类与各库的版本。"""

    device_kind: str
    versions: tuple[tuple[str, str], ...]

    @classmethod
    def current(cls, device_kind: str) -> "Environment":
        """本机的环境。"""
        versions = [("python", ".".join(platform.python_version_tuple()[:2]))]
        versions += [(name, _version(name)) for name in _PACKAGES]
        return cls(device_kind, tuple(versions))

    @classmethod
    def from_json(cls, data: dict) -> "Environment":
        """从 `to_json` 的结果还原。"""
        return cls(data["device_kind"], tuple(data["versions"].items()))

    def to_json(self) -> dict:
        """可以写进 JSON 的字典。"""
        return {"device_kind": self.device_kind, "versions": dict(self.versions)}


@cache
def _version(name: str) -> str:
    return importlib.metadata.version(name)


@dataclass
class Figure:
    """一张图：SVG 文本（浅色、透明底）；动画有多帧，每帧带标题。"""

    frames: list[str]
    labels: list[str]
    width: int
    height: int


@dataclass
class Record:
    """一个代码块一次运行的全部结果。"""

    key: str
    page: str
    line: int
    stdout: str
    figures: list[Figure]
    seconds: float
    peak_mib: float
    device: str
    date: str
    environment: dict = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: dict) -> "Record":
        """从 JSON 字典还原。"""
        return cls(**{**data, "figures": [Figure(**figure) for figure in data["figures"]]})


class Store:
    """一个文件夹里的记录。"""

    def __init__(self, folder: Path):
        self.folder = folder

    def path(self, key: str) -> Path:
        """记录文件的位置。"""
        return self.folder / f"{key}.json"

    def put(self, record: Record) -> None:
        """原子写入：先写临时文件，再改名；并行与中断都不会留下半个记录。"""
        body = json.dumps(asdict(record), ensure_ascii=False, sort_keys=True)
        write_atomically(self.path(record.key), f"{_digest(body)}\n{body}")

    def get(self, key: str) -> Record | None:
        """取一条记录；没有、损坏或名实不符时返回 `None`。"""
        try:
            digest, body = self.path(key).read_text(encoding="utf-8").split("\n", 1)
            if digest != _digest(body):
                return None
            record = Record.from_json(json.loads(body))
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return record if record.key == key else None

    def keys(self) -> set[str]:
        """现有的记录。"""
        return {path.stem for path in self.folder.glob("*.json")}


def write_atomically(path: Path, text: str) -> None:
    """写完整个文件才让它出现在 `path`。"""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def key(block: Block, environment: Environment, source: Path) -> str:
    """记录的键：代码 + 它经由导入够得着的 dlnotes 源文件 + 版本 + 设备种类。"""
    return _digest(
        str(SCHEMA), block.code, str(block.expected), str(block.ignore_whitespace),
        reached_digest(block.code, source), json.dumps(environment.to_json(), sort_keys=True),
    )[:32]  # fmt: skip


def reached_digest(code: str, source: Path) -> str:
    """代码够得着的 dlnotes 源文件的摘要。"""
    files = {path.relative_to(source).as_posix(): path for path in reached(code, source)}
    return _digest(*(part for name in sorted(files) for part in (name, _text(files[name]))))


def reached(code: str, source: Path) -> set[Path]:
    """代码经由导入够得着的 dlnotes 源文件；`source` 是放着 `dlnotes` 的文件夹。

    `from dlnotes.data import spiral` 只跟到定义 `spiral` 的文件，不跟 `dlnotes.data` 的其他成员。
    """
    found: set[Path] = set()
    waiting = list(_imports(code))
    seen = set()
    while waiting:
        target = waiting.pop()
        if target in seen:
            continue
        seen.add(target)
        waiting += _follow(*target, source, found)
    return found


def _follow(module: str, name: str | None, source: Path, found: set[Path]):
    """一条导入语句落到哪些文件；返回还要继续跟的导入。

    包的 `__init__.py` 只转手名字：跟到了定义它的文件，就不算够得着 `__init__.py` 本身，
    否则多登记一个名字，全部代码块都要重跑。
    """
    path = _module_file(module, source)
    if path is None:
        return []
    imports = _imports(_text(path))
    if path.name == "__init__.py" and name is not None:
        named = [target for target in imports if target[1] == name]
        if named:
            return named
        if _module_file(f"{module}.{name}", source) is not None:
            return [(f"{module}.{name}", None)]
    found.add(path)
    return imports


def _imports(code: str) -> list[tuple[str, str | None]]:
    """代码里对 dlnotes 的导入，写成 `(模块, 名字)`；`import dlnotes` 看它用到哪些属性。"""
    return list(_parsed_imports(code))


@cache
def _parsed_imports(code: str) -> tuple[tuple[str, str | None], ...]:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return ()
    found: list[tuple[str, str | None]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _ours(node.module) and node.level == 0:
            found += [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names
                      if _ours(alias.name) and alias.name != "dlnotes"]  # fmt: skip
        elif (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
              and node.value.id == "dlnotes"):  # fmt: skip
            found.append(("dlnotes", node.attr))
    return tuple(found)


def _ours(module: str | None) -> bool:
    return module is not None and (module == "dlnotes" or module.startswith("dlnotes."))


def _module_file(module: str, source: Path) -> Path | None:
    base = source.joinpath(*module.split("."))
    for path in (base / "__init__.py", base.with_suffix(".py")):
        if path.is_file():
            return path
    return None


def _text(path: Path) -> str:
    return _cached_text(path, path.stat().st_mtime_ns)


@cache
def _cached_text(path: Path, mtime: int) -> str:
    return path.read_text(encoding="utf-8")
