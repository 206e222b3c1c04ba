// <relations-text>: a text with its spans and arcs, to look at.

import { t } from "../i18n.js";
import { nodeAt, onWords } from "../relations.js";
import { make } from "./base.js";
import { Arcs } from "./relation-arcs.js";
import { SpanText } from "./span-text.js";

export class RelationsText extends SpanText {
  stretches = false;

  connectedCallback() {
    if (this.text) return;
    super.connectedCallback();
    this.arcs = new Arcs(onStage(this.text), () => {});
  }

  show(task, draft) {
    super.show(task, draft);
    this.relations = onWords(draft?.relations ?? task.relations, this.spans, this.words.length).shown;
  }

  arrangeNames() {
    super.arrangeNames();
    if (this.relations) requestAnimationFrame(() => this.arcs.draw(this));
  }

  describeRelation({ head, child, label }) {
    const words = (index) => this.wordsOf(nodeAt(this.spans, index).span ?? this.units[index]);
    return t("linked", { head: words(head), child: words(child), label });
  }
}

// Put a text on a stage of its own, on which arcs can be drawn.
export function onStage(text) {
  const stage = make("div", "stage");
  text.replaceWith(stage);
  stage.append(text);
  return stage;
}

// The colour of a label as answers have it: that of the light page, whichever is shown.
export function colourValue(view, label) {
  const sample = make("i", view.colour(label));
  view.append(sample);
  const value = getComputedStyle(sample).getPropertyValue("--c").trim();
  sample.remove();
  return /^light-dark\(\s*([^,]+),/.exec(value)?.[1] ?? value;
}

customElements.define("relations-text", RelationsText);
