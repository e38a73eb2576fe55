"""Record keys: what they hold, and how far they reach through imports."""

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import ROOT
from dlnotes_site.project import write_atomically
from dlnotes_site.run.key import Environment, Keys, Sources, _without_docstrings, imports
from dlnotes_site.tasks.task import Cell, Task

ENVIRONMENT = Environment("cpu", 1, (("python", "3.11"), ("torch", "2.13.0")))


@pytest.fixture
def source(tmp_path) -> Path:
    files = {
        "__init__.py": "",
        "_check.py": "",
        "data/__init__.py": "from dlnotes.data.toy import spiral\n"
        "from dlnotes.data.digits import digits\n",
        "data/toy.py": "from dlnotes._check import positive\n",
        "data/digits.py": "import sklearn\n",
        "training.py": "def fit():\n    from dlnotes.data import digits\n",
        "seeds.py": "from dlnotes.training import fit\n",
    }
    for name, text in files.items():
        path = tmp_path / "dlnotes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def names(code: str, source: Path) -> set[str]:
    return {p.relative_to(source / "dlnotes").as_posix() for p in Sources(source).reached(code)}


TOY = {"data/toy.py", "_check.py"}
DIGITS = {"data/digits.py"}
DATA = TOY | DIGITS | {"data/__init__.py"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import torch", set()),
        ("from dlnotes.data import spiral", TOY),
        ("from dlnotes.data import digits as d", DIGITS),
        ("from dlnotes.data.toy import spiral", TOY),
        ("from dlnotes import data", DATA),
        ("import dlnotes\ndlnotes.data.spiral()", DATA),
        ("import dlnotes.seeds", {"seeds.py", "training.py"} | DIGITS),
        ("def f():\n    from dlnotes.training import fit", {"training.py"} | DIGITS),
    ],
)
def test_reached_follows_imports_to_the_defining_file(source, code, expected):
    assert names(code, source) == expected


def key(code="from dlnotes.data import spiral", environment=ENVIRONMENT, where=("docs/a.md", 1),
        source=None, **options):  # fmt: skip
    return Keys(environment, source)(Task("block", *where, (Cell(1, code, **options),)))


def test_key_changes_with_code_source_versions_threads_and_device_and_nothing_else(source):
    def k(*arguments, **options):
        return key(*arguments, source=source, **options)

    base = k()
    assert base == k(where=("docs/moved.md", 99))
    assert base != k("from dlnotes.data import spiral  # 改")
    assert base != k(expected="a")
    assert base != k(environment=replace(ENVIRONMENT, device_kind="cuda"))
    assert base != k(environment=replace(ENVIRONMENT, threads=2))
    assert base != k(environment=replace(ENVIRONMENT, versions=(("torch", "2.14.0"),)))
    (source / "dlnotes" / "data" / "digits.py").write_text("changed = 1\n")
    assert base == k()
    (source / "dlnotes" / "data" / "toy.py").write_text("changed = 1\n")
    assert base != k()


def test_key_changes_with_the_font_and_the_harness(source, monkeypatch):
    base = key(source=source)
    monkeypatch.setattr("dlnotes_site.run.key.harness_digest", lambda: "another")
    harness = key(source=source)
    (source / "dlnotes" / "fonts").mkdir()
    (source / "dlnotes" / "fonts" / "a.otf").write_bytes(b"font")
    assert len({base, harness, key(source=source)}) == 3


def test_harness_digest_ignores_comments_but_not_code(tmp_path):
    def digest(text):
        return ast.dump(_without_docstrings(ast.parse(text)))

    assert digest('"""一。"""\nx = 1  # 甲\n') == digest('"""二。"""\n\nx = 1\n')
    assert digest("x = 1") != digest("x = 2")


@pytest.mark.parametrize(
    "code", ["import dlnotes as dn", "import dlnotes.data as d", "from . import data"]
)
def test_imports_that_hide_what_they_reach_are_refused(source, code):
    with pytest.raises(ValueError, match=r"导入|别名"):
        Sources(source).reached(code)


def test_no_source_file_of_the_package_hides_its_imports():
    for path in (ROOT / "src" / "dlnotes").rglob("*.py"):
        assert imports(path.read_text(encoding="utf-8")) is not None


def test_key_does_not_depend_on_where_the_repository_lies(source, tmp_path_factory):
    other = tmp_path_factory.mktemp("elsewhere")
    for path in source.rglob("*.py"):
        write_atomically(other / path.relative_to(source), path.read_text())
    assert key(source=source) == key(source=other)


def test_environment_survives_json():
    assert Environment.from_json(json.loads(json.dumps(ENVIRONMENT.to_json()))) == ENVIRONMENT
