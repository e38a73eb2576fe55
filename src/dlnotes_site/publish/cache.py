"""没有变的页面不再渲染：每页渲染的结果连同它问过的一切存在 `build/cache`。

结果取决于页面自己、配置与工具的版本（合成键），以及它链接到的文件在不在（存着，取用时再核对）。
标题的锚点与链接到别页的锚点也存着，所以别的页面改了，指向它的断链照样报告。渲染时有警告的页面不存。
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from material.plugins.search.plugin import SearchIndex
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, get_toc

from dlnotes_site.project import write_atomically


class PageCache:
    """一次建站用的缓存。

    Args:
        folder: 存在哪里。
        tools: 配置与工具的版本的摘要，任何一样变了全部重来。
        source: 源码的摘要，只有接口的页面（有 `:::`）用到。
    """

    def __init__(self, folder: Path, tools: str, source: str):
        self.folder, self.tools, self.source = folder, tools, source
        self.used: set[Path] = set()
        self.rendered: list[str] = []

    @contextmanager
    def installed(self, indexing: Callable) -> Iterator[None]:
        """期间建站都经过缓存；`indexing` 建一页的搜索索引，见 `Indexing`。"""
        with ExitStack() as stack:
            stack.enter_context(_replaced(Page, "render", self._render))
            wrapped = lambda original: self._index(original, indexing)  # noqa: E731
            stack.enter_context(_replaced(SearchIndex, "add_entry_from_context", wrapped))
            yield

    def prune(self) -> None:
        """删掉这次没有用到的。"""
        for path in self.folder.glob("*.json"):
            if path not in self.used:
                path.unlink()

    def _render(self, original):
        def render(page: Page, config, files: Files) -> None:
            path = self._path("page", page.file.src_uri, page.file.url, page.markdown, page.meta,
                              self.source if ":::" in page.markdown else "")  # fmt: skip
            saved = _read(path)
            if saved is None or _asked(files, saved["asked"]) != saved["asked"]:
                saved = self._fresh(original, page, config, files)
                _write(path, saved)
            else:
                _restore(page, config, files, saved)

        return render

    def _fresh(self, original, page: Page, config, files: Files) -> dict | None:
        """照常渲染，返回可以存的结果；有警告、问了别的就不存。"""
        self.rendered.append(page.file.src_uri)
        watched = _Watched(files)
        with _warnings() as warnings, _anchors(config) as anchors:
            original(page, config, watched)
        if warnings or watched.asked_more:
            return None
        return {
            "content": page.content, "toc": [_token(item) for item in page.toc],
            "title": page._title_from_render, "ids": sorted(page.present_anchor_ids),
            "links": {file.src_uri: found for file, found in (page.links_to_anchors or {}).items()},
            "asked": _asked(files, watched.asked), "anchors": anchors,
        }  # fmt: skip

    def _index(self, original, indexing):
        def add(index: SearchIndex, page: Page) -> None:
            meta = {name: page.meta.get(name) for name in ("search", "title", "tags", "keywords")}
            path = self._path("search", page.url, page.title, page.content, meta)
            entries = _read(path)
            if entries is None:
                before, index.entries = index.entries, []
                entries = indexing(lambda: original(index, page) or index.entries)
                index.entries = before
                _write(path, entries)
            index.entries += entries

        return add

    def _path(self, *parts) -> Path:
        text = json.dumps([self.tools, *parts], ensure_ascii=False, sort_keys=True, default=str)
        path = self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
        self.used.add(path)
        return path


class _Watched:
    """记下渲染一页时问过哪些文件在不在；问了别的，这一页就不存。"""

    def __init__(self, files: Files):
        self._files, self.asked, self.asked_more = files, set(), False

    def get_file_from_path(self, path: str):
        self.asked.add(path)
        return self._files.get_file_from_path(path)

    def __getattr__(self, name: str):
        self.asked_more = True
        return getattr(self._files, name)

    def __iter__(self):
        self.asked_more = True
        return iter(self._files)


def _asked(files: Files, names) -> dict[str, list[str] | None]:
    """各个文件的网址与去留；没有那个文件时为 `None`。"""
    found = {name: files.get_file_from_path(name) for name in sorted(names)}
    return {name: file and [file.url, file.inclusion.name] for name, file in found.items()}


def _restore(page: Page, config, files: Files, saved: dict) -> None:
    page.content, page._title_from_render = saved["content"], saved["title"]
    page.toc, page.present_anchor_ids = get_toc(saved["toc"]), set(saved["ids"])
    page.links_to_anchors = {
        files.get_file_from_path(name): found for name, found in saved["links"].items()
    }
    if saved["anchors"]:
        plugin = config.plugins["mkdocstrings"]
        plugin.handlers.get_handler(plugin.config.default_handler)  # 它的样式表才会写出来
    for arguments, options in saved["anchors"]:
        config.plugins["autorefs"].register_anchor(page, *arguments, **options)


def _token(item: AnchorLink) -> dict:
    children = [_token(child) for child in item.children]
    return {"level": item.level, "id": item.id, "name": item.title, "children": children}


@contextmanager
def _anchors(config) -> Iterator[list]:
    """期间登记的交叉引用的目标。"""
    found: list = []
    autorefs = config.plugins.get("autorefs")
    if autorefs is None:
        yield found
        return

    def wrapped(original):
        def register(page, *arguments, **options):
            found.append([arguments, options])
            return original(page, *arguments, **options)

        return register

    with _replaced(autorefs, "register_anchor", wrapped):
        yield found


class _Collector(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record.getMessage())


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """期间 MkDocs 与插件给出的警告。"""
    handler, logger = _Collector(), logging.getLogger("mkdocs")
    logger.addHandler(handler)
    try:
        yield handler.found
    finally:
        logger.removeHandler(handler)


@contextmanager
def _replaced(owner, name: str, wrap: Callable) -> Iterator[None]:
    own, original = name in vars(owner), getattr(owner, name)
    setattr(owner, name, wrap(original))
    try:
        yield
    finally:
        if own:
            setattr(owner, name, original)
        else:
            delattr(owner, name)


def _read(path: Path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):  # 没有，或者写坏了
        return None


def _write(path: Path, saved) -> None:
    if saved is not None:
        write_atomically(path, json.dumps(saved, ensure_ascii=False, separators=(",", ":")))
