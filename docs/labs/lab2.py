# ---
# jupyter:
#   description: 九个任务：自己造螺旋数据，比较有没有 ReLU 的网络，画出分界，扫描学习率，看隐藏层要多宽。
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 实验二：螺旋分类
#
# **目标。** 从公式造出三条缠在一起的螺旋，写训练函数，比较有 ReLU 与没有 ReLU 的网络（其余都相同），画出分界，给两个优化器各找一个合适的学习率，最后看隐藏层要多宽。
#
# **需要什么。** 做过[实验一](lab1.md)，会写训练循环。不需要 GPU。相应的笔记是[螺旋分类](../notes/spiral.md)。
#
# **怎样做。** 把留着 `...` 的单元格换成你的代码，运行它下面的自查；没有通过时，最后一行会说哪里不对。各个任务共用变量，所以要从上往下做。

# %% [markdown]
# ## 准备
#
# 导入要用的东西。配套的包 `dlnotes` 用来核对答案、划分数据、画图，以及在任务 8、9 里训练许多种子；其余自己写。

# %%
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.colors import ListedColormap
from torch import nn

from dlnotes.data import spiral, split
from dlnotes.models import mlp
from dlnotes.plotting import PALETTE, draw_scatter, draw_sweep, subplots
from dlnotes.training import fit, fit_seeds, mean_std

print("PyTorch", torch.__version__.split("+")[0])

# %% [markdown]
# 下面这个函数供自查使用：它检查一个张量的形状与类型，不对就用中文说明。

# %%
def expect_tensor(task, name, value, shape, dtype=torch.float32):
    assert value is not ..., f"{task}：{name} 还没有写，把 ... 换成你的代码"
    assert isinstance(value, torch.Tensor), f"{task}：{name} 应是张量，现在是 {value!r}"
    found = tuple(value.shape)
    assert found == shape, f"{task}：{name} 的形状应为 {shape}，现在是 {found}"
    assert value.dtype == dtype, f"{task}：{name} 的类型应为 {dtype}，现在是 {value.dtype}"


# %% [markdown]
# ## 任务 1：造数据
#
# 第 $c$ 类的点由半径 $t$ 与角度 $\theta$ 决定，$C$ 是类别数，$\varepsilon$ 是标准正态的随机数，$\sigma$ 是噪声的大小：
#
# $$X = t\,(\sin\theta,\ \cos\theta), \qquad \theta = \frac{2\pi}{C}(c + 2t) + \sigma\varepsilon.$$
#
# 写 `make_spiral(num_per_class, noise, seed)`，返回 `(X, y)`，类别数固定为 3：
#
# 1. 用 `seed` 造一个生成器 `torch.Generator().manual_seed(seed)`；
# 2. 对每一类：$t$ 从 0 到 1 均匀取 `num_per_class` 个；没有噪声的角度用 `torch.linspace` 从 $2\pi c/C$ 走到 $2\pi(c+2)/C$；再加上 `noise` 乘 `torch.randn`，随机数从生成器里取；
# 3. 用 `torch.stack` 把两个坐标叠成 `num_per_class` 行 2 列，再用 `torch.cat` 把三类接起来；`y` 是每个点的类别下标，类型 `torch.int64`，次序与 `X` 一致。

# %% tags=["stub"]
# 任务 1：把 ... 换成你的代码
def make_spiral(num_per_class, noise, seed):
    ...


# %% tags=["solution"]
# 任务 1：参考答案
def make_spiral(num_per_class, noise, seed):
    generator = torch.Generator().manual_seed(seed)
    t = torch.linspace(0, 1, num_per_class)
    arms = []
    for c in range(3):
        theta = torch.linspace(2 * math.pi * c / 3, 2 * math.pi * (c + 2) / 3, num_per_class)
        theta = theta + noise * torch.randn(num_per_class, generator=generator)
        arms.append(torch.stack((t * theta.sin(), t * theta.cos()), dim=1))
    return torch.cat(arms), torch.arange(3).repeat_interleave(num_per_class)


