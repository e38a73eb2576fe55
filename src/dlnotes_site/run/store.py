"""运行记录：每个任务一个小文件，图与数据另存；以内容为名，原子写入，损坏的一律不信。"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

from dlnotes_site.project import write_atomically
from dlnotes_site.run.key import Environment, digest


@dataclass
class Figure:
    """一张图；动画有多帧，每帧带标题。`frames` 是各帧 SVG（浅色、透明底）在记录库里的名字。"""

    frames: list[str]
    labels: list[str]
    width: int
    height: int


@dataclass
class Output:
    """一格代码的输出。"""

    line: int
    stdout: str
    figures: list[Figure]
    seconds: float


@dataclass
class Record:
    """一个任务一次运行的全部结果。

    Attributes:
        key: 键。
        kind: 任务的种类。
        page: 运行时它在哪一页；页面挪动之后以现在的页面为准。
        line: 同上，行号。
        outputs: 各格的输出。
        seconds: 用时，秒。
        peak_mib: 峰值内存，MiB。
        device: 实际用了什么设备；没有碰过 GPU 的写 CPU。
        date: 运行的日期。
        environment: 环境，见 `Environment.to_json`。
        provenance: 来历：操作系统、处理器、指令集、CUDA、驱动。
        product: 数据的名字；没有数据的任务为 `None`。
    """

    key: str
    kind: str
    page: str
    line: int
    outputs: list[Output]
    seconds: float
    peak_mib: float
    device: str
    date: str
    environment: dict = field(default_factory=dict)
    provenance: dict = field(default_factory=dict)
    product: str | None = None

    @classmethod
    def from_json(cls, data: dict) -> "Record":
        """从 JSON 字典还原。"""
        outputs = [Output(**{**o, "figures": [Figure(**f) for f in o["figures"]]})
                   for o in data["outputs"]]  # fmt: skip
        return cls(**{**data, "outputs": outputs})

    @property
    def stdout(self) -> str:
        """各格的输出连在一起。"""
        return "".join(output.stdout for output in self.outputs)

    @property
    def figures(self) -> list[Figure]:
        """各格的图。"""
        return [figure for output in self.outputs for figure in output.figures]

    @property
    def blobs(self) -> set[str]:
        """用到的图与数据的名字。"""
        names = {name for figure in self.figures for name in figure.frames}
        return names | ({self.product} if self.product else set())


class Damaged(ValueError):  # noqa: N818
    """图或数据的文件损坏或不见了。"""


class Store:
    """一个文件夹里的记录；`blobs/` 里是图与数据。"""

    def __init__(self, folder: Path):
        self.folder = folder

    def path(self, key: str) -> Path:
        """记录文件的位置。"""
        return self.folder / f"{key}.json"

    def put(self, record: Record, blobs: Iterable[str] = ()) -> None:
        """原子写入，先图后记录：并行与中断都不会留下半个记录。"""
        for text in blobs:
            path = self.folder / "blobs" / blob_name(text)
            if not path.exists() or path.read_bytes() != text.encode():
                write_atomically(path, text)
        body = json.dumps(asdict(record), ensure_ascii=False, sort_keys=True)
        write_atomically(self.path(record.key), f"{digest(body)}\n{body}")
        self._names.update(record.blobs)

    def get(self, key: str) -> Record | None:
        """取一条记录，不读图；没有、损坏、名实不符，或者缺图时返回 `None`。"""
        try:
            line, body = self.path(key).read_text(encoding="utf-8").split("\n", 1)
            if line != digest(body):
                return None
            record = Record.from_json(json.loads(body))
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return record if record.key == key and self._have(record.blobs) else None

    def _have(self, names: set[str]) -> bool:
        """图与数据都在不在；别的机器也在写，记得的里面没有就再列一遍。"""
        if not names <= self._names:
            del self._names
        return names <= self._names

    @cached_property
    def _names(self) -> set[str]:
        """现有的图与数据。"""
        folder = self.folder / "blobs"
        return {path.name for path in folder.iterdir()} if folder.is_dir() else set()

    def blob(self, name: str) -> str:
        """一帧图或一份数据的文字。

        Raises:
            Damaged: 文件不见了，或者与名字对不上；坏文件已删掉，再运行一次就会重做。
        """
        path = self.folder / "blobs" / name
        try:
            text = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            text = ""
        if blob_name(text) != name:
            path.unlink(missing_ok=True)
            self._names.discard(name)
            raise Damaged(f"{path} 损坏或不见了，已经删掉；再运行一次就会重做")
        return text

    def keys(self) -> set[str]:
        """现有的记录。"""
        return {path.stem for path in self.folder.glob("*.json")}

    def prune(self, used: set[str]) -> tuple[int, int]:
        """删掉键不在 `used` 里的记录，和没有记录用到的图；返回各删了几个。"""
        stale = self.keys() - used
        for key in stale:
            self.path(key).unlink(missing_ok=True)
        records = [record for key in self.keys() if (record := self.get(key))]
        orphans = self._names - set().union(*(record.blobs for record in records))
        for name in orphans:
            (self.folder / "blobs" / name).unlink(missing_ok=True)
        self._names.difference_update(orphans)
        return len(stale), len(orphans)


def blob_name(text: str) -> str:
    """一份内容的名字。"""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def read_manifest(path: Path) -> Environment | None:
    """最近一次运行的环境；还没有运行过，或者文件损坏时为 `None`。"""
    try:
        return Environment.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_manifest(path: Path, environment: Environment) -> None:
    """记下这次运行的环境。"""
    write_atomically(path, json.dumps(environment.to_json(), ensure_ascii=False))
