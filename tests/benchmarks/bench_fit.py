"""`dlnotes.training.fit` 与手写循环、Lightning、skorch：螺旋数据上全批量 Adam，每步都算准确率。"""

import logging
import statistics
import warnings

import torch
import torch.nn.functional as F
from common import interleave, ratio, table
from torch import nn

from dlnotes.data import spiral
from dlnotes.models import mlp
from dlnotes.training import fit

STEPS = 1000
LR, DECAY = 1e-2, 1e-5


def hand_written(X, y) -> None:
    model = mlp([2, 100, 3], seed=0)
    rule = torch.optim.Adam(model.parameters(), lr=LR, weight_decay=DECAY)
    losses, accuracies = [], []
    for _ in range(STEPS):
        y_hat = model(X)
        loss = F.cross_entropy(y_hat, y)
        losses.append(loss.item())
        accuracies.append((y_hat.argmax(1) == y).float().mean().item())
        rule.zero_grad()
        loss.backward()
        rule.step()


def ours(X, y) -> None:
    fit(mlp([2, 100, 3], seed=0), X, y, optimizer="adam", lr=LR, weight_decay=DECAY,
        num_epochs=STEPS, progress=False)  # fmt: skip


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


def report(num_rounds: int = 7) -> str:
    """交替计时，返回 Markdown。"""
    torch.set_num_threads(1)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    X, y = spiral(seed=0)
    calls = {"手写循环": lambda: hand_written(X, y), "dlnotes.fit": lambda: ours(X, y)}
    seconds = interleave(calls, num_rounds)
    slow = interleave({"手写循环": calls["手写循环"], "Lightning": lambda: lightning(X, y),
                       "skorch": lambda: skorch(X, y)}, 2)  # fmt: skip
    rows = [
        [name, f"{statistics.median(s[name]):.2f}", f"{ratio(s, name, '手写循环'):.2f}", target]
        for name, s, target in (
            ("手写循环", seconds, "—"), ("dlnotes.fit", seconds, "≤ 1.05"),
            ("Lightning", slow, "参照"), ("skorch", slow, "参照"),
        )
    ]  # fmt: skip
    return table(["训练 1000 步", "秒", "÷ 手写循环", "目标"], rows)


if __name__ == "__main__":
    print(report())
