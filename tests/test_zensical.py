"""Zensical builds the same tree, and its pages show the same: the way forward after MkDocs."""

import shutil

import pytest

from conftest import ROOT
from dlnotes_site.collect import collect
from dlnotes_site.parity import (
    Page,
    build_with_zensical,
    differences,
    main,
    read_page,
)
from test_site import third_party

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


def test_build_with_zensical_reports_what_zensical_reports(mini):
    (mini.root / "overrides").mkdir()
    mini.page("# 题\n\n[没有这一页](nowhere.md)\n", "docs/index.md")
    (mini.root / "mkdocs.yml").write_text("site_name: 题\nstrict: true\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"nowhere\.md"):
        build_with_zensical(mini.root, mini.root / "z")


def test_build_with_zensical_needs_labs_that_have_run(mini):
    (mini.root / "overrides").mkdir()
    mini.page("# 题\n", "docs/index.md")
    mini.page("# %% [markdown]\n# # 实验\n", "docs/labs/lab1.py")
    (mini.root / "mkdocs.yml").write_text("site_name: 题\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"实验还没有执行过，先用 MkDocs 建站：lab1\.py"):
        build_with_zensical(mini.root, mini.root / "z")


def test_main_returns_one_when_the_sites_differ(mini, capsys):
    (mini.root / "overrides").mkdir()
    mini.page("# 题\n", "docs/index.md")
    (mini.root / "mkdocs.yml").write_text("site_name: 题\n", encoding="utf-8")
    site(mini.root / "site", "<h1 id='题'>题</h1>", "index.html")
    site(mini.root / "site", PAGE)
    assert main(mini.root) == 1
    assert "notes/a/index.html：只有一个网站有这一页" in capsys.readouterr().err
    assert (mini.root / "build/zensical/site/index.html").exists()


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
    assert "lab1.py)" not in (built / "labs" / "index.html").read_text(encoding="utf-8")
