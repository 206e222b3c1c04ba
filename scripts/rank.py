"""Rank a pool of texts by how unsure a trained pipeline is about them."""

import typer

from bioactive.cli.entry import run
from bioactive.cli.rank import rank_cli

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(rank_cli)
    run(app)
