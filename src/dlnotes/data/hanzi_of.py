"""自选的合成汉字：画法与 `hanzi` 相同，字由读者自己挑，比如自己的名字。"""

from jaxtyping import Float, Int
from torch import Tensor

from dlnotes.data.hanzi import render

__all__ = ["hanzi_of"]

FIRST, LAST = b"\xb0\xa1", b"\xf7\xfe"  # GB 2312 的汉字从“啊”到“齄”，一级 3755 个，二级 3008 个


def hanzi_of(
    characters: str,
    num_samples: int = 2000,
    size: int = 32,
    *,
    split: str = "train",
    seed: int = 0,
) -> tuple[Float[Tensor, "n 1 {size} {size}"], Int[Tensor, " n"]]:
    """合成汉字，字由自己挑：每张图的变形、粗细、明暗、邻字与噪声照 `hanzi` 的缺省强度抽取。

    挑的若正好是 `hanzi_labels(K)` 的字，得到的就是 `hanzi(K, …)` 的图。局限也相同：只有一种印刷
    字体，上面的准确率不能当作手写识别的准确率。

    Args:
        characters: 要哪些字，互不相同，都在 GB 2312 的 6763 个汉字里；第 k 个字是第 k 类。
        num_samples: 样本数 n，正整数；只增加它时，前面的样本不变。
        size: 边长，像素，16 到 256。
        split: `"train"`、`"valid"` 或 `"test"`，三份没有共同的抽样。
        seed: 随机种子。

    Returns:
        `(X, y)`：`X` 形状 (n, 1, size, size)，float32，在 [0, 1] 内；`y` 形状 (n,)，int64。

    Raises:
        TypeError: `characters` 不是一段文字，个数、边长或种子不是整数。
        ValueError: 没有字、字有重复、不是 GB 2312 的汉字，或者参数不在上述范围里。

    Examples:
        >>> X, y = hanzi_of("春夏秋冬", 40)
        >>> X.shape, y.bincount().tolist()
        (torch.Size([40, 1, 32, 32]), [10, 10, 10, 10])
    """
    return render(_checked(characters), num_samples, size, split, seed)


def _checked(characters: object) -> tuple[str, ...]:
    if not isinstance(characters, str):
        raise TypeError(f"characters 应为一段文字，如 '春夏秋冬'，收到 {characters!r}")
    if not characters:
        raise ValueError("characters 至少要有一个字，收到 ''")
    for character in characters:
        if not FIRST <= character.encode("gb2312", "replace") <= LAST:
            raise ValueError(
                f"characters 应都是 GB 2312 的汉字，收到 {characters!r}，其中 {character!r} 不是"
            )
    if len(set(characters)) < len(characters):
        raise ValueError(f"characters 里的字应互不相同，收到 {characters!r}")
    return tuple(characters)
