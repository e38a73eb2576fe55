"""Random streams: what is drawn inside a guard never shows outside it."""

import random

import numpy as np
import pytest
import torch

from dlnotes._core import rng
from dlnotes._core.rng import (
    current_devices,
    generator_from,
    integer_seed,
    preserved,
    seeded,
    stream,
)


def draw(num_normals=2):
    """A few numbers from every global generator; an odd `num_normals` leaves NumPy half a pair."""
    normals = [np.random.randn() for _ in range(num_normals)]
    return [random.random(), random.gauss(0, 1), *normals, np.random.rand(), torch.rand(()).item()]


@pytest.fixture(autouse=True)
def _own_stream(unchecked):  # the type checker draws from `random` itself
    with preserved():
        random.seed(1)
        np.random.seed(1)
        torch.manual_seed(1)
        yield


# Oracle: the stream that was never interrupted.
@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize("inside", [0, 1, 2])
def test_preserved_leaves_the_outer_stream_as_if_nothing_had_been_drawn(before, inside):
    draw(before)
    expected = [draw(after) for after in (1, 2)]
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    draw(before)
    actual = []
    for after in (1, 2):
        with preserved():
            draw(inside)
            np.random.randn(1000)
            with preserved():
                draw(1)
        actual.append(draw(after))
    assert actual == expected


def test_preserved_restores_numpy_when_only_half_a_pair_of_normals_was_drawn():
    np.random.randn()  # the other half waits, and drawing it leaves the generator's memory alone
    with preserved():
        expected = np.random.randn()
    assert np.random.randn() == expected


def test_preserved_restores_after_an_exception():
    expected = draw()
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    with pytest.raises(ZeroDivisionError), preserved():
        1 / (len(draw()) - 6)
    assert draw() == expected


def test_preserved_works_with_another_numpy_generator():
    old = np.random.get_bit_generator()
    np.random.set_bit_generator(np.random.PCG64(0))
    try:
        with preserved():
            expected = draw(1)
        assert draw(1) == expected
    finally:
        np.random.set_bit_generator(old)


def test_seeded_decides_every_stream_and_leaves_the_outer_ones():
    outer = draw()
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    with seeded(7):
        first = draw()
    draw()
    with seeded(7, [torch.device("cpu"), torch.device("meta")]):
        assert draw() == first
    with seeded(8):
        assert not set(draw()) & set(first)
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    with seeded(None):
        assert draw() == outer


def test_seeded_and_preserved_accept_seeds_and_streams_of_every_allowed_size():
    for seed in (0, 2**32, 2**40 - 1, stream(2**40 - 1, rng.TRAINING)):
        with seeded(seed):
            draw()


class FakeCuda:
    """Two devices whose random state is one number each; `torch.cuda` in these tests."""

    class Generator:
        def __init__(self):
            self.state = 0

        def manual_seed(self, seed):
            self.state = seed

    def __init__(self):
        self.default_generators = [self.Generator(), self.Generator()]
        self.current = 1

    def current_device(self):
        return self.current

    def get_rng_state(self, device):
        return self.default_generators[device.index].state

    def set_rng_state(self, state, device):
        self.default_generators[device.index].state = state


def test_seeded_covers_every_cuda_device_it_is_given_even_without_an_index(monkeypatch):
    cuda = FakeCuda()
    monkeypatch.setattr(torch, "cuda", cuda)
    with seeded(5, [torch.device("cuda")]):
        assert [g.state for g in cuda.default_generators] == [0, 5]
        cuda.current = 0  # the device that is current on leaving is another one
    assert [g.state for g in cuda.default_generators] == [0, 0]
    with seeded(5, {torch.device("cuda:0"), torch.device("cuda:1")}):
        assert [g.state for g in cuda.default_generators] == [5, 5]
    assert [g.state for g in cuda.default_generators] == [0, 0]


def test_cpu_and_meta_devices_never_touch_an_accelerator(monkeypatch):
    monkeypatch.delattr(torch, "cuda")
    monkeypatch.delattr(torch, "mps")
    with seeded(0, [torch.device("cpu"), torch.device("meta")]):
        draw()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_seeded_equals_manual_seed_on_cuda():
    outer = torch.cuda.get_rng_state()
    with seeded(3, [torch.device("cuda")]):
        ours = torch.rand(4, device="cuda")
    assert torch.equal(torch.cuda.get_rng_state(), outer)
    with torch.random.fork_rng(devices=[0]):
        torch.manual_seed(3)
        assert torch.equal(torch.rand(4, device="cuda"), ours)


def test_current_devices_follow_the_context():
    assert current_devices() == [torch.device("cpu")]
    with torch.device("meta"):
        assert current_devices() == [torch.device("meta")]


def test_streams_of_all_seeds_differ():
    seen = {stream(seed, k) for seed in range(50) for k in (*range(50), rng.TRAINING)}
    assert len(seen) == 50 * 51


def test_generator_from_equals_a_seeded_torch_generator():
    ours, theirs = generator_from(3, None), torch.Generator().manual_seed(3)
    assert torch.equal(torch.rand(5, generator=ours), torch.rand(5, generator=theirs))
    assert generator_from(None, theirs) is theirs


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: generator_from(None, None), ValueError, "seed 与 generator 必须且只能给一个"),
        (lambda: generator_from(0, torch.Generator()), ValueError, "必须且只能给一个"),
        (lambda: generator_from(None, 3), TypeError, "generator 应为 torch.Generator，收到 3"),
        (lambda: integer_seed(1.0), TypeError, "seed 应为整数，收到 1.0"),
        (lambda: integer_seed(True), TypeError, "seed 应为整数，收到 True"),
        (lambda: integer_seed(-1), ValueError, "seed 应在 0 与 2⁴⁰ 之间，收到 -1"),
        (lambda: integer_seed(2**40, "seeds[0]"), ValueError, r"seeds\[0\] 应在 0 与 2⁴⁰ 之间"),
    ],
)
def test_bad_seeds_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
