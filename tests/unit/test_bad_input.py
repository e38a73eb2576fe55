"""One table over every public function: wrong arguments meet an error in Chinese that names them.

Each row gives arguments that work and, for each parameter, what kind of value it takes; the kind
says which values are wrong. Hypothesis draws them. A parameter without a kind, or a public function
without a row, fails the test, so nobody can add a function that explains nothing.

The wrong device is the meta device, the only second device of every machine; a generator cannot be
made there, so a generator on the wrong device is not in the table.
"""

import contextlib
import importlib
import inspect
import random
import re
from collections.abc import Callable
from functools import cache, partial
from types import ModuleType

import matplotlib as mpl
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from matplotlib.animation import FuncAnimation
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from dlnotes._core.check import at_least, one_of
from dlnotes.data import spiral
from dlnotes.models import BasicBlock, Conv, Pool, Stage, mlp
from dlnotes.optim import SGD
from dlnotes.optim.surfaces import ravine
from dlnotes.training import AblationTable

pytestmark = pytest.mark.usefixtures("unchecked")  # readers have no run-time type checker

PACKAGES = ("data", "device", "doctor", "inspection", "inspection.regions", "models",
            "nn.activations", "nn.catalogue", "nn.init", "nn.losses", "nn.norm", "optim",
            "optim.schedules", "optim.surfaces", "plot_lib", "plotting", "training")  # fmt: skip

RESULT = "a container that the package fills in"
EXEMPT = {
    "doctor.Finding": RESULT,
    "doctor.require": "names of libraries in any number: its own tests give bad ones",
    "doctor.main": "a command line: argparse writes the message and sets the exit status",
    "inspection.LayerStats": RESULT,
    "models.Conv": "a row of a table: whoever reads the table checks it (`rows`)",
    "models.Pool": "a row of a table: whoever reads the table checks it (`rows`)",
    "models.LocalResponseNorm": "takes no arguments",
    "models.Stage": "a row of a table: whoever reads the table checks it (`stages`)",
    "models.Summary": RESULT,
    "nn.catalogue.Activation": "a row of the catalogue",
    "optim.RuleOptimizer": "a base class, without an update of its own",
    "optim.schedules.Schedule": "the name of a type",
    "optim.surfaces.Surface": "a row of the list of surfaces",
    "training.AblationTable": RESULT,
    "training.Comparison": RESULT,
    "training.Evaluation": RESULT,
    "training.Reliability": RESULT,
    "training.GridEdgeWarning": "a warning",
    "training.History": RESULT,
    "training.SeedRuns": RESULT,
}

# --- Kinds: what is wrong for a parameter ---------------------------------------------------------


def one(*values: object) -> st.SearchStrategy:
    return st.sampled_from(values)


class Thing:
    """Neither a number, a text, a tensor, a function nor a sequence."""


words = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=3)
thing = one(Thing())
nan, infinite = one(float("nan")), one(float("inf"), float("-inf"))
not_numbers = words | one([1.0], {}) | thing
not_integers = not_numbers | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
not_tensors = words | one([[1.0]], 3) | thing
not_sequences = one(3, 2.5) | thing
negative = st.floats(max_value=0, exclude_max=True, allow_infinity=False)
long = torch.int64


def ones(*shape: int, dtype=torch.float32, device="cpu") -> Tensor:
    return torch.ones(shape, dtype=dtype, device=device)


def with_nan(*shape: int) -> Tensor:
    tensor = ones(*shape)
    tensor.view(-1)[0] = float("nan")
    return tensor


COUNT = st.integers(max_value=0) | not_integers
NATURAL = st.integers(max_value=-1) | not_integers
SEED = NATURAL | st.integers(min_value=2**40)
INTEGER = not_integers
NUMBER = nan | infinite | not_numbers
POSITIVE = NUMBER | st.floats(max_value=0)
NONNEGATIVE = NUMBER | negative
UNIT = NUMBER | negative | st.floats(min_value=1, exclude_min=True)
BELOW_ONE = UNIT | one(1.0)
INSIDE_UNIT = BELOW_ONE | one(0.0)
CHOICE = words.map("无".__add__) | one(3) | thing
FLAG = words | one(2, 0.5) | thing
FUNCTION = one(3, [1]) | words | thing
LAYER = FUNCTION | one(nn.ReLU())
MODEL = not_tensors | one(lambda x: x)
GENERATOR = st.integers() | words | one(np.random.default_rng(0))
AXES = st.integers() | words
LIMITS = not_numbers | one((1.0,), (2.0, 1.0), (0.0, float("nan")))
TENSOR = not_tensors
FLOATS = not_tensors | one(ones(6, 2, dtype=long))
PARAMETERS = one(3, [], ["a"], [2.0], ones(2)) | thing
VECTOR = FLOATS | one(ones(6, 2), ones(1), ones(0))
SAMPLE = VECTOR | one(with_nan(6), torch.full((6,), float("inf")))
POINTS = words | thing | one(3, ones(6), ones(6, 3), ones(6, 2).to(torch.complex64))
DATA = not_tensors | one(ones(0, 2), with_nan(6, 2), torch.tensor(1.0))
TARGETS = not_tensors | one(ones(5, dtype=long), ones(0, dtype=long))
CLASSES = TARGETS | one(torch.tensor([0, 1, 2, 0, 1, 3]), torch.tensor([0, 1, 2, 0, 1, -1]))
LABELS = not_tensors | one(ones(5, dtype=long), ones(6, 2, dtype=long), ones(6))
PAIR = not_tensors | one((ones(6, 2),), ones(6, 2), (ones(6, 2), ones(5, dtype=long)),
                         (with_nan(6, 2), ones(6, dtype=long)))  # fmt: skip
NAMES = not_sequences | words | one(["无"], [3])
ROWS_OF_NET = not_sequences | words | one([3], [Conv(0, 3)], [Conv(2, 3.5)])
WIDTHS = not_sequences | words | one([0], [-1], [2.5], ["a"])
FREE = (
    st.nothing()
)  # anything will do, or it is passed on and whoever receives it says what is wrong
TEXT = FREE  # written as `str` has it

