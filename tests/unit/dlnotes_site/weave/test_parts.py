"""A page is cut into parts between its headings, with an estimate of the height of each."""

import re

import pytest
from markdown import Markdown

from dlnotes_site.weave.parts import LONG, PartsExtension

PART = re.compile(r'<div class="dl-part[^>]*--dl-narrow: (\d+); --dl-wide: (\d+)">')


def html(text: str) -> str:
    extensions = ["tables", "pymdownx.superfences", PartsExtension()]
    return Markdown(extensions=extensions).convert(text)


def heights(text: str) -> list[tuple[int, int]]:
    return [(int(narrow), int(wide)) for narrow, wide in PART.findall(html(text))]


def test_headings_stay_outside_and_the_first_screen_is_not_cut():
    text = html("# 题\n\n引言\n\n## 甲\n\n一\n\n### 乙\n\n二\n")
    assert text.count("dl-part") == 2
    assert "dl-part" not in text.partition("<h2")[0]
    inside = re.findall(r'<div class="dl-part.*?</div>', text, re.DOTALL)
    assert not any("<h" in part for part in inside)


def test_a_page_without_second_headings_is_left_alone():
    assert "dl-part" not in html("# 题\n\n一\n\n### 乙\n\n二\n")


def test_a_long_stretch_is_cut_before_a_paragraph():
    found = heights("## 甲\n\n" + "\n\n".join(["字" * 200] * 12))
    assert len(found) > 2
    assert all(narrow < 2 * LONG for narrow, _ in found)


def test_a_wide_screen_needs_less_height_for_words_but_not_for_code():
    (words,) = heights("## 甲\n\n" + "字" * 400)
    assert words[0] > 1.5 * words[1]
    (code,) = heights("## 甲\n\n```text\n" + "一\n" * 20 + "```\n")
    assert code[0] == code[1] == pytest.approx(20 * 1.29, abs=6)


def test_the_space_after_a_result_is_kept():
    run = '<div class="dl-run"><pre><code>1</code></pre></div>'
    assert "dl-part--run" in html(f"## 甲\n\n一\n\n{run}\n")
    assert "dl-part--run" not in html(f"## 甲\n\n{run}\n\n一\n")
