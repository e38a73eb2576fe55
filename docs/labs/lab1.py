# ---
# jupyter:
#   description: 九个任务：造张量、取一部分、广播、求梯度，最后不用任何现成的训练函数，自己写出训练循环。
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
# # 实验一：PyTorch 基础
#
# - **用时**：九个任务合计约 110 分钟。这是估计，只算动手，不算读笔记。
# - **先修**：[张量](../notes/tensors.md)、[形状与广播](../notes/shapes.md)、[自动微分](../notes/autograd.md)、[线性回归与梯度下降](../notes/linear-regression.md)、[训练循环](../notes/training-loop.md)。会用 Python 的列表、函数和循环就够，不需要 GPU。
# - **目标**：造出张量，取出其中一部分，让形状不同的张量一起运算；让 PyTorch 求梯度；最后不用任何现成的训练函数，自己写出一个训练循环。
# - **怎样做**：每个任务有一个留着 `...` 的单元格，把 `...` 换成你的代码，再运行它下面的自查。自查没有通过时，最后一行会说哪里不对。卡住了先点开提示一，再点开提示二，最后才看网页上的参考答案。各个任务共用变量，所以要从上往下做。
# - **怎样交**：交这一本练习笔记本。交之前在菜单 Kernel（内核）里选 Restart Kernel and Run All Cells，从头运行一遍：九个自查都显示“通过”，就做完了；存盘，文件名前面加上学号。不要改动自查的单元格，老师会重新运行它们。

# %% [markdown]
# ## 准备
#
# 导入要用的东西，并看一看版本。

# %%
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from dlnotes.plotting import subplots

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
# ## 任务 1：造张量
#
# 约 5 分钟 · 难度：易
#
# 三个学生做了四道题，得分写在一个嵌套的列表里，一行是一个学生。

# %%
rows = [[8, 6, 9, 7], [5, 9, 4, 6], [10, 8, 9, 10]]

# %% [markdown]
# 造出三个张量（tensor）：
#
# - `scores`：内容是 `rows`，形状 (3, 4)，类型 `torch.float32`；
# - `bonus`：全是 1，形状 (3, 1)，类型和设备都沿用 `scores`，用它的 `new_ones` 方法；
# - `weights`：四道题的权重，从 0.1 到 0.4 均匀的四个数，用 `torch.linspace`。
#
# 列表里全是整数，`torch.tensor(rows)` 得到的是整数张量，所以类型要写明。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# `torch.tensor` 可以多写一个参数 `dtype=…`，指定类型。`new_ones` 是张量自己的方法，写在 `scores.` 后面，括号里是形状。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# `scores.new_ones(3, 1)` 会沿用 `scores` 的类型，不必再写。`torch.linspace` 的三个参数是起点、终点、个数，两端都包括在内，这里起点 0.1，终点 0.4。
#
# </details>

# %% tags=["stub"]
# 任务 1：把 ... 换成你的代码
scores = ...
bonus = ...
weights = ...

# %% tags=["solution"]
# 任务 1：参考答案
scores = torch.tensor(rows, dtype=torch.float32)
bonus = scores.new_ones(3, 1)
weights = torch.linspace(0.1, 0.4, 4)
print(scores)
print("bonus：", tuple(bonus.shape), bonus.dtype)
print("weights：", weights)

# %% tags=["check"]
# 任务 1：自查
expect_tensor("任务 1", "scores", scores, (3, 4))
expect_tensor("任务 1", "bonus", bonus, (3, 1))
expect_tensor("任务 1", "weights", weights, (4,))
assert scores.tolist() == rows, f"任务 1：scores 的内容应与 rows 相同，现在是 {scores.tolist()}"
assert (bonus == 1).all(), f"任务 1：bonus 应全是 1，现在是 {bonus.flatten().tolist()}"
expected = torch.tensor([0.1, 0.2, 0.3, 0.4])
assert torch.allclose(weights, expected), f"任务 1：weights 应是 {expected}，现在是 {weights}"
print("任务 1 通过")

