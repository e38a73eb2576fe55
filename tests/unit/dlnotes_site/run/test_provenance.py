"""Where a record comes from: the device really used, the machine, the cores one may use."""

import os
import sys

import pytest

from dlnotes_site.run import device as devices
from dlnotes_site.run import provenance
from dlnotes_site.run.device import default_device, usable_device
from dlnotes_site.run.provenance import cores, describe_used, differences


def test_a_task_that_did_not_touch_the_gpu_says_cpu():
    assert describe_used("cuda", touched=False) == "CPU"
    assert describe_used("cpu", touched=False) == "CPU"


def test_a_task_that_touched_the_gpu_names_it(monkeypatch):
    monkeypatch.setattr("dlnotes.device.describe", lambda kind: f"GPU（{kind}）")
    assert describe_used("cuda", touched=True) == "GPU（cuda）"


def test_a_task_touched_the_gpu_when_it_allocated_there(monkeypatch):
    torch = sys.modules["torch"]
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "memory_stats", lambda: {"allocation.all.allocated": 5})
    assert provenance.used_gpu(before=4)
    assert not provenance.used_gpu(before=5)


def test_machine_names_system_and_instruction_set():
    found = provenance.provenance(touched=False)
    assert set(found) == {"os", "machine", "processor", "isa"}
    assert found["isa"]


def test_differences_are_those_that_change_numbers():
    a = {"os": "Linux", "isa": "AVX2", "processor": "A"}
    assert differences(a, {**a, "processor": "B"}) == []
    assert differences(a, {**a, "isa": "AVX512"}) == ["isa：AVX2，AVX512"]
    assert differences(a, {**a, "gpu": "H"}) == []  # one of the two had no need of the GPU


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="Linux only")
def test_cores_respect_affinity_and_the_limit_of_the_container(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3, 4, 5})
    monkeypatch.setattr(provenance, "_quota", lambda: sys.maxsize)
    assert cores() == 6
    monkeypatch.setattr(provenance, "_quota", lambda: 2)
    assert cores() == 2


def test_a_cpu_build_of_torch_needs_no_import_to_know_its_device(monkeypatch, tmp_path):
    monkeypatch.delenv("DLNOTES_DEVICE", raising=False)
    (tmp_path / "version.py").write_text("cuda: Optional[str] = None\nhip: Optional[str] = None\n")
    spec = type("Spec", (), {"origin": str(tmp_path / "__init__.py")})
    monkeypatch.setattr(devices.importlib.util, "find_spec", lambda name: spec)
    monkeypatch.setattr(sys, "platform", "linux")
    assert devices._is_cpu_build()
    assert default_device() == "cpu"
    (tmp_path / "version.py").write_text(
        "cuda: Optional[str] = '12.8'\nhip: Optional[str] = None\n"
    )
    assert not devices._is_cpu_build()


def test_an_unusable_device_is_named():
    with pytest.raises(ValueError, match="tpu9"):
        usable_device("tpu9")
