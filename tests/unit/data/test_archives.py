"""The published formats, written by hand here, and their download from a server on this machine."""

import gzip
import hashlib
import io
import pickle
import re
import struct
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch

from dlnotes.data import _archives, images
from dlnotes.data._download import download_file
from dlnotes.data._formats import read_cifar10, read_idx

RNG = np.random.default_rng(0)


def idx(array) -> bytes:
    """The IDX layout of the MNIST page: magic number, big-endian sizes, bytes."""
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(
        f">{array.ndim}i", *array.shape
    )
    return gzip.compress(header + array.tobytes())


def text(value: str) -> bytes:
    return b"U" + bytes([len(value)]) + value.encode()


def python2_batch(pixels, labels) -> bytes:
    """A CIFAR batch opcode by opcode as Python 2 pickled it (protocol 2, old NumPy names)."""
    dtype = b"cnumpy\ndtype\n" + text("u1") + b"K\x00K\x01\x87R"
    dtype += b"(K\x03" + text("|") + b"NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\x00tb"
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text("b") + b"\x87R"
    )
    array += b"(K\x01" + b"M" + struct.pack("<H", len(pixels)) + b"M" + struct.pack("<H", 3072)
    array += b"\x86" + dtype + b"\x89T" + struct.pack("<i", pixels.size) + pixels.tobytes() + b"tb"
    listed = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    items = text("data") + array + text("labels") + listed
    return b"\x80\x02}(" + items + text("batch_label") + text("testing batch 1 of 1") + b"u."


def cifar_tar(batches: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, batch in batches.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(batch)
            archive.addfile(info, io.BytesIO(batch))
    return content.getvalue()


GREY = RNG.integers(0, 256, (7, 28, 28), dtype=np.uint8)
GREY_LABELS = np.array([5, 0, 4, 1, 9, 2, 1], dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (12, 3, 32, 32), dtype=np.uint8)
COLOUR_LABELS = [6, 9, 9, 4, 1, 1, 2, 7, 8, 3, 4, 7]
NAMES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
BATCHES = {
    name: python2_batch(COLOUR[i : i + 2].reshape(2, 3072), COLOUR_LABELS[i : i + 2])
    for name, i in zip(NAMES, range(0, 12, 2), strict=True)
}
SCRAMBLED = ("data_batch_4", "test_batch", "data_batch_3", "data_batch_2", "data_batch_5",
             "data_batch_1")  # fmt: skip
CIFAR = cifar_tar({"batches.meta": b"", **{name: BATCHES[name] for name in SCRAMBLED}})

CONTENTS = {
    "train-images-idx3-ubyte.gz": idx(GREY),
    "train-labels-idx1-ubyte.gz": idx(GREY_LABELS),
    "t10k-images-idx3-ubyte.gz": idx(GREY[:2]),
    "t10k-labels-idx1-ubyte.gz": idx(GREY_LABELS[:2]),
    "cifar-10-python.tar.gz": CIFAR,
}


class Handler(BaseHTTPRequestHandler):
    """Serves `server.files`; may cut the connection, ignore ranges or answer 404."""

    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.asked.append((self.path, asked))
        content = server.files.get(self.path.rsplit("/", 1)[-1])
        if content is None or self.path.startswith("/gone/"):
            return self.send_error(404)
        start = int(re.search(r"\d+", asked).group()) if asked and server.ranges else 0
        if start >= len(content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        stop = server.cut.pop(0) if server.cut else len(content)
        self.wfile.write(content[start:stop])
        return None

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    """A file server on the loopback address; the table of archives points to it."""
    monkeypatch.setenv("no_proxy", "*")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.asked, server.cut, server.ranges = dict(CONTENTS), [], [], True
    server.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    use_small_files(monkeypatch, server.url)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def use_small_files(monkeypatch, site="http://127.0.0.1:9/"):
    """The real table with the checksums of the small files and one site."""
    table = {
        name: {split: tuple(small(archive, site) for archive in found)
               for split, found in splits.items()}
        for name, splits in _archives.ARCHIVES.items()
    }  # fmt: skip
    monkeypatch.setattr(_archives, "ARCHIVES", table)


def small(archive, site):
    content = CONTENTS[archive.path.rsplit("/", 1)[-1]]
    return archive._replace(md5=hashlib.md5(content).hexdigest(), sites=(site,))


# oracle: the arrays that were written
def test_read_idx_gives_back_the_array(tmp_path):
    (tmp_path / "a.gz").write_bytes(idx(GREY))
    np.testing.assert_array_equal(read_idx(tmp_path / "a.gz"), GREY)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x00\x00\x0d\x01\x00\x00\x00\x01abcd", "不是字节型"),
        (b"\x00\x00\x08\x01\x00\x00\x00\x09ab", "应有 9 个数，实有 2"),
    ],
)
def test_read_idx_rejects_what_is_not_whole(tmp_path, content, message):
    (tmp_path / "a.gz").write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match=message):
        read_idx(tmp_path / "a.gz")


def test_python2_batch_is_a_pickle_that_python_reads_alike():
    batch = pickle.loads(BATCHES["test_batch"], encoding="latin1")
    np.testing.assert_array_equal(batch["data"].reshape(2, 3, 32, 32), COLOUR[10:])
    assert batch["labels"] == COLOUR_LABELS[10:]


def test_read_cifar10_joins_the_batches_in_their_order(tmp_path):
    (tmp_path / "c.tar.gz").write_bytes(CIFAR)
    pixels, labels = read_cifar10(tmp_path / "c.tar.gz", "train")
    np.testing.assert_array_equal(pixels, COLOUR[:10])
    assert labels.tolist() == COLOUR_LABELS[:10]


