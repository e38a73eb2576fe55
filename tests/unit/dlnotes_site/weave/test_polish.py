"""The Markdown extension: typography, tooltips, and single-line HTML wherever it stands."""

import re
import subprocess
import sys

import pytest

from conftest import ROOT
from woven import html_of, pretend, render


def test_html_on_one_line_passes_untouched_at_any_indentation(mini):
    run = '<div class="dl-run"><pre><code>a_b_c *x*&#10;二</code></pre></div>'
    html = html_of(mini, f"1. 一\n\n    {run}\n\n    二\n")
    assert '<div class="dl-run"><pre><code>a_b_c *x*\n二</code></pre></div>' in html
    other = html_of(mini, f"1. 一\n\n    {run.replace('dl-run', 'other')}\n\n    二\n")
    assert "<em>x</em>" in other, "what others write is left to Markdown"


def test_html_inside_a_fence_is_shown_as_it_is(mini):
    html = html_of(mini, '```html\n<div class="dl-run">x</div>\n```\n')
    assert '<div class="dl-run">' not in html
    assert "dl-run" in html


GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")


def test_terms_get_a_tooltip_at_their_first_appearance_only(mini):
    (mini.root / "docs" / "glossary.md").write_text(GLOSSARY, encoding="utf-8")
    path = mini.page(
        "# 张量\n\n这是张量，`张量`不算，又见张量与学习率。\n\n| 甲 |\n|---|\n| 学习率 |\n",
        "docs/notes/a.md",
    )
    html = render(mini, path)
    assert html.count("<abbr") == 2
    assert html.count('">张量</abbr>') == html.count('">学习率</abbr>') == 1
    assert "<h1>张量</h1>" in html
    assert "<abbr" not in render(mini, mini.root / "docs" / "glossary.md")


def test_a_term_is_not_found_inside_an_english_word(mini):
    (mini.root / "docs" / "glossary.md").write_text(GLOSSARY, encoding="utf-8")
    path = mini.page("# 题\n\na Sigmoidal Function，SGDR。Sigmoid函数与SGD。\n", "docs/notes/a.md")
    html = render(mini, path)
    assert "Sigmoidal Function，SGDR。" in html
    assert '">Sigmoid</abbr>函数' in html
    assert '">SGD</abbr>。' in html


def test_line_breaks_between_chinese_characters_leave_no_space(mini):
    html = render(mini, mini.page("甲乙\n丙丁，\n戊 `a`\n己 abc\ndef\n"))
    assert "甲乙丙丁，戊" in html
    assert "abc\ndef" in html


def test_an_empty_corner_of_a_table_is_no_header(mini):
    path = mini.page("# 题\n\n| | 甲 | 乙 |\n| --- | --- | ---: |\n| 一 | 1 | 2 |\n")
    html = render(mini, path)
    assert "<th></th>" not in html
    assert html.count("<td></td>") == 1
    assert html.count('<th scope="col"') == 2


def test_a_table_with_full_headers_is_left_alone(mini):
    html = render(mini, mini.page("# 题\n\n| 丙 | 甲 |\n| --- | --- |\n| 一 | 1 |\n"))
    assert "<th>丙</th>" in html
    assert "scope" not in html


@pytest.mark.parametrize("checks", ["", "assert y\n"], ids=["run below", "checks below"])
def test_code_tells_its_number_of_lines_and_drops_tags_of_the_default_colour(mini, checks):
    path = mini.page(f"# 题\n\n```python\nx = 1\n\nfor y in [x]:\n    assert y\n{checks}```\n")
    pretend(mini)
    html = render(mini, path)
    assert 'class="highlight dl-ran" style="--dl-lines: 4"' in html
    assert '<span class="n">' not in html
    assert '<span class="k">for</span> y' in html


def test_code_without_a_run_is_not_joined_to_what_follows(mini):
    html = render(mini, mini.page("# 题\n\n```console\n$ make site\n```\n\n正文\n"))
    assert 'style="--dl-lines: 1"' in html
    assert "dl-ran" not in html


def test_folded_code_stays_out_of_the_search_index(mini):
    path = mini.page('# 题\n\n??? note "答"\n\n    文\n\n```python\nx = 1\nassert x\n```\n')
    pretend(mini)
    html = render(mini, path)
    assert html.count("<details") == 2
    assert '<details class="dl-fold dl-check" data-search-exclude' in html
    assert '<details class="note">' in html


@pytest.mark.parametrize("module", ["dlnotes_site.weave.polish", "dlnotes_site.weave.site"])
def test_neither_the_extension_nor_the_weave_imports_torch(module):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT / "src").returncode == 0


def test_the_anchor_in_the_title_of_a_box_has_double_quotes(mini):
    box = "!!! misconception one \"<span id='one'></span>误解：说法\"\n    **不成立**：改正。\n"
    html = html_of(mini, box)
    assert '<span id="one"></span>误解：说法' in html
    assert "id='one'" not in html


def test_a_table_stands_in_its_frame_before_any_script_runs(mini):
    html = render(mini, mini.page("# 题\n\n| 甲 | 乙 |\n| --- | --- |\n| 一 | 1 |\n"))
    frame = r'<div class="md-typeset__scrollwrap">\s*<div class="md-typeset__table">\s*<table>'
    assert re.search(frame, html)
    assert html.count("md-typeset__table") == 1