KINDS = {
    "activation": LAYER, "allow_edge": FLAG, "alpha": BELOW_ONE, "alternative": CHOICE,
    "approximate": CHOICE, "ax": AXES, "batch_size": COUNT, "betas": not_numbers | one(
        (0.9,), (0.9, 1.0), (-0.1, 0.9), (float("nan"), 0.9), ("a", 0.9)),
    "bias": FLOATS | one(ones(3), ones(2, 2)), "bias_correction": FLAG, "bins": COUNT,
    "brightness": UNIT, "confidence": INSIDE_UNIT, "crop": NATURAL, "dampening": BELOW_ONE,
    "data": PAIR, "depth": COUNT, "device": CHOICE, "digits": COUNT, "dilation": COUNT,
    "dim": INTEGER,
    "download": FLAG, "dropout": UNIT, "dropout_first": FLAG, "eps": NONNEGATIVE,
    "eval_every": COUNT,
    "figsize": not_numbers | one((1,), (0, 1), (1, float("nan"))), "flip": UNIT,
    "function": FUNCTION, "gain": NONNEGATIVE, "gamma": POSITIVE | one(1.5), "generator": GENERATOR,
    "g": FLOATS, "hidden": WIDTHS, "image_size": COUNT, "in_channels": COUNT, "kernel": COUNT,
    "label": TEXT, "label_smoothing": UNIT, "layers": NAMES, "level": INSIDE_UNIT, "logits": FLOATS,
    "loss_fn": FUNCTION, "lr": NONNEGATIVE, "lr_min": NONNEGATIVE, "lrn": FLAG, "margin": POSITIVE,
    "mean": NUMBER, "mode": CHOICE, "model": MODEL, "momentum": BELOW_ONE, "name": CHOICE,
    "negative_slope": NUMBER, "noise": NONNEGATIVE, "norm": LAYER, "num_classes": COUNT,
    "num_cols": COUNT,
    "num_epochs": COUNT, "num_features": COUNT, "num_folds": COUNT, "num_groups": COUNT | one(3),
    "num_inputs": COUNT, "num_lines": COUNT, "num_pairs": COUNT, "num_per_class": COUNT,
    "num_per_corner": COUNT, "num_points": COUNT, "num_repeats": COUNT, "num_resamples": COUNT,
    "num_rows": COUNT, "num_search": COUNT | one(3), "num_steps": COUNT, "num_warmup": NATURAL,
    "num_warmups": NATURAL, "on_epoch": FUNCTION, "optimizer": CHOICE, "options": FREE,
    "padding": NATURAL, "parameters": NAMES, "params": PARAMETERS, "points": FLOATS | one(
        ones(6, 3), torch.tensor(1.0)), "pool": LAYER, "pool_size": COUNT | one(1),
    "power": INSIDE_UNIT,
    "progress": FLAG, "ranks": FLAG, "reduction": CHOICE, "resolution": COUNT, "rows": ROWS_OF_NET,
    "running_mean": FLOATS | one(ones(3)), "running_var": FLOATS | one(ones(3)), "s": POSITIVE,
    "schedule": FUNCTION, "seed": SEED, "shortcut": CHOICE, "seeds": not_sequences | words | one(
        [], [-1, 2], ["a", "b"], [0.5, 1], [1, 1]), "size": COUNT, "smooth": COUNT | one(2),
    "split": CHOICE, "stack": FLAG, "stem": CHOICE, "std": NONNEGATIVE, "step_size": COUNT,
    "stride": COUNT,
    "surface": not_tensors, "t": COUNT, "temperature": POSITIVE, "test": PAIR, "title": TEXT,
    "training": FLAG, "valid": PAIR, "values": VECTOR, "weight": FLOATS | one(ones(3), ones(2, 2)),
    "weight_decay": NONNEGATIVE, "width": POSITIVE, "x": FLOATS, "X": DATA, "y": CLASSES,
    "zero_init": FLAG,
}  # fmt: skip

# --- The table ------------------------------------------------------------------------------------


class Row:
    """Arguments that work, and the kinds that differ from `KINDS`."""

    def __init__(self, arguments: Callable[[], dict], **kinds: st.SearchStrategy):
        self.arguments, self.kinds = arguments, kinds


def net() -> nn.Sequential:
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 3))
    model[1].eval()  # a frozen layer in a training model: looking must keep it so
    return model


def plain() -> nn.Sequential:
    return mlp([2, 4, 3], seed=0)


def points() -> Tensor:
    return torch.arange(12.0).reshape(6, 2) / 12


def classes() -> Tensor:
    return torch.tensor([0, 1, 2, 0, 1, 2])


def pair() -> tuple[Tensor, Tensor]:
    return points(), classes()


def stats(shift: float = 0.0) -> Tensor:
    return torch.tensor([0.1, 0.4, 0.2, 0.5, 0.3, 0.6]) + shift


def images() -> Tensor:
    return torch.arange(128.0).reshape(2, 1, 8, 8) / 128


@cache
def axes() -> Axes:
    return Figure().add_subplot()


def args(**values: object) -> Callable[[], dict]:
    """A factory of arguments: functions among `values` are called anew each time."""
    made = {axes, torch.Generator}
    return lambda: {
        name: v() if inspect.isfunction(v) or (callable(v) and v in made) else v
        for name, v in values.items()
    }


def fixed(value: object) -> Callable[[], object]:
    """`value` itself, where the argument is a function."""
    return lambda: value


def square(x: Tensor) -> Tensor:
    return x * x


def loss_of(y_hat: Tensor, target: Tensor) -> Tensor:
    return nn.functional.cross_entropy(y_hat, target)


def make_model(seed: int) -> nn.Module:
    return mlp([2, 4, 3], seed=seed)


def constant_rate(step: int) -> float:
    return 1.0


def ablation() -> AblationTable:
    values = torch.tensor([[0.5, 0.6, 0.7], [0.6, 0.7, 0.9]], dtype=torch.float64)
    return AblationTable(["甲", "乙"], [0, 1, 2], [0.1, 0.1], [9, 9], values, values)


