// The strip under the video: recovered reward, V, entropy, progress, keys, over the steps of the episode.

const FPS = 20;
const TRACKS = [
  { name: "reward", title: "reward", height: 64, color: "s0", zero: true },
  { name: "v", title: "value V", height: 46, color: "s2" },
  { name: "entropy", title: "entropy", height: 46, color: "s1", floor: 0 },
  { name: "progress", title: "progress", height: 40, color: "s5", floor: 0, ceiling: 1 },
];
const KEY_ROW = 14,
  GAP = 8;

class Timeline {
  /** `seek(step)` is called while the pointer is down. */
  constructor(seek) {
    this.canvas = h("canvas", {
      role: "img",
      "aria-label": "Recovered reward, value, entropy, progress and keys over the steps",
    });
    this.head = h("div.head", {});
    this.ghost = h("div.ghost", { hidden: true });
    this.tip = h("div.tip", { hidden: true });
    this.element = h(
      "div.timeline",
      { role: "slider", tabindex: 0, "aria-label": "Step of the episode", "aria-valuemin": 0 },
      this.canvas,
      this.ghost,
      this.head,
      this.tip,
    );
    this.steps = 0;
    this.seek = seek;
    this.element.addEventListener("pointerdown", (e) => {
      this.element.setPointerCapture(e.pointerId);
      this.dragging = true;
      seek(this.stepAt(e));
    });
    this.element.addEventListener("pointerup", () => {
      this.dragging = false;
    });
    this.element.addEventListener("pointercancel", () => {
      this.dragging = false;
    });
    this.element.addEventListener("pointermove", (e) => {
      if (this.dragging) seek(this.stepAt(e));
      this.hover(e);
    });
    this.element.addEventListener("pointerleave", () => {
      this.tip.hidden = this.ghost.hidden = true;
    });
    new ResizeObserver(() => this.draw()).observe(this.element);
    document.addEventListener("theme", () => this.draw());
  }

  show(episode, arrays) {
    this.episode = episode;
    this.arrays = arrays;
    this.steps = Math.max(1, episode.steps);
    this.keys = pressedKeys(episode, arrays);
    this.element.setAttribute("aria-valuemax", this.steps);
    this.draw();
    this.at(0);
  }

  /** Move the head to a step (a fraction while playing). */
  at(step) {
    this.head.style.left = `${this.x(step)}px`;
    this.element.setAttribute("aria-valuenow", Math.round(step));
  }

  get width() {
    return this.element.clientWidth;
  }
  /** Names stand left of the curves; the phone gets fewer pixels of them. */
  get gutter() {
    return this.width < 560 ? 66 : 92;
  }
  x(step) {
    return this.gutter + (step / this.steps) * (this.width - this.gutter);
  }

  stepAt(event) {
    const box = this.element.getBoundingClientRect();
    return Math.max(
      0,
      Math.min(
        this.steps,
        ((event.clientX - box.left - this.gutter) / (box.width - this.gutter)) * this.steps,
      ),
    );
  }

  hover(event) {
    const step = Math.min(this.steps - 1, Math.floor(this.stepAt(event)));
    const words = TRACKS.filter((t) => this.arrays?.[t.name]).map(
      (t) => `${t.name === "v" ? "V" : t.name} ${short(this.arrays[t.name][step])}`,
    );
    this.tip.textContent = [`step ${step}`, ...words].join("  ");
    this.tip.hidden = this.ghost.hidden = false;
    this.ghost.style.left = `${this.x(step)}px`;
    this.tip.style.left = `${Math.max(0, Math.min(this.x(step) + 6, this.width - this.tip.offsetWidth))}px`;
  }

  draw() {
    if (!this.episode || !this.width) return;
    const tracks = TRACKS.filter((t) => this.arrays[t.name]?.length),
      scale = devicePixelRatio || 1;
    const height = tracks.reduce((sum, t) => sum + t.height + GAP, 0) + this.keys.length * KEY_ROW + 18;
    this.canvas.width = this.width * scale;
    this.canvas.height = height * scale;
    this.canvas.style.height = `${height}px`;
    const ctx = this.canvas.getContext("2d"),
      style = getComputedStyle(document.documentElement);
    this.ink = (name) => style.getPropertyValue(`--${name}`).trim();
    ctx.scale(scale, scale);
    ctx.font = "11px system-ui, sans-serif";
    let top = 0;
    for (const track of tracks) {
      this.drawTrack(ctx, track, top);
      top += track.height + GAP;
    }
    for (const [row, key] of this.keys.entries()) this.drawKey(ctx, key, top + row * KEY_ROW, row);
    this.drawSeconds(ctx, height);
  }

