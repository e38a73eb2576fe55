"""笔记本文件的写法：第 4.5 版，同样的内容得到逐字节相同的文件。

不用 nbformat 写：它每造一个单元格就校验一遍，一页要零点几秒；写得对不对由测试用它校验。
"""

import json
from collections.abc import Iterable

_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
}


def text_cell(source: str) -> dict:
    """文字的一格。"""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code_cell(source: str, outputs: Iterable[dict] = (), tags: Iterable[str] = ()) -> dict:
    """代码的一格；`tags` 里有 `install` 的不算执行次数。"""
    metadata = {"tags": list(tags)} if tags else {}
    return {"cell_type": "code", "execution_count": None, "metadata": metadata,
            "outputs": list(outputs), "source": source}  # fmt: skip


def printed(text: str) -> dict:
    """印出的文字。"""
    return {"output_type": "stream", "name": "stdout", "text": text}


def image(png: str, alt: str, width: int, height: int) -> dict:
    """一张图；`png` 是 base64。"""
    size = {"width": width, "height": height, "alt": alt}
    return {"output_type": "display_data", "metadata": {"image/png": size},
            "data": {"image/png": png, "text/plain": alt or "<图>"}}  # fmt: skip


def written(cells: list[dict], *, ran: bool = True) -> str:
    """笔记本的全文；单元格的编号固定，`ran` 时依次写上执行次数。"""
    count = 0
    for number, cell in enumerate(cells):
        cell["id"] = f"{cell['cell_type']}-{number:03d}"
        if (
            ran
            and cell["cell_type"] == "code"
            and "install" not in cell["metadata"].get("tags", ())
        ):
            count += 1
            cell["execution_count"] = count
    book = {"cells": [_split(cell) for cell in cells], "metadata": _METADATA,
            "nbformat": 4, "nbformat_minor": 5}  # fmt: skip
    return json.dumps(book, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _split(cell: dict) -> dict:
    """长文字按行写成列表，比较两个版本时才看得清。"""
    outputs = [
        {**output, "text": output["text"].splitlines(keepends=True)} if "text" in output else output
        for output in cell.get("outputs", ())
    ]
    source = {"source": cell["source"].splitlines(keepends=True)}
    return {**cell, **source, **({"outputs": outputs} if "outputs" in cell else {})}
