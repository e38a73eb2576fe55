"""Choosing a device and timing on it."""

import itertools

import pytest
import torch

from dlnotes import device as device_module
from dlnotes.device import describe, pick_device, synchronize, time_call


@pytest.fixture
def machine(monkeypatch):
    """A machine that reports the given devices, of which only some can allocate."""

    def make(reported, working):
        def allocate(device):
            if device.type not in working:
                raise RuntimeError(f"{device.type} backend out of memory")

        monkeypatch.delenv("DLNOTES_DEVICE", raising=False)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in reported)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in reported)
        monkeypatch.setattr(device_module, "_allocate", allocate)

    return make


@pytest.mark.parametrize(
    ("reported", "working", "expected"),
    [
        (["cuda", "mps"], ["cuda", "mps", "cpu"], "cuda"),
        (["mps"], ["mps", "cpu"], "mps"),
        (["mps"], ["cpu"], "cpu"),  # hosted Macs: reported, yet not one byte can be allocated
        (["cuda"], ["cpu"], "cpu"),
        ([], ["cpu"], "cpu"),
    ],
)
def test_pick_device_takes_the_first_that_can_allocate(machine, reported, working, expected):
    machine(reported, working)
    assert pick_device() == torch.device(expected)


def test_pick_device_obeys_the_environment_variable(monkeypatch):
    monkeypatch.setenv("DLNOTES_DEVICE", "cpu")
    assert pick_device() == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:99"])
def test_pick_device_names_the_variable_when_it_is_unusable(monkeypatch, name):
    monkeypatch.setenv("DLNOTES_DEVICE", name)
    with pytest.raises(ValueError, match="DLNOTES_DEVICE"):
        pick_device()


def test_pick_device_names_the_variable_when_its_device_cannot_allocate(machine, monkeypatch):
    machine(["mps"], ["cpu"])
    monkeypatch.setenv("DLNOTES_DEVICE", "mps")
    with pytest.raises(ValueError, match=r"DLNOTES_DEVICE='mps' 不可用.*out of memory"):
        pick_device()


def test_describe_names_the_cpu():
    assert describe("cpu") == "CPU"


def test_time_call_is_the_median_of_the_calls_after_the_warm_ups(monkeypatch):
    # oracle: a clock that we turn ourselves; the warm-ups (9 s) must not count
    now, calls = [0.0], []
    durations = itertools.chain([9.0, 9.0], [5.0, 1.0, 2.0, 4.0, 3.0])
    monkeypatch.setattr(device_module.time, "perf_counter", lambda: now[0])

    def work():
        calls.append(1)
        now[0] += next(durations)

    assert time_call(work, num_warmups=2, num_repeats=5) == 3.0
    assert len(calls) == 7


def test_time_call_waits_for_the_device_before_and_after_each_timed_call(monkeypatch):
    events = []
    monkeypatch.setattr(device_module, "_wait", lambda device: events.append("wait"))
    time_call(lambda: events.append("call"), num_warmups=1, num_repeats=2)
    assert events == ["call", *["wait", "call", "wait"] * 2]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: time_call(3), TypeError, "function 应为可以调用的函数，收到 3"),
        (lambda: time_call(int, num_repeats=0), ValueError, "num_repeats 应为正整数，收到 0"),
        (lambda: time_call(int, num_warmups=-1), ValueError, "num_warmups 应不小于 0，收到 -1"),
        (lambda: time_call(int, num_warmups=1.5), TypeError, "num_warmups 应为整数，收到 1.5"),
        (lambda: time_call(int, device="gpu"), ValueError, "device 应为设备名.*收到 'gpu'"),
        (lambda: synchronize("cuda:99"), ValueError, "device 应为本机有的设备.*'cuda:99'"),
        (lambda: describe("cuda:99"), ValueError, "device 应为本机有的设备.*'cuda:99'"),
        (lambda: describe(0.5), TypeError, "device 应为 torch.device 或设备名，收到 0.5"),
    ],
)
def test_device_functions_reject_bad_input(call, error, message, unchecked):
    with pytest.raises(error, match=message):
        call()
