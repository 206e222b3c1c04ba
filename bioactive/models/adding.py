"""A pipeline that was trained elsewhere, taken over as a revision: the first of a store, usually."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from bioactive.active.loop import evaluate_files
from bioactive.evaluation.blocks import UNWATCHED, Watch
from bioactive.evaluation.load import load_pipeline, read_docs
from bioactive.evaluation.speed import words_per_second
from bioactive.fingerprint import sha256_of

from .revisions import Manifest, Revisions
from .rounds import type_scores


def add(
    pipeline: Path, dev: Path, models: Path, test: Path | None = None, why: str = "", watch: Watch = UNWATCHED
) -> tuple[Manifest, Path]:
    """Copy a trained pipeline into a store, with its scores.

    pipeline (Path): Its folder; stays as it is.
    dev (Path): Gold .spacy file that it was chosen on.
    models (Path): Folder of the revisions.
    test (Path | None): Gold .spacy file that is scored too.
    why (str): A word on where it comes from, for the record.
    watch (Watch): Is told how far it is.
    RETURNS (tuple[Manifest, Path]): What is recorded of it, and the revision's folder.
    RAISES (BioactiveError): As `load_pipeline` and `read_docs`.
    """
    nlp = load_pipeline(pipeline)
    held_out = {"dev": dev, **({"test": test} if test else {})}
    scores = evaluate_files(nlp, held_out, watch)
    watch.stage("Measuring speed")
    revisions = Revisions(models)
    manifest = Manifest(
        name=revisions.next_name(0),
        parent="",
        answers={},
        data={name: sha256_of(path) for name, path in held_out.items()},
        metrics={f"{name}_after": [*found.totals["micro"].f1] for name, found in scores.items()},
        promoted="no: added, not compared",
        settings={"source": str(pipeline), **({"why": why} if why else {})},
    )
    # The hash of the training data, where the pipeline's own meta has it.
    manifest.data = {**{name: one["sha256"] for name, one in nlp.meta.get("data", {}).items()}, **manifest.data}
    manifest.metrics["dev_types"] = type_scores(scores["dev"])
    manifest.metrics["words_per_second"] = round(words_per_second(nlp, read_docs(dev, nlp.vocab)), 1)
    models.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=models, prefix=".training-") as folder:
        shutil.copytree(pipeline, Path(folder) / "copy")
        return manifest, revisions.publish(Path(folder) / "copy", manifest)
