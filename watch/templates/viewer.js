// The episode browser: list, video, what the player considered, timeline, another episode beside it.

const SPEEDS = [1, 2, 4, 0.5, 0.25];

class Viewer {
  /** `evaluations` as in the page's data, `folder` of the media beside the page or null. */
  constructor(evaluations, folder) {
    this.evaluations = evaluations;
    this.folder = folder;
    this.speed = 0;
    this.jumps = { high: 0, low: 0 };
    this.timeline = new Timeline((step) => this.seek(step));
    this.main = new VideoPane(folder);
    this.side = new VideoPane(folder);
    this.element = h("div.browser", {}, this.buildList(), this.buildStage());
    this.main.video.addEventListener("play", () => this.playing(true));
    this.main.video.addEventListener("pause", () => {
      this.playing(false);
      this.remember();
    });
    for (const kind of ["pointerdown", "keydown"])
      this.element.addEventListener(kind, () => {
        this.touched = true;
      });
    this.main.video.addEventListener("seeked", () => this.follow());
    this.main.video.addEventListener("ended", () => this.follow());
    document.addEventListener("keydown", (event) => this.key(event));
    this.fillList();
  }

  buildList() {
    const option = (value, text) => h("option", { value }, text);
    this.which = h(
      "select",
      { "aria-label": "Evaluation", onchange: () => this.fillList(true) },
      this.evaluations.map((e, i) => option(i, `${e.name} (${e.episodes.length})`)),
    );
    this.outcome = h(
      "select",
      { "aria-label": "Outcome", onchange: () => this.fillList() },
      option("all", "every outcome"),
      option("good", "succeeded"),
      option("bad", "not succeeded"),
      option("error", "world faults"),
    );
    this.sorting = h(
      "select",
      { "aria-label": "Order", onchange: () => this.fillList() },
      option("seed", "by seed"),
      option("high", "highest reward first"),
      option("low", "lowest reward first"),
      option("long", "longest first"),
      option("short", "shortest first"),
    );
    this.items = h("ol", {});
    return h("div.card.list", {}, h("div.filters", {}, this.which, this.outcome, this.sorting), this.items);
  }

  buildStage() {
    this.stage = h("div.stage", {});
    this.thought = h("div.thought", {});
    this.stage.append(this.main.element, this.thought);
    this.playButton = h(
      "button.play.main",
      { type: "button", "aria-label": "Play", onclick: () => this.toggle() },
      "▶",
    );
    this.speedButton = h(
      "button",
      { type: "button", title: "Speed (s)", onclick: () => this.faster() },
      "1×",
    );
    this.highButton = h(
      "button",
      {
        type: "button",
        title: "Next moment of highest recovered reward (h)",
        onclick: () => this.jump("high"),
      },
      "▲ highest",
    );
    this.lowButton = h(
      "button",
      {
        type: "button",
        title: "Next moment of lowest recovered reward (l)",
        onclick: () => this.jump("low"),
      },
      "▼ lowest",
    );
    this.beside = h("select", { "aria-label": "Beside it", onchange: () => this.showBeside() });
    this.looking = true;
    this.lookButton = h(
      "button",
      {
        type: "button",
        title: "Where hiding the picture would have changed its choice (o)",
        onclick: () => this.look(),
      },
      "looked at",
    );
    this.time = h("span.time", {});
    const button = (text, title, onclick) =>
      h("button", { type: "button", title, "aria-label": title, onclick }, text);
    const transport = h(
      "div.transport",
      {},
      this.playButton,
      h(
        "button",
        { type: "button", "aria-label": "A frame back", onclick: () => this.seek(this.step - 1) },
        "‹",
      ),
      h(
        "button",
        { type: "button", "aria-label": "A frame forward", onclick: () => this.seek(this.step + 1) },
        "›",
      ),
      this.speedButton,
      this.highButton,
      this.lowButton,
      this.beside,
      this.lookButton,
      button("full screen", "Full screen (f)", () => this.fullscreen()),
      button(
        "csv",
        "This episode as a table, a row a step",
        () => this.arrays && download(`${this.episode.key}.csv`, this.table()),
      ),
      button(
        "mp4",
        "This episode's video",
        () => this.episode?.video && download(`${this.episode.key}.mp4`, this.main.video.src),
      ),
      this.time,
    );
    this.words = h("p.words", {});
    return h("div.card.viewer", {}, this.stage, transport, this.timeline.element, this.words);
  }

