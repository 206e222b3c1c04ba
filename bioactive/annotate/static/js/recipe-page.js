// What a recipe brings for its page: scripts and styles, `window.prodigy` with its events, keys, buttons and colours.

import { callHook } from "./api.js";

// Load the recipe's style sheets and scripts, in order. A script that cannot be loaded is told.
export async function loadContent({ scripts = [], styles = [] }) {
  for (const href of styles) document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href }));
  for (const src of scripts) {
    await new Promise((done, failed) => {
      const script = Object.assign(document.createElement("script"), { src, async: false });
      script.addEventListener("load", done);
      script.addEventListener("error", () => failed(new Error(`${src} cannot be loaded`)));
      document.head.append(script);
    });
  }
}

// Events on the document, as recipes listen to them: prodigymount, prodigyupdate, prodigyanswer and so on.
export function tell(name, detail = {}) {
  document.dispatchEvent(new CustomEvent(`prodigy${name}`, { detail, bubbles: true }));
}

// window.prodigy. page: { project, theme, task(), result(), refresh(keys), reset() }.
export function openInterface(page) {
  window.prodigy = {
    get content() {
      return page.task() ? Object.assign(page.task(), page.result()) : {};
    },
    get config() { return page.project.config; },
    get viewId() { return page.project.view_id; },
    get theme() { return page.project.config.custom_theme ?? {}; },
    update(fields) { update(page, fields); },
    event: (name, data) => callHook(name, data),
    resetQueue: () => page.reset(),
  };
}

function update(page, fields) {
  const task = page.task();
  if (!task) return;
  const keys = Object.keys(fields).filter((key) => JSON.stringify(fields[key]) !== JSON.stringify(task[key]));
  Object.assign(task, page.result(), fields);
  // A listener that updates the task itself would go on for ever otherwise.
  if (!keys.length) return;
  page.refresh(keys);
  tell("update", { task });
}

// --- keys

const NAMES = { " ": "space", escape: "esc", arrowleft: "left", arrowright: "right", arrowup: "up", arrowdown: "down", delete: "del" };

// The action that the recipe's `keymap` has for a key; null when the key is not free for its usual meaning.
export function actionOf(event, keymap = {}) {
  const name = NAMES[event.key.toLowerCase()] ?? event.key.toLowerCase();
  const signs = [event.ctrlKey && "ctrl", event.metaKey && "command", event.shiftKey && name.length > 1 && "shift"].filter(Boolean);
  const pressed = [...signs, name].join("+");
  return Object.keys(keymap).find((action) => [keymap[action]].flat().some((key) => String(key).toLowerCase() === pressed));
}

// --- buttons and colours

export function applyButtons(buttons, { buttons: wanted, keymap = {} }) {
  for (const [kind, button] of Object.entries(buttons)) {
    if (Array.isArray(wanted) && kind !== "nothing") button.classList.toggle("unwanted", !wanted.includes(kind));
    if (!keymap[kind]) continue;
    const [key] = [keymap[kind]].flat();
    const shown = button.querySelector("kbd");
    shown.removeAttribute("data-t");
    shown.textContent = String(key).toUpperCase();
    button.setAttribute("aria-keyshortcuts", String(key));
  }
}

const SIZES = { mediumText: "--size", largeText: "--size", cardMaxWidth: "--card-width", bgContent: "--card", bg: "--page", buttonSize: "--button" };
const DARK = ["dark", "eighties"];

// The recipe's theme: dark or light, and sizes. Returns the class of each label that has a colour of its own.
export function applyTheme({ theme, custom_theme: custom }) {
  const root = document.documentElement;
  if (DARK.includes(theme) && !root.dataset.theme) root.dataset.theme = "dark";
  for (const [name, property] of Object.entries(SIZES)) {
    const value = custom?.[name];
    if (value !== undefined) root.style.setProperty(property, typeof value === "number" ? `${value}px` : String(value));
  }
  const given = Object.entries(custom?.labels ?? {}).filter(([, colour]) => CSS.supports("color", colour));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(given.map(([, colour], n) => `.own${n} { --c: ${colour}; --ink: color-mix(in srgb, ${colour} 55%, var(--text)); }`).join("\n"));
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  return new Map(given.map(([label], n) => [label, `own${n}`]));
}
