"""The playground's data: replays packed without loss, the same runs as the spiral page."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dlnotes.data import spiral
from dlnotes.models import mlp
from dlnotes.training import accuracy, fit_seeds
from dlnotes_site.tasks.playground import train
from dlnotes_site.tasks.playground.groups import EXTENT, GROUPS, RECIPES, Group
from dlnotes_site.tasks.playground.replay import Playback, decode, encode

# --- packing ------------------------------------------------------------------------------------


def noise_labels(rng):
    return rng.integers(0, 3, (4, 12, 12))


def moving_disc(rng):
    x, y = np.meshgrid(np.arange(12), np.arange(12))
    return np.stack([((x - f) ** 2 + (y - 6) ** 2 < 16) + (x > 9) for f in range(4)])


@pytest.mark.parametrize("draw", [noise_labels, moving_disc])
def test_encode_then_decode_gives_back_every_label_and_count(draw):
    rng = np.random.default_rng(0)
    labels = draw(rng).astype(np.uint8)
    given = Playback([50, 149, 3, 150], [0, 1500, 7, 7], [1.1, 0.02, 300.0, np.inf],
                     rng.lognormal(0, 3, 9).tolist(), labels)  # fmt: skip
    found = decode(encode(given), 4, 9, 12)
    assert np.array_equal(found.labels, labels)
    assert found.train_correct == given.train_correct
    assert found.test_correct == given.test_correct
    np.testing.assert_allclose(found.valid_loss, given.valid_loss, rtol=6e-4)
    np.testing.assert_allclose(found.train_loss, given.train_loss, rtol=6e-4)


def test_encode_makes_regions_that_stay_alike_much_shorter_than_noise():
    rng = np.random.default_rng(0)
    size = {draw: len(encode(Playback([0], [0], [1.0], [1.0], draw(rng))))
            for draw in (noise_labels, moving_disc)}  # fmt: skip
    assert size[moving_disc] < size[noise_labels] / 2


# --- training -----------------------------------------------------------------------------------


@pytest.fixture
def short(monkeypatch):
    """Thirty steps instead of a thousand."""
    steps = (1, 2, 10, 30)
    for name, value in {"NUM_STEPS": 30, "STEPS": steps, "CURVE": steps, "SIZE": 24}.items():
        monkeypatch.setattr(train, name, value)
    return steps


LITTLE = Group("relu", "sgd", (0.1, 1.0), 10, 20, (0.2, 0.6), (0, 1))


@pytest.mark.parametrize(
    "group",
    [LITTLE, replace(LITTLE, optimizer="adam", lrs=(0.01,)),
     Group("relu", "momentum", (0.1,), 100, 1000, (0.2,), (0, 1))],
    ids=["stacked", "one-lr", "one-by-one"],
)  # fmt: skip
def test_frames_are_the_networks_of_the_recorded_forward_passes(group, short):
    # oracle: the training accuracy that `fit_seeds` itself records at these steps
    runs, copies = train.train(group)
    count = len(group.cases)
    assert len(copies) == len(group.lrs) * count
    for index, frames in enumerate(copies):
        X, y = train.train_data(group, *group.cases[index % count])
        model = mlp([2, group.width, 3], seed=0)
        for step, values in zip(short, frames, strict=True):
            with torch.no_grad():
                for parameter, value in zip(model.parameters(), values, strict=True):
                    parameter.copy_(value)
            recorded = runs.train_accuracy[index // count, index % count, step - 1]
            assert abs(accuracy(model, X, y) - recorded) <= 1.5 / len(X), (index, step)


def test_runs_are_those_of_the_tables_calls(short):
    # oracle: the call on the spiral page, ten seeds and six rates at once
    table = fit_seeds(lambda s: mlp([2, 100, 3], seed=s), lambda s: spiral(50, seed=100 + s),
                      seeds=range(10), optimizer="sgd", lr=[1e-4, 1e-3, 1e-2, 1e-1, 1, 10],
                      num_epochs=30, weight_decay=1e-5)  # fmt: skip
    group = next(g for g in GROUPS if (g.activation, g.optimizer, g.width, g.num_per_class)
                 == ("relu", "sgd", 100, 50))  # fmt: skip
    runs, _ = train.train(group)
    ours = runs.train_accuracy[:4, : len(group.seeds)]
    torch.testing.assert_close(ours, table.train_accuracy[1:5, : len(group.seeds)])


def test_labels_are_the_networks_own_answers_at_the_cells(short):
    _, copies = train.train(LITTLE)
    found = train.playbacks(LITTLE)
    model = mlp([2, 10, 3], seed=0)
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), copies[0][-1], strict=True):
            parameter.copy_(value)
        corner = model(torch.tensor([[-EXTENT, EXTENT]]) * (1 - 1 / train.SIZE)).argmax()
        every = model(train.cells()).argmax(dim=1).view(train.SIZE, -1)
    labels = found[LITTLE.name(0.1, *LITTLE.cases[0])].labels
    assert labels[-1, 0, 0] == corner
    assert np.array_equal(labels[-1], every)


def test_groups_name_every_run_once_and_hold_the_whole_table():
    names = [g.name(lr, *case) for g in GROUPS for lr in g.lrs for case in g.cases]
    assert len(set(names)) == len(names)
    for optimizer, lr in RECIPES:
        assert {f"relu,{optimizer},{lr:g},100,1000,0.2,{seed}" for seed in range(10)} < set(names)