DATA_ROWS = {  # every function of dlnotes.data
    "data.augment": Row(
        args(X=images, generator=torch.Generator, crop=1, flip=0.5, brightness=0.1),
        X=FLOATS | one(ones(2, 8, 8)),
    ),
    "data.colour_histogram": Row(
        args(X=images, bins=4), X=FLOATS | one(ones(2, 8, 8), 2 * ones(2, 1, 8, 8))),
    "data.cut_blocks": Row(args(X=images, size=4), X=FLOATS | one(ones(2, 8, 8))),
    "data.digits": Row(args()),
    "data.hanzi": Row(
        args(num_classes=3, num_samples=4, size=16, split="valid", affine=0.1, elastic=0.1,
             stroke=0.01, contrast=0.1, background=0.1, clutter=0.1, noise=0.1, seed=0),
        num_classes=COUNT | one(4000), num_samples=COUNT, size=COUNT | one(8, 512), split=CHOICE,
        affine=UNIT, elastic=UNIT, stroke=UNIT, contrast=UNIT, background=UNIT, clutter=UNIT,
        noise=UNIT,
    ),
    "data.hanzi_labels": Row(args(num_classes=3), num_classes=COUNT | one(4000)),
    "data.hanzi_of": Row(
        args(characters="春夏秋", num_samples=4, size=16, split="valid", seed=0),
        characters=one("", "春春", "abc", "春 夏", "é", 3, ["春", "夏"]), num_samples=COUNT,
        size=COUNT | one(8, 512), split=CHOICE,
    ),
    "data.hog_features": Row(
        args(X=images, cell=4, num_directions=4), X=FLOATS | one(ones(2, 8, 8)),
        cell=COUNT | one(5), num_directions=COUNT,
    ),
    "data.patches": Row(
        args(num_samples=4, size=16, split="valid", color=True, contrast="keep", seed=0),
        num_samples=COUNT, size=COUNT | one(4, 512), split=CHOICE, color=FLAG, contrast=CHOICE,
    ),
    "data.images": Row(
        args(name="digits", split="test", size=8, root=".", download=False),
        root=one([1.0], 3) | thing,
    ),
    "data.resize": Row(args(X=images, size=4), X=FLOATS | one(ones(2, 8, 8), ones(0, 1, 8, 8))),
    "data.spiral": Row(args(num_per_class=4, num_classes=2, noise=0.1, seed=0)),
    "data.split": Row(
        args(X=points, y=lambda: torch.tensor([0, 1, 0, 1, 0, 1]), test_ratio=0.3, valid_ratio=0.3,
             seed=0),
        X=not_tensors | one(ones(5, 2), torch.tensor(1.0)), y=LABELS, test_ratio=INSIDE_UNIT,
        valid_ratio=BELOW_ONE,
    ),
    "data.standardize": Row(
        args(train=points, others=lambda: (points(),), min_std=0.1),
        train=FLOATS | one(ones(6), ones(1, 2), with_nan(6, 2)), others=FREE, min_std=POSITIVE,
    ),
    "data.VisualWords": Row(
        args(blocks=lambda: images().flatten(2), num_words=2, seed=0),
        blocks=FLOATS | one(ones(6, 2), ones(0, 2, 2), with_nan(2, 1, 4)),
        num_words=COUNT | one(3),
    ),
    "data.xor": Row(args(num_per_corner=2, noise=0.1, seed=0)),
}  # fmt: skip

DEVICE_ROWS = {
    "device.describe": Row(args(device="cpu")),
    "device.pick_device": Row(args()),
    "device.synchronize": Row(args(device="cpu")),
    "device.time_call": Row(
        args(function=fixed(dict), device="cpu", num_warmups=0, num_repeats=1)),
    "doctor.check": Row(args()),
    "doctor.table": Row(args(findings=()), findings=not_sequences | words | one([3])),
}  # fmt: skip

ON_META = one(ones(6, 2, device="meta"))
ENDPOINT = FLOATS | one(ones(3), ones(1, 2), with_nan(2))
CORNERS = FLOATS | one(ones(2, 2), ones(4, 3), ones(4), with_nan(4, 2))
INSPECTION_ROWS = {
    "inspection.dead_ratio": Row(
        args(model=net, X=points, layers=["2"], batch_size=4),
        X=not_tensors | one(ones(0, 2), torch.tensor(1.0)) | ON_META),
    "inspection.update_ratio": Row(args(model=net, parameters=["0.weight"])),
    "inspection.watch": Row(args(model=net, layers=["0"])),
    "inspection.regions.activation_patterns": Row(
        args(model=plain, X=points), X=FLOATS | one(ones(6), ones(6, 3), with_nan(6, 2))),
    "inspection.regions.bound_regions": Row(args(depth=2, width=4, num_inputs=2), width=COUNT),
    "inspection.regions.sawtooth": Row(args(num_folds=2)),
    **{f"inspection.regions.{name}": Row(
        args(model=plain, a=lambda: torch.zeros(2), b=lambda: ones(2)), a=ENDPOINT, b=ENDPOINT)
        for name in ("count_on_segment", "pieces_on_segment")},
    **{f"inspection.regions.{name}": Row(
        args(model=plain, corners=lambda: torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])),
        corners=CORNERS) for name in ("count_in_polygon", "regions_in_polygon")},
}  # fmt: skip

RELU, MAX_POOL = partial(nn.ReLU), partial(nn.MaxPool2d)  # not functions: passed on as they are
TABLE = (Conv(2, 3), Pool(2, 2))
LENET = {"num_classes": 3, "activation": RELU, "pool": MAX_POOL, "seed": 0}
NORM = partial(nn.BatchNorm2d)
BLOCK = {"in_channels": 4, "channels": 4, "stride": 1, "shortcut": "projection", "norm": NORM}
RESNET = {"num_classes": 3, "in_channels": 1, "shortcut": "pad", "norm": NORM, "zero_init": True,
          "seed": 0}  # fmt: skip
MODEL_ROWS = {
    "models.BasicBlock": Row(args(**BLOCK), channels=COUNT, stride=COUNT),
    "models.Bottleneck": Row(args(**BLOCK), channels=COUNT, stride=COUNT),
    "models.ConvNet": Row(
        args(rows=TABLE, hidden=(4,), in_channels=1, image_size=8, lrn=True, norm=NORM, dropout=0.5,
             dropout_first=False, **LENET),
        rows=ROWS_OF_NET | one([Pool(2, 2)])),
    "models.alexnet": Row(args(lrn=False, dropout=0.5, **LENET)),
    "models.alexnet_2012": Row(args(lrn=False, dropout=0.5, **LENET)),
    "models.alexnet_small": Row(
        args(in_channels=1, image_size=32, width=0.05, depth=6, pool_size=3, lrn=True, dropout=0.5,
             **LENET), depth=COUNT | one(5), image_size=COUNT | one(8)),
    "models.feature_size": Row(args(rows=TABLE, size=8), size=NATURAL),
    "models.lenet5": Row(args(image_size=16, **LENET), image_size=COUNT | one(8)),
    "models.lenet_teaching": Row(args(in_channels=1, image_size=16, dropout=0.5, **LENET)),
    "models.mlp": Row(
        args(sizes=(2, 3), activation=RELU, seed=0), sizes=WIDTHS | one([2])),
    "models.output_size": Row(
        args(size=8, kernel=3, stride=1, padding=0, dilation=1), size=NATURAL),
    "models.ResNet": Row(
        args(stages=(Stage(4, 1),), block=BasicBlock, stem="small", **RESNET),
        stages=not_sequences | words | one([], [3], [Stage(0, 1)], [Stage(4, 1.5)]),
        block=one(3, nn.Linear) | words | thing),
    "models.resnet": Row(args(depth=18, **RESNET), depth=COUNT | one(19)),
    "models.resnet_small": Row(
        args(depth=8, channels=4, **RESNET), depth=COUNT | one(2, 9), channels=COUNT),
    "models.small_rows": Row(
        args(width=0.1, depth=6, pool_size=3), depth=COUNT | one(5)),
    "models.summary": Row(
        args(model=net, input_size=(2,), dtype=torch.float32),
        input_size=WIDTHS | one((3,)), dtype=words | one(3) | thing),
    "models.vgg": Row(
        args(depth=11, in_channels=1, image_size=32, width=0.02, norm=NORM, dropout=0.5, **LENET),
        depth=COUNT | one(12), image_size=COUNT | one(31)),
    "models.vgg_rows": Row(args(depth=11, width=0.1), depth=COUNT | one(12)),
}  # fmt: skip

