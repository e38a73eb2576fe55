"""网站由什么决定：页面、记录、配置、源码、网址、建站工具的版本；都没有变就不必重建。"""

import hashlib
import importlib.metadata
import os
from collections.abc import Iterable
from pathlib import Path

from dlnotes_site.project import Project
from dlnotes_site.publish.wheel import sources
from dlnotes_site.weave import addresses

SITE_TOOLS = (
    "mkdocs", "mkdocs-material", "mkdocs-jupyter", "mkdocstrings", "mkdocstrings-python",
    "mkdocs-autorefs", "griffe", "griffelib", "pymdown-extensions", "Markdown", "Pygments",
    "jieba", "Jinja2", "resvg-py", "pylatexenc",
)  # fmt: skip
ADDRESSES = ("DLNOTES_SITE_URL", "DLNOTES_REPO_URL")


def fingerprint(project: Project) -> str:
    """网站的全部输入的摘要。记录只看文件的大小与时间，几千条也不用读。"""
    digest = hashlib.sha256(tools_digest(project).encode())
    digest.update(digest_of(project.root, _files(project)).encode())
    for path in sorted(project.records.glob("*.json")):
        status = path.stat()
        digest.update(f"{path.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def tools_digest(project: Project) -> str:
    """配置、网址、概念表、建站工具（连同这个包自己）的版本的摘要：变了一样，每一页都要重新渲染。"""
    parts = [f"{name}={version}" for name, version in tool_versions().items()]
    parts += [f"{name}={os.environ.get(name, '')}" for name in ADDRESSES]
    ours = Path(addresses.__file__).parents[1]
    shared = ("mkdocs.yml", "pyproject.toml", "docs/glossary.md")  # 每一页都可能用到
    config = [path for name in shared if (path := project.root / name).is_file()]
    parts += [digest_of(ours, _all_files(ours)), digest_of(project.root, config)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def source_digest(project: Project) -> str:
    """接口的页面由它写成的源码。"""
    return digest_of(project.root, _all_files(project.source / "dlnotes"))


def tool_versions() -> dict[str, str]:
    """建站工具的版本；没有装的写空。"""
    return {name: _version(name) for name in SITE_TOOLS}


def digest_of(root: Path, files: Iterable[Path]) -> str:
    """各个文件的位置与内容的摘要。"""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(project: Project) -> set[Path]:
    files = {project.manifest} if project.manifest.is_file() else set()
    for folder in (project.docs, project.root / "overrides", project.source / "dlnotes"):
        files.update(_all_files(folder))
    return files | set(sources(project.root))


def _all_files(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts]


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
