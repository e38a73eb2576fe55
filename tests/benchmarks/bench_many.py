"""几百页、几千个轻的代码块：冷跑、建站、什么都没变，各要多久。"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from bench_preview import command, environment
from bench_run import copy_tree
from common import table

PAGES, BLOCKS = 200, 25
BLOCK = """```python
import math

value = math.sqrt({number})
print("平方根是", round(value, 3))
assert abs(value**2 - {number}) < 1e-9
```

第 {number} 段文字，见[下一页](p{next}.md)。
"""


def write_pages(root: Path, pages: int = PAGES, blocks: int = BLOCKS) -> None:
    """把 `root` 里的页面换成 `pages` 页，每页 `blocks` 个轻的代码块。"""
    for path in (root / "docs").rglob("*.md"):
        path.unlink()
    for path in (root / "docs" / "labs").glob("*.py"):
        path.unlink()
    names = ["index", *(f"p{i}" for i in range(1, pages))]
    for i, name in enumerate(names):
        after = i % (pages - 1) + 1
        parts = [BLOCK.format(number=i * blocks + k + 1, next=after) for k in range(blocks)]
        text = f"# 第 {i} 页\n\n" + "\n".join(parts)
        (root / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
    config = root / "mkdocs.yml"
    before, _, rest = config.read_text(encoding="utf-8").partition("\nnav:")
    nav = "".join(f"  - {name}.md\n" for name in names)
    after = rest[rest.index("\nvalidation:") :]
    config.write_text(f"{before}\nnav:\n{nav}{after}", encoding="utf-8")


def seconds(root: Path, *arguments: str) -> float:
    """一条命令的用时，含解释器启动。"""
    start = time.perf_counter()
    subprocess.run(command(root, *arguments), check=True, cwd=root, env=environment(root),
                   stdout=subprocess.DEVNULL)  # fmt: skip
    return time.perf_counter() - start


def report(pages: int = PAGES, blocks: int = BLOCKS) -> str:
    """返回 Markdown。"""
    with tempfile.TemporaryDirectory() as folder:
        root = copy_tree(Path(folder))
        write_pages(root, pages, blocks)
        run = seconds(root, "run")
        build = seconds(root, "build")
        idle = seconds(root, "build")
        page = root / "docs" / "p1.md"
        page.write_text(page.read_text(encoding="utf-8") + "\n改一句。\n", encoding="utf-8")
        words = seconds(root, "build")
    rows = [
        ["冷跑", f"{run:.0f} 秒（{os.cpu_count()} 核）", "≤ 75 秒"],
        ["建站（没有缓存）", f"{build:.0f} 秒", "参照"],
        ["什么都没变", f"{idle:.1f} 秒", "≤ 6 秒"],
        ["改一句话再建站", f"{words:.1f} 秒", "参照"],
    ]
    return table([f"{pages} 页，{pages * blocks} 个轻的代码块", "结果", "目标"], rows)


if __name__ == "__main__":
    print(report())
