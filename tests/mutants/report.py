"""把结果写成表，列出漏掉的变体。"""

from collections import Counter
from collections.abc import Iterator, Sequence

from mutants.judge import BROKEN, CAUGHT, SAME, SURVIVED, Judged

HEAD = ("页面", "块", "变体", "跑起来", "抓住", "%")


def total(judged: Sequence[Judged]) -> Counter:
    """各种结果合计有几个。"""
    return sum((one.counts for one in judged), Counter())


def share(counts: Counter) -> float | None:
    """跑起来的变体里抓住了几成；没有跑起来的为 `None`。"""
    ran = counts[CAUGHT] + counts[SURVIVED]
    return counts[CAUGHT] / ran if ran else None


def table(judged: Sequence[Judged]) -> list[str]:
    """每页一行，最后是合计。"""
    rows = []
    for page in dict.fromkeys(one.block.page for one in judged):
        rows.append(_row(page, [one for one in judged if one.block.page == page]))
    rows.append(_row("合计", judged))
    lines = [f"| {' | '.join(row)} |" for row in (HEAD, ("---",) * len(HEAD), *rows)]
    counts = total(judged)
    return [*lines, "", f"不计入：没有差别 {counts[SAME]}，跑不起来 {counts[BROKEN]}"]


def _row(name: str, judged: Sequence[Judged]) -> tuple[str, ...]:
    counts, part = total(judged), share(total(judged))
    ran = counts[CAUGHT] + counts[SURVIVED]
    return (name, str(len(judged)), str(counts.total()), str(ran), str(counts[CAUGHT]),
            "—" if part is None else f"{100 * part:.0f}")  # fmt: skip


def survivors(judged: Sequence[Judged]) -> Iterator[str]:
    """漏掉的变体，每个一行：页面与行号，种类，由什么改成什么，那一行的代码。"""
    for one in judged:
        lines = one.block.code.splitlines()
        for variant in one.survivors:
            where = f"{one.block.page}:{one.block.line + variant.line}"
            change = f"{_short(variant.before)} → {_short(variant.after)}"
            yield f"✗ {where} · {variant.kind} · {change} · {lines[variant.line - 1].strip()}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:59]}…"


def as_json(judged: Sequence[Judged]) -> list[dict]:
    """全部变体与结果。"""
    return [
        {"page": one.block.page, "line": one.block.line + variant.line, "kind": variant.kind,
         "before": variant.before, "after": variant.after, "outcome": outcome}
        for one in judged
        for variant, outcome in zip(one.variants, one.outcomes)  # noqa: B905
    ]  # fmt: skip
