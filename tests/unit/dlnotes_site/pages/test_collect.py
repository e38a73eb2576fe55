"""Collecting blocks, and the guards on what would silently not run. Each guard has its bad case."""

import pytest
from pytest_codeblocks import extract_from_file

from dlnotes_site.pages.collect import check, check_page, collect, collect_page
from dlnotes_site.pages.fences import fences

GOOD = """
    # 页面

    ```python
    assert 1 + 1 == 2
    ```
    <!--alt: 一张图-->
    <!--caption: 图注 `code`-->

    ??? note "答案"
        ```python
        if True:
            print("a")
        ```

        <!--pytest-codeblocks:expected-output-->
        ```
        a
        ```

    ```text
    not run
    ```

    <!--pytest.mark.skip(reason="要联网")-->
    ```python
    import torchvision
    ```
    """


def problems(mini, text):
    return [str(p) for p in check_page(mini.page(text), mini.root)]


def test_collect_finds_code_expected_output_captions_and_skip_reason(mini):
    first, second, third = collect_page(mini.page(GOOD), mini.root)
    assert (first.page, first.line, first.code) == ("docs/page.md", 3, "assert 1 + 1 == 2\n")
    assert (first.captions[0].alt, first.captions[0].text) == ("一张图", "图注 `code`")
    assert (second.code, second.expected) == ('if True:\n    print("a")\n', "a\n")
    assert third.skip == "要联网"
    assert problems(mini, GOOD) == []


def test_fences_agree_with_the_parser_of_pytest_codeblocks(mini):
    # oracle: the plugin's own public parser
    path = mini.page(GOOD)
    ours = {f.line: f.code for f in fences(path.read_text(encoding="utf-8").splitlines())}
    for block in extract_from_file(path):
        assert ours[block.lineno] == block.code


@pytest.mark.parametrize(
    "opening",
    ["```py", "```python title='a'", "``` python", "~~~python", "```{.python}", "```python3",
     "```Python", "````python", "```bash", "```sh"],
)  # fmt: skip
def test_a_fence_that_would_silently_not_run_is_reported(mini, opening):
    ticks = opening[: len(opening) - len(opening.lstrip("`~"))]
    found = problems(mini, f"# 题\n\n{opening}\nassert 1 == 1.0\n{ticks}\n")
    assert len(found) == 1
    assert found[0].startswith("docs/page.md:3：")
    assert opening in found[0]


@pytest.mark.parametrize("code", ["x = 1", "assert True", "assert (x, 'always true')", "print(1)"])
def test_a_block_that_proves_nothing_is_reported(mini, code):
    (found,) = problems(mini, f"```python\n{code}\n```\n")
    assert found.startswith("docs/page.md:1：代码块什么也没有证明")


def test_a_syntax_error_is_reported_with_its_line(mini):
    (found,) = problems(mini, "```python\nx = 1\nassert x ==\n```\n")
    assert found.startswith("docs/page.md:3：语法错误")


@pytest.mark.parametrize(
    "directive",
    ["<!--pytest-codeblocks:cont-->", "<!--pytest-codeblocks:skipfile-->",
     "<!--pytest.mark.skip-->",
     "<!--pytest.mark.skip()-->"],
)  # fmt: skip
def test_directives_that_hide_blocks_are_reported(mini, directive):
    (found,) = problems(mini, f"# 题\n\n{directive}\n```python\nassert 1 == 1.0\n```\n")
    assert found.startswith("docs/page.md:3：")


def test_collect_and_check_cover_readme_and_every_page(mini):
    mini.page("```python\nassert 1 == 1.0\n```\n", "README.md")
    mini.page("```python\nassert 1 == 1.0\n```\n", "docs/notes/a.md")
    mini.page("```py\n1\n```\n", "docs/notes/deep/b.md")
    assert [b.page for b in collect(mini.root)] == ["README.md", "docs/notes/a.md"]
    assert [p.page for p in check(mini.root)] == ["docs/notes/deep/b.md"]


FLAGGED = """
    ```python
    assert 1 == 1.0
    ```
    <!--fold-->
    <!--alt: 图-->
    <!--long-->
    """


def test_flags_after_the_fence_belong_to_the_block(mini):
    (block,) = collect_page(mini.page(FLAGGED), mini.root)
    assert block.flags == {"fold", "long"}
    assert block.is_long
    assert len(block.captions) == 1
    (plain,) = collect_page(mini.page("```python\nassert 1 == 1.0\n```\n"), mini.root)
    assert not plain.is_long


def test_a_block_that_draws_only_a_schematic_needs_no_proof(mini):
    draw = "```python\nfrom dlnotes.plotting import draw_network\ndraw_network([2, 3])\n{}```\n"
    assert problems(mini, draw.format("")) == []
    assert len(problems(mini, draw.format("print(1)\n"))) == 1


@pytest.mark.parametrize(
    "code", ["import dlnotes.data as d", "from . import data", "from .data import spiral"]
)
def test_an_import_that_hides_what_it_reaches_is_reported(mini, code):
    (found,) = problems(mini, f"```python\n{code}\nassert 1 == 1.0\n```\n")
    assert found.startswith("docs/page.md:2：")
