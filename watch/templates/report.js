// The page: results, learning curves, episodes, reward view, how to reproduce.

const place = (id) => document.querySelector(`#${id} .fill`);
let data = JSON.parse(document.getElementById("data").textContent);
let viewer = null;
const settings = { axis: "steps", halfLife: 0 };

const evaluationColour = (index) => colour(index);

function drawResults() {
  const rows = data.evaluations.map((e, i) => {
    const s = e.summary;
    if (s.choice === "demonstrated") return null;  // chosen by hand: their rate says nothing
    return h("tr", {}, h("td", {}, h("span.swatch", { "--c": evaluationColour(i) }), e.name, h("div.faint.small", {}, [s.task, s.max_steps && `at most ${s.max_steps} steps`, s.choice].filter(Boolean).join(" · "))),
      h("td.num", {}, known(s.rate) ? [h("strong", {}, percent(s.rate)), h("div.faint.small", {}, `${s.successes} of ${s.episodes}`)] : h("span.soft", {}, "not judged")),
      h("td", {}, known(s.rate) ? intervalBar(s, evaluationColour(i)) : null),
      h("td.num", {}, known(s.rate) ? `${percent(s.low)} to ${percent(s.high)}` : "–"),
      h("td.num", {}, known(s.mean_steps) ? clock(s.mean_steps / FPS) : "–"),
      h("td.num", {}, s.complete === false ? h("span.badge", {}, `${s.episodes} so far`) : s.faults ? h("span.badge.bad", {}, `${s.faults} world faults`) : String(s.episodes)));
  });
  const head = ["player", "success", "", "95 % interval", "mean length", "episodes"].map((t) => h("th", { scope: "col" }, t));
  const table = rows.some(Boolean) ? h("div.card.scroll", {}, h("table.results", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)))
    : h("p.notice", {}, "No episode has been played yet. ", h("code", {}, "basalt-iq evaluate --run RUN"), " plays some.");
  const pairs = data.pairs.map((p) => h("li", {}, h("strong", {}, p.a), " and ", h("strong", {}, p.b), ` on the same ${p.seeds} seeds: both succeed on ${p.both}, only ${p.a} on ${p.only_a}, only ${p.b} on ${p.only_b}. `, h("span.soft", {}, pairWords(p))));
  place("results").replaceChildren(table, pairs.length ? h("ul.pairs.small", {}, pairs) : "");
}

function pairWords(p) {
  const value = p.p < 0.001 ? "p < 0.001" : `p = ${p.p.toFixed(3)}`;
  if (p.p >= 0.05) return `No difference is shown (exact McNemar test, ${value}).`;
  return `${p.only_a > p.only_b ? p.a : p.b} is better (exact McNemar test, ${value}).`;
}

function drawLearning() {
  const names = Object.keys(data.meanings).sort((a, b) => data.meanings[a].rank - data.meanings[b].rank || a.localeCompare(b));
  if (!names.length) { place("learning").replaceChildren(h("p.notice", {}, "Nothing was trained here, so there are no learning curves.")); return; }
  const axis = h("select", { "aria-label": "Horizontal axis", onchange: (e) => { settings.axis = e.target.value; drawLearning(); } },
    [["steps", "training steps"], ["seconds", "minutes of training"]].map(([value, text]) => h("option", { value, selected: settings.axis === value }, text)));
  const smoothing = h("input", { type: "range", min: 0, max: 20, value: settings.halfLife, "aria-label": "Smoothing", onchange: (e) => { settings.halfLife = +e.target.value; drawLearning(); } });
  const legend = h("span.legend", {}, data.runs.map((run, i) => h("span", {}, h("span.swatch", { "--c": colour(i) }), run.name)));
  const telling = (name) => data.meanings[name].rank < 6 && data.runs.some((run) => run.curves[name]?.values.some((v) => v !== 0));
  const main = names.filter(telling), more = names.filter((name) => !telling(name));
  const wasOpen = place("learning").querySelector("details")?.open;
  place("learning").replaceChildren(
    h("div.controls", {}, h("label", {}, "over ", axis), h("label", {}, "smoothing ", smoothing), legend),
    h("div.curves", {}, main.map(curveCard)),
    more.length ? h("details", { open: wasOpen }, h("summary", {}, `${more.length} more curves`), h("div.curves", {}, more.map(curveCard))) : "");
}

function curveCard(name) {
  const meaning = data.meanings[name], minutes = settings.axis === "seconds";
  const series = data.runs.map((run, i) => ({ run, i })).filter(({ run }) => run.curves[name]).map(({ run, i }) => {
    const c = run.curves[name];
    return { name: run.name, color: colour(i), xs: minutes ? c.seconds.map((s) => s / 60) : c.steps, ys: c.values };
  });
  const arrow = { lower: "lower is better", higher: "higher is better" }[meaning.better];
  return h("article.card.curve", {}, h("header", {}, h("h3", {}, meaning.title), arrow ? h("span.faint.small", {}, arrow) : null),
    h("p", {}, meaning.text || " ", " ", h("code.faint", {}, name)),
    lineChart(series, { xname: minutes ? "minutes" : "step", halfLife: settings.halfLife, label: meaning.title }));
}

