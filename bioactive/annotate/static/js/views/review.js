// <review-view>: what several people answered to one task, side by side, and the answer that is to stand.

import { t } from "../i18n.js";
import { TaskView, make } from "./base.js";
import { makeView } from "./registry.js";

class ReviewView extends TaskView {
  usesLabels = true;

  connectedCallback() {
    this.editor = make("div", "adjudicated");
    this.list = make("div", "versions");
    this.replaceChildren(this.editor, this.list);
  }

  clear() {
    this.view = null;
    this.editor?.replaceChildren();
    this.list?.replaceChildren();
  }

  show(task, draft) {
    this.clear();
    this.task = task;
    this.versions = [...(task.versions ?? [])].sort((a, b) => (b.sessions?.length ?? 0) - (a.sessions?.length ?? 0));
    const viewId = task.view_id ?? this.versions[0]?._view_id ?? this.config.view_id ?? "ner_manual";
    this.view = makeView(viewId);
    this.editor.append(this.view);
    this.view.configure(this);
    this.view.show(task, draft ?? this.versions[0] ?? task);
    if (this.versions.length > 1) this.list.append(make("h2", "", t("versions")));
    this.list.append(...this.versions.map((version, index) => this.version(version, index)));
  }

  version(version, index) {
    const who = (version.sessions ?? []).join(", ");
    const use = make("button", "", t("use_version"));
    use.type = "button";
    use.addEventListener("click", () => this.use(index));
    if (index < 9) use.append(" ", make("kbd", "", `Shift+${index + 1}`));
    const agreed = this.versions.length === 1 ? ` (${t("agreed")})` : "";
    const head = make("header", "", make("span", `verdict ${version.answer ?? "accept"}`, `${t("version_by", { who })}${agreed}`));
    if (!agreed) head.append(use);
    const shown = shownAs(version, this.task);
    const box = make("article", "version", head, shown);
    shown.configure(this);
    queueMicrotask(() => shown.show({ ...this.task, ...version }, version));
    return box;
  }

  use(index) {
    const version = this.versions[index];
    if (!version) return false;
    this.view.show(this.task, version);
    this.edited();
    this.say(t("use_version"));
    return true;
  }

  result() {
    return this.view?.result() ?? {};
  }

  key(event) {
    const digit = /^Digit(\d)$/.exec(event.code);
    if (digit && event.shiftKey && !event.ctrlKey) return this.use(Number(digit[1]) - 1);
    return this.view?.key(event) ?? false;
  }

  takeLabel(label) {
    return this.view?.takeLabel(label) ?? false;
  }

  undoEdit() {
    return this.view?.undoEdit() ?? false;
  }

  focusTask() {
    this.view?.focusTask();
  }
}

// A version, to look at.
function shownAs(version, task) {
  if (version.accept !== undefined) return new ChosenOptions();
  if (version.relations) return document.createElement("relations-text");
  return document.createElement(version.spans || task.text ? "span-text" : "html-view");
}

class ChosenOptions extends TaskView {
  show(task, version) {
    const names = new Map((task.options ?? []).map((option) => [option.id, option.text ?? option.label ?? option.id]));
    this.replaceChildren(make("p", "chosen", (version.accept ?? []).map((id) => names.get(id) ?? id).join(", ") || "–"));
  }
}

customElements.define("chosen-options", ChosenOptions);
customElements.define("review-view", ReviewView);
