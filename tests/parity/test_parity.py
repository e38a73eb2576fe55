"""Zensical builds the same tree, and its pages show the same: the way forward after MkDocs."""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import textwrap
import threading

import pytest

from browsing import Visit, browser, third_party  # noqa: F401
from conftest import ROOT, MiniProject
from dlnotes_site.pages.collect import collect
from parity.__main__ import Page, build_with_zensical, differences, main, read_page
from woven import pretend, weave_all

pytestmark = pytest.mark.xdist_group("zensical")

PAGE = """<!doctype html><html><body><h2 id="甲">甲</h2>
<div class="highlight"><pre><code>print(1)</code></pre></div>
<div class="dl-run"><div class="dl-output"><pre><code>1 &lt; 2
</code></pre></div>
<figure class="dl-figure"><img class="dl-light" src="../assets/run/a-light.svg" alt="一条线">
<img class="dl-dark" src="../assets/run/a-dark.svg" alt="一条线"></figure>
<p class="dl-evidence">CPU · torch 2.13.0 · 0.5 秒</p></div>
<p>别的 <abbr title="解释">张量</abbr> <span class="arithmatex">\\(x\\)</span></p></body></html>"""


def site(folder, text=PAGE, name="notes/a/index.html"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


def test_read_page_finds_output_images_evidence_and_anchors(tmp_path):
    page = read_page(site(tmp_path) / "notes/a/index.html")
    (run,) = page.runs
    assert run.output.strip() == "1 < 2"
    assert run.images == [("a-light.svg", "一条线"), ("a-dark.svg", "一条线")]
    assert run.evidence == "CPU · torch 2.13.0 · 0.5 秒"
    assert page.anchors == ["甲"]
    assert page.counts == {"highlight": 1, "dl-figure": 1, "arithmatex": 1, "abbr": 1}


def test_differences_between_equal_sites_are_none(tmp_path):
    assert differences(site(tmp_path / "a"), site(tmp_path / "b")) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("1 &lt; 2", "1 &lt; 3", "第 1 个代码块的输出不同"),
        ("a-dark.svg", "b-dark.svg", "第 1 个代码块的图不同"),
        ('src="../assets/run/a-light.svg" alt="一条线"', 'src="../assets/run/a-light.svg" alt=""',
         "第 1 个代码块的图不同"),
        ("0.5 秒", "0.6 秒", "第 1 个代码块的运行环境不同"),
        ('class="dl-run"', 'class="run"', "代码块 1 个，0 个"),
        ('id="甲"', 'id="乙"', "标题的锚点不同：['乙', '甲']"),
        ('class="arithmatex"', "", "元素的个数不同：{'arithmatex': (1, 0)}"),
        ("<abbr", "<b", "元素的个数不同：{'abbr': (1, 0)}"),
    ],
)  # fmt: skip
def test_differences_name_the_page_and_what_was_lost(tmp_path, old, new, what):
    assert old in PAGE
    found = differences(site(tmp_path / "a"), site(tmp_path / "b", PAGE.replace(old, new)))
    assert any(text.startswith(f"notes/a/index.html：{what}") for text in found)


def test_differences_name_a_page_that_only_one_site_has(tmp_path):
    a, b = site(tmp_path / "a"), site(tmp_path / "b")
    site(a, name="notes/more/index.html")
    assert differences(a, b) == ["notes/more/index.html：只有一个网站有这一页"]


def repository(mini, text: str, config: str = "") -> None:
    """A woven project that either tool can build."""
    (mini.root / "overrides").mkdir()
    path = mini.root / "docs" / "index.md"
    path.write_text(text, encoding="utf-8")
    pretend(mini, "a_b <c>\n\n    二\n")
    assert weave_all(mini) == []
    config = f"site_name: 题\ndocs_dir: build/docs\n{config}"
    (mini.root / "mkdocs.yml").write_text(config, encoding="utf-8")


def test_build_with_zensical_reports_what_zensical_reports(mini):
    repository(mini, "# 题\n\n[没有这一页](nowhere.md)\n", "strict: true\n")
    with pytest.raises(ValueError, match=r"nowhere\.md"):
        build_with_zensical(mini.root, mini.root / "z")


def test_build_with_zensical_needs_woven_pages(mini):
    with pytest.raises(ValueError, match="先运行 dlnotes-site build"):
        build_with_zensical(mini.root, mini.root / "z")


