// <choice-view>: options to choose one or several of, by digit or by click.

import { t } from "../i18n.js";
import { TaskView, make } from "./base.js";
import { safeNodes } from "../safe-html.js";

class ChoiceView extends TaskView {
  watched = ["text", "html", "options", "accept", "spans"];

  connectedCallback() {
    this.body = make("div", "");
    this.list = make("div", "options prodigy-options");
    this.replaceChildren(this.body, this.list);
    this.list.addEventListener("change", () => this.changed());
  }

  get single() {
    return (this.task?.config?.choice_style ?? this.config.choice_style) !== "multiple";
  }

  clear() {
    this.task = null;
    this.inputs = [];
    this.body.replaceChildren();
    this.list.replaceChildren();
  }

  show(task, draft) {
    this.clear();
    this.task = task;
    if (task.text || task.html) {
      const view = document.createElement(task.spans?.length ? "span-text" : task.html ? "html-view" : "text-view");
      this.body.append(view);
      view.configure(this);
      view.show(task);
    }
    const chosen = new Set(draft?.accept ?? task.accept ?? []);
    this.list.setAttribute("role", this.single ? "radiogroup" : "group");
    this.list.setAttribute("aria-label", t("options"));
    this.list.append(...(task.options ?? []).map((option, index) => this.option(option, index, chosen.has(option.id))));
    // The list has the focus, not an option: Space ignores the task, as everywhere, until one moves to an option.
    this.list.tabIndex = -1;
    this.list.dataset.focus = "";
  }

  option(option, index, checked) {
    const input = document.createElement("input");
    input.type = this.single ? "radio" : "checkbox";
    input.name = "option";
    input.checked = checked;
    input.option = option.id;
    this.inputs.push(input);
    const body = make("span", "option-text");
    body.append(...this.contentOf(option));
    if (option.meta) body.append(make("span", "option-note", String(option.meta)));
    const row = make("label", "option prodigy-option", input, body);
    const key = this.keyOf(option.id, index) ?? (index < 10 ? String((index + 1) % 10) : "");
    if (key) row.append(make("kbd", "", key));
    return row;
  }

  result() {
    return { accept: this.inputs.filter((input) => input.checked).map((input) => input.option) };
  }

  changed() {
    this.edited();
    if (this.single && this.config.choice_auto_accept) this.dispatchEvent(new CustomEvent("answer", { detail: "accept", bubbles: true }));
  }

  contentOf(option) {
    if (option.html) return safeNodes(option.html);
    if (!option.spans?.length) return [option.text ?? option.label ?? String(option.id)];
    const view = document.createElement("span-text");
    setTimeout(() => { view.configure(this); view.show(option); }); // once it is on the page
    return [view];
  }

  // The recipe's own key of an option: by its id, else by its place, counted from 0.
  keyOf(id, index) {
    const keys = this.config.keymap_by_label ?? {};
    return keys[String(id)] ?? keys[String(index)];
  }

  key(event) {
    if (event.ctrlKey || event.metaKey) return false;
    const keys = (this.inputs ?? []).map((input, index) => this.keyOf(input.option, index)?.toLowerCase());
    const own = keys.indexOf(event.key.toLowerCase());
    if (own >= 0) return this.choose(own);
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
    const place = digit && !event.shiftKey ? (Number(digit[1]) + 9) % 10 : -1;
    // A digit is free for a label where the option has a key of its own.
    return place >= 0 && !keys[place] && this.choose(place);
  }

  choose(index) {
    const input = this.inputs?.[index];
    if (!input) return false;
    input.checked = this.single || !input.checked;
    this.changed();
    return true;
  }
}

customElements.define("choice-view", ChoiceView);
