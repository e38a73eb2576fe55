"""Whatever the site serves of other people's work is listed with its licence."""

import json
import re
import shutil
from pathlib import Path

import material
import mkdocstrings_handlers.python as docstrings
import pytest

from conftest import ROOT
from dlnotes_site.project import Project
from dlnotes_site.weave import licenses, vendor
from dlnotes_site.weave.styles import join

THEME = Path(material.__file__).parent / "templates" / "assets"


@pytest.fixture(scope="module")
def listed():
    return licenses.components(Project.at(ROOT))


@pytest.fixture
def site(tmp_path):
    """The third-party files of a site, as the tools write them."""
    shutil.copytree(THEME, tmp_path / "assets")
    style = Path(docstrings.__file__).parent / "templates" / "material" / "style.css"
    shutil.copy(style, tmp_path / "assets" / "_mkdocstrings.css")
    project = Project.at(ROOT)
    vendor.write(project)
    for name in ("katex", "offline"):
        shutil.copytree(project.woven / "assets" / name, tmp_path / "assets" / name)
    (tmp_path / "assets" / "css").mkdir()
    (tmp_path / "assets" / "css" / "site.css").write_text(join(ROOT / "docs"), encoding="utf-8")
    return tmp_path


def test_every_third_party_file_of_the_site_belongs_to_a_listed_component(site, listed):
    licenses.remove_unused(site)
    assert licenses.unlisted(site, listed) == []
    assert all(re.search("zh|multi|stemmer", path.name) for path in site.rglob("lunr/min/*.js"))


def test_a_file_that_nobody_listed_is_named(site, listed):
    (site / "assets" / "javascripts" / "stranger.min.js").touch()
    found = licenses.unlisted(site, listed)
    assert "assets/javascripts/stranger.min.js" in found
    assert "assets/javascripts/lunr/wordcut.js" in found, "not removed yet"


def test_every_file_pattern_of_a_component_matches_something(site, listed):
    for component in listed:
        for pattern in component.files:
            assert list(site.glob(pattern)), (component.name, pattern)


def test_what_is_bundled_in_the_scripts_of_the_theme_is_listed():
    sources = [name for path in THEME.rglob("*.js.map")
               for name in json.loads(path.read_text(encoding="utf-8"))["sources"]]  # fmt: skip
    found = {
        m[1] for name in sources if (m := re.search(r"node_modules/((?:@[^/]+/)?[^/]+)", name))
    }
    assert found == set(licenses.BUNDLED)


def test_each_component_brings_the_text_of_its_licence(listed):
    names = [component.name for component in listed]
    assert len(set(names)) == len(names)
    for component in listed:
        assert len(component.text) > 200, component.name
    fonts = next(c for c in listed if c.name.endswith("的字体"))
    assert "Design Science" in fonts.text
    assert "PREAMBLE" in fonts.text


def test_the_listing_folds_every_text_and_stays_out_of_the_search_index(listed):
    text = licenses.listing(Project.at(ROOT))
    assert text.count("<details>") == len(listed)
    assert text.startswith('<div class="dl-licences" data-search-exclude>')
    assert "&lt;martin.donath@squidfunk.com&gt;" in text
    assert text.count("<div") == 1, "what search skips holds no element of the same name"


def test_the_page_and_the_footer_lead_to_the_listing():
    assert licenses.MARKER in (ROOT / "docs" / "licenses.md").read_text(encoding="utf-8")
    footer = (ROOT / "overrides" / "partials" / "copyright.html").read_text(encoding="utf-8")
    assert "'licenses/' | url" in footer
