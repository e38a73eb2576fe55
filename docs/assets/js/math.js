// 公式：页面上有 .arithmatex 才从本站取 KaTeX，其余页面不多下载一个字节。
(() => {
  "use strict";
  const base = new URL("../katex/", document.currentScript.src);
  let loading;

  const load = () =>
    (loading ??= new Promise((resolve, reject) => {
      const style = document.createElement("link");
      style.rel = "stylesheet";
      style.href = new URL("katex.min.css", base);
      const script = document.createElement("script");
      script.src = new URL("katex.min.js", base);
      script.onload = resolve;
      script.onerror = () => reject(new Error(`取不到 ${script.src}`));
      document.head.append(style, script);
    }));

  // arithmatex 把公式写成 \(…\) 或 \[…\]；去掉定界符，记下源码，再次调用不会重复渲染。
  const render = (node) => {
    const source = node.textContent.trim();
    node.dataset.tex = source.slice(2, -2).trim();
    try {
      katex.render(node.dataset.tex, node, { displayMode: source.startsWith("\\["), strict: "ignore" });
    } catch (error) {
      node.classList.add("dl-math-error");
      console.error(`公式写错了：${source}`, error);
    }
  };

  // 一次排太多，页面会停住：排够几毫秒就让一让
  const SLICE_MS = 8;
  const renderAll = async (nodes) => {
    let start = performance.now();
    for (const node of nodes) {
      render(node);
      if (performance.now() - start < SLICE_MS) continue;
      await new Promise((resume) => setTimeout(resume));
      start = performance.now();
    }
  };

  const typeset = async () => {
    const nodes = document.querySelectorAll(".arithmatex:not([data-tex])");
    if (!nodes.length) return;
    try {
      await load();
      await renderAll(nodes);
    } catch (error) {
      console.error(error);
      nodes.forEach((node) => (node.dataset.tex = "")); // 样式表藏着没有 data-tex 的公式，这时露出源码
    }
  };

  if (window.document$) window.document$.subscribe(typeset);
  else typeset();
})();
