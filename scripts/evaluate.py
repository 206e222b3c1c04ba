"""Score a trained pipeline on a labelled .spacy file."""

import typer

from bioactive.cli.entry import run
from bioactive.cli.evaluate import evaluate_cli

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(evaluate_cli)
    run(app)
