"""The mutation tool: what it changes, what it leaves alone, and that it tells a hollow assert."""

import json
import textwrap

import pytest

from conftest import MiniProject
from dlnotes_site.pages.collect import collect
from mutants.__main__ import main
from mutants.judge import BROKEN, CAUGHT, SAME, SURVIVED, Judge
from mutants.variants import KINDS, LABELS, LITERAL, METHOD, OPERATOR, TRAINING, Variants


def changes(code: str, kind: str | None = None) -> set[tuple[str, str]]:
    found = Variants(textwrap.dedent(code)).all()
    return {(v.before, v.after) for v in found if kind in (None, v.kind)}


# --- what is changed ----------------------------------------------------------------------------

CHANGED = {
    "a small integer": ("n = 3", LITERAL, ("3", "4")),
    "a large integer": ("n = 200", LITERAL, ("200", "20")),
    "a float": ("x = 0.5", LITERAL, ("0.5", "0.75")),
    "a tiny float": ("h = 1e-5", LITERAL, ("1e-5", "0.01")),
    "a learning rate": ("f(lr=[0.1])", LITERAL, ("0.1", "0.01")),
    "a switch": ("f(bias=True)", LITERAL, ("True", "False")),
    "a sum": ("c = a + b", OPERATOR, ("a + b", "a - b")),
    "a product in brackets": ("c = (a) * (b)", OPERATOR, ("(a) * (b)", "(a) / (b)")),
    "an order": ("c = a < b", OPERATOR, ("a < b", "a > b")),
    "a sign": ("c = -a", OPERATOR, ("-a", "a")),
    "an augmented sum": ("c += a", OPERATOR, ("c += a", "c -= a")),
    "a method": ("c = a.mean()", METHOD, ("mean", "sum")),
    "a function that is passed on": ("f(loss_fn=F.mse_loss)", METHOD, ("mse_loss", "l1_loss")),
    "a direction": ("c = a.sum(dim=0)", METHOD, ("0", "1")),
    "a direction by place": ("c = a.softmax(1)", METHOD, ("1", "0")),
    "an option": ('f(reduction="sum")', METHOD, ('"sum"', '"mean"')),
    "a detached tensor": ("c = a.detach()", METHOD, (".detach()", "去掉")),
    "labels": ("X, y = spiral(seed=0)\nfit(m, X, y)", LABELS, ("y", "打乱 y")),
    "labels of a function": ("def d():\n    X, y = f()\n    return X, y", LABELS, ("y", "打乱 y")),
    "the rounds": ("fit(m, num_epochs=300)", TRAINING, ("300", "1")),
    "a step": ("optimizer.step()", TRAINING, ("optimizer.step()", "去掉")),
    "an update": ("w -= lr * g", TRAINING, ("w -= lr * g", "去掉")),
    "an update out of place": ("w = w - lr * g", TRAINING, ("w = w - lr * g", "去掉")),
    "a loop": ("for _ in range(9):\n    w -= lr * g", TRAINING, ("range(9)", "range(1)")),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGED)
def test_each_kind_of_change_is_made(name):
    code, kind, change = CHANGED[name]
    assert change in changes(code, kind)


LEFT = {
    "asserts": "assert abs(a - 1.0) < 1e-3",
    "checks of torch": "torch.testing.assert_close(a, b + 1)",
    "what is printed": 'print(f"{a + 1:.3f}", -b)',
    "loops that only print": "for n in (1, 2):\n    print(n)",
    "seeds": "torch.manual_seed(0)\nf(seed=1, generator=torch.Generator().manual_seed(2))",
    "rows of seeds": "seeds = range(10)\nfor seed in range(10):\n    f(seed=seed)",
    "seeds of own functions": "def data(seed):\n    return g(seed)\n\nf(data(3), data(seed=4))",
    "seeds of a lambda": "f(lambda s: mlp(seed=s), [g(seed=s) for s in range(5)])",
    "how many are drawn at random": "a = torch.randn(20, 3)",
    "the grid": "a = torch.linspace(-3, 3, 61)",
    "tolerances": "f(atol=1e-6)",
    "a figure": "fig, ax = subplots(figsize=(4, 3))\nax.plot(a, lw=2)\nax.set(xlim=(0, 1))",
    "axes of a loop": "for k, ax in enumerate(axes.flat):\n    ax.plot(a[3])",
    "a diagram": "draw_network([2, 3, 1])",
    "what is only drawn": "b = a + 1\nc = b * 2\nfig, ax = subplots()\nax.plot(c)",
    "what is collected only to be drawn":
        "xs = []\nfor n in g():\n    xs.append(n + 1)\nxs += [3]\nax.plot(xs)",
    "texts": 's = "a" + "b"',
    "labels drawn at random": "X, y = f(), torch.randint(2, (9,))\nfit(m, X, y)",
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT)
def test_seeds_drawing_printing_and_the_asserts_are_left_alone(name):
    assert changes(LEFT[name]) == set()


def test_what_is_drawn_and_asserted_is_changed():
    code = "b = a + 1\nfig, ax = subplots()\nax.plot(b)\nassert b == 3"
    assert changes(code) == {("a + 1", "a - 1"), ("1", "2")}


def test_a_distance_may_be_measured_otherwise_but_not_be_a_sum():
    assert changes("gap = (a - b).abs().max().item()") == {("a - b", "a + b")}


