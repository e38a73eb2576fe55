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
  await unfold(page, { width, height });
  await page.addStyleTag({ content: "* { content-visibility: visible !important; }" });
  await page.evaluate(SOURCE);
}

const TALL = 12_000;

// 打开折叠的内容；用很高的窗口从头翻到尾，等露面才排版、才有复制键的代码块都好了，再恢复原样
async function unfold(page, { width, height }) {
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
  await page.setViewport({ width, height: TALL });
  const ready = () =>
    [...document.querySelectorAll(".md-typeset pre:has(> code):not([id])")].every((pre) => {
      const { top, bottom, height } = pre.getBoundingClientRect();
      return height === 0 || bottom < 0 || top > innerHeight;
    });
  for (let top = 0; top < (await page.evaluate(() => document.documentElement.scrollHeight)); top += TALL / 2) {
    await page.evaluate((place) => scrollTo(0, place), top);
    await page.waitForFunction(ready, { timeout: 30_000 });
    await page.evaluate(() => new Promise((done) => setTimeout(done, 100)));
  }
  await page.evaluate(() => scrollTo(0, 0));
  await page.setViewport({ width, height });
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

async function fresh(launch, old) {
  await old?.browser().close().catch(() => {});
  const page = await (await launch()).newPage();
  page.setDefaultTimeout(120_000);
  return page;
}

async function look(page, address, { file, view }) {
  await open(page, address + file, view);
  const found = await page.evaluate(inspect);
  return found.map((one) => ({ page: `${file}（${view.name}）`, ...one }));
}

// 几页同时看，每个核一页，各用各的浏览器（后台的标签页不画）；浏览器中途没了，换一个再看一次
export async function checkAxe(launch, address, files, jobs) {
  const waiting = VIEWS.flatMap((view) => files.map((file) => ({ file, view })));
  const problems = [];
  const work = async () => {
    let page = await fresh(launch);
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const again = async () => look((page = await fresh(launch, page)), address, next);
      problems.push(...(await look(page, address, next).catch(again)));
    }
    await page.browser().close();
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return problems;
}
