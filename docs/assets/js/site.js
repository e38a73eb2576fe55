// 小事：键盘可以停在术语上看解释；任何带 data-dl-search 的按钮打开搜索框；运行报告可以排序和筛选。
(() => {
  "use strict";
  // 运行报告：按列排序，按文字筛选
  const records = (box) => {
    const body = box.querySelector("tbody");
    const rows = [...body.rows];
    const value = (row, i) => {
      const text = row.cells[i].textContent;
      return Number.isNaN(Number(text)) ? text : Number(text);
    };
    box.querySelectorAll("thead button").forEach((button, i) => {
      let up = false;
      button.addEventListener("click", () => {
        up = !up;
        const order = (a, b) => {
          const [x, y] = [value(a, i), value(b, i)];
          const less = typeof x === typeof y ? (x < y ? -1 : x > y ? 1 : 0) : typeof x === "number" ? -1 : 1;
          return up ? less : -less;
        };
        body.append(...rows.sort(order));
        button.setAttribute("aria-label", `${button.textContent}，${up ? "从小到大" : "从大到小"}`);
      });
    });
    box.querySelector("input").addEventListener("input", (event) => {
      const wanted = event.target.value.trim().toLowerCase();
      rows.forEach((row) => (row.hidden = !row.textContent.toLowerCase().includes(wanted)));
    });
  };

  const start = () => {
    document.querySelectorAll(".dl-records:not([data-live])").forEach((box) => {
      box.dataset.live = "";
      records(box);
    });
    document.querySelectorAll("abbr:not([tabindex])").forEach((term) => (term.tabIndex = 0));
    document.querySelectorAll("[data-dl-search]").forEach((button) => {
      button.hidden = false;
      button.addEventListener("click", () => {
        // 后一个选择器是 Zensical 的搜索按钮
        document.querySelector("#__search, .md-search__button")?.click();
        document.querySelector("[data-md-component=search-query]")?.focus();
      });
    });
  };

  if (window.document$) window.document$.subscribe(start);
  else start();
})();
