"""Convert a labelled corpus to .spacy files."""

import typer

from bioactive.cli.convert import convert_cli
from bioactive.cli.entry import run

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(convert_cli)
    run(app)
