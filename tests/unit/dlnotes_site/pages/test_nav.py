"""The navigation is read from mkdocs.yml, whatever tags it holds."""

from dlnotes_site.pages.nav import Place, nav, order, relative, title_of

CONFIG = """
    site_url: !ENV [URL, "http://127.0.0.1"]
    slugify: !!python/object/apply:pymdownx.slugs.slugify {kwds: {case: lower}}
    nav:
      - 首页: index.md
      - 笔记:
          - 入门:
              - 张量: notes/tensors.md
              - notes/shapes.md
    """


def test_nav_keeps_order_titles_and_sections(mini):
    mini.page(CONFIG, "mkdocs.yml")
    assert nav(mini.root) == (
        Place("docs/index.md", "首页", ()),
        Place("docs/notes/tensors.md", "张量", ("笔记", "入门")),
        Place("docs/notes/shapes.md", None, ("笔记", "入门")),
    )
    assert order(mini.root)["docs/notes/shapes.md"] == 2


def test_a_project_without_navigation_has_none(mini):
    assert nav(mini.root) == ()


def test_title_comes_from_nav_then_heading_then_file_name(mini):
    mini.page(CONFIG, "mkdocs.yml")
    mini.page("---\ndescription: x\n---\n\n# 形状 { #a }\n", "docs/notes/shapes.md")
    titles = [title_of(f"docs/notes/{name}.md", mini.root) for name in ("tensors", "shapes", "no")]
    assert titles == ["张量", "形状", "no"]


def test_relative_addresses_climb_out_of_the_folder_of_the_page():
    assert relative("docs/notes/a.md", "docs/index.md") == "notes/a.md"
    assert relative("docs/notes/a.md", "docs/evidence/b.md") == "../notes/a.md"
