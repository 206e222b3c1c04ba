// <blocks-view>: several views of one task, one under the other. The recipe's `blocks` say which, with settings each.

import { TaskView } from "./base.js";
import { makeView } from "./registry.js";

class BlocksView extends TaskView {
  configure(env) {
    super.configure(env);
    this.usesLabels = (this.config.blocks ?? []).some((block) => makeView(block.view_id).usesLabels);
    this.parts = [];
  }

  clear() {
    this.parts = [];
    this.replaceChildren();
  }

  show(task, draft) {
    this.clear();
    for (const block of this.config.blocks ?? []) {
      const { view_id, ...own } = block;
      const view = makeView(view_id);
      view.within = true;
      view.className = "block";
      this.append(view);
      // A block shows its own template, not one of the recipe or of another block.
      const config = { ...this.config, html_template: undefined, html: undefined, ...own };
      view.configure({ config: view_id === "html" && !own.html && !own.html_template ? this.config : config, colour: this.colour, label: this.label });
      // What a block sets itself, even to nothing, stands for the task's own.
      view.show({ ...task, ...own }, draft);
      this.parts.push(view);
    }
  }

  refresh(task, draft, keys) {
    if (keys.includes("blocks")) {
      this.configure({ config: { ...this.config, blocks: task.blocks }, colour: this.colour, label: this.label });
      return this.show(task, draft);
    }
    this.parts.forEach((view, index) => {
      const { view_id, ...own } = this.config.blocks[index];
      view.refresh({ ...task, ...own }, draft, keys);
    });
  }

  result() {
    return Object.assign({}, ...this.parts.map((view) => view.result()));
  }

  some(call) {
    return this.parts.some(call);
  }

  key(event) {
    return this.some((view) => view.key(event));
  }

  takeLabel(label) {
    return this.some((view) => view.takeLabel(label));
  }

  undoEdit() {
    return this.some((view) => view.undoEdit());
  }

  asksNothing() {
    return this.some((view) => view.asksNothing());
  }

  nothing() {
    return this.parts.filter((view) => view.nothing()).length > 0;
  }
}

customElements.define("blocks-view", BlocksView);
