// <ner-manual>: a text whose tokens are marked as spans. It draws and edits; what the answer means is not its business.
// Emits "edit" after every change of the spans and "say" with a text for screen readers.

import { addSpan, makeSpan, relabel, removeSpan, spanAt } from "./spans.js";

const DRAG = 6; // px that the pointer moves within one word before it counts as a drag
const UNBROKEN = 40; // characters up to which a word stays on one line

export class NerManual extends HTMLElement {
  connectedCallback() {
    this.text = document.createElement("div");
    this.text.className = "text";
    this.text.dir = "auto";
    this.text.tabIndex = 0;
    this.text.setAttribute("role", "listbox");
    this.text.setAttribute("aria-multiselectable", "true");
    this.text.setAttribute("aria-label", "Text: arrow keys move, Shift selects, Enter marks");
    this.append(this.text);
    this.text.addEventListener("pointerdown", (event) => this.press(event));
    this.text.addEventListener("pointermove", (event) => this.drag(event));
    this.text.addEventListener("pointerup", (event) => this.lift(event));
    this.text.addEventListener("pointercancel", () => this.pick(null));
    this.text.addEventListener("dblclick", (event) => this.doubleClick(event));
    this.text.addEventListener("focusout", () => this.text.classList.remove("keys"));
    new ResizeObserver(() => this.arrangeNames()).observe(this.text);
    this.colour = () => "c0";
    this.label = "";
    this.clear();
  }

  clear() {
    this.tokens = [];
    this.spans = [];
    this.past = [];
    this.drawn = new Map(); // span -> element
    this.words = [];
    this.range = null; // [first, last] of the words picked, not marked yet
    this.cursor = -1;
    this.anchor = -1;
    this.selected = null;
    this.text.replaceChildren();
    this.text.removeAttribute("aria-activedescendant");
  }

  // Show a task. Offsets are code points, so the text is cut up as code points, not as UTF-16 units.
  show(task, spans) {
    this.clear();
    const characters = Array.from(task.text);
    this.tokens = task.tokens?.length ? task.tokens : [{ text: task.text, start: 0, end: characters.length, id: 0 }];
    const parts = [];
    let position = 0;
    this.tokens.forEach((token, index) => {
      parts.push(characters.slice(position, token.start).join(""));
      parts.push(this.word(token, index, characters.slice(token.start, token.end).join("")));
      position = token.end;
    });
    parts.push(characters.slice(position).join(""));
    this.text.append(...parts.filter((part) => part !== ""));
    this.setSpans(spans);
    this.text.scrollTop = 0;
  }

  word(token, index, text) {
    const word = document.createElement("span");
    word.className = `tok${token.disabled ? " off" : ""}${text.length <= UNBROKEN ? " whole" : ""}`;
    word.id = `w${index}`;
    word.dataset.i = index;
    word.setAttribute("role", "option");
    word.setAttribute("aria-selected", "false");
    if (token.disabled) word.setAttribute("aria-disabled", "true");
    word.append(text);
    this.words.push(word);
    return word;
  }

  // --- spans on the page

  setSpans(spans) {
    for (const [span, element] of this.drawn) if (!spans.includes(span)) this.unwrap(span, element);
    this.spans = spans;
    for (const span of spans) if (!this.drawn.has(span)) this.wrap(span);
    if (this.selected && !spans.includes(this.selected)) this.select(null);
    requestAnimationFrame(() => this.arrangeNames());
  }

  wrap(span) {
    const element = document.createElement("span");
    element.className = `ent ${this.colour(span.label)} ${tone(span.score)}`;
    element.setAttribute("role", "group");
    const sure = span.score === undefined ? "" : `, confidence ${percent(span.score)}`;
    element.setAttribute("aria-label", `${span.label}${sure}`);
    element.title = `${span.label}${sure}`;
    const first = this.words[span.token_start], last = this.words[span.token_end];
    first.before(element);
    while (element.lastChild !== last) element.append(element.nextSibling);
    first.append(this.name(span));
    this.drawn.set(span, element);
  }

  name(span) {
    const name = document.createElement("span");
    name.className = "name";
    name.title = "Delete";
    name.append(span.label);
    if (span.score < 0.9) {
      const sure = document.createElement("span");
      sure.className = "sure";
      sure.textContent = ` ${percent(span.score)}`;
      name.append(sure);
    }
    return name;
  }

