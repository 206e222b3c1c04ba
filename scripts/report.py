"""Write a page on a pipeline: scores, errors, examples."""

import typer

from bioactive.cli.entry import run
from bioactive.cli.report import SETTINGS, report_cli

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(context_settings=SETTINGS)(report_cli)
    run(app)
