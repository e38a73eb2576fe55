"""每个测试前后：样式与句柄复原；一份随机数据。"""

import matplotlib as mpl
import pytest
import torch

from dlnotes.plot_lib import (
    plot_bases,
)


@pytest.fixture(autouse=True)
def _clean_style(monkeypatch):
    monkeypatch.setattr(plot_bases, "a", None)
    monkeypatch.setattr(plot_bases, "b", None)
    with mpl.rc_context():
        yield


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(int(torch.randint(2**31, ())))
    X = torch.rand(60, 2, generator=generator) * 2 - 1
    return X, torch.arange(60) % 3
