"""The page cache: unchanged pages are not rendered again, and nothing escapes the strict build."""

import json
import logging
from types import SimpleNamespace

import pytest

from dlnotes_site.publish.cache import PageCache

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the site tools

CONFIG = """\
site_name: 题
theme: {name: material, language: zh, font: false}
plugins:
  - search
  - mkdocstrings: {enable_inventory: false, handlers: {python: {paths: [src]}}}
nav: [index.md, b.md, api.md]
validation: {links: {anchors: warn, not_found: warn}}
"""
PAGES = {
    "index.md": "# 甲\n\n见 [乙](b.md#second)，也见 [函数][tiny.shout]。\n",
    "b.md": '# 乙\n\n## 二 <a id="second"></a>\n\n正文。\n',
    "api.md": "# 接口\n\n::: tiny\n",
}
SOURCE = '"""小。"""\n\n\ndef shout(word: str) -> str:\n    """%s。"""\n    return word.upper()\n'


class Log(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


class Site:
    def __init__(self, root):
        self.root = root
        self.write("mkdocs.yml", CONFIG)
        self.write("src/tiny/__init__.py", SOURCE % "喊")
        for name, text in PAGES.items():
            self.write(f"docs/{name}", text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def read(self, name):
        return (self.root / "site" / name).read_text(encoding="utf-8")

    def build(self, tools="tools", source="source"):
        """What was rendered, and what was warned of."""
        from mkdocs.commands.build import build
        from mkdocs.config import load_config

        config = load_config(str(self.root / "mkdocs.yml"))
        cache = PageCache(self.root / "cache", tools, source)
        log, logger = Log(), logging.getLogger("mkdocs")
        logger.addHandler(log)
        try:
            with cache.installed(lambda add: add()):
                build(config)
        finally:
            logger.removeHandler(log)
        cache.prune()
        return SimpleNamespace(rendered=cache.rendered, warnings=log.lines)


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")
    return Site(tmp_path)


def files(site):
    return {
        path.relative_to(site.root).as_posix(): path.read_bytes()
        for path in sorted((site.root / "site").rglob("*"))
        if path.is_file() and not path.name.startswith("sitemap")
    }


def test_a_second_build_renders_nothing_and_gives_the_same_site(site):
    assert site.build().rendered == ["index.md", "api.md", "b.md"]
    first = files(site)
    assert len(first) > 10
    again = site.build()
    assert again.rendered == []
    assert files(site) == first
    assert 'href="api/#tiny.shout"' in site.read("index.html")


def test_only_the_changed_page_is_rendered_and_shown_and_found(site):
    site.build()
    site.write("docs/b.md", PAGES["b.md"] + "\n新的一句。\n")
    assert site.build().rendered == ["b.md"]
    assert "新的一句" in site.read("b/index.html")
    entries = json.loads(site.read("search/search_index.json"))["docs"]
    assert [e["location"] for e in entries if "新的一句" in e["text"].replace("\u200b", "")]


def test_a_new_picture_renders_no_page(site):
    site.build()
    site.write("docs/assets/new.svg", "<svg/>")
    assert site.build().rendered == []
    assert (site.root / "site/assets/new.svg").is_file()


def test_an_anchor_that_went_away_is_reported_though_the_linking_page_is_cached(site):
    assert site.build().warnings == []
    site.write("docs/b.md", "# 乙\n\n## 二\n")
    found = site.build()
    assert found.rendered == ["b.md"]
    assert [line for line in found.warnings if "b.md#second" in line and "index.md" in line]


def test_a_link_to_a_page_that_went_away_is_reported(site):
    site.build()
    (site.root / "docs/b.md").unlink()
    site.write("mkdocs.yml", CONFIG.replace(" b.md,", ""))
    found = site.build()
    assert found.rendered == ["index.md"]
    assert [line for line in found.warnings if "'b.md#second'" in line and "not found" in line]


def test_a_cross_reference_that_went_away_is_reported_though_the_page_is_cached(site):
    site.build()
    site.write("src/tiny/__init__.py", (SOURCE % "喊").replace("shout", "whisper"))
    found = site.build(source="changed")
    assert found.rendered == ["api.md"]
    assert [line for line in found.warnings if "tiny.shout" in line]


def test_a_page_with_a_warning_is_rendered_and_reported_every_time(site):
    site.write("docs/b.md", PAGES["b.md"] + "\n[丙](nowhere.md)\n")
    for _ in range(2):
        found = site.build()
        assert "b.md" in found.rendered
        assert len([line for line in found.warnings if "nowhere.md" in line]) == 1


def test_a_changed_source_renders_the_pages_made_from_it(site):
    site.build()
    site.write("src/tiny/__init__.py", SOURCE % "大声喊")
    assert site.build(source="changed").rendered == ["api.md"]
    assert "大声喊" in site.read("api/index.html")


def test_changed_tools_render_every_page(site):
    site.build()
    assert len(site.build(tools="newer").rendered) == 3


def test_a_damaged_cache_file_is_not_trusted(site):
    site.build()
    for path in (site.root / "cache").iterdir():
        path.write_text(path.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    assert len(site.build().rendered) == 3


def test_what_was_not_used_is_pruned(site):
    site.build()
    before = set((site.root / "cache").iterdir())
    site.write("docs/b.md", PAGES["b.md"] + "\n新的一句。\n")
    site.build()
    after = set((site.root / "cache").iterdir())
    assert len(before) == len(after) == 6
    assert len(before - after) == 2
