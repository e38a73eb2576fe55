"""一次运行用的是哪个提交，还有什么没有提交。"""

import subprocess
from pathlib import Path


def commit(root: Path) -> str:
    """现在的提交。

    Raises:
        ValueError: 不是有提交的 git 仓库。
    """
    return _git(root, "rev-parse", "HEAD")


def uncommitted(root: Path, *but: str) -> str:
    """页面与源码里改过还没提交的文件，一行一个；`but` 是不算的路径。

    Raises:
        ValueError: 不是有提交的 git 仓库。
    """
    left_out = (f":!{path}" for path in but)
    return _git(root, "status", "--porcelain", "--", "docs", "src", "README.md", *left_out)


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments],
                              capture_output=True, text=True, check=True)  # fmt: skip
    except (OSError, subprocess.CalledProcessError) as error:
        raise ValueError(f"要写明提交，{str(root)!r} 应是有提交的 git 仓库") from error
    return done.stdout.strip()
