"""SVG files drawn by matplotlib, for the tests that compare figures."""

import io

import matplotlib as mpl
from matplotlib import pyplot as plt

from dlnotes_site.run.pictures import _svg


def draw(y=(1.0, 3.0, 2.0), *, colour="#1f77b4", title="损失", size=(4, 3), salt="a", picture=None):
    """An SVG drawn by matplotlib; `salt` changes its identifiers and nothing one can see."""
    from dlnotes.plotting import use_chinese

    use_chinese()
    with mpl.rc_context({"svg.hashsalt": salt, "font.family": "DLNotes Sans SC"}):
        fig, ax = plt.subplots(figsize=size)
        ax.plot(y, "o-", color=colour)
        if picture is not None:
            ax.imshow(picture, extent=(0, 1, 0, 1))
        ax.set_title(title)
        text = _svg(fig) if salt == "a" else _salted(fig)
        plt.close(fig)
    return text


def _salted(fig):
    out = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "path"}):
        fig.savefig(out, format="svg", transparent=True, dpi=144, metadata={"Date": None})
    return out.getvalue()
