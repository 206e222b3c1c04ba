"""Simulated annotation on BC5CDR, JNLPBA and NEREL-BIO: paired seeds, all strategies, all runs in one set of processes.

    python benchmarks/simulate_all.py OUTPUT --encoder FOLDER --multilingual FOLDER --jobs 16

OUTPUT/data gets the corpora as .spacy files (from BIOACTIVE_CORPORA, unless they are there), OUTPUT/vectors the frozen
encoder's vectors, OUTPUT/CORPUS the runs and their report. The same command goes on where it was stopped. `--dev`
scores on the dev split, for choices; without it on test, for the table, and nothing is chosen by that.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from spacy.cli._util import parse_config_overrides

from bioactive.active.stretches import Shape
from bioactive.cli.simulate import SETTINGS, line_of, table
from bioactive.simulation.curves import report_on, write_report
from bioactive.simulation.experiment import Experiment, Strategy, read_experiment
from bioactive.simulation.page import write_page
from bioactive.simulation.simulate import Options, simulate_all

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "configs" / "simulate.cfg"
# Pool, test and language; of JNLPBA a part, as its 450,000 words would take four times as long.
CORPORA: dict[str, dict[str, Any]] = {
    "bc5cdr": {"data.pool_limit": 0, "data.test_limit": 0},
    "jnlpba": {"data.pool_limit": 4500, "data.test_limit": 0},
    "nerel-bio": {"data.pool_limit": 0, "data.test_limit": 0, "vars.lang": "ru", "vars.layers": [6, 12]},
}
# What of a folder below BIOACTIVE_CORPORA becomes what, and by which options of `bioactive convert`.
FILES = {
    "bc5cdr": {"train": "train.tsv", "dev": "devel.tsv", "test": "test.tsv"},
    "jnlpba": {"all": "Genia4ERtask2.iob2", "test": "Genia4EReval2.iob2"},
    "nerel-bio": {"train": "train", "dev": "dev", "test": "test"},
}
# What --search compares, beside what the config has.
SEARCH = {
    "words_4": Strategy("stretch", "entropy", Shape(4)),
    "words_8": Strategy("stretch", "entropy", Shape(8)),
    "words_10": Strategy("stretch", "entropy", Shape(10)),
    "one_a_text": Strategy("stretch", "entropy", Shape(6, per_text=1)),
    "doubt": Strategy("stretch", "doubt", Shape(6)),
    "margin": Strategy("stretch", "margin", Shape(6)),
    "entity_entropy": Strategy("stretch", "entity_entropy", Shape(6)),
    "rare": Strategy("stretch", "entropy", Shape(6), rare=2.0),
    "trust": Strategy("stretch", "entropy", Shape(6), trust=0.99),
    "trust_90": Strategy("stretch", "entropy", Shape(6), trust=0.9),
    "no_repeats": Strategy("stretch", "entropy", Shape(6), duplicates_above=0.9),
    "k_means": Strategy("stretch", "entropy", Shape(6), diversity=1.0, diverse_by="k_means"),
    "badge": Strategy("stretch", "entropy", Shape(6), diversity=1.0, diverse_by="badge"),
    "dense": Strategy("stretch", "entropy", Shape(6), density=1.0),
    "stretches_a_second": Strategy("stretch", "entropy", Shape(6), per_second=True),
    "sentences_a_second": Strategy("sentence", "total_entropy", per_second=True),
    "entropy_sentences": Strategy("sentence", "entropy"),
}
CONVERT = {"jnlpba": ["--unit", "sentence"], "nerel-bio": ["--unit", "sentence", "--lang", "ru"]}


def run(*words: object) -> None:
    """A command of the package, without its report."""
    subprocess.run([sys.executable, "-m", "bioactive", *map(str, words)], cwd=ROOT, check=True, capture_output=True)


def prepare(corpus: str, folder: Path) -> None:
    """Convert a corpus, unless that is done."""
    source = Path(os.environ.get("BIOACTIVE_CORPORA", "assets")) / corpus
    for name, file in FILES[corpus].items():
        if not (folder / f"{name}.spacy").is_file():
            run("convert", source / file, folder / f"{name}.spacy", *CONVERT.get(corpus, []))
    if not (folder / "train.spacy").is_file():
        run("corpus", "split", folder / "all.spacy", folder, "--last-dev", 200)


def experiment_of(corpus: str, folder: Path, encoder: str, split: str, more: dict[str, Any]) -> Experiment:
    """The simulation of one corpus."""
    settings = {**CORPORA[corpus], "vars.encoder": encoder}
    settings |= {"data.pool": str(folder / "train.spacy"), "data.test": str(folder / f"{split}.spacy")}
    return read_experiment(CONFIG, {**settings, **more})


def main(
    context: typer.Context,
    output: Path,
    encoder: Annotated[str, typer.Option(help="Folder or hub name, English")],
    multilingual: Annotated[str, typer.Option(help="Folder or hub name, Russian")] = "",
    corpus: Annotated[list[str] | None, typer.Option(help="One or more; all by default")] = None,
    jobs: Annotated[int, typer.Option(help="Processes")] = 16,
    seeds: Annotated[int, typer.Option(help="Paired seeds")] = 5,
    dev: Annotated[bool, typer.Option(help="Score on dev and not on test")] = False,
    search: Annotated[bool, typer.Option(help="Compare more strategies; with --dev, as it is for choosing")] = False,
    strategy: Annotated[list[str] | None, typer.Option(help="Only these, and the baseline")] = None,
    report_only: Annotated[bool, typer.Option(help="Run nothing, report on what is finished")] = False,
) -> None:
    """Run what is missing, and report; settings of the simulations can be given as --rounds.count 2."""
    began = time.time()
    output = output.resolve()
    os.environ.setdefault("BIOACTIVE_CACHE", str(output / "vectors"))
    more = {**parse_config_overrides(context.args, env_var=None), "experiment.seeds": list(range(seeds))}
    found: dict[Path, Experiment] = {}
    for name in corpus or [each for each in CORPORA if each != "nerel-bio" or multilingual]:
        prepare(name, output / "data" / name)
        own = multilingual if name == "nerel-bio" else encoder
        made = experiment_of(name, output / "data" / name, own, "dev" if dev else "test", more)
        if search:
            made.strategies.update(SEARCH)
        if strategy:
            for other in set(made.strategies) - {made.baseline, *strategy}:
                del made.strategies[other]
        found[output / f"{name}{'-dev' if dev else ''}"] = made

    def told(name: str, seed: int, row: dict[str, Any]) -> None:
        print(f"{time.time() - began:6.0f} s  {line_of(name, seed, row)}", flush=True)

    if not report_only:
        simulate_all(found, Options(jobs, on_row=told))
    for folder, experiment in found.items():
        print(f"\n{folder.name}")
        if not any((folder / "runs").glob("full-*.jsonl")):
            print("There is no training on the whole pool yet, so there is nothing to compare with")
            continue
        for axis in ("words", "seconds"):
            print("\n".join(table(report_on(experiment, folder, axis))))
        write_report(experiment, folder)
        write_page(experiment, folder)
    print(f"{time.time() - began:.0f} s in all")


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(context_settings=SETTINGS)(main)
    app()
