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
# - **用时**：九个任务合计约 120 分钟。这是估计，只算动手，不算读笔记。
# - **先修**：[实验一](lab1.md)、[Softmax 回归](../notes/softmax-regression.md)、[模块与数据](../notes/modules.md)、[螺旋分类](../notes/spiral.md)。不需要 GPU。
# - **目标**：从公式造出三条缠在一起的螺旋，写训练函数，比较有 ReLU 与没有 ReLU 的网络（其余都相同），画出分界，给两个优化器各找一个合适的学习率，最后看隐藏层要多宽。
# - **怎样做**：把留着 `...` 的单元格换成你的代码，运行它下面的自查；没有通过时，最后一行会说哪里不对。卡住了先点开提示一，再点开提示二，最后才看网页上的参考答案。各个任务共用变量，所以要从上往下做。
# - **怎样交**：交这一本练习笔记本。交之前在菜单 Kernel（内核）里选 Restart Kernel and Run All Cells，从头运行一遍：九个自查都显示“通过”，就做完了；存盘，文件名前面加上学号。不要改动自查的单元格，老师会重新运行它们。

# %% [markdown]
# ## 准备
#
# 导入要用的东西。配套的包 `dlnotes` 用来划分数据、造网络、画图，核对训练函数，以及在任务 8、9 里训练许多种子；其余自己写。

# %%
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.colors import ListedColormap
from torch import nn

from dlnotes.data import split
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
# 约 20 分钟 · 难度：难
#
# 第 $c$ 类的点由半径 $t$ 与角度 $\theta$ 决定，$C$ 是类别数，$\varepsilon$ 是标准正态的随机数，$\sigma$ 是噪声的大小：
#
# $$X = t\,(\sin\theta,\ \cos\theta), \qquad \theta = \frac{2\pi}{C}(c + 2t) + \sigma\varepsilon.$$
#
# 写 `make_spiral(num_per_class, noise, seed)`，返回 `(X, y)`，类别数固定为 3：
#
# 1. 用 `seed` 造一个生成器 `torch.Generator().manual_seed(seed)`，随机数都从它取：种子相同，造出的点就相同；
# 2. 每一类的 $t$ 从 0 到 1 均匀取 `num_per_class` 个；角度先照公式算，再加上 `noise` 乘标准正态的随机数，每个点各取一个；
# 3. `X` 形状 (3·`num_per_class`, 2)，`y` 是每个点的类别下标，类型 `torch.int64`，两者的次序一致。
#
# 可以一类一类地造，再接起来；也可以不用循环，一次造 3 行。两种写法取随机数的次序不同，点的位置也就不同，都算对：自查看的是半径、角度和噪声的大小，不要求与参考答案一模一样。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 先造一条没有噪声的臂：`t = torch.linspace(0, 1, num_per_class)`，角度 `theta = 2 * math.pi / 3 * (c + 2 * t)`，两个坐标是 `t * theta.sin()` 与 `t * theta.cos()`。画出来像旋臂，再加噪声。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# 噪声是 `noise * torch.randn(num_per_class, generator=generator)`，加在 `theta` 上；`generator` 造在循环外面。`torch.stack`（`dim=1`）把两个坐标叠成两列，`torch.cat` 把三类接起来，`torch.arange(3).repeat_interleave(num_per_class)` 给出标签。
#
# </details>

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
def off_angles(X, y):
    """各类的点按半径从小到大排好，实际的角度比没有噪声时多多少；原点没有角度，去掉。"""
    rows = []
    for c in range(3):
        arm = X[y == c]
        arm = arm[arm.norm(dim=1).argsort()][1:]
        planned = 2 * math.pi / 3 * (c + 2 * arm.norm(dim=1))
        off = torch.atan2(arm[:, 0], arm[:, 1]) - planned
        rows.append(torch.atan2(off.sin(), off.cos()))
    return torch.stack(rows)


