r"""公式的普通文字，如 `\sqrt{2/D}` 写成 √(2/D)：搜索的索引里放的是它。"""

import re

from pylatexenc import latex2text

_VARIANT = re.compile(r"\\[td]frac(?![a-zA-Z])")
_POWER = re.compile(r"\^\{([^{}]{2,})\}")
_FUNCTIONS = ("sin", "cos", "tan", "tanh", "exp", "ln", "log", "max", "min", "sup", "inf")
_SPACE = re.compile(r"\s+")


def plain(formula: str) -> str:
    r"""一个公式的普通文字；几项的指数与分子、分母加上括号，意思才不变。

    Examples:
        >>> plain(r"e^{a-b} + \frac{a-1}{2}")
        'e^(a-b) + (a-1)/2'
    """
    formula = _POWER.sub(r"^{(\1)}", _VARIANT.sub(r"\\frac", formula))
    return _SPACE.sub(" ", _CONVERTER.latex_to_text(formula)).strip()


def _fraction(node, l2tobj) -> str:
    parts = node.nodeargd.argnlist if node.nodeargd else []
    return "/".join(_grouped(l2tobj.nodelist_to_text([part])) for part in parts)


def _grouped(text: str) -> str:
    return text if re.fullmatch(r"[\w.∂]+", text) else f"({text})"


def _function(node) -> str:
    return f"{node.macroname} "


def _converter() -> latex2text.LatexNodes2Text:
    names = latex2text.get_default_latex_context_db()
    macros = [latex2text.MacroTextSpec("frac", _fraction)]
    macros += [latex2text.MacroTextSpec("xrightarrow", " → ")]
    macros += [latex2text.MacroTextSpec(name, _function) for name in _FUNCTIONS]
    names.add_context_category("dlnotes", prepend=True, macros=macros)
    return latex2text.LatexNodes2Text(latex_context=names, math_mode="text")


_CONVERTER = _converter()
