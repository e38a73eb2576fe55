// LeNet 看字：这一页训练出来的网络（权重取半精度）在浏览器里前向一遍，看得见每张特征图与每一类的概率。
(() => {
  "use strict";
  const { define, show, clamp, loadData } = globalThis.dlExplain;
  const SIDE = 32, BRUSH = 1.25;

  // 半精度的两个字节变成数
  function half(bits) {
    const sign = bits & 0x8000 ? -1 : 1, power = (bits >> 10) & 31, rest = bits & 1023;
    if (power === 0) return sign * rest * 2 ** -24;
    return sign * (1 + rest / 1024) * 2 ** (power - 15);
  }
  function unpack(text) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), view = new DataView(bytes.buffer);
    return Float64Array.from({ length: bytes.length / 2 }, (_, i) => half(view.getUint16(2 * i, true)));
  }
  // 第一次用到才解开
  function network(data) {
    data.layers ??= Object.fromEntries(Object.entries(data.weights).map(([name, text]) => [name, unpack(text)]));
    return data.layers;
  }

  function convolve(input, channels, side, W, bias, filters) {
    const out = side - 4, maps = new Float64Array(filters * out * out);
    for (let f = 0; f < filters; f++) {
      const map = maps.subarray(f * out * out, (f + 1) * out * out).fill(bias[f]);
      // 核的一行五个数一次加完：五分之一的读写
      for (let c = 0; c < channels; c++)
        for (let row = 0; row < 5; row++) {
          const k = (f * channels + c) * 25 + row * 5, [a, b, d, e, g] = W.subarray(k, k + 5);
          for (let i = 0; i < out; i++)
            for (let j = 0, at = c * side * side + (i + row) * side, to = i * out; j < out; j++, at++) map[to + j] += a * input[at] + b * input[at + 1] + d * input[at + 2] + e * input[at + 3] + g * input[at + 4];
        }
    }
    return maps;
  }
  // ReLU 之后取 2×2 里最大的
  function pool(maps, channels, side) {
    const out = side / 2, small = new Float64Array(channels * out * out);
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < out; i++)
        for (let j = 0; j < out; j++) {
          const at = c * side * side + 2 * i * side + 2 * j;
          small[c * out * out + i * out + j] = Math.max(0, maps[at], maps[at + 1], maps[at + side], maps[at + side + 1]);
        }
    return small;
  }
  function linear(input, W, bias, relu) {
    return bias.map((b, i) => {
      let sum = b;
      for (let j = 0, at = i * input.length; j < input.length; j++) sum += W[at + j] * input[j];
      return relu ? Math.max(sum, 0) : sum;
    });
  }

  // 画的笔迹：32×32 个点，写成 256 个十六进制字
  function dots(text) {
    if (!/^([0-9a-f]{256})?$/.test(text)) throw new Error(`笔迹应是 256 个十六进制字，收到 ${text.length} 个`);
    return Array.from(text || "0".repeat(256)).flatMap((c) => [8, 4, 2, 1].map((bit) => (parseInt(c, 16) & bit ? 1 : 0)));
  }
  const packed = (ink) => Array.from({ length: 256 }, (_, i) => (8 * ink[4 * i] + 4 * ink[4 * i + 1] + 2 * ink[4 * i + 2] + ink[4 * i + 3]).toString(16)).join("");
  // 笔迹抹匀一点，放在暗的背景上：与训练用的图一样是亮字暗底
  function pixels(state, data) {
    if (state.sample !== "own") return Float64Array.from(atob(data.samples[Number(state.sample)]), (c) => c.charCodeAt(0) / 255);
    const ink = dots(state.ink), image = new Float64Array(SIDE * SIDE).fill(0.15);
    ink.forEach((one, k) => {
      if (!one) return;
      const i = Math.floor(k / SIDE), j = k % SIDE;
      for (let u = Math.max(i - 1, 0); u <= Math.min(i + 1, SIDE - 1); u++)
        for (let v = Math.max(j - 1, 0); v <= Math.min(j + 1, SIDE - 1); v++) image[u * SIDE + v] += (0.75 / 16) * (u === i ? 2 : 1) * (v === j ? 2 : 1);
    });
    return image;
  }

  function model(state, data) {
    const net = network(data), image = pixels(state, data), X = image.map((v) => (v - data.center) / data.scale);
    const c1 = convolve(X, 1, 32, net["features.0.weight"], net["features.0.bias"], 6), s2 = pool(c1, 6, 28);
    const c3 = convolve(s2, 6, 14, net["features.3.weight"], net["features.3.bias"], 16), s4 = pool(c3, 16, 10);
    const c5 = linear(s4, net["classifier.0.weight"], net["classifier.0.bias"], true);
    const f6 = linear(c5, net["classifier.2.weight"], net["classifier.2.bias"], true);
    const scores = linear(f6, net["classifier.4.weight"], net["classifier.4.bias"], false);
    const most = Math.max(...scores), e = scores.map((z) => Math.exp(z - most)), total = e.reduce((a, b) => a + b);
    const p = e.map((one) => one / total), order = [...p.keys()].sort((a, b) => p[b] - p[a]);
    return { image, c1, s2, c3, s4, scores, p, order, empty: state.sample === "own" && !/[1-9a-f]/.test(state.ink) };
  }

  function frame({ width, small }) {
    const side = small ? Math.min(Math.floor(width * 0.5), 200) : 230;
    return { input: [0, 22, side], bars: small ? [side + 14, 22, width - side - 18, side] : [width - 190, 22, 186, side], left: side + 22 };
  }

  function tiles(pen, maps, count, side, x, y, size, columns) {
    // 拼成一张再画，各张之间空一格
    const area = side * side, step = side + 1, rows = Math.ceil(count / columns), wide = columns * step - 1, high = rows * step - 1;
    const sheet = new Float64Array(wide * high).fill(-1);
    for (let k = 0; k < count; k++) {
      const map = maps.subarray(k * area, (k + 1) * area), most = Math.max(...map, 1e-9);
      const corner = Math.floor(k / columns) * step * wide + (k % columns) * step;
      map.forEach((v, at) => (sheet[corner + Math.floor(at / side) * wide + (at % side)] = Math.max(v, 0) / most));
    }
    pen.image(sheet, high, wide, x, y, (wide / side) * size, (high / side) * size);
  }

  function draw(pen, values, state, view, data) {
    const { input, bars, left } = frame(view), head = { colour: "muted", size: 12 }, { small, width } = view;
    pen.text(small ? "输入（在这里写）" : "输入 32×32（在这里写）", input[0], 10, head);
    pen.image(values.image, SIDE, SIDE, input[0], input[1], input[2], input[2]);
    pen.rect(input[0] + 0.5, input[1] + 0.5, input[2] - 1, input[2] - 1, { stroke: "edge" });

    const [bx, by, bw, bh] = bars, row = bh / 10;
    pen.text("每一类的概率", bx, 10, head);
    values.p.forEach((p, k) => {
      const y = by + row * (k + 0.5), best = k === values.order[0] && !values.empty;
      pen.text(data.labels[k], bx, y, { size: 15, bold: best });
      pen.rect(bx + 22, y - row * 0.32, (bw - 70) * (values.empty ? 0 : p), row * 0.64, { fill: best ? "orange" : "blue" });
      pen.text(values.empty ? "–" : p.toFixed(3), bx + bw, y, { size: 12, align: "right", colour: "muted" });
    });

    if (values.empty) return; // 还没有字，各张图没有什么可看
    const layers = state.maps === "pooled" ? [["S2", 14, values.s2], ["S4", 5, values.s4]] : [["C1", 28, values.c1], ["C3", 10, values.c3]];
    const [first, second] = layers.map(([name, side, maps]) => ({ side, maps, words: `${name}：${maps.length / side / side} 张 ${side}×${side}` }));
    if (small) {
      const size = Math.floor(width / 6.4), y = input[2] + 54;
      pen.text(first.words, 0, y - 12, head);
      tiles(pen, first.maps, 6, first.side, 0, y, size, 6);
      const next = y + size + 30, tiny = Math.floor(width / 9.4);
      pen.text(second.words, 0, next - 12, head);
      tiles(pen, second.maps, 16, second.side, 0, next, tiny, 8);
      return;
    }
    const space = width - left - 212, size = Math.min(Math.floor(space / 6.4), 60);
    pen.text(first.words, left, 10, head);
    tiles(pen, first.maps, 6, first.side, left, 22, size, 6);
    const tiny = Math.min(Math.floor(space / 9.4), 50), y = 22 + size + 34;
    pen.text(second.words, left, y - 12, head);
    tiles(pen, second.maps, 16, second.side, left, y, tiny, 8);
  }

  let last = null;
  function pads(values, state, view) {
    const [x, y, side] = frame(view).input;
    const paint = (px, py, phase) => {
      const at = [((px - x) / side) * SIDE, ((py - y) / side) * SIDE];
      if (phase === "up") {
        last = null;
        return null;
      }
      const ink = state.sample === "own" ? dots(state.ink) : dots("");
      const from = phase === "down" || !last ? at : last, steps = Math.ceil(Math.hypot(at[0] - from[0], at[1] - from[1])) + 1;
      for (let s = 0; s <= steps; s++) {
        const [cx, cy] = [0, 1].map((d) => from[d] + ((at[d] - from[d]) * s) / steps);
        for (let i = Math.max(0, Math.floor(cy - 2)); i < Math.min(SIDE, cy + 2); i++)
          for (let j = Math.max(0, Math.floor(cx - 2)); j < Math.min(SIDE, cx + 2); j++) if (Math.hypot(i + 0.5 - cy, j + 0.5 - cx) <= BRUSH) ink[i * SIDE + j] = 1;
      }
      last = at;
      return { sample: "own", ink: packed(ink) };
    };
    return [{
      id: "paper", label: "写字的地方（方向键换一张现成的图）", cursor: "crosshair", box: [x, y, side, side],
      now: state.sample === "own" ? 0 : Number(state.sample) + 1, most: 10, text: state.sample === "own" ? "自己写的" : `现成的第 ${Number(state.sample) + 1} 张`,
      drag: (px, py, phase, now) => {
        state = now; // 一笔之中会来好几次，用最新的笔迹
        return paint(px, py, phase);
      },
      key: (dx, dy) => ({ sample: String(clamp((state.sample === "own" ? -1 : Number(state.sample)) + Math.sign(dx + dy), 0, 9)) }),
    }];
  }

  function status({ p, order, empty }, state, data) {
    if (empty) return `在左边的黑框里写一个字，或者选一张现成的图。认得的只有这十个：${data.labels.join("、")}。`;
    const [first, second] = order, name = (k) => `“${data.labels[k]}”${p[k].toFixed(3)}`;
    const sure = p[first] > 0.9 ? "很有把握：" : p[first] > 0.6 ? "有些把握：" : "拿不准：";
    const truth = state.sample === "own" ? "它只认得这十个字，别的也会硬认成其中一个。" : `其实是“${data.labels[data.truth[Number(state.sample)]]}”。`;
    return `${sure}最像${name(first)}，其次${name(second)}。${truth}`;
  }

  define("lenet", {
    title: "LeNet 看字",
    params: {
      sample: { kind: "choice", title: "看哪张图", options: { ...Object.fromEntries(Array.from({ length: 10 }, (_, k) => [k, `测试图 ${k + 1}`])), own: "自己写" }, value: "0" },
      maps: { kind: "choice", title: "看哪几层", options: { pooled: "池化之后", convolved: "卷积之后" }, value: "pooled" },
      ink: { kind: "text", title: "笔迹", parse: dots, value: "", hidden: true },
    },
    load: () => loadData("lenet"),
    actions: [{ title: "擦掉重写", run: () => ({ sample: "own", ink: "" }) }],
    height: (width) => (width < 480 ? Math.min(Math.floor(width * 0.5), 200) + 54 + Math.floor(width / 6.4) + 36 + Math.ceil(2.2 * Math.floor(width / 9.4)) : 262),
    model, draw, pads, status,
    check(state, data) {
      const { c1, s2, c3, s4, scores, p } = model(state, data);
      // 卷积之后的图数目多，只比各张（ReLU 之后）的平均
      const means = [[c1, 784], [c3, 100]].flatMap(([maps, area]) => Array.from({ length: maps.length / area }, (_, k) => maps.subarray(k * area, (k + 1) * area).reduce((sum, v) => sum + Math.max(v, 0), 0) / area));
      return [...means, ...s2, ...s4, ...scores, ...p];
    },
  });
})();
