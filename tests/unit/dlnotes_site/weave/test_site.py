"""The weave step: only what changed is woven, nothing stale stays, nothing damaged is shown."""

import os

import pytest

from dlnotes_site.weave import figures, page_item, site
from dlnotes_site.weave.figures import paths
from dlnotes_site.weave.markdown import NOT_RUN
from dlnotes_site.weave.site import weave_page
from dlnotes_site.weave.state import State
from woven import SVG, pretend, text_of, weave_all

FIGURE = "# 题\n\n```python\nassert 1 < 2\n```\n<!--alt: 线-->\n"
PLAIN = "# 别的\n\n```python\nassert 2 < 3\n```\n"


@pytest.fixture
def two(mini, monkeypatch):
    """Two pages, woven once; which items are woven later, and which figures are read."""
    mini.page(FIGURE, "docs/notes/a.md")
    mini.page(PLAIN, "docs/notes/b.md")
    (mini.root / "docs" / "assets").mkdir()
    (mini.root / "docs" / "assets" / "x.css").write_text("a {}")
    pretend(mini, "输出\n")
    assert weave_all(mini) == []
    mini.woven, mini.read = [], []
    make, blob = page_item._make, site._Reader.__call__

    def noted(project, results, path, text, read):
        mini.woven.append(path.name)
        return make(project, results, path, text, read)

    def reading(self, name):
        mini.read.append(name)
        return blob(self, name)

    monkeypatch.setattr(page_item, "_make", noted)
    monkeypatch.setattr(site._Reader, "__call__", reading)
    return mini


def files(mini) -> set[str]:
    woven = mini.project.woven
    return {path.relative_to(woven).as_posix() for path in woven.rglob("*") if path.is_file()}


def test_weave_writes_pages_figures_notebooks_and_assets(two):
    names = files(two)
    assert {"notes/a.md", "notes/b.md", "notebooks/a.ipynb", "assets/x.css"} <= names
    light, dark = sorted(name for name in names if name.endswith(".svg"))[::-1]
    assert light.endswith("-light.svg")
    assert dark.endswith("-dark.svg")


def test_nothing_is_woven_or_read_when_nothing_changed(two):
    stamps = {name: os.stat(two.project.woven / name).st_mtime_ns for name in files(two)}
    assert weave_all(two) == []
    assert (two.woven, two.read) == ([], [])
    assert stamps == {n: os.stat(two.project.woven / n).st_mtime_ns for n in files(two)}


def test_a_changed_page_alone_is_woven_and_no_figure_is_read(two):
    two.page(FIGURE + "\n多一句。\n", "docs/notes/a.md")
    assert weave_all(two) == []
    assert (two.woven, two.read) == (["a.md"], [])
    assert "多一句。" in text_of(two, "notes/a.md")


def test_a_new_run_weaves_the_pages_whose_records_changed(two):
    records = [two.store.get(path.stem) for path in two.project.records.glob("*.json")]
    record = next(record for record in records if record.figures)
    record.seconds = 9.0
    two.store.put(record)
    weave_all(two)
    assert two.woven == ["a.md"]
    assert "9.0 秒" in text_of(two, "notes/a.md")


@pytest.mark.parametrize(
    "change",
    [lambda mini, patch: patch.setenv("DLNOTES_SITE_URL", "https://notes.example/"),
     lambda mini, patch: patch.setattr(site, "_CODE", "other code")],
    ids=["address", "code"],
)  # fmt: skip
def test_another_address_or_other_weaving_code_weaves_everything(two, monkeypatch, change):
    change(two, monkeypatch)
    assert weave_all(two) == []
    assert two.woven == ["a.md", "b.md"]
    assert len(two.read) == 1


def test_a_deleted_page_and_its_files_go_but_what_others_wrote_stays(two):
    wheel = two.project.woven / "wheels" / "a.whl"
    wheel.parent.mkdir()
    wheel.write_text("")
    (two.root / "docs/notes/a.md").unlink()
    (two.root / "docs/assets/x.css").unlink()
    weave_all(two)
    assert files(two) == {"notes/b.md", "notebooks/b.ipynb", "wheels/a.whl"}
    assert not (two.project.woven / "assets").exists()


def test_a_file_that_went_missing_is_written_again(two):
    (two.project.woven / "notes/a.md").unlink()
    next(two.project.woven.glob("assets/run/*-dark.svg")).unlink()
    weave_all(two)
    assert two.woven == ["a.md"]
    assert len(list(two.project.woven.glob("assets/run/*"))) == 2


def test_a_damaged_figure_is_named_with_its_block_and_never_shown(mini):
    mini.page(FIGURE, "docs/notes/a.md")
    pretend(mini)
    (blob,) = (mini.project.records / "blobs").iterdir()
    blob.write_text(SVG + "x", encoding="utf-8")
    (problem,) = weave_all(mini)
    assert str(problem).startswith("docs/notes/a.md:3：")
    assert "损坏" in problem.message
    assert not (mini.project.woven / paths(blob.name)[0]).exists()
    assert [p.message for p in weave_all(mini)] != [], "not forgotten the next time"
    pretend(mini)
    assert weave_all(mini) == []


def test_a_problem_is_told_again_until_it_is_mended(mini):
    mini.page(PLAIN)
    first, again = weave_all(mini), weave_all(mini)
    assert first == again != []


def test_weave_page_shows_a_page_whose_blocks_have_not_run(mini):
    path = mini.page(PLAIN)
    other = mini.page(PLAIN, "docs/other.md")
    (problem,) = weave_page(mini.project, mini.results, path)
    assert problem.line == 3
    assert NOT_RUN in text_of(mini)
    assert not (mini.project.woven / other.name).exists()
    pretend(mini, "输出\n")
    assert weave_page(mini.project, mini.results, path) == []
    assert "输出" in text_of(mini)


def test_two_pages_with_the_same_notebook_are_refused(mini):
    mini.page(PLAIN, "docs/notes/a.md")
    mini.page(PLAIN, "docs/more/a.md")
    pretend(mini)
    (problem,) = weave_all(mini)
    assert "notebooks/a.ipynb" in problem.message
    assert "docs/more/a.md" in str(problem)


def test_records_of_long_runs_and_durations_are_not_published(mini):
    mini.page("# 题\n")
    for name in ("assets/long/a/x.json", "assets/durations.json", "assets/a.txt", ".hidden"):
        path = mini.project.docs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    weave_all(mini)
    assert files(mini) == {"page.md", "assets/a.txt"}


@pytest.mark.parametrize("folder", ["assets/run", "assets/playground", "notebooks", "wheels"])
def test_derived_files_left_in_docs_are_refused_and_not_copied(mini, folder):
    mini.page("# 题\n")
    old = mini.project.docs / folder / "old.js"
    old.parent.mkdir(parents=True)
    old.write_text("x")
    (problem,) = weave_all(mini)
    assert str(problem).startswith(f"docs/{folder}/:0：派生的文件只写在 build/docs 里")
    assert files(mini) == {"page.md"}


def test_a_broken_state_file_only_means_that_everything_is_woven_again(two):
    (two.project.build / "weave.json").write_text("{", encoding="utf-8")
    assert State.read(two.project).entries == {}
    assert weave_all(two) == []
    assert two.woven == ["a.md", "b.md"]


def test_the_colours_are_those_of_the_figures_without_importing_them():
    from dlnotes.plotting import DARK, LIGHT

    assert figures.colours() == (LIGHT, DARK)
