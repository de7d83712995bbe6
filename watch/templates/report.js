// The page: results, learning curves, episodes, map, reward view, how to reproduce.

const place = (id) => document.querySelector(`#${id} .fill`);
const settings = { axis: "steps", halfLife: 0, log: false, fold: true, differing: true };
let data = adopt(JSON.parse(document.getElementById("data").textContent));
let viewer = null,
  map = null,
  wall = null;

/** Episodes as the page works with them: facts, digest and place in one object. */
function adopt(report) {
  for (const evaluation of report.evaluations) {
    evaluation.episodes = evaluation.episodes.map((e) => ({
      ...e.facts,
      ...e.digest,
      key: e.key,
      video: e.video,
      path: e.path,
    }));
  }
  return report;
}

const shownPlayers = () => data.evaluations.filter((e) => e.summary.choice !== "demonstrated");

function drawResults() {
  const rows = shownPlayers().map((e) => {
    // demonstrations were chosen by hand: their rate says nothing
    const s = e.summary,
      c = colour(e.colour);
    const about = [
      s.task,
      s.world !== "stand-in" && s.world,
      s.max_steps && `at most ${s.max_steps} steps`,
      s.choice,
    ];
    return h(
      "tr",
      {},
      h(
        "td",
        {},
        h("span.swatch", { "--c": c }),
        e.name,
        h("div.soft.small", {}, about.filter(Boolean).join(" · ")),
      ),
      h(
        "td.num",
        {},
        known(s.rate)
          ? [h("strong", {}, percent(s.rate)), h("div.soft.small", {}, `${s.successes} of ${s.episodes}`)]
          : h("span.soft", {}, "not judged"),
      ),
      h("td", {}, known(s.rate) ? intervalBar(s, c) : null),
      h("td.num", {}, known(s.rate) ? `${percent(s.low)} to ${percent(s.high)}` : "–"),
      h("td.num", {}, known(s.mean_steps) ? clock(s.mean_steps / FPS) : "–"),
      h(
        "td.num",
        {},
        s.complete === false
          ? h("span.badge", {}, `${s.episodes} so far`)
          : s.faults
            ? h("span.badge.bad", {}, `${s.faults} world faults`)
            : String(s.episodes),
      ),
    );
  });
  const head = ["player", "success", "", "95 % interval", "mean length", "episodes"].map((t) =>
    h("th", { scope: "col" }, t),
  );
  const table = rows.length
    ? h(
        "div.card.scroll",
        {},
        h("table.results", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)),
      )
    : h(
        "p.notice",
        {},
        "No episode has been played yet. ",
        h("code", {}, "basalt-iq evaluate --run RUN"),
        " plays some.",
      );
  const pairs = data.pairs.map((p) =>
    h(
      "li",
      {},
      h("strong", {}, p.a),
      " and ",
      h("strong", {}, p.b),
      ` on the same ${p.seeds} seeds: both succeed on ${p.both}, only ${p.a} on ${p.only_a}, `,
      `only ${p.b} on ${p.only_b}. `,
      h("span.soft", {}, pairWords(p)),
    ),
  );
  const others = data.unpaired.map((u) =>
    h("li", {}, h("strong", {}, u.a), " and ", h("strong", {}, u.b), ` are not compared: ${u.why}.`),
  );
  redraw(
    place("results"),
    table,
    ...phaseTables(),
    pairs.length ? h("ul.pairs.small", {}, pairs) : "",
    others.length
      ? h(
          "details.small",
          { open: !pairs.length },
          h("summary", {}, `${others.length} pairs that are not compared`),
          h("ul.pairs", {}, others),
        )
      : "",
    rows.length
      ? h("p.small", {}, h("button", { type: "button", onclick: downloadResults }, "results as csv"))
      : "",
  );
}

/** How far episodes came, a table for each task: what agents reach is another thing than where they end. */
function phaseTables() {
  const players = shownPlayers().filter((e) => e.summary.phases?.length);
  const tasks = [...new Set(players.map((e) => e.summary.task))];
  return tasks.map((task) => {
    const here = players.filter((e) => e.summary.task === task);
    const names = [...new Set(here.flatMap((e) => e.summary.phases.map((p) => p.name)))];
    return h(
      "div.card.scroll",
      {},
      h(
        "table.phases",
        {},
        h("caption", {}, `How far they came: ${task}, with 95 % intervals`),
        h("thead", {}, h("tr", {}, [h("td"), ...here.map((e) => h("th", { scope: "col" }, e.name))])),
        h(
          "tbody",
          {},
          names.map((name) =>
            h("tr", {}, [h("th", { scope: "row" }, name), ...here.map((e) => phaseCell(e, name))]),
          ),
        ),
      ),
    );
  });
}

