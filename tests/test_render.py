"""The Markdown extension: what the reader sees under a block, and the terms' tooltips."""

import logging
from dataclasses import replace

import pytest
from markdown import Markdown

from dlnotes.plotting import DARK, LIGHT
from dlnotes_site.build import _fingerprint, prepare
from dlnotes_site.collect import Caption
from dlnotes_site.figures import darken, file_names
from dlnotes_site.record import Figure, Record
from dlnotes_site.render import RunExtension, render_record

PAGE = """
    # 题

    ```python
    print("甲 < 乙")
    assert 1 + 1 == 2
    ```

    ??? note "答案"

        ```python
        x = 1

        print("输出二")
        ```

        <!--pytest-codeblocks:expected-output-->
        ```
        输出二
        ```

    ```python
    from dlnotes.plotting import subplots

    fig, ax = subplots()
    assert ax is not None
    ```
    <!--alt: 空的图-->
    <!--caption: 用 `subplots` 画，\\( x^2 \\)-->
    """


def render(mini, path, **options) -> str:
    extension = RunExtension(root=str(mini.root), **options)
    md = Markdown(extensions=["admonition", "attr_list", "pymdownx.details", "pymdownx.superfences",
                              "tables", extension])  # fmt: skip
    return md.convert(path.read_text(encoding="utf-8"))


FIGURE = """```python
from matplotlib import pyplot as plt

plt.plot([1])
assert 1 == 1.0
```
"""


@pytest.fixture
def page(mini):
    return mini.page(PAGE, "docs/notes/page.md")


def test_render_puts_output_figure_and_evidence_under_each_block(mini, page):
    assert mini.run().ok
    html = render(mini, page)
    assert html.count('<div class="dl-run"') == 3
    assert "<code>甲 &lt; 乙" in html
    assert html.count("输出二</code></pre></div>") == 1
    assert "pytest-codeblocks" not in html
    assert html.index("甲 &lt; 乙") < html.index("答案") < html.index("空的图")
    assert 'alt="空的图" width="640"' in html
    assert 'src="../../assets/run/' in html
    assert "用 <code>subplots</code> 画" in html
    assert '<span class="arithmatex">\\(x^2\\)</span>' in html or "\\( x^2 \\)" in html
    assert html.count('class="dl-evidence" data-search-exclude="1">CPU · torch 2.') == 3
    assert "<!--" not in html


def test_render_keeps_results_inside_a_folded_answer(mini, page):
    mini.run()
    html = render(mini, page)
    details = html[html.index("<details") : html.index("</details>")]
    assert "输出二" in details
    assert "dl-evidence" in details


def test_render_warns_about_a_block_without_a_fresh_record(mini, page, caplog):
    with caplog.at_level(logging.WARNING, "mkdocs"):
        html = render(mini, page)
    assert html.count("还没有运行") == 3
    assert "docs/notes/page.md" in caplog.text


def test_render_of_a_changed_block_does_not_show_the_old_output(mini, page, caplog):
    mini.run()
    page.write_text(
        page.read_text(encoding="utf-8").replace("1 + 1", "2 - 1 + 1"), encoding="utf-8"
    )
    html = render(mini, page)
    assert "<code>甲 &lt; 乙" not in html
    assert html.count("还没有运行") == 1


@pytest.mark.parametrize(
    ("name", "directory_urls", "prefix"),
    [("docs/index.md", True, ""), ("docs/a.md", True, "../"), ("docs/notes/a.md", True, "../../"),
     ("docs/notes/index.md", True, "../"), ("docs/notes/a.md", False, "../"),
     ("docs/a.md", False, "")],
)  # fmt: skip
def test_image_addresses_are_relative_to_the_page(mini, name, directory_urls, prefix):
    path = mini.page(f"{FIGURE}<!--alt: 点-->\n", name)
    mini.run()
    html = render(mini, path, use_directory_urls=directory_urls)
    assert f'src="{prefix}assets/run/' in html


def test_prepare_writes_both_colour_schemes_and_removes_stale_files(mini, page):
    mini.run()
    stale = mini.root / "docs" / "assets" / "run" / "old-light.svg"
    stale.parent.mkdir(parents=True)
    stale.write_text("")
    assert prepare(mini.project) == []
    names = {path.name for path in stale.parent.iterdir()}
    assert len(names) == 2
    assert stale.name not in names
    (dark,) = stale.parent.glob("*-dark.svg")
    text = dark.read_text(encoding="utf-8")
    assert DARK["ink"] in text or DARK["muted"] in text
    assert LIGHT["muted"] not in text


def test_a_fresh_run_makes_the_built_site_out_of_date(mini):
    mini.page("```python\nprint(1)\nassert 1 + 1 == 2\n```\n")
    mini.run()
    before = _fingerprint(mini.project)
    mini.run()
    assert _fingerprint(mini.project) == before, "nothing ran"
    store = mini.project.store  # another run of the same code prints the same and takes longer
    store.put(replace(store.get(*store.keys()), seconds=9.0))
    assert _fingerprint(mini.project) != before


