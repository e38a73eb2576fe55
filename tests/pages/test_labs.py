"""The labs: every task can be failed and passed, the notebooks run, a broken cell is named."""

import contextlib
import copy
import functools
import io
import re
from pathlib import Path

import nbformat
import pytest
import torch
from nbformat import NotebookNode
from torch import nn

from conftest import ROOT
from dlnotes_site.pages import prose, typography
from dlnotes_site.project import Project
from dlnotes_site.tasks import labs as source
from dlnotes_site.weave.lab_notebooks import solved, student

PROJECT = Project(ROOT)


def book(text: str) -> NotebookNode:
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    return notebook


def answers(path: Path) -> NotebookNode:
    return book(solved(PROJECT, path, None, str))


PATHS = source.paths(ROOT)
TASKS = [(path, name) for path in PATHS for name, _ in source.tasks(source.read(path))]
IDS = {"ids": lambda value: value.stem if isinstance(value, Path) else value.replace("任务 ", "")}


def run(cell, namespace: dict) -> None:
    exec(compile(cell.source, f"<{cell.source.splitlines()[0]}>", "exec"), namespace)


def is_code(cell) -> bool:
    return cell.cell_type == "code" and "install" not in cell.metadata.get("tags", [])


SPIRAL = """\
def make_spiral(num_per_class, noise, seed):
    generator = torch.Generator().manual_seed(seed)
    t = torch.linspace(0, 1, num_per_class)
    theta = 2 * math.pi / 3 * (torch.arange(3)[:, None] + 2 * t)
    theta = theta + noise * torch.randn(3, num_per_class, generator=generator)
    X = torch.stack((t * theta.sin(), t * theta.cos()), dim=-1)
    return X.reshape(-1, 2), torch.arange(3).repeat_interleave(num_per_class)
"""
"""Without a loop: other random draws than the answer's, and as right."""

BATCHES = """\
def batches(X, y, batch_size, generator):
    order = torch.randperm(len(X), generator=generator)
    return [(X[order[i : i + batch_size]], y[order[i : i + batch_size]])
            for i in range(0, len(X), batch_size)]
"""

LOOP = """\
def mended_{n}(model, X, y, lr, num_epochs):
    {start}
    losses = []
    for _ in range(num_epochs):
        {epoch}
        for index in torch.randperm(len(X)).split({batch}):
            {batch_start}
            loss = F.cross_entropy(model(X[index]), y[index])
            loss.backward()
            {step}
            losses.append(loss.item())
    return losses
"""


def loop(n: int, why: str, *, start="pass", epoch="pass", batch_start="optimizer.zero_grad()",
         step="optimizer.step()", batch=32) -> str:  # fmt: skip
    """A whole answer to a broken loop of lab 3."""
    body = LOOP.format(n=n, start=start, epoch=epoch, batch_start=batch_start, step=step,
                       batch=batch)  # fmt: skip
    return f'why_{n} = "{why}"\n\n\n{body}'


def broken(n: int, why: str, lr: str = "lr", num_epochs: str = "num_epochs") -> str:
    """The loop as it was, at most with other settings: the symptom is mended, if anything."""
    return f"""\
why_{n} = "{why}"


def mended_{n}(model, X, y, lr, num_epochs):
    return broken_{n}(model, X, y, {lr}, {num_epochs})
"""


SGD = "optimizer = torch.optim.SGD(model.parameters(), lr=lr)"
MOMENTUM = "optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)"
HEAD = "model[-1] = nn.Linear(50, 10)"
ADAM = "optimizer = torch.optim.Adam(model.parameters(), lr=lr)"
ONCE = "order = torch.randperm(len(X))\n    X, y = X[order], y[order]\n    return"
COSINE = "scheduler = torch.optim.lr_scheduler.CosineAnnealingLR"
CLIP = "nn.utils.clip_grad_norm_(model.parameters(), 1.0)"
KEPT = f"{ADAM}; state and optimizer.load_state_dict(state[-1])"
"""A new optimizer for each step that is given the books of the one before."""
BY_HAND = ("scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: "
           "0.5 * (1 + torch.tensor(torch.pi * n / num_epochs).cos().item()))")  # fmt: skip
STOPPED = "scheduler.last_epoch < num_epochs and scheduler.step()"
"""No learning rate that rises again: it falls to 0 in the first of the epochs and stays there."""

RATES = "0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0"
GRID = "0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3"

SEQUENTIAL = """\
class LeNet(nn.Module):
    def __init__(self, num_classes, image_size=32):
        super().__init__()
        side = ((image_size - 4) // 2 - 4) // 2
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.AvgPool2d(2), nn.Tanh(),
            nn.Conv2d(6, 16, 5), nn.ReLU(inplace=True), nn.AvgPool2d(2), nn.Flatten())
        self.head = nn.Sequential(
            nn.Linear(16 * side**2, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(),
            nn.Linear(84, num_classes))

    def forward(self, X):
        return self.head(self.features((X - 0.25) / 0.25))
"""
"""Another style, other activations and another pooling, and as right."""

LOADER = """\
def train(model, train_set, valid_set, num_epochs, lr, seed, augment=None):
    from torch.utils.data import DataLoader, TensorDataset
    loader = DataLoader(TensorDataset(*train_set), batch_size=50, shuffle=True,
                        generator=torch.Generator().manual_seed(seed))
    optimizer = torch.optim.Adam(model.parameters(), lr)
    losses, scores, best, top = [], [], None, -1.0
    for epoch in range(num_epochs):
        model.train()
        total = 0.0
        for X_batch, y_batch in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(augment(X_batch) if augment else X_batch), y_batch)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y_batch)
        model.eval()
        losses.append(total / len(train_set[0]))
        scores.append(accuracy(model, *valid_set))
        if scores[-1] > top:
            top, best = scores[-1], {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(best)
    return losses, scores
"""

UNTRAINED = """\
lenet, linear = LeNet(K), nn.Sequential(nn.Flatten(), nn.Linear(1024, K))
report = {"LeNet": accuracy(lenet, X_test, y_test), "线性": accuracy(linear, X_test, y_test)}
"""

SHIFT = """\
def shift(X, n):
    return {shifted}


def add_noise(X, sigma, seed):
    generator = torch.Generator().manual_seed(seed)
    return {noisy}


curves = {{name: [0.9] * 5 for name in strengths}}
"""

