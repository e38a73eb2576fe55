"""The offline copy of the site: unpacked, opened from `file://`, read and searched."""

import io
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zipfile import ZipFile

import pytest

from browsing import SITE, search
from dlnotes_site.publish.offline import NAME

pytestmark = [
    pytest.mark.xdist_group("offline"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("离线 版")  # a path with a space and Chinese characters
    with ZipFile(io.BytesIO((SITE / f"{NAME}.zip").read_bytes())) as archive:
        archive.extractall(folder)
    return folder / NAME


class _Links(HTMLParser):
    """Every address a page points to or fetches."""

    def __init__(self):
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def dead_links(page: Path) -> list[str]:
    """Relative addresses that lead to no file."""
    parser = _Links()
    parser.feed(page.read_text(encoding="utf-8"))
    local = [
        (link, urlsplit(link)) for link in parser.found
        if not urlsplit(link).scheme and not urlsplit(link).netloc and urlsplit(link).path
    ]  # fmt: skip
    return [link for link, url in local if not (page.parent / unquote(url.path)).is_file()]


def test_every_page_links_to_the_offline_copy():
    pages = [p for p in SITE.rglob("*.html") if "data-md-component" in p.read_text("utf-8")]
    assert len(pages) > 10
    assert [p for p in pages if f'{NAME}.zip" class="dl-offline"' not in p.read_text("utf-8")] == []


def test_every_link_and_picture_of_the_offline_copy_is_a_file(unpacked):
    found = {p.relative_to(unpacked).as_posix(): dead_links(p) for p in unpacked.rglob("*.html")}
    assert len(found) > 10
    assert {page: links for page, links in found.items() if links} == {}


@pytest.mark.parametrize("text", ['<a href="./">', '<img src="no.svg">', '<a href="a/">'])
def test_the_dead_link_guard_can_fail(tmp_path, text):
    (tmp_path / "a").mkdir()
    page = tmp_path / "index.html"
    page.write_text(text, encoding="utf-8")
    assert dead_links(page) != []


class Opened:
    """A page opened from disk; notes errors, failed requests and anything not from disk."""

    def __init__(self, browser, **options):
        options = {"viewport": {"width": 1280, "height": 900}, "locale": "zh-CN", **options}
        self.context = browser.new_context(**options)
        self.page, self.troubles = self.context.new_page(), []
        self.page.on("console", lambda m: m.type == "error" and self.troubles.append(m.text))
        self.page.on("pageerror", lambda e: self.troubles.append(str(e)))
        self.page.on("requestfailed", lambda r: self.troubles.append(f"failed {r.url}"))
        self.page.on("request", self._note)

    def _note(self, request):
        if urlsplit(request.url).scheme not in ("file", "data", "about", "blob"):
            self.troubles.append(request.url)


@pytest.fixture
def disk(browser, unpacked):
    opened = []

    def make(path: str, **options) -> Opened:
        opened.append(Opened(browser, **options))
        opened[-1].page.goto((unpacked / path).as_uri(), wait_until="networkidle")
        return opened[-1]

    yield make
    for one in opened:
        one.context.close()


@pytest.mark.parametrize(("query", "expected"), [("螺旋", "spiral"), ("张量", "tensors")])
def test_search_in_the_offline_copy_finds_the_page_and_opens_it(disk, query, expected):
    one = disk("glossary/index.html")
    search(one, query)
    link = one.page.locator(f".md-search-result__item > a[href*='notes/{expected}/']").first
    link.wait_for(state="attached", timeout=30000)
    link.click(force=True)
    one.page.wait_for_url(f"**/notes/{expected}/index.html*")
    one.page.locator("main mark").first.wait_for(state="attached")  # the words found are marked
    assert one.troubles == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_offline_copy_shows_figures_formulas_and_sliders(disk, scheme):
    one = disk("notes/spiral/index.html", color_scheme=scheme)
    page = one.page
    page.locator(".arithmatex .katex").first.wait_for(state="attached")
    figure = page.locator(f".dl-figure:not(.dl-frames) img.dl-{scheme}").first
    figure.scroll_into_view_if_needed()
    page.wait_for_function("(image) => image.complete && image.naturalWidth > 0",
                           arg=figure.element_handle())  # fmt: skip
    group = page.locator(".dl-frames").first
    group.scroll_into_view_if_needed()
    before = group.locator(".dl-frame:visible").get_attribute("data-label")
    group.locator("input[type=range]").focus()
    page.keyboard.press("End")
    assert group.locator(".dl-frame:visible").get_attribute("data-label") != before
    assert one.troubles == []


@pytest.mark.parametrize(
    ("page", "part"),
    [("playground/index.html", ".dl-play.is-live canvas, .dl-play.is-live svg"),
     ("labs/lab2/index.html", ".dl-run img"), ("report/index.html", ".dl-records summary")],
)  # fmt: skip
def test_the_offline_copy_runs_what_scripts_bring_to_life(disk, page, part):
    one = disk(page)
    one.page.locator(part).first.wait_for(state="attached")
    assert one.troubles == []


def test_links_between_pages_of_the_offline_copy_work(disk):
    one = disk("index.html")
    one.page.locator(".md-tabs__link", has_text="环境").click()
    one.page.wait_for_url("**/environment/index.html")
    one.page.locator(".md-header .md-logo").click()
    one.page.wait_for_url(f"**/{NAME}/index.html")
    assert one.troubles == []


def test_an_address_outside_the_offline_copy_would_be_noticed(disk):
    one = disk("index.html")
    one.page.evaluate("new Image().src = 'http://127.0.0.1:9/x.png'")
    one.page.wait_for_timeout(300)
    assert any("http://127.0.0.1:9" in trouble for trouble in one.troubles)


@pytest.mark.parametrize(("page", "name"), [("lenet", "lenet"), ("gradient-descent", "descent")])
def test_the_explainers_of_the_offline_copy_are_alive(disk, page, name):
    one = disk(f"notes/{page}/index.html")
    one.page.locator(f"dl-{name}").scroll_into_view_if_needed()
    one.page.wait_for_selector(f"dl-{name}.is-live .dl-explain__status:not(:empty)")
    one.page.locator(f'p a[href*="#explain-{name}"]').first.click()
    one.page.wait_for_function("name => location.hash === `#explain-${name}`", arg=name)
    assert one.troubles == []