function phaseCell(evaluation, name) {
  const phase = evaluation.summary.phases.find((p) => p.name === name);
  if (!phase?.of) return h("td.num", {}, "–");
  const between = `${percent(phase.low)} to ${percent(phase.high)}`;
  return h("td.num", {}, [
    h("strong", {}, percent(phase.count / phase.of)),
    h("div.soft.small", {}, `${phase.count} of ${phase.of}, ${between}`),
  ]);
}

function downloadResults() {
  const names = [
    "task",
    "world",
    "max_steps",
    "choice",
    "episodes",
    "successes",
    "rate",
    "low",
    "high",
    "mean_steps",
    "mean_score",
    "faults",
  ];
  const came = (e) => Object.fromEntries((e.summary.phases ?? []).map((p) => [p.name, p.count]));
  const phases = [...new Set(shownPlayers().flatMap((e) => Object.keys(came(e))))];
  const row = (e) => [e.name, ...names.map((n) => e.summary[n]), ...phases.map((n) => came(e)[n])];
  download("results.csv", csv([["player", ...names, ...phases], ...shownPlayers().map(row)]));
}

function pairWords(p) {
  const value = p.p < 0.001 ? "p < 0.001" : `p = ${p.p.toFixed(3)}`;
  if (p.p >= 0.05) return `No difference is shown (exact McNemar test, ${value}).`;
  return `${p.only_a > p.only_b ? p.a : p.b} is better (exact McNemar test, ${value}).`;
}

/** Names of curves by rank; the losses of two objectives are no common measure and get a chart each. */
function charts() {
  const names = Object.keys(data.meanings).sort(
    (a, b) => data.meanings[a].rank - data.meanings[b].rank || a.localeCompare(b),
  );
  return names.flatMap((name) => {
    const runs = data.runs.filter((run) => run.curves[name]);
    const kinds = [...new Set(runs.map((run) => run.objective))];
    if (!/(^|\/)loss$/.test(name) || kinds.length < 2) return [{ name, runs, kind: "" }];
    return kinds.map((kind) => ({ name, runs: runs.filter((run) => run.objective === kind), kind }));
  });
}

function drawLearning() {
  const all = charts();
  if (!all.length) {
    redraw(
      place("learning"),
      h("p.notice", {}, "Nothing was trained here, so there are no learning curves."),
    );
    return;
  }
  const option = (value, text) => h("option", { value, selected: settings.axis === value }, text);
  const set = (name, value) => {
    settings[name] = value;
    zooms.clear();
    drawLearning();
  };
  const axis = h(
    "select",
    { "aria-label": "Horizontal axis", onchange: (e) => set("axis", e.target.value) },
    option("steps", "training steps"),
    option("seconds", "minutes of training"),
  );
  const smoothing = h("input", {
    type: "range",
    min: 0,
    max: 20,
    value: settings.halfLife,
    "aria-label": "Smoothing",
    onchange: (e) => set("halfLife", +e.target.value),
  });
  const box = (name, text) =>
    h(
      "label",
      {},
      h("input", { type: "checkbox", checked: settings[name], onchange: (e) => set(name, e.target.checked) }),
      text,
    );
  const folded = new Set(data.runs.map((run) => run.setting)).size < data.runs.length;
  const legend = h(
    "span.legend",
    {},
    data.runs.map((run) => h("span", {}, h("span.swatch", { "--c": colour(run.colour) }), run.name)),
  );
  const main = all.filter(({ name }) => data.meanings[name].rank < 6),
    more = all.filter((chart) => !main.includes(chart));
  const wasOpen = place("learning").querySelector("details")?.open;
  redraw(
    place("learning"),
    h(
      "div.controls",
      {},
      h("label", {}, "over ", axis),
      h("label", {}, "smoothing ", smoothing),
      box("log", "logarithmic"),
      folded ? box("fold", "one band a setting") : "",
      legend,
    ),
    h(
      "p.soft.small",
      {},
      "Drag to zoom, double click to see all, click a name to hide it. ",
      "A dashed line marks the checkpoint that plays.",
    ),
    h("div.curves", {}, main.map(curveCard)),
    more.length
      ? h(
          "details",
          { open: wasOpen },
          h("summary", {}, `${more.length} more curves`),
          h("div.curves", {}, more.map(curveCard)),
        )
      : "",
  );
}

