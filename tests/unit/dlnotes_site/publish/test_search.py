"""The search index knows the words of the glossary and ranks notes first."""

import json

from dlnotes_site.publish.offline import INDEX
from dlnotes_site.publish.search import Indexing, compact, finish, words


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


def test_the_index_is_written_without_escapes(tmp_path):
    path = tmp_path / INDEX
    path.parent.mkdir()
    path.write_text(json.dumps({"docs": [{"title": "梯度"}]}), encoding="utf-8")
    compact(tmp_path)
    assert path.read_text(encoding="utf-8") == '{"docs":[{"title":"梯度"}]}'


def test_a_site_without_search_is_left_alone(tmp_path):
    compact(tmp_path)
    assert list(tmp_path.iterdir()) == []
