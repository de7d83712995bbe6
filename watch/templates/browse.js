// The browser for demonstrations: the list holds only the rows on the screen, the server the rest.

const HEIGHT = 36,
  PAGE = 100;
/** @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
const list = $("rows"),
  video = $("video");
const SPEEDS = [1, 2, 4, 8, 0.5];
const pages = new Map();
let total = 0,
  current = null,
  at = -1,
  arrays = null,
  speed = 0,
  query = "";

const timeline = new Timeline((step) => {
  video.currentTime = (step + 0.5) / FPS;
});
$("timeline").append(timeline.element);

async function ask(path, body) {
  const options = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(path, options),
    answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

function page(index) {
  if (!pages.has(index)) {
    pages.set(index, null);
    const asked = query;
    ask(`/demos?${asked}&offset=${index * PAGE}&limit=${PAGE}`)
      .then((answer) => {
        if (asked !== query) return;
        pages.set(index, answer.rows);
        total = answer.total;
        count(answer);
        draw();
      })
      .catch((error) => {
        $("count").textContent = `This did not work: ${error.message}`;
      });
  }
  return pages.get(index);
}

function count(answer) {
  const looking = answer.looked < answer.all ? ` · ${answer.looked} looked at for being stuck` : "";
  $("count").textContent = `${answer.total} of ${answer.all} · ${answer.excluded} excluded${looking}`;
  const known = [...$("task").options].map((o) => o.value);
  for (const task of answer.tasks)
    if (!known.includes(task)) $("task").append(h("option", { value: task }, task));
}

const rowAt = (index) => pages.get(Math.floor(index / PAGE))?.[index % PAGE];

function draw() {
  $("space").style.height = `${total * HEIGHT}px`;
  const first = Math.max(0, Math.floor(list.scrollTop / HEIGHT) - 4),
    last = Math.min(total, first + Math.ceil(list.clientHeight / HEIGHT) + 8);
  const rows = [];
  for (let i = first; i < last; i++) {
    page(Math.floor(i / PAGE));
    const row = rowAt(i);
    if (row) rows.push(rowElement(row, i));
  }
  list.replaceChildren($("space") ?? h("div", { id: "space" }), ...rows);
}

function rowElement(row, index) {
  const mark =
    row.success === true
      ? h("span.mark.good", { title: "succeeded" }, "✓")
      : row.success === false
        ? h("span.mark.bad", { title: "not succeeded" }, "✕")
        : h("span.mark", {}, "·");
  const side = h(
    "span.small",
    {},
    row.outlier.length ? h("span.odd", { title: row.outlier.join("; ") }, "odd ") : "",
    row.note ? "✎ " : "",
    clock(row.steps / FPS),
  );
  const element = h(
    row.excluded ? "button.demo.excluded" : "button.demo",
    {
      type: "button",
      title: row.name,
      "aria-current": String(current?.id === row.id),
      onclick: () => openDemo(index),
    },
    mark,
    h("span", {}, row.name),
    side,
  );
  element.style.top = `${index * HEIGHT}px`;
  return element;
}

/** Begin anew with what the filters say. */
function askAnew() {
  const [sort, order] = $("sort").value.split(" ");
  query = new URLSearchParams({
    search: $("search").value,
    show: $("show").value,
    task: $("task").value,
    sort,
    order,
  }).toString();
  pages.clear();
  list.scrollTop = 0;
  at = -1;
  page(0);
}

async function openDemo(index) {
  const row = rowAt(index);
  if (!row) return;
  at = index;
  if (index * HEIGHT < list.scrollTop) list.scrollTop = index * HEIGHT;
  else if ((index + 1) * HEIGHT > list.scrollTop + list.clientHeight)
    list.scrollTop = (index + 1) * HEIGHT - list.clientHeight;
  current = row;
  draw();
  video.src = `/video/${row.id}.mp4`;
  video.playbackRate = SPEEDS[speed];
  video.play().catch(() => {});
  const one = await ask(`/demo/${row.id}`);
  if (current?.id !== row.id) return;
  arrays = await unpack(one.arrays);
  basalt.demo = { ...one.facts, arrays, id: row.id };
  timeline.show(one.facts, arrays);
  show(one);
}

