"""读者安装的 wheel：只含 `dlnotes`，由网站自己提供。

`python -m dlnotes_site.publish.wheel` 建到 `dist/`。
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from dlnotes_site.project import write_atomically
from dlnotes_site.weave.addresses import WHEELS, wheel_name

_INDEX = """<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>dlnotes-zh 的安装包</title></head>
<body><main>
<h1>dlnotes-zh 的安装包</h1>
<p>复制下面的地址，用 <code>python -m pip install 地址</code> 安装。</p>
<p><a href="{name}#sha256={digest}">{name}</a></p>
</main></body>
</html>
"""


def build_wheel(root: Path, folder: Path) -> Path:
    """把 wheel 建到 `folder`；不联网，源码不变时逐字节相同。"""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel",
               "--directory", str(folder.resolve())]  # fmt: skip
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"建 wheel 失败：\n{done.stdout}{done.stderr}")
    return folder / wheel_name(root)


def cached_wheel(root: Path) -> Path:
    """`build/wheel/` 里的 wheel；源码没有变时沿用。"""
    folder = root / "build" / "wheel"
    path, stamp = folder / wheel_name(root), folder / "inputs.sha256"
    digest = _digest(root)
    if path.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return path
    shutil.rmtree(folder, ignore_errors=True)
    built = build_wheel(root, folder)
    write_atomically(stamp, digest)
    return built


def write_wheel(root: Path, woven: Path) -> None:
    """在 `woven/wheels/` 里放好 wheel 和列着它的一页；那一页的地址里没有版本号。"""
    if wheel_name(root) is None:
        return
    source, folder = cached_wheel(root), woven / WHEELS
    data = source.read_bytes()
    target = folder / source.name
    if target.exists() and target.read_bytes() == data and (folder / "index.html").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    target.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    write_atomically(folder / "index.html", _INDEX.format(name=source.name, digest=digest))


def sources(root: Path) -> list[Path]:
    """建 wheel 的全部输入。"""
    files = [root / name for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE")]
    files += [p for p in (root / "src" / "dlnotes").rglob("*") if "__pycache__" not in p.parts]
    return sorted(path for path in files if path.is_file())


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sources(root):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


if __name__ == "__main__":
    root, dist = Path.cwd(), Path.cwd() / "dist"
    dist.mkdir(exist_ok=True)
    print(shutil.copy2(cached_wheel(root), dist))
