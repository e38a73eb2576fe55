// Lighthouse 的四项得分，用它默认的手机设置；性能会波动，取几次的中位数。
import lighthouse from "lighthouse";

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

const LIMIT_MS = 120_000;

// 每次都用新开的浏览器；偶尔 Lighthouse 会一直等下去，到时限就放弃
async function once(launch, url, categories) {
  const browser = await launch();
  const options = {
    port: Number(new URL(browser.wsEndpoint()).port),
    onlyCategories: categories,
    disableFullPageScreenshot: true,
    logLevel: "silent",
  };
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(fail, LIMIT_MS, new Error(`${url}：Lighthouse 两分钟没有结果`));
  });
  const work = lighthouse(url, options);
  work.catch(() => {}); // 放弃之后关掉浏览器，它才失败
  try {
    const { lhr } = await Promise.race([work, late]);
    if (lhr.runtimeError) throw new Error(`${url}：${lhr.runtimeError.message}`);
    return lhr;
  } finally {
    clearTimeout(timer);
    await browser.close();
  }
}

const patiently = (...settings) => once(...settings).catch(() => once(...settings));

const score = (lhr, name) => Math.round(100 * lhr.categories[name].score);

// 没有拿到满分的检查，连同 Lighthouse 自己的说明
function failed(lhr, name) {
  const weighted = lhr.categories[name].auditRefs.filter(({ weight }) => weight > 0);
  return weighted
    .map(({ id }) => lhr.audits[id])
    .filter((audit) => audit.score !== null && audit.score < 0.9)
    .map((audit) => `${audit.id}（${audit.displayValue ?? audit.title}）`);
}

export async function measure(launch, address, page, { lighthouse: limits, runs, more }) {
  const names = Object.keys(limits);
  const reports = [await patiently(launch, address + page, names)];
  const performance = () => median(reports.map((lhr) => score(lhr, "performance")));
  const again = async () => reports.push(await patiently(launch, address + page, ["performance"]));
  while (reports.length < runs) await again();
  // 中位数差一点时，多半是别的程序在抢处理器：多量几次
  while (reports.length < runs + more && performance() < limits.performance) await again();
  const scores = Object.fromEntries(names.map((name) => [name, score(reports[0], name)]));
  scores.performance = performance();
  const value = (id) => median(reports.map((lhr) => lhr.audits[id].numericValue));
  return {
    page,
    scores,
    runs: reports.length,
    lcp: value("largest-contentful-paint"),
    tbt: value("total-blocking-time"),
    cls: value("cumulative-layout-shift"),
    bytes: value("total-byte-weight"),
    failed: Object.fromEntries(names.map((name) => [name, failed(reports[0], name)])),
  };
}

// 主题自己的一页阻塞不到 50 毫秒，就按 50 毫秒算：再短的，Lighthouse 也不当作阻塞
export const ratio = (tbt, own) => tbt / Math.max(own, 50);

// 低于下限的得分、太长的阻塞、太大的笔记，各是一条毛病
export function judge(result, limits, own) {
  const { page, scores, tbt, bytes, failed } = result;
  const problems = Object.entries(limits.lighthouse)
    .filter(([name, limit]) => !(scores[name] >= limit))
    .map(([name, limit]) => ({ page, rule: name, where: `${scores[name]} 分，下限 ${limit}`, text: failed[name].join("，") }));
  const times = ratio(tbt, own);
  if (!(times <= limits.blocking)) {
    const where = `主题自己一页的 ${times.toFixed(2)} 倍，上限 ${limits.blocking}`;
    problems.push({ page, rule: "blocking", where, text: `阻塞 ${tbt.toFixed(0)} 毫秒，主题自己的一页 ${own.toFixed(0)}` });
  }
  if (page.startsWith("notes/") && !(bytes <= limits.bytes)) {
    problems.push({ page, rule: "bytes", where: `${bytes} 字节，上限 ${limits.bytes}`, text: "第一次来访取得太多" });
  }
  return problems;
}
