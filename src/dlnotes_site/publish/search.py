"""搜索索引：切词认得概念表里的词，笔记排在接口与报告之前；公式在排好时已经带着普通文字。

讲一个概念的笔记，要排在提到它的各页之前：概念表里每个概念的中英文名字、别名与写法，连同笔记页首的
`keywords`（读者会用的说法），写成那篇笔记的标签；主题让标签里的词重于标题，标题重于正文。
"""

import io
import json
import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from dlnotes_site.pages.front_matter import front_matter
from dlnotes_site.pages.glossary import Term, terms
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

WORKER = "assets/javascripts/workers/search.*.min.js"
"""主题的搜索脚本。"""

_RANKING = Path(__file__).parent / "templates" / "search.js"
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_WORD = re.compile(r"[\u4e00-\u9fff]{2,3}")


class Indexing:
    """怎样建索引：切词认得概念表里的词，每一条再改写。切词的词典不小，用到才读。"""

    def __init__(self, root: Path):
        self.root, self.taught = root, False

    def __call__(self, add: Callable[[], list[dict]]) -> list[dict]:
        """由 `add` 切出一页的各条，改写之后返回。"""
        if not self.taught:
            self._teach()
        return [finish(entry, self._tags(entry["location"])) for entry in add()]

    def _tags(self, location: str) -> list[str]:
        """一篇笔记整页那一条的标签；别的页、各节没有。"""
        page = f"docs/{location.rstrip('/')}.md"
        is_note = location.startswith("notes/") and "#" not in location
        if not is_note or not (self.root / page).is_file():
            return []
        found = [tag for term in terms(self.root) if page in term.pages for tag in names(term)]
        found += front_matter(self.root / page).keywords
        return [_segmented(tag) for tag in found]  # 两处都写了的留两份：更要紧

    def _teach(self) -> None:
        import jieba

        jieba.setLogLevel(logging.ERROR)
        jieba.load_userdict(io.StringIO(words(self.root)))
        self.taught = True


def finish(entry: dict, tags: Sequence[str] = ()) -> dict:
    """搜索索引里的一条：写明它比别处重要多少，以及它的标签。"""
    boost = entry.get("boost", _boost(entry["location"]))
    extra = {"boost": boost} if boost != 1 else {}
    return {**entry, **extra, **({"tags": list(tags)} if tags else {})}


def names(term: Term) -> list[str]:
    """读者会用来搜一个概念的名字：标题里的中英文与别名，还有代码里的写法。"""
    inside = term.title[len(term.name) :].strip().strip("（）()")
    others = (part.strip().removeprefix("又称") for part in re.split(r"[,，、]", inside))
    return [name for name in (term.name, *others, *term.codes) if name]


def _segmented(text: str) -> str:
    """汉字之间照 jieba 的切法放上零宽空格，与正文一样。"""
    import jieba

    return _HAN.sub(lambda found: "\u200b".join(("", *jieba.cut(found[0]), "")), text)


def finish_site(site: Path) -> None:
    """建好之后：索引里的汉字直接写，不写成转义；主题的搜索脚本前面接上重排。没有搜索的网站不动。

    Raises:
        ValueError: 主题的搜索脚本不在原来的地方。
    """
    path = site / INDEX
    if not path.is_file():
        return
    index = json.loads(path.read_text(encoding="utf-8"))
    write_atomically(path, json.dumps(index, ensure_ascii=False, separators=(",", ":")))
    scripts = list(site.glob(WORKER))
    if len(scripts) != 1:
        raise ValueError(f"主题的搜索脚本应只有一个 {WORKER}，找到 {len(scripts)} 个")
    theirs, ours = scripts[0].read_text(encoding="utf-8"), _RANKING.read_text(encoding="utf-8")
    if ours not in theirs:
        write_atomically(scripts[0], f"{ours}\n{theirs}")


def words(root: Path) -> str:
    """切词用的词典，每行是词、词频、词性：概念表里两三个字的词不切开，如“预热”“计算图”。

    更长的照常切开，搜其中的一部分也找得到。
    """
    names = (term.name for term in terms(root))
    return "".join(f"{name} 100000 n\n" for name in names if _WORD.fullmatch(name))


def _boost(location: str) -> float:
    return next((boost for start, boost in BOOSTS.items() if location.startswith(start)), 1)
