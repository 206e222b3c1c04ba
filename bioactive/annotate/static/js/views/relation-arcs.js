// The arcs over a text: drawn as SVG, each with its label as a button. They know where words stand, and nothing of editing.

import { layOut } from "../arc-layout.js";
import { t } from "../i18n.js";
import { nodeAt } from "../relations.js";
import { make } from "./base.js";

const STEP = 20; // px from one level to the next
const ROUND = 8; // px
const LEVELS = 3; // levels that every text has room for, so that an arc moves nothing
const SVG = "http://www.w3.org/2000/svg";

export class Arcs {
  // stage: the element that the arcs lie in, with the text. onPick(relation): told about a click on an arc.
  constructor(stage, onPick) {
    Object.assign(this, { stage, onPick });
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.classList.add("arcs");
    this.svg.setAttribute("aria-hidden", "true");
    this.links = make("div", "links");
    this.links.setAttribute("role", "group");
    this.stage.append(this.svg, this.links);
    this.clear();
  }

  clear() {
    this.levels = LEVELS;
    this.buttons = new Map(); // relation -> its label
    this.svg.replaceChildren();
    this.links.replaceChildren();
    this.makeRoom(LEVELS);
  }

  makeRoom(levels) {
    this.levels = Math.max(this.levels, levels);
    this.stage.style.setProperty("--levels", this.levels);
  }

  // view: the text, with its words, spans and relations.
  draw(view) {
    const { relations, words } = view;
    this.links.setAttribute("aria-label", t("relations"));
    this.buttons = new Map(relations.map((relation) => [relation, this.button(view, relation)]));
    this.links.replaceChildren(...this.buttons.values());
    if (!words.length || !this.stage.offsetWidth) return;
    const boxes = boxesOf(view);
    const arcs = relations.map((relation) => ({
      head: boxes(relation.head), child: boxes(relation.child), label: this.buttons.get(relation).offsetWidth,
    }));
    const width = view.text.offsetWidth;
    const laid = layOut(arcs, width, getComputedStyle(view.text).direction === "rtl");
    this.makeRoom(1 + Math.max(-1, ...laid.flatMap(({ pieces }) => pieces.map((piece) => piece.level))));
    const tops = linesOf(words).map((top) => top - this.origin.top); // once there is room
    this.svg.setAttribute("width", width);
    this.svg.setAttribute("height", view.text.offsetHeight);
    this.svg.replaceChildren(...relations.map((relation, index) => this.arc(view, relation, laid[index], tops)));
  }

  get origin() {
    const box = this.stage.getBoundingClientRect();
    return { left: box.left - this.stage.scrollLeft, top: box.top - this.stage.scrollTop };
  }

  arc(view, relation, { pieces, labelled, x, childEnd }, tops) {
    const group = element("g", { class: `arc ${view.colour(relation.label)}${relation === view.link ? " selected" : ""}` });
    const height = (piece) => tops[piece.line] - 12 - piece.level * STEP;
    const line = pieces.map((piece) => pathOf(piece, height(piece), tops[piece.line] - 2)).join(" ");
    group.append(element("path", { class: "hit", d: line }), element("path", { class: "way", d: line }));
    if (!view.config?.hide_arrow_heads) {
      group.append(element("path", { class: "tip", d: `M ${childEnd.x - 4.5} ${tops[childEnd.box.line] - 8} h 9 l -4.5 7 z` }));
    }
    group.addEventListener("pointerdown", (event) => event.preventDefault());
    group.addEventListener("click", () => this.onPick(relation));
    const button = this.buttons.get(relation);
    button.style.left = `${x}px`;
    button.style.top = `${height(labelled)}px`;
    return group;
  }

  button(view, relation) {
    const chosen = relation === view.link;
    const button = make("button", `link ${view.colour(relation.label)}${chosen ? " selected" : ""}`, relation.label || "•");
    button.type = "button";
    button.tabIndex = -1;
    const name = view.describeRelation(relation);
    button.setAttribute("aria-label", chosen && view.linking ? `${t("remove")}: ${name}` : name);
    button.title = chosen && view.linking ? t("remove") : name;
    if (chosen && view.linking) button.append(make("span", "cut", "×"));
    button.addEventListener("pointerdown", (event) => event.preventDefault()); // the text keeps the focus
    button.addEventListener("click", () => this.onPick(relation));
    return button;
  }
}

function element(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// The tops of the lines, from above.
function linesOf(words) {
  const tops = [];
  for (const word of words) {
    const { top } = word.getBoundingClientRect();
    if (!tops.some((known) => Math.abs(known - top) < 8)) tops.push(top);
  }
  return tops.sort((a, b) => a - b);
}

// Gives the box of the word or span at an index; of a span that goes over a line's end, what stands on its first line.
function boxesOf(view) {
  const lines = linesOf(view.words);
  const lineOf = (box) => lines.findIndex((top) => Math.abs(top - box.top) < 8);
  const { left } = view.arcs.origin;
  const known = new Map();
  return (index) => {
    const { first, last } = nodeAt(view.spans, index);
    if (known.has(first)) return known.get(first);
    const boxes = view.words.slice(first, last + 1).map((word) => word.getBoundingClientRect());
    const line = lineOf(boxes[0]);
    const here = boxes.filter((box) => lineOf(box) === line);
    const box = { line, left: Math.min(...here.map((b) => b.left)) - left, right: Math.max(...here.map((b) => b.right)) - left };
    known.set(first, box);
    return box;
  };
}

function pathOf({ from, to, stems }, y, base) {
  const round = Math.min(ROUND, (to - from) / 2);
  const start = stems[0] ? `M ${from} ${base} V ${y + round} Q ${from} ${y} ${from + round} ${y}` : `M ${from} ${y}`;
  return `${start} H ${stems[1] ? to - round : to}${stems[1] ? ` Q ${to} ${y} ${to} ${y + round} V ${base}` : ""}`;
}