result = make_spiral(200, 0.2, seed=0)
assert isinstance(result, tuple), f"任务 1：make_spiral 应返回 (X, y)，现在返回 {result!r}"
X, y = result
expect_tensor("任务 1", "X", X, (600, 2))
expect_tensor("任务 1", "y", y, (600,), torch.int64)
assert y.bincount().tolist() == [200, 200, 200], "任务 1：每一类应有 200 个点"
radii = torch.stack([X[y == c].norm(dim=1).sort().values for c in range(3)])
off = (radii - torch.linspace(0, 1, 200)).abs().max()
assert off < 1e-4, f"任务 1：每一类的半径应从 0 均匀走到 1，现在最多差 {off:.3f}；y 与 X 的次序一致吗"
X_plain, y_plain = make_spiral(50, 0.0, seed=1)
expect_tensor("任务 1", "每类 50 个点时的 X", X_plain, (150, 2))
off = off_angles(X_plain, y_plain).abs().max()
assert off < 1e-3, f"任务 1：noise 为 0 时，角度应与公式相同，现在最多差 {off:.3f} 弧度"
assert torch.equal(make_spiral(200, 0.2, seed=0)[0], X), "任务 1：种子相同，造出的点应相同"
assert not torch.equal(make_spiral(200, 0.2, seed=1)[0], X), "任务 1：换一个种子，点应不同"
noise = off_angles(X, y) / 0.2
sds = noise.std(dim=1)
assert ((sds - 1).abs() < 0.25).all(), (
    f"任务 1：每一类的角度噪声，标准差应在 0.2 左右，现在是 {(0.2 * sds).tolist()}")
assert (noise.mean(dim=1).abs() < 0.35).all(), "任务 1：角度噪声的均值应接近 0；用的是 randn 吗"
assert (noise[0] - noise[1]).std() > 1, "任务 1：各类的噪声应各取各的；生成器造在循环外面"
assert (noise[1] - noise[2]).std() > 1, "任务 1：各类的噪声应各取各的；生成器造在循环外面"
print("任务 1 通过")

# %% [markdown]
# 把这些点画出来：

# %% alt="三条旋臂从原点出发，向外转三分之二圈，互相隔开，每一类一种颜色和一种形状。" caption="3 类，每类 200 个点，角度噪声 0.2 弧度，种子 0。"
draw_scatter(X, y)
plt.show()

# %% [markdown]
# ## 任务 2：标签的两种写法
#
# 约 12 分钟 · 难度：中
#
# `y` 里是类别下标。另一种写法叫独热编码（one-hot encoding）：第 $k$ 类写成只有第 $k$ 项为 1 的向量。下面是一个还没有训练的网络，它给每个点三个分数（logits）。

# %%
logits = mlp([2, 100, 3], seed=0)(X).detach()
print("logits：", tuple(logits.shape))

# %% [markdown]
# - `one_hot`：`y` 的独热编码，形状 (600, 3)，类型 `torch.float32`，用 `F.one_hot` 再转类型；
# - `loss_index`、`loss_one_hot`：同一组分数，分别配 `y` 与 `one_hot` 的交叉熵 `F.cross_entropy`；
# - `by_hand`：不用 `F.cross_entropy`，自己算同一个损失：先用 `F.log_softmax` 得到每一类概率的对数，取出正确类别的那一项，取平均，变号。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# `F.one_hot(y, num_classes=3)` 得到的是整数，再用 `.float()` 转。`F.cross_entropy` 的第一个参数是分数，不是概率；第二个参数可以是类别下标，也可以是独热编码。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# `log_p = F.log_softmax(logits, dim=1)` 的形状是 (600, 3)。取出正确类别的那一项有两种写法：`log_p[torch.arange(600), y]`，或者 `(log_p * one_hot).sum(dim=1)`。
#
# </details>

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
# 约 8 分钟 · 难度：易
#
# 数据分成三份：训练集用来训练，验证集用来挑学习率（任务 8），测试集只用来报告结果。`split` 从每一类里抽出同样比例的点。

# %%
train_set, valid_set, test_set = split(X, y, 0.25, valid_ratio=0.25, seed=0)
(X_train, y_train), (X_valid, y_valid), (X_test, y_test) = train_set, valid_set, test_set
print("训练集", len(X_train), "个，验证集", len(X_valid), "个，测试集", len(X_test), "个")

