"""`python tests/benchmarks`：跑全部性能基准，把表写进 docs/report.md。"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import bench_fit
import bench_import
import bench_optim
import bench_pages
import bench_run
import bench_seeds
from common import ROOT, machine, today

BEGIN, END = "<!-- 基准开始 -->", "<!-- 基准结束 -->"
PARTS = {
    "运行与建站": bench_run.report,
    "训练循环": bench_fit.report,
    "多种子": bench_seeds.report,
    "优化器": bench_optim.report,
    "导入": bench_import.report,
    "页面重量": bench_pages.report,
}


def main() -> int:
    """逐个运行，最后一次写入。"""
    parts = [f"{today()}，{machine()}。比值都在同一次运行里得到。"]
    for title, report in PARTS.items():
        print(f"—— {title} ——", flush=True)
        text = report()
        print(text, flush=True)
        parts.append(f"### {title}\n\n{text}")
    page = ROOT / "docs" / "report.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    body = "\n\n".join(parts)
    page.write_text(f"{before}{BEGIN}\n\n{body}\n\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
