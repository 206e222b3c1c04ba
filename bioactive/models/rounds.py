"""A round of learning that ends as a revision: trained, compared, kept, and promoted when it is not worse."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bioactive.active.loop import Round, retrain
from bioactive.evaluation.blocks import UNWATCHED, Watch
from bioactive.evaluation.evaluate import Evaluation
from bioactive.evaluation.load import load_pipeline, read_docs
from bioactive.evaluation.speed import words_per_second
from bioactive.fingerprint import sha256_of_records

from .judging import judge
from .promotions import promote
from .revisions import Manifest, Revisions, check_loaded

Task = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What a pipeline learns from, and how.

    train, dev (Path): .spacy files; dev chooses the best epoch and judges the new pipeline.
    test (Path | None): .spacy file that is scored too, and decides nothing.
    rehearse (int | None): How many Docs of the corpus to train on beside the answers; all without it.
    seed (int): Seed of the training, and of the choice for rehearsal.
    max_epochs (int | None): Epochs; as in the pipeline's config without it.
    force (bool): Promote a revision that dev shows to be worse as well.
    dataset (str): Where the answers come from, for the record.
    trust (float | None): Take words beside the answered ones for labelled from this probability on.
    """

    train: Path
    dev: Path
    test: Path | None = None
    rehearse: int | None = None
    seed: int = 0
    max_epochs: int | None = None
    force: bool = False
    dataset: str = ""
    trust: float | None = None

    @property
    def overrides(self) -> dict[str, Any]:
        """Config settings by dotted name."""
        return {} if self.max_epochs is None else {"training.max_epochs": self.max_epochs}


def learn(
    model: str | Path,
    answers: Sequence[Task],
    plan: Plan,
    models: Path,
    log: IO[str] | None = None,
    watch: Watch = UNWATCHED,
) -> tuple[Round, Manifest, Path]:
    """Train a new pipeline on the corpus and the answers, and keep it as a revision.

    model (str | Path): Folder or package name of the pipeline before; the files of a revision are compared with their
        checksums first.
    answers (Sequence[Task]): Answered tasks, oldest first.
    plan (Plan): What to learn from, and how.
    models (Path): Folder of the revisions.
    log (IO[str] | None): Where the training log goes; nowhere by default.
    watch (Watch): Is told how far evaluations and training are.
    RETURNS (tuple[Round, Manifest, Path]): What it came to, what is recorded of it, and the revision's folder.
    RAISES (BioactiveError): B511 when no answer says anything; B800 and B801 for a revision that is damaged, with the
        file.
    """
    check_loaded(Path(model))
    revisions = Revisions(models)
    models.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=models, prefix=".training-") as folder:
        found = retrain(
            model,
            answers,
            plan.train,
            plan.dev,
            Path(folder),
            test=plan.test,
            rehearse=plan.rehearse,
            trust=plan.trust,
            seed=plan.seed,
            overrides=plan.overrides,
            log=log,
            watch=watch,
        )
        watch.stage("Measuring speed")
        verdict = judge(found.before["dev"].counts, found.after["dev"].counts)
        manifest = Manifest(
            name=revisions.next_name(sum(found.merged.answers.values())),
            parent=str(model),
            answers=found.merged.answers,
            data={**found.data, "answers": sha256_of_records(answers)},
            metrics={**metrics(found), "words_per_second": speed(found.pipeline, plan.dev)},
            promoted=verdict.sentence(plan.force),
            words=found.merged.words,
            settings={name: getattr(plan, name) for name in ("dataset", "seed", "rehearse", "max_epochs", "trust")},
        )
        path = revisions.publish(found.pipeline, manifest)
    if verdict.accepted or plan.force:
        promote(revisions, manifest.name, manifest.promoted, evidence=verdict.to_dict())
    return found, manifest, path


def metrics(found: Round) -> dict[str, Any]:
    """F1 with its interval before and after, by type on dev, and the paired difference."""
    scores: dict[str, Any] = {
        f"{name}_{when}": [*evaluation.totals["micro"].f1]
        for when, side in (("before", found.before), ("after", found.after))
        for name, evaluation in side.items()
    }
    by_type = type_scores(found.after["dev"])
    return {**scores, "dev_types": by_type, "dev_difference": [*found.paired.difference]}


def type_scores(found: Evaluation) -> dict[str, list[float]]:
    """F1 of each type with its interval: [value, low, high]."""
    return {label: [*row.f1] for label, row in found.types.items()}


def speed(pipeline: Path, dev: Path) -> float:
    """Words a second that a pipeline reads of the dev set."""
    nlp = load_pipeline(pipeline)
    return round(words_per_second(nlp, read_docs(dev, nlp.vocab)), 1)


def types(found: Round, name: str) -> dict[str, list[float]]:
    """F1 of each type before and after, on "dev" or "test"."""
    before, after = found.before[name].types, found.after[name].types
    return {
        label: [before[label].f1.value if label in before else 0.0, after[label].f1.value if label in after else 0.0]
        for label in sorted({*before, *after})
    }