  drawTrack(ctx, track, top) {
    const values = this.arrays[track.name];
    let [low, high] = robustExtent(values);
    if (track.floor !== undefined) low = Math.min(low, track.floor);
    if (track.ceiling !== undefined) high = Math.max(high, track.ceiling);
    if (track.zero) {
      low = Math.min(low, 0);
      high = Math.max(high, 0);
    }
    const y = (v) =>
      top + 3 + (1 - (Math.max(low, Math.min(high, v)) - low) / (high - low || 1)) * (track.height - 6);
    ctx.fillStyle = this.ink("wash");
    ctx.fillRect(this.gutter, top, this.width - this.gutter, track.height);
    const base = track.zero ? y(0) : top + track.height;
    ctx.strokeStyle = this.ink("line");
    if (track.zero) {
      ctx.beginPath();
      ctx.moveTo(this.gutter, base);
      ctx.lineTo(this.width, base);
      ctx.stroke();
    }
    this.drawBand(ctx, values, y, base, this.ink(track.color));
    ctx.fillStyle = this.ink("soft");
    ctx.fillText(track.title, 0, top + track.height / 2 + 4);
    ctx.fillStyle = this.ink("soft");
    ctx.textAlign = "right";
    ctx.fillText(short(high), this.gutter - 6, top + 9);
    ctx.fillText(short(low), this.gutter - 6, top + track.height - 1);
    ctx.textAlign = "left";
  }

  /** A column of pixels shows the lowest and highest of its steps: no spike is lost when steps are many. */
  drawBand(ctx, values, y, base, color) {
    const columns = Math.min(Math.ceil(this.width - this.gutter), values.length),
      line = [];
    ctx.beginPath();
    for (let c = 0; c < columns; c++) {
      const from = Math.floor((c / columns) * values.length),
        to = Math.max(from + 1, Math.floor(((c + 1) / columns) * values.length));
      let low = Infinity,
        high = -Infinity,
        sum = 0,
        count = 0;
      for (let i = from; i < to; i++)
        if (Number.isFinite(values[i])) {
          low = Math.min(low, values[i]);
          high = Math.max(high, values[i]);
          sum += values[i];
          count++;
        }
      if (!count) continue;
      const wide = this.width - this.gutter,
        x = this.gutter + (c / columns) * wide,
        w = wide / columns;
      const ends = [y(low), y(high), base];
      ctx.rect(x, Math.min(...ends), w + 0.5, Math.max(...ends) - Math.min(...ends));
      line.push([x + w / 2, y(low), y(high), y(sum / count)]);
    }
    ctx.globalAlpha = 0.18;
    ctx.fillStyle = color;
    ctx.fill(); // all at once: where columns overlap the colour stays even
    ctx.globalAlpha = 1;
    ctx.strokeStyle = color;
    ctx.lineWidth = 1.3;
    ctx.beginPath();
    for (const [x, low, high, mid] of line) {
      ctx.lineTo(x, mid);
      if (low - high > 1.5) {
        ctx.moveTo(x, low);
        ctx.lineTo(x, high);
        ctx.moveTo(x, mid);
      }
    }
    ctx.stroke();
  }

  drawKey(ctx, key, top, row) {
    ctx.fillStyle = row % 2 ? this.ink("page") : this.ink("wash");
    ctx.fillRect(this.gutter, top, this.width - this.gutter, KEY_ROW);
    ctx.fillStyle = this.ink("s7");
    for (const [from, to] of key.spans)
      ctx.fillRect(this.x(from), top + 2, Math.max(1, this.x(to) - this.x(from)), KEY_ROW - 4);
    ctx.fillStyle = this.ink("soft");
    ctx.fillText(key.name, 0, top + 11, this.gutter - 6);
  }

  drawSeconds(ctx, height) {
    ctx.fillStyle = this.ink("soft");
    ctx.textAlign = "center";
    for (const t of ticks(0, this.steps / FPS, Math.max(2, Math.floor(this.width / 110)))) {
      const x = this.x(t * FPS);
      if (x < this.width - 14) ctx.fillText(`${t} s`, x, height - 4);
    }
    ctx.textAlign = "left";
  }
}

/** All but the most extreme half percent on each side: one spike must not flatten the rest. */
function robustExtent(values) {
  const finite = Array.from(values)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  if (!finite.length) return [0, 1];
  const cut = Math.floor(finite.length * 0.005);
  return extent([finite[cut], finite[finite.length - 1 - cut]]);
}

/** Rows of keys that were pressed at least once, with the spans [from, to) in steps. */
function pressedKeys(episode, arrays) {
  const rows = [];
  const add = (name, down) => {
    const spans = [];
    for (let t = 0, start = -1; t <= episode.steps; t++) {
      const on = t < episode.steps && down(t);
      if (on && start < 0) start = t;
      if (!on && start >= 0) {
        spans.push([start, t]);
        start = -1;
      }
    }
    if (spans.length) rows.push({ name, spans });
  };
  const width = arrays.columns.buttons;
  if (arrays.buttons)
    for (const [b, name] of episode.button_names.entries()) add(name, (t) => arrays.buttons[t * width + b]);
  if (arrays.camera) {
    const turn = (t, axis) => arrays.camera[2 * t + axis];
    add("look left", (t) => turn(t, 1) < -0.5);
    add("look right", (t) => turn(t, 1) > 0.5);
    add("look up", (t) => turn(t, 0) < -0.5);
    add("look down", (t) => turn(t, 0) > 0.5);
  }
  const none = episode.equip_values.indexOf("none");
  if (arrays.equip) add("equip", (t) => arrays.equip[t] !== none && arrays.equip[t] >= 0);
  return rows;
}
