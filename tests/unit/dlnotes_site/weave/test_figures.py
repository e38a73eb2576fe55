"""Pictures of the site: thinned scatters look exactly as they did."""

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from browsing import browser  # noqa: F401
from dlnotes.plotting import DARK, LIGHT
from dlnotes_site.weave.figures import darken, file_names, only, thin, write_frames


def scatter(count: int) -> str:
    """An SVG with two scatters of `count` translucent, overlapping points each."""
    random = np.random.default_rng(0)
    plt.rcParams["svg.hashsalt"] = "fixed"
    figure, ax = plt.subplots(figsize=(3, 3))
    for colour, marker in (("#0072b2", "o"), ("#d55e00", "^")):
        ax.scatter(*random.normal(size=(2, count)), color=colour, marker=marker, alpha=0.5)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def pixels(browser, svg: str, folder) -> np.ndarray:  # noqa: F811
    path = folder / "figure.svg"
    path.write_text(svg, encoding="utf-8")
    page = browser.new_page(viewport={"width": 400, "height": 400})
    page.goto(path.as_uri())
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.close()
    return np.asarray(image).astype(int)


def two_modes() -> str:
    """An SVG with a frame for both modes, and one image for each of them."""
    figure, ax = plt.subplots(figsize=(2, 2))
    ax.plot([0, 1])
    for mode, value in (("light", 1.0), ("dark", 0.0)):
        inner = figure.add_axes([0.2, 0.2, 0.5, 0.5])
        inner.set_gid(f"only-{mode}")
        inner.imshow([[value]], cmap="gray", vmin=0, vmax=1)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def test_what_is_drawn_for_one_mode_only_is_taken_out_of_the_other(tmp_path):
    svg = two_modes()
    read = {"b" * 32: svg}.__getitem__
    write_frames(["b" * 32], read, tmp_path)
    light, dark = ((tmp_path / "assets/run" / name).read_text() for name in file_names("b" * 32))
    for mode, kept, gone in (("light", light, "only-dark"), ("dark", dark, "only-light")):
        assert f'id="only-{mode}"' in kept
        assert gone not in kept
        assert kept.count("<image ") == 1 == svg.count("<image ") - 1
        assert kept.count("<g") - kept.count("</g>") == svg.count("<g") - svg.count("</g>")
        ElementTree.fromstring(kept)
    assert only(scatter(5), "dark") == scatter(5)


def test_thin_turns_many_points_into_two_lines():
    svg = scatter(60)
    assert svg.count("<use ") - thin(svg).count("<use ") == 2 * 59
    assert thin(svg).count("<marker ") == 2
    ids = re.findall(r' id="([^"]+)"', thin(svg))
    assert len(ids) == len(set(ids))


def test_thin_leaves_few_points_alone():
    assert thin(scatter(20)) == scatter(20)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("change", [str, darken], ids=["light", "dark"])
def test_thin_changes_no_pixel(browser, tmp_path, change):  # noqa: F811
    svg = change(scatter(60))
    before, after = (pixels(browser, text, tmp_path) for text in (svg, thin(svg)))
    assert before.min() < 250  # something is drawn
    assert np.array_equal(before, after)
    line = 'style="fill: none; marker'
    moved = thin(svg).replace(line, f'transform="translate(3 0)" {line}', 1)
    assert not np.array_equal(before, pixels(browser, moved, tmp_path))


def test_darken_exchanges_style_colours_and_leaves_others():
    assert (
        darken(f"fill: {LIGHT['blue']}; #123456; #fefefe")
        == f"fill: {DARK['blue']}; #123456; #fefefe"
    )


def test_darken_gives_unfilled_text_a_light_colour():
    # matplotlib leaves out the fill of black text, which would stay black on a dark page
    assert darken("<svg width='1'><g/></svg>").startswith(f'<svg fill="{DARK["ink"]}" width')


def test_file_names_follow_the_name_of_the_figure():
    assert file_names("a" * 32) == ("a" * 16 + "-light.svg", "a" * 16 + "-dark.svg")
    assert file_names("a" * 32) != file_names("b" * 32)


def test_write_frames_reads_only_what_is_missing(tmp_path):
    read = []

    def svg(name: str) -> str:
        read.append(name)
        return f"<svg stroke='{LIGHT['blue']}'/>"

    for _ in range(2):
        write_frames(["a" * 32], svg, tmp_path)
    assert read == ["a" * 32]
    write_frames(["a" * 32], svg, tmp_path, again=True)
    assert len(read) == 2
    light, dark = sorted((tmp_path / "assets" / "run").iterdir(), reverse=True)
    assert LIGHT["blue"] in light.read_text()
    assert DARK["blue"] in dark.read_text()
