"""搜索索引：切词认得概念表里的词，笔记排在接口与报告之前；公式在排好时已经带着普通文字。"""

import io
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

from dlnotes_site.pages.glossary import terms
from dlnotes_site.project import write_atomically
from dlnotes_site.publish.offline import INDEX

BOOSTS = {
    "notes/": 2,
    "evidence/": 1.5,
    "labs/": 1.5,
    "api/": 0.5,
    "glossary/": 0.5,
    "report/": 0.2,
}
"""各处的结果比别处重要多少；没有写的是 1。"""

_WORD = re.compile(r"[\u4e00-\u9fff]{2,3}")


class Indexing:
    """怎样建索引：切词认得概念表里的词，每一条再改写。切词的词典不小，用到才读。"""

    def __init__(self, root: Path):
        self.root, self.taught = root, False

    def __call__(self, add: Callable[[], list[dict]]) -> list[dict]:
        """由 `add` 切出一页的各条，改写之后返回。"""
        if not self.taught:
            self._teach()
        return [finish(entry) for entry in add()]

    def _teach(self) -> None:
        import jieba

        jieba.setLogLevel(logging.ERROR)
        jieba.load_userdict(io.StringIO(words(self.root)))
        self.taught = True


def finish(entry: dict) -> dict:
    """搜索索引里的一条：写明它比别处重要多少。"""
    boost = entry.get("boost", _boost(entry["location"]))
    return {**entry, **({} if boost == 1 else {"boost": boost})}


def compact(site: Path) -> None:
    """索引里的汉字直接写，不写成六个字节的转义；没有搜索的网站不动。"""
    path = site / INDEX
    if path.is_file():
        index = json.loads(path.read_text(encoding="utf-8"))
        write_atomically(path, json.dumps(index, ensure_ascii=False, separators=(",", ":")))


def words(root: Path) -> str:
    """切词用的词典，每行是词、词频、词性：概念表里两三个字的词不切开，如“预热”“计算图”。

    更长的照常切开，搜其中的一部分也找得到。
    """
    names = (term.name for term in terms(root))
    return "".join(f"{name} 100000 n\n" for name in names if _WORD.fullmatch(name))


def _boost(location: str) -> float:
    return next((boost for start, boost in BOOSTS.items() if location.startswith(start)), 1)
