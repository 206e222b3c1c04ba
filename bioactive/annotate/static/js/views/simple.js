// Views that only show: <text-view>, <html-view>, <classification-view> and <ner-view> (one candidate, yes or no).

import { t } from "../i18n.js";
import { safeNodes, template, trustedNodes } from "../safe-html.js";
import { TaskView, make } from "./base.js";
import { SpanText, percent } from "./span-text.js";

class TextView extends TaskView {
  show(task) {
    const text = make("div", "text plain prodigy-content", task.text ?? "");
    text.dir = this.config.writing_dir || "auto";
    this.replaceChildren(text);
  }
}

// The recipe's template with the task's values put in, or markup that a block gives; else the task's own `html`, cleaned.
class HtmlView extends TaskView {
  clear() {
    this.shown = null;
    this.replaceChildren();
  }

  show(task) {
    const given = this.config.html_template ?? this.config.html;
    const markup = this.config.html_template ? template(given, task) : given ?? task.html ?? "";
    // An update of the task that changes nothing here leaves what one has typed.
    if (this.shown === markup && this.firstChild) return;
    this.shown = markup;
    const body = make("div", "html prodigy-content");
    body.dir = this.config.writing_dir || "auto";
    body.append(...(given ? trustedNodes(markup) : markup ? safeNodes(markup) : [task.text ?? ""]));
    this.replaceChildren(body);
  }

  refresh(task) {
    this.show(task);
  }
}

// Whether one label fits: the label stands large over the text, or over whatever the task shows.
class ClassificationView extends TaskView {
  watched = ["label", "text", "html", "spans"];

  connectedCallback() {
    this.head = make("p", "candidate prodigy-title");
    this.body = make("div", "");
    this.replaceChildren(this.head, this.body);
  }

  clear() {
    this.head.replaceChildren();
    this.body.replaceChildren();
  }

  show(task) {
    const label = task.label ?? this.config.label ?? "";
    const name = make("strong", `chip ${this.colour(label)}`, label);
    this.head.replaceChildren(name);
    const view = document.createElement(task.spans?.length ? "span-text" : task.html ? "html-view" : "text-view");
    this.body.replaceChildren(view);
    view.configure(this);
    view.show(task);
  }
}

// One suggested span: the label it is suggested as, and how sure the pipeline is, stand over the text.
class NerView extends SpanText {
  connectedCallback() {
    if (this.text) return;
    this.head = make("p", "candidate");
    this.append(this.head);
    super.connectedCallback();
    this.text.classList.add("asking");
  }

  clear() {
    super.clear();
    this.head?.replaceChildren();
  }

  show(task, draft) {
    super.show(task, draft);
    const [span] = this.spans;
    if (!span) return;
    const name = make("strong", `chip ${this.colour(span.label)}`, span.label);
    const [before, after] = t("question").split("{label}");
    const sure = span.score === undefined ? "" : make("span", "sure", `${t("confidence")} ${percent(span.score)}`);
    this.head.replaceChildren(before, name, after, sure);
    this.drawn.get(span)?.scrollIntoView({ block: "nearest" });
  }

  result() {
    return {};
  }
}

customElements.define("text-view", TextView);
customElements.define("html-view", HtmlView);
customElements.define("classification-view", ClassificationView);
customElements.define("ner-view", NerView);
