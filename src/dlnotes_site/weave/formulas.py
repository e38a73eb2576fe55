"""公式在建站时排好：交给一直开着的 Node 里的 KaTeX，排过的记在硬盘上。"""

import atexit
import hashlib
import html
import json
import subprocess
import threading
from pathlib import Path

from dlnotes_site.project import Project, write_atomically
from dlnotes_site.weave import vendor

_SCRIPT = vendor.HERE / "katex.mjs"


class FormulaError(ValueError):
    """KaTeX 读不懂的公式。"""


class Formulas:
    """一个仓库的公式：排一次，记在 `build/cache/formulas/`，改正文不必重排。"""

    def __init__(self, project: Project):
        self.folder = project.build / "cache" / "formulas"
        self._katex: _Katex | None = None
        self._known: dict[tuple[str, bool], str] = {}
        self._lock = threading.Lock()

    def html(self, formula: str, *, display: bool = False) -> str:
        r"""一个公式的 HTML；`formula` 不带 `\( \)`。

        里面有两份：给眼睛的 HTML，给读屏的 MathML；另有一份藏起来的普通文字，给搜索。

        Args:
            formula: LaTeX 源码。
            display: 单独占一行。

        Raises:
            FormulaError: 公式写错了。
            ValueError: KaTeX 没有装成。
        """
        asked = formula, display
        with self._lock:
            if asked not in self._known:
                self._known[asked] = self._stored(*asked)
            return self._known[asked]

    def _stored(self, formula: str, display: bool) -> str:
        path = self.folder / f"{_digest(formula, display)}.html"
        if path.is_file():
            return path.read_text(encoding="utf-8")
        text = self._typeset(formula, display)
        write_atomically(path, text)
        return text

    def _typeset(self, formula: str, display: bool) -> str:
        from dlnotes_site.weave.formula_text import plain  # 都排过时不必导入

        if self._katex is None:
            self._katex = _Katex(vendor.ensure() / "katex/dist/katex.mjs")
        text = self._katex.html(formula, display)
        words = html.escape(plain(formula), quote=False)
        # 主题的搜索按元素的名字跳过 data-search-exclude，里面不能有同名的元素，所以另起一个名字
        return f"<dl-formula data-search-exclude>{text}</dl-formula><span hidden>{words}</span>"


def _digest(formula: str, display: bool) -> str:
    parts = [formula, str(display), vendor.versions()["katex"]]
    parts += [path.read_text(encoding="utf-8") for path in (_SCRIPT, Path(__file__))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class _Katex:
    """开着的 Node：写进一行，读出一行。"""

    def __init__(self, entry: Path):
        self._process = subprocess.Popen(
            [vendor.node(), str(_SCRIPT), str(entry)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        atexit.register(self.close)

    def close(self) -> None:
        """输入关上，Node 就退出。"""
        self._process.communicate()

    def html(self, formula: str, display: bool) -> str:
        question = json.dumps({"tex": formula, "display": display})
        try:
            self._process.stdin.write(question + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            raise ValueError(f"排公式的 Node 停了，退出码 {self._process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise FormulaError(answer["error"])
        return answer["html"]
