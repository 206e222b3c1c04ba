"""`bioactive data-to-spacy`, `train`, `train-curve` and `spacy-config`: answers of datasets become pipelines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import typer

from .db import DB

SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}
NER = typer.Option(None, "--ner", "-n", help="Datasets of entities, with commas between; eval:NAME for evaluation")
SPANCAT = typer.Option(None, "--spancat", "-sc", help="Datasets of spans that may overlap")
TEXTCAT = typer.Option(None, "--textcat", "-tc", help="Datasets of labels that exclude each other")
MULTILABEL = typer.Option(None, "--textcat-multilabel", "-tcm", help="Datasets of labels of which several may fit")
EVAL_SPLIT = typer.Option(0.2, "--eval-split", "-es", min=0.0, max=0.9, help="Share held out without eval: datasets")
CONFIG = typer.Option(None, "--config", "-c", help="Training config; made from the data without one")
BASE = typer.Option(None, "--base-model", "-m", help="Pipeline whose components are taken along")
LANG = typer.Option("en", "--lang", "-l", help="Language of a new pipeline")
FACTORY = typer.Option("ner", "--ner-factory", help="Component for entities: ner or crf_ner")
GPU = typer.Option(-1, "--gpu-id", "-g", help="GPU; -1 for the CPU")
OUTPUT = typer.Argument(..., help="Folder to write to")


def data_to_spacy_cli(
    output: Path = OUTPUT,
    ner: str | None = NER,
    spancat: str | None = SPANCAT,
    textcat: str | None = TEXTCAT,
    textcat_multilabel: str | None = MULTILABEL,
    eval_split: float = EVAL_SPLIT,
    config: Path | None = CONFIG,
    base_model: str | None = BASE,
    lang: str = LANG,
    ner_factory: str = FACTORY,
    db: str | None = DB,
) -> None:
    """Write datasets as train.spacy and dev.spacy, with a config.cfg that spacy train takes."""
    from bioactive.compat.prodigy.recipes.train import data_to_spacy

    given = _shared(ner, spancat, textcat, textcat_multilabel, eval_split, config, base_model, lang, ner_factory, db)
    data_to_spacy(output, **given)


def train_cli(
    context: typer.Context,
    output: Path | None = typer.Argument(None, help="Folder for model-best and model-last; nothing is kept without"),
    ner: str | None = NER,
    spancat: str | None = SPANCAT,
    textcat: str | None = TEXTCAT,
    textcat_multilabel: str | None = MULTILABEL,
    eval_split: float = EVAL_SPLIT,
    config: Path | None = CONFIG,
    base_model: str | None = BASE,
    lang: str = LANG,
    ner_factory: str = FACTORY,
    label_stats: bool = typer.Option(False, "--label-stats", "-LS", help="Show scores by label"),
    gpu_id: int = GPU,
    db: str | None = DB,
) -> None:
    """Train a pipeline on datasets. What is left over overrides the config: --training.max_epochs 20."""
    from bioactive.compat.prodigy.recipes.train import train

    given = _shared(ner, spancat, textcat, textcat_multilabel, eval_split, config, base_model, lang, ner_factory, db)
    best = train(output, **given, label_stats=label_stats, gpu_id=gpu_id, _extra=context.args)
    typer.echo(f"Best score {best:.3f}" + (f": {output / 'model-best'}" if output else ""))


def train_curve_cli(
    context: typer.Context,
    ner: str | None = NER,
    spancat: str | None = SPANCAT,
    textcat: str | None = TEXTCAT,
    textcat_multilabel: str | None = MULTILABEL,
    eval_split: float = EVAL_SPLIT,
    config: Path | None = CONFIG,
    base_model: str | None = BASE,
    lang: str = LANG,
    ner_factory: str = FACTORY,
    n_samples: int = typer.Option(4, "--n-samples", "-ns", min=1, help="Number of points"),
    show_plot: bool = typer.Option(False, "--show-plot", "-P", help="Draw the curve"),
    gpu_id: int = GPU,
    db: str | None = DB,
) -> None:
    """Train on growing shares of datasets, to see whether more answers would help."""
    from bioactive.compat.prodigy.recipes.train import train_curve

    given = _shared(ner, spancat, textcat, textcat_multilabel, eval_split, config, base_model, lang, ner_factory, db)
    train_curve(**given, n_samples=n_samples, show_plot=show_plot, gpu_id=gpu_id, _extra=context.args)


def spacy_config_cli(
    output: str = typer.Argument(..., help="File to write, or - for standard output"),
    ner: str | None = NER,
    spancat: str | None = SPANCAT,
    textcat: str | None = TEXTCAT,
    textcat_multilabel: str | None = MULTILABEL,
    eval_split: float = EVAL_SPLIT,
    config: Path | None = CONFIG,
    base_model: str | None = BASE,
    lang: str = LANG,
    ner_factory: str = FACTORY,
    db: str | None = DB,
) -> None:
    """Write a training config for datasets."""
    from bioactive.compat.prodigy.recipes.train import spacy_config

    given = _shared(ner, spancat, textcat, textcat_multilabel, eval_split, config, base_model, lang, ner_factory, db)
    spacy_config(output, **given)


def _shared(
    ner: str | None,
    spancat: str | None,
    textcat: str | None,
    textcat_multilabel: str | None,
    eval_split: float,
    config: Path | None,
    base_model: str | None,
    lang: str,
    ner_factory: str,
    db: str | None,
) -> dict[str, Any]:
    """The options that all of these commands have, as the functions take them."""
    if db is not None:
        os.environ["BIOACTIVE_DB"] = db
    given = {"ner": ner, "spancat": spancat, "textcat": textcat, "textcat_multilabel": textcat_multilabel}
    made = {"eval_split": eval_split, "config": config, "base_model": base_model, "lang": lang}
    return {**given, **made, "ner_factory": ner_factory}
