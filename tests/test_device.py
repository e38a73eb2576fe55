"""Choosing a device and timing on it."""

import time

import pytest
import torch

from dlnotes.device import describe, device, time_call


def test_device_obeys_the_environment_variable(monkeypatch):
    monkeypatch.setenv("DLNOTES_DEVICE", "cpu")
    assert device() == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:99"])
def test_device_names_the_variable_when_it_is_unusable(monkeypatch, name):
    monkeypatch.setenv("DLNOTES_DEVICE", name)
    with pytest.raises(ValueError, match="DLNOTES_DEVICE"):
        device()


def test_describe_names_the_cpu():
    assert describe("cpu") == "CPU"


def test_time_call_is_the_time_of_one_call():
    calls = []

    def work():
        calls.append(1)
        time.sleep(0.01)

    assert 0.009 < time_call(work, num_warmups=1, num_repeats=3) < 0.1
    assert len(calls) == 4
    with pytest.raises(ValueError, match="num_repeats"):
        time_call(work, num_repeats=0)