# %% [markdown]
# 写 `accuracy(model, X, y)`：网络给每个点三个分数，分数最高的类别是它的猜测；返回猜对的比例，Python 的数，在 0 与 1 之间。打分不需要梯度，写在 `torch.no_grad()` 里。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# `model(X)` 的形状是 (n, 3)，每行三个分数。`argmax(dim=1)` 给出每一行最大的那一项的下标，也就是猜的类别。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# `猜测 == y` 是一串真假，`.float()` 把它变成 1 与 0，`.mean()` 就是猜对的比例，`.item()` 取出 Python 的数。样本数不要写死。
#
# </details>

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
zeros = torch.zeros(300, dtype=torch.int64)
value = accuracy(always_first, X_train[:150], zeros[:150])
assert abs(value - 1) < 1e-6, f"任务 3：全猜对时应是 1，现在是 {value:.3f}；要用传进来的 X 与 y"
value = accuracy(always_first, X_train, zeros)
assert abs(value - 1) < 1e-6, f"任务 3：全猜对时应是 1，现在是 {value:.3f}；样本数要从参数里取"
value = accuracy(always_first, X_train, zeros + 1)
assert value == 0, f"任务 3：全猜错时应是 0，现在是 {value:.3f}"
print("任务 3 通过")

# %% [markdown]
# ## 任务 4：训练函数
#
# 约 10 分钟 · 难度：中
#
# 写 `train(model, optimizer, num_steps)`：用全部训练样本（全批量，full batch）走 `num_steps` 步，每一步算分数、交叉熵、清零梯度、反向传播、更新。返回每一步的损失，Python 的数。`optimizer` 是造好的 `torch.optim` 优化器。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 循环里五句话：`loss = …`，`optimizer.zero_grad()`，`loss.backward()`，`optimizer.step()`，`losses.append(…)`。最后返回列表。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# 损失是 `F.cross_entropy(model(X_train), y_train)`；记下的是更新之前算出的 `loss.item()`。优化器已经造好，不要在函数里再造。
#
# </details>

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
# 约 15 分钟 · 难度：中
#
# 两个仿射层直接相连，中间没有激活函数。先用任务 4 的函数训练它，再把两层合成一层。
#
# - `linear`：`nn.Sequential`，里面是 `nn.Linear(2, 100)` 与 `nn.Linear(100, 3)`；用 `torch.optim.Adam`、学习率 0.01 训练 500 步；
# - `linear_losses`：训练时每一步的损失，任务 6 还要用；
# - `W`、`b`：合成一层的权重与偏置，形状 (3, 2) 与 (3,)，使 `X @ W.T + b` 等于 `linear(X)`。
#
# 造网络之前设好种子 `torch.manual_seed(0)`，结果就可以重现。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 把括号展开：$W_2(W_1x + b_1) + b_2 = (W_2W_1)x + (W_2b_1 + b_2)$。先训练，再合成；训练会改动权重。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# `first, second = linear` 取出两层，权重是 `first.weight`、`second.weight`，偏置是 `first.bias`、`second.bias`。`W` 是 `second.weight @ first.weight`，`b` 同理；最后接 `.detach()`。
#
# </details>

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
# 约 8 分钟 · 难度：易
#
# 另造一个网络，只改一个因素：两层之间多一个 `nn.ReLU()`。种子（初始权重因此相同）、优化器、学习率、步数都与任务 5 相同。把网络存进 `relu`，每一步的损失存进 `relu_losses`。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 照任务 5 的两行写，只在 `nn.Sequential` 里多加一项。层要新造，不能用任务 5 训练过的。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# 优化器要拿 `relu.parameters()`，不是 `linear.parameters()`；其余与任务 5 相同：Adam、学习率 0.01、500 步。
#
# </details>

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

# %% alt="两条训练损失曲线：没有激活函数的一条很快停在 0.8 附近不再下降，有 ReLU 的一条一路降到 0 附近。" caption="训练损失；每类 100 个训练样本，Adam，学习率 0.01，全批量 500 步，种子 0。"
for name, model in (("没有激活函数", linear), ("有 ReLU", relu)):
    scores = accuracy(model, X_train, y_train), accuracy(model, X_test, y_test)
    print(f"{name}：训练 {scores[0]:.3f}，测试 {scores[1]:.3f}")
