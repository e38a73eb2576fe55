// ReLU 折线：一层是几段折线加起来，可以拖、可以加减、可以让梯度下降去凑；多层是一折再折。
(() => {
  "use strict";
  const { define, show, clamp, round } = globalThis.dlExplain;
  const MOST = 8, STEEP = 10, POINTS = 64, DEEPEST = 6;
  const TARGETS = { none: null, sine: (x) => Math.sin(2 * Math.PI * x), peak: (x) => 1 - Math.abs(4 * x - 2), wave: (x) => Math.abs(((3 * x) % 1) * 4 - 2) - 1 };

  // 单元写成“折在哪里:斜率改变多少”，逗号隔开
  function units(text) {
    if (text.trim() === "") return [];
    const found = text.split(",").map((one) => one.split(":").map(Number));
    if (found.length > MOST) throw new Error(`单元最多 ${MOST} 个，收到 ${found.length} 个`);
    if (!found.every(([c, a, rest]) => rest === undefined && c >= 0 && c <= 1 && Math.abs(a) <= STEEP)) throw new Error(`单元应写成“折点:斜率”，折点在 0 到 1 之间，斜率不超过 ${STEEP}，收到“${text.slice(0, 20)}”`);
    return found.map(([c, a]) => ({ c, a }));
  }
  const written = (list) => list.map(({ c, a }) => `${round(c, 0.001)}:${round(a, 0.01)}`).join(",");
  const value = (list, bias, x) => list.reduce((sum, { c, a }) => sum + a * Math.max(x - c, 0), bias);
  const xs = Array.from({ length: POINTS }, (_, i) => i / (POINTS - 1));

  // 全批量梯度下降：均方误差，折点、斜率与偏置一起动，与 torch.optim.SGD 相同
  function descend(start, bias, target, lr, steps) {
    let list = start.map((unit) => ({ ...unit })), b = bias;
    const losses = [];
    for (let step = 0; step <= steps; step++) {
      const ga = list.map(() => 0), gc = list.map(() => 0);
      let gb = 0, loss = 0;
      for (const x of xs) {
        const error = value(list, b, x) - target(x), g = (2 * error) / POINTS;
        loss += (error * error) / POINTS;
        gb += g;
        list.forEach(({ c, a }, k) => {
          if (x - c <= 0) return;
          ga[k] += g * (x - c);
          gc[k] -= g * a;
        });
      }
      losses.push(loss);
      if (step === steps || !(loss < 1e6)) break;
      list = list.map(({ c, a }, k) => ({ c: c - lr * gc[k], a: a - lr * ga[k] }));
      b -= lr * gb;
    }
    return { list, bias: b, losses };
  }

  function model(state) {
    if (state.mode === "fold") {
      const count = 2 ** state.folds;
      const curve = Array.from({ length: count + 1 }, (_, i) => [i / count, i % 2]);
      return { fold: true, curve, regions: count, used: 2 * state.folds, list: [] };
    }
    const start = units(state.units), target = TARGETS[state.target];
    const trained = target && state.steps ? descend(start, state.bias, target, state.lr, state.steps) : { list: start, bias: state.bias, losses: target ? descend(start, state.bias, target, state.lr, 0).losses : [] };
    const { list, bias, losses } = trained;
    const knots = [...new Set(list.filter(({ c, a }) => c > 0 && c < 1 && Math.abs(a) > 1e-9).map(({ c }) => c))].sort((p, q) => p - q);
    const curve = [0, ...knots, 1].map((x) => [x, value(list, bias, x)]);
    return { fold: false, list, bias, losses, target, curve, regions: knots.length + 1, used: list.length };
  }

  const TALL = 210;
  const boxes = ({ width }) => [{ left: 38, right: width - 8, top: 12, bottom: TALL }, { left: 38, right: width - 8, top: TALL + 46, bottom: TALL + 186 }];
  const yOf = (box, [low, high], v) => box.bottom - ((clamp(v, low - 1, high + 1) - low) / (high - low)) * (box.bottom - box.top);
  const xOf = (box, x) => box.left + x * (box.right - box.left);
  const RANGE = [-2, 2], TINTS = ["blue", "green", "violet", "red"];

  function draw(pen, values, state, view) {
    const [top, low] = boxes(view), range = values.fold ? [-0.1, 1.1] : RANGE;
    const at = ([x, v]) => [xOf(top, x), yOf(top, range, v)];
    for (const tick of values.fold ? [0, 0.5, 1] : [-2, -1, 0, 1, 2]) {
      pen.line([at([0, tick]), at([1, tick])], "line", { width: 1 });
      pen.text(show(tick), top.left - 6, at([0, tick])[1], { align: "right", colour: "muted", size: 12 });
    }
    for (const tick of [0, 0.5, 1]) pen.text(show(tick), xOf(top, tick), top.bottom + 13, { align: "center", colour: "muted", size: 12 });
    const { context } = pen;
    context.save();
    context.beginPath();
    context.rect(top.left, top.top - 6, top.right - top.left, top.bottom - top.top + 12);
    context.clip();
    if (values.target) pen.line(xs.map((x) => at([x, values.target(x)])), "edge", { width: 5 });
    values.list.forEach(({ c, a }, k) => pen.line([[0, 0], [clamp(c, 0, 1), 0], [1, a * Math.max(1 - c, 0)]].map(at), TINTS[k % TINTS.length], { width: 1, dash: [4, 4] }));
    pen.line(values.curve.map(at), "orange", { width: 3 });
    if (values.curve.length <= 65) for (const point of values.curve.slice(1, -1)) pen.dot(...at(point), 3.5, "orange");
    context.restore();
    if (values.fold) return;
    // 下面一格：每个单元是一个点
    pen.rect(low.left, low.top, low.right - low.left, low.bottom - low.top, { stroke: "line" });
    const zero = yOf(low, [-STEEP, STEEP], 0);
    pen.line([[low.left, zero], [low.right, zero]], "edge", { width: 1 });
    pen.text("每个点是一个单元：横着是折在哪里，竖着是斜率加多少", low.left, low.top - 14, { colour: "muted", size: 12 });
    for (const tick of [-10, 0, 10]) pen.text(show(tick), low.left - 6, yOf(low, [-STEEP, STEEP], tick), { align: "right", colour: "muted", size: 12 });
    values.list.forEach(({ c, a }, k) => {
      if (c >= 0 && c <= 1) pen.line([[xOf(low, c), low.top], [xOf(top, c), top.bottom]], "line", { width: 1, dash: [2, 4] });
      pen.dot(xOf(low, clamp(c, 0, 1)), yOf(low, [-STEEP, STEEP], clamp(a, -STEEP, STEEP)), 8, TINTS[k % TINTS.length], { ring: true });
    });
  }

  // 拖动改的是训练之前的单元；训练过的先停在现在的样子，再接着拖
  const frozen = (state) => {
    const { list, bias } = model(state);
    return { list: list.map(({ c, a }) => ({ c: clamp(c, 0, 1), a: clamp(a, -STEEP, STEEP) })), bias: clamp(bias, -2, 2) };
  };
  const set = (state, k, unit) => {
    const { list, bias } = frozen(state);
    return { units: written(list.map((old, i) => (i === k ? unit : old))), bias, steps: 0 };
  };
  function pads(values, state, view) {
    if (values.fold) return [];
    const low = boxes(view)[1];
    const near = (c, a) => ({ c: clamp(round(c, 0.01), 0, 1), a: clamp(round(a, 0.1), -STEEP, STEEP) });
    return values.list.map(({ c, a }, k) => ({
      id: `unit${k}`, label: `单元 ${k + 1}`, now: round(a, 0.1), text: `折点 ${show(c)}，斜率加 ${show(a)}`,
      x: xOf(low, clamp(c, 0, 1)), y: yOf(low, [-STEEP, STEEP], clamp(a, -STEEP, STEEP)),
      drag: (x, y) => set(state, k, near((x - low.left) / (low.right - low.left), STEEP - ((y - low.top) / (low.bottom - low.top)) * 2 * STEEP)),
      key: (dx, dy) => set(state, k, near(c + 0.02 * dx, a - 0.5 * dy)),
    }));
  }

  function status(values, state) {
    if (values.fold) return `折 ${state.folds} 次：${values.used} 个单元，${values.regions} 段。只有一层时，${values.used} 个单元最多 ${values.used + 1} 段；要画 ${values.regions} 段，至少要 ${values.regions - 1} 个。`;
    const words = [`${values.used} 个单元，[0, 1] 上有 ${values.regions} 段`];
    if (values.target) words.push(`与灰线的均方误差 ${show(values.losses.at(-1))}`);
    const early = state.steps && values.losses.length <= state.steps;
    if (values.target && state.steps) words.push(early ? `梯度下降第 ${values.losses.length - 1} 步就飞出去了：学习率太大` : `梯度下降走了 ${state.steps} 步，开头是 ${show(values.losses[0])}`);
    return `${words.join("；")}。`;
  }

  const summed = ({ mode }) => mode === "fold";
  define("pieces", {
    title: "ReLU 折线",
    params: {
      mode: { kind: "choice", title: "怎样拼", options: { sum: "一层：加起来", fold: "多层：一折再折" }, value: "sum" },
      target: { kind: "choice", title: "凑哪条线", options: { none: "不凑", sine: "正弦", peak: "一个尖", wave: "三个尖" }, value: "sine", unless: summed },
      folds: { kind: "range", title: "折几次", min: 1, max: DEEPEST, step: 1, value: 3, unless: ({ mode }) => mode === "sum" },
      lr: { kind: "range", title: "学习率", min: 0.001, max: 1, log: true, value: 0.01, unless: summed },
      steps: { kind: "range", title: "梯度下降走几步", min: 0, max: 500, step: 5, value: 0, unless: summed },
      bias: { kind: "range", title: "偏置", min: -2, max: 2, step: 0.01, value: 0, unless: summed },
      units: { kind: "text", title: "单元", parse: units, value: "0:4,0.25:-8,0.75:8", hidden: true },
    },
    play: "steps",
    actions: [
      { title: "加一个单元", run: (state) => (state.mode === "fold" || model(state).list.length >= MOST ? null : { units: written([...frozen(state).list, { c: round((0.37 + 0.618 * model(state).list.length) % 1, 0.01), a: 2 }]), bias: frozen(state).bias, steps: 0 }) },
      { title: "去掉一个", run: (state) => (state.mode === "fold" ? null : { units: written(frozen(state).list.slice(0, -1)), bias: frozen(state).bias, steps: 0 }) },
    ],
    fix: (next) => ({ ...next, folds: Math.round(next.folds), steps: Math.round(next.steps) }),
    height: (width, { mode }) => (mode === "fold" ? TALL + 26 : TALL + 196),
    model, draw, pads, status,
    check(state) {
      const { fold, regions, curve, list, bias, losses } = model(state);
      return fold ? [regions, ...curve.flat()] : [regions, ...list.flatMap(({ c, a }) => [c, a]), bias, ...(losses.length ? [losses.at(-1)] : []), ...xs.map((x) => value(list, bias, x))];
    },
  });
})();
