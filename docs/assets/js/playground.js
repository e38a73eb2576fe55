// 训练场：建站时已把各种设置训练过一遍，这里只回放。由 site.js 在有 .dl-play 的页面上取来。
(() => {
  "use strict";
  const STILL = matchMedia("(prefers-reduced-motion: reduce)");
  const MS_PER_FRAME = 600;
  const DATA = new URL("../playground/data.js", document.currentScript.src);
  const ZOOM = 4; // 每个格点放大成几乘几，边界因此平滑
  const AXES = ["n", "act", "opt", "lr", "width", "noise", "seed"];
  const KEY = ["act", "opt", "lr", "width", "n", "noise", "seed"]; // 数据文件里的次序
  const TITLES = { n: "每类点数", act: "激活函数", opt: "优化器", lr: "学习率", width: "隐藏单元", noise: "噪声", seed: "种子", step: "步" };
  const WORDS = {
    act: { none: "没有", relu: "ReLU", tanh: "Tanh", sigmoid: "Sigmoid" },
    opt: { sgd: "SGD", momentum: "动量 0.9", adam: "Adam" },
  };
  const FIRST = { n: "50", act: "relu", opt: "adam", lr: "0.01", width: "100", noise: "0.2", seed: "0", step: "1000" };
  const FOREIGN = ["h", "q"]; // 站内搜索用的参数

  const word = (axis, value) => WORDS[axis]?.[value] ?? value;
  const keyOf = (state) => KEY.map((axis) => state[axis]).join(",");
  const breathe = () => new Promise((resolve) => setTimeout(resolve)); // 让出主线程，不攒成一个长任务
  const listed = (items) => items.join("、");

  // 数据 ---------------------------------------------------------------------

  let loading;
  const load = () =>
    (loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = DATA;
      script.onload = () => (globalThis.dlPlaygroundData ? resolve(globalThis.dlPlaygroundData) : reject(new Error("数据文件是空的")));
      script.onerror = () => reject(new Error(`取不到 ${DATA}`));
      document.head.append(script);
    }));

  const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

  async function inflate(text) {
    const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  function pointsOf(data, { n, noise, seed }) {
    const view = new DataView(bytesOf(data.points[`${n},${noise},${seed}`]).buffer);
    return Array.from({ length: view.byteLength / 2 }, (_, i) => view.getInt16(2 * i, true));
  }

  // 与 dlnotes_site/tasks/playground/replay.py 的 decode 一样：差分的整数序列，然后是猜错的格子
  function decode(bytes, data) {
    let at = 0;
    const next = () => {
      let number = 0, shift = 0, byte;
      do {
        byte = bytes[at++];
        number |= (byte & 127) << shift;
        shift += 7;
      } while (byte > 127);
      return number;
    };
    const sums = (count) => {
      let total = 0;
      return Array.from({ length: count }, () => {
        const coded = next();
        return (total += coded % 2 ? -(coded + 1) / 2 : coded / 2);
      });
    };
    const loss = (level) => (level === data.overflow ? Infinity : 10 ** (level / data.perDecade));
    const count = data.steps.length;
    const run = {
      trainCorrect: sums(count),
      testCorrect: sums(count),
      testLoss: sums(count).map(loss),
      trainLoss: sums(data.curve.length).map(loss),
    };
    // 各帧到要画时才解，一帧一歇
    const frames = [];
    const unfold = async () => {
      for (const frame of rebuild(next, () => at < bytes.length, count, data.size)) {
        frames.push(frame);
        await breathe();
      }
    };
    let unfolding;
    run.unfold = () => (unfolding ??= unfold());
    run.frame = (index) => frames[index];
    return run;
  }

  function* rebuild(next, more, count, size) {
    const wide = size + 2;
    let before = new Uint8Array(wide * wide), position = 0, target = -1, amount = 0;
    const advance = () => {
      const step = more() ? next() : -1;
      target = step < 0 ? -1 : position + (step >> 1);
      amount = (step & 1) + 1;
    };
    advance();
    for (let f = 0; f < count; f++) {
      const now = new Uint8Array(wide * wide);
      for (let i = 1; i <= size; i++)
        for (let k = i * wide + 1; k <= i * wide + size; k++) {
          const left = now[k - 1], up = now[k - wide], corner = now[k - wide - 1];
          const still = left === before[k - 1] && up === before[k - wide] && corner === before[k - wide - 1] && now[k - wide + 1] === before[k - wide + 1];
          let label = still ? before[k] : left === corner ? up : left;
          const hit = position === target;
          position++;
          if (hit) {
            label = (label + amount) % 3;
            advance();
          }
          now[k] = label;
        }
      yield now;
      before = now;
    }
  }

  // 各条轴有哪些值；没有算过的组合，换成最接近的一组
  function grid(data) {
    const names = Object.keys(data.runs);
    const values = {};
    KEY.forEach((axis, i) => {
      const found = [...new Set(names.map((name) => name.split(",")[i]))];
      const known = Object.keys(WORDS[axis] ?? {});
      values[axis] = found.sort((a, b) => (known.length ? known.indexOf(a) - known.indexOf(b) : a - b));
    });
    const nearest = (wanted, kept) => {
      if (data.runs[keyOf(wanted)]) return wanted;
      let best, least = Infinity;
      for (const name of names) {
        const parts = name.split(",");
        const cost = KEY.reduce((sum, axis, i) => {
          if (parts[i] === wanted[axis]) return sum;
          const far = axis === "lr" ? Math.abs(Math.log10(parts[i] / wanted.lr)) / 10 : 0;
          return sum + (axis === kept ? 100 : 1) + far + (axis === "act" || axis === "n" ? 0.5 : 0);
        }, 0);
        if (cost < least) [least, best] = [cost, parts];
      }
      return { ...wanted, ...Object.fromEntries(KEY.map((axis, i) => [axis, best[i]])) };
    };
    const seeds = (state) => values.seed.filter((seed) => data.runs[keyOf({ ...state, seed })]);
    return { values, nearest, seeds };
  }

  // 网址 ---------------------------------------------------------------------

  // 认得的参数照用，其余换成默认值并说明
  function fromAddress(search, data, { values, nearest }) {
    const state = { ...FIRST }, notes = [];
    const allowed = { ...values, step: data.steps.map(String) };
    for (const [name, value] of new URLSearchParams(search)) {
      if (!(name in FIRST)) {
        if (!FOREIGN.includes(name)) notes.push(`不认识参数 ${name}，没有理会`);
      } else if (allowed[name].includes(value)) state[name] = value;
      else notes.push(`${TITLES[name]}没有“${value}”这一项，改用 ${word(name, FIRST[name])}`);
    }
    const found = nearest(state);
    notes.push(...moved(state, found));
    return [found, notes];
  }

  const moved = (wanted, found) => {
    const changed = AXES.filter((axis) => wanted[axis] !== found[axis]);
    return changed.length ? [`这一组没有算过，已把${listed(changed.map((axis) => `${TITLES[axis]}改成 ${word(axis, found[axis])}`))}`] : [];
  };

  const addressOf = (state) => {
    const url = new URL(location.href);
    url.search = new URLSearchParams([...AXES, "step"].map((axis) => [axis, state[axis]]));
    url.hash = "";
    return url.href;
  };

  // 画图 ---------------------------------------------------------------------

  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const colours = (box) => {
    const style = getComputedStyle(box);
    const get = (name) => style.getPropertyValue(name).trim();
    return { classes: [0, 1, 2].map((k) => get(`--dl-class-${k}`)), line: get("--dl-boundary"), paper: get("--dl-play-paper") };
  };

  // 放大：每个细点取周围 4×4 格按三次 B 样条加权，分量最大的类别；边界因此平滑，最多挪动半格
  const spline = (t) => [(1 - t) ** 3, 3 * t ** 3 - 6 * t ** 2 + 4, -3 * t ** 3 + 3 * t ** 2 + 3 * t + 1, t ** 3].map((w) => w / 6);

  const tapsOf = (size) => {
    const clamp = (x) => Math.min(Math.max(x, 1), size);
    return Array.from({ length: size * ZOOM }, (_, i) => {
      const x = (i + 0.5) / ZOOM + 0.5, whole = Math.floor(x);
      return { cells: [-1, 0, 1, 2].map((d) => clamp(whole + d)), weights: spline(x - whole) };
    });
  };

  // 离边界两格以内的格子；别处的细点周围 5×5 格同属一类，不必加权，多数格如此
  function seams(frame, size) {
    const wide = size + 2, near = new Uint8Array(wide * wide);
    for (let r = 1; r <= size; r++)
      for (let c = 1; c <= size; c++) {
        const k = r * wide + c, label = frame[k];
        if ((c === size || frame[k + 1] === label) && (r === size || frame[k + wide] === label)) continue;
        const left = Math.max(c - 2, 1), right = Math.min(c + 3, size) + 1;
        for (let y = Math.max(r - 2, 1); y <= Math.min(r + 3, size); y++) near.fill(1, y * wide + left, y * wide + right);
      }
    return near;
  }

  // 先沿竖向加权，一格三个数，再沿横向
  function enlarge(frame, size) {
    const wide = size + 2, fine = size * ZOOM, labels = new Uint8Array(fine * fine);
    const taps = tapsOf(size), near = seams(frame, size), mass = new Float64Array(3 * wide);
    const blend = ({ cells, weights }) => {
      let zero = 0, one = 0, two = 0;
      for (let b = 0; b < 4; b++) {
        const at = 3 * cells[b], weight = weights[b];
        zero += weight * mass[at];
        one += weight * mass[at + 1];
        two += weight * mass[at + 2];
      }
      return zero >= one && zero >= two ? 0 : one >= two ? 1 : 2;
    };
    for (let i = 0; i < fine; i++) {
      const { cells, weights } = taps[i], row = (Math.floor(i / ZOOM) + 1) * wide + 1;
      mass.fill(0);
      for (let c = 1; c <= size; c++) for (let a = 0; a < 4; a++) mass[3 * c + frame[cells[a] * wide + c]] += weights[a];
      for (let c = 0; c < size; c++) {
        const from = i * fine + c * ZOOM;
        if (near[row + c]) for (let j = 0; j < ZOOM; j++) labels[from + j] = blend(taps[c * ZOOM + j]);
        else labels.fill(frame[row + c], from, from + ZOOM);
      }
    }
    return labels;
  }

  function regionsOf(labels, size, paint) {
    const fine = size * ZOOM;
    const image = new ImageData(fine, fine), pixels = new Uint32Array(image.data.buffer);
    const pack = ([r, g, b], alpha) => ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0; // 小端
    const fills = paint.classes.map((hex) => pack(rgb(hex), 72));
    const line = pack(rgb(paint.line), 255);
    for (let i = 0; i < fine; i++)
      for (let j = 0; j < fine; j++) {
        const k = i * fine + j, label = labels[k];
        const edge = (j + 1 < fine && labels[k + 1] !== label) || (i + 1 < fine && labels[k + fine] !== label);
        pixels[k] = edge ? line : fills[label];
      }
    const sheet = Object.assign(document.createElement("canvas"), { width: fine, height: fine });
    sheet.getContext("2d").putImageData(image, 0, 0);
    return sheet;
  }

  // 与 dlnotes.plotting 相同：圆、三角、方块
  const MARKERS = [
    (path, x, y, r) => { path.moveTo(x + r, y); path.arc(x, y, r, 0, 2 * Math.PI); },
    (path, x, y, r) => { path.moveTo(x, y - 1.15 * r); path.lineTo(x + 1.1 * r, y + 0.85 * r); path.lineTo(x - 1.1 * r, y + 0.85 * r); path.closePath(); },
    (path, x, y, r) => path.rect(x - 0.88 * r, y - 0.88 * r, 1.76 * r, 1.76 * r),
  ];

  function drawPoints(context, xy, extent, paint) {
    const side = context.canvas.width, share = xy.length / 3;
    const radius = (side / 450) * (xy.length > 600 ? 2.3 : 3.7);
    const place = (value) => ((value / 500 / extent + 1) / 2) * side;
    MARKERS.forEach((marker, k) => {
      const path = new Path2D();
      for (let i = k * share; i < (k + 1) * share; i += 2) marker(path, place(xy[i]), side - place(xy[i + 1]), radius);
      context.lineWidth = radius * 0.45;
      context.strokeStyle = paint.paper;
      context.stroke(path);
      context.fillStyle = paint.classes[k];
      context.fill(path);
    });
  }

  const CHART = { width: 440, height: 220, left: 54, right: 12, top: 12, bottom: 50 };

  // 损失曲线：纵轴取对数，训练是实线，测试是虚线加点
  function chart(data, run, index) {
    const { width, height, left, right, top, bottom } = CHART;
    const finite = [...run.trainLoss, ...run.testLoss].filter(Number.isFinite).map(Math.log10);
    const low = Math.floor(Math.min(...finite, -0.5) * 2) / 2, high = Math.ceil(Math.max(...finite, 0.1) * 2) / 2;
    const last = data.steps.at(-1);
    const x = (step) => left + ((width - left - right) * step) / last;
    const y = (loss) => (Number.isFinite(loss) ? top + ((height - top - bottom) * (high - Math.log10(loss))) / (high - low) : top);
    const path = (steps, losses) => steps.map((step, i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(losses[i]).toFixed(1)}`).join("");
    const whole = Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, i) => Math.ceil(low) + i);
    const every = Math.ceil(whole.length / 5);
    const ticks = (whole.length > 1 ? whole.filter((d) => d % every === 0) : [low, high]).map((d) => 10 ** d);
    const number = (value) => String(Number(value.toPrecision(2)));
    const step = data.steps[index], train = run.trainLoss[data.curve.indexOf(step)], test = run.testLoss[index];
    return [
      ...ticks.map((t) => `<path class="grid" d="M${left} ${y(t).toFixed(1)}H${width - right}"/><text x="${left - 6}" y="${(y(t) + 5).toFixed(1)}" text-anchor="end">${number(t)}</text>`),
      ...[1, last / 2, last].map((s) => `<text x="${x(s)}" y="${height - bottom + 20}" text-anchor="${s === last ? "end" : "middle"}">${s}</text>`),
      `<text x="${(left + width - right) / 2}" y="${height - 6}" text-anchor="middle">步（纵轴是损失，取对数）</text>`,
      `<path class="now" d="M${x(step).toFixed(1)} ${top}V${height - bottom}"/>`,
      `<path class="train" d="${path(data.curve, run.trainLoss)}"/><path class="test" d="${path(data.steps, run.testLoss)}"/>`,
      ...data.steps.map((s, i) => `<circle class="dot" cx="${x(s).toFixed(1)}" cy="${y(run.testLoss[i]).toFixed(1)}" r="2"/>`),
      `<circle class="train-now" cx="${x(step).toFixed(1)}" cy="${y(train).toFixed(1)}" r="4.5"/><circle class="test-now" cx="${x(step).toFixed(1)}" cy="${y(test).toFixed(1)}" r="4.5"/>`,
    ].join("");
  }

  // 文字 ---------------------------------------------------------------------

  const lossText = (loss) => (Number.isFinite(loss) ? (loss < 0.001 ? loss.toExponential(1) : loss >= 100 ? loss.toFixed(0) : loss.toPrecision(3)) : "溢出");

  function regionText(frame, size, state, step) {
    const share = [0, 0, 0], wide = size + 2;
    let total = 0;
    for (let i = 1; i <= size; i++)
      for (let j = 1; j <= size; j++) {
        const x = (2 * j - 1) / size - 1, y = (2 * i - 1) / size - 1;
        if (x * x + y * y > 1 / 1.21) continue; // 数据所在的单位圆
        share[frame[i * wide + j]]++;
        total++;
      }
    const parts = share.map((cells, k) => `类别 ${k} 占 ${Math.round((100 * cells) / total)}%`);
    return `第 ${step} 步的决策区域与数据点：${word("act", state.act)}${state.act === "none" ? "激活函数" : ""}，${word("opt", state.opt)}，学习率 ${state.lr}。数据所在的圆里，${listed(parts)}。`;
  }

  function seedsText(finals, digits) {
    const mean = finals.reduce((a, b) => a + b) / finals.length;
    const sd = Math.sqrt(finals.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (finals.length - 1));
    return `${finals.length} 个种子在第 1000 步的训练准确率：${listed(finals.map((v) => v.toFixed(digits)))}；${mean.toFixed(digits)} ± ${sd.toFixed(digits)}。`;
  }

  // 一个训练场 ----------------------------------------------------------------

  function begin(box, data) {
    const find = (selector) => box.querySelector(selector);
    const canvas = find("canvas"), slider = find("input[type=range]"), label = find(".dl-frames__label");
    const button = find(".dl-frames__play"), status = find(".dl-play__status"), note = find(".dl-play__note");
    const selects = Object.fromEntries([...box.querySelectorAll("select")].map((s) => [s.name, s]));
    const space = grid(data), decoded = new Map();
    const last = data.steps.length - 1;
    let state, run, timer = 0, turn = 0, stale = false, painting = false;

    const runOf = (name) => {
      if (!decoded.has(name)) {
        if (decoded.size > 60) decoded.clear();
        decoded.set(name, inflate(data.runs[name]).then((bytes) => decode(bytes, data)));
      }
      return decoded.get(name);
    };
    const say = (notes) => {
      note.textContent = notes.length ? `${notes.join("；")}。` : "";
      note.hidden = !notes.length;
    };
    const remember = (how) => {
      try {
        history[how](null, "", addressOf(state));
      } catch {
        // 有的浏览器限制改写的次数，或不许本地文件改写；链接仍可以复制
      }
    };

    // 放大、上色、画到画布上，各是一个任务
    const paint = async () => {
      const shade = colours(box), xy = pointsOf(data, state);
      const labels = enlarge(run.frame(slider.value), data.size);
      await breathe();
      const sheet = regionsOf(labels, data.size, shade);
      await breathe();
      const side = Math.round(canvas.clientWidth * Math.min(devicePixelRatio || 1, 2)) || 900;
      if (canvas.width !== side) canvas.width = canvas.height = side;
      const context = canvas.getContext("2d");
      context.clearRect(0, 0, side, side);
      context.imageSmoothingEnabled = true;
      context.imageSmoothingQuality = "high";
      context.drawImage(sheet, 0, 0, side, side);
      drawPoints(context, xy, data.extent, shade);
    };
    // 画到一半又变了，画完再画一遍
    const repaint = () => {
      stale = Boolean(run);
      if (painting || !stale) return;
      painting = true;
      requestAnimationFrame(async () => {
        try {
          while (stale) {
            stale = false;
            await paint();
          }
        } finally {
          painting = false;
        }
      });
    };

    const show = (index) => {
      const step = data.steps[index], total = 3 * state.n;
      const [right, test] = [run.trainCorrect[index], run.testCorrect[index]];
      state.step = String(step);
      slider.value = index;
      slider.style.setProperty("--dl-progress", `${(100 * index) / last}%`);
      slider.setAttribute("aria-valuetext", `第 ${step} 步`);
      label.textContent = `第 ${step} 步`;
      status.textContent =
        `第 ${step} 步，训练准确率 ${(right / total).toFixed(3)}（${right}/${total}），测试准确率 ${(test / data.numTest).toFixed(3)}（${test}/${data.numTest}）；` +
        `训练损失 ${lossText(run.trainLoss[data.curve.indexOf(step)])}，测试损失 ${lossText(run.testLoss[index])}。`;
      canvas.setAttribute("aria-label", regionText(run.frame(index), data.size, state, step));
      find(".dl-play__curve").innerHTML = chart(data, run, index);
      repaint();
    };

    const summary = async (mine) => {
      const finals = await Promise.all(space.seeds(state).map(async (seed) => (await runOf(keyOf({ ...state, seed }))).trainCorrect.at(-1) / (3 * state.n)));
      if (mine === turn) find(".dl-play__seeds").textContent = seedsText(finals, state.n === "1000" ? 4 : 3);
    };

    // 换一组设置：解开它的记录，停在同一步
    const open = async (next, notes = []) => {
      const mine = ++turn;
      state = { ...next };
      for (const [axis, select] of Object.entries(selects)) select.value = state[axis];
      say(notes);
      try {
        const found = await runOf(keyOf(state));
        await found.unfold();
        if (mine !== turn) return;
        run = found;
        const curve = find(".dl-play__curve");
        const [first, end] = [run.trainLoss[0], run.trainLoss.at(-1)];
        curve.setAttribute("aria-label", `损失曲线：训练损失从 ${lossText(first)} 到 ${lossText(end)}，测试损失从 ${lossText(run.testLoss[0])} 到 ${lossText(run.testLoss.at(-1))}，最低 ${lossText(Math.min(...run.testLoss))}。`);
        show(Math.max(0, data.steps.indexOf(Number(state.step))));
        await breathe();
        await summary(mine);
      } catch (error) {
        fail(box, error);
      }
    };

    const face = () => {
      const [shape, text] = STILL.matches
        ? ["M6.5 5.5v13L15 12zM16 5.5h2.5v13H16z", "下一帧"]
        : timer ? ["M7 5.5h3.5v13H7zm6.5 0H17v13h-3.5z", "暂停"] : ["M8 5.5v13l10.5-6.5z", "播放"];
      button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${shape}"/></svg>`;
      button.setAttribute("aria-label", text);
      button.title = text;
      status.setAttribute("aria-live", timer ? "off" : "polite"); // 播放时不逐帧念
    };
    const stop = () => {
      if (!timer) return;
      clearInterval(timer);
      timer = 0;
      face();
      remember("replaceState");
    };
    const play = () => {
      if (Number(slider.value) === last) show(0);
      timer = setInterval(() => {
        show(Math.min(Number(slider.value) + 1, last));
        if (Number(slider.value) === last) stop();
      }, MS_PER_FRAME);
      face();
    };
    const fromHere = () => {
      stop();
      return open(...fromAddress(location.search, data, space));
    };

    button.addEventListener("click", () => {
      if (STILL.matches) {
        show((Number(slider.value) + 1) % (last + 1));
        remember("replaceState");
      } else if (timer) stop();
      else play();
    });
    slider.addEventListener("input", () => {
      stop();
      show(Number(slider.value));
    });
    slider.addEventListener("change", () => remember("replaceState"));
    for (const [axis, select] of Object.entries(selects)) {
      select.replaceChildren(...space.values[axis].map((value) => new Option(word(axis, value), value)));
      select.addEventListener("change", () => {
        stop();
        const wanted = { ...state, [axis]: select.value };
        const found = space.nearest(wanted, axis);
        open(found, moved(wanted, found));
        remember("pushState");
      });
    }
    find("[data-copy]").addEventListener("click", async () => {
      const address = addressOf(state), field = find(".dl-play__address");
      try {
        await navigator.clipboard.writeText(address);
        find(".dl-play__copied").textContent = "已复制";
      } catch {
        field.hidden = false;
        field.value = address;
        field.select();
        find(".dl-play__copied").textContent = "浏览器不让脚本复制，请手动复制下面的地址";
      }
    });
    addEventListener("popstate", fromHere);
    // “试一试”里的链接不必重新载入整页
    document.querySelectorAll('.md-content a[href*="?"]').forEach((link) => {
      const url = new URL(link.href);
      if (url.pathname !== location.pathname || url.host !== location.host || !url.searchParams.has("act")) return;
      link.addEventListener("click", (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        history.pushState(null, "", url);
        fromHere();
        box.scrollIntoView({ block: "start", behavior: STILL.matches ? "auto" : "smooth" });
        slider.focus({ preventScroll: true });
      });
    });
    STILL.addEventListener("change", () => { stop(); face(); });
    new MutationObserver(repaint).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
    new ResizeObserver(repaint).observe(canvas);

    slider.max = last;
    for (const control of box.querySelectorAll(":disabled")) control.disabled = false;
    find(".dl-play__source").textContent = `${Object.keys(data.runs).length} 次训练，在 ${data.device} 上，torch ${data.torch}，共 ${data.seconds} 秒。`;
    face();
    box.classList.add("is-live");
    return fromHere();
  }

  function fail(box, error) {
    console.warn(error);
    box.classList.add("is-lost");
    const note = box.querySelector(".dl-play__note");
    note.textContent = `训练场打不开（${error.message}）。下面“静态的图”讲的是同一件事。`;
    note.hidden = false;
    box.querySelector(".dl-play__status").textContent = "没有数据。";
  }

  async function start() {
    const box = document.querySelector(".dl-play:not(.is-live)");
    if (!box) return;
    try {
      if (!globalThis.DecompressionStream) throw new Error("浏览器太旧，不能解压数据");
      const data = await load();
      await breathe();
      await begin(box, data);
    } catch (error) {
      fail(box, error);
    }
  }

  start();
})();
