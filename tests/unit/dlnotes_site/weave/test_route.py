"""The lines under a title and the map of the notes, drawn from the front matter."""

import re

import markdown
import pytest

from dlnotes_site.weave.route import MARKER, head, weave_head, weave_map

NAV = """
    nav:
      - 首页: index.md
      - 入门:
          - 甲: notes/a.md
          - 乙: notes/b.md
          - 丙: notes/c.md
          - 丁: notes/d.md
      - 深: [{戊: notes/e.md}]
    """
NEEDS = {"a": "", "b": "a", "c": "a, b", "d": "a", "e": "c, a, later"}


@pytest.fixture
def site(mini):
    mini.page(NAV, "mkdocs.yml")
    for name, needs in NEEDS.items():
        front = f"minutes: 20\nprerequisites: [{needs}]\noutcomes: [会算。, 会画]"
        mini.page(f"---\n{front}\n---\n\n# {name}\n\n正文。\n", f"docs/notes/{name}.md")
    mini.page(f"# 首页\n\n{MARKER}\n", "docs/index.md")
    return mini


def html_of(site) -> str:
    woven = weave_map("docs/index.md", f"{MARKER}\n", site.root)
    return markdown.markdown(woven, extensions=["md_in_html"])


def test_the_lines_under_the_title_say_minutes_prerequisites_and_outcomes(site):
    path = site.root / "docs/notes/e.md"
    woven = weave_head("docs/notes/e.md", path.read_text(encoding="utf-8"), site.root)
    assert "# e\n\n<div" in woven
    assert ("- 约 20 分钟\n- 先修：[丙](c.md)、[甲](a.md)、later\n- 读完能：会算；会画\n") in woven
    assert woven.endswith("正文。\n")


def test_a_page_without_minutes_has_no_such_lines(site):
    site.page("---\ndescription: x\n---\n\n# 题\n", "docs/notes/a.md")
    text = (site.root / "docs/notes/a.md").read_text(encoding="utf-8")
    assert head("docs/notes/a.md", site.root) == ""
    assert weave_head("docs/notes/a.md", text, site.root) == text


def test_the_libraries_a_page_needs_stand_under_its_title(site):
    extras = '[project]\nname = "x"\n[project.optional-dependencies]\npg = ["psycopg[binary]>=3"]\n'
    site.page(extras, "pyproject.toml")
    path = site.page("---\nextras: [pg]\n---\n\n# 题\n\n正文。\n", "docs/evidence/z.md")
    woven = weave_head("docs/evidence/z.md", path.read_text(encoding="utf-8"), site.root)
    assert "# 题\n\n<div" in woven
    assert "- 另要装：`pip install psycopg[binary]`\n" in woven


def test_the_map_has_a_link_with_its_minutes_for_every_note(site):
    html = html_of(site)
    links = re.findall(r'<a href="(notes/.\.md)">(.)</a><span class="dl-map__minutes">20', html)
    assert links == [
        (f"notes/{name}.md", title) for name, title in zip("abcde", "甲乙丙丁戊", strict=True)
    ]
    assert re.findall(r'dl-map__title">(\w+)<', html) == ["入门", "深"]


def test_prerequisites_come_first_and_detours_are_left_out(site):
    html = html_of(site)
    cells = re.findall(r'grid-area: (\d / \d)"><a href="notes/(.)\.md', html)
    assert cells == [
        ("1 / 1", "a"), ("2 / 1", "b"), ("3 / 1", "c"), ("2 / 2", "d"), ("1 / 1", "e")
    ]  # fmt: skip
    assert html.count("<path") == 3, "a → b, b → c, a → d; a → c goes through b"


def test_every_prerequisite_is_said_in_words_for_those_who_do_not_see_arrows(site):
    html = html_of(site)
    assert html.count("dl-map__spoken") == 3
    assert '<span class="dl-map__from">先修：丙</span>' in html
    assert 'aria-hidden="true"' in html


def test_the_map_is_empty_without_minutes(mini):
    mini.page(NAV, "mkdocs.yml")
    mini.page("# 甲\n", "docs/notes/a.md")
    assert weave_map("docs/index.md", f"前\n{MARKER}\n", mini.root) == "前\n\n"
