"""Say when each criterion for stopping would have ended a simulation."""

import typer

from bioactive.cli.entry import run
from bioactive.cli.simulate import SETTINGS
from bioactive.cli.stop_report import stop_report_cli

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(context_settings=SETTINGS)(stop_report_cli)
    run(app)
