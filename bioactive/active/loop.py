"""One round of learning: merge answers with the corpus, train, compare with the pipeline before, keep a revision."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_pipeline
from spacy.util import load_config

from bioactive.corpus.binfile import write_docs
from bioactive.evaluation.blocks import UNWATCHED, Watch
from bioactive.evaluation.bootstrap import Paired, paired_f1
from bioactive.evaluation.evaluate import Evaluation, evaluate
from bioactive.evaluation.load import load_pipeline, read_docs
from bioactive.fingerprint import sha256_of

from .merging import Merged, merge
from .pseudo_labels import PseudoLabelled, pseudo_label

Task = Mapping[str, Any]


@dataclass(frozen=True)
class Round:
    """What a round of learning came to.

    pipeline (Path): Folder of the new pipeline.
    merged (Merged): What it learnt from, pseudo-labels apart.
    pseudo (PseudoLabelled | None): What it learnt from with pseudo-labels, where these were wanted.
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
    pseudo: PseudoLabelled | None = None


def retrain(
    model: str | Path,
    answers: Sequence[Task],
    train: Path,
    dev: Path,
    output: Path,
    *,
    test: Path | None = None,
    rehearse: int | None = None,
    trust: float | None = None,
    seed: int = 0,
    overrides: Mapping[str, Any] | None = None,
    log: IO[str] | None = None,
    watch: Watch = UNWATCHED,
) -> Round:
    """Train a new pipeline, by the config of an old one, on its corpus and the answers.

    The weights start afresh, so that a round does not depend on the order of the rounds before it.

    model (str | Path): Folder or package name of the pipeline before.
    answers (Sequence[Task]): Answered tasks, oldest first.
    train, dev (Path): .spacy files; dev chooses the best epoch and judges the new pipeline.
    output (Path): Folder to train in; the pipeline ends up in its "model-best".
    test (Path | None): .spacy file that is scored too, and decides nothing.
    rehearse (int | None): How many Docs of the corpus to train on beside the answers; all without it.
    trust (float | None): In texts that are annotated in part, words whose tag the pipeline before gives this
        probability are trained on as if labelled; none without it.
    seed (int): Seed of the training, and of the choice for rehearsal.
    overrides (Mapping | None): Config settings by dotted name, such as {"training.max_epochs": 5}.
    log (IO[str] | None): Where the training log goes; nowhere by default.
    watch (Watch): Is told how far evaluations and training are; the training may end before its last epoch.
    RETURNS (Round): The new pipeline and both scores.
    """
    nlp = load_pipeline(model)
    merged = merge(read_docs(train, nlp.vocab), answers, nlp, rehearse, seed)
    held_out = {"dev": dev, **({"test": test} if test else {})}
    before = evaluate_files(nlp, held_out, watch, "before")
    pseudo = None if trust is None else pseudo_label(nlp, merged.docs, read_docs(dev, nlp.vocab), trust)
    docs = merged.docs if pseudo is None else pseudo.docs
    pipeline = train_on(nlp, docs, dev, output, {"system.seed": seed, **(overrides or {})}, log, watch)
    after = evaluate_files(load_pipeline(pipeline), held_out, watch, "after")
    paired = paired_f1(before["dev"].counts, after["dev"].counts)
    data = {name: sha256_of(path) for name, path in {"train": train, **held_out}.items()}
    return Round(pipeline, merged, before, after, paired, data, pseudo)


def evaluate_files(
    nlp: Language, files: Mapping[str, Path], watch: Watch = UNWATCHED, when: str = ""
) -> dict[str, Evaluation]:
    """Score a pipeline on gold .spacy files.

    nlp (Language): The pipeline.
    files (Mapping[str, Path]): By name.
    watch (Watch): Is told how far it is.
    when (str): For the watch: "before" or "after" what.
    RETURNS (dict[str, Evaluation]): By the same names.
    RAISES (BioactiveError): As `read_docs` and `evaluate`.
    """
    found = {}
    for name, path in files.items():
        docs = read_docs(path, nlp.vocab)
        watch.stage(f"Evaluating on {name} {when}".rstrip(), len(docs), "texts")
        found[name] = evaluate(nlp, docs, on_done=watch.done)
    return found


def train_on(
    nlp: Language,
    docs: list[Doc],
    dev: Path,
    output: Path,
    overrides: Mapping[str, Any],
    log: IO[str] | None,
    watch: Watch = UNWATCHED,
) -> Path:
    """Train by a pipeline's own config, from fresh weights.

    nlp (Language): The pipeline whose config is used.
    docs (list[Doc]): What to train on.
    dev (Path): .spacy file that chooses the best epoch.
    output (Path): Folder to train in.
    overrides (Mapping): Config settings by dotted name.
    log (IO[str] | None): Where the training log goes; nowhere without it.
    watch (Watch): Is told how many texts were trained on; each counts once an epoch.
    RETURNS (Path): The folder of the best epoch's pipeline.
    """
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
            train_pipeline(_watched(init_nlp(config), len(docs), watch), output, stdout=out, stderr=out)
    return output / "model-best"


def _watched(nlp: Language, docs: int, watch: Watch) -> Language:
    """A pipeline that tells how far its training is; nothing of that is saved with it."""
    epochs, update = nlp.config.interpolate()["training"]["max_epochs"], nlp.update
    watch.stage("Training", epochs * docs if epochs > 0 else None, "texts")

    def watched(examples: Iterable[Example], *args: Any, **kwargs: Any) -> Any:
        batch = list(examples)
        losses = update(batch, *args, **kwargs)
        watch.done(len(batch))
        return losses

    nlp.update = watched  # type: ignore[method-assign]
    return nlp
