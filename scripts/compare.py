"""Compare encoders on one corpus."""

import typer

from bioactive.cli.compare import compare_cli
from bioactive.cli.entry import run
from bioactive.cli.simulate import SETTINGS

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(context_settings=SETTINGS)(compare_cli)
    run(app)