  /** New evaluations or episodes: the lists change, what is shown stays. */
  update(evaluations) {
    const index = this.which.value;
    this.evaluations = evaluations;
    this.which.replaceChildren(
      ...evaluations.map((e, i) => h("option", { value: i }, `${e.name} (${e.episodes.length})`)),
    );
    this.which.value = index;
    this.episode =
      evaluations.flatMap((e) => e.episodes).find((e) => e.key === this.episode?.key) ?? this.episode;
    this.fillList(!this.episode);
  }

  get evaluation() {
    return this.evaluations[+this.which.value];
  }

  fillList(openFirst) {
    const order = {
      seed: (a, b) => a.seed - b.seed,
      high: (a, b) => (b.reward ?? -Infinity) - (a.reward ?? -Infinity),
      low: (a, b) => (a.reward ?? Infinity) - (b.reward ?? Infinity),
      long: (a, b) => b.steps - a.steps,
      short: (a, b) => a.steps - b.steps,
    }[this.sorting.value];
    const keep = {
      all: () => true,
      good: (e) => e.success === true,
      bad: (e) => e.success === false,
      error: (e) => e.error !== null,
    }[this.outcome.value];
    this.shown = this.evaluation.episodes.filter(keep).sort(order);
    this.items.replaceChildren(
      ...this.shown.map((e) =>
        h(
          "li",
          {},
          h(
            "button",
            { type: "button", "data-key": e.key, onclick: () => this.open(e, 0, true) },
            mark(e),
            h("span", {}, nameOf(e)),
            h("span.faint.small", {}, clock(e.steps / FPS)),
          ),
        ),
      ),
    );
    if (!this.shown.length) this.items.append(h("li.soft.small", {}, "none"));
    if (openFirst && this.shown.length) this.open(this.shown[0]);
    this.markCurrent();
  }

  markCurrent() {
    for (const button of this.items.querySelectorAll("button")) {
      const current = button.dataset.key === this.episode?.key;
      button.setAttribute("aria-current", current);
      if (!current) continue;
      // Within the list only: the page stays where it is read.
      const list = this.items.getBoundingClientRect(),
        own = button.getBoundingClientRect();
      if (own.top < list.top) this.items.scrollTop -= list.top - own.top;
      else if (own.bottom > list.bottom) this.items.scrollTop += own.bottom - list.bottom;
    }
  }

  /** Show an episode, from a step of it; `play` starts it. */
  async open(episode, step = 0, play = false) {
    const index = this.evaluations.findIndex((e) => e.episodes.includes(episode));
    if (String(index) !== this.which.value) {
      this.which.value = index;
      this.fillList();
    }
    this.episode = episode;
    this.jumps = { high: 0, low: 0 };
    this.markCurrent();
    this.main.show(episode, this.evaluation.name);
    this.words.replaceChildren(
      verdict(episode),
      " ",
      ...(episode.error ? [`World fault: ${episode.error}`] : episode.reasons.map(judgesWord)),
      known(episode.score) ? h("span.soft", {}, `score ${short(episode.score)}`) : "",
      known(episode.act_ms) ? h("span.soft", {}, `${short(episode.act_ms)} ms to choose an action`) : "",
    );
    this.fillBeside();
    let arrays;
    try {
      arrays = await arraysOf(episode.key, this.folder);
    } catch (error) {
      this.words.append(` Its arrays cannot be read: ${error.message}.`);
      return;
    }
    if (this.episode !== episode) return;
    this.arrays = arrays;
    this.peaks = arrays.reward ? { high: peaks(arrays.reward, 1), low: peaks(arrays.reward, -1) } : null;
    this.highButton.disabled = this.lowButton.disabled = !this.peaks?.high.length;
    this.timeline.show(episode, arrays);
    this.lookButton.hidden = !arrays.looked;
    this.lookButton.setAttribute("aria-pressed", String(this.looking));
    this.main.video.playbackRate = SPEEDS[this.speed];
    this.seek(step);
    if (play) this.main.video.play().catch(() => {});
  }