MENDED = """\
def tilt(X):
    return rotate(X, {angles})


plain, mended = copy.deepcopy(lenet), copy.deepcopy(lenet)
train(mended, train_set, valid_set, num_epochs=1, lr=0.003, seed=1, augment=tilt)
{control}
gain = accuracy(mended, {exam}) - accuracy(plain, {exam})
"""
CONTROL = "train(plain, train_set, valid_set, num_epochs=1, lr=0.003, seed=1)"
ANGLES = "60 * torch.rand(len(X)) - 30"

BOOKS = """\
class Budget:
    def __init__(self, limit, run):
        self.limit = limit
        self.train = run
        self.books = {}

    @property
    def log(self):
        return list(self.books.values())

    @property
    def used(self):
        return sum(dict(key)["steps"] for key in self.books)

    def trial(self, **setting):
        key = tuple(sorted(setting.items()))
        if key not in self.books:
            if self.used + setting["steps"] > self.limit:
                raise RuntimeError(f"left: {self.limit - self.used}")
            self.books[key] = dict(self.train(**setting), setting=dict(setting))
        return self.books[key]
"""
"""Another account: it adds up what its records cost, and is as right."""

SHARED = """\
class Exam:
    opened = {opened}

    def __init__(self, X, y):
        self.pair = (X, y)

    def score(self, models):
        if {again}:
            raise RuntimeError("opened")
        {note}
        return {{name: torch.tensor([accuracy(model, *self.pair) for model in group])
                for name, group in models.items()}}
"""
"""A lock written differently: of one object, or of the whole class."""

OFF_THE_BOOKS = """\
expected = -math.log(0.1)
first = F.cross_entropy(make_net(0)(X_train), y_train).item()
setting = dict(lr=0.15, decay=0.0, steps=100, seed=0, num_images=300)
small = {"setting": setting, **run(**setting)}
"""

MASKED = """\
def optimism(right, n, num_images, generator):
    gaps = []
    for _ in range(400):
        rows = torch.rand(len(right), generator=generator).argsort()[:n]
        columns = torch.rand(right.shape[1], generator=generator).argsort()[:num_images]
        seen = right[rows][:, columns].mean(dim=1)
        gaps.append(seen.max() - right[rows[seen.argmax()]].mean())
    return torch.stack(gaps).mean().item()


bias = {n: optimism(right, n, 200, torch.Generator().manual_seed(n)) for n in (8, 4, 2, 1)}
"""
"""Other draws than the answer's, and as right."""

WHOLE = ""
"""The part of the answer that is all of it."""

