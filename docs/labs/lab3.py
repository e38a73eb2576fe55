# ---
# jupyter:
#   description: 六个任务：五个运行不报错、训练却不好的循环，照读数找出毛病，改好；最后换了优化器，重新挑学习率。
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
# # 实验三：五个坏掉的训练循环
#
# - **用时**：六个任务合计约 110 分钟。这是估计，只算动手，不算读笔记。
# - **先修**：[实验一](lab1.md)、[训练循环](../notes/training-loop.md)、[小批量梯度下降与动量](../notes/gradient-descent.md)、[自适应优化器](../notes/adaptive-optimizers.md)、[学习率计划](../notes/lr-schedules.md)。不需要 GPU。
# - **目标**：五个循环都能运行，一句错也不报，训练的结果却不好。照读数找出毛病，改好，并且分得清“改好了”与“症状轻了”。最后一个任务里程序没有错，要靠试验挑出合适的学习率。
# - **怎样做**：每个任务先给出坏循环和它的读数。在留着 `...` 的单元格里写下诊断，再把坏循环抄过来改好，运行下面的自查；没有通过时，最后一行会说哪里不对。两条提示都看过，最后才看网页上的参考答案。各个任务共用变量，要从上往下做。
# - **怎样交**：交这一本练习笔记本。交之前在菜单 Kernel（内核）里选 Restart Kernel and Run All Cells，从头运行一遍，六个自查都显示“通过”；存盘，文件名前面加上学号。不要改动自查的单元格，老师会重新运行它们。

# %% [markdown]
# ## 准备
#
# 程序写错了，常常当场报错。训练循环不一样：清零放错一行，网络照样训练，损失照样下降，只是降得不对。这种错只能**量**出来。
#
# 数据是手写数字，每张图 8×8，共 64 个像素，分成十类。任务 5 另用螺旋。

# %%
import copy

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import optimizer as hooks
from torch.utils.data import DataLoader, TensorDataset

from dlnotes.data import digits, spiral, split
from dlnotes.models import mlp
from dlnotes.plotting import draw_sweep, subplots
from dlnotes.training import accuracy, mean_std

train_set, valid_set, test_set = split(*digits(), 0.2, valid_ratio=0.2, seed=0)
X_train, y_train = (part[:1024] for part in train_set)  # 1024 = 32 批，每批 32 个
print("训练", len(X_train), "个，验证", len(valid_set[1]), "个，测试", len(test_set[1]), "个")

# %% [markdown]
# 下面的 `watch` 像飞机上的黑匣子：替你运行一个训练函数，`optimizer.step()` 每调用一次，就记下一行读数。怎样记的不必细看，`report` 打印出来的几样要会读：
#
# - **学习率**：这一步用的 $\eta$；
# - **梯度**：全部参数的 `.grad` 连成一个向量，它的长度；
# - **最远**：这一步里走得最远的那个参数走了多远；
# - **挪了**：从第一步之前到最后，每一层的权重和偏置一共挪了多远。`0.weight`、`0.bias` 是隐藏层的，`2.weight`、`2.bias` 是输出层的。
#
# `contrast` 把几次训练排成一张表：损失是最后 32 步的平均，梯度是最后 32 步里最长的一次，最远是最后一步的。

# %%
def watch(train, model, *args):
    """运行 train(model, *args)，记下每一步的读数。"""
    log, start, last = {"lr": [], "grad": [], "far": []}, {}, {}

    def before(optimizer, *_):
        last.update({name: p.detach().clone() for name, p in model.named_parameters()})
        start.update({name: p for name, p in last.items() if name not in start})
        grads = [p.grad.norm() ** 2 for p in model.parameters() if p.grad is not None]
        log["grad"].append(float(sum(grads)) ** 0.5)
        log["lr"].append(max(group["lr"] for group in optimizer.param_groups))

    def after(*_):
        moves = [(p - last[name]).abs().max().item() for name, p in model.named_parameters()]
        log["far"].append(max(moves))

    handles = [hooks.register_optimizer_step_pre_hook(before),
               hooks.register_optimizer_step_post_hook(after)]
    try:
        log["losses"] = train(model, *args)
    finally:
        for handle in handles:
            handle.remove()
    log["layers"] = {name: (p - start.get(name, p)).norm().item()
                     for name, p in model.named_parameters()}
    return log


def run(train, start, *args):
    """从 start 的一份副本开始，种子 0，运行一遍。"""
    torch.manual_seed(0)
    model = copy.deepcopy(start)
    return model, watch(train, model, *args)


def report(model, log, steps, valid=valid_set):
    print("  步    损失  学习率    梯度    最远")
    for n in [n - 1 for n in steps]:
        print(f"{n + 1:4}{log['losses'][n]:8.3f}{log['lr'][n]:8.3f}"
              f"{log['grad'][n]:8.2f}{log['far'][n]:8.4f}")
    for name, move in log["layers"].items():
        print(f"{name:>10} 挪了 {move:.2f}")
    print(f"验证准确率 {accuracy(model, *valid):.3f}")