function show(one) {
  const row = one.row ?? current;
  current = row;
  $("name").textContent = row.name;
  const words = { true: "succeeded", false: "not succeeded", null: "not judged" }[String(row.success)];
  $("verdict").replaceChildren(
    h(
      row.success === true ? "span.badge.good" : row.success === false ? "span.badge.bad" : "span.badge",
      {},
      words,
    ),
    h(
      "span.soft.small",
      {},
      ` ${row.task}, ${row.era}, ${row.steps} ticks, idle on ${percent(row.idle)} of them `,
    ),
    row.excluded ? h("span.badge.bad", {}, "excluded") : "",
  );
  $("odd").replaceChildren(...row.outlier.map((text) => h("li", {}, text)));
  $("note").value = row.note;
  $("exclude").replaceChildren(row.excluded ? "Take in again " : "Exclude from training ", h("kbd", {}, "x"));
  if (!one.meta) return;
  const rows = [
    ...Object.entries(one.meta),
    ["reasons", one.reasons.join("; ")],
    ["digest", one.digest],
  ].filter(([, value]) => value !== "");
  $("meta").replaceChildren(
    ...rows.map(([key, value]) => h("tr", {}, h("td", {}, key), h("td.mono", {}, String(value)))),
  );
}

async function mark(change) {
  if (!current) return;
  const asked = { id: current.id, excluded: current.excluded, note: $("note").value, ...change };
  const answer = await ask("/mark", asked);
  const rows = pages.get(Math.floor(at / PAGE));
  if (rows && at >= 0 && rows[at % PAGE]?.id === answer.row.id) rows[at % PAGE] = answer.row;
  $("count").textContent = $("count").textContent.replace(/\d+ excluded/, `${answer.excluded} excluded`);
  if (current.id === answer.row.id) show({ row: answer.row });
  draw();
}

function follow() {
  if (!basalt.demo || !arrays) return;
  const moment = video.currentTime * FPS,
    step = Math.min(basalt.demo.steps - 1, Math.floor(moment + 1e-3));
  timeline.at(Math.min(moment, basalt.demo.steps));
  $("time").textContent =
    `tick ${step} of ${basalt.demo.steps} · ${clock(step / FPS)} of ${clock(basalt.demo.steps / FPS)}`;
  const width = arrays.columns.buttons,
    names = basalt.demo.button_names.filter((_, b) => arrays.buttons[step * width + b]);
  const [pitch, yaw] = [arrays.camera[2 * step], arrays.camera[2 * step + 1]];
  const turned = pitch || yaw ? h("kbd.down", {}, `camera ${yaw.toFixed(1)}°, ${pitch.toFixed(1)}°`) : "";
  $("pressed").replaceChildren(...names.map((name) => h("kbd.down", {}, name)), turned);
}

function beat() {
  follow();
  if (!video.paused) requestAnimationFrame(beat);
}

const toggle = () => (video.paused ? video.play().catch(() => {}) : video.pause());
function faster() {
  speed = (speed + 1) % SPEEDS.length;
  video.playbackRate = SPEEDS[speed];
  $("speed").replaceChildren(`${SPEEDS[speed]}× `, h("kbd", {}, "s"));
}

video.addEventListener("play", () => {
  $("play").textContent = "❚❚";
  requestAnimationFrame(beat);
});
video.addEventListener("pause", () => {
  $("play").textContent = "▶";
  follow();
});
video.addEventListener("seeked", follow);
list.addEventListener("scroll", draw);
new ResizeObserver(draw).observe(list);
let typing = 0;
$("search").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(askAnew, 200);
});
for (const id of ["task", "show", "sort"]) $(id).addEventListener("change", askAnew);
$("play").addEventListener("click", toggle);
$("speed").addEventListener("click", faster);
$("next").addEventListener("click", () => openDemo(at + 1));
$("before").addEventListener("click", () => openDemo(at - 1));
$("exclude").addEventListener("click", () => mark({ excluded: !current.excluded }));
$("note").addEventListener("change", () => mark({}));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const box = /** @type {HTMLElement} */ (event.target);
  if (/^(INPUT|SELECT)$/.test(box.tagName)) {
    if (event.key === "Escape" || (event.key === "Enter" && box.tagName === "INPUT")) box.blur();
    return;
  }
  const job = {
    " ": toggle,
    j: () => openDemo(at + 1),
    k: () => openDemo(at - 1),
    x: () => mark({ excluded: !current?.excluded }),
    s: faster,
    "/": () => $("search").focus(),
    n: () => $("note").focus(),
  }[event.key];
  if (!job || (event.key === " " && box.matches("button:focus-visible, summary"))) return;
  event.preventDefault();
  job();
});
setUpTheme();
askAnew();
document.documentElement.dataset.ready = "true";
