"""Simulate annotation with a gold corpus as the annotator."""

import typer

from bioactive.cli.entry import run
from bioactive.cli.simulate import SETTINGS, simulate_cli

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(context_settings=SETTINGS)(simulate_cli)
    run(app)
