"""The note that teaches a thing comes first: what students type, asked of the site's own search."""

import json

import pytest

from browsing import SITE
from conftest import ROOT
from dlnotes_site.pages.glossary import terms

pytestmark = pytest.mark.xdist_group("search")

TABLE = ROOT / "tests/browser/queries.tsv"
QUERIES = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines()]
"""query, acceptable notes, kind; written by readers who had not seen the index."""

ASK = """async (queries) => {
    const config = JSON.parse(document.getElementById("__config").textContent);
    const data = await (await fetch(new URL("search/search_index.json", location))).json();
    const worker = new Worker(new URL(config.search, location));
    const ask = (message) => new Promise((done) => {
        worker.onmessage = (event) => done(event.data);
        worker.postMessage(message);
    });
    await ask({ type: 0, data: { ...data, options: { suggest: true } } });
    const found = [];
    for (const query of queries) {
        const { data: { items } } = await ask({ type: 2, data: query });
        found.push(items.slice(0, 3).map((group) => group[0].location.split("#")[0]));
    }
    return found;
}"""


def places(found, wanted):
    """At which place the first acceptable note stands; 3 when it is not among the first three."""
    return next((n for n, where in enumerate(found) if where.rstrip("/") in wanted), 3)


def ask(visit, rows):
    one = visit()
    one.go()
    answers = one.page.evaluate(ASK, [query for query, _ in rows])
    return {query: places(found, wanted)
            for (query, wanted), found in zip(rows, answers, strict=True)}  # fmt: skip


def test_students_find_the_note_that_teaches_it_first(visit):
    ranks = ask(visit, [(query, notes.split(",")) for query, notes, _ in QUERIES])
    late = {query: place for query, place in ranks.items() if place}
    assert len(ranks) >= 200
    assert len(late) <= 0.1 * len(ranks), late
    assert [query for query, place in late.items() if place == 3] == []


def test_a_term_of_the_glossary_finds_a_note_that_it_names(visit):
    rows = [(term.name, [page.removeprefix("docs/").removesuffix(".md") for page in term.pages
                         if page.startswith("docs/notes/")]) for term in terms(ROOT)]  # fmt: skip
    ranks = ask(visit, [(name, notes) for name, notes in rows if notes])
    late = {query: place for query, place in ranks.items() if place}
    assert len(ranks) > 150
    assert len(late) <= 0.1 * len(ranks), late
    assert [query for query, place in late.items() if place == 3] == []


def test_the_measure_can_fail():
    assert places(["glossary/", "notes/a/"], ["notes/a"]) == 1
    assert places(["glossary/", "api/", "labs/"], ["notes/a"]) == 3
    assert places([], ["notes/a"]) == 3


def test_every_query_names_notes_that_exist():
    notes = {name for _, names, _ in QUERIES for name in names.split(",")}
    assert all((ROOT / "docs" / f"{name}.md").is_file() for name in notes)
    assert len({query for query, *_ in QUERIES}) == len(QUERIES)


def test_the_tags_that_rank_notes_are_not_shown(visit):
    one = visit()
    one.go()
    one.page.keyboard.press("f")
    one.page.locator("[data-md-component=search-query]").fill("随机失活")
    one.page.keyboard.press("End")
    one.page.locator(".md-search-result__item > a").first.wait_for(state="attached", timeout=15000)
    first = one.page.locator(".md-search-result__item > a").first.get_attribute("href")
    assert "notes/regularization/" in first
    assert one.page.locator(".md-search-result .md-tags:visible").count() == 0


def test_the_index_stays_small():
    index = json.loads((SITE / "search/search_index.json").read_text(encoding="utf-8"))
    tags = json.dumps([doc.get("tags", []) for doc in index["docs"]], ensure_ascii=False)
    assert len(tags.encode()) < 40_000