print(f"最后的损失：没有激活函数 {linear_losses[-1]:.3f}，有 ReLU {relu_losses[-1]:.3f}")
fig, ax = subplots(figsize=(4.8, 3.2))
ax.plot(linear_losses, label="没有激活函数")
ax.plot(relu_losses, label="ReLU")
ax.set(xlabel="步", ylabel="训练损失", ylim=(0, None))
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# ## 任务 7：看分界
#
# 约 15 分钟 · 难度：难
#
# 网络把平面分成三块。要看见它们，就在平面上铺一层格点，问网络每一点是哪一类。
#
# 写 `class_map(model, num)`：横坐标与纵坐标各从 −1.1 到 1.1 均匀取 `num` 个，返回形状 (num, num) 的整数张量，第 i 行第 j 列是纵坐标为第 i 个、横坐标为第 j 个的那一点被判成的类别。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# `torch.meshgrid(ticks, ticks, indexing="xy")` 给出两张 (num, num) 的表：每个格点的横坐标、纵坐标。先展平成两列送进网络，再变回方形。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# 展平用 `.flatten()`，叠成两列用 `torch.stack`（`dim=1`），猜测是 `model(points).argmax(dim=1)`，变回方形用 `.reshape(num, num)`。
#
# </details>

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

# %% alt="两张分类区域图。左图没有激活函数，三块由直线隔开的扇形切断了旋臂；右图有 ReLU，三块弯曲的区域各跟着一条旋臂。" caption="左：没有激活函数；右：有 ReLU。两者只差这一层；点是训练样本，每类 100 个，种子 0。"
fig, axes = subplots(1, 2, figsize=(4.8, 2.8), sharex=True, sharey=True)
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
# 约 17 分钟 · 难度：中
#
# 任务 5 与任务 6 只用了一个学习率。学习率合不合适，要试过才知道；只看一个种子也不够，结果会随初始化变动。
#
# 配套包里的 [`fit_seeds`](../api/training.md) 做的就是任务 4 的循环，只是对每个学习率、每个种子各训练一个网络，一次返回全部结果。先看一个小的：2 个学习率、3 个种子，各走 5 步。

# %%
small = fit_seeds(lambda seed: mlp([2, 10, 3], seed=seed), train_set,
                  seeds=range(3), lr=[0.01, 0.1], num_epochs=5, optimizer="sgd")
print("学习率：", small.lrs)
print("验证准确率的形状：", tuple(small.evaluate(valid_set).shape), "，即（学习率数, 种子数）")

# %% [markdown]
# 第一个参数由种子造出网络，第二个是数据；`evaluate` 用另一份数据给每个网络打分。
#
# 现在对 `"sgd"` 与 `"adam"` 各调用一次，结果存进字典 `runs`，键是优化器的名字：
#
# - 网络是 `lambda seed: mlp([2, 100, 3], seed=seed)`，数据是 `train_set`，`num_epochs=500`；
# - `seeds=range(10)`，`lr=[1e-3, 1e-2, 1e-1, 1, 10]`，`optimizer="sgd"` 或 `optimizer="adam"`。
#
# 一共训练 100 个网络，要等几十秒到一两分钟；加上 `progress=True` 可以看进度。
#
# 再造字典 `best`：每个优化器在**验证集**上平均准确率最高的学习率。测试集只用来报告结果，不用来挑。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 先只做一个优化器，打印 `run.evaluate(valid_set).mean(dim=1)` 看看：它有 5 项，每个学习率一项。做通了再写成循环。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# 最大的一项在第几个，用 `.argmax()`；`best` 里要的是学习率本身，不是下标，用这个下标到 `run.lrs` 里取。
#
# </details>

# %% tags=["stub"]
# 任务 8：把 ... 换成你的代码
runs = ...
best = ...

# %% tags=["solution"]
# 任务 8：参考答案
runs, best = {}, {}
for name in ("sgd", "adam"):
    runs[name] = fit_seeds(lambda seed: mlp([2, 100, 3], seed=seed), train_set,
                           seeds=range(10), lr=[1e-3, 1e-2, 1e-1, 1, 10], num_epochs=500,
                           optimizer=name)
    best[name] = runs[name].lrs[runs[name].evaluate(valid_set).mean(dim=1).argmax()]
print("最好的学习率：", best)

