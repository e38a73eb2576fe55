// 梯度下降与动量：一个参数的碗，两个参数的山谷。走法与 torch.optim.SGD 相同：b ← ρb + g，w ← w − ηb。
(() => {
  "use strict";
  const { define, show, clamp, round } = globalThis.dlExplain;
  const TERRAINS = {
    bowl: { curvature: () => [5], centre: [3, 0], x: [-1.5, 7.5], y: [0, 48] },
    ravine: { curvature: ({ kappa }) => [1, kappa], centre: [0, 0], x: [-6, 6], y: [-1.5, 1.5] },
  };
  const FAR = 1e6;

  function model(state) {
    const terrain = TERRAINS[state.terrain], curvature = terrain.curvature(state);
    const at = [state.x, state.terrain === "bowl" ? 0 : state.y], buffer = [0, 0];
    const loss = (point) => curvature.reduce((sum, k, i) => sum + 0.5 * k * (point[i] - terrain.centre[i]) ** 2, 0);
    const path = [[...at]], losses = [loss(at)];
    let away = 0;
    for (let step = 1; step <= state.steps && !away; step++) {
      curvature.forEach((k, i) => {
        buffer[i] = state.rho * buffer[i] + k * (at[i] - terrain.centre[i]);
        at[i] -= state.lr * buffer[i];
      });
      path.push([...at]);
      losses.push(loss(at));
      if (Math.abs(at[0]) > FAR || Math.abs(at[1]) > FAR) away = step;
    }
    const limit = (2 * (1 + state.rho)) / Math.max(...curvature);
    return { path, losses, away, limit, curvature, factors: curvature.map((k) => 1 - state.lr * k), distance: Math.hypot(at[0] - terrain.centre[0], at[1] - terrain.centre[1]) };
  }

  // 地形在左（手机上在上），损失随步数在右
  function frame(view) {
    const { width, height, small } = view;
    return small
      ? [{ left: 34, top: 24, right: width - 8, bottom: height - 170 }, { left: 52, top: height - 128, right: width - 8, bottom: height - 24 }]
      : [{ left: 34, top: 26, right: width * 0.62, bottom: height - 26 }, { left: width * 0.62 + 62, top: 26, right: width - 10, bottom: height - 26 }];
  }
  function scales(box, { x, y }) {
    return {
      px: (value) => box.left + ((value - x[0]) / (x[1] - x[0])) * (box.right - box.left),
      py: (value) => box.bottom - ((value - y[0]) / (y[1] - y[0])) * (box.bottom - box.top),
      xOf: (px) => x[0] + ((px - box.left) / (box.right - box.left)) * (x[1] - x[0]),
      yOf: (py) => y[0] + ((box.bottom - py) / (box.bottom - box.top)) * (y[1] - y[0]),
    };
  }
  const place = (state, point, values) => [point[0], state.terrain === "bowl" ? 2.5 * (point[0] - 3) ** 2 : point[1]];

  function draw(pen, values, state, view) {
    const terrain = TERRAINS[state.terrain], [map, chart] = frame(view), { px, py } = scales(map, terrain);
    const { context } = pen;
    context.save();
    context.beginPath();
    context.rect(map.left, map.top, map.right - map.left, map.bottom - map.top);
    context.clip();
    if (state.terrain === "bowl") {
      const curve = Array.from({ length: 91 }, (_, i) => -1.5 + 0.1 * i);
      pen.line(curve.map((w) => [px(w), py(2.5 * (w - 3) ** 2)]), "edge", { width: 2 });
    } else {
      for (const level of [0.1, 0.5, 1.5, 3.5, 7, 12, 18]) pen.ellipse(px(0), py(0), px(Math.sqrt(2 * level)) - px(0), py(0) - py(Math.sqrt((2 * level) / state.kappa)), "line", 1.5);
    }
    const points = values.path.map((point) => place(state, point)).map(([x, y]) => [clamp(px(x), -9999, 9999), clamp(py(y), -9999, 9999)]);
    pen.line(points, "orange", { width: 2 });
    pen.dots(points.slice(1), 3, "orange");
    pen.dot(...points[0], 7, "blue", { ring: true });
    pen.dot(px(terrain.centre[0]), py(state.terrain === "bowl" ? 0 : terrain.centre[1]), 4, "green");
    context.restore();
    pen.axes(map);
    const ticks = state.terrain === "bowl" ? [-1, 1, 3, 5, 7] : [-4, -2, 0, 2, 4];
    for (const tick of ticks) pen.text(show(tick), px(tick), map.bottom + 12, { align: "center", colour: "muted", size: 12 });
    for (const tick of state.terrain === "bowl" ? [0, 20, 40] : [-1, 0, 1]) pen.text(show(tick), map.left - 6, py(tick), { align: "right", colour: "muted", size: 12 });
    pen.text(state.terrain === "bowl" ? "损失（横轴是 w）" : "y（横轴是 x，刻度不同）", map.left, map.top - 12, { colour: "muted", size: 12 });

    // 损失，取对数
    const logs = values.losses.map((loss) => Math.log10(Math.max(loss, 1e-12)));
    const low = Math.max(-12, Math.floor(Math.min(...logs, -1))), high = Math.min(12, Math.ceil(Math.max(...logs, 1)));
    const sx = (step) => chart.left + (step / Math.max(state.steps, 1)) * (chart.right - chart.left);
    const sy = (log) => chart.bottom - ((clamp(log, low, high) - low) / (high - low)) * (chart.bottom - chart.top);
    const every = Math.ceil((high - low) / 4);
    for (let tick = low; tick <= high; tick += every) {
      pen.line([[chart.left, sy(tick)], [chart.right, sy(tick)]], "line", { width: 1 });
      pen.text(show(10 ** tick, 1), chart.left - 6, sy(tick), { align: "right", colour: "muted", size: 12 });
    }
    pen.axes(chart);
    pen.line(logs.map((log, i) => [sx(i), sy(log)]), values.away ? "red" : "blue");
    pen.text("损失（横轴是步）", chart.left, chart.top - 12, { colour: "muted", size: 12 });
    pen.text(String(state.steps), chart.right, chart.bottom + 12, { align: "right", colour: "muted", size: 12 });
    pen.text("0", chart.left, chart.bottom + 12, { align: "center", colour: "muted", size: 12 });
  }

  function pads(values, state, view) {
    const terrain = TERRAINS[state.terrain], { px, py, xOf, yOf } = scales(frame(view)[0], terrain);
    const [x, y] = place(state, [state.x, state.y]);
    const bowl = state.terrain === "bowl";
    return [{
      id: "start", label: "起点", now: round(state.x, 0.01), x: px(x), y: py(y),
      text: bowl ? `w = ${show(state.x)}` : `x = ${show(state.x)}，y = ${show(state.y)}`,
      drag: (toX, toY) => ({ x: clamp(round(xOf(toX), 0.01), ...terrain.x), ...(bowl ? {} : { y: clamp(round(yOf(toY), 0.01), ...terrain.y) }) }),
      key: (dx, dy) => ({ x: clamp(round(state.x + 0.1 * dx, 0.01), ...terrain.x), ...(bowl ? {} : { y: clamp(round(state.y - 0.05 * dy, 0.01), ...terrain.y) }) }),
    }];
  }

  function status({ away, limit, factors, distance, losses, curvature }, state) {
    const walked = losses.length - 1;
    const over = `学习率${state.lr > limit ? "超过了" : "没有超过"}界限 2(1 + ρ)/λ = ${show(limit)}`;
    const each = state.rho ? "" : state.terrain === "bowl" ? `每步把离最低点的差乘 ${show(factors[0])}。` : `每步把 x 乘 ${show(factors[0])}，把 y 乘 ${show(factors[1])}。`;
    const end = away ? `第 ${away} 步飞出去了：发散` : `走 ${walked} 步，离最低点 ${show(distance)}，损失从 ${show(losses[0])} 到 ${show(losses.at(-1))}`;
    return `${end}。${each}${over}（λ 是最大的曲率，这里是 ${Math.max(...curvature)}）。`;
  }

  const LIMITS = { bowl: [-1.5, 7.5], ravine: [-6, 6] };
  define("descent", {
    title: "梯度下降与动量",
    params: {
      terrain: { kind: "choice", title: "地形", options: { ravine: "山谷 ½(x² + κy²)", bowl: "碗 2.5(w − 3)²" }, value: "ravine" },
      lr: { kind: "range", title: "学习率 η", min: 0.001, max: 1, log: true, value: 0.2 },
      rho: { kind: "range", title: "动量 ρ", min: 0, max: 0.99, step: 0.01, value: 0 },
      kappa: { kind: "range", title: "条件数 κ", min: 1, max: 100, step: 1, value: 9, unless: ({ terrain }) => terrain === "bowl" },
      steps: { kind: "range", title: "步数", min: 0, max: 100, step: 1, value: 20 },
      x: { kind: "range", title: "起点 x", min: -6, max: 7.5, step: 0.01, value: -5, hidden: true },
      y: { kind: "range", title: "起点 y", min: -1.5, max: 1.5, step: 0.01, value: 1, hidden: true },
    },
    // 换地形，起点回到这种地形常用的地方
    fix: (next, before) => (next.terrain === before.terrain ? { ...next, x: clamp(next.x, ...LIMITS[next.terrain]) } : next.terrain === "bowl" ? { ...next, x: 1 } : { ...next, x: -5, y: 1 }),
    play: "steps",
    height: (width) => (width < 480 ? 400 : 300),
    model, draw, pads, status,
    check: (state) => model(state).path.flat(),
  });
})();