# %% [markdown]
# ## 任务 2：取出一部分
#
# 约 8 分钟 · 难度：易
#
# 下标从 0 数起。方括号里每一维写一个下标，或者写切片 `begin:end`，`end` 不包括在内；一个冒号表示整维都要。
#
# - `first`：第 0 个学生的全部得分，形状 (4,)；
# - `first_row`：还是这些数，但保留两维，形状 (1, 4)；
# - `last_two`：每个学生最后两道题的得分，形状 (3, 2)；
# - `best`：第 2 个学生第 0 题的得分，要一个 Python 的数，不要张量。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 下标写整数，那一维就消失；写成列表 `[0]` 或切片 `0:1`，那一维还在。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# “每个学生”是第 0 维全要，写一个冒号；“最后两道题”是第 1 维从 2 取到末尾，写 `2:`。`scores[2, 0]` 还是张量，后面接 `.item()` 才是 Python 的数。
#
# </details>

# %% tags=["stub"]
# 任务 2：把 ... 换成你的代码
first = ...
first_row = ...
last_two = ...
best = ...

# %% tags=["solution"]
# 任务 2：参考答案
first = scores[0, :]
first_row = scores[[0], :]
last_two = scores[:, 2:]
best = scores[2, 0].item()
print("first：", tuple(first.shape), "first_row：", tuple(first_row.shape))
print("last_two：", last_two.tolist())
print("scores[2, 0] 是", scores[2, 0], "，best 是", best)

# %% tags=["check"]
# 任务 2：自查
expect_tensor("任务 2", "first", first, (4,))
expect_tensor("任务 2", "first_row", first_row, (1, 4))
expect_tensor("任务 2", "last_two", last_two, (3, 2))
assert torch.equal(first, scores[0]), f"任务 2：first 应是 {scores[0]}，现在是 {first}"
assert torch.equal(first_row[0], first), "任务 2：first_row 与 first 的内容应相同"
assert last_two.tolist() == [[9, 7], [4, 6], [9, 10]], "任务 2：last_two 应是每一行的最后两个数"
assert isinstance(best, int | float), f"任务 2：best 应是 Python 的数，用 .item()，现在是 {best!r}"
assert best == 10, f"任务 2：best 应是第 2 行第 0 列的 10，现在是 {best}"
print("任务 2 通过")

# %% [markdown]
# ## 任务 3：矩阵乘法与数据类型
#
# 约 10 分钟 · 难度：易
#
# 四道题的得分按倍数计入两组总分：`groups[i, j]` 是第 i 题的得分乘几倍计入第 j 组，0 表示不计入。它是整数张量。

# %%
groups = torch.tensor([[1, 0], [0, 2], [1, 1], [2, 0]])
try:
    scores @ groups
except RuntimeError as error:
    print("scores @ groups 报错：", error)

# %% [markdown]
# 浮点数与整数不能直接做矩阵乘法，先用 `.float()` 转换。形状也要合：左边的列数等于右边的行数，`@` 不会替你转置。
#
# - `total`：每个学生的加权总分，权重是 `weights`，形状 (3,)；
# - `by_group`：每个学生两组各得多少，形状 (3, 2)；
# - `products`：任意两个学生得分的内积，形状 (3, 3)。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 先只写形状：(3, 4) 乘 (4,) 得 (3,)；(3, 4) 乘 (4, 2) 得 (3, 2)；要得到 (3, 3)，右边应是 (4, 3)。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# `.T` 是转置，`.float()` 把整数变成浮点数。两个学生得分的内积，是第 i 行与第 j 行逐项相乘再相加，正是 `scores` 乘它自己的转置。
#
# </details>

# %% tags=["stub"]
# 任务 3：把 ... 换成你的代码
total = ...
by_group = ...
products = ...

# %% tags=["solution"]
# 任务 3：参考答案
total = scores @ weights
by_group = scores @ groups.float()
products = scores @ scores.T
print("total：", total)
print("by_group：", by_group.tolist())
print(products)

