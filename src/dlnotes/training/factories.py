"""由种子造网络的函数 `make_model(seed)`，供 `ablate` 与 `fit_seeds` 使用。"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dlnotes._core.check import callable_, instance_of, one_of
from dlnotes.data.augment import augment, check_strengths
from dlnotes.nn.init import SCHEMES, init_model_

__all__ = ["Augmented", "make_factory"]


class Augmented(nn.Module):
    """训练时先做数据增强、再交给网络；评估时原样交给网络。

    增强的随机数取自 PyTorch 的全局状态，所以先 `torch.manual_seed` 就能重现。

    Args:
        model: 吃图像的网络。
        **options: 交给 `dlnotes.data.augment` 的强度：`crop`、`flip`、`brightness`。

    Examples:
        >>> model = Augmented(nn.Flatten(), crop=1)
        >>> X = torch.rand(2, 1, 8, 8)
        >>> bool((model.eval()(X) == X.flatten(1)).all())
        True
    """

    def __init__(self, model: nn.Module, **options) -> None:
        super().__init__()
        instance_of("model", model, nn.Module, "nn.Module")
        _check_augmentation("options", options)
        self.model, self.options = model, options

    def forward(self, X: Float[Tensor, "B C H W"]) -> Tensor:
        """训练时增强，评估时不增强。"""
        if self.training:
            X = augment(X, torch.default_generator, **self.options)
        return self.model(X)


def _check_augmentation(argument: str, options: dict[str, float]) -> None:
    for name in options:
        one_of(f"{argument} 的键", name, ("crop", "flip", "brightness"))
    try:
        check_strengths(**options)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{argument} 里的 {error}") from error


def make_factory(
    network: Callable[..., nn.Module],
    *,
    init: str = "kaiming_normal",
    augmentation: dict[str, float] | None = None,
    **settings,
) -> Callable[[int], nn.Module]:
    """由造网络的函数与它的开关得到 `make_model(seed)`，供 `ablate` 使用。

    Args:
        network: 造网络的函数，如 `dlnotes.models.alexnet_small`。
        init: 初始化方案，`dlnotes.nn.init.SCHEMES` 里的名字；偏置取 0。
        augmentation: 数据增强的强度，如 `{"crop": 1}`；`None` 表示不增强。
        **settings: 传给 `network` 的开关。

    Returns:
        由种子造出网络的函数；种子相同，参数就相同。

    Raises:
        TypeError: `network` 不是函数，或 `augmentation` 不是字典。
        ValueError: 初始化方案不认识，或增强的名字、强度不对。

    Examples:
        >>> from dlnotes.models import lenet5
        >>> make_model = make_factory(lenet5, init="xavier_normal", image_size=16)
        >>> bool((make_model(0).features[0].weight == make_model(0).features[0].weight).all())
        True
    """
    callable_("network", network)
    one_of("init", init, tuple(SCHEMES))
    if augmentation is not None:
        _check_augmentation("augmentation", instance_of("augmentation", augmentation, dict))

    def make_model(seed: int) -> nn.Module:
        model = init_model_(network(**settings), init, torch.Generator().manual_seed(seed))
        return Augmented(model, **augmentation) if augmentation else model

    return make_model
