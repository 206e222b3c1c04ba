// What every view can do. A view shows one task and says what was answered about it; storing that is not its business.
// Events: "edit" after every change, "say" (detail: a text for screen readers), "answer" (detail: accept) to be done.

export class TaskView extends HTMLElement {
  usesLabels = false;
  // The keys of a task that this view shows; with none named, all of them.
  watched = null;

  // config: the recipe's settings. colour(label): the class of a label's colour. label(): the label that is chosen.
  configure({ config, colour, label }) {
    this.config = config;
    this.colour = colour;
    this.label = label;
  }

  // Show a task as it stands in `draft`: what `result` gave before.
  show(_task, _draft) {}

  clear() {
    this.replaceChildren();
  }

  // Show a task after its `keys` were changed by the recipe's script.
  refresh(task, draft, keys) {
    if (!this.watched || keys.some((key) => this.watched.includes(key))) this.show(task, draft);
  }

  // The part of the answer that this view makes.
  result() {
    return {};
  }

  // Returns whether the key meant something here.
  key(_event) {
    return false;
  }

  // Returns whether a label could be given to something at once.
  takeLabel(_label) {
    return false;
  }

  undoEdit() {
    return false;
  }

  // Say that there is nothing to mark; returns whether that makes sense here.
  nothing() {
    return false;
  }

  asksNothing() {
    return false;
  }

  focusTask() {
    const field = this.querySelector("[data-focus]");
    field?.focus({ preventScroll: true });
  }

  say(text) {
    this.dispatchEvent(new CustomEvent("say", { detail: text, bubbles: true }));
  }

  edited() {
    this.dispatchEvent(new CustomEvent("edit", { bubbles: true }));
  }
}

export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