# %% tags=["check"]
# 任务 3：自查
expect_tensor("任务 3", "total", total, (3,))
expect_tensor("任务 3", "by_group", by_group, (3, 2))
expect_tensor("任务 3", "products", products, (3, 3))
by_loop = [sum(s * w for s, w in zip(row, (0.1, 0.2, 0.3, 0.4))) for row in rows]
assert torch.allclose(total, torch.tensor(by_loop)), f"任务 3：total 应是 {by_loop}，现在是 {total}"
in_groups = [[8 + 9 + 2 * 7, 2 * 6 + 9], [5 + 4 + 2 * 6, 2 * 9 + 4], [10 + 9 + 2 * 10, 2 * 8 + 9]]
assert by_group.tolist() == in_groups, f"任务 3：by_group 应是 {in_groups}"
inner = [[sum(a * b for a, b in zip(one, other)) for other in rows] for one in rows]
assert products.tolist() == inner, "任务 3：products 的每一格应是两行的内积"
print("任务 3 通过")

# %% [markdown]
# ## 任务 4：广播
#
# 约 15 分钟 · 难度：中
#
# 形状不同的张量也能做加减乘除：从最后一维对齐，某一维是 1 或者缺了，就当作复制过（broadcasting，广播）。
#
# - `standard`：把每道题的得分标准化，即减去这一列的均值，再除以这一列的标准差（用 `.std(dim=0)`，它除以 n−1），形状 (3, 4)；
# - `gaps`：总分之差的表，`gaps[i, j]` 是第 i 个学生比第 j 个学生多多少，形状 (3, 3)；
# - `error`：预测 `y_hat` 与目标 `y` 之差的平方的平均值，标量张量，形状 ()。
#
# 第三个有陷阱：`y_hat` 的形状是 (3, 1)，`y` 的形状是 (3,)，直接相减会广播成一张表。

# %%
y_hat = torch.tensor([[7.0], [6.0], [9.0]])
y = torch.tensor([7.5, 6.0, 9.5])
print("y_hat - y 的形状：", tuple((y_hat - y).shape))

# %% [markdown]
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# “每列的均值”写 `scores.mean(dim=0)`，沿第 0 维（学生）求平均，得到 4 个数，会自动对齐到每一行。差的表要让一个竖着、一个横着：(3, 1) 减 (1, 3)。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# `total[:, None]` 的形状是 (3, 1)，`total[None, :]` 的形状是 (1, 3)。求误差之前先让形状相同：`y_hat[:, 0]` 的形状是 (3,)。
#
# </details>

# %% tags=["stub"]
# 任务 4：把 ... 换成你的代码
standard = ...
gaps = ...
error = ...

# %% tags=["solution"]
# 任务 4：参考答案
standard = (scores - scores.mean(dim=0)) / scores.std(dim=0)
gaps = total[:, None] - total[None, :]
error = ((y_hat[:, 0] - y) ** 2).mean()
print("每列的均值：", standard.mean(dim=0).abs().round(decimals=3).tolist())
print("每列的标准差：", standard.std(dim=0).round(decimals=3).tolist())
print(gaps)
print(f"正确的误差 {error:.4f}，不小心广播得到 {((y_hat - y) ** 2).mean():.4f}")

# %% tags=["check"]
# 任务 4：自查
expect_tensor("任务 4", "standard", standard, (3, 4))
expect_tensor("任务 4", "gaps", gaps, (3, 3))
expect_tensor("任务 4", "error", error, ())
means, sds = standard.mean(dim=0), standard.std(dim=0)
assert torch.allclose(means, torch.zeros(4), atol=1e-5), f"任务 4：每列的均值应为 0，现在是 {means}"
assert torch.allclose(sds, torch.ones(4), atol=1e-5), f"任务 4：每列的标准差应为 1，现在是 {sds}"
centred = [[s - sum(column) / 3 for s in column] for column in zip(*rows)]
same_sign = torch.tensor(centred).T * standard >= 0
assert same_sign.all(), "任务 4：高于均值的得分，标准化之后应是正的；减数与被减数写反了吗"
table = torch.tensor([[one - other for other in total.tolist()] for one in total.tolist()])
assert torch.allclose(gaps, table, atol=1e-5), "任务 4：gaps[i, j] 应是第 i 个的总分减第 j 个的"
assert abs(error - 0.5 / 3) < 1e-6, f"任务 4：error 应是 0.1667，现在是 {error:.4f}；看看形状"
print("任务 4 通过")