VARIANTS = [  # lab, task, part of the answer, what a reader may write instead, right or wrong
    ("lab1", 1, "torch.tensor(rows, dtype=torch.float32)", "torch.tensor(rows).float()", True),
    ("lab1", 1, ", dtype=torch.float32", "", False),
    ("lab1", 1, "0.1, 0.4, 4", "0, 0.4, 4", False),
    ("lab1", 2, "scores[2, 0].item()", "int(scores[2, 0])", True),
    ("lab1", 2, "scores[[0], :]", "scores[:1]", True),
    ("lab1", 2, "scores[:, 2:]", "scores[:, 1:3]", False),
    ("lab1", 3, "scores @ groups.float()",
     "(scores[:, :, None] * groups).sum(dim=1)", True),
    ("lab1", 3, "scores @ groups.float()", "scores @ groups.flip(1).float()", False),
    ("lab1", 3, "scores @ scores.T", "scores @ scores.T / 4", False),
    ("lab1", 4, "(y_hat[:, 0] - y) ** 2", "(y_hat - y[:, None]) ** 2", True),
    ("lab1", 4, "(y_hat[:, 0] - y) ** 2", "(y_hat - y) ** 2", False),
    ("lab1", 4, "scores.std(dim=0)", "scores.std(dim=0, unbiased=False)", False),
    ("lab1", 4, "(scores - scores.mean(dim=0))", "(scores.mean(dim=0) - scores)", False),
    ("lab1", 4, "total[:, None] - total[None, :]", "total[None, :] - total[:, None]", False),
    ("lab1", 5, "2 / len(X) * X.T @ (X @ w - y)",
     "((X @ w - y)[:, None] * X).mean(dim=0) * 2", True),
    ("lab1", 5, "2 / len(X)", "1 / len(X)", False),
    ("lab1", 6, "            x.grad = None",
     "            x.grad = torch.zeros_like(x)", True),
    ("lab1", 6, "x.grad.item()", "x.grad.clone()", False),
    ("lab1", 6, "        if reset:\n            x.grad = None\n", "", False),
    ("lab1", 7, WHOLE, BATCHES, True),
    ("lab1", 7, ", generator=generator)", ")", False),
    ("lab1", 7, "generator=generator", "generator=torch.Generator().manual_seed(2)", False),
    ("lab1", 7, "generator=generator",
     "generator=torch.Generator().manual_seed(generator.initial_seed())", False),
    ("lab1", 7, "y[index]", "y[index.sort().values]", False),
    ("lab1", 8, "            w.grad = b.grad = None\n",
     "            w.grad.zero_()\n            b.grad.zero_()\n", True),
    ("lab1", 8, "            w.grad = b.grad = None\n", "", False),
    ("lab1", 8, "w.grad = b.grad = None", "w.grad = None", False),
    ("lab1", 8, ".mean()", ".sum() / 32", False),
    ("lab1", 8, "torch.zeros(2, requires_grad=True)", "torch.ones(2, requires_grad=True)", False),
    ("lab1", 8, "b -= lr * b.grad", "pass", False),
    ("lab1", 8, "batches(X, y, batch_size, generator)",
     "batches(X, y, batch_size, torch.Generator().manual_seed(seed))", False),
    ("lab1", 9, "nn.Linear(2, 1)\n", "nn.Linear(2, 1, dtype=torch.float32)\n", True),
    ("lab1", 9, "model(X_batch)[:, 0], y_batch", "model(X_batch), y_batch[:, None]", True),
    ("lab1", 9, "            optimizer.zero_grad()\n", "", False),
    ("lab1", 9, "    nn.init.zeros_(model.weight)\n", "    nn.init.ones_(model.weight)\n", False),
    ("lab1", 9, "torch.ones(1, 2)", "torch.ones(1, 2) / 2", False),
    ("lab2", 1, WHOLE, SPIRAL, True),
    ("lab2", 1, "return torch.cat(arms), torch.arange(3).repeat_interleave(num_per_class)",
     "return torch.stack(arms, dim=1).reshape(-1, 2), torch.arange(3).repeat(num_per_class)", True),
    ("lab2", 1, ".repeat_interleave(num_per_class)", ".repeat(num_per_class)", False),
    ("lab2", 1, "generator=generator)", "generator=generator.manual_seed(seed))", False),
    ("lab2", 1, ", generator=generator)", ")", False),
    ("lab2", 1, "manual_seed(seed)", "manual_seed(0)", False),
    ("lab2", 1, "torch.randn(num_per_class", "torch.rand(num_per_class", False),
    ("lab2", 1, "torch.randn(num_per_class", "torch.randn(1", False),
    ("lab2", 1, "noise * torch.randn", "noise**2 * torch.randn", False),
    ("lab2", 1, "t * theta.sin(), t * theta.cos()", "t * theta.cos(), t * theta.sin()", False),
    ("lab2", 1, "2 * math.pi * (c + 2) / 3", "2 * math.pi * (c + 1) / 3", False),
    ("lab2", 1, "linspace(0, 1, num_per_class)", "linspace(0, 1, num_per_class) ** 2", False),
    ("lab2", 1, "arms.append(torch.stack((t * theta.sin(), t * theta.cos()), dim=1))",
     "arms.append(torch.stack((t * theta.sin(), t * theta.cos()), dim=1)"
     " + noise * torch.randn(num_per_class, 2, generator=generator))", False),
    ("lab2", 2, "[torch.arange(600), y]", ".mul(one_hot).sum(dim=1)", True),
    ("lab2", 2, "F.cross_entropy(logits, y)", "F.cross_entropy(logits.softmax(dim=1), y)", False),
    ("lab2", 2, "-F.log_softmax", "F.log_softmax", False),
    ("lab2", 3, ".float().mean().item()", ".sum().item() / len(y)", True),
    ("lab2", 3, ".float().mean().item()", ".sum().item() / 150", False),
    ("lab2", 3, "model(X).argmax(dim=1) == y", "model(X_test).argmax(dim=1) == y_test", False),
    ("lab2", 4, "loss.item()", "loss", False),
    ("lab2", 4, "        optimizer.zero_grad()\n", "", False),
    ("lab2", 4, "        losses.append(loss.item())",
     "        losses.append(F.cross_entropy(model(X_train), y_train).item())", False),
    ("lab2", 5, "(second.weight @ first.weight).detach()",
     "(linear(torch.eye(2)) - linear(torch.zeros(1, 2))).T.detach()", True),
    ("lab2", 5, "second.weight @ first.bias + second.bias", "first.bias @ second.weight.T", False),
    ("lab2", 6, "nn.Linear(2, 100), nn.ReLU(), nn.Linear(100, 3)",
     "linear[0], nn.ReLU(), linear[1]", False),
    ("lab2", 6, "Adam(relu.parameters()", "Adam(linear.parameters()", False),
    ("lab2", 7, "-1.1, 1.1", "-1, 1", False),
    ("lab2", 7, 'indexing="xy"', 'indexing="ij"', False),
    ("lab2", 8, "num_epochs=500", "num_epochs=1", False),
    ("lab2", 8, "seeds=range(10)", "seeds=range(1)", False),
    ("lab2", 9, "[2, width, 3]", "[2, 30, 3]", False),
    ("lab2", 9, "seeds=range(10)", "seeds=range(2)", False),
    ("lab3", 1, "optimizer.zero_grad()", "model.zero_grad()", True),
    ("lab3", 1, WHOLE, loop(1, "A", start=SGD, batch_start="pass",
                            step="optimizer.step(); optimizer.zero_grad()"), True),
    ("lab3", 1, "optimizer.zero_grad()",
     "for p in model.parameters():\n                p.grad = None", True),
    ("lab3", 1, 'why_1 = "A"', 'why_1 = "B"', False),
    ("lab3", 1, 'why_1 = "A"', 'why_1 = "旧梯度"', False),
    ("lab3", 1, WHOLE, broken(1, "A"), False),
    ("lab3", 1, WHOLE, broken(1, "A", lr="lr / 10"), False),
    ("lab3", 1, WHOLE, loop(1, "A", start=SGD, epoch="optimizer.zero_grad()", batch_start="pass",
                            step=f"{CLIP}; optimizer.step()"), False),
    ("lab3", 1, WHOLE, loop(1, "A", start=SGD, step=f"{CLIP}; optimizer.step()"), False),
    ("lab3", 1, WHOLE, loop(1, "A", start=SGD, step="optimizer.zero_grad(); optimizer.step()"),
     False),
    ("lab3", 1, WHOLE, loop(1, "A", start=SGD, epoch="optimizer.zero_grad()",
                            batch_start="len(losses) % 3 or optimizer.zero_grad()"), False),
    ("lab3", 1, "torch.optim.SGD", "torch.optim.Adam", False),
    ("lab3", 2, WHOLE, loop(2, "F", start=SGD), True),
    ("lab3", 2, "shuffle=True",
     "sampler=torch.utils.data.RandomSampler(range(len(X)), replacement=True)", True),
    ("lab3", 2, WHOLE, broken(2, "F").replace("return", ONCE), True),
    ("lab3", 2, 'why_2 = "F"', 'why_2 = "B"', False),
    ("lab3", 2, WHOLE, broken(2, "F"), False),
    ("lab3", 2, WHOLE, broken(2, "F", lr="lr / 10"), False),
    ("lab3", 2, WHOLE, broken(2, "F", num_epochs="3 * num_epochs"), False),
    ("lab3", 2, "batch_size=32, shuffle=True", "batch_size=len(X)", False),
    ("lab3", 2, "TensorDataset(X, y)", "TensorDataset(X[torch.randperm(len(X))], y)", False),
    ("lab3", 3, WHOLE, loop(3, "C", start=f"{SGD}; {HEAD}; optimizer.add_param_group("
                            "{'params': model[-1].parameters()})"), True),
    ("lab3", 3, WHOLE, loop(
        3, "C", start=f"{HEAD}; two = [torch.optim.SGD(part.parameters(), lr=lr) for part in model"
        " if not isinstance(part, nn.ReLU)]", batch_start="model.zero_grad()",
        step="[one.step() for one in two]"), True),
    ("lab3", 3, 'why_3 = "C"', 'why_3 = "A"', False),
    ("lab3", 3, WHOLE, broken(3, "C"), False),
    ("lab3", 3, WHOLE, broken(3, "C", lr="10 * lr"), False),
    ("lab3", 3, WHOLE, broken(3, "C", num_epochs="5 * num_epochs"), False),
    ("lab3", 3, WHOLE, loop(3, "C", start=f"{SGD}; {HEAD}", batch_start="model.zero_grad()"),
     False),
    ("lab3", 3, "SGD(model.parameters()", "SGD(model[-1].parameters()", False),
    ("lab3", 3, WHOLE, loop(3, "C", start=f"{SGD}; {HEAD}; optimizer.add_param_group("
                            "{'params': model[-1].parameters(), 'lr': 10 * lr})"), False),
    ("lab3", 4, WHOLE, loop(4, "D", start="state = []", batch_start=f"{KEPT}; model.zero_grad()",
                            step="optimizer.step(); state.append(optimizer.state_dict())"), True),
    ("lab3", 4, 'why_4 = "D"', 'why_4 = "B"', False),
    ("lab3", 4, WHOLE, 'why_4 = "D"\n\n\ndef mended_4(*args):\n    ...', False),
    ("lab3", 4, WHOLE, broken(4, "D"), False),
    ("lab3", 4, WHOLE, broken(4, "D", lr="lr / 10"), False),
    ("lab3", 4, WHOLE, loop(4, "D", epoch=ADAM), False),
    ("lab3", 4, "torch.optim.Adam(model.parameters(), lr=lr)",
     "torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)", False),
    ("lab3", 4, "torch.optim.Adam", "torch.optim.RMSprop", False),
    ("lab3", 5, WHOLE, loop(
        5, "E", start=f"{MOMENTUM}; {COSINE}(optimizer, T_max=num_epochs * -(-len(X) // 16))",
        step="optimizer.step(); scheduler.step()", batch=16), True),
    ("lab3", 5, "scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer,"
     " T_max=num_epochs)", BY_HAND, True),
    ("lab3", 5, 'why_5 = "E"', 'why_5 = "G"', False),
    ("lab3", 5, WHOLE, broken(5, "E"), False),
    ("lab3", 5, WHOLE, broken(5, "E", lr="lr / 2"), False),
    ("lab3", 5, WHOLE, loop(5, "E", start=MOMENTUM, batch=16), False),
    ("lab3", 5, WHOLE, loop(5, "E", start=f"{MOMENTUM}; {COSINE}(optimizer, T_max=num_epochs)",
                            step=f"optimizer.step(); {STOPPED}", batch=16), False),
    ("lab3", 5, "T_max=num_epochs", "T_max=num_epochs * (len(X) // 16)", False),
    ("lab3", 5, "T_max=num_epochs", "T_max=20", False),
    ("lab3", 5, "CosineAnnealingLR(optimizer, T_max=num_epochs)",
     "LinearLR(optimizer, 1.0, 0.0, total_iters=num_epochs)", False),
    ("lab3", 6, GRID, "0.0002, 0.002, 0.02, 0.2, 2", True),
    ("lab3", 6, GRID, "0.00001, 0.0001, 0.001, 0.002, 0.003", False),
    ("lab3", 6, GRID, "0.003, 0.01, 0.02, 0.03, 0.1", False),
    ("lab3", 6, "valid_set) for seed", "test_set) for seed", False),
    ("lab3", 6, "mean(dim=1).argmin()", "mean(dim=1).argmax()", False),

    ("lab4", 1, "order.split([1500, 500])", "torch.arange(2000).split([1500, 500])", True),
    ("lab4", 1, "order.split([1500, 500])", "order[:1500], order[500:1000]", False),
    ("lab4", 1, "X[second], y[second]", "hanzi_of(characters, 500)", False),
    ("lab4", 1, "X[second], y[second]", "X[second], y[second.sort().values]", False),
    ("lab4", 1, "春夏秋冬东南西北山水", "春夏秋冬", False),
    ("lab4", 2, "(n + 2 * padding - kernel) // stride + 1",
     "math.floor((n - kernel + padding * 2) / stride + 1)", True),
    ("lab4", 2, "// stride", "/ stride", False),
    ("lab4", 2, "// stride + 1", "// stride", False),
    ("lab4", 2, "2 * padding", "padding", False),
    ("lab4", 2, "(n + 2 * padding - kernel) // stride",
     "-((kernel - n - 2 * padding) // stride)", False),
    ("lab4", 2, "s2 = out_size(c1, 2, stride=2)", "s2 = out_size(c1, 2)", False),
    ("lab4", 2, "(16 * s4 * s4,)", "16 * s4 * s4", False),
    ("lab4", 3, WHOLE, SEQUENTIAL, True),
    ("lab4", 3, "F.max_pool2d(F.relu(self.c1(X)), 2)", "F.max_pool2d(self.c1(X), 2)", False),
    ("lab4", 3, "F.relu(self.c5(X.flatten(1)))", "self.c5(X.flatten(1))", False),
    ("lab4", 3, "F.relu(self.f6(X))", "self.f6(X)", False),
    ("lab4", 3, "self.output(X)", "self.output(X).softmax(dim=1)", False),
    ("lab4", 3, "self.output(X)", "F.relu(self.output(X))", False),
    ("lab4", 3, "X.flatten(1)", "X.flatten()", False),
    ("lab4", 3, "X.flatten(1)", "X.reshape(X[0].numel(), -1).T", False),
    ("lab4", 3, "16 * side * side", "400", False),
    ("lab4", 3, "X = (X - 0.25) * 4", "X = X - 0.25", False),
    ("lab4", 3, "nn.Conv2d(6, 16, 5)", "nn.Conv2d(6, 16, 5, bias=False)", False),
    ("lab4", 4, WHOLE, LOADER, True),
    ("lab4", 4, "F.cross_entropy(model(X_batch), y[index])",
     "F.cross_entropy(model(X_batch).softmax(dim=1), y[index])", False),
    ("lab4", 4, "            optimizer.zero_grad()\n", "", False),
    ("lab4", 4, "copy.deepcopy(model.state_dict())", "model.state_dict()", False),
    ("lab4", 4, "model.load_state_dict(best)", "pass", False),
    ("lab4", 4, "scores[-1] == max(scores)", "losses[-1] == min(losses)", False),
    ("lab4", 4, "X_batch = augment(X_batch)", "augment(X_batch)", False),
    ("lab4", 4, "X, y = train_set",
     "X, y = (torch.cat(parts) for parts in zip(train_set, valid_set))", False),
    ("lab4", 4, "torch.randperm(len(X), generator=generator)", "torch.arange(len(X))", False),
    ("lab4", 4, "generator=generator", "generator=torch.Generator().manual_seed(seed)", False),
    ("lab4", 4, "sum(batch_losses) / len(batch_losses)", "sum(batch_losses)", False),
    ("lab4", 4, "optim.Adam", "optim.SGD", False),
    ("lab4", 5, WHOLE, UNTRAINED, False),
    ("lab4", 5, "accuracy(lenet, X_test, y_test)", "accuracy(lenet, *train_set)", False),
    ("lab4", 6, "confusion[true, guessed] += 1",
     "confusion.index_put_((torch.tensor(true), torch.tensor(guessed)), torch.tensor(1), True)",
     True),
    ("lab4", 6, "confusion[true, guessed]", "confusion[guessed, true]", False),
    ("lab4", 6, ".fill_diagonal_(0)", "", False),
    ("lab4", 6, ".nonzero().flatten()", ".nonzero()", False),
    ("lab4", 6, "lenet(X_test)", "lenet(X[:1000])", False),
    ("lab4", 6, "characters[row] + characters[column]", "characters[column] + characters[row]",
     False),
    ("lab4", 7, "F.pad(X, [n, -n, 0, 0])",
     "torch.cat([0 * X[..., :n], X[..., : X.shape[-1] - n]], dim=-1)", True),
    ("lab4", 7, WHOLE, SHIFT.format(shifted="X.roll(n, -1)", noisy="X"), False),
    ("lab4", 7, WHOLE, SHIFT.format(shifted="F.pad(X, [-n, n, 0, 0])", noisy="X"), False),
    *[("lab4", 7, WHOLE, SHIFT.format(shifted="F.pad(X, [n, -n, 0, 0])", noisy=noisy), False)
      for noisy in (
          "(X + sigma * torch.rand(X.shape, generator=generator)).clamp(0, 1)",
          "X + sigma * torch.randn(X.shape, generator=generator)",
          "(X + sigma * torch.randn(X.shape)).clamp(0, 1)",
          "(X + sigma * torch.randn(len(X), 1, 1, 1, generator=generator)).clamp(0, 1)",
          "(X + sigma * torch.randn(X.shape, generator=generator)).clamp(0, 1)")],
    *[("lab4", 8, WHOLE, MENDED.format(angles=angles, control=control, exam=exam), False)
      for angles, control, exam in (
          ("60 * torch.rand(1) - 30", CONTROL, "X_turned, y_test"),
          ("30 * torch.rand(len(X))", CONTROL, "X_turned, y_test"),
          ("120 * torch.rand(len(X)) - 60", CONTROL, "X_turned, y_test"),
          (ANGLES, "pass", "X_turned, y_test"),
          (ANGLES, "plain = lenet", "X_turned, y_test"),
          (ANGLES, CONTROL, "*train_set"))],

    ("lab5", 1, WHOLE, BOOKS, True),
    ("lab5", 1, "setting[\"steps\"] > left", "setting[\"steps\"] >= left", False),
    ("lab5", 1, "                return record\n", "                pass\n", False),
    ("lab5", 1, 'record["setting"] == setting',
     '[*record["setting"].items()] == [*setting.items()]', False),
    ("lab5", 1, 'record["setting"] == setting', 'record["setting"]["lr"] == setting["lr"]', False),
    ("lab5", 1, 'record["setting"] == setting',
     '{**record["setting"], "seed": 0} == {**setting, "seed": 0}', False),
    ("lab5", 1, "        for record in self.log:\n",
     '        if self.used + setting["steps"] > self.limit:\n'
     '            raise RuntimeError(f"{self.limit - self.used}")\n'
     "        for record in self.log:\n", False),
    ("lab5", 1, "raise RuntimeError(", "return (", False),
    ("lab5", 1, 'RuntimeError(f"预算还剩 {left} 步，这次要 {setting[\'steps\']} 步")',
     'RuntimeError("预算不够")', False),
    ("lab5", 1, "        left = ", "        self.run(**setting)\n        left = ", False),
    ("lab5", 1, 'self.used += setting["steps"]', "self.used += 1", False),
    ("lab5", 1, '{"setting": setting, **self.run(**setting)}', "self.run(**setting)", False),
    ("lab5", 1, "        self.log.append(record)\n", "", False),
    ("lab5", 1, 'record["setting"] == setting',
     'all(record["setting"].get(k) == setting.get(k) for k in ("lr", "decay", "steps", "seed"))',
     False),
    ("lab5", 1, "raise RuntimeError(", "raise ValueError(", False),
    ("lab5", 2, WHOLE, SHARED.format(opened="False", again="self.opened",
                                     note="self.opened = True"), True),
    ("lab5", 2, WHOLE, SHARED.format(opened="[]", again="self.opened",
                                     note="self.opened.append(True)"), False),
    ("lab5", 2, WHOLE, SHARED.format(opened="None", again="self.opened == list(models)",
                                     note="self.opened = list(models)"), False),
    ("lab5", 2, WHOLE, SHARED.format(opened="None", again="self.opened not in (None, models)",
                                     note="self.opened = models"), False),
    ("lab5", 2, "        self.opened = True\n", "", False),
    ("lab5", 2, 'raise RuntimeError("测试集已经打开过一次，不能再看")', "return {}", False),
    ("lab5", 2, "raise RuntimeError(", "raise ValueError(", False),
    ("lab5", 2, "torch.tensor([accuracy(model, self.X, self.y) for model in group])",
     "[accuracy(model, self.X, self.y) for model in group]", False),
    ("lab5", 2, "accuracy(model, self.X, self.y)", "1 - accuracy(model, self.X, self.y)", False),
    ("lab5", 3, "lr=0.1", "lr=0.15", True),
    ("lab5", 3, "math.log(10)", "math.log10(10)", False),
    ("lab5", 3, "make_net(0)(X_train)", "make_net(0)(X_train).softmax(dim=1)", False),
    ("lab5", 3, "make_net(0)(X_train), y_train", "make_net(0)(X_valid), y_valid", False),
    ("lab5", 3, "y_train).item()", "y_train)", False),
    ("lab5", 3, "lr=0.1", "lr=0.0003", False),
    ("lab5", 3, "num_images=300", "num_images=60", False),
    ("lab5", 3, "decay=0.0", "decay=0.001", False),
    ("lab5", 3, WHOLE, OFF_THE_BOOKS, False),
    ("lab5", 4, "sum(record[\"losses\"][-10:]) / 10",
     "torch.tensor(record[\"losses\"])[-10:].mean().item()", True),
    ("lab5", 4, "[-10:]", "[:10]", False),
    ("lab5", 4, "/ 10", "/ 100", False),
    ("lab5", 4, "if tail(record) < first - 0.3", "if tail(record) < first", False),
    ("lab5", 4, RATES, "0.01, 0.03, 0.1, 0.3, 1.0, 3.0", True),
    ("lab5", 4, RATES, "0.003, 0.01, 0.03, 0.1, 0.3, 1.0", False),
    ("lab5", 4, RATES, "0.01, 0.1, 1.0, 3.0", False),
    ("lab5", 4, RATES, "0.03, 0.1, 0.3, 1.0, 3.0", False),
    ("lab5", 4, RATES, "0.0001, 0.0003, 0.001, 0.003, 0.01", False),
    ("lab5", 4, "steps=50", "steps=20", False),
    ("lab5", 4, "seed=0)", "seed=0, num_images=300)", False),
    ("lab5", 5, "low * (high / low) ** u",
     "math.exp(math.log(low) + u * (math.log(high) - math.log(low)))", True),
    ("lab5", 5, "low * (high / low) ** u", "low + (high - low) * u", False),
    ("lab5", 5, "low * (high / low) ** u", "low * high ** u", False),
    ("lab5", 5, "low * (high / low) ** u", "10**u", False),
    ("lab5", 5, "(), generator=generator", "()", False),
    ("lab5", 5, "range(10)", "range(4)", False),
    ("lab5", 5, "log_uniform(1e-4, 0.1, dice)", "0.001", False),
    ("lab5", 5, "seed=0) for _", "seed=_) for _", False),
    ("lab5", 5, "seed=0) for _", "seed=0, num_images=300) for _", False),
    ("lab5", 5, "seed=0) for _", "seed=0, num_images=600) for _", True),
    ("lab5", 5, "log_uniform(0.02, 2.0, dice)", "log_uniform(0.03, 1.0, dice)", True),
    ("lab5", 5, "log_uniform(0.02, 2.0, dice)", "log_uniform(0.09, 0.11, dice)", False),
    ("lab5", 5, "log_uniform(0.02, 2.0, dice)", "log_uniform(1e-4, 0.005, dice)", False),
    ("lab5", 5, "log_uniform(1e-4, 0.1, dice)", "log_uniform(0.02, 0.5, dice)", False),
    ("lab5", 5, "center = best(coarse)", "budget.used += 1300\ncenter = best(coarse)", False),
    ("lab5", 5, "center = best(coarse)",
     'center = min(coarse, key=lambda record: record["valid"])', False),
    ("lab5", 6, "return sum(budget.trial(**setting, seed=seed)[\"valid\"]"
     " for seed in (0, 1, 2)) / 3",
     "scores = [budget.trial(seed=s, **setting)[\"valid\"] for s in range(3)]\n"
     "    return torch.tensor(scores).mean().item()", True),
    ("lab5", 6, "for seed in (0, 1, 2)) / 3", "for seed in (0,))", False),
    ("lab5", 6, "for seed in (0, 1, 2)) / 3", "for seed in (0, 1, 2))", False),
    ("lab5", 6, "[\"valid\"] for seed in (0, 1, 2)) / 3", "[\"train\"] for seed in (0, 1, 2)) / 3",
     False),
    ("lab5", 6, "chosen = max(", "chosen = min(", False),
    ("lab5", 6, "chosen = max(candidates, key=mean_valid)",
     "chosen = max(candidates, key=lambda one: budget.trial(**one, seed=0)[\"valid\"])", False),
    ("lab5", 6, "chosen = max(",
     "candidates = 2 * [one for one in candidates if one[\"lr\"] < lr]\nchosen = max(", False),
    ("lab5", 6, "chosen = max(",
     "candidates = [{**one, \"lr\": k * lr}"
     " for k, one in zip((0.1, 0.15, 0.2, 1.01), candidates)]\nchosen = max(", False),
    ("lab5", 6, "range(4)", "range(8)", False),
    ("lab5", 6, "chosen = max(", "budget.used += 1000\nchosen = max(", False),
    ("lab5", 6, '"steps": 100', '"steps": 50', False),
    ("lab5", 6, '"steps": 100', '"steps": 100, "num_images": 300', False),
    ("lab5", 6, '"steps": 100', '"steps": 100, "shift": 1', False),
    ("lab5", 7, 'record["train"] > record["valid"] + 0.15',
     'record["train"] - record["valid"] > 0.15', True),
    ("lab5", 7, "chosen, *second", "*second, chosen", True),
    ("lab5", 7, '"欠拟合"\n', '"过拟合"\n', False),
    ("lab5", 7, 'record["train"] < 0.8', 'record["valid"] < 0.8', False),
    ("lab5", 7, "+ 0.15", "", False),
    ("lab5", 7, "+ 0.15", "+ 0.2", False),
    ("lab5", 7, 'record["train"] < 0.8', 'record["train"] < 0.7', False),
    ("lab5", 7, "(1, 2)", "(0, 1)", False),
    ("lab5", 7, '{**chosen, "shift": shift}', '{**chosen, "shift": shift, "lr": 0.05}', False),
    ("lab5", 7, "final = max([chosen, *second], key=mean_valid)",
     "final = chosen; list(map(mean_valid, second))", False),
    ("lab5", 8, "margin = 0.02", "margin = 0.01", True),
    ("lab5", 8, "margin = 0.02", "margin = 0.5", False),
    ("lab5", 8, ", margin=margin", "", False),
    ("lab5", 8, 'baseline="细搜"', 'baseline="起点"', False),
    ("lab5", 8, "range(100, 110)", "range(100, 105)", False),
    ("lab5", 8, "ten(final)", "ten(chosen)", False),
    ("lab5", 8, "exam.score", 'Exam(*draw(2000, "test")).score', False),
    ("lab5", 8, "exam.score", "Exam(X_valid, y_valid).score", False),
    ("lab5", 8, "for seed in range(100, 110)", "for seed in range(109, 99, -1)", False),
    ("lab5", 9, WHOLE, MASKED, True),
    ("lab5", 9, "some[k].mean()", "some.mean()", False),
    ("lab5", 9, "some[k].mean()", "right[k].mean()", False),
    ("lab5", 9, "seen[k] - some[k].mean()", "some[k].mean() - seen[k]", False),
    ("lab5", 9, "seen.argmax()", "some.mean(dim=1).argmax()", False),
    ("lab5", 9, "[:num_images]", "", False),
    ("lab5", 9, "[:num_images]", "[:200]", False),
    ("lab5", 9, "[:n]", "", False),
    ("lab5", 9, "total / 400", "total", False),
    ("lab5", 9, "torch.randperm(len(right), generator=generator)", "torch.randperm(len(right))",
     False),
    ("lab5", 9, "torch.randperm(len(right), generator=generator)[:n]",
     "torch.randint(len(right), (n,), generator=generator)", False),
    ("lab5", 9, "torch.randperm(right.shape[1], generator=generator)[:num_images]",
     "torch.randint(right.shape[1], (num_images,), generator=generator)", False),
    ("lab5", 9, "optimism(right, n, 200, dice)", "optimism(right, 1, 200, dice)", False),
]  # fmt: skip

