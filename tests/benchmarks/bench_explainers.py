"""讲解器拖动时每秒多少帧：CPU 放慢到四分之一，每一帧改一次设置；另记算与画一次的用时。

一帧 16.7 毫秒算 60 帧。没有 GPU 的机器上，浏览器用 CPU 合成画面，也算在里面。
"""

import contextlib
import functools
import http.server
import statistics
import sys
import threading

from common import ROOT, gzipped, table

sys.path.insert(0, str(ROOT / "tests"))

from browsing import SITE, browser_path, web
from dlnotes_site.tasks.explainers.listed import PAGES

SLOWER = 4
NUM_FRAMES = 120
FRAME = 1000 / 60

MOVES = {
    "broadcast": "k => ({ op: k % 2 ? 'add' : 'sub' })",
    "graph": "k => ({ x: -4 + (k % 80) / 10 })",
    "softmax": "k => ({ a: -6 + (k % 120) / 10 })",
    "depth": "k => ({ scale: 0.5 + (k % 60) / 40, depth: 24 })",
    "pieces": "k => ({ units: `0:4,${0.2 + (k % 60) / 100}:-8,0.75:8` })",
    "descent": "k => ({ x: -5 + (k % 100) / 10, steps: 100 })",
    "convolution": "k => ({ image: 'photo', stride: 1, row: k % 20, column: k % 22 })",
    "lenet": "k => ({ sample: 'own', ink: (k + 4096).toString(16).padStart(256, '0') })",
}
"""第 k 帧改成什么：各个讲解器拖动时会改的参数，取画得多的设置。"""

DRAG = """async ([name, frames]) => {
  const box = document.querySelector(`dl-${name}`), move = %s, busy = [];
  const paint = box.paint.bind(box);
  box.paint = () => {
    const start = performance.now();
    paint();
    busy.push(performance.now() - start);
  };
  const stamps = [];
  await new Promise((done) => {
    let k = 0;
    const next = (now) => {
      stamps.push(now);
      if (k === frames) return done();
      box.change(move(k++));
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  return [busy, stamps.slice(1).map((now, i) => now - stamps[i])];
}"""


@contextlib.contextmanager
def served():
    """建好的网站。"""
    from browsing import _Quiet

    handler = functools.partial(_Quiet, directory=str(SITE))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def measure(page, address: str, name: str) -> list[str]:
    """一个讲解器的一行。"""
    page.goto(f"{address}{web(PAGES[name])}#explain-{name}")
    page.locator(f"dl-{name}").scroll_into_view_if_needed()
    page.wait_for_selector(f"dl-{name}.is-live")
    cdp = page.context.new_cdp_session(page)
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.evaluate(DRAG % MOVES[name], [name, 30])  # 先热一热
    busy, gaps = page.evaluate(DRAG % MOVES[name], [name, NUM_FRAMES])
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    size = gzipped(SITE / "assets" / "js" / "explain" / f"{name}.js") / 1000
    late = statistics.quantiles(busy, n=20)[-1]
    return [name, f"{1000 / statistics.mean(gaps):.0f}", f"{statistics.median(busy):.1f}",
            f"{late:.1f}", f"{sum(gap <= 1.5 * FRAME for gap in gaps) / len(gaps):.0%}",
            f"{size:.1f} kB"]  # fmt: skip


def report() -> str:
    """返回 Markdown。"""
    from playwright.sync_api import sync_playwright

    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844}, device_scale_factor=2)
        rows = [measure(page, address, name) for name in PAGES]
        browser.close()
    core = gzipped(SITE / "assets" / "js" / "explain" / "core.js") / 1000
    heads = [f"讲解器（CPU 放慢 {SLOWER} 倍）", "每秒帧数", "算与画一次，毫秒",
             "最慢的 5%", "不掉帧的", f"脚本（另有共用的 {core:.1f} kB）"]  # fmt: skip
    return table(heads, rows)


if __name__ == "__main__":
    print(report())
