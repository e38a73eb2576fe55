"""The labs on the built site: light, complete, findable, and usable on a phone."""

import gzip
import json
import re
from pathlib import Path

import nbformat
import pytest

from browsing import SITE, third_party
from conftest import ROOT
from dlnotes_site.tasks import labs as source

PATHS = source.paths(ROOT)
IDS = {"ids": lambda path: path.stem}


def built(path: Path) -> str:
    return (SITE / "labs" / path.stem / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_a_lab_page_is_light_and_asks_nobody_else(path):
    html = built(path)
    # 每页都带整站的目录；实验五的九个任务有 37 kB
    assert len(gzip.compress(html.encode())) <= 38_000
    assert third_party(html) == []
    assert "require.js" not in html
    assert "mathjax" not in html.lower()


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_the_built_page_shows_real_outputs_and_chinese_headings(path):
    html = built(path)
    for name, _ in source.tasks(source.read(path)):
        number = name.removeprefix("任务 ")
        assert f'id="任务-{number}' in html
        assert re.search(rf"<code>(?:.*\n)*?{name} 通过", html)
    assert "image/svg+xml" not in html
    assert len(re.findall(r'<img class="dl-light"[^>]+alt="[^"]{10,}"', html)) >= 2


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_the_built_notebooks_are_valid_and_the_answers_carry_outputs(path):
    for name in (path.stem, f"{path.stem}-solution"):
        text = (SITE / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
        nbformat.validate(nbformat.reads(text, as_version=4))
        assert not re.search(r"(?<![\w./-])/(work|tmp|root|home)/[\w.-]", text)
    answers = nbformat.reads(text, as_version=4)
    printed = [o.text for c in answers.cells for o in c.get("outputs", []) if "text" in o]
    for task, _ in source.tasks(source.read(path)):
        assert any(f"{task} 通过" in text for text in printed)
    assert any("image/png" in str(o) for c in answers.cells for o in c.get("outputs", []))


def test_search_holds_the_labs():
    index = json.loads((SITE / "search" / "search_index.json").read_text(encoding="utf-8"))
    titles = {d["location"]: d["title"].replace("\u200b", "") for d in index["docs"]}
    for path in PATHS:
        assert titles[f"labs/{path.stem}/"].startswith("实验")
        assert any(where.startswith(f"labs/{path.stem}/#任务-1") for where in titles)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS, **IDS)
def test_a_lab_opens_on_a_phone_without_errors_or_foreign_requests(visit, path, scheme):
    one = visit(color_scheme=scheme, viewport={"width": 390, "height": 844}, has_touch=True)
    assert one.go(f"labs/{path.stem}/") == 200
    one.page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    one.page.mouse.wheel(0, 40000)
    one.page.wait_for_load_state("networkidle")
    assert (one.errors, one.foreign) == ([], [])
    assert one.page.locator(".katex-error, .dl-math-error").count() == 0
    assert one.page.locator(".arithmatex .katex").count() > 1
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_copy_button_copies_a_stub(visit):
    one = visit()
    one.go("labs/lab1/")
    box = one.page.locator(".dl-stub").first
    box.scroll_into_view_if_needed()
    box.locator(".md-code__button").first.click(force=True)
    copied = one.page.evaluate("navigator.clipboard.readText()")
    stub = next(cells["stub"][0] for _, cells in source.tasks(source.read(PATHS[0])))
    assert copied.rstrip("\n") == stub.source.rstrip("\n")
