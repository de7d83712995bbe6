// Small SVG charts: learning curves, intervals, scatter.

/** Round tick values that cover [low, high]. */
function ticks(low, high, count = 4) {
  const span = high - low || Math.abs(high) || 1,
    raw = span / count,
    power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => span / s <= count) || 10 * power;
  const first = Math.ceil(low / step - 1e-9),
    last = Math.floor(high / step + 1e-9);
  return Array.from(
    { length: Math.max(0, last - first + 1) },
    (_, i) => +((first + i) * step).toPrecision(12),
  );
}

/** A tick as text, with the decimals that the distance between ticks has. */
function tickText(value, all) {
  const step = all.length > 1 ? +(all[1] - all[0]).toPrecision(6) : 1,
    decimals = (String(step).split(".")[1] || "").length;
  return Math.abs(value) >= 1000 || decimals > 5 ? short(value) : value.toFixed(decimals);
}

function extent(values) {
  let low = Infinity,
    high = -Infinity;
  for (const v of values)
    if (known(v)) {
      low = Math.min(low, v);
      high = Math.max(high, v);
    }
  if (low > high) return [0, 1];
  if (low === high) return [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  return [low, high];
}

/** Axes with a frame: returns the svg and the two scales. */
function frame(width, height, xs, ys, { xname = "", left = 46 } = {}) {
  const pad = { left, right: 18, top: 8, bottom: xname ? 42 : 26 };
  const [x0, x1] = extent(xs),
    [y0, y1] = extent(ys),
    lift = (y1 - y0) * 0.06;
  const x = (v) => pad.left + ((v - x0) / (x1 - x0)) * (width - pad.left - pad.right);
  const y = (v) =>
    height - pad.bottom - ((v - y0 + lift) / (y1 - y0 + 2 * lift)) * (height - pad.top - pad.bottom);
  const root = svg("svg.chart", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  const rows = ticks(y0, y1),
    columns = ticks(x0, x1, 4);
  for (const t of rows) {
    root.append(svg("line.grid", { x1: pad.left, x2: width - pad.right, y1: y(t), y2: y(t) }));
    root.append(svg("text", { x: pad.left - 6, y: y(t) + 4, "text-anchor": "end" }, tickText(t, rows)));
  }
  for (const t of columns)
    root.append(
      svg("text", { x: x(t), y: height - pad.bottom + 18, "text-anchor": "middle" }, tickText(t, columns)),
    );
  if (xname)
    root.append(
      svg("text", { x: (width + pad.left - pad.right) / 2, y: height - 6, "text-anchor": "middle" }, xname),
    );
  return { root, x, y, x0, x1, pad, width, height };
}

/** Exponential smoothing with a half-life in points; 0 is none. */
function smooth(values, halfLife) {
  if (!halfLife) return values;
  const keep = 0.5 ** (1 / halfLife);
  let sum = 0,
    weight = 0;
  return values.map((v) => {
    sum = keep * sum + v;
    weight = keep * weight + 1;
    return sum / weight;
  });
}

/** Index of the sorted value nearest to one. */
function nearest(sorted, value) {
  let low = 0,
    high = sorted.length - 1;
  while (high - low > 1) {
    const mid = (low + high) >> 1;
    if (sorted[mid] <= value) low = mid;
    else high = mid;
  }
  return Math.abs(sorted[low] - value) <= Math.abs(sorted[high] - value) ? low : high;
}

/** Trainings of one setting become one: their mean, with the band from the lowest to the highest. */
function banded(series) {
  const groups = new Map();
  for (const s of series) groups.set(s.group, [...(groups.get(s.group) ?? []), s]);
  return [...groups.values()].map((group) => {
    if (group.length < 2) return group[0];
    const { xs, name, colour } = group[0];
    const rows = xs.map((x) => group.map((s) => s.ys[nearest(s.xs, x)]));
    const mean = rows.map((row) => row.reduce((sum, v) => sum + v, 0) / row.length);
    return {
      name: `${name} and ${group.length - 1} more`,
      colour,
      xs,
      ys: mean,
      marks: [],
      low: rows.map((row) => Math.min(...row)),
      high: rows.map((row) => Math.max(...row)),
    };
  });
}

const zooms = new Map();
const CHART_HEIGHT = 200;

/** The series of a chart as uPlot takes them: tables to join, how to draw each, and bands. */
function plotted(series, { xname, halfLife }) {
  const value = (_, v) => (known(v) ? short(v) : "–");
  const tables = [],
    lines = [{ label: xname, value }],
    bands = [];
  for (const s of series) {
    const smoothed = smooth(s.ys, halfLife),
      at = lines.length;
    tables.push(
      s.low ? [s.xs, smoothed, smooth(s.high, halfLife), smooth(s.low, halfLife)] : [s.xs, smoothed],
    );
    const few = s.xs.length < 3;
    lines.push({
      label: s.name,
      stroke: () => inkOf(s.colour),
      width: 1.8,
      spanGaps: true,
      value,
      points: { show: few },
    });
    if (!s.low) continue;
    const edge = {
      class: "edge",
      stroke: "transparent",
      width: 0,
      spanGaps: true,
      points: { show: false },
      value,
    };
    lines.push({ ...edge, label: "highest" }, { ...edge, label: "lowest" });
    bands.push({
      series: [at + 1, at + 2],
      fill: () => `color-mix(in srgb, ${inkOf(s.colour)} 22%, transparent)`,
    });
  }
  return { tables, lines, bands };
}

/**
 * Curves [{name, colour, xs, ys, low?, high?, marks}] by uPlot: drag to zoom, double click to see all,
 * click a name to hide it. Drawn when it comes near the screen.
 */
function lineChart(series, { xname, halfLife = 0, label, log = false }) {
  const box = h("div.plot", { role: "img", "aria-label": label });
  const { tables, lines, bands } = plotted(series, { xname, halfLife });
  const values = (_, splits) => splits.map((v) => (v === null ? "" : short(v)));
  const axis = {
    stroke: () => ink("soft"),
    grid: { stroke: () => ink("line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
    size: 30,
    values,
  };
  const kept = (plot, key) => {
    if (key === "x" && box.plot) zooms.set(label, [plot.scales.x.min, plot.scales.x.max]);
  };
  const options = {
    height: CHART_HEIGHT,
    series: lines,
    bands,
    axes: [axis, { ...axis, size: 48 }],
    scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
    hooks: { draw: [(plot) => drawMarks(plot, series)], setScale: [kept] },
  };
  const start = () => {
    const joined = uPlot.join(tables);
    const data = log
      ? joined.map((row, i) => (i ? Array.from(row, (v) => (v > 0 ? v : null)) : row))
      : joined;
    const plot = new uPlot({ ...options, width: Math.max(200, box.clientWidth) }, data, box);
    if (zooms.has(label)) {
      const [min, max] = zooms.get(label);
      plot.setScale("x", { min, max });
    }
    plot.over.addEventListener("dblclick", () => zooms.delete(label));
    box.plot = plot;
    const observer = new ResizeObserver(() => {
      if (!box.isConnected) {
        observer.disconnect();
        plot.destroy();
        return;
      }
      const width = box.clientWidth;
      if (width && Math.abs(width - plot.width) > 1) plot.setSize({ width, height: CHART_HEIGHT });
    });
    observer.observe(box);
    document.addEventListener("theme", () => box.isConnected && plot.redraw(false));
  };
  new IntersectionObserver(
    (seen, observer) => {
      if (seen.some((one) => one.isIntersecting)) {
        observer.disconnect();
        start();
      }
    },
    { rootMargin: "400px" },
  ).observe(box);
  return box;
}

/** Where the chosen checkpoint is: the weights that play. */
function drawMarks(plot, series) {
  const { ctx, bbox } = plot;
  for (const s of series)
    for (const x of s.marks ?? []) {
      const at = plot.valToPos(x, "x", true);
      if (at < bbox.left || at > bbox.left + bbox.width) continue;
      ctx.save();
      ctx.strokeStyle = inkOf(s.colour);
      ctx.setLineDash([4, 4]);
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
      ctx.restore();
    }
}

/** A rate with its interval on a 0 to 100 % rule. */
function intervalBar({ rate, low, high }, color) {
  const w = 360,
    at = (p) => 6 + p * (w - 12);
  return svg(
    "svg.chart.interval",
    {
      viewBox: `0 0 ${w} 26`,
      role: "img",
      "aria-label": `${percent(rate)}, 95 % interval ${percent(low)} to ${percent(high)}`,
      "--c": color,
    },
    svg("line.grid", { x1: at(0), x2: at(1), y1: 13, y2: 13 }),
    [0, 0.25, 0.5, 0.75, 1].map((p) => svg("line.grid", { x1: at(p), x2: at(p), y1: 9, y2: 17 })),
    svg("rect.band", { x: at(low), width: Math.max(2, at(high) - at(low)), y: 8, height: 10, rx: 5 }),
    svg("circle.dot", { cx: at(rate), cy: 13, r: 5 }),
  );
}

/** Points [{x, y, color, ring, title, onclick}]. */
function scatter(points, { xname, yname, label }) {
  const f = frame(
    420,
    260,
    points.map((p) => p.x),
    points.map((p) => p.y),
    { xname },
  );
  f.root.setAttribute("aria-label", label);
  f.root.append(svg("text", { x: f.pad.left + 4, y: f.pad.top + 10 }, yname));
  for (const p of points) {
    f.root.append(
      svg(
        p.ring ? "circle.ring" : "circle.dot",
        {
          cx: f.x(p.x),
          cy: f.y(p.y),
          r: 4.5,
          "--c": p.color,
          onclick: p.onclick,
          cursor: p.onclick && "pointer",
        },
        svg("title", {}, p.title),
      ),
    );
  }
  return f.root;
}
