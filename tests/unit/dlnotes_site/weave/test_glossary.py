"""The shown glossary: computed levels, links between terms, an index by level."""

import pytest

from dlnotes_site.weave.glossary import weave_glossary

TEXT = """# 概念表

<!-- 概念索引 -->

## 一

### 甲（A）

数学 · [张量](notes/tensors.md)、[形状](notes/shapes.md)

甲的解释。

??? question "问？"
    答。

### 乙

数学 · [张量](notes/tensors.md)

先要懂：甲

写法：F.b、nn.B

乙的解释。
"""


def test_levels_links_and_codes_stand_under_the_title():
    woven = weave_glossary(TEXT)
    assert (
        "### 乙\n\nL1 · 数学 · [张量](notes/tensors.md)<br>\n先要懂：[甲](#甲a)<br>\n"
        "写法：`F.b`、`nn.B`\n\n乙的解释。\n"
    ) in woven
    assert "### 甲（A）\n\nL0 · 数学 · [张量](notes/tensors.md)、[形状](notes/shapes.md)\n" in woven


def test_everything_else_stays_and_the_index_replaces_its_marker():
    woven = weave_glossary(TEXT)
    assert '甲的解释。\n\n??? question "问？"\n    答。\n' in woven
    assert "| L0 | [甲](#甲a) |\n| L1 | [乙](#乙) |" in woven
    assert "概念索引" not in woven


def test_a_faulty_glossary_is_not_woven():
    with pytest.raises(ValueError, match="先要懂的“丙”不在概念表里"):
        weave_glossary(TEXT.replace("先要懂：甲", "先要懂：丙"))
