"use strict";
// Everything on the page is built with textContent: no text of a run folder is ever read as HTML.
/** What tests and other scripts of the page reach: the viewer, the map, the match. @type {any} */
const basalt = { waiting: new Map() };

/** An element: h("div.card.wide", {title: "x", onclick: f}, child, "text", ...). */
function h(kind, attributes, ...children) {
  const [tag, ...classes] = kind.split(".");
  return fill(document.createElement(tag || "div"), classes, attributes, children);
}

const SVG = "http://www.w3.org/2000/svg";
function svg(kind, attributes, ...children) {
  const [tag, ...classes] = kind.split(".");
  return fill(document.createElementNS(SVG, tag), classes, attributes, children);
}

function fill(element, classes, attributes, children) {
  if (classes.length) element.setAttribute("class", classes.join(" "));
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.startsWith("--")) element.style.setProperty(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.flat().filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** An agent's colour; null is a baseline, grey everywhere. */
const colour = (index) => (index === null || index === undefined ? "var(--base)" : `var(--s${index % 8})`);

/** The same as a colour that a canvas understands. */
const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const inkOf = (index) => ink(index === null || index === undefined ? "base" : `s${index % 8}`);

/** Hand a file to the person: text, a Blob, or the address of one. */
function download(name, content, kind = "text/csv") {
  const given = typeof content === "string" && /^(blob:|media\/|[^\n,]+\.mp4$)/.test(content);
  const url = given
    ? content
    : URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type: kind }));
  h("a", { href: url, download: name }).click();
  if (!given) setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Rows as CSV; what a spreadsheet would take for a formula stays text. */
function csv(rows) {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    const safe = typeof value === "string" && /^[=+\-@\t]/.test(text) ? `'${text}` : text;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return `${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`;
}

/** Draw anew without the page getting shorter in between, which would move it under the reader. */
function redraw(element, ...children) {
  element.style.minHeight = `${element.offsetHeight}px`;
  element.replaceChildren(...children);
  requestAnimationFrame(() => {
    element.style.minHeight = "";
  });
}
const known = (value) => value !== null && value !== undefined && Number.isFinite(value);
const percent = (value, digits = 0) => (known(value) ? `${(100 * value).toFixed(digits)} %` : "–");

/** A number in few characters: 3 significant digits, thousands apart. */
function short(value) {
  if (!known(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(1);
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  return String(+value.toPrecision(3));
}

function clock(seconds) {
  const s = Math.max(0, seconds);
  return `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
}

function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    /* private mode */
  }
}
function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function setUpTheme() {
  const root = document.documentElement,
    order = ["", "dark", "light"];
  const apply = (theme) => {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    document.dispatchEvent(new Event("theme"));
  };
  apply(recall("basalt-theme") || "");
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    document.dispatchEvent(new Event("theme")),
  );
  document.getElementById("theme")?.addEventListener("click", () => {
    const next = order[(order.indexOf(root.dataset.theme || "") + 1) % 3];
    remember("basalt-theme", next);
    apply(next);
  });
}
