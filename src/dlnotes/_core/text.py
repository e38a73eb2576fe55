"""等宽字体里的对齐：汉字占两格。"""

import unicodedata


def display_width(text: str) -> int:
    """等宽字体里占几格：汉字与全角标点占两格。"""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, width: int, right: int) -> str:
    """用空格补到 `width` 格；`right` 为真时靠右，否则靠左。已经够宽的不截断。"""
    space = " " * (width - display_width(text))
    return space + text if right else text + space
