"""Cheap and expert labels on BC5CDR: does every expert sentence help, and what made a published loop worse by them?

Round 0 knows the labels of a dictionary alone. Each round then adds expert sentences, the least certain or random ones,
and trains a pipeline on a frozen encoder. A row a round goes to a JSONL file; runs that are there are not repeated.

Arms: `taught_entropy`, `taught_random` use cheap rows as `bioactive.simulation.teacher` does; `expert_entropy`,
`expert_random` have no cheap rows; `plain_entropy`, `plain_random` take cheap rows at their word, and drop those that
an expert has answered for; `published_entropy` does as the published loop did, with the mistakes that --mistake names.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import srsly
import torch
import typer
from rich.console import Console
from rich.table import Table
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import fix_random_seed
from thinc.api import Optimizer
from transformers import AutoTokenizer

from bioactive.active.measures import get_measure, uniform
from bioactive.active.posteriors import Posterior, entropy_of, posterior
from bioactive.cheap.imported import ClassOptions, read_classes
from bioactive.cheap.merge import Trust, merge
from bioactive.corpus.columns import ColumnOptions, read_columns
from bioactive.corpus.tally import Tally
from bioactive.evaluation.pairs import unlabelled_copy
from bioactive.simulation.in_memory import Schedule, Trainer
from bioactive.simulation.scoring import scores_on
from bioactive.simulation.teacher import Teaching, taught

ROOT = Path(__file__).resolve().parent.parent
LABELS = ["Chemical", "Disease"]
CLASSES = ClassOptions({"1": "Chemical", "2": "Disease"})
SPLITS = {"dev": "valid.txt", "test": "test_distant_labeling.txt"}
ARMS = ("taught_entropy", "taught_random", "expert_entropy", "expert_random", "plain_entropy", "plain_random")
PUBLISHED = "published_entropy"
# What the published loop did, each to be switched on by itself.
MISTAKES = {
    "both_copies": "an expert sentence leaves its cheap copy in the training set",
    "padded_entropy": "entropy is averaged over the longest text of a batch, with padding as sure words",
    "continued": "training goes on from the weights of the round before",
    "misaligned_mask": "the mask of first word pieces is laid on words, so that a part of the entities is not scored",
    "stepped_twice": "the optimiser makes two steps a batch",
    "one_point_stop": "the loop ends at the first round that gains less than --stop-gain",
}
BATCH = 32


@dataclass
class Corpus:
    """Sentences with cheap and with gold labels, those to score on, and the trainer that shares their encoder."""

    trainer: SteppingTrainer
    cheap: list[Doc]
    gold: list[Doc]
    scored: list[Doc]
    pieces: Any


@dataclass
class State:
    """What a run carries from round to round."""

    chosen: list[int]
    order: list[int]
    learner: tuple[Language, Optimizer] | None = None
    scores: list[float] = field(default_factory=list)


class SteppingTrainer(Trainer):
    """Steps once a batch, or more often."""

    steps = 1

    def step(self, nlp: Language, optimizer: Optimizer, batch: list[Example], drop: float) -> None:
        for _ in range(self.steps):
            super().step(nlp, optimizer, batch, drop)


def read(data: Path, encoder: str, dictionary: str, split: str, limits: tuple[int, int], updates: int) -> Corpus:
    """The corpus, and a trainer with a small head."""
    overrides = {
        "vars.encoder": encoder,
        "components.crf_ner.model.context_width": 64,
        "training.dropout": 0.3,
        "vars.learn_rate": 0.004,
    }
    schedule = Schedule(300, min_updates=updates, max_updates=updates)
    trainer = SteppingTrainer(ROOT / "configs/crf_frozen.cfg", overrides, schedule)
    vocab, tally = trainer.blank().vocab, Tally()
    train = data / f"BC5CDR_Dict_{dictionary}" / "train.ALL.txt"
    cheap = list(read_classes(train, vocab, CLASSES, tally))[: limits[0]]
    gold = list(read_columns(train, vocab, ColumnOptions(tag_column=1), tally))[: limits[0]]
    path = data / "BC5CDR_Dict_1.0" / SPLITS[split]
    scored = list(read_columns(path, vocab, ColumnOptions(tag_column=1), tally))[: limits[1]]
    return Corpus(trainer, cheap, gold, scored, AutoTokenizer.from_pretrained(encoder))


def rounds(
    corpus: Corpus, arm: str, seed: int, sizes: Sequence[int], mistakes: set[str], gain: float
) -> Iterator[dict]:
    """The rows of one run."""
    kind, _, measure = arm.partition("_")
    order = np.random.default_rng([seed, 1]).permutation(len(corpus.gold)).tolist()
    state, trainer = State([], order), corpus.trainer
    trainer.steps = 2 if "stepped_twice" in mistakes else 1
    golds = [masked(doc, corpus.pieces) for doc in corpus.scored] if "misaligned_mask" in mistakes else corpus.scored
    for number, size in enumerate(sizes):
        began = time.process_time()
        if size and not state.chosen:  # all arms of a seed begin with the same random sentences
            state.chosen = order[:size]
        docs, cheap = training_set(corpus, trainer, kind, state, seed, mistakes)
        if not docs:
            continue  # expert rows alone, and none yet
        with trained(trainer, docs, seed + size, state, "continued" in mistakes) as nlp:
            row = scores_on(nlp, golds)
            if size and number < len(sizes) - 1:
                choose(nlp, corpus, state, measure, seed, sizes[number + 1], "padded_entropy" in mistakes)
        words = sum(len(corpus.gold[i]) for i in state.chosen[:size])
        yield {
            "round": number,
            "expert": size,
            "words": words,
            "cheap": cheap,
            **row,
            "cpu": time.process_time() - began,
        }
        state.scores.append(row["f"])
        if "one_point_stop" in mistakes and number > 1 and state.scores[-1] - state.scores[-2] < gain:
            return


def training_set(
    corpus: Corpus, trainer: Trainer, kind: str, state: State, seed: int, mistakes: set[str]
) -> tuple[list[Doc], int]:
    """The Docs of a round, and how many of them are cheap rows."""
    expert = [corpus.gold[i] for i in state.chosen]
    if kind == "expert":
        return expert, 0
    if "both_copies" in mistakes:
        return [*expert, *corpus.cheap], len(corpus.cheap)
    if kind == "taught":
        made = taught(trainer, corpus.cheap, expert, LABELS, Teaching(Trust("words", 0.3)), seed)
    else:
        made = merge(corpus.cheap, expert, Trust("all"))
    return made.docs, made.cheap


@contextmanager
def trained(trainer: Trainer, docs: list[Doc], seed: int, state: State, continued: bool) -> Iterator[Language]:
    """A pipeline trained from scratch, or on from the round before; averaged weights count within the block."""
    if not continued:
        with trainer.trained(docs, LABELS, seed) as nlp:
            yield nlp
        return
    fix_random_seed(seed)
    state.learner = state.learner or trainer.begin(docs, LABELS)
    nlp, optimizer = state.learner
    trainer.learn(nlp, optimizer, docs, seed)
    with nlp.use_params(optimizer.averages):
        yield nlp


def choose(nlp: Language, corpus: Corpus, state: State, measure: str, seed: int, size: int, padded: bool) -> None:
    """Add expert sentences until there are `size`."""
    taken = set(state.chosen)
    rest = [i for i in state.order if i not in taken]
    if measure == "random":
        state.chosen = [*state.chosen, *rest][:size]
        return
    score = get_measure(measure, seed)
    scores: dict[int, float] = {}
    for first in range(0, len(rest), BATCH):
        batch = rest[first : first + BATCH]
        found = posterior(nlp, [corpus.gold[i] for i in batch])
        longest = max(one.words for one in found)
        for i, one in zip(batch, found, strict=True):
            scores[i] = padded_entropy(one, longest) if padded else score(one)
    ranked = sorted(rest, key=lambda i: (-scores[i], uniform(corpus.gold[i].text, seed)))
    state.chosen = [*state.chosen, *ranked][:size]


def padded_entropy(belief: Posterior, longest: int) -> float:
    """The mean over all positions of a padded batch, which favours long texts."""
    return float(entropy_of(belief.marginals).sum()) / max(1, longest) if belief.words else 0.0


def masked(doc: Doc, tokenizer: Any) -> Doc:
    """A gold Doc of which word i is scored only where word piece i begins a word."""
    pieces = [n == 0 for token in doc for n in range(len(tokenizer.tokenize(token.text)) or 1)]
    lost = {i for i in range(len(doc)) if not pieces[i]}
    copy = unlabelled_copy(doc, doc.vocab)
    whole = [Span(copy, e.start, e.end, e.label_) for e in doc.ents if not lost & {*range(e.start, e.end)}]
    cut = {i for e in doc.ents if lost & {*range(e.start, e.end)} for i in range(e.start, e.end)}
    copy.set_ents(whole, missing=[copy[i : i + 1] for i in sorted(lost | cut)], default="outside")
    return copy


def key_of(row: dict) -> tuple:
    """What tells the runs of a file apart."""
    return row["arm"], "+".join(row["mistakes"]), row["dictionary"], row["split"], row["pool"], row["updates"]


def table(results: Path, split: str) -> Table:
    """F1 by arm and number of expert sentences: mean over seeds, and the lowest and highest."""
    rows = [row for row in srsly.read_jsonl(results) if row["split"] == split]
    sizes = sorted({row["expert"] for row in rows})
    shown = Table("dictionary", "arm", "mistakes", "updates", "seeds", *map(str, sizes))
    for key in sorted({key_of(row) for row in rows}, key=lambda key: (key[2], key[0], key[1])):
        own = [row for row in rows if key_of(row) == key]
        cells = []
        for size in sizes:
            f = [row["f"] for row in own if row["expert"] == size]
            cells.append(f"{np.mean(f):.3f} ({min(f):.3f}-{max(f):.3f})" if f else "")
        shown.add_row(key[2], key[0], key[1], str(key[5]), str(len({row["seed"] for row in own})), *cells)
    return shown


def main(
    data: Annotated[Path, typer.Argument(help="The folder bc5cdr-distant")],
    encoder: str,
    results: Path,
    arm: Annotated[list[str] | None, typer.Option(help=f"One or more of: {', '.join((*ARMS, PUBLISHED))}")] = None,
    mistake: Annotated[list[str] | None, typer.Option(help=f"For the published loop: {', '.join(MISTAKES)}")] = None,
    seed: Annotated[list[int] | None, typer.Option(help="One or more seeds")] = None,
    dictionary: Annotated[str, typer.Option(help="Share of the dictionary: 1.0 or 0.4")] = "1.0",
    sizes: Annotated[str, typer.Option(help="Expert sentences of each round")] = "0,100,200,400",
    split: Annotated[str, typer.Option(help="dev, or test after all choices are made")] = "dev",
    pool: Annotated[int, typer.Option(help="The first so many training sentences")] = 1500,
    limit: Annotated[int, typer.Option(help="The first so many sentences to score on")] = 1000,
    updates: Annotated[int, typer.Option(help="Updates of each training")] = 250,
    stop_gain: Annotated[float, typer.Option(help="For one_point_stop")] = 0.005,
    show: Annotated[bool, typer.Option("--table", help="Only print the results so far")] = False,
) -> None:
    """Run the arms that are not there yet, and print the table."""
    torch.set_num_threads(1)
    there = {(key_of(row), row["seed"]) for row in srsly.read_jsonl(results)} if results.is_file() else set()
    corpus = None
    for number in [] if show else seed or [0]:
        for name in arm or ARMS:
            found = sorted(mistake or []) if name == PUBLISHED else []
            head = {"arm": name, "mistakes": found, "dictionary": dictionary, "split": split, "pool": pool}
            head |= {"updates": updates, "seed": number}
            if (key_of(head), number) in there:
                continue
            corpus = corpus or read(data, encoder, dictionary, split, (pool, limit), updates)
            counts = [int(size) for size in sizes.split(",")]
            run = rounds(corpus, name, number, counts, set(found), stop_gain)
            made = [{**head, "scored": limit, **row} for row in run]
            with results.open("a", encoding="utf8") as file:
                file.writelines(json.dumps(row) + "\n" for row in made)
    Console(width=200).print(table(results, split))


if __name__ == "__main__":
    typer.run(main)
