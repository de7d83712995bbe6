// Many videos at once, in step: every player on a seed, or a player's episodes side by side.

class Wall {
  constructor(evaluations, folder, open) {
    this.evaluations = evaluations;
    this.folder = folder;
    this.open = open;
    this.screens = [];
    this.kind = h("select", { "aria-label": "Which videos", onchange: () => this.draw() });
    this.size = h("input", {
      type: "range",
      min: 120,
      max: 560,
      value: 240,
      "aria-label": "Size of the videos",
      oninput: () => this.grid.style.setProperty("--wide", `${this.size.value}px`),
    });
    this.playButton = h("button", { type: "button", onclick: () => this.toggle() }, "▶ all");
    this.grid = h("div.wall", { "--wide": "240px" });
    this.element = h(
      "details.card.many",
      { ontoggle: () => this.draw() },
      h("summary", {}, "Many at once"),
      h(
        "div.controls",
        {},
        h("label", {}, "show ", this.kind),
        this.playButton,
        h("button", { type: "button", onclick: () => this.again() }, "from the start"),
        h("label", {}, "size ", this.size),
      ),
      this.grid,
    );
    this.update(evaluations);
  }

  update(evaluations) {
    this.evaluations = evaluations;
    const before = this.kind.value,
      seeds = new Map();
    for (const one of evaluations.flatMap((e) => e.episodes))
      if (one.video && one.source === null) seeds.set(one.seed, (seeds.get(one.seed) ?? 0) + 1);
    const shared = [...seeds]
      .filter(([, count]) => count > 1)
      .map(([seed]) => seed)
      .sort((a, b) => a - b);
    this.kind.replaceChildren(
      ...shared.slice(0, 200).map((seed) => h("option", { value: `s${seed}` }, `seed ${seed}: every player`)),
      ...evaluations.map((e, i) => h("option", { value: `e${i}` }, `${e.name}: its first twelve`)),
    );
    if ([...this.kind.options].some((o) => o.value === before)) this.kind.value = before;
  }

  draw() {
    for (const screen of this.screens) screen.clear();
    this.screens = [];
    this.grid.replaceChildren();
    if (!this.element.open) return;
    const wanted = this.kind.value,
      pairs = this.evaluations.flatMap((e, i) =>
        e.episodes
          .filter(
            (one) =>
              one.video &&
              (wanted[0] === "s"
                ? one.source === null && one.seed === Number(wanted.slice(1))
                : i === Number(wanted.slice(1))),
          )
          .map((one) => [e, one]),
      );
    for (const [e, episode] of pairs.slice(0, 12)) {
      const screen = new VideoPane(this.folder);
      screen.show(episode, e.name);
      screen.caption.append(
        h("button", { type: "button", onclick: () => this.open(episode, screen.step) }, "open"),
      );
      this.screens.push(screen);
      this.grid.append(screen.element);
    }
  }

  toggle() {
    const on = this.screens.every((s) => s.video.paused);
    for (const { video } of this.screens)
      if (on) video.play().catch(() => {});
      else video.pause();
    this.playButton.textContent = on ? "❚❚ all" : "▶ all";
  }

  again() {
    for (const screen of this.screens) screen.seek(0);
  }
}