function curveCard({ name, runs, kind }) {
  const meaning = data.meanings[name],
    minutes = settings.axis === "seconds",
    title = kind ? `${meaning.title}, ${kind}` : meaning.title;
  const series = runs.map((run) => {
    const c = run.curves[name];
    return {
      name: run.name,
      colour: run.colour,
      group: run.setting,
      xs: minutes ? c.seconds.map((s) => s / 60) : c.steps,
      ys: c.values,
      marks: known(run.chosen) && !minutes ? [run.chosen] : [],
    };
  });
  const arrow = { lower: "lower is better", higher: "higher is better" }[meaning.better];
  const xname = minutes ? "minutes" : "step",
    lines = settings.fold ? banded(series) : series;
  const chart = lineChart(lines, {
    xname,
    halfLife: settings.halfLife,
    log: settings.log,
    label: `${title} over ${xname}`,
  });
  const rows = () =>
    csv([["run", xname, name], ...series.flatMap((s) => s.xs.map((x, i) => [s.name, x, s.ys[i]]))]);
  const file = title.replace(/[^\w]+/g, "-").toLowerCase();
  return h(
    "article.card.curve",
    {},
    h("header", {}, h("h3", {}, title), arrow ? h("span.soft.small", {}, arrow) : null),
    h("p", {}, meaning.text || " ", " ", h("code.soft", {}, name)),
    chart,
    h(
      "footer.mini",
      {},
      h("button", { type: "button", onclick: () => download(`${file}.csv`, rows()) }, "csv"),
      h(
        "button",
        {
          type: "button",
          onclick: () => chart.plot?.ctx.canvas.toBlob((blob) => blob && download(`${file}.png`, blob)),
        },
        "png",
      ),
    ),
  );
}

/** Bring an episode up, because somebody asked for it somewhere else on the page. */
function watchEpisode(episode, step = 0) {
  document.getElementById("episodes").scrollIntoView();
  viewer.touched = true;
  viewer.open(episode, step);
}

function drawEpisodes() {
  if (!data.evaluations.some((e) => e.episodes.length)) {
    redraw(place("episodes"), h("p.notice", {}, "No episode is on record."));
    return;
  }
  viewer = new Viewer(data.evaluations, data.media);
  wall = new Wall(data.evaluations, data.media, watchEpisode);
  basalt.viewer = viewer;
  basalt.wall = wall;
  redraw(place("episodes"), viewer.element, wall.element);
  const asked = viewer.linked(location.hash);
  if (asked) {
    watchEpisode(asked.episode, asked.step);
    return;
  }
  viewer.open(data.evaluations.find((e) => e.episodes.length).episodes[0]);
}

function drawWhere() {
  const parts = [],
    some = data.evaluations.filter((e) => e.episodes.length);
  if (!some.length) {
    redraw(place("where"), h("p.notice", {}, "No episode is on record."));
    return;
  }
  if (PathMap.any(data.evaluations)) {
    if (map) map.update(data.evaluations, data.lands);
    else map = new PathMap(data.evaluations, data.lands, watchEpisode);
    basalt.map = map;
    parts.push(map.element);
  }
  parts.push(
    h(
      "div.twin",
      {},
      shownPlayers()
        .filter((e) => e.episodes.length)
        .map(endingsCard),
    ),
  );
  if (some.some((e) => Object.keys(e.habits).length)) parts.push(habitsCard(some));
  redraw(place("where"), ...parts);
}

function endingsCard(evaluation) {
  const total = evaluation.episodes.length,
    byKey = new Map(evaluation.episodes.map((e) => [e.key, e]));
  const rows = evaluation.endings.map((end) =>
    h(
      "li",
      {},
      h("span.num", {}, `${end.episodes.length} of ${total}`),
      h(
        "span",
        {},
        end.success === true
          ? h("span.mark.good", {}, "✓ ")
          : end.success === false
            ? h("span.mark.bad", {}, "✕ ")
            : "",
        end.words,
      ),
      h(
        "span.show",
        {},
        end.episodes
          .slice(0, 5)
          .map((key) =>
            h(
              "button",
              { type: "button", onclick: () => watchEpisode(byKey.get(key)) },
              nameOf(byKey.get(key)),
            ),
          ),
        end.episodes.length > 5 ? h("span.soft", {}, "…") : "",
      ),
    ),
  );
  return h(
    "article.card",
    {},
    h("h3", {}, h("span.swatch", { "--c": colour(evaluation.colour) }), `How ${evaluation.name} ends`),
    h("ul.endings", {}, rows),
  );
}

