"""误解：框有锚点与“误解：”开头的标题，`misconceptions` 页由各页的框织成卡片。"""

import html
import re
from pathlib import Path

from dlnotes_site.pages.cards import ANCHOR, BOX, Misconception, misconceptions
from dlnotes_site.pages.collect import pages
from dlnotes_site.pages.nav import order, relative, title_of
from dlnotes_site.pages.prose import prose_lines

MARKER = "<!-- 误解卡片 -->"
"""页面里写这一行，就在那里放上全站的误解卡片，按导航的次序。"""

_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_KINDS = {"不成立": "no", "条件成立": "partly", "归因错误": "cause", "推不出": "unknown"}


def weave_boxes(text: str) -> str:
    """给误解框加上锚点与标题；行数不变。"""
    lines = text.split("\n")
    for number, line in enumerate(prose_lines(text)):
        box = BOX.match(line)
        if box is not None and ANCHOR.fullmatch(box["anchor"].strip()):
            lines[number] = _title(box)
    return "\n".join(lines)


def weave_cards(page: str, text: str, root: Path) -> str:
    """把标记换成全站的误解卡片。"""
    return text.replace(MARKER, cards(page, root))


def _title(box: re.Match) -> str:
    """锚点放在标题里：提示框与折叠框都认，行数也不变。"""
    anchor = box["anchor"].strip()
    return f"{box['head']} {anchor} \"<span id='{anchor}'></span>误解：{box['claim']}\""


def cards(page: str, root: Path) -> str:
    """全站的误解卡片，按页分组；链接从 `page` 算起。没有误解时为空。"""
    groups: dict[str, list[Misconception]] = {}
    for path in pages(root):
        name = path.relative_to(root).as_posix()
        if found := misconceptions(name, path.read_text(encoding="utf-8")):
            groups[name] = found
    places = order(root)
    names = sorted(groups, key=lambda name: (places.get(name, len(places)), name))
    if not names:
        return ""
    parts = [_filter(names, groups, root)]
    parts += [_group(page, name, groups[name], root) for name in names]
    return "\n\n".join(parts)


def _filter(names: list[str], groups: dict[str, list[Misconception]], root: Path) -> str:
    """按主题与结论挑选的两个下拉框，由 site.js 显示；没有脚本时不出现，卡片全都在。"""
    found = [card for name in names for card in groups[name]]
    counts = {verdict: sum(card.verdict == verdict for card in found) for verdict in _KINDS}
    topics = [(name, f"{title_of(name, root)}（{len(groups[name])}）") for name in names]
    verdicts = [(kind, f"{verdict}（{counts[verdict]}）") for verdict, kind in _KINDS.items()]
    every = f"全部（{len(found)}）"
    return (
        '<div class="dl-filter" role="search" aria-label="挑选误解" hidden>\n'
        f"<label>主题 {_select('topic', every, topics)}</label>\n"
        f"<label>结论 {_select('verdict', every, verdicts)}</label>\n"
        '<span role="status"></span>\n</div>'
    )


def _select(name: str, every: str, choices: list[tuple[str, str]]) -> str:
    options = "".join(
        f'<option value="{html.escape(value)}">{html.escape(text)}</option>'
        for value, text in [("", every), *choices]
    )
    return f'<select name="{name}">{options}</select>'


def _group(page: str, name: str, found: list[Misconception], root: Path) -> str:
    target = relative(name, page)
    items = "\n".join(_card(target, card) for card in found)
    return (
        f'<div class="dl-topic" data-topic="{name}" markdown>\n\n'
        f"**[{title_of(name, root)}]({target})**\n\n"
        f'<div class="dl-cards dl-claims" markdown>\n\n{items}\n\n</div>\n\n</div>'
    )


def _card(target: str, card: Misconception) -> str:
    claim, sentence = (_LINK.sub(r"\1", text) for text in (card.claim, card.sentence))
    kind = _KINDS[card.verdict]
    return (
        f"- [{claim}]({target}#{card.anchor})"
        f' <span class="dl-verdict dl-verdict--{kind}">{card.verdict}</span> {sentence}'
    )