REPEATED = {"lab5": "run"}
"""A training a lab's variants ask for again and again: with the same settings it is the same."""


class Pass:
    """One run of a solution notebook; before each answer, the check meets the untouched stub."""

    def __init__(self, path: Path):
        stubs = {name: cells["stub"][0] for name, cells in source.tasks(source.read(path))}
        notebook = answers(path)
        self.untouched: dict[str, BaseException | None] = {}
        self.variants: dict[int, BaseException | None] = {}
        self.passed: list[str] = []
        self.printed = io.StringIO()
        namespace: dict = {"__name__": "__main__"}
        checks = {name: cells["check"][0] for name, cells in source.tasks(notebook)}
        for cell in filter(is_code, notebook.cells):
            name = cell.source.partition("：")[0].removeprefix("# ")
            if source.kind(cell) == source.SOLUTION:
                before = dict(namespace)
                run(stubs[name], before)
                self.untouched[name] = error_of(checks[name], before)
                self._try_variants(path.stem, name, cell, checks[name], namespace)
            with contextlib.redirect_stdout(self.printed):
                run(cell, namespace)
            if (train := namespace.get(REPEATED.get(path.stem))) and not learned(train):
                namespace[train.__name__] = functools.cache(train)
            if source.kind(cell) == source.CHECK:
                self.passed.append(name)

    def _try_variants(self, lab: str, task: str, answer, check, namespace: dict) -> None:
        for n, (where, number, old, new, _) in enumerate(VARIANTS):
            if (where, f"任务 {number}") != (lab, task):
                continue
            other = NotebookNode(source=replaced(answer.source, old, new))
            with restored(namespace), contextlib.redirect_stdout(io.StringIO()):
                run(other, namespace)
                self.variants[n] = error_of(check, namespace)


