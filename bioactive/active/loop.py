"""One round of learning: merge answers with the corpus, train, compare with the pipeline before, keep a revision."""

from __future__ import annotations

import io
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_pipeline
from spacy.util import load_config

from bioactive.corpus.binfile import write_docs
from bioactive.corpus.jsonl import task_to_doc
from bioactive.corpus.tally import Tally
from bioactive.errors import error
from bioactive.evaluation.bootstrap import Paired, paired_f1
from bioactive.evaluation.evaluate import Evaluation, evaluate
from bioactive.evaluation.load import load_pipeline, read_docs
from bioactive.fingerprint import sha256_of

Task = Mapping[str, Any]


@dataclass(frozen=True)
class Merged:
    """Training data with the answers in it.

    docs (list[Doc]): The corpus without the texts that were answered in full, then the answers.
    answers (dict[str, int]): Answers by kind.
    replaced (int): Docs of the corpus that gave way to an answer on the same text.
    empty (int): Answers that say nothing about any word, such as a rejected sentence.
    dropped (Tally): Spans that do not fit the tokens.
    """

    docs: list[Doc]
    answers: dict[str, int]
    replaced: int
    empty: int
    dropped: Tally


@dataclass(frozen=True)
class Round:
    """What a round of learning came to.

    pipeline (Path): Folder of the new pipeline.
    merged (Merged): What it learnt from.
    before, after (dict[str, Evaluation]): Scores on "dev", and on "test" where one was given.
    paired (Paired): Micro F1 on dev, after less before.
    data (dict[str, str]): SHA-256 of each data file.
    """

    pipeline: Path
    merged: Merged
    before: dict[str, Evaluation]
    after: dict[str, Evaluation]
    paired: Paired
    data: dict[str, str]

    @property
    def shows_a_loss(self) -> bool:
        """Whether the whole 95 % interval of the difference on dev lies below zero."""
        return self.paired.difference.high < 0


def merge(corpus: Iterable[Doc], answers: Sequence[Task], nlp: Language) -> Merged:
    """Put answers beside the corpus; one on all words of a text replaces the Doc of the corpus that has this text.

    An answer on some words stands beside that Doc, which may know more of the others.

    corpus (Iterable[Doc]): The training Docs.
    answers (Sequence[Task]): Answered tasks, oldest first.
    nlp (Language): The pipeline whose tokenizer cuts an answer without tokens.
    RETURNS (Merged): The Docs to train on.
    RAISES (BioactiveError): B511 when no answer says anything.
    """
    tally, kinds = Tally(), Counter(str(task.get("answer", "accept")) for task in answers)
    made = [doc for task in answers if (doc := task_to_doc(task, nlp.tokenizer, tally=tally)) is not None]
    telling = [doc for doc in made if doc.has_annotation("ENT_IOB") or doc.spans.get("incorrect_spans")]
    if not telling:
        raise error("B511", answers=len(answers), kinds=", ".join(f"{n} {kind}" for kind, n in kinds.items()) or "none")
    answered = {doc.text for doc in telling if all(token.ent_iob for token in doc)}
    docs = list(corpus)
    kept = [doc for doc in docs if doc.text not in answered]
    return Merged([*kept, *telling], dict(kinds), len(docs) - len(kept), len(made) - len(telling), tally)


def retrain(
    model: str | Path,
    answers: Sequence[Task],
    train: Path,
    dev: Path,
    output: Path,
    *,
    test: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    log: IO[str] | None = None,
) -> Round:
    """Train a new pipeline, by the config of an old one, on its corpus and the answers.

    The weights start afresh, so that a round does not depend on the order of the rounds before it.

    model (str | Path): Folder or package name of the pipeline before.
    answers (Sequence[Task]): Answered tasks, oldest first.
    train, dev (Path): .spacy files; dev chooses the best epoch and judges the new pipeline.
    output (Path): Folder to train in; the pipeline ends up in its "model-best".
    test (Path | None): .spacy file that is scored too, and decides nothing.
    overrides (Mapping | None): Config settings by dotted name, such as {"system.seed": 1}.
    log (IO[str] | None): Where the training log goes; nowhere by default.
    RETURNS (Round): The new pipeline and both scores.
    """
    nlp = load_pipeline(model)
    merged = merge(read_docs(train, nlp.vocab), answers, nlp)
    held_out = {"dev": dev, **({"test": test} if test else {})}
    before = {name: evaluate(nlp, read_docs(path, nlp.vocab)) for name, path in held_out.items()}
    pipeline = _train(nlp, merged.docs, dev, output, overrides or {}, log)
    new = load_pipeline(pipeline)
    after = {name: evaluate(new, read_docs(path, new.vocab)) for name, path in held_out.items()}
    paired = paired_f1(before["dev"].counts, after["dev"].counts)
    data = {name: sha256_of(path) for name, path in {"train": train, **held_out}.items()}
    return Round(pipeline, merged, before, after, paired, data)


def _train(
    nlp: Language, docs: list[Doc], dev: Path, output: Path, overrides: Mapping[str, Any], log: IO[str] | None
) -> Path:
    """Train by a pipeline's own config on these Docs; returns the folder of the best epoch's pipeline."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "train.spacy"
        write_docs(docs, corpus)
        nlp.to_disk(Path(folder) / "before")
        settings = {"paths.train": str(corpus), "paths.dev": str(dev), **overrides}
        config = load_config(Path(folder) / "before" / "config.cfg", overrides=settings, interpolate=False)
        # Labels may have come with the answers: they are read from the data, not from a file of the first training.
        config["initialize"]["components"] = {}
        with nullcontext(log) if log is not None else io.StringIO() as out:
            train_pipeline(init_nlp(config), output, stdout=out, stderr=out)
    return output / "model-best"
