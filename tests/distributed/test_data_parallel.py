"""The training script of the page on data parallelism, taken from the page, under torchrun."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from conftest import ROOT
from dlnotes_site.pages.collect import collect_page

PAGE = ROOT / "docs/notes/data-parallel.md"


def script() -> str:
    """The file that the page writes and starts with one and with two processes."""
    block = next(b for b in collect_page(PAGE, ROOT) if "DistributedDataParallel(model)" in b.code)
    statement = next(s for s in ast.parse(block.code).body if isinstance(s, ast.Assign))
    assert statement.targets[0].id == "SCRIPT"
    return ast.literal_eval(statement.value)


def start(folder: Path, processes: int, code: str) -> subprocess.CompletedProcess:
    (folder / "train.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone",
               f"--nproc-per-node={processes}", "train.py"]  # fmt: skip
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


def trained(folder: Path, processes: int) -> dict[str, torch.Tensor]:
    done = start(folder, processes, script())
    assert done.returncode == 0, done.stderr
    return torch.load(folder / "model.pt")


def gap(one: dict, other: dict) -> float:
    return max((one[name] - other[name]).abs().max().item() for name in one)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("one"), 1)


@pytest.mark.parametrize("processes", [2, 4])
def test_equal_shares_train_as_one_process_does(alone, tmp_path, processes):
    many = trained(tmp_path, processes)
    torch.manual_seed(0)
    before = torch.nn.Linear(64, 32).weight.detach().double()
    assert gap({"w": many["0.weight"]}, {"w": before}) > 0.1
    assert gap(alone, many) < 1e-12


def test_unequal_shares_do_not(alone, tmp_path):
    assert gap(alone, trained(tmp_path, 3)) > 1e-6, "32 rows are 11, 11 and 10"


def test_a_failing_process_ends_the_others(tmp_path):
    code = """
import torch.distributed as dist
dist.init_process_group("gloo")
if dist.get_rank() == 1:
    raise RuntimeError("stop here")
dist.barrier()
"""
    done = start(tmp_path, 2, code)
    assert done.returncode != 0
    assert "stop here" in done.stderr
