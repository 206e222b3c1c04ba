"""`prodigy.recipes.train`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bioactive.active import train_datasets as work
from bioactive.annotate.declare import Arg
from bioactive.annotate.recipe_files import built_in

from ..components.db import connect
from ..util import msg
from .data_utils import merge_corpus, parse_overrides, wanted_of

__all__ = [
    "RECIPE_ARGS",
    "data_to_spacy",
    "merge_corpus",
    "set_log_level",
    "setup_gpu",
    "spacy_config",
    "train",
    "train_curve",
]

RECIPE_ARGS: dict[str, Arg] = {
    "output_dir": Arg(help="Folder to write to"),
    "ner": Arg("--ner", "-n", help="NER datasets with commas between; eval:NAME for evaluation"),
    "spancat": Arg("--spancat", "-sc", help="Span datasets with commas between; eval:NAME for evaluation"),
    "textcat": Arg("--textcat", "-tc", help="Datasets of labels that exclude each other"),
    "textcat_multilabel": Arg("--textcat-multilabel", "-tcm", help="Datasets of labels of which several may fit"),
    "tagger": Arg("--tagger", "-t", help="Datasets of tags: a span and its label for each word"),
    "senter": Arg("--senter", "-s", help="Datasets of sentences: a span on each first word"),
    "parser": Arg("--parser", "-p", help="Datasets of dependency parses: a relation for each word"),
    "coref": Arg("--coref", "-co", help="Not planned; says so"),
    "config": Arg("--config", "-c", help="Training config; made from the data without one", converter=Path),
    "base_model": Arg("--base-model", "-m", help="Pipeline whose components are taken along"),
    "lang": Arg("--lang", "-l", help="Language of a new pipeline"),
    "label_stats": Arg("--label-stats", "-LS", help="Show scores by label"),
    "gpu_id": Arg("--gpu-id", "-g", help="GPU; -1 for the CPU", converter=int),
    "eval_split": Arg("--eval-split", "-es", help="Share held out without eval: datasets", converter=float),
    "n_samples": Arg("--n-samples", "-ns", help="Number of points", converter=int),
    "show_plot": Arg("--show-plot", "-P", help="Draw the curve"),
    "ner_factory": Arg("--ner-factory", help="Component for entities: ner or crf_ner", choices=work.FACTORIES),
    "verbose": Arg("--verbose", "-V", help="Say more"),
    "silent": Arg("--silent", "-S", help="Say nothing"),
}
DATA = {
    name: RECIPE_ARGS[name]
    for name in (
        "ner",
        "spancat",
        "textcat",
        "textcat_multilabel",
        "tagger",
        "senter",
        "parser",
        "coref",
        "eval_split",
        "config",
        "base_model",
        "lang",
        "ner_factory",
        "verbose",
        "silent",
    )
}


@built_in("data-to-spacy", output_dir=RECIPE_ARGS["output_dir"], **DATA)
def data_to_spacy(
    output_dir: Path,
    ner: str | None = None,
    spancat: str | None = None,
    textcat: str | None = None,
    textcat_multilabel: str | None = None,
    tagger: str | None = None,
    senter: str | None = None,
    parser: str | None = None,
    coref: str | None = None,
    eval_split: float = 0.2,
    config: Path | None = None,
    base_model: str | None = None,
    lang: str = "en",
    ner_factory: str = "ner",
    verbose: bool = False,
    silent: bool = False,
) -> None:
    """Write datasets as train.spacy and dev.spacy, with a config.cfg for spacy train."""
    kinds = (ner, spancat, textcat, textcat_multilabel, tagger, senter, parser, coref)
    wanted = wanted_of(*kinds, eval_split, config, base_model, lang, ner_factory)
    prepared = work.data_to_spacy(connect(), wanted, Path(output_dir))
    if not silent:
        _tell(prepared)
        msg.good(f"{len(prepared.train)} texts to train on and {len(prepared.dev)} to evaluate on: {output_dir}")


@built_in(
    "train",
    output_dir=RECIPE_ARGS["output_dir"],
    **DATA,
    label_stats=RECIPE_ARGS["label_stats"],
    gpu_id=RECIPE_ARGS["gpu_id"],
)
def train(
    output_dir: Path | None = None,
    ner: str | None = None,
    spancat: str | None = None,
    textcat: str | None = None,
    textcat_multilabel: str | None = None,
    tagger: str | None = None,
    senter: str | None = None,
    parser: str | None = None,
    coref: str | None = None,
    eval_split: float = 0.2,
    config: Path | None = None,
    base_model: str | None = None,
    lang: str = "en",
    ner_factory: str = "ner",
    label_stats: bool = False,
    gpu_id: int = -1,
    verbose: bool = False,
    silent: bool = False,
    _extra: Sequence[str] = (),
) -> float:
    """Train a pipeline on datasets. What is left over overrides the config: --training.max_epochs 20."""
    kinds = (ner, spancat, textcat, textcat_multilabel, tagger, senter, parser, coref)
    wanted = wanted_of(*kinds, eval_split, config, base_model, lang, ner_factory)
    prepared = work.prepare(connect(), wanted)
    if not silent:
        _tell(prepared)
    output = None if output_dir is None else Path(output_dir)
    best = work.train(prepared, output, parse_overrides(_extra), None if silent else sys.stdout, gpu_id)
    if label_stats and output is not None:
        _by_label(output)
    return best


@built_in(
    "train-curve",
    **DATA,
    gpu_id=RECIPE_ARGS["gpu_id"],
    n_samples=RECIPE_ARGS["n_samples"],
    show_plot=RECIPE_ARGS["show_plot"],
)
def train_curve(
    ner: str | None = None,
    spancat: str | None = None,
    textcat: str | None = None,
    textcat_multilabel: str | None = None,
    tagger: str | None = None,
    senter: str | None = None,
    parser: str | None = None,
    coref: str | None = None,
    eval_split: float = 0.2,
    config: Path | None = None,
    base_model: str | None = None,
    lang: str = "en",
    ner_factory: str = "ner",
    gpu_id: int = -1,
    n_samples: int = 4,
    show_plot: bool = False,
    verbose: bool = False,
    silent: bool = False,
    _extra: Sequence[str] = (),
) -> list[work.Point]:
    """Train on growing shares of datasets, to see whether more answers would help."""
    kinds = (ner, spancat, textcat, textcat_multilabel, tagger, senter, parser, coref)
    wanted = wanted_of(*kinds, eval_split, config, base_model, lang, ner_factory)
    points = work.train_curve(work.prepare(connect(), wanted), n_samples, parse_overrides(_extra), gpu_id)
    if not silent:
        _draw(points, show_plot)
    return points


@built_in("spacy-config", output_path=Arg(help="File to write, or - for standard output"), **DATA)
def spacy_config(
    output_path: str,
    ner: str | None = None,
    spancat: str | None = None,
    textcat: str | None = None,
    textcat_multilabel: str | None = None,
    tagger: str | None = None,
    senter: str | None = None,
    parser: str | None = None,
    coref: str | None = None,
    eval_split: float = 0.2,
    config: Path | None = None,
    base_model: str | None = None,
    lang: str = "en",
    ner_factory: str = "ner",
    verbose: bool = False,
    silent: bool = False,
) -> None:
    """Write a training config for datasets."""
    kinds = (ner, spancat, textcat, textcat_multilabel, tagger, senter, parser, coref)
    wanted = wanted_of(*kinds, eval_split, config, base_model, lang, ner_factory)
    made = work.prepare(connect(), wanted).config
    if output_path == "-":
        print(made.to_str())
    else:
        made.to_disk(output_path)


def setup_gpu(use_gpu: int = -1, silent: bool = False) -> None:
    """Use a GPU; -1 for the CPU."""
    from spacy.cli._util import setup_gpu as set_up

    set_up(use_gpu, silent)


def set_log_level(verbose: bool = False, silent: bool = False) -> None:
    """Let spaCy's log say more, or less."""
    import logging

    import spacy

    spacy.util.logger.setLevel(logging.DEBUG if verbose else logging.ERROR if silent else logging.INFO)


def _tell(prepared: work.Prepared) -> None:
    for reason, times in prepared.left_out.items():
        msg.warn(f"{times} {reason}")


def _by_label(output: Path) -> None:
    import srsly

    scores: dict[str, Any] = srsly.read_json(output / "model-best" / "meta.json")["performance"]
    for key, by_label in scores.items():
        if key.endswith("_per_type") and by_label:
            rows = [(label, *(f"{each[name]:.2f}" for name in "prf")) for label, each in by_label.items()]
            msg.table(rows, header=("label", "P", "R", "F"), aligns=("l", "r", "r", "r"), divider=True)


def _draw(points: Sequence[work.Point], bars: bool) -> None:
    before = 0.0
    rows = []
    for point in points:
        bar = "#" * round(40 * point.score) if bars else ""
        rows.append((f"{point.share:.0%}", point.texts, f"{point.score:.3f}", f"{point.score - before:+.3f}", bar))
        before = point.score
    msg.table(rows, header=("share", "texts", "score", "gain", ""), aligns=("r", "r", "r", "r", "l"), divider=True)
