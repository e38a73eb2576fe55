// 审计建好的网站：`node audit.mjs 网站 --plain 主题的空白站 [--only html,axe,lighthouse] [--limits 文件] [--json 文件]`；
// 有一处不合格退出码就是 1。由 `__main__.py` 启动，它先备好 Node、Chromium 和 npm 包。
// 下限与页面写在 limits.json，关掉的规则与理由写在 rules.mjs。
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import puppeteer from "puppeteer-core";
import { checkAxe } from "./axe.mjs";
import { checkHtml } from "./html.mjs";
import { judge, measure, median, ratio } from "./lighthouse.mjs";
import { serve } from "./server.mjs";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--no-first-run"];
const TITLES = { performance: "性能", accessibility: "无障碍", "best-practices": "最佳实践", seo: "SEO" };
const CHECKS = { html: "HTML 规范", axe: "无障碍（浅色与深色）", lighthouse: "Lighthouse" };
const SHOWN = 40;

function pagesOf(site) {
  const files = readdirSync(site, { recursive: true }).map((name) => name.split(path.sep).join("/"));
  return files.filter((name) => name.endsWith(".html")).sort();
}

const launch = () => puppeteer.launch({ executablePath: process.env.CHROME_PATH, args: FLAGS });

// 每量一页，都先量一次主题自己的一页：机器忙闲相同，两个阻塞时间才能比
async function runLighthouse(address, plain, site, limits, summary) {
  const problems = [];
  for (const page of limits.pages) {
    if (!existsSync(path.join(site, page, "index.html"))) {
      problems.push({ page, rule: "lighthouse", where: "limits.json", text: "网站里没有这一页" });
      continue;
    }
    summary.plain.push((await measure(launch, plain, "", { lighthouse: { performance: 0 }, runs: 1, more: 0 })).tbt);
    summary.lighthouse.push(await measure(launch, address, page, limits));
  }
  const own = median(summary.plain);
  return [...problems, ...summary.lighthouse.flatMap((result) => judge(result, limits, own))];
}

async function audit(site, plainSite, only, limits) {
  const files = pagesOf(site);
  const summary = { pages: files.length, plain: [], lighthouse: [], problems: {} };
  const { address, close } = await serve(site);
  const plain = await serve(plainSite);
  const checks = {
    html: () => checkHtml(site, files),
    lighthouse: () => runLighthouse(address, plain.address, site, limits, summary), // 性能先量，无障碍检查占满各个核
    axe: () => checkAxe(launch, address, files, Math.min(availableParallelism(), 4)),
  };
  for (const [name, check] of Object.entries(checks).filter(([name]) => only.includes(name))) {
    const start = performance.now();
    summary.problems[name] = await check();
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(`${name}：${summary.problems[name].length} 处不合格，用时 ${seconds} 秒`);
  }
  close();
  plain.close();
  return summary;
}

function worstPage(problems) {
  const counts = new Map();
  for (const { page } of problems) counts.set(page, (counts.get(page) ?? 0) + 1);
  const [page, count] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
  return count ? `${page || "首页"}（${count} 处）` : "—";
}

function table(summary) {
  const names = Object.keys(TITLES);
  console.log(`\n| 页面 | ${names.map((name) => TITLES[name]).join(" | ")} | LCP 秒 | TBT 毫秒 | CLS | 传输 kB |`);
  console.log(`| --- |${" ---: |".repeat(names.length + 4)}`);
  const worst = names.map((name) => Math.min(...summary.lighthouse.map(({ scores }) => scores[name])));
  for (const { page, scores, lcp, tbt, cls, bytes } of summary.lighthouse) {
    const figures = [(lcp / 1000).toFixed(1), tbt.toFixed(0), cls.toFixed(3), (bytes / 1000).toFixed(0)];
    console.log(`| ${page || "首页"} | ${[...names.map((name) => scores[name]), ...figures].join(" | ")} |`);
  }
  console.log(`| 最差 | ${worst.join(" | ")} | | | | |`);
  const [own, most] = [median(summary.plain), Math.max(...summary.lighthouse.map(({ tbt }) => tbt))];
  console.log(`\n主题自己的一页，TBT ${own.toFixed(0)} 毫秒；最慢的一页是它的 ${ratio(most, own).toFixed(2)} 倍`);
}

function report(summary) {
  for (const [name, problems] of Object.entries(summary.problems)) {
    for (const { page, rule, where, text } of problems.slice(0, SHOWN)) {
      console.log(`✗ ${page || "首页"} · ${name} ${rule} · ${where}：${text}`);
    }
    if (problems.length > SHOWN) console.log(`✗ 另有 ${problems.length - SHOWN} 处 ${name} 的毛病`);
  }
  if (summary.lighthouse.length) table(summary);
  console.log(`\n| ${summary.pages} 页 | 不合格 | 最差的一页 |\n| --- | ---: | --- |`);
  for (const [name, problems] of Object.entries(summary.problems)) {
    console.log(`| ${CHECKS[name]} | ${problems.length} | ${worstPage(problems)} |`);
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string", default: Object.keys(CHECKS).join(",") },
    plain: { type: "string" },
    limits: { type: "string", default: fileURLToPath(new URL("limits.json", import.meta.url)) },
    json: { type: "string" },
  },
});
const only = values.only.split(",");
const unknown = only.filter((name) => !(name in CHECKS));
if (unknown.length) throw new Error(`--only 应是 ${Object.keys(CHECKS).join("、")}，收到 ${unknown.join("、")}`);
const limits = JSON.parse(readFileSync(values.limits, "utf8"));
const summary = await audit(path.resolve(positionals[0]), path.resolve(values.plain), only, limits);
report(summary);
if (values.json) writeFileSync(values.json, JSON.stringify(summary, null, 1));
const allowed = { html: limits.html, axe: limits.axe, lighthouse: 0 };
const failed = Object.entries(summary.problems).some(([name, found]) => found.length > allowed[name]);
process.exitCode = failed ? 1 : 0;