# %% [markdown]
# ## 任务 5：求梯度
#
# 约 12 分钟 · 难度：中
#
# 线性回归的预测是 $\hat y = Xw$，损失是误差平方的平均值
#
# $$L(w) = \frac{1}{n}\sum_{i=1}^{n}(\hat y_i - y_i)^2,$$
#
# 其中 $n$ 是样本数，$X$ 的每一行是一个样本，$w$ 是权重。
#
# 在纸上求导，得到
#
# $$\frac{\partial L}{\partial w} = \frac{2}{n}\,X^\top (Xw - y).$$
#
# 用两种办法求同一个梯度（gradient）：
#
# - `auto`：算出损失，调用 `backward()`，再从 `w.grad` 里取；
# - `by_hand`：照上面的公式算，写在 `torch.no_grad()` 里。
#
# 这里用双精度，两种办法应当几乎分毫不差。

# %%
generator = torch.Generator().manual_seed(0)
X = torch.randn(50, 2, generator=generator, dtype=torch.float64)
y = torch.randn(50, generator=generator, dtype=torch.float64)
w = torch.tensor([0.5, -1.0], dtype=torch.float64, requires_grad=True)

# %% [markdown]
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 分两步：先写出一个标量 `loss`，再 `loss.backward()`；之后梯度就在 `w.grad` 里。公式里的 $n$ 是样本数，写 `len(X)`。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# `loss` 是 `((X @ w - y) ** 2).mean()`。公式从右往左写：误差是 `X @ w - y`，左乘 `X.T`，再乘 `2 / len(X)`。
#
# </details>

# %% tags=["stub"]
# 任务 5：把 ... 换成你的代码
auto = ...
by_hand = ...

# %% tags=["solution"]
# 任务 5：参考答案
loss = ((X @ w - y) ** 2).mean()
loss.backward()
auto = w.grad
with torch.no_grad():
    by_hand = 2 / len(X) * X.T @ (X @ w - y)
print("auto：", auto)
print(f"两者最大相差 {(auto - by_hand).abs().max():.0e}")

# %% tags=["check"]
# 任务 5：自查
expect_tensor("任务 5", "auto", auto, (2,), torch.float64)
expect_tensor("任务 5", "by_hand", by_hand, (2,), torch.float64)
(truth,) = torch.autograd.grad(F.mse_loss(X @ w, y), w)
ratio = (auto / truth).detach().mean().round()
again = ratio > 1 and torch.allclose(auto, ratio * truth)
hint = "；运行过多次的话，先重新运行造 w 的那个单元格" if again else ""
assert torch.allclose(auto, truth), f"任务 5：auto 应是 {truth}，现在是 {auto}{hint}"
assert torch.allclose(by_hand, truth, atol=1e-10), f"任务 5：by_hand 应是 {truth}，现在是 {by_hand}"
print("任务 5 通过")

# %% [markdown]
# ## 任务 6：梯度会累积
#
# 约 12 分钟 · 难度：中
#
# `backward()` 把算出的梯度**加进** `.grad`，不是换掉原来的。所以训练循环每一步都要先清零。
#
# 写一个函数 `grads(f, start, times, reset)`，看清这件事：造一个值为 `start`、需要梯度的标量张量 `x`，对 `f(x)` 做 `times` 次反向传播，每次之后把 `x.grad` 的值（Python 的数）记进列表，最后返回列表。`reset` 为真时，每次反向传播之前把 `x.grad` 设为 `None`。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 先造 `x = torch.tensor(start, requires_grad=True)` 和一个空列表，再循环 `times` 次。每次只有三件事：要清零就清零，反向传播，记下梯度。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# 清零写 `x.grad = None`，放在 `f(x).backward()` 之前；记下的是 `x.grad.item()`。`x` 在循环外面只造一次，否则梯度没有地方累积。
#
# </details>

