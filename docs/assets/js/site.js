// 小事：键盘可以停在术语上看解释；任何带 data-dl-search 的按钮打开搜索框。
(() => {
  "use strict";
  const start = () => {
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