/** How often each key is held: demonstrations first, since everybody is measured by them. */
function habitsCard(evaluations) {
  const order = [...evaluations].sort(
    (a, b) => Number(b.summary.choice === "demonstrated") - Number(a.summary.choice === "demonstrated"),
  );
  const names = [...new Set(order.flatMap((e) => Object.keys(e.habits)))].sort(
    (a, b) =>
      Math.max(...order.map((e) => e.habits[b] ?? 0)) - Math.max(...order.map((e) => e.habits[a] ?? 0)),
  );
  const rows = names.map((name) =>
    h(
      "tr",
      {},
      h("td", {}, name),
      h(
        "td.bars",
        {},
        order.map((e) =>
          h("i", {
            "--c": colour(e.colour),
            "--p": e.habits[name] ?? 0,
            title: `${e.name}: ${percent(e.habits[name] ?? 0, 1)}`,
          }),
        ),
      ),
      h("td.num.soft", {}, order.map((e) => percent(e.habits[name] ?? 0, 1)).join(" · ")),
    ),
  );
  return h(
    "article.card",
    {},
    h("h3", {}, "How often each key is held"),
    h("p.soft.small", {}, `Share of ticks, in the order ${order.map((e) => e.name).join(", ")}.`),
    h("div.scroll", {}, h("table.habits", {}, h("tbody", {}, rows))),
    h(
      "button",
      {
        type: "button",
        onclick: () =>
          download(
            "keys.csv",
            csv([
              ["key", ...order.map((e) => e.name)],
              ...names.map((n) => [n, ...order.map((e) => e.habits[n] ?? 0)]),
            ]),
          ),
      },
      "csv",
    ),
  );
}

function drawReward() {
  const views = data.evaluations.filter((e) => e.reward_view);
  const explain = h(
    "p.soft",
    {},
    "IQ-Learn is never told a reward: it recovers one from the demonstrations, r = Q(s,a) − γV(s′). ",
    "In the stand-in world the true progress is known, so the two can be held against each other. ",
    "A point is an episode; a filled one succeeded. Click one to watch it.",
  );
  if (!views.length) {
    redraw(place("reward"), h("p.notice", {}, "No episode has both a recovered reward and a known truth."));
    return;
  }
  redraw(place("reward"), explain, h("div.twin", {}, views.map(rewardCard)));
}

function rewardCard(evaluation) {
  const view = evaluation.reward_view,
    points = view.points
      .filter((p) => known(p.reward))
      .map((p) => ({
        x: p.reward,
        y: p.progress,
        color: colour(evaluation.colour),
        ring: p.success !== true,
        title: `seed ${p.seed}: reward ${short(p.reward)}, progress ${short(p.progress)}`,
        onclick: () => watchEpisode(evaluation.episodes.find((e) => e.seed === p.seed)),
      }));
  const r = (value) => (known(value) ? value.toFixed(2) : "–");
  return h(
    "article.card",
    {},
    h("h3", {}, h("span.swatch", { "--c": colour(evaluation.colour) }), evaluation.name),
    h("p.verdict", {}, h("strong", {}, evaluation.reward_words)),
    scatter(points, {
      xname: "mean recovered reward per step",
      yname: "true progress",
      label: `Recovered reward and progress of ${evaluation.name}`,
    }),
    h(
      "p.small",
      {},
      "Correlation between episodes (ranks) ",
      h("strong.num", {}, r(view.between)),
      "; along an episode, reward of a second with progress made in it ",
      h("strong.num", {}, r(view.within)),
      ", value with progress ",
      h("strong.num", {}, r(view.value)),
      ".",
    ),
  );
}

