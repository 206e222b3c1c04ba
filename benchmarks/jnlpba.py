"""Five pipelines and a plain transformers loop on JNLPBA: the same encoder, sentences, epochs and seeds.

Needs a folder with train.spacy, dev.spacy (the last 200 train abstracts) and test.spacy, a sentence a Doc:

    bioactive convert Genia4ERtask2.iob2 DATA/all.spacy --unit sentence
    bioactive corpus split DATA/all.spacy DATA --last-dev 200
    bioactive convert Genia4EReval2.iob2 DATA/test.spacy --unit sentence

The training set "train6000" is the first 6,000 sentences of train. Each run adds a line to the results file; `--table`
prints what the file holds.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import numpy
import spacy
import srsly
import torch
import typer
from peers import token_classification
from rich.console import Console
from rich.table import Table
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config, registry
from thinc.api import get_torch_default_device

from bioactive.evaluation.evaluate import Evaluation, evaluate
from bioactive.evaluation.load import read_docs

ROOT = Path(__file__).resolve().parent.parent
PEER = "plain loop"
SYSTEMS = (PEER, "ner_cnn", "ner_trf", "softmax_trf", "crf_trf", "crf_frozen")
# Fine-tuning takes three epochs; the learning rate is chosen on dev.
FINE_TUNED = ("ner_trf", "softmax_trf", "crf_trf")
EPOCHS, LOOKS = 3, 6
SETTINGS: dict[str, dict[str, Any]] = {
    "ner_cnn": {"training.max_epochs": 10, "training.patience": 0},
    "crf_frozen": {"training.eval_frequency": 200},
}


COLUMNS = (("dev", "strict"), ("test", "strict"), ("test", "default"), ("test", "ece"), ("test", "ece_unscaled"))


def train_pipeline(system: str, data: Path, train_name: str, encoder: str, seed: int, options: dict[str, Any]) -> Path:
    """Train a config as `spacy train` does; returns the folder of the best epoch on dev."""
    settings = {"paths.train": str(data / f"{train_name}.spacy"), "paths.dev": str(data / "dev.spacy")}
    settings |= {"system.seed": seed, "system.gpu_allocator": None}
    # The corpus's own words, as in all published results and in the plain loop.
    settings |= {"corpora.train.gold_preproc": True, "corpora.dev.gold_preproc": True}
    if system != "ner_cnn":
        settings["vars.encoder"] = encoder
    path = ROOT / "configs" / f"{system}.cfg"
    if system in FINE_TUNED:
        settings |= three_epochs(path, data / f"{train_name}.spacy", {"vars.encoder": encoder, **options})
    settings |= {**SETTINGS.get(system, {}), **options}
    config = load_config(path, overrides=settings, interpolate=False)
    folder = Path(tempfile.mkdtemp(prefix=f"{system}-{seed}-"))
    train(init_nlp(config), folder, stdout=sys.stdout, stderr=sys.stderr)
    return folder / "model-best"


def three_epochs(path: Path, train_path: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Settings with which the learning rate rises for a tenth of three epochs and falls to zero at their end."""
    config = load_config(path, overrides=options, interpolate=True)
    batcher = registry.resolve({"batcher": config["training"]["batcher"]})["batcher"]
    nlp = spacy.blank("en")
    batches = sum(1 for _ in batcher(Example(doc, doc) for doc in read_docs(train_path, nlp.vocab)))
    between = EPOCHS * batches // LOOKS
    counts = {"vars.max_steps": between * LOOKS, "vars.warmup_steps": between * LOOKS // 10}
    return {**counts, "training.eval_frequency": between, "training.max_epochs": 0, "training.patience": 0}


def cut_training_set(data: Path) -> None:
    """Write train6000.spacy, the first 6,000 sentences of train.spacy."""
    docs = read_docs(data / "train.spacy", spacy.blank("en").vocab)
    DocBin(docs=docs[:6000], store_user_data=True).to_disk(data / "train6000.spacy")


def scores(nlp: Language, path: Path) -> dict[str, Any]:
    """F1 in the ways that publications count it, and how honest the confidences are, with and without temperature."""
    docs = read_docs(path, nlp.vocab)
    found = evaluate(nlp, docs)
    row = {"strict": found.seqeval["strict"]["micro"]["f1"], "default": found.seqeval["default"]["micro"]["f1"]}
    row["exact"] = [*found.totals["micro"].f1]
    row["types"] = {label: score.f1.value for label, score in found.types.items()}
    if "crf_ner" in nlp.pipe_names:
        row["ece"] = _ece(found)
        component = nlp.get_pipe("crf_ner")
        row["temperature"], component.temperature = component.temperature, 1.0
        row["ece_unscaled"] = _ece(evaluate(nlp, docs))
        component.temperature = row["temperature"]
    return row


def _ece(found: Evaluation) -> float | None:
    return found.calibration.ece if found.calibration else None


def run_peer(data: Path, train_name: str, encoder: str, seed: int, lr: float, test: bool, precision: str) -> dict:
    """Train and score the plain loop, through its own command."""
    device = "cpu" if get_torch_default_device().type == "cpu" else "cuda"
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "row.jsonl"
        token_classification.main(
            encoder,
            data / f"{train_name}.spacy",
            data / "dev.spacy",
            data / "test.spacy" if test else None,
            output,
            lr=lr,
            seed=seed,
            precision=precision,
            device=device,
        )
        (row,) = srsly.read_jsonl(output)
    splits = ("dev", "test") if test else ("dev",)
    return {name: {"strict": row[f"{name}_strict"], "default": row[f"{name}_default"]} for name in splits}


def run(head: dict[str, Any], data: Path, encoder: str, test: bool) -> dict:
    """One system, one seed: train, score on dev, and on test when it is asked for."""
    system, train_name, seed, lr = (head[name] for name in ("system", "train", "seed", "lr"))
    if system == PEER:
        return run_peer(data, train_name, encoder, seed, lr, test, "bf16" if head["bf16"] else "float32")
    options = {} if system == "ner_cnn" else {"vars.learn_rate": lr}
    nlp = spacy.load(train_pipeline(system, data, train_name, encoder, seed, {**options, **head["set"]}))
    return {name: scores(nlp, data / f"{name}.spacy") for name in (("dev", "test") if test else ("dev",))}


def interval(values: list[float]) -> str:
    """Mean over seeds with its 95 % t interval; the bare number for one seed."""
    mean = float(numpy.mean(values))
    if len(values) < 2:
        return f"{mean:.3f} (1 seed)"
    quantile = {2: 12.71, 3: 4.303, 4: 3.182, 5: 2.776}[len(values)]
    half = quantile * float(numpy.std(values, ddof=1)) / len(values) ** 0.5
    return f"{mean:.3f} ± {half:.3f} ({len(values)} seeds)"


def table(results: Path) -> Table:
    """What the results file holds: a row a system, training set and learning rate."""
    shown = Table("system", "train", "lr", "dev strict", "test strict", "test default", "test ECE", "ECE, no T")
    groups: dict[tuple, list[dict]] = {}
    for row in srsly.read_jsonl(results):
        changed = ", ".join(f"{name}={value}" for name, value in row.get("set", {}).items())
        groups.setdefault((row["train"], SYSTEMS.index(row["system"]), row["lr"], changed), []).append(row)
    for (train_name, system, lr, changed), rows in sorted(groups.items()):
        cells = []
        for split, name in COLUMNS:
            values = [row[split][name] for row in rows if name in row.get(split, {})]
            cells.append(interval(values) if values else "")
        shown.add_row(f"{SYSTEMS[system]} {changed}".strip(), train_name, str(lr), *cells)
    return shown


def main(
    data: Path,
    encoder: str,
    results: Path,
    system: Annotated[list[str] | None, typer.Option(help=f"One or more of: {', '.join(SYSTEMS)}")] = None,
    seed: Annotated[list[int] | None, typer.Option(help="One or more seeds")] = None,
    train_name: Annotated[str, typer.Option("--train", help="Name of the training set")] = "train6000",
    lr: Annotated[float, typer.Option(help="Learning rate")] = 2e-4,
    test: Annotated[bool, typer.Option(help="Score on test as well: after all choices are made")] = False,
    low: Annotated[bool, typer.Option("--bf16", help="bf16 in the plain loop; the configs set their own")] = False,
    threads: Annotated[int, typer.Option(help="Torch threads")] = 1,
    gpu: Annotated[bool, typer.Option(help="Train and score on the GPU")] = False,
    settings: Annotated[list[str] | None, typer.Option("--set", help="A config setting, as NAME=VALUE")] = None,
    show: Annotated[bool, typer.Option("--table", help="Only print the results so far")] = False,
) -> None:
    """Train the systems, add a line a run to the results, and print the table."""
    torch.set_num_threads(threads)
    if gpu:
        spacy.require_gpu()
    if not show and train_name == "train6000" and not (data / "train6000.spacy").is_file():
        cut_training_set(data)
    for name in [] if show else system or SYSTEMS:
        for number in seed or [0]:
            start = time.perf_counter()
            head = {"system": name, "train": train_name, "lr": lr, "seed": number, "bf16": low, "gpu": gpu}
            head["set"] = {key: json.loads(value) for key, value in (text.split("=", 1) for text in settings or [])}
            row = run(head, data, encoder, test)
            minutes = round((time.perf_counter() - start) / 60, 1)
            with results.open("a", encoding="utf8") as file:
                file.write(json.dumps({**head, "minutes": minutes, **row}) + "\n")
    Console(width=160).print(table(results))


if __name__ == "__main__":
    typer.run(main)
