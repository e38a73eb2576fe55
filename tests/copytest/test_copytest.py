"""The copy test itself: what it takes from a page, and that it reports what goes wrong."""

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from copytest import clean, kernels, worker
from copytest.__main__ import main
from copytest.page import Copied, copied, with_sources
from copytest.pool import clean_environment, run_blocks
from dlnotes_site.pages.collect import collect
from woven import html_of, pretend, text_of, weave_all

PAGE = """
    # 题

    ```python
    import time

    time.sleep(0.01)
    print("甲 < 乙 & 丙")
    assert 1 + 1 == 2
    ```

    ```text
    不是代码
    ```

    ??? note "答案"

        ```python
        if True:

            print("空行也在")


        # 检查
        assert 2 > 1
        assert 3 > 2
        ```

    ```python
    assert 1 < 2
    ```
    <!--fold-->

    <!--pytest.mark.skip(reason="要下载")-->

    ```python
    raise SystemExit
    ```
    """


def build(mini) -> str:
    """The page as the site shows it, with the options of the site's own highlighter."""
    pretend(mini, "甲 < 乙 & 丙\n")
    assert weave_all(mini) == []
    return html_of(mini, text_of(mini, "notes/page.md"), pygments_lang_class=True)


def block(code: str, output: str = "", **options) -> Copied:
    return Copied("p/", 1, code, output, **{"ran": True, **options})


# --- from the page ------------------------------------------------------------------------------


def test_the_page_gives_what_the_copy_button_gives_and_the_output_below_it(mini):
    mini.page(PAGE, "docs/notes/page.md")
    found = with_sources(copied(build(mini), "notes/page/"), mini.root)
    assert [one.code for one in found] == [b.code.rstrip() for b in collect(mini.root)]
    assert [one.output for one in found] == [*["甲 < 乙 & 丙"] * 3, ""]
    assert [one.skipped for one in found] == [False, False, False, True]
    assert [one.source for one in found] == [b.where for b in collect(mini.root)]
    assert str(found[0]) == "notes/page/ 第 1 块（docs/notes/page.md:3）"
    assert found[0].seconds > 0


def test_a_long_run_is_not_run_again(mini):
    mini.page("# 题\n\n```python\nassert 1 < 2\n```\n<!--long-->\n", "docs/p.md")
    (one,) = with_sources([Copied("p/", 1, "assert 1 < 2", ran=True)], mini.root)
    assert one.skipped


def test_a_signature_is_not_a_block_and_a_block_without_a_run_is_noticed():
    html = (
        '<div class="language-python doc-signature highlight"><pre><code>f(x)</code></pre></div>'
        '<div class="language-python highlight"><pre><code>x = 1</code></pre></div>'
    )
    (one,) = copied(html, "p/")
    assert (one.code, one.ran) == ("x = 1", False)


# --- running blocks -----------------------------------------------------------------------------


@pytest.mark.parametrize("fork", [True, False])
def test_the_worker_runs_a_block_in_an_empty_folder_of_its_own(monkeypatch, fork):
    if not fork:
        monkeypatch.delattr(os, "fork", raising=False)
    elif not hasattr(os, "fork"):
        pytest.skip("no fork here")
    code = (
        "import os, inspect\n\ndef f(): pass\n"
        "print('汉字', os.listdir(), __name__)\nprint(inspect.getsource(f).strip())\n"
        "open('left.txt', 'w').close()"
    )
    first, second = worker.run(code, 60), worker.run(code, 60)
    assert first["status"] == 0, first["stderr"]
    assert first["stdout"] == second["stdout"] == "汉字 [] __main__\ndef f(): pass\n"


@pytest.mark.parametrize("fork", [True, False])
@pytest.mark.parametrize(
    ("code", "status", "error"),
    [("print(1)\nassert 1 > 2, '不成立'", 1, "AssertionError: 不成立"),
     ("import time\ntime.sleep(60)", None, "")],
)  # fmt: skip
def test_the_worker_reports_a_failure_and_a_timeout(monkeypatch, fork, code, status, error):
    if not fork:
        monkeypatch.delattr(os, "fork", raising=False)
    answer = worker.run(code, 60 if status else 0.5)
    assert answer["status"] == status
    assert error in answer["stderr"]