ACTIVATIONS = {"hardswish": {}, "mish": {}, "relu": {}, "selu": {}, "sigmoid": {}, "silu": {},
               "softplus": {}, "tanh": {}, "elu": {"alpha": 1.0}, "gelu": {"approximate": "tanh"},
               "leaky_relu": {"negative_slope": 0.1}, "prelu": {"weight": 0.1}}  # fmt: skip
WEIGHT = FLOATS | one(ones(3), ones(0, 2))
FILLED = FLOATS
SMOOTH = {"logits": lambda: torch.eye(3), "dim": 1}
DIM = INTEGER | one(2, -3)
PREDICTION = FLOATS | one(ones(5), ones(6, 1))
NN_ROWS = {
    **{f"nn.activations.{name}": Row(
        args(x=points, **settings), alpha=NUMBER,
        weight=words | thing | nan | one([1.0], ones(2, dtype=long), ones(3)))
        for name, settings in ACTIVATIONS.items()},
    "nn.activations.derivative": Row(
        args(function=fixed(square), x=points),
        function=FUNCTION | one(lambda x: x.sum(), lambda x: 3)),
    "nn.catalogue.curve": Row(
        args(function=fixed(square), low=-1.0, high=1.0, num_points=5),
        function=FUNCTION | one(lambda x: x.sum(), lambda x: 3), low=NUMBER | one(1.0),
        high=NUMBER | one(-1.0)),
    "nn.init.constant_": Row(
        args(weight=points, value=1.0, generator=torch.Generator), weight=FILLED, value=NUMBER),
    "nn.init.fan_in_and_out": Row(args(weight=points), weight=WEIGHT),
    "nn.init.init_model_": Row(
        args(model=net, scheme="kaiming_normal", generator=torch.Generator),
        model=MODEL | one(nn.ReLU()), scheme=CHOICE),
    "nn.init.normal_": Row(
        args(weight=points, mean=0.0, std=1.0, generator=torch.Generator), weight=FILLED),
    **{f"nn.init.kaiming_{kind}_": Row(
        args(weight=points, negative_slope=0.0, mode="fan_in", generator=torch.Generator),
        weight=WEIGHT)
        for kind in ("normal", "uniform")},
    **{f"nn.init.xavier_{kind}_": Row(
        args(weight=points, gain=1.0, mode="fan_in", generator=torch.Generator), weight=WEIGHT)
        for kind in ("normal", "uniform")},
    "nn.init.zero_init_residual_": Row(
        args(model=net, block_type=nn.Sequential, norm_name="1"),
        block_type=not_tensors | one(nn.Conv3d), norm_name=CHOICE),
    "nn.losses.bce_with_logits": Row(
        args(logits=stats, y=lambda: ones(6), reduction="mean"), logits=PREDICTION,
        y=not_tensors | one(ones(5), ones(6, 1), ones(6, device="meta"))),
    "nn.losses.mse": Row(
        args(y_hat=stats, y=lambda: ones(6), reduction="mean"), y_hat=PREDICTION,
        y=not_tensors | one(ones(5), ones(6, 1), ones(6, device="meta"))),
    "nn.losses.cross_entropy": Row(
        args(logits=lambda: ones(6, 3), y=classes, label_smoothing=0.1, reduction="mean"),
        logits=FLOATS | one(ones(6), ones(6, 0)),
        y=CLASSES | one(ones(6), ones(6, dtype=long, device="meta"))),
    "nn.losses.l2_penalty": Row(
        args(parameters=lambda: [ones(2)], weight_decay=0.1), parameters=PARAMETERS),
    "nn.losses.log_softmax": Row(args(**SMOOTH), dim=DIM),
    "nn.losses.logsumexp": Row(args(**SMOOTH), dim=DIM),
    "nn.losses.softmax": Row(args(temperature=1.0, **SMOOTH), dim=DIM),
    "nn.losses.softmax_jacobian": Row(args(p=stats), p=FLOATS | one(torch.tensor(1.0))),
    "nn.losses.softmax_naive": Row(args(**SMOOTH), dim=DIM),
    "nn.norm.BatchNorm": Row(args(num_features=2, momentum=0.1, eps=1e-5), momentum=UNIT),
    "nn.norm.batch_norm": Row(
        args(x=points, running_mean=lambda: ones(2), running_var=lambda: ones(2),
             weight=lambda: ones(2), bias=lambda: ones(2), training=True, momentum=0.1, eps=1e-5),
        x=FLOATS | one(ones(6), ones(0, 2), ones(1, 2)), momentum=UNIT),
    "nn.norm.fuse_conv_bn": Row(
        args(conv=lambda: nn.Conv2d(1, 2, 3), bn=lambda: nn.BatchNorm2d(2).eval()),
        conv=not_tensors | one(nn.ReLU(), nn.ConvTranspose2d(1, 2, 3)),
        bn=not_tensors | one(nn.ReLU(), nn.BatchNorm2d(2), nn.BatchNorm2d(3).eval())),
    "nn.norm.group_norm": Row(
        args(x=lambda: ones(2, 2, 4), num_groups=2, weight=lambda: ones(2), bias=lambda: ones(2),
             eps=1e-5), x=FLOATS | one(ones(6), ones(0, 2))),
    "nn.norm.instance_norm": Row(
        args(x=lambda: ones(2, 2, 4), weight=lambda: ones(2), bias=lambda: ones(2), eps=1e-5),
        x=FLOATS | one(ones(6), ones(0, 2), ones(2, 2, 1))),
    "nn.norm.layer_norm": Row(
        args(x=points, normalized_shape=(2,), weight=lambda: ones(2), bias=lambda: ones(2),
             eps=1e-5),
        x=FLOATS | one(ones(6)), normalized_shape=WIDTHS | one([], [3])),
}  # fmt: skip

