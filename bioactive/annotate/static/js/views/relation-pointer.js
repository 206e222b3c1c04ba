// Mouse, pen and finger on a text whose words are linked: a click takes the head and another the child, or one drag does both.

import { wordAt } from "./marking-pointer.js";

export function bindLinking(view) {
  const { text } = view;
  let pressed = -1;

  text.addEventListener("pointerdown", (event) => {
    if (!view.linking || event.button !== 0 || !event.isPrimary) return;
    text.classList.remove("keys");
    pressed = wordAt(view, event);
    if (pressed < 0) view.moveTo(-1);
    else if (event.pointerType === "mouse") text.setPointerCapture(event.pointerId);
  });

  text.addEventListener("pointermove", (event) => {
    if (pressed >= 0) view.aim(pressed, wordAt(view, event));
  });

  text.addEventListener("pointerup", (event) => {
    const from = pressed, to = wordAt(view, event);
    pressed = -1;
    if (from < 0) return;
    view.aim(-1, -1);
    if (to >= 0 && !view.sameNode(from, to)) view.connect(from, to);
    else if (to >= 0) view.take(to);
  });

  text.addEventListener("pointercancel", () => {
    pressed = -1;
    view.aim(-1, -1);
  });
}