def test_main_returns_one_when_the_sites_differ(mini, capsys):
    repository(mini, "# 题\n")
    site(mini.root / "site", "<h1 id='题'>题</h1>", "index.html")
    site(mini.root / "site", PAGE)
    assert main(mini.root) == 1
    assert "notes/a/index.html：只有一个网站有这一页" in capsys.readouterr().err
    assert (mini.root / "build/zensical/site/index.html").exists()


CODE = "```python\nx = 1\n\nassert x\n```\n"
EVERYWHERE = f"""# 题

{CODE}
注[^a]。

1. 一

    ??? note "答"
        文

{textwrap.indent(CODE, " " * 8)}
2. 二

{textwrap.indent(CODE, " " * 4)}
=== "甲"

{textwrap.indent(CODE, " " * 4)}
<div class="x" markdown>

{CODE}<!--fold-->

</div>

[^a]: 脚注

{textwrap.indent(CODE, " " * 4)}
"""
EXTENSIONS = """
theme: {name: material, variant: classic, font: false, features: [content.code.copy]}
extra_javascript: [site.js]
markdown_extensions: [admonition, footnotes, md_in_html, tables, pymdownx.details,
  pymdownx.highlight, pymdownx.superfences, {pymdownx.tabbed: {alternate_style: true}},
  dlnotes_site.weave.polish]
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """One page with a block in every container, built by both tools."""
    mini = MiniProject(tmp_path_factory.mktemp("both"))
    shutil.copyfile(ROOT / "docs" / "assets" / "js" / "site.js", mini.root / "docs" / "site.js")
    repository(mini, EVERYWHERE, EXTENSIONS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_MKDOCS_2_WARNING": "1",
                   "DLNOTES_ROOT": str(mini.root)}  # fmt: skip
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet"]
    subprocess.run(command, cwd=mini.root, env=environment, check=True)
    sites = {
        "mkdocs": mini.root / "site",
        "zensical": build_with_zensical(mini.root, mini.root / "build" / "zensical"),
    }
    for folder in sites.values():
        (folder / "404.html").unlink(missing_ok=True)
    return sites


def test_results_stand_in_every_container_alike_in_both_tools(both):
    assert differences(both["mkdocs"], both["zensical"]) == []
    page = read_page(both["mkdocs"] / "index.html")
    assert [run.output.strip("\n") for run in page.runs] == ["a_b <c>\n\n    二"] * 6
    assert page.counts["dl-fold"] == 6
    assert page.counts["dl-check"] == 5


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("script", [True, False], ids=["script", "the guard can fail"])
@pytest.mark.parametrize("tool", ["mkdocs", "zensical"])
def test_copying_either_part_copies_the_whole_block(both, browser, tool, script):  # noqa: F811
    handler = functools.partial(_Quiet, directory=str(both[tool]))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        one = Visit(browser, f"http://127.0.0.1:{server.server_port}/")
        if not script:
            one.page.route("**/site.js", lambda route: route.abort())
        one.go()
        check = one.page.locator("details.dl-check").first
        check.locator("summary").click()
        for box in (one.page.locator(".highlight:has(+ details.dl-check)").first,
                    check.locator(".highlight")):  # fmt: skip
            one.page.evaluate("navigator.clipboard.writeText('')")
            box.locator("[data-clipboard-target]").first.click(force=True)
            copied = one.page.evaluate("navigator.clipboard.readText()")
            assert (copied.rstrip() == "x = 1\n\nassert x") == script
        one.context.close()
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zensical")
    yield build_with_zensical(ROOT, folder / "tree")
    shutil.rmtree(folder)


def test_zensical_shows_every_block_as_mkdocs_does(built):
    assert differences(ROOT / "site", built) == []


def test_zensical_pages_show_every_block_there_is(built):
    notes = [path for path in built.rglob("*.html") if "labs" not in path.parts]
    pages = [read_page(path) for path in notes]
    blocks = [block for block in collect(ROOT) if block.page != "README.md"]
    assert sum(len(page.runs) for page in pages) == len(blocks)
    assert Page() not in [page for page in pages if page.runs]


def test_zensical_pages_ask_no_other_host_for_anything(built):
    found = {path: third_party(path.read_text(encoding="utf-8")) for path in built.rglob("*.html")}
    assert [(path.name, hosts) for path, hosts in found.items() if hosts] == []


def test_zensical_pages_hold_the_labs(built):
    (lab,) = built.glob("labs/lab1/index.html")
    assert len(read_page(lab).runs) > 5
    assert (lab.parent.parent / "lab2" / "index.html").exists()