STATE = FLOATS | one(ones(5))
STEP = {"g": stats, "lr": 0.1}
OPTIMIZERS = {
    "SGD": {}, "Nesterov": {"momentum": 0.9}, "Adagrad": {"eps": 1e-8},
    "Momentum": {"momentum": 0.9, "dampening": 0.0, "form": "gradient"},
    "RMSprop": {"alpha": 0.9, "eps": 1e-8},
    "Adam": {"betas": (0.9, 0.9), "eps": 1e-8, "bias_correction": True},
    "AdamW": {"betas": (0.9, 0.9), "eps": 1e-8, "bias_correction": True},
}  # fmt: skip
RULES = {
    "sgd_rule": {}, "adagrad_rule": {"s": stats, "eps": 1e-8},
    "adam_rule": {"m": stats, "v": stats, "t": 1, "betas": (0.9, 0.9), "eps": 1e-8,
                  "bias_correction": True},
    "adamw_rule": {"w": stats, "m": stats, "v": stats, "t": 1, "weight_decay": 0.1},
    "momentum_rule": {"b": stats, "t": 1, "momentum": 0.9, "dampening": 0.0},
    "velocity_rule": {"v": stats, "t": 1, "momentum": 0.9, "dampening": 0.0},
    "nesterov_rule": {"b": stats, "momentum": 0.9},
    "rmsprop_rule": {"v": stats, "alpha": 0.9, "eps": 1e-8},
}  # fmt: skip
WARMED = {"lr": 1.0, "num_warmup": 1}
OPTIM_ROWS = {
    **{f"optim.{name}": Row(
        args(params=lambda: [nn.Parameter(ones(2))], lr=0.1, weight_decay=0.0, **settings),
        form=CHOICE) for name, settings in OPTIMIZERS.items()},
    **{f"optim.{name}": Row(
        args(**STEP, **settings), b=STATE, m=STATE, s=STATE, v=STATE, w=STATE, settings=FREE,
        g=FLOATS if name == "sgd_rule" else STATE) for name, settings in RULES.items()},
    "optim.state_bytes": Row(
        args(optimizer=lambda: SGD([nn.Parameter(ones(2))])), optimizer=not_tensors),
    "optim.schedules.constant": Row(args(**WARMED)),
    "optim.schedules.inverse_sqrt": Row(args(**WARMED)),
    "optim.schedules.step_decay": Row(args(step_size=2, gamma=0.5, **WARMED)),
    **{f"optim.schedules.{name}": Row(
        args(num_steps=4, lr_min=0.1, **WARMED), num_steps=COUNT | one(1),
        num_warmup=NATURAL | one(4), lr_min=NONNEGATIVE | one(2.0))
        for name in ("cosine", "linear")},
    **{f"optim.surfaces.{name}": Row(args(points=points))
       for name in ("beale", "ravine", "rosenbrock", "saddle")},
    "optim.surfaces.trace_path": Row(
        args(surface=ravine, optimizer_factory=fixed(SGD), start=(1.0, 1.0), num_steps=2),
        optimizer_factory=FUNCTION | one(lambda params: 3), num_steps=NATURAL,
        start=not_sequences | one((1.0,), (1.0, float("nan")), (1.0, "a"))),
}  # fmt: skip

ARRAY = words | thing | one(["a"], torch.ones(2, 2, dtype=torch.complex64), ones(6))
LAYOUT = ARRAY | one(ones(6, 1))
PLOT_LABELS = words | thing | one(["a"], ones(5), ones(6, 2))
GRID = torch.linspace(-1, 1, 3)
ENERGY = (*torch.meshgrid(GRID, GRID, indexing="xy"), ones(3, 3), 0, 2)
ENERGIES = not_tensors | one((), (ones(2, 2),) * 5, (*ENERGY[:2], with_nan(3, 3), 0, 2),
                             (*ENERGY[:3], 2, 2), (*ENERGY[:3], 0.5, 2))  # fmt: skip
STEPS = not_numbers | one((0.0, 1.0), (1.0, 0.0, 0.1), (0.0, 1.0, -1.0))
PLOT_LIB_ROWS = {
    "plot_lib.acc": Row(
        args(l=lambda: ones(6, 3), y=classes), l=not_tensors | one(ones(6), ones(0, 3)),
        y=TARGETS | one(ones(6, 2, dtype=long))),
    "plot_lib.overwrite": Row(args(string="loss"), string=TEXT),
    "plot_lib.plot_2d_energy_levels": Row(
        args(X=points, y=classes, energy=ENERGY, v=(0.0, 2.0), l=(0.0, 2.0, 0.5)),
        X=LAYOUT, y=PLOT_LABELS, energy=ENERGIES, v=LIMITS, l=STEPS),
    "plot_lib.plot_3d_energy_levels": Row(
        args(X=points, y=classes, energy=ENERGY, v=(0.0, 2.0), l=(0.0, 2.0, 0.5),
             cbl=(0.0, 2.0, 0.5)),
        X=LAYOUT, y=PLOT_LABELS, energy=ENERGIES, v=LIMITS, l=STEPS, cbl=STEPS),
    "plot_lib.plot_bases": Row(
        args(bases=lambda: torch.eye(4)[:, :2], plotting=True, width=0.1),
        bases=ARRAY | one(with_nan(4, 2), ones(3, 2)), plotting=words | thing | one(-1.0)),
    "plot_lib.plot_data": Row(
        args(X=points, y=classes, d=0, auto=True, zoom=1.0, title="t"),
        X=LAYOUT, y=PLOT_LABELS, d=FREE, auto=FLAG, zoom=POSITIVE),
    "plot_lib.plot_embeddings": Row(
        args(X=points, y=classes, model=lambda: mlp([2, 2, 3], None), zoom=1.0),
        X=LAYOUT, y=PLOT_LABELS, zoom=POSITIVE,
        model=MODEL | one(nn.ReLU(), nn.Sequential(nn.ReLU()))),
    "plot_lib.plot_model": Row(
        args(X=points, y=classes, model=plain), X=LAYOUT,
        y=PLOT_LABELS | one(ones(6, dtype=long) * 3),
        model=FUNCTION | one(lambda x: 3, lambda x: x[:, :1])),
    "plot_lib.plot_state": Row(
        args(data=lambda: ones(1, 3, 4), state=lambda: ones(3, 1, 2), b=0,
             decoder=fixed(lambda x: "BE")),
        data=ARRAY, state=ARRAY, b=NATURAL | one(1),
        decoder=FUNCTION | one(lambda x: "BEBEB", lambda x: 3, lambda x: [3])),
    "plot_lib.print_colourbar": Row(args()),
    "plot_lib.set_default": Row(args(figsize=(4, 3), dpi=50), dpi=POSITIVE),
    "plot_lib.show_mat": Row(
        args(mat=points, vect=lambda: ones(2), prod=lambda: ones(6), threshold=-1.0),
        mat=ARRAY | one(ones(0, 2)), vect=ARRAY, prod=(ARRAY | one(ones(5))).filter(
            lambda v: getattr(v, "shape", None) != (6,)), threshold=NUMBER | one(1.0)),
    "plot_lib.show_scatterplot": Row(
        args(X=points, colors="red", title="t", axis=True), X=LAYOUT, axis=FLAG,
        colors=words.map("无".__add__) | thing | one(
            ones(5), ones(6, 2), 2 * ones(6, 3), ones(6, 5))),
}  # fmt: skip

