// 深度 × 激活 × 初始化：一个真的小网络，每层 24 个单元、16 个样本，前向与反向都在这里算。
(() => {
  "use strict";
  const { define, show, clamp } = globalThis.dlExplain;
  const WIDTH = 24, BATCH = 16, DEEPEST = 24, BINS = 24;
  const ACTIVATIONS = {
    tanh: { f: Math.tanh, slope: (z, h) => 1 - h * h, range: [-1, 1] },
    sigmoid: { f: (z) => 1 / (1 + Math.exp(-z)), slope: (z, h) => h * (1 - h), range: [0, 1] },
    relu: { f: (z) => Math.max(z, 0), slope: (z) => (z > 0 ? 1 : 0), range: [-3, 3] },
    none: { f: (z) => z, slope: () => 1, range: [-3, 3] },
  };

  // mulberry32 取均匀数，Box–Muller 变成正态；产生标准答案的 PyTorch 代码用同样的算法
  function normals(seed, count) {
    let a = seed >>> 0;
    const uniform = () => {
      a = (a + 0x6d2b79f5) >>> 0;
      let t = Math.imul(a ^ (a >>> 15), 1 | a);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
    };
    const out = new Float64Array(count);
    for (let i = 0; i < count; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(uniform())), turn = 2 * Math.PI * uniform();
      out[i] = radius * Math.cos(turn);
      out[i + 1] = radius * Math.sin(turn);
    }
    return out;
  }
  // 一份种子抽一次：输入、末层的方向、各层的权重
  const drawn = new Map();
  const sample = (seed) => {
    if (!drawn.has(seed)) {
      const size = WIDTH * WIDTH, all = normals(seed, BATCH * WIDTH + WIDTH + DEEPEST * size);
      const weights = Array.from({ length: DEEPEST }, (_, k) => all.subarray(BATCH * WIDTH + WIDTH + k * size, BATCH * WIDTH + WIDTH + (k + 1) * size));
      drawn.set(seed, { X: all.subarray(0, BATCH * WIDTH), end: all.subarray(BATCH * WIDTH, BATCH * WIDTH + WIDTH), weights });
    }
    return drawn.get(seed);
  };

  // out[b, i] = scale · Σⱼ W[i, j] · in[b, j]；transposed 时是 Σᵢ W[i, j] · in[b, i]。一次算几个，手机上快得多
  function multiply(W, input, scale, transposed) {
    const out = new Float64Array(BATCH * WIDTH);
    for (let base = 0; base < out.length; base += WIDTH) {
      if (transposed) {
        for (let i = 0, at = 0; i < WIDTH; i += 2, at += 2 * WIDTH) {
          const one = scale * input[base + i], two = scale * input[base + i + 1];
          for (let j = 0; j < WIDTH; j++) out[base + j] += W[at + j] * one + W[at + WIDTH + j] * two;
        }
      } else {
        for (let i = 0, at = 0; i < WIDTH; i++, at += WIDTH) {
          let even = 0, odd = 0;
          for (let j = 0; j < WIDTH; j += 2) {
            even += W[at + j] * input[base + j];
            odd += W[at + j + 1] * input[base + j + 1];
          }
          out[base + i] = scale * (even + odd);
        }
      }
    }
    return out;
  }

  const rms = (values) => {
    let sum = 0;
    for (const one of values) sum += one * one;
    return Math.sqrt(sum / values.length);
  };
  // 每个单元在各个样本上的标准差，再取平均：样本还分得开吗
  function spread(h) {
    let total = 0;
    for (let i = 0; i < WIDTH; i++) {
      let mean = 0, square = 0;
      for (let b = 0; b < BATCH; b++) mean += h[b * WIDTH + i] / BATCH;
      for (let b = 0; b < BATCH; b++) square += (h[b * WIDTH + i] - mean) ** 2;
      total += Math.sqrt(square / BATCH);
    }
    return total / WIDTH;
  }

  function model({ depth, scale, activation, seed }) {
    const { X, end, weights } = sample(seed), { f, slope } = ACTIVATIONS[activation], factor = scale / Math.sqrt(WIDTH);
    const before = [], after = [];
    let h = X;
    for (let k = 0; k < depth; k++) {
      const z = multiply(weights[k], h, factor, false);
      h = z.map(f);
      before.push(z);
      after.push(h);
    }
    // 损失取 (1/B) Σ end·h：末层各单元的梯度就是 end / B
    const gradients = Array(depth), deltas = Array(depth);
    let delta = h.map((_, at) => end[at % WIDTH] / BATCH);
    for (let k = depth - 1; k >= 0; k--) {
      for (let at = 0; at < delta.length; at++) delta[at] *= slope(before[k][at], after[k][at]);
      deltas[k] = delta;
      gradients[k] = rms(delta);
      if (k) delta = multiply(weights[k], delta, factor, true);
    }
    return { after, deltas, gradients, sizes: after.map(rms), spreads: after.map(spread) };
  }

  // 各层的直方图，竖着画，左右对称，low 在下，high 在上；logged 时先取绝对值的常用对数，太小的与 0 不画
  function histograms(layers, low, high, logged, { left, step, base, tall, bins }) {
    const bars = [], counts = new Uint16Array(bins), per = bins / (high - low);
    layers.forEach((layer, k) => {
      let most = 0;
      counts.fill(0);
      for (let i = 0; i < layer.length; i++) {
        let bin = Math.floor(((logged ? Math.log10(Math.abs(layer[i])) : layer[i]) - low) * per);
        if (bin < 0 && logged) continue;
        bin = bin < 0 ? 0 : bin >= bins ? bins - 1 : bin;
        if (++counts[bin] > most) most = counts[bin];
      }
      const middle = left + (k + 0.5) * step, widest = (step * 0.46) / most;
      for (let bin = 0; bin < bins; bin++) if (counts[bin]) bars.push([middle - counts[bin] * widest, base - ((bin + 1) / bins) * tall, 2 * counts[bin] * widest, tall / bins]);
    });
    return bars;
  }

  function draw(pen, { after, deltas, gradients, spreads }, state, { width, height }) {
    const left = 40, right = width - 8, step = (right - left) / state.depth, tall = Math.round((height - 80) * 0.46);
    const top = 24, base = top + tall, [low, high] = ACTIVATIONS[state.activation].range;
    pen.text("每层输出的分布（上下是值，越宽越多）", left, 10, { colour: "muted", size: 12 });
    const y = (value) => base - ((value - low) / (high - low)) * tall;
    for (const tick of [low, (low + high) / 2, high]) {
      pen.line([[left, y(tick)], [right, y(tick)]], "line", { width: 1 });
      pen.text(show(tick), left - 6, y(tick), { align: "right", colour: "muted", size: 12 });
    }
    pen.rects(histograms(after, low, high, false, { left, step, base, tall, bins: BINS }), "blue");

    const box = { left, right, top: base + 40, bottom: height - 26 };
    const logs = [gradients, spreads].map((row) => row.map((value) => clamp(Math.log10(value), -16, 16)));
    const finite = logs.flat().filter((value) => !Number.isNaN(value));
    const floor = Math.max(-16, Math.floor((Math.min(...finite, -1) - 1) / 2) * 2), roof = Math.min(16, Math.ceil(Math.max(...finite, 1) / 2) * 2);
    const ly = (value) => box.bottom - ((value - floor) / (roof - floor)) * (box.bottom - box.top);
    const every = Math.max(2, Math.ceil((roof - floor) / 8) * 2);
    for (let tick = Math.ceil(floor / every) * every; tick <= roof; tick += every) {
      pen.line([[left, ly(tick)], [right, ly(tick)]], "line", { width: 1 });
      pen.text(tick ? `10${superscript(tick)}` : "1", left - 6, ly(tick), { align: "right", colour: "muted", size: 12 });
    }
    pen.rects(histograms(deltas, floor, roof, true, { left, step, base: box.bottom, tall: box.bottom - box.top, bins: 2 * BINS }), "orange", 0.35);
    const put = (row, colour, dash) => {
      const points = row.map((value, k) => [left + (k + 0.5) * step, ly(value)]);
      pen.line(points, colour, { dash });
      pen.dots(points, 2.5, colour);
    };
    put(logs[0], "orange", []);
    put(logs[1], "blue", [6, 4]);
    pen.text("梯度：分布与大小", left, box.top - 12, { colour: "orange", size: 12 });
    pen.text("样本之间的差别（虚线）", left + 116, box.top - 12, { colour: "blue", size: 12 });
    for (const k of [0, Math.floor(state.depth / 2), state.depth - 1]) pen.text(String(k + 1), left + (k + 0.5) * step, height - 12, { align: "center", colour: "muted", size: 12 });
    pen.text("第几层", right, base + 14, { align: "right", colour: "muted", size: 12 });
  }
  const superscript = (value) => [...String(value)].map((c) => ({ "-": "⁻" })[c] ?? "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]).join("");

  function status({ gradients, spreads }, { depth, scale }) {
    const ratio = gradients[0] / gradients.at(-1), words = [];
    if (!Number.isFinite(ratio) || gradients.some((g) => !Number.isFinite(g))) return `已经溢出：有的层算出的是 ∞ 或 NaN。`;
    words.push(gradients.at(-1) === 0 ? "末层的梯度就是 0" : `第 1 层的梯度是末层的 ${show(ratio, 2)} 倍`);
    if (depth > 1 && ratio > 0) words.push(`往回每过一层平均乘 ${show(ratio ** (1 / (depth - 1)), 3)}`);
    words.push(`末层样本间的差别是第 1 层的 ${show(spreads.at(-1) / spreads[0], 2)} 倍`);
    return `${words.join("，")}。权重的标准差是 ${show(scale)} ÷ √${WIDTH} = ${show(scale / Math.sqrt(WIDTH))}。`;
  }

  define("depth", {
    title: "深度、激活函数与权重大小",
    params: {
      activation: { kind: "choice", title: "激活函数", options: { tanh: "Tanh", sigmoid: "Sigmoid", relu: "ReLU", none: "没有" }, value: "sigmoid" },
      depth: { kind: "range", title: "层数", min: 2, max: DEEPEST, step: 1, value: 20 },
      scale: { kind: "range", title: `权重的标准差 × √${WIDTH}`, min: 0.1, max: 10, log: true, value: 1 },
      seed: { kind: "range", title: "种子", min: 0, max: 9, step: 1, value: 0 },
    },
    fix: (next) => ({ ...next, depth: Math.round(next.depth), seed: Math.round(next.seed) }),
    height: () => 420,
    model, draw, status,
    check(state) {
      const { sizes, spreads, gradients } = model(state);
      return [...sizes, ...spreads, ...gradients];
    },
  });
})();
