"""Notebooks: readable Markdown, code with the outputs of the run, links that lead somewhere."""

import base64
import importlib.metadata
import importlib.util

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from conftest import ROOT
from dlnotes_site.pages.collect import collect, collect_page
from dlnotes_site.weave import addresses, links
from dlnotes_site.weave.addresses import WHEEL_MARKER, link_url, notebook_name, page_url
from dlnotes_site.weave.notebooks import notebook
from dlnotes_site.weave.page_item import has_notebook
from dlnotes_site.weave.readable import Code, parts, readable
from woven import pretend, render, text_of, weave_all

TORCH = importlib.metadata.version("torch").split("+")[0]

PAGE = r"""
    ---
    description: 一页
    ---

    # 题目 { #题目 }

    !!! warning "误解：甲"
        第一段，\( x_1 \)。

        \[
        a \\[4pt]
        b
        \]

    见[别页](../other.md#乙)、[本页](#题目)与[外面](https://example.org/a)。

    ```python
    print("甲")
    assert 1 + 1 == 2
    ```

    1. 练习

        ??? note "答案"
            答案在这里。

            ```python
            from matplotlib import pyplot as plt

            plt.plot([1, 2])
            assert plt.gca().lines
            ```
            <!--alt: 空的坐标系-->
            <!--caption: 用 `subplots` 画，\( x^2 \)-->

            接着说。

        题的尾巴。

    2. 下一题

    ```python
    print(3)
    ```
    <!--pytest-codeblocks:expected-output-->
    ```
    3
    ```

    === "Windows"

        ```console
        > dir
        ```
    """


def same(target: str) -> str:
    return target


def texts(markdown: str) -> list[str]:
    return ["代码" if isinstance(part, Code) else part.text
            for part in parts(markdown.split("\n"), same)]  # fmt: skip


@pytest.fixture
def page(mini):
    mini.page("# 别页\n", "docs/other.md")
    return mini.page(PAGE, "docs/notes/page.md")


def made(mini, page, **options) -> nbformat.NotebookNode:
    pretend(mini, "甲\n", device="某设备", **options)
    text = notebook(mini.project, mini.project.page(page), collect_page(page, mini.root),
                    mini.results.block, mini.results.blob)  # fmt: skip
    book = nbformat.reads(text, as_version=4)
    nbformat.validate(book)
    return book


# --- the text -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [(r"第 \( k \) 项", "第 $k$ 项"),
     ("\\[\nx \\\\[2pt]\ny\n\\]", r"$$x \\[2pt] y$$"),
     (r"`\(x\)` 与 `$y$` 不动，$5", r"`\(x\)` 与 `$y$` 不动，\$5"),
     ("## 标题 { #锚点 }", "## 标题"),
     ("[甲](a.md){ .md-button }", "[甲](a.md)"),
     ("甲[^a]。\n\n[^a]: 乙", "甲（注 1）。\n\n注 1：乙"),
     ("甲\n乙", "甲乙"),
     ("**甲。**乙，**丙**丁", "<strong>甲。</strong>乙，**丙**丁"),
     ("<!-- 注释 -->甲", "甲"),
     ("```text\n\\(x\\) $y$\n```", "```text\n\\(x\\) $y$\n```")],
)  # fmt: skip
def test_readable_rewrites_what_jupyter_does_not_know(markdown, expected):
    assert readable(markdown, same) == expected


def test_an_admonition_becomes_a_quotation():
    assert texts('!!! warning "误解：甲"\n    一。\n\n    二。\n\n后面') == [
        "> **误解：甲**\n>\n> 一。\n>\n> 二。\n\n后面"
    ]


def test_an_admonition_with_code_to_run_stays_plain_so_that_the_code_is_a_cell():
    assert texts('!!! note "看"\n    一。\n\n    ```python\n    x = 1\n    ```\n\n    二。') == [
        "**看**\n\n一。", "代码", "二。",
    ]  # fmt: skip


