"""How many expert rows cheap labels need beside them."""

import typer

from bioactive.cli.entry import run
from bioactive.cli.threshold import SETTINGS, threshold_cli

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(context_settings=SETTINGS)(threshold_cli)
    run(app)