# %% tags=["stub"]
# 任务 6：把 ... 换成你的代码
def grads(f, start, times, reset):
    ...


# %% tags=["solution"]
# 任务 6：参考答案
def grads(f, start, times, reset):
    x = torch.tensor(start, requires_grad=True)
    found = []
    for _ in range(times):
        if reset:
            x.grad = None
        f(x).backward()
        found.append(x.grad.item())
    return found


print("不清零：", grads(lambda x: x**3, 2.0, 3, reset=False))
print("清零：", grads(lambda x: x**3, 2.0, 3, reset=True))

# %% tags=["check"]
# 任务 6：自查
kept, cleared = (grads(lambda x: x**3, 2.0, 3, reset) for reset in (False, True))
assert isinstance(cleared, list), f"任务 6：grads 应返回列表，现在返回 {cleared!r}"
assert len(cleared) == 3, f"任务 6：times 为 3 时列表应有 3 项，现在有 {len(cleared)} 项"
assert isinstance(cleared[0], float), "任务 6：列表里应是 Python 的数，试试 x.grad.item()"
assert cleared == [12, 12, 12], f"任务 6：x³ 在 2 处的导数是 12，应是三个 12，现在是 {cleared}"
assert kept == [12, 24, 36], f"任务 6：不清零时应越加越大，是 [12, 24, 36]，现在是 {kept}"
assert grads(torch.sin, 0.0, 1, True) == [1], "任务 6：函数应当用传进来的 f 与 start"
print("任务 6 通过")

# %% [markdown]
# ## 任务 7：小批量
#
# 约 13 分钟 · 难度：中
#
# 从这里开始做一个完整的线性回归。先造数据：1000 个样本，两个特征，目标由一组已知的权重与偏置加上噪声得到。训练好不好，看它能不能把这组数找回来。

# %%
true_w, true_b = torch.tensor([1.5, -2.0]), 0.7
generator = torch.Generator().manual_seed(1)
X = torch.randn(1000, 2, generator=generator)
y = X @ true_w + true_b + 0.3 * torch.randn(1000, generator=generator)
print("X：", tuple(X.shape), "y：", tuple(y.shape))

# %% [markdown]
# 每一步只用一小批样本（mini-batch，小批量）算梯度。写一个生成器函数 `batches(X, y, batch_size, generator)`：
#
# 1. 用 `torch.randperm(n, generator=generator)` 得到 0 到 n−1 的一个随机次序；
# 2. 按这个次序每次取 `batch_size` 个下标，最后一批可以少一些；
# 3. 用 `yield` 给出 `(X_batch, y_batch)`，特征与目标用同样的下标取。
#
# 全部样本用过一遍叫一轮（epoch），用一批更新一次叫一步（iteration）。
#
# 没有用过 `yield` 的话，先看一个小例子。函数里有 `yield`，调用它不会一口气做完，而是在 `for` 循环要下一个时才往下走，走到 `yield` 就交出一个值，停在那里：

# %%
def countdown(n):
    while n > 0:
        yield n
        n -= 1


print([value for value in countdown(3)])

# %% [markdown]
# 轮到你了，把 `batches` 写完。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 先试试 `torch.randperm(5).split(2)`：它把 5 个打乱的下标切成 2 个、2 个、1 个。`X[index]` 一次取出一批行。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# 循环是 `for index in 次序.split(batch_size):`，循环里只有一句 `yield`，交出 `X[index]` 与 `y[index]`。次序要用传进来的 `generator`，不要自己另造。
#
# </details>

# %% tags=["stub"]
# 任务 7：把 ... 换成你的代码
def batches(X, y, batch_size, generator):
    ...


# %% tags=["solution"]
# 任务 7：参考答案
def batches(X, y, batch_size, generator):
    for index in torch.randperm(len(X), generator=generator).split(batch_size):
        yield X[index], y[index]


