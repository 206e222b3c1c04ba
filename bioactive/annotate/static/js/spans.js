// Spans as plain data. Indices are tokens, inclusive; character offsets are copied from the tokens, in code points.

export const tokenCount = (span) => span.token_end - span.token_start + 1;

export const overlap = (span, first, last) => span.token_start <= last && span.token_end >= first;

// A new span over the tokens first..last, without disabled and blank tokens at its edges; null when none are left.
export function makeSpan(tokens, first, last, label) {
  const skip = (token) => token.disabled || !token.text.trim();
  while (first <= last && skip(tokens[first])) first++;
  while (last >= first && skip(tokens[last])) last--;
  if (first > last) return null;
  return { start: tokens[first].start, end: tokens[last].end, token_start: first, token_end: last, label };
}

export function addSpan(spans, span) {
  const rest = spans.filter((other) => !overlap(other, span.token_start, span.token_end));
  return [...rest, span].sort((a, b) => a.token_start - b.token_start);
}

// A relabelled suggestion is no longer the pipeline's: its score goes.
export function relabel(spans, span, label) {
  const { start, end, token_start, token_end } = span;
  return spans.map((other) => (other === span ? { start, end, token_start, token_end, label } : other));
}

export const removeSpan = (spans, span) => spans.filter((other) => other !== span);

export const spanAt = (spans, token) => spans.find((span) => overlap(span, token, token));
