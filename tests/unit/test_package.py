"""The package as a whole: light import, documented public names, runnable examples."""

import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys

import pytest

import dlnotes
from conftest import ROOT

MODULES = sorted(
    m.name for m in pkgutil.walk_packages(dlnotes.__path__, "dlnotes.") if "._" not in m.name
)


def test_import_dlnotes_alone_loads_neither_torch_nor_matplotlib():
    code = "import sys, dlnotes; assert not {'torch', 'matplotlib', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT / "src")


def test_submodules_load_on_first_use_and_unknown_names_are_explained():
    assert set(dlnotes.__all__) <= set(dir(dlnotes))
    assert dlnotes.data.spiral(5, seed=0)[0].shape == (15, 2)
    with pytest.raises(AttributeError, match="nope"):
        _ = dlnotes.nope


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    result = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert result.failed == 0


def public(module) -> dict[str, object]:
    names = getattr(module, "__all__", None)
    if names is None:
        names = [n for n, v in vars(module).items()
                 if n[0] != "_" and getattr(v, "__module__", "") == module.__name__]  # fmt: skip
    return {n: getattr(module, n) for n in names if not inspect.ismodule(getattr(module, n))}


def undocumented(name: str, value: object) -> str | None:
    """Why a public name counts as undocumented, or None."""
    if not (inspect.isfunction(value) or inspect.isclass(value)):
        return None
    text = inspect.getdoc(value) or ""
    if not re.search(r"[\u4e00-\u9fff]", text):
        return f"{name} has no Chinese docstring"
    if inspect.isfunction(value):
        given = [p for p in inspect.signature(value).parameters if p not in ("self", "args")]
        missing = [p for p in given if not re.search(rf"^\s*\*{{0,2}}{p}\b.*:", text, re.M)]
        if missing and "Args:" in text:
            return f"{name} does not describe {missing}"
        if given and "Args:" not in text:
            return f"{name} has no Args section"
    return None


@pytest.mark.parametrize("name", MODULES)
def test_public_names_are_documented(name):
    module = importlib.import_module(name)
    found = [undocumented(f"{name}.{n}", v) for n, v in public(module).items()]
    assert [message for message in found if message] == []


def test_the_documentation_guard_can_fail():
    def bare(x):
        pass

    def half(x, y):
        """一句话。

        Args:
            x: 有说明。
        """

    assert "docstring" in undocumented("bare", bare)
    assert "['y']" in undocumented("half", half)


def test_every_public_module_has_an_api_page():
    pages = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "docs" / "api").glob("*.md"))
    for name in dlnotes.__all__:
        assert re.search(rf"^::: dlnotes\.{name}\b", pages, re.M), name