  /** The address of this very moment. */
  get link() {
    return `#episode=${this.episode.key}&step=${this.step}`;
  }

  /** Episode and step of such an address, or null. */
  linked(hash) {
    const found = /^#episode=([\w-]+)(?:&step=(\d+))?$/.exec(hash);
    const episode = found && this.evaluations.flatMap((e) => e.episodes).find((e) => e.key === found[1]);
    return episode ? { episode, step: Number(found[2] ?? 0) } : null;
  }

  /** Once somebody has chosen something, the address tells what. */
  remember() {
    if (this.touched && this.episode) history.replaceState(null, "", this.link);
  }

  /** The arrays of the episode as a table, a row a step. */
  table() {
    const { arrays, episode } = this,
      names = ["action", "reward", "v", "entropy", "progress"].filter((n) => arrays[n]);
    const keys = arrays.buttons ? episode.button_names : [],
      width = arrays.columns.buttons;
    const head = ["step", ...names, ...keys, ...(arrays.camera ? ["pitch", "yaw"] : [])];
    const word = (n, t) =>
      n === "action" ? (episode.action_names[arrays[n][t]] ?? arrays[n][t]) : arrays[n][t];
    const rows = Array.from({ length: episode.steps }, (_, t) => [
      t,
      ...names.map((n) => word(n, t)),
      ...keys.map((_, b) => arrays.buttons[t * width + b]),
      ...(arrays.camera ? [arrays.camera[2 * t], arrays.camera[2 * t + 1]] : []),
    ]);
    return csv([head, ...rows]);
  }

  fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.stage.requestFullscreen?.().catch(() => {});
  }

  fillBeside() {
    const before = this.beside.value,
      options = [h("option", { value: "" }, "beside: nothing")];
    this.evaluations.forEach((evaluation, i) => {
      const same = evaluation.episodes.findIndex((e) => e.seed === this.episode.seed && e.source === null);
      if (evaluation === this.evaluation) return;
      if (same >= 0)
        options.push(h("option", { value: `${i}/${same}` }, `beside: ${evaluation.name}, same seed`));
      else
        for (const [k, e] of evaluation.episodes.slice(0, 12).entries())
          options.push(h("option", { value: `${i}/${k}` }, `beside: ${evaluation.name}, ${nameOf(e)}`));
    });
    this.beside.replaceChildren(...options);
    this.beside.value = options.some((o) => o.value === before) ? before : "";
    this.showBeside();
  }

  showBeside() {
    const [i, k] = this.beside.value.split("/").map(Number),
      on = this.beside.value !== "";
    this.stage.classList.toggle("two", on);
    if (!on) {
      this.side.element.remove();
      this.side.clear();
      return;
    }
    this.main.element.after(this.side.element);
    this.side.show(this.evaluations[i].episodes[k], this.evaluations[i].name);
    this.side.video.addEventListener("loadedmetadata", () => this.alignSide(true), { once: true });
    if (!this.main.video.paused) this.side.video.play().catch(() => {});
  }

  get step() {
    return this.main.step;
  }

  seek(step) {
    if (!this.episode) return;
    this.main.seek(Math.max(0, Math.min(this.episode.steps, Math.floor(step))));
    this.follow();
  }

  toggle() {
    const video = this.main.video;
    if (video.paused) {
      if (video.ended) this.seek(0);
      video.play().catch(() => {});
    } else video.pause();
  }

  playing(on) {
    this.playButton.textContent = on ? "❚❚" : "▶";
    this.playButton.setAttribute("aria-label", on ? "Pause" : "Play");
    if (this.beside.value) {
      if (on) this.side.video.play().catch(() => {});
      else this.side.video.pause();
    }
    const frame = () => {
      this.follow();
      if (!this.main.video.paused && !this.main.video.ended) requestAnimationFrame(frame);
    };
    if (on) requestAnimationFrame(frame);
  }

  faster() {
    this.speed = (this.speed + 1) % SPEEDS.length;
    this.main.video.playbackRate = this.side.video.playbackRate = SPEEDS[this.speed];
    this.speedButton.textContent = `${SPEEDS[this.speed]}×`;
  }

  /** Go to the next extreme of the recovered reward, the most extreme first. */
  jump(kind) {
    const found = this.peaks?.[kind];
    if (!found?.length) return;
    this.main.video.pause();
    this.seek(found[this.jumps[kind]++ % found.length]);
  }

  /** Bring everything that depends on the moment to the video's. */
  follow() {
    if (!this.arrays || !this.episode) return;
    const moment = this.main.moment,
      step = this.step;
    this.timeline.at(Math.min(moment, this.episode.steps));
    this.alignSide(this.main.video.paused);
    if (step === this.drawn?.step && this.episode === this.drawn.episode) return;
    this.drawn = { step, episode: this.episode };
    if (this.main.video.paused) this.remember();
    const { steps } = this.episode;
    this.time.textContent = `step ${step} of ${steps} · ${clock(step / FPS)} of ${clock(steps / FPS)}`;
    this.main.look(this.looking ? this.arrays : null, Math.min(step, this.episode.steps - 1));
    this.thought.replaceChildren(
      ...thoughts(this.episode, this.arrays, Math.min(step, this.episode.steps - 1)),
    );
  }

  /** Show or hide what the agent looked at. */
  look() {
    this.looking = !this.looking;
    this.lookButton.setAttribute("aria-pressed", String(this.looking));
    this.main.look(this.looking ? this.arrays : null, Math.min(this.step, this.episode.steps - 1));
  }

  alignSide(exact) {
    if (!this.beside.value || !Number.isFinite(this.side.video.duration)) return;
    const gap = Math.abs(this.side.video.currentTime - this.main.video.currentTime);
    if (gap > (exact ? 0.01 : 0.2))
      this.side.video.currentTime = Math.min(this.main.video.currentTime, this.side.video.duration);
  }

  neighbour(offset) {
    const at = this.shown.findIndex((e) => e.key === this.episode?.key);
    const next = this.shown[at + offset];
    if (next) this.open(next);
  }

  key(event) {
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) ||
      document.querySelector("dialog[open]")
    )
      return;
    // A button that was clicked keeps the focus, though no key means it; one reached by keys is meant.
    if (event.key === " " && event.target.matches("button:focus-visible, a:focus-visible, summary")) return;
    const far = event.shiftKey ? FPS : 1;
    const job = {
      " ": () => this.toggle(),
      ArrowLeft: () => this.seek(this.step - far),
      ArrowRight: () => this.seek(this.step + far),
      k: () => this.neighbour(-1),
      j: () => this.neighbour(1),
      h: () => this.jump("high"),
      l: () => this.jump("low"),
      s: () => this.faster(),
      f: () => this.fullscreen(),
      o: () => this.look(),
      0: () => this.seek(0),
      e: () => this.seek(this.episode?.steps ?? 0),
    }[event.key];
    if (!job || !this.inView()) return;
    event.preventDefault();
    this.touched = true;
    job();
  }

  inView() {
    const box = this.element.getBoundingClientRect();
    return box.bottom > 120 && box.top < innerHeight - 120;
  }
}