X, y = make_spiral(200, 0.2, seed=0)
print("X：", tuple(X.shape), "各类点数：", y.bincount().tolist())

# %% tags=["check"]
# 任务 1：自查
result = make_spiral(200, 0.2, seed=0)
assert isinstance(result, tuple), f"任务 1：make_spiral 应返回 (X, y)，现在返回 {result!r}"
X, y = result
expect_tensor("任务 1", "X", X, (600, 2))
expect_tensor("任务 1", "y", y, (600,), torch.int64)
assert y.bincount().tolist() == [200, 200, 200], "任务 1：每一类应有 200 个点"
off = (X.norm(dim=1) - torch.linspace(0, 1, 200).repeat(3)).abs().max()
assert off < 1e-5, f"任务 1：噪声只应转动角度，现在半径最多差了 {off:.3f}"
X_true, y_true = spiral(200, noise=0.2, seed=0)
assert torch.equal(y, y_true), "任务 1：y 应与 X 的次序一致：200 个 0、200 个 1、200 个 2"
gap = (X - X_true).abs().max()
assert gap < 1e-5, f"任务 1：与 spiral 最多相差 {gap:.3f}；看看角度的范围与取随机数的次序"
print("任务 1 通过")

# %% [markdown]
# 把这些点画出来：

# %% alt="三条旋臂从原点出发，向外转三分之二圈，互相隔开，每一类一种颜色和一种形状。" caption="3 类，每类 200 个点，角度噪声 0.2 弧度，种子 0。"
draw_scatter(X, y)
plt.show()

# %% [markdown]
# ## 任务 2：标签的两种写法
#
# `y` 里是类别下标。另一种写法叫独热编码（one-hot encoding）：第 $k$ 类写成只有第 $k$ 项为 1 的向量。下面是一个还没有训练的网络，它给每个点三个分数（logits）。

# %%
logits = mlp([2, 100, 3], seed=0)(X).detach()
print("logits：", tuple(logits.shape))

# %% [markdown]
# - `one_hot`：`y` 的独热编码，形状 (600, 3)，类型 `torch.float32`，用 `F.one_hot` 再转类型；
# - `loss_index`、`loss_one_hot`：同一组分数，分别配 `y` 与 `one_hot` 的交叉熵 `F.cross_entropy`；
# - `by_hand`：不用 `F.cross_entropy`，自己算同一个损失：先用 `F.log_softmax` 得到每一类概率的对数，取出正确类别的那一项（可以乘 `one_hot` 再沿第 1 维求和，也可以用 `[torch.arange(600), y]`），取平均，变号。

# %% tags=["stub"]
# 任务 2：把 ... 换成你的代码
one_hot = ...
loss_index = ...
loss_one_hot = ...
by_hand = ...

# %% tags=["solution"]
# 任务 2：参考答案
one_hot = F.one_hot(y, num_classes=3).float()
loss_index = F.cross_entropy(logits, y)
loss_one_hot = F.cross_entropy(logits, one_hot)
by_hand = -F.log_softmax(logits, dim=1)[torch.arange(600), y].mean()
print("第 0 个样本：", y[0].item(), "→", one_hot[0].tolist())
print(f"下标 {loss_index:.4f}，独热 {loss_one_hot:.4f}，手算 {by_hand:.4f}")
print(f"三类各给三分之一的概率，损失是 ln 3 = {math.log(3):.4f}")

# %% tags=["check"]
# 任务 2：自查
expect_tensor("任务 2", "one_hot", one_hot, (600, 3))
expect_tensor("任务 2", "loss_index", loss_index, ())
expect_tensor("任务 2", "loss_one_hot", loss_one_hot, ())
expect_tensor("任务 2", "by_hand", by_hand, ())
assert (one_hot.sum(dim=1) == 1).all(), "任务 2：one_hot 的每一行应恰好有一个 1"
assert torch.equal(one_hot.argmax(dim=1), y), "任务 2：one_hot 里 1 的位置应是类别下标"
truth = F.nll_loss(logits.log_softmax(dim=1), y)
found = {"loss_index": loss_index, "loss_one_hot": loss_one_hot, "by_hand": by_hand}
for name, value in found.items():
    assert torch.allclose(value, truth), f"任务 2：{name} 应是 {truth:.4f}，现在是 {value:.4f}"
