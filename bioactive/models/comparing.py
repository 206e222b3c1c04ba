"""Two pipelines side by side: scores on the same documents, size, speed, and the sentences on which they differ."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spacy.tokens import Doc

from bioactive.corpus.sentences import sentences
from bioactive.errors import error
from bioactive.evaluation.blocks import UNWATCHED, Watch
from bioactive.evaluation.evaluate import Evaluation, compare_all, score
from bioactive.evaluation.load import load_pipeline, read_docs
from bioactive.evaluation.pairs import CharSpan, Compared
from bioactive.evaluation.speed import words_per_second

from .judging import Verdict, judge
from .promotions import Entry, promote
from .revisions import Revisions, size_of

MENDED, BROKEN, OTHER = "mended", "broken", "other"


@dataclass(frozen=True)
class Change:
    """A sentence in which two pipelines differ; spans count characters from its start.

    doc_id (str): Its document.
    text (str): The sentence.
    gold, before, after (list[CharSpan]): Entities of gold, of the first pipeline and of the second, in order.
    effect (str): "mended" when more of it is right than before, "broken" when less is, else "other".
    """

    doc_id: str
    text: str
    gold: list[CharSpan]
    before: list[CharSpan]
    after: list[CharSpan]
    effect: str


@dataclass(frozen=True)
class Side:
    """One of two pipelines.

    name (str): What it is called.
    evaluation (Evaluation): Its scores.
    size (int): Bytes of its files.
    speed (float): Words a second.
    """

    name: str
    evaluation: Evaluation
    size: int
    speed: float

    def f1(self, label: str = "") -> float:
        """F1 of a type, 0.0 for one that occurs in neither gold nor prediction; without one, micro F1 of all."""
        row = self.evaluation.types.get(label) if label else self.evaluation.totals["micro"]
        return row.f1.value if row is not None else 0.0


@dataclass(frozen=True)
class Comparison:
    """Two pipelines on the same documents.

    before, after (Side): The two.
    verdict (Verdict): Paired differences, second less first.
    changes (list[Change]): The sentences whose entities differ.
    sentences (int): How many were looked at.
    """

    before: Side
    after: Side
    verdict: Verdict
    changes: list[Change] = field(default_factory=list)
    sentences: int = 0


def compare_pipelines(before: Path, after: Path, data: Path, watch: Watch = UNWATCHED) -> Comparison:
    """Run two pipelines over gold documents.

    before, after (Path): Their folders.
    data (Path): Gold .spacy file: a dev set, since what it shows is used to choose.
    watch (Watch): Is told how far it is.
    RETURNS (Comparison): The two side by side.
    RAISES (BioactiveError): As `load_pipeline` and `read_docs`.
    """
    docs, old_side, old = _side(before, data, watch)
    _, new_side, new = _side(after, data, watch)
    verdict = judge(old_side.evaluation.counts, new_side.evaluation.counts)
    return Comparison(old_side, new_side, verdict, changes(docs, old, new), sum(1 for _ in _sentences(docs)))


def changes(docs: Sequence[Doc], before: Sequence[Compared], after: Sequence[Compared]) -> list[Change]:
    """The sentences whose predicted entities differ.

    docs (Sequence[Doc]): Gold Docs; one without sentence bounds counts as one sentence.
    before, after (Sequence[Compared]): What two pipelines say of them, in the same order.
    RETURNS (list[Change]): In the order of the text.
    """
    found = []
    for number, start, end in _sentences(docs):
        one, two = (_within(side[number].predicted, start, end) for side in (before, after))
        if one != two:
            gold = _within(before[number].gold, start, end)
            text = docs[number].text[start:end]
            found.append(Change(before[number].doc_id, text, gold, one, two, _effect(gold, one, two)))
    return found


def config_changes(before: Path, after: Path) -> list[str]:
    """The lines in which the configs of two pipelines differ, as `diff -u` shows them."""
    old, new = ((folder / "config.cfg").read_text(encoding="utf8").splitlines() for folder in (before, after))
    return list(difflib.unified_diff(old, new, before.name, after.name, lineterm="", n=1))


def marked(text: str, spans: Sequence[CharSpan]) -> str:
    """A sentence with its entities in brackets: "[IL-2|protein] wakes T cells"."""
    out, last = [], 0
    for start, end, label in spans:
        out += [text[last:start], f"[{text[start:end]}|{label}]"]
        last = end
    return "".join([*out, text[last:]])


def _side(folder: Path, data: Path, watch: Watch) -> tuple[list[Doc], Side, list[Compared]]:
    nlp = load_pipeline(folder)
    docs = read_docs(data, nlp.vocab)
    watch.stage(folder.name, len(docs))
    compared = compare_all(nlp, docs, watch.done)
    watch.stage(f"{folder.name}: measuring speed")
    return docs, Side(folder.name, score(compared), size_of(folder), words_per_second(nlp, docs)), compared


def _sentences(docs: Sequence[Doc]) -> Iterator[tuple[int, int, int]]:
    """Number of the Doc, first character and end of each sentence."""
    for number, doc in enumerate(docs):
        for sent in sentences(doc):
            yield number, sent.start_char, sent.end_char


def _within(spans: set[CharSpan], start: int, end: int) -> list[CharSpan]:
    """The spans that begin in a sentence, from its start; one that crosses its end is cut there in the picture."""
    inside = sorted(span for span in spans if start <= span.start < end)
    return [CharSpan(span.start - start, min(span.end, end) - start, span.label) for span in inside]


def _effect(gold: list[CharSpan], before: list[CharSpan], after: list[CharSpan]) -> str:
    # Errors: what is missed and what is made up.
    one, two = (len(set(gold) ^ set(side)) for side in (before, after))
    return MENDED if two < one else BROKEN if two > one else OTHER


def promote_compared(
    revisions: Revisions,
    name: str,
    dev: Path | None = None,
    *,
    why: str = "",
    who: str = "",
    force: bool = False,
    watch: Watch = UNWATCHED,
) -> tuple[Entry, Comparison | None]:
    """Promote a revision unless it shows a loss against the current one.

    revisions (Revisions): The store.
    name (str): The revision.
    dev (Path | None): Gold .spacy file to compare both on. Without it, the comparison of the round that made the
        revision counts, if it was with the current one.
    why, who (str): For the log.
    force (bool): Promote all the same; the log says so.
    watch (Watch): Is told how far the comparison is.
    RETURNS (tuple[Entry, Comparison | None]): The line of the log, and what was measured now.
    RAISES (BioactiveError): B809 when it shows a loss, or nothing compares it with the current one.
    """
    current = revisions.current()
    folder = revisions.sound(name)
    if current is None or current.name == name:
        told = "the first one in use" if current is None else "in use already"
        return promote(revisions, name, _joined(why, told), who), None
    found = compare_pipelines(current, folder, dev, watch) if dev is not None else None
    accepted, told = (found.verdict.accepted, found.verdict.sentence(force)) if found else _earlier(revisions, name)
    if not accepted and not force:
        raise error("B809", name=name, reason=told.removeprefix("no: ").removesuffix("; --force promotes all the same"))
    if not accepted and found is None:
        told = f"forced, although {told}"
    evidence = found.verdict.to_dict() if found else {}
    return promote(revisions, name, _joined(why, told), who, evidence), found


def _earlier(revisions: Revisions, name: str) -> tuple[bool, str]:
    """What the round that made a revision said of it, if it was compared with what is in use now."""
    manifest, current = revisions.manifest(name), revisions.current()
    if current is None or Path(manifest.parent).name != current.name:
        return False, f"nothing compares it with {current.name if current else 'the current one'}"
    return manifest.promoted.startswith("yes"), manifest.promoted


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
