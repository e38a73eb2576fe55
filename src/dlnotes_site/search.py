r"""搜索结果里的公式：索引里是 LaTeX 源码，换成普通文字，如 `\sqrt{2/D}` 换成 √(2/D)。"""

import html
import json
import re
from pathlib import Path

from pylatexenc import latex2text

from dlnotes_site.offline import INDEX
from dlnotes_site.record import write_atomically

_FORMULA = re.compile(r"\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_VARIANT = re.compile(r"\\[td]frac(?![a-zA-Z])")
_POWER = re.compile(r"\^\{([^{}]{2,})\}")
_FUNCTIONS = ("sin", "cos", "tan", "tanh", "exp", "ln", "log", "max", "min", "sup", "inf")
_SPACE = re.compile(r"\s+")


def plain_formulas(site: Path) -> None:
    """把建好的网站的搜索索引里的公式换成普通文字；没有搜索的网站不动。"""
    path = site / INDEX
    if not path.exists():
        return
    index = json.loads(path.read_text(encoding="utf-8"))
    for entry in index["docs"]:
        for name in ("title", "text"):
            entry[name] = _FORMULA.sub(_plain, entry[name])
    write_atomically(path, json.dumps(index, ensure_ascii=False, separators=(",", ":")))


def _plain(match: re.Match) -> str:
    source = html.unescape(match[1] or match[2]).replace("\u200b", "")  # 切词插进的零宽空格
    return html.escape(plain(source), quote=False)


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