print("任务 2 通过")

# %% [markdown]
# ## 任务 3：准确率
#
# 数据分成两份：训练集用来训练，测试集只用来打分。`split` 从每一类里抽出同样比例的点作测试集。

# %%
(X_train, y_train), (X_test, y_test) = split(X, y, 0.25, seed=0)
print("训练集", len(X_train), "个，测试集", len(X_test), "个")

# %% [markdown]
# 写 `accuracy(model, X, y)`：网络给每个点三个分数，分数最高的类别是它的猜测；返回猜对的比例，Python 的数，在 0 与 1 之间。打分不需要梯度，写在 `torch.no_grad()` 里。

# %% tags=["stub"]
# 任务 3：把 ... 换成你的代码
def accuracy(model, X, y):
    ...


# %% tags=["solution"]
# 任务 3：参考答案
def accuracy(model, X, y):
    with torch.no_grad():
        return (model(X).argmax(dim=1) == y).float().mean().item()


print(f"没有训练的网络，测试准确率 {accuracy(mlp([2, 100, 3], seed=0), X_test, y_test):.3f}")

# %% tags=["check"]
# 任务 3：自查
always_first = nn.Linear(2, 3)
nn.init.zeros_(always_first.weight)
always_first.bias.data = torch.tensor([1.0, 0.0, 0.0])
value = accuracy(always_first, X_test, y_test)
assert isinstance(value, float), f"任务 3：accuracy 应返回 Python 的数，现在返回 {value!r}"
assert abs(value - 1 / 3) < 1e-6, f"任务 3：总猜第 0 类的网络应得 0.333，现在是 {value:.3f}"
value = accuracy(always_first, X_train, torch.zeros(450, dtype=torch.int64))
assert abs(value - 1) < 1e-6, f"任务 3：全猜对时应是 1，现在是 {value:.3f}；样本数要从参数里取"
print("任务 3 通过")

# %% [markdown]
# ## 任务 4：训练函数
#
# 写 `train(model, optimizer, num_steps)`：用全部训练样本（全批量，full batch）走 `num_steps` 步，每一步算分数、交叉熵、清零梯度、反向传播、更新。返回每一步的损失，Python 的数。`optimizer` 是造好的 `torch.optim` 优化器。

# %% tags=["stub"]
# 任务 4：把 ... 换成你的代码
def train(model, optimizer, num_steps):
    ...


# %% tags=["solution"]
# 任务 4：参考答案
def train(model, optimizer, num_steps):
    losses = []
    for _ in range(num_steps):
        loss = F.cross_entropy(model(X_train), y_train)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


model = mlp([2, 100, 3], seed=0)
losses = train(model, torch.optim.SGD(model.parameters(), lr=0.1), 20)
print(f"20 步，损失从 {losses[0]:.4f} 到 {losses[-1]:.4f}")

# %% tags=["check"]
# 任务 4：自查
mine = mlp([2, 100, 3], seed=0)
theirs = copy.deepcopy(mine)
losses = train(mine, torch.optim.SGD(mine.parameters(), lr=0.1), 20)
assert isinstance(losses, list), f"任务 4：train 应返回列表，现在返回 {losses!r}"
assert len(losses) == 20, f"任务 4：20 步应有 20 个损失，现在是 {len(losses)} 个"
assert isinstance(losses[0], float), "任务 4：losses 里应是 Python 的数，试试 loss.item()"
history = fit(theirs, X_train, y_train, optimizer="sgd", lr=0.1, num_epochs=20)
furthest = max(abs(a - b) for a, b in zip(losses, history.train_loss))
assert furthest < 1e-4, (f"任务 4：损失应与 fit 的相同，现在最多相差 {furthest:.4f}；"
                         "看看有没有清零，损失是不是更新之前的")
