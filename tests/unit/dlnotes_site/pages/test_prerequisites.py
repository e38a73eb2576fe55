"""What a page may use: what the navigation teaches before it, or what it introduces itself."""

import pytest

from dlnotes_site.pages.extras import installed_as, packages
from dlnotes_site.pages.prerequisites import check_prerequisites

NAV = """
    nav:
      - 张量: notes/tensors.md
      - 螺旋: notes/spiral.md
      - 优化: notes/optimizers.md
      - 概念表: glossary.md
    """
GLOSSARY = """
    # 概念表

    ### 张量（tensor）

    数学 · [张量](notes/tensors.md)

    数组。

    ### Adam

    优化 · [优化](notes/optimizers.md)

    写法：optim.Adam、optimizer="adam"

    优化器。

    ### AdamW

    优化 · [优化](notes/optimizers.md)

    优化器。

    ### 到处讲

    优化 · [优化](notes/optimizers.md)、[张量](notes/tensors.md)

    两篇都讲。
    """
HEAD = "minutes: 20\nprerequisites: [tensors]\noutcomes: [会做]\n"


@pytest.fixture
def site(mini):
    mini.page(NAV, "mkdocs.yml")
    mini.page(GLOSSARY, "docs/glossary.md")
    for name in ("tensors", "optimizers"):
        mini.page(f"# {name}\n", f"docs/notes/{name}.md")
    return mini


def complaints(site, body: str = "", head: str = HEAD, name: str = "spiral") -> list[str]:
    site.page(f"---\n{head}---\n\n# 螺旋\n\n{body}\n", f"docs/notes/{name}.md")
    return [str(p) for p in check_prerequisites(f"docs/notes/{name}.md", site.root)]


# --- optional libraries ---------------------------------------------------------------------------

EXTRAS = """
    [project]
    name = "x"
    [project.optional-dependencies]
    search = ["optuna>=4"]
    postgres = ["x[search]", "psycopg[binary]>=3.2"]
    site = ["x[search,postgres]", "mkdocs"]
    """


def test_an_extra_of_a_page_is_one_readers_can_install(site):
    site.page(EXTRAS, "pyproject.toml")
    assert complaints(site, head=HEAD + "extras: [postgres]\n") == []
    for name in ("site", "nothing"):
        found = complaints(site, head=HEAD + f"extras: [{name}]\n")
        assert len(found) == 1
        assert f"extras 里的 {name} 应为 ['postgres', 'search'] 之一" in found[0]


def test_an_extra_is_checked_on_pages_without_minutes(site):
    found = complaints(site, head="extras: [nothing]\n")
    assert len(found) == 1
    assert "extras 里的 nothing" in found[0]


def test_packages_of_extras_are_the_libraries_themselves(site):
    site.page(EXTRAS, "pyproject.toml")
    assert packages(("postgres", "search"), site.root) == ["optuna>=4", "psycopg[binary]>=3.2"]
    assert [installed_as(p) for p in packages(("postgres",), site.root)] == [
        "optuna", "psycopg[binary]"]  # fmt: skip


# --- front matter and order ----------------------------------------------------------------------


def test_a_complete_page_passes(site):
    assert complaints(site, "张量。") == []


def test_pages_without_minutes_are_not_checked(site):
    assert complaints(site, "Adam 很快。", head="prerequisites: [optimizers]\n") == []


@pytest.mark.parametrize(
    ("head", "name"),
    [("minutes: 20\noutcomes: [会做]\n", "prerequisites"),
     ("minutes: 20\nprerequisites: []\n", "outcomes"),
     ("minutes: 20\nprerequisites: []\noutcomes: []\n", "outcomes")],
)  # fmt: skip
def test_missing_front_matter_is_reported(site, head, name):
    (found,) = complaints(site, head=head)
    assert found.startswith(f"docs/notes/spiral.md:1：写了 minutes 的页面，页首还应写 {name}")


def test_no_prerequisites_are_written_as_an_empty_list(site):
    assert complaints(site, head=HEAD.replace("[tensors]", "[]")) == []


def test_a_prerequisite_that_comes_later_is_reported_with_its_line(site):
    (found,) = complaints(site, head=HEAD.replace("[tensors]", "[tensors, optimizers]"))
    assert found.startswith("docs/notes/spiral.md:3：先修 optimizers 应在导航里排在本页之前")


def test_a_page_cannot_be_its_own_prerequisite(site):
    (found,) = complaints(site, head=HEAD.replace("[tensors]", "[spiral]"))
    assert "先修 spiral" in found


