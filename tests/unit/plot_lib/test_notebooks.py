"""三代课程笔记本的调用次序，标题换成中文。"""

import logging

import pytest
from matplotlib import pyplot as plt

SPIRAL_2020 = """
import math, random
import torch
from matplotlib import pyplot as plt
from torch import nn, optim
from dlnotes.plot_lib import plot_data, plot_model, set_default

set_default()
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
random.seed(12345)
torch.manual_seed(12345)
N, D, C, H = 1000, 2, 3, 100
parts = []
for c in range(C):
    radius = torch.linspace(0, 1, N)
    angle = torch.linspace(2 * math.pi * c / C, 2 * math.pi * (c + 2) / C, N) + 0.2 * torch.randn(N)
    parts.append(radius[:, None] * torch.stack((angle.sin(), angle.cos()), dim=1))
X = torch.cat(parts).to(device)
y = torch.arange(C).repeat_interleave(N).to(device)
plot_data(X, y, title="螺旋数据（三类）")

models = []
for hidden, make in (([], optim.SGD), ([nn.ReLU()], optim.Adam)):
    model = nn.Sequential(nn.Linear(D, H), *hidden, nn.Linear(H, C)).to(device)
    optimizer = make(model.parameters(), lr=1e-3, weight_decay=1e-5)
    for step in range(5):
        loss = nn.CrossEntropyLoss()(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    models.append(model)
    print(model)
    plot_model(X, y, model)
    plt.title("决策区域：学习率 $10^{-3}$")
"""


STRETCHING_2020 = """
import torch
from torch import nn
from dlnotes.plot_lib import plot_bases, set_default, show_scatterplot

set_default()
X = torch.randn(100, 2)
hues = X[:, 0]
OI = torch.cat((torch.zeros(2, 2), torch.eye(2)))
show_scatterplot(X, hues, title="原始数据 X")
plot_bases(OI)
model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Tanh())
for s in range(1, 4):
    model[0].weight.data.copy_(s * torch.eye(2))
    show_scatterplot(model(X).data, hues, title=f"输出 f(x)，s={s}")
    plot_bases(OI, width=0.01)
with torch.no_grad():
    show_scatterplot(model(X), hues)
    plot_bases(model(OI))
"""


STRETCHING_MIDDLE = """
import numpy as np
import torch
from matplotlib.pyplot import figure
from dlnotes.plot_lib import plot_bases, set_default, show_scatterplot

set_default()
X = torch.randn(100, 2)
pairs = np.clip(((X + 1.5) / 3 * 511).short().numpy(), 0, 511)
OI = torch.cat((torch.zeros(2, 2), torch.eye(2)))
for _ in range(2):
    figure().add_axes([0, 0, 1, 1])
    show_scatterplot(X, pairs, title="原始数据 X")
    plot_bases(OI)
"""


SPIRAL_2021 = """
from math import pi
from torch import nn
from dlnotes.plot_lib import *

set_default()
torch.manual_seed(12345)
N, K, d = 100, 5, 20
t = torch.linspace(0, 1, N)
X = torch.cat([
    (0.8 * t + 0.2)[:, None] * torch.stack((angle.sin(), angle.cos()), dim=1)
    for angle in ((2 * t + k) * 2 * pi / K + 0.2 * torch.randn(N) for k in range(K))
])
y = torch.arange(K).repeat_interleave(N)
plot_data(X, y)
plt.title("螺旋数据（五类）")
model = nn.Sequential(nn.Linear(2, d), nn.ReLU(), nn.Linear(d, 2), nn.Linear(2, K))
C = nn.CrossEntropyLoss(reduction="none")
for step in range(2):
    s = model(X)
    L = C(s, y).mean()
    overwrite(f"[EPOCH]: {step}, [LOSS]: {L.item():.6f}, [ACCURACY]: {acc(s, y):.3f}")
plot_model(X, y, model)
plot_embeddings(X, y, model, zoom=10)
mesh = torch.arange(-1.5, 1.5, 0.1)
xx, yy = torch.meshgrid(mesh, mesh, indexing="ij")
with torch.no_grad():
    F = -model(torch.stack((xx.reshape(-1), yy.reshape(-1)), dim=1))[:, 0].reshape(xx.shape)
plot_2d_energy_levels(X, y, (xx, yy, F, 0, K), (-20, 20), (-20, 21, 2.5))
fig, ax = plot_3d_energy_levels(
    X, y, (xx, yy, F, 0, K), (-30, 20), (-30, 20, 1), (-30, 21, 5)
)
ax.view_init(30, 300)
fig.canvas.draw()
"""


