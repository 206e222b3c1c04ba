// <ner-manual>: a text whose words, or characters, are marked as spans that do not overlap.

import { t } from "../i18n.js";
import { addSpan, makeSpan, relabel, removeSpan, spanAt } from "../spans.js";
import { toTask } from "../units.js";
import { make } from "./base.js";
import { pressKey } from "./marking-keys.js";
import { bindPointer } from "./marking-pointer.js";
import { SpanText } from "./span-text.js";

export class NerManual extends SpanText {
  textRole = "listbox";
  usesLabels = true;
  add = addSpan;

  connectedCallback() {
    if (this.text) return;
    super.connectedCallback();
    this.text.tabIndex = 0;
    this.text.dataset.focus = "";
    this.text.classList.add("marking");
    this.text.setAttribute("aria-multiselectable", "true");
    bindPointer(this);
    this.text.addEventListener("focusout", () => this.text.classList.remove("keys"));
  }

  configure(env) {
    super.configure(env);
    this.byCharacter ??= Boolean(env.config.highlight_chars || env.config.ner_manual_highlight_chars);
  }

  show(task, draft) {
    super.show(task, draft);
    this.unshown = []; // what is accepted is what is shown
    this.text.setAttribute("aria-label", t("text_help"));
    // In a stretch with one suggestion a digit relabels it, without a key to select it first.
    if (this.partial && this.spans.length === 1) this.select(this.spans[0], true);
  }

  // Mark by characters, or by words again; the spans stay.
  toggleCharacters() {
    if (!this.task) return;
    const spans = toTask(this.spans, this.tokens);
    this.byCharacter = !this.byCharacter;
    this.show(this.task, { spans });
    this.say(t(this.byCharacter ? "chars" : "words"));
  }

  describeWord(word, unit) {
    word.setAttribute("role", "option");
    word.setAttribute("aria-selected", "false");
    if (unit.disabled) word.setAttribute("aria-disabled", "true");
  }

  addGrips(first, last) {
    first.append(grip("start"));
    last.append(grip("end"));
  }

  name(span) {
    const name = super.name(span);
    name.title = t("remove");
    return name;
  }

  // offered: selected by the page, not by the annotator; keys that take something away leave it alone.
  select(span, offered = false) {
    super.select(span);
    this.offered = offered;
    if (span && !offered) this.dispatchEvent(new CustomEvent("spanselected", { detail: { span: toTask([span], this.tokens)[0] }, bubbles: true }));
  }

  // --- editing

  edit(spans, message) {
    this.past.push(this.spans);
    this.setSpans(spans);
    this.edited();
    this.say(message);
  }

  undoEdit() {
    if (!this.past.length) return false;
    this.setSpans(this.past.pop());
    this.edited();
    this.say(t("edit_undone"));
    return true;
  }

  mark(first, last, label = this.label()) {
    const span = label ? makeSpan(this.units, Math.min(first, last), Math.max(first, last), label) : null;
    this.pick(null);
    if (span) this.edit(this.add(this.spans, span), t("marked", { words: this.wordsOf(span), label }));
    return span;
  }

  relabelSelected(label) {
    const index = this.spans.indexOf(this.selected);
    if (index < 0) return false;
    const offered = this.offered;
    if (this.selected.label !== label) this.edit(relabel(this.spans, this.selected, label), t("relabelled", { label }));
    this.select(this.spans[index], offered);
    return true;
  }

  takeLabel(label) {
    if (this.relabelSelected(label)) return true;
    if (!this.range) return false;
    this.markPicked(label);
    return true;
  }

  markPicked(label) {
    const [first, last] = this.range ?? [this.cursor, this.cursor];
    const span = this.mark(first, last, label);
    if (span) this.moveTo(span.last);
  }

  // Give a span other edges. Its edges may go beyond the stretch that is asked about: to where the entity truly ends.
  resize(span, first, last) {
    const wanted = makeSpan(this.units, Math.min(first, last), Math.max(first, last), span.label, false);
    this.pick(null);
    if (!wanted || (wanted.first === span.first && wanted.last === span.last)) return this.select(span);
    this.edit(this.add(removeSpan(this.spans, span), wanted), t("resized", { words: this.wordsOf(wanted) }));
    this.select(wanted);
  }

  deleteSpan(span) {
    this.select(null);
    this.edit(removeSpan(this.spans, span), t("deleted", { words: this.wordsOf(span) }));
  }

  asksNothing() {
    return this.partial || Boolean(this.config.ask_nothing);
  }

  nothing() {
    if (this.spans.length) this.edit([], t("nothing"));
    return true;
  }

  // --- moving about

  moveTo(index, extend = false) {
    this.words[this.cursor]?.classList.remove("cursor");
    if (index < 0) this.text.removeAttribute("aria-activedescendant");
    else this.text.setAttribute("aria-activedescendant", this.words[index].id);
    if (extend && this.anchor < 0) this.anchor = Math.max(this.cursor, 0);
    if (!extend) this.anchor = index;
    this.cursor = index;
    this.pick(extend ? [this.anchor, index] : null);
    this.words[index]?.classList.add("cursor");
    this.words[index]?.scrollIntoView({ block: "nearest" });
    this.select(index >= 0 && !extend ? spanAt(this.spans, index) ?? null : null);
  }

  key(event) {
    return this.task !== null && pressKey(this, event);
  }
}

function grip(side) {
  const element = make("i", `grip ${side}`);
  element.dataset.side = side;
  element.setAttribute("aria-hidden", "true");
  return element;
}

customElements.define("ner-manual", NerManual);
