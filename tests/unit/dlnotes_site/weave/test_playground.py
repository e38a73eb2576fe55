"""The playground's data file: every run, read back exactly, and woven only from fresh records."""

import base64
import json
import re

import numpy as np
import pytest

from dlnotes_site.run.key import Environment, Keys
from dlnotes_site.run.store import Output, blob_name, write_manifest
from dlnotes_site.tasks.playground.groups import PAGE, STEPS, playground_tasks
from dlnotes_site.weave.playground import FILE, assemble
from woven import record_of, text_of, weave_all

PRODUCT = {"runs": {"relu,sgd,0.1,10,20,0.2,0": "eNpL"}, "points": {"20,0.2,0": [0, -1, 300, -300]}}


def data_of(text: str) -> dict:
    """What a browser makes of the script: a string literal, parsed as JSON."""
    script = r"globalThis\.dlPlaygroundData = JSON\.parse\((.*)\);\n"
    return json.loads(json.loads(re.fullmatch(script, text)[1]))


def run(mini, leave_out: int = 0) -> None:
    environment = Environment.current("cpu")
    keys, product = Keys(environment, mini.project.source), json.dumps(PRODUCT)
    write_manifest(mini.project.manifest, environment)
    for task in playground_tasks(mini.root)[leave_out:]:
        output = Output(0, "", [], 1.0)
        record = record_of(task, keys(task), [output], environment, product=blob_name(product))
        mini.store.put(record, [product])


@pytest.fixture
def page(mini):
    return mini.page("# 训练场\n", PAGE)


def test_without_the_page_there_is_no_file(mini):
    mini.page("# 题\n")
    assert weave_all(mini) == []
    assert not (mini.project.woven / FILE).exists()


def test_the_file_holds_runs_points_settings_and_the_device(mini, page):
    run(mini)
    assert weave_all(mini) == []
    data = data_of(text_of(mini, FILE))
    assert data["runs"] == PRODUCT["runs"]
    packed = base64.b64decode(data["points"]["20,0.2,0"])
    assert np.frombuffer(packed, "<i2").tolist() == [0, -1, 300, -300]
    assert data["steps"] == list(STEPS)
    assert data["device"] == "CPU"
    assert data["seconds"] == round(0.5 * len(playground_tasks(mini.root)))


def test_other_weaving_code_writes_the_file_again(mini, page, monkeypatch):
    run(mini)
    weave_all(mini)
    (mini.project.woven / FILE).write_text("旧的")
    monkeypatch.setattr("dlnotes_site.weave.site._CODE", "other code")
    weave_all(mini)
    assert data_of(text_of(mini, FILE))["runs"]


def test_quotes_and_backslashes_survive_the_script(mini, page):
    environment = Environment.current("cpu")
    task = playground_tasks(mini.root)[0]
    record = record_of(task, "k", [], environment, device='Intel\'s "X" \\ 某')
    assert data_of(assemble([PRODUCT], [record]))["device"] == 'Intel\'s "X" \\ 某'


def test_missing_groups_are_a_problem_and_the_rest_is_shown(mini, page):
    (problem,) = weave_all(mini)
    assert "没有新鲜的运行记录" in problem.message
    assert not (mini.project.woven / FILE).exists()
    run(mini, leave_out=2)
    for _ in range(2):  # and told again as long as it lasts
        (problem,) = weave_all(mini)
        assert str(problem).startswith("docs/playground.md:0：训练场有 2 组")
    assert data_of(text_of(mini, FILE))["runs"]
    run(mini)
    assert weave_all(mini) == []
