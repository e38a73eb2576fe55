"""Old addresses of renamed pages lead to the new ones, in either site tool and offline."""

import re

import pytest

from conftest import ROOT
from dlnotes_site.pages.front_matter import front_matter
from dlnotes_site.weave.redirects import place, redirect_page
from woven import text_of, weave_all

NEW = "---\nredirect_from: [api/old.md, start.md]\n---\n\n# 新的一页 { #new }\n"


def test_a_redirect_keeps_the_anchor_and_works_without_script(mini, monkeypatch):
    monkeypatch.setenv("DLNOTES_SITE_URL", "https://notes.example/")
    mini.page(NEW, "docs/api/new.md")
    assert weave_all(mini) == []
    html = text_of(mini, "api/old/index.html")
    assert '<script>location.replace("../../api/new/" + location.hash)</script>' in html
    assert '<meta http-equiv="refresh" content="0; url=../../api/new/">' in html
    assert '<link rel="canonical" href="https://notes.example/api/new/">' in html
    assert '<meta name="robots" content="noindex">' in html
    assert '<a href="../../api/new/">新的一页</a>' in html
    assert 'url=../api/new/"' in text_of(mini, "start/index.html")


@pytest.mark.parametrize(
    ("old", "page", "target"),
    [("a.md", "docs/index.md", "../"), ("a/b.md", "docs/c/index.md", "../../c/"),
     ("a/index.md", "docs/b.md", "../b/"), ("index.md", "docs/index.md", "./")],
)  # fmt: skip
def test_the_target_is_relative_to_the_old_address(old, page, target):
    assert f'<a href="{target}">' in redirect_page(old, page, "题")


def test_a_redirect_goes_when_it_is_no_longer_asked_for(mini):
    mini.page(NEW, "docs/api/new.md")
    weave_all(mini)
    mini.page("# 新的一页\n", "docs/api/new.md")
    weave_all(mini)
    assert not (mini.project.woven / "api" / "old").exists()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [("docs/api/old.md", "# 旧\n", "旧地址 api/old.md 已经是 docs/api/old.md 的"),
     ("docs/api/old/index.md", "# 旧\n", "旧地址 api/old.md 已经是 docs/api/old/index.md 的"),
     ("docs/z.md", "---\nredirect_from: start.md\n---\n# 又\n", "旧地址 start.md 已经是"),
     ("docs/z.md", "---\nredirect_from: ../x.md\n---\n# 又\n", "收到 '../x.md'"),
     ("docs/z.md", "---\nredirect_from: [x]\n---\n# 又\n", "收到 'x'")],
)  # fmt: skip
def test_an_old_address_that_is_taken_or_wrong_is_a_problem(mini, name, text, message):
    mini.page(NEW, "docs/api/new.md")
    mini.page(text, name)
    assert any(message in str(problem) for problem in weave_all(mini))


def test_the_old_pages_of_notes_and_interface_lead_somewhere():
    old = [o for path in (ROOT / "docs").rglob("*.md") for o in front_matter(path).redirect_from]
    gone = ["ablation", "activations", "diagnostics", "init", "losses", "norm", "regions",
            "schedules", "seeds", "surfaces", "trajectories"]  # fmt: skip
    assert sorted(old) == [
        *(f"api/{name}.md" for name in gone),
        "notes/optimizers.md",
        "notes/softmax.md",
    ]
    assert all(re.fullmatch(r"(api|notes)/\w+/index\.html", place(name)) for name in old)
