"""`python tests/benchmarks [部分 …]`：跑性能基准，把表写进 docs/report.md；省略时跑全部。"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import bench_cluster
import bench_explainers
import bench_fit
import bench_import
import bench_many
import bench_optim
import bench_pages
import bench_preview
import bench_run
import bench_seeds
from common import ROOT, machine, today

BEGIN, END = "<!-- 基准开始 -->", "<!-- 基准结束 -->"
PARTS = {
    "运行与建站": bench_run.report,
    "从改动到看见": bench_preview.report,
    "几百页": bench_many.report,
    "集群": bench_cluster.report,
    "训练循环": bench_fit.report,
    "多种子": bench_seeds.report,
    "优化器": bench_optim.report,
    "导入": bench_import.report,
    "页面重量": bench_pages.report,
    "讲解器": bench_explainers.report,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """逐个运行，每个部分注明自己的日期与机器；没有运行的部分保持原样。"""
    parser = argparse.ArgumentParser(prog="python tests/benchmarks", description="跑性能基准")
    parser.add_argument("parts", nargs="*", metavar="部分", help="、".join(PARTS))
    chosen = parser.parse_args(arguments).parts or list(PARTS)
    if strangers := [title for title in chosen if title not in PARTS]:
        parser.error(f"没有这些部分：{'、'.join(strangers)}；可选：{'、'.join(PARTS)}")
    page = ROOT / "docs" / "report.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    old, _, after = rest.partition(END)
    sections = {title: text for title, text in _sections(old) if title in PARTS}
    for title in chosen:
        print(f"—— {title} ——", flush=True)
        sections[title] = f"{today()}，{machine()}。\n\n{PARTS[title]()}"
        print(sections[title], flush=True)
    body = "\n\n".join(f"### {title}\n\n{sections[title]}" for title in PARTS if title in sections)
    text = f"{before}{BEGIN}\n\n比值都在同一次运行里得到。\n\n{body}\n\n{END}{after}"
    page.write_text(text, encoding="utf-8")
    return 0


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """页面上现有的各个部分：标题与正文。"""
    for part in text.split("\n### ")[1:]:
        title, _, body = part.partition("\n")
        yield title.strip(), body.strip()


if __name__ == "__main__":
    sys.exit(main())
