"""seed=：参数只由种子决定，外面的随机状态不动；meta 设备上也能造。"""

import random

import numpy as np
import pytest
import torch

from dlnotes.models import alexnet_small, lenet5, lenet_teaching, mlp
from dlnotes.models.convnet import Conv, ConvNet, Pool

MODELS = {
    "mlp": lambda **seed: mlp([2, 8, 3], **seed),
    "lenet5": lenet5,
    "lenet_teaching": lenet_teaching,
    "alexnet_small": lambda **seed: alexnet_small(width=1 / 32, **seed),
    "convnet": lambda **seed: ConvNet(
        [Conv(4, 3), Pool(2, 2)], (5,), in_channels=1, image_size=8, num_classes=2, **seed
    ),
}
every_model = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


# beartype 自己要用 Python 的随机数抽查列表，所以比较状态的测试都用 unchecked。
def random_states():
    numpy = np.random.get_state()
    return random.getstate(), (numpy[0], numpy[1].tolist(), *numpy[2:]), torch.get_rng_state()


def stir(seed: int) -> None:
    """把三个全局生成器都拨到别处。"""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@every_model
def test_model_parameters_are_those_of_the_seed_whatever_the_ambient_state(make):
    nets = []
    for ambient, seed in ((1, 0), (2, 0), (1, 5)):
        stir(ambient)
        nets.append(make(seed=seed).state_dict())
    assert all(torch.equal(value, nets[1][name]) for name, value in nets[0].items())
    assert not all(torch.equal(value, nets[2][name]) for name, value in nets[0].items())


# 对照：同一个全局种子下不给 seed 造出的网络。
@every_model
def test_model_seed_draws_what_the_same_global_seed_draws(make):
    torch.manual_seed(7)
    expected = make().state_dict()
    got = make(seed=7).state_dict()
    assert all(torch.equal(value, got[name]) for name, value in expected.items())


@every_model
def test_model_seed_leaves_torch_numpy_and_python_states(make, unchecked):
    stir(3)
    before = random_states()
    make(seed=0)
    after = random_states()
    assert after[:2] == before[:2]
    assert torch.equal(after[2], before[2])


def test_model_seed_restores_the_states_when_the_builder_fails(unchecked):
    stir(3)
    before = random_states()

    def explode():
        torch.rand(1), random.random(), np.random.rand()
        raise RuntimeError("坏了")

    with pytest.raises(RuntimeError, match="坏了"):
        mlp([2, 3, 4], explode, seed=0)
    after = random_states()
    assert after[:2] == before[:2]
    assert torch.equal(after[2], before[2])


@every_model
@pytest.mark.parametrize("seed", [{}, {"seed": 0}], ids=["no-seed", "seed"])
def test_model_is_built_on_meta_without_memory(make, seed):
    with torch.device("meta"):
        net = make(**seed)
    assert {p.device.type for p in net.parameters()} == {"meta"}
    shapes = [p.shape for p in make(seed=0).parameters()]
    assert [p.shape for p in net.parameters()] == shapes


@every_model
@pytest.mark.parametrize(("seed", "error"), [(-1, ValueError), ("0", TypeError), (1.0, TypeError)])
def test_model_rejects_bad_seed(make, seed, error, unchecked):
    with pytest.raises(error, match=r"seed 应.*收到"):
        make(seed=seed)
