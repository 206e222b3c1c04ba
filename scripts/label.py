"""Cheap labels: make, judge and merge them."""

from bioactive.cli.entry import run
from bioactive.cli.label import label_app
from bioactive.cli.label_use import merge_cli, noise_cli

if __name__ == "__main__":
    label_app.command("noise")(noise_cli)
    label_app.command("merge")(merge_cli)
    run(label_app)
