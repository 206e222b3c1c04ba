"""`ner.correct`: a pipeline suggests entities, a person corrects them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import error
from ..loaders import load_source
from ..stream import Source
from ..tasks import Task, keep_disabled, only_asked, span_of, tokens_of
from .common import fitting, pipeline_labels, pipeline_name, without_answer

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

    from ..controller import Controller

# Where the component `crf_ner` puts its entities with their probabilities.
SPAN_GROUP = "crf_ner"
CROSSING = "suggestions across a sentence edge left out"


def ner_correct(
    dataset: str,
    nlp: Language,
    source: str | Path | Iterable[Task],
    label: Sequence[str] | None = None,
    batch_size: int = 10,
) -> dict[str, Any]:
    """Correct the entities that a pipeline suggests.

    dataset (str): Where the answers go.
    nlp (Language): The pipeline.
    source (str | Path | Iterable[Task]): Texts or tasks, as in `loaders.load_source`. A plain text is cut into
        sentences where the pipeline sets them; a task that brings tokens, as `bioactive rank` writes them, stays
        whole. `meta` and `score` are kept.
    label (Sequence[str] | None): The labels to show; all that the pipeline knows when not given. Entities with
        another label are not shown.
    batch_size (int): How many texts the pipeline gets at a time; with more, the first task comes later.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B408 for the source, B414 when there is no label.
    """
    return _correct(dataset, nlp, source, list(label or pipeline_labels(nlp)), batch_size, "")


def spans_correct(
    dataset: str,
    nlp: Language,
    source: str | Path | Iterable[Task],
    label: Sequence[str] | None = None,
    batch_size: int = 10,
    spans_key: str = "sc",
) -> dict[str, Any]:
    """Correct the spans that a pipeline suggests, which may overlap; otherwise as `ner_correct`.

    spans_key (str): Key of `doc.spans` that the suggestions are under.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B408 for the source, B414 when there is no label.
    """
    recipe = _correct(dataset, nlp, source, list(label or pipeline_labels(nlp, "doc.spans")), batch_size, spans_key)
    return {**recipe, "view_id": "spans_manual"}


def _correct(
    dataset: str, nlp: Language, source: str | Path | Iterable[Task], labels: list[str], batch_size: int, key: str
) -> dict[str, Any]:
    if not labels:
        raise error("B414")
    stream = load_source(source, nlp.vocab)
    stream.apply(suggest, nlp=nlp, labels=labels, batch_size=batch_size, source=stream.source, spans_key=key)

    def on_load(controller: Controller) -> None:
        stream.skip_known(controller.is_known)

    return {
        "dataset": dataset,
        "view_id": "ner_manual",
        "stream": stream,
        "on_load": on_load,
        # The suggestions change with the model; what was annotated is the text.
        "config": {"labels": labels, "lang": nlp.lang, "exclude_by": "input", "model": pipeline_name(nlp)},
    }


def suggest(
    tasks: Iterable[Task],
    nlp: Language,
    labels: Sequence[str],
    batch_size: int,
    source: Source,
    spans_key: str = "",
) -> Iterator[Task]:
    """Make tasks with the entities that a pipeline finds.

    tasks (Iterable[Task]): Texts or tasks.
    nlp (Language): The pipeline.
    labels (Sequence[str]): The labels to suggest.
    batch_size (int): How many texts the pipeline gets at a time.
    source (Source): Told what is left out, and whether texts are cut.
    spans_key (str): Key of `doc.spans` to suggest from; "" suggests `doc.ents`.
    YIELDS (Task): Tasks with `tokens` and `spans`; a span has the pipeline's `score` where there is one.
    """
    pairs = ((task["text"], task) for task in fitting(tasks, nlp, source.tally))
    for doc, task in nlp.pipe(pairs, as_tuples=True, batch_size=batch_size):
        scores = scores_of(doc, spans_key or SPAN_GROUP)
        found = doc.spans.get(spans_key, []) if spans_key else doc.ents
        wanted = [ent for ent in found if ent.label_ in labels]
        shown = 0
        units = units_of(doc, whole=bool(task.get("tokens")))
        source.split = source.split or len(units) != 1
        for unit in units:
            inside = [ent for ent in wanted if unit[0].i <= ent.start and ent.end <= unit[-1].i + 1]
            shown += len(inside)
            yield only_asked(keep_disabled(_task(task, unit, inside, scores, pipeline_name(nlp)), task))
        if shown < len(wanted):
            source.tally.add(CROSSING, task["text"][:60], len(wanted) - shown)


def units_of(doc: Doc, whole: bool) -> list[Doc | Span]:
    """What is asked about at a time: the sentences of a Doc, or the Doc.

    doc (Doc): The Doc.
    whole (bool): Keep it whole even where it has sentences.
    RETURNS (list[Doc | Span]): None of them without words.
    """
    units: list[Doc | Span] = [doc] if whole or not doc.has_annotation("SENT_START") else list(doc.sents)
    return [unit for unit in units if unit.text.strip()]


def scores_of(doc: Doc, key: str = SPAN_GROUP) -> dict[tuple[int, int, str], float]:
    """The probabilities that the component left with its entities, by token start, end (exclusive) and label."""
    if key not in doc.spans:
        return {}
    group = doc.spans[key]
    scores = group.attrs.get("scores", [])
    return {(span.start, span.end, span.label_): float(score) for span, score in zip(group, scores, strict=False)}


def _task(
    record: Task, unit: Doc | Span, ents: Sequence[Span], scores: dict[tuple[int, int, str], float], model: str
) -> Task:
    spans = []
    for ent in ents:
        span = span_of(ent, unit[0].i, unit[0].idx)
        score = scores.get((ent.start, ent.end, ent.label_))
        spans.append(span | {"source": model} | ({} if score is None else {"score": round(score, 4)}))
    return {**without_answer(record), "text": unit.text, "tokens": tokens_of(unit), "spans": spans}
