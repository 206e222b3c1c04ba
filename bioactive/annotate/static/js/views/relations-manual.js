// <relations-manual>: words and spans linked by arcs with a label, from head to child. Where the recipe has labels of spans,
// spans can be marked as well: one switches between the two.

import { t } from "../i18n.js";
import { addRelation, findRelation, nodeAt, onWords, reattach, relabelRelation, removeRelation, toTask } from "../relations.js";
import { make } from "./base.js";
import { NerManual } from "./ner-manual.js";
import { Arcs } from "./relation-arcs.js";
import { pressLinkKey } from "./relation-keys.js";
import { bindLinking } from "./relation-pointer.js";
import { colourValue, onStage } from "./relations-text.js";

export class RelationsManual extends NerManual {
  watched = ["text", "tokens", "spans", "relations"];
  stretches = false;
  linking = true;

  connectedCallback() {
    if (this.text) return;
    super.connectedCallback();
    this.tools = make("div", "link-tools");
    this.stage = onStage(this.text);
    this.arcs = new Arcs(this.stage, (relation) => this.pickLink(relation, true));
    this.prepend(this.tools);
    bindLinking(this);
  }

  configure(env) {
    this.byCharacter = false;
    super.configure(env);
    this.spanLabels = env.config.relations_span_labels ?? [];
    this.wrapped = Boolean(env.config.wrap_relations);
    this.buildTools();
  }

  toggleCharacters() {}

  clear() {
    super.clear();
    this.relations = [];
    this.kept = [];
    this.link = null; // the relation that is selected
    this.head = -1; // the word that waits for its child
    this.arcs?.clear();
  }

  show(task, draft) {
    super.show(task, draft);
    const { shown, kept } = onWords(draft?.relations ?? task.relations, this.spans, this.words.length);
    Object.assign(this, { relations: shown, kept });
    this.applyMode();
  }

  result() {
    const colour = (label) => colourValue(this, label);
    return { ...super.result(), relations: [...toTask(this.relations, this.spans, this.tokens, colour), ...this.kept] };
  }

  // --- what is shown

  buildTools() {
    const toggle = (key, name, act) => {
      const button = make("button", "link-tool", make("span", "", t(name)), " ", make("kbd", "", key));
      button.type = "button";
      button.setAttribute("aria-keyshortcuts", key.toLowerCase());
      button.addEventListener("pointerdown", (event) => event.preventDefault());
      button.addEventListener("click", act);
      return button;
    };
    this.modeButton = toggle("R", "mark_spans", () => this.toggleMode());
    this.wrapButton = toggle("W", "wrap", () => this.toggleWrap());
    this.tools.replaceChildren(...(this.spanLabels.length ? [this.modeButton] : []), this.wrapButton);
  }

  applyMode() {
    const { linking, wrapped } = this;
    this.classList.toggle("linking", linking);
    this.stage.classList.toggle("one-line", !wrapped);
    this.modeButton.setAttribute("aria-pressed", String(!linking));
    this.wrapButton.setAttribute("aria-pressed", String(wrapped));
    this.text.setAttribute("aria-label", t(linking ? "link_help" : "text_help"));
    this.drawSoon();
  }

  toggleMode() {
    if (!this.spanLabels.length) return;
    this.leave();
    this.linking = !this.linking;
    const detail = this.linking ? this.config.labels : this.spanLabels;
    this.dispatchEvent(new CustomEvent("labels", { detail, bubbles: true }));
    this.applyMode();
    this.say(t(this.linking ? "relations" : "mark_spans"));
  }

  toggleWrap() {
    this.wrapped = !this.wrapped;
    this.applyMode();
  }

