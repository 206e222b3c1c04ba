// <text-input-view>: a field to write in. Ctrl+Enter accepts, Escape leaves the field so that single keys answer again.

import { t } from "../i18n.js";
import { TaskView, make } from "./base.js";

class TextInputView extends TaskView {
  setting(name) {
    return this.task?.[`field_${name}`] ?? this.config[`field_${name}`];
  }

  get fieldId() {
    return this.setting("id") || "user_input";
  }

  clear() {
    this.task = null;
    this.field = null;
    this.replaceChildren();
  }

  show(task, draft) {
    this.clear();
    this.task = task;
    const body = task.text && !this.within ? [make("div", "text plain", task.text)] : [];
    body.forEach((text) => { text.dir = this.config.writing_dir || "auto"; });
    const rows = Number(this.setting("rows") ?? 1);
    this.field = document.createElement(rows > 1 ? "textarea" : "input");
    if (rows > 1) this.field.rows = rows;
    this.field.placeholder = this.setting("placeholder") ?? "";
    this.field.dir = "auto";
    this.field.value = draft?.[this.fieldId] ?? task[this.fieldId] ?? "";
    if (this.setting("autofocus") !== false) this.field.dataset.focus = "";
    this.field.addEventListener("input", () => this.edited());
    this.field.addEventListener("keydown", (event) => this.typed(event));
    const label = make("label", "field", make("span", "", this.setting("label") || t("write")), this.field);
    this.replaceChildren(...body, label);
  }

  refresh(task, draft, keys) {
    if (keys.some((key) => key === this.fieldId || key.startsWith("field_") || key === "text")) this.show(task, draft);
  }

  result() {
    return this.field ? { [this.fieldId]: this.field.value } : {};
  }

  typed(event) {
    if (event.key === "Escape") this.field.blur();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent("answer", { detail: "accept", bubbles: true }));
    }
  }
}

customElements.define("text-input-view", TextInputView);
