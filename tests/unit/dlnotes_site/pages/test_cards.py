"""Misconception boxes: what is collected from them, and the faults that are named."""

import markdown
import pytest

from dlnotes_site.pages.cards import check_misconceptions, misconceptions, repeated_anchors

BOX = '!!! misconception {anchor} "{claim}"\n    {body}\n'


def box(anchor="deeper", claim="越深越好", body="**不成立**：只在这里。别处\n    不一定。") -> str:
    return "# 题\n\n" + BOX.format(anchor=anchor, claim=claim, body=body)


def test_a_box_gives_anchor_claim_verdict_and_first_sentence():
    (card,) = misconceptions("docs/a.md", box())
    assert (card.page, card.line, card.anchor) == ("docs/a.md", 3, "deeper")
    assert (card.claim, card.verdict, card.sentence) == ("越深越好", "不成立", "只在这里。")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [("**推不出**\n\n    换一段说。再说。", "换一段说。"),
     ("**归因错误。** 有人说“对。”其实不是。完。", "有人说“对。”"),
     ("**条件成立**：如果（甲。乙）就成立。完。", "如果（甲。"),
     ("**条件成立**：折行的\n    一句。完。", "折行的一句。"),
     ("**不成立**：没有句号", "没有句号")],
)  # fmt: skip
def test_the_sentence_follows_the_verdict(body, sentence):
    (card,) = misconceptions("docs/a.md", box(body=body))
    assert card.sentence == sentence


def test_folded_and_nested_boxes_are_collected_too_and_fences_are_not():
    text = (
        box().replace("!!!", "???")
        + "\n- 甲\n\n    "
        + box("b").split("\n\n")[1].replace("\n    ", "\n        ")
    )
    assert [card.anchor for card in misconceptions("docs/a.md", text)] == ["deeper", "b"]
    assert misconceptions("docs/a.md", f"~~~text\n{box()}~~~\n") == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [(box(anchor=""), "应写明锚点"), (box(anchor="Deeper"), "应写明锚点"),
     (box(anchor="a b"), "应写明锚点"), (box(claim=""), "没有写说法"),
     (box(body="不成立：没有加粗。"), "第一行应以结论开头"),
     (box(body="**混淆变量**：旧的说法。"), "第一行应以结论开头"),
     (box(body="**不成立**"), "没有写改正")],
)  # fmt: skip
def test_a_faulty_box_is_reported_with_its_line(text, fault):
    (found,) = check_misconceptions("docs/a.md", text)
    assert str(found).startswith("docs/a.md:3：")
    assert fault in found.message
    assert misconceptions("docs/a.md", text) == []
    assert check_misconceptions("docs/a.md", box()) == []


def test_an_anchor_used_twice_on_the_site_is_reported_with_the_other_place():
    one, two = (misconceptions(f"docs/{name}.md", box())[0] for name in "ab")
    (found,) = repeated_anchors([one, two])
    assert str(found) == "docs/b.md:3：误解的锚点 deeper 已经用在 docs/a.md:3，换一个"
    assert repeated_anchors([one]) == []


def test_an_unwoven_box_is_an_admonition_all_the_same():
    html = markdown.markdown(box(), extensions=["admonition"])
    assert '<div class="admonition misconception deeper">' in html
    assert '<p class="admonition-title">越深越好</p>' in html
