"""Does entity replacement help on CRAFT, alone or as a first step before the original texts?

Needs a folder with train.spacy, dev.spacy and test.spacy (`spacy project run craft-corpus .`). A row an arm goes to a
JSONL file; runs that are there are not repeated; `--table` prints what the file holds.

Each seed draws its own sentences of the training set, the same for all arms, and all that is put in comes from these.
`plain` sees them `--epochs` times; `augmented` them and a copy each, as often; `transfer` goes on from the averaged
weights of `augmented` with a new optimiser on the originals; `longer` is `plain` with as many updates as `transfer`.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy
import srsly
import torch
import typer
from rich.console import Console
from rich.table import Table
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import fix_random_seed
from thinc.api import Optimizer

from bioactive.corpus.replacement import EntityReplacement, ReplacementOptions, Surfaces
from bioactive.corpus.tally import Tally
from bioactive.evaluation.blocks import pipe_block
from bioactive.evaluation.load import read_docs
from bioactive.evaluation.pairs import unlabelled_copy
from bioactive.simulation.in_memory import Schedule, Trainer
from bioactive.simulation.metrics import get_metric

ROOT = Path(__file__).resolve().parent.parent
ARMS = ("plain", "longer", "augmented", "transfer")
WHOLE = 0  # as a size: the whole training set


@dataclass
class Bench:
    """Corpus and trainer of all runs.

    trainer (Trainer): Of the config.
    train (list[Doc]): The training set.
    held_out (list[Doc]): What is scored.
    labels (list[str]): All types.
    """

    trainer: Trainer
    train: list[Doc]
    held_out: list[Doc]
    labels: list[str]


def open_bench(config: Path, data: Path, encoder: str, batch_words: int, split: str, held_out: int) -> Bench:
    """Read the corpus into the vocabulary of a trainer; of the split that is scored so many sentences, drawn once."""
    trainer = Trainer(config, {"vars.encoder": encoder}, Schedule(batch_words))
    vocab = trainer.blank().vocab
    train = read_docs(data / "train.spacy", vocab)
    scored = drawn(read_docs(data / f"{split}.spacy", vocab), held_out, 0)
    return Bench(trainer, train, scored, sorted({ent.label_ for doc in train for ent in doc.ents}))


def drawn(docs: Sequence[Doc], size: int, seed: int) -> list[Doc]:
    """So many sentences at random; all of them for the size 0."""
    return list(docs) if size == WHOLE else random.Random(seed).sample(list(docs), size)


def with_copies(docs: Sequence[Doc], options: ReplacementOptions, nlp: Language) -> list[Doc]:
    """The Docs, and a copy of each with entities that others of these Docs hold."""
    surfaces = Surfaces()
    surfaces.read(docs)
    augmenter = EntityReplacement(surfaces, options, Tally())
    return [*docs, *(augmenter.replaced(doc, nlp.make_doc) for doc in docs)]


def updates(docs: Sequence[Doc], head: dict[str, Any]) -> int:
    """Updates for some Docs; at least `min_updates` for each copy of a small set."""
    words = sum(map(len, docs))
    return max(head["min_updates"], round(head["epochs"] * words / head["batch_words"]))


def learn(trainer: Trainer, nlp: Language, optimizer: Optimizer, docs: Sequence[Doc], count: int, seed: int) -> None:
    """Exactly so many updates."""
    trainer.schedule = Schedule(trainer.schedule.batch_words, min_updates=count, max_updates=count)
    trainer.learn(nlp, optimizer, docs, seed)


def averaged(nlp: Language, optimizer: Optimizer) -> Any:
    """A context in which the weights are the averages, as spaCy scores and saves them."""
    return nlp.use_params(optimizer.averages) if optimizer.averages else nullcontext()


def trained(bench: Bench, head: dict[str, Any]) -> Iterator[tuple[str, Language]]:
    """The arms of one size and seed, one after the other, with averaged weights while each is looked at."""
    trainer, seed = bench.trainer, head["seed"]
    docs = drawn(bench.train, head["size"], seed)
    own = updates(docs, head)
    for arm, count in (("plain", own), ("longer", 3 * own)):
        fix_random_seed(seed)
        nlp, optimizer = trainer.begin(docs, bench.labels)
        learn(trainer, nlp, optimizer, docs, count, seed)
        with averaged(nlp, optimizer):
            yield arm, nlp
    options = ReplacementOptions(head["share"], most_uses=head["most_uses"], seed=seed)
    fix_random_seed(seed)
    nlp, optimizer = trainer.begin(docs, bench.labels)
    learn(trainer, nlp, optimizer, with_copies(docs, options, nlp), 2 * own, seed)
    with averaged(nlp, optimizer):
        yield "augmented", nlp
        weights = nlp.get_pipe("crf_ner").model.to_bytes()
    nlp.get_pipe("crf_ner").model.from_bytes(weights)
    optimizer = nlp.create_optimizer()
    learn(trainer, nlp, optimizer, docs, own, seed + 1)
    with averaged(nlp, optimizer):
        yield "transfer", nlp


def scores(nlp: Language, docs: Sequence[Doc]) -> dict[str, float]:
    """Strict scores on held-out Docs."""
    found = list(pipe_block(nlp, [unlabelled_copy(doc, nlp.vocab) for doc in docs], 256))
    return get_metric("strict")(docs, found)


def interval(values: Sequence[float]) -> str:
    """Mean over seeds with its 95 % t interval; the bare number for one seed."""
    mean = float(numpy.mean(values))
    if len(values) < 2:
        return f"{mean:.3f} (1 seed)"
    quantile = {2: 12.71, 3: 4.303, 4: 3.182, 5: 2.776}[len(values)]
    return f"{mean:+.3f} ± {quantile * float(numpy.std(values, ddof=1)) / len(values) ** 0.5:.3f}"


def table(results: Path, split: str) -> Table:
    """A row a size and setting: plain, and the paired differences of the other arms from it."""
    shown = Table("sentences", "epochs", "share", "seeds", "plain", *ARMS[1:], title=f"F1 on {split}, strict")
    groups: dict[tuple, dict[int, dict[str, float]]] = {}
    for row in srsly.read_jsonl(results):
        if row["split"] == split:
            key = (row["size"] or 10**9, row["epochs"], row["share"], row["most_uses"])
            groups.setdefault(key, {}).setdefault(row["seed"], {})[row["arm"]] = row["f"]
    for (size, epochs, share, _), by_seed in sorted(groups.items()):
        whole = [found for found in by_seed.values() if len(found) == len(ARMS)]
        if whole:
            cells = [interval([found[arm] - found["plain"] for found in whole]) for arm in ARMS[1:]]
            plain = interval([found["plain"] for found in whole]).lstrip("+")
            named = "all" if size == 10**9 else f"{size:,}"
            shown.add_row(named, f"{epochs:g}", f"{share:g}", str(len(whole)), plain, *cells)
    return shown


def main(
    data: Path,
    encoder: str,
    results: Path,
    size: Annotated[list[int] | None, typer.Option(help="Sentences to train on; 0 for all")] = None,
    seed: Annotated[list[int] | None, typer.Option(help="One or more seeds")] = None,
    share: Annotated[float, typer.Option(help="Share of entities replaced")] = 0.2,
    most_uses: Annotated[float, typer.Option(help="See the augmenter; 0 for no bound")] = 2.0,
    epochs: Annotated[float, typer.Option(help="Of the plain arm")] = 12.0,
    min_updates: Annotated[int, typer.Option(help="Of the plain arm")] = 100,
    batch_words: Annotated[int, typer.Option(help="Words an update")] = 500,
    split: Annotated[str, typer.Option(help="What is scored; test after all choices are made")] = "dev",
    held_out: Annotated[int, typer.Option(help="So many sentences of it; 0 for all")] = 0,
    config: Annotated[Path, typer.Option(help="Training config over a frozen encoder")] = ROOT
    / "configs/crf_frozen.cfg",
    threads: Annotated[int, typer.Option(help="Torch threads")] = 1,
    show: Annotated[bool, typer.Option("--table", help="Only print the results so far")] = False,
) -> None:
    """Train the arms, add a line a run to the results, and print the table."""
    torch.set_num_threads(threads)
    done = {row["key"] for row in srsly.read_jsonl(results)} if results.is_file() else set()
    bench = None if show else open_bench(config, data, encoder, batch_words, split, held_out)
    for count in [] if bench is None else size or [100, 500, 2000]:
        for number in seed or [0]:
            head = {"size": count, "seed": number, "share": share, "most_uses": most_uses, "epochs": epochs}
            head |= {"min_updates": min_updates, "batch_words": batch_words, "config": config.name}
            head |= {"split": split, "held_out": held_out}
            key = json.dumps(head, sort_keys=True)
            if key in done:
                continue
            start, rows = time.process_time(), []
            for arm, nlp in trained(bench, head):
                seconds = round(time.process_time() - start, 1)
                # Each arm's own training, the scoring of the one before aside.
                rows.append({"key": key, **head, "arm": arm, **scores(nlp, bench.held_out), "seconds": seconds})
                start = time.process_time()
            with results.open("a", encoding="utf8") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
    Console(width=120).print(table(results, split))


if __name__ == "__main__":
    typer.run(main)