  unwrap(span, element) {
    element.querySelector(".name").remove();
    element.replaceWith(...element.childNodes);
    this.drawn.delete(span);
  }

  // Names hang under their spans; one that would run into its neighbour goes a row down.
  arrangeNames() {
    const names = [...this.drawn.values()].map((element) => element.querySelector(".name"));
    const edge = this.text.getBoundingClientRect();
    names.forEach((name) => name.classList.remove("row1", "end"));
    const outside = names.filter((name) => {
      const box = name.getBoundingClientRect();
      return box.right > edge.right + 2 || box.left < edge.left - 2;
    });
    outside.forEach((name) => name.classList.add("end"));
    const boxes = names.map((name) => ({ name, box: name.getBoundingClientRect() }));
    boxes.sort((a, b) => Math.round((a.box.top - b.box.top) / 8) || a.box.left - b.box.left);
    let before = null;
    for (const { name, box } of boxes) {
      const sameLine = before && Math.abs(before.top - box.top) < 8;
      const crowded = sameLine && !before.down && box.left < before.right + 3;
      if (crowded) name.classList.add("row1");
      before = { top: box.top, right: box.right, down: crowded };
    }
  }

  // --- editing

  edit(spans, message) {
    this.past.push(this.spans);
    this.setSpans(spans);
    this.dispatchEvent(new CustomEvent("edit"));
    this.say(message);
  }

  undoEdit() {
    if (!this.past.length) return false;
    this.setSpans(this.past.pop());
    this.dispatchEvent(new CustomEvent("edit"));
    this.say("Edit undone");
    return true;
  }

  mark(first, last, label = this.label) {
    const span = label ? makeSpan(this.tokens, Math.min(first, last), Math.max(first, last), label) : null;
    this.pick(null);
    if (span) this.edit(addSpan(this.spans, span), `${this.wordsOf(span)}: ${label}`);
    return span;
  }

  relabelSelected(label) {
    const index = this.spans.indexOf(this.selected);
    if (index < 0) return false;
    if (this.selected.label !== label) this.edit(relabel(this.spans, this.selected, label), `Relabelled: ${label}`);
    this.select(this.spans[index]);
    return true;
  }

  remove(span) {
    this.select(null);
    this.edit(removeSpan(this.spans, span), `${this.wordsOf(span)}: deleted`);
  }

  wordsOf(span) {
    return this.tokens.slice(span.token_start, span.token_end + 1).map((token) => token.text).join(" ").slice(0, 80);
  }

  say(text) {
    this.dispatchEvent(new CustomEvent("say", { detail: text }));
  }

  select(span) {
    this.drawn.get(this.selected)?.classList.remove("selected");
    this.selected = span;
    this.drawn.get(span)?.classList.add("selected");
  }

  pick(range) {
    const [from, to] = range ? [Math.min(...range), Math.max(...range)] : [0, -1];
    const [oldFrom, oldTo] = this.range ?? [0, -1];
    const set = (index, on) => {
      this.words[index].classList.toggle("picked", on);
      this.words[index].setAttribute("aria-selected", String(on));
    };
    for (let i = oldFrom; i <= oldTo; i++) if (i < from || i > to) set(i, false);
    for (let i = from; i <= to; i++) if (i < oldFrom || i > oldTo) set(i, true);
    this.range = range ? [from, to] : null;
  }

  // --- pointer

  wordAt(event) {
    const word = document.elementFromPoint(event.clientX, event.clientY)?.closest(".tok");
    return word && this.contains(word) ? Number(word.dataset.i) : -1;
  }

  press(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    const index = this.wordAt(event);
    const onName = event.target.closest(".name") !== null;
    this.pressed = index < 0 ? null : { index, last: index, x: event.clientX, y: event.clientY, moved: false, onName };
    if (index < 0) this.moveTo(-1);
    else this.text.setPointerCapture(event.pointerId);
    this.text.classList.remove("keys");
  }

