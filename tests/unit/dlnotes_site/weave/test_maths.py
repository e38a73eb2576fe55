"""Formulas are typeset while the site is built: once each, readable aloud and searchable."""

import logging

import pytest
from markdown import Markdown

from conftest import ROOT
from dlnotes_site.project import Project
from dlnotes_site.weave import formulas, vendor
from dlnotes_site.weave.formulas import FormulaError, Formulas

EXTENSIONS = ["pymdownx.arithmatex", "pymdownx.superfences", "toc", "dlnotes_site.weave.maths"]


@pytest.fixture(scope="module")
def typeset():
    return Formulas(Project.at(ROOT))


PAGE = r"""
取 \(a<b\)：

\[
c^2
\]

<p><span class="arithmatex">\(d\)</span></p>

`\(e\)`

```python
s = "\(f\)"
```
"""


def convert(text: str) -> str:
    configs = {
        "pymdownx.arithmatex": {"generic": True},
        "dlnotes_site.weave.maths": {"root": str(ROOT)},
    }
    return Markdown(extensions=EXTENSIONS, extension_configs=configs).convert(text)


def test_a_formula_is_html_for_the_eye_mathml_for_the_ear_and_text_for_search(typeset):
    text = typeset.html(r"\frac{a-1}{2}")
    assert '<span class="katex-html" aria-hidden="true">' in text
    assert "<math" in text
    assert "<mfrac>" in text
    assert "<span hidden>(a-1)/2</span>" in text
    assert "annotation" not in text, "the LaTeX source is not sent a second time"


def test_what_search_skips_holds_no_element_of_the_same_name(typeset):
    text = typeset.html(r"\sum_{i=1}^n \sqrt{x_i}", display=True)
    assert text.count("<dl-formula data-search-exclude>") == text.count("<dl-formula") == 1


# A long formula may be broken, yet its last part and the stop after it stay on one line.
def test_the_last_part_of_an_inline_formula_keeps_what_follows():
    text = convert(r"下限是 \(a+b+c\)。" + "\n\n" + r"\[ d+e \]")
    assert text.count('<span class="dl-last"><span class="katex-base">') == 1
    assert text.count("\N{WORD JOINER}</span></span></span></dl-formula>") == 1
    assert text.index(">a</span>") < text.index(">b</span>") < text.index("dl-last")


def test_inline_and_display_formulas_differ(typeset):
    inline, display = typeset.html("x"), typeset.html("x", display=True)
    assert "katex-display" not in inline
    assert "katex-display" in display


def test_a_formula_typeset_before_needs_no_node(tmp_path, monkeypatch):
    (tmp_path / "docs").mkdir()
    project = Project.at(tmp_path)
    first = Formulas(project).html("x^2")
    monkeypatch.setattr(vendor, "ensure", None)  # calling it would fail
    assert Formulas(project).html("x^2") == first
    with pytest.raises(TypeError):
        Formulas(project).html("x^3")


def test_a_wrong_formula_says_what_is_wrong(typeset):
    with pytest.raises(FormulaError, match="Unexpected end of input"):
        typeset.html(r"\frac{1}")


def test_node_that_stopped_is_an_error_not_a_hang(tmp_path):
    katex = formulas._Katex(tmp_path / "missing.mjs")
    with pytest.raises(ValueError, match="Node 停了"):
        katex.html("x", False)


def test_a_page_shows_its_formulas_typeset_and_code_untouched():
    text = convert(PAGE)
    assert text.count("<dl-formula") == 3
    assert "<span hidden>a&lt;b</span>" in text
    assert '<div class="arithmatex"><dl-formula' in text
    assert r"<code>\(e\)</code>" in text
    assert r"\(f\)" in text


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("坏的 \\(\\frac{1}\\)。", r"公式写错了：\frac{1}"),
        ("## 取 \\(x\\)", r"标题里的公式到不了目录"),
    ],
    ids=["bad-latex", "heading"],
)
def test_a_fault_is_an_error_in_the_log_of_the_build(page, message, caplog):
    with caplog.at_level(logging.WARNING, "mkdocs"):
        convert(page)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert message in caplog.text
    assert caplog.records[0].name.startswith("mkdocs."), "what a strict build counts"


def test_a_wrong_formula_stays_readable_on_the_page():
    assert r'<span class="dl-math-error">\frac{1}</span>' in convert("坏的 \\(\\frac{1}\\)。")
