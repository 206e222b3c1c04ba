"""Train and score every combination of some settings."""

import typer

from bioactive.cli.entry import run
from bioactive.cli.grid import grid_cli
from bioactive.cli.simulate import SETTINGS

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(context_settings=SETTINGS)(grid_cli)
    run(app)
