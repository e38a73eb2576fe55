"""重做 `dlnotes` 自带的中文字体：从 Noto Sans CJK 取子集，换上自己的名字。

```console
$ python -m dlnotes_site.publish.font NotoSansCJK-Regular.ttc 输出.otf
```

来源是 Debian 的软件包 `fonts-noto-cjk`（`/usr/share/fonts/opentype/noto/`）。
"""

import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

NAME = "DLNotes Sans SC"
_POSTSCRIPT = "DLNotesSansSC-Regular"
_MODIFIED = 3878027989  # 写进文件的时间固定下来，重做的一份才逐字节相同
_SIMPLIFIED = 2  # .ttc 里简体中文的那一套

# GB 2312 之外的：拉丁字母、希腊字母、标点、上下标、箭头与数学符号、几何图形、全角字符
_RANGES = (
    (0x20, 0x7E), (0xA0, 0x17F), (0x370, 0x3FF), (0x2010, 0x203F), (0x2070, 0x209F),
    (0x2190, 0x22FF), (0x25A0, 0x25FF), (0x3000, 0x303F), (0xFF00, 0xFF60),
)  # fmt: skip


def characters() -> set[int]:
    """子集要有的字符；字体里没有的，取子集时跳过。"""
    wanted = {code for first, last in _RANGES for code in range(first, last + 1)}
    for high in range(0xA1, 0xFF):
        for low in range(0xA1, 0xFF):
            wanted.update(map(ord, bytes((high, low)).decode("gb2312", errors="ignore")))
    return wanted


def make(source: Path, target: Path) -> None:
    """由 `source` 做出子集，写到 `target`。

    Args:
        source: Noto Sans CJK 的 `.ttc`。
        target: 写出的 `.otf`。
    """
    options = subset.Options(
        font_number=_SIMPLIFIED, hinting=False, desubroutinize=True,
        layout_features=["kern", "liga"], name_IDs=["*"],
    )  # fmt: skip
    made = BytesIO()
    with subset.load_font(str(source), options) as font:
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=characters())
        subsetter.subset(font)
        subset.save_font(font, made, options)
    with TTFont(made, recalcTimestamp=False) as font:
        rename(font)
        font["head"].modified = _MODIFIED
        font.save(target)


def rename(font: TTFont) -> None:
    """家族名、全名、PostScript 名换成自己的；版权、许可与来源的编号（名字 3）留着。"""
    names = {1: NAME, 4: f"{NAME} Regular", 6: _POSTSCRIPT}
    for record in font["name"].names:
        if record.nameID in names:
            record.string = names[record.nameID]
    outlines = font["CFF "].cff
    outlines.fontNames = [_POSTSCRIPT]
    outlines[0].FullName, outlines[0].FamilyName = names[4], names[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """返回退出码。"""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 2 or not Path(arguments[0]).is_file():
        said = " ".join(arguments) or "没有参数"
        print(f"用法：python -m dlnotes_site.publish.font 来源.ttc 输出.otf，收到 {said}",
              file=sys.stderr)  # fmt: skip
        return 2
    make(Path(arguments[0]), Path(arguments[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
