// 卷积：核、填充、步幅、膨胀率，窗口停在哪里；乘积与它们的和，输出边长的公式。与 F.conv2d 相同（核不翻转）。
(() => {
  "use strict";
  const { define, show, clamp, loadData } = globalThis.dlExplain;
  const KERNELS = { left: [-1, 0, 1, -1, 0, 1, -1, 0, 1], top: [-1, -1, -1, 0, 0, 0, 1, 1, 1], mean: Array(9).fill(1 / 9), sharp: [0, -1, 0, -1, 5, -1, 0, -1, 0] };
  const CORNER = [0, 0, 12, 13, 5, 0, 0, 11, 16, 9, 0, 3, 15, 16, 6, 7, 15, 16, 16, 2, 0, 1, 16, 16, 3];

  function nine(text) {
    const found = text.replace(/−/g, "-").split(/[\s,，;；]+/).filter(Boolean).map(Number);
    if (found.length !== 9 || !found.every((one) => Number.isFinite(one) && Math.abs(one) <= 100)) throw new Error(`核应是九个不超过 100 的数，用空格隔开，收到“${text.slice(0, 30)}”`);
    return found;
  }
  const picture = ({ image }, data) => (image === "corner" ? CORNER : data[image]);

  function model(state, data) {
    const X = picture(state, data), n = Math.sqrt(X.length);
    const kernel = state.kernel === "own" ? nine(state.weights) : KERNELS[state.kernel];
    const { padding, stride, dilation } = state;
    const out = Math.floor((n + 2 * padding - 2 * dilation - 1) / stride) + 1;
    const pixel = (i, j) => (i < 0 || j < 0 || i >= n || j >= n ? 0 : X[i * n + j]);
    const window = (r, c) => kernel.map((weight, k) => ({ weight, i: r * stride - padding + Math.floor(k / 3) * dilation, j: c * stride - padding + (k % 3) * dilation }));
    const at = (r, c) => window(r, c).reduce((sum, { weight, i, j }) => sum + weight * pixel(i, j), 0);
    const output = Array.from({ length: out * out }, (_, k) => at(Math.floor(k / out), k % out));
    const row = Math.min(state.row, out - 1), column = Math.min(state.column, out - 1);
    const here = window(row, column).map((cell) => ({ ...cell, pixel: pixel(cell.i, cell.j) }));
    return { X, n, kernel, out, output, row, column, here, sum: output[row * out + column] };
  }

  // 左（上）是输入连同填的零，右（下）是核与输出
  function frame({ n, out }, { padding }, { width, small }) {
    const wide = n + 2 * padding, side = small ? Math.min(width - 8, 330) : Math.min(width * 0.48, 360);
    const cell = Math.floor(side / wide), left = small ? Math.floor((width - cell * wide) / 2) : 4;
    const input = { x: left, y: 22, cell, wide };
    // 手机上核、乘积、输出排成一行；宽屏上乘积在核的下面
    if (small) {
      const y = 22 + cell * wide + 32, third = Math.floor((width - 24) / 3);
      return { input, kernel: [4, y, 34], product: [4 + third, y, 34], output: { x: 8 + 2 * third, y, cell: Math.floor(Math.min(third, 114) / out) } };
    }
    const x = side + 26, size = Math.min(Math.floor(Math.min(width - side - 150, 272) / out), 40);
    return { input, kernel: [x, 22, 34], product: [x, 156, 34], output: { x: x + 120, y: 22, cell: size } };
  }

  function draw(pen, values, state, view) {
    const { X, n, kernel, out, output, here } = values, { input, kernel: K, product: P, output: O } = frame(values, state, view);
    const head = { colour: "muted", size: 12 };
    const { padding: p } = state, words = input.cell >= 22, most = Math.max(...X);
    pen.text(`输入 ${n}×${n}${p ? `，四周补 ${p} 圈 0` : ""}`, input.x, 10, head);
    pen.image(X.map((v) => v / most), n, n, input.x + p * input.cell, input.y + p * input.cell, n * input.cell, n * input.cell);
    const box = (i, j) => [input.x + (j + p) * input.cell, input.y + (i + p) * input.cell, input.cell, input.cell];
    if (words) {
      for (let i = -p; i < n + p; i++)
        for (let j = -p; j < n + p; j++) {
          const inside = i >= 0 && j >= 0 && i < n && j < n, [x, y, w] = box(i, j), value = inside ? X[i * n + j] : 0;
          pen.rect(x, y, w, w, { stroke: inside ? "edge" : "line", dash: inside ? [] : [3, 3] });
          pen.text(String(value), x + w / 2, y + w / 2, { align: "center", size: 12, colour: inside ? (value / most > 0.5 ? "#000" : "#fff") : "muted" });
        }
    }
    for (const { i, j } of here) pen.rect(...box(i, j), { stroke: "orange", lineWidth: words ? 2.5 : 1.5 });

    // 三乘三的格子：核，以及窗口里的像素乘核
    const grid = ([x, y, cell], title, values, tinted) => {
      pen.text(title, x, y - 12, head);
      values.forEach((value, k) => {
        const at = [x + (k % 3) * cell, y + Math.floor(k / 3) * cell];
        pen.rect(...at, cell, cell, { fill: tinted && value ? (value > 0 ? "blue" : "orange") : null, alpha: 0.2, stroke: "edge" });
        const text = show(value, 2);
        pen.text(text, at[0] + cell / 2, at[1] + cell / 2, { align: "center", size: text.length > 4 ? 11 : 13 });
      });
    };
    grid(K, "核", kernel, true);
    grid(P, "乘积", here.map(({ weight, pixel }) => weight * pixel), false);
    pen.text(`合计 ${show(values.sum, 6)}`, P[0], P[1] + 3 * P[2] + 15, { size: 14, bold: true });

    pen.text(`输出 ${out}×${out}`, O.x, O.y - 12, head);
    pen.signed(output, out, out, O.x, O.y, O.cell * out, O.cell * out, 0.75);
    if (O.cell >= 10) pen.grid(out, out, O.x, O.y, O.cell, "line");
    const numbers = output.map((value) => show(value, 3)), size = O.cell >= 30 ? 12 : 11;
    // 小格里个个都放得下才写：只写得下的那几个，看上去像别的都是空的
    if (numbers.every((text) => text.length * size * 0.6 < O.cell))
      numbers.forEach((text, k) => pen.text(text, O.x + ((k % out) + 0.5) * O.cell, O.y + (Math.floor(k / out) + 0.5) * O.cell, { align: "center", size, back: "paper" }));
    pen.rect(O.x + values.column * O.cell, O.y + values.row * O.cell, O.cell, O.cell, { stroke: "ink", lineWidth: 2.5 });

    // 边长的公式，代入现在的数
    const y = view.height - 14, d = state.dilation;
    pen.text(`边长 = ⌊(${n} + 2×${p} − ${d}×(3 − 1) − 1) ÷ ${state.stride}⌋ + 1 = ${out}`, 4, y, { size: view.small ? 13 : 15 });
  }

  function pads(values, state, view) {
    const { input, output: O } = frame(values, state, view), { out } = values;
    const stay = (row, column) => ({ row: clamp(row, 0, out - 1), column: clamp(column, 0, out - 1) });
    const text = `第 ${values.row + 1} 行第 ${values.column + 1} 列，${show(values.sum, 6)}`;
    const key = (dx, dy) => stay(values.row + dy, values.column + dx), now = values.row * out + values.column, most = out * out - 1;
    const centre = state.dilation + 0.5, whole = [input.x, input.y, input.cell * input.wide, input.cell * input.wide];
    // 手机上只有窗口能拖，别处留给手指滚动
    const span = Math.max((2 * state.dilation + 1) * input.cell, 44), edge = (k) => (k * state.stride + centre) * input.cell - span / 2;
    const window = [input.x + edge(values.column), input.y + edge(values.row), span, span];
    return [
      {
        id: "input", label: "窗口", cursor: "move", box: view.small ? window : whole, text, now, most, key,
        drag: (x, y) => stay(Math.round(((y - input.y) / input.cell - centre) / state.stride), Math.round(((x - input.x) / input.cell - centre) / state.stride)),
      },
      {
        id: "output", label: "输出的哪一格", cursor: "pointer", box: [O.x, O.y, O.cell * out, O.cell * out], text, now, most, key,
        drag: (x, y) => stay(Math.floor((y - O.y) / O.cell), Math.floor((x - O.x) / O.cell)),
      },
    ];
  }

  function status({ here, sum, row, column, out }, state) {
    const parts = here.filter(({ weight, pixel }) => weight && pixel);
    const words = parts.map(({ weight, pixel }) => `${show(pixel)}×${weight < 0 ? `(${show(weight)})` : show(weight)}`).join(" + ") || "九个乘积都是 0";
    const before = state.stride === 1 && 2 * state.padding === 2 * state.dilation ? "输出与输入一样大。" : "";
    return `第 ${row + 1} 行第 ${column + 1} 列：${words}，合计 ${show(sum, 6)}。输出共 ${out * out} 格，蓝是正数，橙是负数，越深绝对值越大。${before}`;
  }

  define("convolution", {
    title: "卷积的一步",
    params: {
      image: { kind: "choice", title: "图", options: { corner: "手写 1 的一角", digit: "整个手写的 1", photo: "照片的一块" }, value: "corner" },
      kernel: { kind: "choice", title: "核", options: { left: "左边缘", top: "上边缘", mean: "平均", sharp: "锐化", own: "自己填" }, value: "left" },
      padding: { kind: "range", title: "填充", min: 0, max: 2, step: 1, value: 1 },
      stride: { kind: "range", title: "步幅", min: 1, max: 3, step: 1, value: 2 },
      dilation: { kind: "range", title: "膨胀率", min: 1, max: 2, step: 1, value: 1 },
      weights: { kind: "text", title: "自己填的核（九个数）", parse: nine, value: "0 0 0 0 1 0 0 0 0", length: 80, unless: ({ kernel }) => kernel !== "own" },
      row: { kind: "range", title: "输出的行", min: 0, max: 99, step: 1, value: 0, hidden: true },
      column: { kind: "range", title: "输出的列", min: 0, max: 99, step: 1, value: 1, hidden: true },
    },
    load: () => loadData("convolution"),
    fix: (next) => ({ ...next, padding: Math.round(next.padding), stride: Math.round(next.stride), dilation: Math.round(next.dilation), row: Math.round(next.row), column: Math.round(next.column) }),
    height: (width) => (width < 480 ? 22 + Math.min(width - 8, 330) + 32 + 102 + 60 : 410),
    model, draw, pads, status,
    check: (state, data) => model(state, data).output,
  });
})();
