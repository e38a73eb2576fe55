"""一页另要的库：页首 `extras` 里写 pyproject.toml 里的可选依赖。"""

import re
import tomllib
from functools import cache
from pathlib import Path

OURS = frozenset({"site", "test", "bench"})
"""建站与测试用的可选依赖，页面里不能写。"""


@cache
def known(root: Path) -> dict[str, tuple[str, ...]]:
    """页面可以写的可选依赖，各有哪些库（展开成库本身）。"""
    path = root / "pyproject.toml"
    if not path.is_file():
        return {}
    project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    written = project.get("optional-dependencies", {})
    own = re.compile(rf"{re.escape(project.get('name', ''))}\[([\w,-]+)\]")

    def expand(name: str) -> list[str]:
        found = []
        for line in written[name]:
            match = own.fullmatch(line)
            inner = match[1].split(",") if match else []
            found += [package for extra in inner for package in expand(extra)] or [line]
        return found

    return {name: tuple(dict.fromkeys(expand(name))) for name in written if name not in OURS}


def packages(extras: tuple[str, ...], root: Path) -> list[str]:
    """这几项可选依赖里的库，如 `["optuna>=4.4"]`，不重复。"""
    found = known(root)
    return list(dict.fromkeys(package for name in extras for package in found[name]))


def installed_as(package: str) -> str:
    """安装时写的名字：去掉版本的要求。"""
    return re.split("[<>=!~ ;]", package, maxsplit=1)[0]
