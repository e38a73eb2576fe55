"""`dlnotes.training.fit` 与手写循环、Lightning、skorch：螺旋数据上全批量 Adam，每步都算准确率。"""

import logging
import statistics
import time
import warnings

import torch
import torch.nn.functional as F
from common import interleave, ratios, table
from torch import nn

from dlnotes.data import spiral
from dlnotes.models import mlp
from dlnotes.training import fit

STEPS = 1000
LR, DECAY = 1e-2, 1e-5


def hand_written(X, y, batch_size=None, num_epochs=STEPS) -> None:
    """学生会写的循环；小批量时每轮打乱一次。"""
    model = mlp([2, 100, 3], seed=0)
    rule = torch.optim.Adam(model.parameters(), lr=LR, weight_decay=DECAY)
    losses, accuracies = [], []
    for _ in range(num_epochs):
        order = [slice(None)] if batch_size is None else torch.randperm(len(X)).split(batch_size)
        for index in order:
            X_batch, y_batch = X[index], y[index]
            y_hat = model(X_batch)
            loss = F.cross_entropy(y_hat, y_batch)
            losses.append(loss.item())
            accuracies.append((y_hat.argmax(1) == y_batch).float().mean().item())
            rule.zero_grad()
            loss.backward()
            rule.step()


def ours(X, y, batch_size=None, num_epochs=STEPS) -> None:
    fit(mlp([2, 100, 3], seed=0), X, y, optimizer="adam", lr=LR, weight_decay=DECAY,
        num_epochs=num_epochs, batch_size=batch_size, seed=0, progress=False)  # fmt: skip


def lightning(X, y) -> None:
    import lightning as L

    class Module(L.LightningModule):
        def __init__(self):
            super().__init__()
            self.model = mlp([2, 100, 3], seed=0)

        def training_step(self, batch, index):
            X, y = batch
            y_hat = self.model(X)
            loss = F.cross_entropy(y_hat, y)
            self.log("loss", loss)
            self.log("accuracy", (y_hat.argmax(1) == y).float().mean())
            return loss

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=LR, weight_decay=DECAY)

    class Whole(torch.utils.data.IterableDataset):
        def __iter__(self):
            for _ in range(STEPS):
                yield X, y

    loader = torch.utils.data.DataLoader(Whole(), batch_size=None)
    trainer = L.Trainer(max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False,
                        enable_progress_bar=False, enable_model_summary=False)  # fmt: skip
    trainer.fit(Module(), loader)


def skorch(X, y) -> None:
    from skorch import NeuralNetClassifier
    from skorch.callbacks import EpochScoring

    net = NeuralNetClassifier(
        mlp([2, 100, 3], seed=0), criterion=nn.CrossEntropyLoss, optimizer=torch.optim.Adam,
        optimizer__weight_decay=DECAY, lr=LR, max_epochs=STEPS, batch_size=-1, train_split=None,
        verbose=0, callbacks=[EpochScoring("accuracy", on_train=True, name="train_acc")],
    )  # fmt: skip
    net.fit(X, y)


def report(num_rounds: int = 15) -> str:
    """交替计时，返回 Markdown。"""
    torch.set_num_threads(1)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    X, y = spiral(seed=0)
    few, labels = spiral(100, seed=0)
    whole = {"手写循环": lambda: hand_written(X, y), "dlnotes.fit": lambda: ours(X, y)}
    parts = {"手写循环": lambda: hand_written(few, labels, 30, 100),
             "dlnotes.fit": lambda: ours(few, labels, 30, 100)}  # fmt: skip
    peers = {"手写循环": whole["手写循环"], "Lightning": lambda: lightning(X, y),
             "skorch": lambda: skorch(X, y)}  # fmt: skip
    rows = []
    for title, calls, rounds in (
        ("全批量，3000 点", whole, num_rounds), ("小批量 30，300 点", parts, num_rounds),
        ("全批量，3000 点", peers, 2),
    ):  # fmt: skip
        seconds = interleave(calls, rounds, time.process_time)
        rows += [
            [title, name, f"{statistics.median(seconds[name]):.2f}",
             ratios(seconds, name, "手写循环"), {"dlnotes.fit": "≤ 1.05"}.get(name, "参照")]
            for name in calls if not (calls is peers and name == "手写循环")
        ]  # fmt: skip
    return table(["训练 1000 步", "", "秒", "÷ 手写循环", "目标"], rows)


if __name__ == "__main__":
    print(report())