# %% tags=["check"]
# 任务 8：自查
assert isinstance(runs, dict), f"任务 8：runs 应是字典，现在是 {runs!r}"
assert isinstance(best, dict), f"任务 8：best 应是字典，现在是 {best!r}"
assert set(runs) == set(best) == {"sgd", "adam"}, "任务 8：两个字典的键应是 'sgd' 与 'adam'"
for name, run in runs.items():
    shape = tuple(run.final().shape)
    assert shape == (5, 10), f"任务 8：{name} 应有 5 个学习率、10 个种子，现在是 {shape}"
    whole = (run.final() * 300 - (run.final() * 300).round()).abs().max() < 1e-3
    assert whole, f"任务 8：{name} 应只用 300 个训练样本来训练"
    assert best[name] in run.lrs, f"任务 8：best 里应是学习率，不是下标；现在是 {best[name]!r}"
    scores = run.evaluate(valid_set).mean(dim=1)
    mine = scores[run.lrs.index(best[name])]
    assert mine == scores.max(), (
        f"任务 8：{name} 最好的验证准确率是 {scores.max():.3f}，best 选中的只有 {mine:.3f}")
slow, quick = (runs[name].evaluate(test_set)[0].mean() for name in ("sgd", "adam"))
assert quick > slow + 0.1, "任务 8：学习率 0.001 时两者应差很多；优化器的名字传进去了吗"
print("任务 8 通过")

# %% [markdown]
# 把测试准确率画出来：

# %% alt="两条曲线，横轴是学习率。SGD 在 0.001 与 0.01 处不到 0.5，0.1 处约 0.6，到 1 升到 0.9 以上，到 10 跌到三分之一；Adam 在 0.001 处已过 0.8，从 0.01 到 1 都接近 1，到 10 跌到 0.6 左右。" caption="测试准确率；横轴是学习率（对数），10 个种子，点是均值，竖线是 ± 一个标准差；全批量 500 步，数据相同，初始化随种子变。"
fig, ax = subplots(figsize=(4.8, 3.2))
for name, run in runs.items():
    test = run.evaluate(test_set)
    draw_sweep(run.lrs, test, ax, label=name)
    for lr, values in zip(run.lrs, test):
        print(f"{name}，学习率 {lr:g}：{mean_std(values)}")
ax.set(ylabel="测试准确率", ylim=(0, 1.02))
plt.show()

# %% [markdown]
# 参考答案里，SGD 挑中 1，Adam 挑中 0.01，测试准确率是 0.968 ± 0.005 与 0.987 ± 0.004（10 个种子，± 是标准差）；学习率都是 0.001 时，是 0.475 ± 0.062 与 0.855 ± 0.015。只在 0.001 处比较，会误以为 SGD 不能用。挑中的两个值都不在网格的两端，所以不必再往外扩。你的数据若用另一种次序取随机数，数字会略有不同。

# %% [markdown]
# ## 任务 9：隐藏层要多宽
#
# 约 15 分钟 · 难度：中
#
# 隐藏单元（hidden unit）太少，折线的段数不够，跟不上旋臂。
#
# 对宽度 2、5、10、30、100，各用 Adam、学习率 0.01 训练，数据、10 个种子和步数与任务 8 相同，把测试准确率（形状 (10,)）存进字典 `by_width`，键是宽度。只给一个学习率时，`evaluate` 的结果只有一行，取第 0 行。再求 `enough`：平均测试准确率达到 0.95 的最小宽度。这里只是描述宽度的作用；要挑一个宽度去用，应当另留验证集。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 一个 `for width in (2, 5, 10, 30, 100):` 循环，每次调用一次 `fit_seeds`，只把 `mlp` 里的 100 换成 `width`，`lr=0.01`。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# `by_width[width] = run.evaluate(test_set)[0]`。`enough` 可以用 `min(…)`：在平均准确率不小于 0.95 的那些宽度里取最小的。
#
# </details>

# %% tags=["stub"]
# 任务 9：把 ... 换成你的代码
by_width = ...
enough = ...

# %% tags=["solution"]
# 任务 9：参考答案
by_width = {}
for width in (2, 5, 10, 30, 100):
    run = fit_seeds(lambda seed: mlp([2, width, 3], seed=seed), train_set,
                    seeds=range(10), lr=0.01, num_epochs=500, optimizer="adam")
    by_width[width] = run.evaluate(test_set)[0]
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
# [螺旋分类](../notes/spiral.md)一页也做了这些比较，点数与步数不同；分界为什么是折线，见[更宽还是更深](../notes/width-vs-depth.md)。
#
# **交之前**，重启内核，从头运行一遍。任何一个自查没有通过，运行都会停在那里；下面这一格有输出，就说明九个任务都通过了。

# %%
print("从头到尾没有中断：九个任务全部通过")
