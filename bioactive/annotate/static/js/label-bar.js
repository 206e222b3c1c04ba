// <label-bar>: the labels to choose from, as a radio group. Emits "choose" with the label.

export const COLOURS = 10;

export class LabelBar extends HTMLElement {
  set labels(labels) {
    this.names = labels;
    this.setAttribute("role", "radiogroup");
    this.setAttribute("aria-label", "Label");
    this.replaceChildren(...labels.map((label, index) => this.button(label, index)));
    this.choose(labels[0]);
  }

  button(label, index) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `c${index % COLOURS}`;
    button.setAttribute("role", "radio");
    button.dataset.label = label;
    button.append(label);
    if (index < 10) {
      const key = document.createElement("kbd");
      key.textContent = String((index + 1) % 10);
      button.append(key);
      button.setAttribute("aria-keyshortcuts", key.textContent);
    }
    button.setAttribute("aria-label", label);
    button.addEventListener("pointerdown", (event) => event.preventDefault()); // the text keeps the focus
    button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("choose", { detail: label })));
    return button;
  }

  choose(label) {
    this.label = label;
    for (const button of this.children) {
      const chosen = button.dataset.label === label;
      button.setAttribute("aria-checked", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
  }

  colour(label) {
    const index = this.names.indexOf(label);
    return `c${(index < 0 ? this.names.length : index) % COLOURS}`;
  }
}

customElements.define("label-bar", LabelBar);
