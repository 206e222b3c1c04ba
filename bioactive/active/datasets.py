"""Answers of several datasets as training Docs: merged by input, binary and complete answers kept apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from spacy.language import Language
from spacy.tokens import Doc, Span

from bioactive.annotate.binary import Place, judged
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import INPUT_HASH, VIEW_ID, Task, set_hashes
from bioactive.annotate.teach import label_answer
from bioactive.corpus.jsonl import BINARY_VIEW, task_to_doc
from bioactive.corpus.tally import Tally
from bioactive.errors import error

from .grammar import CUT, set_heads, set_sentences, set_tags

EVAL = "eval:"
SPANS_KEY, INCORRECT = "sc", "incorrect_spans"
# What an answer may train; of Prodigy's kinds, coreference is not planned.
KINDS = ("ner", "spancat", "textcat", "textcat_multilabel", "tagger", "senter", "parser")
OF_WORDS = ("ner", "spancat", "tagger", "senter", "parser")
IGNORED, REJECTED = "ignored answers left out", "rejected texts that say nothing left out"
REPLACED = "complete answers replaced by a newer one"
ATTRIBUTES = {"tagger": "tag_", "parser": "dep_"}
BINARY_BESIDE = "binary answers beside a complete one left out"
OVERLAPPING = "overlapping entities left out"


@dataclass
class Gathered:
    """Training data of one split.

    docs (list[Doc]): One a text.
    tally (Tally): What was left out.
    labels (dict[str, list[str]]): The labels of each kind, in order.
    """

    docs: list[Doc] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    labels: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class _Text:
    """All answers about one text, by kind."""

    first: Task
    answers: dict[str, list[Task]] = field(default_factory=dict)


def split_names(names: str | Sequence[str] | None) -> tuple[list[str], list[str]]:
    """Dataset names for training, and those for evaluation, which are written `eval:NAME`."""
    listed = names.split(",") if isinstance(names, str) else list(names or [])
    cleaned = [name.strip() for name in listed if name.strip()]
    held_out = [name.removeprefix(EVAL) for name in cleaned if name.startswith(EVAL)]
    return [name for name in cleaned if not name.startswith(EVAL)], held_out


def gather(store: Store, names: Mapping[str, Sequence[str]], nlp: Language) -> Gathered:
    """Merge datasets into one Doc a text.

    store (Store): Where they are.
    names (Mapping[str, Sequence[str]]): Datasets by kind, one of `KINDS`.
    nlp (Language): Cuts texts that come without tokens.
    RETURNS (Gathered): The Docs.
    RAISES (BioactiveError): B407 for an unknown dataset, B618 for an unknown kind.
    """
    found = Gathered()
    texts: dict[int, _Text] = {}
    for kind, datasets in names.items():
        if kind not in KINDS:
            raise error("B618", kind=kind, known=", ".join(KINDS))
        for name in datasets:
            for answer in store.iter_examples(name):
                _sort_in(texts, kind, answer, found.tally)
    for text in texts.values():
        found.docs.append(_doc(text, nlp, found.tally))
    found.labels = {kind: _labels(kind, found.docs) for kind in names}
    return found


def split(docs: Sequence[Doc], share: float) -> tuple[list[Doc], list[Doc]]:
    """Hold out a share of Docs. The hash of a text decides, so that a text stays on its side as datasets grow.

    docs (Sequence[Doc]): The Docs.
    share (float): Share held out, 0.0 to 1.0.
    RETURNS (tuple[list[Doc], list[Doc]]): Those to train on, and those held out.
    """
    wanted = round(len(docs) * share)
    # Knuth's multiplicative hash spreads the numbers evenly.
    order = sorted(range(len(docs)), key=lambda n: (docs[n].user_data[INPUT_HASH] * 2654435761) % 2**32)
    held_out = set(order[:wanted])
    return [doc for n, doc in enumerate(docs) if n not in held_out], [docs[n] for n in sorted(held_out)]


def _sort_in(texts: dict[int, _Text], kind: str, answer: Task, tally: Tally) -> None:
    if "text" not in answer:
        return
    if answer.get("answer") == "ignore":
        tally.add(IGNORED)
        return
    key = set_hashes(answer)[INPUT_HASH]
    texts.setdefault(key, _Text(answer)).answers.setdefault(kind, []).append(answer)


def _doc(text: _Text, nlp: Language, tally: Tally) -> Doc:
    """One Doc with all that was answered about a text."""
    of_words = [answer for kind in OF_WORDS for answer in text.answers.get(kind, [])]
    tokens = next((answer["tokens"] for answer in of_words if answer.get("tokens")), None)
    bare = {"text": text.first["text"], "tokens": tokens, "answer": "reject"}
    doc = task_to_doc(bare, nlp.tokenizer)
    assert doc is not None
    doc.user_data[INPUT_HASH] = set_hashes(text.first)[INPUT_HASH]
    _set_entities(doc, text.answers.get("ner", []), tally)
    if "spancat" in text.answers:
        whole = _newest_complete(text.answers["spancat"], tally)
        doc.spans[SPANS_KEY] = [] if whole is None else _on_tokens(doc, _places(whole), tally)
    set_tags(doc, text.answers.get("tagger", []), tally)
    for kind, put in (("senter", set_sentences), ("parser", set_heads)):
        whole = _newest_complete(text.answers.get(kind, []), tally)
        if whole is not None:
            put(doc, whole, tally)
    for kind in ("textcat", "textcat_multilabel"):
        for answer in text.answers.get(kind, []):
            cats = label_answer(answer)
            if kind == "textcat" and 1.0 in cats.values():
                doc.cats = dict.fromkeys(doc.cats, 0.0)  # the labels exclude each other
            doc.cats = {**doc.cats, **cats}
    return doc


def _set_entities(doc: Doc, answers: Sequence[Task], tally: Tally) -> None:
    """Entities of a complete answer, else what the binary ones say and nothing more."""
    binary = [answer for answer in answers if answer.get(VIEW_ID) == BINARY_VIEW]
    whole = _newest_complete([answer for answer in answers if answer.get(VIEW_ID) != BINARY_VIEW], tally)
    if whole is not None:
        if binary:
            tally.add(BINARY_BESIDE, times=len(binary))
        disabled = {token["id"] for token in whole.get("tokens") or [] if token.get("disabled")}
        spans = _flat(_on_tokens(doc, _places(whole), tally), tally)
        open_words = [doc[n : n + 1] for n in sorted(disabled) if n < len(doc)]
        covered = {token.i for span in spans for token in span}
        missing = [word for word in open_words if word.start not in covered]
        doc.set_ents(spans, missing=missing, default="outside")
        return
    for text in judged(binary):
        accepted = _flat(_on_tokens(doc, text.accepted, tally), tally)
        doc.set_ents(accepted, default="missing")
        doc.spans[INCORRECT] = _on_tokens(doc, text.rejected, tally)


def _newest_complete(answers: Sequence[Task], tally: Tally) -> Task | None:
    accepted = [answer for answer in answers if answer.get("answer", "accept") == "accept"]
    if len(answers) > len(accepted):
        tally.add(REJECTED, times=len(answers) - len(accepted))
    if len(accepted) > 1:
        tally.add(REPLACED, times=len(accepted) - 1)
    return accepted[-1] if accepted else None


def _places(answer: Task) -> list[Place]:
    return [(span["start"], span["end"], str(span.get("label", ""))) for span in answer.get("spans") or []]


def _on_tokens(doc: Doc, places: Iterable[Place], tally: Tally) -> list[Span]:
    found = []
    for start, end, label in places:
        span = doc.char_span(start, end, label=label)
        if span is None:
            tally.add(CUT, f"{doc.text[start:end]!r} ({label}) in {doc.text[:60]!r}")
        else:
            found.append(span)
    return found


def _flat(spans: Sequence[Span], tally: Tally) -> list[Span]:
    """Spans without those that overlap a longer one: `doc.ents` holds flat ones only."""
    from spacy.util import filter_spans

    kept = filter_spans(spans)
    if len(kept) < len(spans):
        tally.add(OVERLAPPING, times=len(spans) - len(kept))
    return kept


def _labels(kind: str, docs: Sequence[Doc]) -> list[str]:
    if kind == "ner":
        found = [ent.label_ for doc in docs for ent in [*doc.ents, *doc.spans.get(INCORRECT, ())]]
    elif kind == "spancat":
        found = [span.label_ for doc in docs for span in doc.spans.get(SPANS_KEY, ())]
    elif kind in ATTRIBUTES:
        found = [label for doc in docs for token in doc if (label := getattr(token, ATTRIBUTES[kind]))]
    elif kind == "senter":
        found = []  # where sentences begin has no labels
    else:
        found = [label for doc in docs for label in doc.cats]
    return sorted(set(found))