sizes = [len(y_batch) for _, y_batch in batches(X, y, 32, torch.Generator().manual_seed(2))]
print(f"每批 32 个时，一轮有 {len(sizes)} 步，最后一批 {sizes[-1]} 个")

# %% tags=["check"]
# 任务 7：自查
found = batches(X, y, 32, torch.Generator().manual_seed(2))
assert found is not None, "任务 7：batches 还没有写；应当用 yield 逐批给出 (X_batch, y_batch)"
found = list(found)
assert len(found) == 32, f"任务 7：每批 32 个应有 32 批，现在是 {len(found)} 批"
X_seen, y_seen = (torch.cat(parts) for parts in zip(*found))
assert len(X_seen) == 1000, f"任务 7：一轮应取到 1000 个样本，现在是 {len(X_seen)} 个"
assert len(found[-1][1]) == 8, f"任务 7：最后一批应有 8 个，现在是 {len(found[-1][1])} 个"
assert torch.equal(y_seen.sort().values, y.sort().values), "任务 7：每个样本应恰好取到一次"
assert not torch.equal(y_seen, y), "任务 7：次序应当打乱"
orders = {}
for seed in (2, 3):
    source = torch.Generator().manual_seed(seed)
    for epoch in range(2):
        orders[seed, epoch] = torch.cat([part for _, part in batches(X, y, 32, source)])
assert torch.equal(y_seen, orders[2, 0]), "任务 7：generator 的种子相同，次序就应相同"
assert not torch.equal(y_seen, orders[3, 0]), "任务 7：换一个种子，次序应不同；用上 generator 了吗"
assert not torch.equal(y_seen, orders[2, 1]), "任务 7：接着用同一个 generator，下一轮的次序应不同"
noise = y_seen - (X_seen @ true_w + true_b)
assert noise.abs().max() < 2, "任务 7：特征与目标错位了，两者要用同样的下标取"
print("任务 7 通过")

# %% [markdown]
# ## 任务 8：训练循环
#
# 约 20 分钟 · 难度：难
#
# 写 `train(num_epochs, batch_size, lr, seed)`，返回 `(w, b, losses)`。不用 `nn` 和 `optim`，只用前面的办法：
#
# 1. `w` 是两个 0，`b` 是一个 0（形状 (1,)），都需要梯度；打乱的次序来自一个以 `seed` 为种子的生成器，造一次，各轮接着用；
# 2. 每一步：算这一批的预测 $\hat y = Xw + b$ 与损失（误差平方的平均值），反向传播；
# 3. 在 `torch.no_grad()` 里沿梯度的反方向走一小步，`w -= lr * w.grad`，`b` 也一样，然后把两个梯度清零；
# 4. 把这一步的损失（Python 的数）记进 `losses`。
#
# `lr` 是学习率（learning rate），决定一步走多远。
#
# 自查做三件事：用全部样本当一批走两步，与公式算出的对照；把学习率设为 0，看每一轮的次序是不是换了；最后把结果与最小二乘解对照，那是让全部 1000 个样本的平均损失最小的 $w$ 与 $b$，不用训练，解方程就能得到。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 两重循环：外层走 `num_epochs` 轮，内层 `for X_batch, y_batch in batches(X, y, batch_size, generator):`。生成器造在外层循环之前，这样每一轮的次序才不同。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# 内层依次是：算 `loss`；`loss.backward()`；在 `with torch.no_grad():` 里写 `w -= lr * w.grad` 与 `b -= lr * b.grad`；把两个 `.grad` 设为 `None`；`losses.append(loss.item())`。
#
# </details>

# %% tags=["stub"]
# 任务 8：把 ... 换成你的代码
def train(num_epochs, batch_size, lr, seed):
    ...


# %% tags=["solution"]
# 任务 8：参考答案
def train(num_epochs, batch_size, lr, seed):
    generator = torch.Generator().manual_seed(seed)
    w, b = torch.zeros(2, requires_grad=True), torch.zeros(1, requires_grad=True)
    losses = []
    for _ in range(num_epochs):
        for X_batch, y_batch in batches(X, y, batch_size, generator):
            loss = ((X_batch @ w + b - y_batch) ** 2).mean()
            loss.backward()
            with torch.no_grad():
                w -= lr * w.grad
                b -= lr * b.grad
            w.grad = b.grad = None
            losses.append(loss.item())
    return w, b, losses


