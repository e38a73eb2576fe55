"""Numbers in the prose are bound to the page's own runs, or carry a source. With negative cases."""

import pytest

from conftest import ROOT, MiniProject
from dlnotes_site.prose import check_prose, measured, paragraphs, supported
from dlnotes_site.runner import Project

BLOCK = "```python\nx = 0.9463\nprint('准确率', x)\nassert x > 0.9\n```\n"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A project in which the block has run: its record serves every page that holds the block."""
    mini = MiniProject(tmp_path_factory.mktemp("prose"))
    mini.page(BLOCK)
    assert mini.run().ok
    return mini


def complaints(ran, prose: str) -> list[str]:
    page = ran.page(f"# 题\n\n{BLOCK}\n{prose}\n")
    return [str(p) for p in check_prose(page, ran.project, ran.project.environment())]


@pytest.mark.parametrize(
    "prose",
    ["准确率是 0.946。", "准确率约 0.95。", "准确率 94.6%。", "约 95%。", "断言大于 0.9。",
     "论文报告 0.31（Krizhevsky 等，2012）。", "见[原文](https://example.org)，0.31。",
     "公式 \\( 0.31x \\)、代码 `0.31` 和 “升到 31%” 都不算。", "共 12 层。"],
)  # fmt: skip
def test_numbers_that_were_measured_or_sourced_pass(ran, prose):
    assert complaints(ran, prose) == []


@pytest.mark.parametrize(
    "prose", ["准确率是 0.947。", "约 96%。", "快 3 倍。", "用了 12 秒。", "\\( x \\) 是 0.31。"]
)
def test_numbers_that_nobody_measured_are_reported_with_their_line(ran, prose):
    (found,) = complaints(ran, prose)
    assert found.startswith("docs/page.md:9：正文里的")


def test_captions_count_as_prose(ran):
    assert len(complaints(ran, "<!--caption: 均值 0.777-->")) == 1


def test_paragraphs_keep_line_numbers_and_drop_code():
    text = "---\na: 1\n---\n# 题\n\n甲 1.5\n乙\n\n```python\n2.5\n```\n\n丙 \\[\n3.5\n\\]\n"
    found = [(line, p.strip()) for line, p in paragraphs(text) if p.strip()]
    assert [line for line, _ in found] == [4, 6, 13]
    assert "2.5" not in str(found)
    assert "3.5" not in str(found)


def test_measured_numbers_have_decimals_or_units():
    assert measured("第 3 章，0.5，12%，3 倍，2e-3，v2.13") == ["0.5", "12%", "3 倍"]


def test_supported_rounds_to_the_digits_written():
    assert supported("0.95", {0.946})
    assert not supported("0.95", {0.944})
    assert supported("−0.5", {-0.5})


# the report page is itself the output of `make bench`
PAGES = [
    page for page in sorted((ROOT / "docs").rglob("*.md"))
    if "api" not in page.parts and page.name != "report.md"
]  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_number_in_our_pages_is_bound_to_a_run(page):
    project = Project(ROOT)
    evidence = PAGES if page.name == "glossary.md" else ()  # it only repeats what the pages show
    found = check_prose(page, project, project.environment(), evidence)
    assert [str(problem) for problem in found] == []
