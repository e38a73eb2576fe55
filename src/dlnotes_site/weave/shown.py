"""一条记录显示在页面上的样子：输出、图、一行运行环境，都写成只占一行的 HTML。

只占一行，才能带着缩进放进列表、折叠与提示框里：Python-Markdown 只认顶格的多行 HTML。
"""

import html
import re

from dlnotes_site.pages.fences import Caption
from dlnotes_site.run.store import Figure, Record
from dlnotes_site.weave.figures import paths

_HEAD = '<div class="dl-run" data-search-exclude="data-search-exclude">'


def run_html(body: str) -> str:
    """代码块下面的一格；`body` 是里面的 HTML。"""
    return f"{_HEAD}{body}</div>"


def record_html(
    record: Record,
    captions: tuple[Caption, ...],
    prefix: str,
    evidence: str | None = None,
    explainer: str | None = None,
) -> str:
    """一条记录的 HTML。

    Args:
        record: 记录。
        captions: 各张图的替代文字与图注；少写的当作空的。
        prefix: 从网页到网站根的相对路径，如 `../../`。
        evidence: 运行环境那一行的文字；省略时是设备、torch 的版本与用时。
        explainer: 图交给哪个讲解器；省略时就是图。
    """
    parts = [output_html(record.stdout.rstrip())] if record.stdout.strip() else []
    captions = captions + (Caption(""),) * (len(record.figures) - len(captions))
    pairs = zip(record.figures, captions, strict=False)
    figures = "".join(figure_html(figure, caption, prefix) for figure, caption in pairs)
    parts.append(explainer_html(explainer, figures) if explainer else figures)
    return run_html("".join(parts) + evidence_html(evidence or evidence_text(record)))


def explainer_html(name: str, figures: str) -> str:
    """讲解器：脚本快滚到时取来，把图换成能动手的；没有脚本时就是图。"""
    return f'<dl-{name} class="dl-explain" id="explain-{name}">{figures}</dl-{name}>'


def output_html(text: str) -> str:
    """一段输出的 HTML；换行写成字符引用。"""
    text = html.escape(text).replace("\n", "&#10;")
    return ('<div class="dl-output no-copy" role="group" aria-label="输出"><pre><code>'
            f"{text}</code></pre></div>")  # fmt: skip


def evidence_html(text: str) -> str:
    """运行环境那一行。"""
    return f'<p class="dl-evidence" data-search-exclude="1">{html.escape(text)}</p>'


def plain_run(text: str) -> str:
    """没有运行的代码块下面只有一行说明。"""
    return f'<div class="dl-run"><p class="dl-evidence">{html.escape(text)}</p></div>'


def evidence_text(record: Record) -> str:
    """设备、torch 的版本与用时。"""
    return f"{record.device} · torch {torch_version(record)} · {in_seconds(record.seconds)}"


def long_evidence(record: Record, stale: list[str]) -> str:
    """长实验：设备、torch 的版本、日期、提交；记录之后又变了什么，也写明。"""
    parts = [record.device, f"torch {torch_version(record)}", record.date]
    if commit := record.provenance.get("commit"):
        parts.append(f"提交 {commit[:7]}")
    if stale:
        parts.append(f"此后变了：{'、'.join(stale)}")
    return " · ".join(parts)


def torch_version(record: Record) -> str:
    """运行时 torch 的版本，不带 `+cpu` 一类的后缀。"""
    return record.environment["versions"]["torch"].split("+")[0]


def in_seconds(seconds: float) -> str:
    """用时的写法。"""
    return "不到 0.1 秒" if seconds < 0.1 else f"{seconds:.1f} 秒"


def figure_html(figure: Figure, caption: Caption, prefix: str) -> str:
    """一张图（或一段动画）的 HTML：深浅两份，带替代文字与图注。"""
    text = f"<figcaption>{_inline(caption.text)}</figcaption>" if caption.text else ""
    if len(figure.frames) == 1:
        images = _images(figure, figure.frames[0], caption.alt, prefix)
        return f'<figure class="dl-figure">{images}{text}</figure>'
    frames = "".join(
        f'<div class="dl-frame" data-label="{html.escape(label)}">'
        + _images(figure, blob, f"{caption.alt}（{label}）", prefix) + "</div>"
        for blob, label in zip(figure.frames, figure.labels, strict=True)
    )  # fmt: skip
    return f'<figure class="dl-figure dl-frames">{frames}{text}</figure>'


def _images(figure: Figure, blob: str, alt: str, prefix: str) -> str:
    return "".join(
        f'<img class="dl-{mode}" src="{prefix}{path}" alt="{html.escape(alt)}" '
        f'width="{figure.width}" height="{figure.height}" loading="lazy" decoding="async">'
        for mode, path in zip(("light", "dark"), paths(blob), strict=True)
    )


def _inline(text: str) -> str:
    """图注里的行内代码与公式。"""
    text = html.escape(text, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\\\((.+?)\\\)", r'<span class="arithmatex">\\(\1\\)</span>', text)
