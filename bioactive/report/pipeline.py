"""The report of a pipeline on gold documents: how good it is, where it fails, how honest it is, what it costs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from bioactive.annotate.agreement import SpanAgreement
from bioactive.corpus.checks import CorpusStats, corpus_stats
from bioactive.evaluation.blocks import UNWATCHED, Watch
from bioactive.evaluation.bootstrap import Interval
from bioactive.evaluation.evaluate import Evaluation, Score, predictable_labels, score
from bioactive.evaluation.speed import words_per_second
from bioactive.tables import table

from .breakdown import FREQUENCIES, LENGTHS, OTHERWISE, SEEN, UNSEEN, Mentions, by_length, groups
from .cases import KINDS, NONE, Case, Mistake, collect, confusion, edge_errors, mistakes
from .charts import bars, reliability
from .curve import Point, learning_curve
from .examples import examples
from .page import beside, facts, figure, ranged, section, shaded, split, text, write_html

STATISTICS = {
    "documents": "documents",
    "sentences": "sentences",
    "tokens": "words",
    "not_annotated": "words not annotated",
    "longest_sentence": "longest sentence, words",
    "longest_entity": "longest entity, words",
    "repeated_sentences": "repeated sentences",
    "conflicting_sentences": "of these with other entities",
}
NESTING = {"nested": "entities inside another", "crossing": "pairs that cross", "depth": "deepest nesting"}


@dataclass(frozen=True)
class Subject:
    """What a report is about.

    name (str): What the pipeline is called.
    data (str): What the gold documents are called.
    size (int): Bytes of its files; 0 where that is not known.
    examples (int): Sentences to show for each kind of error.
    resamples, seed (int): Of the intervals.
    spans_key (str | None): The entities are those of `doc.spans[spans_key]`, which may nest, and not of `doc.ents`.
    """

    name: str
    data: str
    size: int = 0
    examples: int = 3
    resamples: int = 1000
    seed: int = 0
    spans_key: str | None = None


def write_pipeline_report(
    nlp: Language,
    docs: Sequence[Doc],
    path: Path,
    subject: Subject,
    train: Sequence[Doc] | None = None,
    agreement: SpanAgreement | None = None,
    curve: Sequence[Point] = (),
    watch: Watch = UNWATCHED,
) -> Evaluation:
    """Run a pipeline over gold Docs and write what came of it.

    nlp (Language): The pipeline.
    docs (Sequence[Doc]): Gold Docs.
    path (Path): The page.
    subject (Subject): What to call it all.
    train (Sequence[Doc] | None): What it was trained on: which entities it had seen.
    agreement (SpanAgreement | None): How far annotators agree.
    curve (Sequence[Point]): The pipelines that it was retrained from, oldest first, itself included.
    watch (Watch): Is told how far it is.
    RETURNS (Evaluation): The scores.
    RAISES (BioactiveError): B305 when nothing is annotated, B307 when the pipeline predicts no such entities.
    """
    predictable_labels(nlp, subject.spans_key)
    watch.stage("Reading", len(docs))
    begin = time.perf_counter()
    cases = collect(nlp, docs, subject.spans_key, on_done=watch.done)
    seconds = time.perf_counter() - begin
    compared = [case.compared for case in cases]
    watch.stage("Scoring and drawing")
    found = score(compared, spans_key=subject.spans_key, resamples=subject.resamples, seed=subject.seed)
    errors = [each for case in cases for each in mistakes(case)]
    speed = words_per_second(nlp, docs)
    seen = Mentions(train, subject.spans_key) if train is not None else None
    corpora = {subject.data: docs, **({"training": train} if train is not None else {})}
    statistics = {name: corpus_stats(each, subject.spans_key or "sc") for name, each in corpora.items()}
    parts = [
        _summary(found, subject, speed),
        learning_curve(curve),
        _types(found),
        _confidence(found),
        _errors(found, cases, errors),
        section("Examples", examples(errors, subject.examples)),
        _seen(cases, seen, subject),
        section("By length", _groups("Entities by number of words", groups(cases, by_length, LENGTHS.values()))),
        _costs(found, subject, speed, seconds),
        section("Data", _statistics(statistics, subject.spans_key)),
        _agreement(agreement),
        _reading(found),
    ]
    write_html(path, f"{subject.name} on {subject.data}", parts)
    return found


def _summary(found: Evaluation, subject: Subject, speed: float) -> str:
    micro, edges = found.totals["micro"], found.totals["boundary"]
    rows = {
        "F1": ranged(micro.f1),
        "Precision": ranged(micro.precision),
        "Recall": ranged(micro.recall),
        "F1, edges only": ranged(edges.f1),
        "F1, mean of types": ranged(found.totals["macro"].f1),
    }
    if found.calibration is not None:
        rows["Calibration error"] = f"{found.calibration.ece:.3f}"
    rows["Words a second"] = f"{speed:,.0f}"
    if subject.size:
        rows["Size"] = f"{subject.size / 1e6:,.0f} MB"
    told = f"{found.documents:,} documents, {found.words:,} words, {micro.gold:,} entities of {len(found.types)} types"
    told += "." if subject.spans_key is None else f", nested ones among them ({found.entities})."
    return text(told) + facts(rows)


def _types(found: Evaluation) -> str:
    order = sorted(found.types, key=lambda label: -found.types[label].gold)
    chart = bars({label: found.types[label].f1 for label in order}, "F1 of each type, the most frequent first")
    rows = [[label, *_cells(found.types[label])] for label in order]
    rows += [["all", *_cells(found.totals["micro"])]]
    head = ["type", "P", "R", "F1", "gold", "predicted", "right"]
    told = "Exact entities, with 95 % intervals over documents"
    return section("By type", split(figure(chart, "F1; the line is the 95 % interval"), table(told, head, rows)))


def _confidence(found: Evaluation) -> str:
    known = found.calibration
    if known is None:
        return section("Confidence", text("No predicted entity has a confidence."))
    told = "Share of right entities over confidence, in ten bins; honest confidences lie on the diagonal"
    rows = [
        [f"{row.low:.1f} to {row.high:.1f}", f"{row.count:,}", f"{row.confidence:.3f}", f"{row.accuracy:.3f}"]
        for row in known.table
        if row.count
    ]
    head = ["confidence", "entities", "mean confidence", "share right"]
    caption = f"Expected calibration error {known.ece:.3f}, with bins of equal count {known.adaptive_ece:.3f}"
    return section("Confidence", beside(figure(reliability(known.table, told), told), table(caption, head, rows)))


def _errors(found: Evaluation, cases: Sequence[Case], errors: Sequence[Mistake]) -> str:
    kinds = [[kind, f"{sum(each.kind == kind for each in errors):,}"] for kind in KINDS]
    right = found.totals["micro"].correct
    first = table(f"{right:,} entities are right; the others, by kind", ["kind", "errors"], kinds)
    edges = [[name, f"{count:,}"] for name, count in edge_errors(errors).items()]
    second = table("Entities that belong together and have other edges", ["predicted", "entities"], edges)
    return section("Errors", beside(first, second) + _confusion(found, cases))


def _confusion(found: Evaluation, cases: Sequence[Case]) -> str:
    counts = confusion(cases)
    labels = [*sorted(found.types, key=lambda label: -found.types[label].gold), NONE]
    rows = []
    for gold in labels:
        total = sum(counts.get((gold, other), 0) for other in labels) or 1
        cells = [counts.get((gold, other), 0) for other in labels]
        rows.append([gold, *(shaded(f"{count:,}" if count else "", count / total) for count in cells)])
    told = "Gold types down, predicted types across: entities that overlap; darker is a larger share of the row"
    return table(told, ["gold", *labels], rows)


def _seen(cases: Sequence[Case], seen: Mentions | None, subject: Subject) -> str:
    if seen is None:
        return section("Seen and new", text("Left out: without the training data nobody knows what was seen in it."))
    kinds = groups(cases, seen.kind, (SEEN, OTHERWISE, UNSEEN), subject.resamples, subject.seed)
    times = groups(cases, seen.frequency, FREQUENCIES.values(), subject.resamples, subject.seed)
    told = "Whether the words of an entity, without case, are an entity of the training data"
    parts = [_groups(told, kinds), _groups("How often they are there with this type", times)]
    return section("Seen and new", *parts)


def _groups(told: str, found: dict[str, Score]) -> str:
    chart = bars({name: group.f1 for name, group in found.items()}, told)
    head = ["group", "P", "R", "F1", "gold", "predicted", "right"]
    rows = [
        [name, ranged(g.precision), ranged(g.recall), ranged(g.f1), f"{g.gold:,}", f"{g.predicted:,}", f"{g.correct:,}"]
        for name, g in found.items()
    ]
    return split(figure(chart, "F1; the line is the 95 % interval"), table(told, head, rows))


def _costs(found: Evaluation, subject: Subject, speed: float, seconds: float) -> str:
    rows = [
        ["words a second (of processor time; on a GPU of the clock's), no vectors remembered", f"{speed:,.0f}"],
        ["seconds for this report's documents", f"{seconds:,.1f}"],
        ["seconds for a million words", f"{1e6 / speed:,.0f}" if speed else ""],
    ]
    rows += [["size of the pipeline, MB", f"{subject.size / 1e6:,.1f}"]] if subject.size else []
    return section("Time and cost", table("On this machine, beside what else it did", ["what", "value"], rows))


def _statistics(found: dict[str, CorpusStats], spans_key: str | None) -> str:
    names = STATISTICS if spans_key is None else {**STATISTICS, **NESTING}
    rows = [[told, *(f"{getattr(one, key):,}" for one in found.values())] for key, told in names.items()]
    entities = [one.entities if spans_key is None else one.spans for one in found.values()]
    rows.append(["entities", *(f"{each.total():,}" for each in entities)])
    labels = sorted({label for each in entities for label in each})
    rows += [[label, *(f"{each[label]:,}" for each in entities)] for label in labels]
    return table("What the data holds", ["what", *found], rows)


def _agreement(found: SpanAgreement | None) -> str:
    if found is None:
        return ""
    rows = [[label or "all", f"{f1:.3f}", f"{found.spans[label]:,}"] for label, f1 in found.f1.items()]
    left_out = f", {found.left_out:,} answers that cannot be read left out" if found.left_out else ""
    first = table(f"{found.texts:,} texts with several answers{left_out}", ["type", "pairwise F1", "spans"], rows)
    pairs = [[f"{one} and {other}", f"{f1:.3f}"] for (one, other), f1 in found.pairs.items()]
    words = found.words
    values = {"observed agreement": words.observed, "Cohen's kappa": words.cohen, "Fleiss' kappa": words.fleiss}
    values |= {"Krippendorff's alpha": words.alpha, "Gwet's AC2": words.gwet}
    pairs += [[f"label of each word, {name}", f"{value:.3f}"] for name, value in values.items() if value is not None]
    return section(
        "Annotators",
        beside(first, table("F1 of each pair, and agreement on the label of each word", ["what", "value"], pairs)),
    )


def _reading(found: Evaluation) -> str:
    lines = [
        "An entity is right when its edges and its type are. Intervals are 95 %, by drawing documents with replacement "
        f"{found.resamples:,} times.",
        "Of entities that overlap, those that share most belong together, each to one other at the most.",
    ]
    if found.ignored or found.missing_words:
        lines.append(
            f"{found.missing_words:,} words without annotation and {found.ignored:,} predictions on them are left out."
        )
    return section("How to read it", *(text(line, soft=True) for line in lines))


def _cells(row: Score) -> list[str]:
    scores: list[Interval] = [row.precision, row.recall, row.f1]
    return [*map(ranged, scores), f"{row.gold:,}", f"{row.predicted:,}", f"{row.correct:,}"]
