"""审计建好的网站：Lighthouse、axe-core、html-validate；`make audit` 运行它。

`python tests/audit` 先照锁文件装好 npm 包（Node 与 npm 来自 PyPI），再审计 `site/`；`--install`
只安装；其余参数交给 `audit.mjs`，如 `--only html`。下限写在 `limits.json`，放过的规则与理由写在
`rules.mjs`。
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from dlnotes_site.weave.vendor import install, node

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """Chromium；环境变量 `DLNOTES_CHROMIUM` 可以指明用哪一个。"""
    wanted = os.environ.get("DLNOTES_CHROMIUM")
    names = [wanted] if wanted else CHROMIUMS
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        raise ValueError("没有找到 Chromium：安装 chromium，或者用 DLNOTES_CHROMIUM 指明它在哪里")
    return path


def install_once() -> None:
    """照锁文件安装 npm 包；装过而锁文件没有变，就不再联网。"""
    lock, done = HERE / "package-lock.json", HERE / "node_modules" / ".package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        install(HERE)


def plain_page() -> Path:
    """主题自己的一页，没有本站的任何改动：阻塞时间与它比。建在 `build/plain/`。"""
    folder = ROOT / "build" / "plain"
    if not (folder / "index.html").is_file():
        command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
        environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
        config = str(HERE / "plain" / "mkdocs.yml")
        command += ["--config-file", config]
        subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
    return folder


def main(arguments: list[str]) -> int:
    """安装并审计；返回退出码。"""
    try:
        browser = chromium()
        install_once()
    except ValueError as missing:
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
    command = [node(), str(HERE / "audit.mjs"), str(site), "--plain", str(plain_page()), *others]
    environment = {**os.environ, "CHROME_PATH": browser}
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
