"""Guards over the route: the tabs, the home page, and what every note written for it must hold."""

import re

import pytest
import yaml

from conftest import ROOT
from dlnotes_site.pages.collect import collect_page
from dlnotes_site.pages.front_matter import front_matter

SCHEMATICS = (
    "draw_network", "draw_graph", "draw_layers", "draw_kernel_step", "draw_vectors", "draw_shapes",
    "draw_cubes", "draw_warped_grid",
)  # fmt: skip
NOTES = [
    path for path in sorted((ROOT / "docs" / "notes").glob("*.md"))
    if front_matter(path).minutes is not None
]  # fmt: skip


class _Nav(yaml.SafeLoader):
    """`mkdocs.yml` holds tags of Python objects, which the navigation does not need."""


_Nav.add_multi_constructor("", lambda loader, suffix, node: None)


def test_the_site_has_at_most_seven_tabs():
    nav = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), _Nav)["nav"]
    assert 5 <= len(nav) <= 7


def test_the_home_page_offers_three_ways_in():
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    buttons = re.findall(r"\[([^\]]+)\]\(([^)]+)\)\{ \.md-button", text)
    names = [name for name, _ in buttons]
    assert [name[:2] for name in names] == ["先玩", "第一", "老师"]
    assert [target for _, target in buttons] == ["playground.md", "notes/tensors.md", "#teachers"]


def schematics(text: str) -> int:
    """Drawings of a note: the calls of our schematic functions, and the folded figures."""
    calls = sum(len(re.findall(rf"^ *(?:\w+ = )?{name}\(", text, re.M)) for name in SCHEMATICS)
    return calls + text.count("\n<!--fold-->")


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.stem)
def test_a_note_draws_its_idea_at_least_twice(path):
    assert schematics(path.read_text(encoding="utf-8")) >= 2


def plain_blocks(path, root=ROOT) -> list[str]:
    """Blocks of the first half that need nothing of ours."""
    half = len(path.read_text(encoding="utf-8").splitlines()) / 2
    return [b.where for b in collect_page(path, root) if b.line < half and "dlnotes" not in b.code]


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.stem)
def test_a_note_shows_its_example_in_plain_pytorch_before_its_middle(path):
    assert plain_blocks(path)


def lacks(text: str) -> list[str]:
    """What a note should hold and does not; the answers below an explainer are no self-test."""
    quizzes = re.findall(r'^\?\?\? quiz "(?!看到了什么)', text, re.M)
    parts = {
        "3 to 6 quizzes": 3 <= len(quizzes) <= 6,
        "a misconception": bool(re.search(r"^!!! misconception ", text, re.M)),
        "exercises": bool(re.search(r"^## 练习", text, re.M)),
        "hints": len(re.findall(r"^\?\?\? hint ", text, re.M)) >= 2,
    }
    return [name for name, there in parts.items() if not there]


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.stem)
def test_a_note_has_quizzes_exercises_hints_and_misconceptions(path):
    assert lacks(path.read_text(encoding="utf-8")) == []


def test_the_route_guards_can_fail(mini):
    page = mini.page("# 薄\n\n```python\nimport dlnotes\n```\n\n文\n", "docs/notes/thin.md")
    text = page.read_text(encoding="utf-8")
    assert schematics(text) == 0
    assert plain_blocks(page, mini.root) == []
    assert len(lacks(text)) == 4
