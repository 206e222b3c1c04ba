from __future__ import annotations

import numpy as np
from spacy.tokens import Doc, Span

from bioactive.active.posteriors import posterior
from bioactive.active.pseudo_labels import pseudo_label, sure_words


def partial(nlp, words: list[str], known: list[int], ents=(), rejected=()) -> Doc:
    doc = Doc(nlp.vocab, words=words)
    missing = [doc[i : i + 1] for i in range(len(words)) if i not in known]
    doc.set_ents([Span(doc, *ent) for ent in ents], missing=missing, default="outside")
    if rejected:
        doc.spans["incorrect_spans"] = [Span(doc, *span) for span in rejected]
    return doc


def tags(doc: Doc) -> list[str]:
    return [f"{t.ent_iob_}-{t.ent_type_}".strip("-") for t in doc]


WORDS = ["a", "b", "c", "d"]


def test_sure_words_are_filled_and_the_others_stay_open(crf_nlp):
    (belief,) = posterior(crf_nlp, [Doc(crf_nlp.vocab, words=WORDS)])
    column = {tag: k for k, tag in enumerate(belief.tags)}
    probs = [belief.marginals[t, column[tag]] for t, tag in enumerate(belief.best)]
    known = [int(np.argmin(probs))]
    doc = partial(crf_nlp, WORDS, known)
    for trust in (0.0, float(sorted(probs)[2]), 1.1):
        found = pseudo_label(crf_nlp, [doc], [], trust)
        sure, _ = sure_words(belief, doc, np.array([i not in known for i in range(4)]), trust)
        expected = ["O" if i in known else belief.best[i] if sure[i] else "" for i in range(4)]
        assert tags(found.docs[0]) == expected and found.words == sum(sure)
    assert pseudo_label(crf_nlp, [doc], [], 1.1).docs[0] is doc


def test_full_docs_and_those_without_an_answer_stay_as_they_are(crf_nlp):
    docs = [partial(crf_nlp, WORDS, [0, 1, 2, 3]), partial(crf_nlp, WORDS, []), Doc(crf_nlp.vocab)]
    found = pseudo_label(crf_nlp, docs, [], 0.0)
    assert all(one is other for one, other in zip(found.docs, docs, strict=True)) and found.words == 0


def test_answers_and_rejected_spans_are_not_overruled(crf_nlp):
    (belief,) = posterior(crf_nlp, [Doc(crf_nlp.vocab, words=WORDS)])
    span = next(each for each in belief.spans)
    known = [i for i in range(4) if not span.start <= i < span.end][:1]
    place = (span.start, span.end, span.label)
    (free,) = pseudo_label(crf_nlp, [partial(crf_nlp, WORDS, known)], [], 0.0).docs
    assert place in {(ent.start, ent.end, ent.label_) for ent in free.ents}
    (held,) = pseudo_label(crf_nlp, [partial(crf_nlp, WORDS, known, rejected=[place])], [], 0.0).docs
    assert place not in {(ent.start, ent.end, ent.label_) for ent in held.ents}
    assert all(not held[i].ent_iob for i in range(span.start, span.end))
    # An answer inside the predicted entity: what is left of it is no guess.
    inner = partial(crf_nlp, WORDS, [span.start])
    (cut,) = pseudo_label(crf_nlp, [inner], [], 0.0).docs
    assert tags(cut)[span.start] == "O" and all(not cut[i].ent_iob for i in range(span.start + 1, span.end))


def test_wrong_share_is_counted_on_held_out_docs(crf_nlp):
    (belief,) = posterior(crf_nlp, [Doc(crf_nlp.vocab, words=WORDS)])
    gold = Doc(crf_nlp.vocab, words=WORDS)
    gold.set_ents([Span(gold, each.start, each.end, each.label) for each in belief.spans], default="outside")
    blank = Doc(crf_nlp.vocab, words=WORDS)
    blank.set_ents([], default="outside")
    found = pseudo_label(crf_nlp, [], [gold, blank], 0.0)
    wrong = sum(tag != "O" for tag in belief.best)
    assert (found.checked, found.wrong) == (8, wrong) and wrong
