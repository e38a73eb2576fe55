"""记录的键：决定数字的一切。代码、够得着的源文件、运行器、字体、库的版本、线程数、设备种类。

机器的型号、操作系统、驱动、日期不进键，它们是来历（provenance）：记在记录里，合并与对照时核对。
"""

import ast
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from dlnotes_site.pages.collect import hidden_import
from dlnotes_site.tasks.task import Task

PACKAGES = ("torch", "numpy", "matplotlib", "scikit-learn", "scipy", "scikit-image", "pillow",
            "contourpy")  # fmt: skip
_HARNESS = ("execute.py", "isolation.py", "pictures.py", "resident.py")
_OURS = ("dlnotes", "dlnotes_site.tasks")


@dataclass(frozen=True)
class Environment:
    """决定数字的环境：设备种类、每个进程的线程数、各库的版本。"""

    device_kind: str
    threads: int
    versions: tuple[tuple[str, str], ...]

    @classmethod
    def current(cls, device_kind: str, threads: int = 1) -> "Environment":
        """本机的环境。"""
        versions = [("python", ".".join(platform.python_version_tuple()[:2]))]
        versions += [(name, _version(name)) for name in PACKAGES]
        return cls(device_kind, threads, tuple(versions))

    @classmethod
    def from_json(cls, data: dict) -> "Environment":
        """从 `to_json` 的结果还原。"""
        return cls(data["device_kind"], data["threads"], tuple(data["versions"].items()))

    def to_json(self) -> dict:
        """可以写进 JSON 的字典。"""
        return {"device_kind": self.device_kind, "threads": self.threads,
                "versions": dict(self.versions)}  # fmt: skip

    def on(self, device_kind: str) -> "Environment":
        """同样的版本，另一种设备。"""
        return Environment(device_kind, self.threads, self.versions)


@cache
def _version(name: str) -> str:
    return importlib.metadata.version(name)


class Keys:
    """在一个环境里算各个任务的键；源文件在这期间当作不变。

    Args:
        environment: 环境。
        source: 放着 `dlnotes` 的文件夹。
    """

    def __init__(self, environment: Environment, source: Path):
        self.environment, self.sources = environment, Sources(source)
        self._fixed = digest(
            harness_digest(), json.dumps(environment.to_json(), sort_keys=True), self.sources.font
        )

    def __call__(self, task: Task) -> str:
        """`task` 的键。"""
        code = task.code if task.key_code is None else task.key_code
        cells = [[c.code, c.expected, c.ignore_whitespace, c.echo] for c in task.cells]
        body = [task.kind, task.product, task.setting,
                cells if task.key_code is None else task.key_code]  # fmt: skip
        return digest(self._fixed, json.dumps(body), self.sources.digest(code))[:32]


def digest(*parts: str) -> str:
    """几段文字的摘要。"""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def harness_digest() -> str:
    """运行器里决定结果的几个文件的摘要；注释、文档、空行不算。"""
    folder = Path(__file__).parent
    texts = ((folder / name).read_text(encoding="utf-8") for name in _HARNESS)
    return digest(*(ast.dump(_without_docstrings(ast.parse(text))) for text in texts))


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return tree


class Sources:
    """`dlnotes` 的源文件，以及代码经由导入够得着哪些。"""

    def __init__(self, source: Path):
        self.source = source
        self._files: dict[str, Path | None] = {}
        self._texts: dict[Path, str] = {}
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._reached: dict[tuple[str, str | None], frozenset[Path]] = {}
        self._digests: dict[frozenset[Path], str] = {}

    @cached_property
    def font(self) -> str:
        """画图用的中文字体的摘要。"""
        fonts = sorted((self.source / "dlnotes" / "fonts").glob("*.otf"))
        return hashlib.sha256(b"".join(path.read_bytes() for path in fonts)).hexdigest()

    def digest(self, code: str) -> str:
        """代码够得着的源文件的摘要。"""
        files = self.reached(code)
        if files not in self._digests:
            named = sorted((path.relative_to(self.source).as_posix(), path) for path in files)
            self._digests[files] = digest(*(part for name, path in named
                                            for part in (name, self._text(path))))  # fmt: skip
        return self._digests[files]

    def reached(self, code: str) -> frozenset[Path]:
        """代码经由导入够得着的源文件。

        `from dlnotes.data import spiral` 只跟到定义 `spiral` 的文件，不跟 `dlnotes.data` 的其他。
        """
        return frozenset().union(*(self._reach(target) for target in imports(code)))

    def _reach(self, target: tuple[str, str | None]) -> frozenset[Path]:
        if target not in self._reached:
            found: set[Path] = set()
            waiting, seen = [target], set()
            while waiting:
                now = waiting.pop()
                if now not in seen:
                    seen.add(now)
                    waiting += self._follow(*now, found)
            self._reached[target] = frozenset(found)
        return self._reached[target]

    def _follow(self, module: str, name: str | None, found: set[Path]):
        """一条导入语句落到哪些文件；返回还要继续跟的导入。

        包的 `__init__.py` 只转手名字：跟到了定义它的文件，就不算够得着 `__init__.py` 本身，
        否则多登记一个名字，全部代码块都要重跑。
        """
        path = self._file(module)
        if path is None:
            return []
        further = imports(self._text(path))
        if path.name == "__init__.py" and name is not None:
            named = [target for target in further if target[1] == name]
            if named:
                return named
            if self._file(f"{module}.{name}") is not None:
                return [(f"{module}.{name}", None)]
        found.add(path)
        return further

    def _file(self, module: str) -> Path | None:
        if module not in self._files:
            base = self.source.joinpath(*module.split("."))
            both = (base / "__init__.py", base.with_suffix(".py"))
            self._files[module] = next((path for path in both if path.is_file()), None)
        return self._files[module]

    def _text(self, path: Path) -> str:
        if path not in self._texts:
            self._stamps[path] = _stamp(path)
            self._texts[path] = path.read_text(encoding="utf-8")
        return self._texts[path]

    def changed(self) -> set[Path]:
        """读过之后动过的文件，改回原样的也算。"""
        return {path for path, stamp in self._stamps.items() if _stamp(path) != stamp}


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size


def imports(code: str) -> tuple[tuple[str, str | None], ...]:
    """代码里对本仓库的导入，写成 `(模块, 名字)`；`import dlnotes` 看它用到哪些属性。

    Raises:
        ValueError: 相对导入，或者给 dlnotes 起别名：看不出够得着哪些文件。
    """
    return _imports(code)


@cache
def _imports(code: str) -> tuple[tuple[str, str | None], ...]:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return ()
    return tuple(dict.fromkeys(target for node in ast.walk(tree) for target in _targets(node)))


def _targets(node: ast.AST) -> Iterable[tuple[str, str | None]]:
    if message := hidden_import(node):
        raise ValueError(f"{ast.unparse(node)}：{message}")
    if isinstance(node, ast.ImportFrom) and _ours(node.module):
        return [(node.module, alias.name) for alias in node.names]
    if isinstance(node, ast.Import):
        return [(a.name, None) for a in node.names if _ours(a.name) and a.name != "dlnotes"]
    if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) == "dlnotes":
        return [("dlnotes", node.attr)]
    return []


def _ours(module: str | None) -> bool:
    return module is not None and any(
        module == name or module.startswith(f"{name}.") for name in _OURS
    )