function drawReproduce() {
  const parts = data.runs.map((run) =>
    h(
      "article.card",
      {},
      h("h3", {}, h("span.swatch", { "--c": colour(run.colour) }), run.name),
      run.commands.map(commandLine),
      run.facts.length ? h("p.soft.small", {}, run.facts.join(" · ")) : "",
      h(
        "details",
        {},
        h("summary", {}, "configuration"),
        h(
          "div.scroll",
          {},
          h(
            "table.config",
            {},
            h(
              "tbody",
              {},
              run.config.map(([key, value]) => h("tr", {}, h("td.mono", {}, key), h("td.mono", {}, value))),
            ),
          ),
        ),
      ),
    ),
  );
  const played = data.evaluations
    .filter((e) => e.command)
    .map((e) => h("div", {}, h("p.small.soft", {}, e.name), commandLine(e.command)));
  const weights = data.evaluations
    .filter((e) => e.summary.weights)
    .map((e) =>
      h(
        "tr",
        {},
        h("td", {}, e.name),
        h("td.mono", {}, e.summary.checkpoint || ""),
        h("td.mono", {}, e.summary.weights),
        h("td", {}, seedWords(e.summary.seeds)),
      ),
    );
  redraw(
    place("reproduce"),
    h("div.twin", {}, parts),
    data.runs.length > 1 ? differences() : "",
    played.length ? h("article.card", {}, h("h3", {}, "Evaluations"), played) : "",
    weights.length
      ? h(
          "details",
          {},
          h("summary", {}, "weights and seeds"),
          h("div.scroll", {}, h("table.config", {}, h("tbody", {}, weights))),
        )
      : "",
    data.command ? h("p.soft.small", {}, "This page: ", h("code", {}, data.command)) : "",
  );
}

/** The runs' settings side by side. */
function differences() {
  const tables = data.runs.map((run) => new Map(run.config)),
    keys = [...new Set(tables.flatMap((t) => [...t.keys()]))];
  const differs = (key) => new Set(tables.map((t) => t.get(key))).size > 1;
  const shown = keys.filter((key) => !settings.differing || differs(key));
  const rows = shown.map((key) =>
    h(
      "tr",
      {},
      h("td.mono", {}, key),
      tables.map((t) => h("td.mono", {}, t.get(key) ?? "–")),
    ),
  );
  return h(
    "article.card",
    {},
    h("h3", {}, "What differs between the runs"),
    h(
      "label.small",
      {},
      h("input", {
        type: "checkbox",
        checked: settings.differing,
        onchange: (e) => {
          settings.differing = e.target.checked;
          drawReproduce();
        },
      }),
      " only what differs",
    ),
    shown.length
      ? h(
          "div.scroll",
          {},
          h(
            "table.config",
            {},
            h(
              "thead",
              {},
              h(
                "tr",
                {},
                h("th", {}, ""),
                data.runs.map((run) => h("th", {}, run.name)),
              ),
            ),
            h("tbody", {}, rows),
          ),
        )
      : h("p.soft", {}, "Nothing."),
  );
}

function seedWords(seeds) {
  if (!seeds?.length) return "";
  const run = seeds.every((s, i) => !i || s === seeds[i - 1] + 1);
  return `seeds ${run && seeds.length > 1 ? `${seeds[0]} to ${seeds.at(-1)}` : seeds.join(" ")}`;
}

function commandLine(text) {
  const button = h(
    "button",
    {
      type: "button",
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(text);
          button.textContent = "copied";
        } catch {
          getSelection().selectAllChildren(pre);
          button.textContent = "selected";
        }
        setTimeout(() => {
          button.textContent = "copy";
        }, 1500);
      },
    },
    "copy",
  );
  const pre = h("pre", {}, text);
  return h("div.commandline", {}, pre, button);
}

/** Live: draw what has changed, and leave the episode that is being watched, and the reader, alone. */
async function refresh() {
  let fresh;
  try {
    fresh = adopt(await (await fetch("/data.json")).json());
  } catch {
    return;
  }
  const same = (name) => JSON.stringify(fresh[name]) === JSON.stringify(data[name]);
  const trained = !same("runs"),
    played = !same("evaluations");
  data = fresh;
  if (trained) {
    drawLearning();
    drawReproduce();
  }
  if (!played) return;
  drawResults();
  drawReward();
  drawWhere();
  if (viewer) {
    viewer.update(data.evaluations);
    wall.update(data.evaluations);
  } else drawEpisodes();
}

function drawAll() {
  drawResults();
  drawLearning();
  drawWhere();
  drawReward();
  drawReproduce();
  document.getElementById("foot").textContent =
    `Written ${data.written} by basalt-iq ${data.version}. Charts: uPlot (MIT, © Leon Sorokin).`;
}

setUpTheme();
drawAll();
drawEpisodes();
const help = /** @type {HTMLDialogElement} */ (document.getElementById("help"));
document.getElementById("help-open").addEventListener("click", () => help.showModal());
document.addEventListener("keydown", (event) => {
  if (event.key === "?" && !help.open) help.showModal();
});
window.addEventListener("hashchange", () => {
  const asked = viewer?.linked(location.hash);
  if (asked) watchEpisode(asked.episode, asked.step);
});
if (data.live) setInterval(refresh, 1000 * data.live);
document.documentElement.dataset.ready = "true";