function drawEpisodes() {
  if (!data.evaluations.some((e) => e.episodes.length)) { place("episodes").replaceChildren(h("p.notice", {}, "No episode is on record.")); return; }
  viewer = new Viewer(data.evaluations, data.media);
  basalt.viewer = viewer;
  place("episodes").replaceChildren(viewer.element);
  const first = data.evaluations.find((e) => e.episodes.length);
  viewer.open(first.episodes[0]);
}

function drawReward() {
  const views = data.evaluations.map((e, i) => ({ e, i })).filter(({ e }) => e.reward_view);
  const explain = h("p.soft", {}, "IQ-Learn is never told a reward: it recovers one from the demonstrations, r = Q(s,a) − γV(s′). In the stand-in world the true progress is known, so the two can be held against each other. A point is an episode; a filled one succeeded. Click one to watch it.");
  if (!views.length) { place("reward").replaceChildren(h("p.notice", {}, "No episode has both a recovered reward and a known truth.")); return; }
  place("reward").replaceChildren(explain, h("div.twin", {}, views.map(({ e, i }) => rewardCard(e, i))));
}

function rewardCard(evaluation, index) {
  const view = evaluation.reward_view, points = view.points.filter((p) => known(p.reward)).map((p) => ({
    x: p.reward, y: p.progress, color: evaluationColour(index), ring: p.success !== true, title: `seed ${p.seed}: reward ${short(p.reward)}, progress ${short(p.progress)}`,
    onclick: () => { location.hash = "#episodes"; viewer?.open(evaluation.episodes.find((e) => e.seed === p.seed)); } }));
  const r = (value) => (known(value) ? value.toFixed(2) : "–");
  return h("article.card", {}, h("h3", {}, h("span.swatch", { "--c": evaluationColour(index) }), evaluation.name),
    scatter(points, { xname: "mean recovered reward per step", yname: "true progress", label: `Recovered reward and progress of ${evaluation.name}` }),
    h("p.small", {}, "Correlation between episodes (ranks) ", h("strong.num", {}, r(view.between)), "; along an episode, reward of a second with progress made in it ", h("strong.num", {}, r(view.within)), ", value with progress ", h("strong.num", {}, r(view.value)), "."));
}

function drawReproduce() {
  const parts = data.runs.map((run) => h("article.card", {}, h("h3", {}, run.name), run.command ? commandLine(run.command) : null,
    h("details", {}, h("summary", {}, "configuration"), h("div.scroll", {}, h("table.config", {}, h("tbody", {}, run.config.map(([key, value]) => h("tr", {}, h("td.mono", {}, key), h("td.mono", {}, value)))))))));
  const played = data.evaluations.filter((e) => e.summary.command).map((e) => h("div", {}, h("p.small.soft", {}, e.name), commandLine(e.summary.command)));
  const weights = data.evaluations.filter((e) => e.summary.weights).map((e) => h("tr", {}, h("td", {}, e.name), h("td.mono", {}, e.summary.checkpoint || ""), h("td.mono", {}, e.summary.weights), h("td", {}, seedWords(e.summary.seeds))));
  place("reproduce").replaceChildren(h("div.twin", {}, parts),
    played.length ? h("article.card", {}, h("h3", {}, "Evaluations"), played) : "",
    weights.length ? h("details", {}, h("summary", {}, "weights and seeds"), h("div.scroll", {}, h("table.config", {}, h("tbody", {}, weights)))) : "",
    data.command ? h("p.soft.small", {}, "This page: ", h("code", {}, data.command)) : "");
}

function seedWords(seeds) {
  if (!seeds?.length) return "";
  const run = seeds.every((s, i) => !i || s === seeds[i - 1] + 1);
  return `seeds ${run && seeds.length > 1 ? `${seeds[0]} to ${seeds.at(-1)}` : seeds.join(" ")}`;
}

function commandLine(text) {
  const button = h("button", { type: "button", onclick: async () => {
    try { await navigator.clipboard.writeText(text); button.textContent = "copied"; }
    catch { getSelection().selectAllChildren(pre); button.textContent = "selected"; }
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  } }, "copy");
  const pre = h("pre", {}, text);
  return h("div.commandline", {}, pre, button);
}

/** Live: draw what has changed, and leave the episode that is being watched alone. */
async function refresh() {
  let fresh;
  try { fresh = await (await fetch("/data.json")).json(); } catch { return; }
  const same = (name) => JSON.stringify(fresh[name]) === JSON.stringify(data[name]);
  const trained = !same("runs"), played = !same("evaluations");
  data = fresh;
  if (trained) { drawLearning(); drawReproduce(); }
  if (!played) return;
  drawResults();
  drawReward();
  if (viewer) viewer.update(data.evaluations); else drawEpisodes();
}

function drawAll() {
  drawResults();
  drawLearning();
  drawReward();
  drawReproduce();
  document.getElementById("foot").textContent = `Written ${data.written} by basalt-iq ${data.version}.`;
}

setUpTheme();
drawAll();
drawEpisodes();
const help = document.getElementById("help");
document.getElementById("help-open").addEventListener("click", () => help.showModal());
document.addEventListener("keydown", (event) => { if (event.key === "?" && !help.open) help.showModal(); });
if (data.live) setInterval(refresh, 1000 * data.live);
document.documentElement.dataset.ready = "true";
