"""审计建好的网站：Lighthouse、axe-core、html-validate；`make audit` 运行它。

`python tests/audit` 缺什么装什么，再审计 `site/`；`--install` 只安装；其余参数交给 `audit.mjs`，
如 `--only html`。下限写在 `limits.json`，放过的规则与理由写在 `rules.mjs`。
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


class MissingError(Exception):
    """缺少审计要用的程序。"""


def node() -> str:
    """够新的 Node。"""
    found = shutil.which("node")
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))["engines"]["node"][2:]
    if found is None:
        raise MissingError(f"没有找到 Node：审计需要 Node {wanted} 以上（Debian 的包叫 nodejs）")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    number = version.stdout.strip().removeprefix("v")
    if _parts(number) < _parts(wanted):
        raise MissingError(f"Node 太旧：审计需要 {wanted} 以上，{found} 是 {number}")
    return found


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def chromium() -> str:
    """Chromium；环境变量 `DLNOTES_CHROMIUM` 可以指明用哪一个。"""
    wanted = os.environ.get("DLNOTES_CHROMIUM")
    names = [wanted] if wanted else CHROMIUMS
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        raise MissingError("没有找到 Chromium：安装 chromium，或者用 DLNOTES_CHROMIUM 指明它在哪里")
    return path


def install() -> None:
    """照锁文件安装 npm 包；装过而锁文件没有变，就不再联网。"""
    lock, done = HERE / "package-lock.json", HERE / "node_modules" / ".package-lock.json"
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise MissingError("没有找到 npm：第一次审计要用它安装 Lighthouse 等（Debian 的包叫 npm）")
    if subprocess.run([npm, "ci", "--silent"], cwd=HERE, check=False).returncode != 0:
        raise MissingError("npm 没有装成：第一次审计需要联网，装好之后就不用了")


def main(arguments: list[str]) -> int:
    """安装并审计；返回退出码。"""
    try:
        program, browser = node(), chromium()
        install()
    except MissingError as missing:
        print(f"错误：{missing}", file=sys.stderr)
        return 2
    if arguments == ["--install"]:
        return 0
    site, others = ROOT / "site", arguments
    if arguments and not arguments[0].startswith("--"):
        site, others = Path(arguments[0]).resolve(), arguments[1:]
    if not (site / "index.html").is_file():
        print(f"错误：{site} 里没有建好的网站，先运行 make site", file=sys.stderr)
        return 2
    command = [program, str(HERE / "audit.mjs"), str(site), *others]
    environment = {**os.environ, "CHROME_PATH": browser}
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
