"""The bundled font is what the script makes of its source package."""

import os
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import TTCollection, TTFont

from conftest import ROOT
from dlnotes_site.publish import font

BUNDLED = ROOT / "src" / "dlnotes" / "fonts" / "DLNotesSansSC-Regular.otf"
SOURCE = Path(
    os.environ.get("DLNOTES_NOTO", "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
)


def small_font(characters: str) -> TTFont:
    """A CFF font with one box per character."""
    names = [".notdef", *(f"u{ord(c):04X}" for c in characters)]
    pen = T2CharStringPen(1000, None)
    pen.moveTo((0, 0))
    pen.lineTo((0, 500))
    pen.lineTo((500, 500))
    pen.closePath()
    shape = pen.getCharString()
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(c): name for c, name in zip(characters, names[1:], strict=True)})
    builder.setupCFF("NotoSansCJKsc-Regular", {}, dict.fromkeys(names, shape), {})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader()
    builder.setupNameTable(
        {"copyright": "Adobe", "familyName": "Noto Sans CJK SC", "psName": "NotoSansCJKsc-Regular"}
    )
    builder.setupOS2()
    builder.setupPost()
    return builder.font


@pytest.fixture
def collection(tmp_path):
    """Three fonts in one file; only the third has the simplified characters."""
    path = tmp_path / "small.ttc"
    made = TTCollection()
    made.fonts = [small_font("A"), small_font("A"), small_font("A学習")]
    made.save(path)
    return path


def test_the_subset_keeps_the_wanted_characters_of_the_third_font_under_another_name(
    collection, tmp_path
):
    target = tmp_path / "out.otf"
    assert font.main([str(collection), str(target)]) == 0
    with TTFont(target) as made:
        assert set(made.getBestCmap()) == {ord("A"), ord("学")}, "習 is not in GB 2312"
        assert made["name"].getDebugName(1) == "DLNotes Sans SC"
        assert made["name"].getDebugName(0) == "Adobe"
        assert made["CFF "].cff.fontNames == ["DLNotesSansSC-Regular"]
        assert made["name"].getDebugName(6) == "DLNotesSansSC-Regular"


def test_making_the_font_twice_gives_the_same_bytes(collection, tmp_path):
    first, second = tmp_path / "first.otf", tmp_path / "second.otf"
    font.make(collection, first)
    font.make(collection, second)
    assert first.read_bytes() == second.read_bytes()


def test_the_bundled_font_holds_only_wanted_characters_and_all_of_gb2312():
    with TTFont(BUNDLED) as bundled:
        there = set(bundled.getBestCmap())
    hanzi = {code for code in font.characters() if 0x4E00 <= code <= 0x9FFF}
    assert len(hanzi) == 6763
    assert hanzi <= there <= font.characters()


@pytest.mark.skipif(not SOURCE.is_file(), reason="没有安装 fonts-noto-cjk")
def test_the_bundled_font_is_made_from_its_source_package(tmp_path):
    font.make(SOURCE, tmp_path / "made.otf")
    assert (tmp_path / "made.otf").read_bytes() == BUNDLED.read_bytes()


def test_a_missing_source_is_named(capsys):
    assert font.main(["没有.ttc", "输出.otf"]) == 2
    assert "收到 没有.ttc 输出.otf" in capsys.readouterr().err
