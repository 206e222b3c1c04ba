// <label-bar>: the labels to choose from, as a radio group; many of them with a field to find one by name.
// Emits "choose" with the label, and "leave" when the field is left.

import { t } from "./i18n.js";

export const COLOURS = 10;
const MANY = 12; // labels from which on there is a field to find one

export class LabelBar extends HTMLElement {
  names = [];
  custom = new Map(); // label -> class of its own colour

  // labels: their names, in order. keys: a key by label, in place of the digits. others: labels that may take their place.
  setLabels(labels, keys = {}, others = []) {
    this.keys = keys;
    this.coloured = [...new Set([...labels, ...others])];
    this.replaceLabels(labels);
  }

  // Each label keeps its colour.
  replaceLabels(labels) {
    this.names = labels;
    this.group = document.createElement("div");
    this.group.className = "label-list";
    this.group.setAttribute("role", "radiogroup");
    this.group.setAttribute("aria-label", t("labels"));
    this.group.append(...labels.map((label, index) => this.button(label, index)));
    this.group.addEventListener("keydown", (event) => this.step(event));
    this.classList.toggle("many", this.many);
    this.replaceChildren(...(this.many ? [this.finder()] : []), this.group);
    this.choose(labels[0]);
  }

  get many() {
    return this.names.length > MANY;
  }

  // What to press for a label; "" when there is nothing.
  keyFor(label, index = this.names.indexOf(label)) {
    return this.keys[label] ?? (index < 10 ? String((index + 1) % 10) : "");
  }

  labelFor(event) {
    const own = Object.keys(this.keys).find((label) => this.keys[label].toLowerCase() === event.key.toLowerCase());
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
    return own ?? (digit && !event.shiftKey ? this.names[(Number(digit[1]) + 9) % 10] : undefined);
  }

  button(label, index) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = this.colour(label);
    button.setAttribute("role", "radio");
    button.dataset.label = label;
    const name = document.createElement("span");
    name.textContent = label;
    button.append(name);
    if (this.keyFor(label, index)) {
      const key = document.createElement("kbd");
      key.textContent = this.keyFor(label, index);
      button.append(key);
      button.setAttribute("aria-keyshortcuts", key.textContent);
    }
    button.setAttribute("aria-label", label);
    button.addEventListener("pointerdown", (event) => event.preventDefault()); // the text keeps the focus
    button.addEventListener("click", () => this.pickLabel(label));
    return button;
  }

  finder() {
    this.field = document.createElement("input");
    this.field.type = "search";
    this.field.placeholder = `${t("find")}  /`;
    this.field.setAttribute("aria-label", t("find"));
    this.field.setAttribute("aria-keyshortcuts", "/");
    this.field.addEventListener("input", () => this.filter(this.field.value));
    this.field.addEventListener("keydown", (event) => this.typed(event));
    return this.field;
  }

  find() {
    this.field?.focus();
    this.field?.select();
  }

  get shown() {
    return [...this.group.children].filter((button) => !button.hidden);
  }

  filter(words) {
    const wanted = words.trim().toLowerCase();
    const starts = (label) => label.toLowerCase().startsWith(wanted);
    for (const button of this.group.children) button.hidden = !button.dataset.label.toLowerCase().includes(wanted);
    const best = this.shown.find((button) => starts(button.dataset.label)) ?? this.shown[0];
    for (const button of this.group.children) button.classList.toggle("best", wanted !== "" && button === best);
    this.field.setAttribute("aria-invalid", String(!best));
    this.field.title = best ? "" : t("no_label");
    return best;
  }

  typed(event) {
    if (event.key === "Enter") {
      const best = this.filter(this.field.value);
      if (best) this.pickLabel(best.dataset.label);
    }
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    this.field.value = "";
    this.filter("");
    this.dispatchEvent(new CustomEvent("leave"));
  }

  // Arrow keys within the group, as in any radio group.
  step(event) {
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    if (!steps[event.key] || event.ctrlKey) return;
    const buttons = this.shown;
    const next = buttons[(buttons.indexOf(event.target.closest("button")) + steps[event.key] + buttons.length) % buttons.length];
    event.preventDefault();
    event.stopPropagation();
    this.pickLabel(next.dataset.label);
    next.focus();
  }

  pickLabel(label) {
    this.dispatchEvent(new CustomEvent("choose", { detail: label }));
  }

  choose(label) {
    this.label = label;
    for (const button of this.group.children) {
      const chosen = button.dataset.label === label;
      button.setAttribute("aria-checked", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
      if (chosen && this.many) button.scrollIntoView({ block: "nearest" });
    }
  }

  colour(label) {
    const own = this.custom.get(label);
    if (own) return own;
    const index = this.coloured.indexOf(label);
    return `c${(index < 0 ? this.coloured.length : index) % COLOURS}`;
  }
}

customElements.define("label-bar", LabelBar);