MATRIX = words | thing | one(ones(6), ones(0, 2), 3)
NUMBERS = words | thing | one(ones(0))
PATHS = not_sequences | words | one([3], [ones(3)], [ones(3, 3)], [ones(0, 2)])
TWO_NAMES = not_sequences | one(["a"], ["a", "b", "c"])
KERNEL = {"X": points, "kernel": lambda: ones(2, 1), "stride": 1, "padding": 0}
GRIDS = not_tensors | one(ones(6), ones(0, 2), ones(6, 2).to(torch.complex64))
PLACE = not_sequences | words | one((0,), (9, 0), (-1, 0), ("a", 0), (0.5, 0))
SIZES = not_sequences | words | one((-1,), (2.5,), ("a",))
PLOTTING_ROWS = {
    "plotting.animate_kernel": Row(
        args(positions=((0, 0),), **KERNEL), X=GRIDS, kernel=GRIDS | one(ones(9, 9)),
        positions=not_sequences | one([], [(9, 9)], [3], [(0, 0)] * 13, [(0, 0), (9, 9)])),
    "plotting.animate_regions": Row(
        args(models=lambda: [plain(), plain()], X=points, y=classes, titles=("a", "b")),
        models=not_sequences | words | one([], [3, 3], [nn.ReLU()]), titles=TWO_NAMES,
        X=POINTS | one(ones(0, 2), with_nan(6, 2)), y=LABELS | one(-ones(6, dtype=long))),
    "plotting.animate_trajectory": Row(
        args(surface=ravine, paths=lambda: [points(), points()], labels=("a", "b"), stops=(0, 1)),
        paths=PATHS | one([]), labels=TWO_NAMES,
        stops=not_sequences | words | one([], [2, 1], [-1], [0.5], list(range(20)))),
    "plotting.draw_ablation": Row(args(table=ablation, ax=axes), table=not_tensors),
    "plotting.draw_band": Row(
        args(values=points, ax=axes, x=(1.0, 2.0), label="a", smooth=1), values=MATRIX,
        x=not_numbers | one((1.0,))),
    "plotting.draw_cubes": Row(args(tensors=((2,), (2, 2)), ax=axes), tensors=one(
        (), (3,), ("a",), ((13,),), ((0,),), ((1, 1, 1, 1),), ((2.5,),), (Thing(),))),
    "plotting.draw_graph": Row(
        args(function=fixed(lambda x: x * x), ax=axes, digits=2, inputs=lambda: {"x": 2.0}),
        function=FUNCTION | one(lambda x: 3, lambda x: torch.ones(2) * x),
        inputs=one({"x": "a"}, {"x": [1.0]}, {"x": ones(2)}, {"x": None})),
    "plotting.draw_heatmap": Row(
        args(values=points, ax=axes, row_labels=("a",) * 6, col_labels=("a", "b"), text="{:.1f}",
             colorbar="a"),
        values=MATRIX, row_labels=TWO_NAMES, col_labels=not_sequences | one(["a"]),
        text=one(3, "{:q}") | thing, colorbar=TEXT),
    "plotting.draw_histogram": Row(
        args(values=points, ax=axes, bins=3, label="a"), values=NUMBERS | one(with_nan(6, 2))),
    "plotting.draw_images": Row(
        args(X=images, labels=["a", "b"], ax=axes, num_cols=2, title="a"),
        X=one(ones(2, 8, 8), ones(0, 1, 8, 8), ones(2, 2, 8, 8), with_nan(2, 1, 4, 4)) | thing,
        labels=one(["a"]), title=TEXT),
    "plotting.draw_kernel_step": Row(
        args(position=(0, 0), ax=axes, **KERNEL), X=GRIDS, kernel=GRIDS | one(ones(9, 9)),
        position=PLACE),
    "plotting.draw_layers": Row(
        args(model=lambda: nn.Sequential(nn.Linear(2, 3)), shape=(2,), ax=axes),
        shape=WIDTHS | one((3,))),
    "plotting.draw_network": Row(
        args(sizes=plain, ax=axes, x=lambda: ones(2), weights=True, labels=("a", "b", "c"),
             highlight=(1, 0)),
        sizes=WIDTHS | one([2], nn.Sequential(nn.ReLU()), nn.Conv2d(1, 1, 1)),
        x=FLOATS | one(ones(3), ones(1, 2)), labels=TWO_NAMES.filter(
            lambda v: v != ["a", "b", "c"]) | one([3, 3, 3], [None, ["a"], None]),
        weights=words | thing | one(3, [], [ones(2, 2)], [ones(2, 2)] * 2, [3, 3]),
        highlight=not_sequences | words | one((1,), (9, 0), (1, 9), (0.5, 0), ("a", 0))),
    "plotting.draw_regions": Row(
        args(model=plain, X=points, y=classes, ax=axes, resolution=4, s=5, labels=("a", "b", "c")),
        model=MODEL | one(nn.Flatten(0)), X=POINTS | one(ones(0, 2), with_nan(6, 2)),
        y=LABELS | one(-ones(6, dtype=long)), labels=not_sequences | one(["a"])),
    "plotting.draw_scatter": Row(
        args(X=points, y=classes, ax=axes, s=5, labels=("a", "b", "c")), X=POINTS,
        y=LABELS | one(-ones(6, dtype=long)), labels=not_sequences | one(["a"])),
    "plotting.draw_shapes": Row(
        args(shapes=((3, 1), (4,)), ax=axes, labels=("a", "b")), labels=TWO_NAMES,
        shapes=one((), ((2,),), (3, 3), ("a", "b"), ((-1,), (2,)), ((2.5,), (2,)),
                   (Thing(), (2,)))),
    "plotting.draw_sweep": Row(
        args(lrs=(0.1, 0.2), values=lambda: ones(2, 3), ax=axes, label="a"),
        lrs=words | thing | one((0.1, -0.2), (0.1,), ((0.1, 0.2),), (0.1, float("nan"))),
        values=MATRIX | one(ones(3, 3))),
    "plotting.draw_trajectory": Row(
        args(surface=ravine, paths=lambda: [points(), points()], ax=axes, labels=("a", "b"),
             mark_every=1),
        paths=PATHS, labels=TWO_NAMES, mark_every=COUNT),
    "plotting.draw_vectors": Row(
        args(vectors=points, ax=axes, labels=("a",) * 6, chained=False), chained=FLAG,
        vectors=POINTS | one(ones(0, 2), with_nan(6, 2), [[1, 2], [3]]), labels=TWO_NAMES),
    "plotting.draw_warped_grid": Row(
        args(function=fixed(square), ax=axes, limit=1.0, num_lines=3), limit=POSITIVE,
        function=FUNCTION | one(lambda x: 3, lambda x: x[:, :1])),
    "plotting.style": Row(args(mode="light")),
    "plotting.subplots": Row(args(num_rows=1, num_cols=2, figsize=(4, 3))),
    "plotting.use_chinese": Row(args()),
}  # fmt: skip