class Evil:
    def __reduce__(self):
        return print, ("ran",)


def test_read_cifar10_runs_nothing_that_a_batch_asks_for(tmp_path, capsys):
    batch = pickle.dumps({"data": Evil()}, protocol=2)
    (tmp_path / "c.tar.gz").write_bytes(cifar_tar({"test_batch": batch}))
    with pytest.raises(pickle.UnpicklingError, match=r"不应有 __builtin__\.print"):
        read_cifar10(tmp_path / "c.tar.gz", "test")
    assert capsys.readouterr().out == ""


def test_read_cifar10_names_missing_batches(tmp_path):
    (tmp_path / "c.tar.gz").write_bytes(cifar_tar({"data_batch_2": BATCHES["data_batch_2"]}))
    with pytest.raises(ValueError, match="缺少 data_batch_1、data_batch_3、data_batch_4"):
        read_cifar10(tmp_path / "c.tar.gz", "train")


@pytest.mark.parametrize(
    ("name", "pixels", "labels"),
    [
        ("mnist", GREY[:, None], GREY_LABELS),
        ("fashion_mnist", GREY[:, None], GREY_LABELS),
        ("cifar10", COLOUR[:10], COLOUR_LABELS[:10]),
    ],
)
def test_images_downloads_once_and_reads(server, tmp_path, name, pixels, labels):
    X, y = images(name, root=tmp_path)
    torch.testing.assert_close(X, torch.tensor(pixels) / 255)
    assert (X.dtype, y.dtype, y.tolist()) == (torch.float32, torch.int64, list(labels))
    asked = len(server.asked)
    again = images(name, root=tmp_path, download=False)
    assert torch.equal(again[0], X)
    assert (asked, len(server.asked)) == (1 if name == "cifar10" else 2,) * 2
    assert list(tmp_path.rglob("*.part")) == []


def test_images_reads_test_split_and_resizes(server, monkeypatch, tmp_path):
    monkeypatch.setenv("DLNOTES_DATA", str(tmp_path / "cache"))
    assert images("mnist", split="test", size=32)[0].shape == (2, 1, 32, 32)
    assert images("cifar10", split="test")[1].tolist() == COLOUR_LABELS[10:]
    files = {str(p.relative_to(tmp_path / "cache")) for p in tmp_path.rglob("*.gz")}
    assert files == {  # where torchvision keeps them
        "MNIST/raw/t10k-images-idx3-ubyte.gz",
        "MNIST/raw/t10k-labels-idx1-ubyte.gz",
        "cifar-10-python.tar.gz",
    }


def test_download_resumes_where_it_was_cut(server, tmp_path):
    server.cut = [1000]
    with pytest.raises(ConnectionError, match=r"只收到 1000 字节.*会从断处继续"):
        images("cifar10", root=tmp_path)
    assert not (tmp_path / "cifar-10-python.tar.gz").exists()
    assert (tmp_path / "cifar-10-python.tar.gz.part").stat().st_size == 1000
    assert len(images("cifar10", root=tmp_path)[1]) == 10
    assert server.asked[1][1] == "bytes=1000-"


@pytest.mark.parametrize("ranges", [True, False])
def test_download_starts_again_when_the_rest_cannot_be_had(server, tmp_path, ranges):
    server.ranges = ranges
    length = len(CIFAR) + 10 if ranges else 500  # longer than the file, or a server without ranges
    (tmp_path / "cifar-10-python.tar.gz.part").write_bytes(b"x" * length)
    assert len(images("cifar10", root=tmp_path)[1]) == 10


def test_download_of_other_content_leaves_nothing(server, tmp_path):
    server.files["cifar-10-python.tar.gz"] = b"a page that asks to log in"
    with pytest.raises(ConnectionError, match="收到的内容校验和不对"):
        images("cifar10", root=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_download_tries_the_next_site(server, tmp_path):
    name = "t10k-labels-idx1-ubyte.gz"
    urls = [f"{server.url}gone/{name}", f"{server.url}{name}"]
    download_file(tmp_path / "new" / name, urls, hashlib.md5(CONTENTS[name]).hexdigest())
    assert (tmp_path / "new" / name).read_bytes() == CONTENTS[name]
    with pytest.raises(ConnectionError, match="404"):
        download_file(tmp_path / "other", urls[:1], "0")


def test_images_replaces_a_damaged_file_or_says_so(server, tmp_path):
    path = tmp_path / "cifar-10-python.tar.gz"
    path.write_bytes(CIFAR[:-5])
    with pytest.raises(ConnectionError, match=r"得不到 cifar10.*校验和不对.*不许下载"):
        images("cifar10", root=tmp_path, download=False)
    assert len(images("cifar10", root=tmp_path)[1]) == 10
    assert path.read_bytes() == CIFAR


def test_images_says_what_to_do_when_offline(monkeypatch, tmp_path):
    use_small_files(monkeypatch)  # port 9 answers nobody
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(ConnectionError, match=r"得不到 mnist.*不存在.*DLNOTES_DATA.*hanzi"):
        images("mnist", root=tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_archives_are_eight_idx_files_and_one_archive_with_distinct_checksums():
    found = {a for splits in _archives.ARCHIVES.values() for part in splits.values() for a in part}
    assert len(found) == len({a.md5 for a in found}) == 9
    assert all(re.fullmatch("[0-9a-f]{32}", archive.md5) for archive in found)
