"""Collecting the records of several machines: whole, undamaged, of one origin."""

import json
from dataclasses import replace

import pytest

from dlnotes_site.run.collect import collect_records, save_durations
from dlnotes_site.run.durations import UNKNOWN, Durations
from dlnotes_site.run.plan import make_plan
from dlnotes_site.run.store import Store


@pytest.fixture
def machines(mini):
    """Two folders of records, each with one of the two tasks, and nothing here yet."""
    for name in "ab":
        mini.page(f"```python\nprint('{name}')\nassert 1 + 1 == 2\n```\n", f"docs/{name}.md")
    for number in (1, 2):
        mini.run(shard=(number, 2))
        mini.project.records.rename(mini.root / f"machine{number}")
    return mini, [mini.root / "machine1", mini.root / "machine2"]


def plan(mini):
    return make_plan(mini.project, device="cpu")


def test_collect_takes_every_record_once(machines):
    mini, folders = machines
    assert collect_records(mini.project, plan(mini), folders[:1]).missing
    result = collect_records(mini.project, plan(mini), folders)
    assert (result.ok, result.taken) == (True, 1)
    assert plan(mini).missing == []


def test_collect_refuses_records_of_another_origin_unless_told_so(machines):
    mini, folders = machines
    (key,) = Store(folders[1]).keys()
    record = Store(folders[1]).get(key)
    other = replace(record, provenance={**record.provenance, "isa": "another"})
    Store(folders[1]).put(other)
    result = collect_records(mini.project, plan(mini), folders)
    assert not result.ok
    assert "isa" in result.mixed[0]
    assert "来历不同，不能合在一起" in str(result)
    assert collect_records(mini.project, plan(mini), mixed=True).ok


def test_collect_never_takes_a_damaged_record(machines):
    mini, folders = machines
    (path,) = folders[0].glob("*.json")
    path.write_text(path.read_text(encoding="utf-8").replace("\\n", ""), encoding="utf-8")
    result = collect_records(mini.project, plan(mini), folders)
    assert (result.taken, len(result.missing)) == (1, 1)


def test_collect_leaves_records_of_other_code_behind(machines):
    mini, folders = machines
    mini.page("```python\nassert 2 + 1 == 3\n```\n", "docs/a.md")
    result = collect_records(mini.project, plan(mini), folders)
    assert [planned.task.page for planned in result.missing] == ["docs/a.md"]


def test_collect_names_a_folder_without_records(mini):
    mini.page("# 题\n")
    with pytest.raises(ValueError, match="nowhere"):
        collect_records(mini.project, plan(mini), [mini.root / "nowhere"])


def test_durations_to_commit_come_from_a_whole_run_and_survive_moved_lines(mini):
    page = mini.page("```python\nassert 1 + 1 == 2\n```\n")
    with pytest.raises(ValueError, match="完整的一次运行"):
        save_durations(mini.project, plan(mini))
    mini.run()
    path = save_durations(mini.project, plan(mini))
    assert list(json.loads(path.read_text(encoding="utf-8"))) == ["docs/page.md"]
    page.write_text("# 标题\n\n" + page.read_text(encoding="utf-8"), encoding="utf-8")
    (planned,) = make_plan(mini.project, device="cpu", committed_durations=True).tasks
    assert planned.seconds < UNKNOWN
    page.write_text("```python\nassert 2 + 1 == 3\n```\n", encoding="utf-8")
    (planned,) = plan(mini).tasks
    assert planned.seconds == UNKNOWN
    assert not Durations.read(mini.project).is_known(planned.task)


def test_shards_are_balanced_by_committed_durations(mini):
    for name, seconds in zip("abcd", (8, 4, 3, 1), strict=True):
        mini.page(f"```python\nx = {seconds}\nassert x + 1 > x\n```\n", f"docs/{name}.md")
    tasks = plan(mini).tasks
    mini.project.durations.parent.mkdir(parents=True)
    from dlnotes_site.run.durations import write_durations

    seconds = {"docs/a.md": 8, "docs/b.md": 4, "docs/c.md": 3, "docs/d.md": 1}
    write_durations(mini.project, [(p.task, seconds[p.task.page]) for p in tasks], commit=True)
    whole = make_plan(mini.project, device="cpu", committed_durations=True)
    shards = [whole.shard(i, 2) for i in (1, 2)]
    assert [sum(p.seconds for p in shard.tasks) for shard in shards] == [8, 8]


def test_two_gpus_are_found_though_the_first_record_never_touched_one(mini):
    for name in "abc":
        mini.page(f"```python\nprint('{name}')\nassert 1 + 1 == 2\n```\n", f"docs/{name}.md")
    mini.run()
    for planned, gpu in zip(plan(mini).tasks, (None, "A100", "H200"), strict=True):
        record = mini.store.get(planned.key)
        origin = {**record.provenance, **({"gpu": gpu} if gpu else {})}
        mini.store.put(replace(record, provenance=origin))
    result = collect_records(mini.project, plan(mini))
    assert result.mixed == ["docs/c.md:1：gpu：A100，H200"]
