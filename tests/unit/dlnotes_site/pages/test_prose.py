"""Numbers in the prose are bound to known numbers, or carry a source. With negative cases."""

import pytest

from dlnotes_site.pages.prose import check_prose, measured, numbers, paragraphs, supported

BLOCK = "```python\nx = 0.9463\nprint('准确率', x)\nassert x > 0.9\n```\n"


def complaints(prose: str) -> list[str]:
    known = numbers("x = 0.9463\nassert x > 0.9", "准确率 0.9463\n")
    found = check_prose("docs/page.md", f"# 题\n\n{BLOCK}\n{prose}\n", known)
    return [str(problem) for problem in found]


@pytest.mark.parametrize(
    "prose",
    ["准确率是 0.946。", "准确率约 0.95。", "准确率 94.6%。", "约 95%。", "断言大于 0.9。",
     "论文报告 0.31（Krizhevsky 等，2012）。", "见[原文](https://example.org)，0.31。",
     "公式 \\( 0.31x \\)、代码 `0.31` 和 “升到 31%” 都不算。", "共 12 层。"],
)  # fmt: skip
def test_numbers_that_were_measured_or_sourced_pass(prose):
    assert complaints(prose) == []


@pytest.mark.parametrize(
    "prose", ["准确率是 0.947。", "约 96%。", "快 3 倍。", "用了 12 秒。", "\\( x \\) 是 0.31。"]
)
def test_numbers_that_nobody_measured_are_reported_with_their_line(prose):
    (found,) = complaints(prose)
    assert found.startswith("docs/page.md:9：正文里的")


def test_captions_count_as_prose():
    assert len(complaints("<!--caption: 均值 0.777-->")) == 1


def test_paragraphs_keep_line_numbers_and_drop_code():
    text = "---\na: 1\n---\n# 题\n\n甲 1.5\n乙\n\n```python\n2.5\n```\n\n丙 \\[\n3.5\n\\]\n"
    found = [(line, p.strip()) for line, p in paragraphs(text) if p.strip()]
    assert [line for line, _ in found] == [4, 6, 13]
    assert "2.5" not in str(found)
    assert "3.5" not in str(found)


def test_measured_numbers_have_decimals_or_units():
    assert measured("第 3 章，0.5，12%，3 倍，2e-3，v2.13") == ["0.5", "12%", "3 倍"]


def test_supported_rounds_to_the_digits_written():
    assert supported("0.95", {0.946})
    assert not supported("0.95", {0.944})
    assert supported("−0.5", {-0.5})


def test_the_claim_of_a_misconception_is_somebody_elses():
    box = '!!! misconception fast "快 3 倍"\n    **不成立**：{}\n'
    assert complaints(box.format("没有。")) == []
    assert len(complaints(box.format("慢 3 倍。"))) == 1


def test_numbers_reads_signs_and_exponents():
    assert numbers("a = -1.5e-3, b2 = .5", "−7") == {-1.5e-3, 0.5, -7.0}
    assert numbers() == frozenset()
