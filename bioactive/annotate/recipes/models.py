"""Recipes about pipelines: two of them side by side, one as an annotator, and binary answers made whole."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..loaders import load_source
from ..rows import Answer
from ..store import Store
from ..stream import Stream
from ..tasks import SESSION_ID, VIEW_ID, Task, set_hashes
from ..teach import EntityRecognizer
from .common import pipeline_labels, pipeline_name
from .ner_correct import ner_correct

if TYPE_CHECKING:
    from spacy.language import Language

    from ..controller import Controller

SAME = "texts on which both agree left out"
CHUNK = 200


def ner_eval_ab(
    dataset: str,
    first: Language,
    second: Language,
    source: str | Path | Iterable[Task],
    label: Sequence[str] | None = None,
    seed: int = 0,
    report: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Choose the better of two pipelines' answers, without knowing whose is whose.

    Only texts on which they differ are asked about; which of them stands first is drawn for each text.

    dataset (str): Where the answers go; `accept` is ["A"] or ["B"], and "A" is the first pipeline.
    first, second (Language): The pipelines.
    source (str | Path | Iterable[Task]): Texts or tasks, as in `loaders.load_source`; a text stays whole.
    label (Sequence[str] | None): Entities with another label are not compared; all are when not given.
    seed (int): Decides which stands first.
    report (Callable[[str], None]): Told at the end how often each was preferred.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B408 for the source.
    """
    stream = load_source(source, first.vocab)
    tally = stream.source.tally
    stream.source.split = True

    def ask(tasks: Iterable[Task]) -> Iterator[Task]:
        for task in tasks:
            found = [_entities(nlp, task["text"], label) for nlp in (first, second)]
            if found[0] == found[1]:
                tally.add(SAME)
                continue
            options = [
                {"id": name, "html": marked(task["text"], spans)} for name, spans in zip("AB", found, strict=True)
            ]
            # By the text, so that a restart shows the same order.
            random.Random(f"{seed}:{task['text']}").shuffle(options)
            yield set_hashes({"text": task["text"], "options": options, "meta": task.get("meta") or {}})

    def on_exit(controller: Controller) -> None:
        counts = preferred(controller.db.iter_examples(dataset))
        report(f"{pipeline_name(first)} (A) preferred {counts['A']} times, {pipeline_name(second)} (B) {counts['B']}")

    stream.apply(ask)
    config = {"choice_style": "single", "choice_auto_accept": True, "exclude_by": "input"}
    return {"dataset": dataset, "view_id": "choice", "stream": stream, "on_exit": on_exit, "config": config}


def preferred(answers: Iterable[Task]) -> Counter[str]:
    """How often each pipeline was chosen; answers that choose none, or were not accepted, do not count."""
    return Counter(
        answer["accept"][0] for answer in answers if answer.get("answer") == "accept" and answer.get("accept")
    )


def marked(text: str, spans: Sequence[tuple[int, int, str]]) -> str:
    """A text as markup, with its entities marked and named; nothing in it counts as markup of its own."""
    parts, after = [], 0
    for start, end, name in spans:
        parts += [escape(text[after:start]), "<mark>", escape(text[start:end]), f"</mark><sub> {escape(name)}</sub>"]
        after = end
    return "".join([*parts, escape(text[after:])])


def silver_to_gold(
    dataset: str, store: Store, names: Sequence[str], nlp: Language, label: Sequence[str] | None = None
) -> dict[str, Any]:
    """Make whole answers of accepted and rejected spans: the pipeline's best reading that obeys them, to correct.

    dataset (str): Where the whole answers go.
    store (Store): Where the binary answers are.
    names (Sequence[str]): Their datasets.
    nlp (Language): The pipeline.
    label (Sequence[str] | None): The labels to show; all that the pipeline knows when not given.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B407 when there is no such dataset, B608 for a pipeline that finds no entities.
    """
    answers = [answer for name in names for answer in store.iter_examples(name) if answer.get("answer") != "ignore"]
    best = EntityRecognizer(nlp, list(label) if label else None).make_best(answers)
    kept = ("text", "tokens", "spans", "meta")
    stream = Stream([set_hashes({key: task[key] for key in kept if key in task}) for task in best])
    labels = list(label or pipeline_labels(nlp))
    config = {"labels": labels, "lang": nlp.lang, "exclude_by": "input", "model": pipeline_name(nlp)}
    return {"dataset": dataset, "view_id": "ner_manual", "stream": stream, "config": config}


def model_annotate(
    dataset: str,
    store: Store,
    nlp: Language,
    source: str | Path | Iterable[Task],
    name: str,
    label: Sequence[str] | None = None,
) -> int:
    """Let a pipeline answer as if it were an annotator, to compare it with people by `review` and agreement.

    dataset (str): Where the answers go.
    store (Store): The store.
    nlp (Language): The pipeline.
    source (str | Path | Iterable[Task]): Texts or tasks, as in `ner_correct`.
    name (str): The name that it annotates under.
    label (Sequence[str] | None): Entities with another label are left out; none are when not given.
    RETURNS (int): How many answers were new.
    RAISES (BioactiveError): B408 for the source, B414 when there is no label.
    """
    session, new, batch = f"{dataset}-{name}", 0, []
    for task in ner_correct(dataset, nlp, source, label, batch_size=64)["stream"]:
        content = {**set_hashes(task), "answer": "accept", VIEW_ID: "ner_manual", SESSION_ID: session}
        batch.append(Answer(content, session))
        if len(batch) == CHUNK:
            new, batch = new + store.append(dataset, batch), []
    return new + (store.append(dataset, batch) if batch else 0)


def _entities(nlp: Language, text: str, label: Sequence[str] | None) -> list[tuple[int, int, str]]:
    ents = nlp(text).ents
    return [(ent.start_char, ent.end_char, ent.label_) for ent in ents if not label or ent.label_ in label]
