// 每一页的 HTML 合不合规范（html-validate）。
import { readFileSync } from "node:fs";
import path from "node:path";
import { HtmlValidate } from "html-validate";
import { ALLOWED, RULES } from "./rules.mjs";

const allowed = ({ ruleId, selector }) =>
  ALLOWED.some((one) => one.rule === ruleId && one.selector.test(selector ?? ""));

export async function checkHtml(site, files) {
  const validator = new HtmlValidate({ root: true, extends: ["html-validate:recommended"], rules: RULES });
  const problems = [];
  for (const file of files) {
    const report = await validator.validateString(readFileSync(path.join(site, file), "utf8"), file);
    const messages = report.results.flatMap((result) => result.messages);
    for (const message of messages.filter((one) => !allowed(one))) {
      problems.push({ page: file, rule: message.ruleId, where: `第 ${message.line} 行`, text: message.message });
    }
  }
  return problems;
}