print(f"任务 4 通过；与 dlnotes.training.fit 最多相差 {furthest:.0e}")

# %% [markdown]
# ## 任务 5：线性模型
#
# 两个仿射层直接相连，中间没有激活函数。先用任务 4 的函数训练它，再把两层合成一层。
#
# - `linear`：`nn.Sequential`，里面是 `nn.Linear(2, 100)` 与 `nn.Linear(100, 3)`；用 `torch.optim.Adam`、学习率 0.01 训练 500 步；
# - `linear_losses`：训练时每一步的损失，任务 6 还要用；
# - `W`、`b`：合成一层的权重与偏置，形状 (3, 2) 与 (3,)，使 `X @ W.T + b` 等于 `linear(X)`。
#
# 提示：$W_2(W_1x + b_1) + b_2 = (W_2W_1)x + (W_2b_1 + b_2)$。造网络之前设好种子 `torch.manual_seed(0)`，结果就可以重现。

# %% tags=["stub"]
# 任务 5：把 ... 换成你的代码
torch.manual_seed(0)
linear = ...
linear_losses = ...
W = ...
b = ...

# %% tags=["solution"]
# 任务 5：参考答案
torch.manual_seed(0)
linear = nn.Sequential(nn.Linear(2, 100), nn.Linear(100, 3))
linear_losses = train(linear, torch.optim.Adam(linear.parameters(), lr=0.01), 500)
first, second = linear
W = (second.weight @ first.weight).detach()
b = (second.weight @ first.bias + second.bias).detach()
print(f"训练准确率 {accuracy(linear, X_train, y_train):.3f}")
print(f"测试准确率 {accuracy(linear, X_test, y_test):.3f}")
sizes = sum(p.numel() for p in linear.parameters()), W.numel() + b.numel()
print(f"参数：两层 {sizes[0]} 个，合成一层 {sizes[1]} 个")

# %% tags=["check"]
# 任务 5：自查
assert isinstance(linear, nn.Module), f"任务 5：linear 应是网络，现在是 {linear!r}"
kinds = [type(layer).__name__ for layer in linear]
assert kinds == ["Linear", "Linear"], f"任务 5：linear 应由两个 Linear 组成，现在是 {kinds}"
assert len(linear_losses) == 500, f"任务 5：应训练 500 步，现在是 {len(linear_losses)} 步"
expect_tensor("任务 5", "W", W, (3, 2))
expect_tensor("任务 5", "b", b, (3,))
with torch.no_grad():
    gap = (X @ W.T + b - linear(X)).abs().max()
assert gap < 1e-4, f"任务 5：合成的一层应与 linear 处处相等，现在最多相差 {gap:.4f}"
score = accuracy(linear, X_train, y_train)
assert 0.42 < score < 0.62, f"任务 5：训练之后准确率应在 0.5 左右，现在是 {score:.3f}；训练过了吗"
print(f"任务 5 通过；两种算法的输出最多相差 {gap:.0e}")

# %% [markdown]
# ## 任务 6：加上 ReLU
#
# 另造一个网络，只改一个因素：两层之间多一个 `nn.ReLU()`。种子（初始权重因此相同）、优化器、学习率、步数都与任务 5 相同。把网络存进 `relu`，每一步的损失存进 `relu_losses`。

# %% tags=["stub"]
# 任务 6：把 ... 换成你的代码
torch.manual_seed(0)
relu = ...
relu_losses = ...

# %% tags=["solution"]
# 任务 6：参考答案
torch.manual_seed(0)
relu = nn.Sequential(nn.Linear(2, 100), nn.ReLU(), nn.Linear(100, 3))
relu_losses = train(relu, torch.optim.Adam(relu.parameters(), lr=0.01), 500)

