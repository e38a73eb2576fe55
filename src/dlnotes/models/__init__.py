"""笔记用到的网络：每篇论文一个文件，由一张配置表搭成。"""

from dlnotes.models.alexnet import alexnet, alexnet_2012, alexnet_small, small_rows
from dlnotes.models.convnet import (
    Conv,
    ConvNet,
    LocalResponseNorm,
    Pool,
    feature_size,
    output_size,
)
from dlnotes.models.lenet import lenet5, lenet_teaching
from dlnotes.models.mlp import mlp
from dlnotes.models.resnet import BasicBlock, Bottleneck, ResNet, Stage, resnet, resnet_small
from dlnotes.models.summary import Summary, summary
from dlnotes.models.vgg import vgg, vgg_rows

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "Conv",
    "ConvNet",
    "LocalResponseNorm",
    "Pool",
    "ResNet",
    "Stage",
    "Summary",
    "alexnet",
    "alexnet_2012",
    "alexnet_small",
    "feature_size",
    "lenet5",
    "lenet_teaching",
    "mlp",
    "output_size",
    "resnet",
    "resnet_small",
    "small_rows",
    "summary",
    "vgg",
    "vgg_rows",
]
