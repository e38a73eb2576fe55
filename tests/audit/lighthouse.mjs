// Lighthouse 的四项得分，用它默认的手机设置；性能会波动，取几次的中位数。
import lighthouse from "lighthouse";

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function once(browser, url, categories) {
  const { lhr } = await lighthouse(url, {
    port: Number(new URL(browser.wsEndpoint()).port),
    onlyCategories: categories,
    disableFullPageScreenshot: true,
    logLevel: "silent",
  });
  if (lhr.runtimeError) throw new Error(`${url}：${lhr.runtimeError.message}`);
  return lhr;
}

const score = (lhr, name) => Math.round(100 * lhr.categories[name].score);

// 没有拿到满分的检查，连同 Lighthouse 自己的说明
function failed(lhr, name) {
  const weighted = lhr.categories[name].auditRefs.filter(({ weight }) => weight > 0);
  return weighted
    .map(({ id }) => lhr.audits[id])
    .filter((audit) => audit.score !== null && audit.score < 0.9)
    .map((audit) => `${audit.id}（${audit.displayValue ?? audit.title}）`);
}

export async function measure(browser, address, page, { lighthouse: limits, runs }) {
  const names = Object.keys(limits);
  const reports = [await once(browser, address + page, names)];
  for (let i = 1; i < runs; i++) reports.push(await once(browser, address + page, ["performance"]));
  const scores = Object.fromEntries(names.map((name) => [name, score(reports[0], name)]));
  scores.performance = median(reports.map((lhr) => score(lhr, "performance")));
  const value = (id) => median(reports.map((lhr) => lhr.audits[id].numericValue));
  return {
    page,
    scores,
    lcp: value("largest-contentful-paint"),
    tbt: value("total-blocking-time"),
    cls: value("cumulative-layout-shift"),
    bytes: value("total-byte-weight"),
    failed: Object.fromEntries(names.map((name) => [name, failed(reports[0], name)])),
  };
}

// 低于下限的得分，各是一条毛病
export function judge(result, limits) {
  return Object.entries(limits)
    .filter(([name, limit]) => !(result.scores[name] >= limit))
    .map(([name, limit]) => ({
      page: result.page,
      rule: name,
      where: `${result.scores[name]} 分，下限 ${limit}`,
      text: result.failed[name].join("，"),
    }));
}