def test_a_folded_answer_becomes_a_heading_and_its_code_a_cell():
    assert texts('??? note "答案"\n    一。\n\n    ```python\n    x = 1\n    ```\n\n后面') == [
        "#### 答案\n\n一。", "代码", "后面",
    ]  # fmt: skip


def test_text_after_a_cell_inside_a_list_does_not_turn_into_code():
    found = texts("1. 甲\n\n    ```python\n    x = 1\n    ```\n\n    尾巴\n\n2. 乙\n\n    续")
    assert found == ["1. 甲", "代码", "尾巴\n\n2. 乙\n\n    续"]


def test_tabs_become_bold_labels():
    assert texts('=== "Windows"\n\n    ```console\n    > dir\n    ```') == [
        "**Windows**\n\n```console\n> dir\n```"
    ]


def test_a_control_of_the_page_is_left_out_but_text_in_a_wrapper_stays():
    control = '<div class="a">\n<div><button>放</button>\n</div>\n\n<p>甲</p>\n</div>'
    assert texts(f"前\n\n{control}\n\n后") == ["前\n\n后"]
    assert texts('<div class="a" markdown>\n\n甲\n\n</div>\n\n乙') == ["甲\n\n乙"]


def test_a_heading_starts_a_new_cell_but_a_comment_in_code_does_not():
    assert texts("甲\n\n## 乙\n\n```text\n# 丙\n```") == ["甲", "## 乙\n\n```text\n# 丙\n```"]


# --- addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "expected"),
    [("#锚点", "notes/spiral/#锚点"), ("tensors.md", "notes/tensors/"),
     ("?seed=1", "notes/spiral/?seed=1"), ("../playground.md?seed=1#a", "playground/?seed=1#a"),
     ("../index.md", ""), ("../api/index.md#a", "api/#a"), ("../labs/lab1.py", "labs/lab1/"),
     ("../assets/a.svg", "assets/a.svg")],
)  # fmt: skip
def test_links_lead_to_the_site(monkeypatch, target, expected):
    monkeypatch.setenv("DLNOTES_SITE_URL", "https://notes.example/zh/")
    assert link_url("docs/notes/spiral.md", target) == "https://notes.example/zh/" + expected
    assert link_url("docs/notes/spiral.md", "https://a.example/b") == "https://a.example/b"


def test_the_default_address_is_the_one_mkdocs_uses(monkeypatch):
    monkeypatch.delenv("DLNOTES_SITE_URL", raising=False)
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert f'site_url: !ENV [DLNOTES_SITE_URL, "{page_url("docs/index.md")}"]' in text


@pytest.mark.parametrize(
    "address", ["https://gitlab.com/a/b", "github.com/a/b", "https://github.com/a"]
)
def test_a_repository_that_colab_cannot_open_is_refused(monkeypatch, address):
    monkeypatch.setenv("DLNOTES_REPO_URL", address)
    with pytest.raises(ValueError, match=r"DLNOTES_REPO_URL 应是 .*收到 '"):
        addresses.repository()


# --- the notebook -------------------------------------------------------------------------------


def test_a_notebook_is_valid_and_carries_the_outputs_of_the_run(mini, page):
    book = made(mini, page)
    assert (book.nbformat, book.nbformat_minor) == (4, 5)
    first, *_ = code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3]
    assert first.outputs[0].text == "甲\n"
    printed, image = code[1].outputs
    assert printed.text == "甲\n"
    assert base64.b64decode(image.data["image/png"]).startswith(b"\x89PNG")
    assert image.metadata["image/png"] == {"alt": "空的坐标系", "width": 100, "height": 50}


def test_a_notebook_keeps_the_order_of_the_page_and_no_page_markup(mini, page):
    book = made(mini, page)
    text = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    order = ["# 题目", "误解：甲", "练习", "#### 答案", "*图：用 `subplots` 画，$x^2$*", "接着说",
             "题的尾巴", "下一题", "**Windows**"]  # fmt: skip
    positions = [text.index(piece) for piece in order]
    assert positions == sorted(positions)
    for markup in ("!!!", "???", "===", "<!--", "{ #", "\\(", "description:", "expected-output"):
        assert markup not in text
    assert f"[别页]({page_url('docs/other.md')}#乙)" in text
    assert f"某设备，torch {TORCH}，2026-01-02。" in book.cells[0].source