def contrast(rows, X, y, num_epochs):
    print("  损失  梯度    最远  准确率")
    for name, train, start, lr in rows:
        model, log = run(train, start, X, y, lr, num_epochs)
        print(f"{sum(log['losses'][-32:]) / 32:6.3f}{max(log['grad'][-32:]):6.1f}"
              f"{log['far'][-1]:8.4f}{accuracy(model, *valid_set):8.3f}  {name}")


def draw_losses(logs, num=16):
    ax = subplots(figsize=(4.8, 3.0))[1]
    for name, log in logs.items():
        smooth = torch.tensor(log["losses"]).unfold(0, num, 1).mean(dim=1)
        ax.plot(range(num, num + len(smooth)), smooth, "-", label=name)
    ax.set(xlabel="步", ylabel=f"损失（{num} 步平均）")
    ax.legend()
    return ax


# %% [markdown]
# ## 健康的循环长什么样
#
# 先认识正常的样子。这个循环没有毛病；它的签名，五个任务都沿用：收下网络、数据、学习率和轮数，返回每一步的损失。

# %%
def healthy(model, X, y, lr, num_epochs):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(num_epochs):
        for index in torch.randperm(len(X)).split(32):
            loss = F.cross_entropy(model(X[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


net = mlp([64, 50, 10], seed=0)
runs = {f"学习率 {lr:g}": run(healthy, net, X_train, y_train, lr, 10) for lr in (0.5, 0.02, 5)}
for name, (model, _) in runs.items():
    print(f"{name}：验证准确率 {accuracy(model, *valid_set):.3f}")
report(*runs["学习率 0.5"], (1, 2, 31, 32, 33, 320))

# %% alt="三条损失曲线。学习率 0.5 的很快降到 0.1 附近；0.02 的平稳地降，到最后还在降；5 的停在 2.3 以上，降不下去。" caption="同一个健康的循环，三个学习率；64-50-10 的网络，手写数字 1024 个，每批 32 个，10 轮，种子 0。"
draw_losses({name: log for name, (_, log) in runs.items()}).set(ylim=(0, 4))
plt.show()

# %% [markdown]
# 曲线难看，不等于程序写错：学习率太小、太大，健康的循环也训练不好。下面是嫌疑名单，每一条都写着“如果是它，会量到什么”。五个任务的毛病各不相同，都在名单里；名单里也有用不上的。
#
# - **A 旧梯度没有及时清掉**：梯度一步步攒大，清了才一下子变小。
# - **B 学习率太大**：从第一步起就走得太远；学习率除以 10，全部读数回到正常。
# - **C 有的参数没有交给优化器**：有一层挪了 0；它的梯度也没有人清，越攒越长。
# - **D 优化器的账每一步都被清空**：每一步“最远”都一样，到末尾也不变小。
# - **E 学习率计划数错了单位**：学习率几乎不降，或者降下去又升回来。
# - **F 样本没有打乱**：一批里只有一两类；最后见到的几类猜得太多。
# - **G 步数太少，或学习率太小**：损失平稳地降，停下的时候还在降。
# - **H 网络太小**：读数都正常，损失早早变平；换大网络才降。
#
# 下面几个函数供自查使用。

# %%
def expect_why(task, found, right, clue):
    assert found in list("ABCDEFGH"), f"{task}：诊断还没有写，或者不是名单里的一个字母：{found!r}"
    assert found == right, f"{task}：诊断 {found} 与读数不合；{clue}"


def expect_run(task, log, num_steps, lr=None):
    losses = log["losses"]
    ok = isinstance(losses, list) and all(isinstance(loss, float) for loss in losses)
    assert ok, f"{task}：循环还没有写，或者返回的不是列表，里面是每一步的 loss.item()"
    assert len(losses) == num_steps, (
        f"{task}：批大小与轮数不要改，这里应走 {num_steps} 步，现在记下了 {len(losses)} 步")
    assert log["lr"], f"{task}：更新要由 torch.optim 的优化器来做，optimizer.step() 一次也没有调用"
    same = lr is None or all(abs(value - lr) < 1e-9 for value in log["lr"])
    assert same, f"{task}：各步的学习率都应是传进来的 {lr}；调学习率只会减轻症状，毛病还在"


def distance(model, optimizer_class, X, y, lr, num_steps):
    """从同一个起点，一个从头用到尾的优化器走同样多步，参数与 model 的最多差多少。"""
    other = mlp([64, 50, 10], seed=7)
    optimizer = optimizer_class(other.parameters(), lr=lr)
    for _ in range(num_steps):
        optimizer.zero_grad()
        F.cross_entropy(other(X[:32]), y[:32]).backward()
        optimizer.step()
    return max((p - q).abs().max().item() for p, q in zip(model.parameters(), other.parameters()))


# %% [markdown]
# ## 任务 1：先降后升
#
# 约 15 分钟 · 难度：易
#
# 网络、数据、学习率都与上面健康的循环相同，只有循环里的写法不同。

# %%
def broken_1(model, X, y, lr, num_epochs):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(num_epochs):
        optimizer.zero_grad()
        for index in torch.randperm(len(X)).split(32):
            loss = F.cross_entropy(model(X[index]), y[index])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


model_1, log_1 = run(broken_1, net, X_train, y_train, 0.5, 10)
report(model_1, log_1, (1, 2, 8, 32, 33, 320))

# %% alt="两条损失曲线：健康的降到 0.1 附近；坏循环的先降到 1.3 附近，随后升到 2 以上，再也没有下来。" caption="任务 1 的循环与健康的循环；学习率都是 0.5，其余设置也相同，种子 0。"
draw_losses({"健康的": runs["学习率 0.5"][1], "任务 1": log_1})
plt.show()

# %% [markdown]
# 写下诊断 `why_1`（一个字母的字符串），再写 `mended_1`：把 `broken_1` 抄过来，改好。优化器、学习率、批大小都不要动，也不要裁剪梯度。
#
# 自查不看验证准确率。它让全部样本都是同一个，于是不管次序怎样，走几步之后该到哪里是算得出来的：每一步都是 $w \leftarrow w - \eta g$。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 看“梯度”这一列，从第 1 步到第 32 步，再到第 33 步。一轮恰好 32 步。健康的循环里，这一列怎样变？
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# `backward()` 把新梯度加进 `.grad`。两次 `backward()` 之间应当清一次零，数一数 `broken_1` 里几步才清一次。
#
# </details>

# %% tags=["stub"]
# 任务 1：诊断与改好的循环
why_1 = ...


def mended_1(model, X, y, lr, num_epochs):
    ...


# %% tags=["solution"]
# 任务 1：参考答案
why_1 = "A"


def mended_1(model, X, y, lr, num_epochs):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(num_epochs):
        for index in torch.randperm(len(X)).split(32):
            loss = F.cross_entropy(model(X[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


# %% tags=["check"]
# 任务 1：自查
expect_why("任务 1", why_1, "A", "看看梯度在一轮的 32 步里怎样变，到第 33 步又怎样")
mine, same = mlp([64, 50, 10], seed=7), (3 * X_train[:1].repeat(96, 1), y_train[:1].repeat(96))
log = watch(mended_1, mine, *same, 0.02, 2)
expect_run("任务 1", log, 6, 0.02)
gap = distance(mine, torch.optim.SGD, *same, 0.02, 6)
assert gap < 1e-4, (f"任务 1：走 6 步之后，参数与“每步只用这一步的梯度”相差 {gap:.4f}；"
                    "旧梯度还在，或者梯度被改过（如裁剪）")
print(f"任务 1 通过；与一步步算出的最多相差 {gap:.0e}")

# %% [markdown]
# 把学习率除以 10，坏循环看上去也好了。两种“好了”比一比：

# %%
contrast([("坏循环", broken_1, net, 0.5), ("坏循环，除以 10", broken_1, net, 0.05),
          ("改好的", mended_1, net, 0.5)], X_train, y_train, 10)

# %% [markdown]
# <details class="note" markdown="1">
# <summary>做完再看：为什么调小学习率不算改好</summary>
#
# 一轮里的第 32 步，走的是 32 个梯度的和。学习率除以 10，和也除以 10，准确率因此好看了，梯度却照样攒着。下次多一倍样本，一轮的步数变了，攒的个数也跟着变，好用的学习率又得重找。
#
# 有时候故意攒几批再走一步，当作一个大批，叫梯度累积（gradient accumulation）。那样写，`zero_grad()` 与 `step()` 的次数相同，坏循环里却是 32 比 1。
#
# </details>

# %% [markdown]
# ## 任务 2：只认得后面几类
#
# 约 15 分钟 · 难度：易
#
# 这一次，数据是照标签排好的一份：先是全部的 0，再是全部的 1，最后是全部的 9。从文件夹里一类一类读进来的图，就是这个样子。

# %%
order = y_train.argsort(stable=True)
X_sorted, y_sorted = X_train[order], y_train[order]


def broken_2(model, X, y, lr, num_epochs):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    loader = DataLoader(TensorDataset(X, y), batch_size=32)
    losses = []
    for _ in range(num_epochs):
        for X_batch, y_batch in loader:
            loss = F.cross_entropy(model(X_batch), y_batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


model_2, log_2 = run(broken_2, net, X_sorted, y_sorted, 0.3, 10)
report(model_2, log_2, (1, 2, 4, 5, 32, 320))
print("验证集各类的个数：")
print(valid_set[1].bincount().tolist())
print("猜成各类的个数：")
print(model_2(valid_set[0]).argmax(dim=1).bincount(minlength=10).tolist())

# %% alt="每一步的损失：反复从接近 0 的地方跳到很高，再落回去，像锯齿；一轮 32 步里有好几次。" caption="任务 2 的循环最后三轮里每一步的损失，没有平均；学习率 0.3，种子 0。竖线是轮次的开头。"
ax = subplots(figsize=(4.8, 3.0))[1]
ax.plot(range(225, 321), log_2["losses"][224:], "-")
for start in (225, 257, 289):
    ax.axvline(start, color="0.6", linestyle="--", linewidth=1)
ax.set(xlabel="步", ylabel="损失")
plt.show()

# %% [markdown]
# 写下诊断 `why_2`，再写 `mended_2`。收下的数据仍是排好的，学习率、批大小、轮数不要动。
#
# 自查看的是每一批的成分，还有训练之后的验证准确率。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 第 4 步的损失与第 5 步的差多少？1024 个样本分十类，一类约 102 个，每批 32 个：第 4 步前后，批里的数字换成了什么？
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# 训练用的 `DataLoader` 有一个参数，默认是 `False`。不用它也行：自己取一个随机的次序，`X` 与 `y` 用**同一个**次序。
#
# </details>

# %% tags=["stub"]
# 任务 2：诊断与改好的循环
why_2 = ...


def mended_2(model, X, y, lr, num_epochs):
    ...


# %% tags=["solution"]
# 任务 2：参考答案
why_2 = "F"


def mended_2(model, X, y, lr, num_epochs):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    loader = DataLoader(TensorDataset(X, y), batch_size=32, shuffle=True)
    losses = []
    for _ in range(num_epochs):
        for X_batch, y_batch in loader:
            loss = F.cross_entropy(model(X_batch), y_batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


# %% tags=["check"]
# 任务 2：自查
expect_why("任务 2", why_2, "F", "看看猜成各类的个数，再看第 4 步与第 5 步的损失")
marked = torch.zeros(640, 64)  # 每类 64 个，照类别排好；第 0 列写着类别
marked[:, 0] = torch.arange(10).repeat_interleave(64)
mine, seen = mlp([64, 50, 10], seed=7), []
handle = mine.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0][:, 0].unique())))
log = watch(mended_2, mine, marked, marked[:, 0].long(), 0.02, 2)
handle.remove()
expect_run("任务 2", log, 40, 0.02)
kinds = sum(seen) / len(seen)
assert kinds > 7, f"任务 2：每批 32 个里应有十类中的大部分，现在平均只有 {kinds:.1f} 类"
torch.manual_seed(1)
mine = mlp([64, 50, 10], seed=1)
mended_2(mine, X_sorted, y_sorted, 0.3, 10)
score = accuracy(mine, *valid_set)
assert score > 0.85, f"任务 2：验证准确率只有 {score:.3f}；X 与 y 是用同一个次序打乱的吗"
print(f"任务 2 通过；每批平均 {kinds:.1f} 类，验证准确率 {score:.3f}")

# %% [markdown]
# 坏循环换了学习率 0.1、0.03，也救不回来：

# %%
contrast([("坏循环", broken_2, net, 0.3), ("坏循环，0.1", broken_2, net, 0.1),
          ("坏循环，0.03", broken_2, net, 0.03), ("改好的", mended_2, net, 0.3)],
         X_sorted, y_sorted, 10)

# %% [markdown]
# <details class="note" markdown="1">
# <summary>做完再看：训练损失那么低，为什么准确率这么差</summary>
#
# 小批量的梯度，平均起来等于全部样本的梯度，前提是这一批是随便抽的。批里全是同一类，这一步就只教一件事：一律猜它。连着三步都是它，损失就很低；下一类一来，又全猜错。验证集里十类都有，才看得出来。
#
# 只在训练之前打乱一次，自查也通过。每轮重新打乱是通常的做法。验证与测试不更新参数，不必打乱。
#
# </details>

# %% [markdown]
# ## 任务 3：换了输出层之后
#
# 约 15 分钟 · 难度：中
#
# 先训练一个只认 0 到 4 的网络，它有 5 个输出。现在要认十个数字：留下隐藏层，换上一个新的输出层，再用全部数据接着训练，隐藏层与输出层都要训练。这种做法叫微调（fine-tuning）。

# %%
low, pretrained = y_train < 5, mlp([64, 50, 5], seed=0)
torch.manual_seed(0)
healthy(pretrained, X_train[low], y_train[low], 0.3, 10)


def broken_3(model, X, y, lr, num_epochs):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    model[-1] = nn.Linear(50, 10)  # 新的输出层
    losses = []
    for _ in range(num_epochs):
        for index in torch.randperm(len(X)).split(32):
            loss = F.cross_entropy(model(X[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


model_3, log_3 = run(broken_3, pretrained, X_train, y_train, 0.1, 10)
report(model_3, log_3, (1, 2, 32, 33, 160, 320))

# %% alt="两条损失曲线：从头训练的健康循环十轮后降到 0.3 附近；任务 3 的循环降得慢得多，停在 1.5 左右。" caption="任务 3 的微调，与同样学习率 0.1、从头训练的健康循环；各 10 轮，种子 0。"
scratch = run(healthy, net, X_train, y_train, 0.1, 10)[1]
draw_losses({"从头训练": scratch, "任务 3": log_3})
plt.show()

# %% [markdown]
# 写下诊断 `why_3`，再写 `mended_3`。学习率、批大小、轮数不要动。
#
# 这一个坏得不显眼：损失一直在降，准确率也不算离谱，只是还不如不做微调。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 梯度在攒大，可 `zero_grad()` 明明每步都调用了：它清的是谁的梯度？再看“挪了”那四行，哪一层不对劲？
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# `model.parameters()` 在调用的那一刻把当时的参数交给优化器，之后换上的层它不知道。两种改法：换个次序；或者用 `optimizer.add_param_group({"params": …})` 补交。
#
# </details>

# %% tags=["stub"]
# 任务 3：诊断与改好的循环
why_3 = ...


def mended_3(model, X, y, lr, num_epochs):
    ...


# %% tags=["solution"]
# 任务 3：参考答案
why_3 = "C"


def mended_3(model, X, y, lr, num_epochs):
    model[-1] = nn.Linear(50, 10)  # 先换层，再造优化器
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(num_epochs):
        for index in torch.randperm(len(X)).split(32):
            loss = F.cross_entropy(model(X[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


# %% tags=["check"]
# 任务 3：自查
expect_why("任务 3", why_3, "C", "梯度攒大只是后果，看看各层一共挪了多远")
torch.manual_seed(1)
mine = copy.deepcopy(pretrained)
log = watch(mended_3, mine, X_train, y_train, 0.1, 10)
expect_run("任务 3", log, 320, 0.1)
size = tuple(mine[-1].weight.shape)
assert size == (10, 50), f"任务 3：输出层应有 10 个输出，现在权重的形状是 {size}"
still = [name for name, move in log["layers"].items() if move == 0]
assert not still, f"任务 3：{'、'.join(still)} 从头到尾没有动过，优化器里没有它"
end = sum(log["losses"][-32:]) / 32
assert end < 0.4, f"任务 3：最后一轮的平均损失还有 {end:.3f}，应在 0.4 以下"
print(f"任务 3 通过；最后一轮的平均损失 {end:.3f}")

# %% [markdown]
# 坏循环加大学习率也追不上；改好的，损失才比从头训练的低：

# %%
contrast([("坏循环", broken_3, pretrained, 0.1), ("坏循环，乘 3", broken_3, pretrained, 0.3),
          ("改好的", mended_3, pretrained, 0.1), ("从头训练", healthy, net, 0.1)],
         X_train, y_train, 10)

# %% [markdown]
# <details class="note" markdown="1">
# <summary>做完再看：损失为什么还会降</summary>
#
# 输出层没有动，梯度照样穿过它，传到隐藏层；隐藏层在迁就它，把图变成“这个随机的输出层恰好能分开”的样子。所以损失会降，只是慢。
#
# 优化器手里的是那个旧的输出层，它已经不在网络里，没有梯度，`step()` 跳过它，也不报错。`optimizer.zero_grad()` 清的也只是优化器手里的参数，所以新的输出层的梯度越攒越长。把它换成 `model.zero_grad()`，梯度长度正常了，新的层还是不动：治的是后果。
#
# 同样的毛病还有几种样子：优化器造在 `copy.deepcopy(model)` 之前；层放在普通的列表里，`parameters()` 找不到（要用 `nn.ModuleList`）。查法都一样：量每一层挪了多远。
#
# </details>

# %% [markdown]
# ## 任务 4：降到半路就停
#
# 约 20 分钟 · 难度：中
#
# 有人嫌循环太长，把“走一步”单独写成函数。优化器换成了 [Adam](../notes/adaptive-optimizers.md)。

# %%
def one_step(model, X_batch, y_batch, lr):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    loss = F.cross_entropy(model(X_batch), y_batch)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def broken_4(model, X, y, lr, num_epochs):
    losses = []
    for _ in range(num_epochs):
        for index in torch.randperm(len(X)).split(32):
            losses.append(one_step(model, X[index], y[index], lr))
    return losses


model_4, log_4 = run(broken_4, net, X_train, y_train, 0.03, 20)
report(model_4, log_4, (1, 2, 10, 100, 320, 640))

# %% alt="一条损失曲线：前一百步降到 0.4 左右，之后一直在 0.2 到 0.6 之间上下，不再往下。" caption="任务 4 的循环；Adam，学习率 0.03，每批 32 个，20 轮，种子 0。"
draw_losses({"任务 4": log_4}).set(ylim=(0, 1.5))
plt.show()

# %% [markdown]
# 写下诊断 `why_4`，再写 `mended_4`（要用辅助函数就写在同一格里，换个名字）。仍用 Adam，学习率、批大小、轮数不要动。
#
# 自查又让全部样本都是同一个，走 30 步，与 Adam 的公式算出的对照。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 看“最远”这一列。第 1 步走一个学习率，[自适应优化器](../notes/adaptive-optimizers.md) 一页讲过为什么；第 640 步呢？它怎么还像第 1 步？
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# 数一数 640 步里造了几个优化器。Adam 有两本账，一本记方向，一本记大小，都存在优化器里；新造一个，账就从 0 记起。优化器应当造在两重循环的外面，再传给走一步的函数。
#
# </details>

# %% tags=["stub"]
# 任务 4：诊断与改好的循环
why_4 = ...


def mended_4(model, X, y, lr, num_epochs):
    ...


# %% tags=["solution"]
# 任务 4：参考答案
why_4 = "D"


def mended_4(model, X, y, lr, num_epochs):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)  # 只造一次
    losses = []
    for _ in range(num_epochs):
        for index in torch.randperm(len(X)).split(32):
            loss = F.cross_entropy(model(X[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


# %% tags=["check"]
# 任务 4：自查
expect_why("任务 4", why_4, "D", "看看“最远”这一列，它与学习率是什么关系，后来变没变")
mine, same = mlp([64, 50, 10], seed=7), (X_train[:1].repeat(96, 1), y_train[:1].repeat(96))
log = watch(mended_4, mine, *same, 0.03, 10)
expect_run("任务 4", log, 30, 0.03)
gap = distance(mine, torch.optim.Adam, *same, 0.03, 30)
assert gap < 0.003, (f"任务 4：走 30 步之后，参数与从头用到尾的 Adam 相差 {gap:.3f}；"
                     "账在中途被清空过，或者换了别的优化器")
print(f"任务 4 通过；与从头用到尾的 Adam 最多相差 {gap:.0e}")

# %% [markdown]
# 坏循环把学习率除以 10，再与改好的比：

# %%
contrast([("坏循环", broken_4, net, 0.03), ("坏循环，除以 10", broken_4, net, 0.003),
          ("改好的", mended_4, net, 0.03)], X_train, y_train, 20)

# %% [markdown]
# <details class="note" markdown="1">
# <summary>做完再看：为什么停在半路</summary>
#
# 新造的 Adam 走的永远是第一步：两本账里都只有这一次的梯度，相除只剩正负号。梯度大也好、小也好，凡是有梯度的参数都走整整一个学习率；快到最低处了，步子还是那么大，只能在两边来回跳。学习率除以 10，跳的幅度也小到十分之一，地板低了，还是有地板。
#
# 动量的账也一样：带动量的 SGD 每步重造，就成了不带动量的。中断之后接着训练，要把 `optimizer.state_dict()` 与网络一起存下来，也是这个道理。
#
# </details>

# %% [markdown]
# ## 任务 5：末尾还在抖
#
# 约 20 分钟 · 难度：中
#
# 螺旋数据，带动量的 SGD，学习率照余弦[计划](../notes/lr-schedules.md)从 0.2 降到 0。一共 20 轮，所以 `T_max` 写的是轮数。

# %%
def broken_5(model, X, y, lr, num_epochs):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=num_epochs)
    losses = []
    for _ in range(num_epochs):
        for index in torch.randperm(len(X)).split(16):
            loss = F.cross_entropy(model(X[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
    return losses


X_spiral, y_spiral = spiral(160, noise=0.4, seed=0)  # 480 个点，一轮 30 步
spiral_valid = spiral(200, noise=0.4, seed=1)
arms = mlp([2, 100, 3], seed=0)
model_5, log_5 = run(broken_5, arms, X_spiral, y_spiral, 0.2, 20)
report(model_5, log_5, (1, 11, 21, 31, 41, 600), spiral_valid)

# %% alt="一条损失曲线：先快后慢地降，带着一串周期相同的小波浪，到最后也没有平静下来。" caption="任务 5 的循环；螺旋每类 160 个点，噪声 0.4，2-100-3 的网络，动量 0.9 的 SGD，每批 16 个，20 轮，种子 0。"
draw_losses({"任务 5": log_5}).set(ylim=(0, 1.2))
plt.show()

# %% [markdown]
# 写下诊断 `why_5`，再写 `mended_5`。仍用余弦，初始学习率、批大小、轮数不要动。要求：开头是传进来的 `lr`，走到一半时是它的一半，走完时降到 0 附近，中途只降不升。
#
# 自查换一个轮数，在开头、四分之一、一半、四分之三和末尾各看一眼学习率。按轮降、按步降都可以。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# 看学习率这一列：第 21 步是多少，第 41 步又是多少？`T_max` 是 20，这里的 20 数的是什么？
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# 两样要对上：`T_max` 数什么，`scheduler.step()` 就在什么之后调用一次。数轮，就移到内层循环外面；数步，`T_max` 就是轮数乘以一轮的步数。
#
# </details>

# %% tags=["stub"]
# 任务 5：诊断与改好的循环
why_5 = ...


def mended_5(model, X, y, lr, num_epochs):
    ...


# %% tags=["solution"]
# 任务 5：参考答案
why_5 = "E"


def mended_5(model, X, y, lr, num_epochs):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=num_epochs)
    losses = []
    for _ in range(num_epochs):
        for index in torch.randperm(len(X)).split(16):
            loss = F.cross_entropy(model(X[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        scheduler.step()  # 一轮一次，与 T_max 的单位相同
    return losses


# %% tags=["check"]
# 任务 5：自查
expect_why("任务 5", why_5, "E", "看看学习率这一列，第 21 步与第 41 步")
mine = mlp([2, 100, 3], seed=7)
log = watch(mended_5, mine, X_spiral[::5], y_spiral[::5], 0.2, 24)
expect_run("任务 5", log, 144)
lrs = [value / 0.2 for value in log["lr"]]
for name, n, ratio in (("开头", 0, 1.0), ("四分之一处", 36, 0.854), ("一半处", 72, 0.5),
                       ("四分之三处", 108, 0.146), ("末尾", 143, 0.0)):
    assert abs(lrs[n] - ratio) < 0.06, (
        f"任务 5：{name}（第 {n + 1} 步）的学习率应约为初始的 {ratio} 倍，现在是 {lrs[n]:.3f} 倍")
rises = [n + 1 for n in range(143) if lrs[n + 1] > lrs[n] + 1e-6]
assert not rises, f"任务 5：学习率应只降不升，第 {rises[0]} 步之后却升了"
print("任务 5 通过；学习率各处是初始的", [round(lrs[n], 3) for n in (0, 36, 72, 108, 143)], "倍")

# %% [markdown]
# 单独一个种子差多少说明不了什么，这里各训练五个：

# %%
for name, train, lr in (("坏循环", broken_5, 0.2), ("坏循环，学习率减半", broken_5, 0.1),
                        ("改好的", mended_5, 0.2)):
    scores = []
    for seed in range(5):
        torch.manual_seed(seed)
        model = mlp([2, 100, 3], seed=seed)
        train(model, X_spiral, y_spiral, lr, 20)
        scores.append(accuracy(model, *spiral_valid))
    print(f"{name}：验证准确率 {mean_std(torch.tensor(scores))}")

# %% [markdown]
# <details class="note" markdown="1">
# <summary>做完再看：抖动从哪里来</summary>
#
# 余弦走完半个周期降到 0，再往下走就升回来。`T_max` 是 20，每步调用一次，第 20 步之后就降完了，第 40 步之后又回到 0.2；一轮有 30 步，600 步里升降了许多回，收尾的时候正在高处。
#
# 反过来，`T_max` 写总步数、却每轮调用一次，学习率几乎不降，等于没有计划。把学习率打印出来，一眼就看见。干脆去掉计划也不算改好：收尾时步子太大，还是抖。
#
# </details>

# %% [markdown]
# ## 任务 6：换了优化器
#
# 约 25 分钟 · 难度：中
#
# 最后一个循环没有写错。有人听说 Adam 好，把 SGD 换成 Adam，学习率照旧。

# %%
def train_6(optimizer_class, lr, seed):
    """训练 5 轮，返回网络。"""
    torch.manual_seed(seed)
    model = mlp([64, 50, 10], seed=seed)
    optimizer = optimizer_class(model.parameters(), lr=lr)
    for _ in range(5):
        for index in torch.randperm(len(X_train)).split(32):
            optimizer.zero_grad()
            F.cross_entropy(model(X_train[index]), y_train[index]).backward()
            optimizer.step()
    return model


def loss_on(model, part):
    with torch.no_grad():
        return F.cross_entropy(model(part[0]), part[1]).item()


for name in ("SGD", "Adam"):
    models = [train_6(getattr(torch.optim, name), 0.5, seed) for seed in range(5)]
    scores = torch.tensor([accuracy(model, *valid_set) for model in models])
    print(f"{name}，学习率 0.5：验证准确率 {mean_std(scores)}")

# %% [markdown]
# 给 Adam 重新挑一个学习率，用试验说话：
#
# - `grid`：一串从小到大的学习率，至少 5 个，最大的至少是最小的 100 倍；
# - `valid_loss`：形状 `(len(grid), 5)` 的张量，种子是 0 到 4，每一格是 `loss_on(train_6(torch.optim.Adam, lr, seed), valid_set)`；
# - `best_lr`：平均验证损失最低的学习率，它**不能在网格的两端**；在一端，就把网格往那一边扩，再来一遍；
# - `test_scores`：用 `best_lr` 训练的 5 个网络在 `test_set` 上的准确率，形状 (5,)。测试集只在最后用这一次。
#
# <details class="hint" markdown="1">
# <summary>提示一</summary>
#
# Adam 的每一步，每个参数最多走一个学习率上下；权重的大小在零点几。0.5 显然太大，往下找，相邻两个差 3 倍左右就够密。
#
# </details>
#
# <details class="hint" markdown="1">
# <summary>提示二</summary>
#
# 两重列表推导：外层走 `grid`，内层走 `range(5)`，再用 `torch.tensor` 包起来。`valid_loss.mean(dim=1).argmin()` 是最低的那一行的下标。
#
# </details>

# %% tags=["stub"]
# 任务 6：把 ... 换成你的代码
grid = ...
valid_loss = ...
best_lr = ...
test_scores = ...

# %% tags=["solution"]
# 任务 6：参考答案
grid = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3]
adam = torch.optim.Adam
valid_loss = torch.tensor(
    [[loss_on(train_6(adam, lr, seed), valid_set) for seed in range(5)] for lr in grid])
best_lr = grid[valid_loss.mean(dim=1).argmin()]
test_scores = torch.tensor(
    [accuracy(train_6(adam, best_lr, seed), *test_set) for seed in range(5)])
print(f"挑中 {best_lr}，测试准确率 {mean_std(test_scores)}")

# %% tags=["check"]
# 任务 6：自查
for name, value in (("grid", grid), ("valid_loss", valid_loss), ("best_lr", best_lr),
                    ("test_scores", test_scores)):
    assert value is not ..., f"任务 6：{name} 还没有写，把 ... 换成你的代码"
grid = [float(lr) for lr in grid]
assert len(grid) >= 5, f"任务 6：grid 至少要有 5 个学习率，现在是 {len(grid)} 个"
assert grid == sorted(set(grid)), "任务 6：grid 应从小到大，不重复"
assert 0 < 100 * grid[0] <= 1.001 * grid[-1], "任务 6：grid 里最大的至少应是最小的 100 倍"
for name, value, shape in (("valid_loss", valid_loss, (len(grid), 5)),
                           ("test_scores", test_scores, (5,))):
    found = tuple(getattr(value, "shape", ()))
    assert found == shape, f"任务 6：{name} 应是形状为 {shape} 的张量，现在的形状是 {found}"
assert best_lr in grid, f"任务 6：best_lr 应是 grid 里的一个学习率，现在是 {best_lr!r}"
means = valid_loss.mean(dim=1)
row = grid.index(best_lr)
assert row == means.argmin(), f"任务 6：平均验证损失最低的是 {grid[means.argmin()]}"
assert 0 < row < len(grid) - 1, f"任务 6：{best_lr} 在网格的一端，更好的也许在外面，把网格扩开"
again = [train_6(torch.optim.Adam, best_lr, seed) for seed in range(5)]
for name, found, redone in (
        ("valid_loss 里 best_lr 那一行", valid_loss[row], [loss_on(m, valid_set) for m in again]),
        ("test_scores", test_scores, [accuracy(m, *test_set) for m in again])):
    gap = (found - torch.tensor(redone)).abs().max()
    assert gap < 0.02, f"任务 6：{name} 与重新训练的相差 {gap:.3f}；数据集对吗，种子是 0 到 4 吗"
print("任务 6 通过")

# %% alt="一条先降后升的曲线，横轴是 Adam 的学习率。从 0.0003 到 0.01 验证损失下降，0.01 到 0.03 附近最低，到 0.3 又升到 2 左右。" caption="Adam 的学习率扫描；手写数字，64-50-10 的网络，每批 32 个，5 轮，5 个种子，竖线是 ± 一个标准差。"
ax = draw_sweep(grid, valid_loss)
ax.set(ylabel="验证损失", ylim=(0, None))
plt.show()

# %% [markdown]
# ## 小结
#
# 五个循环的毛病各在一处，没有一个报错，有三个的损失曲线看上去还像在学。
#
# 以后遇到训练不好，先不急着调学习率。打印几行读数：学习率、梯度、各层挪了多远、一批里有几类。读数与你以为的不一样，毛病就在那里；读数都对，再去[扫描学习率](../notes/lr-schedules.md)。
#
# **交之前**，重启内核，从头运行一遍。任何一个自查没有通过，运行都会停在那里；下面这一格有输出，就说明六个任务都通过了。

# %%
print("从头到尾没有中断：六个任务全部通过")
