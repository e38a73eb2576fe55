"""Guards over the pages of this repository, each with a kept negative case."""

import re
import unicodedata

import pytest

from conftest import ROOT
from dlnotes_site.pages.collect import check, collect, collect_page
from dlnotes_site.pages.glossary import PAGE, read_terms, terms
from dlnotes_site.project import Project
from dlnotes_site.publish.checks import problems
from dlnotes_site.run.results import Results
from dlnotes_site.weave.glossary import weave_glossary

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

STRANGER = re.compile(r"pip3?\s+install\s+(?:-\S+\s+)*[\"']?dlnotes(?![\w-])")


def installs_a_stranger(text: str) -> bool:
    """`dlnotes` on the package index belongs to somebody else; ours is `dlnotes-zh`."""
    return bool(STRANGER.search(text))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_page_installs_a_strangers_package(page):
    assert not installs_a_stranger(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "bad"),
    [("pip install dlnotes", True), ("python -m pip install -U dlnotes[site]", True),
     ("pip install 'dlnotes'", True), ("pip install dlnotes-zh", False), ("import dlnotes", False)],
)  # fmt: skip
def test_the_stranger_guard_can_fail(text, bad):
    assert installs_a_stranger(text) is bad


def test_every_fence_is_run_or_declared_and_every_block_proves_something():
    assert [str(problem) for problem in check(ROOT)] == []


def test_pages_hold_blocks_and_every_block_has_a_fresh_record():
    assert len(collect(ROOT)) > 50
    results = Results(Project(ROOT))
    stale = [b.where for b in collect(ROOT) if b.skip is None and results.block(b) is None]
    assert stale == [], "run `dlnotes-site run` first (make test does)"


def columns(line: str) -> int:
    """Columns a line takes: Chinese characters and full-width marks take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def too_wide(blocks) -> list[str]:
    """A screen shows 100 columns of code; the rest would hide behind a scroll bar."""
    return [f"{b.page}:{b.line + n}" for b in blocks
            for n, line in enumerate(b.code.splitlines(), 1) if columns(line) > 100]  # fmt: skip


def test_no_line_of_code_is_wider_than_a_screen():
    assert too_wide(collect(ROOT)) == []


def test_the_width_guard_can_fail(tmp_path):
    lines = ["x" * 100, "宽" * 50, "x" * 101, "宽" * 50 + "x"]
    page = tmp_path / "page.md"
    page.write_text("```python\n" + "\n".join(lines) + "\n```\n", encoding="utf-8")
    assert too_wide(collect_page(page, tmp_path)) == ["page.md:4", "page.md:5"]


def test_the_build_would_find_nothing_to_complain_about():
    project = Project(ROOT)
    assert [str(problem) for problem in problems(project, Results(project))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_pages_have_one_title_and_no_machine_paths(page):
    text = re.sub(r"(```+|~~~+).*?\1", "", page.read_text(encoding="utf-8"), flags=re.S)
    assert len(re.findall(r"^# ", text, re.M)) == 1
    assert not re.search(r"(?<![\w./-])/(work|tmp|root)/[\w.-]", text)


def test_source_files_hold_only_glyphs_the_bundled_font_has():
    """Every character that could reach a figure: strings in the package and in blocks."""
    from fontTools.ttLib import TTFont

    font = TTFont(ROOT / "src" / "dlnotes" / "fonts" / "DLNotesSansSC-Regular.otf")
    known = set(font.getBestCmap())
    code = "".join(b.code for b in collect(ROOT))
    code += "".join(p.read_text(encoding="utf-8") for p in (ROOT / "src" / "dlnotes").rglob("*.py"))
    han = {c for c in code if "\u4e00" <= c <= "\u9fff"}
    assert {c for c in han if ord(c) not in known} == set()
    assert ord("習") not in known, (
        "the guard can fail: a traditional character is not in the subset"
    )


def glossary_text() -> str:
    return (ROOT / PAGE).read_text(encoding="utf-8")


def test_the_woven_index_of_the_glossary_lists_every_term_under_its_level():
    woven = weave_glossary(glossary_text())
    for level in ("L0", "L1", "L2", "L3"):
        row = next(line for line in woven.splitlines() if line.startswith(f"| {level} |"))
        listed = re.findall(r"\[([^\]]+)\]\(#", row)
        assert listed == [term.name for term in terms(ROOT) if term.level == level]


def test_a_term_names_at_most_three_terms_to_know_before_it():
    assert max(len(term.needs) for term in terms(ROOT)) <= 3


def test_no_code_is_taught_by_two_terms():
    codes = [code for term in read_terms(glossary_text()) for code in term.codes]
    assert len(codes) == len(set(codes)) > 30


REQUIRED = (
    "线性回归 softmax-回归 单层神经网络 多层感知机 广播 训练误差 泛化误差 "
    "欠拟合 过拟合 权重衰减 丢弃法 前向传播 反向传播"
)


def test_the_glossary_holds_the_required_terms_each_once_with_a_question():
    found = terms(ROOT)
    names = [term.name for term in found]
    assert len(names) == len(set(names))
    assert {name.replace("-", " ") for name in REQUIRED.split(" ")} <= set(names)
    assert glossary_text().count('??? question "面试题：') == len(names)
    assert all(len(term.explanation) <= 60 for term in found)