/** A video with its caption. Frame k is shown from k/20 s on; we aim at its middle. */
class VideoPane {
  constructor(folder) {
    this.folder = folder;
    this.video = h("video", { playsinline: true, preload: "auto" });
    this.video.muted = true;
    this.video.addEventListener("click", () =>
      this.video.paused ? this.video.play().catch(() => {}) : this.video.pause(),
    );
    this.video.addEventListener("loadedmetadata", () => {
      this.video.style.setProperty("--shape", `${this.video.videoWidth} / ${this.video.videoHeight}`);
      if (this.wanted !== null) this.video.currentTime = this.wanted;
    });
    this.absent = h("div.absent", { hidden: true }, "no video");
    this.caption = h("figcaption", {});
    this.looked = h("canvas.looked", { hidden: true, width: 8, height: 8 });
    this.element = h(
      "figure.screen",
      {},
      h("div.picture", {}, this.video, this.looked),
      this.absent,
      this.caption,
    );
    this.wanted = null;
    this.release = () => {};
  }

  show(episode, name) {
    this.clear();
    this.episode = episode;
    this.caption.replaceChildren(h("strong", {}, name), nameOf(episode), verdict(episode));
    this.video.hidden = !episode.video;
    this.video.style.display = episode.video ? "" : "none";
    this.absent.style.display = episode.video ? "none" : "";
    if (!episode.video) return;
    const { url, release } = videoOf(episode.key, this.folder);
    this.release = release;
    this.video.src = url;
  }

  clear() {
    this.video.pause();
    this.video.removeAttribute("src");
    this.release();
    this.release = () => {};
    this.wanted = 0.5 / FPS;
  }

  /** Glow over the picture where hiding it would have changed the choice at this step; none without arrays. */
  look(arrays, step) {
    const side = Math.sqrt(arrays?.columns.looked ?? 0);
    this.looked.hidden = !side || !this.episode?.video;
    if (this.looked.hidden) return;
    this.looked.width = this.looked.height = side;
    // What the agent sees is square in 2021, whatever a film for people shows at its sides.
    this.looked.style.setProperty("--seen", this.episode.era === 2021 ? "1" : "16 / 9");
    const pen = this.looked.getContext("2d"),
      image = pen.createImageData(side, side),
      from = Math.min(step, arrays.steps - 1) * side * side;
    for (let i = 0; i < side * side; i++) image.data.set([255, 96, 0, 0.8 * arrays.looked[from + i]], 4 * i);
    pen.putImageData(image, 0, 0);
  }

  get moment() {
    return this.episode?.video && this.video.readyState ? this.video.currentTime * FPS : this.wanted * FPS;
  }
  get step() {
    return Math.max(0, Math.min(this.episode?.steps ?? 0, Math.floor(this.moment + 1e-3)));
  }

  seek(step) {
    this.wanted = (step + 0.5) / FPS;
    if (this.video.readyState)
      this.video.currentTime = Math.min(this.wanted, this.video.duration || this.wanted);
  }
}

const nameOf = (episode) => (episode.source !== null ? `demo ${episode.seed + 1}` : `seed ${episode.seed}`);

function mark(episode) {
  if (episode.error !== null) return h("span.mark.bad", { title: "world fault" }, "!");
  if (episode.success === true) return h("span.mark.good", { title: "succeeded" }, "✓");
  if (episode.success === false) return h("span.mark.bad", { title: "not succeeded" }, "✕");
  return h("span.mark", { title: "not judged" }, "·");
}

function verdict(episode) {
  if (episode.error !== null) return h("span.badge.bad", {}, "world fault");
  if (episode.success === true) return h("span.badge.good", {}, "succeeded");
  if (episode.success === false) return h("span.badge.bad", {}, "not succeeded");
  return h("span.badge", {}, "not judged");
}

/** "yes: in a cave" with its mark; other words as they are. */
function judgesWord(reason) {
  const found = /^(yes|no): (.*)$/s.exec(reason);
  if (!found) return h("span.word", {}, reason);
  const met = found[1] === "yes";
  return h(
    "span.word",
    {},
    h(met ? "span.mark.good" : "span.mark.bad", { title: met ? "met" : "not met" }, met ? "✓ " : "✕ "),
    found[2],
  );
}

