// Where everybody went: the paths of a seed from above, where episodes end, where a player spends its time.

class PathMap {
  /** `evaluations` and `lands` as in the page's data; `open(episode, step)` shows one. */
  constructor(evaluations, lands, open) {
    this.evaluations = evaluations;
    this.lands = lands;
    this.open = open;
    this.seed = h("select", { "aria-label": "Seed", onchange: () => this.draw() });
    this.kind = h(
      "select",
      { "aria-label": "Map", onchange: () => this.draw() },
      [
        ["paths", "paths of a seed"],
        ["ends", "where episodes end"],
        ["time", "where time is spent"],
      ].map(([value, text]) => h("option", { value }, text)),
    );
    this.picture = h("div.map", {});
    this.element = h(
      "div.card",
      {},
      h("div.controls", {}, h("label", {}, "show ", this.kind), h("label", {}, "seed ", this.seed)),
      this.picture,
    );
    this.update(evaluations, lands);
  }

  static any(evaluations) {
    return evaluations.some((e) => e.episodes.some((one) => one.path.length));
  }

  update(evaluations, lands) {
    this.evaluations = evaluations;
    this.lands = lands;
    const before = this.seed.value,
      seeds = [
        ...new Set(
          evaluations.flatMap((e) =>
            e.episodes.filter((one) => one.path.length && one.source === null).map((one) => one.seed),
          ),
        ),
      ].sort((a, b) => a - b);
    this.seed.replaceChildren(...seeds.map((seed) => h("option", { value: seed }, String(seed))));
    if (seeds.includes(Number(before))) this.seed.value = before;
    this.draw();
  }

  draw() {
    const paths = this.kind.value === "paths";
    this.seed.disabled = !paths;
    const shown = this.evaluations.flatMap((e) =>
      e.episodes
        .filter((one) => one.path.length && (!paths || one.seed === Number(this.seed.value)))
        .map((episode) => ({
          e,
          episode,
          points: paths
            ? episode.path
            : episode.path.map(([x, z]) => [x - episode.path[0][0], z - episode.path[0][1]]),
        })),
    );
    if (!shown.length) {
      this.picture.replaceChildren(h("p.soft", {}, "No world told where its player was."));
      return;
    }
    const xs = shown.flatMap((s) => s.points.map((p) => p[0])),
      zs = shown.flatMap((s) => s.points.map((p) => p[1]));
    const [x0, x1] = extent(xs),
      [z0, z1] = extent(zs),
      span = Math.max(x1 - x0, z1 - z0, 16) * 1.1;
    const left = (x0 + x1 - span) / 2,
      top = (z0 + z1 - span) / 2,
      size = 520,
      at = ([x, z]) => [((x - left) / span) * size, ((z - top) / span) * size];
    const root = svg("svg.chart", {
      viewBox: `0 0 ${size} ${size}`,
      role: "img",
      "aria-label": "Map from above, north up",
    });
    const land = paths && this.landUnder(shown);
    if (land) root.append(...this.drawLand(land, at));
    for (const t of ticks(left, left + span, 5))
      root.append(svg("line.grid", { x1: at([t, 0])[0], x2: at([t, 0])[0], y1: 0, y2: size }));
    for (const t of ticks(top, top + span, 5))
      root.append(svg("line.grid", { x1: 0, x2: size, y1: at([0, t])[1], y2: at([0, t])[1] }));
    const bar = ticks(0, span / 3, 1).at(-1) || 8;
    root.append(
      svg("line.scalebar", { x1: 14, x2: 14 + (bar / span) * size, y1: size - 14, y2: size - 14 }),
      svg("text", { x: 14, y: size - 20 }, `${bar} blocks`),
      svg("text", { x: size - 26, y: 18 }, "N ↑"),
    );
    if (this.kind.value === "time") this.drawTime(root, shown, at, span / size);
    else for (const s of shown) this.drawPath(root, s, at, paths);
    const players = [...new Map(shown.map((s) => [s.e.name, s.e])).values()];
    this.picture.replaceChildren(
      root,
      h(
        "div.legend.small",
        {},
        players.map((e) => h("span", {}, h("span.swatch", { "--c": colour(e.colour) }), e.name)),
        h("span.soft", {}, "○ start   ● succeeded   ✕ not"),
      ),
    );
  }

  /** The land that all of them went on, if it is known. */
  landUnder(shown) {
    const tasks = new Set(shown.map((s) => s.episode.task));
    return tasks.size === 1
      ? this.lands.find((l) => l.seed === Number(this.seed.value) && tasks.has(l.task))
      : undefined;
  }

  drawLand(land, at) {
    const [x, y] = at([0, 0]),
      [right, bottom] = at([land.wide, land.deep]);
    const picture = svg("image.land", {
      x,
      y,
      width: right - x,
      height: bottom - y,
      preserveAspectRatio: "none",
      href: `data:image/jpeg;base64,${land.jpeg}`,
    });
    return [picture];
  }

  drawPath(root, { e, episode, points }, at, whole) {
    const c = colour(e.colour),
      last = at(points.at(-1)),
      how = episode.success ? "succeeded" : episode.reasons.join("; ") || "not judged",
      words = `${e.name}, ${nameOf(episode)}: ${how}`;
    const group = svg(
      "g.path",
      { "--c": c, cursor: "pointer", onclick: () => this.open(episode, 0) },
      svg("title", {}, words),
    );
    if (whole) {
      const line = points
        .map(
          (p, i) =>
            `${i ? "L" : "M"}${at(p)
              .map((v) => v.toFixed(1))
              .join(" ")}`,
        )
        .join("");
      const first = at(points[0]);
      group.append(
        svg("path.reach", { d: line }),
        svg("path.edge", { d: line }),
        svg("path.line", { d: line }),
        svg("circle.ring", { cx: first[0], cy: first[1], r: 5 }),
      );
    }
    group.append(
      episode.success
        ? svg("circle.dot", { cx: last[0], cy: last[1], r: 5 })
        : svg("path.line", { d: `M${last[0] - 4} ${last[1] - 4}l8 8m0 -8l-8 8` }),
    );
    root.append(group);
  }

  /** Squares of four blocks, the darker the more of all time is spent there. */
  drawTime(root, shown, at, scale) {
    const cells = new Map();
    for (const { points } of shown)
      for (const [x, z] of points) {
        const key = `${Math.floor(x / 4)},${Math.floor(z / 4)}`;
        cells.set(key, (cells.get(key) ?? 0) + 1);
      }
    const most = Math.max(...cells.values());
    for (const [key, count] of cells) {
      const [cx, cz] = key.split(",").map((v) => Number(v) * 4),
        [x, y] = at([cx, cz]),
        side = 4 / scale;
      root.append(
        svg("rect.heat", {
          x,
          y,
          width: side,
          height: side,
          "fill-opacity": 0.12 + 0.88 * Math.sqrt(count / most),
        }),
      );
    }
  }
}
