"""随包附带的中文字体：名字与位置。"""

from importlib import resources
from pathlib import Path

FONT = "DLNotes Sans SC"
"""思源黑体的 GB 2312 子集的名字。"""


def font_path() -> Path:
    """字体文件的路径。"""
    return Path(str(resources.files("dlnotes") / "fonts" / "DLNotesSansSC-Regular.otf"))
