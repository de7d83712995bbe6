// Two videos, one question. The page never learns who plays until somebody opens the ratings.

/** @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
const videos = ["left", "right"].map((side) => $(side));
const seekBar = $("seek"),
  said = $("said");
const RATES = [1, 2, 4, 0.5];
let match = null,
  rate = 0,
  busy = false;

async function ask(path, body) {
  const response = await fetch(
    path,
    body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) },
  );
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

function show(next) {
  match = next;
  $("question").textContent = next.question;
  $("about").textContent = next.about;
  $("count").textContent = `${next.judged} judged`;
  videos[0].src = next.left;
  videos[1].src = next.right;
  for (const video of videos) {
    video.playbackRate = RATES[rate];
    video.play().catch(() => {});
  }
  basalt.match = next;
  document.documentElement.dataset.ready = "true";
}

/** One job at a time: a double click is one judgement. */
async function once(job) {
  if (busy) return;
  busy = true;
  try {
    await job();
  } catch (error) {
    said.textContent = `This did not work: ${error.message}`;
  }
  busy = false;
}

const judge = (winner) =>
  once(async () => {
    const note = $("note");
    show(await ask("/judge", { id: match.id, winner, note: note.value }));
    note.value = "";
    said.textContent = winner === "draw" ? "Noted: no difference." : `Noted: ${winner} is better.`;
    await standing();
  });

const skip = () =>
  once(async () => {
    show(await ask("/next"));
    said.textContent = "";
  });

const undo = () =>
  once(async () => {
    const { undone } = await ask("/undo", {});
    said.textContent = undone ? "The last judgement is taken back." : "There is none to take back.";
    show(await ask("/next"));
    await standing();
  });

function togglePlay() {
  const paused = videos.every((v) => v.paused || v.ended);
  for (const v of videos) {
    if (!paused) v.pause();
    else {
      if (videos.every((w) => w.ended)) v.currentTime = 0;
      v.play().catch(() => {});
    }
  }
}

function again() {
  seekTo(0);
  for (const v of videos) v.play().catch(() => {});
}

function faster() {
  rate = (rate + 1) % RATES.length;
  $("speed").replaceChildren(`${RATES[rate]}× `, h("kbd", {}, "s"));
  for (const v of videos) v.playbackRate = RATES[rate];
}

const longest = () => Math.max(...videos.map((v) => v.duration || 0));

function seekTo(seconds) {
  for (const v of videos) if (v.duration) v.currentTime = Math.min(seconds, v.duration);
}

async function standing() {
  const box = $("standing");
  if (!box.open) return;
  const s = await ask("/standing");
  const rows = s.agents.map((a) =>
    h(
      "tr",
      {},
      h("td", {}, a.agent),
      h("td.num", {}, a.mu.toFixed(3)),
      h("td.num", {}, a.sigma.toFixed(3)),
      h("td", {}, range(a)),
      h("td.num", {}, a.score.toFixed(2)),
      h("td.num", {}, `${a.open_mu.toFixed(1)} ± ${a.open_sigma.toFixed(1)}`),
      h("td.num", {}, String(a.judged)),
    ),
  );
  const head = ["agent", "mu", "sigma", "mu ± 2 sigma", "score", "openskill", "judged"].map((t) =>
    h("th", {}, t),
  );
  const more = s.needed >= s.most ? `more than ${s.most}` : s.needed;
  const needed =
    s.needed === 0 ? "The order is settled." : `About ${more} more judgements would settle the order.`;
  box.querySelector(".fill").replaceChildren(
    h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)),
    h("p.soft.small", {}, needed),
    s.lost ? h("p.soft.small", {}, `${s.lost} lines of the record say nothing and are passed over.`) : "",
    s.notes.length
      ? h(
          "ul.small",
          {},
          s.notes.map((text) => h("li", {}, text)),
        )
      : "",
  );
}

/** On a rule from 0 to 50. */
function range(a) {
  const at = (v) => 4 + (Math.max(0, Math.min(50, v)) / 50) * 292;
  return svg(
    "svg.range",
    { viewBox: "0 0 300 22" },
    svg("path", { d: "M4 11H296" }),
    svg("line", { x1: at(a.mu - 2 * a.sigma), x2: at(a.mu + 2 * a.sigma), y1: 11, y2: 11 }),
    svg("circle", { cx: at(a.mu), cy: 11, r: 5 }),
  );
}

setUpTheme();
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-winner]")))
  button.addEventListener("click", () => judge(button.dataset.winner));
$("play").addEventListener("click", togglePlay);
$("again").addEventListener("click", again);
$("skip").addEventListener("click", skip);
$("undo").addEventListener("click", undo);
$("speed").addEventListener("click", faster);
$("standing").addEventListener("toggle", standing);
seekBar.addEventListener("input", () => seekTo((seekBar.value / 1000) * longest()));
for (const v of videos)
  v.addEventListener("timeupdate", () => {
    if (longest()) seekBar.value = (Math.max(...videos.map((w) => w.currentTime)) / longest()) * 1000;
  });
document.addEventListener("keydown", (event) => {
  const box = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (box.id === "note") {
    if (event.key === "Enter" || event.key === "Escape") box.blur();
    return;
  }
  const job = {
    ArrowLeft: () => judge("left"),
    ArrowRight: () => judge("right"),
    ArrowDown: () => judge("draw"),
    " ": togglePlay,
    s: faster,
    0: again,
    n: skip,
    Backspace: undo,
  }[event.key];
  if (!job || (box.tagName === "INPUT" && event.key.startsWith("Arrow"))) return;
  event.preventDefault();
  if (box.tagName === "BUTTON") box.blur();
  job();
});
skip();