RATES = words | thing | nan | negative | one({}, [], [-1.0], ["a"], [float("nan")], [0.1, 0.1])
NOT_A_SET = not_tensors | one({}, {"甲": 3, "乙": 3}, {"甲": make_model})
RUN = {
    "num_epochs": 1,
    "optimizer": "sgd",
    "schedule": fixed(constant_rate),
    "batch_size": 4,
    "options": lambda: {"momentum": 0.9},
}
MANY = {"seeds": (0, 1), "lr": 0.1, "valid": pair, "device": "cpu", **RUN}
FED = {"model": net, "X": points, "y": classes}
SETTINGS = one({"momentumm": 0.9}, {"momentum": -1.0}, {"weight_decay": "a"})
RULE = CHOICE | one(SGD([nn.Parameter(ones(2))]))
TRAINING_ROWS = {
    "training.Augmented": Row(
        args(model=net, options=lambda: {"crop": 1}),
        options=one({"crops": 1}, {"crop": -1}, {"flip": "a"})),
    "training.ablate": Row(
        args(variants=lambda: {"甲": make_model, "乙": make_model}, data=pair, test=pair,
             num_search=1, margin=0.1, allow_edge=True, **MANY),
        variants=NOT_A_SET, lr=RATES, optimizer=RULE, options=SETTINGS),
    "training.accuracy": Row(args(**FED), y=TARGETS | one(ones(6))),
    "training.bca_interval": Row(
        args(differences=stats, confidence=0.9, seed=0, num_resamples=20), differences=SAMPLE),
    "training.compare": Row(
        args(a=stats, b=lambda: stats(0.1), margin=0.1, names=("甲", "乙"), ranks=False),
        a=SAMPLE | one(ones(5)), b=SAMPLE | one(ones(5)), ranks=FLAG | one(True),
        names=not_sequences | one(("甲",), ("甲", "甲"), ("甲", "乙", "丙"))),
    "training.compare_all": Row(
        args(results=lambda: {"甲": stats(), "乙": stats(0.1)}, baseline="甲", margin=0.1,
             ranks=False),
        results=not_tensors | one({}, {"甲": ones(6)}, {"甲": 3, "乙": 3},
                                  {"甲": ones(6), "乙": ones(5)}),
        baseline=CHOICE, ranks=FLAG | one(True)),
    "training.confusion_matrix": Row(args(**FED), y=CLASSES | one(ones(6))),
    "training.detectable_difference": Row(
        args(std=0.1, num_pairs=8, level=0.05, power=0.8), power=INSIDE_UNIT | one(0.01)),
    "training.error_correlation": Row(
        args(right=lambda: torch.tensor([[True, True, False], [True, False, True]])),
        right=FLOATS | one(ones(2, 3), ones(3).bool(), ones(1, 3).bool(), ones(2, 3).bool())),
    "training.evaluate": Row(args(loss_fn=fixed(loss_of), batch_size=4, **FED)),
    "training.fit": Row(
        args(valid=pair, lr=0.1, seed=0, eval_every=1, loss_fn=fixed(loss_of), progress=False,
             on_epoch=fixed(lambda epoch, model: None), **FED, **RUN),
        optimizer=RULE, options=SETTINGS,
        valid=PAIR | one((ones(6, 2), 3 * ones(6, dtype=long)))),
    "training.fit_seeds": Row(
        args(make_model=fixed(make_model), data=pair, eval_every=1, loss_fn=fixed(loss_of),
             stack=False, progress=False, **MANY),
        make_model=FUNCTION | one(lambda seed: 3), lr=RATES, optimizer=RULE, options=SETTINGS),
    "training.holm": Row(
        args(p_values=stats), p_values=FLOATS | one(ones(6, 2), ones(0), 2 * ones(6), with_nan(6))),
    "training.reliability": Row(
        args(probs=lambda: ones(2, 6, 3) / 3, y=classes, num_bins=5),
        probs=FLOATS | one(ones(6), 2 * ones(6, 3), -ones(6, 3), ones(0, 3), with_nan(6, 3)),
        num_bins=COUNT),
    "training.run_grid": Row(
        args(function=fixed(lambda seed: {"loss": seed}), folder=fixed(None), progress=False,
             grid=lambda: {"seed": [0, 1]}),
        function=FUNCTION, folder=FREE, progress=FREE,
        grid=one({})),
    "training.make_factory": Row(
        args(network=fixed(plain), init="kaiming_normal", augmentation=lambda: {"crop": 1}),
        network=FUNCTION, init=CHOICE, augmentation=not_tensors | one({"crops": 1}, {"crop": -1}),
        settings=FREE),
    "training.make_optimizer": Row(
        args(optimizer="sgd", params=lambda: [nn.Parameter(ones(2))], lr=0.1,
             options=lambda: {"momentum": 0.9}), options=SETTINGS),
    "training.mean_std": Row(args(values=stats, digits=2), digits=NATURAL),
    "training.predict": Row(
        args(model=net, X=points, batch_size=4),
        X=not_tensors | one(ones(0, 2), torch.tensor(1.0))),
    "training.probability_greater": Row(
        args(a=stats, b=stats), a=VECTOR | one(with_nan(6), ones(5)),
        b=VECTOR | one(with_nan(6), ones(5))),
    "training.sign_flip_test": Row(
        args(differences=stats, alternative="less"), differences=SAMPLE),
    "training.steps_to_target": Row(
        args(curves=points, target=0.5, steps=(1, 2), mode="max"),
        curves=not_tensors | one(ones(6), ones(0, 2)), target=nan | not_numbers,
        steps=not_sequences | words | one((1,), (2, 1), ("a", "b"), (1, float("nan")))),
    "training.summarize": Row(args(values=stats)),
}  # fmt: skip

TABLE_OF_ALL = (DATA_ROWS | DEVICE_ROWS | INSPECTION_ROWS | MODEL_ROWS | NN_ROWS | OPTIM_ROWS
                | PLOT_LIB_ROWS | PLOTTING_ROWS | TRAINING_ROWS)  # fmt: skip

# --- Reading the table ----------------------------------------------------------------------------


def public() -> dict[str, Callable]:
    """Every callable in the packages' `__all__`, by its name below `dlnotes`."""
    found = {}
    for package in PACKAGES:
        module = importlib.import_module(f"dlnotes.{package}")
        for name in module.__all__:
            value = getattr(module, name)
            if callable(value) and not isinstance(value, ModuleType):
                found[f"{package}.{name}"] = value
    return found


PUBLIC = public()


def parameters(name: str) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(PUBLIC[name]).parameters)


def kind_of(name: str, parameter: str) -> st.SearchStrategy | None:
    """The wrong values; `None` is one where it is not the default nor in the annotation."""
    kind = TABLE_OF_ALL[name].kinds.get(parameter, KINDS.get(parameter))
    declared = parameters(name)[parameter]
    variadic = declared.kind in (declared.VAR_POSITIONAL, declared.VAR_KEYWORD)
    if kind in (None, FREE) or variadic or "None" in f"{declared.annotation}{declared.default}":
        return kind
    return kind | st.none()


CASES = [
    (name, parameter)
    for name in sorted(set(TABLE_OF_ALL) & set(PUBLIC))
    for parameter in parameters(name)
    if kind_of(name, parameter) not in (None, FREE)
]