@contextlib.contextmanager
def restored(namespace: dict):
    """What is written here is forgotten; functions of earlier cells see it, as in a notebook."""
    before = dict(namespace)
    namespace.update(
        {name: copy.deepcopy(value) for name, value in before.items() if learns(value)}
    )
    try:
        yield
    finally:
        namespace.clear()
        namespace.update(before)


def learns(value) -> bool:
    """A variant must leave no gradients, steps or entries in what the answer goes on with."""
    leaf = isinstance(value, torch.Tensor) and value.is_leaf and value.requires_grad
    written_here = type(value).__module__ == "__main__"
    return leaf or isinstance(value, nn.Module) or written_here


def learned(train) -> bool:
    """The function keeps its results already."""
    return hasattr(train, "cache_info")


def replaced(source: str, old: str, new: str) -> str:
    assert old in source
    return source.replace(old, new, 1) if old else f"{source.splitlines()[0]}\n{new}"


def error_of(cell, namespace: dict) -> BaseException | None:
    try:
        run(cell, namespace)
    except Exception as error:
        return error
    return None


@pytest.fixture(scope="module")
def passes():
    done: dict[Path, Pass] = {}

    def of(path: Path) -> Pass:
        return done.get(path) or done.setdefault(path, Pass(path))

    return of


