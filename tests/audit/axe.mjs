// 每一页的无障碍检查（axe-core 的全部默认规则）：浅色看电脑的版面，深色看手机的。
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const VIEWS = [
  { name: "浅色，电脑", scheme: "light", width: 1280, height: 900 },
  { name: "深色，手机", scheme: "dark", width: 390, height: 844 },
];

async function open(page, address, { scheme, width, height }) {
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: scheme },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  await page.goto(address, { waitUntil: "networkidle0" });
  await page.evaluate(unfold);
  await page.addStyleTag({ content: "* { content-visibility: visible !important; }" });
  await page.evaluate(SOURCE);
}

// 在页面里运行：打开折叠的内容，从头滚到尾，屏幕之外才排版、才取来的都排好取来
async function unfold() {
  document.querySelectorAll("details").forEach((details) => (details.open = true));
  for (let top = 0; top < document.documentElement.scrollHeight; top += innerHeight) {
    scrollTo(0, top);
    await new Promise((done) => [requestAnimationFrame(done), setTimeout(done, 100)]);
  }
  scrollTo(0, 0);
  await new Promise((done) => setTimeout(done, 200));
}

// 在页面里运行；对比度另外查：公式的颜色来自周围的文字，几千个 <span> 不必逐个再比
async function inspect() {
  const options = { resultTypes: ["violations"], iframes: false, elementRef: true };
  const results = [
    await axe.run(document, { ...options, rules: { "color-contrast": { enabled: false } } }),
    await axe.run({ exclude: [[".katex"]] }, { ...options, runOnly: ["color-contrast"] }),
  ];
  // axe 不认 MathML 里的文字，把只有公式的表头当作空的
  const mistaken = (id, { element }) => id === "empty-table-header" && element?.querySelector("math");
  return results.flatMap(({ violations }) => violations).flatMap(({ id, help, nodes }) =>
    nodes.filter((node) => !mistaken(id, node)).map(({ target, failureSummary }) => ({
      rule: id,
      where: target.flat().join(" "),
      text: `${help}：${(failureSummary ?? "").split("\n").slice(1).join(" ").trim()}`,
    })),
  );
}

// 几页同时看，每个核一页
export async function checkAxe(browser, address, files, jobs) {
  const waiting = VIEWS.flatMap((view) => files.map((file) => ({ file, view })));
  const problems = [];
  const work = async () => {
    const context = await browser.createBrowserContext(); // 各自的窗口：后台的标签页不画
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      await open(page, address + next.file, next.view);
      const found = await page.evaluate(inspect);
      problems.push(...found.map((one) => ({ page: `${next.file}（${next.view.name}）`, ...one })));
    }
    await context.close();
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return problems;
}
