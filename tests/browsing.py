"""What every test of the built site needs: the site, a browser, a reader's visit."""

import functools
import http.server
import os
import shutil
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlparse

import pytest

from conftest import ROOT

SITE = ROOT / "site"
PAGES = sorted(SITE.rglob("*.html"))


class _Addresses(HTMLParser):
    """Addresses that a browser fetches by itself (not links that a reader may follow)."""

    FETCHED = ("script", "img", "iframe", "source", "video", "audio", "embed")
    RELS = (
        "stylesheet",
        "icon",
        "preload",
        "modulepreload",
        "preconnect",
        "dns-prefetch",
        "manifest",
    )

    def __init__(self):
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in self.FETCHED:
            self.found += [given[a] for a in ("src", "srcset", "data-src") if given.get(a)]
        if tag == "link" and set((given.get("rel") or "").split()) & set(self.RELS):
            self.found.append(given.get("href") or "")


def third_party(html: str) -> list[str]:
    parser = _Addresses()
    parser.feed(html)
    return [
        a for a in parser.found if a.startswith("//") or urlparse(a).scheme in ("http", "https")
    ]


def browser_path() -> str | None:
    wanted = os.environ.get("DLNOTES_CHROMIUM")
    names = [wanted] if wanted else ["chromium", "chromium-browser", "google-chrome"]
    return next((found for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def address():
    handler = functools.partial(_Quiet, directory=str(SITE))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def send_error(self, code, *args, **kwargs):
        if code != 404:
            super().send_error(code, *args, **kwargs)
            return
        body = (SITE / "404.html").read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    path = browser_path()
    if path is None:
        message = "没有找到 Chromium：浏览器测试没有运行（安装 chromium，或设 DLNOTES_CHROMIUM）"
        if os.environ.get("CI"):
            pytest.fail(message)  # nothing may be skipped in CI
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-first-run"]  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=flags, env=with_chinese(tmp_path_factory.mktemp("fonts"))
        )
        yield browser
        browser.close()


def with_chinese(folder: Path) -> dict[str, str]:
    """The environment of a browser that finds our Chinese font: heights as readers have them."""
    (folder / "fonts").mkdir()
    for font in (ROOT / "src" / "dlnotes" / "fonts").glob("*.otf"):
        shutil.copy(font, folder / "fonts")
    return {**os.environ, "XDG_DATA_HOME": str(folder)}


class Visit:
    """A page in its own context; notes console errors and requests to other hosts."""

    def __init__(self, browser, address: str, **options):
        options = {"viewport": {"width": 1280, "height": 900}, "locale": "zh-CN", **options}
        self.context = browser.new_context(**options)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page, self.address = self.context.new_page(), address
        self.errors, self.foreign = [], []
        self.page.on("console", lambda m: m.type == "error" and self.errors.append(m.text))
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.on("request", self._note)

    def _note(self, request):
        url = urlparse(request.url)
        if url.scheme in ("http", "https") and url.netloc != urlparse(self.address).netloc:
            self.foreign.append(request.url)

    def go(self, path: str = ""):
        response = self.page.goto(self.address + path, wait_until="networkidle")
        return response.status


@pytest.fixture
def visit(browser, address):
    opened = []

    def make(**options):
        opened.append(Visit(browser, address, **options))
        return opened[-1]

    yield make
    for one in opened:
        one.context.close()


def web(page: str) -> str:
    """The address of a source page."""
    path = page.removeprefix("docs/").removesuffix(".md")
    return "" if path == "index" else f"{path}/"


def search(one: Visit, query: str) -> None:
    """Type a query as a reader does: the theme listens to keys, which `fill` does not press."""
    one.page.keyboard.press("f")
    one.page.locator("[data-md-component=search-query]").fill(query)
    one.page.keyboard.press("End")
