// 小事：复制一整块代码；指着或用键盘停在术语上看解释；任何带 data-dl-search 的按钮打开搜索框；运行报告可以排序和筛选；训练场按需取来。
(() => {
  "use strict";
  const here = document.currentScript.src;
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
        box.querySelectorAll("th").forEach((head) => head.removeAttribute("aria-sort"));
        button.closest("th").setAttribute("aria-sort", up ? "ascending" : "descending");
      });
    });
    box.querySelector("input").addEventListener("input", (event) => {
      const wanted = event.target.value.trim().toLowerCase();
      rows.forEach((row) => (row.hidden = !row.textContent.toLowerCase().includes(wanted)));
    });
  };

  // 常见误解：按主题、按结论挑出卡片
  const claims = (box) => {
    const [topic, verdict] = box.querySelectorAll("select");
    const groups = [...document.querySelectorAll(".dl-topic")];
    const show = () => {
      groups.forEach((group) => {
        const cards = [...group.querySelectorAll("li")];
        const wanted = !topic.value || group.dataset.topic === topic.value;
        cards.forEach((card) => {
          card.hidden = !wanted || (verdict.value && !card.querySelector(`.dl-verdict--${verdict.value}`));
        });
        group.hidden = cards.every((card) => card.hidden);
      });
      const left = document.querySelectorAll(".dl-topic li:not([hidden])").length;
      box.querySelector("[role=status]").textContent = left ? `${left} 条` : "没有这样的";
    };
    box.addEventListener("change", show);
    box.hidden = false;
    show();
  };

  // 复制总是复制整块：末尾的检查另收在一段里，按下复制键时先接回去，主题就照它复制
  const blankLines = (check) => Number(check.className.match(/dl-gap-(\d+)/)?.[1] ?? 0);
  const codeOf = (box) => box.querySelector("pre > code").textContent.replace(/\n+$/, "");
  addEventListener(
    "click",
    ({ target }) => {
      const button = target.closest?.("[data-clipboard-target]");
      const box = button?.closest(".highlight");
      const check = box?.closest("details.dl-check") ?? box?.nextElementSibling;
      if (!check?.matches("details.dl-check")) return;
      const parts = [codeOf(check.previousElementSibling), codeOf(check)];
      button.dataset.clipboardText = parts.join("\n".repeat(1 + blankLines(check))) + "\n";
    },
    true,
  );

  // 解释：指着或停在带 title 的东西上，就在它下面显示。只有一个，用到才写；主题的做法是打开页面时
  // 给每一个各备一份，接口页有几百个，手机上要算一秒
  const tip = document.createElement("div");
  tip.id = "dl-tip";
  tip.className = "md-tooltip2 md-tooltip2--bottom";
  tip.setAttribute("role", "tooltip");
  tip.innerHTML = '<div class="md-tooltip2__inner md-typeset"></div>';
  let host = null;
  const hideTip = () => {
    if (!host) return;
    host.title = tip.textContent;
    host.removeAttribute("aria-describedby");
    host = null;
    tip.remove();
    tip.classList.remove("md-tooltip2--active");
  };
  const showTip = (next) => {
    if (next === host) return;
    hideTip();
    host = next;
    const inner = tip.firstElementChild;
    inner.textContent = host.title;
    host.removeAttribute("title");
    host.setAttribute("aria-describedby", tip.id);
    document.body.append(tip);
    const { left, top, width, height } = host.getBoundingClientRect();
    const places = { "host-x": left + scrollX, "host-y": top + scrollY, x: width / 2, y: height + 8, width: inner.offsetWidth, tail: 0 };
    for (const [name, value] of Object.entries(places)) tip.style.setProperty(`--md-tooltip-${name}`, `${value}px`);
    requestAnimationFrame(() => tip.classList.add("md-tooltip2--active"));
  };
  const tipped = ({ target }) => target.closest?.(".md-content :is([title], [aria-describedby=dl-tip])");
  document.addEventListener("pointerover", (event) => {
    const next = tipped(event);
    if (next) showTip(next);
    else if (host !== document.activeElement) hideTip();
  });
  document.addEventListener("focusin", (event) => (tipped(event) ? showTip(tipped(event)) : hideTip()));
  document.addEventListener("focusout", hideTip);
  document.addEventListener("keydown", ({ key }) => key === "Escape" && hideTip());

  // 地址指着折叠的内容里面，就打开它；打印时全部打开，印完恢复
  const reveal = () => {
    const wanted = document.querySelector(":target");
    const boxes = [];
    for (let box = wanted; (box = box?.closest("details:not([open])")); box = box.parentElement) boxes.push(box);
    boxes.forEach((box) => (box.open = true));
    if (boxes.length) wanted.scrollIntoView();
  };
  let printed = [];
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => {
    printed = [...document.querySelectorAll(".md-content details:not([open])")];
    printed.forEach((box) => (box.open = true));
  });
  addEventListener("afterprint", () => printed.forEach((box) => (box.open = false)));

  // 训练场的脚本和数据只在有训练场的页面上取，页面画出来之后才取，不与字和样式争
  const playground = () => {
    if (!document.querySelector(".dl-play:not(.is-live)")) return;
    const script = document.createElement("script");
    script.src = new URL("playground.js", here);
    document.head.append(script);
  };

  // 讲解器快滚到了才取来：共用的一份只取一次
  let core;
  const fetched = (address) =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL(address, here);
      script.onload = resolve;
      script.onerror = () => reject(new Error(`取不到 ${address}`));
      document.head.append(script);
    });
  const explain = async (box) => {
    const name = box.localName.slice(3);
    try {
      await (core ??= fetched("explain/core.js"));
      await fetched(`explain/${name}.js`);
    } catch (error) {
      const note = Object.assign(document.createElement("p"), { className: "dl-explain__note", textContent: `讲解器打不开（${error.message}），上面静止的图讲的是同一件事。` });
      note.setAttribute("role", "alert");
      box.classList.add("is-lost");
      box.append(note);
    }
  };
  const near = new IntersectionObserver(
    (entries) => entries.filter(({ isIntersecting }) => isIntersecting).forEach(({ target }) => {
      near.unobserve(target);
      explain(target);
    }),
    { rootMargin: "600px" },
  );

  // 主题排出的标记里，读屏与键盘用得上却缺了的几处
  const SCROLLERS = "pre > code, div.arithmatex, .md-typeset__scrollwrap, .dl-records table";
  // 表格右边还有没露出来的列，右缘就加阴影；一样先量完再改
  const TABLE = ".md-typeset__scrollwrap";
  const hint = (boxes) => {
    const more = boxes.map((box) => box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
    boxes.forEach((box, i) => box.classList.toggle("dl-more", more[i]));
  };
  // 内容比框宽，键盘就要能停在上面；主题只照顾用鼠标的机器。先全部量完再改，免得量一次排一次版。
  // 还没排版的内容量不出宽窄，照上一次的
  const wide = new WeakSet();
  const focusable = (box) => {
    if (wide.has(box) === (box.tabIndex === 0)) return;
    if (wide.has(box)) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  const reach = (boxes) => {
    const shown = boxes.filter((box) => box.firstElementChild?.checkVisibility?.({ contentVisibilityAuto: true }) !== false);
    const scrolls = shown.map((box) => box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight);
    shown.forEach((box, i) => wide[scrolls[i] ? "add" : "delete"](box));
    shown.forEach(focusable);
  };
  const scrollers = new ResizeObserver((entries) => {
    const boxes = entries.map(({ target }) => target);
    reach(boxes);
    hint(boxes.filter((box) => box.matches(TABLE)));
  });
  // 屏幕之外的段与代码滚到近处才排版，那时才知道里面的有多宽
  document.addEventListener("contentvisibilityautostatechange", ({ skipped, target }) => {
    if (!skipped) reach(target.matches(SCROLLERS) ? [target] : [...target.querySelectorAll(SCROLLERS)]);
  });
  // 代码块露面时，主题才给它编号、加复制键（一组键算不上一个地标），并去掉它的 tabindex
  const numbered = new MutationObserver((records) => {
    const blocks = records.map(({ target }) => target).filter((target) => target.tagName === "PRE");
    blocks.forEach((pre) => pre.querySelector(":scope > .md-code__nav")?.setAttribute("role", "none"));
    records.map(({ target }) => target).filter((target) => target.matches("pre > code")).forEach(focusable);
    blocks.map((pre) => pre.querySelector(":scope > code")).filter(Boolean).forEach(focusable);
  });
  const mend = () => {
    document.querySelector(".md-search")?.setAttribute("aria-label", "搜索");
    numbered.observe(document.body, { attributes: true, attributeFilter: ["id", "tabindex"], subtree: true });
    // 自己也是一页的栏目，标签里只有箭头，名字从旁边的链接取
    document.querySelectorAll(".md-nav__container + .md-nav").forEach((nav) => {
      nav.removeAttribute("aria-labelledby");
      nav.setAttribute("aria-label", nav.previousElementSibling.textContent.trim());
    });
    document.querySelectorAll(SCROLLERS).forEach((box) => scrollers.observe(box));
    document.querySelectorAll(TABLE).forEach((box) =>
      box.addEventListener("scroll", () => hint([box]), { passive: true }),
    );
  };

  const start = () => {
    mend();
    requestAnimationFrame(() => setTimeout(playground));
    document.querySelectorAll(".dl-explain").forEach((box) => near.observe(box));
    document.querySelectorAll(".dl-filter[hidden]").forEach(claims);
    document.querySelectorAll(".dl-records:not([data-live])").forEach((box) => {
      box.dataset.live = "";
      records(box);
    });
    reveal();
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
