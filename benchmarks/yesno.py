"""Yes/no questions: what other questions, and ways of balancing the answers, do for `configs/yesno.cfg`.

    python benchmarks/yesno.py CORPORA ENCODER results.jsonl --arm alone --arm with_danetqa --seed 0 --seed 1 --seed 2
    python benchmarks/yesno.py CORPORA ENCODER results.jsonl --arm with_danetqa --table --split test

CORPORA has the folders rumeddanet and danetqa. On RuMedDaNet: `alone`; `with_danetqa`, DaNetQA's questions among the
training questions, as many "yes" as "no"; `danetqa_first`, the same one after the other; `with_rules`, questions made
by rule (`--rules`) among them. On DaNetQA, with its val as test and questions about a share of the training passages as
dev: `danetqa` as it is, `danetqa_weighted`, `danetqa_sampled`. Dev chooses the epoch, and is what arms are chosen on;
test is looked at with `--split test`. "mean" is the mean probability of the seeds, an ensemble.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy
import srsly
import torch
import typer
from rich.console import Console
from rich.table import Table
from sklearn.metrics import roc_auc_score
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import fix_random_seed

from bioactive.corpus.splits import split_shares
from bioactive.questions.evaluate import questions_of
from bioactive.questions.pairs import NO, YES, Pair, oversampled, passage_id, read_pairs, to_docs
from bioactive.questions.scores import answers_at, majority, question_only, score, tuned_threshold
from bioactive.questions.threshold import answers_of, probabilities
from bioactive.simulation.in_memory import Schedule, Trainer
from bioactive.tokenizer import blank

ROOT = Path(__file__).resolve().parent.parent
ARMS = (
    "alone", "with_danetqa", "danetqa_first", "with_rules", "danetqa", "danetqa_weighted", "danetqa_sampled",
)  # fmt: skip
SPLITS = {"train": "rumeddanet/train_v1.jsonl", "dev": "rumeddanet/dev_v1.jsonl", "test": "rumeddanet/test_v1.jsonl"}
OTHER = {"train": "danetqa/train.jsonl", "val": "danetqa/val.jsonl"}
# Of DaNetQA's training passages, whose questions choose the epoch: its val is what is scored.
DEV_SHARE = 0.15


@dataclass
class Questions:
    """What an arm learns from and is scored on.

    first (list[Pair]): Learned before the rest; none but for `danetqa_first`.
    train, dev, test (list[Pair]): Questions.
    """

    first: list[Pair]
    train: list[Pair]
    dev: list[Pair]
    test: list[Pair]


def questions(corpora: Path, arm: str, rules: Path | None, seed: int) -> Questions:
    """The questions of an arm."""
    own = {name: list(read_pairs(corpora / path)) for name, path in SPLITS.items()}
    other = {name: list(read_pairs(corpora / path)) for name, path in OTHER.items()}
    if arm.startswith("danetqa") and arm != "danetqa_first":
        dev, train = by_passage(other["train"], DEV_SHARE, seed)
        return Questions([], oversampled(train, seed) if arm == "danetqa_sampled" else train, dev, other["val"])
    more = oversampled([*other["train"], *other["val"]], seed) if "danetqa" in arm else []
    if arm == "with_rules":
        if rules is None:
            raise typer.BadParameter("with_rules needs --rules")
        more = oversampled(list(read_pairs(rules)), seed)
    first = more if arm == "danetqa_first" else []
    return Questions(first, own["train"] + ([] if first else more), own["dev"], own["test"])


def by_passage(pairs: Sequence[Pair], share: float, seed: int) -> tuple[list[Pair], list[Pair]]:
    """Questions about a share of the passages, and those about the others, as `bioactive corpus split` parts them."""
    held_out = split_shares(list(to_docs(pairs, blank("ru").tokenizer)), share, 0, seed)["dev"]
    ids = {doc.user_data["doc_id"] for doc in held_out}
    return [p for p in pairs if passage_id(p.passage) in ids], [p for p in pairs if passage_id(p.passage) not in ids]


def epochs_of(trainer: Trainer, asked: Questions, head: dict[str, Any]) -> Iterator[tuple[float, Language]]:
    """A pipeline after each epoch, with averaged weights while it is looked at."""
    tokenizer = blank(head["lang"]).tokenizer
    fix_random_seed(head["seed"])
    docs = list(to_docs(asked.train, tokenizer))
    nlp, optimizer = trainer.begin(docs, [YES, NO])
    if asked.first:
        learn(trainer, nlp, optimizer, list(to_docs(asked.first, tokenizer)), head["first_epochs"], head["seed"])
    for epoch in range(head["epochs"]):
        learn(trainer, nlp, optimizer, docs, 1, 1000 * head["seed"] + epoch)
        with nlp.use_params(optimizer.averages):
            yield epoch + 1, nlp


def learn(trainer: Trainer, nlp: Language, optimizer: Any, docs: Sequence[Doc], epochs: int, seed: int) -> None:
    """So many epochs of batches of about 32 questions."""
    trainer.schedule = Schedule(trainer.schedule.batch_words, epochs, 1, 10**6)
    trainer.learn(nlp, optimizer, docs, seed)


def weights(pairs: Sequence[Pair]) -> list[float]:
    """With which both answers count the same in all, as much as the questions do now: of "yes" and of "no"."""
    counts = [sum(pair.label == label for pair in pairs) for label in (YES, NO)]
    return [len(pairs) / (2 * count) for count in counts]


def run(trainer: Trainer, asked: Questions, head: dict[str, Any]) -> dict[str, Any]:
    """Train an arm with a seed; the probabilities of the epoch with the best AUC on dev."""
    tokenizer = blank(head["lang"]).tokenizer
    best: dict[str, Any] = {"auc": -1.0}
    dev, held_out = list(to_docs(asked.dev, tokenizer)), list(to_docs(asked.test, tokenizer))
    gold = [label == YES for label in answers_of(dev)]
    for epoch, nlp in epochs_of(trainer, asked, head):
        probs = probabilities(nlp, dev)
        auc = float(roc_auc_score(gold, probs))
        if auc > best["auc"]:
            best = {"epoch": epoch, "auc": auc, "dev": probs, "test": probabilities(nlp, held_out)}
    return best


def scored(gold: Sequence[str], probs: Sequence[float], threshold: float) -> list[str]:
    """Accuracy and the F1 of either answer, as cells."""
    found = score(gold, answers_at(probs, threshold))
    return [f"{found.accuracy.value:.3f}", *(f"{found.classes[name].f1.value:.3f}" for name in (YES, NO))]


def table(rows: Sequence[dict[str, Any]], asked: dict[str, Questions], split: str) -> Table:
    """Each seed of each arm, their mean, and baselines; the last columns are at the threshold of dev."""
    shown = Table("arm", "seed", "epoch", "AUC", "accuracy", "yes", "no", "tuned", "yes", "no", title=split)
    tokenizer = blank("ru").tokenizer
    for arm, own in asked.items():
        pairs = getattr(own, split)
        gold, dev = [str(pair.label) for pair in pairs], [str(pair.label) for pair in own.dev]
        runs = [row for row in rows if row["arm"] == arm and row[split]]
        if not runs:
            continue
        mean = {part: numpy.mean([row[part] for row in runs], axis=0).tolist() for part in {"dev", split}}
        for row in [*runs, {**mean, "seed": f"mean of {len(runs)}", "epoch": ""}]:
            cells = scored(gold, row[split], 0.5) + scored(gold, row[split], tuned_threshold(dev, row["dev"]))
            auc = roc_auc_score([label == YES for label in gold], row[split])
            shown.add_row(arm, str(row["seed"]), str(row["epoch"]), f"{auc:.3f}", *cells)
        train = list(to_docs(own.train, tokenizer))
        told = list(zip(questions_of(train), answers_of(train), strict=True))
        alone = question_only(told, [pair.question for pair in pairs])
        auc = roc_auc_score([label == YES for label in gold], alone)
        shown.add_row(arm, "question only", "", f"{auc:.3f}", *scored(gold, alone, 0.5))
        usual = [float(label == YES) for label in majority([str(p.label) for p in own.train], len(gold))]
        shown.add_row(arm, "majority", "", "", *scored(gold, usual, 0.5))
    return shown


def main(
    corpora: Path,
    encoder: str,
    results: Path,
    arm: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(ARMS)}")] = None,
    seed: Annotated[list[int] | None, typer.Option(help="One or more seeds")] = None,
    epochs: Annotated[int, typer.Option(help="The most; the best on dev is taken")] = 4,
    first_epochs: Annotated[int, typer.Option(help="On DaNetQA, where it comes first")] = 2,
    batch_words: Annotated[int, typer.Option(help="Words an update: about 32 questions")] = 5000,
    layer: Annotated[int, typer.Option(help="Of the encoder")] = 6,
    rules: Annotated[Path | None, typer.Option(help="Questions made by rule")] = None,
    split: Annotated[str, typer.Option(help="What the table is of: test when all choices are made")] = "dev",
    show: Annotated[bool, typer.Option("--table", help="Only print the results so far")] = False,
) -> None:
    """Add a line a run to the results, and print the tables."""
    torch.set_num_threads(1)
    asked = {name: questions(corpora, name, rules, 0) for name in arm or ARMS[:3]}
    for name, own in asked.items():
        balance = weights(own.train) if name == "danetqa_weighted" else [1.0, 1.0]
        overrides = {"vars.encoder": encoder, "vars.layers": [layer]}
        overrides["components.textcat.model.class_weights"] = balance
        for number in [] if show else seed or [0]:
            start, trainer = time.process_time(), Trainer(ROOT / "configs/yesno.cfg", overrides, Schedule(batch_words))
            head = {"arm": name, "seed": number, "epochs": epochs, "first_epochs": first_epochs, "lang": "ru"}
            row = {**head, **run(trainer, own, head), "seconds": round(time.process_time() - start)}
            with results.open("a", encoding="utf8") as file:
                file.write(json.dumps(row) + "\n")
    Console(width=140).print(table(list(srsly.read_jsonl(results)), asked, split))


if __name__ == "__main__":
    typer.run(main)
