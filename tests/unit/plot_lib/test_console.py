"""acc、overwrite、print_colourbar 与 plot_state。"""

import io
import sys
from contextlib import redirect_stdout
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score

from dlnotes.plot_lib import (
    acc,
    overwrite,
    plot_state,
    print_colourbar,
)


def test_acc_equals_sklearn():
    scores, y = torch.randn(500, 4, requires_grad=True), torch.randint(4, (500,))
    value = acc(scores, y)
    assert value.shape == ()
    assert f"{value:.3f}"
    assert value.item() == pytest.approx(accuracy_score(y, scores.detach().argmax(1)))


@pytest.mark.parametrize("shapes", [((5,), (5,)), ((0, 3), (0,)), ((5, 3), (4,)), ((5, 3), (5, 1))])
def test_acc_rejects_bad_shapes(shapes, unchecked):
    with pytest.raises(ValueError, match="的形状应为"):
        acc(torch.zeros(shapes[0]), torch.zeros(shapes[1]))


@pytest.fixture
def kernel(monkeypatch):
    """假的 Jupyter 内核，记下显示过什么。"""
    shown = []
    display = SimpleNamespace(
        display=shown.append, HTML=str, clear_output=lambda wait: shown.append("clear")
    )
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_overwrite_prints_plain_lines_into_a_file(capsys):
    overwrite("a")
    overwrite("b")
    assert capsys.readouterr().out == "a\nb\n"


def test_overwrite_replaces_the_line_in_a_terminal():
    with redirect_stdout(Terminal()) as terminal:
        overwrite("a")
        overwrite("b")
    assert terminal.getvalue() == "\r\x1b[2Ka\r\x1b[2Kb"


def test_overwrite_clears_before_printing_in_a_kernel(kernel, capsys):
    overwrite("a")
    assert kernel == ["clear"]
    assert capsys.readouterr().out == "a\n"


def encoded(state: torch.Tensor):
    """长 5、补齐 2 的一条序列，排在第 1 位；状态在第 0 个单元上是 `state`。"""
    states = torch.zeros(5, 2, 2)
    states[:, 1, 0] = state
    return torch.zeros(2, 5, 4), states


def test_plot_state_colours_only_real_symbols_by_sigmoid(capsys):
    data, states = encoded(torch.tensor([9.0, 9.0, -2.0, 0.0, 2.0]))
    copies = data.clone(), states.clone()

    def decode(x):
        assert x.dtype == np.float32
        x += 1  # 解码函数改它自己那份，不该波及 data
        return "BXE"

    plot_state(data, states, 1, decode)
    first, second = capsys.readouterr().out.splitlines()
    # 参照：σ(−2) = 0.1192，σ(0) = 0.5，σ(2) = 0.8808
    assert first == "B[0.12] X[0.50] E[0.88]"
    assert second == "B[0.50] X[0.50] E[0.50]"
    assert torch.equal(data, copies[0])
    assert torch.equal(states, copies[1])


def test_plot_state_shows_escaped_html_in_a_kernel(kernel):
    plot_state(*encoded(torch.zeros(5)), 1, lambda x: "<& ")
    assert len(kernel) == 2
    assert "&lt;</span>" in kernel[0]
    assert kernel[0].count("background-color:rgb(") == 3


def test_print_colourbar_uses_the_colours_of_plot_state(kernel):
    print_colourbar()
    state = torch.linspace(-2.5, 2.5, 20)
    plot_state(torch.zeros(1, 20, 1), state[:, None, None], 0, lambda x: "x" * 20)
    bar, row = ([part.split(">")[0] for part in line.split("<span ")] for line in kernel)
    assert bar == row
    assert len(set(bar)) == 21


def test_print_colourbar_uses_ansi_colours_in_a_terminal():
    with redirect_stdout(Terminal()) as terminal:
        print_colourbar()
    assert terminal.getvalue().count("\x1b[0m") == 20
    assert ";48;2;" in terminal.getvalue()


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((torch.zeros(2, 5), torch.zeros(5, 2, 1), 0), ValueError, "data 应为三维"),
        ((torch.zeros(2, 5, 1), torch.zeros(5, 2), 0), ValueError, "state 应为三维"),
        ((torch.zeros(2, 5, 1), torch.zeros(5, 2, 1), 2), ValueError, "b 应在 0 到 1 之间，收到 2"),
        ((torch.zeros(2, 5, 1), torch.zeros(5, 2, 1), 0.0), TypeError, "b 应为整数"),
        ((torch.zeros(2, 5, 1), torch.zeros(3, 2, 1), 0), ValueError, "至多还原出 3 个.*收到 5"),
    ],
)
def test_plot_state_rejects_bad_input(args, error, message, unchecked):
    with pytest.raises(error, match=message):
        plot_state(*args, lambda x: "BXXYE")
