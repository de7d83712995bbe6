// Small SVG charts: learning curves, intervals, scatter.

/** Round tick values that cover [low, high]. */
function ticks(low, high, count = 4) {
  const span = high - low || Math.abs(high) || 1, raw = span / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => span / s <= count) || 10 * power;
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => +((first + i) * step).toPrecision(12));
}

/** A tick as text, with the decimals that the distance between ticks has. */
function tickText(value, all) {
  const step = all.length > 1 ? +(all[1] - all[0]).toPrecision(6) : 1, decimals = (String(step).split(".")[1] || "").length;
  return Math.abs(value) >= 1000 || decimals > 5 ? short(value) : value.toFixed(decimals);
}

function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const v of values) if (known(v)) { low = Math.min(low, v); high = Math.max(high, v); }
  if (low > high) return [0, 1];
  if (low === high) return [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  return [low, high];
}

/** Axes with a frame: returns the svg and the two scales. */
function frame(width, height, xs, ys, { xname = "", left = 46 } = {}) {
  const pad = { left, right: 18, top: 8, bottom: xname ? 42 : 26 };
  const [x0, x1] = extent(xs), [y0, y1] = extent(ys), lift = (y1 - y0) * 0.06;
  const x = (v) => pad.left + (v - x0) / (x1 - x0) * (width - pad.left - pad.right);
  const y = (v) => height - pad.bottom - (v - y0 + lift) / (y1 - y0 + 2 * lift) * (height - pad.top - pad.bottom);
  const root = svg("svg.chart", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  const rows = ticks(y0, y1), columns = ticks(x0, x1, 4);
  for (const t of rows) {
    root.append(svg("line.grid", { x1: pad.left, x2: width - pad.right, y1: y(t), y2: y(t) }));
    root.append(svg("text", { x: pad.left - 6, y: y(t) + 4, "text-anchor": "end" }, tickText(t, rows)));
  }
  for (const t of columns) root.append(svg("text", { x: x(t), y: height - pad.bottom + 18, "text-anchor": "middle" }, tickText(t, columns)));
  if (xname) root.append(svg("text", { x: (width + pad.left - pad.right) / 2, y: height - 6, "text-anchor": "middle" }, xname));
  return { root, x, y, x0, x1, pad, width, height };
}

/** Exponential smoothing with a half-life in points; 0 is none. */
function smooth(values, halfLife) {
  if (!halfLife) return values;
  const keep = 0.5 ** (1 / halfLife);
  let sum = 0, weight = 0;
  return values.map((v) => { sum = keep * sum + v; weight = keep * weight + 1; return sum / weight; });
}

const path = (xs, ys) => xs.map((v, i) => `${i ? "L" : "M"}${v.toFixed(1)} ${ys[i].toFixed(1)}`).join("");

/** Curves: [{name, color, xs, ys}]. Under the pointer the readout tells the values. */
function lineChart(series, { xname, halfLife = 0, label }) {
  const shown = series.map((s) => ({ ...s, smoothed: smooth(s.ys, halfLife) }));
  const f = frame(360, 190, shown.flatMap((s) => s.xs), shown.flatMap((s) => s.smoothed));
  f.root.setAttribute("aria-label", label);
  for (const s of shown) {
    if (s.xs.length === 1) f.root.append(svg("circle.dot", { cx: f.x(s.xs[0]), cy: f.y(s.ys[0]), r: 3, "--c": s.color }));
    f.root.append(svg("path.line", { d: path(s.xs.map(f.x), s.smoothed.map(f.y)), "--c": s.color }));
  }
  const cross = svg("line.cross", { y1: f.pad.top, y2: f.height - f.pad.bottom, visibility: "hidden" });
  const dots = shown.map((s) => svg("circle.dot", { r: 3.5, visibility: "hidden", "--c": s.color }));
  f.root.append(cross, ...dots);
  const readout = h("div.readout", {}, lastWords(shown));
  const leave = () => { for (const e of [cross, ...dots]) e.setAttribute("visibility", "hidden"); readout.textContent = lastWords(shown); };
  f.root.addEventListener("pointermove", (event) => {
    const box = f.root.getBoundingClientRect(), px = (event.clientX - box.left) / box.width * f.width;
    const at = f.x0 + (px - f.pad.left) / (f.width - f.pad.left - f.pad.right) * (f.x1 - f.x0);
    const words = shown.map((s, i) => {
      const k = nearest(s.xs, at);
      dots[i].setAttribute("cx", f.x(s.xs[k])); dots[i].setAttribute("cy", f.y(s.smoothed[k])); dots[i].setAttribute("visibility", "visible");
      if (i === 0) { cross.setAttribute("x1", f.x(s.xs[k])); cross.setAttribute("x2", f.x(s.xs[k])); cross.setAttribute("visibility", "visible"); }
      return `${shown.length > 1 ? s.name + " " : ""}${short(s.smoothed[k])}`;
    });
    readout.textContent = `${xname} ${short(shown[0].xs[nearest(shown[0].xs, at)])}: ${words.join(" · ")}`;
  });
  f.root.addEventListener("pointerleave", leave);
  return [f.root, readout];
}

const lastWords = (shown) => "now " + shown.map((s) => `${shown.length > 1 ? s.name + " " : ""}${short(s.smoothed.at(-1))}`).join(" · ");

function nearest(sorted, value) {
  let low = 0, high = sorted.length - 1;
  while (high - low > 1) { const mid = (low + high) >> 1; if (sorted[mid] <= value) low = mid; else high = mid; }
  return Math.abs(sorted[low] - value) <= Math.abs(sorted[high] - value) ? low : high;
}

/** A rate with its interval on a 0 to 100 % rule. */
function intervalBar({ rate, low, high }, color) {
  const w = 360, at = (p) => 6 + p * (w - 12);
  return svg("svg.chart.interval", { viewBox: `0 0 ${w} 26`, role: "img", "aria-label": `${percent(rate)}, 95 % interval ${percent(low)} to ${percent(high)}`, "--c": color },
    svg("line.grid", { x1: at(0), x2: at(1), y1: 13, y2: 13 }),
    [0, 0.25, 0.5, 0.75, 1].map((p) => svg("line.grid", { x1: at(p), x2: at(p), y1: 9, y2: 17 })),
    svg("rect.band", { x: at(low), width: Math.max(2, at(high) - at(low)), y: 8, height: 10, rx: 5 }),
    svg("circle.dot", { cx: at(rate), cy: 13, r: 5 }));
}

/** Points [{x, y, color, ring, title, onclick}]. */
function scatter(points, { xname, yname, label }) {
  const f = frame(420, 260, points.map((p) => p.x), points.map((p) => p.y), { xname });
  f.root.setAttribute("aria-label", label);
  f.root.append(svg("text", { x: f.pad.left + 4, y: f.pad.top + 10 }, yname));
  for (const p of points) {
    f.root.append(svg(p.ring ? "circle.ring" : "circle.dot", { cx: f.x(p.x), cy: f.y(p.y), r: 4.5, "--c": p.color, onclick: p.onclick, cursor: p.onclick && "pointer" }, svg("title", {}, p.title)));
  }
  return f.root;
}