def test_the_worker_does_not_carry_anything_from_one_block_to_the_next():
    worker.run("import os, json\njson.leaked = os.environ['LEAK'] = '1'", 60)
    answer = worker.run("import os, json\nprint(hasattr(json, 'leaked'), 'LEAK' in os.environ)", 60)
    assert answer["stdout"] == "False False\n"


TIMED = "import time\ntime.perf_counter()\nprint('用时 0.1 秒')"


@pytest.fixture(scope="module")
def problems():
    """Several blocks, run by one worker; what is reported of each."""
    cases = {
        "same": block("print('甲')", "甲"),
        "other": block("print('乙')", "甲"),
        "raises": block("raise ValueError('坏')", "甲"),
        "other number": block(TIMED, "用时 2.5 秒"),
        "other text": block(TIMED, "花了 2.5 秒"),
        "no run below": block("x = 1", ran=False),
        "kills": block("import os; os.kill(os.getppid(), 9)", seconds=-1.0),
        "after": block("print(1)", "1", seconds=-2.0),
    }
    python, environment = Path(sys.executable), dict(os.environ)
    outcomes = run_blocks(list(cases.values()), python, environment, jobs=1, limit=120)
    return {name: outcome.problem for name, outcome in zip(cases, outcomes, strict=True)}


def test_equal_output_is_no_problem(problems):
    assert problems["same"] == ""


@pytest.mark.parametrize(
    ("case", "message"),
    [("other", "输出不同\n—— 网页：\n甲\n—— 运行：\n乙"), ("raises", "ValueError: 坏"),
     ("no run below", "网页上没有它的运行结果"), ("kills", "运行它的进程死了")],
)  # fmt: skip
def test_what_goes_wrong_is_reported_with_page_and_position(problems, case, message):
    assert problems[case].startswith("p/ 第 1 块：")
    assert message in problems[case]


def test_a_block_that_measures_may_print_other_numbers_but_no_other_text(problems):
    assert problems["other number"] == ""
    assert "输出不同" in problems["other text"]


def test_a_worker_that_dies_costs_one_block(problems):
    assert problems["after"] == ""


# --- notebooks ----------------------------------------------------------------------------------


@pytest.fixture
def book(tmp_path, monkeypatch):
    """Write a notebook of these cells and run it."""
    kernels.write_kernel(tmp_path, Path(sys.executable), clean_environment(tmp_path, "cpu"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))

    def make(*cells):
        path = tmp_path / "book.ipynb"
        nbformat.write(new_notebook(cells=[new_markdown_cell("# 题"), *cells]), path)
        return kernels.run_notebook(path, tmp_path, 120)

    return make


def cell(code: str, output: str):
    return new_code_cell(code, outputs=[new_output("stream", name="stdout", text=output)])


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_notebook_is_run_to_its_end_and_its_outputs_compared(book):
    run = book(cell("x = 1\nprint(x)", "1\n"), cell("print(x + 1)", "3\n"))
    assert (run.cells, run.equal) == (2, 1)
    (problem,) = run.problems
    assert problem.startswith("book.ipynb 第 3 格输出不同")


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_notebook_that_fails_is_reported_with_the_cell(book):
    run = book(cell("print(1)", "1\n"), cell("1 / 0", ""), cell("print(2)", "2\n"))
    (problem,) = run.problems
    assert problem.startswith("book.ipynb 第 3 格出错")
    assert "ZeroDivisionError" in problem


# --- the environment and the command ------------------------------------------------------------


def test_an_environment_with_the_sources_in_it_is_refused():
    with pytest.raises(RuntimeError, match="不是只装了 wheel 的环境"):
        clean.check(Path(sys.executable))


def test_the_clean_environment_has_no_path_to_the_sources(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    assert "PYTHONPATH" not in clean_environment(tmp_path, "cpu")


def test_without_a_site_the_command_says_what_to_do(tmp_path, capsys):
    assert main(["--root", str(tmp_path)]) == 2
    assert "dlnotes-site build" in capsys.readouterr().err
