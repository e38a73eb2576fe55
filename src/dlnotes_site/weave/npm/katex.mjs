// 一行一个公式地排版：标准输入每行一个 {"tex", "display"}，标准输出每行一个 {"html"} 或 {"error"}。
// 参数是 KaTeX 的入口文件；由 dlnotes_site.weave.formulas 启动，一直开着，直到输入关上。
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { default: katex } = await import(pathToFileURL(process.argv[2]));

// LaTeX 源码不重复一份在网页里，搜索与朗读各有自己的写法；HTML 里的 MathML 不必写命名空间
const SPARE = /<annotation encoding="application\/x-tex">[^]*?<\/annotation>|<\/?semantics>| xmlns="[^"]*"/g;

const typeset = ({ tex, display }) => {
  try {
    const html = katex.renderToString(tex, { displayMode: display, strict: "ignore" });
    return { html: html.replace(SPARE, "") };
  } catch (error) {
    return { error: error.message };
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(typeset(JSON.parse(line)))}\n`);
}