  // Once a frame, however many changes there were.
  drawSoon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.arcs.draw(this);
    });
  }

  arrangeNames() {
    super.arrangeNames();
    this.drawSoon();
  }

  // --- nodes

  linkable(index) {
    const { first, last } = nodeAt(this.spans, index);
    return this.units.slice(first, last + 1).some((unit) => !unit.disabled && unit.text.trim());
  }

  sameNode(one, other) {
    return nodeAt(this.spans, one).last === nodeAt(this.spans, other).last;
  }

  nodeElement(index) {
    return index < 0 ? null : this.drawn.get(nodeAt(this.spans, index).span) ?? this.words[index];
  }

  wordsAt(index) {
    const { span } = nodeAt(this.spans, index);
    return this.wordsOf(span ?? this.units[index]);
  }

  describeRelation({ head, child, label }) {
    return t("linked", { head: this.wordsAt(head), child: this.wordsAt(child), label });
  }

  // Show what a drag goes from and what it would reach.
  aim(from, to) {
    for (const element of this.text.querySelectorAll(".aimed")) element.classList.remove("aimed");
    for (const index of [from, to]) if (index >= 0 && this.linkable(index)) this.nodeElement(index).classList.add("aimed");
  }

  setHead(index) {
    for (const element of this.text.querySelectorAll(".head")) element.classList.remove("head");
    this.head = index;
    this.nodeElement(index)?.classList.add("head");
    if (index >= 0) this.say(t("head_is", { words: this.wordsAt(index) }));
  }

  // The first word or span taken is the head, the second its child; the same one again is neither.
  take(index) {
    if (!this.linkable(index)) return;
    this.setLink(null);
    this.moveTo(index);
    if (this.head < 0) this.setHead(index);
    else if (this.sameNode(this.head, index)) this.setHead(-1);
    else this.connect(this.head, index);
  }

  // --- editing

  connect(from, to, label = this.label()) {
    if (!this.linkable(from) || !this.linkable(to)) return;
    const wanted = { head: nodeAt(this.spans, from).last, child: nodeAt(this.spans, to).last, label };
    const known = findRelation(this.relations, wanted);
    this.setHead(-1);
    if (known) this.pickLink(known);
    else this.change(this.spans, addRelation(this.relations, wanted), this.describeRelation(wanted));
  }

  deleteLink(relation) {
    this.setLink(null);
    this.change(this.spans, removeRelation(this.relations, relation), t("deleted", { words: this.describeRelation(relation) }));
  }

  edit(spans, message) {
    this.change(spans, reattach(this.relations, this.spans, spans), message);
  }

  change(spans, relations, message) {
    this.past.push({ spans: this.spans, relations: this.relations });
    this.restore({ spans, relations });
    this.say(message);
  }

  restore({ spans, relations }) {
    this.relations = relations;
    if (!relations.includes(this.link)) this.link = null;
    this.setSpans(spans);
    this.drawSoon();
    this.edited();
  }

  undoEdit() {
    if (!this.past.length) return false;
    this.setHead(-1);
    this.restore(this.past.pop());
    this.say(t("edit_undone"));
    return true;
  }

  // --- what is selected

  // pointed: by a click; on the arc that is selected it deletes.
  pickLink(relation, pointed = false) {
    if (!relation || !this.linking) return;
    if (pointed && relation === this.link) return this.deleteLink(relation);
    this.setHead(-1);
    this.setLink(relation);
    this.say(this.describeRelation(relation));
  }

  setLink(relation) {
    this.link = relation ?? null;
    this.drawSoon();
    if (relation) this.words[Math.min(relation.head, relation.child)].scrollIntoView({ block: "nearest" });
  }

  select(span, offered) {
    super.select(this.linking ? null : span, offered);
  }

  moveTo(index, extend = false) {
    if (this.linking) this.link = null;
    super.moveTo(index, extend && !this.linking);
    if (this.linking) this.drawSoon();
  }

  leave() {
    this.setHead(-1);
    this.moveTo(-1);
  }

  takeLabel(label) {
    if (!this.linking) return super.takeLabel(label);
    const { link, head, cursor } = this;
    if (link) {
      const made = { ...link, label };
      this.change(this.spans, relabelRelation(this.relations, link, label), t("relabelled", { label }));
      this.setLink(findRelation(this.relations, made));
    } else if (head >= 0 && cursor >= 0 && !this.sameNode(head, cursor)) {
      this.connect(head, cursor, label);
    } else {
      return false;
    }
    return true;
  }

  asksNothing() {
    return Boolean(this.config.ask_nothing);
  }

  nothing() {
    if (this.relations.length) this.change(this.spans, [], t("nothing"));
    return true;
  }

  key(event) {
    if (!this.task) return false;
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (plain && event.code === "KeyR" && this.spanLabels.length) return this.toggleMode(), true;
    if (plain && event.code === "KeyW") return this.toggleWrap(), true;
    return this.linking ? pressLinkKey(this, event) : super.key(event);
  }
}

customElements.define("relations-manual", RelationsManual);