REGRESSION_2020 = """
import random
import torch
from torch import nn
from matplotlib import pyplot as plt
from dlnotes.plot_lib import plot_data, plot_model, set_default

set_default()
random.seed(1)
torch.manual_seed(1)
X = torch.linspace(-1, 1, 40).unsqueeze(dim=1)
y = X**3 + 0.3 * torch.rand(X.size())
plt.scatter(X.numpy(), y.numpy())
plt.axis("equal")
plt.title("回归数据：三次曲线加噪声")
models, before = [], []
for activation in (nn.ReLU, nn.Tanh):
    model = nn.Sequential(nn.Linear(1, 20), activation(), nn.Linear(20, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-5)
    before.append(model(X).detach())
    for step in range(3):
        loss = nn.MSELoss()(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    models.append(model)
plt.figure(figsize=(20, 10))
for i, model in enumerate(models):
    plt.subplot(1, 2, i + 1)
    wide = torch.linspace(-4, 4, 101).unsqueeze(dim=1)
    with torch.no_grad():
        plt.plot(wide.numpy(), model(wide).numpy(), "r-", lw=1)
    plt.scatter(X.numpy(), y.numpy(), label="数据")
    plt.plot(X.numpy(), torch.stack(before).var(dim=0).numpy(), "g", label=r"方差 $\\sigma^2$")
    plt.axis("square")
    plt.axis((-1.1, 1.1, -1.1, 1.1))
    plt.legend()
    plt.title(type(model[1]).__name__ + " 网络")
"""

STRETCHING_ANIMATION = """
import torch
from matplotlib.pyplot import axis, figure, gca, gcf, title
from torch import nn
from dlnotes.plot_lib import set_default, show_scatterplot

set_default()
X = torch.randn(100, 2)
pairs = ((X.clamp(-1.5, 1.5) + 1.5) / 3 * 511).short().numpy()
with torch.no_grad():
    Y = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 2))(X)
figure(figsize=(10, 5)).add_axes([0, 0, 1, 1])
axis("off")
for t in range(4):
    gca().cla()
    show_scatterplot(t / 3 * Y + (1 - t / 3) * X, pairs, title=f"第 {t} 帧", axis=False)
    gcf().canvas.draw()
"""


@pytest.mark.parametrize(
    ("code", "num_figures"),
    [
        (SPIRAL_2020, 1),
        (REGRESSION_2020, 2),
        (STRETCHING_2020, 5),
        (STRETCHING_MIDDLE, 2),
        (STRETCHING_ANIMATION, 1),
        (SPIRAL_2021, 3),
    ],
    ids=[
        "spiral-2020",
        "regression",
        "stretching",
        "stretching-middle",
        "animation",
        "spiral-2021",
    ],
)
def test_notebook_steps_of_each_generation_run_with_chinese_titles(code, num_figures, caplog):
    namespace = {"__name__": "__main__"}
    with caplog.at_level(logging.WARNING):
        exec(compile(code, "notebook", "exec"), namespace)
        for number in plt.get_fignums():
            plt.figure(number).canvas.draw()
    assert caplog.messages == []  # 带公式的文字缺字形时只写日志，不警告
    assert len(plt.get_fignums()) == num_figures
    assert plt.rcParams["axes.facecolor"] == "k"
    for model in namespace.get("models", []):
        assert next(model.parameters()).device == namespace["X"].device
        assert model.training
