// Which element shows which view.

import { t } from "../i18n.js";
import { TaskView, make } from "./base.js";

const ELEMENTS = {
  ner_manual: "ner-manual",
  spans_manual: "spans-manual",
  ner: "ner-view",
  spans: "span-text",
  classification: "classification-view",
  choice: "choice-view",
  text: "text-view",
  text_input: "text-input-view",
  html: "html-view",
  blocks: "blocks-view",
  review: "review-view",
  relations: "relations-manual",
};

export function makeView(viewId) {
  const view = document.createElement(ELEMENTS[viewId] ?? "unknown-view");
  view.viewId = viewId;
  return view;
}

class UnknownView extends TaskView {
  show() {
    this.replaceChildren(make("p", "message trouble", t("unknown_view", { view: this.viewId })));
  }
}

customElements.define("unknown-view", UnknownView);
