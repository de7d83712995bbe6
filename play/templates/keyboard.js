// The page of a person who records: hands go out over one socket, pictures and the state of play come in.

const DEGREES = 0.15; // per count of the mouse, Minecraft's default
const TICKS = 20;
const KEYS = {
  KeyW: "forward",
  KeyS: "back",
  KeyA: "left",
  KeyD: "right",
  Space: "jump",
  ShiftLeft: "sneak",
  KeyR: "sprint",
  KeyE: "inventory",
  KeyQ: "drop",
  KeyF: "swapHands",
  KeyP: "ESC",
};
const MOUSE = { 0: "attack", 1: "pickItem", 2: "use" };
const WORDS = { keep: "k", retry: "r", discard: "d" };
/** @type {(id: string) => any} */
const $ = (id) => document.getElementById(id);
const game = $("game"),
  view = $("view"),
  era = Number(document.body.dataset.era);

const held = new Set();
let tapped = new Set(),
  mouse = [0, 0],
  slot = 0,
  line = null,
  scene = { phase: "wait" },
  told = "",
  gone = "";

const playing = () => document.pointerLockElement === game && scene.phase === "play";
/** In full screen with the keyboard locked, Ctrl+W is a key like any other; elsewhere it closes the tab. */
const mayUseCtrl = () => document.fullscreenElement === game && "keyboard" in navigator;

function press(name, down) {
  if (!name) return;
  if (down) {
    held.add(name);
    tapped.add(name);
  } else held.delete(name);
}

const nameOfKey = (event) =>
  KEYS[event.code] ?? (event.code === "ControlLeft" && mayUseCtrl() ? "sprint" : undefined);

function release() {
  held.clear();
  tapped = new Set();
  mouse = [0, 0];
}

function tell(choice = null) {
  if (line?.readyState !== WebSocket.OPEN) return;
  const message = { keys: [...held], tapped: [...tapped], mouse, slot, playing: playing() };
  const text = JSON.stringify(message);
  if (text === told && !choice) return;
  line.send(choice ? JSON.stringify({ ...message, choice }) : text);
  tapped = new Set();
  mouse = [0, 0];
  told = JSON.stringify({ ...message, tapped: [], mouse });
}

async function play() {
  if ($("full").checked && !document.fullscreenElement) {
    try {
      await game.requestFullscreen();
      await navigator.keyboard?.lock([
        "KeyW",
        "KeyA",
        "KeyS",
        "KeyD",
        "KeyQ",
        "KeyR",
        "KeyE",
        "KeyF",
        "ControlLeft",
        "Tab",
      ]);
    } catch {
      /* a browser without: the window will do */
    }
  }
  try {
    await game.requestPointerLock();
  } catch {
    /* asked again by a click */
  }
}

function draw(next) {
  const before = scene;
  scene = next;
  if (next.phase === "start") slot = 0;
  if (next.phase !== "play" && document.pointerLockElement) document.exitPointerLock();
  if (before.phase !== next.phase) {
    release();
    document.documentElement.dataset.phase = next.phase;
  }
  $("count").textContent =
    `demonstration ${Math.min(next.number, next.of)} of ${next.of} · ${next.kept} kept · seed ${next.seed}`;
  $("number").textContent = `${next.number} of ${next.of}`;
  const seconds = Math.max(0, next.limit - next.tick) / TICKS;
  $("left").textContent = next.phase === "play" ? `${clock(seconds)} left` : "";
  const slow = next.phase === "play" && next.tick > 60 && next.rate > 0 && next.rate < 0.9 * TICKS;
  $("slow").textContent = slow ? `slow: ${next.rate.toFixed(0)} ticks a second, not ${TICKS}` : "";
  $("bar").replaceChildren(
    ...next.items.map(([name, count], i) =>
      h(i === next.slot ? "span.held" : "span", {}, `${i + 1} ${name} ${count}`),
    ),
  );
  drawVerdict(next);
  drawCards();
}

