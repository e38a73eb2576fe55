"""Chinese typography: spaces between Chinese and Latin, full-width punctuation."""

from dlnotes_site.pages.typography import lint, main

BAD = "# 题\n\n用PyTorch训练,很快。\n\n```python\nx = '用PyTorch训练,很快'\n```\n"


def test_bad_typography_is_reported_with_its_line(tmp_path, capsys):
    path = tmp_path / "a.md"
    path.write_text(BAD, encoding="utf-8")
    assert main([str(tmp_path)]) == 1
    assert f"{path}:3：" in capsys.readouterr().out
    assert path.read_text(encoding="utf-8") == BAD


def test_fix_mends_prose_and_leaves_code_alone(tmp_path):
    path = tmp_path / "a.md"
    path.write_text(BAD, encoding="utf-8")
    main(["--fix", str(path)])
    text = path.read_text(encoding="utf-8")
    assert "用 PyTorch 训练，很快。" in text
    assert "x = '用PyTorch训练,很快'" in text
    assert main([str(path)]) == 0


def test_the_words_of_the_search_stay_as_readers_type_them(tmp_path):
    page = tmp_path / "a.md"
    page.write_text(
        "---\nminutes: 5\nkeywords: 1x1卷积 多gpu\n---\n\n用relu做。\n", encoding="utf-8"
    )
    (problem,) = lint(page)
    assert "relu" in problem
    lint(page, fix=True)
    text = page.read_text(encoding="utf-8")
    assert text == "---\nminutes: 5\nkeywords: 1x1卷积 多gpu\n---\n\n用 relu 做。\n"