# %% tags=["check"]
# 任务 6：自查
assert isinstance(relu, nn.Module), f"任务 6：relu 应是网络，现在是 {relu!r}"
kinds = [type(layer).__name__ for layer in relu]
assert kinds == ["Linear", "ReLU", "Linear"], f"任务 6：三层应是仿射、ReLU、仿射，现在是 {kinds}"
assert relu[0] is not linear[0], "任务 6：relu 应是新造的网络，不能用任务 5 训练过的层"
assert len(relu_losses) == 500, f"任务 6：应训练 500 步，现在是 {len(relu_losses)} 步"
score = accuracy(relu, X_test, y_test)
assert score > 0.9, f"任务 6：测试准确率应在 0.9 以上，现在是 {score:.3f}"
print("任务 6 通过")

# %% [markdown]
# 两个网络比一比：

# %% alt="两条训练损失曲线：没有激活函数的一条很快停在 0.8 附近不再下降，有 ReLU 的一条一路降到 0 附近。" caption="训练损失；每类 150 个训练样本，Adam，学习率 0.01，全批量 500 步，种子 0。"
for name, model in (("没有激活函数", linear), ("有 ReLU", relu)):
    scores = accuracy(model, X_train, y_train), accuracy(model, X_test, y_test)
    print(f"{name}：训练 {scores[0]:.3f}，测试 {scores[1]:.3f}")
print(f"最后的损失：没有激活函数 {linear_losses[-1]:.3f}，有 ReLU {relu_losses[-1]:.3f}")
fig, ax = subplots()
ax.plot(linear_losses, label="没有激活函数")
ax.plot(relu_losses, label="ReLU")
ax.set(xlabel="步", ylabel="训练损失", ylim=(0, None))
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# ## 任务 7：看分界
#
# 网络把平面分成三块。要看见它们，就在平面上铺一层格点，问网络每一点是哪一类。
#
# 写 `class_map(model, num)`：横坐标与纵坐标各从 −1.1 到 1.1 均匀取 `num` 个，返回形状 (num, num) 的整数张量，第 i 行第 j 列是纵坐标为第 i 个、横坐标为第 j 个的那一点被判成的类别。
#
# 提示：`torch.meshgrid(ticks, ticks, indexing="xy")` 给出每个格点的横、纵坐标；先展平成两列送进网络，再变回方形。

# %% tags=["stub"]
# 任务 7：把 ... 换成你的代码
def class_map(model, num):
    ...


# %% tags=["solution"]
# 任务 7：参考答案
def class_map(model, num):
    ticks = torch.linspace(-1.1, 1.1, num)
    horizontal, vertical = torch.meshgrid(ticks, ticks, indexing="xy")
    points = torch.stack((horizontal.flatten(), vertical.flatten()), dim=1)
    with torch.no_grad():
        return model(points).argmax(dim=1).reshape(num, num)


print("0、1、2 三类各占的格点：", class_map(relu, 200).flatten().bincount().tolist())

# %% tags=["check"]
# 任务 7：自查
regions = class_map(relu, 23)
expect_tensor("任务 7", "class_map 的结果", regions, (23, 23), torch.int64)
up = nn.Linear(2, 3)
up.weight.data = torch.tensor([[0.0, -1.0], [1.0, 0.0], [0.0, 1.0]])
up.bias.data = torch.zeros(3)
found = class_map(up, 23)
assert found[-1, 11] == 2, "任务 7：最后一行的纵坐标应当最大；上下颠倒，或者行与列对调了吗"
assert found[11, -1] == 1, "任务 7：最后一列的横坐标应当最大；左右颠倒，或者行与列对调了吗"
assert found[0, 11] == 0, "任务 7：第 0 行的纵坐标应当最小"
edge = nn.Linear(2, 2)
edge.weight.data = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
edge.bias.data = torch.tensor([1.05, 0.0])
assert class_map(edge, 23)[0, -1] == 1, "任务 7：坐标应从 −1.1 到 1.1"
assert len(regions.unique()) == 3, "任务 7：三类在图上都应出现"
print("任务 7 通过")

# %% [markdown]
# 把两个网络的分界画出来：

