"""Records made by hand for a small project, and what the weave makes of them."""

import os

from markdown import Markdown

from dlnotes_site.pages.collect import Problem, collect
from dlnotes_site.run.key import Environment, Keys
from dlnotes_site.run.store import Figure, Output, Record, blob_name, write_manifest
from dlnotes_site.tasks.blocks import block_task
from dlnotes_site.weave.polish import PolishExtension
from dlnotes_site.weave.site import weave

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt" viewBox="0 0 72 36"/>'


def record_of(task, key: str, outputs: list[Output], environment: Environment, **changes) -> Record:
    """A record as the runner would leave it."""
    return Record(**{
        "key": key, "kind": task.kind, "page": task.page, "line": task.line, "outputs": outputs,
        "seconds": 0.5, "peak_mib": 1.0, "device": "CPU", "date": "2026-01-02",
        "environment": environment.to_json(), **changes,
    })  # fmt: skip


def pretend(mini, stdout: str = "", svgs: tuple[str, ...] = (SVG,), frames: int = 1, **changes):
    """Records for all blocks: each prints `stdout`; each with captions drew `svgs`."""
    environment = Environment.current("cpu")
    keys = Keys(environment, mini.project.source)
    store = mini.store
    write_manifest(mini.project.manifest, environment)
    for block in collect(mini.root):
        if block.skip is None and not block.is_long:
            task, drawn = block_task(block), svgs if block.captions else ()
            figures = [Figure([blob_name(svg)] * frames, [f"第 {n} 帧" for n in range(frames)],
                              100, 50) for svg in drawn]  # fmt: skip
            output = Output(block.line, stdout, figures, 0.5)
            store.put(record_of(task, keys(task), [output], environment, **changes), drawn)


def weave_all(mini) -> list[Problem]:
    return weave(mini.project, mini.results)


def text_of(mini, name: str = "page.md") -> str:
    return (mini.project.woven / name).read_text(encoding="utf-8")


def html_of(mini, text: str, **highlight) -> str:
    """The woven Markdown as the site's Markdown renders it."""
    return Markdown(
        extensions=["admonition", "attr_list", "footnotes", "md_in_html", "pymdownx.details",
                    "pymdownx.highlight", "pymdownx.superfences", "pymdownx.tabbed", "tables",
                    PolishExtension(root=str(mini.root))],
        extension_configs={"pymdownx.tabbed": {"alternate_style": True},
                           "pymdownx.highlight": highlight},
    ).convert(text)  # fmt: skip


def render(mini, path) -> str:
    """A page woven and rendered."""
    weave_all(mini)
    name = os.path.relpath(path, mini.root / "docs")
    return html_of(mini, text_of(mini, name))
