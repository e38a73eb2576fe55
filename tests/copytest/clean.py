"""只装了 wheel 和它的依赖的环境。"""

import os
import subprocess
import sys
from pathlib import Path

_CHECK = """
import importlib.util, pathlib, sys
import dlnotes
where = pathlib.Path(dlnotes.__file__).resolve()
assert where.is_relative_to(pathlib.Path(sys.prefix).resolve()), f"dlnotes 来自 {where}"
assert importlib.util.find_spec("dlnotes_site") is None, "环境里有建站工具"
"""


def python_of(folder: Path) -> Path:
    """虚拟环境里的 Python。"""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make(folder: Path, wheel: Path, constraints: Path) -> Path:
    """新建虚拟环境并装上 wheel；返回它的 Python。"""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    install(folder, constraints, str(wheel))
    check(python_of(folder))
    return python_of(folder)


def install(folder: Path, constraints: Path, *packages: str) -> None:
    """在虚拟环境里安装，版本与建站时相同。"""
    command = [str(python_of(folder)), "-m", "pip", "install", "--quiet",
               "--disable-pip-version-check", "--constraint", str(constraints),
               *packages]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"安装 {'、'.join(packages)} 失败：\n{done.stdout}{done.stderr}")


def check(python: Path) -> None:
    """`dlnotes` 来自这个环境，而且没有建站工具。"""
    done = subprocess.run([str(python), "-I", "-c", _CHECK], capture_output=True, text=True,
                          check=False)  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{python} 不是只装了 wheel 的环境：\n{done.stderr}")
