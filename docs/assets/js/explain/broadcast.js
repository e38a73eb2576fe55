// 广播：两个形状右对齐，结果的形状与内存；小的画出每一格的数，看见 (n, 1) − (n,) 变成一张表。
(() => {
  "use strict";
  const { define, show } = globalThis.dlExplain;
  const MOST_DIMS = 6, MOST = 1e9;

  function shape(text) {
    const inner = text.trim().replace(/^[([（]/, "").replace(/[)\]）]$/, "").replace(/[,，]\s*$/, "").trim();
    if (inner === "") return [];
    const parts = inner.split(/[\s,，×*]+/), dims = parts.map(Number);
    if (dims.length > MOST_DIMS) throw new Error(`形状最多 ${MOST_DIMS} 维，收到 ${dims.length} 维`);
    if (parts.includes("") || !dims.every((d) => Number.isInteger(d) && d >= 0 && d <= MOST)) throw new Error(`形状应是用逗号隔开的非负整数（每维不超过十亿），如 3, 1，收到“${text.slice(0, 20)}”`);
    return dims;
  }
  const written = (dims) => `(${dims.join(", ")}${dims.length === 1 ? "," : ""})`;
  const product = (dims) => dims.reduce((all, d) => all * d, 1);
  const strides = (dims) => dims.map((_, i) => product(dims.slice(i + 1).map((d) => Math.max(d, 1))));
  // 展开之后的步长：重复使用的维是 0，一个数也没有复制
  const stretched = (dims, result) => {
    const own = strides(dims), short = result.length - dims.length;
    return result.map((d, i) => (i < short || (dims[i - short] === 1 && d !== 1) ? 0 : own[i - short]));
  };

  function model({ a, b, op }) {
    const A = shape(a), B = shape(b), length = Math.max(A.length, B.length);
    const at = (dims, i) => dims[i - (length - dims.length)] ?? 1;
    const columns = Array.from({ length }, (_, i) => {
      const [p, q] = [at(A, i), at(B, i)], ok = p === q || p === 1 || q === 1;
      return { p, q, ok, result: p === 1 ? q : p, padded: [i < length - A.length, i < length - B.length] };
    });
    const bad = columns.findLastIndex(({ ok }) => !ok);
    if (bad >= 0) return { A, B, columns, bad, length };
    const R = columns.map(({ result }) => result), count = product(R), sa = stretched(A, R), sb = stretched(B, R);
    const values = { A, B, R, columns, bad, length, count, bytes: 4 * count, sa, sb, cells: null };
    if (count && count <= 64) {
      const places = Array.from({ length: count }, (_, k) => strides(R).map((s, i) => Math.floor(k / s) % R[i]));
      const number = (place, s) => 1 + place.reduce((sum, i, d) => sum + i * s[d], 0);
      values.cells = places.map((place) => ({ place, a: number(place, sa), b: number(place, sb) })).map((cell) => ({ ...cell, value: op === "add" ? cell.a + cell.b : cell.a - cell.b }));
      values.mean = values.cells.reduce((sum, { value }) => sum + value * value, 0) / count;
      // 本来想要的：按次序一个对一个
      if (op === "sub" && product(A) === product(B)) values.paired = 0;
    }
    return values;
  }

  const CELL = 52, HIGH = 34;
  const grid = ({ R, cells }) => cells && R.length <= 2 && Math.max(...R, 1) <= 8;
  function draw(pen, values, state, { width, small }) {
    const { columns, length, bad, A, B, R } = values, left = 62, longest = Math.max(...columns.map(({ p, q, result }) => Math.max(...[p, q].map((d) => label(d, result).length))), 0);
    const size = Math.min(Math.max(CELL, 8 * longest + 12), (width - left - 70) / Math.max(length, 1));
    const box = (row, i) => [left + i * size, 8 + row * HIGH, size - 4, HIGH - 4];
    ["a", "b", "结果"].forEach((name, row) => pen.text(name, 6, 8 + row * HIGH + 15, { size: 14, colour: ["blue", "orange", "green"][row] }));
    columns.forEach((column, i) => {
      [column.p, column.q].forEach((d, row) => {
        const [x, y, w, h] = box(row, i), grown = d === 1 && column.result !== 1 && column.ok;
        pen.rect(x, y, w, h, { fill: column.ok ? ["blue", "orange"][row] : "red", alpha: grown ? 0.12 : 0.3, stroke: column.padded[row] ? "edge" : null, dash: [3, 3] });
        pen.text(grown && 7.4 * label(d, column.result).length < w ? label(d, column.result) : short(d), x + w / 2, y + h / 2, { align: "center", size: w > 46 ? 13 : 12 });
      });
      const [x, y, w, h] = box(2, i);
      pen.rect(x, y, w, h, { fill: column.ok ? "green" : "red", alpha: 0.3 });
      pen.text(column.ok ? short(column.result) : "✕", x + w / 2, y + h / 2, { align: "center", size: 13, colour: column.ok ? "ink" : "red" });
    });
    if (!length) pen.text("两个都是 0 维：一个数对一个数", left, 8 + HIGH * 1.4, { size: 13 });
    if (bad >= 0 || !grid(values)) return;
    pen.text("a、b 里的数", left + length * size + 8, 8 + HIGH * 0.45, { size: 12, colour: "muted" });
    pen.text("都从 1 数起", left + length * size + 8, 8 + HIGH * 0.45 + 18, { size: 12, colour: "muted" });
    // 每一格的数：左边一列是 a，上面一行是 b
    const [rows, cols] = R.length === 2 ? R : [1, R[0] ?? 1], top = 3 * HIGH + 48, cell = Math.min(46, (width - left - 8) / cols, small ? 40 : 46), high = 28;
    const edge = (dims) => (dims.length === 2 ? [dims[0] > 1, dims[1] > 1] : [false, (dims[0] ?? 1) > 1]);
    const [aTall, aWide] = edge(A), [bTall, bWide] = edge(B);
    const mark = (x, y, value, colour, alpha = 0.25) => {
      pen.rect(x, y, cell - 3, high - 3, { fill: colour, alpha });
      pen.text(String(value), x + (cell - 3) / 2, y + (high - 3) / 2, { align: "center", size: 13 });
    };
    const find = (r, c) => values.cells[r * cols + c];
    if (aTall && !aWide) for (let r = 0; r < rows; r++) mark(8, top + r * high, find(r, 0).a, "blue");
    if (bTall && !bWide) for (let r = 0; r < rows; r++) mark(8, top + r * high, find(r, 0).b, "orange");
    if (aWide && !aTall) for (let c = 0; c < cols; c++) mark(left + c * cell, top - high - 4, find(0, c).a, "blue");
    if (bWide && !bTall) for (let c = 0; c < cols; c++) mark(left + c * cell, top - high - 4, find(0, c).b, "orange");
    for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) mark(left + c * cell, top + r * high, String(find(r, c).value).replace("-", "−"), "green", state.op === "sub" && find(r, c).value ? 0.1 : 0.35);
  }
  const short = (d) => (d >= 1e8 ? show(d, 2) : String(d));
  const label = (d, result) => (d === 1 && result !== 1 ? `1 → ${short(result)}` : short(d));

  function memory(bytes) {
    const units = ["字节", "KB", "MB", "GB", "TB", "PB", "EB"];
    const at = bytes ? Math.min(Math.floor(Math.log(bytes) / Math.log(1024)), units.length - 1) : 0;
    return `${show(bytes / 1024 ** at)} ${units[at]}`;
  }

  function status(values, state) {
    const { A, B, R, columns, bad, length, count, bytes, sa, sb, mean } = values;
    if (bad >= 0) return `不能广播：从右数第 ${length - bad} 维，${short(columns[bad].p)} 对 ${short(columns[bad].q)}，不相等，也都不是 1。`;
    const times = [["a", A], ["b", B]].map(([name, dims]) => [name, count / product(dims)]).filter(([, one]) => one > 1);
    const grown = times.length ? `（${times.map(([name, one]) => `${name} 的 ${short(one)} 倍`).join("，")}）` : "";
    const words = [`${written(A)} 与 ${written(B)} 得 ${written(R)}，共 ${short(count)} 个数${grown}，单精度占 ${memory(bytes)}`];
    if (grown) words.push(`a 的步长变成 ${written(sa)}，b 的变成 ${written(sb)}：0 表示反复用同一个数，没有复制`);
    else if (count) words.push("一个对一个，谁也不用拉伸");
    if (state.op === "sub" && mean !== undefined) words.push(`差的平方平均是 ${show(mean)}${values.paired === 0 && mean > 0 ? "，一个对一个地减却全是 0：错了也不报错" : ""}`);
    return `${words.join("；")}。`;
  }

  const dims = (title, value) => ({ kind: "text", title, parse: shape, value, length: 30 });
  define("broadcast", {
    title: "广播",
    params: {
      a: dims("a 的形状", "3, 1"),
      b: dims("b 的形状", "4"),
      op: { kind: "choice", title: "做什么", options: { add: "a + b", sub: "a − b" }, value: "add" },
    },
    height(width, state) {
      let values;
      try {
        values = model(state);
      } catch {
        return 3 * HIGH + 16;
      }
      const rows = values.bad < 0 && grid(values) ? (values.R.length === 2 ? values.R[0] : 1) : 0;
      return 3 * HIGH + 16 + (rows ? 36 + rows * 28 : 0);
    },
    model, draw, status,
    check(state) {
      const { bad, R, sa, sb, count, bytes, cells, mean } = model(state);
      const used = (s) => s.map((one, i) => (R[i] > 1 ? one : 0)); // 长度 1 的维，步长没有用处
      return bad >= 0 ? [-1] : [...R, ...used(sa), ...used(sb), count, bytes, ...(cells ? [...cells.map(({ value }) => value), mean] : [])];
    },
  });
})();