# %% alt="两张分类区域图。左图没有激活函数，三块由直线隔开的扇形切断了旋臂；右图有 ReLU，三块弯曲的区域各跟着一条旋臂。" caption="左：没有激活函数；右：有 ReLU。两者只差这一层；点是训练样本，每类 150 个，种子 0。"
fig, axes = subplots(1, 2, figsize=(6.8, 3.6), sharex=True, sharey=True)
for ax, model, name in zip(axes, (linear, relu), ("没有激活函数", "ReLU")):
    ax.imshow(class_map(model, 200).numpy(), origin="lower", extent=(-1.1, 1.1, -1.1, 1.1),
              cmap=ListedColormap(PALETTE[:3]), vmin=0, vmax=2, alpha=0.28)
    draw_scatter(X_train, y_train, ax, s=4, labels=())
    ax.set_title(f"{name}：{accuracy(model, X_test, y_test):.3f}")
    ax.grid(False)
plt.show()

# %% [markdown]
# ## 任务 8：扫描学习率
#
# 任务 5 与任务 6 只用了一个学习率。学习率合不合适，要试过才知道；只看一个种子也不够，结果会随初始化变动。
#
# `fit_seeds` 对每个学习率、每个种子各训练一个网络。对 `"sgd"` 与 `"adam"` 各调用一次，存进字典 `runs`，键是优化器的名字：
#
# - 网络是 `lambda seed: mlp([2, 100, 3], seed=seed)`，数据是 `(X_train, y_train)`；
# - `num_epochs=500`；
# - `seeds=range(10)`，`lr=[1e-3, 1e-2, 1e-1, 1]`，`optimizer="sgd"` 或 `optimizer="adam"`。
#
# 一共训练 80 个网络，要等几十秒到一两分钟；加上 `progress=True` 可以看进度。
#
# 再造字典 `best`：每个优化器平均**训练**准确率最高的学习率。测试集只用来报告结果，不用来挑。`runs[name].final()` 是最后的训练准确率，`runs[name].evaluate((X_test, y_test))` 是测试准确率，形状都是 `(学习率数, 种子数)`；`runs[name].lrs` 是那些学习率。

# %% tags=["stub"]
# 任务 8：把 ... 换成你的代码
runs = ...
best = ...

# %% tags=["solution"]
# 任务 8：参考答案
runs, best = {}, {}
for name in ("sgd", "adam"):
    runs[name] = fit_seeds(lambda seed: mlp([2, 100, 3], seed=seed), (X_train, y_train),
                           seeds=range(10), lr=[1e-3, 1e-2, 1e-1, 1], num_epochs=500,
                           optimizer=name)
    best[name] = runs[name].lrs[runs[name].final().mean(dim=1).argmax()]
print("最好的学习率：", best)

# %% tags=["check"]
# 任务 8：自查
assert isinstance(runs, dict), f"任务 8：runs 应是字典，现在是 {runs!r}"
assert isinstance(best, dict), f"任务 8：best 应是字典，现在是 {best!r}"
assert set(runs) == set(best) == {"sgd", "adam"}, "任务 8：两个字典的键应是 'sgd' 与 'adam'"
for name, run in runs.items():
    shape = tuple(run.final().shape)
    assert shape == (4, 10), f"任务 8：{name} 的训练准确率形状应为 (4, 10)，现在是 {shape}"
    assert best[name] in run.lrs, f"任务 8：best 里应是学习率，不是下标；现在是 {best[name]!r}"
    top = run.final().mean(dim=1).max()
    mine = run.final()[run.lrs.index(best[name])].mean()
    assert mine == top, f"任务 8：{name} 最好的训练准确率是 {top:.3f}，best 选中的只有 {mine:.3f}"
slow, quick = (runs[name].evaluate((X_test, y_test))[0].mean() for name in ("sgd", "adam"))
assert quick > slow + 0.1, "任务 8：学习率 0.001 时两者应差很多；优化器的名字传进去了吗"
print("任务 8 通过")

# %% [markdown]
# 把测试准确率画出来：

