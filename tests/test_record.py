"""Record keys, reach through imports, atomic and damage-proof storage."""

import json
from pathlib import Path

import pytest

from dlnotes_site.collect import Block
from dlnotes_site.record import Environment, Figure, Record, Store, key, reached, write_atomically

ENVIRONMENT = Environment("cpu", (("python", "3.11"), ("torch", "2.13.0")))


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
    return {p.relative_to(source / "dlnotes").as_posix() for p in reached(code, source)}


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


def test_key_changes_with_code_source_versions_and_device_and_nothing_else(source):
    def k(code="from dlnotes.data import spiral", environment=ENVIRONMENT, **options):
        return key(Block("docs/a.md", 1, code, **options), environment, source)

    base = k()
    assert base == key(
        Block("docs/moved.md", 99, "from dlnotes.data import spiral"), ENVIRONMENT, source
    )
    assert base != k("from dlnotes.data import spiral  # 改")
    assert base != k(expected="a")
    assert base != k(environment=Environment("cuda", ENVIRONMENT.versions))
    assert base != k(environment=Environment("cpu", (("torch", "2.14.0"),)))
    (source / "dlnotes" / "data" / "digits.py").write_text("changed = 1\n")
    assert base == k()
    (source / "dlnotes" / "data" / "toy.py").write_text("changed = 1\n")
    assert base != k()


def test_key_does_not_depend_on_where_the_repository_lies(source, tmp_path_factory):
    other = tmp_path_factory.mktemp("elsewhere")
    for path in source.rglob("*.py"):
        write_atomically(other / path.relative_to(source), path.read_text())
    block = Block("docs/a.md", 1, "from dlnotes.data import spiral")
    assert key(block, ENVIRONMENT, source) == key(block, ENVIRONMENT, other)


def record() -> Record:
    return Record(
        key="k1", page="docs/a.md", line=3, stdout="一\n",
        figures=[Figure(["<svg/>"], [""], 640, 480)], seconds=0.5, peak_mib=1.0, device="CPU",
        date="2026-01-01", environment=ENVIRONMENT.to_json(),
    )  # fmt: skip


def test_store_returns_what_was_put(tmp_path):
    store = Store(tmp_path)
    store.put(record())
    assert store.get("k1") == record()
    assert store.keys() == {"k1"}
    assert store.get("absent") is None


@pytest.mark.parametrize(
    "damage",
    [lambda text: text[:-5], lambda text: "", lambda text: text.replace("0.5", "0.1"),
     lambda text: "{}", lambda text: text.split("\n")[0] + "\n{}"],
)  # fmt: skip
def test_a_damaged_record_is_never_trusted(tmp_path, damage):
    store = Store(tmp_path)
    store.put(record())
    path = store.path("k1")
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert store.get("k1") is None


def test_a_record_under_a_wrong_name_is_never_trusted(tmp_path):
    store = Store(tmp_path)
    store.put(record())
    store.path("k1").rename(store.path("k2"))
    assert store.get("k2") is None


def test_write_atomically_leaves_the_old_file_when_it_fails(tmp_path):
    path = tmp_path / "a.txt"
    write_atomically(path, "old")
    with pytest.raises(TypeError):
        write_atomically(path, 3)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_environment_survives_json():
    assert Environment.from_json(json.loads(json.dumps(ENVIRONMENT.to_json()))) == ENVIRONMENT
