// Softmax：三个分数、温度、对的是哪一类；概率、损失 −ln p、梯度 (p − y)/T。可以看单精度里不减最大值会怎样。
(() => {
  "use strict";
  const { define, show, clamp, round } = globalThis.dlExplain;
  const NAMES = ["猫", "狗", "鸟"], COLOURS = ["blue", "orange", "green"], REACH = 6;
  const single = Math.fround;

  // 平常的算法：先减去最大的，双精度
  function safe(z, T) {
    const most = Math.max(...z), e = z.map((one) => Math.exp((one - most) / T));
    const sum = e.reduce((a, b) => a + b);
    return { e: z.map((one) => Math.exp(one / T)), p: e.map((one) => one / sum), loss: (label) => Math.log(sum) - (z[label] - most) / T };
  }
  // 照公式直算，每一步都舍入成单精度
  function naive(z, T) {
    const e = z.map((one) => single(Math.exp(single(single(one) / single(T)))));
    const sum = e.reduce((a, b) => single(a + b)), p = e.map((one) => single(one / sum));
    return { e, p, loss: (label) => single(-Math.log(p[label])) };
  }

  function model(state) {
    const label = Number(state.label), z = [state.a, state.b, state.c].map((one) => one + state.shift);
    const { e, p, loss } = (state.naive ? naive : safe)(z, state.T);
    return { z, e, p, loss: loss(label), label, gradient: p.map((one, k) => (one - (k === label ? 1 : 0)) / state.T) };
  }

  const ROW = 58, TOP = 30;
  function columns({ width }) {
    return { z: [34, width * 0.43], p: [width * 0.5, width * 0.7], g: [width * 0.76, width - 6] };
  }
  const zx = ([left, right], value) => left + ((value + REACH) / (2 * REACH)) * (right - left);

  function draw(pen, values, state, view) {
    const at = columns(view), { small } = view, size = small ? 12 : 14;
    const head = { colour: "muted", size: 12, align: "center" };
    pen.text(state.shift ? `分数 z（都加了 ${show(state.shift)}）` : "分数 z（拖动圆点）", (at.z[0] + at.z[1]) / 2, 12, head);
    pen.text("概率 p", (at.p[0] + at.p[1]) / 2, 12, head);
    pen.text(small ? "该挪 −∂L/∂z" : "该挪多少 −∂L/∂z", (at.g[0] + at.g[1]) / 2, 12, head);
    const most = Math.max(1.2, ...values.gradient.map(Math.abs)), first = state.T === 1 ? "取指数" : "除以 T，取指数";
    values.p.forEach((p, k) => {
      const y = TOP + ROW * (k + 0.5), right = k === values.label;
      if (right) pen.rect(0, y - ROW / 2 + 2, view.width, ROW - 4, { fill: "sheet" });
      pen.text(NAMES[k], 6, y, { size: 15, bold: right, colour: COLOURS[k] });
      pen.line([[at.z[0], y], [at.z[1], y]], "edge", { width: 1 });
      pen.line([[zx(at.z, 0), y - 8], [zx(at.z, 0), y + 8]], "edge", { width: 1 });
      const x = zx(at.z, [state.a, state.b, state.c][k]);
      pen.line([[zx(at.z, 0), y], [x, y]], COLOURS[k], { width: 4 });
      pen.dot(x, y, 8, COLOURS[k], { ring: true });
      pen.text(show(values.z[k]), clamp(x, at.z[0] + 16, at.z[1] - 16), y - 18, { size, align: "center", back: right ? "sheet" : "paper" });
      pen.text(`${small ? "指数" : first} ${show(values.e[k])}`, at.z[0], y + 18, { size: 12, colour: "muted" });
      pen.rect(at.p[0], y - 9, at.p[1] - at.p[0], 18, { stroke: "edge" });
      if (p >= 0) pen.rect(at.p[0], y - 9, p * (at.p[1] - at.p[0]), 18, { fill: COLOURS[k] });
      pen.text(show(p), (at.p[0] + at.p[1]) / 2, y - 18, { size, align: "center", colour: Number.isNaN(p) ? "red" : "ink" });
      const middle = (at.g[0] + at.g[1]) / 2, push = -values.gradient[k];
      pen.line([[middle, y - 8], [middle, y + 8]], "edge", { width: 1 });
      const reach = (push / most) * ((at.g[1] - at.g[0]) / 2);
      if (Number.isFinite(push)) pen.arrow(middle, y, middle + reach, y, COLOURS[k], 3);
      pen.text(`${push > 0 ? "+" : ""}${show(push)}`, middle, y - 18, { size, align: "center", colour: Number.isNaN(push) ? "red" : "ink" });
    });
    curve(pen, values, state, view);
  }

  // −ln p 的曲线，圆点是现在对的那一类
  function curve(pen, { p, loss, label }, state, { width, height }) {
    const box = { left: 34, right: width - 10, top: TOP + 3 * ROW + 22, bottom: height - 20 };
    const px = (value) => box.left + value * (box.right - box.left), py = (value) => box.bottom - (clamp(value, 0, 5) / 5) * (box.bottom - box.top);
    pen.axes(box);
    pen.line([...Array.from({ length: 120 }, (_, i) => 0.0067 * 1.0428 ** i), 1].map((q) => [px(q), py(-Math.log(q))]), "edge");
    for (const tick of [0, 2, 4]) pen.text(String(tick), box.left - 6, py(tick), { align: "right", colour: "muted", size: 12 });
    for (const tick of [0, 0.5, 1]) pen.text(String(tick), px(tick), box.bottom + 11, { align: "center", colour: "muted", size: 12 });
    pen.text("损失 −ln p（横轴是对的那一类的 p）", px(0.12), box.top - 4, { colour: "muted", size: 12 });
    if (!Number.isFinite(loss) || Number.isNaN(p[label])) return pen.text(`损失是 ${show(loss)}`, px(0.5), py(2.5), { colour: "red", size: 16, align: "center" });
    const x = px(p[label]), y = py(loss);
    pen.dot(x, y, 6, COLOURS[label], { ring: true });
    if (loss > 4) pen.text(show(loss), x + 11, y + 13, { size: 13, back: "paper" }); // 上面是标题，写到右边
    else pen.text(show(loss), clamp(x, box.left + 24, box.right - 24), y - 14, { align: "center", size: 13, back: "paper" });
  }

  function pads(values, state, view) {
    const at = columns(view);
    return ["a", "b", "c"].map((name, k) => ({
      id: name, label: `${NAMES[k]}的分数`, now: round(state[name], 0.01), text: show(state[name]),
      x: zx(at.z, state[name]), y: TOP + ROW * (k + 0.5),
      drag: (x) => ({ [name]: clamp(round(((x - at.z[0]) / (at.z[1] - at.z[0])) * 2 * REACH - REACH, 0.01), -REACH, REACH) }),
      key: (dx, dy) => ({ [name]: clamp(round(state[name] + 0.1 * (dx - dy), 0.01), -REACH, REACH) }),
    }));
  }

  function status({ p, loss, label, gradient, e }, state) {
    if (p.some(Number.isNaN)) {
      const which = e.some((one) => !Number.isFinite(one)) ? "指数大到单精度装不下，成了 ∞，∞ ÷ ∞ 得 NaN" : "三个指数都小到成了 0，0 ÷ 0 得 NaN";
      return `${which}。勾掉“不减最大值”，概率与原来的一样。`;
    }
    const best = p.indexOf(Math.max(...p)), sum = gradient.reduce((a, b) => a + b);
    return `对的是${NAMES[label]}，分到 ${show(p[label])}，损失 −ln p = ${show(loss)}。概率最大的是${NAMES[best]}（${show(p[best])}）。三个梯度加起来是 ${show(Math.abs(sum) < 1e-6 ? 0 : sum)}。`;
  }

  const score = (title, value) => ({ kind: "range", title, min: -REACH, max: REACH, step: 0.01, value, hidden: true });
  define("softmax", {
    title: "分数、概率、损失与梯度",
    params: {
      a: score("猫的分数", Number(Math.log(2).toFixed(6))),
      b: score("狗的分数", Number(Math.log(5).toFixed(6))),
      c: score("鸟的分数", 0),
      label: { kind: "choice", title: "对的是", options: { 0: "猫", 1: "狗", 2: "鸟" }, value: "0" },
      T: { kind: "range", title: "温度 T", min: 0.1, max: 10, log: true, value: 1 },
      shift: { kind: "range", title: "三个分数都加上", min: -200, max: 200, step: 1, value: 0 },
      naive: { kind: "check", title: "不减最大值，照公式直算（单精度）", value: false },
    },
    height: () => TOP + 3 * ROW + 150,
    model, draw, pads, status,
    check(state) {
      const { p, loss, gradient } = model(state);
      return [...p, loss, ...gradient];
    },
  });
})();