pytestmark = pytest.mark.xdist_group("labs")


# --- every task -----------------------------------------------------------------------------


def test_each_lab_holds_six_to_nine_tasks():
    counts = {path.stem: len(list(source.tasks(source.read(path)))) for path in PATHS}
    assert set(counts) == {"lab1", "lab2", "lab3", "lab4", "lab5"}
    assert all(6 <= count <= 9 for count in counts.values())


@pytest.mark.parametrize(("path", "name"), TASKS, **IDS)
def test_a_check_fails_on_the_untouched_stub_and_names_the_task(passes, path, name):
    error = passes(path).untouched[name]
    assert isinstance(error, AssertionError), error
    assert str(error).startswith(f"{name}：")
    assert re.search(r"[\u4e00-\u9fff]{2}", str(error).removeprefix(name))


@pytest.mark.parametrize(
    "n", range(len(VARIANTS)),
    ids=[f"{n}-{lab}-{task}-{'right' if right else 'wrong'}"
         for n, (lab, task, _, _, right) in enumerate(VARIANTS)],
)  # fmt: skip
def test_a_check_takes_other_right_answers_and_refuses_plausible_wrong_ones(passes, n):
    lab, number, *_, right = VARIANTS[n]
    error = passes(ROOT / source.FOLDER / f"{lab}.py").variants[n]
    if right:
        assert error is None
    else:
        assert isinstance(error, AssertionError)
        assert str(error).startswith(f"任务 {number}：")


