// Mouse, pen and finger on a text that is marked: drag over words, drag an edge, click, double-click.

import { spanAt } from "../spans.js";

const DRAG = 6; // px that the pointer moves within one word before it counts as a drag

export function bindPointer(view) {
  const { text } = view;
  let pressed = null;

  text.addEventListener("pointerdown", (event) => {
    if (view.linking || event.button !== 0 || !event.isPrimary) return;
    const index = wordAt(view, event);
    text.classList.remove("keys");
    pressed = index < 0 ? null : begin(view, event, index);
    if (pressed) text.setPointerCapture(event.pointerId);
    else view.moveTo(-1);
  });

  text.addEventListener("pointermove", (event) => {
    if (!pressed || !(event.buttons & 1)) return;
    const index = wordAt(view, event);
    if (index >= 0) pressed.last = index;
    const far = Math.abs(event.clientX - pressed.x) >= DRAG && !pressed.grip;
    pressed.moved ||= far || pressed.last !== pressed.index;
    if (pressed.moved) view.pick([pressed.from, pressed.last]);
  });

  text.addEventListener("pointerup", (event) => {
    const done = pressed;
    pressed = null;
    if (done) finish(view, done, wordAt(view, event));
  });

  text.addEventListener("pointercancel", () => { pressed = null; view.pick(null); });

  text.addEventListener("dblclick", (event) => {
    const index = wordAt(view, event);
    if (view.linking || index < 0 || spanAt(view.spans, index)) return;
    view.moveTo(-1);
    view.mark(index, index);
  });
}

export function wordAt(view, event) {
  const word = document.elementFromPoint(event.clientX, event.clientY)?.closest(".tok");
  return word && view.contains(word) ? Number(word.dataset.i) : -1;
}

// `from` is the unit that stays where it is while the other end follows the pointer.
function begin(view, event, index) {
  const handle = event.target.closest(".grip");
  const side = handle?.dataset.side;
  const name = event.target.closest(".name");
  const owner = side === "start" ? (span) => span.first === index : (span) => span.last === index;
  const grip = handle?.span ?? (side ? view.spans.find(owner) : undefined);
  const from = grip ? (side === "start" ? grip.last : grip.first) : index;
  return { index, from, last: index, x: event.clientX, moved: false, named: name?.span, grip };
}

function finish(view, pressed, index) {
  const last = index < 0 ? pressed.last : index;
  if (pressed.moved && pressed.grip) {
    view.moveTo(-1);
    view.resize(pressed.grip, pressed.from, last);
  } else if (pressed.moved) {
    view.moveTo(-1);
    view.mark(pressed.from, last);
  } else if (pressed.named) {
    view.deleteSpan(pressed.named);
  } else {
    view.moveTo(pressed.index);
  }
}
