// 计算图：两层的标量网络 L = (v·ReLU(wx + b) + x − y)²。一步一步往前算，再一步一步往回传；x 用了两次，梯度相加。
(() => {
  "use strict";
  const { define, show } = globalThis.dlExplain;
  const n = (value) => show(value, 4);
  const also = (value) => (value < 0 ? `(${n(value)})` : n(value)); // 接在运算符号后面的
  const OPS = ["u", "z", "h", "p", "s", "e", "L"], FORWARD = OPS.length;
  const SIGNS = { u: "×", z: "＋", h: "ReLU", p: "×", s: "＋", e: "－", L: "平方" };
  const FORMULAS = { u: "u = w·x", z: "z = u + b", h: "h = ReLU(z)", p: "p = v·h", s: "s = p + x", e: "e = s − y", L: "L = e²" };

  function model({ x, w, b, v, y, step }) {
    const u = w * x, z = u + b, h = Math.max(z, 0), p = v * h, s = p + x, e = s - y, L = e * e;
    const g = { L: 1 };
    g.e = 2 * e;
    g.s = g.e;
    g.y = -g.e;
    g.p = g.s;
    g.skip = g.s; // x 的第二条路：直接加进来
    g.v = g.p * h;
    g.h = g.p * v;
    g.z = z > 0 ? g.h : 0;
    g.u = g.z;
    g.b = g.z;
    g.w = g.u * x;
    g.straight = g.u * w; // x 的第一条路：经过 w
    g.x = g.skip + g.straight;
    return { value: { x, w, b, v, y, u, z, h, p, s, e, L }, g, done: Math.min(step, FORWARD), back: Math.max(0, step - FORWARD) };
  }

  const known = ({ done }, name) => !OPS.includes(name) || OPS.indexOf(name) < done;
  // 反向走到第几步，这个量的梯度才传到：0 步时只有 L 自己的 1
  const ARRIVES = { L: 0, e: 1, s: 2, y: 2, p: 3, skip: 3, h: 4, v: 4, z: 5, u: 6, b: 6, w: 7, straight: 7, x: 7 };
  const arrived = ({ done, back }, name) => done === FORWARD && back > 0 && ARRIVES[name] <= back;

  const ROW = 58, TOP = 34;
  const rowOf = (name) => TOP + ROW * ({ x: 0, u: 1, w: 1, z: 2, b: 2, h: 3, p: 4, v: 4, s: 5, e: 6, y: 6, L: 7 }[name]);

  function draw(pen, values, state, { width, small }) {
    const middle = small ? width * 0.42 : width * 0.36, left = small ? 36 : width * 0.12, rail = small ? width * 0.66 : width * 0.54;
    const number = (name) => (known(values, name) ? n(values.value[name]) : "？");
    // 边：值在左，梯度在右
    const edge = (x0, y0, x1, y1, grad, back = true) => {
      pen.line([[x0, y0], [x1, y1]], "edge", { width: 1.5 });
      if (back && arrived(values, grad)) pen.arrow(x1, y1, x1 + (x0 - x1) * 0.45, y1 + (y0 - y1) * 0.45, "orange", 2);
    };
    for (const [name, op] of [["w", "u"], ["b", "z"], ["v", "p"], ["y", "e"]]) edge(left + 30, rowOf(name), middle - 26, rowOf(op), name);
    const chain = ["x", ...OPS];
    chain.slice(1).forEach((name, i) => edge(middle, rowOf(chain[i]) + 16, middle, rowOf(name) - 16, i ? chain[i] : "straight"));
    pen.line([[middle + 30, rowOf("x")], [rail, rowOf("x") + 14], [rail, rowOf("s") - 14], [middle + 28, rowOf("s")]], "edge", { width: 1.5 });
    if (arrived(values, "skip")) pen.arrow(rail, rowOf("s") - 14, rail, rowOf("h"), "orange", 2);

    for (const name of ["x", "w", "b", "v", "y"]) {
      const cx = name === "x" ? middle : left, cy = rowOf(name);
      pen.rect(cx - 32, cy - 16, 64, 32, { fill: "sheet", stroke: "edge" });
      pen.text(`${name} = ${n(values.value[name])}`, cx, cy, { align: "center", size: 13 });
      if (name !== "x" && arrived(values, name)) pen.text(n(values.g[name]), cx, cy + 25, { align: "center", colour: "orange", size: 13, bold: true });
    }
    OPS.forEach((name, i) => {
      const cy = rowOf(name), now = values.back ? FORWARD - values.back === i : values.done - 1 === i;
      pen.rect(middle - 28, cy - 16, 56, 32, { fill: "paper", stroke: now ? "orange" : "edge", lineWidth: now ? 3 : 1.5 });
      pen.text(SIGNS[name], middle, cy, { align: "center", size: 13 });
      const y = name === "L" ? cy : cy + ROW / 2;
      pen.text(number(name), name === "L" ? middle + 36 : middle - 8, y, { align: name === "L" ? "left" : "right", colour: "green", size: 13, bold: true, back: "paper" });
      if (arrived(values, name)) pen.text(n(values.g[name]), name === "L" ? middle + 36 : middle + 8, name === "L" ? cy + 17 : y, { colour: "orange", size: 13, bold: true, back: "paper" });
    });
    if (arrived(values, "straight")) pen.text(n(values.g.straight), middle + 8, rowOf("x") + ROW / 2, { colour: "orange", size: 13, bold: true, back: "paper" });
    if (arrived(values, "skip")) pen.text(n(values.g.skip), rail + 6, rowOf("h") + ROW / 2, { colour: "orange", size: 13, bold: true, back: "paper" });
    if (arrived(values, "x")) {
      const both = `${n(values.g.straight)} + ${also(values.g.skip)} = ${n(values.g.x)}`;
      const far = small && both.length > 14; // 窄的屏上，长的靠右，再长的只写和
      pen.text(small && both.length > 23 ? `共 ${n(values.g.x)}` : both, far ? width - 2 : middle + 40, rowOf("x") - 14, { align: far ? "right" : "left", colour: "orange", size: 13, bold: true });
    }
    // 右边一列：每一步的算式；左上角：两种颜色是什么
    OPS.forEach((name, i) => pen.text(FORMULAS[name], small ? rail + 14 : width * 0.72, rowOf(name), { size: small ? 12 : 14, colour: i < values.done ? "ink" : "muted" }));
    pen.text("绿：往前算的值", 2, 14, { size: 12, colour: "green" });
    pen.text("橙：往回传的梯度", 2, 33, { size: 12, colour: "orange" });
  }

  function status(values, { step }) {
    const { value: q, g } = values;
    if (step === 0) return "按“播放”或拖动“第几步”：先从上往下算出每个值，再从下往上传回梯度。";
    if (step <= FORWARD) {
      const name = OPS[step - 1];
      const how = { u: `${n(q.w)} × ${also(q.x)}`, z: `${n(q.u)} + ${also(q.b)}`, h: `max(${n(q.z)}, 0)`, p: `${n(q.v)} × ${n(q.h)}`, s: `${n(q.p)} + ${also(q.x)}`, e: `${n(q.s)} − ${also(q.y)}`, L: `${n(q.e)} 的平方` }[name];
      return `往前第 ${step} 步：${FORMULAS[name]} = ${how}，得 ${n(q[name])}。`;
    }
    return [
      `平方：上游是 1，局部导数 2e = ${n(2 * q.e)}，传给 e 的是 ${n(g.e)}。`,
      `减法：给 s 的照传 ${n(g.s)}，给 y 的变号，${n(g.y)}。`,
      `加法照发：p 与 x 各得 ${n(g.p)}。x 还有另一条路，先记着。`,
      `乘法交换：给 v 的乘 h，${n(g.p)} × ${n(q.h)} = ${n(g.v)}；给 h 的乘 v，得 ${n(g.h)}。`,
      q.z > 0 ? `ReLU 的输入 ${n(q.z)} 是正的，原样传过去：${n(g.z)}。` : `ReLU 的输入 ${n(q.z)} 不是正的，这条路断了，传过去的是 0。`,
      `加法照发：u 与 b 各得 ${n(g.u)}。`,
      `乘法交换：给 w 的乘 x，得 ${n(g.w)}；给 x 的乘 w，得 ${n(g.straight)}。x 的两条路相加：${n(g.straight)} + ${also(g.skip)} = ${n(g.x)}。`,
    ][step - FORWARD - 1];
  }

  const input = (title, value, most = 4) => ({ kind: "range", title, min: -most, max: most, step: 0.1, value });
  define("graph", {
    title: "计算图",
    params: {
      step: { kind: "range", title: "第几步", min: 0, max: 2 * FORWARD, step: 1, value: 2 * FORWARD, text: (step) => (step <= FORWARD ? `往前 ${step}` : `往回 ${step - FORWARD}`) },
      x: input("x", 3), w: input("w", 2), b: input("b", -1), v: input("v", 0.5), y: input("y", 4, 8),
    },
    play: "step",
    height: () => TOP + 7 * ROW + 30,
    model, draw, status,
    check(state) {
      const { value: q, g } = model(state);
      return [...OPS.map((name) => q[name]), ...["x", "w", "b", "v", "y", ...OPS].map((name) => g[name])];
    },
  });
})();
