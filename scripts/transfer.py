"""Train another model on what the strategies of a simulation chose."""

import typer

from bioactive.cli.entry import run
from bioactive.cli.simulate import SETTINGS
from bioactive.cli.transfer import transfer_cli

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(context_settings=SETTINGS)(transfer_cli)
    run(app)
