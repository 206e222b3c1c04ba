// <spans-manual>: spans that may overlap. Each is a line under its words, in a row of its own, with its name below.

import { addOverlapping, overlap } from "../spans.js";
import { make } from "./base.js";
import { NerManual } from "./ner-manual.js";

const ROWS = 3; // rows that every text has room for, so that a mark moves nothing

export class SpansManual extends NerManual {
  add = addOverlapping;
  flat = false;

  show(task, draft) {
    this.rows = ROWS;
    super.show(task, draft);
  }

  setSpans(spans) {
    for (const parts of this.drawn.values()) parts.forEach((part) => part.remove());
    this.drawn = new Map();
    this.spans = spans;
    const rows = inRows(spans);
    this.rows = Math.max(this.rows, ROWS, ...rows.map((row) => row + 1));
    this.text.style.setProperty("--rows", this.rows);
    this.text.classList.add("rows");
    spans.forEach((span, index) => this.drawn.set(span, this.draw(span, rows[index])));
    if (this.selected && !spans.includes(this.selected)) this.select(null);
    else if (this.selected) this.select(this.selected, this.offered);
  }

  draw(span, row) {
    const parts = [];
    const colour = this.colour(span.label);
    for (let i = span.first; i <= span.last; i++) {
      const line = make("i", `line ${colour}${i < span.last ? " on" : ""}`);
      line.style.setProperty("--row", row);
      this.words[i].append(line);
      parts.push(line);
    }
    const name = this.name(span);
    name.classList.add(colour);
    name.style.setProperty("--row", row);
    this.describe(name, span);
    this.words[span.first].append(name);
    const start = this.gripOf("start", span, row), end = this.gripOf("end", span, row);
    this.words[span.first].append(start);
    this.words[span.last].append(end);
    return [...parts, name, start, end];
  }

  gripOf(side, span, row) {
    const grip = make("i", `grip ${side}`);
    grip.dataset.side = side;
    grip.span = span;
    grip.style.setProperty("--row", row);
    grip.setAttribute("aria-hidden", "true");
    return grip;
  }

  select(span, offered = false) {
    for (const part of this.drawn.get(this.selected) ?? []) part.classList.remove("selected");
    this.selected = span;
    this.offered = offered;
    for (const part of this.drawn.get(span) ?? []) part.classList.add("selected");
  }

  // A click on a word goes through the spans over it, one after the other.
  moveTo(index, extend = false) {
    const before = index === this.cursor ? this.selected : null;
    super.moveTo(index, extend);
    if (index < 0 || extend) return;
    const here = this.spans.filter((span) => overlap(span, index, index));
    if (here.length) this.select(here[(here.indexOf(before) + 1) % here.length]);
  }

  arrangeNames() {}
}

// The row of each span: the first that no earlier span over the same words has. Spans come sorted.
function inRows(spans) {
  const ends = [];
  return spans.map((span) => {
    let row = ends.findIndex((end) => end < span.first);
    if (row < 0) row = ends.length;
    ends[row] = span.last;
    return row;
  });
}

customElements.define("spans-manual", SpansManual);
