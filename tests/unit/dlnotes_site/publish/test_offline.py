"""The offline copy: rewritten pages and index, the same bytes for the same site."""

import hashlib
import json
from zipfile import ZipFile

import pytest

from dlnotes_site.publish.offline import NAME, offline_index, offline_page, write_offline

PAGE = (
    '<html><head></head><body data-md-component="x"><a href="{link}">甲</a>'
    '<a href="../{name}.zip" class="dl-offline" download>下载离线版</a></body></html>'
)


@pytest.fixture
def tiny(tmp_path):
    """A site of two pages and an index."""
    for name in ("", "notes/spiral/", "search/"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    (tmp_path / "index.html").write_text("<head></head>", encoding="utf-8")
    (tmp_path / "notes/spiral/index.html").write_text("<head></head>", encoding="utf-8")
    index = {"docs": [{"location": "notes/spiral/#一"}]}
    (tmp_path / "search/search_index.json").write_text(json.dumps(index), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("link", "expected"),
    [("../notes/spiral/", "../notes/spiral/index.html"),
     ("../notes/spiral/#%E4%B8%80", "../notes/spiral/index.html#%E4%B8%80"),
     ("..", "../index.html"), ("../notes/spiral/index.html", "../notes/spiral/index.html"),
     ("#here", "#here"), ("https://arxiv.org/abs/1", "https://arxiv.org/abs/1"),
     ("../nowhere/", "../nowhere/")],
)  # fmt: skip
def test_offline_page_points_to_files_not_folders(tiny, link, expected):
    text = offline_page(PAGE.format(link=link, name=NAME), "labs/index.html", tiny)
    assert f'<a href="{expected}">' in text


def test_offline_page_offers_no_download_of_itself_and_loads_its_scripts(tiny):
    text = offline_page(PAGE.format(link="..", name=NAME), "notes/spiral/index.html", tiny)
    assert f"{NAME}.zip" not in text
    assert '<script src="../../assets/offline/iframe-worker.js"></script>' in text


def test_offline_index_points_to_files():
    index = {"docs": [{"location": where} for where in ("", "a/", "a/#一", "b/c.html#二")]}
    found = json.loads(offline_index(json.dumps(index)))["docs"]
    wanted = ["index.html", "a/index.html", "a/index.html#一", "b/c.html#二"]
    assert [entry["location"] for entry in found] == wanted


def test_write_offline_twice_gives_the_same_bytes(tiny):
    digests = {hashlib.sha256(write_offline(tiny).read_bytes()).hexdigest() for _ in range(2)}
    assert len(digests) == 1
    (tiny / "notes/spiral/index.html").write_text("<head>改了</head>", encoding="utf-8")
    assert hashlib.sha256(write_offline(tiny).read_bytes()).hexdigest() not in digests


def test_write_offline_holds_the_index_as_a_script_and_not_itself(tiny):
    write_offline(tiny)
    with ZipFile(write_offline(tiny)) as archive:
        names = archive.namelist()
        script = archive.read(f"{NAME}/search/search_index.js").decode()
    assert names == sorted(names)
    assert f"{NAME}/index.html" in names
    assert not [name for name in names if name.endswith((".zip", ".tmp"))]
    assert script.startswith("var __index = {")
    assert "notes/spiral/index.html#一" in script


def test_write_offline_refuses_a_folder_that_is_not_a_site(tmp_path):
    with pytest.raises(ValueError, match=r"site 应是建好的网站"):
        write_offline(tmp_path)
