"""The built site in a real browser: what a reader meets. `make test` builds it first."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from browsing import PAGES, SITE, search, third_party, web
from conftest import ROOT
from dlnotes_site.pages.collect import collect
from dlnotes_site.pages.front_matter import front_matter

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


# --- guards on the files ------------------------------------------------------------------------


def test_the_site_is_built():
    assert len(PAGES) > 10, "run `dlnotes-site build` first (make test does)"


def test_no_page_fetches_from_a_third_party():
    found = {
        p.relative_to(SITE).as_posix(): third_party(p.read_text(encoding="utf-8")) for p in PAGES
    }
    assert {page: urls for page, urls in found.items() if urls} == {}


@pytest.mark.parametrize(
    "html",
    ['<script src="https://cdn.example/x.js"></script>', '<img src="//cdn.example/x.png">',
     '<link rel="stylesheet" href="https://fonts.example/css">'],
)  # fmt: skip
def test_the_third_party_guard_can_fail(html):
    assert third_party(html)
    assert not third_party('<a href="https://arxiv.org/abs/1">论文</a><img src="a.png">')


def test_style_sheets_fetch_nothing_from_elsewhere():
    sheets = list(SITE.rglob("*.css"))
    assert len(sheets) > 2
    for path in sheets:
        urls = re.findall(r"url\(['\"]?((?:https?:)?//[^)'\"]+)", path.read_text(encoding="utf-8"))
        assert urls == [], path


def figures(text: str) -> list[str]:
    """The tags of the pictures under the blocks."""
    return re.findall(r'<img\b[^>]*\bclass="dl-(?:light|dark)\b[^>]*>', text)


def bad_figures(text: str) -> list[str]:
    """Those without alternative text or size."""
    return [
        tag for tag in figures(text)
        if not re.search(r'\balt="[^"]+"', tag) or not re.search(r'\bwidth="\d+" height="\d+"', tag)
    ]  # fmt: skip


def test_every_image_has_alternative_text_and_a_size():
    texts = {path: path.read_text(encoding="utf-8") for path in PAGES}
    assert sum(len(figures(text)) for text in texts.values()) > 100
    assert {path: bad for path, text in texts.items() if (bad := bad_figures(text))} == {}


@pytest.mark.parametrize(
    "tag",
    ['<img class="dl-light" src="a.svg" alt="" width="1" height="1">',
     '<img class="dl-dark" src="a.svg" alt="一条线">', '<img class="dl-light" src="a.svg">'],
)  # fmt: skip
def test_the_image_guard_can_fail(tag):
    assert bad_figures(tag) == [tag]
    assert bad_figures('<img class="dl-light" src="a" alt="线" width="1" height="1">') == []


def test_every_local_image_exists():
    found = 0
    for path in PAGES:
        for tag in figures(path.read_text(encoding="utf-8")):
            source = re.search(r'\bsrc="([^"]+)"', tag)[1]
            assert (path.parent / source).resolve().is_file(), (path, source)
            found += 1
    assert found > 100


def test_no_latex_is_left_in_the_search_index():
    index = json.loads((SITE / "search/search_index.json").read_text(encoding="utf-8"))
    texts = [entry["text"] for entry in index["docs"]]
    assert sum("λ" in text for text in texts) > 5, "formulas are still searched"
    assert [text for text in texts if re.search(r"\\[(\[]", text)] == []


# --- in the browser -----------------------------------------------------------------------------


NOTES = sorted({b.page for b in collect(ROOT) if b.page.startswith("docs/")})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", NOTES)
def test_pages_open_without_console_errors_or_foreign_requests(visit, page, scheme):
    one = visit(color_scheme=scheme)
    assert one.go(web(page)) == 200
    one.page.mouse.wheel(0, 20000)
    one.page.wait_for_load_state("networkidle")
    assert one.errors == []
    assert one.foreign == []
    assert one.page.locator(".katex-error, .dl-math-error").count() == 0


@pytest.mark.parametrize("page", NOTES)
def test_pages_fit_a_phone_without_sideways_scrolling(visit, page):
    one = visit(viewport={"width": 390, "height": 844}, has_touch=True)
    one.go(web(page))
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 390


SMALLEST = 9.5  # CSS pixels
LEGIBLE = ["evidence/losses", "evidence/softmax-regression", "notes/autograd",
           "notes/convolution", "notes/normalization", "notes/softmax-regression",
           "notes/vanishing-gradients", "notes/width-vs-depth"]  # fmt: skip


def label_sizes(svg: str) -> list[tuple[float, str]]:
    """Every label of a figure: its size in the units of the figure, and its text."""
    glyphs = re.findall(r"<!-- (.*?) -->\s*<g[^>]*?(?:scale\((\d*\.\d+)|>)", svg, re.DOTALL)
    return [(100 * float(scale), text) for text, scale in glyphs if scale]


@pytest.mark.parametrize("page", LEGIBLE)
def test_labels_of_figures_are_legible_on_a_phone(visit, page):
    one = visit(viewport={"width": 390, "height": 844}, has_touch=True)
    one.go(f"{page}/")
    shown = one.page.evaluate("""() => {
        document.querySelectorAll("details").forEach((box) => (box.open = true));
        return [...document.querySelectorAll(".dl-figure:not(.dl-frames) img.dl-light")].map(
            (image) => [image.getAttribute("src"), image.getBoundingClientRect().width]);
    }""")
    found = []
    for source, width in shown:
        svg = (SITE / page / source).resolve().read_text(encoding="utf-8")
        units = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])
        found += [(size * width / units, text) for size, text in label_sizes(svg)]
    assert len(found) > 10
    assert [each for each in found if each[0] < SMALLEST] == []


def test_the_guard_on_labels_reads_their_size():
    svg = '<g>\n<!-- 0.5 -->\n<g style="fill: #000" transform="translate(1 2) scale(0.09 -0.09)">'
    assert label_sizes(svg) == [(9.0, "0.5")]


def test_a_block_out_of_sight_keeps_its_place_for_the_keyboard(visit):
    one = visit(viewport={"width": 390, "height": 844})
    one.go("notes/losses/")
    one.page.evaluate("document.querySelectorAll('details').forEach((box) => (box.open = true))")
    code = one.page.locator("article pre > code").first
    code.scroll_into_view_if_needed()
    one.page.wait_for_function("code => code.tabIndex === 0", arg=code.element_handle())
    one.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    one.page.wait_for_function(
        "code => !code.firstElementChild.checkVisibility({contentVisibilityAuto: true})",
        arg=code.element_handle(),
    )
    code.evaluate("code => code.removeAttribute('tabindex')")  # 主题编号之后就这样做
    one.page.wait_for_timeout(200)
    assert code.evaluate("code => code.tabIndex") == 0


def test_a_table_with_hidden_columns_shows_it_until_the_end(visit):
    one = visit(viewport={"width": 390, "height": 844}, has_touch=True)
    one.go("notes/modules/")
    wide = "(box) => box.scrollWidth > box.clientWidth + 1"
    every = "[...document.querySelectorAll('.md-typeset__scrollwrap')]"
    one.page.wait_for_function(f"() => {every}.some({wide})")  # the script wraps them
    tables = one.page.locator(".md-typeset__scrollwrap").all()
    table = next(table for table in tables if table.evaluate(wide))
    table.scroll_into_view_if_needed()
    one.page.wait_for_function("(box) => box.matches('.dl-more')", arg=table.element_handle())
    assert "inset" in table.evaluate("(box) => getComputedStyle(box).boxShadow")
    table.evaluate("(box) => (box.scrollLeft = box.scrollWidth)")
    one.page.wait_for_function("(box) => !box.matches('.dl-more')", arg=table.element_handle())
    one.page.set_viewport_size({"width": 1280, "height": 844})
    assert one.page.locator(".md-typeset__scrollwrap.dl-more").count() == 0


def test_only_the_frame_of_a_table_scrolls_so_that_the_keyboard_can(visit):
    one = visit(viewport={"width": 390, "height": 844})
    one.go("notes/modules/")
    table = one.page.locator(".md-typeset__scrollwrap table").first
    table.evaluate("""table => {
        const cell = table.querySelector("td");
        cell.style.whiteSpace = "nowrap";
        cell.textContent = "256·64 + 9·64² + 64·256".repeat(4);
    }""")
    table.scroll_into_view_if_needed()
    one.page.set_viewport_size({"width": 380, "height": 844})
    frame = one.page.locator(".md-typeset__scrollwrap").first
    one.page.wait_for_function("frame => frame.tabIndex === 0", arg=frame.element_handle())
    assert table.evaluate("table => getComputedStyle(table).overflowX") == "visible"
    assert frame.evaluate("frame => frame.scrollWidth > frame.clientWidth")


LINE_STARTS = """() => {
    const found = [];
    const walker = document.createTreeWalker(document.querySelector(".md-content"), 4);
    while (walker.nextNode()) {
        const text = walker.currentNode;
        const before = text.previousSibling;
        if (!/^[、，。；：？！）」』”》]/.test(text.data) || !before?.getClientRects) continue;
        const range = document.createRange();
        range.setStart(text, 0);
        range.setEnd(text, 1);
        const [stop] = range.getClientRects();
        const last = [...before.getClientRects()].at(-1);
        if (!stop || !last) continue;
        const edge = text.parentElement.closest("p, li, td, th, dd")?.getBoundingClientRect().left;
        if (stop.top > last.bottom - 4 || stop.left - edge < 2) {
            found.push(before.textContent + text.data);
        }
    }
    return found;
}"""


@pytest.mark.parametrize(
    "page",
    ["environment", "evidence/devices", "evidence/softmax-regression", "notes/gradient-descent",
     "notes/normalization", "notes/sgd-vs-adam"],
)  # fmt: skip
def test_no_line_begins_with_a_stop_on_a_phone(visit, page):
    one = visit(viewport={"width": 390, "height": 844}, has_touch=True)
    one.go(f"{page}/")
    one.page.add_style_tag(content="* { content-visibility: visible !important }")
    assert one.page.evaluate(LINE_STARTS) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [("螺旋", "notes/spiral/"), ("张量", "notes/tensors/"), ("自动微分", "notes/autograd/"),
     ("螺旋分类", "notes/spiral/")],
)  # fmt: skip
def test_search_in_chinese_finds_the_page(visit, query, expected):
    one = visit()
    one.go()
    search(one, query)
    first = one.page.locator(".md-search-result__item > a").first
    first.wait_for(state="attached", timeout=15000)
    links = [
        a.get_attribute("href") for a in one.page.locator(".md-search-result__item > a").all()[:3]
    ]
    assert any(expected in link for link in links)


def test_the_words_found_are_marked_on_the_page_a_result_leads_to(visit):
    one = visit()
    one.go("notes/spiral/?h=螺旋")
    one.page.locator("main mark", has_text="螺旋").first.wait_for(state="attached")
    one.go("notes/spiral/")
    assert one.page.locator("main mark").count() == 0


def test_search_for_a_word_that_is_nowhere_finds_nothing(visit):
    one = visit()
    one.go()
    search(one, "qzxwvut")
    one.page.get_by_text("没有找到符合条件的结果").wait_for(timeout=15000)
    assert one.page.locator(".md-search-result__item").count() == 0


@pytest.mark.parametrize("page", ["docs/notes/tensors.md", "docs/notes/spiral.md", "docs/index.md"])
def test_the_copy_button_copies_exactly_the_block(visit, page):
    one = visit()
    one.go(web(page))
    blocks = [b.code for b in collect(ROOT) if b.page == page]
    shown = one.page.locator(".highlight.language-python")
    one.page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    copied, of_checks = [], []
    for block in shown.all():
        button = block.locator(".md-code__button")  # comes when the block is seen
        one.page.evaluate("navigator.clipboard.writeText('')")
        text = ""
        for _ in range(10):  # what is above takes its own height only when it comes near
            block.evaluate("box => box.scrollIntoView({block: 'center'})")
            one.page.wait_for_timeout(200)
            if button.count():
                button.evaluate("button => button.scrollIntoView({block: 'center'})")
                button.click(force=True)
            text = one.page.evaluate("navigator.clipboard.readText()").rstrip("\n")
            if text:
                break
        if block.evaluate("box => box.closest('details.dl-check') !== null"):
            of_checks.append((text, copied[-1]))
        else:
            copied.append(text)
    assert copied == [b.rstrip("\n") for b in blocks]
    assert of_checks
    assert all(text == whole for text, whole in of_checks), "checks alone were copied"


def test_outputs_have_no_copy_button(visit):
    one = visit()
    one.go("notes/tensors/")
    assert one.page.locator(".dl-output").count() > 0
    assert one.page.locator(".dl-output button").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_and_page_follow_the_system_colour_scheme(visit, scheme):
    one = visit(color_scheme=scheme)
    one.go("notes/spiral/")
    assert one.page.locator("body").get_attribute("data-md-color-scheme") == (
        "slate" if scheme == "dark" else "default"
    )
    other = {"light": "dark", "dark": "light"}[scheme]
    figure = one.page.locator(".dl-figure:not(.dl-frames)").first
    assert figure.locator(f"img.dl-{scheme}").is_visible()
    assert not figure.locator(f"img.dl-{other}").is_visible()


def test_the_toggle_changes_the_colour_scheme(visit):
    one = visit(color_scheme="light")
    one.go()
    body = one.page.locator("body")
    seen = {body.get_attribute("data-md-color-scheme")}
    for _ in range(2):
        one.page.locator("label[for^=__palette]:visible").click()
        seen.add(body.get_attribute("data-md-color-scheme"))
    assert seen == {"default", "slate"}


def test_a_figure_zooms_by_keyboard_and_closes_with_escape(visit):
    one = visit()
    one.go("notes/spiral/")
    image = one.page.locator(".dl-figure button.dl-enlarge:visible").first
    image.scroll_into_view_if_needed()
    image.focus()
    one.page.keyboard.press("Enter")
    assert one.page.locator("dialog.dl-zoom[open]").count() == 1
    one.page.keyboard.press("Escape")
    assert one.page.locator("dialog.dl-zoom[open]").count() == 0


@pytest.mark.parametrize(("place", "side"), [(0.05, "left"), (0.95, "right")])
def test_on_a_phone_a_figure_opens_where_it_was_tapped(visit, place, side):
    one = visit(viewport={"width": 390, "height": 844}, has_touch=True)
    one.go("notes/spiral/")
    image = one.page.locator(".dl-figure button.dl-enlarge:visible").first
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    image.tap(position={"x": place * box["width"], "y": box["height"] / 2})
    shown, most = one.page.evaluate("""() => {
        const box = document.querySelector(".dl-zoom__scroll");
        return [box.scrollLeft, box.scrollWidth - box.clientWidth];
    }""")
    assert most > 100, "wider than the screen"
    assert abs(shown - {"left": 0, "right": most}[side]) < 2


def test_an_animation_shows_one_frame_and_moves_with_the_slider(visit):
    one = visit()
    one.go("notes/spiral/")
    group = one.page.locator(".dl-frames").first
    group.scroll_into_view_if_needed()
    group.locator(".dl-frame:visible").first.wait_for()  # pictures are fetched on approach
    assert group.locator(".dl-frame:visible").count() == 1
    before = group.locator(".dl-frame:visible").get_attribute("data-label")
    group.locator("input[type=range]").focus()
    one.page.keyboard.press("ArrowLeft")
    one.page.keyboard.press("ArrowRight")
    one.page.keyboard.press("ArrowRight")
    assert group.locator(".dl-frame:visible").get_attribute("data-label") != before


def test_without_scripts_every_frame_and_every_output_is_there(visit):
    one = visit(java_script_enabled=False)
    one.go("notes/spiral/")
    group = one.page.locator(".dl-frames").first
    assert group.locator(".dl-frame:visible").count() == group.locator(".dl-frame").count() > 1
    assert one.page.locator(".dl-output").first.is_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_formulas_are_shown_with_and_without_scripts(visit, scripts):
    one = visit(java_script_enabled=scripts)
    one.go("notes/spiral/")
    formulas = one.page.locator(".arithmatex")
    assert formulas.count() == one.page.locator(".arithmatex:has(.katex math)").count() > 5
    assert one.page.locator(".arithmatex .katex-html").first.is_visible()
    assert not one.page.locator(".arithmatex > span[hidden]").first.is_visible()
    fonts = one.page.locator(".katex-html").first.evaluate("(e) => getComputedStyle(e).fontFamily")
    assert fonts.startswith("KaTeX_Main"), "the style sheet has arrived"


def test_a_missing_page_is_answered_in_chinese_with_links(visit):
    one = visit()
    assert one.go("no/such/page/") == 404
    assert re.search(r"[\u4e00-\u9fff]{4,}", one.page.locator("main").inner_text())
    assert one.page.locator(".dl-lost li a").count() > 2


def test_every_page_has_a_next_or_previous_link(visit):
    one = visit()
    one.go("notes/tensors/")
    assert one.page.locator(".md-footer__link--next").count() == 1


def test_headings_have_readable_chinese_anchors():
    text = (SITE / "notes" / "tensors" / "index.html").read_text(encoding="utf-8")
    ids = re.findall(r'<h2 id="([^"]+)"', text)
    assert len(ids) > 3
    assert all(re.search(r"[\u4e00-\u9fffA-Za-z]", i) for i in ids)
    assert any(re.search(r"[\u4e00-\u9fff]", i) for i in ids)
    assert Path(SITE / "sitemap.xml").exists()


def test_the_search_index_is_fetched_only_when_a_reader_searches(visit):
    one = visit()
    fetched = []
    one.page.on("request", lambda r: "search_index" in r.url and fetched.append(r.url))
    one.go("notes/tensors/")
    assert fetched == []
    search(one, "张量")
    one.page.locator(".md-search-result__item > a").first.wait_for(state="attached")
    assert len(fetched) == 1


def test_misconceptions_are_filtered_by_topic_and_by_verdict(visit):
    one = visit()
    one.go("misconceptions/")
    page, shown = one.page, one.page.locator(".dl-topic li:visible")
    everything = shown.count()
    assert everything >= 41
    page.get_by_label("结论").select_option("unknown")
    some = shown.count()
    assert 0 < some < everything
    assert page.locator(".dl-topic li:visible .dl-verdict--unknown").count() == some
    page.get_by_label("主题").select_option("docs/notes/linear-regression.md")
    page.get_by_label("结论").select_option("")
    assert page.locator(".dl-topic:visible").count() == 1
    assert page.locator(".dl-filter [role=status]").inner_text() == f"{shown.count()} 条"


def test_without_scripts_every_misconception_is_there_and_no_filter(visit):
    one = visit(java_script_enabled=False)
    one.go("misconceptions/")
    assert one.page.locator(".dl-topic li:visible").count() >= 41
    assert not one.page.locator(".dl-filter").is_visible()


ROUTE = [page for page in NOTES if front_matter(ROOT / page).minutes is not None]


@pytest.mark.parametrize("page", ROUTE)
def test_a_note_opens_within_fifteen_screens(visit, page):
    one = visit()
    one.go(web(page))
    one.page.add_style_tag(content="* { content-visibility: visible !important }")
    height = one.page.locator(".md-content").evaluate("content => content.scrollHeight")
    assert height <= 15 * 900


def test_each_of_the_six_questions_fits_about_one_screen(visit):
    one = visit()
    one.go("questions/")
    one.page.add_style_tag(content="* { content-visibility: visible !important }")
    edges = one.page.locator("article h2, article > :last-child").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().top)"
    )
    heights = [below - top for top, below in pairwise(edges)]
    assert len(heights) == 6
    assert max(heights) <= 930  # 1280×900 的一屏；字体不同时差几个像素


def dead_classes(style, used):
    """Our own classes that a stylesheet names and nothing on the site carries."""
    rules = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    words = set(re.findall(r"[\w-]+", used))
    return sorted(set(re.findall(r"\.(dl-[\w-]+)", rules)) - words)


def test_no_style_is_dead():
    style = (SITE / "assets/css/site.css").read_text(encoding="utf-8")
    scripts = [*SITE.glob("assets/js/**/*.js"), *SITE.glob("assets/offline/*.js")]
    weaving = (ROOT / "src/dlnotes_site/weave").glob("*.py")  # marks faults in the preview
    used = "\n".join(path.read_text(encoding="utf-8") for path in [*PAGES, *scripts, *weaving])
    assert len(re.findall(r"\.dl-", style)) > 100
    assert dead_classes(style, used) == []


def test_the_guard_against_dead_styles_can_fail():
    style = ".dl-used { color: red; } /* .dl-said */ .dl-dead, .dl-used:hover { color: red; }"
    assert dead_classes(style, '<p class="dl-used">') == ["dl-dead"]


def test_a_signature_of_the_api_wraps_on_a_phone(visit):
    one = visit(viewport={"width": 390, "height": 844})
    one.go("api/training/")
    wide = one.page.locator(".doc-signature pre > code").evaluate_all(
        "all => all.filter(code => code.scrollWidth > code.clientWidth + 1).length"
    )
    assert one.page.locator(".doc-signature pre > code").count() > 5
    assert wide == 0


def test_the_report_says_by_which_column_it_is_sorted(visit):
    one = visit()
    one.go("report/")
    one.page.locator(".dl-records summary").click()
    heads = one.page.locator(".dl-records thead th")
    button = heads.nth(1).locator("button")
    for expected in ("ascending", "descending"):
        button.click()
        assert heads.nth(1).get_attribute("aria-sort") == expected
    heads.nth(0).locator("button").click()
    assert heads.nth(0).get_attribute("aria-sort") == "ascending"
    assert heads.nth(1).get_attribute("aria-sort") is None


def test_a_figure_is_a_real_button_and_only_the_visible_shade_is_reached(visit):
    one = visit()
    one.go("notes/spiral/")
    images = one.page.locator(".dl-figure img")
    assert images.count() > 3
    assert one.page.locator(".dl-figure button.dl-enlarge > img").count() == images.count()
    assert one.page.locator(".dl-figure button.dl-dark:visible").count() == 0
    assert one.page.locator("img[role], img[tabindex]").count() == 0


RENDERED = "[...document.querySelectorAll('.dl-part')].map((part) => part.firstElementChild"
RENDERED += ".checkVisibility({contentVisibilityAuto: true}))"


def test_parts_out_of_sight_wait_and_their_estimated_height_is_close(visit):
    one = visit(viewport={"width": 390, "height": 844})
    one.go("notes/spiral/")
    one.page.wait_for_timeout(300)
    assert one.page.evaluate(RENDERED).count(False) > 8
    tall = "document.documentElement.scrollHeight"
    guessed = one.page.evaluate(tall)
    one.page.add_style_tag(content="* { content-visibility: visible !important }")
    assert one.page.evaluate(RENDERED).count(False) == 0
    assert abs(guessed / one.page.evaluate(tall) - 1) < 0.2


def test_an_explanation_shows_for_the_pointer_and_the_keyboard_and_goes_away(visit):
    one = visit(viewport={"width": 1280, "height": 900})
    one.go("notes/spiral/")
    term = one.page.locator("article abbr[title]").first.element_handle()
    words = term.get_attribute("title")
    tip = one.page.locator("[role=tooltip].md-tooltip2--active")
    for appear, leave in [
        (term.hover, lambda: one.page.mouse.move(1, 1)),
        (term.focus, lambda: one.page.keyboard.press("Escape")),
    ]:
        appear()
        tip.wait_for()
        assert tip.inner_text().strip() == words
        assert term.get_attribute("aria-describedby") == tip.get_attribute("id")
        leave()
        tip.wait_for(state="detached")
        assert term.get_attribute("title") == words


def test_the_closed_drawer_is_not_laid_out_and_opens(visit):
    one = visit(viewport={"width": 390, "height": 844})
    one.go("notes/spiral/")
    link = one.page.locator(".md-sidebar--primary .md-nav__link").last.element_handle()
    seen = "link => link.checkVisibility({contentVisibilityAuto: true})"
    assert not link.evaluate(seen)
    one.page.locator(".md-header label[for=__drawer]").click()
    one.page.wait_for_function(seen, arg=link)
