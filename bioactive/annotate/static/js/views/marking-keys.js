// Keys on a text that is marked. Letters and brackets count by their place, so that a Russian layout works too.

export function pressKey(view, event) {
  const done = move(view, event) || change(view, event);
  if (done) view.text.classList.add("keys");
  return done;
}

function move(view, event) {
  const jump = event.ctrlKey || event.metaKey;
  const forward = getComputedStyle(view.text).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    const step = event.key === forward ? 1 : -1;
    view.moveTo(jump ? nextSpan(view, step) : nextWord(view, step), event.shiftKey && !jump);
  } else if (jump) {
    return false;
  } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    view.moveTo(nextLine(view, event.key === "ArrowDown" ? 1 : -1), event.shiftKey);
  } else if (event.key === "Home" || event.key === "End") {
    view.moveTo(edge(view, event.key === "Home" ? 1 : -1), event.shiftKey);
  } else if (event.code === "KeyE") {
    view.moveTo(nextSpan(view, event.shiftKey ? -1 : 1));
  } else {
    return false;
  }
  return true;
}

function change(view, event) {
  const chosen = view.selected && !view.offered;
  if (event.key === "Enter" && (view.range || (view.cursor >= 0 && !view.selected))) {
    view.markPicked(view.label());
  } else if (event.key === "Delete" && view.selected) {
    view.deleteSpan(view.selected);
  } else if (event.key === "Backspace" && chosen) {
    view.deleteSpan(view.selected);
  } else if ((event.code === "BracketLeft" || event.code === "BracketRight") && view.selected) {
    stretchSpan(view, event.code === "BracketRight", event.shiftKey);
  } else if (event.key === "Escape" && (chosen || view.range || view.cursor >= 0)) {
    view.moveTo(-1);
  } else {
    return false;
  }
  return true;
}

// ] moves the end out and Shift+] moves it in; [ does the same to the beginning.
function stretchSpan(view, atEnd, narrower) {
  const span = view.selected, offered = view.offered;
  const limit = view.units.length - 1;
  let { first, last } = span;
  const step = atEnd === narrower ? -1 : 1;
  const move = (index) => {
    let next = index + step;
    while (view.units[next] && !view.units[next].text.trim()) next += step;
    return Math.max(0, Math.min(limit, next));
  };
  if (atEnd) last = Math.max(first, move(last));
  else first = Math.min(last, move(first));
  view.resize(span, first, last);
  view.offered = offered;
}

const edge = (view, step) => nextWord(view, step, true);

// The next word that is not white space; from no word, the first that is asked about.
export function nextWord(view, step, fromEdge = false) {
  const { units } = view;
  const usable = (index) => units[index].text.trim() !== "";
  if (view.cursor < 0 || fromEdge) {
    const order = units.map((_, index) => (step > 0 ? index : units.length - 1 - index)).filter(usable);
    return order.find((index) => !units[index].disabled) ?? order[0] ?? -1;
  }
  let index = view.cursor + step;
  while (units[index] && !usable(index)) index += step;
  return units[index] ? index : view.cursor;
}

function nextSpan(view, step) {
  const spans = step > 0 ? view.spans : [...view.spans].reverse();
  const beyond = (span) => (step > 0 ? span.first > view.cursor : span.last < view.cursor || view.cursor < 0);
  const next = spans.find(beyond) ?? spans[0];
  return next ? next.first : view.cursor;
}

export function nextLine(view, step) {
  if (view.cursor < 0) return nextWord(view, step);
  const here = view.words[view.cursor].getBoundingClientRect();
  let best = view.cursor, distance = Infinity, line = null;
  for (let i = view.cursor + step; view.words[i]; i += step) {
    const box = view.words[i].getBoundingClientRect();
    if (Math.abs(box.top - here.top) < 8) continue;
    line ??= box.top;
    if (Math.abs(box.top - line) > 8) break;
    if (Math.abs(box.left - here.left) < distance) [best, distance] = [i, Math.abs(box.left - here.left)];
  }
  return best;
}
