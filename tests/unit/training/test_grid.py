"""run_grid: every combination once, kept in a folder when one is given."""

import json

import pytest

from dlnotes.training import run_grid


def test_run_grid_calls_the_function_for_every_combination_in_order():
    rows = run_grid(lambda a, b: {"sum": a + b}, a=[1, 2], b=range(2), progress=False)
    assert [tuple(row.values()) for row in rows] == [(1, 0, 1), (1, 1, 2), (2, 0, 2), (2, 1, 3)]


def test_run_grid_resumes_from_its_folder(tmp_path):
    calls = []

    def work(seed):
        calls.append(seed)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return {"loss": 0.1 * seed}

    for _ in range(2):
        try:
            rows = run_grid(work, seed=range(4), folder=tmp_path, progress=False)
        except KeyboardInterrupt:
            continue
    assert calls == [0, 1, 2, 2, 3]
    assert rows == run_grid(work, seed=range(4), progress=False)
    assert not list(tmp_path.glob("*.tmp"))


def test_run_grid_told_to_do_one_cell_writes_it_and_stops(tmp_path, monkeypatch):
    told = {"only": {"seed": 3}, "file": str(tmp_path / "result.json")}
    monkeypatch.setenv("DLNOTES_GRID", json.dumps(told))
    with pytest.raises(SystemExit):
        run_grid(lambda seed: {"loss": seed}, seed=range(5), progress=False)
    assert json.loads((tmp_path / "result.json").read_text()) == {"loss": 3}


def test_run_grid_given_the_rows_computes_nothing(monkeypatch):
    rows = [[{"seed": 0}, {"loss": 5}], [{"seed": 1}, {"loss": 6}]]
    monkeypatch.setenv("DLNOTES_GRID", json.dumps({"rows": rows}))
    got = run_grid(lambda seed: pytest.fail("computed"), seed=range(2), progress=False)
    assert got == [{"seed": 0, "loss": 5}, {"seed": 1, "loss": 6}]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "grid 应至少有一个因素"),
        ({"seed": []}, ValueError, "seed 应至少有一个取值"),
        ({"seed": [{1, 2}]}, TypeError, "seed 应是数、文字"),
    ],
)
def test_run_grid_names_a_bad_factor(arguments, error, message):
    with pytest.raises(error, match=message):
        run_grid(lambda **_: {}, progress=False, **arguments)


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [(3, TypeError, "应返回字典"), ({"seed": 1}, ValueError, "不应与因素同名：seed"),
     ({"x": {1}}, TypeError, "function 的结果")],
)  # fmt: skip
def test_run_grid_names_a_bad_result(unchecked, result, error, message):
    with pytest.raises(error, match=message):
        run_grid(lambda seed: result, seed=[0], progress=False)