def test_two_builds_of_a_notebook_are_equal_byte_for_byte(mini, page):
    weave_all(mini)
    path = mini.project.woven / "notebooks" / "page.ipynb"
    before = path.read_bytes()
    path.unlink()
    weave_all(mini)
    assert path.read_bytes() == before


def test_a_block_that_is_not_run_is_shown_but_not_a_cell(mini):
    path = mini.page('''
        # 题

        <!--pytest.mark.skip(reason="要下载")-->

        ```python
        raise SystemExit
        ```
        ''')  # fmt: skip
    book = made(mini, path)
    assert [cell.cell_type for cell in book.cells] == ["markdown", "markdown"]
    assert book.cells[1].source.endswith("（没有运行：要下载）")


def test_a_long_run_is_marked_so_that_tools_skip_it(mini):
    path = mini.page("# 题\n\n```python\nassert 1\n```\n<!--long-->\n\n```python\nassert 2\n```\n")
    long, short = (cell for cell in made(mini, path).cells if cell.cell_type == "code")
    assert long.metadata["tags"] == ["skip-execution"]
    assert "tags" not in short.metadata


def test_of_an_animation_the_last_frame_is_kept(mini):
    path = mini.page('''
        # 题

        ```python
        from matplotlib import pyplot as plt

        assert plt
        ```
        <!--alt: 空-->
        <!--caption: 三帧。-->
        ''')  # fmt: skip
    *_, code, caption = made(mini, path, frames=3).cells
    assert [output.output_type for output in code.outputs] == ["stream", "display_data"]
    assert caption.source == "*图：三帧。动画共 3 帧，这里保存了最后一帧，网页上可以逐帧看。*"


def test_every_page_with_blocks_but_the_front_page_has_a_notebook():
    blocks = {path: collect_page(path, ROOT) for path in (ROOT / "docs").rglob("*.md")}
    found = {path.name for path, there in blocks.items() if has_notebook(path, there)}
    pages = {block.page.rpartition("/")[2] for block in collect(ROOT)}
    assert found == pages - {"index.md", "README.md"}


def test_an_unchanged_figure_is_not_drawn_again(mini, page, monkeypatch):
    made(mini, page)
    read = []
    monkeypatch.setattr("dlnotes_site.run.results.Results.blob", lambda _, n: read.append(n))
    assert "image/png" in str(made(mini, page))
    assert read == []


# --- the cell that installs ---------------------------------------------------------------------


@pytest.fixture
def install(mini, page, monkeypatch):
    """The install cell, run by a stand-in for IPython that notes what would be installed."""
    monkeypatch.setenv("DLNOTES_SITE_URL", "https://notes.example/")
    (mini.root / "pyproject.toml").write_text('[project]\nname = "dlnotes-zh"\nversion = "9.9"\n')
    cell = made(mini, page).cells[1]
    assert cell.metadata["tags"] == ["install"]
    ran = []

    class Shell:
        def run_line_magic(self, name, line):
            ran.append(f"{name} {line}")

    exec(TransformerManager().transform_cell(cell.source), {"get_ipython": Shell})
    return ran


def test_the_install_cell_does_nothing_when_dlnotes_is_there(install):
    assert install == []