  drag(event) {
    if (!this.pressed || !(event.buttons & 1)) return;
    const index = this.wordAt(event);
    if (index >= 0) this.pressed.last = index;
    const far = Math.abs(event.clientX - this.pressed.x) >= DRAG;
    this.pressed.moved ||= far || this.pressed.last !== this.pressed.index;
    if (this.pressed.moved) this.pick([this.pressed.index, this.pressed.last]);
  }

  lift(event) {
    const pressed = this.pressed;
    this.pressed = null;
    if (!pressed) return;
    const index = this.wordAt(event);
    if (pressed.moved) {
      this.moveTo(-1);
      this.mark(pressed.index, index < 0 ? pressed.last : index);
    } else if (pressed.onName) {
      this.remove(spanAt(this.spans, pressed.index));
    } else {
      this.moveTo(pressed.index);
    }
  }

  doubleClick(event) {
    const index = this.wordAt(event);
    if (index < 0 || spanAt(this.spans, index)) return;
    this.moveTo(-1);
    this.mark(index, index);
  }

  // --- keyboard

  moveTo(index, extend = false) {
    this.words[this.cursor]?.classList.remove("cursor");
    if (index < 0) this.text.removeAttribute("aria-activedescendant");
    else this.text.setAttribute("aria-activedescendant", `w${index}`);
    if (extend && this.anchor < 0) this.anchor = Math.max(this.cursor, 0);
    if (!extend) this.anchor = index;
    this.cursor = index;
    this.pick(extend ? [this.anchor, index] : null);
    this.words[index]?.classList.add("cursor");
    this.words[index]?.scrollIntoView({ block: "nearest" });
    this.select(index >= 0 && !extend ? spanAt(this.spans, index) ?? null : null);
  }

  // Returns whether the key meant something here.
  key(event) {
    const jump = event.ctrlKey || event.metaKey;
    const forward = getComputedStyle(this.text).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const step = event.key === forward ? 1 : -1;
      this.moveTo(jump ? this.nextSpan(step) : this.step(step), event.shiftKey && !jump);
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      this.moveTo(this.lineStep(event.key === "ArrowDown" ? 1 : -1), event.shiftKey);
    } else if (event.key === "Home" || event.key === "End") {
      this.moveTo(event.key === "Home" ? 0 : this.words.length - 1, event.shiftKey);
    } else if (event.key === "Enter" && (this.range || (this.cursor >= 0 && !this.selected))) {
      this.markPicked(this.label);
    } else if ((event.key === "Delete" || event.key === "Backspace") && this.selected) {
      this.remove(this.selected);
    } else if (event.key === "Escape") {
      this.moveTo(-1);
    } else {
      return false;
    }
    this.text.classList.add("keys");
    return true;
  }

  markPicked(label) {
    const [first, last] = this.range ?? [this.cursor, this.cursor];
    const span = this.mark(first, last, label);
    if (span) this.moveTo(span.token_end);
  }

  step(step) {
    if (this.cursor < 0) return step > 0 ? 0 : this.words.length - 1;
    let index = this.cursor + step;
    while (this.tokens[index] && !this.tokens[index].text.trim()) index += step;
    return this.tokens[index] ? index : this.cursor;
  }

  nextSpan(step) {
    const spans = step > 0 ? this.spans : [...this.spans].reverse();
    const next = spans.find((span) => (step > 0 ? span.token_start > this.cursor : span.token_end < this.cursor || this.cursor < 0));
    return next ? next.token_start : this.cursor;
  }

  lineStep(step) {
    if (this.cursor < 0) return this.step(step);
    const here = this.words[this.cursor].getBoundingClientRect();
    let best = this.cursor, distance = Infinity, line = null;
    for (let i = this.cursor + step; this.words[i]; i += step) {
      const box = this.words[i].getBoundingClientRect();
      if (Math.abs(box.top - here.top) < 8) continue;
      line ??= box.top;
      if (Math.abs(box.top - line) > 8) break;
      if (Math.abs(box.left - here.left) < distance) [best, distance] = [i, Math.abs(box.left - here.left)];
    }
    return best;
  }
}

const percent = (score) => `${Math.round(score * 100)} %`;

const tone = (score) => (score === undefined || score >= 0.9 ? "t3" : score >= 0.75 ? "t2" : score >= 0.5 ? "t1" : "t0");

customElements.define("ner-manual", NerManual);
