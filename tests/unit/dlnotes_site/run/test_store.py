"""Records: atomic and damage-proof storage; figures apart, read only when they are wanted."""

import pytest

from dlnotes_site.project import write_atomically
from dlnotes_site.run.store import Damaged, Figure, Output, Record, Store, blob_name

SVG = "<svg/>"


def record(key="k1", svg=SVG) -> Record:
    figure = Figure([blob_name(svg)], [""], 640, 480)
    return Record(
        key=key, kind="block", page="docs/a.md", line=3, outputs=[Output(3, "一\n", [figure], 0.4)],
        seconds=0.5, peak_mib=1.0, device="CPU", date="2026-01-01",
    )  # fmt: skip


def test_store_returns_what_was_put(tmp_path):
    store = Store(tmp_path)
    store.put(record(), [SVG])
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
    store.put(record(), [SVG])
    path = store.path("k1")
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert store.get("k1") is None


def test_a_record_under_a_wrong_name_is_never_trusted(tmp_path):
    store = Store(tmp_path)
    store.put(record(), [SVG])
    store.path("k1").rename(store.path("k2"))
    assert store.get("k2") is None


def test_write_atomically_leaves_the_old_file_when_it_fails(tmp_path):
    path = tmp_path / "a.txt"
    write_atomically(path, "old")
    with pytest.raises(TypeError):
        write_atomically(path, 3)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_listing_records_reads_no_figure(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.put(record(), [SVG])
    monkeypatch.setattr(Store, "blob", lambda *_: pytest.fail("a figure was read"))
    assert Store(tmp_path).get("k1").figures[0].width == 640


def test_a_record_whose_figure_is_lost_is_never_trusted(tmp_path):
    Store(tmp_path).put(record(), [SVG])
    (tmp_path / "blobs" / blob_name(SVG)).unlink()
    assert Store(tmp_path).get("k1") is None


def test_a_damaged_figure_is_never_shown_and_its_record_run_again(tmp_path):
    Store(tmp_path).put(record(), [SVG])
    (tmp_path / "blobs" / blob_name(SVG)).write_text("<svg>")
    store = Store(tmp_path)
    with pytest.raises(Damaged, match=blob_name(SVG)):
        store.blob(blob_name(SVG))
    assert store.get("k1") is None


def test_prune_removes_unused_records_and_figures_and_nothing_else(tmp_path):
    store = Store(tmp_path)
    store.put(record(), [SVG])
    store.put(record("k2", "<svg>2</svg>"), ["<svg>2</svg>"])
    store.put(record("k3"), [SVG])
    assert store.prune({"k1"}) == (2, 1)
    assert (store.keys(), store.blob(blob_name(SVG))) == ({"k1"}, SVG)
    assert Store(tmp_path).prune({"k1"}) == (0, 0)