def test_a_prerequisite_not_yet_written_is_allowed(site):
    assert complaints(site, head=HEAD.replace("[tensors]", "[not-yet]")) == []


def test_a_missing_evidence_page_is_reported_with_its_line(site):
    (found,) = complaints(site, head=HEAD + "evidence: [factorial]\n")
    assert found.startswith("docs/notes/spiral.md:5：evidence 里的 factorial 没有对应的页面")
    site.page("# 析因\n", "docs/evidence/factorial.md")
    assert complaints(site, head=HEAD + "evidence: [factorial]\n") == []


# --- terms that the navigation teaches later -----------------------------------------------------


def test_a_term_taught_later_is_reported_with_line_and_the_page_that_teaches_it(site):
    (found,) = complaints(site, "张量。\n\n先算，\n再用 Adam 训练。")
    assert found.startswith("docs/notes/spiral.md:12：“Adam”用得太早")
    assert "docs/notes/optimizers.md 才讲" in found


@pytest.mark.parametrize(
    "body",
    ["这里用 **Adam**（一种优化器）。之后 Adam 随便用。", "**优化器叫 Adam**。",
     "## 认识 Adam\n\nAdam 很快。", "先看[优化](optimizers.md)里的 Adam。",
     "见 [Adam](../glossary.md#adam)。",
     "行内代码 `Adam`、公式 \\( Adam \\) 与 <b title='Adam'></b> 不算。",
     "Adamax 与 MyAdam 是别的词。", "<!-- Adam -->", "```text\nAdam\n```", "到处讲的。"],
)  # fmt: skip
def test_a_term_that_is_introduced_or_not_really_used_passes(site, body):
    assert complaints(site, body) == []


@pytest.mark.parametrize(
    "body",
    ["Adam 很快。之后才写 **Adam**。", "Adam 很快。\n\n见[优化](optimizers.md)。",
     "见[张量](tensors.md)与 Adam。", "见 [Adam](../glossary.md#adamw)。",
     "## 认识 AdamW\n\nAdam。"],
)  # fmt: skip
def test_introducing_it_elsewhere_does_not_count(site, body):
    (found,) = complaints(site, body)
    assert "“Adam”用得太早" in found


def test_front_matter_may_list_what_the_page_introduces(site):
    assert complaints(site, "Adam 很快。", head=HEAD + "introduces: [Adam]\n") == []
    assert len(complaints(site, "Adam 很快。", head=HEAD + "introduces: [AdamW]\n")) == 1


def test_the_page_that_teaches_a_term_may_use_it(site):
    assert complaints(site, "Adam 很快。", name="optimizers") == []


def block(code: str) -> str:
    return f"```python\n{code}\nassert 1 == 1.0\n```\n"


@pytest.mark.parametrize("code", ["x = torch.optim.Adam(p)", 'fit(m, optimizer="adam")'])
def test_code_taught_later_is_reported_with_its_line(site, code):
    (found,) = complaints(site, "张量。\n\n" + block(f"import torch\n{code}"))
    assert found.startswith("docs/notes/spiral.md:13：代码里的 ")
    assert "docs/notes/optimizers.md 才讲“Adam”" in found


@pytest.mark.parametrize(
    "body",
    ["这次换成 **Adam**。\n\n" + block("torch.optim.Adam(p)"),
     "见[优化](optimizers.md)。\n\n" + block("torch.optim.Adam(p)"),
     block("torch.optim.AdamW(p)"), block("# torch.optim.Adam(p)"),
     "```text\ntorch.optim.Adam(p)\n```\n"],
)  # fmt: skip
def test_code_that_is_introduced_or_not_run_passes(site, body):
    assert complaints(site, body) == []


# --- the ends of a grid --------------------------------------------------------------------------


def test_an_allowed_edge_of_a_grid_is_reported_with_its_line(site):
    (found,) = complaints(site, block("x = 1\nruns.best('a', allow_edge=True)"))
    assert found.startswith("docs/notes/spiral.md:11：不用 allow_edge=True")


@pytest.mark.parametrize("code", ["best(allow_edge=False)", "x = 1  # allow_edge=True"])
def test_other_uses_of_the_word_pass(site, code):
    assert complaints(site, block(code)) == []


def test_an_allowed_edge_passes_on_pages_without_minutes(site):
    assert complaints(site, block("best(allow_edge=True)"), head="description: x\n") == []
