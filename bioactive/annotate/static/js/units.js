// What one can mark: the task's tokens, or its characters. Offsets are code points, as in the store.

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export function tokensOf(task, characters) {
  return task.tokens?.length ? task.tokens : [{ text: task.text, start: 0, end: characters.length, id: 0 }];
}

// The characters as a reader sees them; each belongs to the token that it lies in.
export function charactersOf(text, tokens) {
  const units = [];
  let offset = 0, index = 0;
  for (const { segment } of segmenter.segment(text)) {
    const end = offset + Array.from(segment).length;
    while (index < tokens.length - 1 && tokens[index].end <= offset) index++;
    units.push({ text: segment, start: offset, end, disabled: tokens[index]?.disabled ?? false });
    offset = end;
  }
  return units;
}

// The task's spans on units. One that does not fit covers the units that it touches.
export function onUnits(spans, units) {
  const found = [];
  for (const span of spans) {
    const first = units.findIndex((unit) => unit.end > span.start);
    let last = first;
    while (units[last + 1] && units[last + 1].start < span.end) last++;
    if (first >= 0) found.push({ first, last, start: span.start, end: span.end, label: span.label ?? "", score: span.score, task: span });
  }
  return found.sort((a, b) => a.first - b.first || b.last - a.last);
}

// Spans as the store keeps them, with the indices of the tokens that they touch.
export function toTask(spans, tokens) {
  return spans.map((span) => {
    if (span.task) return span.task;
    const first = tokens.findIndex((token) => token.end > span.start);
    let last = first;
    while (tokens[last + 1] && tokens[last + 1].start < span.end) last++;
    return { start: span.start, end: span.end, token_start: first, token_end: last, label: span.label };
  });
}
