"""Formulas in the search index become text a reader can read, and keep their meaning."""

import json
import re

import pytest

from conftest import ROOT
from dlnotes_site.search import plain, plain_formulas

INDEX = "search/search_index.json"


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (r"\lambda\theta", "λθ"),
        (r"\frac{\kappa-1}{\kappa+1}", "(κ-1)/(κ+1)"),
        (r"\tfrac12(x^2 + 25y^2)", "1/2(x^2 + 25y^2)"),
        (r"e^{z_i - z_j}", "e^(z_i - z_j)"),
        (r"\sqrt{2/(D_\text{in}+D_\text{out})}", "√(2/(D_in+D_out))"),
        (r"\tanh x", "tanh x"),
        (r"32 \xrightarrow{5\times5} 28", "32 → 28"),
    ],
)
def test_a_formula_as_plain_text(formula, text):
    assert plain(formula) == text


def test_only_formulas_change_and_html_stays_escaped(tmp_path):
    path = tmp_path / INDEX
    path.parent.mkdir()
    docs = [{"location": "a/", "title": r"取 \(\eta\)", "text": r"<p>\(w_1&gt;0\) 与 x_1&lt;2</p>"}]
    path.write_text(json.dumps({"config": {}, "docs": docs}), encoding="utf-8")
    plain_formulas(tmp_path)
    entry = json.loads(path.read_text(encoding="utf-8"))["docs"][0]
    assert entry == {"location": "a/", "title": "取 η", "text": "<p>w_1&gt;0 与 x_1&lt;2</p>"}


def test_a_site_without_search_is_left_alone(tmp_path):
    plain_formulas(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_latex_is_left_in_the_index_of_the_site():
    index = json.loads((ROOT / "site" / INDEX).read_text(encoding="utf-8"))
    texts = [entry["text"] for entry in index["docs"]]
    assert sum("λ" in text for text in texts) > 5, "formulas are still searched"
    assert [text for text in texts if re.search(r"\\[(\[]", text)] == []