def test_a_variant_keeps_the_lines_and_drops_the_drawing():
    source = Variants("甲 = 1  # 一\nfig, ax = subplots(\n    figsize=(1, 2))\nassert 甲 == 1\n")
    (variant,) = source.all()
    assert source.skeleton(variant.edit) == "甲 = 2  # 一\npass\n\nassert 甲 == 1\n"
    assert "subplots" in source.skeleton(variant.edit, drawings=True)
    assert (variant.line, variant.before, variant.after) == (1, "1", "2")


def test_a_sample_takes_every_kind_and_is_always_the_same():
    code = "X, y = f()\n" + "\n".join(f"a{i} = -a.mean() + {i}" for i in range(20))
    code += "\nfit(m, X, y, num_epochs=9)\n"
    some = Variants(code).some(10)
    assert some == Variants(code).some(10)
    assert len(some) == 10
    assert {variant.kind for variant in some} == set(KINDS)
    assert len({variant.line for variant in some if variant.kind == LITERAL}) > 1


# --- what is caught -----------------------------------------------------------------------------

PAGE = """
    ---
    minutes: 15
    evidence: [proof]
    ---

    # 题

    ```python
    import torch

    total = torch.tensor([1.0, 2.0]).sum()
    print(total)
    assert total == total
    ```

    ```python
    import torch

    rows = [torch.tensor([1.0, 2.0]).sum()][0]
    assert rows == 3
    ```

    ```python
    word = "甲乙丙"[1]
    print("字")
    ```
    <!--pytest-codeblocks:expected-output-->

    ```
    字
    ```

    ```python
    a = 0.5
    a = 2
    assert a == 2
    ```

    ```python
    from dlnotes.plotting import draw_network

    draw_network([2, 3, 1])
    ```
    """


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    mini = MiniProject(tmp_path_factory.mktemp("mutants"))
    mini.page(PAGE, "docs/notes/new.md")
    mini.page("# 证据\n\n```python\nassert 1 + 1 == 2\n```\n", "docs/evidence/proof.md")
    mini.page("# 旧\n\n```python\nassert 1 + 1 == 2\n```\n", "docs/notes/old.md")
    return mini


@pytest.fixture(scope="module")
def outcomes(mini):
    blocks = [(block, 0.1) for block in collect(mini.root) if "new" in block.page]
    judged = Judge(mini.project, jobs=2)(blocks, lambda total: None, lambda: None)
    return [dict(zip([(v.before, v.after) for v in one.variants], one.outcomes, strict=True))
            for one in judged]  # fmt: skip


def test_a_hollow_assert_catches_nothing(outcomes):
    assert len(outcomes[0]) == 3
    assert set(outcomes[0].values()) == {SURVIVED}


def test_a_real_assert_catches_every_variant_that_runs(outcomes):
    assert outcomes[1] == {("1.0", "1.5"): CAUGHT, ("2.0", "3.0"): CAUGHT,
                           ("sum", "mean"): CAUGHT, ("0", "1"): BROKEN}  # fmt: skip


def test_output_that_stays_the_same_does_not_catch_a_value_that_changed(outcomes):
    assert outcomes[2] == {("1", "2"): SURVIVED}


def test_a_variant_that_changes_nothing_is_not_counted(outcomes):
    assert outcomes[3] == {("0.5", "0.75"): SAME, ("2", "3"): CAUGHT}


def test_survivors_are_listed_by_page_and_line_and_too_many_of_them_fail(mini, outcomes, capsys):
    arguments = ["--root", str(mini.root), "--jobs", "1", "--json", str(mini.root / "all.json")]
    assert main(arguments) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == ("✗ docs/notes/new.md:11 · 字面量 · 1.0 → 1.5 · "
                        "total = torch.tensor([1.0, 2.0]).sum()")  # fmt: skip
    assert "| docs/notes/new.md | 4 | 10 | 8 | 4 | 50 |" in lines
    assert "| docs/evidence/proof.md | 1 | 0 | 0 | 0 | — |" in lines
    assert not any("old.md" in line for line in lines)
    assert "不计入：没有差别 1，跑不起来 1" in lines
    first = json.loads((mini.root / "all.json").read_text(encoding="utf-8"))[0]
    assert (first["line"], first["outcome"]) == (11, SURVIVED)


def test_one_good_block_passes_and_is_not_run_twice(mini, outcomes, capsys, monkeypatch):
    target = ["--root", str(mini.root), "--jobs", "1", "docs/notes/new.md:19"]
    monkeypatch.setattr("mutants.judge.run_tasks", lambda jobs, *rest: iter([*jobs][:0]))
    assert main(target) == 0
    assert "| 合计 | 1 | 4 | 3 | 3 | 100 |" in capsys.readouterr().out


def test_a_block_that_fails_by_itself_is_an_error(mini, capsys):
    mini.page("# 坏\n\n```python\nassert 1 == 2\n```\n", "docs/notes/bad.md")
    assert main(["--root", str(mini.root), "--jobs", "1", "docs/notes/bad.md"]) == 2
    assert "docs/notes/bad.md:3" in capsys.readouterr().err


def test_without_pages_of_the_new_pattern_the_pages_must_be_named(tmp_path, capsys):
    (tmp_path / "docs" / "notes").mkdir(parents=True)
    assert main(["--root", str(tmp_path)]) == 2
    assert "请写明要看哪些页面" in capsys.readouterr().err
