"""A pipeline whose encoders multiply 8-bit integers on a CPU, with what that costs in F1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from spacy.language import Language
from spacy.tokens import Doc

from bioactive.errors import error
from bioactive.evaluation.blocks import UNWATCHED, Watch
from bioactive.evaluation.bootstrap import Paired, paired_f1
from bioactive.evaluation.evaluate import Evaluation, evaluate
from bioactive.ner.precision import Precision

ENCODERS = ("bioactive.FrozenTransformer.v1", "bioactive.BucketedTransformer.v1")


def quantize(nlp: Language, docs: Sequence[Doc], watch: Watch = UNWATCHED) -> Paired:
    """Let a pipeline's encoders predict in 8-bit integers, and note under "int8" in its meta what that changes.

    The weights stay in float32, so that the pipeline can be trained on; they are rounded when it first predicts.

    nlp (Language): The pipeline; changed in place.
    docs (Sequence[Doc]): Gold Docs to compare on: held-out ones, not the test set.
    watch (Watch): Is told how far both evaluations are.
    RETURNS (Paired): Micro F1 over entities, after less before.
    RAISES (BioactiveError): B209 when no encoder of the pipeline can do it.
    """
    layers = list(_encoder_configs(nlp))
    if not layers:
        raise error("B209", model=nlp.meta["name"])
    watch.stage("Evaluating in floats", len(docs))
    before = evaluate(nlp, docs, on_done=watch.done)
    set_precision(nlp, "int8")
    for layer in layers:
        layer["precision"] = "int8"
    watch.stage("Evaluating in int8", len(docs))
    after = evaluate(nlp, docs, on_done=watch.done)
    found = paired_f1(before.counts, after.counts)
    nlp.meta["int8"] = {"f1_before": _f1(before), "f1_after": _f1(after), "difference": list(found.difference)}
    return found


def set_precision(nlp: Language, precision: Precision) -> None:
    """Set the number format of each encoder that can be told."""
    for _, pipe in nlp.pipeline:
        for node in pipe.model.walk() if hasattr(pipe, "model") else ():
            for shim in node.shims:
                if hasattr(shim, "set_precision"):
                    shim.set_precision(precision)


def _encoder_configs(nlp: Language) -> Iterator[dict[str, Any]]:
    """The blocks of the pipeline's config that describe an encoder, as it will be saved."""
    waiting: list[Any] = [nlp.get_pipe_config(name) for name in nlp.pipe_names]
    while waiting:
        block = waiting.pop()
        if isinstance(block, dict):
            waiting.extend(block.values())
            if block.get("@architectures") in ENCODERS:
                yield cast("dict[str, Any]", block)


def _f1(found: Evaluation) -> float:
    return found.totals["micro"].f1.value
