// Relations as plain data: { head, child, label, task }. `head` and `child` are indices of words; for a span it is that of
// its last word, as in Prodigy. `task` is the task's own relation, when untouched.

import { overlap, spanAt } from "./spans.js";

// What can be a head or a child: the span over a word, or the word alone.
export function nodeAt(spans, index) {
  const span = spanAt(spans, index) ?? null;
  return { first: span?.first ?? index, last: span?.last ?? index, span };
}

const same = (one, other) => one.head === other.head && one.child === other.child && one.label === other.label;

export const findRelation = (relations, wanted) => relations.find((relation) => same(relation, wanted));

// Relations with one more; a word has no relation to itself, and none counts twice.
export function addRelation(relations, wanted) {
  return wanted.head === wanted.child || findRelation(relations, wanted) ? relations : [...relations, wanted];
}

export const removeRelation = (relations, relation) => relations.filter((other) => other !== relation);

export function relabelRelation(relations, relation, label) {
  const { head, child } = relation;
  return relations.map((other) => (other === relation ? { head, child, label } : other));
}

// The task's relations on words, and those that the page cannot show, which go back as they came.
export function onWords(given, spans, count) {
  const shown = [], kept = [];
  for (const relation of given ?? []) {
    const { head, child, label = "" } = relation;
    const fits = [head, child].every((index) => Number.isInteger(index) && index >= 0 && index < count);
    if (!fits) kept.push(relation);
    else shown.push({ head: nodeAt(spans, head).last, child: nodeAt(spans, child).last, label, task: relation });
  }
  return { shown, kept };
}

// Relations after spans were changed: those of a span go with it, and end when it is gone.
export function reattach(relations, before, after) {
  const moved = (index) => {
    const old = spanAt(before, index);
    if (!old) return nodeAt(after, index).last;
    return (after.includes(old) ? old : after.find((span) => overlap(span, old.first, old.last)))?.last ?? -1;
  };
  const stays = (index) => spanAt(before, index) === spanAt(after, index);
  return relations.reduce((made, relation) => {
    const head = moved(relation.head), child = moved(relation.child);
    if (head < 0 || child < 0) return made;
    const untouched = stays(relation.head) && stays(relation.child);
    return addRelation(made, untouched ? relation : { head, child, label: relation.label });
  }, []);
}

// Relations as the store keeps them. colour: gives the colour of a label.
export function toTask(relations, spans, tokens, colour) {
  const end = (index) => {
    const { first, last, span } = nodeAt(spans, index);
    const { start, end } = span ?? tokens[index];
    return { start, end, token_start: first, token_end: last, label: span?.label ?? null };
  };
  return relations.map(({ head, child, label, task }) => task ?? {
    head, child, head_span: end(head), child_span: end(child), color: colour(label), label,
  });
}
