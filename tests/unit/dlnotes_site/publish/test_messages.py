"""What the site tools say, in Chinese, with the page and the line of the source."""

import pytest

from dlnotes_site.publish.messages import explain, located


@pytest.fixture
def project(mini):
    mini.page("# 题\n\n见 [甲](no.md)，[乙](b.md#丙)。\n", "docs/notes/a.md")
    mini.page("# 题\n\n见 [甲](no.md)。\n", "build/docs/made.md")
    return mini.project


@pytest.mark.parametrize(
    ("message", "chinese"),
    [
        ("Doc file 'notes/a.md' contains a link 'no.md', but the target 'notes/no.md' is not found "
         "among documentation files.", "docs/notes/a.md:3：链接的页面不存在：no.md"),
        ("Doc file 'notes/a.md' contains a link 'b.md#丙', but the doc 'notes/b.md' does not "
         "contain an anchor '#丙'.", "docs/notes/a.md:3：链接的锚点不存在：b.md#丙"),
        ("Doc file 'made.md' contains a link 'no.md', but the target is not found among "
         "documentation files.", "build/docs/made.md:3：链接的页面不存在：no.md"),
        ("Aborted with 3 warnings in strict mode!", "有 3 处毛病，没有建成"),
        ("something else", "something else"),
    ],
)  # fmt: skip
def test_explain(project, message, chinese):
    assert explain(project, message) == chinese


def test_explain_a_page_missing_from_the_navigation(project):
    message = ('The following pages exist in the docs directory, but are not included in the "nav" '
               "configuration:\n  - notes/a.md")  # fmt: skip
    assert explain(project, message) == "mkdocs.yml：页面不在导航里：notes/a.md"


def test_located_without_the_text_gives_no_line(project):
    assert located(project, "notes/a.md", "没有这句", "毛病").line == 0
