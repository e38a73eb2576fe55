// 图：逐帧的图配上滑块和播放键，任何一张图都可以放大。没有脚本时，各帧排成几列，全部可见。
(() => {
  "use strict";
  const STILL = matchMedia("(prefers-reduced-motion: reduce)");
  const MS_PER_FRAME = 700;

  const element = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };

  const ICONS = {
    play: "M8 5.5v13l10.5-6.5z",
    pause: "M7 5.5h3.5v13H7zm6.5 0H17v13h-3.5z",
    next: "M6.5 5.5v13L15 12zM16 5.5h2.5v13H16z",
  };
  const icon = (name) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;

  // 逐帧的图 -----------------------------------------------------------------

  function animate(figure) {
    const frames = [...figure.querySelectorAll(":scope > .dl-frame")];
    if (frames.length < 2 || figure.classList.contains("is-live")) return;
    const last = frames.length - 1;
    const labels = frames.map((frame, index) => frame.dataset.label || `第 ${index + 1} 帧`);
    const button = element("button", { type: "button", class: "dl-frames__play" });
    const slider = element("input", { type: "range", min: 0, max: last, step: 1, value: 0, "aria-label": "帧" });
    const label = element("output", { class: "dl-frames__label" });
    let timer = 0;

    const show = (index) => {
      frames.forEach((frame, i) => (frame.hidden = i !== index));
      slider.value = index;
      slider.style.setProperty("--dl-progress", `${(100 * index) / last}%`);
      slider.setAttribute("aria-valuetext", labels[index]);
      label.textContent = labels[index];
    };
    const face = () => {
      const [name, text] = STILL.matches ? ["next", "下一帧"] : timer ? ["pause", "暂停"] : ["play", "播放"];
      button.innerHTML = icon(name);
      button.setAttribute("aria-label", text);
      button.title = text;
    };
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      face();
    };
    const step = () => {
      const index = Number(slider.value) + 1;
      if (index <= last) show(index);
      if (index >= last) stop();
    };
    const play = () => {
      if (Number(slider.value) === last) show(0);
      timer = setInterval(step, MS_PER_FRAME);
      face();
    };
    // 其余各帧等读者碰到这张图才取
    const fetchAll = () => figure.querySelectorAll("img").forEach((image) => {
      if (getComputedStyle(image).display !== "none") image.loading = "eager";
    });

    button.addEventListener("click", () => {
      if (STILL.matches) show((Number(slider.value) + 1) % frames.length);
      else if (timer) stop();
      else play();
    });
    slider.addEventListener("input", () => {
      stop();
      show(Number(slider.value));
    });
    for (const event of ["pointerenter", "focusin"]) figure.addEventListener(event, fetchAll, { once: true });
    STILL.addEventListener("change", stop);

    frames[last].after(element("div", { class: "dl-frames__bar" }, button, slider, label));
    figure.classList.add("is-live");
    face();
    show(0);
  }

  // 放大 ---------------------------------------------------------------------

  let dialog;

  function zoomDialog() {
    if (dialog) return dialog;
    const close = element("button", { type: "button", class: "dl-zoom__close", "aria-label": "关闭", title: "关闭" }, "✕");
    dialog = element(
      "dialog",
      { class: "dl-zoom md-typeset", "aria-label": "放大的图" },
      element("div", { class: "dl-zoom__scroll" }),
      element("p", { class: "dl-zoom__caption" }),
      close,
    );
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => {
      if (!event.target.closest("img, p, button")) dialog.close();
    });
    document.body.append(dialog);
    return dialog;
  }

  // at：点在图的横向几分之几处，手机上放大后那一处就在屏幕中间；用键盘时从左边看起
  function enlarge(image, at = 0) {
    const figure = image.closest(".dl-figure");
    const frame = image.closest(".dl-frame");
    const caption = figure.querySelector("figcaption");
    const [width, height] = ["width", "height"].map((name) => Number(image.getAttribute(name)) || 1);
    const copy = element("img", { src: image.src, alt: image.alt, style: `--dl-ratio: ${width / height}` });
    const box = zoomDialog();
    box.querySelector(".dl-zoom__scroll").replaceChildren(copy);
    box.querySelector(".dl-zoom__caption").replaceChildren(
      ...(frame?.dataset.label && figure.classList.contains("is-live") ? [`${frame.dataset.label}。`] : []),
      ...(caption ? [...caption.cloneNode(true).childNodes] : []),
    );
    box.showModal();
    const scroll = copy.parentElement;
    scroll.scrollLeft = at * scroll.scrollWidth - scroll.clientWidth / 2;
  }

  // 图装进真正的按钮里：回车、空格、读屏都照按钮来；深浅两张各有一个，只有眼前的一个看得见
  function zoomable(image) {
    if (image.dataset.zoom) return;
    image.dataset.zoom = "on";
    const shade = [...image.classList].filter((name) => ["dl-light", "dl-dark"].includes(name));
    const button = element("button", {
      type: "button", class: ["dl-enlarge", ...shade].join(" "), "aria-haspopup": "dialog", "aria-label": `放大：${image.alt}`,
    });
    image.before(button);
    button.append(image);
    button.addEventListener("click", ({ detail, clientX }) => {
      const { left, width } = image.getBoundingClientRect();
      enlarge(image, detail ? (clientX - left) / width : 0);
    });
  }

  const start = () => {
    document.querySelectorAll(".dl-frames").forEach(animate);
    document.querySelectorAll(".dl-figure img").forEach(zoomable);
  };

  if (window.document$) window.document$.subscribe(start);
  else start();
})();
