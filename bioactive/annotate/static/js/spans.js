// Spans as plain data: { first, last, start, end, label, task }. `first` and `last` count the units that the page shows
// (words or characters), inclusive; `start` and `end` are code points; `task` is the task's own span, when untouched.

export const overlap = (span, first, last) => span.first <= last && span.last >= first;

const blank = (unit) => !unit.text.trim();

// The units first..last without blank ones at the edges, and without context when `inside` is set; null when none is left
// that is asked about.
function snapped(units, first, last, inside) {
  const skip = (unit) => blank(unit) || (inside && unit.disabled);
  while (first <= last && skip(units[first])) first++;
  while (last >= first && skip(units[last])) last--;
  for (let i = first; i <= last; i++) if (!units[i].disabled) return [first, last];
  return null;
}

// A new span; a mark begins and ends inside what is asked about.
export function makeSpan(units, first, last, label, inside = true) {
  const edges = snapped(units, first, last, inside);
  if (!edges) return null;
  return { first: edges[0], last: edges[1], start: units[edges[0]].start, end: units[edges[1]].end, label };
}

const sorted = (spans) => [...spans].sort((a, b) => a.first - b.first || b.last - a.last);

export function addSpan(spans, span) {
  return sorted([...spans.filter((other) => !overlap(other, span.first, span.last)), span]);
}

// For overlapping spans: only an equal one is replaced.
export function addOverlapping(spans, span) {
  const same = (other) => other.first === span.first && other.last === span.last && other.label === span.label;
  return sorted([...spans.filter((other) => !same(other)), span]);
}

// The spans that do not overlap: of two that do, the longer one.
export function apart(spans) {
  const kept = [];
  for (const span of [...spans].sort((a, b) => b.last - b.first - (a.last - a.first))) {
    if (!kept.some((other) => overlap(other, span.first, span.last))) kept.push(span);
  }
  return spans.filter((span) => kept.includes(span));
}

// A relabelled suggestion is no longer the pipeline's: its score goes.
export function relabel(spans, span, label) {
  const { first, last, start, end } = span;
  return spans.map((other) => (other === span ? { first, last, start, end, label } : other));
}

export const removeSpan = (spans, span) => spans.filter((other) => other !== span);

export const spanAt = (spans, unit) => spans.find((span) => overlap(span, unit, unit));
