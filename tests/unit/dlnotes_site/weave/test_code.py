"""Folding: what is only drawn, and the trailing asserts; the code itself never changes."""

import pytest

from dlnotes_site.pages.fences import fences
from dlnotes_site.weave.code import Split, code_lines, trailing_asserts


def fence(code: str, indent: str = ""):
    lines = [indent + line for line in ["```python", *code.splitlines(), "```"]]
    return next(fences(lines))


@pytest.mark.parametrize(
    ("code", "expected"),
    [("x = 1\nassert x\n", Split(1, 0, 1)),
     ("x = 1\n\n\nassert x\n", Split(1, 2, 1)),
     ("x = 1\n\n# 为什么\nassert x\n# 又\nassert (\n    x\n)\n", Split(1, 1, 2)),
     ("for x in [1]:\n    assert x\n\nassert x\nassert 1 < 2, '甲'\n", Split(2, 1, 2)),
     ("assert 1 < 2\nx = 1\nassert x\n", Split(2, 0, 1))],
)  # fmt: skip
def test_trailing_asserts_are_found_with_their_comments(code, expected):
    assert trailing_asserts(code) == expected


@pytest.mark.parametrize(
    "code",
    ["assert 1 < 2\nassert 2 < 3\n", "# 只有断言\nassert 1 < 2\n", "x = 1\n", "assert x\nx = 1\n",
     "x = 1; assert x\n", "if True:\n    assert 1\n", "x = (\n"],
    ids=["only asserts", "comment", "none", "not last", "one line", "nested", "syntax"],
)  # fmt: skip
def test_trailing_asserts_leave_the_block_whole_when_nothing_would_be_seen_or_gained(code):
    assert trailing_asserts(code) is None


@pytest.mark.parametrize("indent", ["", "    ", "        "])
def test_code_lines_keep_every_line_of_code_in_order_and_the_indentation(indent):
    code = "x = 1\n\nif x:\n    print(x)\n\nassert x\nassert x == 1\n"
    lines = code_lines(fence(code, indent), folded=False)
    assert all(line.startswith(indent) for line in lines if line)
    first, second = fences(lines)
    assert first.code == "x = 1\n\nif x:\n    print(x)\n"
    assert second.code == "assert x\nassert x == 1\n"
    assert second.indent == indent + "    "
    assert f'{indent}??? dl-fold dl-check dl-gap-1 "检查（2 条）"' in lines


def test_a_folded_block_is_one_fold_that_says_how_many_lines():
    lines = code_lines(fence("x = 1\nassert x\n"), folded=True)
    assert lines[0] == '??? dl-fold "代码（2 行）"'
    (only,) = fences(lines)
    assert only.code == "x = 1\nassert x\n"
