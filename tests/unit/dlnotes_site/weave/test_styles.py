"""One stylesheet per concern, joined into the one that readers fetch."""

import pytest

from dlnotes_site.weave.site import weave
from dlnotes_site.weave.styles import FOLDER, JOINED, ORDER, join


@pytest.fixture
def styled(mini):
    mini.page("# 页\n")
    for name in reversed(ORDER):
        mini.page(f".{name} {{ color: red; }}\n", f"docs/{FOLDER}/{name}.css")
    return mini


def test_the_parts_are_joined_in_order(styled):
    names = [line.split()[0][1:] for line in join(styled.root / "docs").splitlines() if line]
    assert names == list(ORDER)


@pytest.mark.parametrize("change", ["extra", "missing"])
def test_a_part_without_a_place_is_an_error(styled, change):
    folder = styled.root / "docs" / FOLDER
    if change == "extra":
        (folder / "strange.css").write_text("")
    else:
        (folder / "print.css").unlink()
    with pytest.raises(ValueError, match="strange" if change == "extra" else "print"):
        join(styled.root / "docs")


def test_only_the_joined_one_is_published_and_it_follows_a_change(styled):
    assert weave(styled.project, styled.results) == []
    assert [path.name for path in (styled.project.woven / FOLDER).iterdir()] == ["site.css"]
    styled.page(".text { color: blue; }\n", f"docs/{FOLDER}/text.css")
    weave(styled.project, styled.results)
    assert "blue" in (styled.project.woven / JOINED).read_text(encoding="utf-8")
