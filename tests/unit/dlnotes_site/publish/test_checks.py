"""All checks of the build in one list; each kind of fault appears in it."""

import os

import pytest

from dlnotes_site.pages.collect import collect_page
from dlnotes_site.publish import checks
from dlnotes_site.run.key import Environment
from dlnotes_site.run.results import Results
from dlnotes_site.run.store import Figure, Output, Record
from dlnotes_site.tasks.blocks import block_task

BLOCK = "```python\nassert 1 == 1.0\nprint(0.5)\n```\n"
ENVIRONMENT = Environment("cpu", 1, ())


class Ran:
    """A project whose blocks have records, written by hand."""

    def __init__(self, mini):
        self.mini, self.root = mini, mini.root
        self.results = Results(mini.project, ENVIRONMENT)

    def page(self, text: str, name: str = "docs/page.md", stdout="0.5\n", figures=0):
        path = self.mini.page(text, name)
        for block in collect_page(path, self.root):
            drawn = [Figure([], [], 1, 1)] * figures
            key = self.results.keys(block_task(block))
            self.results.store.put(Record(key, "block", name, block.line, [
                Output(1, stdout, drawn, 0.1)], 0.1, 1.0, "CPU", "2026-01-01"))  # fmt: skip

    def problems(self) -> list[str]:
        return [str(problem) for problem in checks.problems(self.mini.project, self.results)]


@pytest.fixture
def ran(mini):
    return Ran(mini)


def test_a_sound_page_has_no_problems(ran):
    ran.page(f"# 题\n\n约 0.50。\n\n{BLOCK}")
    assert ran.problems() == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [("# 题\n\n```py\n1\n```\n", "3：这个围栏不会被运行"),
     (f"# 题\n\n约 0.7。\n\n{BLOCK}", "3：正文里的 0.7"),
     (f"# 题\n\n{BLOCK}<!--alt: 没有这张图-->\n", "3：代码块画了 0 张图，却有 1 条"),
     ('# 题\n\n!!! misconception "说法"\n    **不成立**：是。\n', "3：误解框应写明锚点"),
     ("---\nminutes: 5\n---\n\n# 题\n", "1：写了 minutes 的页面"),
     ("---\nminute: 5\n---\n\n# 题\n", "1：")],
)  # fmt: skip
def test_every_kind_of_fault_is_gathered(ran, text, fault):
    ran.page(text)
    assert any(found.startswith(f"docs/page.md:{fault}") for found in ran.problems())


def test_a_figure_without_alternative_text_is_reported(ran):
    ran.page(f"# 题\n\n{BLOCK}", figures=1)
    assert ran.problems()[0].startswith("docs/page.md:3：代码块画了 1 张图，却有 0 条替代文字")


def test_a_long_block_without_a_committed_record_is_reported(ran):
    ran.mini.page(f"# 题\n\n{BLOCK}<!--long-->\n")
    (found,) = ran.problems()
    assert found.startswith("docs/page.md:3：长实验没有与这段代码对应的完好记录")


def test_numbers_of_evidence_pages_support_a_note_and_others_do_not(ran):
    ran.page(f"# 证据\n\n{BLOCK}", "docs/evidence/e.md")
    ran.page("---\nevidence: [e]\n---\n\n# 题\n\n约 0.50。\n")
    assert ran.problems() == []
    ran.page("---\nevidence: []\n---\n\n# 题\n\n约 0.50。\n")
    assert len(ran.problems()) == 1


def test_prose_is_not_judged_before_its_blocks_have_run(ran):
    ran.mini.page(f"# 题\n\n约 0.7。\n\n{BLOCK}")
    assert ran.problems() == []


def test_a_faulty_glossary_is_reported_once(ran):
    ran.page("# 概念表\n\n### 甲\n\n没有类别。\n", "docs/glossary.md")
    ran.page("---\nminutes: 5\nprerequisites: []\noutcomes: [a]\n---\n\n# 题\n")
    (found,) = ran.problems()
    assert found.startswith("docs/glossary.md:3：")


def test_an_anchor_used_on_two_pages_is_reported(ran):
    for name in "ab":
        ran.page('# 题\n\n!!! misconception x "说法"\n    **不成立**：是。\n', f"docs/{name}.md")
    assert ran.problems() == ["docs/b.md:3：误解的锚点 x 已经用在 docs/a.md:3，换一个"]


def test_unchanged_pages_are_not_checked_again(ran, monkeypatch):
    ran.page(f"# 题\n\n约 0.7。\n\n{BLOCK}")
    first = ran.problems()
    monkeypatch.setattr(checks, "find_problems", lambda *_: pytest.fail("checked again"))
    assert ran.problems() == first


@pytest.mark.parametrize("change", ["page", "record", "damage"])
def test_whatever_changes_is_checked_again(ran, change):
    ran.page(f"# 题\n\n约 0.7。\n\n{BLOCK}")
    assert len(ran.problems()) == 1
    if change == "page":
        ran.page(f"# 题\n\n约 0.50。\n\n{BLOCK}")
        assert ran.problems() == []
    elif change == "record":
        ran.page(f"# 题\n\n约 0.7。\n\n{BLOCK}", stdout="0.70000\n")
        assert ran.problems() == []
    else:
        saved = ran.mini.project.build / "checks.json"
        os.truncate(saved, 10)
        assert len(ran.problems()) == 1


def test_a_changed_navigation_is_checked_again(ran):
    ran.page("# 先\n", "docs/notes/a.md")
    ran.page("---\nminutes: 5\nprerequisites: [a]\noutcomes: [b]\n---\n\n# 题\n")
    ran.mini.page("nav: [notes/a.md, page.md]\n", "mkdocs.yml")
    assert ran.problems() == []
    ran.mini.page("nav: [page.md, notes/a.md]\n", "mkdocs.yml")
    (found,) = ran.problems()
    assert found.startswith("docs/page.md:3：先修 a 应在导航里排在本页之前")


def test_a_committed_record_that_no_block_needs_is_reported(mini):
    mini.page("# 题\n")
    path = mini.project.long / "page" / "0123456789abcdef.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}", encoding="utf-8")
    (found,) = checks.find_problems(mini.project, mini.results)
    assert "没有代码块对应这份长实验的记录" in found.message


def test_a_number_checked_on_another_machine_holds_until_a_block_changes(ran):
    text = f"# 题\n\n约 0.61。\n\n{BLOCK}"
    ran.page(text, stdout="0.613\n")
    checks.save_measured(ran.mini.project, ran.results)
    ran.page(text, stdout="0.624\n")
    assert ran.problems() == []
    ran.page(text.replace("1 == 1.0", "2 == 2.0"), stdout="0.624\n")
    (found,) = ran.problems()  # the code has changed: only this run counts
    assert found.startswith("docs/page.md:3：正文里的 0.61")


def test_a_number_that_no_machine_printed_is_never_saved(ran):
    ran.page(f"# 题\n\n约 0.7。\n\n{BLOCK}")
    checks.save_measured(ran.mini.project, ran.results)
    (found,) = ran.problems()
    assert found.startswith("docs/page.md:3：正文里的 0.7")