w, b, losses = train(num_epochs=5, batch_size=32, lr=0.03, seed=3)
print(f"走了 {len(losses)} 步，损失从 {losses[0]:.2f} 降到 {losses[-1]:.2f}")
print(f"w = ({w[0]:.3f}, {w[1]:.3f})，b = {b.item():.3f}；真正的是 {true_w.tolist()} 与 {true_b}")

# %% tags=["check"]
# 任务 8：自查
result = train(num_epochs=5, batch_size=32, lr=0.03, seed=3)
assert isinstance(result, tuple), f"任务 8：train 应返回 (w, b, losses)，现在返回 {result!r}"
w, b, losses = result
expect_tensor("任务 8", "w", w, (2,))
expect_tensor("任务 8", "b", b, (1,))
assert len(losses) == 160, f"任务 8：5 轮、每轮 32 步应记下 160 个损失，现在是 {len(losses)} 个"
assert isinstance(losses[0], float), "任务 8：losses 里应是 Python 的数，试试 loss.item()"
X_one, step_w = torch.cat([X, torch.ones(1000, 1)], dim=1), torch.zeros(3)
for _ in range(2):
    step_w = step_w - 0.03 * 2 / 1000 * X_one.T @ (X_one @ step_w - y)
two_w, two_b, two_losses = train(num_epochs=2, batch_size=1000, lr=0.03, seed=3)
first = (y**2).mean().item()
assert abs(two_losses[0] - first) < 1e-3, f"任务 8：w、b 从 0 开始，第一个损失应是 {first:.3f}"
two = torch.cat([two_w, two_b]).detach()
assert torch.allclose(two, step_w, atol=1e-4), (
    f"任务 8：全部样本一批，走两步应到 {step_w.tolist()}，现在是 {two.tolist()}；看看公式与清零")
_, _, still = train(num_epochs=2, batch_size=32, lr=0.0, seed=3)
assert still[:32] != still[32:], "任务 8：两轮的次序应不同；生成器只造一次，放在循环外面"
assert losses[-1] < losses[0] / 10, f"任务 8：损失应当下降，现在从 {losses[0]} 到 {losses[-1]}"
exact = torch.linalg.lstsq(X_one, y[:, None]).solution
gap = (torch.cat([w, b]).detach() - exact[:, 0]).abs().max().item()
assert gap < 0.05, f"任务 8：与最小二乘解相差 {gap:.3f}，应小于 0.05"
print(f"任务 8 通过；与最小二乘解最多相差 {gap:.3f}")

# %% [markdown]
# 把每一步的损失画出来：

# %% alt="一条曲线：损失从 8 以上起步，在最初几十步里迅速下降，之后在 0.1 附近上下波动。" caption="每一步的小批量损失；1000 个样本，每批 32 个，学习率 0.03，5 轮，种子 3。纵轴是对数。"
fig, ax = subplots(figsize=(4.8, 3.2))
ax.semilogy(losses)
ax.set(xlabel="步", ylabel="小批量损失")
plt.show()

# %% [markdown]
# ## 任务 9：交给 PyTorch
#
# 约 15 分钟 · 难度：中
#
# 刚才手写的三样东西，PyTorch 都有现成的：参数在 `nn.Linear(2, 1)` 里，更新由 `torch.optim.SGD` 做，损失是 `F.mse_loss`。写 `train_with_torch(num_epochs, batch_size, lr, seed)`，返回 `(model, losses)`。
#
# 为了与手写的逐步对照，先用 `nn.init.zeros_` 把权重和偏置设成 0，打乱的次序照旧。注意 `model(X_batch)` 的形状是 `(批大小, 1)`，而目标是 `(批大小,)`，任务 4 的陷阱又来了。
#
# 做完之后，用训练好的 `model` 预测特征为 (1, 1) 的样本，存进 `prediction`（Python 的数）。照真正的权重与偏置，它应当接近 0.2。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 内层循环变成：算损失，`optimizer.zero_grad()`，`loss.backward()`，`optimizer.step()`，记下损失。其余照任务 8。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# `model(X_batch)[:, 0]` 只剩一维，与目标的形状相同。预测时写 `model(torch.ones(1, 2)).item()`，放在 `torch.no_grad()` 里。
#
# </details>

