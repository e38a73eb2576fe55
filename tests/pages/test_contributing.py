"""CONTRIBUTING names tests and modules: each of them exists."""

import re

import pytest

from conftest import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = {path.relative_to(ROOT / "tests").as_posix(): path.read_text(encoding="utf-8")
         for path in (ROOT / "tests").rglob("test_*.py")}  # fmt: skip


def absent(text: str) -> list[str]:
    """Tests and test files that the text names and nobody wrote."""
    names = re.findall(r"`(test_\w+)`", text)
    files = re.findall(r"`([\w/]*test_\w+\.py)`", text)
    missing = [n for n in names if not any(f"def {n}(" in body for body in FILES.values())]
    known = tuple(FILES)
    return missing + [f for f in files
                      if not any(k.endswith(f.removeprefix("tests/")) for k in known)]  # fmt: skip


def test_every_guard_in_the_table_exists():
    assert "`test_" in TEXT
    assert absent(TEXT) == []


@pytest.mark.parametrize("text", ["`test_nobody_wrote_this`", "`unit/test_nowhere.py`"])
def test_the_guard_of_guards_can_fail(text):
    assert len(absent(text)) == 1