# %% alt="两条曲线，横轴是学习率。SGD 在 0.001 与 0.01 处不到 0.5，0.1 处约 0.6，到 1 才升到 0.9 以上；Adam 在 0.001 处已过 0.8，从 0.01 到 1 都接近 1。" caption="测试准确率；横轴是学习率（对数），10 个种子，点是均值，竖线是 ± 一个标准差；全批量 500 步，数据相同，初始化随种子变。"
fig, ax = subplots()
for name, run in runs.items():
    test = run.evaluate((X_test, y_test))
    draw_sweep(run.lrs, test, ax, label=name)
    for lr, values in zip(run.lrs, test):
        print(f"{name}，学习率 {lr:g}：{mean_std(values)}")
ax.set(ylabel="测试准确率", ylim=(0, 1.02))
plt.show()

# %% [markdown]
# 两个优化器各用自己挑中的学习率，测试准确率是 0.963 与 0.977；学习率都是 0.001 时，是 0.470 与 0.851。只在 0.001 处比较，会误以为 SGD 不能用。SGD 挑中的 1 是这次试过的最大值，再大会不会更好，这里没有试。

# %% [markdown]
# ## 任务 9：隐藏层要多宽
#
# 隐藏单元（hidden unit）太少，折线的段数不够，跟不上旋臂。
#
# 对宽度 2、5、10、30、100，各用 Adam、学习率 0.01 训练，数据、10 个种子和步数与任务 8 相同，把测试准确率（形状 (10,)）存进字典 `by_width`，键是宽度。再求 `enough`：平均测试准确率达到 0.95 的最小宽度。这里只是描述宽度的作用；要挑一个宽度去用，应当另留验证集。

# %% tags=["stub"]
# 任务 9：把 ... 换成你的代码
by_width = ...
enough = ...

# %% tags=["solution"]
# 任务 9：参考答案
by_width = {}
for width in (2, 5, 10, 30, 100):
    run = fit_seeds(lambda seed: mlp([2, width, 3], seed=seed), (X_train, y_train),
                    seeds=range(10), lr=0.01, num_epochs=500, optimizer="adam")
    by_width[width] = run.evaluate((X_test, y_test))[0]
    print(f"宽度 {width}：{mean_std(by_width[width])}")
enough = min(width for width, values in by_width.items() if values.mean() >= 0.95)
print("够用的最小宽度：", enough)

# %% tags=["check"]
# 任务 9：自查
assert isinstance(by_width, dict), f"任务 9：by_width 应是字典，现在是 {by_width!r}"
assert sorted(by_width) == [2, 5, 10, 30, 100], f"任务 9：键应是五个宽度，现在是 {sorted(by_width)}"
for width, values in by_width.items():
    assert tuple(values.shape) == (10,), f"任务 9：宽度 {width} 应有 10 个种子的结果"
    whole = (values * 150 - (values * 150).round()).abs().max() < 1e-3
    assert whole, f"任务 9：宽度 {width} 应是 150 个测试点上的准确率；用 evaluate 算了吗"
assert by_width[2].mean() < by_width[100].mean(), "任务 9：2 个单元应不如 100 个；宽度传进去了吗"
passing = [width for width, values in sorted(by_width.items()) if values.mean() >= 0.95]
assert passing, "任务 9：没有一个宽度达到 0.95；看看优化器与学习率传对了没有"
assert enough == passing[0], f"任务 9：平均达到 0.95 的最小宽度是 {passing[0]}，现在是 {enough!r}"
print("任务 9 通过")

# %% [markdown]
# ## 小结
#
# 没有激活函数，两层等于一层，分界只能是直线；加上 ReLU，分界才可以弯，弯得够不够要看学习率与宽度。任务 6 只改了有没有 ReLU，但只用了一个种子；任务 8 与任务 9 各用了 10 个种子。
#
# [螺旋分类](../notes/spiral.md)一页也做了这些比较，点数与步数不同，学习率扫到了 10，还有训练过程的动画；分界为什么是折线，见[更宽还是更深](../notes/width-vs-depth.md)。