# %% tags=["stub"]
# 任务 9：把 ... 换成你的代码
def train_with_torch(num_epochs, batch_size, lr, seed):
    ...


prediction = ...

# %% tags=["solution"]
# 任务 9：参考答案
def train_with_torch(num_epochs, batch_size, lr, seed):
    generator = torch.Generator().manual_seed(seed)
    model = nn.Linear(2, 1)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(num_epochs):
        for X_batch, y_batch in batches(X, y, batch_size, generator):
            loss = F.mse_loss(model(X_batch)[:, 0], y_batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return model, losses


model, torch_losses = train_with_torch(num_epochs=5, batch_size=32, lr=0.03, seed=3)
with torch.no_grad():
    prediction = model(torch.ones(1, 2)).item()
print(f"预测 {prediction:.3f}，照真正的权重与偏置是 {(true_w.sum() + true_b).item():.3f}")

# %% tags=["check"]
# 任务 9：自查
result = train_with_torch(num_epochs=5, batch_size=32, lr=0.03, seed=3)
assert isinstance(result, tuple), f"任务 9：函数应返回 (model, losses)，现在返回 {result!r}"
checked, torch_losses = result
assert isinstance(checked, nn.Module), f"任务 9：model 应是 nn.Module，现在是 {checked!r}"
assert len(torch_losses) == 160, f"任务 9：应记下 160 个损失，现在是 {len(torch_losses)} 个"
furthest = max(abs(a - b) for a, b in zip(losses, torch_losses))
assert furthest < 1e-4, f"任务 9：每步损失应与手写的相同，现在差 {furthest:.4f}；看看形状与次序"
assert isinstance(prediction, float), f"任务 9：prediction 应是 Python 的数，现在是 {prediction!r}"
assert abs(prediction - 0.2) < 0.1, f"任务 9：prediction 应接近 0.2，现在是 {prediction}"
with torch.no_grad():
    expected = checked(torch.ones(1, 2)).sum().item()
assert abs(prediction - expected) < 0.05, f"任务 9：网络对 (1, 1) 的预测是 {expected:.3f}"
print(f"任务 9 通过；{len(losses)} 步的损失与手写的最多相差 {furthest:.0e}")

# %% [markdown]
# 训练好的网络预测得准不准，画出来看：

# %% alt="散点图：横轴是真正的目标，纵轴是网络的预测，点紧贴着对角线。" caption="训练好的网络在 1000 个训练样本上的预测；虚线上预测等于目标，点到虚线的竖直距离是误差。"
with torch.no_grad():
    fitted = checked(X).flatten()
fig, ax = subplots(figsize=(4.8, 4.6))
ax.scatter(y, fitted, s=6, alpha=0.5)
ax.axline((0, 0), slope=1, linestyle="--", color="#59636e")
ax.set(xlabel="目标 y", ylabel="预测", aspect="equal")
plt.show()

# %% [markdown]
# ## 小结
#
# 训练循环只有几步：取一批数据，算预测与损失，反向传播，更新参数，清零梯度。换成别的网络或别的常用优化器，这几步都不变；变的是任务 9 里的 `model`、`optimizer` 和损失函数。
#
# 接着读[模块与数据](../notes/modules.md)和[螺旋分类](../notes/spiral.md)，再做[实验二](lab2.md)，把线性回归换成分类，看一个隐藏层能做什么。
#
# **交之前**，重启内核，从头运行一遍。任何一个自查没有通过，运行都会停在那里；下面这一格有输出，就说明九个任务都通过了。

# %%
print("从头到尾没有中断：九个任务全部通过")