def test_prepare_reports_a_figure_without_alternative_text(mini):
    mini.page(FIGURE)
    mini.run()
    (problem,) = prepare(mini.project)
    assert str(problem).startswith("docs/page.md:1：代码块画了 1 张图，却有 0 条替代文字")


def test_darken_exchanges_style_colours_and_leaves_others():
    assert (
        darken(f"fill: {LIGHT['blue']}; #123456; #fefefe")
        == f"fill: {DARK['blue']}; #123456; #fefefe"
    )


def test_darken_gives_unfilled_text_a_light_colour():
    # matplotlib leaves out the fill of black text, which would stay black on a dark page
    assert darken("<svg width='1'><g/></svg>").startswith(f'<svg fill="{DARK["ink"]}" width')


def test_frames_become_a_group_with_labels_and_distinct_alternative_texts():
    figure = Figure(["<svg>1</svg>", "<svg>2</svg>"], ["第 1 步", "第 2 步"], 4, 4)
    versions = {"versions": {"torch": "2.13.0+cpu"}}
    record = Record("k", "docs/a.md", 1, "", [figure], 1.0, 1.0, "CPU", "2026-01-01", versions)
    html = render_record(record, [Caption("边界")])
    assert html.count('class="dl-frame"') == 2
    assert 'data-label="第 1 步"' in html
    assert 'alt="边界（第 2 步）"' in html
    assert "torch 2.13.0 · 1.0 秒" in html


def test_file_names_follow_the_content():
    assert file_names("a") == file_names("a") != file_names("b")


GLOSSARY = """
    # 概念表

    ### 张量（tensor）

    L0 · PyTorch 语法 · [张量](notes/a.md)

    同一类型数字排成的**多维**数组，见 `torch`。

    ### 学习率（learning rate）

    L0 · 模型训练

    每一步走多远。
    """


def test_terms_get_a_tooltip_at_their_first_appearance_only(mini):
    mini.page(GLOSSARY, "docs/glossary.md")
    path = mini.page(
        "# 张量\n\n这是张量，`张量`不算，又见张量与学习率。\n\n| 甲 |\n|---|\n| 学习率 |\n",
        "docs/notes/a.md",
    )
    html = render(mini, path)
    assert html.count("<abbr") == 2
    assert '这是<abbr title="同一类型数字排成的多维数组，见 torch。">张量</abbr>' in html
    assert "<h1>张量</h1>" in html
    assert "<abbr" not in render(mini, mini.root / "docs" / "glossary.md")


def test_glossary_entry_without_level_is_an_error_with_its_line(mini):
    from dlnotes_site.glossary import terms

    mini.page("# 概念表\n\n### 张量（tensor）\n\n没有层级。\n", "docs/glossary.md")
    with pytest.raises(ValueError, match=r"docs/glossary\.md:3"):
        terms(mini.root)


def test_line_breaks_between_chinese_characters_leave_no_space(mini):
    html = render(mini, mini.page("甲乙\n丙丁，\n戊 `a`\n己 abc\ndef\n"))
    assert "甲乙丙丁，戊" in html
    assert "abc\ndef" in html


def test_the_report_lists_every_block_with_its_time_or_why_it_was_skipped(mini):
    mini.page(TWO_AND_A_SKIP, "docs/a.md")
    report = mini.page("# 报告\n\n<!-- 运行记录表 -->\n", "docs/report.md")
    assert "还没有运行过" in render(mini, report)
    mini.run()
    html = render(mini, report)
    assert html.count("<tr>") == 1 + 3
    assert "<td>a.md</td><td>1</td>" in html
    assert "<td>跳过</td>" in html
    assert "要联网" in html
    assert "还没有记录过 GPU 运行" in html


TWO_AND_A_SKIP = """
    ```python
    assert 1 + 1 == 2
    ```

    ```python
    assert 2 + 1 == 3
    ```

    <!--pytest.mark.skip(reason="要联网")-->
    ```python
    import torchvision
    ```
    """


def test_an_empty_corner_of_a_table_is_no_header(mini):
    path = mini.page("# 题\n\n| | 甲 | 乙 |\n| --- | --- | ---: |\n| 一 | 1 | 2 |\n")
    html = render(mini, path)
    assert "<th></th>" not in html
    assert html.count("<td></td>") == 1
    assert html.count('<th scope="col"') == 2


def test_a_table_with_full_headers_is_left_alone(mini):
    html = render(mini, mini.page("# 题\n\n| 丙 | 甲 |\n| --- | --- |\n| 一 | 1 |\n"))
    assert "<th>丙</th>" in html
    assert "scope" not in html


def test_code_tells_its_number_of_lines_and_drops_tags_of_the_default_colour(mini):
    path = mini.page("# 题\n\n```python\nx = 1\n\nfor y in [x]:\n    assert y\n```\n")
    mini.run()
    html = render(mini, path)
    assert 'class="highlight dl-ran" style="--dl-lines: 4"' in html
    assert '<span class="n">' not in html
    assert '<span class="k">for</span> y' in html


def test_code_without_a_run_is_not_joined_to_what_follows(mini):
    html = render(mini, mini.page("# 题\n\n```console\n$ make site\n```\n\n正文\n"))
    assert 'style="--dl-lines: 1"' in html
    assert "dl-ran" not in html
