"""The glossary: entries, levels computed from what a term builds on, faults with their line."""

import pytest

from dlnotes_site.pages.glossary import check_glossary, read_terms, terms


def entry(name: str, needs: str = "", codes: str = "", english: str = "") -> str:
    parts = [
        f"### {name}" + (f"（{english}）" if english else ""),
        "数学 · [张量](notes/tensors.md)",
    ]
    parts += [f"先要懂：{needs}"] if needs else []
    parts += [f"写法：{codes}"] if codes else []
    return "\n\n".join([*parts, f"{name}的**解释**，见 `torch`。"])


def page(*entries: str) -> str:
    return "\n\n".join(["# 概念表", *entries]) + "\n"


def complaints(*entries: str) -> list[str]:
    return [str(problem) for problem in check_glossary(page(*entries))]


def test_an_entry_has_a_category_a_home_codes_and_a_plain_explanation():
    (term,) = read_terms(page(entry("交叉熵", codes="F.a、nn.B", english="cross-entropy")))
    assert (term.name, term.line, term.anchor) == ("交叉熵", 3, "交叉熵cross-entropy")
    assert (term.category, term.pages) == ("数学", ("docs/notes/tensors.md",))
    assert term.codes == ("F.a", "nn.B")
    assert term.explanation == "交叉熵的解释，见 torch。"


def test_a_term_stands_one_level_above_the_highest_it_builds_on():
    found = read_terms(
        page(entry("丁", "丙、甲"), entry("甲"), entry("乙", "甲"), entry("丙", "乙"))
    )
    assert {term.name: term.level for term in found} == {
        "甲": "L0", "乙": "L1", "丙": "L2", "丁": "L3"}  # fmt: skip


def test_a_level_above_three_is_an_error_that_spells_out_the_chain():
    chain = [entry("甲"), *(entry(b, a) for a, b in zip("甲乙丙丁", "乙丙丁戊", strict=True))]
    (found,) = complaints(*chain)
    assert found.startswith("docs/glossary.md:33：概念“戊”的层级是 L4")
    assert "戊 → 丁 → 丙 → 乙 → 甲" in found


def test_an_unknown_term_is_an_error_with_line_and_name():
    (found,) = complaints(entry("甲"), entry("乙", "甲、没有"))
    assert found == "docs/glossary.md:9：概念“乙”先要懂的“没有”不在概念表里"


def test_a_cycle_is_an_error_that_is_spelled_out_once():
    (found,) = complaints(
        entry("甲", "丙"), entry("乙", "甲"), entry("丙", "乙"), entry("丁", "丙")
    )
    assert found == "docs/glossary.md:3：概念“甲”先要懂它自己：甲 → 丙 → 乙 → 甲"


def test_a_term_that_needs_itself_is_a_cycle():
    assert complaints(entry("甲", "甲")) == ["docs/glossary.md:3：概念“甲”先要懂它自己：甲 → 甲"]


def test_a_term_written_twice_is_an_error():
    (found,) = complaints(entry("甲"), entry("甲"))
    assert found == "docs/glossary.md:9：概念“甲”在表里出现了两次"


@pytest.mark.parametrize(
    "text",
    ["### 甲\n\n没有类别。\n", "### 甲\n\n数学 · [张量](notes/tensors.md)\n", "### 甲\n",
     "### 甲\n\nL0 · 数学\n\n解释。\n"],
)  # fmt: skip
def test_an_entry_without_category_link_or_explanation_is_an_error(text):
    (found,) = check_glossary(f"# 概念表\n\n{text}")
    assert str(found).startswith("docs/glossary.md:3：概念“甲”之后应有")
    with pytest.raises(ValueError, match=r"docs/glossary\.md:3"):
        read_terms(f"# 概念表\n\n{text}")


def test_terms_of_a_project_without_a_glossary_are_none(mini):
    assert terms(mini.root) == []
    mini.page(page(entry("甲")), "docs/glossary.md")
    assert [term.name for term in terms(mini.root)] == ["甲"]
