"""The search index knows the words of the glossary and ranks notes first."""

import json

import pytest

from dlnotes_site.pages.glossary import read_terms
from dlnotes_site.publish.offline import INDEX
from dlnotes_site.publish.search import WORKER, Indexing, finish, finish_site, names, words


def test_notes_rank_above_the_api_the_glossary_and_the_report():
    boosts = {
        start: finish({"location": f"{start}x", "title": "", "text": ""}).get("boost", 1)
        for start in ("notes/", "environment/", "api/", "glossary/", "report/")
    }
    assert boosts["notes/"] > boosts["environment/"] > boosts["api/"] >= boosts["glossary/"]
    assert boosts["glossary/"] > boosts["report/"]


def test_a_page_that_states_its_own_boost_keeps_it():
    assert finish({"location": "api/", "title": "", "text": "", "boost": 3})["boost"] == 3


def test_words_are_the_short_terms_of_the_glossary(mini):
    terms = ("预热（warmup）", "计算图", "学习率计划", "ReLU", "小批量 SGD")
    text = "".join(f"### {term}\n\n训练 · [题](page.md)\n\n解释。\n\n" for term in terms)
    mini.page(f"# 概念表\n\n{text}", "docs/glossary.md")
    assert [line.split()[0] for line in words(mini.root).splitlines()] == ["预热", "计算图"]


def test_indexing_teaches_the_words_before_the_first_page(mini, monkeypatch):
    taught = []
    monkeypatch.setattr("jieba.load_userdict", lambda file: taught.append(file.read()))
    mini.page("# 概念表\n\n### 预热\n\n训练 · [题](page.md)\n\n解释。\n", "docs/glossary.md")
    index = Indexing(mini.root)
    assert taught == []
    for _ in range(2):
        assert index(lambda: [{"location": "notes/", "title": "甲", "text": ""}])[0]["boost"] > 1
    assert len(taught) == 1
    assert "预热" in taught[0]


@pytest.fixture
def site(tmp_path):
    """A built site with a search index and the theme's script."""
    for name, text in ((INDEX, json.dumps({"docs": [{"title": "梯度"}]})),
                       (WORKER.replace("*", "a1b2"), "theirs();")):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_index_is_written_without_escapes(site):
    finish_site(site)
    assert (site / INDEX).read_text(encoding="utf-8") == '{"docs":[{"title":"梯度"}]}'


def test_the_ranking_is_put_before_the_theme_s_script_and_only_once(site):
    finish_site(site)
    finish_site(site)
    (script,) = site.glob(WORKER)
    text = script.read_text(encoding="utf-8")
    assert text.endswith("theirs();")
    assert text.count("function rank(") == 1


def test_a_theme_that_moved_its_script_is_an_error(site):
    next(site.glob(WORKER)).rename(site / "moved.js")
    with pytest.raises(ValueError, match="找到 0 个"):
        finish_site(site)


def test_a_site_without_search_is_left_alone(tmp_path):
    finish_site(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_note_is_tagged_with_what_it_teaches_and_what_readers_call_it(mini):
    mini.page("# 概念表\n\n### 交叉熵（cross-entropy，又称对数损失）\n\n训练 · [题](notes/a.md)\n\n"
              "写法：F.cross_entropy\n\n解释。\n", "docs/glossary.md")  # fmt: skip
    mini.page("---\nkeywords: 多分类 nll\n---\n# 题\n", "docs/notes/a.md")
    index = Indexing(mini.root)
    entries = [{"location": where, "title": "题", "text": ""}
               for where in ("notes/a/", "notes/a/#1", "evidence/a/")]  # fmt: skip
    note, *others = index(lambda: entries)
    assert [tag.replace("\u200b", "") for tag in note["tags"]] == [
        "交叉熵", "cross-entropy", "对数损失", "F.cross_entropy", "多分类", "nll"
    ]  # fmt: skip
    assert not any("tags" in entry for entry in others)


def test_the_names_of_a_term_are_its_chinese_english_and_code_names():
    text = "### SGD（随机梯度下降，stochastic gradient descent）\n\n训练 · [题](a.md)\n\n解释。\n"
    (term,) = read_terms(text)
    assert names(term) == ["SGD", "随机梯度下降", "stochastic gradient descent"]


def test_keywords_must_be_words(mini):
    from dlnotes_site.pages.front_matter import parse

    with pytest.raises(ValueError, match=r"keywords 应为空格隔开的词，收到 \['甲'\]"):
        parse("---\nkeywords: [甲]\n---\n", "a.md")