def test_every_task_has_a_wrong_answer_that_its_check_must_refuse():
    wrong = {(lab, f"任务 {task}") for lab, task, *_, right in VARIANTS if not right}
    assert wrong == {(path.stem, name) for path, name in TASKS}


def test_the_rest_of_lab_2_passes_on_points_drawn_in_another_order():
    names = [f"任务 {number}" for number in range(1, 8)]
    passed, namespace = [], {"__name__": "__main__"}
    for cell in filter(is_code, answers(ROOT / source.FOLDER / "lab2.py").cells):
        name = cell.source.partition("：")[0].removeprefix("# ")
        if name == "任务 1" and source.kind(cell) == source.SOLUTION:
            cell = NotebookNode(source=replaced(cell.source, WHOLE, SPIRAL), metadata={})
        run(cell, namespace)
        if source.kind(cell) == source.CHECK:
            passed.append(name)
        if passed == names:
            break
    assert passed == names


@pytest.mark.parametrize(("path", "name"), TASKS, **IDS)
def test_a_check_passes_with_the_answer(passes, path, name):
    assert name in passes(path).passed


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_numbers_in_the_text_of_a_lab_are_printed_or_written_in_its_code(passes, path):
    notebook = source.read(path)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    text = "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    text += "".join(f"\n\n{cell.metadata.get('caption', '')}" for cell in notebook.cells)
    known = prose.numbers(*code, passes(path).printed.getvalue())
    found = [n for _, paragraph in prose.paragraphs(text) for n in prose.measured(paragraph)]
    assert [number for number in found if not prose.supported(number, known)] == []
    assert not prose.supported("0.4321", known), "the guard can fail"


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_the_text_of_a_lab_follows_the_typography_of_the_site(path, tmp_path):
    cells = source.read(path).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    texts += [cell.metadata[name] for cell in cells for name in ("alt", "caption")
              if name in cell.metadata]  # fmt: skip
    page = tmp_path / "lab.md"
    page.write_text("\n\n".join(texts), encoding="utf-8")
    assert typography.lint(page) == []
    page.write_text("用PyTorch训练", encoding="utf-8")
    assert typography.lint(page) != [], "the guard can fail"


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_the_labs_are_well_formed(path):
    assert [str(problem) for problem in source.check(path)] == []


