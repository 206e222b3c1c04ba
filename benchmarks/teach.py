"""Learning from accept and reject alone: F1 after so many binary answers, with and without the rule for rejects.

    python benchmarks/teach.py PIPELINE POOL.spacy --train SEED.spacy --dev DEV.spacy --test TEST.spacy

The pipeline asks about its entities as `ner.teach` does, a gold corpus answers, and pipelines are trained by its config
on the seed corpus alone, on it and the accepted answers, and on it and all answers. Dev chooses epochs; test decides
nothing.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from spacy.language import Language
from spacy.tokens import Doc

from bioactive.active.loop import train_on
from bioactive.active.merging import merge
from bioactive.annotate.recipes import ner_teach
from bioactive.annotate.tasks import Task
from bioactive.evaluation.evaluate import evaluate
from bioactive.evaluation.load import read_docs


def gold_of(docs: Iterable[Doc]) -> dict[str, set[tuple[int, int, str]]]:
    """The entities of each text, in characters."""
    return {doc.text: {(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents} for doc in docs}


def answered(nlp: Language, pool: Sequence[Doc], count: int) -> list[Task]:
    """So many binary answers of one who knows the gold."""
    gold, answers = gold_of(pool), []
    for task in ner_teach("teach", nlp, [{"text": doc.text} for doc in pool])["stream"]:
        span = task["spans"][0]
        right = (span["start"], span["end"], span["label"]) in gold[task["text"]]
        answers.append({**task, "answer": "accept" if right else "reject", "_view_id": "ner"})
        if len(answers) == count:
            break
    return answers


def main(
    pipeline: Path,
    pool: Path,
    train: Annotated[Path, typer.Option()],
    dev: Annotated[Path, typer.Option()],
    test: Annotated[Path, typer.Option()],
    answers: Annotated[int, typer.Option(help="Answers")] = 500,
    seeds: Annotated[str, typer.Option(help="Seeds of the trainings, with commas between")] = "0,1,2",
    results: Annotated[Path | None, typer.Option(help="File to add a line to for each training")] = None,
) -> None:
    """Print a line of JSON for each training."""
    nlp = spacy.load(pipeline)
    corpus = list(read_docs(train, nlp.vocab))
    given = answered(nlp, list(read_docs(pool, nlp.vocab)), answers)
    accepted = [answer for answer in given if answer["answer"] == "accept"]
    kinds = Counter(answer["answer"] for answer in given)
    sets = {
        "seed corpus alone": corpus,
        "and accepts only": merge(corpus, accepted, nlp).docs,
        "and all answers": merge(corpus, given, nlp).docs,
    }
    for seed in map(int, seeds.split(",")):
        for name, docs in sets.items():
            with tempfile.TemporaryDirectory() as folder:
                trained = spacy.load(train_on(nlp, docs, dev, Path(folder), {"system.seed": seed}, None))
            line: dict[str, Any] = {"trained on": name, "seed": seed, **kinds}
            for part, path in (("dev", dev), ("test", test)):
                found = evaluate(trained, read_docs(path, trained.vocab))
                line[part] = round(found.totals["micro"].f1.value, 4)
                line[f"{part}_types"] = {label: round(score.f1.value, 3) for label, score in found.types.items()}
            typer.echo(json.dumps(line))
            if results is not None:
                with results.open("a", encoding="utf8") as file:
                    file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    typer.run(main)
