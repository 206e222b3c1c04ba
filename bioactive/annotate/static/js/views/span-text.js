// <span-text>: a text with spans, to look at. It draws, and knows what is selected; the views that mark build on it.

import { t } from "../i18n.js";
import { apart } from "../spans.js";
import { charactersOf, onUnits, tokensOf, toTask } from "../units.js";
import { TaskView, make } from "./base.js";

const UNBROKEN = 40; // characters up to which a word stays on one line
let texts = 0; // for ids that are unique on the page

export class SpanText extends TaskView {
  watched = ["text", "tokens", "spans"];
  textRole = "group";
  flat = true; // whether spans that overlap cannot be shown
  stretches = true; // whether words that are not asked about make the others a stretch

  connectedCallback() {
    if (this.text) return;
    this.id ||= `text${texts++}`;
    this.text = make("div", "text prodigy-content");
    this.text.dir = "auto";
    this.text.setAttribute("role", this.textRole);
    this.append(this.text);
    new ResizeObserver(() => this.arrangeNames()).observe(this.text);
    this.clear();
  }

  clear() {
    this.task = null;
    this.units = [];
    this.spans = [];
    this.unshown = [];
    this.past = [];
    this.drawn = new Map(); // span -> element
    this.words = [];
    this.range = null; // [first, last] of the units picked, not marked yet
    this.cursor = -1;
    this.anchor = -1;
    this.selected = null;
    this.partial = false;
    this.text.replaceChildren();
    this.text.classList.remove("partial");
    this.text.removeAttribute("aria-activedescendant");
  }

  show(task, draft) {
    this.clear();
    this.task = task;
    const characters = Array.from(task.text ?? "");
    this.tokens = tokensOf(task, characters);
    // Without tokens a span has no other edges than characters.
    const letters = this.byCharacter || !task.tokens?.length;
    this.units = letters ? charactersOf(task.text ?? "", this.tokens) : this.tokens;
    this.partial = this.stretches && this.units.some((unit) => unit.disabled);
    this.text.classList.toggle("partial", this.partial);
    this.text.classList.toggle("letters", Boolean(letters));
    this.text.dir = this.config?.writing_dir || "auto";
    this.text.append(...this.pieces(characters));
    const spans = onUnits(draft?.spans ?? task.spans ?? [], this.units);
    this.setSpans(this.flat ? apart(spans) : spans);
    this.unshown = spans.filter((span) => !this.spans.includes(span));
    this.tellHidden();
    if (this.partial) this.words[this.units.findIndex((unit) => !unit.disabled)]?.scrollIntoView({ block: "center" });
  }

  result() {
    return { spans: toTask([...this.spans, ...this.unshown], this.tokens) };
  }

  tellHidden() {
    this.querySelector(".hidden-spans")?.remove();
    if (this.unshown.length) this.append(make("p", "hidden-spans", t("overlapping", { n: this.unshown.length })));
  }

  // The words with what stands between them. A gap within a stretch that is asked about looks like the stretch.
  pieces(characters) {
    const parts = [];
    let position = 0;
    this.units.forEach((unit, index) => {
      const gap = characters.slice(position, unit.start).join("");
      const between = this.partial && !unit.disabled && index && !this.units[index - 1].disabled;
      if (gap) parts.push(between ? make("span", "ask", gap) : gap);
      parts.push(this.word(unit, index, characters.slice(unit.start, unit.end).join("")));
      position = unit.end;
    });
    const rest = characters.slice(position).join("");
    return rest ? [...parts, rest] : parts;
  }

  word(unit, index, text) {
    const word = make("span", `tok${text.length <= UNBROKEN ? " whole" : ""}`, text);
    if (unit.disabled) word.classList.add("off");
    else if (this.partial) {
      word.classList.add("ask");
      word.classList.toggle("first", index === 0 || Boolean(this.units[index - 1].disabled));
      word.classList.toggle("last", index === this.units.length - 1 || Boolean(this.units[index + 1].disabled));
    }
    word.id = `${this.id}w${index}`;
    word.dataset.i = index;
    this.describeWord(word, unit);
    this.words.push(word);
    return word;
  }

  describeWord(_word, _unit) {}

  // --- spans on the page

  setSpans(spans) {
    for (const [span, element] of this.drawn) if (!spans.includes(span)) this.unwrap(span, element);
    this.spans = spans;
    for (const span of spans) if (!this.drawn.has(span)) this.wrap(span);
    if (this.selected && !spans.includes(this.selected)) this.select(null);
    requestAnimationFrame(() => this.arrangeNames());
  }

  wrap(span) {
    const element = make("span", `ent ${this.colour(span.label)} ${tone(span.score)}`);
    this.describe(element, span);
    const first = this.words[span.first], last = this.words[span.last];
    first.before(element);
    while (element.lastChild !== last) element.append(element.nextSibling);
    first.append(this.name(span));
    this.addGrips(first, last);
    this.drawn.set(span, element);
  }

  describe(element, span) {
    const sure = span.score === undefined ? "" : `, ${t("confidence")} ${percent(span.score)}`;
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", `${span.label}${sure}`);
    element.title = `${span.label}${sure}`;
  }

  addGrips(_first, _last) {}

  name(span) {
    const name = make("span", "name", span.label);
    name.span = span;
    if (span.score !== undefined) {
      name.append(make("span", `sure${span.score < 0.9 ? " low" : ""}`, ` ${percent(span.score)}`));
    }
    return name;
  }

  unwrap(span, element) {
    element.querySelectorAll(".name, .grip").forEach((part) => part.remove());
    element.replaceWith(...element.childNodes);
    this.drawn.delete(span);
  }

  // Names hang under their spans; one that would run out of the text moves in, one that would run into its neighbour a
  // row down. A word may be broken over two lines, so its own edges do not tell where there is room.
  arrangeNames() {
    const names = [...this.drawn.values()].map((element) => element.querySelector(".name")).filter(Boolean);
    const edge = this.text.getBoundingClientRect();
    names.forEach((name) => { name.classList.remove("row1"); name.style.translate = ""; });
    const boxes = names.map((name) => ({ name, box: name.getBoundingClientRect() }));
    for (const { name, box } of boxes) {
      const shift = Math.max(edge.left - box.left, Math.min(0, edge.right - box.right));
      if (Math.abs(shift) > 0.5) name.style.translate = `${shift}px 0`;
      box.x += shift;
    }
    boxes.sort((a, b) => Math.round((a.box.top - b.box.top) / 8) || a.box.left - b.box.left);
    let before = null;
    for (const { name, box } of boxes) {
      const sameLine = before && Math.abs(before.top - box.top) < 8;
      const crowded = sameLine && !before.down && box.left < before.right + 3;
      if (crowded) name.classList.add("row1");
      before = { top: box.top, right: box.right, down: crowded };
    }
  }

  // --- what is selected

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

  wordsOf(span) {
    return Array.from(this.task.text).slice(span.start, span.end).join("").slice(0, 80);
  }
}

export const percent = (score) => `${Math.round(score * 100)} %`;

const tone = (score) => (score === undefined || score >= 0.9 ? "t3" : score >= 0.75 ? "t2" : score >= 0.5 ? "t1" : "t0");

customElements.define("span-text", SpanText);
