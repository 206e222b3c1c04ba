"""All commands of the `bioactive` command line, put together. Only typer is imported at start."""

from __future__ import annotations

import typer

from bioactive import __version__

from .active import learn_cli, ner_active_cli
from .agreement import iaa_binary_cli, iaa_doc_cli, iaa_span_cli
from .annotate import (
    mark_cli,
    match_cli,
    model_annotate_cli,
    ner_correct_cli,
    ner_eval_ab_cli,
    ner_manual_cli,
    ner_teach_cli,
    print_stream_cli,
    review_cli,
    silver_to_gold_cli,
    spans_correct_cli,
    spans_manual_cli,
    textcat_manual_cli,
    textcat_teach_cli,
)
from .compare import compare_cli
from .convert import convert_cli
from .corpus import corpus_app
from .db import (
    db_in_cli,
    db_merge_cli,
    db_out_cli,
    drop_cli,
    migrate_cli,
    print_dataset_cli,
    progress_cli,
    stats_cli,
)
from .evaluate import evaluate_cli
from .fit_time import fit_time_cli
from .grid import grid_cli
from .info import info_cli
from .label import label_app
from .label_use import merge_cli, noise_cli
from .models import models_app
from .predict import predict_cli
from .quantize import quantize_cli
from .questions import questions_app
from .rank import rank_cli
from .report import SETTINGS as REPORT
from .report import report_cli
from .retrain import retrain_cli
from .serve import serve_cli
from .simulate import SETTINGS, simulate_cli
from .stop_report import stop_report_cli
from .threshold import threshold_cli
from .train import SETTINGS as TRAIN
from .train import data_to_spacy_cli, spacy_config_cli, train_cli, train_curve_cli
from .transfer import transfer_cli

app = typer.Typer(
    name="bioactive",
    help="Biomedical NER pipelines for spaCy: convert a corpus, evaluate, rank a pool, annotate, retrain.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
CORPORA, PIPELINES, ANNOTATION = "Corpora", "Pipelines", "Annotation"

app.command("convert", rich_help_panel=CORPORA)(convert_cli)
app.add_typer(corpus_app, name="corpus", rich_help_panel=CORPORA)
label_app.command("noise")(noise_cli)
label_app.command("merge")(merge_cli)
app.add_typer(label_app, name="label", rich_help_panel=CORPORA)
app.add_typer(questions_app, name="questions", rich_help_panel=CORPORA)
app.command("evaluate", rich_help_panel=PIPELINES)(evaluate_cli)
app.command("predict", rich_help_panel=PIPELINES)(predict_cli)
app.command("serve", rich_help_panel=PIPELINES)(serve_cli)
app.command("rank", rich_help_panel=PIPELINES)(rank_cli)
app.command("retrain", rich_help_panel=PIPELINES)(retrain_cli)
app.add_typer(models_app, name="models", rich_help_panel=PIPELINES)
app.command("report", rich_help_panel=PIPELINES, context_settings=REPORT)(report_cli)
app.command("learn", rich_help_panel=PIPELINES)(learn_cli)
app.command("quantize", rich_help_panel=PIPELINES)(quantize_cli)
app.command("simulate", rich_help_panel=PIPELINES, context_settings=SETTINGS)(simulate_cli)
app.command("stop-report", rich_help_panel=PIPELINES, context_settings=SETTINGS)(stop_report_cli)
app.command("transfer", rich_help_panel=PIPELINES, context_settings=SETTINGS)(transfer_cli)
app.command("compare", rich_help_panel=PIPELINES, context_settings=SETTINGS)(compare_cli)
app.command("grid", rich_help_panel=PIPELINES, context_settings=SETTINGS)(grid_cli)
app.command("fit-time", rich_help_panel=PIPELINES)(fit_time_cli)
app.command("threshold", rich_help_panel=PIPELINES, context_settings=SETTINGS)(threshold_cli)
app.command("info", rich_help_panel=PIPELINES)(info_cli)
app.command("ner.active", rich_help_panel=ANNOTATION)(ner_active_cli)
app.command("ner.correct", rich_help_panel=ANNOTATION)(ner_correct_cli)
app.command("ner.manual", rich_help_panel=ANNOTATION)(ner_manual_cli)
app.command("ner.teach", rich_help_panel=ANNOTATION)(ner_teach_cli)
app.command("spans.manual", rich_help_panel=ANNOTATION)(spans_manual_cli)
app.command("textcat.manual", rich_help_panel=ANNOTATION)(textcat_manual_cli)
app.command("spans.correct", rich_help_panel=ANNOTATION)(spans_correct_cli)
app.command("textcat.teach", rich_help_panel=ANNOTATION)(textcat_teach_cli)
app.command("match", rich_help_panel=ANNOTATION)(match_cli)
app.command("ner.eval-ab", rich_help_panel=ANNOTATION)(ner_eval_ab_cli)
app.command("ner.silver-to-gold", rich_help_panel=ANNOTATION)(silver_to_gold_cli)
app.command("ner.model-annotate", rich_help_panel=ANNOTATION)(model_annotate_cli)
app.command("print-stream", rich_help_panel=ANNOTATION)(print_stream_cli)
app.command("mark", rich_help_panel=ANNOTATION)(mark_cli)
app.command("review", rich_help_panel=ANNOTATION)(review_cli)
app.command("db-in", rich_help_panel=ANNOTATION)(db_in_cli)
app.command("db-out", rich_help_panel=ANNOTATION)(db_out_cli)
app.command("db-merge", rich_help_panel=ANNOTATION)(db_merge_cli)
app.command("print-dataset", rich_help_panel=ANNOTATION)(print_dataset_cli)
app.command("progress", rich_help_panel=ANNOTATION)(progress_cli)
app.command("metric.iaa.span", rich_help_panel=ANNOTATION)(iaa_span_cli)
app.command("metric.iaa.doc", rich_help_panel=ANNOTATION)(iaa_doc_cli)
app.command("metric.iaa.binary", rich_help_panel=ANNOTATION)(iaa_binary_cli)
app.command("data-to-spacy", rich_help_panel=ANNOTATION)(data_to_spacy_cli)
app.command("train", rich_help_panel=ANNOTATION, context_settings=TRAIN)(train_cli)
app.command("train-curve", rich_help_panel=ANNOTATION, context_settings=TRAIN)(train_curve_cli)
app.command("spacy-config", rich_help_panel=ANNOTATION)(spacy_config_cli)
app.command("migrate", rich_help_panel=ANNOTATION)(migrate_cli)
app.command("stats", rich_help_panel=ANNOTATION)(stats_cli)
app.command("drop", rich_help_panel=ANNOTATION)(drop_cli)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"bioactive {__version__}")
        raise typer.Exit()


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print the version"),
    debug: bool = typer.Option(False, "--debug", help="Show the whole traceback of an error; may stand anywhere"),
    quiet: bool = typer.Option(False, "--quiet", help="Print nothing but errors; may stand anywhere"),
) -> None:
    """Options before any command; `entry.run` reads `--debug` and `--quiet` itself, they are declared for the help."""
