"""A formula as plain text, for the search index, keeps its meaning."""

import pytest

from dlnotes_site.weave.formula_text import plain


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