# --- what a reader is told --------------------------------------------------------------------

TIME = re.compile(r"^约 (\d+) 分钟 · 难度：(易|中|难)$", re.MULTILINE)
HINT = re.compile(
    r'<details class="hint" markdown="1">\n<summary>(提示[一二])</summary>\n\n(.+?)\n\n</details>',
    re.DOTALL,
)


def texts(notebook: NotebookNode) -> dict[str, str]:
    """What stands between the heading of each task and its empty cell."""
    found: dict[str, list[str]] = {}
    name = None
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (title := re.search(r"^## (任务 \d+)：", cell.source)):
            name = title[1]
        if source.kind(cell) == source.STUB:
            name = None
        if name is not None and cell.cell_type == "markdown":
            found.setdefault(name, []).append(cell.source)
    return {name: "\n\n".join(parts) for name, parts in found.items()}


def untold(text: str) -> list[str]:
    """What a task's text lacks: time and difficulty, two hints that say something."""
    found = [] if len(TIME.findall(text)) == 1 else ["time and difficulty"]
    hints = dict(HINT.findall(text))
    if list(hints) != ["提示一", "提示二"] or text.count("<details") != 2:
        found.append("two hints")
    return found + [f"words in {name}" for name, hint in hints.items() if len(hint) < 20]


@pytest.mark.parametrize(("path", "name"), TASKS, **IDS)
def test_a_task_tells_its_time_its_difficulty_and_two_hints(path, name):
    assert untold(texts(source.read(path))[name]) == []


@pytest.mark.parametrize(
    ("old", "new", "lack"),
    [
        ("约 5 分钟 · ", "", "time and difficulty"),
        ("难度：易", "难度：高", "time and difficulty"),
        ("<summary>提示二</summary>", "<summary>提示</summary>", "two hints"),
    ],
)
def test_a_task_that_lacks_one_of_them_is_found(old, new, lack):
    text = texts(source.read(PATHS[0]))["任务 1"]
    assert untold(text.replace(old, new)) == [lack]


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_hints_stop_short_of_the_whole_answer(path):
    told = texts(source.read(path))
    for name, cells in source.tasks(source.read(path)):
        code = re.sub(r"\s", "", cells["solution"][0].source.partition("\n")[2])
        for hint in HINT.findall(told[name]):
            assert re.sub(r"\s", "", hint[1]).find(code) == -1


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_the_head_of_a_lab_tells_the_whole_time_what_to_know_and_how_to_hand_in(path):
    notebook = source.read(path)
    head = notebook.cells[0].source
    minutes = sum(int(TIME.search(text)[1]) for text in texts(notebook).values())
    assert f"合计约 {minutes} 分钟" in head
    for start in ("用时", "先修", "目标", "怎样做", "怎样交"):
        assert f"- **{start}**：" in head
    assert len(re.findall(r"\]\((?:\.\./notes/[\w-]+|lab1)\.md\)", head)) >= 4
    last = notebook.cells[-1]
    assert (last.cell_type, "全部通过" in last.source) == ("code", True)


# --- the notebooks ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_the_practice_notebook_has_stubs_and_checks_but_no_answers(path):
    notebook = book(student(PROJECT, path))
    names = [name for name, _ in source.tasks(source.read(path))]
    kinds = [source.kind(cell) for cell in notebook.cells]
    assert kinds.count("stub") == kinds.count("check") == len(names)
    assert "solution" not in kinds
    assert "参考答案\n" not in "\n".join(cell.source for cell in notebook.cells)
    assert not any(cell.get("outputs") for cell in notebook.cells)


@pytest.mark.parametrize("path", PATHS, **IDS)
def test_notebooks_link_to_the_site_and_install_our_own_wheel(path):
    for notebook in (book(student(PROJECT, path)), answers(path)):
        text = "\n".join(cell.source for cell in notebook.cells)
        assert re.search(r"%pip install -q \S+/wheels/dlnotes_zh-\S+\.whl", text)
        assert not re.search(r"\]\((?!https?:)", text)
        assert not re.search(r"pip install (?:-\S+ )*dlnotes", text)