/** What the player saw in this moment: its best actions, values, and the keys that went to the world. */
function thoughts(episode, arrays, step) {
  return [considered(episode, arrays, step), pressed(episode, arrays, step), measures(arrays, step)].filter(
    Boolean,
  );
}

function considered(episode, arrays, step) {
  if (!arrays.top_action) return h("p.soft.small", {}, "This player does not tell what it considered.");
  const K = arrays.columns.top_action,
    chosen = arrays.action[step],
    rows = [];
  for (let k = 0; k < K; k++) {
    const index = arrays.top_action[step * K + k];
    rows.push(
      actionRow(
        episode,
        index,
        arrays.top_policy[step * K + k],
        arrays.top_q[step * K + k],
        index === chosen,
      ),
    );
  }
  if (!rows.some((row) => row.classList.contains("chosen")))
    rows.push(actionRow(episode, chosen, null, null, true));
  return h("div", {}, h("h3", {}, "What it considered"), h("table.acts", {}, h("tbody", {}, rows)));
}

function actionRow(episode, index, probability, q, chosen) {
  return h(
    chosen ? "tr.chosen" : "tr",
    {},
    h("td", {}, chosen ? "● " : "", actionName(episode, index)),
    h("td.bar", {}, known(probability) ? h("i", { "--p": probability }) : "less likely"),
    h("td.num", {}, known(probability) ? percent(probability) : ""),
    h("td.num.soft", {}, known(q) ? `Q ${short(q)}` : ""),
  );
}

/** Broken between its parts only, never after the minus of an angle. */
function actionName(episode, index) {
  return String(episode.action_names[index] ?? index)
    .split(" ")
    .flatMap((part, i) => [i ? " " : "", h("span.part", {}, part)]);
}

function pressed(episode, arrays, step) {
  if (!arrays.buttons) return null;
  const width = arrays.columns.buttons,
    keys = episode.button_names.filter((_, b) => arrays.buttons[step * width + b]);
  const list = keys.map((key) => h("kbd.down", {}, key));
  if (arrays.camera) {
    const [pitch, yaw] = [arrays.camera[2 * step], arrays.camera[2 * step + 1]];
    const side = yaw && `${Math.abs(yaw).toFixed(1)}° ${yaw < 0 ? "left" : "right"}`;
    const high = pitch && `${Math.abs(pitch).toFixed(1)}° ${pitch < 0 ? "up" : "down"}`;
    if (pitch || yaw) list.push(h("kbd", {}, `camera ${[side, high].filter(Boolean).join(", ")}`));
  }
  const item = arrays.equip && episode.equip_values[arrays.equip[step]];
  if (item && item !== "none") list.push(h("kbd", {}, `equip ${item}`));
  return h(
    "div.keys",
    { "aria-label": "Keys pressed" },
    list.length ? list : h("kbd", {}, "nothing pressed"),
  );
}

function measures(arrays, step) {
  const rows = [
    ["recovered reward", "reward"],
    ["value V", "v"],
    ["entropy", "entropy"],
    ["memory norm", "memory_norm"],
    ["true progress", "progress"],
  ];
  const known_ = rows.filter(([, name]) => arrays[name]);
  return known_.length
    ? h(
        "table.acts",
        {},
        h(
          "tbody",
          {},
          known_.map(([title, name]) =>
            h("tr", {}, h("td.soft", {}, title), h("td.num", {}, short(arrays[name][step]))),
          ),
        ),
      )
    : null;
}

/** Steps of up to eight extremes, most extreme first, at least half a second apart. */
function peaks(values, sign) {
  const order = Array.from(values.keys())
    .filter((i) => Number.isFinite(values[i]))
    .sort((a, b) => sign * (values[b] - values[a]));
  const found = [];
  for (const i of order) {
    if (found.every((j) => Math.abs(i - j) >= FPS / 2)) found.push(i);
    if (found.length === 8) break;
  }
  return found;
}
