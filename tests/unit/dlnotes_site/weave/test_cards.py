"""Woven misconception boxes and cards."""

import markdown

from dlnotes_site.weave.cards import MARKER, weave_boxes, weave_cards

NAV = "nav:\n  - 误解: misconceptions.md\n  - 乙页: notes/b.md\n  - 甲页: notes/a.md\n"
BOX = '!!! misconception {0} "说法 `{0}`"\n    **不成立**：见[别处](c.md)。再说。\n'


def test_a_woven_box_has_its_anchor_and_title_and_keeps_its_lines():
    text = "# 题\n\n" + BOX.format("one") + "\n" + BOX.format("two").replace("!!!", "???")
    woven = weave_boxes(text)
    assert woven.count("\n") == text.count("\n")
    html = markdown.markdown(woven, extensions=["admonition", "pymdownx.details"])
    title = "<span id='one'></span>误解：说法 <code>one</code>"
    assert f'<p class="admonition-title">{title}</p>' in html
    assert "<summary><span id='two'></span>误解：" in html


def test_boxes_in_fences_and_without_anchor_stay():
    text = '~~~text\n!!! misconception a "b"\n~~~\n\n!!! misconception "c"\n    d\n'
    assert weave_boxes(text) == text


def test_cards_follow_the_navigation_and_link_to_the_boxes(mini):
    mini.page(NAV, "mkdocs.yml")
    mini.page("# 甲\n\n" + BOX.format("one"), "docs/notes/a.md")
    mini.page("# 乙\n\n" + BOX.format("two"), "docs/notes/b.md")
    woven = weave_cards("docs/misconceptions.md", f"前\n\n{MARKER}\n\n后\n", mini.root)
    assert woven.index("**[乙页](notes/b.md)**") < woven.index("**[甲页](notes/a.md)**")
    assert (
        "- [说法 `one`](notes/a.md#one) "
        '<span class="dl-verdict dl-verdict--no">不成立</span> 见别处。\n'
    ) in woven
    assert woven.startswith("前\n")
    assert woven.endswith("后\n")


def test_no_boxes_give_no_cards(mini):
    assert weave_cards("docs/misconceptions.md", f"前\n\n{MARKER}\n", mini.root) == "前\n\n\n"


def test_the_filter_counts_topics_and_verdicts_and_is_hidden_without_script(mini):
    mini.page(NAV, "mkdocs.yml")
    mini.page("# 甲\n\n" + BOX.format("one") + "\n" + BOX.format("two"), "docs/notes/a.md")
    mini.page("# 乙\n\n" + BOX.format("three").replace("不成立", "推不出"), "docs/notes/b.md")
    woven = weave_cards("docs/misconceptions.md", MARKER, mini.root)
    assert '<div class="dl-filter" role="search" aria-label="挑选误解" hidden>' in woven
    assert '<option value="">全部（3）</option>' in woven
    assert '<option value="docs/notes/a.md">甲页（2）</option>' in woven
    assert '<option value="no">不成立（2）</option>' in woven
    assert '<option value="unknown">推不出（1）</option>' in woven
    assert '<div class="dl-topic" data-topic="docs/notes/b.md" markdown>' in woven
