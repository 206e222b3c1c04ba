// Keys on a text whose words are linked. Letters count by their place, so that a Russian layout works too.

import { nextLine, nextWord } from "./marking-keys.js";

export function pressLinkKey(view, event) {
  const done = move(view, event) || change(view, event);
  if (done) view.text.classList.add("keys");
  return done;
}

function move(view, event) {
  const forward = getComputedStyle(view.text).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    view.moveTo(nextNode(view, event.key === forward ? 1 : -1));
  } else if (event.ctrlKey || event.metaKey) {
    return false;
  } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    const index = nextLine(view, event.key === "ArrowDown" ? 1 : -1);
    view.moveTo(view.linkable(index) ? index : nextNode(view, 1, index));
  } else if (event.key === "Home" || event.key === "End") {
    view.moveTo(nextNode(view, event.key === "Home" ? 1 : -1, -1));
  } else if (event.code === "KeyE") {
    view.pickLink(nextLink(view, event.shiftKey ? -1 : 1));
  } else {
    return false;
  }
  return true;
}

function change(view, event) {
  if (event.key === "Enter" && view.cursor >= 0) {
    view.take(view.cursor);
  } else if ((event.key === "Delete" || event.key === "Backspace") && view.link) {
    view.deleteLink(view.link);
  } else if (event.key === "Escape" && (view.link || view.head >= 0 || view.cursor >= 0)) {
    view.leave();
  } else {
    return false;
  }
  return true;
}

// The next word or span that may be linked; from none, the first or the last one.
function nextNode(view, step, from = view.cursor) {
  const start = from < 0 ? (step > 0 ? 0 : view.words.length - 1) : from + step;
  for (let index = start; view.words[index]; index += step) {
    if (view.linkable(index) && (from < 0 || !view.sameNode(index, from))) return index;
  }
  return from < 0 ? nextWord(view, step) : from;
}

function nextLink(view, step) {
  const { relations } = view;
  if (!relations.length) return null;
  const order = [...relations].sort((a, b) => Math.min(a.head, a.child) - Math.min(b.head, b.child));
  const place = order.indexOf(view.link);
  return order[(place < 0 ? (step > 0 ? 0 : order.length - 1) : place + step + order.length) % order.length];
}