def call(name: str, arguments: dict) -> None:
    bound = inspect.signature(PUBLIC[name]).bind_partial()
    bound.arguments.update(arguments)
    result = PUBLIC[name](*bound.args, **bound.kwargs)
    if isinstance(result, FuncAnimation):
        result._draw_was_started = True  # silence the warning about an unused animation
    if isinstance(result, contextlib.AbstractContextManager) and not isinstance(result, nn.Module):
        with result:
            pass


def frozen(value: object) -> object:
    """What can be compared later: bytes of tensors, states of models, artists of axes."""
    if isinstance(value, Tensor):
        data = value.detach()
        return tuple(data.shape), data.dtype, None if data.is_meta else data.numpy().tobytes()
    if isinstance(value, nn.Module):
        hooks = [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in value.modules()]
        modes = [m.training for m in value.modules()]
        grads = [p.grad is None for p in value.parameters()]
        return frozen(value.state_dict()), hooks, modes, grads
    if isinstance(value, torch.Generator):
        return frozen(value.get_state())
    if isinstance(value, dict):
        return {key: frozen(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [frozen(item) for item in value]
    return len(value.get_children()) if isinstance(value, Axes) else id(value)


def world() -> tuple:
    """The random states, the open figures and the settings of matplotlib, fonts aside."""
    settings_now = {k: v for k, v in mpl.rcParams.copy().items() if k != "font.family"}
    states = torch.get_rng_state().numpy().tobytes(), np.random.get_state()[1].tobytes()
    return *states, random.getstate(), plt.get_fignums(), settings_now


def is_told(value: object, message: str) -> bool:
    """Whether the message shows what was received: its value, or its shape, type or size."""
    if inspect.isfunction(value) or isinstance(value, nn.Module | torch.optim.Optimizer):
        return True  # what counts is what came out of it, or what is in it
    options = [repr(value)]
    if isinstance(value, int | float):
        options.append("收到 ()")  # a number where an array is wanted has no dimensions
    if isinstance(value, Tensor):
        options += [
            str(tuple(value.shape)),
            str(value.dtype).removeprefix("torch."),
            "NaN",
            "nan",
            "无穷大",
        ]
        options += ["meta"] if value.is_meta else extremes(value)
    elif isinstance(value, tuple | list | dict):
        items = [*value, *value.values()] if isinstance(value, dict) else value
        options += ["收到空", "收到 ()", repr(list(value))] if not value else []
        if any(is_told(item, message) for item in items):
            return True
    if isinstance(value, Tensor | tuple | list | dict):
        size = 0 if isinstance(value, Tensor) and value.ndim == 0 else len(value)
        options += re.findall(rf"(?<![\d.]){size}(?![\d.])", message)
    return any(option in message for option in options)


def extremes(value: Tensor) -> list[str]:
    if value.is_complex() or not value.numel():
        return []
    low, high = value.min(), value.max()
    return [f"{low} 到 {high}", f"最大 {high}", f"收到 {low}", str(value.tolist())]


def complain(name: str, parameter: str, arguments: dict) -> None:
    """Fail unless the call names the parameter and the value, and touches nothing."""
    value = arguments[parameter]
    before = frozen(arguments), world()
    with pytest.raises((TypeError, ValueError)) as caught:
        call(name, arguments)
    message = str(caught.value)
    assert re.search(rf"(?<![A-Za-z_]){re.escape(parameter)}(?![A-Za-z])", message), message
    assert re.search("[\u4e00-\u9fff]", message), message
    assert is_told(value, message), f"{value!r} is not told in: {message}"
    assert (frozen(arguments), world()) == before


# --- Tests ----------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _settings_kept():
    with mpl.rc_context():  # the Chinese font stays registered otherwise
        yield


def test_every_public_function_has_a_row_and_every_parameter_a_kind():
    missing = set(PUBLIC) - set(TABLE_OF_ALL) - set(EXEMPT)
    assert not missing, f"no row: {sorted(missing)}"
    stale = (set(TABLE_OF_ALL) | set(EXEMPT)) - set(PUBLIC)
    assert not stale, f"no such function: {sorted(stale)}"
    unkind = [(n, p) for n in TABLE_OF_ALL for p in parameters(n) if kind_of(n, p) is None]
    assert not unkind, f"no kind: {unkind}"


def test_every_row_gives_every_parameter_that_is_tested():
    given_names = {name: set(row.arguments()) for name, row in TABLE_OF_ALL.items()}
    left_out = [(n, p) for n, p in CASES if p not in given_names[n] and p != "generator"]
    assert not left_out, left_out


@pytest.mark.parametrize("name", sorted(TABLE_OF_ALL))
def test_good_arguments_are_accepted(name):
    axes.cache_clear()
    with torch.random.fork_rng([]):
        call(name, TABLE_OF_ALL[name].arguments())
    axes.cache_clear()


@pytest.mark.parametrize(("name", "parameter"), CASES)
@settings(max_examples=12, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(data=st.data())
def test_a_wrong_argument_is_named_and_nothing_is_done(name, parameter, data):
    arguments = TABLE_OF_ALL[name].arguments()
    arguments[parameter] = data.draw(kind_of(name, parameter))
    if parameter == "generator" and "seed" in arguments:
        del arguments["seed"]
    if "ax" in arguments and parameter != "ax" and data.draw(st.booleans()):
        arguments["ax"] = None  # then a figure must not be opened either
    complain(name, parameter, arguments)


def draws(x: float) -> None:
    torch.rand(1)
    at_least("x", x, 0)


def opens(x: float) -> None:
    plt.figure()
    at_least("x", x, 0)


def hushed(x: float) -> None:
    raise ValueError(f"x 应为正数（{x > 0}）")


def english(x: float) -> None:
    raise ValueError(f"bad x {x}")


@pytest.mark.parametrize("function", [draws, opens, hushed, english, lambda x: None])
def test_the_table_sees_functions_that_explain_nothing_or_leave_something_half_done(
    function, monkeypatch
):
    monkeypatch.setitem(PUBLIC, "wrong", function)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        complain("wrong", "x", {"x": -1.0})


def test_the_table_accepts_a_function_that_explains(monkeypatch):
    monkeypatch.setitem(PUBLIC, "right", lambda x: one_of("x", x, ("甲",)))
    complain("right", "x", {"x": "乙"})


def test_wrong_classes_leave_a_model_in_evaluation_mode_as_it_was():
    model = net().eval()
    y_wrong = torch.tensor([0, 1, 2, 0, 1, 3])
    complain("training.fit", "y", {"model": model, "X": points(), "y": y_wrong, "num_epochs": 1})


def test_good_arguments_stay_as_they_are_in_functions_that_only_look():
    data = spiral(10, seed=0)
    before = frozen(data)
    call("plotting.draw_scatter", {"X": data[0], "y": data[1]})
    assert frozen(data) == before
