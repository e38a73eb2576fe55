"""正文里的数在哪次运行里核对过：换一种处理器，末几位会变，正文却只有一份。

每页记下核对过的数与那时各块代码的摘要，提交在仓库里；改了本页或证据页的任何一块，这一页的就作废，
又只认眼前这次运行。
"""

import json
from collections.abc import Iterable

from dlnotes_site.project import Project, write_if_changed
from dlnotes_site.run.key import digest


class Measured:
    """各页核对过的数；每页一条：代码的摘要，正文里的写法。"""

    def __init__(self, pages: dict[str, dict]):
        self.pages = pages

    @classmethod
    def read(cls, project: Project) -> "Measured":
        """读提交的那一份；没有就是空的。"""
        try:
            return cls(json.loads(project.measured.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return cls({})

    def of(self, page: str, codes: Iterable[str]) -> frozenset[str]:
        """`page` 核对过的数；它与证据页的代码 `codes` 变过就没有。"""
        entry = self.pages.get(page, {})
        return frozenset(entry["numbers"] if entry.get("code") == digest(*codes) else ())

    def put(self, page: str, codes: Iterable[str], numbers: Iterable[str]) -> None:
        """记下一页。"""
        self.pages[page] = {"code": digest(*codes), "numbers": sorted(set(numbers))}

    def write(self, project: Project) -> None:
        """写成一页一行，合并时不易冲突。"""
        lines = [f"{json.dumps(page)}: {json.dumps(entry, ensure_ascii=False)}"
                 for page, entry in sorted(self.pages.items()) if entry["numbers"]]  # fmt: skip
        write_if_changed(project.measured, "{\n" + ",\n".join(lines) + "\n}\n")
