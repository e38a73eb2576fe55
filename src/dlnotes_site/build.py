"""由运行记录建站，以及本地预览。"""

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from dlnotes_site.collect import Block, Problem, collect
from dlnotes_site.downloads import FOLDERS, write_downloads
from dlnotes_site.figures import FOLDER, write_files
from dlnotes_site.links import broken_links
from dlnotes_site.offline import write_offline
from dlnotes_site.record import Record, key, write_atomically
from dlnotes_site.runner import Project, Summary
from dlnotes_site.search import plain_formulas
from dlnotes_site.wheel import sources


def build(project: Project, *, fresh: bool = False) -> int:
    """建成 `site/`；输入都没有变时什么也不做。返回退出码。"""
    start = time.perf_counter()
    pairs = _records(project)
    problems = prepare(project, pairs)
    if problems:
        for problem in problems:
            print(f"✗ {problem}", file=sys.stderr)
        return 1
    stamp = project.root / "build" / "site.sha256"
    fingerprint = _fingerprint(project)
    done = stamp.exists() and stamp.read_text(encoding="utf-8") == fingerprint
    if done and not fresh and (project.root / "site" / "index.html").exists():
        print("site/ 已是最新")
        return 0
    stamp.unlink(missing_ok=True)
    write_downloads(project.root, pairs)
    code = _mkdocs(project.root, "build", "--strict", "--quiet")
    if code == 0:
        plain_formulas(project.root / "site")
        write_offline(project.root / "site")
    for problem in broken_links(project.root / "site") if code == 0 else []:
        print(f"✗ {problem}", file=sys.stderr)
        code = 1
    if code == 0:
        write_atomically(stamp, fingerprint)
        print(f"已建成 site/，用时 {time.perf_counter() - start:.1f} 秒")
    return code


def prepare(project: Project, pairs: list[tuple[Block, Record]] | None = None) -> list[Problem]:
    """写出图片文件，并检查每张图都有替代文字；`pairs` 是读好的记录，省略时现读。"""
    pairs = _records(project) if pairs is None else pairs
    write_files([record for _, record in pairs], project.root / "docs")
    return [problem for pair in pairs if (problem := _check_captions(*pair)) is not None]


def _records(project: Project) -> list[tuple[Block, Record]]:
    environment = project.environment()
    if environment is None:
        return []
    pairs = []
    for block in collect(project.root):
        record = project.store.get(key(block, environment, project.source))
        if block.skip is None and record is not None:
            pairs.append((block, record))
    return pairs


def _check_captions(block: Block, record: Record) -> Problem | None:
    figures, captions = len(record.figures), len(block.captions)
    if block.page == "README.md" or figures == captions:
        return None
    return Problem(
        block.page, block.line,
        f"代码块画了 {figures} 张图，却有 {captions} 条替代文字；"
        "每张图在围栏之后各写一行 <!--alt: …-->",
    )  # fmt: skip


# 与 `python -m mkdocs` 相同，只是让切词的 jieba 不在终端里报告它读词典的进度
_MKDOCS = (
    "import logging, jieba, mkdocs.__main__;"
    "jieba.setLogLevel(logging.ERROR); mkdocs.__main__.cli(prog_name='mkdocs')"
)


def _mkdocs(root: Path, *arguments: str) -> int:
    environment = {**os.environ, "DLNOTES_ROOT": str(root), "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-c", _MKDOCS, *arguments]
    return subprocess.run(command, cwd=root, env=environment, check=False).returncode


def _fingerprint(project: Project) -> str:
    """网站的全部输入：页面、素材、主题覆盖、配置、源码、两个网址、运行环境与各条记录。"""
    root = project.root
    addresses = (os.environ.get(name, "") for name in ("DLNOTES_SITE_URL", "DLNOTES_REPO_URL"))
    digest = hashlib.sha256("\n".join(addresses).encode())
    for path in sorted(_inputs(root)):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for path in sorted(project.store.folder.glob("*.json")):
        with path.open("rb") as file:  # 记录的第一行是内容的摘要
            digest.update(path.name.encode() + file.readline())
    return digest.hexdigest()


def _inputs(root: Path) -> list[Path]:
    files = [root / "mkdocs.yml", root / "build" / "run.json"]
    for folder in ("docs", "overrides", "src"):
        files += [p for p in (root / folder).rglob("*") if "__pycache__" not in p.parts]
    files += sources(root)  # wheel 的输入
    written = [root / "docs" / name for name in FOLDERS]  # 由其余的输入写出
    return [p for p in files if p.is_file() and not any(folder in p.parents for folder in written)]


def serve(project: Project, address: str, rerun: Callable[[], Summary]) -> int:
    """预览：页面或源码一改，先重跑受影响的代码块，MkDocs 随即重建并刷新浏览器。"""
    rerun()
    _write(project)
    threading.Thread(target=_watch, args=(project, rerun), daemon=True).start()
    return _mkdocs(project.root, "serve", "--no-strict", "--dev-addr", address)


def _write(project: Project) -> None:
    pairs = _records(project)
    prepare(project, pairs)
    write_downloads(project.root, pairs)


def _watch(project: Project, rerun: Callable[[], Summary]) -> None:
    seen = _stamps(project.root)
    while True:
        time.sleep(0.5)
        try:
            now = _stamps(project.root)
            if now == seen:
                continue
            seen = now
            rerun()
            _write(project)
        except (ValueError, OSError, RuntimeError) as error:  # 编辑器正在换文件、页面写错
            print(f"错误：{error}", file=sys.stderr)
        # MkDocs 只看文件的变化：改一个点开头的文件（不会发布），让它用新记录再建一次
        stamp = project.root / "docs" / FOLDER / ".rebuilt"
        write_atomically(stamp, str(time.time_ns()))


def _stamps(root: Path) -> dict[Path, int]:
    pages = [*(root / "docs").rglob("*.md"), *(root / "src" / "dlnotes").rglob("*.py")]
    return {path: path.stat().st_mtime_ns for path in pages}