def test_the_install_cell_adds_the_libraries_the_page_needs(mini, monkeypatch):
    monkeypatch.setenv("DLNOTES_SITE_URL", "https://notes.example/")
    extras = '[project.optional-dependencies]\nx = ["torch>=2", "no-such[binary]>=3"]\n'
    mini.page(f'[project]\nname = "dlnotes-zh"\nversion = "9.9"\n{extras}', "pyproject.toml")
    path = mini.page("---\nextras: [x]\n---\n\n# 题\n\n```python\nassert 1\n```\n")
    cell = made(mini, path).cells[1]
    ran = []

    class Shell:
        def run_line_magic(self, name, line):
            ran.append((name, line))

    variables = {"get_ipython": Shell}
    exec(TransformerManager().transform_cell(cell.source), variables)
    assert variables["missing"] == ["no-such[binary]"]
    assert ran == [("pip", 'install -q {" ".join(missing)}')], "IPython fills in the braces"


def test_the_install_cell_installs_from_the_site_and_says_what_to_do_when_it_cannot(
    mini, page, monkeypatch, request
):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "dlnotes" else find(name)
    )
    with pytest.raises(ModuleNotFoundError, match=r"连不上 https://notes\.example/"):
        request.getfixturevalue("install")


# --- what the site serves -----------------------------------------------------------------------


@pytest.fixture
def served(mini, page):
    """The folder of a site with the notebook, the source, and the page's own HTML."""
    pretend(mini)
    html = render(mini, page)
    folder = mini.root / "site"
    book = text_of(mini, "notebooks/page.ipynb")
    for name, text in (("notes/page/index.html", html), ("sources/notes/page.md.txt", ""),
                       ("notebooks/page.ipynb", book)):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_page_links_to_its_notebook_and_its_source(served):
    html = (served / "notes/page/index.html").read_text(encoding="utf-8")
    assert html.index("</h1>") < html.index("dl-downloads") < html.index("误解")
    assert '<a href="../../notebooks/page.ipynb" download>下载笔记本</a>' in html
    assert '<a href="../../sources/notes/page.md.txt">查看源文件</a>' in html
    assert "Colab" not in html
    assert links.broken_links(served) == []


def test_colab_is_offered_only_with_a_repository_and_its_file_must_exist(
    mini, page, monkeypatch, request
):
    monkeypatch.setenv("DLNOTES_REPO_URL", "https://github.com/someone/notes.git")
    folder = request.getfixturevalue("served")
    target = "https://colab.research.google.com/github/someone/notes/blob/notebooks/page.ipynb"
    html = (folder / "notes/page/index.html").read_text(encoding="utf-8")
    assert f'<a href="{target}">在 Colab 打开</a>' in html
    assert links.broken_links(folder) == []
    (folder / "notebooks" / "page.ipynb").rename(folder / "notebooks" / "other.ipynb")
    assert [target in str(problem) for problem in links.broken_links(folder)] == [False, True]


def test_the_front_page_has_no_row_of_links(mini):
    path = mini.page("# 题\n\n```python\nassert 1 + 1 == 2\n```\n", "docs/index.md")
    pretend(mini)
    assert "dl-downloads" not in render(mini, path)
    assert not (mini.project.woven / "notebooks").exists()


def test_the_address_of_the_wheel_is_filled_in_and_readable_without_a_build(mini, monkeypatch):
    code = "```python\nassert 1 + 1 == 2\n```\n"
    path = mini.page(f"# 题\n\n```console\n$ pip install {WHEEL_MARKER}\n```\n\n{code}")
    assert WHEEL_MARKER in render(mini, path)
    monkeypatch.setenv("DLNOTES_SITE_URL", "https://notes.example/")
    (mini.root / "pyproject.toml").write_text('[project]\nname = "dlnotes-zh"\nversion = "9.9"\n')
    html = render(mini, path)
    assert "https://notes.example/wheels/dlnotes_zh-9.9-py3-none-any.whl" in html
    assert WHEEL_MARKER not in html
    book = made(mini, path)
    assert WHEEL_MARKER not in "".join(cell.source for cell in book.cells)


def test_a_note_and_its_evidence_of_the_same_name_have_notebooks_of_their_own():
    names = [notebook_name(f"docs/{page}.md") for page in ("notes/a", "evidence/a", "index")]
    assert names == ["a.ipynb", "a-evidence.ipynb", "index.ipynb"]
