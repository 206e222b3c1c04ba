"""Sentences with errors, gold and prediction beside each other, drawn by displaCy; nested entities by `nested`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from spacy import displacy

from bioactive.evaluation.pairs import CharSpan

from .cases import KINDS, Case, Mistake
from .nested import drawn_nested, overlap

TEMPLATE = '<mark class="{kind}">{text}<small>{label}{confidence}</small></mark>'
TOLD = {
    "other edges": "the type is right, the edges are not; the most confident first",
    "other type": "the edges are right, the type is not; the most confident first",
    "other type and edges": "something of another type overlaps; the most confident first",
    "missed": "nothing predicted belongs to it",
    "made up": "nothing in gold belongs to it; the most confident first",
}


def examples(found: Sequence[Mistake], number: int = 3) -> str:
    """Some errors of each kind, as markup.

    found (Sequence[Mistake]): All errors.
    number (int): How many of each kind.
    RETURNS (str): A heading and the examples for each kind that occurs.
    """
    parts = []
    for kind in KINDS:
        of_kind = sorted((each for each in found if each.kind == kind), key=lambda each: -each.confidence)
        if of_kind and number:
            parts.append(f"<h3>{kind.capitalize()} <small class=soft>({len(of_kind):,})</small></h3>")
            parts.append(f"<p class=soft>{TOLD[kind]}</p>")
            parts += [_example(each) for each in of_kind[:number]]
    return "".join(parts)


def _example(found: Mistake) -> str:
    case, about = found.case, found.gold or found.predicted
    assert about is not None
    bounds = next(sent for sent in case.sentences if sent[0] <= about.start < sent[1])
    gold = _drawn(case, bounds, case.compared.gold, found.gold, {})
    predicted = _drawn(case, bounds, case.compared.predicted, found.predicted, case.confidence)
    rows = [
        f'<div class="line"><span class="who">{who}</span>{drawn}</div>'
        for who, drawn in (("gold", gold), ("predicted", predicted))
    ]
    return f'<div class="example">{"".join(rows)}</div>'


def _drawn(
    case: Case,
    bounds: tuple[int, int],
    spans: set[CharSpan],
    about: CharSpan | None,
    confidence: Mapping[CharSpan, float],
) -> str:
    start, end = bounds
    ents = [
        {
            "start": span.start - start,
            "end": min(span.end, end) - start,
            "label": span.label,
            # These replace what displaCy would put in by itself; it does not escape labels.
            "params": {
                "label": escape(span.label),
                "kind": "about" if span == about else "other",
                "confidence": f" {confidence[span]:.2f}" if span in confidence else "",
            },
        }
        for span in sorted(spans)
        if start <= span.start < end
    ]
    drawn: dict[str, Any] = {"text": case.text[start:end].rstrip(), "ents": ents}
    if overlap(ents):
        return drawn_nested(drawn["text"], ents, TEMPLATE)
    markup: str = displacy.render(drawn, style="ent", manual=True, jupyter=False, options={"template": TEMPLATE})
    return markup
