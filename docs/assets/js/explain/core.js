// 讲解器共用的一份：状态写进网址，滑块、拖动、键盘、触摸，深浅配色，窗口变化，少动一些的设置，出错时说清楚。
// 每个讲解器只写自己的参数、算法与画法；由 site.js 在快滚到的时候取来。
(() => {
  "use strict";
  const STILL = matchMedia("(prefers-reduced-motion: reduce)");
  const SETTLE_MS = 400; // 停手这么久才念给读屏听、写进网址
  const PLAY_MS = 120;
  const TELL_MS = 100; // 拖动时，画布每一帧都画，文字隔这么久才改：改文字要整页重新排版，手机上一帧做不完
  const FRAME_MS = 20; // 连着动的时候，两帧平均隔得比这久，就先画得粗一些，停手再画细
  const specs = {};

  const element = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== null) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };
  const round = (value, step) => Number((Math.round(value / step) * step).toPrecision(9));
  const breathe = () => new Promise((resolve) => setTimeout(resolve));
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  // 显示用：有效数字，去掉多余的零，负号用真正的负号
  const show = (value, digits = 3) => {
    if (Number.isNaN(value)) return "NaN";
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
    const size = Math.abs(value);
    const text = size !== 0 && (size >= 1e5 || size < 1e-4) ? value.toExponential(Math.min(digits - 1, 2)) : String(Number(value.toPrecision(digits)));
    return text.replace(/-/g, "−").replace("e+", "e");
  };

  // 参数 ---------------------------------------------------------------------

  // 网址里的文字换成值；不认识的抛出一句话
  const KINDS = {
    range(param, text) {
      const value = Number(text);
      if (text.trim() === "" || !Number.isFinite(value)) throw new Error(`${param.title}应是一个数，收到“${text.slice(0, 20)}”`);
      if (value < param.min || value > param.max) throw new Error(`${param.title}应在 ${show(param.min)} 到 ${show(param.max)} 之间，收到 ${show(value)}`);
      return value;
    },
    choice(param, text) {
      if (!Object.hasOwn(param.options, text)) throw new Error(`${param.title}没有“${text.slice(0, 20)}”这一项`);
      return text;
    },
    check(param, text) {
      if (text !== "0" && text !== "1") throw new Error(`${param.title}应是 0 或 1，收到“${text.slice(0, 20)}”`);
      return text === "1";
    },
    text(param, text) {
      param.parse(text);
      return text;
    },
  };
  const written = (param, value) => (param.kind === "check" ? (value ? "1" : "0") : String(value));
  const defaults = (params) => Object.fromEntries(Object.entries(params).map(([name, param]) => [name, param.value]));

  // 默认值写给人看：选项写它的名字
  const spelled = (param) => ` ${param.options?.[param.value] ?? written(param, param.value)}`.trimEnd() || "空白";

  function fromAddress(params, search) {
    const state = defaults(params), notes = [];
    for (const [name, text] of new URLSearchParams(search)) {
      if (!Object.hasOwn(params, name)) continue;
      try {
        state[name] = KINDS[params[name].kind](params[name], text);
      } catch (error) {
        notes.push(`${error.message}，改用${spelled(params[name])}`);
      }
    }
    return [state, notes];
  }

  // 画笔：坐标是 CSS 像素，颜色取自样式表 -------------------------------------

  const COLOURS = { ink: "--dl-ink", muted: "--dl-ink-2", line: "--dl-line", edge: "--dl-line-2", paper: "--dl-play-paper", sheet: "--dl-paper-3", blue: "--dl-class-0", orange: "--dl-class-1", green: "--dl-class-2", violet: "--dl-violet", red: "--dl-red" };

  class Pen {
    constructor(context, colours, family) {
      Object.assign(this, { context, colours, family });
    }
    colour(name) {
      return this.colours[name] ?? name;
    }
    line(points, colour = "ink", { width = 2, dash = [], close = false } = {}) {
      const { context } = this;
      context.beginPath();
      points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
      if (close) context.closePath();
      context.setLineDash(dash);
      context.lineWidth = width;
      context.lineJoin = context.lineCap = "round";
      context.strokeStyle = this.colour(colour);
      context.stroke();
      context.setLineDash([]);
    }
    fill(points, colour, alpha = 1) {
      const { context } = this;
      context.beginPath();
      points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
      context.globalAlpha = alpha;
      context.fillStyle = this.colour(colour);
      context.fill();
      context.globalAlpha = 1;
    }
    rect(x, y, width, height, { fill = null, stroke = null, alpha = 1, lineWidth = 1, dash = [] } = {}) {
      const { context } = this;
      if (fill) {
        context.globalAlpha = alpha;
        context.fillStyle = this.colour(fill);
        context.fillRect(x, y, width, height);
        context.globalAlpha = 1;
      }
      if (stroke) {
        context.setLineDash(dash);
        context.lineWidth = lineWidth;
        context.strokeStyle = this.colour(stroke);
        context.strokeRect(x, y, width, height);
        context.setLineDash([]);
      }
    }
    rects(boxes, colour, alpha = 1) {
      const { context } = this;
      context.beginPath();
      for (const [x, y, width, height] of boxes) context.rect(x, y, width, height);
      context.globalAlpha = alpha;
      context.fillStyle = this.colour(colour);
      context.fill();
      context.globalAlpha = 1;
    }
    // 许多同样的小圆点，一笔画完
    dots(points, radius, colour) {
      const { context } = this;
      context.beginPath();
      for (const [x, y] of points) {
        context.moveTo(x + radius, y);
        context.arc(x, y, radius, 0, 2 * Math.PI);
      }
      context.fillStyle = this.colour(colour);
      context.fill();
    }
    dot(x, y, radius = 4, colour = "ink", { ring = false } = {}) {
      const { context } = this;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fillStyle = this.colour(colour);
      context.fill();
      if (ring) {
        context.lineWidth = 2;
        context.strokeStyle = this.colour("paper");
        context.stroke();
      }
    }
    ellipse(x, y, rx, ry, colour, width = 1) {
      const { context } = this;
      context.beginPath();
      context.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
      context.lineWidth = width;
      context.strokeStyle = this.colour(colour);
      context.stroke();
    }
    arrow(x0, y0, x1, y1, colour = "ink", width = 2) {
      const length = Math.hypot(x1 - x0, y1 - y0);
      if (!(length > 1)) return;
      const head = Math.min(9, length * 0.6), a = Math.atan2(y1 - y0, x1 - x0);
      const back = [x1 - head * Math.cos(a), y1 - head * Math.sin(a)];
      this.line([[x0, y0], back], colour, { width });
      this.fill([[x1, y1], ...[0.4, -0.4].map((turn) => [x1 - head * Math.cos(a + turn), y1 - head * Math.sin(a + turn)])], colour);
    }
    text(words, x, y, { colour = "ink", size = 13, align = "left", base = "middle", bold = false, back = null } = {}) {
      const { context } = this;
      context.font = `${bold ? "600 " : ""}${size}px ${this.family}`;
      context.textAlign = align;
      context.textBaseline = base;
      if (back) {
        context.lineWidth = 4;
        context.lineJoin = "round";
        context.strokeStyle = this.colour(back);
        context.strokeText(words, x, y);
      }
      context.fillStyle = this.colour(colour);
      context.fillText(words, x, y);
    }
    // 灰度图：values 是 0 到 1 的数，rows × columns，负数透明；放大后仍是一格一格
    image(values, rows, columns, ...box) {
      this.sheet(rows, columns, box, (words) => {
        for (let i = 0; i < words.length; i++) if (values[i] >= 0) words[i] = 0xff000000 | (Math.round(255 * Math.min(values[i], 1)) * 0x010101);
      });
    }
    // 有正有负的图：蓝是正，橙是负，绝对值最大的一格不透明度是 alpha
    signed(values, rows, columns, x, y, width, height, alpha = 1) {
      const most = Math.max(...values.map(Math.abs), 1e-9), [blue, orange] = [this.bytes("blue"), this.bytes("orange")];
      this.sheet(rows, columns, [x, y, width, height], (words) => {
        for (let i = 0; i < words.length; i++) words[i] = (Math.round((255 * alpha * Math.abs(values[i])) / most) << 24) | (values[i] > 0 ? blue : orange);
      });
    }
    // 颜色的三个字节，低位是红
    bytes(name) {
      this.context.fillStyle = this.colour(name);
      const [red, green, blue] = this.context.fillStyle.match(/\w\w/g).map((two) => parseInt(two, 16));
      return red | (green << 8) | (blue << 16);
    }
    sheet(rows, columns, [x, y, width, height], paint) {
      const pixels = new ImageData(columns, rows);
      paint(new Uint32Array(pixels.data.buffer));
      const small = (this.small ??= document.createElement("canvas"));
      small.width = columns;
      small.height = rows;
      small.getContext("2d").putImageData(pixels, 0, 0);
      this.context.imageSmoothingEnabled = false;
      this.context.drawImage(small, x, y, width, height);
    }
    grid(rows, columns, x, y, cell, colour) {
      const { context } = this;
      context.beginPath();
      for (let i = 0; i <= rows; i++) {
        context.moveTo(x, y + i * cell);
        context.lineTo(x + columns * cell, y + i * cell);
      }
      for (let j = 0; j <= columns; j++) {
        context.moveTo(x + j * cell, y);
        context.lineTo(x + j * cell, y + rows * cell);
      }
      context.lineWidth = 1;
      context.strokeStyle = this.colour(colour);
      context.stroke();
    }
    axes({ left, top, right, bottom }) {
      this.line([[left, top], [left, bottom], [right, bottom]], "edge", { width: 1 });
    }
  }

  // 一个讲解器 ----------------------------------------------------------------

  class Explainer extends HTMLElement {
    connectedCallback() {
      if (this.live) return;
      this.live = true;
      this.spec = specs[this.localName.slice(3)];
      this.begin().catch((error) => this.fail(error));
    }

    async begin() {
      const { spec } = this;
      if (spec.load) this.data = await spec.load();
      this.build();
      this.read();
      await breathe(); // 各步之间歇一歇：在第一屏的，不与打开页面争
      this.ink();
      await breathe();
      this.values = spec.model(this.state, this.data);
      await breathe();
      this.classList.add("is-live");
      this.watch();
      this.update();
    }

    // 元素
    build() {
      const { spec } = this;
      this.canvas = element("canvas", { class: "dl-explain__canvas", role: "img", "aria-label": spec.title });
      this.stage = element("div", { class: "dl-explain__stage" }, this.canvas);
      this.note = element("p", { class: "dl-explain__note", role: "alert", hidden: "" });
      this.words = element("p", { class: "dl-explain__status", "aria-hidden": "true" });
      this.spoken = element("p", { class: "dl-explain__spoken", role: "status" });
      this.inputs = {};
      const controls = element("div", { class: "dl-explain__controls" });
      for (const [name, param] of Object.entries(spec.params)) if (!param.hidden) controls.append(this.control(name, param));
      const bar = element("div", { class: "dl-explain__bar" });
      if (spec.play) bar.append((this.player = this.button("播放", () => this.toggle())));
      for (const action of spec.actions ?? []) {
        bar.append(this.button(action.title, () => {
          this.halt();
          this.change(action.run(this.state, this.data), true);
        }));
      }
      bar.append(this.button("恢复原样", () => {
        this.halt();
        this.change(defaults(spec.params), true);
      }), this.button("复制链接", () => this.copy()));
      const body = element("div", { class: "dl-explain__body", role: "group", "aria-label": `动手试：${spec.title}` }, this.note, this.stage, this.words, this.spoken, controls, bar);
      const still = element("details", { class: "dl-explain__still" }, element("summary", {}, "静止的图"), ...this.children);
      this.append(body, still);
      this.pads = new Map();
      this.told = 0;
      this.face();
    }

    button(words, act) {
      const node = element("button", { type: "button", class: "md-button" }, words);
      node.addEventListener("click", act);
      return node;
    }

    control(name, param) {
      const label = element("label", {}, element("span", {}, param.title));
      let input;
      if (param.kind === "choice") {
        input = element("select", { name });
        for (const [value, words] of Object.entries(param.options)) input.append(new Option(words, value));
        input.addEventListener("change", () => this.change({ [name]: input.value }, true));
      } else if (param.kind === "check") {
        input = element("input", { name, type: "checkbox" });
        input.addEventListener("change", () => this.change({ [name]: input.checked }, true));
        label.prepend(input);
      } else if (param.kind === "text") {
        input = element("input", { name, type: "text", autocomplete: "off", spellcheck: "false", maxlength: param.length ?? 40, inputmode: param.mode ?? null });
        input.addEventListener("input", () => this.typed(name, param, input));
      } else {
        // 按对数走的滑块，位置是对数；细的滑块一下键走百分之一
        const [min, max] = param.log ? [Math.log10(param.min), Math.log10(param.max)] : [param.min, param.max];
        const fine = param.log || (max - min) / param.step > 100;
        input = element("input", { name, type: "range", min, max, step: fine ? "any" : param.step });
        input.addEventListener("input", () => {
          this.halt();
          this.change({ [name]: param.log ? Number((10 ** input.value).toPrecision(3)) : round(Number(input.value), param.step) });
        });
        const output = element("span", { class: "dl-explain__value" }); // 用 output 元素，标签就成了它的
        input.output = output;
        label.append(output);
      }
      if (param.kind !== "check") label.append(input);
      this.inputs[name] = input;
      return label;
    }

    // 状态
    read() {
      const [state, notes] = fromAddress(this.spec.params, location.search);
      this.state = this.spec.fix ? this.spec.fix(state, state) : state;
      this.say(notes);
    }

    typed(name, param, input) {
      try {
        param.parse(input.value);
        input.removeAttribute("aria-invalid");
        this.say([]);
        this.change({ [name]: input.value });
      } catch (error) {
        input.setAttribute("aria-invalid", "true");
        this.say([error.message]);
      }
    }

    change(patch, settled = false) {
      if (!patch) return;
      const next = { ...this.state, ...patch };
      for (const [name, param] of Object.entries(this.spec.params)) {
        if (param.kind !== "range") continue;
        if (!Number.isFinite(next[name])) return; // 拖到画布外面去了
        next[name] = clamp(next[name], param.min, param.max);
      }
      this.state = this.spec.fix ? this.spec.fix(next, this.state) : next;
      this.dirty = true;
      this.update();
      if (settled) this.settle();
    }

    update() {
      this.pending ||= requestAnimationFrame((now) => {
        this.pending = 0;
        this.pace(now);
        try {
          this.paint();
        } catch (error) {
          this.fail(error);
        }
      });
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.settle(), SETTLE_MS);
    }

    // 没有 GPU 的手机上，画布越大，一帧越慢
    pace(now) {
      const gap = now - (this.painted ?? 0);
      this.painted = now;
      this.gap = gap < 100 ? 0.8 * (this.gap ?? 0) + 0.2 * gap : 0;
      if (this.gap > FRAME_MS) this.slow = true;
      this.coarse = this.slow && gap < 100;
    }

    settle() {
      clearTimeout(this.timer);
      if (this.coarse) {
        this.painted = 0;
        this.update();
      }
      if (this.values) {
        this.tell();
        this.spoken.textContent = this.words.textContent;
        this.canvas.setAttribute("aria-label", `${this.spec.title}。${this.words.textContent}`);
      }
      if (!this.dirty) return;
      this.dirty = false;
      try {
        history.replaceState(history.state, "", this.address());
      } catch {
        // 有的浏览器限制改写的次数，或不许本地文件改写；链接仍可以复制
      }
    }

    address() {
      const url = new URL(location.href);
      for (const [name, param] of Object.entries(this.spec.params)) url.searchParams.set(name, written(param, this.state[name]));
      url.hash = this.id;
      return url.href;
    }

    // 现在的配色与字体
    ink() {
      const style = getComputedStyle(this);
      const colours = Object.fromEntries(Object.entries(COLOURS).map(([name, variable]) => [name, style.getPropertyValue(variable).trim()]));
      this.pen = new Pen(this.canvas.getContext("2d"), colours, style.fontFamily);
    }

    // 画
    paint() {
      const { spec, state, canvas } = this;
      const { width } = this;
      if (!width) return;
      const height = Math.round(spec.height(width, state));
      const ratio = this.coarse ? 1 : Math.min(devicePixelRatio || 1, 2);
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
        canvas.style.height = `${height}px`;
      }
      this.values = spec.model(state, this.data);
      if (!this.pen) this.ink();
      const { context } = this.pen;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      const view = { width, height, small: width < 480 };
      spec.draw(this.pen, this.values, state, view, this.data);
      this.place(spec.pads?.(this.values, state, view, this.data) ?? []);
      if (performance.now() - this.told < TELL_MS) this.telling ||= setTimeout(() => this.tell(), TELL_MS);
      else this.tell();
    }

    // 画布下面的话，与滑块旁边的数
    tell() {
      clearTimeout(this.telling);
      this.telling = 0;
      if (!this.values) return;
      this.told = performance.now();
      this.fillIn();
      const words = this.spec.status(this.values, this.state, this.data);
      if (this.words.textContent !== words) this.words.textContent = words;
    }

    fillIn() {
      for (const [name, input] of Object.entries(this.inputs)) {
        const param = this.spec.params[name], value = this.state[name];
        if (param.kind === "check") input.checked = value;
        else if (param.kind !== "range") {
          if (input.value !== value) input.value = value;
        } else {
          const place = param.log ? Math.log10(value) : value;
          if (Number(input.value) !== place) input.value = place;
          const words = (param.text ?? show)(value);
          if (input.output.textContent !== words) {
            input.output.textContent = words;
            input.setAttribute("aria-valuetext", words);
          }
        }
        const off = param.unless?.(this.state) ?? false;
        if (input.disabled !== off) input.disabled = off;
      }
    }

    // 可以拖的地方：盖在画布上的透明按钮，手指、鼠标、方向键都行
    place(pads) {
      const wanted = new Set(pads.map((pad) => pad.id));
      for (const [id, node] of this.pads) {
        if (wanted.has(id)) continue;
        node.remove();
        this.pads.delete(id);
      }
      for (const pad of pads) {
        let node = this.pads.get(pad.id);
        if (!node) this.pads.set(pad.id, (node = this.pad(pad)));
        node.pad = pad;
        const [x, y, w, h] = pad.box ?? [pad.x - 22, pad.y - 22, 44, 44];
        const size = `width:${w}px;height:${h}px`;
        if (node.dataset.size !== size) node.style.cssText = node.dataset.size = size;
        node.style.transform = `translate(${x}px, ${y}px)`; // 只挪合成层，不重新排版
        node.setAttribute("aria-valuetext", pad.text);
        node.setAttribute("aria-valuenow", pad.now);
        if (pad.most) node.setAttribute("aria-valuemax", pad.most);
      }
    }

    pad({ id, label, cursor = "grab", box }) {
      const node = element("div", { class: box ? "dl-explain__pad" : "dl-explain__pad dl-explain__knob", role: "slider", tabindex: "0", "aria-label": label, "aria-valuenow": "0", "data-pad": id });
      node.dataset.cursor = cursor;
      let start = null;
      const where = ({ clientX, clientY }) => {
        const box = this.stage.getBoundingClientRect();
        return [clientX - box.left, clientY - box.top];
      };
      const move = (event, phase) => {
        const [x, y] = where(event);
        this.halt();
        this.change(node.pad.drag(x - start[0], y - start[1], phase, this.state, this.data));
      };
      node.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        const [x, y] = where(event);
        start = node.pad.box ? [0, 0] : [x - node.pad.x, y - node.pad.y];
        node.setPointerCapture(event.pointerId);
        node.focus({ preventScroll: true });
        event.preventDefault();
        move(event, "down");
      });
      node.addEventListener("pointermove", (event) => start && move(event, "move"));
      for (const type of ["pointerup", "pointercancel"]) {
        node.addEventListener(type, (event) => {
          if (!start) return;
          if (type === "pointerup") move(event, "up");
          start = null;
          this.settle();
        });
      }
      node.addEventListener("keydown", (event) => {
        const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], PageUp: [0, -5], PageDown: [0, 5] }[event.key] ?? [0, 0];
        if ((!dx && !dy) || event.metaKey || event.ctrlKey || event.altKey) return;
        event.preventDefault();
        this.halt();
        this.change(node.pad.key(dx * (event.shiftKey ? 5 : 1), dy * (event.shiftKey ? 5 : 1), this.state));
      });
      this.stage.append(node);
      return node;
    }

    // 播放：一个参数从现在走到头；读者要求少动时，一下一步
    toggle() {
      const name = this.spec.play, param = this.spec.params[name];
      const end = () => Math.min(param.max, this.spec.last?.(this.values, this.state) ?? param.max);
      if (this.playing) return this.halt();
      if (this.state[name] >= end()) this.change({ [name]: param.min });
      if (STILL.matches) return this.change({ [name]: this.state[name] + param.step }, true);
      this.playing = setInterval(() => {
        this.change({ [name]: this.state[name] + param.step });
        if (this.state[name] >= end()) this.halt();
      }, PLAY_MS);
      this.face();
    }

    halt() {
      if (!this.playing) return;
      clearInterval(this.playing);
      this.playing = 0;
      this.face();
    }

    face() {
      if (this.player) this.player.textContent = STILL.matches ? "走一步" : this.playing ? "暂停" : "播放";
    }

    async copy() {
      const address = this.address();
      try {
        await navigator.clipboard.writeText(address);
        this.say(["链接已复制，打开就是这一幅画面"]);
      } catch {
        this.say([`浏览器不让脚本复制，请自己复制：${address}`]);
      }
    }

    say(notes) {
      this.note.textContent = notes.length ? `${notes.join("；")}。` : "";
      this.note.hidden = !notes.length;
    }

    // 打不开：说清楚，静止的图还在
    fail(error) {
      console.warn(error);
      this.classList.replace("is-live", "is-lost") || this.classList.add("is-lost");
      this.halt();
      this.note ??= element("p", { class: "dl-explain__note", role: "alert" });
      this.querySelector(".dl-explain__body")?.remove();
      this.querySelector(".dl-explain__still")?.replaceWith(...this.querySelectorAll(".dl-figure"));
      this.append(this.note);
      this.say([`讲解器打不开（${error.message}），静止的图讲的是同一件事`]);
    }

    watch() {
      this.width = this.stage.clientWidth;
      new ResizeObserver(() => {
        this.width = this.stage.clientWidth;
        this.update();
      }).observe(this.stage);
      new MutationObserver(() => {
        this.pen = null;
        this.update();
      }).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
      STILL.addEventListener("change", () => {
        this.halt();
        this.face();
      });
      addEventListener("popstate", () => {
        this.read();
        this.update();
      });
      // “试一试”的链接不必重新载入整页
      document.querySelectorAll(`.md-content a[href*="#${this.id}"]`).forEach((link) => {
        const url = new URL(link.href);
        if (!url.search || url.pathname !== location.pathname || url.host !== location.host) return;
        link.addEventListener("click", (event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          history.pushState(null, "", url);
          this.halt();
          this.read();
          this.update();
          this.scrollIntoView({ block: "start", behavior: STILL.matches ? "auto" : "smooth" });
          (this.stage.querySelector("[role=slider]") ?? this.querySelector("input[type=range]"))?.focus({ preventScroll: true });
        });
      });
    }
  }

  // 数据文件与训练场一样写成脚本：file:// 下也取得到
  const here = document.currentScript.src;
  const loadData = (name) =>
    new Promise((resolve, reject) => {
      const script = element("script", { src: new URL(`../../explain/${name}.js`, here) });
      script.onload = () => {
        const data = globalThis.dlExplainData?.[name];
        if (data) resolve(data);
        else reject(new Error(`数据文件 ${name}.js 是空的`));
      };
      script.onerror = () => reject(new Error(`取不到数据文件 ${name}.js`));
      document.head.append(script);
    });

  const define = (name, spec) => {
    specs[name] = spec;
    customElements.define(`dl-${name}`, class extends Explainer {});
  };

  globalThis.dlExplain = { define, specs, show, clamp, round, loadData };
})();
