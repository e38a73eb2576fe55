import math

import pytest
import torch

from dlnotes import optim
from dlnotes.optim import surfaces
from dlnotes.optim.surfaces import beale, ravine, rosenbrock, saddle, trace_path

SURFACES = {"ravine": ravine, "saddle": saddle, "beale": beale, "rosenbrock": rosenbrock}
every_surface = pytest.mark.parametrize("name", SURFACES)


def random_points(num, seed=0, scale=2.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(num, 2, generator=generator, dtype=torch.float64)


# 对照：自动微分，200 个随机点，float64。
@every_surface
def test_surface_gradient_equals_autograd(name):
    surface = SURFACES[name]
    points = random_points(200).requires_grad_()
    (want,) = torch.autograd.grad(surface(points).sum(), points)
    torch.testing.assert_close(surface.gradient(points.detach()), want, rtol=1e-11, atol=1e-11)


# 对照：教科书上的公式，另写一遍。
def test_surface_equals_published_formula():
    for x, y in random_points(20, seed=1).tolist():
        point = torch.tensor([x, y], dtype=torch.float64)
        beale = (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2
        assert surfaces.beale(point).item() == pytest.approx(beale)
        assert surfaces.rosenbrock(point).item() == pytest.approx(
            (1 - x) ** 2 + 100 * (y - x * x) ** 2
        )


# 对照：极值的充要检验，梯度为 0 且 Hessian 正定；周围的点都更高。
@every_surface
def test_surface_minima_are_strict_local_minima(name):
    surface = SURFACES[name]
    for minimum in surface.minima:
        point = torch.tensor(minimum, dtype=torch.float64)
        assert surface.gradient(point).abs().max() < 1e-12
        hessian = torch.autograd.functional.hessian(surface, point)
        assert torch.linalg.eigvalsh(hessian).min() > 0
        assert (surface(point + random_points(100, scale=0.01)) > surface(point)).all()


# 对照：闭式，Hessian 在原点是 diag(1, −1)，一正一负即鞍点。
def test_saddle_hessian_at_origin_has_mixed_signs():
    hessian = torch.autograd.functional.hessian(surfaces.saddle, torch.zeros(2))
    assert torch.equal(hessian, torch.diag(torch.tensor([1.0, -1.0])))


def test_ravine_condition_number_is_25():
    hessian = torch.autograd.functional.hessian(surfaces.ravine, torch.zeros(2))
    assert torch.linalg.cond(hessian).item() == pytest.approx(25)


@every_surface
def test_surface_start_and_minima_lie_inside_limits(name):
    surface = SURFACES[name]
    for x, y in (surface.start, *surface.minima):
        assert surface.xlim[0] <= x <= surface.xlim[1]
        assert surface.ylim[0] <= y <= surface.ylim[1]


@every_surface
@pytest.mark.parametrize("batch", [(), (5,), (4, 3)])
def test_surface_keeps_batch_shape_and_dtype(name, batch):
    points = torch.rand(*batch, 2)
    assert SURFACES[name](points).shape == batch
    assert SURFACES[name](points).dtype == torch.float32
    assert SURFACES[name].gradient(points).shape == (*batch, 2)


# 对照：闭式，二次曲面上梯度下降每步乘 (1 − η·曲率)。
def test_trajectory_equals_closed_form_on_ravine():
    path = trace_path(surfaces.ravine, lambda params: optim.SGD(params, lr=0.07), (2.0, 1.0), 30)
    t = torch.arange(31, dtype=torch.float64)
    want = torch.stack([2.0 * (1 - 0.07) ** t, (1 - 0.07 * 25) ** t], dim=1)
    torch.testing.assert_close(path, want, rtol=1e-10, atol=1e-12)


# 对照：用自动微分手写的循环。
@every_surface
def test_trajectory_equals_autograd_loop(name):
    surface = SURFACES[name]
    path = trace_path(surface, lambda params: torch.optim.Adam(params, lr=0.05), num_steps=50)
    w = torch.tensor(surface.start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([w], lr=0.05)
    for point in path:
        torch.testing.assert_close(w.detach(), point, rtol=1e-7, atol=1e-9)
        optimizer.zero_grad()
        surface(w).backward()
        optimizer.step()


@pytest.mark.parametrize(
    ("name", "num_steps"),
    [("ravine", 200), ("saddle", 200), ("beale", 400), ("rosenbrock", 1200)],
)
def test_trajectory_reaches_minimum(name, num_steps):
    surface = SURFACES[name]
    path = trace_path(surface, lambda params: optim.Adam(params, lr=0.2), num_steps=num_steps)
    assert min(math.dist(path[-1].tolist(), minimum) for minimum in surface.minima) < 1e-2


def test_trajectory_supports_optimizer_that_needs_closure():
    path = trace_path(
        surfaces.ravine, lambda params: torch.optim.LBFGS(params, lr=0.5), num_steps=20
    )
    assert path[-1].norm() < 1e-3


def test_trajectory_of_zero_steps_is_start():
    path = trace_path(surfaces.beale, lambda params: optim.SGD(params, lr=0.1), (1, 2), 0)
    assert path.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"start": (1, 2, 3)}, "start 应是两个数"), ({"num_steps": -1}, "num_steps 应不小于 0")],
)
def test_trajectory_rejects_bad_arguments(arguments, message, unchecked):
    with pytest.raises(ValueError, match=message):
        trace_path(surfaces.ravine, optim.SGD, **arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"surface": "beale"}, TypeError, "surface 应为 Surface，收到 str"),
        ({"start": 3}, TypeError, "start 应为一串值，收到 3"),
        ({"start": ("a", 1)}, TypeError, "start 的每一项 应为实数，收到 'a'"),
        ({"start": (math.nan, 1)}, ValueError, "start 的每一项 应为有限的实数"),
        ({"num_steps": 2.5}, TypeError, "num_steps 应为整数"),
        ({"optimizer_factory": 1}, TypeError, "optimizer_factory 应为可以调用的函数，收到 1"),
        ({"optimizer_factory": lambda p: None}, TypeError, "返回值 应为 Optimizer"),
    ],
)
def test_trajectory_rejects_bad_types(arguments, error, message, unchecked):
    with pytest.raises(error, match=message):
        trace_path(**{"surface": surfaces.beale, "optimizer_factory": optim.SGD, **arguments})


def test_surface_rejects_points_of_wrong_width(unchecked):
    with pytest.raises(ValueError, match=r"最后一维应是 2.*\(4, 3\)"):
        surfaces.ravine(torch.zeros(4, 3))