function drawVerdict(next) {
  if (next.phase !== "verdict") return;
  const words = { true: "Succeeded", false: "Not succeeded", null: "Stopped before the end" }[
    String(next.success)
  ];
  $("verdict").replaceChildren(words, h("span.soft.small", {}, ` after ${clock(next.tick / TICKS)}`));
  $("reasons").replaceChildren(...next.reasons.map((reason) => h("li", {}, reason)));
  $("keep").hidden = !next.may_keep;
  $("keep").classList.toggle("main", next.success === true);
  $("retry").classList.toggle("main", next.success !== true);
  $("advice").textContent =
    next.success === true
      ? "Keep it if you would like an agent to play like this."
      : next.may_keep
        ? "An agent learns from what you keep, failures too. Trying again starts the same world anew."
        : "Only successes are kept (--only-successful).";
}

function drawCards() {
  const paused = scene.phase === "play" && document.pointerLockElement !== game;
  const shown = gone ? "over" : paused ? "pause" : scene.phase;
  for (const name of ["wait", "start", "pause", "verdict", "over"]) $(`card-${name}`).hidden = name !== shown;
  if (shown === "over") {
    $("over").textContent = gone || "The recording is over";
    $("over-words").textContent = gone
      ? ""
      : `${scene.kept} demonstrations are kept. This page may be closed.`;
  }
}

async function show(blob) {
  const picture = await createImageBitmap(blob);
  view.getContext("2d").drawImage(picture, 0, 0);
  picture.close();
  basalt.pictures = (basalt.pictures ?? 0) + 1;
}

function connect() {
  line = new WebSocket(`ws://${location.host}/play`);
  told = "";
  line.addEventListener("open", () => {
    gone = "";
    drawCards();
  });
  line.addEventListener("message", ({ data }) =>
    typeof data === "string" ? draw(JSON.parse(data)) : show(data),
  );
  line.addEventListener("close", (event) => {
    if (scene.phase === "over") return;
    document.exitPointerLock();
    gone =
      event.code === 4001
        ? "This demonstration goes on in another tab"
        : "The recorder does not answer; waiting for it";
    drawCards();
    if (event.code !== 4001) setTimeout(connect, 1000);
  });
}

document.addEventListener("keydown", (event) => {
  if (scene.phase === "verdict" && !event.repeat && !event.ctrlKey && !event.metaKey) {
    const choice = Object.keys(WORDS).find((word) => WORDS[word] === event.key.toLowerCase());
    if (choice && !$(choice).hidden) tell(choice);
  }
  if (!playing()) return;
  if (event.code !== "Escape") event.preventDefault();
  const digit = /^Digit([1-9])$/.exec(event.code);
  if (digit) choose(Number(digit[1]) - 1);
  if (!event.repeat) press(nameOfKey(event), true);
  tell();
});
document.addEventListener("keyup", (event) => {
  press(nameOfKey(event), false);
  if (playing()) tell();
});
document.addEventListener("mousedown", (event) => {
  if (playing()) {
    press(MOUSE[event.button], true);
    tell();
  }
});
document.addEventListener("mouseup", (event) => {
  press(MOUSE[event.button], false);
  if (playing()) tell();
});
document.addEventListener("contextmenu", (event) => event.preventDefault());
document.addEventListener("wheel", (event) => {
  if (!playing()) return;
  const count = era === 2021 ? Math.max(1, scene.items.length) : 9;
  choose((slot + Math.sign(event.deltaY) + count) % count);
});
document.addEventListener("mousemove", (event) => {
  if (playing()) {
    mouse[0] += event.movementY * DEGREES;
    mouse[1] += event.movementX * DEGREES;
  }
});

function choose(index) {
  slot = Math.min(index, (era === 2021 ? Math.max(1, scene.items.length) : 9) - 1);
}

document.addEventListener("pointerlockchange", () => {
  release();
  drawCards();
  tell();
});
window.addEventListener("blur", release);
window.addEventListener("beforeunload", (event) => {
  if (scene.phase === "play" || scene.phase === "verdict") event.preventDefault();
});
$("start").addEventListener("click", async () => {
  remember("basalt-full", $("full").checked ? "1" : "0");
  await play();
  tell("start");
});
$("on").addEventListener("click", play);
for (const [id, choice] of [
  ["stop", "stop"],
  ["end", "stop"],
  ["keep", "keep"],
  ["retry", "retry"],
  ["discard", "discard"],
]) {
  $(id).addEventListener("click", () => tell(choice));
}
$("full").checked = recall("basalt-full") !== "0";
setInterval(() => {
  if (playing() || told) tell();
}, 25);
setUpTheme();
connect();
document.documentElement.dataset.ready = "true";
