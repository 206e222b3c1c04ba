"""Learning from accept and reject alone: F1 after so many binary answers, with and without the rule for rejects.

    python benchmarks/teach.py configs/crf_rounds.cfg ENCODER TRAIN.spacy --dev DEV.spacy --test TEST.spacy

A pipeline is trained on the first sentences of a corpus and asks about its entities in later ones as `ner.teach` does;
the labels of the corpus answer. Then pipelines are trained afresh: on the first sentences alone, on them and the
accepted answers, on them and all answers, on them and as many answers about all candidates (`ner.teach --share 1`), on
them and some whole sentences. All are trained for the same number of epochs; dev and test decide nothing here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from spacy.language import Language
from spacy.tokens import Doc

from bioactive.active.merging import merge
from bioactive.annotate.recipes import ner_teach
from bioactive.annotate.tasks import Task
from bioactive.evaluation.bootstrap import paired_f1
from bioactive.evaluation.evaluate import Evaluation, evaluate
from bioactive.evaluation.load import read_docs
from bioactive.simulation.in_memory import Schedule, Trainer

ALONE = "the sentences alone"


def answered(nlp: Language, pool: Sequence[Doc], count: int, share: float) -> list[Task]:
    """So many binary answers of one who knows the gold.

    share (float): Which part of the candidates is asked about, as in `ner_teach`.
    """
    gold = {doc.text: {(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents} for doc in pool}
    answers = []
    for task in ner_teach("teach", nlp, [{"text": doc.text} for doc in pool], share=share)["stream"]:
        span = task["spans"][0]
        right = (span["start"], span["end"], span["label"]) in gold[task["text"]]
        answers.append({**task, "answer": "accept" if right else "reject", "_view_id": "ner"})
        if len(answers) == count:
            break
    return answers


def told(name: str, answers: Sequence[Task]) -> None:
    """Print what was answered."""
    kinds = Counter(answer["answer"] for answer in answers)
    typer.echo(json.dumps({"asked": name, "texts": len({answer["text"] for answer in answers}), **kinds}))


def scored(
    trainer: Trainer, docs: Sequence[Doc], labels: list[str], seed: int, held_out: dict[str, list[Doc]]
) -> dict[str, Evaluation]:
    """Train afresh, and score on each part."""
    with trainer.trained(docs, labels, seed) as nlp:
        return {part: evaluate(nlp, gold) for part, gold in held_out.items()}


def line(found: Evaluation, alone: Evaluation) -> dict[str, Any]:
    """F1, what is gained against the sentences alone with its paired interval, and the types that lose."""
    difference = paired_f1(alone.counts, found.counts).difference
    f1 = found.totals["micro"].f1.value
    types = {label: round(row.f1.value - alone.types[label].f1.value, 3) for label, row in found.types.items()}
    return {"f1": round(f1, 4), "gain": [round(number, 4) for number in difference], "types": types}


def main(
    config: Path,
    encoder: str,
    train: Path,
    dev: Annotated[Path, typer.Option()],
    test: Annotated[Path | None, typer.Option()] = None,
    sentences: Annotated[int, typer.Option(help="Sentences to begin with")] = 500,
    pool: Annotated[str, typer.Option(help="Which sentences to ask about: first:end")] = "4000:6000",
    answers: Annotated[int, typer.Option(help="Binary answers")] = 500,
    whole: Annotated[int, typer.Option(help="Whole sentences, in place of answers")] = 100,
    held: Annotated[int, typer.Option(help="Sentences of dev and of test")] = 1500,
    seeds: Annotated[str, typer.Option(help="Seeds of the trainings, with commas between")] = "0,1,2",
) -> None:
    """Print a line of JSON for each training."""
    settings = {"vars.encoder": encoder, "paths.train": str(train), "paths.dev": str(dev)}
    trainer = Trainer(config, settings, Schedule(batch_words=500, epochs=12.0, max_updates=3000))
    vocab = trainer.blank().vocab
    every = read_docs(train, vocab)
    corpus, asked = every[:sentences], every[slice(*map(int, pool.split(":")))]
    labels = sorted({ent.label_ for doc in corpus for ent in doc.ents})
    parts = {"dev": dev, **({"test": test} if test else {})}
    held_out = {part: read_docs(path, vocab)[:held] for part, path in parts.items()}
    with trainer.trained(corpus, labels, 0) as nlp:
        least, any_ = (answered(nlp, asked, answers, share) for share in (0.1, 1.0))
        told("the least certain tenth", least)
        told("all candidates", any_)
        accepted = [answer for answer in least if answer["answer"] == "accept"]
        arms = {
            ALONE: corpus,
            "and all answers": merge(corpus, least, nlp).docs,
            f"and {whole} whole sentences": corpus + asked[:whole],
            "and accepted answers": merge(corpus, accepted, nlp).docs,
            "and answers about all candidates": merge(corpus, any_, nlp).docs,
        }
    for seed in map(int, seeds.split(",")):
        alone: dict[str, Evaluation] = {}
        for name, docs in arms.items():
            found = scored(trainer, docs, labels, seed, held_out)
            alone = alone or found
            parts_told = {part: line(each, alone[part]) for part, each in found.items()}
            typer.echo(json.dumps({"trained on": name, "seed": seed, **parts_told}))


if __name__ == "__main__":
    typer.run(main)
