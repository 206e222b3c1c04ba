// Where arcs run: plain numbers in, plain numbers out. A box is { line, left, right }: a word or a span, on a line of the
// text; x counts pixels from the left. An arc is { head, child, label }: two boxes, and the width of its label.

const APART = 7; // between the ends of arcs that meet at one word
const GAP = 6; // between arcs on one level

const middle = (box) => (box.left + box.right) / 2;

// Whether an arc leaves a box to the right; one that goes to another line leaves towards the end of its line.
function leavesRight(box, other, rtl) {
  if (box.line !== other.line) return (other.line > box.line) !== rtl;
  return middle(other) > middle(box);
}

const distance = (box, other) => Math.abs(box.line - other.line) * 1e6 + Math.abs(middle(box) - middle(other));

// The x at which each arc meets its head and its child: beside one another, so that no end crosses another arc of the
// same word. Those to the left come first, the nearest first; then those to the right, the farthest first.
function meet(arcs, rtl) {
  const byBox = new Map();
  const ends = arcs.map(({ head, child }) => [{ box: head, other: child }, { box: child, other: head }]);
  for (const end of ends.flat()) byBox.set(end.box, [...(byBox.get(end.box) ?? []), end]);
  const place = ({ box, other }) => (leavesRight(box, other, rtl) ? 1e9 - distance(box, other) : distance(box, other) - 1e9);
  for (const [box, here] of byBox) {
    here.sort((a, b) => place(a) - place(b));
    const step = Math.min(APART, Math.max(0, box.right - box.left - 6) / Math.max(1, here.length - 1));
    here.forEach((end, index) => { end.x = middle(box) + (index - (here.length - 1) / 2) * step; });
  }
  return ends;
}

// The pieces of an arc: one on each line that it passes. `stems` tells whether its left and right end go down to a word.
function cut(head, child, width, rtl) {
  const [above, below] = head.box.line <= child.box.line ? [head, child] : [child, head];
  if (above.box.line === below.box.line) {
    const [left, right] = above.x <= below.x ? [above, below] : [below, above];
    return [{ line: above.box.line, from: left.x, to: right.x, stems: [left, right] }];
  }
  const pieces = [];
  for (let line = above.box.line; line <= below.box.line; line++) {
    const end = line === above.box.line ? above : line === below.box.line ? below : null;
    const toRight = line === above.box.line ? !rtl : rtl; // the side on which the line is left
    if (!end) pieces.push({ line, from: 0, to: width, stems: [null, null] });
    else if (toRight) pieces.push({ line, from: end.x, to: width, stems: [end, null] });
    else pieces.push({ line, from: 0, to: end.x, stems: [null, end] });
  }
  return pieces;
}

// Short arcs lie low, longer ones over them; arcs that share a part of a line never share a level there.
function stack(pieces) {
  const placed = [];
  for (const piece of [...pieces].sort((a, b) => a.right - a.left - (b.right - b.left))) {
    const near = placed.filter((other) => other.line === piece.line && other.left < piece.right + GAP && other.right > piece.left - GAP);
    piece.level = 0;
    while (near.some((other) => other.level === piece.level)) piece.level++;
    placed.push(piece);
  }
}

// The pieces of each arc with their levels, and where its label stands: { pieces, labelled, x }.
export function layOut(arcs, width, rtl = false) {
  const ends = meet(arcs, rtl);
  const laid = arcs.map(({ label }, index) => {
    const [head, child] = ends[index];
    const pieces = cut(head, child, width, rtl);
    const labelled = pieces.reduce((best, piece) => (piece.to - piece.from > best.to - best.from ? piece : best));
    const half = label / 2;
    const x = Math.max(half, Math.min(width - half, (labelled.from + labelled.to) / 2));
    for (const piece of pieces) {
      piece.left = piece === labelled ? Math.min(piece.from, x - half) : piece.from;
      piece.right = piece === labelled ? Math.max(piece.to, x + half) : piece.to;
    }
    return { pieces, labelled, x, childEnd: child };
  });
  stack(laid.flatMap(({ pieces }) => pieces));
  return laid;
}
